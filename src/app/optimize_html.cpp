#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

#include "app/optimize_report.h"
#include "core/markup.h"

namespace stevie::app {
namespace {

constexpr double width = 640, height = 260, margin = 44;

/// Where values lie on one side of a picture. Values below `low` are drawn at its edge.
struct Axis {
  double low, high;  // values
  double from, to;   // pixels
  std::vector<double> ticks;
  double at(double value) const { return from + (std::max(value, low) - low) / (high - low) * (to - from); }
};

Axis make_axis(double low, double high, double from, double to) {
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  constexpr int parts = 4;
  Axis axis{low, high, from, to, {}};
  for (int i = 0; i <= parts; ++i) axis.ticks.push_back(low + (high - low) * i / parts);
  return axis;
}

/// Begins where all but a few values lie, if the lowest would press the others together: a candidate that
/// holds nothing has the worst possible reward, and there are usually several.
Axis clipped_axis(std::vector<double> values, double from, double to) {
  std::ranges::sort(values);
  const double lowest = values.front(), high = values.back();
  std::vector<double> others;
  std::ranges::copy_if(values, std::back_inserter(others), [&](double value) { return value > lowest; });
  if (others.empty()) return make_axis(lowest, high, from, to);
  constexpr std::size_t one_of = 20;  // values that may lie below
  const double low = others[(others.size() - 1) / one_of];
  constexpr double pressed = 1.0 / 3;
  return make_axis(high > low && high - low < pressed * (high - lowest) ? low : lowest, high, from, to);
}

/// Episodes are counted: whole ticks only.
Axis episode_axis(std::size_t episodes, double from, double to) {
  Axis axis = make_axis(1, static_cast<double>(episodes), from, to);
  constexpr std::size_t most_steps = 8;
  const std::size_t step = std::max<std::size_t>(1, (episodes + most_steps - 1) / most_steps);
  axis.ticks.clear();
  for (std::size_t tick = 1; tick <= episodes; tick += step) axis.ticks.push_back(static_cast<double>(tick));
  return axis;
}

std::string tick_text(double value) {
  return value == std::floor(value) && std::abs(value) < 1e6 ? fmt::format("{:.0f}", value)
                                                             : fmt::format("{:.3g}", value);
}

std::string frame(const Axis& x, const Axis& y, std::string_view x_label, std::string_view y_label) {
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">", width, height);
  svg += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"frame\"/>", x.from, y.to,
                     x.to - x.from, y.from - y.to);
  for (const double tick : x.ticks)
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", x.at(tick),
                       y.from + 14, tick_text(tick));
  for (const double tick : y.ticks)
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", x.from - 4,
                       y.at(tick) + 4, tick_text(tick));
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", (x.from + x.to) / 2,
                     height - 6, x_label);
  return svg + fmt::format("<text x=\"{:.1f}\" y=\"12\">{}</text>", x.from, y_label);
}

std::string dot(const Axis& x, const Axis& y, double at_x, double at_y, const char* kind) {
  return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" class=\"{}{}\"/>", x.at(at_x), y.at(at_y),
                     kind, at_x < x.low || at_y < y.low ? " clipped" : "");
}

/// The reward of every candidate by the episode that proposed it, with the best so far and what runs.
std::string episodes_picture(const OptimizeReport& report) {
  std::vector<double> rewards{report.running.reward};
  for (const Candidate& candidate : report.candidates) rewards.push_back(candidate.reward);
  const Axis x = episode_axis(report.history.size(), margin, width - 10);
  const Axis y = clipped_axis(std::move(rewards), height - margin, 20);
  std::string svg = frame(x, y, "episode", "reward on the search windows");
  svg += fmt::format("<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"running\"/>",
                     x.from, x.to, y.at(report.running.reward), y.at(report.running.reward));
  for (std::size_t e = 0; e < report.history.size(); ++e) {
    for (const std::uint32_t member : report.history[e].members)
      svg += dot(x, y, static_cast<double>(e + 1), report.candidates[member].reward, "candidate");
  }
  svg += "<polyline class=\"best\" points=\"";
  for (std::size_t e = 0; e < report.history.size(); ++e)
    svg +=
        fmt::format("{:.1f},{:.1f} ", x.at(static_cast<double>(e + 1)), y.at(report.history[e].best_so_far));
  return svg + "\"/></svg>";
}

/// Every candidate's reward on the search windows against its goal on the unseen one.
std::string unseen_picture(const OptimizeReport& report) {
  const std::vector<std::optional<double>>& unseen = report.judgement->unseen;
  const double running = goal_value(report.scenario.goal, report.judgement->running);
  std::vector<double> rewards{report.running.reward}, goals{running};
  for (std::size_t k = 0; k < unseen.size(); ++k) {
    if (!unseen[k]) continue;
    rewards.push_back(report.candidates[k].reward);
    goals.push_back(*unseen[k]);
  }
  const Axis x = clipped_axis(std::move(rewards), margin, width - 10);
  const Axis y = clipped_axis(std::move(goals), height - margin, 20);
  std::string svg = frame(x, y, "reward on the search windows", "goal on the unseen window");
  for (std::size_t k = 0; k < unseen.size(); ++k) {
    if (unseen[k])
      svg += dot(x, y, report.candidates[k].reward, *unseen[k], k == *report.best ? "chosen" : "candidate");
  }
  return svg + dot(x, y, report.running.reward, running, "now") + "</svg>";
}

std::string values_table(const OptimizeReport& report) {
  if (report.values.empty()) return {};
  std::string html = "<table><tr><th>Parameter</th><th>running</th><th>proposed</th><th></th></tr>";
  for (const ProposedValue& value : report.values)
    html += fmt::format("<tr><td>{}</td><td>{:g}</td><td>{:g}</td><td>{}</td></tr>",
                        markup_escaped(value.name), value.before, value.after, markup_escaped(value.unit));
  return html + "</table>";
}

std::string checks_table(const OptimizeReport& report) {
  std::string html = "<table><tr><th>Check</th><th>outcome</th><th></th></tr>";
  for (const validation::Check& check : report.judgement->decision.report.checks)
    html += fmt::format("<tr><td>{}</td><td class=\"{}\">{}</td><td>{}</td></tr>",
                        markup_escaped(check.title), validation::to_string(check.outcome),
                        validation::to_string(check.outcome), markup_escaped(check.sentence));
  return html + "</table>";
}

constexpr std::string_view style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#222}"
    "svg{width:100%;max-width:800px;font-size:11px}svg text{fill:#555}.frame{fill:none;stroke:#ccc}"
    ".candidate{fill:#4a7fb5;stroke:#4a7fb5;opacity:.45}.chosen{fill:#c0392b;stroke:#c0392b}"
    ".now{fill:#222;stroke:#222}.clipped{fill:none}"
    ".best{fill:none;stroke:#c0392b;stroke-width:1.5}.running{stroke:#222;stroke-dasharray:4 3}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .8em;text-align:left;border-bottom:1px "
    "solid #ddd;vertical-align:top}.passed{color:#1e7b34}.failed{color:#c0392b}.lacking{color:#b7791f}"
    ".verdict{font-size:1.15em;padding:.6em 1em;background:#f3f4f6;border-left:4px solid "
    "#4a7fb5}pre{white-space:"
    "pre-wrap}";

}  // namespace

std::string render_html(const OptimizeReport& report) {
  std::string html = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} "
      "{1}</title><style>{2}</style>"
      "</head><body><h1>{0}</h1><p>Session {1}</p><p class=\"verdict\">{3}</p>",
      markup_escaped(report.scenario.title), markup_escaped(report.session), style,
      markup_escaped(report.sentence));
  html += values_table(report);
  html +=
      "<h2>Search</h2><p>Each dot is a candidate; the red line is the best so far, the dashed one what "
      "runs. What lies below the picture is drawn at its edge, candidates as rings.</p>";
  if (!report.history.empty()) html += episodes_picture(report);
  if (report.judgement) {
    html +=
        "<h2>Search windows and the unseen window</h2><p>Red is the proposal, black what runs. Rings lie "
        "beyond "
        "the edge. A cloud without slope says that what was found does not carry over.</p>";
    html += unseen_picture(report) + "<h2>The gate</h2>" + checks_table(report);
  }
  return html + "<h2>Everything</h2><pre>" + markup_escaped(render_text(report)) + "</pre></body></html>\n";
}

}  // namespace stevie::app
