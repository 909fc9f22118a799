#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/bootstrap.h"
#include "core/markup.h"
#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using Part = PartResult SeedRun::*;

const char* title_of(Algorithm algorithm) {
  return algorithm == Algorithm::dqn ? "DQN" : "PPO";
}

/// A number that the report shows of every policy, and how.
struct Shown {
  const char* key;
  const char* name;
  stats::Unit unit;
  std::function<std::optional<double>(const PartResult&)> of;
};

const std::vector<Shown>& shown_numbers() {
  const auto metric = [](stats::Metric stats::Performance::*field) {
    return [field](const PartResult& part) { return (part.performance.*field).value; };
  };
  static const std::vector<Shown> all{
      {"reward", "Reward", stats::Unit::ratio,
       [](const PartResult& part) { return std::optional(part.reward); }},
      {"profit", "Profit", stats::Unit::currency,
       [](const PartResult& part) { return std::optional(part.profit); }},
      {"total_return", "Total return", stats::Unit::percent, metric(&stats::Performance::total_return)},
      {"sharpe", "Sharpe", stats::Unit::ratio, metric(&stats::Performance::sharpe)},
      {"win_rate", "Win rate", stats::Unit::percent, metric(&stats::Performance::win_rate)},
      {"max_drawdown", "Max drawdown", stats::Unit::percent, metric(&stats::Performance::max_drawdown)},
      {"trades", "Trades", stats::Unit::currency,
       [](const PartResult& part) { return std::optional(static_cast<double>(part.performance.trades)); }}};
  return all;
}

std::string text_of(const Shown& shown, const std::optional<double>& value) {
  if (!value) return "-";
  if (std::string_view(shown.key) == "trades") return evaluation::format_fixed(*value, 0);
  return evaluation::format_value(*value, shown.unit);
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json part_json(const PartResult& part) {
  Json object;
  for (const Shown& shown : shown_numbers()) object[shown.key] = number(shown.of(part));
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    const std::string key(info.key);
    if (!object.contains(key)) object[key] = number((part.performance.*info.field).value);
  }
  object["days"] = part.performance.days;
  return object;
}

Json spread_json(const AlgorithmRuns& runs, Part part, const Shown& shown) {
  const auto spread = spread_over_seeds(runs, [&](const SeedRun& run) { return shown.of(run.*part); });
  if (!spread) return nullptr;
  return {{"seeds", spread->seeds},
          {"interquartile_mean", spread->summary.interquartile_mean},
          {"low", spread->summary.interval.low},
          {"high", spread->summary.interval.high},
          {"smallest", spread->smallest},
          {"largest", spread->largest},
          {"deviation", spread->deviation}};
}

Json stability_json(const AlgorithmRuns& runs, Part part) {
  Json object;
  for (const Shown& shown : shown_numbers()) object[shown.key] = spread_json(runs, part, shown);
  return object;
}

Json algorithm_json(const AlgorithmRuns& algorithm) {
  Json runs = Json::array();
  for (const SeedRun& run : algorithm.runs) {
    runs.push_back({{"seed", run.seed},
                    {"folder", run.folder.string()},
                    {"timesteps", run.timesteps},
                    {"best_timesteps", run.best_timesteps},
                    {"training_reward", number(run.training_reward)},
                    {"validation", part_json(run.validation)},
                    {"test", part_json(run.test)}});
  }
  return {{"algorithm", title_of(algorithm.algorithm)},
          {"model", fmt::format("models/{}_stevie.zip", name_of(algorithm.algorithm))},
          {"chosen_seed", algorithm.runs[algorithm.chosen].seed},
          {"runs", std::move(runs)},
          {"stability",
           {{"validation", stability_json(algorithm, &SeedRun::validation)},
            {"test", stability_json(algorithm, &SeedRun::test)}}}};
}

Json configuration_json(const Config& config) {
  Config copy = config;
  ConfigBinder binder;
  describe(binder, copy);
  Json object;
  for (const ConfigField& field : binder.fields()) object[field.key] = field.show();
  return object;
}

std::string head_cells() {
  std::string html;
  for (const Shown& shown : shown_numbers()) html += fmt::format("<th>{}</th>", shown.name);
  return html;
}

std::string cells(const PartResult& part) {
  std::string html;
  for (const Shown& shown : shown_numbers())
    html += fmt::format("<td>{}</td>", text_of(shown, shown.of(part)));
  return html;
}

/// Every seed, what they say together, and the baselines, on one part.
std::string part_table(const BootstrapReport& report, Part part, PartResult Baseline::*baseline) {
  std::string html = "<table><thead><tr><th>Policy</th>" + head_cells() + "</tr></thead><tbody>";
  for (std::size_t a = 0; a < report.algorithms.size(); ++a) {
    const AlgorithmRuns& algorithm = report.algorithms[a];
    for (std::size_t r = 0; r < algorithm.runs.size(); ++r) {
      const bool kept = r == algorithm.chosen;
      const char* mark = kept && a == report.chosen ? ", chosen" : kept ? ", best of its algorithm" : "";
      html += fmt::format("<tr{}><td>{}, seed {}{}</td>{}</tr>", kept ? " class=\"kept\"" : "",
                          title_of(algorithm.algorithm), algorithm.runs[r].seed, mark,
                          cells(algorithm.runs[r].*part));
    }
    html += fmt::format("<tr class=\"all\"><td>{}, all seeds</td>", title_of(algorithm.algorithm));
    for (const Shown& shown : shown_numbers()) {
      const auto spread =
          spread_over_seeds(algorithm, [&](const SeedRun& run) { return shown.of(run.*part); });
      html += !spread ? "<td>-</td>"
                      : fmt::format("<td>{}<br><small>[{}, {}]</small></td>",
                                    text_of(shown, spread->summary.interquartile_mean),
                                    text_of(shown, spread->summary.interval.low),
                                    text_of(shown, spread->summary.interval.high));
    }
    html += "</tr>";
  }
  for (const Baseline& row : report.baselines)
    html += fmt::format("<tr><td>{}</td>{}</tr>", markup_escaped(row.name), cells(row.*baseline));
  return html + "</tbody></table>";
}

constexpr std::string_view style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#1c2430;"
    "background:#fff}table{border-collapse:collapse;margin:1em 0;display:block;overflow-x:auto;"
    "font-variant-numeric:tabular-nums}td,th{padding:.25em .8em;text-align:right;border-bottom:1px solid "
    "#d5dae1;white-space:nowrap}td:first-child,th:first-child{text-align:left}.kept td{font-weight:600}"
    ".all td{background:#f2f4f7}.verdict{padding:.7em 1em;background:#f2f4f7;border-left:4px solid #4a7fb5}"
    "@media(prefers-color-scheme:dark){body{color:#e4e8ee;background:#12161c}td,th{border-color:#323a45}"
    ".all td,.verdict{background:#1c222b}}";

std::string text_table(const BootstrapReport& report, Part part, PartResult Baseline::*baseline) {
  std::string text = fmt::format("{:<28}", "");
  for (const Shown& shown : shown_numbers()) text += fmt::format("{:>14}", shown.name);
  const auto row = [&text](const std::string& name, const PartResult& result) {
    text += fmt::format("\n{:<28}", name);
    for (const Shown& shown : shown_numbers())
      text += fmt::format("{:>14}", text_of(shown, shown.of(result)));
  };
  for (const AlgorithmRuns& algorithm : report.algorithms) {
    for (std::size_t r = 0; r < algorithm.runs.size(); ++r)
      row(fmt::format("{}, seed {}{}", title_of(algorithm.algorithm), algorithm.runs[r].seed,
                      r == algorithm.chosen ? " *" : ""),
          algorithm.runs[r].*part);
  }
  for (const Baseline& other : report.baselines) row(other.name.substr(0, 27), other.*baseline);
  return text + "\n";
}

}  // namespace

std::string bootstrap_json(const BootstrapRequest& request, const BootstrapReport& report) {
  Json algorithms = Json::array(), baselines = Json::array();
  std::uint64_t timesteps = 0;
  for (const AlgorithmRuns& algorithm : report.algorithms) {
    algorithms.push_back(algorithm_json(algorithm));
    for (const SeedRun& run : algorithm.runs) timesteps += run.timesteps;
  }
  for (const Baseline& baseline : report.baselines)
    baselines.push_back({{"key", baseline.key},
                         {"name", baseline.name},
                         {"validation", part_json(baseline.validation)},
                         {"test", part_json(baseline.test)}});
  Json judged = Json::parse(evaluation::render_json(report.test));
  judged.erase("trades");  // evaluation.json has them
  const Json results = {{"kind", "bootstrap"},
                        {"version", 1},
                        {"algorithm", title_of(report.best().algorithm)},
                        {"seed", report.best_run().seed},
                        {"model", fmt::format("models/{}_stevie.zip", name_of(report.best().algorithm))},
                        {"data", request.data.string()},
                        {"symbol", report.test.bars.symbol},
                        {"synthetic", report.test.description.synthetic},
                        {"timesteps", timesteps},
                        {"best_timesteps", report.best_run().best_timesteps},
                        {"sentence", report.sentence},
                        {"algorithms", std::move(algorithms)},
                        {"baselines", std::move(baselines)},
                        {"configuration", configuration_json(request.config)},
                        {"test", std::move(judged)}};
  constexpr int indent = 1;
  // `replace`: a file name that is not UTF-8 must not make it fail.
  return results.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string bootstrap_html(const BootstrapReport& report) {
  return fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>First trainings on {0}</title><style>{1}</style></head><body>"
      "<h1>First trainings on {0}</h1>{6}<p class=\"verdict\">{2}</p><p>{3}</p>"
      "<p>Seeds of one algorithm differ by luck alone. \"All seeds\" is their interquartile mean with its 95 "
      "% "
      "bootstrap interval. Reward is the log of the account's growth; all figures are net of costs.</p>"
      "<h2>Validation part: what was chosen on</h2>{4}<h2>Test part: looked at once, after the choice</h2>{5}"
      "<p><a href=\"report.html\">The chosen policy on the test part in full</a></p></body></html>\n",
      markup_escaped(report.test.bars.symbol.empty() ? "these bars" : report.test.bars.symbol), style,
      markup_escaped(report.sentence), markup_escaped(evaluation::verdict(report.test)),
      part_table(report, &SeedRun::validation, &Baseline::validation),
      part_table(report, &SeedRun::test, &Baseline::test),
      report.test.description.synthetic ? "<p><strong>The market is synthetic.</strong></p>" : "");
}

std::string bootstrap_text(const BootstrapReport& report) {
  return report.sentence + "\n\nValidation part (* best seed of its algorithm)\n" +
         text_table(report, &SeedRun::validation, &Baseline::validation) + "\nTest part\n" +
         text_table(report, &SeedRun::test, &Baseline::test) + "\n" + evaluation::verdict(report.test) + "\n";
}

}  // namespace stevie::app
