#include "api/gate_view.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stevie::api {
namespace {

/// Which figures of a check say what was measured and what was needed.
struct Reading {
  std::string_view check, measured, needed, relation;
};
constexpr std::array<Reading, 11> readings{{
    {"unseen", "days_seen", "", "at_most"},  // needed: none
    {"improvement", "difference", "difference_needed", "at_least"},
    {"probability", "confidence", "confidence_needed", "at_least"},
    {"drawdown", "proposed", "limit", "at_most"},
    {"tail_loss", "proposed", "limit", "at_most"},
    {"turnover", "proposed", "limit", "at_most"},
    {"doubled_costs", "sharpe_proposed", "sharpe_running", "above"},
    {"track_record", "days", "days_needed", "at_least"},
    {"win_rate", "proposed", "", ""},
    {"deflated_sharpe", "dsr", "", ""},
    {"overfitting", "pbo", "", ""},
}};

const std::vector<std::string> outcomes{"passed", "failed", "lacking", "reported", "skipped"};
const std::vector<std::string> verdicts{"promote", "reject", "not_enough_evidence"};

std::string text_of(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json number_of(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? *found : Json(nullptr);
}

Json object_of(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

Json figure_view(std::string_view key, const Json& figure) {
  const Json value = number_of(figure, "value");
  const std::string reason = text_of(figure, "reason");
  return {{"key", key},
          {"name", text_of(figure, "name")},
          {"unit", text_of(figure, "unit")},
          {"value", value},
          {"reason", value.is_null() ? Json(reason.empty() ? "not told" : reason) : Json(nullptr)}};
}

Json figure_named(const Json& figures, std::string_view key) {
  const auto found = std::ranges::find_if(figures, [&](const Json& one) { return one.at("key") == key; });
  return found == figures.end() ? Json(nullptr) : *found;
}

Json needed_of(const Reading& reading, const Json& figures, const Json& measured) {
  if (reading.relation.empty()) return nullptr;
  Json needed = reading.needed.empty() ? Json(nullptr) : figure_named(figures, reading.needed);
  if (reading.check == "unseen" && !measured.is_null())
    needed = {{"key", "days_seen_needed"},
              {"name", "At most"},
              {"unit", measured.at("unit")},
              {"value", 0},
              {"reason", nullptr}};
  if (needed.is_null()) return nullptr;
  if (reading.check == "track_record") {
    const Json least = figure_named(figures, "minimum_days");
    const bool more = !least.is_null() && least.at("value").is_number() &&
                      (!needed.at("value").is_number() ||
                       least.at("value").get<double>() > needed.at("value").get<double>());
    if (more) needed = least;
  }
  needed["relation"] = reading.relation;
  return needed;
}

/// One-sided: how much better it is at least, with the confidence that was needed.
Json interval_of(const Json& figures) {
  const Json low = figure_named(figures, "difference_low"),
             level = figure_named(figures, "confidence_needed");
  if (low.is_null() || !low.at("value").is_number()) return nullptr;
  return {{"name", "Difference of the Sharpe ratios"},
          {"low", low.at("value")},
          {"high", nullptr},
          {"level", level.is_null() ? Json(nullptr) : level.at("value")}};
}

Json check_view(const Json& check) {
  std::string outcome = text_of(check, "outcome");
  if (std::ranges::find(outcomes, outcome) == outcomes.end()) outcome = "skipped";
  const std::string key = text_of(check, "check");
  Json figures = Json::array();
  const Json told = object_of(check, "figures");
  for (const auto& [name, figure] : told.items()) {
    if (figure.is_object()) figures.push_back(figure_view(name, figure));
  }
  Json measured = nullptr, needed = nullptr;
  const auto reading = std::ranges::find(readings, key, &Reading::check);
  if (reading != readings.end()) {
    measured = figure_named(figures, reading->measured);
    needed = needed_of(*reading, figures, measured);
  }
  const Json part = number_of(check, "part");
  return {{"key", key},
          {"part", part.is_number_integer() ? part : Json(0)},
          {"title", text_of(check, "title")},
          {"outcome", outcome},
          {"passed", outcome == "passed"   ? Json(true)
                     : outcome == "failed" ? Json(false)
                                           : Json(nullptr)},
          {"sentence", text_of(check, "sentence")},
          {"measured", std::move(measured)},
          {"needed", std::move(needed)},
          {"interval", interval_of(figures)},
          {"figures", std::move(figures)}};
}

}  // namespace

Json gate_view(const Json& report) {
  const std::string verdict = report.is_object() ? text_of(report, "verdict") : std::string();
  if (std::ranges::find(verdicts, verdict) == verdicts.end()) return nullptr;
  Json checks = Json::array();
  if (const auto found = report.find("checks"); found != report.end() && found->is_array()) {
    for (const Json& check : *found) {
      if (check.is_object()) checks.push_back(check_view(check));
    }
  }
  // The improvement is estimated by one check and bounded by another.
  const auto bound =
      std::ranges::find_if(checks, [](const Json& check) { return check.at("key") == "probability"; });
  const auto estimate =
      std::ranges::find_if(checks, [](const Json& check) { return check.at("key") == "improvement"; });
  if (bound != checks.end() && estimate != checks.end()) (*estimate)["interval"] = bound->at("interval");
  return {{"verdict", verdict},
          {"summary", text_of(report, "summary")},
          {"base_hash", text_of(report, "base_hash")},
          {"proposed_hash", text_of(report, "proposed_hash")},
          {"first_day", text_of(report, "first_day")},
          {"last_day", text_of(report, "last_day")},
          {"days", number_of(report, "days")},
          {"candidates", number_of(report, "candidates")},
          {"config", object_of(report, "config")},
          {"checks", std::move(checks)}};
}

Json gate_view_schema() {
  using namespace schema;
  const std::vector<Member> figure{
      {"key", text("Stable")},
      {"name", text("For people")},
      {"unit", text("ratio, percent (a fraction), probability, per_year, days, count")},
      {"value", nullable(number("In its unit; percent as a fraction"))},
      {"reason", nullable(text("Why there is no value"))}};
  std::vector<Member> needed = figure;
  needed.push_back(
      {"relation", choice("How the measured value has to lie to it", {"at_least", "at_most", "above"})});
  const Json interval = object({{"name", text("Of what")},
                                {"low", nullable(number("Lower end"))},
                                {"high", nullable(number("Upper end; null: open, a one-sided bound"))},
                                {"level", nullable(number("Coverage", 0, 1))}});
  const Json check =
      object({{"key", text("Stable: improvement, probability, drawdown, ...")},
              {"part", integer("1 to 4 as in docs/gate.md; 0: information")},
              {"title", text("What is asked")},
              {"outcome", choice("What came out: lacking: more data could decide it; reported: information, "
                                 "no part of the verdict; skipped: left out",
                                 outcomes)},
              {"passed", nullable(boolean("null: neither passed nor failed"))},
              {"sentence", text("What came out, in words")},
              {"measured", nullable(object(figure))},
              {"needed", nullable(object(needed))},
              {"interval", nullable(interval)},
              {"figures", list(object(figure), "All that was measured for it")}});
  return object({{"verdict", choice("Of the gate", verdicts)},
                 {"summary", text("The verdict in one or two sentences")},
                 {"base_hash", text("Parameters it was judged against")},
                 {"proposed_hash", text("Parameters that were judged")},
                 {"first_day", text("Of the days it was judged on")},
                 {"last_day", text("Of the same")},
                 {"days", nullable(number("Judged"))},
                 {"candidates", nullable(number("Looked at by the search"))},
                 {"config", free_object("What the gate asked for: docs/gate.md")},
                 {"checks", list(check)}},
                "The gate's decision: docs/gate.md");
}

}  // namespace stevie::api
