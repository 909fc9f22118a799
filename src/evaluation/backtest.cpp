#include "evaluation/backtest.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "env/account_values.h"

namespace stevie::evaluation {
namespace {

void check(const env::MarketData& data, market::BarRange range) {
  const auto fail = [](const std::string& message) { throw Error("evaluation.bad_range", message); };
  if (range.end > data.tape.size() || range.begin >= range.end || range.size() < 2)
    fail("the period holds fewer than two bars of the data: choose an earlier start or a later end");
  if (data.features.rows != data.tape.size())
    fail("features and bars have different numbers of rows: compute the features from these bars");
  if (range.begin < data.features.warm_up)
    fail("the period starts before the features have seen enough bars: it can start at " +
         (data.features.warm_up < data.tape.size() ? format_time(data.tape.open_time[data.features.warm_up])
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

}  // namespace

execution::SimulationResult run_backtest(strategy::Strategy& strategy, const env::MarketData& data,
                                         market::BarRange range, const execution::EngineConfig& config) {
  check(data, range);
  execution::BarEngine engine(config);
  strategy.start();
  std::vector<float> observation(data.features.columns + features::account_value_count);
  const auto account_values = observation.begin() + static_cast<std::ptrdiff_t>(data.features.columns);
  HoldingClock clock;
  double peak = config.initial_equity;
  for (std::size_t bar = range.begin; bar < range.end; ++bar) {
    const execution::TapeBar& tape_bar = data.tape.bars[bar];
    const TimeMs time = data.tape.open_time[bar];
    engine.process_bar(tape_bar, time);
    if (bar + 1 == range.end) break;

    const execution::Account& account = engine.account();
    const double equity = account.equity(tape_bar.close);
    peak = std::max(peak, equity);
    const std::span<const float> row = data.features.row(bar);
    std::copy(row.begin(), row.end(), observation.begin());
    env::write_account_values(account, tape_bar.close, peak, clock.update(account.units, bar),
                              &*account_values);
    const double exposure = equity > 0 ? account.units * tape_bar.close / equity : 0;
    const double target = strategy.decide({time, tape_bar.close, exposure, observation});
    if (!std::isfinite(target))
      throw Error("evaluation.bad_decision", strategy.name() + " asks for an exposure that is not a number",
                  format_time(time));
    engine.set_target(target);
  }
  engine.close_at_end_of_data();
  execution::SimulationResult result = engine.take_result();
  result.interval = data.tape.interval;
  return result;
}

}  // namespace stevie::evaluation
