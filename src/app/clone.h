#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "app/clone_report.h"
#include "app/config.h"
#include "core/progress.h"

namespace stevie::app {

/// The expert that is cloned where none is named.
inline constexpr const char* rsi_ma_expert = "rsi-ma";

/// What `stevie clone` is asked to do.
struct CloneRequest {
  std::filesystem::path data;  // file of bars
  /// Folder of all results: models/behavior_cloning_model.zip and .pth, demonstrations.csv,
  /// bc_training_results.json, bc_report.html, report.html, evaluation.json, trades.csv,
  /// tensorboard_logs/BC_n/.
  std::filesystem::path out;
  /// "rsi-ma", a model file (.zip), or a file of actions (strategy/demonstration.h).
  std::string expert = rsi_ma_expert;
  /// The bars were generated: every output says so. Bars whose symbol tells it need no flag.
  bool synthetic = false;
  std::filesystem::path tensorboard_log;  // empty: tensorboard_logs in `out`
  Config config;                          // sections cloning, expert, data, env, costs, network
  ProgressOptions progress;
  std::function<double()> wall_clock;        // seconds since 1970, for TensorBoard; empty: the system's
  std::filesystem::path progress_file = {};  // worker_progress.h, epochs of all trainings; empty: none
};

/// Plays the expert in the environment over the training part, trains a policy to do the same, stops by the
/// validation part, and judges both on the validation and the test part. Throws Error for bad bars, experts
/// or configuration, and Interrupted after Ctrl-C; nothing but the TensorBoard log has been written then.
CloneReport clone_expert(const CloneRequest& request);

}  // namespace stevie::app
