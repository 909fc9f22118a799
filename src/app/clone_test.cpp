#include "app/clone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/cloning_study.h"
#include "app/evaluate.h"
#include "app/predict.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/testing.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "nn/model_file.h"
#include "nn/torch_file.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Clone : public ::testing::Test {
 protected:
  void SetUp() override {
    market::SyntheticConfig config;
    config.bars = 3000;
    config.symbol = "ABC/USDT";
    bars_ = market::make_synthetic_market(config).bars;
    market::write_bars(folder_ / "ABCUSDT_1h.csv", bars_);
  }
  CloneRequest request(const std::string& out) const {
    CloneRequest made;
    made.data = folder_ / "ABCUSDT_1h.csv";
    made.out = folder_ / out;
    made.config.cloning.max_epochs = 6;
    made.config.cloning.patience = 3;
    made.config.cloning.folds = 3;
    made.config.cloning.purge = 24;
    made.config.network.policy_widths = made.config.network.value_widths = {16};
    made.wall_clock = [] { return 1.7e9; };
    return made;
  }
  std::string bytes(const std::string& file) const { return read_file(folder_ / file); }
  json results(const std::string& out) const { return json::parse(bytes(out + "/bc_training_results.json")); }
  static std::string fault_of(const CloneRequest& wanted) {
    try {
      clone_expert(wanted);
    } catch (const Error& error) {
      EXPECT_GT(error.message().size(), 20u);
      return error.code();
    }
    return "no error";
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  market::Bars bars_;
};

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::string name = entry.path().lexically_relative(folder).string();
    if (name.find("events.out") != std::string::npos) name = name.substr(0, name.rfind('/'));
    names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

TEST_F(Clone, leaves_every_promised_file_and_what_is_in_them_agrees) {
  const CloneReport report = clone_expert(request("run"));
  EXPECT_EQ(files_in(folder_ / "run"),
            (std::vector<std::string>{"bc_report.html", "bc_training_results.json", "demonstrations.csv",
                                      "evaluation.json", "models/behavior_cloning_model.pth",
                                      "models/behavior_cloning_model.zip", "report.html",
                                      "tensorboard_logs/BC_1", "trades.csv"}));
  const json told = results("run");
  EXPECT_EQ(told.at("expert"), "rsi-ma");
  EXPECT_EQ(told.at("cross_validation").size(), 3u);
  const json& fit = told.at("fit");
  EXPECT_EQ(fit.at("epochs").size(), report.fit.epochs.size());
  std::size_t rows = 0;
  for (const json& count : told.at("demonstrations").at("rows_by_action")) rows += count.get<std::size_t>();
  EXPECT_EQ(rows, report.demonstrations);
  EXPECT_EQ(fit.at("validation"), told.at("deviation").at("validation").at("imitation"));
  for (const char* part : {"validation", "test"}) {
    const json& deviation = told.at("deviation").at(part);
    const double total = deviation.at("imitation").at("rows").get<double>();
    double hits = 0;
    for (std::size_t a = 0; a < 3; ++a) hits += deviation.at("imitation").at("confusion")[a][a].get<double>();
    EXPECT_NEAR(deviation.at("imitation").at("accuracy").get<double>(), hits / total, 1e-12);
    EXPECT_NEAR(
        deviation.at("return_difference").get<double>(),
        deviation.at("clone_return").get<double>() - deviation.at("demonstrated_return").get<double>(),
        1e-12);
  }
  // The clone's own return on the test part is the one of the evaluation.
  EXPECT_NEAR(*report.evaluation.strategy.performance.total_return.value, report.deviations[1].clone_return,
              1e-9);
  for (const char* file : {"bc_report.html", "report.html"})
    EXPECT_NE(bytes(std::string("run/") + file).find("</html>"), std::string::npos) << file;
  EXPECT_NE(bytes("run/bc_report.html").find("<polyline class=\"held\""), std::string::npos);
}

TEST_F(Clone, gives_the_same_bytes_for_any_threads_and_others_for_another_seed) {
  clone_expert(request("one"));
  CloneRequest many = request("many");
  many.config.cloning.threads = 3;
  clone_expert(many);
  CloneRequest seed = request("seed");
  seed.config.cloning.seed = 2;
  clone_expert(seed);
  for (const char* file : {"models/behavior_cloning_model.zip", "models/behavior_cloning_model.pth",
                           "demonstrations.csv", "trades.csv"})
    EXPECT_TRUE(bytes(std::string("one/") + file) == bytes(std::string("many/") + file)) << file;
  json one = results("one"), threads = results("many");
  one.at("configuration").erase("cloning.threads");
  threads.at("configuration").erase("cloning.threads");
  EXPECT_EQ(one, threads);
  EXPECT_NE(bytes("one/models/behavior_cloning_model.pth"), bytes("seed/models/behavior_cloning_model.pth"));
}

TEST_F(Clone, writes_a_model_that_evaluates_and_predicts_and_the_same_weights_beside_it) {
  const CloneReport report = clone_expert(request("run"));
  const nn::ModelFile model = nn::read_model_file(report.model);
  EXPECT_EQ(nn::parse_state_dict(read_file(report.state_dict), "weights", 1'000'000), model.policy);
  const evaluation::Evaluation evaluation =
      evaluate_model({.model = report.model, .data = folder_ / "ABCUSDT_1h.csv"});
  EXPECT_EQ(evaluation.strategy.run.result.equity.back(),
            report.evaluation.strategy.run.result.equity.back());
  EXPECT_GT(predict({.model = report.model, .input = folder_ / "ABCUSDT_1h.csv"}).rows.size(), 1000u);
}

TEST_F(Clone, imitates_its_own_demonstrations_from_their_file_and_a_model) {
  const CloneReport first = clone_expert(request("first"));
  // The clone's own actions everywhere, as a model and as a file.
  CloneRequest from_model = request("model");
  from_model.expert = first.model.string();
  const CloneReport second = clone_expert(from_model);
  EXPECT_EQ(second.expert, first.model.string());
  EXPECT_NEAR(second.deviations[0].demonstrated_return, first.deviations[0].clone_return, 1e-12);

  std::string file = "time,action\n";
  for (std::size_t bar = 0; bar < bars_.size(); bar += 20)
    file += format_time(bars_.open_time[bar]) + (bar % 40 == 0 ? ",long\n" : ",flat\n");
  write_file(folder_ / "actions.csv", file);
  CloneRequest from_file = request("file");
  from_file.expert = (folder_ / "actions.csv").string();
  const CloneReport third = clone_expert(from_file);
  EXPECT_NEAR(third.deviations[0].expert_return, third.deviations[0].demonstrated_return, 1e-12);
  EXPECT_EQ(third.action_rows[0], 0u) << "nobody went short";
  // What a cloning leaves as its demonstrations can be cloned again where they reach into both parts.
  CloneRequest again = request("again");
  again.expert = (folder_ / "first" / "demonstrations.csv").string();
  EXPECT_EQ(fault_of(again), "clone.no_demonstrations");
}

TEST_F(Clone, refuses_bad_experts_and_leaves_nothing_behind) {
  CloneRequest bad = request("bad");
  bad.expert = (folder_ / "none.csv").string();
  EXPECT_EQ(fault_of(bad), "file.missing");
  write_file(folder_ / "actions.csv", "time,action\n2001-01-01T00:00:00Z,1\n2001-01-01T01:00:00Z,1\n");
  bad.expert = (folder_ / "actions.csv").string();
  EXPECT_EQ(fault_of(bad), "signals.faults");
  write_file(folder_ / "model.zip", "no model");
  bad.expert = (folder_ / "model.zip").string();
  EXPECT_EQ(fault_of(bad), "model.unreadable");
  bad = request("bad");
  bad.config.cloning.purge = 2000;
  EXPECT_EQ(fault_of(bad), "cloning.short_demonstrations");
  EXPECT_FALSE(fs::exists(folder_ / "bad" / "models"));
}

TEST_F(Clone, stops_on_a_signal_without_a_model) {
  const InterruptGuard guard;
  std::raise(SIGINT);
  EXPECT_THROW(clone_expert(request("stopped")), Interrupted);
  EXPECT_FALSE(fs::exists(folder_ / "stopped" / "models"));
}

TEST(CloningStudy, counts_demonstrations_and_compares_with_scratch) {
  CloningStudyConfig config;
  config.seeds = 2;
  config.only = "linear_cost_risk";
  config.demonstrations = {2'048};
  config.goal = 0.3;
  config.hold = 1;
  config.threads = 1;
  const std::vector<CloningCell> cells = run_cloning_study(config);
  ASSERT_EQ(cells.size(), 2u);
  for (const StepsToGoal& run : cells[1].runs) {
    EXPECT_TRUE(run.reached);
    EXPECT_GE(run.steps, 2'048u);
    EXPECT_GT(run.accuracy, 0.5);
  }
  EXPECT_EQ(cells[0].ratio.value, 1);
  EXPECT_NEAR(cells[1].ratio.value, cells[1].mean_steps / cells[0].mean_steps, 1e-12);
  EXPECT_LE(cells[1].ratio.low, cells[1].ratio.value);
  EXPECT_GE(cells[1].ratio.high, cells[1].ratio.value);
  EXPECT_LE(cells[1].mean_first_steps, cells[1].mean_steps);
  EXPECT_LT(cells[1].expert_share, 0.9) << "a fifth of its actions is random";
  EXPECT_NE(cloning_study_markdown(config, cells).find("2048 demonstrations"), std::string::npos);
  EXPECT_EQ(json::parse(cloning_study_json(config, cells, {})).at("known_optimum").size(), 2u);
  config.threads = 2;
  EXPECT_EQ(run_cloning_study(config)[1].mean_steps, cells[1].mean_steps);
}

}  // namespace
}  // namespace stevie::app
