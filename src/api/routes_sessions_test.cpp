#include "api/routes_testing.h"
#include "core/file.h"

namespace stevie::api {
namespace {

using Json = TestServer::Json;

class SessionRoutes : public ::testing::Test {
 protected:
  Json start(Json body) {
    body["reason"] = "a look";
    return server.post("/api/rl-training/start", body, 202);
  }
  /// What the queue would write: the session was launched in this folder and has ended.
  void finish(const std::string& id, const std::filesystem::path& folder) {
    server.own_ledger->append("training.started",
                              Json{{"id", id}, {"attempt", 1}, {"folder", folder.string()}}.dump(), "server",
                              server.clock.time());
    server.own_ledger->append("training.ended",
                              Json{{"id", id}, {"state", "finished"}, {"outcome", "trained"}}.dump(),
                              "server", server.clock.time());
    start({{"scenario", "quick_tune"}});  // the queue reads the ledger
  }

  TestServer server{false};
};

TEST_F(SessionRoutes, EveryKindOfTrainingIsQueuedAndShown) {
  const Json dqn = start({{"kind", "train"},
                          {"algorithm", "dqn"},
                          {"augment", "noise,warp"},
                          {"curriculum", true},
                          {"settings", {{"dqn.seed", "2"}}}});
  EXPECT_EQ(dqn["algorithm"], "dqn");
  EXPECT_EQ(dqn["augment"], "noise,warp");
  EXPECT_EQ(dqn["curriculum"], true);
  EXPECT_EQ(dqn["expert"], nullptr);
  EXPECT_EQ(dqn["scenario"], nullptr);
  EXPECT_EQ(start({{"kind", "train"}})["algorithm"], "ppo");
  EXPECT_EQ(start({{"kind", "clone"}})["expert"], "rsi-ma");
  EXPECT_EQ(start({{"kind", "bootstrap"}, {"settings", {{"bootstrap.seeds", "2"}}}})["algorithm"], nullptr);
  const Json ensemble = start({{"kind", "ensemble"}, {"settings", {{"ensemble.members", "2"}}}});
  EXPECT_EQ(ensemble["kind"], "ensemble");
  EXPECT_EQ(server.get("/api/sessions?kind=ensemble")["items"].size(), 1U);
  EXPECT_EQ(server.get("/api/sessions?kind=train")["items"].size(), 2U);
  const auto unit = [&](const Json& session) {
    return server.get("/api/sessions/" + session["id"].get<std::string>() + "/progress")["unit"];
  };
  EXPECT_EQ(unit(ensemble), "steps");
  EXPECT_EQ(unit(server.get("/api/sessions?kind=clone")["items"][0]), "epochs");
  server.ask("GET", "/api/sessions?kind=other", "vera", nullptr, 400);
  server.ask("POST", "/api/rl-training/start", "otto",
             {{"kind", "train"}, {"algorithm", "sac"}, {"reason", "x y"}}, 400);
  server.ask("POST", "/api/rl-training/start", "vera", {{"kind", "clone"}, {"reason", "a viewer"}}, 403);
}

TEST_F(SessionRoutes, WhatMayBeStartedIsTold) {
  const Json options = server.get("/api/rl-training/scenarios")["options"];
  std::vector<std::string> kinds;
  for (const Json& training : options["trainings"]) kinds.push_back(training["kind"]);
  EXPECT_EQ(kinds, (std::vector<std::string>{"train", "train", "bootstrap", "clone", "ensemble"}));
  EXPECT_EQ(options["trainings"][4]["numbers"][1],
            (Json{{"name", "members"}, {"setting", "ensemble.members"}, {"default", 4}}));
  EXPECT_TRUE(options["models"].is_array());
}

TEST_F(SessionRoutes, WhatATrainingFoundIsReadFromItsFolder) {
  const std::string search = start({{"scenario", "quick_tune"}})["id"],
                    several = start({{"kind", "bootstrap"}})["id"], clone = start({{"kind", "clone"}})["id"];
  const std::filesystem::path folder = server.folder.path() / "sessions" / "x";
  for (const std::string& id : {search, several})
    server.ask("GET", "/api/sessions/" + id + "/results", "vera", nullptr, 409);
  server.ask("GET", "/api/sessions/unknown/results", "vera", nullptr, 404);
  write_file(folder / "training_results.json", R"({"algorithm": "PPO", "seed": 1, "sentence": "PPO did best.",
    "algorithms": [{"algorithm": "PPO", "runs": [{"seed": 1, "validation": {"total_return": 0.1}}]}],
    "baselines": [{"name": "Cash", "validation": {"total_return": 0}, "test": {"total_return": 0}}]})");
  finish(several, folder);
  const Json found = server.get("/api/sessions/" + several + "/results");
  EXPECT_EQ(found["sentence"], "PPO did best.");
  EXPECT_EQ(found["session"]["id"], several);
  EXPECT_EQ(found["rows"].size(), 2U);
  EXPECT_EQ(found["rows"][0]["chosen"], true);
  EXPECT_EQ(found["rows"][0]["validation"]["total_return"], 0.1);
  EXPECT_EQ(found["rows"][0]["test"], nullptr);
  write_file(folder / "bc_training_results.json", R"({"expert": "rsi-ma", "fit": {"epochs": [
    {"epoch": 1, "train_loss": 1, "validation_loss": 2, "validation_accuracy": 0.5}]},
    "deviation": {"validation": {"imitation": {"accuracy": 0.5}}}})");
  finish(clone, folder);
  const Json cloned = server.get("/api/sessions/" + clone + "/results");
  EXPECT_EQ(cloned["clone"]["parts"][0]["accuracy"], 0.5);
  EXPECT_EQ(cloned["clone"]["epochs"][0]["validation_loss"], 2);
}

TEST_F(SessionRoutes, ModelsOfEveryTrainingAreListedAsWhatTheyAre) {
  const std::filesystem::path runs = server.folder.path() / "runs";
  for (const char* name : {"several/models/ppo_stevie.zip", "several/models/dqn_stevie.zip",
                           "clone/models/behavior_cloning_model.zip", "members/models/member_1.zip"})
    write_file(runs / name, "model");
  write_file(runs / "several/training_results.json", R"({"kind": "bootstrap", "algorithm": "PPO", "seed": 2,
    "model": "models/ppo_stevie.zip", "symbol": "BTC/USDT", "timesteps": 900,
    "test": {"results": [{"key": "strategy", "metrics": {"sharpe": {"value": 1.5}}}]},
    "algorithms": [
      {"algorithm": "PPO", "model": "models/ppo_stevie.zip", "chosen_seed": 2, "runs": [
        {"seed": 2, "timesteps": 400, "best_timesteps": 100, "test": {"sharpe": 1.5}}]},
      {"algorithm": "DQN", "model": "models/dqn_stevie.zip", "chosen_seed": 3, "runs": [
        {"seed": 3, "timesteps": 500, "best_timesteps": 200, "test": {"sharpe": -0.5, "profit": null}}]}]})");
  write_file(
      runs / "several/dqn_seed3/training_results.json",
      R"({"algorithm": "DQN", "updates": [{"timesteps": 10, "loss": 0.5}, {"timesteps": 20, "loss": 0.4}]})");
  write_file(
      runs / "clone/bc_training_results.json",
      R"({"algorithm": "behaviour cloning", "symbol": "BTC/USDT", "configuration": {"cloning.seed": "5"}})");
  write_file(runs / "clone/evaluation.json",
             R"({"results": [{"key": "strategy", "metrics": {"sharpe": {"value": 0.25}}}]})");
  write_file(runs / "members/ensemble_results.json",
             R"({"algorithm": "ensemble", "model": "models/ensemble.zip", "symbol": "BTC/USDT"})");
  std::map<std::string, Json> models;
  const Json listed = server.get("/api/models")["items"];
  for (const Json& model : listed)
    models[std::filesystem::path(model["name"].get<std::string>()).filename().string()] = model;
  ASSERT_EQ(models.size(), 4U);
  const Json &ppo = models["ppo_stevie.zip"], &dqn = models["dqn_stevie.zip"];
  EXPECT_EQ(ppo["kind"], "PPO");
  EXPECT_EQ(ppo["seed"], 2);
  EXPECT_EQ(ppo["timesteps"], 400);
  EXPECT_EQ(ppo["test"]["sharpe"]["value"], 1.5);
  EXPECT_EQ(dqn["kind"], "DQN");
  EXPECT_EQ(dqn["seed"], 3);
  EXPECT_EQ(dqn["best_timesteps"], 200);
  EXPECT_EQ(dqn["test"]["sharpe"]["value"], -0.5);
  EXPECT_FALSE(dqn["test"].contains("profit"));
  const Json curves = server.get("/api/models/" + dqn["id"].get<std::string>() + "/curves")["curves"];
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0]["tag"], "train/loss");
  EXPECT_EQ(models["behavior_cloning_model.zip"]["kind"], "Behaviour cloning");
  EXPECT_EQ(models["behavior_cloning_model.zip"]["seed"], 5);
  EXPECT_EQ(models["behavior_cloning_model.zip"]["test"]["sharpe"]["value"], 0.25);
  EXPECT_EQ(models["member_1.zip"]["kind"], "PPO");
  EXPECT_EQ(models["member_1.zip"]["symbol"], "BTC/USDT");
  EXPECT_EQ(models["member_1.zip"]["test"], nullptr);
  std::map<std::string, std::string> kinds;
  const Json found = server.get("/api/experiments")["items"];
  for (const Json& run : found) kinds[run["name"]] = run["kind"];
  EXPECT_EQ(kinds["clone"], "clone");
  EXPECT_EQ(kinds["members"], "ensemble");
  EXPECT_EQ(kinds["several"], "train");
  EXPECT_EQ(server.get("/api/experiments?kind=clone")["items"].size(), 1U);
}

TEST_F(SessionRoutes, DamagedResultsOfModelsAreNoFault) {
  const std::filesystem::path runs = server.folder.path() / "runs";
  const std::vector<std::string> damaged{
      R"({"kind": "bootstrap", "algorithms": [3, {"model": 1}, {"model": "ppo_stevie.zip", "runs": [1]}]})",
      R"({"kind": "bootstrap", "model": 3, "seed": "x", "algorithms": [{"model": "ppo_stevie.zip",
          "chosen_seed": "../..", "runs": [{"seed": "../..", "test": 3}]}]})",
      R"({"algorithm": 3, "test": []})", "[]", "{"};
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    const std::filesystem::path folder = runs / std::to_string(i);
    write_file(folder / "models/ppo_stevie.zip", "model");
    for (const char* name : {"training_results.json", "bc_training_results.json", "ensemble_results.json"})
      write_file(folder / name, damaged[i]);
  }
  const Json models = server.get("/api/models")["items"];
  EXPECT_EQ(models.size(), damaged.size());
  for (const Json& model : models)
    EXPECT_TRUE(server.get("/api/models/" + model["id"].get<std::string>() + "/curves")["curves"].empty());
  server.get("/api/experiments");
}

}  // namespace
}  // namespace stevie::api
