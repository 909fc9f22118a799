#include "rl/ppo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/bytes.h"
#include "core/error.h"
#include "nn/simd.h"

namespace stevie::rl {
namespace {

// Streams of the seed, above all that weights and environments use: those count up from 0, and a lane of an
// environment may have 2^32 of its own.
constexpr std::uint64_t action_stream = std::uint64_t{1} << 62;
constexpr std::uint64_t shuffle_stream = std::uint64_t{1} << 63;
constexpr std::uint64_t imitation_stream = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 41);

// Shuffled rows lie far apart in memory: each is asked for this many rows before it is copied.
constexpr std::size_t prefetch_rows = 6;

void prefetch(const float* row, std::size_t width) {
  constexpr std::size_t floats_per_line = 16;
  for (std::size_t i = 0; i < width; i += floats_per_line) __builtin_prefetch(row + i);
}

/// The configuration, if it is sound and all three fit each other.
PpoConfig fitting(const env::VectorEnv& environment, const nn::NetworkConfig& network,
                  const PpoConfig& config) {
  validate(config);
  if (environment.lanes() == config.n_envs && environment.observation_size() == network.observation_size &&
      environment.action_count() == network.action_count) {
    return config;
  }
  throw Error(
      "rl.env_differs",
      fmt::format(
          "the environment has {} lanes, {} observation values and {} actions, the training expects {}, "
          "{} and {}: use the configuration that they were made for",
          environment.lanes(), environment.observation_size(), environment.action_count(), config.n_envs,
          network.observation_size, network.action_count));
}

}  // namespace

/// The lanes that one thread steps, with what it needs for them.
struct Ppo::RolloutWorker {
  std::size_t first_lane;
  std::size_t lane_count;
  nn::NetworkWorkspace workspace;
  std::vector<RandomStream> random;  // per lane
  AlignedVector<float> uniforms;     // (lanes, padded)
  AlignedVector<std::int32_t> actions;
  AlignedVector<float> log_probabilities;
  struct CutOff {
    std::size_t row;    // of the rollout
    float final_value;  // what the value network expects after it
  };
  std::vector<CutOff> cut_off;  // truncated episodes of this rollout
};

/// The rows of one minibatch side by side, padded to whole vectors.
struct Ppo::Minibatch {
  std::size_t size = 0;
  nn::NetworkWorkspace workspace;
  AlignedVector<float> observations;  // (batch, observation_size)
  AlignedVector<std::int32_t> actions;
  AlignedVector<float> old_log_probabilities, advantages, returns, old_values;
};

/// The demonstrations that are learnt beside the rollout. Rows are drawn anew for every epoch, so that
/// nothing of it has to be saved.
struct Ppo::Imitator {
  std::shared_ptr<const Demonstrations> demonstrations;
  double weight = 0;  // in this update
  RandomStream random{0, 0};
  std::size_t size = 0;  // rows beside one minibatch
  nn::NetworkWorkspace workspace;
  AlignedVector<float> observations;  // (size, observation_size)
  AlignedVector<std::int32_t> actions;
  AlignedVector<float> gradients;  // laid out as the network's parameters
  std::vector<float> class_weights;
};

Ppo::Ppo(env::VectorEnv& environment, const nn::NetworkConfig& network, const PpoConfig& config)
    : env_(environment),
      config_(fitting(environment, network, config)),
      network_(network),
      optimizer_(network_.parameters().size(), {}),
      gradients_(network_.parameters().size()),
      rollout_(config.n_steps, config.n_envs, network.observation_size),
      episodes_(config.n_envs),
      final_observations_(config.n_envs * network.observation_size),
      minibatch_(std::make_unique<Minibatch>()),
      pool_(config.threads),
      shuffle_random_(config.seed, shuffle_stream) {
  network_.initialise_orthogonal(config_.seed);

  const std::size_t worker_count = std::min(config_.threads, config_.n_envs);
  for (std::size_t w = 0; w < worker_count; ++w) {
    auto worker = std::make_unique<RolloutWorker>();
    worker->first_lane = config_.n_envs * w / worker_count;
    worker->lane_count = config_.n_envs * (w + 1) / worker_count - worker->first_lane;
    worker->workspace = network_.make_workspace(worker->lane_count);
    for (std::size_t i = 0; i < worker->lane_count; ++i) {
      worker->random.emplace_back(config_.seed, action_stream + worker->first_lane + i);
    }
    const std::size_t padded = nn::simd::round_up(worker->lane_count);
    worker->uniforms.resize(padded);
    worker->actions.resize(padded);
    worker->log_probabilities.resize(padded);
    workers_.push_back(std::move(worker));
  }

  const std::size_t rows = nn::simd::round_up(std::min(config_.batch_size, rollout_.size()));
  minibatch_->workspace = network_.make_workspace(rows);
  minibatch_->observations.resize(rows * network.observation_size);
  minibatch_->actions.resize(rows);
  for (auto* column : {&minibatch_->old_log_probabilities, &minibatch_->advantages, &minibatch_->returns,
                       &minibatch_->old_values}) {
    column->resize(rows);
  }
  env_.reset(config_.seed, {rollout_.observation(0, 0), config_.n_envs * network.observation_size});
}

Ppo::~Ppo() = default;

void Ppo::start_from(const nn::ActorCritic& trained) {
  if (trained.config() != network_.config())
    throw Error("rl.network_differs",
                "the policy to start from has another observation, other actions or other hidden layers than "
                "this training: use the configuration that it was made with");
  std::ranges::copy(trained.parameters(), network_.parameters().begin());
}

void Ppo::imitate(std::shared_ptr<const Demonstrations> demonstrations) {
  const nn::NetworkConfig& config = network_.config();
  demonstrations->validate();
  if (demonstrations->observation_size != config.observation_size ||
      demonstrations->action_count != config.action_count)
    throw Error("rl.env_differs",
                fmt::format("the demonstrations have {} observation values and {} actions, the training {} "
                            "and {}",
                            demonstrations->observation_size, demonstrations->action_count,
                            config.observation_size, config.action_count));
  imitator_ = std::make_unique<Imitator>();
  const std::size_t rows = std::min(config_.batch_size, rollout_.size());
  const std::size_t padded = nn::simd::round_up(rows);
  imitator_->demonstrations = std::move(demonstrations);
  imitator_->size = rows;
  imitator_->workspace = network_.make_workspace(padded);
  imitator_->observations.resize(padded * config.observation_size);
  imitator_->actions.resize(padded);
  imitator_->gradients.resize(gradients_.size());
  imitator_->class_weights.assign(config.action_count, 1.0f);
}

bool Ppo::policy_frozen(std::uint64_t timesteps) const {
  return config_.warmup_steps > 0 && timesteps < config_.warmup_steps + rollout_.size();
}

/// What the steps so far decide about the update that comes.
void Ppo::prepare_update() {
  frozen_ = policy_frozen(timesteps_);
  const std::uint64_t before = timesteps_ - std::min<std::uint64_t>(timesteps_, rollout_.size());
  if (!frozen_ && before > 0 && policy_frozen(before)) {
    // Adam's step count has run on without the policy, whose first steps would come out three times as long.
    std::ranges::fill(optimizer_.mean(), 0.0f);
    std::ranges::fill(optimizer_.square(), 0.0f);
    optimizer_.set_steps(0);
  }
  if (!imitator_) return;
  const double decay = config_.imitation_decay_steps > 0
                           ? static_cast<double>(before) / static_cast<double>(config_.imitation_decay_steps)
                           : 0.0;
  imitator_->weight = config_.imitation_weight * std::max(0.0, 1.0 - decay);
}

double Ppo::add_imitation() {
  Imitator& imitator = *imitator_;
  const Demonstrations& demonstrations = *imitator.demonstrations;
  const std::size_t width = rollout_.observation_size;
  for (std::size_t i = 0; i < imitator.size; ++i) {
    const std::size_t row = imitator.random.below(demonstrations.size());
    std::memcpy(&imitator.observations[i * width], demonstrations.observation(row), width * sizeof(float));
    imitator.actions[i] = demonstrations.actions[row];
  }
  nn::NetworkWorkspace& workspace = imitator.workspace;
  const float* observations = imitator.observations.data();
  network_.forward_policy(observations, width, imitator.size, workspace);
  const double sum = imitation_loss(
      {workspace.logits.data(), workspace.batch_stride, network_.config().action_count, imitator.size},
      imitator.actions.data(), imitator.class_weights.data(),
      static_cast<float>(imitator.weight / static_cast<double>(imitator.size)),
      workspace.logit_gradients.data());
  if (network_.shared_trunk()) {
    std::ranges::fill(workspace.value_gradients, 0.0f);
    network_.backward(observations, width, imitator.size, workspace, imitator.gradients.data());
  } else {
    network_.backward_policy(observations, width, imitator.size, workspace, imitator.gradients.data());
  }
  for (std::size_t i = 0; i < network_.policy_end(); ++i) gradients_[i] += imitator.gradients[i];
  return sum;
}

UpdateStats Ppo::iterate(std::uint64_t total_timesteps) {
  collect_rollout();
  return update(total_timesteps);
}

void Ppo::collect_rollout() {
  // The row after the last rollout opens this one.
  if (timesteps_ > 0) {
    std::memcpy(rollout_.observation(0, 0), rollout_.observation(config_.n_steps, 0),
                config_.n_envs * rollout_.observation_size * sizeof(float));
  }
  pool_.parallel_for(workers_.size(), [this](std::size_t w) { collect_lanes(*workers_[w]); });
  timesteps_ += rollout_.size();
  for (std::size_t row = 0; row < rollout_.size(); ++row) {
    episodes_.step(row % config_.n_envs, rollout_.rewards[row],
                   (rollout_.truncated[row] | rollout_.terminated[row]) != 0);
  }
  for (const auto& worker : workers_) {
    for (const auto& [row, final_value] : worker->cut_off) {
      rollout_.rewards[row] += static_cast<float>(config_.gamma) * final_value;
    }
  }
  compute_advantages(rollout_, static_cast<float>(config_.gamma), static_cast<float>(config_.gae_lambda));
}

void Ppo::collect_lanes(RolloutWorker& worker) {
  const std::size_t envs = config_.n_envs;
  const std::size_t width = rollout_.observation_size;
  const LogitsView logits{worker.workspace.logits.data(), worker.workspace.batch_stride,
                          network_.config().action_count, worker.lane_count};
  worker.cut_off.clear();
  for (std::size_t t = 0; t < config_.n_steps; ++t) {
    const std::size_t row = t * envs + worker.first_lane;
    network_.forward(rollout_.observation(t, worker.first_lane), width, worker.lane_count, worker.workspace);
    for (std::size_t i = 0; i < worker.lane_count; ++i) worker.uniforms[i] = worker.random[i].uniform_float();
    sample_actions(logits, worker.uniforms.data(), worker.actions.data(), worker.log_probabilities.data());
    std::copy_n(worker.actions.data(), worker.lane_count, &rollout_.actions[row]);
    std::copy_n(worker.log_probabilities.data(), worker.lane_count, &rollout_.log_probabilities[row]);
    std::copy_n(worker.workspace.values.data(), worker.lane_count, &rollout_.values[row]);

    env_.step(worker.first_lane, worker.lane_count,
              {.actions = &rollout_.actions[t * envs],
               .observations = rollout_.observation(t + 1, 0),
               .rewards = &rollout_.rewards[t * envs],
               .terminated = &rollout_.terminated[t * envs],
               .truncated = &rollout_.truncated[t * envs],
               .final_observations = final_observations_.data()});
    value_cut_off_episodes(worker, t);
  }
  network_.forward(rollout_.observation(config_.n_steps, worker.first_lane), width, worker.lane_count,
                   worker.workspace);
  std::copy_n(worker.workspace.values.data(), worker.lane_count,
              &rollout_.values[config_.n_steps * envs + worker.first_lane]);
}

void Ppo::value_cut_off_episodes(RolloutWorker& worker, std::size_t step) {
  for (std::size_t lane = worker.first_lane; lane < worker.first_lane + worker.lane_count; ++lane) {
    const std::size_t row = step * config_.n_envs + lane;
    if (rollout_.truncated[row] == 0 || rollout_.terminated[row] != 0) continue;
    network_.forward(&final_observations_[lane * rollout_.observation_size], rollout_.observation_size, 1,
                     worker.workspace);
    worker.cut_off.push_back({row, worker.workspace.values[0]});
  }
}

UpdateStats Ppo::update(std::uint64_t total_timesteps) {
  prepare_update();
  const double learning_rate =
      scheduled(config_.learning_rate, config_.learning_rate_schedule, timesteps_, total_timesteps);
  const double clip_range =
      scheduled(config_.clip_range, config_.clip_range_schedule, timesteps_, total_timesteps);
  std::vector<std::vector<std::uint32_t>> permutations(config_.n_epochs,
                                                       std::vector<std::uint32_t>(rollout_.size()));
  for (auto& rows : permutations) shuffle(rows);
  return update_in_order(learning_rate, clip_range, permutations);
}

void Ppo::shuffle(std::vector<std::uint32_t>& rows) {
  std::iota(rows.begin(), rows.end(), 0u);
  for (std::size_t left = rows.size(); left > 1; --left)
    std::swap(rows[left - 1], rows[shuffle_random_.below(left)]);
}

void Ppo::gather(std::span<const std::uint32_t> rows) {
  Minibatch& batch = *minibatch_;
  batch.size = rows.size();
  const std::size_t width = rollout_.observation_size;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + prefetch_rows < rows.size()) prefetch(rollout_.observation(rows[i + prefetch_rows]), width);
    const std::uint32_t row = rows[i];
    std::memcpy(&batch.observations[i * width], rollout_.observation(row), width * sizeof(float));
    batch.actions[i] = rollout_.actions[row];
    batch.old_log_probabilities[i] = rollout_.log_probabilities[row];
    batch.advantages[i] = rollout_.advantages[row];
    batch.returns[i] = rollout_.returns[row];
    batch.old_values[i] = rollout_.values[row];
  }
  if (config_.normalize_advantage && rows.size() > 1) normalise_advantages();
}

void Ppo::normalise_advantages() {
  const std::span<float> advantages(minibatch_->advantages.data(), minibatch_->size);
  const auto count = static_cast<double>(advantages.size());
  double sum = 0, squares = 0;
  for (const float advantage : advantages) sum += advantage;
  const double mean = sum / count;
  for (const float advantage : advantages) squares += (advantage - mean) * (advantage - mean);
  constexpr double smallest_deviation = 1e-8;
  const double scale = 1.0 / (std::sqrt(squares / (count - 1.0)) + smallest_deviation);
  for (float& advantage : advantages) advantage = static_cast<float>((advantage - mean) * scale);
}

PolicyLossSums Ppo::policy_pass(float clip_range) {
  Minibatch& batch = *minibatch_;
  nn::NetworkWorkspace& workspace = batch.workspace;
  network_.forward_policy(batch.observations.data(), rollout_.observation_size, batch.size, workspace);
  return policy_loss(
      {workspace.logits.data(), workspace.batch_stride, network_.config().action_count, batch.size},
      {batch.actions.data(), batch.advantages.data(), batch.old_log_probabilities.data()}, clip_range,
      static_cast<float>(config_.ent_coef), workspace.logit_gradients.data());
}

double Ppo::value_pass() {
  Minibatch& batch = *minibatch_;
  nn::NetworkWorkspace& workspace = batch.workspace;
  network_.forward_value(batch.observations.data(), rollout_.observation_size, batch.size, workspace);
  return value_loss(workspace.values.data(), batch.returns.data(), batch.old_values.data(), batch.size,
                    static_cast<float>(config_.vf_coef),
                    static_cast<float>(config_.clip_range_vf.value_or(0.0)),
                    workspace.value_gradients.data());
}

Ppo::MinibatchLoss Ppo::forward_and_backward(float clip_range) {
  const float* observations = minibatch_->observations.data();
  const std::size_t width = rollout_.observation_size;
  const std::size_t size = minibatch_->size;
  nn::NetworkWorkspace& workspace = minibatch_->workspace;
  const std::span<const float> gradients = gradients_;
  const auto policy_gradients = gradients.first(network_.policy_end());
  const auto value_gradients = gradients.subspan(network_.policy_end());
  const bool imitates = imitator_ && imitator_->weight > 0 && !frozen_;
  MinibatchLoss loss;
  if (network_.shared_trunk()) {
    loss.policy = policy_pass(clip_range);
    loss.value = value_pass();
    network_.backward(observations, width, size, workspace, gradients_.data());
    if (imitates) loss.imitation = add_imitation();
    loss.squared_norm = {frozen_ ? 0.0 : nn::squared_norm(policy_gradients),
                         nn::squared_norm(value_gradients)};
    return loss;
  }
  // The two networks meet in the gradient's norm only, so they may run side by side. Each sums its part of
  // the norm while its gradients are still in the cache.
  pool_.parallel_for(2, [&](std::size_t half) {
    if (half == 0) {
      loss.policy = policy_pass(clip_range);
      if (frozen_) return;
      network_.backward_policy(observations, width, size, workspace, gradients_.data());
      if (imitates) loss.imitation = add_imitation();
      loss.squared_norm[0] = nn::squared_norm(policy_gradients);
    } else {
      loss.value = value_pass();
      network_.backward_value(observations, width, size, workspace, gradients_.data());
      loss.squared_norm[1] = nn::squared_norm(value_gradients);
    }
  });
  return loss;
}

void Ppo::apply_gradients(const MinibatchLoss& loss, double learning_rate) {
  const double norm = std::sqrt(loss.squared_norm[0] + loss.squared_norm[1]);
  constexpr double smallest_norm = 1e-6;  // torch.nn.utils.clip_grad_norm_
  const auto scale = static_cast<float>(std::min(1.0, config_.max_grad_norm / (norm + smallest_norm)));
  const std::size_t split = network_.policy_end();
  optimizer_.begin_step(learning_rate);
  // The value's part first: it was written last and is likelier to be in the cache.
  pool_.parallel_for(2, [&](std::size_t half) {
    if (half == 1 && frozen_) return;
    optimizer_.update_range(network_.parameters().data(), gradients_.data(), scale, half == 0 ? split : 0,
                            half == 0 ? gradients_.size() : split);
  });
}

UpdateStats Ppo::update_in_order(double learning_rate, double clip_range,
                                 std::span<const std::vector<std::uint32_t>> permutations) {
  UpdateStats stats;
  stats.learning_rate = learning_rate;
  stats.clip_range = clip_range;
  stats.policy_frozen = frozen_;
  if (imitator_ && !frozen_) stats.imitation_weight = imitator_->weight;
  std::size_t minibatches = 0;
  for (const std::vector<std::uint32_t>& order : permutations) {
    double epoch_kl = 0;
    std::size_t epoch_minibatches = 0;
    if (imitator_) imitator_->random = RandomStream(config_.seed, imitation_stream + n_updates_);
    for (std::size_t first = 0; first < order.size(); first += config_.batch_size) {
      const std::size_t size = std::min(config_.batch_size, order.size() - first);
      gather(std::span(order).subspan(first, size));
      const MinibatchLoss sums = forward_and_backward(static_cast<float>(clip_range));

      const auto rows = static_cast<double>(size);
      const double policy = sums.policy.surrogate / rows;
      const double value = sums.value / rows;
      const double entropy = -sums.policy.entropy / rows;
      const double kl = sums.policy.approx_kl / rows;
      const double imitation = imitator_ ? sums.imitation / static_cast<double>(imitator_->size) : 0.0;
      stats.loss =
          policy + config_.ent_coef * entropy + config_.vf_coef * value + stats.imitation_weight * imitation;
      stats.imitation_loss += imitation;
      stats.policy_gradient_loss += policy;
      stats.value_loss += value;
      stats.entropy_loss += entropy;
      stats.clip_fraction += sums.policy.clipped / rows;
      epoch_kl += kl;
      ++minibatches;
      ++epoch_minibatches;
      constexpr double kl_tolerance = 1.5;
      if (config_.target_kl && kl > kl_tolerance * *config_.target_kl) {
        stats.stopped_early = true;
        break;
      }
      apply_gradients(sums, learning_rate);
    }
    stats.approx_kl = epoch_kl / static_cast<double>(epoch_minibatches);
    ++n_updates_;
    if (stats.stopped_early) break;
  }
  for (double* mean : {&stats.policy_gradient_loss, &stats.value_loss, &stats.entropy_loss,
                       &stats.clip_fraction, &stats.imitation_loss}) {
    *mean /= static_cast<double>(minibatches);
  }
  stats.explained_variance = explained_variance(rollout_);
  stats.n_updates = n_updates_;
  return stats;
}

std::string Ppo::save_state() const {
  ByteWriter writer;
  writer.array(network_.parameters());
  writer.array(optimizer_.mean());
  writer.array(optimizer_.square());
  writer.value(optimizer_.steps());
  const std::size_t row = config_.n_envs * rollout_.observation_size;
  writer.array(std::span<const float>(rollout_.observation(timesteps_ > 0 ? rollout_.size() : 0), row));
  for (const auto& worker : workers_) {
    for (const RandomStream& random : worker->random) writer.value(random.position());
  }
  writer.value(shuffle_random_.position());
  writer.value(timesteps_);
  writer.value(n_updates_);
  episodes_.save(writer);
  const std::string environment = env_.save_state();
  writer.array(std::span<const char>(environment));
  return writer.take();
}

void Ppo::load_state(std::string_view state) {
  ByteReader reader(state);
  reader.array_into(network_.parameters());
  reader.array_into(optimizer_.mean());
  reader.array_into(optimizer_.square());
  optimizer_.set_steps(reader.value<std::uint64_t>());
  const std::size_t row = config_.n_envs * rollout_.observation_size;
  // collect_rollout() takes its first observations from the last row, unless nothing was collected yet.
  reader.array_into(std::span<float>(rollout_.observation(config_.n_steps, 0), row));
  std::memcpy(rollout_.observation(0, 0), rollout_.observation(config_.n_steps, 0), row * sizeof(float));
  for (const auto& worker : workers_) {
    for (RandomStream& random : worker->random) random.set_position(reader.value<std::uint64_t>());
  }
  shuffle_random_.set_position(reader.value<std::uint64_t>());
  timesteps_ = reader.value<std::uint64_t>();
  n_updates_ = reader.value<std::uint64_t>();
  episodes_.load(reader);
  const std::vector<char> environment = reader.array<char>();
  env_.load_state({environment.data(), environment.size()});
  if (!reader.done()) throw Error("bytes.damaged", "the saved state belongs to another configuration");
}

}  // namespace stevie::rl
