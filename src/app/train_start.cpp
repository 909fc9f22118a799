#include "app/train_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "app/model_card.h"
#include "core/error.h"
#include "core/file.h"
#include "rl/tensorboard.h"
#include "strategy/demonstration.h"

namespace stevie::app {
namespace {

std::string widths_text(const std::vector<std::size_t>& widths) {
  return fmt::format("[{}]", fmt::join(widths, ", "));
}

std::string layers_text(const nn::PolicyKwargs& kwargs) {
  return fmt::format("policy {}, value {}, {}{}", widths_text(kwargs.policy_widths),
                     widths_text(kwargs.value_widths),
                     kwargs.activation == nn::Activation::tanh ? "tanh" : "relu",
                     kwargs.shared_trunk ? ", one shared trunk" : "");
}

/// Everything in which the model is not what this training makes.
std::vector<std::string> differences(const nn::ModelFile& model, const ModelCard& card,
                                     const nn::NetworkConfig& own, const Config& config) {
  std::vector<std::string> found;
  if (model.observation_size != own.observation_size)
    found.push_back(
        fmt::format("it observes {} values, this training {}", model.observation_size, own.observation_size));
  if (card.environment.exposures != config.env.exposures)
    found.push_back(fmt::format("its actions are the exposures [{}], here env.exposures is [{}]",
                                fmt::join(card.environment.exposures, ", "),
                                fmt::join(config.env.exposures, ", ")));
  if (model.policy_kwargs != own.architecture)
    found.push_back(fmt::format("its hidden layers are {}, here {}", layers_text(model.policy_kwargs),
                                layers_text(own.architecture)));
  return found;
}

void start_from(rl::Learner& learner, const std::filesystem::path& file, const Config& config) {
  const nn::ModelFile model = nn::read_model_file(file);
  const ModelCard card = model_card_of(model, file.string());
  const bool is_ppo = learner.algorithm() == "PPO";
  nn::NetworkConfig own = learner.policy().config();
  // Action values have no value net: only the policy's half can differ.
  if (!is_ppo) own.architecture.value_widths = model.policy_kwargs.value_widths;
  const std::vector<std::string> found = differences(model, card, own, config);
  if (!found.empty())
    throw Error(
        "train.start_differs",
        fmt::format("the training cannot start from this policy: {}; use the configuration that it was "
                    "made with",
                    fmt::join(found, "; ")),
        file.string());
  learner.start_from(network_of(model));
}

void imitate(rl::Learner& learner, const std::filesystem::path& file, const TrainingMarket& market,
             const Config& config) {
  strategy::ActionSchedule schedule = strategy::read_actions(file, market.bars, config.env.exposures);
  market::BarRange range = market.split.train;
  range.begin = std::max({range.begin, schedule.range().begin, market.market->features.warm_up});
  range.end = std::min(range.end, schedule.range().end);
  constexpr std::size_t fewest_bars = 3;
  if (range.begin + fewest_bars > range.end)
    throw Error("train.no_demonstrations",
                "the file has no actions in the training part behind the features' warm-up", file.string());
  strategy::ScheduledActions expert(std::move(schedule), config.env.exposures);
  learner.imitate(std::make_shared<const rl::Demonstrations>(
      strategy::record_demonstrations(expert, market.market, range, config.env).rows));
}

std::string digest_of(const std::filesystem::path& file) {
  return fmt::format("{:08x}", rl::crc32c(read_file(file)));
}

}  // namespace

std::string begin_training(rl::Learner& learner, const TrainStart& start, const TrainingMarket& market,
                           const Config& config) {
  const bool wants = learner.algorithm() == "PPO" && config.ppo.imitation_weight > 0;
  if (wants && start.demonstrations.empty())
    throw Error(
        "train.no_demonstrations",
        "ppo.imitation_weight is above 0, but there is nothing to imitate: name a file of actions with "
        "--demonstrations");
  if (!start.demonstrations.empty() && !wants)
    throw Error("train.no_demonstrations",
                learner.algorithm() == "PPO"
                    ? "demonstrations count for nothing while ppo.imitation_weight is 0: set it"
                    : "DQN has no imitation term: leave --demonstrations out, or train with PPO");
  std::string same;
  if (!start.from.empty()) {
    start_from(learner, start.from, config);
    same += "start = " + digest_of(start.from) + "\n";
  }
  if (!start.demonstrations.empty()) {
    imitate(learner, start.demonstrations, market, config);
    same += "demonstrations = " + digest_of(start.demonstrations) + "\n";
  }
  return same;
}

}  // namespace stevie::app
