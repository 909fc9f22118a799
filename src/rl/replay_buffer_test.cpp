#include "rl/replay_buffer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/testing.h"
#include "env/conformance.h"
#include "rl/replay_reference.h"
#include "rl/rl_testing.h"
#include "rl/sum_tree.h"

namespace stevie::rl {
namespace {

/// A toy environment whose observations begin with a row of a table that all lanes share: the row is told by
/// the context, so that its first values repeat in every observation of that context.
class SharedToyEnv final : public env::VectorEnv {
 public:
  SharedToyEnv(const testing::ToyConfig& config, std::size_t lanes)
      : toy_(config, lanes), contexts_(config.action_count), rows_(lanes), final_rows_(lanes) {
    for (std::size_t row = 0; row < contexts_; ++row) {
      for (std::size_t column = 0; column < contexts_; ++column)
        table_.push_back(row == column ? 1.0f : 0.0f);
    }
  }
  std::size_t lanes() const override { return toy_.lanes(); }
  std::size_t observation_size() const override { return toy_.observation_size(); }
  std::size_t action_count() const override { return toy_.action_count(); }
  void reset(std::uint64_t seed, std::span<float> observations) override {
    toy_.reset(seed, observations);
    for (std::size_t i = 0; i < lanes(); ++i) rows_[i] = row_of(&observations[i * observation_size()]);
  }
  void step(std::size_t first, std::size_t count, const env::StepBuffers& buffers) override {
    toy_.step(first, count, buffers);
    for (std::size_t i = first; i < first + count; ++i) {
      rows_[i] = row_of(buffers.observations + i * observation_size());
      if ((buffers.terminated[i] | buffers.truncated[i]) != 0)
        final_rows_[i] = row_of(buffers.final_observations + i * observation_size());
    }
  }
  env::SharedRows shared_rows() const override { return {table_.data(), contexts_, contexts_}; }
  std::uint32_t shared_row(std::size_t lane) const override { return rows_[lane]; }
  std::uint32_t final_shared_row(std::size_t lane) const override { return final_rows_[lane]; }
  std::string save_state() const override { return toy_.save_state(); }
  void load_state(std::string_view state) override { toy_.load_state(state); }

 private:
  static std::uint32_t row_of(const float* observation) {
    std::uint32_t row = 0;
    while (observation[row] != 1.0f) ++row;
    return row;
  }
  testing::ToyEnv toy_;
  std::size_t contexts_;
  std::vector<float> table_;
  std::vector<std::uint32_t> rows_, final_rows_;
};

struct ReplayCase {
  std::size_t capacity, lanes;
  bool shared;
  std::uint64_t episode_length, terminate_every;
};

/// An environment played at random into both buffers.
class Player {
 public:
  explicit Player(const ReplayCase& test) : test_(test), environment_(make(test)) {
    const std::size_t width = environment_->observation_size();
    observations_.resize(test.lanes * width);
    finals_.resize(observations_.size());
    environment_->reset(5, observations_);
    fast_.emplace(test.capacity, test.lanes, width, environment_->shared_rows());
    for (std::size_t lane = 0; lane < test.lanes; ++lane) {
      fast_->start(lane, &observations_[lane * width], environment_->shared_row(lane));
      plain_.emplace_back(width, &observations_[lane * width]);
    }
  }
  static std::unique_ptr<env::VectorEnv> make(const ReplayCase& test) {
    testing::ToyConfig toy;
    toy.observation_size = 7;
    toy.episode_length = test.episode_length;
    toy.length_spread = test.episode_length / 2;
    toy.terminate_every = test.terminate_every;
    if (test.shared) return std::make_unique<SharedToyEnv>(toy, test.lanes);
    return std::make_unique<testing::ToyEnv>(toy, test.lanes);
  }
  void play(std::size_t steps) {
    const std::size_t lanes = test_.lanes, width = environment_->observation_size();
    std::vector<std::int32_t> actions(lanes);
    std::vector<float> rewards(lanes);
    std::vector<std::uint8_t> terminated(lanes), truncated(lanes);
    for (std::size_t i = 0; i < steps; ++i) {
      for (auto& action : actions) action = static_cast<std::int32_t>(random_.below(3));
      environment_->step_all({actions.data(), observations_.data(), rewards.data(), terminated.data(),
                              truncated.data(), finals_.data()});
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const ReplayStep step{actions[lane],
                              rewards[lane],
                              terminated[lane] != 0,
                              truncated[lane] != 0,
                              &observations_[lane * width],
                              environment_->shared_row(lane),
                              &finals_[lane * width],
                              environment_->final_shared_row(lane)};
        fast_->add(lane, step);
        plain_[lane].add(step);
      }
    }
  }
  ReplayBuffer& fast() { return *fast_; }
  const PlainReplay& plain(std::size_t lane) const { return plain_[lane]; }
  std::size_t width() const { return environment_->observation_size(); }

  /// Compares all steps held, from the newest back.
  void expect_agreement(std::size_t n_steps) {
    constexpr float gamma = 0.75f;
    for (std::size_t lane = 0; lane < test_.lanes; ++lane) {
      const PlainReplay& plain = plain_[lane];
      std::size_t record = fast_->newest(lane);
      std::size_t held = 0;
      for (std::size_t at = plain.steps().size(); at-- > 0 && held < fast_->steps(lane); ++held) {
        while (!fast_->is_step(record)) record = fast_->before(record);
        expect_step(record, plain, at, n_steps, gamma);
        record = fast_->before(record);
      }
      ASSERT_EQ(held, fast_->steps(lane));
    }
  }

 private:
  std::vector<float> observation(std::size_t record) const {
    std::vector<float> values(width());
    fast_->copy_observation(record, values.data());
    return values;
  }
  void expect_step(std::size_t record, const PlainReplay& plain, std::size_t at, std::size_t n_steps,
                   float gamma) const {
    const PlainReplay::Step& step = plain.steps()[at];
    EXPECT_EQ(observation(record), step.observation);
    EXPECT_EQ(fast_->action(record), step.action);
    const PlainReplay::Return expected = plain.look_ahead(at, n_steps, gamma);
    const ReplayReturn ahead = fast_->look_ahead(record, n_steps, gamma);
    EXPECT_NEAR(ahead.reward, expected.reward, 1e-6);
    EXPECT_NEAR(ahead.discount, expected.discount, 1e-7);
    if (expected.discount > 0) {
      EXPECT_EQ(observation(ahead.next), expected.next_observation);
    }
  }

  ReplayCase test_;
  std::unique_ptr<env::VectorEnv> environment_;
  std::vector<float> observations_, finals_;
  std::optional<ReplayBuffer> fast_;
  std::vector<PlainReplay> plain_;
  RandomStream random_{17, 0};
};

std::vector<ReplayCase> cases() {
  std::vector<ReplayCase> all;
  for (const bool shared : {false, true}) {
    all.push_back({40, 1, shared, 6, 2});    // both kinds of ends
    all.push_back({41, 3, shared, 4, 0});    // all truncated
    all.push_back({60, 2, shared, 1, 0});    // every step ends its episode
    all.push_back({2, 1, shared, 1, 0});     // the smallest buffer
    all.push_back({500, 1, shared, 50, 1});  // never full
  }
  return all;
}

class Replay : public ::testing::TestWithParam<ReplayCase> {};
INSTANTIATE_TEST_SUITE_P(Buffers, Replay, ::testing::ValuesIn(cases()));

TEST_P(Replay, holds_what_the_plain_one_holds) {
  Player player(GetParam());
  for (const std::size_t steps : {1u, 5u, 30u, 64u, 91u}) {
    player.play(steps);
    for (const std::size_t n_steps : {1u, 3u, 8u}) player.expect_agreement(n_steps);
  }
  // Nothing is dropped before the buffer is full.
  const std::size_t share = std::max<std::size_t>(GetParam().capacity / GetParam().lanes, 2);
  for (std::size_t lane = 0; lane < GetParam().lanes; ++lane) {
    EXPECT_LE(player.fast().steps(lane), share);
    EXPECT_GE(player.fast().steps(lane), std::min<std::size_t>(share, 191) / 2);
  }
}

TEST_P(Replay, draws_all_steps_equally_and_nothing_else) {
  Player player(GetParam());
  player.play(100);
  const std::size_t steps = player.fast().steps();
  std::map<std::size_t, double> drawn;
  RandomStream random(3, 0);
  const auto draws = static_cast<double>(200 * steps);
  for (double i = 0; i < draws; ++i) {
    std::size_t record = 0;
    player.fast().draw(random, {&record, 1});
    ASSERT_TRUE(player.fast().is_step(record));
    ++drawn[record];
  }
  ASSERT_EQ(drawn.size(), steps);
  double chi_squared = 0;
  for (const auto& [record, count] : drawn) {
    const std::size_t lane = record / (player.fast().records() / player.fast().lanes());
    const double expected = draws / static_cast<double>(player.fast().lanes() * player.fast().steps(lane));
    chi_squared += (count - expected) * (count - expected) / expected;
  }
  // Mean and standard deviation of the distribution with so many degrees of freedom.
  const double freedom = static_cast<double>(steps) - 1.0;
  EXPECT_LT(chi_squared, freedom + 4.0 * std::sqrt(2.0 * freedom) + 1.0);
}

TEST_P(Replay, is_saved_and_loaded_as_it_is) {
  for (const std::size_t played : {0u, 3u, 200u}) {
    Player first(GetParam()), second(GetParam());
    first.play(played);
    second.play(7);
    ByteWriter writer;
    first.fast().save(writer);
    const std::string bytes = writer.take();
    ByteReader reader(bytes);
    second.fast().load(reader, 3);
    EXPECT_TRUE(reader.done());
    ByteWriter again;
    second.fast().save(again);
    EXPECT_EQ(again.take(), bytes);
    for (std::size_t length = 0; length < bytes.size(); length += 53) {
      ByteReader cut(std::string_view(bytes).substr(0, length));
      ASSERT_EQ(error_of([&] { second.fast().load(cut, 3); }).code(), "bytes.damaged");
    }
    const std::string noise(bytes.size(), '\xff');
    ByteReader noisy(noise);
    EXPECT_EQ(error_of([&] { second.fast().load(noisy, 3); }).code(), "bytes.damaged");
  }
}

TEST(SharedToyEnv, keeps_every_promise_of_an_environment) {
  testing::ToyConfig toy;
  toy.episode_length = 3;
  toy.length_spread = 5;
  toy.terminate_every = 2;
  const auto make = [&](std::size_t lanes) { return std::make_unique<SharedToyEnv>(toy, lanes); };
  EXPECT_EQ(env::conformance_violations(make), std::vector<std::string>{});
}

TEST(Replay, of_shared_rows_needs_a_few_bytes_a_step) {
  const std::vector<float> row(100);
  const env::SharedRows market{row.data(), 1, 100};
  EXPECT_EQ(ReplayBuffer::bytes_per_step(104, market), 12u + 4 * 4);
  EXPECT_EQ(ReplayBuffer::bytes_per_step(104, {}), 12u + 104 * 4);
  EXPECT_EQ(ReplayBuffer::bytes_for(1'000'000, 1, 104, market), 1'000'001u * 28);
}

TEST(SumTree, finds_the_leaf_that_a_linear_search_finds) {
  RandomStream random(9, 0);
  for (const std::size_t leaves : {1u, 2u, 5u, 64u, 100u}) {
    SumTree tree(leaves);
    std::vector<double> plain(leaves, 0.0);
    for (int change = 0; change < 300; ++change) {
      const std::size_t leaf = random.below(leaves);
      plain[leaf] = random.uniform() < 0.3 ? 0.0 : random.uniform();
      tree.set(leaf, plain[leaf]);
      const double total = std::accumulate(plain.begin(), plain.end(), 0.0);
      EXPECT_NEAR(tree.total(), total, 1e-12);
      if (total == 0) continue;
      const double mass = random.uniform() * tree.total();
      double before = 0;
      std::size_t expected = 0;
      while (before + plain[expected] <= mass) before += plain[expected++];
      const std::size_t found = tree.find(mass);
      EXPECT_GT(plain[found], 0.0);
      if (std::abs(mass - before) > 1e-9 && std::abs(mass - before - plain[expected]) > 1e-9) {
        EXPECT_EQ(found, expected);
      }
    }
  }
}

}  // namespace
}  // namespace stevie::rl
