#include "rl/dqn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/bytes.h"
#include "core/error.h"
#include "nn/simd.h"
#include "rl/td_loss.h"

namespace stevie::rl {
namespace {

// Streams of the seed, above all that weights and environments use, as in Ppo.
constexpr std::uint64_t action_stream = std::uint64_t{1} << 62;
constexpr std::uint64_t draw_stream = std::uint64_t{1} << 63;

constexpr nn::AdamConfig adam_config{.epsilon = 1e-8};  // torch's default, which DQN leaves as it is

nn::QNetworkConfig network_config(const env::VectorEnv& environment, const DqnConfig& config) {
  return {.observation_size = environment.observation_size(),
          .action_count = environment.action_count(),
          .widths = config.net_arch,
          .activation = config.activation,
          .dueling = config.dueling};
}

/// The configuration, if it is sound, fits the environment, and its replay buffer the memory.
const DqnConfig& fitting(const env::VectorEnv& environment, const DqnConfig& config,
                         std::uint64_t memory_bytes) {
  check_dqn(environment, config, memory_bytes);
  return config;
}

}  // namespace

std::uint64_t replay_bytes(const env::VectorEnv& environment, const DqnConfig& config) {
  const std::size_t size = environment.observation_size();
  const env::SharedRows shared = environment.shared_rows();
  const std::uint64_t records = ReplayBuffer::bytes_for(config.buffer_size, config.n_envs, size, shared);
  if (!config.prioritized_replay) return records;
  return records + SumTree::bytes_for(records / ReplayBuffer::bytes_per_step(size, shared));
}

void check_dqn(const env::VectorEnv& environment, const DqnConfig& config, std::uint64_t memory_bytes) {
  validate(config);
  if (environment.lanes() != config.n_envs) {
    throw Error("rl.env_differs",
                fmt::format("the environment has {} lanes, the training expects {}: use the configuration "
                            "that it was made for",
                            environment.lanes(), config.n_envs));
  }
  constexpr std::size_t most_actions = std::numeric_limits<std::uint16_t>::max();
  if (environment.action_count() > most_actions) {
    throw Error("rl.env_differs", fmt::format("the replay buffer keeps actions up to {}, the environment has "
                                              "{}: use one with fewer",
                                              most_actions, environment.action_count()));
  }
  const std::uint64_t wanted = replay_bytes(environment, config);
  if (wanted > memory_bytes) {
    constexpr double megabyte = 1e6;
    throw Error("rl.replay_too_large",
                fmt::format("a replay buffer of {} steps takes {:.0f} MB, this machine has {:.0f} MB of "
                            "memory: lower dqn.buffer_size",
                            config.buffer_size, static_cast<double>(wanted) / megabyte,
                            static_cast<double>(memory_bytes) / megabyte),
                "dqn.buffer_size");
  }
}

/// The lanes that one thread steps, with what it needs for them.
struct Dqn::Actor {
  std::size_t first_lane;
  std::size_t lane_count;
  nn::QWorkspace workspace;
  std::vector<RandomStream> random;  // per lane
};

/// The rows of one update side by side.
struct Dqn::Minibatch {
  std::vector<std::size_t> records;
  std::vector<std::size_t> next_records;  // of the observations to go on from
  AlignedVector<float> observations;      // (batch, observation_size)
  AlignedVector<float> next;              // the same, of next_records
  std::vector<std::int32_t> actions, next_actions;
  std::vector<float> rewards, discounts, targets, weights, errors;
  nn::QWorkspace online, online_next, frozen;
};

Dqn::Dqn(env::VectorEnv& environment, const DqnConfig& config, std::uint64_t memory_bytes)
    : env_(environment),
      config_(fitting(environment, config, memory_bytes)),
      network_(network_config(environment, config)),
      target_(network_.config()),
      optimizer_(network_.parameters().size(), adam_config),
      gradients_(network_.parameters().size()),
      replay_(config.buffer_size, config.n_envs, environment.observation_size(), environment.shared_rows()),
      episodes_(config.n_envs),
      observations_(config.n_envs * environment.observation_size()),
      final_observations_(observations_.size()),
      actions_(config.n_envs),
      rewards_(config.n_envs),
      terminated_(config.n_envs),
      truncated_(config.n_envs),
      minibatch_(std::make_unique<Minibatch>()),
      pool_(config.threads),
      draw_random_(config.seed, draw_stream) {
  network_.initialise_uniform(config_.seed);
  std::ranges::copy(network_.parameters(), target_.parameters().begin());
  if (config_.prioritized_replay) priorities_.emplace(replay_.records());

  const std::size_t actor_count = std::min(config_.threads, config_.n_envs);
  for (std::size_t w = 0; w < actor_count; ++w) {
    auto actor = std::make_unique<Actor>();
    actor->first_lane = config_.n_envs * w / actor_count;
    actor->lane_count = config_.n_envs * (w + 1) / actor_count - actor->first_lane;
    actor->workspace = network_.make_workspace(actor->lane_count);
    for (std::size_t i = 0; i < actor->lane_count; ++i)
      actor->random.emplace_back(config_.seed, action_stream + actor->first_lane + i);
    actors_.push_back(std::move(actor));
  }

  Minibatch& batch = *minibatch_;
  const std::size_t rows = config_.batch_size;
  batch.records.resize(rows);
  batch.next_records.resize(rows);
  batch.observations.resize(rows * environment.observation_size());
  batch.next.resize(batch.observations.size());
  batch.actions.resize(rows);
  batch.next_actions.resize(rows);
  for (auto* column : {&batch.rewards, &batch.discounts, &batch.targets, &batch.weights, &batch.errors})
    column->resize(rows);
  for (auto* workspace : {&batch.online, &batch.online_next, &batch.frozen})
    *workspace = network_.make_workspace(rows);

  env_.reset(config_.seed, observations_);
  for (std::size_t lane = 0; lane < config_.n_envs; ++lane)
    replay_.start(lane, &observations_[lane * env_.observation_size()], env_.shared_row(lane));
}

Dqn::~Dqn() = default;

DqnStats Dqn::iterate(std::uint64_t total_timesteps) {
  DqnStats stats;
  double losses = 0;
  std::uint64_t updates = 0;
  const std::uint64_t wanted = timesteps_ + config_.log_interval;
  const auto updates_each_time = config_.gradient_steps > 0
                                     ? static_cast<std::uint64_t>(config_.gradient_steps)
                                     : config_.train_freq * config_.n_envs;
  while (timesteps_ < wanted && (timesteps_ < total_timesteps || total_timesteps == 0)) {
    for (std::size_t i = 0; i < config_.train_freq; ++i) step(total_timesteps);
    if (timesteps_ <= config_.learning_starts) continue;
    for (std::uint64_t i = 0; i < updates_each_time; ++i) losses += update(total_timesteps);
    updates += updates_each_time;
  }
  if (updates > 0) stats.loss = losses / static_cast<double>(updates);
  stats.learning_rate =
      scheduled(config_.learning_rate, config_.learning_rate_schedule, timesteps_, total_timesteps);
  stats.exploration_rate = exploration_rate_;
  stats.n_updates = optimizer_.steps();
  return stats;
}

void Dqn::step(std::uint64_t total_timesteps) {
  pool_.parallel_for(actors_.size(), [&](std::size_t w) { act(*actors_[w], total_timesteps); });
  remember();
  const std::uint64_t calls = timesteps_ / config_.n_envs + 1;
  timesteps_ += config_.n_envs;
  const std::uint64_t between = std::max<std::uint64_t>(config_.target_update_interval / config_.n_envs, 1);
  if (calls % between == 0) move_target();
  exploration_rate_ = config_.exploration_rate(timesteps_, total_timesteps);
}

void Dqn::act(Actor& actor, std::uint64_t total_timesteps) {
  const std::size_t width = env_.observation_size();
  const std::size_t first = actor.first_lane;
  const bool warming_up = timesteps_ < config_.learning_starts;
  const double exploration = warming_up        ? 1.0
                             : timesteps_ == 0 ? config_.exploration_rate(0, total_timesteps)
                                               : exploration_rate_;
  network_.forward(&observations_[first * width], width, actor.lane_count, actor.workspace);
  greedy_actions(
      {actor.workspace.q_values.data(), actor.workspace.batch_stride, env_.action_count(), actor.lane_count},
      &actions_[first]);
  for (std::size_t i = 0; i < actor.lane_count; ++i) {
    RandomStream& random = actor.random[i];
    if (random.uniform_float() < exploration)
      actions_[first + i] = static_cast<std::int32_t>(random.below(env_.action_count()));
  }
  env_.step(first, actor.lane_count,
            {.actions = actions_.data(),
             .observations = observations_.data(),
             .rewards = rewards_.data(),
             .terminated = terminated_.data(),
             .truncated = truncated_.data(),
             .final_observations = final_observations_.data()});
}

/// Puts what every lane did into the buffer.
void Dqn::remember() {
  const std::size_t width = env_.observation_size();
  for (std::size_t lane = 0; lane < config_.n_envs; ++lane) {
    const bool ends = (terminated_[lane] | truncated_[lane]) != 0;
    const std::size_t record = replay_.open_record(lane);
    replay_.add(lane, {.action = actions_[lane],
                       .reward = rewards_[lane],
                       .terminated = terminated_[lane] != 0,
                       .truncated = truncated_[lane] != 0,
                       .next_observation = &observations_[lane * width],
                       .next_row = env_.shared_row(lane),
                       .final_observation = &final_observations_[lane * width],
                       .final_row = ends ? env_.final_shared_row(lane) : 0});
    episodes_.step(lane, rewards_[lane], ends);
    if (!priorities_) continue;
    forget_priorities(lane, record);
    set_priority(record, largest_priority_);
  }
}

void Dqn::set_priority(std::size_t record, double priority) {
  priorities_->set(record, std::pow(priority, config_.priority_alpha));
}

/// The records behind `from` up to the open one held something older.
void Dqn::forget_priorities(std::size_t lane, std::size_t from) {
  for (std::size_t record = replay_.open_record(lane); record != from; record = replay_.before(record))
    priorities_->set(record, 0.0);
}

void Dqn::move_target() {
  const std::span<const float> from = network_.parameters();
  const std::span<float> to = target_.parameters();
  const auto tau = static_cast<float>(config_.tau);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = (1.0f - tau) * to[i] + tau * from[i];
}

double Dqn::update(std::uint64_t total_timesteps) {
  draw(config_.priority_beta + (1.0 - config_.priority_beta) * progress_of(timesteps_, total_timesteps));
  const double rate =
      scheduled(config_.learning_rate, config_.learning_rate_schedule, timesteps_, total_timesteps);
  return learn(rate, priorities_.has_value());
}

double Dqn::update_from(std::span<const std::size_t> records, double learning_rate) {
  if (records.size() != config_.batch_size)
    throw Error("rl.bad_batch",
                fmt::format("{} records are given, a minibatch has {}", records.size(), config_.batch_size));
  std::ranges::copy(records, minibatch_->records.begin());
  return learn(learning_rate, false);
}

void Dqn::draw(double beta) {
  Minibatch& batch = *minibatch_;
  const std::size_t rows = batch.records.size();
  if (!priorities_) {
    replay_.draw(draw_random_, batch.records);
    return;
  }
  // One from each of as many equal parts of the total. A weight makes up for being drawn more often; the
  // largest becomes 1 (Schaul et al. 2016, sections 3.3 and 3.4).
  const double total = priorities_->total();
  const auto steps = static_cast<double>(replay_.steps());
  float largest = 0;
  for (std::size_t b = 0; b < rows; ++b) {
    const double part = (static_cast<double>(b) + draw_random_.uniform()) / static_cast<double>(rows);
    batch.records[b] = priorities_->find(part * total);
    replay_.prefetch(batch.records[b]);
    const double probability = priorities_->value(batch.records[b]) / total;
    batch.weights[b] = static_cast<float>(std::pow(steps * probability, -beta));
    largest = std::max(largest, batch.weights[b]);
  }
  for (float& weight : batch.weights) weight /= largest;
}

void Dqn::gather() {
  Minibatch& batch = *minibatch_;
  const std::size_t rows = batch.records.size();
  const std::size_t width = env_.observation_size();
  const auto gamma = static_cast<float>(config_.gamma);
  std::vector<std::size_t>& next = batch.next_records;
  for (std::size_t b = 0; b < rows; ++b) {
    const std::size_t record = batch.records[b];
    const ReplayReturn ahead = replay_.look_ahead(record, config_.n_steps, gamma);
    batch.actions[b] = replay_.action(record);
    batch.rewards[b] = ahead.reward;
    batch.discounts[b] = ahead.discount;
    next[b] = ahead.next;
    replay_.prefetch_observation(record);
    replay_.prefetch_observation(ahead.next);
  }
  for (std::size_t b = 0; b < rows; ++b) {
    replay_.copy_observation(batch.records[b], &batch.observations[b * width]);
    replay_.copy_observation(next[b], &batch.next[b * width]);
  }
}

void Dqn::forward() {
  Minibatch& batch = *minibatch_;
  const std::size_t rows = batch.records.size();
  const std::size_t width = env_.observation_size();
  pool_.parallel_for(2, [&](std::size_t half) {
    if (half == 0) {
      target_.forward(batch.next.data(), width, rows, batch.frozen);
      if (config_.double_q) network_.forward(batch.next.data(), width, rows, batch.online_next);
    } else {
      network_.forward(batch.observations.data(), width, rows, batch.online);
    }
  });
}

void Dqn::set_targets() {
  Minibatch& batch = *minibatch_;
  const std::size_t rows = batch.records.size();
  const nn::QWorkspace& chooser = config_.double_q ? batch.online_next : batch.frozen;
  greedy_actions({chooser.q_values.data(), chooser.batch_stride, env_.action_count(), rows},
                 batch.next_actions.data());
  for (std::size_t b = 0; b < rows; ++b) {
    const auto action = static_cast<std::size_t>(batch.next_actions[b]);
    const float value = batch.frozen.q_values[action * batch.frozen.batch_stride + b];
    batch.targets[b] = batch.rewards[b] + batch.discounts[b] * value;
  }
}

double Dqn::learn(double learning_rate, bool weighted) {
  Minibatch& batch = *minibatch_;
  const std::size_t rows = batch.records.size();
  const std::size_t width = env_.observation_size();
  gather();
  forward();
  set_targets();
  const double loss =
      td_loss({batch.online.q_values.data(), batch.online.batch_stride, env_.action_count(), rows},
              {batch.actions.data(), batch.targets.data(), weighted ? batch.weights.data() : nullptr},
              batch.online.q_gradients.data(), batch.errors.data());
  network_.backward(batch.observations.data(), width, rows, batch.online, gradients_.data());
  const double norm = std::sqrt(nn::squared_norm(gradients_));
  constexpr double smallest_norm = 1e-6;  // torch.nn.utils.clip_grad_norm_
  const auto scale = static_cast<float>(std::min(1.0, config_.max_grad_norm / (norm + smallest_norm)));
  optimizer_.begin_step(learning_rate);
  optimizer_.update_range(network_.parameters().data(), gradients_.data(), scale, 0, gradients_.size());
  if (weighted) {
    for (std::size_t b = 0; b < rows; ++b) {
      const double priority = double{batch.errors[b]} + config_.priority_epsilon;
      largest_priority_ = std::max(largest_priority_, priority);
      set_priority(batch.records[b], priority);
    }
  }
  return loss;
}

void Dqn::start_from(const nn::ActorCritic& policy) {
  network_.start_from(policy);
  std::ranges::copy(network_.parameters(), target_.parameters().begin());
}

std::string Dqn::save_state() const {
  ByteWriter writer;
  writer.array(network_.parameters());
  writer.array(target_.parameters());
  writer.array(optimizer_.mean());
  writer.array(optimizer_.square());
  writer.value(optimizer_.steps());
  writer.array(std::span<const float>(observations_));
  for (const auto& actor : actors_) {
    for (const RandomStream& random : actor->random) writer.value(random.position());
  }
  writer.value(draw_random_.position());
  writer.value(timesteps_);
  writer.value(exploration_rate_);
  episodes_.save(writer);
  replay_.save(writer);
  if (priorities_) {
    writer.value(largest_priority_);
    for (std::size_t record = 0; record < replay_.records(); ++record) {
      if (replay_.is_step(record)) writer.value(priorities_->value(record));
    }
  }
  const std::string environment = env_.save_state();
  writer.array(std::span<const char>(environment));
  return writer.take();
}

void Dqn::load_state(std::string_view state) {
  const auto require = [](bool good) {
    if (!good) throw Error("bytes.damaged", "the saved state is damaged or belongs to another configuration");
  };
  ByteReader reader(state);
  reader.array_into(network_.parameters());
  reader.array_into(target_.parameters());
  reader.array_into(optimizer_.mean());
  reader.array_into(optimizer_.square());
  optimizer_.set_steps(reader.value<std::uint64_t>());
  reader.array_into(std::span<float>(observations_));
  for (const auto& actor : actors_) {
    for (RandomStream& random : actor->random) random.set_position(reader.value<std::uint64_t>());
  }
  draw_random_.set_position(reader.value<std::uint64_t>());
  timesteps_ = reader.value<std::uint64_t>();
  exploration_rate_ = reader.value<double>();
  episodes_.load(reader);
  replay_.load(reader, env_.action_count());
  if (priorities_) {
    largest_priority_ = reader.value<double>();
    require(std::isfinite(largest_priority_));
    for (std::size_t record = 0; record < replay_.records(); ++record) {
      const double priority = replay_.is_step(record) ? reader.value<double>() : 0.0;
      require(std::isfinite(priority) && priority >= 0);
      priorities_->set(record, priority);
    }
  }
  const std::vector<char> environment = reader.array<char>();
  env_.load_state({environment.data(), environment.size()});
  require(reader.done());
}

}  // namespace stevie::rl
