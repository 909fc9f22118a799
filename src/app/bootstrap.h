#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/train.h"
#include "core/progress.h"
#include "evaluation/evaluation.h"
#include "stats/seeds.h"

namespace stevie::app {

/// What `stevie bootstrap` is asked to do: the first trainings on a market, by which later ones are measured.
struct BootstrapRequest {
  std::filesystem::path data;  // file of bars
  /// Folder of all results: training_results.json, bootstrap_report.html, the judgement of the chosen policy
  /// (report.html, evaluation.json, trades.csv), models/<algorithm>_stevie.zip, and a folder for each
  /// training: ppo_seed1, ...
  std::filesystem::path out;
  /// Go on with what the trainings in `out` have saved; those that are finished are not trained again.
  bool resume = false;
  bool synthetic = false;  // the bars were generated
  Config config;           // with section bootstrap
  ProgressOptions progress;
  std::function<double()> wall_clock;        // as in TrainRequest
  std::filesystem::path progress_file = {};  // worker_progress.h, steps of all trainings; empty: none
};

/// How one policy did on one part of the bars.
struct PartResult {
  double reward = 0;  // log of the account's growth
  double profit = 0;  // in quote currency
  stats::Performance performance;
};

/// One training.
struct SeedRun {
  std::uint64_t seed = 0;
  std::filesystem::path folder;  // within the folder of results
  std::uint64_t timesteps = 0;
  std::uint64_t best_timesteps = 0;       // of the policy that was kept
  std::optional<double> training_reward;  // mean of its last 100 episodes, exploring
  PartResult validation, test;
};

/// What the seeds of one algorithm say together about one number.
struct SeedSpread {
  std::size_t seeds = 0;  // those that have the number
  stats::SeedSummary summary;
  double smallest = 0, largest = 0;
  double deviation = 0;  // standard deviation, n - 1; 0 of one seed
};

struct AlgorithmRuns {
  Algorithm algorithm = Algorithm::ppo;
  std::vector<SeedRun> runs;
  std::size_t chosen = 0;  // the one that grew the account most on the validation part, of equals the first
};

struct Baseline {
  std::string key, name;
  PartResult validation, test;
};

struct BootstrapReport {
  std::vector<AlgorithmRuns> algorithms;
  std::size_t chosen = 0;           // of `algorithms`, by its chosen run's growth on the validation part
  std::vector<Baseline> baselines;  // cash, buy and hold, volatility-matched to the chosen policy
  evaluation::Evaluation test;      // of the chosen policy
  std::string sentence;             // what came out, for people

  const AlgorithmRuns& best() const { return algorithms[chosen]; }
  const SeedRun& best_run() const { return best().runs[best().chosen]; }
};

/// A number of every seed's policy, on one part; what seeds lack it are left out. Absent where all do.
std::optional<SeedSpread> spread_over_seeds(
    const AlgorithmRuns& runs, const std::function<std::optional<double>(const SeedRun&)>& number);

/// Trains every algorithm with every seed on the training part, chooses on the validation part, and then
/// looks at the test part once. Throws Error for bad bars or configuration before anything is trained, and
/// what train_policy throws; Interrupted after Ctrl-C, when everything is on the disk.
BootstrapReport run_bootstrap(const BootstrapRequest& request);

/// The file training_results.json, whose schema is in docs/training.md; the page; and the terminal's text.
std::string bootstrap_json(const BootstrapRequest& request, const BootstrapReport& report);
std::string bootstrap_html(const BootstrapReport& report);
std::string bootstrap_text(const BootstrapReport& report);

}  // namespace stevie::app
