#include "app/optimize_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"
#include "evaluation/backtest.h"
#include "evaluation/evaluation.h"
#include "ledger/merkle.h"
#include "live/parameter_version.h"
#include "market/split.h"
#include "stats/metrics.h"
#include "strategy/rule_strategy.h"

namespace stevie::app {
namespace {

using nlohmann::json;
using strategy::ParameterLayers;

std::string costs_text(const execution::EngineConfig& engine) {
  const execution::Instrument& i = engine.instrument;
  return fmt::format(
      "taker {} maker {} spread {} slippage {} + {} x range, impact {}, cap {}, tick {}, lot {}, least {}, "
      "leverage {}, margin {}, liquidation {}, funding {} {} {}, equity {}",
      i.taker_fee_bps, i.maker_fee_bps, i.half_spread_bps, i.slippage_bps, i.slippage_volatility_share,
      i.impact, i.participation_cap, i.tick_size, i.lot_size, i.min_notional, i.leverage_limit,
      i.maintenance_margin, i.liquidation_fee_bps, i.perpetual, i.funding_rate_bps, i.funding_interval,
      engine.initial_equity);
}

/// One symbol's run bar by bar, measured as the sweep measures.
evaluation::SweepOutcome stepped_outcome(const RuleMarket& market,
                                         std::shared_ptr<const strategy::RuleInputs> inputs,
                                         const strategy::ResolvedParameters& parameters,
                                         market::BarRange range, const execution::EngineConfig& engine) {
  strategy::RuleStrategy rules(std::move(inputs), parameters, engine.instrument);
  const execution::SimulationResult run = evaluation::run_backtest(rules, market.tape, range, engine);
  std::vector<double> profits;
  const stats::EquityCurve curve = evaluation::equity_curve(run, profits);
  evaluation::SweepOutcome outcome;
  outcome.daily_returns = stats::simple_returns(stats::daily_returns(curve));
  outcome.max_drawdown = stats::max_drawdown(run.initial_equity, run.equity);
  outcome.equity = run.equity.back();
  outcome.fees = run.total_fees;
  outcome.slippage = run.total_slippage;
  outcome.traded_notional = run.traded_notional;
  outcome.trades = static_cast<std::uint32_t>(run.trades.size());
  outcome.refused_by_cost = rules.counts().all_refused_by_cost();
  return outcome;
}

/// What differs, or empty.
std::string difference_of(const evaluation::SweepOutcome& sweep, const evaluation::SweepOutcome& stepped) {
  if (sweep.daily_returns != stepped.daily_returns) return "daily returns";
  if (sweep.max_drawdown != stepped.max_drawdown) return "drawdown";
  if (sweep.equity != stepped.equity) return "equity";
  if (sweep.fees != stepped.fees || sweep.slippage != stepped.slippage) return "costs";
  if (sweep.traded_notional != stepped.traded_notional) return "traded notional";
  if (sweep.trades != stepped.trades || sweep.refused_by_cost != stepped.refused_by_cost) return "trades";
  return {};
}

validation::Arm make_arm(const ParameterLayers& layers, const WindowOutcome& outcome,
                         const WindowOutcome& doubled, const JudgeRequest& request) {
  validation::Arm arm;
  arm.parameters_hash = live::parameters_hash(layers);
  arm.path = request.unseen.fingerprint;
  arm.costs = costs_text(request.engine);
  arm.seed = request.seed;
  arm.days = outcome.days;
  arm.returns = outcome.daily_returns;
  arm.doubled_costs_returns = doubled.daily_returns;
  arm.turnover = outcome.turnover;
  arm.trades = outcome.trades;
  if (outcome.trades > 0)
    arm.win_rate = static_cast<double>(outcome.wins) / static_cast<double>(outcome.trades);
  return arm;
}

/// Outcomes of sets in the single window of `replays`.
std::vector<WindowOutcome> play_window(const ReplaySet& replays, std::span<const ParameterLayers> sets,
                                       ThreadPool* pool) {
  std::vector<WindowOutcome> outcomes;
  for (auto& windows : replays.play(sets, pool)) outcomes.push_back(portfolio(std::move(windows.front())));
  return outcomes;
}

/// The same markets where holding costs twice as much: funding is laid out on the tape.
std::vector<RuleMarket> with_doubled_funding(std::span<const RuleMarket> markets,
                                             const execution::EngineConfig& doubled) {
  std::vector<RuleMarket> dear(markets.begin(), markets.end());
  for (RuleMarket& market : dear)
    market.tape = execution::make_bar_tape(market.bars, doubled.instrument, nullptr, market.file.string());
  return dear;
}

json session_json(const JudgeRequest& request, std::size_t candidates) {
  return {{"id", request.session},
          {"candidates", candidates},
          {"unseen",
           {{"symbols", request.unseen.symbols},
            {"first_day", request.unseen.first_day},
            {"last_day", request.unseen.last_day},
            {"fingerprint", request.unseen.fingerprint}}}};
}

/// The field of an object, whatever stands there; null where it is not.
const json& field(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

bool overlaps(const json& unseen, const UnseenData& data) {
  const json& first = field(unseen, "first_day");
  const json& last = field(unseen, "last_day");
  const json& symbols = field(unseen, "symbols");
  if (!first.is_number_integer() || !last.is_number_integer() || !symbols.is_array()) return false;
  if (first.get<std::int64_t>() > data.last_day || last.get<std::int64_t>() < data.first_day) return false;
  return std::ranges::any_of(symbols, [&data](const json& symbol) {
    return symbol.is_string() &&
           std::ranges::find(data.symbols, symbol.get<std::string>()) != data.symbols.end();
  });
}

}  // namespace

UnseenData unseen_data(std::span<const RuleMarket> markets, const TimeRange& gate) {
  UnseenData data{
      .symbols = {}, .first_day = utc_day(gate.from), .last_day = utc_day(gate.to - 1), .fingerprint = {}};
  ByteWriter bytes;
  for (const RuleMarket& market : markets) {
    data.symbols.push_back(market.name());
    const market::BarRange range = market::time_range(market.bars, gate.from, gate.to);
    const market::Bars bars = market.bars.slice(range.begin, range.end);
    bytes.value(bars.interval);
    bytes.array<TimeMs>(bars.open_time);
    for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume})
      bytes.array<double>(*column);
  }
  data.fingerprint = ledger::to_hex(ledger::sha256(bytes.take()));
  return data;
}

EarlierJudgements earlier_judgements(std::span<const live::JudgedProposal> decisions, const UnseenData& data,
                                     const std::string& session) {
  EarlierJudgements earlier;
  for (const live::JudgedProposal& decision : decisions) {
    const json report = json::parse(decision.report, nullptr, false);
    const json& of = field(report, "session");
    if (!overlaps(field(of, "unseen"), data)) continue;
    if (const json& id = field(of, "id"); id.is_string() && id.get<std::string>() == session) continue;
    ++earlier.judged;
    if (decision.verdict == validation::Verdict::promote) earlier.promoted.push_back(earlier.judged);
    if (const json& count = field(of, "candidates"); count.is_number_unsigned())
      earlier.candidates += count.get<std::size_t>();
  }
  return earlier;
}

execution::EngineConfig with_doubled_costs(execution::EngineConfig engine) {
  execution::Instrument& instrument = engine.instrument;
  for (double* cost : {&instrument.taker_fee_bps, &instrument.maker_fee_bps, &instrument.half_spread_bps,
                       &instrument.slippage_bps, &instrument.slippage_volatility_share, &instrument.impact,
                       &instrument.liquidation_fee_bps, &instrument.funding_rate_bps})
    *cost *= 2;
  return engine;
}

ParameterLayers with_doubled_cost_cap(ParameterLayers layers) {
  layers.global[strategy::Parameter::cost_cap_bps] *= 2;
  const auto doubled = [](strategy::Overrides& overrides) {
    if (const auto cap = overrides.find(strategy::Parameter::cost_cap_bps); cap != overrides.end())
      cap->second *= 2;
  };
  for (auto& [symbol, overrides] : layers.by_symbol) doubled(overrides);
  for (auto& [regime, overrides] : layers.by_regime) doubled(overrides);
  return layers;
}

validation::CausalityCheck check_causality(std::span<const RuleMarket> markets, const TimeRange& gate,
                                           const execution::EngineConfig& engine,
                                           std::span<const ParameterLayers> arms) {
  validation::CausalityCheck check{.done = true, .identical = false, .detail = {}};
  std::size_t bars = 0;
  for (const RuleMarket& market : markets) {
    const auto stepped = std::make_shared<const strategy::RuleInputs>(step_rule_inputs(market));
    check.detail = difference_of(*market.inputs, *stepped);
    if (!check.detail.empty()) {
      check.detail = market.name() + ": " + check.detail;
      return check;
    }
    const market::BarRange range = market::time_range(market.bars, gate.from, gate.to);
    const evaluation::ParameterSweep sweep(market.tape, *market.inputs, engine, range);
    for (const ParameterLayers& layers : arms) {
      const auto parameters = strategy::resolve(layers, market.bars.symbol);
      const std::string difference = difference_of(
          sweep.evaluate(parameters), stepped_outcome(market, stepped, parameters, range, engine));
      if (difference.empty()) continue;
      check.detail = fmt::format("{}: the {} of the run bar by bar are not those of the batch", market.name(),
                                 difference);
      return check;
    }
    bars += range.size();
  }
  check.identical = true;
  check.detail = fmt::format(
      "{} runs over {} bars, stepped one bar at a time on inputs measured one bar at a time, equal the batch "
      "bit for bit",
      arms.size() * markets.size(), bars);
  return check;
}

Judgement judge_proposal(const JudgeRequest& request, ThreadPool* pool) {
  const std::vector<Candidate>& all = request.search.candidates();
  std::vector<ParameterLayers> sets{request.base};
  std::vector<std::size_t> of;  // candidate behind each set from the second on
  std::size_t proposed = 0;     // place in sets
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (request.search.changes_nothing(all[k])) continue;
    if (k == request.proposed) proposed = sets.size();
    sets.push_back(request.search.layers_of(all[k]));
    of.push_back(k);
  }
  const std::span<const TimeRange> window(&request.windows.gate, 1);
  std::vector<WindowOutcome> outcomes =
      play_window(ReplaySet(request.markets, window, request.engine), sets, pool);
  const std::vector<ParameterLayers> arms{sets[0], sets[proposed]};
  const std::vector<ParameterLayers> dear{with_doubled_cost_cap(arms[0]), with_doubled_cost_cap(arms[1])};
  const execution::EngineConfig dear_engine = with_doubled_costs(request.engine);
  const std::vector<RuleMarket> dear_markets = with_doubled_funding(request.markets, dear_engine);
  const std::vector<WindowOutcome> doubled =
      play_window(ReplaySet(dear_markets, window, dear_engine), dear, pool);

  validation::Evidence evidence;
  evidence.running = make_arm(arms[0], outcomes[0], doubled[0], request);
  evidence.proposed = make_arm(arms[1], outcomes[proposed], doubled[1], request);
  evidence.causality = check_causality(request.markets, request.windows.gate, request.engine, arms);
  for (const TimeRange& range : request.windows.search)
    evidence.searched.push_back({utc_day(range.from), utc_day(range.to - 1)});
  for (std::size_t k = 1; k < outcomes.size(); ++k) evidence.candidates.push_back(outcomes[k].daily_returns);
  evidence.trials = evidence.candidates.size() + request.earlier.candidates;
  evidence.judged_before = request.earlier.judged;
  evidence.promoted_before = request.earlier.promoted;

  Judgement judgement{.decision = validation::judge(evidence, request.gate),
                      .report = {},
                      .running = std::move(outcomes[0]),
                      .proposed = outcomes[proposed],
                      .unseen = std::vector<std::optional<double>>(all.size())};
  for (std::size_t k = 0; k < of.size(); ++k)
    judgement.unseen[of[k]] = goal_value(request.goal, outcomes[k + 1]);
  json report = json::parse(validation::to_json(judgement.decision.report));
  report["session"] = session_json(request, evidence.candidates.size());
  judgement.report = report.dump();
  return judgement;
}

}  // namespace stevie::app
