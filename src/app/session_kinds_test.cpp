#include "app/session_kinds.h"

#include <gtest/gtest.h>

#include "app/session_supervisor.h"
#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

TEST(SessionKinds, EveryTrainingHasItsCommand) {
  const TemporaryFolder place;
  const auto path = [&](const std::string& name) { return place.path() / name; };
  write_file(path("data/BTCUSDT_1h.csv"), "bars");
  const auto request = [&] {
    SessionRequest plain;
    plain.data = {path("data/BTCUSDT_1h.csv").string()};
    return plain;
  };
  const std::string data = fs::canonical(path("data/BTCUSDT_1h.csv")).string();
  const std::string model = path("sessions/earlier/models/clone.zip").string();
  write_file(model, "model");
  SessionRequest training = request();
  training.scenario.clear();
  training.kind = "train";
  training.algorithm = "dqn";
  training.augment = "noise,warp";
  training.curriculum = true;
  training.from = model;
  SessionRequest several = request(), clone = request(), ensemble = request();
  several.kind = "bootstrap";
  several.settings = {{"bootstrap.seeds", "2"}};
  clone.kind = "clone";
  clone.expert = "rsi-ma";
  ensemble.kind = "ensemble";
  const auto words = [](const SessionRequest& asked, const fs::path& folder) {
    TrainingSession session;
    session.request = asked;
    session.folder = folder;
    std::string line;
    for (const std::string& word : worker_arguments(session, "", {}))
      line += (line.empty() ? "" : " ") + word;
    return line;
  };
  const fs::path folder = path("sessions/x");
  const std::string out =
      " --out " + folder.string() + " --progress-file " + folder.string() + "/progress.json";
  EXPECT_EQ(words(training, folder),
            "--set augmentation.techniques=noise,warp --set curriculum.enabled=true train dqn --data " +
                data + " --from " + fs::canonical(model).string() + out);
  EXPECT_EQ(words(several, folder), "--set bootstrap.seeds=2 bootstrap --data " + data + out);
  EXPECT_EQ(words(clone, folder), "clone --data " + data + " --expert rsi-ma" + out);
  EXPECT_EQ(words(ensemble, folder), "ensemble train --data " + data + out);

  // What each goes on from.
  write_file(folder / "checkpoints" / "dqn.zip", "saved");
  EXPECT_TRUE(words(training, folder).ends_with(" --resume"));
  training.algorithm = "ppo";
  EXPECT_FALSE(words(training, folder).ends_with(" --resume"));
  EXPECT_FALSE(words(several, folder).ends_with(" --resume"));
  write_file(folder / "dqn_seed1" / "checkpoints" / "dqn.zip", "saved");
  EXPECT_TRUE(words(several, folder).ends_with(" --resume"));
  write_file(folder / "models" / "member_1.json", "{}");
  EXPECT_EQ(words(ensemble, folder), "ensemble train --data " + data + out) << "it goes on by itself";
  EXPECT_EQ(words(clone, folder), "clone --data " + data + " --expert rsi-ma" + out) << "it begins anew";
}

TEST(SessionKinds, AreNamedAndCounted) {
  EXPECT_FALSE(is_training("optimize"));
  EXPECT_FALSE(is_training("destroy"));
  for (const std::string& kind : session_kinds()) EXPECT_EQ(is_training(kind), kind != "optimize");
  EXPECT_EQ(unit_of("optimize"), "episodes");
  EXPECT_EQ(unit_of("clone"), "epochs");
  EXPECT_EQ(unit_of("bootstrap"), "steps");
  SessionRequest request;
  request.scenario = "quick_tune";
  EXPECT_EQ(session_word(request), "quick_tune");
  request.kind = "train";
  EXPECT_EQ(session_word(request), "train");
  request.algorithm = "dqn";
  EXPECT_EQ(session_word(request), "train_dqn");
  EXPECT_TRUE(numbers_of({}).empty());
}

}  // namespace
}  // namespace stevie::app
