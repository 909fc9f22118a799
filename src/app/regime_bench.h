#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/bench.h"
#include "strategy/regime.h"

namespace stevie::app {

/// How well one way of labelling finds the regimes of one labelled market, over all seeds.
struct RegimeScore {
  std::string market;  // "1h", "1d, weak"
  std::string labels;  // "detector", "oracle", "oracle without GARCH", "constant"
  double balanced_accuracy = 0;
  double low = 0, high = 0;  // 95 % interval of its mean over seeds (Student t)
  std::array<double, strategy::regime_count> recall{};
  double median_lag_bars = 0;  // of the switches found
  double median_lag_days = 0;
  double never_found = 0;       // share of the switches
  double changes_per_year = 0;  // of the label
  double switches_per_year = 0;
};

struct RegimeBenchRequest {
  std::uint64_t seeds = 20;  // 2 or more, else Error "app.few_seeds"; seeds 1, 2, ... of each market
  double years = 8;          // of each seed
  std::function<void(const RegimeScore&)> report;
};

/// Judges the default detector, two causal oracles that know the market and a constant guess on markets of
/// hours and of days, with realistic and with weak differences between the regimes. All are judged on the
/// bars on which the detector knows.
std::vector<RegimeScore> run_regime_benchmarks(const RegimeBenchRequest& request);

/// The line of column names, and one line for people.
std::string regime_score_header();
std::string regime_score_line(const RegimeScore& score);
/// The detector's balanced accuracies as bench rows, the oracle being the yardstick.
std::vector<BenchRow> regime_bench_rows(const std::vector<RegimeScore>& scores);

}  // namespace stevie::app
