#include "evaluation/baselines.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/error.h"
#include "evaluation/backtest.h"
#include "evaluation/evaluation.h"
#include "strategy/simple.h"

namespace stevie::evaluation {
namespace {

constexpr double volatility_tolerance = 1e-4;  // of the volatility to be matched
constexpr int largest_tries = 40;

/// Annual volatility; 0 where it is absent.
double volatility_of(const execution::SimulationResult& run) {
  std::vector<double> profits;
  return stats::measure(equity_curve(run, profits)).volatility.value.value_or(0);
}

/// Buys `share` of the account once.
execution::SimulationResult hold(double share, const execution::BarTape& tape, market::BarRange range,
                                 const execution::EngineConfig& config) {
  strategy::ConstantExposure strategy("hold", share);
  return run_backtest(strategy, tape, range, config);
}

/// Finds the share by regula falsi with halving (Illinois): volatility grows with the share, almost in
/// proportion.
NamedRun match_volatility(double wanted, const execution::SimulationResult& whole,
                          const execution::BarTape& tape, market::BarRange range,
                          const execution::EngineConfig& config) {
  const auto named = [](double share, execution::SimulationResult run) {
    char name[64];
    std::snprintf(name, sizeof name, "Volatility-matched (%.0f %%)", share * 100);
    return NamedRun{"volatility_matched", name, std::move(run)};
  };
  if (!(wanted > 0)) return named(0, hold(0, tape, range, config));
  double low = 0, low_error = -wanted;
  double high = config.instrument.leverage_limit;
  execution::SimulationResult run = high == 1 ? whole : hold(high, tape, range, config);
  double high_error = volatility_of(run) - wanted;
  if (high_error <= 0) return named(high, std::move(run));
  double share = high;
  int last_side = 0;
  for (int i = 0; i < largest_tries; ++i) {
    share = (low * high_error - high * low_error) / (high_error - low_error);
    run = hold(share, tape, range, config);
    const double error = volatility_of(run) - wanted;
    if (std::abs(error) <= volatility_tolerance * wanted) break;
    const int side = error > 0 ? 1 : -1;
    if (side > 0) {
      high = share, high_error = error;
      if (last_side == side) low_error /= 2;
    } else {
      low = share, low_error = error;
      if (last_side == side) high_error /= 2;
    }
    last_side = side;
  }
  return named(share, std::move(run));
}

}  // namespace

std::vector<NamedRun> make_baselines(const execution::SimulationResult& strategy_run,
                                     const execution::BarTape& tape, market::BarRange range,
                                     const execution::EngineConfig& config) {
  execution::EngineConfig plain = config;
  plain.exits = {};
  std::vector<NamedRun> runs;
  runs.push_back({"cash", "Cash", hold(0, tape, range, plain)});
  runs.push_back({"buy_and_hold", "Buy and hold", hold(1, tape, range, plain)});
  runs.push_back(
      match_volatility(volatility_of(strategy_run), runs[buy_and_hold_index].result, tape, range, plain));
  return runs;
}

NamedRun equal_weight(std::span<const execution::SimulationResult> runs) {
  const auto unaligned = [] {
    throw Error("evaluation.unaligned",
                "an equal-weight account needs runs over the same bars with the same equity");
  };
  if (runs.empty()) unaligned();
  NamedRun sum{"equal_weight", "Equal weight", runs.front()};
  execution::SimulationResult& total = sum.result;
  const auto count = static_cast<double>(runs.size());
  std::fill(total.equity.begin(), total.equity.end(), 0.0);
  std::fill(total.exposure.begin(), total.exposure.end(), 0.0);
  total.trades.clear();
  total.traded_notional = total.total_fees = total.total_slippage = total.total_funding = 0;
  for (const execution::SimulationResult& run : runs) {
    if (run.open_time != total.open_time || run.initial_equity != total.initial_equity) unaligned();
    for (std::size_t i = 0; i < run.equity.size(); ++i) {
      total.equity[i] += run.equity[i] / count;
      total.exposure[i] +=
          run.exposure[i] * run.equity[i] / count;  // position value; divided by equity below
    }
    for (execution::RoundTrip trade : run.trades) {
      trade.quantity /= count;
      trade.fee /= count;
      trade.profit_abs /= count;
      total.trades.push_back(trade);
    }
    total.traded_notional += run.traded_notional / count;
    total.total_fees += run.total_fees / count;
    total.total_slippage += run.total_slippage / count;
    total.total_funding += run.total_funding / count;
  }
  for (std::size_t i = 0; i < total.equity.size(); ++i)
    total.exposure[i] = total.equity[i] != 0 ? total.exposure[i] / total.equity[i] : 0;
  std::stable_sort(total.trades.begin(), total.trades.end(),
                   [](const auto& a, const auto& b) { return a.exit_time < b.exit_time; });
  return sum;
}

}  // namespace stevie::evaluation
