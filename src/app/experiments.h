#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/result_files.h"
#include "core/time.h"
#include "stats/metrics.h"

namespace stevie::app {

/// A curve over the steps or episodes of a run, thinned out where it is long.
struct Curve {
  std::string tag;                    // "rollout/ep_rew_mean", "search/best_so_far"
  std::string name;                   // for people
  std::vector<double> steps, values;  // finite
  std::size_t points = 0;             // before it was thinned out
};

inline const std::vector<std::string> experiment_kinds{
    "train", "clone", "ensemble", "optimize", "evaluate", "gate_study", "martingale_study"};

/// What a run left behind, of any kind. Texts come from files that anybody may have written: they are plain
/// and of limited length, and numbers are finite.
struct Experiment {
  std::string id;                         // 16 hex digits
  std::string kind;                       // one of experiment_kinds
  std::string state;                      // "finished", "unfinished"
  std::string name;                       // folder, relative to the one that was looked through
  std::filesystem::path folder, results;  // results: empty where there are none yet
  TimeMs modified = 0;
  std::string title;     // "Quick Tune", "PPO on BTC/USDT"
  std::string sentence;  // what came of it; may be empty
  std::vector<std::string> data;
  std::optional<bool> synthetic;
  std::optional<std::uint64_t> seed;
  std::string config_hash;  // SHA-256 of the settings, hex; empty where none are told
  std::vector<std::pair<std::string, stats::Metric>> metrics;  // key as in docs/metrics.md, or of the kind
  std::string report, model;  // ids as the lists of reports and models have them; empty: none
};

/// The same with everything that is shown of one run.
struct ExperimentDetail {
  Experiment experiment;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<Curve> curves;
  std::vector<std::string> notes;
};

/// A folder that runs are looked for in. The first one's names stand as they are, those of others begin with
/// their label.
using ResultRoots = std::vector<std::filesystem::path>;

/// Files below several folders, newest first; a folder that lies in an earlier one is not looked through
/// twice. Ids of the first folder's files are those of result_files().
std::vector<ResultFile> result_files_in(const ResultRoots& roots, const std::vector<std::string>& endings);
std::optional<ResultFile> find_result_file_in(const ResultRoots& roots,
                                              const std::vector<std::string>& endings, const std::string& id);

inline const std::vector<std::string> model_endings{".zip", ".onnx"};
inline const std::vector<std::string> report_endings{".html"};
/// Model files that training keeps: no checkpoints.
std::vector<ResultFile> model_files_in(const ResultRoots& roots);

/// The runs below some folders. What was read of a file is kept until the file changes. Thread-safe.
class ExperimentList {
 public:
  /// models, reports: roots as the lists of those have them, for the links.
  struct Roots {
    ResultRoots runs, models, reports;
  };
  /// Newest first.
  std::vector<Experiment> experiments(const Roots& roots);
  /// Absent where there is none of this id.
  std::optional<ExperimentDetail> experiment(const Roots& roots, const std::string& id);

 private:
  struct Seen {
    TimeMs modified = 0;
    std::uintmax_t bytes = 0;
    Experiment experiment;
  };
  std::mutex mutex_;
  std::map<std::string, Seen> seen_;  // by path
};

/// The curves that a training left in `folder`: its TensorBoard events, or, where there are none, the rows of
/// training_results.json. None where there is neither. `source`: "tensorboard", "training_results" or empty.
std::vector<Curve> training_curves(const std::filesystem::path& folder, std::string& source);

/// About `most` points of a curve: first, last, and the lowest and highest of equal stretches.
Curve thinned(Curve curve, std::size_t most);

}  // namespace stevie::app
