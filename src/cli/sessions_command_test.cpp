#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::cli {
namespace {

using nlohmann::json;

class SessionsCommand : public ::testing::Test {
 protected:
  SessionsCommand() { write_file(folder_.path() / "data" / "BTCUSDT_1h.csv", "bars"); }
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "sessions");
    for (const std::string& text :
         {"ledger.url=sqlite:///" + (folder_.path() / "stevie.db").string(),
          "sessions.data_folders=[\"" + (folder_.path() / "data").string() + "\"]"}) {
      arguments.emplace_back("--set");
      arguments.push_back(text);
    }
    return run_stevie(arguments, {"USER=anna"});
  }
  std::string data() const { return (folder_.path() / "data" / "BTCUSDT_1h.csv").string(); }
  /// The sessions of `list --json`.
  json list() const { return json::parse(run({"list", "--json"}).out); }

  const TemporaryFolder folder_;
};

TEST_F(SessionsCommand, ASessionIsQueuedListedShownAndStopped) {
  EXPECT_NE(run({"list"}).out.find("no sessions yet"), std::string::npos);
  const ProgramResult started = run({"start", "quick_tune", "--data", data(), "--reason", "calmer market",
                                     "--episodes", "3", "--dry-run", "--set", "optimize.seed=7"});
  ASSERT_EQ(started.code, 0) << started.err;
  const json sessions = list();
  ASSERT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions[0]["state"], "queued");
  EXPECT_EQ(sessions[0]["by"], "anna");
  EXPECT_EQ(sessions[0]["reason"], "calmer market");
  EXPECT_EQ(sessions[0]["request"]["settings"], (json{{"optimize.seed", "7"}}));
  EXPECT_EQ(sessions[0]["request"]["episodes"], 3);
  const std::string id = sessions[0]["id"];
  EXPECT_TRUE(started.out.starts_with(id + ": queued")) << started.out;
  EXPECT_NE(run({"list"}).out.find(id), std::string::npos);
  const std::string shown = run({"show", id}).out;
  EXPECT_NE(shown.find("optimize.seed = 7"), std::string::npos) << shown;
  EXPECT_EQ(json::parse(run({"show", id, "--json"}).out), sessions[0]);

  const ProgramResult stopped = run({"stop", id, "--reason", "not needed"});
  ASSERT_EQ(stopped.code, 0) << stopped.err;
  EXPECT_NE(stopped.out.find("parameters stay as they are"), std::string::npos) << stopped.out;
  EXPECT_EQ(list()[0]["state"], "stopped");
  EXPECT_EQ(run({"stop", id, "--reason", "again"}).code, 2);
}

TEST_F(SessionsCommand, ATrainingIsQueuedWithItsNumbers) {
  const std::vector<std::vector<std::string>> asked{
      {"--kind", "train", "--algorithm", "dqn", "--steps", "5000", "--seed", "3", "--augment", "noise",
       "--curriculum"},
      {"--kind", "bootstrap", "--steps", "5000", "--seeds", "2"},
      {"--kind", "clone", "--expert", "rsi-ma", "--folds", "3", "--epochs", "9"},
      {"--kind", "ensemble", "--members", "2", "--set", "ensemble.sharpness=0"},
      {"--train", "--steps", "700"}};
  for (std::vector<std::string> words : asked) {
    words.insert(words.begin(), "start");
    words.insert(words.end(), {"--data", data()});
    const ProgramResult started = run(words);
    ASSERT_EQ(started.code, 0) << started.err;
  }
  std::map<std::string, json> requests;
  for (const json& session : list()) {
    const json& request = session["request"];
    requests[request["kind"] == "train" ? request.value("algorithm", "ppo")
                                        : request["kind"].get<std::string>()] = request;
  }
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_EQ(requests["dqn"]["settings"], (json{{"train.total_timesteps", "5000"}, {"dqn.seed", "3"}}));
  EXPECT_EQ(requests["dqn"]["augment"], "noise");
  EXPECT_EQ(requests["dqn"]["curriculum"], true);
  EXPECT_EQ(requests["ppo"]["settings"], (json{{"train.total_timesteps", "700"}}));
  EXPECT_EQ(requests["bootstrap"]["settings"],
            (json{{"train.total_timesteps", "5000"}, {"bootstrap.seeds", "2"}}));
  EXPECT_EQ(requests["clone"]["settings"], (json{{"cloning.folds", "3"}, {"cloning.max_epochs", "9"}}));
  EXPECT_EQ(requests["clone"]["expert"], "rsi-ma");
  EXPECT_EQ(requests["ensemble"]["settings"], (json{{"ensemble.members", "2"}, {"ensemble.sharpness", "0"}}));
}

TEST_F(SessionsCommand, WhatATrainingDoesNotHaveIsRefused) {
  const auto fault = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "start");
    words.insert(words.end(), {"--data", data()});
    const ProgramResult result = run(words);
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_NE(fault({"--kind", "clone", "--members", "2"}).find("--members"), std::string::npos);
  EXPECT_NE(fault({"--kind", "train", "--seed", "2", "--set", "ppo.seed=3"}).find("ppo.seed"),
            std::string::npos);
  EXPECT_NE(fault({"--kind", "ensemble", "--members", "many"}).find("ensemble.members"), std::string::npos);
  const std::string all =
      fault({"--kind", "clone", "--expert", "/etc/passwd", "--algorithm", "dqn", "--set", "optimize.seed=2"});
  for (const char* part : {"the server's own models", "algorithm:", "settings.optimize.seed"})
    EXPECT_NE(all.find(part), std::string::npos) << part << " in " << all;
  EXPECT_TRUE(list().empty());
}

TEST_F(SessionsCommand, TwoOfTheSameSecondHaveNamesOfTheirOwn) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(run({"start", "quick_tune", "--data", data()}).code, 0);
  const json sessions = list();
  EXPECT_NE(sessions[0]["id"], sessions[1]["id"]);
  EXPECT_NE(sessions[1]["id"], sessions[2]["id"]);
}

TEST_F(SessionsCommand, WhatIsWrongIsToldAtOnceAndNothingIsQueued) {
  const ProgramResult wrong =
      run({"start", "quick_tun", "--data", "/etc/passwd", "--minutes", "0", "--set", "gate.confidence=0.6"});
  EXPECT_EQ(wrong.code, 2);
  for (const char* part :
       {"did you mean quick_tune?", "sessions.data_folders", "minutes", "settings.gate.confidence"})
    EXPECT_NE(wrong.err.find(part), std::string::npos) << part << " in " << wrong.err;
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(run({"start", "quick_tune"}).code, 2);  // no bars
}

TEST_F(SessionsCommand, UnknownNamesAndMissingReasonsAreToldWithTheNearest) {
  ASSERT_EQ(run({"start", "quick_tune", "--data", data()}).code, 0);
  const std::string id = list()[0]["id"];
  const ProgramResult unknown = run({"show", id.substr(1)});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.err.find("did you mean " + id), std::string::npos) << unknown.err;
  const ProgramResult no_reason = run({"stop", id});
  EXPECT_EQ(no_reason.code, 2);
  EXPECT_NE(no_reason.err.find("reason"), std::string::npos) << no_reason.err;
  EXPECT_EQ(list()[0]["state"], "queued");
}

TEST_F(SessionsCommand, EveryCommandHasHelpWithAnExample) {
  for (const char* command : {"list", "show", "start", "stop"}) {
    const ProgramResult help = run_stevie({"sessions", command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.out.find("Example:\n  stevie sessions " + std::string(command)), std::string::npos)
        << command;
  }
}

}  // namespace
}  // namespace stevie::cli
