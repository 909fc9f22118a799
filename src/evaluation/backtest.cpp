#include "evaluation/backtest.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "env/account_values.h"

namespace stevie::evaluation {
namespace {

[[noreturn]] void fail_range(const std::string& message) {
  throw Error("evaluation.bad_range", message);
}

void check_features(const env::MarketData& data, market::BarRange range) {
  if (data.features.rows != data.tape.size())
    fail_range("features and bars have different numbers of rows: compute the features from these bars");
  if (range.begin < data.features.warm_up)
    fail_range("the period starts before the features have seen enough bars: it can start at " +
               (data.features.warm_up < data.tape.size()
                    ? format_time(data.tape.open_time[data.features.warm_up])
                    : std::string("no bar of this file")));
}

/// Follows since when a position has been held.
class HoldingClock {
 public:
  /// Bars held at the close of `bar`: 1 on the bar of the opening fill; 0 when flat.
  std::uint64_t update(double units, std::size_t bar) {
    const int side = (units > 0) - (units < 0);
    if (side != side_) opened_ = bar;
    side_ = side;
    return side == 0 ? 0 : bar - opened_ + 1;
  }

 private:
  int side_ = 0;
  std::size_t opened_ = 0;
};

/// Makes what a strategy observes, bar after bar.
class Observer {
 public:
  Observer(const features::FeatureMatrix& features, double initial_equity)
      : features_(features),
        peak_(initial_equity),
        observation_(features.columns + features::account_value_count) {}

  std::span<const float> at(std::size_t bar, const execution::Account& account, double close) {
    peak_ = std::max(peak_, account.equity(close));
    const std::span<const float> row = features_.row(bar);
    std::copy(row.begin(), row.end(), observation_.begin());
    env::write_account_values(account, close, peak_, clock_.update(account.units, bar),
                              &observation_[features_.columns]);
    return observation_;
  }

 private:
  const features::FeatureMatrix& features_;
  HoldingClock clock_;
  double peak_;
  std::vector<float> observation_;
};

strategy::Situation situation_at(const execution::BarTape& tape, std::size_t bar,
                                 const execution::Account& account) {
  const execution::TapeBar& at = tape.bars[bar];
  strategy::Situation situation;
  situation.bar = {tape.open_time[bar], at.open, at.high, at.low, at.close, tape.has_volume ? at.volume : 0};
  situation.bar_index = bar;
  const double equity = account.equity(at.close);
  situation.exposure = equity > 0 ? account.units * at.close / equity : 0;
  situation.side = (account.units > 0) - (account.units < 0);
  return situation;
}

void carry_out(const strategy::Decision& decision, execution::BarEngine& engine,
               const strategy::Strategy& strategy, TimeMs time) {
  using Kind = strategy::Decision::Kind;
  const auto require_finite = [&](double value, const char* what) {
    if (!std::isfinite(value))
      throw Error("evaluation.bad_decision", strategy.name() + " asks for " + what + " that is not a number",
                  format_time(time));
  };
  switch (decision.kind) {
    case Kind::hold:
      return;
    case Kind::exit:
      return engine.exit();
    case Kind::target:
      require_finite(decision.exposure, "an exposure");
      return engine.set_target(decision.exposure);
    case Kind::enter:
      require_finite(decision.stake.amount, "a stake");
      require_finite(decision.bracket.stop_loss, "a stop loss");
      require_finite(decision.bracket.take_profit, "a take profit");
      return engine.enter(decision.side, decision.stake, decision.bracket);
  }
}

Replay run(strategy::Strategy& strategy, const execution::BarTape& tape, Observer* observer,
           market::BarRange range, const execution::EngineConfig& config,
           const execution::BarTape* detail = nullptr) {
  execution::BarEngine engine(config);
  DetailCursor cursor(detail);
  strategy.start();
  for (std::size_t bar = range.begin; bar < range.end; ++bar) {
    const TimeMs open_time = tape.open_time[bar];
    engine.process_bar(tape.bars[bar], open_time, cursor.within(open_time, open_time + tape.interval));
    if (bar + 1 == range.end) break;
    strategy::Situation situation = situation_at(tape, bar, engine.account());
    if (observer != nullptr)
      situation.observation = observer->at(bar, engine.account(), tape.bars[bar].close);
    carry_out(strategy.decide(situation), engine, strategy, open_time);
  }
  return finish(engine, tape.interval);
}

}  // namespace

void check_range(const execution::BarTape& tape, market::BarRange range) {
  if (range.end > tape.size() || range.begin >= range.end || range.size() < 2)
    fail_range("the period holds fewer than two bars of the data: choose an earlier start or a later end");
}

Replay replay_strategy(strategy::Strategy& strategy, const execution::BarTape& tape, market::BarRange range,
                       const execution::EngineConfig& config, const execution::BarTape* detail) {
  check_range(tape, range);
  if (strategy.observes())
    throw Error("evaluation.no_observation",
                strategy.name() + " observes features, but this run has bars only: give it the market data");
  return run(strategy, tape, nullptr, range, config, detail);
}

execution::SimulationResult run_backtest(strategy::Strategy& strategy, const execution::BarTape& tape,
                                         market::BarRange range, const execution::EngineConfig& config) {
  return replay_strategy(strategy, tape, range, config).result;
}

execution::SimulationResult run_backtest(strategy::Strategy& strategy, const env::MarketData& data,
                                         market::BarRange range, const execution::EngineConfig& config) {
  check_range(data.tape, range);
  check_features(data, range);
  if (!strategy.observes()) return run(strategy, data.tape, nullptr, range, config).result;
  Observer observer(data.features, config.initial_equity);
  return run(strategy, data.tape, &observer, range, config).result;
}

}  // namespace stevie::evaluation
