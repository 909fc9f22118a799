#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/martingale_market.h"
#include "validation/gate.h"

namespace stevie::app {

/// What trading costs in a cell, and so what the running parameters - the defaults - do there.
enum class StudyCosts : std::uint8_t {
  none,      // nothing: every parameter set earns 0 on average. A true null
  defaults,  // 24 bps a round trip, above the running costCapBps: what runs holds nothing, and whatever
             // trades loses
  cheap      // 4 bps, below the cap: what runs trades and loses, so trading less is truly better
};
inline constexpr StudyCosts study_costs[] = {StudyCosts::none, StudyCosts::defaults, StudyCosts::cheap};
std::string_view to_string(StudyCosts costs);  // "none", "default", "cheap"
/// No parameter set is truly better than what runs. Not so at `cheap` costs, nor without costs in `plain`:
/// there a stop is filled at its level while the price steps over it, so tight stops earn a little.
bool is_true_null(MartingaleKind market, StudyCosts costs);

/// One setting and what the searches in it ended with.
struct MartingaleCell {
  std::size_t years = 3;  // of hourly bars; the gate judges on the last 30 %
  MartingaleKind market = MartingaleKind::plain;
  StudyCosts costs = StudyCosts::none;
  std::string scenario;

  std::size_t runs = 0;
  std::size_t promoted = 0;
  std::size_t rejected = 0;
  std::size_t not_enough = 0;
  std::size_t nothing_better = 0;                 // the gate was not asked
  std::map<std::string, std::size_t> stopped_by;  // first check that failed, or else lacked data
  /// Annual Sharpe ratio of the proposal less that of what runs (0 for what holds nothing) on the unseen
  /// days, over the runs that the gate judged. Those days had no part in choosing the proposal, so the mean
  /// estimates what proposals are truly worth.
  double mean_change = 0;
  double change_error = 0;  // standard error of the mean; 0 for fewer than two

  std::size_t judged() const { return promoted + rejected + not_enough; }
};

struct MartingaleStudyConfig {
  std::size_t runs = 300;  // of each cell
  std::uint64_t seed = 1;
  std::size_t threads = 0;  // 0: one a core; the result does not depend on it
  std::vector<std::size_t> years{3, 6};
  std::vector<MartingaleKind> markets{std::begin(martingale_kinds), std::end(martingale_kinds)};
  std::vector<StudyCosts> costs{std::begin(study_costs), std::end(study_costs)};
  std::vector<std::string> scenarios;  // ids; empty: all built-in ones
  validation::GateConfig gate;
  /// Where ledgers and runs lie while they are needed. Made, and removed at the end with everything in it, so
  /// a name that nothing else uses. Much is flushed to the disk: a folder in memory is faster.
  std::filesystem::path work;
  std::function<void(const std::string& part, std::size_t done, std::size_t total)> progress;
  std::function<void(const MartingaleCell&)> finished;  // after each cell
};

/// Runs app::optimize() itself - windows, search, gate, ledger and store - in markets in which nothing can be
/// earned, each run in a market, with a social series and on a ledger of its own, and counts what it
/// promotes. Cells with the same years and kind of market see the same markets, so they do not err
/// independently. Fixed by the seed, whatever the number of threads.
///
/// Throws what optimize() throws, and Interrupted after Ctrl-C.
std::vector<MartingaleCell> run_martingale_study(const MartingaleStudyConfig& config);

/// 95 % interval of a share, two-sided: Clopper and Pearson 1934.
std::pair<double, double> clopper_pearson(std::size_t count, std::size_t runs);

/// Tables of the true nulls and of the other cells.
std::string martingale_markdown(const MartingaleStudyConfig& config,
                                const std::vector<MartingaleCell>& cells);
std::string martingale_json(const MartingaleStudyConfig& config, const std::vector<MartingaleCell>& cells);

}  // namespace stevie::app
