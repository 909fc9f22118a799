#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/goal.h"
#include "app/optimize_config.h"
#include "app/optimize_windows.h"
#include "app/rule_market.h"
#include "app/scenario.h"
#include "core/thread_pool.h"
#include "evaluation/parameter_sweep.h"
#include "execution/engine.h"
#include "search/search.h"
#include "strategy/parameters.h"

namespace stevie::app {

/// One number that the search moves.
struct Dimension {
  strategy::Parameter parameter{};
  std::optional<std::size_t> symbol;  // index of the market it belongs to; absent: shared by all
  double lower = 0, upper = 0;
  double start = 0;  // what runs now
};

/// The targets of the scenario: shared ones first, then those of each symbol. Throws Error "app.no_symbol"
/// where per-symbol dimensions are wanted and bars have no symbol.
std::vector<Dimension> search_dimensions(const Scenario& scenario, const strategy::ParameterLayers& base,
                                         std::span<const std::string> symbols);

/// Replays parameters over the same time ranges of several symbols.
class ReplaySet {
 public:
  /// Borrows the markets. Throws Error "app.short_history" naming a symbol that has fewer than two bars in a
  /// range.
  ReplaySet(std::span<const RuleMarket> markets, std::span<const TimeRange> ranges,
            const execution::EngineConfig& engine);

  std::size_t symbols() const { return names_.size(); }
  std::size_t windows() const { return windows_; }
  std::size_t bar_count() const;  // of all symbols and windows

  /// (sets, windows, symbols); the same for any number of threads.
  std::vector<std::vector<std::vector<WindowOutcome>>> play(std::span<const strategy::ParameterLayers> sets,
                                                            ThreadPool* pool) const;

 private:
  std::vector<std::string> names_;
  std::size_t windows_ = 0;
  std::vector<evaluation::ParameterSweep> sweeps_;  // (windows, symbols)
};

/// One distinct point the search has looked at, on the schema's steps.
struct Candidate {
  std::uint64_t episode = 0;           // that proposed it first, from 0
  std::vector<double> values;          // (dimensions)
  double reward = 0;                   // on the search windows
  std::vector<double> window_values;   // (windows) of the portfolio
  std::vector<double> symbol_rewards;  // (symbols) each symbol on its own
  std::uint64_t trades = 0;            // in all windows together
  std::uint64_t refused_by_cost = 0;   // decisions that costCapBps refused, in all windows together
};

/// What one policy update left.
struct Episode {
  std::vector<std::uint32_t> members;  // indices of its candidates, repeats included
  double mean_reward = 0;
  double best_so_far = 0;
  std::vector<double> centre;  // (dimensions) of the search behind this episode
  std::vector<double> spread;  // (dimensions) in shares of the range
};

/// A search over rule parameters: asks the optimiser, puts its points on the schema's steps, replays those it
/// has not seen yet and tells the rewards. Keeps every candidate there ever was.
class ParameterSearch {
 public:
  /// Borrows `replays`. symbols: names of the markets, in their order.
  ParameterSearch(const Scenario& scenario, const SearchSettings& settings,
                  const strategy::ParameterLayers& base, std::vector<std::string> symbols,
                  const ReplaySet& replays, const RewardConfig& reward);

  /// One policy update over a batch.
  void run_episode(ThreadPool* pool);
  std::uint64_t episodes() const { return optimizer_->episodes(); }
  bool converged() const { return optimizer_->converged(); }
  std::string_view method() const { return optimizer_->name(); }

  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  std::string dimension_name(std::size_t index) const;  // "socialGo", "socialGo of BTC/USDT"
  const std::vector<Candidate>& candidates() const { return candidates_; }
  const std::vector<Episode>& history() const { return history_; }
  std::uint64_t proposals() const { return proposals_; }  // repeats included

  /// What runs now, on the same windows; no candidate.
  const Candidate& running() const { return running_; }
  /// Index of the candidate with the highest reward, the first of equals, among those that change something.
  /// Absent where there is none.
  std::optional<std::size_t> best() const;
  strategy::ParameterLayers layers_of(const Candidate& candidate) const;
  /// It is what runs already.
  bool changes_nothing(const Candidate& candidate) const { return layers_of(candidate) == base_; }

  /// Everything that has been found, so that restore() on a search made of the same goes on byte for byte.
  /// restore() throws Error "search.state_differs" and "bytes.damaged".
  std::string save() const;
  void restore(std::string_view bytes);

 private:
  std::vector<Candidate> judge(std::span<const std::vector<double>> points, std::uint64_t episode,
                               ThreadPool* pool) const;

  Goal goal_;
  strategy::ParameterLayers base_;
  std::vector<std::string> symbols_;
  const ReplaySet& replays_;
  RewardConfig reward_;
  std::vector<Dimension> dimensions_;
  std::unique_ptr<search::Optimizer> optimizer_;
  Candidate running_;
  std::vector<Candidate> candidates_;
  std::map<std::vector<double>, std::uint32_t> known_;  // values to index
  std::vector<Episode> history_;
  std::uint64_t proposals_ = 0;
};

}  // namespace stevie::app
