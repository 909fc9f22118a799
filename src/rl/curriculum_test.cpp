#include "rl/curriculum.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/error.h"
#include "core/random.h"

namespace stevie::rl {
namespace {

using market::stage_count;
using Scores = std::array<double, stage_count>;

CurriculumConfig config_with(std::size_t patience = 3) {
  CurriculumConfig config;
  config.marks = {1, 2, 3, 4};
  config.patience = patience;
  config.least_gain = 0.1;
  config.fall_margin = 0.5;
  return config;
}

TEST(Curriculum, PassesEachMarkInTurn) {
  Curriculum curriculum(config_with());
  EXPECT_EQ(curriculum.judge(Scores{0.9, 9, 9, 9}), CurriculumStep::stays);  // only its own mark counts
  EXPECT_EQ(curriculum.judge(Scores{1.0, 0, 0, 0}), CurriculumStep::passed_mark);
  EXPECT_EQ(curriculum.judge(Scores{1.0, 2.5, 0, 0}), CurriculumStep::passed_mark);
  EXPECT_EQ(curriculum.judge(Scores{1.0, 2.5, 3, 0}), CurriculumStep::passed_mark);
  EXPECT_FALSE(curriculum.finished());
  EXPECT_EQ(curriculum.judge(Scores{1.0, 2.5, 3, 4}), CurriculumStep::passed_mark);
  EXPECT_TRUE(curriculum.finished());
  EXPECT_EQ(curriculum.judge(Scores{-9, -9, -9, -9}), CurriculumStep::stays);
  EXPECT_EQ(curriculum.shares(), (Scores{0, 0, 0, 0}));
}

TEST(Curriculum, LeavesAPlateauAfterPatience) {
  Curriculum curriculum(config_with(3));
  for (const double score : {0.1, 0.3, 0.35, 0.38})  // 0.35 and 0.38 are not better by 0.1
    EXPECT_EQ(curriculum.judge(Scores{score, 0, 0, 0}), CurriculumStep::stays);
  EXPECT_EQ(curriculum.state().stale, 2u);
  EXPECT_EQ(curriculum.judge(Scores{0.5, 0, 0, 0}), CurriculumStep::stays);  // better: patience starts again
  for (int i = 0; i < 2; ++i) EXPECT_EQ(curriculum.judge(Scores{0.2, 0, 0, 0}), CurriculumStep::stays);
  EXPECT_EQ(curriculum.judge(Scores{0.2, 0, 0, 0}), CurriculumStep::left_plateau);
  EXPECT_EQ(curriculum.state().stage, 1u);
  EXPECT_EQ(curriculum.state().left_at[0], 0.2);
}

TEST(Curriculum, FallsBackWhereTheStageBeforeIsForgotten) {
  CurriculumConfig config = config_with();
  config.most_falls = 1;
  Curriculum curriculum(config);
  curriculum.judge(Scores{1.5, 0, 0, 0});
  EXPECT_EQ(curriculum.judge(Scores{1.1, 0, 0, 0}), CurriculumStep::stays);  // within the margin
  EXPECT_EQ(curriculum.judge(Scores{0.9, 5, 0, 0}), CurriculumStep::fell_back);
  EXPECT_EQ(curriculum.state().stage, 0u);
  curriculum.judge(Scores{1.5, 0, 0, 0});
  EXPECT_EQ(curriculum.judge(Scores{0, 0, 0, 0}), CurriculumStep::stays);  // no second time
  config.fall_back = false;
  Curriculum stubborn(config);
  stubborn.judge(Scores{1.5, 0, 0, 0});
  EXPECT_EQ(stubborn.judge(Scores{-9, 0, 0, 0}), CurriculumStep::stays);
}

TEST(Curriculum, SharesSumToOneAndReviewWhatCameBefore) {
  CurriculumConfig config = config_with();
  config.review = 0.3;
  EXPECT_EQ(Curriculum(config).shares(), (Scores{1, 0, 0, 0}));
  const Scores third = Curriculum(config, {.stage = 2, .best = {}, .left_at = {1.0, 2.0}}).shares();
  EXPECT_DOUBLE_EQ(third[0], 0.15);
  EXPECT_DOUBLE_EQ(third[1], 0.15);
  EXPECT_DOUBLE_EQ(third[2], 0.7);
  EXPECT_DOUBLE_EQ(third[3], 0);
}

TEST(Curriculum, EndsWhateverTheScoresAndGoesOnFromItsState) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    RandomStream random(seed, 0);
    const CurriculumConfig config = config_with(1 + random.below(5));
    Curriculum whole(config);
    std::optional<Curriculum> resumed;
    std::size_t evaluations = 0;
    for (; !whole.finished(); ++evaluations) {
      ASSERT_LT(evaluations, 1000u);
      if (evaluations == 3) resumed.emplace(config, whole.state());
      Scores scores;
      for (double& score : scores) score = random.normal();
      const CurriculumStep step = whole.judge(scores);
      if (resumed && evaluations >= 3) {
        EXPECT_EQ(resumed->judge(scores), step);
        EXPECT_EQ(resumed->state(), whole.state());
      }
    }
  }
}

TEST(Curriculum, FaultsAreErrors) {
  CurriculumConfig config;
  config.marks = {1, 2};
  config.patience = 0;
  config.review = 1;
  config.fall_margin = -1;
  config.stages.window_bars = 0;
  EXPECT_EQ(config.faults().size(), 5u);
  const auto code = [](auto&& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  EXPECT_EQ(code([&] { Curriculum{config}; }), "rl.bad_curriculum");
  EXPECT_EQ(code([] { Curriculum({}, {.stage = 5, .best = {}, .left_at = {}}); }), "bytes.damaged");
  // A stage behind another has the score at which that one was left.
  EXPECT_EQ(code([] { Curriculum({}, {.stage = 2, .best = {}, .left_at = {1.0}}); }), "bytes.damaged");
}

}  // namespace
}  // namespace stevie::rl
