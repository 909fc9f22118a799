#include "app/evaluate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/testing.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

/// A folder with bars of a made-up market and a model that was never trained, but has a card.
class EvaluateModel : public testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 4000;
    config.symbol = "ABC/USDT";
    bars_ = market::make_synthetic_market(config).bars;
    market::write_bars(data(), bars_);

    card_.feature_set_version = features::feature_set_version();
    const features::FeatureMatrix matrix = features::compute_features(bars_);
    card_.scaler = features::fit_scaler(matrix, {0, 2000});
    card_.symbol = "ABC/USDT";
    card_.interval = bars_.interval;
    card_.training = {bars_.open_time[0], bars_.open_time[2000]};
    card_.validation = {bars_.open_time[2024], bars_.open_time[2500]};
    card_.test = {bars_.open_time[2600], bars_.open_time[3900]};
    write_model();
  }

  std::filesystem::path data() const { return folder_ / "ABCUSDT_1h.csv.gz"; }
  std::filesystem::path model() const { return folder_ / "model.zip"; }
  EvaluateRequest request() const {
    EvaluateRequest made;
    made.model = model();
    made.data = data();
    made.bootstrap.replicates = 100;
    return made;
  }

  void write_model(bool with_card = true) {
    nn::ModelFile file;
    file.observation_size = features::observation_size;
    file.action_count = card_.environment.exposures.size();
    file.hyper_parameters_json = R"({"num_timesteps": 1000000})";
    nn::ActorCritic network({file.observation_size, file.action_count, file.policy_kwargs});
    network.initialise_orthogonal(1);
    file.policy = network.to_tensors(network.parameters());
    if (with_card) file.extra_members[model_card_member] = model_card_json(card_);
    nn::write_model_file(model(), file);
  }

  std::string code_of(const EvaluateRequest& wanted) {
    try {
      evaluate_model(wanted);
    } catch (const Error& error) {
      return error.code();
    }
    return "no error";
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  market::Bars bars_;
  ModelCard card_;
};

TEST_F(EvaluateModel, JudgesTheTestPeriodThatTheModelRecords) {
  const evaluation::Evaluation result = evaluate_model(request());
  EXPECT_EQ(result.from, card_.test.from);
  EXPECT_EQ(result.to, card_.test.to);
  EXPECT_TRUE(result.description.notices.empty());
  EXPECT_EQ(result.description.title, "PPO policy on ABC/USDT 1h");
  EXPECT_NE(result.description.model.find("1,000,000 steps"), std::string::npos);
  EXPECT_EQ(result.baselines.size(), 3u);
}

TEST_F(EvaluateModel, WritesTheFilesItIsAskedFor) {
  EvaluateRequest wanted = request();
  wanted.out = folder_ / "run";
  wanted.report = folder_ / "one.html";
  evaluate_model(wanted);
  EXPECT_EQ(read_file(folder_ / "one.html"), read_file(folder_ / "run" / "report.html"));
  EXPECT_EQ(nlohmann::json::parse(read_file(folder_ / "run" / "evaluation.json"))["format"],
            "stevie-evaluation");
  EXPECT_TRUE(read_file(folder_ / "run" / "trades.csv").starts_with("entry_time,exit_time,side,"));
}

TEST_F(EvaluateModel, SaysWhenThePeriodWasSeenBefore) {
  EvaluateRequest wanted = request();
  wanted.from = bars_.open_time[1500];
  const evaluation::Evaluation result = evaluate_model(wanted);
  ASSERT_EQ(result.description.notices.size(), 2u);
  EXPECT_NE(result.description.notices[0].find("trained on a part of this period"), std::string::npos);
  EXPECT_NE(result.description.notices[1].find("chosen on a part of this period"), std::string::npos);
}

TEST_F(EvaluateModel, SaysWhenTheBarsAreOfAnotherMarketOrInterval) {
  card_.symbol = "XYZ/USDT";
  card_.interval = 5 * minute_ms;
  card_.synthetic = true;
  write_model();
  EXPECT_EQ(evaluate_model(request()).description.notices.size(), 3u);
}

TEST_F(EvaluateModel, MovesTheStartBehindTheWarmUp) {
  card_.training = card_.validation = {};
  write_model();
  EvaluateRequest wanted = request();
  wanted.from = bars_.open_time[0];
  wanted.to = bars_.open_time[2000];
  const evaluation::Evaluation result = evaluate_model(wanted);
  EXPECT_EQ(result.from, bars_.open_time[features::feature_warm_up()]);
  EXPECT_EQ(result.description.notices.size(), 1u);
}

TEST_F(EvaluateModel, RefusesAModelOfAnotherObservationAndWritesNothing) {
  card_.feature_set_version = "0-0123456789abcdef";
  write_model();
  EvaluateRequest wanted = request();
  wanted.report = folder_ / "report.html";
  EXPECT_EQ(code_of(wanted), "model.observation_differs");
  write_model(false);
  EXPECT_EQ(code_of(wanted), "model.no_card");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "report.html"));
}

TEST_F(EvaluateModel, RefusesPeriodsWithoutBars) {
  EvaluateRequest wanted = request();
  wanted.from = bars_.open_time.back() + day_ms;
  EXPECT_EQ(code_of(wanted), "evaluation.bad_range");
  wanted = request();
  wanted.from = bars_.open_time[3000];
  wanted.to = bars_.open_time[2900];
  EXPECT_EQ(code_of(wanted), "evaluation.bad_range");
  wanted = request();
  wanted.to = bars_.open_time[100];  // all of it before the features' warm-up
  EXPECT_EQ(code_of(wanted), "evaluation.bad_range");
  market::write_bars(folder_ / "few_1h.csv", bars_.slice(0, 50));
  wanted.data = folder_ / "few_1h.csv";
  wanted.to.reset();
  try {
    evaluate_model(wanted);
    FAIL() << "50 bars were evaluated";
  } catch (const Error& error) {
    const std::string warm_up = std::to_string(features::feature_warm_up());
    EXPECT_NE(error.message().find("behind the " + warm_up + " "), std::string::npos) << error.message();
  }
}

TEST_F(EvaluateModel, RefusesFilesThatAreMissingOrCannotBeWritten) {
  EvaluateRequest wanted = request();
  wanted.model = folder_ / "none.zip";
  EXPECT_EQ(code_of(wanted), "file.missing");
  wanted = request();
  wanted.out = data() / "below_a_file";
  EXPECT_EQ(code_of(wanted), "file.unwritable");
}

}  // namespace
}  // namespace stevie::app
