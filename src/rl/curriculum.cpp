#include "rl/curriculum.h"

#include <cassert>
#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace stevie::rl {

using market::stage_count;

std::vector<std::string> CurriculumConfig::faults() const {
  std::vector<std::string> faults = stages.faults();
  const auto require = [&faults](bool good, const char* text) {
    if (!good) faults.emplace_back(text);
  };
  bool finite = marks.size() == stage_count;
  for (const double mark : marks) finite = finite && std::isfinite(mark);
  require(finite, "marks must be four numbers, one for each stage");
  require(patience >= 1, "patience must be at least 1");
  require(std::isfinite(least_gain) && least_gain >= 0, "least_gain must be 0 or above");
  require(std::isfinite(fall_margin) && fall_margin >= 0, "fall_margin must be 0 or above");
  require(review >= 0 && review < 1, "review must be from 0 to below 1");
  return faults;
}

void CurriculumConfig::validate() const {
  const std::string all = joined(faults());
  if (!all.empty()) throw Error("rl.bad_curriculum", all, "curriculum");
}

std::string_view to_string(CurriculumStep step) {
  constexpr std::array<std::string_view, 4> names{"stays", "passed_mark", "left_plateau", "fell_back"};
  return names[static_cast<std::size_t>(step)];
}

Curriculum::Curriculum(const CurriculumConfig& config, const CurriculumState& state)
    : config_((config.validate(), config)), state_(state) {
  const auto finite = [](const std::optional<double>& score) { return !score || std::isfinite(*score); };
  bool sound = state_.stage <= stage_count && finite(state_.best);
  for (std::size_t i = 0; i < stage_count; ++i)
    sound = sound && finite(state_.left_at[i]) && (i >= state_.stage || state_.left_at[i]);
  if (!sound) throw Error("bytes.damaged", "the saved state of the curriculum is damaged");
}

CurriculumStep Curriculum::judge(std::span<const double> scores) {
  assert(scores.size() == stage_count);
  if (finished()) return CurriculumStep::stays;
  const std::size_t stage = state_.stage;
  const double score = scores[stage];
  if (config_.fall_back && stage > 0 && state_.falls < config_.most_falls &&
      scores[stage - 1] < *state_.left_at[stage - 1] - config_.fall_margin) {
    --state_.stage;
    ++state_.falls;
    state_.best.reset();
    state_.stale = 0;
    return CurriculumStep::fell_back;
  }
  if (!state_.best || score > *state_.best + config_.least_gain) {
    state_.best = score;
    state_.stale = 0;
  } else {
    ++state_.stale;
  }
  if (score >= config_.marks[stage]) return leave(score, CurriculumStep::passed_mark);
  if (state_.stale >= config_.patience) return leave(score, CurriculumStep::left_plateau);
  return CurriculumStep::stays;
}

CurriculumStep Curriculum::leave(double score, CurriculumStep why) {
  state_.left_at[state_.stage] = score;
  ++state_.stage;
  state_.best.reset();
  state_.stale = 0;
  return why;
}

std::array<double, stage_count> Curriculum::shares() const {
  std::array<double, stage_count> shares{};
  if (finished()) return shares;
  const std::size_t stage = state_.stage;
  shares[stage] = stage == 0 ? 1.0 : 1.0 - config_.review;
  for (std::size_t before = 0; before < stage; ++before)
    shares[before] = config_.review / static_cast<double>(stage);
  return shares;
}

}  // namespace stevie::rl
