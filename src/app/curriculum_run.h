#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/training_market.h"
#include "execution/simulation_result.h"
#include "rl/curriculum.h"

namespace stevie::app {

/// The curriculum of one training on a market: which bars belong to which stage, the scores on the validation
/// part, and what the environment's episodes start from.
///
/// Stages are told apart by quantiles of the training part alone (market::fit_stages). The score of a stage
/// is the log growth of the account over the validation bars of that stage, brought to a year.
class CurriculumRun {
 public:
  /// `validation` is the range that play_validation() plays. Makes the environment start from the first
  /// stage. Throws Error "curriculum.empty_stage", with its name and the part in which it has no bars, and
  /// what rl::Curriculum throws. The environment must outlive it.
  CurriculumRun(const rl::CurriculumConfig& config, const TrainingMarket& market, market::BarRange validation,
                env::TradingEnv& environment);

  /// Takes a run over the validation range, decides, and tells the environment.
  rl::CurriculumStep judge(std::uint64_t timesteps, const execution::SimulationResult& validation);

  const rl::Curriculum& curriculum() const { return curriculum_; }
  /// For TensorBoard: "curriculum/stage" (1 to 4, 5 when all are done) and "curriculum/score_<stage>", of the
  /// last judgement.
  std::vector<std::pair<std::string, double>> scalars() const;

  /// Everything that happened, as the JSON object of curriculum_progress/progress.json.
  std::string progress_json() const;
  /// Goes on from what progress_json() wrote in a training with the same bars and configuration. Throws Error
  /// "bytes.damaged".
  void restore(const std::string& progress_json);
  /// curriculum_progress/progress.json in this folder.
  void write(const std::filesystem::path& folder) const;

 private:
  struct Judgement {
    std::uint64_t timesteps = 0;
    std::size_t stage = 0;  // that was practised
    std::array<double, market::stage_count> scores{};
    rl::CurriculumStep step = rl::CurriculumStep::stays;
  };
  void tell_environment();

  rl::CurriculumConfig config_;
  rl::Curriculum curriculum_;
  env::TradingEnv& environment_;
  market::StageCuts cuts_;
  std::array<std::vector<std::uint64_t>, market::stage_count> starts_;  // bars of the training part
  std::vector<std::uint8_t> validation_stage_;                          // (bars of the validation range)
  std::array<std::size_t, market::stage_count> validation_bars_{};
  double bars_a_year_ = 0;
  std::vector<Judgement> history_;
};

}  // namespace stevie::app
