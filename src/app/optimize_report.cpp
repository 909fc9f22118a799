#include "app/optimize_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/printable.h"
#include "core/progress.h"

namespace stevie::app {
namespace {

using nlohmann::json;

json number_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

std::string number_or_dash(const std::optional<double>& value) {
  return value ? fmt::format("{:+.2f}", *value) : "-";
}

std::string market_line(const SearchedMarket& market) {
  return fmt::format("{} {}, {} bars, {} to {}{}", market.symbol.empty() ? market.file : market.symbol,
                     format_duration(market.interval), format_count(market.bars), format_date(market.from),
                     format_date(market.to - 1), market.synthetic ? " (synthetic)" : "");
}

std::string stop_text(const OptimizeReport& report) {
  switch (report.stopped_by) {
    case StopReason::converged:
      return "converged";
    case StopReason::minutes:
      return fmt::format("the budget of {} minute{} was used up", report.scenario.minutes,
                         report.scenario.minutes == 1 ? "" : "s");
    case StopReason::episodes:
      break;
  }
  return fmt::format("the budget of {} episode{} was used up", report.scenario.episodes,
                     report.scenario.episodes == 1 ? "" : "s");
}

std::string windows_text(const Windows& windows) {
  return fmt::format("{} window{} of {} days between {} and {}, {} days apart", windows.search.size(),
                     windows.search.size() == 1 ? "" : "s", windows.search.front().length() / day_ms,
                     format_date(windows.search.front().from), format_date(windows.search.back().to - 1),
                     windows.embargo / day_ms);
}

std::string time_text(double seconds) {
  return seconds < 10 ? fmt::format("{:.1f} s", seconds) : format_seconds(seconds);
}

std::string search_text(const OptimizeReport& report) {
  std::string text =
      fmt::format("{} ({}), session {}\n", report.scenario.title, report.scenario.id, report.session);
  for (const SearchedMarket& market : report.markets) text += "  " + market_line(market) + "\n";
  text += fmt::format("\nSearch   {}\n", windows_text(report.windows));
  text += fmt::format("         goal {} net of costs; {}, seed {}\n", to_string(report.scenario.goal),
                      report.method, report.settings.seed);
  text += fmt::format("         {} episode{} in {}, {} candidates tried, {} of them distinct\n",
                      report.history.size(), report.history.size() == 1 ? "" : "s", time_text(report.seconds),
                      report.proposals, report.candidates.size());
  text += fmt::format("         stopped: {}\n", stop_text(report));
  text += fmt::format("Unseen   {} ({} days), {} by the gate before\n", to_text(report.windows.gate),
                      report.windows.gate.length() / day_ms,
                      report.earlier.judged == 0 ? "never used"
                                                 : fmt::format("used {} time{}", report.earlier.judged,
                                                               report.earlier.judged == 1 ? "" : "s"));
  text += fmt::format("Reward   {:.3f} of what runs", report.running.reward);
  if (report.best) {
    const Candidate& best = report.candidates[*report.best];
    text += fmt::format(", {:.3f} of the best candidate (episode {})", best.reward, best.episode + 1);
  }
  return text + "\n";
}

std::string values_text(const OptimizeReport& report) {
  if (report.values.empty()) return {};
  std::size_t width = 10;
  for (const ProposedValue& value : report.values) width = std::max(width, value.name.size());
  std::string text = fmt::format("\n{:<{}}  {:>8}  {:>8}\n", "Parameter", width, "running", "proposed");
  for (const ProposedValue& value : report.values) {
    text += fmt::format("{:<{}}  {:>8}  {:>8}  {}{}\n", value.name, width, fmt::format("{:g}", value.before),
                        fmt::format("{:g}", value.after), value.unit,
                        value.before == value.after ? " (unchanged)" : "");
  }
  return text;
}

std::string correlation_text(const OptimizeReport& report) {
  if (report.correlation.pairs.empty()) return {};
  const auto name = [&report](std::size_t s) { return report.markets[s].symbol; };
  std::string text =
      "\nDo the symbols want the same? (Spearman correlation of their rewards over all candidates)\n";
  for (const SymbolPair& pair : report.correlation.pairs)
    text +=
        fmt::format("  {} and {}  {}\n", name(pair.first), name(pair.second), number_or_dash(pair.rewards));
  text += "Effect of each number on each symbol's reward\n";
  for (const ParameterEffect& effect : report.correlation.effects) {
    text += "  " + report.dimension_names[effect.dimension];
    for (std::size_t s = 0; s < effect.effect.size(); ++s)
      text += fmt::format("  {} {}", name(s), number_or_dash(effect.effect[s]));
    text += "\n";
  }
  return text;
}

/// The text in lines of at most 100 characters, the first begun with "- ".
std::string bullet(std::string_view text) {
  constexpr std::size_t width = 98;
  std::string result;
  while (!text.empty()) {
    std::size_t length = std::min(text.size(), width);
    if (length < text.size()) {
      const std::size_t space = text.rfind(' ', length);
      if (space != std::string_view::npos && space > 0) length = space;
    }
    result += (result.empty() ? "- " : "  ") + std::string(text.substr(0, length)) + "\n";
    text.remove_prefix(length);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return result;
}

std::string notes_text(const OptimizeReport& report) {
  std::vector<std::string> notes = report.notes;
  for (const SearchedMarket& market : report.markets) {
    for (const std::string& note : market.notes) {  // several symbols may share a side series
      if (std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
    }
  }
  std::string text = notes.empty() ? "" : "\nNotes\n";
  for (const std::string& note : notes) text += bullet(note);
  return text;
}

json candidate_json(const OptimizeReport& report, std::size_t index) {
  const Candidate& candidate = report.candidates[index];
  json values = json::object();
  for (std::size_t i = 0; i < candidate.values.size(); ++i)
    values[report.dimension_names[i]] = candidate.values[i];
  json result{{"episode", candidate.episode + 1}, {"values", std::move(values)},
              {"reward", candidate.reward},       {"window_values", candidate.window_values},
              {"trades", candidate.trades},       {"refused_by_cost", candidate.refused_by_cost}};
  if (report.markets.size() > 1) result["symbol_rewards"] = candidate.symbol_rewards;
  if (report.judgement) result["unseen_value"] = number_or_null(report.judgement->unseen[index]);
  return result;
}

json data_json(const OptimizeReport& report) {
  json data = json::array();
  for (const SearchedMarket& market : report.markets) {
    data.push_back({{"file", market.file},
                    {"symbol", market.symbol},
                    {"interval", format_duration(market.interval)},
                    {"bars", market.bars},
                    {"from", format_time(market.from)},
                    {"to", format_time(market.to)},
                    {"synthetic", market.synthetic},
                    {"notes", market.notes}});
  }
  return data;
}

json windows_json(const Windows& windows) {
  const auto range = [](const TimeRange& r) {
    return json{{"from", format_date(r.from)}, {"to", format_date(r.to - 1)}};
  };
  json search = json::array();
  for (const TimeRange& window : windows.search) search.push_back(range(window));
  return {{"search", std::move(search)},
          {"unseen", range(windows.gate)},
          {"embargo_days", windows.embargo / day_ms}};
}

json correlation_json(const OptimizeReport& report) {
  json pairs = json::array(), effects = json::array();
  for (const SymbolPair& pair : report.correlation.pairs)
    pairs.push_back({{"first", report.markets[pair.first].symbol},
                     {"second", report.markets[pair.second].symbol},
                     {"rewards", number_or_null(pair.rewards)}});
  for (const ParameterEffect& effect : report.correlation.effects) {
    json by_symbol = json::object();
    for (std::size_t s = 0; s < effect.effect.size(); ++s)
      by_symbol[report.markets[s].symbol] = number_or_null(effect.effect[s]);
    effects.push_back({{"name", report.dimension_names[effect.dimension]}, {"effect", std::move(by_symbol)}});
  }
  return {{"pairs", std::move(pairs)}, {"effects", std::move(effects)}};
}

json search_json(const OptimizeReport& report) {
  json history = json::array();
  for (const Episode& episode : report.history)
    history.push_back({{"mean_reward", episode.mean_reward},
                       {"best_so_far", episode.best_so_far},
                       {"centre", episode.centre},
                       {"spread", episode.spread}});
  json candidates = json::array();
  for (std::size_t k = 0; k < report.candidates.size(); ++k) candidates.push_back(candidate_json(report, k));
  return {{"method", to_string(report.settings.method)},
          {"seed", report.settings.seed},
          {"pairs", report.settings.pairs},
          {"tolerance", report.settings.tolerance},
          {"stopped_by", to_string(report.stopped_by)},
          {"episodes", report.history.size()},
          {"proposals", report.proposals},
          {"running_reward", report.running.reward},
          {"best", report.best ? json(*report.best) : json(nullptr)},
          {"history", std::move(history)},
          {"candidates", std::move(candidates)}};
}

}  // namespace

std::string render_text(const OptimizeReport& report) {
  std::string text = search_text(report) + values_text(report);
  if (report.judgement) text += "\n" + validation::to_text(report.judgement->decision.report);
  text += correlation_text(report) + notes_text(report);
  return printable(text + "\n" + report.sentence + "\n");  // names of files may hold anything
}

std::string render_json(const OptimizeReport& report) {
  json targets = json::array(), values = json::array();
  for (const strategy::Parameter target : report.scenario.targets)
    targets.push_back(strategy::to_string(target));
  for (const ProposedValue& value : report.values)
    values.push_back(
        {{"name", value.name}, {"unit", value.unit}, {"before", value.before}, {"after", value.after}});
  json settings = json::object();
  for (const auto& [name, value] : report.changed_settings) settings[name] = value;
  json result{{"format", "stevie-optimize"},
              {"version", 1},
              {"session", report.session},
              {"dry_run", report.dry_run},
              {"clock",
               {{"started", format_time(report.started)},
                {"finished", format_time(report.finished)},
                {"seconds", report.seconds}}},
              {"scenario",
               {{"id", report.scenario.id},
                {"title", report.scenario.title},
                {"goal", to_string(report.scenario.goal)},
                {"targets", std::move(targets)},
                {"minutes", report.scenario.minutes},
                {"episodes", report.scenario.episodes},
                {"aggressiveness", to_string(report.scenario.aggressiveness)}}},
              {"changed_settings", std::move(settings)},
              {"data", data_json(report)},
              {"windows", windows_json(report.windows)},
              {"base", {{"version", report.base_version}, {"hash", report.base_hash}}},
              {"search", search_json(report)},
              {"parameters", std::move(values)},
              {"judged_before", report.earlier.judged},
              {"gate", report.judgement ? json::parse(report.judgement->report) : json(nullptr)},
              {"notes", report.notes},
              {"outcome",
               {{"result", to_string(report.outcome)},
                {"sentence", report.sentence},
                {"decision_event", report.decision_event == 0 ? json(nullptr) : json(report.decision_event)},
                {"version", report.new_version ? json(*report.new_version) : json(nullptr)}}}};
  if (report.markets.size() > 1) result["correlation"] = correlation_json(report);
  return result.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
