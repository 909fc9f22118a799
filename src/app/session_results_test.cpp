#include "app/session_results.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

using nlohmann::json;

class SessionResults : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    write_file(folder_.path() / name, text);
  }
  json results(const std::string& kind) const {
    const auto text = training_results_json(folder_.path(), kind);
    return text ? json::parse(*text) : json(nullptr);
  }
  std::string sentence(const std::string& kind) const { return training_sentence(folder_.path(), kind); }

  const TemporaryFolder folder_;
};

constexpr const char* evaluation = R"({"verdict": "It earned 3 %.", "results": [
  {"key": "strategy", "name": "DQN", "trades": 12, "metrics": {"total_return": {"value": 0.03},
   "sharpe": {"value": 0.5, "low": -1, "high": 2}, "win_rate": {"value": null, "reason": "no trades"}}},
  {"key": "buy_and_hold", "name": "Buy and hold", "trades": 1, "metrics": {"total_return": {"value": 0.2}}},
  {"key": "member_1", "name": "member_1", "trades": 7, "metrics": {"total_return": {"value": 0.01}}}]})";

TEST_F(SessionResults, OfATrainingAreItsPolicyBesideTheBaselines) {
  write("training_results.json",
        std::string(R"({"algorithm": "DQN", "symbol": "BTC/USDT", "synthetic": true, "validation":
          {"total_return": 0.1, "buy_and_hold_return": 0.4, "sentence": "It did worse than buy and hold."},
          "test": )") +
            evaluation + "}");
  EXPECT_EQ(sentence("train"), "It did worse than buy and hold. Test part: It earned 3 %.");
  const json found = results("train");
  EXPECT_EQ(found["symbol"], "BTC/USDT");
  EXPECT_EQ(found["synthetic"], true);
  EXPECT_EQ(found["rows"][0]["name"], "DQN");
  EXPECT_EQ(found["rows"][0]["role"], "policy");
  EXPECT_EQ(found["rows"][0]["validation"]["total_return"], 0.1);
  EXPECT_EQ(found["rows"][0]["test"]["sharpe"], 0.5);
  EXPECT_EQ(found["rows"][0]["test"]["win_rate"], nullptr);
  EXPECT_EQ(found["rows"][0]["test"]["trades"], 12);
  EXPECT_EQ(found["rows"][1]["role"], "baseline");
  EXPECT_EQ(found["rows"][1]["validation"]["total_return"], 0.4);
  EXPECT_FALSE(found["rows"][1].contains("key"));
  EXPECT_EQ(found["clone"], nullptr);
}

TEST_F(SessionResults, OfSeveralTrainingsAreAllWithTheChosenOneMarked) {
  write("training_results.json", R"({"kind": "bootstrap", "algorithm": "PPO", "seed": 2, "sentence": "PPO.",
    "algorithms": [
      {"algorithm": "PPO", "runs": [{"seed": 1, "validation": {"total_return": 0.1}, "test": {"sharpe": 1}},
                                    {"seed": 2, "validation": {"total_return": 0.2}, "test": {}}]},
      {"algorithm": "DQN", "runs": [{"seed": 2, "validation": {}, "test": null}]}],
    "baselines": [{"key": "cash", "name": "Cash", "validation": {"total_return": 0}, "test": {}}]})");
  const json rows = results("bootstrap")["rows"];
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0]["chosen"], false);
  EXPECT_EQ(rows[1]["chosen"], true);
  EXPECT_EQ(rows[2]["chosen"], false) << "the same seed of the other algorithm";
  EXPECT_EQ(rows[2]["test"], nullptr);
  EXPECT_EQ(rows[3]["role"], "baseline");
  EXPECT_EQ(rows[3]["validation"]["total_return"], 0);
}

TEST_F(SessionResults, OfACloneAreImitationAndDeviation) {
  write("bc_training_results.json", R"({"expert": "rsi-ma", "symbol": "BTC/USDT", "synthetic": false,
    "verdict": "The clone takes the expert's action on 90 % of the bars.", "demonstrations": {"rows": 500},
    "cross_validation": [{"period": {"from": "a", "to": "b"}, "validation": {"rows": 50, "loss": 0.5,
      "accuracy": 0.8}}],
    "fit": {"best_epoch": 2, "stopped_early": true, "epochs": [
      {"epoch": 1, "train_loss": 1.0, "validation_loss": 0.9, "validation_accuracy": 0.7}]},
    "deviation": {"test": {"expert_return": -0.1, "demonstrated_return": -0.2, "clone_return": 0.3,
      "clone_trades": 4, "buy_and_hold_return": 0.5, "correlation": null, "tracking_error": 0.2,
      "same_exposure": 0.9, "imitation": {"accuracy": 0.9, "divergence_bits": 0.01}}}})");
  const json found = results("clone");
  EXPECT_EQ(found["sentence"], sentence("clone"));
  EXPECT_EQ(found["clone"]["epochs"][0]["validation_loss"], 0.9);
  EXPECT_EQ(found["clone"]["blocks"][0]["accuracy"], 0.8);
  ASSERT_EQ(found["clone"]["parts"].size(), 1U);
  EXPECT_EQ(found["clone"]["parts"][0]["divergence_bits"], 0.01);
  EXPECT_EQ(found["clone"]["parts"][0]["correlation"], nullptr);
  EXPECT_EQ(found["rows"][0]["test"]["total_return"], 0.3);
  EXPECT_EQ(found["rows"][0]["test"]["trades"], 4);
  EXPECT_EQ(found["rows"][0]["validation"], nullptr);
  EXPECT_EQ(found["rows"][3]["role"], "baseline");
}

TEST_F(SessionResults, OfAnEnsembleAreItsMembers) {
  write("ensemble_results.json",
        std::string(R"({"members": [{"name": "member_1", "first_weight": 0.6, "weight": 0.7, "agreement": 0.9,
          "calibration_error_after": 0.02, "alone": {"total_return": 0.01}},
          {"name": "member_2", "alone": {"total_return": 0.03}}],
          "ensemble": {"total_return": 0.03, "mean_consensus": 0.8, "decisions": 40}, "test": )") +
            evaluation + "}");
  const json found = results("ensemble");
  EXPECT_EQ(found["ensemble"]["members"][0]["weight"], 0.7);
  EXPECT_EQ(found["ensemble"]["members"][0]["accuracy"], nullptr);
  EXPECT_EQ(found["ensemble"]["decisions"], 40);
  EXPECT_EQ(found["rows"][2]["role"], "member");
  const std::string told = sentence("ensemble");
  EXPECT_NE(told.find("its 2 members alone had 2.0 % on average and 3.0 % at best"), std::string::npos)
      << told;
}

TEST_F(SessionResults, AreAbsentWhereNoneCanBeRead) {
  for (const char* kind : {"train", "bootstrap", "clone", "ensemble"}) {
    EXPECT_EQ(results(kind), nullptr);
    EXPECT_NE(sentence(kind).find("no parameters are changed"), std::string::npos);
  }
  EXPECT_FALSE(training_results_json({}, "train"));
}

TEST_F(SessionResults, DamagedOnesAreReadAsFarAsTheyGo) {
  for (const char* text :
       {"", "[]", "{", R"({"algorithms": 3, "rows": {}, "members": 1, "deviation": [], "test": "x"})",
        R"({"algorithms": [1, {"runs": [2, {"seed": -1, "validation": [], "test": {"sharpe": "x"}}]}]})",
        R"({"members": [1, {"name": 3, "alone": 1}], "ensemble": 2, "test": {"results": [1, {"key": 2}]}})",
        R"({"fit": {"epochs": [1, {"epoch": "x"}]}, "deviation": {"test": 3, "validation": {}}})",
        "{\"sentence\": \"\x1b[2J\xff line\\nnext\", \"verdict\": \"\\u0000\", \"symbol\": 1}"}) {
    for (const char* name : {"training_results.json", "bc_training_results.json", "ensemble_results.json"})
      write(name, text);
    for (const char* kind : {"train", "bootstrap", "clone", "ensemble"}) {
      const std::string told = sentence(kind);
      EXPECT_FALSE(told.empty());
      EXPECT_EQ(told.find('\x1b'), std::string::npos);
      const json found = results(kind);
      if (!found.is_null()) {
        EXPECT_TRUE(found["rows"].is_array()) << text;
        EXPECT_EQ(found["clone"].is_object(), std::string(kind) == "clone");
      }
    }
  }
}

}  // namespace
}  // namespace stevie::app
