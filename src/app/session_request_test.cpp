#include "app/session_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "app/session_kinds.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

class SessionRequestTest : public ::testing::Test {
 protected:
  SessionRequestTest() {
    for (const char* name :
         {"data/BTCUSDT_1h.csv", "elsewhere/secret.csv", "traded/ETHUSDT_1h.csv", "data_of_others/x.csv",
          "runs/a/models/clone.zip", "runs/a/notes.txt", "elsewhere/other.zip"})
      write_file(path(name), "bars");
    fs::create_symlink(path("elsewhere/other.zip"), path("runs/link.zip"));
    fs::create_symlink(path("elsewhere/secret.csv"), path("data/link.csv"));
    fs::create_directory_symlink(path("elsewhere"), path("data/folder"));
  }
  fs::path path(const std::string& name) const { return folder_.path() / name; }
  RequestRules rules() const {
    return {.data_folders = {path("data").string()},
            .default_data = {path("traded/ETHUSDT_1h.csv").string()},
            .config_file = {},
            .settings = {},
            .model_folders = {path("runs").string()}};
  }
  SessionRequest training(const std::string& kind) const {
    SessionRequest training = request();
    training.kind = kind;
    training.scenario.clear();
    return training;
  }
  SessionRequest request() const {
    SessionRequest request;
    request.scenario = "quick_tune";
    request.data = {path("data/BTCUSDT_1h.csv").string()};
    request.by = {"anna", ""};
    return request;
  }
  std::vector<std::string> faults(const SessionRequest& request) const {
    return request_faults(request, rules());
  }
  /// The one fault of a request.
  std::string fault(const SessionRequest& request) const {
    const std::vector<std::string> all = faults(request);
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " faults";
  }
  bool takes_data(const std::string& file) const {
    SessionRequest wanted = request();
    wanted.data = {file};
    return faults(wanted).empty();
  }

  const TemporaryFolder folder_;
};

TEST_F(SessionRequestTest, AUsualOneIsTaken) {
  EXPECT_EQ(faults(request()), std::vector<std::string>{});
  SessionRequest recommended = request();
  recommended.scenario = "recommended";
  recommended.data = {};
  EXPECT_EQ(faults(recommended), std::vector<std::string>{});
  EXPECT_EQ(checked_request(recommended, rules()).data, rules().default_data);
}

TEST_F(SessionRequestTest, AllFaultsAreToldAtOnce) {
  SessionRequest wrong;
  wrong.scenario = "quick_tun";
  wrong.data = {path("data/none.csv").string()};
  wrong.settings = {{"optimize.sed", "2"}};
  wrong.minutes = 0;
  wrong.episodes = 0;
  const Error error = error_of([&] { checked_request(wrong, rules()); });
  EXPECT_EQ(error.code(), "app.bad_session");
  for (const char* part :
       {"did you mean quick_tune?", "there is no file", "optimize.seed", "minutes:", "episodes:", "by:"})
    EXPECT_NE(error.message().find(part), std::string::npos) << part << " in " << error.message();
}

TEST_F(SessionRequestTest, DataLiesBelowTheAllowedFoldersOrIsTraded) {
  EXPECT_TRUE(takes_data(path("data/BTCUSDT_1h.csv").string()));
  EXPECT_TRUE(takes_data(path("traded/ETHUSDT_1h.csv").string()));
  EXPECT_TRUE(takes_data((path("data") / ".." / "data" / "BTCUSDT_1h.csv").string()));
  const std::vector<std::string> refused{path("elsewhere/secret.csv").string(),
                                         path("data/../elsewhere/secret.csv").string(),
                                         path("data/link.csv").string(),
                                         path("data/folder/secret.csv").string(),
                                         path("data_of_others/x.csv").string(),
                                         path("data").string(),
                                         "/etc/passwd",
                                         "/dev/zero",
                                         "/proc/self/environ",
                                         "--resume",
                                         "",
                                         std::string("a\0b", 3),
                                         std::string(5000, 'x')};
  for (const std::string& file : refused) EXPECT_FALSE(takes_data(file)) << file;
}

TEST_F(SessionRequestTest, NothingIsToldAboutFilesElsewhere) {
  SessionRequest there = request(), not_there = request();
  there.data = {path("elsewhere/secret.csv").string()};
  not_there.data = {path("elsewhere/nothing.csv").string()};
  std::string first = fault(there), second = fault(not_there);
  first.replace(first.find("secret"), 6, "*");
  second.replace(second.find("nothing"), 7, "*");
  EXPECT_EQ(first, second);
}

TEST_F(SessionRequestTest, SettingsCannotReachWhatTheServerAnswersFor) {
  for (const char* key : {"ledger.url", "ledger.head_folder", "sessions.folder", "sessions.data_folders",
                          "live.data", "live.feed", "risk.max_order_notional", "server.address",
                          "accounts.file", "gate.confidence", "costs.taker_fee_bps", "env.initial_equity",
                          "rules.channel_bars", "train.total_timesteps", "nonsense", "", "."}) {
    SessionRequest wanted = request();
    wanted.settings = {{key, "1"}};
    EXPECT_NE(fault(wanted).find("settings."), std::string::npos) << key << ": " << fault(wanted);
  }
}

TEST_F(SessionRequestTest, ADryRunMayBeJudgedOtherwise) {
  SessionRequest wanted = request();
  wanted.settings = {{"gate.confidence", "0.8"}, {"costs.taker_fee_bps", "1"}};
  EXPECT_EQ(faults(wanted).size(), 2u);
  wanted.dry_run = true;
  EXPECT_EQ(faults(wanted), std::vector<std::string>{});
  wanted.settings["ledger.url"] = "sqlite:///other.db";
  EXPECT_EQ(faults(wanted).size(), 1u);
}

TEST_F(SessionRequestTest, ValuesOfSettingsAreChecked) {
  SessionRequest wanted = request();
  wanted.settings = {{"optimize.pairs", "-3"}};
  EXPECT_NE(fault(wanted).find("optimize.pairs"), std::string::npos) << fault(wanted);
  wanted.settings = {{"optimize.seed", std::string(5000, '1')}};
  EXPECT_NE(fault(wanted).find("too long"), std::string::npos);
  wanted.settings = {{"optimize.seed", "2"}};
  EXPECT_EQ(faults(wanted), std::vector<std::string>{});
}

TEST_F(SessionRequestTest, LimitsAreNumbersThatMakeSense) {
  for (const double minutes :
       {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    SessionRequest wanted = request();
    wanted.minutes = minutes;
    EXPECT_NE(fault(wanted).find("minutes"), std::string::npos) << minutes;
  }
  SessionRequest wanted = request();
  wanted.episodes = 10'001;
  EXPECT_NE(fault(wanted).find("episodes"), std::string::npos);
}

TEST_F(SessionRequestTest, AScenarioIsNoFile) {
  SessionRequest wanted = request();
  wanted.scenario = "/etc/own.toml";
  EXPECT_NE(fault(wanted).find("no file"), std::string::npos);
}

TEST_F(SessionRequestTest, ATrainingHasBarsOfOneSymbolAndNoScenario) {
  SessionRequest training = request();
  training.kind = "train";
  EXPECT_NE(fault(training).find("scenario"), std::string::npos);
  training.scenario.clear();
  training.settings = {{"train.total_timesteps", "1000"}, {"costs.taker_fee_bps", "1"}};
  EXPECT_EQ(faults(training), std::vector<std::string>{});
  training.data.push_back(path("traded/ETHUSDT_1h.csv").string());
  EXPECT_NE(fault(training).find("one symbol"), std::string::npos);
  training.kind = "destroy";
  EXPECT_NE(faults(training).front().find("kind"), std::string::npos);
}

TEST_F(SessionRequestTest, EveryKindOfTrainingIsTakenWithItsOwnSettings) {
  const std::map<std::string, std::map<std::string, std::string>> own{
      {"train", {{"ppo.seed", "2"}, {"augmentation.share", "0.5"}}},
      {"bootstrap", {{"bootstrap.seeds", "2"}, {"dqn.buffer_size", "1000"}, {"train.eval_freq", "100"}}},
      {"clone", {{"cloning.folds", "0"}, {"expert.rsi_bars", "10"}}},
      {"ensemble", {{"ensemble.members", "2"}, {"ppo.n_envs", "2"}}}};
  for (const auto& [kind, settings] : own) {
    SessionRequest wanted = training(kind);
    wanted.settings = settings;
    EXPECT_EQ(faults(wanted), std::vector<std::string>{}) << kind;
    for (const char* key :
         {"optimize.seed", "gate.confidence", "ledger.url", "sessions.folder", "live.data"}) {
      wanted.settings = {{key, "1"}};
      EXPECT_NE(fault(wanted).find("kind " + kind), std::string::npos) << kind << " " << key;
    }
    wanted = training(kind);
    wanted.data.push_back(path("traded/ETHUSDT_1h.csv").string());
    wanted.episodes = 3;
    EXPECT_EQ(faults(wanted).size(), 2U) << kind;
  }
  SessionRequest wanted = training("ensemble");
  wanted.settings = {{"ensemble.members", "1000000"}, {"ensemble.mean_block", "no time"}};
  for (const char* key : {"ensemble.members", "ensemble.mean_block"})
    EXPECT_NE(fault(wanted).find(key), std::string::npos) << fault(wanted);
}

TEST_F(SessionRequestTest, AnAlgorithmHasItsOwnSettings) {
  SessionRequest dqn = training("train");
  dqn.algorithm = "dqn";
  dqn.settings = {{"dqn.buffer_size", "1000"}};
  EXPECT_EQ(faults(dqn), std::vector<std::string>{});
  dqn.settings = {{"ppo.seed", "1"}};
  EXPECT_NE(fault(dqn).find("settings.ppo.seed"), std::string::npos);
  dqn.settings = {};
  dqn.algorithm = "dqn --out /tmp";
  EXPECT_NE(fault(dqn).find("algorithm:"), std::string::npos);
  SessionRequest clone = training("clone");
  clone.algorithm = "dqn";
  EXPECT_NE(fault(clone).find("algorithm:"), std::string::npos);
}

TEST_F(SessionRequestTest, AugmentationAndCurriculumAreCheckedAsSettings) {
  for (const char* kind : {"train", "bootstrap"}) {
    SessionRequest wanted = training(kind);
    wanted.augment = "noise,warp";
    wanted.curriculum = true;
    EXPECT_EQ(faults(wanted), std::vector<std::string>{}) << kind;
    wanted.augment = "nois";
    EXPECT_NE(fault(wanted).find("no technique 'nois'"), std::string::npos) << fault(wanted);
    wanted.augment = "noise";
    wanted.settings = {{"augmentation.techniques", "warp"}, {"curriculum.enabled", "false"}};
    EXPECT_EQ(faults(wanted).size(), 2U);
  }
  SessionRequest search = request(), ensemble = training("ensemble");
  search.augment = ensemble.augment = "noise";
  EXPECT_NE(faults(search).front().find("augment"), std::string::npos);
  EXPECT_NE(faults(ensemble).front().find("augment"), std::string::npos);
}

TEST_F(SessionRequestTest, ModelsLieBelowTheServersOwnFolders) {
  const auto of_expert = [&](const std::string& file) {
    SessionRequest clone = training("clone");
    clone.expert = file;
    return faults(clone);
  };
  const auto of_start = [&](const std::string& file) {
    SessionRequest train = training("train");
    train.from = file;
    return faults(train);
  };
  EXPECT_TRUE(of_expert("rsi-ma").empty());
  const std::string model = path("runs/a/models/clone.zip").string();
  EXPECT_TRUE(of_expert(model).empty());
  EXPECT_TRUE(of_start(model).empty());
  for (const std::string& file :
       {path("elsewhere/other.zip").string(), path("runs/link.zip").string(),
        path("runs/../elsewhere/other.zip").string(), path("runs/a/notes.txt").string(),
        path("runs/none.zip").string(), path("runs").string(), path("data/BTCUSDT_1h.csv").string(),
        std::string("/etc/passwd"), std::string("--resume"), std::string("rsi-ma2"), std::string("a\0b", 3),
        std::string(5000, 'x')}) {
    EXPECT_EQ(of_expert(file).size(), 1U) << file;
    EXPECT_EQ(of_start(file).size(), 1U) << file;
  }
  SessionRequest wrong = training("bootstrap");
  wrong.from = wrong.expert = model;
  EXPECT_EQ(faults(wrong).size(), 2U);
}

TEST_F(SessionRequestTest, NamesAndReasonsArePlainText) {
  const live::Signature anna{"anna", "calmer market"};
  EXPECT_EQ(asker_faults(anna, true), std::vector<std::string>{});
  EXPECT_EQ(asker_faults({"anna", ""}, false), std::vector<std::string>{});
  EXPECT_EQ(asker_faults({"", ""}, true).size(), 2u);
  EXPECT_EQ(asker_faults({"anna\nroot", "ok\x1b[2J"}, true).size(), 2u);
  EXPECT_EQ(asker_faults({std::string(201, 'a'), std::string(501, 'a')}, true).size(), 2u);
}

TEST_F(SessionRequestTest, IsReadAsItWasWritten) {
  SessionRequest wanted = request();
  wanted.settings = {{"optimize.seed", "2"}};
  wanted.minutes = 1.5;
  wanted.episodes = 3;
  wanted.dry_run = true;
  wanted.algorithm = "dqn";
  wanted.augment = "noise";
  wanted.curriculum = true;
  wanted.from = "runs/a.zip";
  wanted.expert = "runs/b.zip";
  const std::optional<SessionRequest> read = parse_request(request_json(wanted));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->algorithm, wanted.algorithm);
  EXPECT_EQ(read->augment, wanted.augment);
  EXPECT_TRUE(read->curriculum);
  EXPECT_EQ(read->from, wanted.from);
  EXPECT_EQ(read->expert, wanted.expert);
  EXPECT_EQ(read->scenario, wanted.scenario);
  EXPECT_EQ(read->data, wanted.data);
  EXPECT_EQ(read->settings, wanted.settings);
  EXPECT_EQ(read->minutes, wanted.minutes);
  EXPECT_EQ(read->episodes, wanted.episodes);
  EXPECT_TRUE(read->dry_run);
  for (const char* text : {"", "[]", "{}", R"({"kind": "optimize"})",
                           R"({"kind": "optimize", "data": [1], "settings": {}, "dry_run": true})",
                           R"({"kind": "train", "data": [], "settings": {}, "dry_run": true, "from": 3})"})
    EXPECT_FALSE(parse_request(text)) << text;
}

TEST(StartableFiles, AreThoseThatARequestMayName) {
  const TemporaryFolder folder;
  const auto path = [&](const std::string& name) { return (folder.path() / name).string(); };
  for (const char* name : {"traded.csv", "data/b.csv.gz", "data/deep/a.csv", "data/notes.txt", "outside.csv"})
    write_file(path(name), "bars");
  std::filesystem::create_symlink(path("outside.csv"), path("data/link.csv"));
  const std::vector<StartableFile> files = startable_files(
      {path("data"), path("nowhere")}, {path("traded.csv"), path("gone.csv"), path("data/b.csv.gz")});
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].file, path("traded.csv"));
  EXPECT_TRUE(files[0].traded);
  EXPECT_EQ(files[0].bytes, 4U);
  EXPECT_EQ(files[1].file, path("data/b.csv.gz"));
  EXPECT_EQ(files[2].file, path("data/deep/a.csv"));
  EXPECT_FALSE(files[2].traded);
}

TEST(StartableModels, AreThoseThatARequestMayName) {
  const TemporaryFolder folder;
  const auto path = [&](const std::string& name) { return (folder.path() / name).string(); };
  for (const char* name :
       {"runs/a/models/ppo_stevie.zip", "runs/a/checkpoints/ppo.zip", "runs/a/x.onnx", "outside.zip"})
    write_file(path(name), "model");
  std::filesystem::create_symlink(path("outside.zip"), path("runs/link.zip"));
  EXPECT_EQ(startable_models({path("runs"), path("nowhere")}),
            std::vector<std::string>{path("runs/a/models/ppo_stevie.zip")});
}

TEST(StartableTrainings, TellTheirNumbersAndWhatTheyAreLeftOut) {
  Config config;
  config.train.total_timesteps = 1234;
  config.dqn.seed = 7;
  const std::vector<StartableTraining> all = startable_trainings(config);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1].algorithm, "dqn");
  ASSERT_EQ(all[1].numbers.size(), 2U);
  EXPECT_EQ(all[1].numbers[0].setting, "train.total_timesteps");
  EXPECT_EQ(all[1].numbers[0].value, 1234U);
  EXPECT_EQ(all[1].numbers[1].setting, "dqn.seed");
  EXPECT_EQ(all[1].numbers[1].value, 7U);
  for (const StartableTraining& training : all)
    for (const StartableTraining::Number& number : training.numbers) {
      SessionRequest request;
      request.kind = training.kind;
      request.algorithm = training.algorithm;
      EXPECT_TRUE(settable_sections(request).contains(number.setting.substr(0, number.setting.find('.'))))
          << number.setting;
    }
}

}  // namespace
}  // namespace stevie::app
