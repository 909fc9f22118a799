#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/time.h"
#include "validation/checks.h"

namespace stevie::validation {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t width = 100;

std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::ratio:
      return "ratio";
    case Unit::percent:
      return "percent";
    case Unit::probability:
      return "probability";
    case Unit::per_year:
      return "per_year";
    case Unit::days:
      return "days";
    case Unit::count:
      return "count";
  }
  return {};
}

std::string_view to_string(StreamCorrection stream) {
  switch (stream) {
    case StreamCorrection::none:
      return "none";
    case StreamCorrection::alpha_spending:
      return "alpha_spending";
    case StreamCorrection::lord_plus_plus:
      return "lord_plus_plus";
  }
  return {};
}

std::string date_of(std::int64_t day) {
  return format_date(day * day_ms);
}

Json config_json(const GateConfig& config) {
  return {{"confidence", config.confidence},
          {"improvement", config.improvement},
          {"absolute_improvement", config.absolute_improvement},
          {"strict", config.strict},
          {"stream", to_string(config.stream)},
          {"tolerance", config.tolerance},
          {"idle_max_drawdown", config.idle_max_drawdown},
          {"idle_cvar", config.idle_cvar},
          {"idle_turnover", config.idle_turnover},
          {"minimum_days", config.minimum_days},
          {"minimum_trades", config.minimum_trades},
          {"replicates", config.replicates},
          {"seed", config.seed}};
}

Json check_json(const Check& check) {
  Json figures = Json::object();
  for (const Figure& figure : check.figures) {
    Json& entry = figures[figure.key] = {{"name", figure.name}, {"unit", to_string(figure.unit)}};
    if (figure.value) {
      entry["value"] = *figure.value.value;
    } else {
      entry["value"] = nullptr;
      entry["reason"] = figure.value.reason;
    }
  }
  return {{"check", check.key},         {"part", check.part},
          {"title", check.title},       {"outcome", to_string(check.outcome)},
          {"sentence", check.sentence}, {"figures", std::move(figures)}};
}

/// Lines of at most `width` characters, each after the first under `indent`.
std::string wrapped(const std::string& text, const std::string& first, const std::string& indent) {
  std::string result, line = first;
  std::size_t start = 0;
  bool empty = true;
  while (start < text.size()) {
    std::size_t end = std::min(text.find(' ', start), text.size());
    if (text.compare(end, 2, " %") == 0) end = std::min(text.find(' ', end + 1), text.size());
    const std::string word = text.substr(start, end - start);
    if (!empty && line.size() + 1 + word.size() > width) {
      result += line + "\n";
      line = indent;
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
    start = end + 1;
  }
  return result + line + "\n";
}

const char* mark_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "pass";
    case Outcome::failed:
      return "FAIL";
    case Outcome::lacking:
      return "LACK";
    case Outcome::reported:
      return "info";
    case Outcome::skipped:
      return "skip";
  }
  return "";
}

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::promote:
      return "PROMOTE";
    case Verdict::reject:
      return "REJECT";
    case Verdict::not_enough_evidence:
      return "NOT ENOUGH EVIDENCE";
  }
  return "";
}

std::string check_text(const Check& check) {
  const std::string indent(6, ' ');
  std::string text = wrapped(check.title, std::string(mark_of(check.outcome)) + "  ", indent);
  text += wrapped(check.sentence, indent, indent);
  std::size_t longest = 0;
  for (const Figure& figure : check.figures) longest = std::max(longest, figure.name.size());
  for (const Figure& figure : check.figures) {
    const std::string line = fmt::format("{}  {:<{}}  {:>12}", indent, figure.name, longest,
                                         figure_text(figure.value, figure.unit));
    text += figure.value ? line + "\n" : wrapped(figure.value.reason, line + "  ", indent + "    ");
  }
  return text;
}

std::string_view part_title(int part) {
  switch (part) {
    case 1:
      return "1. A fair replay";
    case 2:
      return "2. Better, and proven";
    case 3:
      return "3. Not riskier at the same volatility";
    case 4:
      return "4. Costs and data";
    default:
      return "For information";
  }
}

}  // namespace

std::string figure_text(const stats::Metric& value, Unit unit) {
  if (!value) return "-";
  const double number = std::abs(*value.value) < 5e-5 ? 0 : *value.value;  // never "-0.00"
  switch (unit) {
    case Unit::ratio:
      return fmt::format("{:.4g}", number);
    case Unit::percent:
      return fmt::format("{:.1f} %", number * 100);
    case Unit::probability:
      return fmt::format("{:.2f} %", number * 100);
    case Unit::per_year:
      return fmt::format("{:.1f} a year", number);
    case Unit::days:
      return fmt::format("{:.0f} days", number);
    case Unit::count:
      return fmt::format("{:.0f}", number);
  }
  return {};
}

std::string to_json(const GateReport& report) {
  Json checks = Json::array();
  for (const Check& check : report.checks) checks.push_back(check_json(check));
  return Json{{"format", "stevie-gate"},
              {"version", 1},
              {"verdict", to_string(report.verdict)},
              {"summary", report.summary},
              {"base_hash", report.base_hash},
              {"proposed_hash", report.proposed_hash},
              {"first_day", date_of(report.first_day)},
              {"last_day", date_of(report.last_day)},
              {"days", report.days},
              {"candidates", report.candidates},
              {"config", config_json(report.config)},
              {"checks", std::move(checks)}}
      .dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string to_text(const GateReport& report) {
  std::string text = fmt::format("Verdict: {}\n", verdict_text(report.verdict));
  text += wrapped(report.summary, "", "");
  text += fmt::format("\nrunning   {}\nproposed  {}\n", report.base_hash, report.proposed_hash);
  text += fmt::format("judged    {} to {}, {} days, {} candidates\n", date_of(report.first_day),
                      date_of(report.last_day), report.days, report.candidates);
  std::vector<Check> ordered = report.checks;
  std::ranges::stable_sort(ordered, {}, [](const Check& check) { return check.part == 0 ? 5 : check.part; });
  int part = -1;
  for (const Check& check : ordered) {
    if (check.part != part) text += "\n" + std::string(part_title(check.part)) + "\n";
    part = check.part;
    text += check_text(check);
  }
  return text;
}

}  // namespace stevie::validation
