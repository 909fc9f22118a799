#include "app/rules_backtest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/backtest.h"
#include "app/rule_market.h"
#include "core/error.h"
#include "core/file.h"
#include "evaluation/backtest.h"
#include "evaluation/baselines.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "evaluation/signal_replay.h"
#include "market/csv.h"
#include "market/split.h"
#include "strategy/rule_strategy.h"

namespace stevie::app {
namespace {

using strategy::Parameter;
using strategy::ParameterLayers;
using strategy::Rule;
using strategy::RuleCounts;

constexpr std::array<Rule, 3> trading_rules{Rule::breakout, Rule::mean_reversion, Rule::news};

/// Sets one "name=value" in every layer; returns what is wrong with it, or empty.
std::string apply_setting(const std::string& setting, ParameterLayers& layers) {
  const std::size_t equals = setting.find('=');
  const std::string name = setting.substr(0, equals);
  const auto value = equals == std::string::npos
                         ? std::nullopt
                         : market::parse_number(std::string_view(setting).substr(equals + 1));
  if (!value) return "'" + setting + "' is no setting: write a name and a number, volPctBreakout=65";
  try {
    const Parameter parameter = strategy::parse_parameter(name);
    layers.global[parameter] = *value;
    for (auto& [symbol, overrides] : layers.by_symbol) overrides.erase(parameter);
    for (auto& [regime, overrides] : layers.by_regime) overrides.erase(parameter);
    return strategy::parameter_fault(parameter, *value);
  } catch (const Error& error) {
    return error.message();
  }
}

ParameterLayers read_parameters(const RulesBacktestRequest& request) {
  ParameterLayers layers;
  if (!request.parameters.empty()) {
    layers = strategy::parse_parameter_layers(read_file(request.parameters), request.parameters.string());
  }
  std::string faults;
  for (const std::string& setting : request.settings) {
    const std::string fault = apply_setting(setting, layers);
    if (!fault.empty()) faults += (faults.empty() ? "" : "; ") + fault;
  }
  if (!faults.empty()) throw Error("strategy.bad_parameters", faults, "flag --set-param");
  return layers;
}

/// Remembers which rule asked for the entry of each bar, so that trades can be told apart afterwards.
class EntryLog final : public strategy::Strategy {
 public:
  EntryLog(strategy::RuleStrategy& rules, std::size_t bars, double leverage_limit)
      : rules_(rules), leverage_limit_(leverage_limit), asked_(bars, Rule::none) {}

  std::string name() const override { return rules_.name(); }
  void start() override { rules_.start(); }
  strategy::Decision decide(const strategy::Situation& situation) override {
    const strategy::Decision decision = rules_.decide(situation);
    if (decision.kind == strategy::Decision::Kind::enter) {
      asked_[situation.bar_index] = rules_.last().rule;
      if (decision.stake.amount > leverage_limit_ * decision.bracket.stop_loss) ++cut_;
    }
    return decision;
  }

  /// Entries whose risk the leverage limit made smaller: the exposure that risks so much is risk over stop.
  std::uint64_t cut() const { return cut_; }

  std::array<RuleTally, strategy::rule_count> tally(const execution::SimulationResult& result,
                                                    const std::vector<TimeMs>& open_time) const {
    std::array<RuleTally, strategy::rule_count> tallies{};
    for (const execution::RoundTrip& trade : result.trades) {
      const auto bar = std::ranges::lower_bound(open_time, trade.entry_time) - open_time.begin();
      if (bar == 0) continue;
      RuleTally& tally = tallies[static_cast<std::size_t>(asked_[static_cast<std::size_t>(bar) - 1])];
      ++tally.trades;
      tally.wins += trade.profit_abs > 0 ? 1 : 0;
      tally.profit += trade.profit_abs;
    }
    return tallies;
  }

 private:
  strategy::RuleStrategy& rules_;
  double leverage_limit_;
  std::uint64_t cut_ = 0;
  std::vector<Rule> asked_;  // (bars)
};

std::string count(std::uint64_t number) {
  return evaluation::format_fixed(static_cast<double>(number), 0);
}

std::string by_rule_text(const std::array<std::uint64_t, strategy::rule_count>& counts) {
  std::string text;
  for (const Rule rule : trading_rules) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", strategy::to_string(rule),
                        count(counts[static_cast<std::size_t>(rule)]));
  }
  return text;
}

std::string cap_text(const strategy::ResolvedParameters& parameters) {
  const auto cap = [](const strategy::ParameterSet& set) { return set[Parameter::cost_cap_bps]; };
  const auto [low, high] = std::ranges::minmax(parameters.by_regime, {}, cap);
  return cap(low) == cap(high) ? fmt::format("costCapBps {}", cap(low))
                               : fmt::format("costCapBps {} to {}, by regime", cap(low), cap(high));
}

/// What the rules did, in sentences for every output.
std::vector<std::string> story_of(const RulesBacktest& run, const strategy::ResolvedParameters& parameters) {
  const RuleCounts& counts = run.counts;
  const std::uint64_t entered = counts.all_entered(), refused = counts.all_refused_by_cost();
  std::vector<std::string> story;
  if (refused > 0) {
    const double mean_cost = counts.refused_cost_bps / static_cast<double>(refused);
    story.push_back(fmt::format(
        "{} A rule qualified on {} closes ({}), but a round trip was expected to cost {} bps on average, "
        "more "
        "than {}. To trade, give the costs of your venue (--fee, --spread, --slippage) or raise the cap "
        "(--set-param costCapBps=...).",
        entered == 0 ? "No trade was taken because of the cost cap." : "The cost cap refused trades.",
        count(refused), by_rule_text(counts.refused_by_cost), evaluation::format_fixed(mean_cost, 1),
        cap_text(parameters)));
  } else if (entered == 0) {
    story.push_back(
        fmt::format("No trade was taken: no rule qualified on any of {} closes.", count(counts.decisions)));
  }
  story.push_back(fmt::format(
      "Decisions: {}. Entries: {} ({}). Exits at the mean: {}. A position was held on {}, no rule qualified "
      "on "
      "{}, inputs were not known on {}.",
      count(counts.decisions), count(entered), by_rule_text(counts.entered), count(counts.mean_exits),
      count(counts.holding), count(counts.no_rule), count(counts.not_ready)));
  if (run.cut_by_leverage > 0) {
    story.push_back(fmt::format(
        "The leverage limit made {} of {} entries smaller: they risk less at their stop than asked.",
        count(run.cut_by_leverage), count(entered)));
  }
  for (const Rule rule : trading_rules) {
    const RuleTally& tally = run.by_rule[static_cast<std::size_t>(rule)];
    if (tally.trades == 0) continue;
    story.push_back(fmt::format(
        "{}: {} trades, {} of them won, profit {} after costs.", strategy::to_string(rule),
        count(tally.trades),
        evaluation::format_percent(static_cast<double>(tally.wins) / static_cast<double>(tally.trades)),
        evaluation::format_fixed(tally.profit, 2)));
  }
  return story;
}

std::vector<std::pair<std::string, std::string>> configuration_of(
    const RulesBacktestRequest& request, const strategy::ResolvedParameters& parameters) {
  std::vector<std::pair<std::string, std::string>> rows;
  rows.emplace_back("parameters",
                    request.parameters.empty() ? std::string("the defaults") : request.parameters.string());
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    const strategy::ParameterInfo& info = strategy::parameter_schema()[i];
    std::string text;
    for (const strategy::Regime regime : strategy::all_regimes) {
      const double value = parameters[regime].values[i];
      const bool same = std::ranges::all_of(
          parameters.by_regime, [&](const strategy::ParameterSet& set) { return set.values[i] == value; });
      text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", same ? "" : strategy::to_string(regime),
                          same ? "" : " ", value);
      if (same) break;
    }
    rows.emplace_back(std::string(info.name), fmt::format("{} {}", text, info.unit));
  }
  for (auto& row : changed_settings(request.measuring)) rows.push_back(std::move(row));
  for (auto& row : describe_costs(request.engine)) rows.push_back(std::move(row));
  return rows;
}

/// The bars asked for, from the first on which the rules can decide.
market::BarRange choose_period(const RulesBacktestRequest& request, const RuleMarket& market,
                               std::vector<std::string>& notices) {
  if (request.from && request.to && *request.from >= *request.to) {
    throw Error("evaluation.bad_range", "--from must lie before --to");
  }
  market::BarRange range = market::time_range(market.bars, request.from, request.to);
  if (range.begin < market.first_ready()) {
    range.begin = market.first_ready();
    if (range.begin < range.end) {
      notices.push_back("The period starts at " + format_time(market.bars.open_time[range.begin]) +
                        ", once the rules have seen the bars they need.");
    }
  }
  if (range.begin + 2 > range.end) {
    throw Error(
        "evaluation.bad_range",
        "the period asked for has fewer than two bars on which the rules can decide: the first is at " +
            format_time(market.bars.open_time[market.first_ready()]) + ", the last bar at " +
            format_time(market.bars.open_time.back()),
        request.bars.string());
  }
  return range;
}

void write_files(const RulesBacktestRequest& request, const evaluation::Evaluation& evaluation,
                 const std::string& explanations) {
  if (!request.explain.empty()) {
    write_file(request.explain, request.explain.extension() == ".gz" ? gzip(explanations) : explanations);
  }
  if (!request.trades_out.empty()) {
    write_file(request.trades_out, evaluation::format_trades(evaluation.strategy.run.result.trades));
  }
  if (!request.report.empty()) write_file(request.report, evaluation::render_html(evaluation));
}

}  // namespace

RulesBacktest run_rules_backtest(const RulesBacktestRequest& request) {
  request.engine.validate();
  const ParameterLayers layers = read_parameters(request);
  RuleMarket market =
      load_rule_market(request.bars, request.social, request.engine.instrument, request.measuring);
  const execution::BarTape detail = read_detail(request.detail_bars, market.bars.interval, request.engine);
  std::vector<std::string> notices = market.notes;
  const market::BarRange range = choose_period(request, market, notices);
  const strategy::ResolvedParameters parameters = strategy::resolve(layers, market.bars.symbol);

  strategy::RuleStrategy rules(market.inputs, parameters, request.engine.instrument);
  std::string explanations;
  if (!request.explain.empty()) {
    const bool for_people = request.explain.extension() == ".txt";
    rules.observe_with([&, for_people](const strategy::RuleExplanation& explanation) {
      explanations += for_people ? strategy::to_text(explanation) : strategy::to_json(explanation) + "\n";
    });
  }
  EntryLog log(rules, market.bars.size(), request.engine.instrument.leverage_limit);
  evaluation::Replay replay = evaluation::replay_strategy(log, market.tape, range, request.engine,
                                                          request.detail_bars.empty() ? nullptr : &detail);
  execution::SimulationResult& result = replay.result;
  RulesBacktest run;
  run.counts = rules.counts();
  run.cut_by_leverage = log.cut();
  run.by_rule = log.tally(result, market.bars.open_time);
  for (std::string& sentence : story_of(run, parameters)) notices.push_back(std::move(sentence));
  for (std::string& sentence : notice_texts(replay.notices)) notices.push_back(std::move(sentence));

  evaluation::Description description{
      .title = "Rules on " + market.name() + " " + format_duration(market.bars.interval),
      .subject = "the rules",
      .model = "",
      .data = request.bars.string(),
      .synthetic = market.synthetic,
      .notices = std::move(notices),
      .configuration = configuration_of(request, parameters)};
  auto baselines = evaluation::make_baselines(result, market.tape, range, request.engine);
  run.evaluation = evaluation::evaluate({"strategy", "Rules", std::move(result)}, std::move(baselines),
                                        market.bars.slice(range.begin, range.end), std::move(description),
                                        request.bootstrap);
  write_files(request, run.evaluation, explanations);
  return run;
}

}  // namespace stevie::app
