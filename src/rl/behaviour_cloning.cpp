#include "rl/behaviour_cloning.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "nn/adam.h"
#include "nn/simd.h"
#include "rl/categorical.h"
#include "stats/overfitting.h"

namespace stevie::rl {
namespace {

// Above the streams that weights and environments use, beside those of PPO.
constexpr std::uint64_t shuffle_stream = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 40);
constexpr std::size_t scoring_rows = 1024;

/// Rows side by side, padded to whole vectors.
struct Batch {
  Batch(const nn::ActorCritic& network, std::size_t capacity)
      : workspace(network.make_workspace(nn::simd::round_up(capacity))),
        observations(nn::simd::round_up(capacity) * network.config().observation_size),
        actions(nn::simd::round_up(capacity)) {}

  void gather(const Demonstrations& from, std::span<const std::uint32_t> rows) {
    size = rows.size();
    const std::size_t width = from.observation_size;
    for (std::size_t i = 0; i < size; ++i) {
      std::memcpy(&observations[i * width], from.observation(rows[i]), width * sizeof(float));
      actions[i] = from.actions[rows[i]];
    }
  }
  LogitsView logits(const nn::ActorCritic& network) const {
    return {workspace.logits.data(), workspace.batch_stride, network.config().action_count, size};
  }

  std::size_t size = 0;
  nn::NetworkWorkspace workspace;
  AlignedVector<float> observations;  // (capacity, observation_size)
  AlignedVector<std::int32_t> actions;
};

double weight_sum(const Batch& batch, std::span<const float> weights) {
  double sum = 0;
  for (std::size_t i = 0; i < batch.size; ++i) sum += weights[static_cast<std::size_t>(batch.actions[i])];
  return sum;
}

void require_fit(const nn::ActorCritic& network, const Demonstrations& demonstrations) {
  const nn::NetworkConfig& config = network.config();
  if (config.observation_size == demonstrations.observation_size &&
      config.action_count == demonstrations.action_count)
    return;
  throw Error(
      "rl.env_differs",
      fmt::format("the demonstrations have {} observation values and {} actions, the policy {} and {}",
                  demonstrations.observation_size, demonstrations.action_count, config.observation_size,
                  config.action_count));
}

}  // namespace

void Demonstrations::add(std::span<const float> observation_of_row, std::int32_t action) {
  observations.insert(observations.end(), observation_of_row.begin(), observation_of_row.end());
  actions.push_back(action);
}

void Demonstrations::validate() const {
  const auto fail = [](const std::string& text) { throw Error("cloning.bad_demonstrations", text); };
  if (actions.empty()) fail("there is nothing to learn from: the expert decided on no bar");
  if (observations.size() != actions.size() * observation_size)
    fail(fmt::format("{} actions do not fit {} observation values of {} each", actions.size(),
                     observations.size(), observation_size));
  for (std::size_t row = 0; row < actions.size(); ++row) {
    if (actions[row] < 0 || static_cast<std::size_t>(actions[row]) >= action_count)
      fail(fmt::format("row {} has the action {} of {}", row, actions[row], action_count));
  }
  if (!std::ranges::all_of(observations, [](float value) { return std::isfinite(value); }))
    fail("an observation is not a finite number");
}

std::vector<float> class_weights(ClassWeights kind, const DemonstrationRows& rows) {
  std::vector<std::size_t> counts(rows.all.action_count);
  for (const std::uint32_t row : rows.rows) ++counts[static_cast<std::size_t>(rows.all.actions[row])];
  const auto seen = static_cast<double>(std::ranges::count_if(counts, [](std::size_t n) { return n > 0; }));
  std::vector<float> weights;
  for (const std::size_t count : counts) {
    const double balanced =
        count > 0 ? static_cast<double>(rows.size()) / (seen * static_cast<double>(count)) : 0;
    const double weight = kind == ClassWeights::balanced ? balanced
                          : kind == ClassWeights::root   ? std::sqrt(balanced)
                          : count > 0                    ? 1.0
                                                         : 0.0;
    weights.push_back(static_cast<float>(weight));
  }
  return weights;
}

double jensen_shannon_bits(std::span<const double> first, std::span<const double> second) {
  const auto part = [](double p, double middle) { return p > 0 ? p * std::log2(p / middle) : 0.0; };
  double sum = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double middle = (first[i] + second[i]) / 2;
    sum += (part(first[i], middle) + part(second[i], middle)) / 2;
  }
  return std::max(sum, 0.0);
}

Imitation measure_imitation(const nn::ActorCritic& network, const DemonstrationRows& measured,
                            std::span<const float> weights) {
  const Demonstrations& demonstrations = measured.all;
  const std::span<const std::uint32_t> rows = measured.rows;
  require_fit(network, demonstrations);
  const std::size_t actions = demonstrations.action_count;
  Imitation score;
  score.rows = rows.size();
  score.confusion.resize(actions * actions);
  score.probabilities.resize(actions);
  Batch batch(network, scoring_rows);
  const std::size_t stride = batch.workspace.batch_stride;
  AlignedVector<float> ignored(actions * stride), probabilities(actions * stride);
  std::vector<std::int32_t> best(stride);
  double loss = 0, weight = 0;
  for (std::size_t first = 0; first < rows.size(); first += scoring_rows) {
    batch.gather(demonstrations, rows.subspan(first, std::min(scoring_rows, rows.size() - first)));
    network.forward_policy(batch.observations.data(), demonstrations.observation_size, batch.size,
                           batch.workspace);
    const LogitsView logits = batch.logits(network);
    loss += imitation_loss(logits, batch.actions.data(), weights.data(), 0.0f, ignored.data());
    weight += weight_sum(batch, weights);
    best_actions(logits, best.data());
    action_probabilities(logits, probabilities.data());
    for (std::size_t i = 0; i < batch.size; ++i) {
      const auto wanted = static_cast<std::size_t>(batch.actions[i]);
      const std::uint32_t row = rows[first + i];
      if (row > 0 && demonstrations.actions[row - 1] == batch.actions[i]) {
        score.repeat_accuracy += 1;
      } else if (row > 0) {
        ++score.changes;
        score.change_accuracy += best[i] == batch.actions[i] ? 1 : 0;
      }
      ++score.confusion[wanted * actions + static_cast<std::size_t>(best[i])];
      for (std::size_t a = 0; a < actions; ++a) score.probabilities[a] += probabilities[a * stride + i];
    }
  }
  const auto count = static_cast<double>(rows.size());
  score.repeat_accuracy /= count;
  if (score.changes > 0) score.change_accuracy /= static_cast<double>(score.changes);
  score.loss = weight > 0 ? loss / weight : 0;
  for (double& probability : score.probabilities) probability /= count;
  double recognised = 0, occurring = 0;
  for (std::size_t a = 0; a < actions; ++a) {
    std::size_t wanted = 0, taken = 0;
    for (std::size_t b = 0; b < actions; ++b) {
      wanted += score.confusion[a * actions + b];
      taken += score.confusion[b * actions + a];
    }
    const auto hits = static_cast<double>(score.confusion[a * actions + a]);
    score.accuracy += hits / count;
    score.expert_shares.push_back(static_cast<double>(wanted) / count);
    score.policy_shares.push_back(static_cast<double>(taken) / count);
    if (wanted == 0) continue;
    recognised += hits / static_cast<double>(wanted);
    ++occurring;
  }
  score.majority_accuracy = *std::ranges::max_element(score.expert_shares);
  score.balanced_accuracy = recognised / occurring;
  score.divergence = jensen_shannon_bits(score.expert_shares, score.policy_shares);
  return score;
}

namespace {

/// One training under way.
class Cloner {
 public:
  Cloner(nn::ActorCritic& network, const Demonstrations& demonstrations, const CloningConfig& config,
         std::vector<float> weights)
      : network_(network),
        demonstrations_(demonstrations),
        config_(config),
        weights_(std::move(weights)),
        optimizer_(network.parameters().size(), {}),
        gradients_(network.parameters().size()),
        batch_(network, config.batch_size) {}

  /// One pass over the rows, in an order of its own; the mean weighted loss.
  double epoch(std::size_t number, std::vector<std::uint32_t> rows) {
    RandomStream random(config_.seed, shuffle_stream + number);
    for (std::size_t left = rows.size(); left > 1; --left)
      std::swap(rows[left - 1], rows[random.below(left)]);
    double loss = 0, weight = 0;
    for (std::size_t first = 0; first < rows.size(); first += config_.batch_size) {
      const std::size_t size = std::min(config_.batch_size, rows.size() - first);
      batch_.gather(demonstrations_, std::span(rows).subspan(first, size));
      const double batch_weight = weight_sum(batch_, weights_);
      loss += step(batch_weight);
      weight += batch_weight;
    }
    return loss / weight;
  }
  std::uint64_t updates() const { return optimizer_.steps(); }
  const std::vector<float>& weights() const { return weights_; }

 private:
  double step(double batch_weight) {
    nn::NetworkWorkspace& workspace = batch_.workspace;
    const float* observations = batch_.observations.data();
    const std::size_t width = demonstrations_.observation_size;
    network_.forward_policy(observations, width, batch_.size, workspace);
    const double loss =
        imitation_loss(batch_.logits(network_), batch_.actions.data(), weights_.data(),
                       static_cast<float>(1.0 / batch_weight), workspace.logit_gradients.data());
    if (network_.shared_trunk()) {
      std::ranges::fill(workspace.value_gradients, 0.0f);
      network_.backward(observations, width, batch_.size, workspace, gradients_.data());
    } else {
      network_.backward_policy(observations, width, batch_.size, workspace, gradients_.data());
    }
    optimizer_.begin_step(config_.learning_rate);
    optimizer_.update_range(network_.parameters().data(), gradients_.data(), 1.0f, 0, network_.policy_end());
    return loss;
  }

  nn::ActorCritic& network_;
  const Demonstrations& demonstrations_;
  const CloningConfig& config_;
  std::vector<float> weights_;
  nn::Adam optimizer_;
  AlignedVector<float> gradients_;
  Batch batch_;
};

}  // namespace

CloningFit clone_policy(nn::ActorCritic& network, const DemonstrationRows& train,
                        const DemonstrationRows& validation, const CloningConfig& config,
                        const CloningObserver& observer) {
  validate(config);
  train.all.validate();
  require_fit(network, train.all);
  require_fit(network, validation.all);
  if (train.rows.empty() || validation.rows.empty())
    throw Error("cloning.bad_demonstrations", "no row is left to train on, or to stop the training by");
  Cloner cloner(network, train.all, config, class_weights(config.class_weights, train));
  CloningFit fit;
  AlignedVector<float> best(network.parameters().begin(), network.parameters().end());
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t number = 1; number <= config.max_epochs; ++number) {
    CloningEpoch epoch;
    epoch.train_loss = cloner.epoch(number, {train.rows.begin(), train.rows.end()});
    const Imitation score = measure_imitation(network, validation, cloner.weights());
    epoch.validation_loss = score.loss;
    epoch.validation_accuracy = score.accuracy;
    fit.epochs.push_back(epoch);
    if (!std::isfinite(epoch.train_loss) || !std::isfinite(score.loss))
      throw Error("cloning.diverged", "the loss is no longer a number: lower cloning.learning_rate");
    if (score.loss < lowest) {
      lowest = score.loss;
      fit.best_epoch = number;
      fit.validation = score;
      std::ranges::copy(network.parameters(), best.begin());
    }
    if (observer) observer(number, epoch);
    if (number - fit.best_epoch >= config.patience && number < config.max_epochs) {
      fit.stopped_early = true;
      break;
    }
  }
  std::ranges::copy(best, network.parameters().begin());
  fit.updates = cloner.updates();
  fit.weights = cloner.weights();
  return fit;
}

std::vector<CloningFit> cross_validate_cloning(
    const nn::NetworkConfig& network, const Demonstrations& demonstrations, const CloningConfig& config,
    const std::function<void(std::size_t fold, std::size_t epoch, const CloningEpoch&)>& observer) {
  validate(config);
  if (config.folds == 0) return {};
  stats::PurgedSplits splits;
  try {
    splits = stats::purged_splits({.periods = demonstrations.size(),
                                   .groups = config.folds,
                                   .test_groups = 1,
                                   .purge = config.purge,
                                   .embargo = config.embargo});
  } catch (const Error&) {
    throw Error("cloning.short_demonstrations",
                fmt::format("{} demonstrations are too few for {} blocks with {} rows left out around each: "
                            "give more bars, or lower cloning.folds or cloning.purge",
                            demonstrations.size(), config.folds, config.purge));
  }
  std::vector<CloningFit> fits(splits.splits.size());
  ThreadPool pool(config.threads);
  pool.parallel_for(fits.size(), [&](std::size_t fold) {
    const stats::PurgedSplit& split = splits.splits[fold];
    nn::ActorCritic policy(network);
    policy.initialise_orthogonal(config.seed);
    fits[fold] = clone_policy(policy, {demonstrations, split.train}, {demonstrations, split.test}, config,
                              [&](std::size_t epoch, const CloningEpoch& result) {
                                if (observer) observer(fold, epoch, result);
                              });
  });
  return fits;
}

}  // namespace stevie::rl
