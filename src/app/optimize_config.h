#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/config.h"

namespace stevie::app {

enum class SearchMethod : std::uint8_t { pgpe, cma_es };
std::string_view to_string(SearchMethod method);  // "pgpe", "cma-es"

struct SearchSettings {
  SearchMethod method = SearchMethod::pgpe;
  std::uint64_t seed = 1;  // everything random follows from it
  /// Mirrored pairs of candidates in an episode of PGPE; CMA-ES takes twice as many candidates. Default 8.
  /// More: each update is surer and costs as much more, and the gate has more candidates to correct for.
  std::size_t pairs = 8;
  /// Spread in shares of each range below which the search has converged. Default 0.02: about one step.
  double tolerance = 0.02;
};

/// How the history is divided between the search and the gate.
struct WindowConfig {
  /// Part of the usable time, at its end, that only the gate sees; 0.1 to 0.9. Default 0.3. More: the gate
  /// judges more surely, the search learns less.
  double gate_share = 0.3;
  /// The search part is replayed in this many windows of equal length, one after the other, 1 to 50; fewer
  /// where they would be shorter than `shortest_days`. Default 6. More: steadiness counts on more occasions.
  std::size_t search_windows = 6;
  /// Between two windows, and between the search part and the gate's, lie the look-back of the rules and
  /// this. Default 14 days: longer than positions are held.
  double longest_holding_days = 14;
  double shortest_days = 30;  // of every window
};

/// How window values become the one reward of a candidate.
struct RewardConfig {
  /// Taken from the mean over the windows: this times their standard deviation (n - 1). Default 0.5: of two
  /// sets with the same mean the steadier one is better. 0: the mean alone.
  double stability = 0.5;
  /// Closed trades a year and symbol below which a window loses up to idle_penalty: (1 - trades / wanted) of
  /// it. Default 12. Without it the best way not to lose is never to trade, of which nothing can be proven;
  /// so a search finds the best way of trading, and the gate tells whether that beats what runs. 0: off.
  double least_trades_per_year = 12;
  /// 10 is more than all but the worst sets lose; where even a good one loses more (very short bars at dear
  /// costs), raise it, or idleness wins.
  double idle_penalty = 10;
};

/// The section `optimize` of the configuration.
struct OptimizeConfig {
  SearchSettings search;
  WindowConfig windows;
  RewardConfig reward;
  std::size_t threads = 1;  // 0: one a core; does not change the result
};

void describe(ConfigBinder& binder, OptimizeConfig& config);

}  // namespace stevie::app
