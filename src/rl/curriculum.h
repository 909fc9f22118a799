#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/stages.h"

namespace stevie::rl {

/// Practice in four stages, from calm markets to turbulent ones. Default: off, episodes start anywhere.
struct CurriculumConfig {
  bool enabled = false;
  /// Which bars belong to which stage.
  market::StageConfig stages;
  /// Score of each stage from which on it is passed. Default 0.1 each: in markets the score is the log growth
  /// of the account in a year of the stage's validation bars. Higher keeps a stage until it is on a plateau.
  std::vector<double> marks{0.1, 0.1, 0.1, 0.1};
  /// Evaluations without a better score after which a stage is on a plateau, and left. Default 4.
  std::size_t patience = 4;
  /// By how much a score must be better to count as better. Default 0.01.
  double least_gain = 0.01;
  /// Go back a stage where the score in it falls by more than `fall_margin` below what it was when it was
  /// left, at most `most_falls` times in a training. Defaults true, 0.2 and 2.
  bool fall_back = true;
  double fall_margin = 0.2;
  std::size_t most_falls = 2;
  /// Share of the episodes that practise the stages before, all alike. Default 0.25: less forgets more.
  double review = 0.25;

  std::vector<std::string> faults() const;
  /// Throws Error "rl.bad_curriculum" that lists all faults.
  void validate() const;
};

enum class CurriculumStep : std::uint8_t { stays, passed_mark, left_plateau, fell_back };
std::string_view to_string(CurriculumStep step);  // "stays", "passed_mark", "left_plateau", "fell_back"

/// Everything that changes while a curriculum goes on; a plain value to save.
struct CurriculumState {
  std::size_t stage = 0;  // market::stage_count: all are done, episodes start anywhere
  std::size_t falls = 0;
  std::size_t stale = 0;       // evaluations since the best one of this stay in the stage
  std::optional<double> best;  // score of this stay
  std::array<std::optional<double>, market::stage_count> left_at;  // score of a stage when it was left

  bool operator==(const CurriculumState&) const = default;
};

/// Decides after every evaluation which stage is practised next. It knows nothing of markets.
class Curriculum {
 public:
  /// Throws what validate() throws, and "bytes.damaged" for a state that cannot be.
  explicit Curriculum(const CurriculumConfig& config, const CurriculumState& state = {});

  /// scores: of every stage at this evaluation, (stage_count); larger is better. First looks whether the
  /// stage before has been forgotten, then whether this one has passed its mark, then whether it is on a
  /// plateau. Does nothing once all are done.
  CurriculumStep judge(std::span<const double> scores);

  const CurriculumState& state() const { return state_; }
  bool finished() const { return state_.stage == market::stage_count; }
  /// Share of the episodes that practise each stage; all 0 once finished, when episodes start anywhere.
  std::array<double, market::stage_count> shares() const;

 private:
  CurriculumStep leave(double score, CurriculumStep why);

  CurriculumConfig config_;
  CurriculumState state_;
};

}  // namespace stevie::rl
