#include "app/optimize_config.h"

#include <string>
#include <utility>
#include <vector>

namespace stevie::app {

std::string_view to_string(SearchMethod method) {
  return method == SearchMethod::pgpe ? "pgpe" : "cma-es";
}

void describe(ConfigBinder& binder, OptimizeConfig& config) {
  std::vector<std::pair<std::string, SearchMethod>> methods;
  for (const SearchMethod method : {SearchMethod::pgpe, SearchMethod::cma_es})
    methods.emplace_back(to_string(method), method);
  binder.choice<SearchMethod>("optimize.search", config.search.method, methods,
                              {.help = "parameter-exploring policy gradients or CMA-ES"});
  binder.field("optimize.seed", config.search.seed, {.help = "everything random follows from it"});
  binder.field("optimize.threads", config.threads,
               {.maximum = 1024, .help = "0: one a core; does not change the result"});
  binder.field("optimize.pairs", config.search.pairs,
               {.minimum = 2,
                .maximum = 1000,
                .help = "mirrored pairs in an episode; CMA-ES takes two points for each"});
  binder.field("optimize.tolerance", config.search.tolerance,
               {.minimum = 0,
                .maximum = 0.5,
                .help = "spread in shares of each range below which the search has converged"});
  binder.field(
      "optimize.gate_share", config.windows.gate_share,
      {.minimum = 0.1, .maximum = 0.9, .help = "part of the history, its end, that only the gate sees"});
  binder.field("optimize.search_windows", config.windows.search_windows,
               {.minimum = 1, .maximum = 50, .help = "windows that the search replays, at most"});
  binder.field("optimize.longest_holding_days", config.windows.longest_holding_days,
               {.minimum = 0,
                .maximum = 1000,
                .unit = "days",
                .help = "left out between windows, on top of the look-back of the rules"});
  binder.field("optimize.shortest_days", config.windows.shortest_days,
               {.minimum = 2, .maximum = 10'000, .unit = "days", .help = "shortest window"});
  binder.field("optimize.stability", config.reward.stability,
               {.minimum = 0,
                .maximum = 100,
                .help = "reward: mean over the windows less this times their standard deviation"});
  binder.field("optimize.least_trades_per_year", config.reward.least_trades_per_year,
               {.minimum = 0,
                .maximum = 10'000,
                .help = "a window with fewer closed trades a symbol loses up to the idle penalty"});
  binder.field("optimize.idle_penalty", config.reward.idle_penalty,
               {.minimum = 0, .maximum = 1000, .help = "what a window without a single trade loses"});
}

}  // namespace stevie::app
