/// TensorBoard event files against the real tensorboard package.
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "core/random.h"
#include "peers/peer.h"
#include "rl/tensorboard.h"

namespace stevie::rl {
namespace {

TEST(TensorBoardPeer, reads_every_scalar_back) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  const peers::TemporaryFolder folder;
  RandomStream random(3, 0);
  std::map<std::pair<std::string, std::int64_t>, std::pair<float, double>> written;
  EventWriter writer(folder.path(), "PPO", 1700000000.5);
  for (std::int64_t update = 1; update <= 1000; ++update) {
    for (const char* tag : {"rollout/ep_rew_mean", "train/loss", "time/fps"}) {
      const std::int64_t step = update * 3'000'000;  // beyond 32 bits
      const double wall_time = 1700000000.5 + static_cast<double>(update) / 8;
      const double value = random.normal() * 1e6;
      writer.scalar(tag, value, step, wall_time);
      written[{tag, step}] = {static_cast<float>(value), wall_time};
    }
  }
  writer.flush();
  std::istringstream printed(peers::run("tensorboard_events.py", "'" + writer.folder().string() + "'"));
  std::string tag;
  std::int64_t step = 0;
  double value = 0;
  double wall_time = 0;
  std::size_t count = 0;
  while (printed >> tag >> step >> value >> wall_time) {
    const auto found = written.find({tag, step});
    ASSERT_NE(found, written.end()) << tag << " " << step;
    EXPECT_EQ(static_cast<float>(value), found->second.first);
    EXPECT_EQ(wall_time, found->second.second);
    ++count;
  }
  EXPECT_EQ(count, written.size()) << printed.str();
}

}  // namespace
}  // namespace stevie::rl
