#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "env/known_optimum.h"
#include "rl/curriculum.h"
#include "rl/ppo_config.h"

namespace stevie::app {

struct CurriculumStudy;

struct CurriculumStudyConfig {
  std::uint64_t seeds = 10;             // 1, 2, ...: the same with and without
  std::uint64_t timesteps = 1'000'000;  // where a training is given up
  double target = 0.9;                  // share of the optimum to reach
  /// Four signal markets of rising volatility, and PPO as in `stevie bench --learning`; the curriculum's
  /// marks are shares of each market's optimum. Set by curriculum_study_defaults().
  std::vector<env::SignalConfig> markets;
  rl::PpoConfig ppo;
  rl::CurriculumConfig curriculum;
  std::function<void(const std::string& part, std::size_t done, std::size_t total)> progress;
  /// After each seed: what is there so far.
  std::function<void(const CurriculumStudy&)> finished;
};
CurriculumStudyConfig curriculum_study_defaults();

/// Steps after which a training first reached the target, absent where it never did.
struct CurriculumStudyRun {
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> without, with;
  double reached_without = 0, reached_with = 0;  // share of the optimum at the end
  std::size_t last_stage = 0;                    // of the curriculum, 4: all done
};

struct CurriculumStudy {
  std::vector<double> optimum;  // average reward a step of the best policy of each market
  std::vector<CurriculumStudyRun> runs;
};

/// Trains with and without a curriculum in the four markets as one (env::StagedSignalEnv) until the policy's
/// exact average reward over all of them, each counting alike, is `target` of the best policy's. It is
/// computed without sampling error after each rollout. Throws Interrupted after Ctrl-C.
CurriculumStudy run_curriculum_study(const CurriculumStudyConfig& config);

/// The steps of each seed, and the ratio with / without: geometric mean over the seeds, Student's interval of
/// the logarithms, exact sign test. A training that never arrived counts with all the steps it was given.
std::string curriculum_study_markdown(const CurriculumStudyConfig& config, const CurriculumStudy& study);
std::string curriculum_study_json(const CurriculumStudyConfig& config, const CurriculumStudy& study);

}  // namespace stevie::app
