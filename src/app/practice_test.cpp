// Training with augmented episodes and with a curriculum.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "app/augment_data.h"
#include "app/augmentation_study.h"
#include "app/curriculum_run.h"
#include "app/curriculum_study.h"
#include "app/train.h"
#include "core/error.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/synthetic.h"
#include "nn/model_file.h"
#include "rl/tensorboard.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using market::stage_count;
using nlohmann::json;

class Practice : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.model = market::SyntheticModel::martingale;  // no regimes: every stage in every part
    config.bars = 3000;
    config.symbol = "ABC/USDT";
    bars_ = market::make_synthetic_market(config).bars;
    data_ = folder_ / "ABCUSDT_1h.csv";
    market::write_bars(data_, bars_);
  }

  TrainRequest request(const std::string& out) const {
    TrainRequest made;
    made.data = data_;
    made.out = folder_ / out;
    made.config.train = {.total_timesteps = 1200, .eval_freq = 150, .checkpoint_freq = 400};
    made.config.ppo.n_envs = 3;
    made.config.ppo.n_steps = 50;
    made.config.ppo.batch_size = 50;
    made.config.ppo.n_epochs = 1;
    made.config.env.episode_length = 40;
    return made;
  }
  TrainRequest with_curriculum(const std::string& out) const {
    TrainRequest made = request(out);
    made.config.curriculum.enabled = true;
    made.config.curriculum.stages.window_bars = 24;
    made.config.curriculum.patience = 1;
    made.config.curriculum.marks = {1e6, 1e6, 1e6, 1e6};  // only plateaus
    return made;
  }
  std::string bytes(const std::string& file) const { return read_file(folder_ / file); }

  /// 600 steps and then the rest must leave what 1200 in one go leave.
  void expect_resumable(TrainRequest whole, TrainRequest parts) const {
    whole.out = folder_ / "whole";
    parts.out = folder_ / "parts";
    train_policy(whole);
    parts.config.train.total_timesteps = 600;
    train_policy(parts);
    parts.config.train.total_timesteps = 1200;
    parts.resume = true;
    train_policy(parts);
    for (const char* file : {"models/ppo_stevie.zip", "checkpoints/ppo.zip"})
      EXPECT_EQ(bytes(std::string("whole/") + file) == bytes(std::string("parts/") + file), true) << file;
  }

  static std::string code_of(const TrainRequest& wanted) {
    try {
      train_policy(wanted);
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path data_;
  market::Bars bars_;
};

TEST_F(Practice, AugmentationChangesTheTrainingAndResumes) {
  train_policy(request("plain"));
  TrainRequest augmented = request("whole");
  augmented.config.augmentation.techniques = {"all"};
  expect_resumable(augmented, augmented);
  EXPECT_NE(bytes("plain/models/ppo_stevie.zip"), bytes("whole/models/ppo_stevie.zip"));
  const json parsed = json::parse(bytes("whole/training_results.json"));
  EXPECT_EQ(parsed.at("configuration").at("augmentation.techniques"), "[\"all\"]");
}

TEST_F(Practice, ATrainingWithOtherAmountsIsNotResumed) {
  train_policy(request("run"));
  TrainRequest other = request("run");
  other.resume = true;
  other.config.augmentation.techniques = {"noise"};
  EXPECT_EQ(code_of(other), "train.checkpoint_differs");
}

TEST_F(Practice, CurriculumGoesThroughItsStagesAndResumes) {
  const TrainRequest wanted = with_curriculum("run");
  expect_resumable(wanted, wanted);
  EXPECT_EQ(bytes("whole/curriculum_progress/progress.json"),
            bytes("parts/curriculum_progress/progress.json"));
  const json progress = json::parse(bytes("whole/curriculum_progress/progress.json"));
  ASSERT_EQ(progress.at("history").size(), 8u);
  EXPECT_EQ(progress.at("stages").size(), stage_count);
  EXPECT_EQ(progress.at("stages")[3].at("name"), "turbulent");
  // Every stage practised is the one that the decision before leads to.
  std::uint64_t before = 0;
  int stage = 0, highest = 0;
  for (const json& row : progress.at("history")) {
    EXPECT_GT(row.at("timesteps").get<std::uint64_t>(), before);
    before = row.at("timesteps");
    EXPECT_EQ(row.at("scores").size(), stage_count);
    EXPECT_EQ(row.at("stage"), stage);
    const std::string step = row.at("step");
    EXPECT_NE(step, "passed_mark");
    stage += step == "left_plateau" ? 1 : step == "fell_back" ? -1 : 0;
    highest = std::max(highest, stage);
  }
  EXPECT_EQ(progress.at("stage"), stage);
  EXPECT_GT(highest, 0);
}

TEST_F(Practice, TensorBoardHasTheStageAndTheScoresOfEveryEvaluation) {
  train_policy(with_curriculum("run"));
  std::vector<rl::Scalar> scalars;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "run/tensorboard_logs"))
    if (entry.is_regular_file()) scalars = rl::read_scalars(entry.path());
  std::map<std::pair<std::string, std::int64_t>, double> told;
  for (const rl::Scalar& scalar : scalars) told[{scalar.tag, scalar.step}] = scalar.value;
  const json progress = json::parse(bytes("run/curriculum_progress/progress.json"));
  int stage = 1;
  for (const json& row : progress.at("history")) {
    const std::string step = row.at("step");
    stage += step == "left_plateau" ? 1 : step == "fell_back" ? -1 : 0;
    const std::int64_t timesteps = row.at("timesteps");
    EXPECT_EQ(told.at({"curriculum/stage", timesteps}), stage);
    for (std::size_t i = 0; i < stage_count; ++i) {
      const std::string tag = "curriculum/score_" + std::string(market::stage_names[i]);
      EXPECT_EQ(told.at({tag, timesteps}), row.at("scores")[i].get<float>()) << tag;
    }
  }
}

TEST_F(Practice, ADamagedProgressFileIsWrittenAnew) {
  train_policy(with_curriculum("whole"));
  for (const char* damage : {"", "{\"stage\": 3}", "\xff\xff"}) {
    fs::remove_all(folder_ / "parts");
    TrainRequest parts = with_curriculum("parts");
    parts.config.train.total_timesteps = 600;
    train_policy(parts);
    write_file(folder_ / "parts/curriculum_progress/progress.json", damage);
    parts.config.train.total_timesteps = 1200;
    parts.resume = true;
    train_policy(parts);  // the checkpoint is what counts
    EXPECT_EQ(bytes("parts/curriculum_progress/progress.json"),
              bytes("whole/curriculum_progress/progress.json"));
    EXPECT_TRUE(bytes("parts/models/ppo_stevie.zip") == bytes("whole/models/ppo_stevie.zip"));
  }
}

TEST_F(Practice, ADamagedCheckpointOfACurriculumIsAClearError) {
  const TrainRequest wanted = with_curriculum("run");
  train_policy(wanted);
  const fs::path checkpoint = folder_ / "run/checkpoints/ppo.zip";
  const nn::ModelFile sound = nn::read_model_file(checkpoint);
  TrainRequest again = wanted;
  again.resume = true;
  for (const char* damage : {"", "{}", "[1]", "{\"stage\": 9}"}) {
    nn::ModelFile damaged = sound;
    damaged.extra_members["curriculum.json"] = damage;
    nn::write_model_file(checkpoint, damaged);
    EXPECT_EQ(code_of(again), "train.not_resumable") << damage;
  }
  nn::ModelFile without = sound;
  without.extra_members.erase("curriculum.json");
  nn::write_model_file(checkpoint, without);
  EXPECT_EQ(code_of(again), "train.not_resumable");
}

TEST_F(Practice, OtherEvaluationsAreAnotherCurriculum) {
  train_policy(with_curriculum("run"));
  TrainRequest other = with_curriculum("run");
  other.resume = true;
  other.config.train.eval_freq = 300;
  EXPECT_EQ(code_of(other), "train.checkpoint_differs");
}

TEST_F(Practice, AnEmptyStageIsAClearError) {
  TrainRequest wanted = with_curriculum("run");
  wanted.config.curriculum.stages.volatility_quantiles = {0.5, 0.5, 0.75};
  wanted.config.curriculum.stages.liquidity_quantile = 0;
  try {
    train_policy(wanted);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "curriculum.empty_stage");
    EXPECT_NE(error.message().find("moderate has no bar of the training part"), std::string::npos)
        << error.message();
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Practice, AStageWithoutValidationBarsIsAClearError) {
  TrainRequest wanted = with_curriculum("run");
  // As calm as can be behind the training part: nothing but the stable stage there.
  const market::Split split = market::split_bars(bars_, {});
  for (std::size_t i = split.train.end; i < bars_.size(); ++i)
    bars_.open[i] = bars_.high[i] = bars_.low[i] = bars_.close[i] = bars_.close[split.train.end - 1];
  market::write_bars(data_, bars_);
  try {
    train_policy(wanted);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "curriculum.empty_stage");
    EXPECT_NE(error.message().find("high_volatility, turbulent have no bar of the validation part"),
              std::string::npos)
        << error.message();
    EXPECT_NE(error.message().find("curriculum.volatility_quantiles"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Practice, ScoresAddUpToTheGrowthOfTheAccount) {
  const TrainRequest wanted = with_curriculum("run");
  const TrainingMarket market = prepare_training_market(bars_, {}, wanted.config.env, "bars");
  env::TradingEnv environment(market.market, market.split.train, wanted.config.env, 1);
  const market::BarRange validation = market.split.validation;
  CurriculumRun run(wanted.config.curriculum, market, validation, environment);
  execution::SimulationResult result;
  result.initial_equity = 1;
  double equity = 1;
  for (std::size_t i = 0; i < validation.size(); ++i) {
    result.equity.push_back(equity);
    equity *= 1 + 1e-4 * static_cast<double>(i % 7);
  }
  run.judge(100, result);
  const json progress = json::parse(run.progress_json());
  double sum = 0, bars = 0;
  for (std::size_t stage = 0; stage < stage_count; ++stage) {
    const double count = progress.at("stages")[stage].at("validation_bars");
    sum += progress.at("history")[0].at("scores")[stage].get<double>() * count / (365 * 24);
    bars += count;
  }
  EXPECT_NEAR(sum, std::log(result.equity.back()), 1e-9);
  EXPECT_EQ(bars, static_cast<double>(validation.size() - 1));

  CurriculumRun other(wanted.config.curriculum, market, validation, environment);
  other.restore(run.progress_json());
  EXPECT_EQ(other.progress_json(), run.progress_json());
  for (const char* damaged : {"", "{}", "{\"stage\": 9}", "[1]"}) {
    try {
      other.restore(damaged);
      FAIL() << damaged;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "bytes.damaged");
    }
  }
}

TEST_F(Practice, EpisodesStartInTheStage) {
  const TrainRequest wanted = with_curriculum("run");
  const TrainingMarket market = prepare_training_market(bars_, {}, wanted.config.env, "bars");
  env::TradingEnv environment(market.market, market.split.train, wanted.config.env, 50);
  const CurriculumRun run(wanted.config.curriculum, market, market.split.validation, environment);
  std::vector<float> observations(50 * environment.observation_size());
  environment.reset(1, observations);
  const auto& stages = wanted.config.curriculum.stages;
  const market::StageCuts cuts = market::fit_stages(bars_, market.split.train, stages);
  const auto labels = market::label_stages(bars_, market.split.train, cuts, stages);
  for (std::size_t lane = 0; lane < 50; ++lane)
    EXPECT_EQ(labels[environment.bar(lane) - market.split.train.begin], 0);
}

// The studies, as small as they go: the same configuration gives the same text, and every pair is there.

TEST_F(Practice, AugmentationStudyRepeatsItself) {
  AugmentationStudyConfig config{.data = data_, .config = request("").config, .seeds = 2};
  config.config.train.total_timesteps = 300;
  config.arms = {"none", "noise", "null"};
  std::size_t told = 0;
  config.finished = [&](const std::vector<AugmentationArmResult>& results) {
    ++told;
    for (const AugmentationArmResult& result : results) EXPECT_EQ(result.runs.size(), told);
  };
  const auto results = run_augmentation_study(config);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[2].arm.techniques, std::vector<std::string>{"permutation"});
  told = 0;
  EXPECT_EQ(augmentation_study_json(config, results),
            augmentation_study_json(config, run_augmentation_study(config)));
  const json parsed = json::parse(augmentation_study_json(config, results));
  EXPECT_TRUE(parsed.at("arms")[0].at("against_none").is_null());
  EXPECT_GE(parsed.at("arms")[1].at("against_none").at("p_holm").get<double>(),
            parsed.at("arms")[1].at("against_none").at("p").get<double>());
  EXPECT_TRUE(parsed.at("arms")[0].at("against_null").is_null());
  EXPECT_TRUE(parsed.at("arms")[2].at("against_null").is_null());
  const auto test_of = [&](std::size_t arm, std::size_t seed) {
    return parsed.at("arms")[arm].at("runs")[seed].at("test_growth").get<double>();
  };
  const double difference = 0.5 * (test_of(1, 0) - test_of(2, 0) + test_of(1, 1) - test_of(2, 1));
  EXPECT_NEAR(parsed.at("arms")[1].at("against_null").at("mean").get<double>(), difference, 1e-12);
  EXPECT_NE(augmentation_study_markdown(config, results).find("| null |"), std::string::npos);
  EXPECT_NE(augmentation_study_markdown(config, results).find("against null"), std::string::npos);
  config.arms = {"blur"};
  EXPECT_THROW(run_augmentation_study(config), Error);
}

TEST_F(Practice, AugmentationStudyHasEveryArm) {
  std::vector<std::string> names;
  for (const AugmentationArm& arm : augmentation_arms()) {
    names.push_back(arm.name);
    market::AugmentationConfig config;
    config.techniques = arm.techniques;
    EXPECT_TRUE(config.faults().empty()) << arm.name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"none", "noise", "volume", "shift", "volatility", "warp", "all",
                                             "bootstrap", "null"}));
}

TEST(CurriculumStudy, CountsWhatNeverArrivesAsAllItsSteps) {
  CurriculumStudyConfig config = curriculum_study_defaults();
  ASSERT_EQ(config.markets.size(), stage_count);
  config.seeds = 2;
  config.ppo.n_envs = 4;
  config.ppo.n_steps = 50;
  config.ppo.batch_size = 50;
  config.ppo.n_epochs = 1;
  config.timesteps = 400;
  const CurriculumStudy study = run_curriculum_study(config);
  ASSERT_EQ(study.optimum.size(), stage_count);
  for (std::size_t i = 1; i < stage_count; ++i) EXPECT_GT(study.optimum[i], study.optimum[i - 1]);
  for (const CurriculumStudyRun& run : study.runs) {
    EXPECT_FALSE(run.without.has_value());
    EXPECT_LT(run.reached_without, 0.9);
  }
  EXPECT_EQ(json::parse(curriculum_study_json(config, study)).at("ratio").at("mean"), 1.0);
  EXPECT_NE(curriculum_study_markdown(config, study).find("never"), std::string::npos);
}

TEST_F(Practice, AugmentedBarsAndTheirPictureCanBeLookedAt) {
  AugmentDataRequest request{.in = data_, .out = folder_ / "new.csv", .picture = folder_ / "new.svg"};
  request.augmentation.techniques = {"all"};
  request.picture_bars = 50;
  const std::string text = augment_data(request);
  const market::Bars made = market::read_bars(request.out);
  EXPECT_TRUE(market::looks_synthetic(made));
  EXPECT_NE(text.find("picture: "), std::string::npos);
  const std::string svg = bytes("new.svg");
  const auto count = [&svg](const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("<path "), 100u);  // a candle for each bar of both
  EXPECT_EQ(count("<polyline "), 1u);
  EXPECT_EQ(count("nan"), 0u);
  request.out.clear();
  request.picture.clear();
  augment_data(request);
  request.augmentation.techniques.clear();
  EXPECT_THROW(augment_data(request), Error);
  request.augmentation.techniques = {"noise"};
  request.from = bars_.open_time.back();
  EXPECT_THROW(augment_data(request), Error);
}

TEST(AugmentationPicture, NamesOfFilesCannotBreakIt) {
  market::Bars bars;
  bars.symbol = "<script>&\"";
  bars.interval = hour_ms;
  bars.push_back({0, 1, 1, 1, 1, 0});
  bars.push_back({hour_ms, 1, 1, 1, 1, 0});
  const std::string svg = augmentation_svg(bars, bars.slice(0, 1), "a < b", 100);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;&quot;"), std::string::npos);
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(svg.find(">1</text>"), std::string::npos);  // the one price there is
  EXPECT_NE(svg.find(">1.004</text>"), std::string::npos);
}

}  // namespace
}  // namespace stevie::app
