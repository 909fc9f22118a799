#include "app/session_progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/file.h"
#include "core/testing.h"

namespace stevie::app {
namespace {

WorkerProgress at_episode(std::uint64_t episode, double best) {
  WorkerProgress progress;
  progress.phase = WorkerPhase::searching;
  progress.episode = episode;
  progress.episodes = 10;
  progress.candidates = episode * 16;
  progress.best_reward = best;
  return progress;
}

TEST(SessionProgress, each_episode_stays_with_its_time) {
  const TemporaryFolder folder;
  TimeMs now = 1000;
  ProgressFile file(folder.path() / "progress.json", [&now] { return now; });
  file.enter(WorkerPhase::loading);
  for (std::uint64_t episode = 1; episode <= 3; ++episode) {
    now += 500;
    file.write(at_episode(episode, 0.1 * static_cast<double>(episode)));
    file.write(at_episode(episode, 0.1 * static_cast<double>(episode)));  // told twice, kept once
  }
  file.enter(WorkerPhase::judging);
  const std::vector<ProgressPoint> points = read_progress_curve(folder.path());
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].time, 1500);
  EXPECT_EQ(points[2].progress, at_episode(3, 0.1 * 3));
  EXPECT_EQ(read_progress(folder.path() / "progress.json")->phase, WorkerPhase::judging);
}

TEST(SessionProgress, what_a_resumed_session_told_again_replaces_what_it_told_before) {
  const TemporaryFolder folder;
  TimeMs now = 1;
  for (const std::uint64_t first : {1, 3}) {
    ProgressFile file(folder.path() / "progress.json", [&now] { return now; });
    for (std::uint64_t episode = first; episode <= 4; ++episode) file.write(at_episode(episode, 1));
    now = 100;
  }
  const std::vector<ProgressPoint> points = read_progress_curve(folder.path());
  ASSERT_EQ(points.size(), 4U);
  EXPECT_EQ(points[1].time, 1);
  EXPECT_EQ(points[2].time, 100);
}

TEST(SessionProgress, damaged_lines_are_left_out) {
  const TemporaryFolder folder;
  const std::string good = progress_line(at_episode(2, 0.5));
  write_file(folder.path() / progress_curve_file, "\n{}\nnull\n[1]\n" + std::string(10'000, 'x') +
                                                      "\n{\"phase\":\"searching\",\"time\":-5}\n" + good +
                                                      "{\"phase\":\"searching\",\"episode\":3");
  const std::vector<ProgressPoint> points = read_progress_curve(folder.path());
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].progress.best_reward, 0.5);
  EXPECT_EQ(points[1].time, 0);
  EXPECT_TRUE(read_progress_curve({}).empty());
  EXPECT_TRUE(read_progress_curve("/nowhere").empty());
}

TEST(SessionProgress, a_link_is_not_followed) {
  const TemporaryFolder folder;
  write_file(folder.path() / "outside", progress_line(at_episode(1, 1)));
  std::filesystem::create_directory(folder.path() / "run");
  std::filesystem::create_symlink(folder.path() / "outside", folder.path() / "run" / progress_curve_file);
  EXPECT_TRUE(read_progress_curve(folder.path() / "run").empty());
}

TEST(SessionProgress, results_stand_in_for_a_curve_that_was_not_kept) {
  const TemporaryFolder folder;
  write_file(folder.path() / "results.json",
             R"({"search":{"running_reward":0.2,"history":[{"best_so_far":0.1},{"best_so_far":0.4}]}})");
  std::vector<ProgressPoint> points = read_progress_curve(folder.path());
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].progress.best_reward, 0.4);
  EXPECT_EQ(points[1].progress.running_reward, 0.2);
  EXPECT_EQ(points[1].progress.fraction, 1);

  const TemporaryFolder training;
  write_file(training.path() / "training_results.json",
             R"({"timesteps":400,"updates":[{"timesteps":100,"ep_rew_mean":1},{"timesteps":200},7,
                 {"timesteps":400,"ep_rew_mean":null}],
                 "evaluations":[{"timesteps":200,"mean_reward":0.5},{"timesteps":400,"mean_reward":0.3}]})");
  points = read_progress_curve(training.path());
  ASSERT_EQ(points.size(), 3U);
  EXPECT_FALSE(points[0].progress.best_reward);
  EXPECT_EQ(points[1].progress.best_reward, 0.5);
  EXPECT_EQ(points[2].progress.best_reward, 0.5);
  EXPECT_EQ(points[0].progress.running_reward, 1);
  EXPECT_EQ(points[1].progress.fraction, 0.5);
}

TEST(SessionProgress, results_of_no_form_give_no_curve) {
  for (const char* text : {"", "null", "[]", R"({"search":7})", R"({"search":{"history":{}}})",
                           R"({"search":{"history":[7,null]}})"}) {
    const TemporaryFolder folder;
    write_file(folder.path() / "results.json", text);
    EXPECT_TRUE(read_progress_curve(folder.path()).empty()) << text;
  }
}

TEST(SessionProgress, thinning_keeps_each_new_best) {
  std::vector<ProgressPoint> points(10'000);
  for (std::size_t i = 0; i < points.size(); ++i)
    points[i].progress = at_episode(i + 1, i < 3333 ? 1 : i < 7777 ? 2 : 3);
  const std::vector<ProgressPoint> kept = thinned(points, 100);
  EXPECT_LE(kept.size(), 104U);
  EXPECT_EQ(kept.front().progress.episode, 1U);
  EXPECT_EQ(kept.back().progress.episode, 10'000U);
  for (const std::uint64_t change : {3334U, 7778U})
    EXPECT_TRUE(std::ranges::any_of(kept, [&](const auto& p) { return p.progress.episode == change; }));
  EXPECT_EQ(thinned({points.begin(), points.begin() + 5}, 100).size(), 5U);
}

}  // namespace
}  // namespace stevie::app
