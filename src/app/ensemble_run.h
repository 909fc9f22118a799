#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "env/trading_env.h"
#include "execution/engine.h"
#include "stats/calibration.h"
#include "strategy/ensemble.h"

namespace stevie::app {

/// A run of an ensemble over bars with everything that was voted.
struct EnsembleRun {
  execution::SimulationResult result;
  std::size_t members = 0, levels = 0;
  std::vector<TimeMs> time;          // (decisions)
  std::vector<double> close;         // (decisions)
  std::vector<std::uint8_t> chosen;  // (decisions, members) levels
  std::vector<double> confidence;    // (decisions, members)
  std::vector<double> bare;          // (decisions, members) the same before temperatures and fits
  std::vector<double> weight;        // (decisions, members)
  std::vector<double> scores;        // (decisions, members, levels); 0 for a member that has none
  std::vector<double> pooled;        // (decisions, levels) as logarithms
  std::vector<std::uint8_t> taken;   // (decisions)
  std::vector<double> taken_confidence, consensus, value;  // (decisions)

  std::size_t decisions() const { return close.size(); }
};

/// Runs it over bars whose market values are NOT scaled. `each` sees every decision as it is made; it may
/// throw. Throws as evaluation::run_backtest().
EnsembleRun run_ensemble(strategy::Ensemble& ensemble, const env::MarketData& market, market::BarRange range,
                         const execution::EngineConfig& engine, const strategy::EnsembleObserver& each = {});

/// The level that was best behind each decision; those at the end, whose outcome is not known, have none.
std::vector<std::uint8_t> outcomes_of(const EnsembleRun& run, const strategy::Ensemble& ensemble);

/// Confidences against outcomes, in ten bins.
stats::Calibration member_calibration(const EnsembleRun& run, std::size_t member,
                                      const std::vector<std::uint8_t>& outcomes, bool bare);
stats::Calibration ensemble_calibration(const EnsembleRun& run, const std::vector<std::uint8_t>& outcomes,
                                        bool bare);

/// Annual Sharpe ratio and total return of a run; 0 where the ratio is not defined.
struct RunFigures {
  double total_return = 0, sharpe = 0;
};
RunFigures figures_of(const execution::SimulationResult& result);

}  // namespace stevie::app
