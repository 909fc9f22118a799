#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "app/config.h"
#include "app/train_start.h"
#include "app/worker_progress.h"
#include "core/progress.h"
#include "evaluation/evaluation.h"

namespace stevie::app {

enum class Algorithm { ppo, dqn };

/// "ppo": as in the names of files and of settings.
const char* name_of(Algorithm algorithm);

/// What `stevie train` is asked to do.
struct TrainRequest {
  Algorithm algorithm = Algorithm::ppo;
  std::filesystem::path data;  // file of bars
  /// Folder of all results; of PPO: models/ppo_stevie.zip, checkpoints/ppo.zip, training_results.json,
  /// report.html, evaluation.json, trades.csv, tensorboard_logs/PPO_n/.
  std::filesystem::path out;
  /// Go on from the checkpoint in `out` up to config.train.total_timesteps.
  bool resume = false;
  /// Judge the kept policy on the test part. Default true; false: that part is left alone, and there is no
  /// report.html, evaluation.json or trades.csv.
  bool judge = true;
  /// The bars were generated: every output says so. Bars whose symbol tells it need no flag.
  bool synthetic = false;
  TrainStart start;                       // a policy to start from, demonstrations to imitate
  std::filesystem::path tensorboard_log;  // empty: tensorboard_logs in `out`
  Config config;
  ProgressOptions progress;
  std::function<double()> wall_clock;   // seconds since 1970, for TensorBoard; empty: the system's
  std::filesystem::path progress_file;  // worker_progress.h; empty: none
  /// Told the same as the progress file, while it trains; empty: nobody.
  std::function<void(const WorkerProgress&)> told;
};

/// How the kept policy did on the validation part. It is the best of all that were tried there, so its return
/// is too good by the luck of that choice.
struct ValidationVerdict {
  double total_return = 0;         // of the kept policy; 0.1 is a gain of 10 %, net of costs
  double buy_and_hold_return = 0;  // on the same bars at the same costs; that of cash is 0
  bool beats_cash = false;         // total_return > 0
  bool beats_buy_and_hold = false;
  std::string sentence;  // all of this for people
};

struct TrainReport {
  std::uint64_t timesteps = 0;       // trained in all
  std::uint64_t best_timesteps = 0;  // of the policy that was kept
  std::uint64_t replay_bytes = 0;    // memory of DQN's replay buffer
  std::filesystem::path model;
  /// Mean reward of the last 100 episodes, exploring; absent where none has ended.
  std::optional<double> training_reward;
  /// Absent where no policy was evaluated (train.eval_freq is 0). Its sentence is among the notices of
  /// `test`.
  std::optional<ValidationVerdict> validation;
  /// Of the kept policy, on bars that neither training nor choosing has seen; empty where it was not judged.
  evaluation::Evaluation test;
};

/// What would otherwise end a training when its learner is made: throws Error "config.faults",
/// "rl.replay_too_large" where DQN's replay buffer is larger than the memory, "train.replay_too_large" where
/// it does not fit into a checkpoint.
void require_trainable(const env::VectorEnv& environment, Algorithm algorithm, const Config& config);

/// The log of the account's growth over a run, at least that of a loss to 1/10000: what policies are chosen
/// by.
double log_growth_of(const execution::SimulationResult& result);

/// Trains a policy on the training part of the bars, keeps the one that did best on the validation part and
/// judges it once on the test part. Throws Error for bad bars or configuration, "train.not_resumable" and
/// "train.checkpoint_differs" where a checkpoint is missing or of another run; Interrupted after Ctrl-C, when
/// a checkpoint is on the disk.
TrainReport train_policy(const TrainRequest& request);

}  // namespace stevie::app
