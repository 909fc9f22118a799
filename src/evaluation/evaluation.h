#pragma once
/// evaluation: how a strategy did on bars it never saw, next to what needed no skill.
///
/// Start with:
///   backtest.h   runs a Strategy over a range of bars through the execution engine
///   baselines.h  cash, buy and hold, volatility-matched buy and hold, on the same bars at the same costs
///   parameter_sweep.h  many parameter sets of the rules over the same bars, the same numbers much faster
///   evaluation.h Evaluation: results, metrics, intervals, comparison and months, made by evaluate()
///   report.h     the same content as a terminal table, as JSON and as one HTML file
///
/// In: bars, their scaled features, a Strategy, the costs of the engine, a range of bars.
/// Out: an Evaluation; everything a report prints is in it, and a report computes nothing.
///
/// What always holds:
///   - a decision made at the close of bar t is carried out on bar t + 1;
///   - strategy and baselines run over the same bars with the same costs;
///   - the account values a strategy sees are made by the function the training environment uses;
///   - the same inputs give the same bytes in every report.
#include <string>
#include <utility>
#include <vector>

#include "evaluation/baselines.h"
#include "execution/simulation_result.h"
#include "stats/stats.h"

namespace stevie::evaluation {

/// The view of a simulation that the metrics take. `profits` receives the trades' profits; both arguments
/// must outlive the curve.
stats::EquityCurve equity_curve(const execution::SimulationResult& result, std::vector<double>& profits);

/// A run with everything measured on it.
struct Contender {
  NamedRun run;
  stats::Performance performance;  // with intervals
  double mean_block = 1;           // days, of the resampling
};

/// Returns of one UTC calendar month. The first and last month may be partial.
struct MonthRow {
  int year = 0;
  int month = 0;  // 1-12
  stats::Metric strategy;
  stats::Metric buy_and_hold;
  stats::Metric difference;
};

/// What the reader is told about where the numbers come from.
struct Description {
  std::string title;                   // "PPO policy on BTC/USDT 1h"
  std::string subject = "the policy";  // of the verdict's sentence
  std::string model;                   // the file and how it came to be; may be empty
  std::string data;                    // the file
  bool synthetic = false;              // the market was generated: every output says so
  std::vector<std::string>
      notices;  // sentences the reader must not miss: "part of this period was used in training"
  std::vector<std::pair<std::string, std::string>> configuration;  // name and value, shown in this order
};

struct Evaluation {
  Description description;
  market::Bars bars;  // of the period, for the chart; row i is bar i of every run
  TimeMs from = 0;    // open of the first bar
  TimeMs to = 0;      // close of the last bar
  Contender strategy;
  std::vector<Contender> baselines;    // in the order of make_baselines, perhaps equal weight behind
  stats::PairedComparison comparison;  // strategy minus buy and hold
  std::vector<MonthRow> months;
  stats::BootstrapConfig bootstrap;
};

/// Measures the runs and compares the first with buy and hold, which must stand at buy_and_hold_index of
/// `baselines`. Every run must have one row for each of `bars`, else Error "evaluation.unaligned".
Evaluation evaluate(NamedRun strategy, std::vector<NamedRun> baselines, market::Bars bars,
                    Description description, const stats::BootstrapConfig& bootstrap);

/// The runs in the order in which tables show them: strategy, buy and hold, the other baselines, cash last.
std::vector<const Contender*> table_order(const Evaluation& evaluation);

/// The finding in one plain sentence, for example: "Over 2024-01-01 to 2024-12-31, the policy earned 12.0 %
/// while buy and hold earned 121.1 %; the difference of their Sharpe ratios is -0.85 with a 95 % interval of
/// [-2.10, 0.41], so it cannot be told apart from buy and hold."
std::string verdict(const Evaluation& evaluation);

}  // namespace stevie::evaluation
