#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"

namespace stevie::app {

/// One way of training: the techniques that change the bars.
struct AugmentationArm {
  std::string name;
  std::vector<std::string> techniques;
};
/// "none", each of the five usual techniques, "all", "bootstrap" and "null" (block permutation).
std::vector<AugmentationArm> augmentation_arms();

/// What one training of an arm came to, in log growth of the account net of costs: 0 is cash.
struct AugmentationRun {
  std::uint64_t seed = 0;
  double training = 0;                // reward of the last episodes, per decision
  double validation = 0;              // of the kept policy, whole part
  double test = 0;                    // of the kept policy, whole part: what is judged
  double last_test = 0;               // of the last policy
  double trades = 0;                  // of the kept policy on the test part
  std::optional<double> test_sharpe;  // of the kept policy; absent where it is undefined
};

struct AugmentationArmResult {
  AugmentationArm arm;
  std::vector<AugmentationRun> runs;  // by seed, in order
};

struct AugmentationStudyConfig {
  std::filesystem::path data;
  Config config;                  // data, env, costs, network, ppo, train; augmentation's amounts
  std::uint64_t seeds = 10;       // 1, 2, ...: the same for every arm
  std::vector<std::string> arms;  // names; empty: all
  std::function<void(const std::string& part, std::size_t done, std::size_t total)> progress;
  /// After each seed of all arms: what is there so far.
  std::function<void(const std::vector<AugmentationArmResult>&)> finished;
};

/// Trains every arm with every seed on the training part of the bars, keeps the policy that does best on the
/// validation part, as `stevie train ppo` does, and plays it once over the test part. All arms of a seed are
/// trained before the next, so that an interrupted study has whole pairs. Fixed by the configuration.
///
/// Throws what reading and splitting bars throw, Error "study.unknown_arm", and Interrupted after Ctrl-C.
std::vector<AugmentationArmResult> run_augmentation_study(const AugmentationStudyConfig& config);

/// A row for each arm, and for each but "none" the difference to it: paired by seed, with an interval, the
/// exact sign test and Holm's correction for all comparisons. Then the same against "null", where it is among
/// the arms.
std::string augmentation_study_markdown(const AugmentationStudyConfig& config,
                                        const std::vector<AugmentationArmResult>& results);
std::string augmentation_study_json(const AugmentationStudyConfig& config,
                                    const std::vector<AugmentationArmResult>& results);

}  // namespace stevie::app
