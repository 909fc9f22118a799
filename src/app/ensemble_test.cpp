#include "app/ensemble.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/decision_log.h"
#include "app/ensemble_study.h"
#include "app/ensemble_testing.h"
#include "app/ensemble_train.h"
#include "app/evaluate.h"
#include "app/predict.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"
#include "evaluation/report.h"
#include "market/readers.h"
#include "market/resample.h"

namespace stevie::app {
namespace {

using nlohmann::json;

/// A folder with bars, two models and the rules' parameters.
class EnsembleFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    bars_ = testing::made_up_bars();
    market::write_bars(data(), bars_);
    card_ = testing::card_of(bars_);
    write_file(path("a.zip"), testing::model_bytes(card_, 1));
    write_file(path("b.zip"), testing::model_bytes(card_, 2));
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  std::filesystem::path data() const { return path("ABCUSDT_1h.csv"); }

  EnsembleMakeRequest make_request() const {
    EnsembleMakeRequest request;
    request.members = {path("a.zip").string(), path("b.zip").string(), "rules", "cash"};
    request.data = data();
    request.out = path("ensemble.zip");
    request.config.ensemble.decision.outcome_bars = 6;
    request.config.ensemble.sharpness = 1;
    return request;
  }
  EnsembleEvaluateRequest evaluate_request(const std::string& out = "") const {
    EnsembleEvaluateRequest request;
    request.model = path("ensemble.zip");
    request.data = data();
    if (!out.empty()) request.out = path(out);
    request.bootstrap.replicates = 100;
    return request;
  }

  const TemporaryFolder folder_;
  market::Bars bars_;
  ModelCard card_;
};

std::vector<json> lines_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::vector<json> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST_F(EnsembleFolder, WeighsByTheSharpeRatioOnValidationAndCalibrates) {
  const EnsembleMakeReport report = make_ensemble_file(make_request());
  const EnsembleSpec read = read_ensemble_file(path("ensemble.zip"));
  ASSERT_EQ(read.members.size(), 4U);
  double sum = 0, best = -1e9;
  for (const MemberSpec& member : read.members) best = std::max(best, member.validation.sharpe);
  const auto share = [best](const MemberSpec& member) {
    return std::max(std::exp(member.validation.sharpe - best), 1e-9);
  };
  for (std::size_t i = 0; i < 4; ++i) {
    const MemberSpec& member = read.members[i];
    sum += member.weight;
    // weights are to each other as the exponentials of the Sharpe ratios
    EXPECT_NEAR(member.weight / read.members[3].weight, share(member) / share(read.members[3]),
                1e-9 * share(member) / share(read.members[3]))
        << member.name;
    if (member.kind == "policy") {
      EXPECT_NE(member.validation.sharpe, 0) << member.name;
      EXPECT_LE(member.validation.log_loss_after, member.validation.log_loss_before) << member.name;
      EXPECT_GT(member.validation.log_loss_after, 0) << member.name;
    }
    EXPECT_LE(member.validation.calibration_after, member.validation.calibration_before + 0.05)
        << member.name;
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_EQ(read.members[3].validation.sharpe, 0);  // cash
  // strategies were sure of themselves and are not any more
  EXPECT_NEAR(read.members[3].validation.calibration_before, 1 - read.members[3].validation.accuracy, 1e-9);
  EXPECT_LT(read.members[3].validation.calibration_after,
            std::max(0.0, 1.0 / 3 - read.members[3].validation.accuracy) + 0.02);
  EXPECT_NE(describe_ensemble(read).find("rules"), std::string::npos);
  // cash is right less often than a guess, and whoever combines it by confidence is told
  ASSERT_FALSE(report.notices.empty());
  for (const std::string& notice : report.notices)
    EXPECT_NE(notice.find("hardly a say"), std::string::npos) << notice;
  EnsembleMakeRequest voting = make_request();
  voting.config.ensemble.decision.method = strategy::EnsembleMethod::vote;
  EXPECT_TRUE(make_ensemble_file(voting).notices.empty());
}

TEST_F(EnsembleFolder, TheSameCallGivesTheSameBytes) {
  make_ensemble_file(make_request());
  EnsembleMakeRequest again = make_request();
  again.out = path("again/ensemble.zip");
  make_ensemble_file(again);
  EXPECT_EQ(read_file(path("ensemble.zip")), read_file(again.out));
  evaluate_ensemble(evaluate_request("one"));
  evaluate_ensemble(evaluate_request("two"));
  for (const char* file :
       {"ensemble_results.json", "ensemble_decisions.json", "evaluation.json", "trades.csv"})
    EXPECT_EQ(read_file(path("one") / file), read_file(path("two") / file)) << file;
}

TEST_F(EnsembleFolder, EvaluationRecordsEveryDecisionAndItsMembersBesideIt) {
  make_ensemble_file(make_request());
  const EnsembleReport report = evaluate_ensemble(evaluate_request("run"));
  const evaluation::Evaluation& evaluation = report.evaluation;
  ASSERT_EQ(evaluation.baselines.size(), 3U + 4U);
  EXPECT_EQ(evaluation.baselines[3].run.name, "a");
  EXPECT_EQ(evaluation.from, card_.test.from);

  const std::vector<json> lines = lines_of(path("run/ensemble_decisions.json"));
  const std::size_t decisions = evaluation.strategy.run.result.equity.size() - 1;
  ASSERT_EQ(lines.size(), decisions);
  std::vector<std::uint64_t> agreements(4, 0);
  for (const json& line : lines) {
    double weights = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      weights += line.at("members")[i].at("weight").get<double>();
      agreements[i] += line.at("members")[i].at("vote") == line.at("exposure");
    }
    ASSERT_NEAR(weights, 1, 1e-9);
  }
  const json results = json::parse(read_file(path("run/ensemble_results.json")));
  for (std::size_t i = 0; i < 4; ++i) {
    const json& member = results.at("members")[i];
    EXPECT_NEAR(member.at("agreement").get<double>() * static_cast<double>(decisions),
                static_cast<double>(agreements[i]), 1e-6);
    EXPECT_EQ(results.at("agreement")[i][i], 1.0);
    EXPECT_GT(member.at("judged").get<std::uint64_t>(), decisions - 10);
  }
  EXPECT_LE(results.at("hedge").at("regret").get<double>(), results.at("hedge").at("bound").get<double>());
  EXPECT_EQ(results.at("members")[2].at("kind"), "rules");
  EXPECT_NE(report.members.find("regret"), std::string::npos);
}

TEST_F(EnsembleFolder, AMemberAloneIsTheEnsembleOfItOnly) {
  EnsembleMakeRequest request = make_request();
  request.members = {path("a.zip").string()};
  make_ensemble_file(request);
  const EnsembleReport report = evaluate_ensemble(evaluate_request());
  EXPECT_EQ(report.evaluation.strategy.run.result.equity, report.evaluation.baselines[3].run.result.equity);
  // and it is the policy as it is evaluated without any ensemble
  EvaluateRequest plain;
  plain.model = path("a.zip");
  plain.data = data();
  plain.bootstrap.replicates = 100;
  EXPECT_EQ(evaluate_model(plain).strategy.run.result.equity, report.evaluation.strategy.run.result.equity);
}

TEST_F(EnsembleFolder, BarsOfAnotherLengthOrMarketAreNamed) {
  make_ensemble_file(make_request());
  market::Bars other = market::resample(bars_, 2 * hour_ms);
  other.symbol = "XYZ/USDT";
  market::write_bars(path("XYZUSDT_2h.csv"), other);
  EnsembleEvaluateRequest request = evaluate_request();
  request.data = path("XYZUSDT_2h.csv");
  std::string notices;
  for (const std::string& notice : evaluate_ensemble(request).evaluation.description.notices)
    notices += notice + "\n";
  EXPECT_NE(notices.find("bars of 1h and is judged on bars of 2h"), std::string::npos) << notices;
  EXPECT_NE(notices.find("made for ABC/USDT and is judged on XYZ/USDT"), std::string::npos) << notices;
}

TEST_F(EnsembleFolder, EvaluateAndPredictTakeAnEnsembleForAModel) {
  make_ensemble_file(make_request());
  EvaluateRequest request;
  request.model = path("ensemble.zip");
  request.data = data();
  request.bootstrap.replicates = 100;
  EXPECT_EQ(evaluation::render_json(evaluate_model(request)),
            evaluation::render_json(evaluate_ensemble(evaluate_request()).evaluation));
  const Predictions predictions = predict({.model = path("ensemble.zip"), .input = data()});
  EXPECT_EQ(predictions.actions, (std::vector<std::string>{"exposure_-1", "exposure_0", "exposure_1"}));
  ASSERT_EQ(predictions.rows.size(), bars_.size() - features::feature_warm_up());
  for (const Predictions::Row& row : predictions.rows)
    ASSERT_NEAR(std::accumulate(row.probability.begin(), row.probability.end(), 0.0), 1, 1e-9);
}

TEST_F(EnsembleFolder, EverythingWrongWithTheMembersIsToldAtOnce) {
  ModelCard two = card_;
  two.environment.exposures = {0, 1};
  write_file(path("two.zip"), testing::model_bytes(two, 1));
  EnsembleMakeRequest request = make_request();
  request.members = {path("absent.zip").string(), "rules:" + path("absent.json").string(), data().string()};
  const Error unusable = error_of([&] { make_ensemble_file(request); });
  EXPECT_EQ(unusable.code(), "ensemble.bad_members");
  for (const char* part : {"absent.zip", "absent.json", "ABCUSDT_1h.csv"})
    EXPECT_NE(unusable.message().find(part), std::string::npos) << unusable.message();
  request.members = {path("a.zip").string(), path("two.zip").string()};
  EXPECT_EQ(error_of([&] { make_ensemble_file(request); }).code(), "ensemble.members_differ");
  request.members = {"constant:high", "oracle"};
  const Error unknown = error_of([&] { make_ensemble_file(request); });
  EXPECT_EQ(unknown.code(), "ensemble.bad_members");
  for (const char* part : {"constant high", "oracle", "buy_and_hold"})
    EXPECT_NE(unknown.message().find(part), std::string::npos) << unknown.message();
  request.members = {path("a.zip").string(), path("a.zip").string(), "cash", "cash", "constant:5"};
  const Error twice = error_of([&] { make_ensemble_file(request); });
  EXPECT_EQ(twice.code(), "ensemble.members_differ");
  for (const char* part : {"a-2", "cash-2", "exposure of 5", "-1, 0, 1"})
    EXPECT_NE(twice.message().find(part), std::string::npos) << twice.message();
  market::Bars days = market::resample(bars_, day_ms);
  market::write_bars(path("ABCUSDT_1d.csv"), days);
  request.members = {path("a.zip").string()};
  request.data = path("ABCUSDT_1d.csv");
  const Error longer = error_of([&] { make_ensemble_file(request); });
  EXPECT_EQ(longer.code(), "ensemble.members_differ");
  EXPECT_NE(longer.message().find("bars of 1h, the file has bars of 1d"), std::string::npos);
  request.data = data();
  request.members = {};
  EXPECT_EQ(error_of([&] { make_ensemble_file(request); }).code(), "ensemble.bad_members");
  EXPECT_FALSE(std::filesystem::exists(request.out));
}

TEST_F(EnsembleFolder, AModelWithoutACardObservesAsTheOthersDo) {
  nn::ModelFile bare = nn::parse_model_file(testing::model_bytes(card_, 2), "test");
  bare.extra_members.clear();  // as Stable-Baselines3 writes it
  write_file(path("sb3.zip"), nn::model_file_bytes(bare));
  EnsembleMakeRequest request = make_request();
  request.members = {path("sb3.zip").string(), path("a.zip").string()};
  const EnsembleMakeReport report = make_ensemble_file(request);
  ASSERT_EQ(report.notices.size(), 1U);
  EXPECT_NE(report.notices[0].find("sb3"), std::string::npos);
  const EnsembleSpec lent = read_ensemble_file(path("ensemble.zip"));
  EXPECT_EQ(lent.card.validation.to, card_.validation.to);

  // it decides as the same network with a card of its own
  request.members = {path("b.zip").string(), path("a.zip").string()};
  make_ensemble_file(request);
  const EnsembleSpec own = read_ensemble_file(path("ensemble.zip"));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(lent.members[i].validation.sharpe, own.members[i].validation.sharpe);
    EXPECT_EQ(lent.members[i].temperature, own.members[i].temperature);
  }

  // nothing says how it observes, or it does not fit
  request.members = {path("sb3.zip").string(), "cash"};
  EXPECT_NE(error_of([&] { make_ensemble_file(request); }).message().find("observations"), std::string::npos);
  ModelCard two = card_;
  two.environment.exposures = {0, 1};
  nn::ModelFile other = nn::parse_model_file(testing::model_bytes(two, 2), "test");
  other.extra_members.clear();
  write_file(path("sb3.zip"), nn::model_file_bytes(other));
  request.members = {path("sb3.zip").string(), path("a.zip").string()};
  EXPECT_NE(error_of([&] { make_ensemble_file(request); }).message().find("2 actions"), std::string::npos);
}

TEST_F(EnsembleFolder, MembersThatWereTrainedOnTheTestPeriodAreNamed) {
  ModelCard leaking = card_;
  leaking.training.to = card_.test.to;
  write_file(path("leak.zip"), testing::model_bytes(leaking, 4));
  EnsembleMakeRequest request = make_request();
  request.members = {path("a.zip").string(), path("leak.zip").string()};
  const EnsembleMakeReport report = make_ensemble_file(request);
  ASSERT_EQ(report.notices.size(), 2U);
  for (const std::string& notice : report.notices) EXPECT_NE(notice.find("leak"), std::string::npos);
}

TEST(DecisionLog, GoesOnInAnotherFileAndKeepsAsManyAsAsked) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "log.json";
  write_file(folder.path() / "log.json.1", "of an earlier run\n");
  {
    DecisionLog log(file, 30, 2);
    for (int i = 0; i < 10; ++i) log.add("line " + std::to_string(i) + " ...");  // 11 bytes each: two a file
    log.flush();
    EXPECT_EQ(log.lines(), 10U);
  }
  EXPECT_EQ(read_file(file), "line 8 ...\nline 9 ...\n");
  EXPECT_EQ(read_file(folder.path() / "log.json.1"), "line 6 ...\nline 7 ...\n");
  EXPECT_EQ(read_file(folder.path() / "log.json.2"), "line 4 ...\nline 5 ...\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "log.json.3"));
  DecisionLog anew(file, 30, 0);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "log.json.1"));
  for (int i = 0; i < 5; ++i) anew.add("line " + std::to_string(i) + " ...");
  anew.flush();
  EXPECT_EQ(read_file(file), "line 4 ...\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "log.json.1"));
}

/// Every row of a resampled market is a row of the market, and blocks are apart.
TEST(ResampledMarket, HoldsBlocksOfTheTrainingBarsWithGapsBetween) {
  const market::Bars bars = testing::made_up_bars(2000);
  env::MarketData market;
  market.tape = execution::make_bar_tape(bars, {});
  market.features = features::compute_features(bars);
  const market::BarRange range{0, 1500};
  const market::GapPolicy gaps;
  const env::MarketData drawn = resample_market(market, range, 50, gaps, 7);
  const std::size_t rows = 1500 - market.features.warm_up;
  ASSERT_EQ(drawn.tape.size(), rows);
  EXPECT_EQ(drawn.features.warm_up, 0U);
  std::size_t blocks = 1;
  for (std::size_t i = 0; i < rows; ++i) {
    std::size_t source = market.features.warm_up;
    while (source < 1500 && market.tape.bars[source].close != drawn.tape.bars[i].close) ++source;
    ASSERT_LT(source, 1500U) << "row " << i << " is not of the training part";
    EXPECT_TRUE(std::ranges::equal(market.features.row(source), drawn.features.row(i)));
    if (i == 0) continue;
    const TimeMs distance = drawn.tape.open_time[i] - drawn.tape.open_time[i - 1];
    if (distance == bars.interval) continue;
    ++blocks;
    EXPECT_GT(distance, static_cast<TimeMs>(gaps.max_missing_bars + 1) * bars.interval);
  }
  EXPECT_NEAR(static_cast<double>(blocks), static_cast<double>(rows) / 50, 3 * std::sqrt(rows / 50.0));
  EXPECT_EQ(resample_market(market, range, 50, gaps, 7).tape.open_time, drawn.tape.open_time);
  EXPECT_NE(resample_market(market, range, 50, gaps, 8).tape.open_time, drawn.tape.open_time);
}

TEST(MemberPlans, DifferInSeedDiscountColumnsAndBars) {
  EnsembleSettings settings;
  const std::vector<MemberPlan> plans = plan_members(settings, 1);
  ASSERT_EQ(plans.size(), settings.members);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    EXPECT_EQ(plans[i].gamma, settings.gammas[i]);
    EXPECT_EQ(plans[i].masked_columns.size(), 30U);
    EXPECT_EQ(plans[i].resamplings.size(), 1U);
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_NE(plans[i].seed, plans[j].seed);
      EXPECT_NE(plans[i].masked_columns, plans[j].masked_columns);
    }
  }
  EXPECT_EQ(plan_members(settings, 1)[2].masked_columns, plans[2].masked_columns);
  EXPECT_NE(plan_members(settings, 2)[2].masked_columns, plans[2].masked_columns);
  settings.column_share = 1;
  settings.resample = false;
  EXPECT_TRUE(plan_members(settings, 1)[0].masked_columns.empty());
  EXPECT_TRUE(plan_members(settings, 1)[0].resamplings.empty());
  EXPECT_EQ(plan_members(settings, 1, {9})[0].resamplings, (std::vector<std::uint64_t>{9}));
}

EnsembleConfiguration small_training() {
  EnsembleConfiguration config;
  config.ppo.n_envs = 3;
  config.ppo.n_steps = 50;
  config.ppo.batch_size = 32;
  config.ppo.n_epochs = 2;
  config.ppo.learning_rate = 0.01;
  config.env.episode_length = 40;
  config.network.policy_widths = config.network.value_widths = {8};
  config.ensemble.members = 2;
  config.ensemble.timesteps = 400;
  config.ensemble.eval_freq = 200;
  config.ensemble.mean_block = "5d";
  return config;
}

TEST_F(EnsembleFolder, TrainingMakesMembersThatDifferAndGoesOnBehindFinishedOnes) {
  EnsembleTrainRequest request;
  request.data = data();
  request.out = path("trained");
  request.config = small_training();
  const EnsembleTrainReport report = train_ensemble(request);
  const EnsembleSpec spec = read_ensemble_file(report.model);
  ASSERT_EQ(spec.members.size(), 2U);
  EXPECT_NE(spec.members[0].bytes, spec.members[1].bytes);
  EXPECT_NE(spec.members[0].masked_columns, spec.members[1].masked_columns);
  EXPECT_EQ(spec.members[0].masked_columns.size(), 30U);
  const std::string first = read_file(path("trained/models/member_1.zip"));

  // a member that is there is not trained again, one that is not is trained to the same bytes
  std::filesystem::remove(path("trained/models/member_2.zip"));
  const std::string ensemble = read_file(report.model);
  train_ensemble(request);
  EXPECT_EQ(read_file(report.model), ensemble);
  EXPECT_EQ(read_file(path("trained/models/member_1.zip")), first);
  // another configuration trains anew
  request.config.ppo.learning_rate = 0.02;
  train_ensemble(request);
  EXPECT_NE(read_file(path("trained/models/member_1.zip")), first);
}

TEST(DecisionVariance, IsWhatTheMembersCorrelationPredicts) {
  // members of a retraining share a part of what they think
  RandomStream random(4, 0);
  const std::size_t retrainings = 400, members = 4, states = 5;
  const double shared = 0.5;  // correlation of two members
  std::vector<std::vector<std::vector<double>>> values(retrainings);
  std::vector<std::vector<double>> weights(retrainings, std::vector<double>(members, 0.25));
  for (auto& retraining : values) {
    std::vector<double> common(states);
    for (double& value : common) value = random.normal();
    for (std::size_t i = 0; i < members; ++i) {
      retraining.emplace_back();
      for (std::size_t s = 0; s < states; ++s)
        retraining.back().push_back(static_cast<double>(i) + std::sqrt(shared) * common[s] +
                                    std::sqrt(1 - shared) * random.normal());
    }
  }
  const DecisionVariance variance = decision_variance(values, weights);
  EXPECT_NEAR(variance.member, 1, 0.05);
  EXPECT_NEAR(variance.correlation, shared, 0.05);
  EXPECT_NEAR(variance.ratio(), 0.5 + 0.5 / 4, 0.04);
  EXPECT_NEAR(variance.ratio(), variance.predicted, 0.01);  // the members vary alike
  EXPECT_NEAR(variance.as_made, variance.ensemble, 1e-12);
}

TEST(DecisionVariance, IsNotWhatTheCorrelationPredictsWhereOneMemberVariesMost) {
  // by hand: two retrainings, one state; deviations +-3 and +-1 of one mind
  const DecisionVariance variance = decision_variance({{{3}, {1}}, {{-3}, {-1}}}, {{0.5, 0.5}, {0.5, 0.5}});
  EXPECT_NEAR(variance.member, (18 + 2) / 2.0, 1e-12);
  EXPECT_NEAR(variance.ensemble, 8, 1e-12);
  EXPECT_NEAR(variance.correlation, 1, 1e-12);
  EXPECT_NEAR(variance.predicted, 1, 1e-12);
  EXPECT_NEAR(variance.ratio(), 0.8, 1e-12);
  EXPECT_NEAR(decision_variance({{{3}, {1}}, {{-3}, {-1}}}, {{1, 0}, {0, 1}}).as_made, 8, 1e-12);
}

TEST(RatioInterval, HoldsTheTrueRatioAndNeedsTenRetrainings) {
  RandomStream random(7, 0);
  StudyValues values(40, std::vector<std::vector<double>>(4, std::vector<double>(50)));
  for (auto& retraining : values)
    for (auto& member : retraining)
      for (double& value : member) value = random.normal();
  const auto interval = ratio_interval(values, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_LT(interval->low, 0.25);  // independent members: 1 / 4
  EXPECT_GT(interval->high, 0.25);
  EXPECT_LT(interval->high - interval->low, 0.1);
  values.resize(9);
  EXPECT_FALSE(ratio_interval(values, 0.95));
}

TEST_F(EnsembleFolder, TheStudyComparesRetrainings) {
  EnsembleStudyRequest request;
  request.data = data();
  request.retrainings = 2;
  request.config = small_training();
  const EnsembleStudy study = run_ensemble_study(request);
  ASSERT_EQ(study.settings.size(), 4U);
  for (const StudySetting& setting : study.settings) {
    EXPECT_EQ(setting.scores.size(), 2U);
    EXPECT_GT(setting.variance.member, 0);
    EXPECT_GT(setting.best_member, 0);
    EXPECT_LE(setting.variance.ensemble, setting.variance.member * (1 + 1e-9));  // Jensen
    EXPECT_FALSE(setting.interval);
    EXPECT_FALSE(setting.ratio_interval);
  }
  EXPECT_NE(study.settings[0].variance.member, study.settings[1].variance.member);
  EXPECT_EQ(ensemble_study_json(run_ensemble_study(request)), ensemble_study_json(study));
  EXPECT_NE(ensemble_study_markdown(study).find("| as configured | resampled |"), std::string::npos);
  request.retrainings = 1;
  EXPECT_EQ(error_of([&] { run_ensemble_study(request); }).code(), "ensemble.bad_study");
}

}  // namespace
}  // namespace stevie::app
