/// One whole update of PPO beside Stable-Baselines3's: the same weights, moments, rollout and order of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "core/file.h"
#include "nn/model_file.h"
#include "peers/peer.h"
#include "rl/ppo.h"
#include "rl/ppo_model.h"
#include "rl/rl_testing.h"

namespace stevie::rl {
namespace {

constexpr double tolerance = 1e-5;

struct Variant {
  std::string name;
  PpoConfig config;
  nn::PolicyKwargs architecture;
  std::size_t updates_before;  // so that the optimiser has moments
};

std::vector<Variant> variants() {
  Variant plain{"defaults", {}, {}, 0};
  plain.config.n_envs = 4;
  plain.config.n_steps = 64;

  Variant ragged = plain;  // 256 rows: 40 are left for the last minibatch, and a ReLU network
  ragged.name = "ragged";
  ragged.config.batch_size = 72;
  ragged.config.ent_coef = 0.01;
  ragged.config.learning_rate = 1e-3;
  ragged.architecture = {{32, 16}, {24}, nn::Activation::relu, false};
  ragged.updates_before = 2;

  Variant clipped = plain;
  clipped.name = "clipped";
  clipped.config.clip_range = 0.05;
  clipped.config.clip_range_vf = 0.1;
  clipped.config.learning_rate = 1e-3;
  clipped.config.vf_coef = 1.0;
  clipped.updates_before = 1;

  Variant bare = plain;
  bare.name = "bare";
  bare.config.normalize_advantage = false;
  bare.config.max_grad_norm = 0.05;
  bare.config.n_epochs = 4;

  Variant stopped = clipped;
  stopped.name = "stopped";
  stopped.config.target_kl = 0.002;
  return {plain, ragged, clipped, bare, stopped};
}

template <class T>
void write_array(const std::filesystem::path& path, const T* items, std::size_t count) {
  write_file(path, {reinterpret_cast<const char*>(items), count * sizeof(T)});
}

void write_rollout(const std::filesystem::path& folder, const RolloutBuffer& rollout) {
  const std::size_t rows = rollout.size();
  write_array(folder / "observations.f32", rollout.observations.data(), rows * rollout.observation_size);
  write_array(folder / "actions.i32", rollout.actions.data(), rows);
  write_array(folder / "log_probs.f32", rollout.log_probabilities.data(), rows);
  write_array(folder / "values.f32", rollout.values.data(), rows);
  write_array(folder / "advantages.f32", rollout.advantages.data(), rows);
  write_array(folder / "returns.f32", rollout.returns.data(), rows);
}

std::vector<std::vector<std::uint32_t>> random_orders(std::size_t epochs, std::size_t rows) {
  RandomStream random(5, 0);
  std::vector<std::vector<std::uint32_t>> orders(epochs, std::vector<std::uint32_t>(rows));
  for (auto& order : orders) {
    std::iota(order.begin(), order.end(), 0u);
    for (std::size_t left = rows; left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  }
  return orders;
}

/// Leaves the model before and after our update in the folder, with everything the update used.
UpdateStats update_and_write(const Variant& variant, const std::filesystem::path& folder) {
  testing::ToyConfig toy;
  toy.observation_size = 20;
  toy.episode_length = 4;
  toy.length_spread = 6;
  toy.terminate_every = 2;
  testing::ToyEnv environment(toy, variant.config.n_envs);
  Ppo ppo(environment, {toy.observation_size, toy.action_count, variant.architecture}, variant.config);
  for (std::size_t i = 0; i < variant.updates_before; ++i) ppo.iterate(1'000'000);
  ppo.collect_rollout();
  nn::write_model_file(folder / "before.zip", to_model_file(ppo));
  write_rollout(folder, ppo.rollout());
  const auto orders = random_orders(variant.config.n_epochs, ppo.rollout().size());
  std::vector<std::uint32_t> flat;
  for (const auto& order : orders) flat.insert(flat.end(), order.begin(), order.end());
  write_array(folder / "orders.u32", flat.data(), flat.size());
  const UpdateStats stats =
      ppo.update_in_order(variant.config.learning_rate, variant.config.clip_range, orders);
  nn::write_model_file(folder / "after.zip", to_model_file(ppo));
  return stats;
}

TEST(PpoPeer, an_update_gives_the_weights_that_sb3_gives) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  const peers::TemporaryFolder folder;
  std::string arguments;
  std::vector<UpdateStats> ours;
  for (const Variant& variant : variants()) {
    std::filesystem::create_directories(folder / variant.name);
    ours.push_back(update_and_write(variant, folder / variant.name));
    arguments += " '" + (folder / variant.name).string() + "'";
  }
  const nlohmann::json printed = nlohmann::json::parse(peers::run("sb3_update.py", arguments));
  const std::vector<Variant> all = variants();
  ASSERT_EQ(printed.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(all[i].name);
    const nlohmann::json& theirs = printed[i];
    EXPECT_GT(theirs.at("largest_change").get<double>(), 100 * tolerance);  // so that equality says something
    for (const auto& [name, difference] : theirs.at("differences").items())
      EXPECT_LT(difference.get<double>(), tolerance) << name;
    EXPECT_EQ(theirs.at("optimizer_steps_differ").get<int>(), 0);
    const std::vector<std::pair<const char*, double>> statistics{
        {"train/loss", ours[i].loss},
        {"train/policy_gradient_loss", ours[i].policy_gradient_loss},
        {"train/value_loss", ours[i].value_loss},
        {"train/entropy_loss", ours[i].entropy_loss},
        {"train/approx_kl", ours[i].approx_kl},
        {"train/clip_fraction", ours[i].clip_fraction},
        {"train/clip_range", ours[i].clip_range},
        {"train/learning_rate", ours[i].learning_rate},
        {"train/explained_variance", ours[i].explained_variance}};
    for (const auto& [tag, value] : statistics)
      EXPECT_NEAR(theirs.at(tag).get<double>(), value, tolerance) << tag;
  }
  // The variants must reach what they are there for.
  EXPECT_GT(ours[2].clip_fraction, 0.05);
  EXPECT_TRUE(ours[4].stopped_early);
  EXPECT_FALSE(ours[2].stopped_early);
}

}  // namespace
}  // namespace stevie::rl
