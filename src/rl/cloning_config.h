#pragma once
#include <cstddef>
#include <cstdint>

#include "core/config.h"

namespace stevie::rl {

/// How much a row counts in the loss.
enum class ClassWeights : std::uint8_t {
  none,      // every row the same: the policy gives each action as often as the expert
  root,      // by the root of `balanced`
  balanced,  // rows / (actions seen * rows with this action): every action weighs the same in all
};

struct CloningConfig {
  /// Adam's step size. Default 1e-3.
  double learning_rate = 1e-3;
  /// Rows of a minibatch. Default 256.
  std::size_t batch_size = 256;
  /// Passes over the demonstrations at most. Default 60.
  std::size_t max_epochs = 60;
  /// Epochs without a lower validation loss after which the training stops. Default 6. The best epoch is the
  /// one that is kept.
  std::size_t patience = 6;
  /// Default balanced: an expert changes its mind on few rows, and without weights its clone changes it on
  /// even fewer. Weights make rare actions likelier than the expert takes them.
  ClassWeights class_weights = ClassWeights::balanced;
  /// Blocks of time for the cross-validation. Default 5; 0: no cross-validation.
  std::size_t folds = 5;
  /// Rows left out of training on both sides of a tested block, and further ones behind it. Defaults 168 and
  /// 24: a position that spans the border, or a moving window, must not tell what happened in the block.
  std::size_t purge = 168;
  std::size_t embargo = 24;
  /// Everything random follows from it. Default 1.
  std::uint64_t seed = 1;
  /// Threads on which blocks are trained side by side; does not change the result. 0: one a core. Default 1.
  std::size_t threads = 1;
};

/// Names the fields cloning.* with their ranges.
void describe(ConfigBinder& binder, CloningConfig& config);
/// Throws Error "config.faults" that lists every value out of range: for configurations that were not loaded.
void validate(const CloningConfig& config);

}  // namespace stevie::rl
