#include "app/cloning_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>

#include "core/interrupt.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "env/known_optimum.h"
#include "rl/behaviour_cloning.h"
#include "rl/categorical.h"
#include "rl/ppo.h"

namespace stevie::app {
namespace {

// Streams of a seed that neither environments nor learners use.
constexpr std::uint64_t corruption_stream = (std::uint64_t{1} << 61) + 1;
constexpr std::uint64_t resampling_stream = (std::uint64_t{1} << 61) + 2;
constexpr std::size_t grid_points = 201;

/// A task with its best policy.
struct Task {
  LearningTask task;
  env::SignalOptimum optimum;

  /// The best action at the nearest point of the grid.
  std::int32_t best(double signal, double position) const {
    const std::vector<double>& grid = optimum.signals;
    const double distance = grid[1] - grid[0];
    const double at = std::clamp((signal - grid[0]) / distance, 0.0, static_cast<double>(grid.size() - 1));
    const auto point = static_cast<std::size_t>(std::lround(at));
    const std::vector<double>& positions = task.market.positions;
    std::size_t held = 0;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (std::abs(positions[i] - position) < std::abs(positions[held] - position)) held = i;
    }
    return optimum.best_action[point * positions.size() + held];
  }
};

/// The expert at play: the best action, or with the probability `corrupted` any. An observation is all that a
/// policy sees of signal and position, and gives both back.
class ExpertPlay {
 public:
  ExpertPlay(const Task& task, const env::SignalConfig& market, double corrupted, std::size_t lanes,
             std::uint64_t seed)
      : task_(task),
        corrupted_(corrupted),
        environment_(market, lanes),
        random_(seed, corruption_stream),
        observations_(lanes * width),
        finals_(lanes * width),
        rewards_(lanes),
        actions_(lanes),
        terminated_(lanes),
        truncated_(lanes) {
    for (const double position : market.positions) largest_ = std::max(largest_, std::abs(position));
    environment_.reset(seed, observations_);
  }

  /// One step of all lanes; seen(observation, action) is called for each. The sum of their rewards.
  template <class Seen>
  double step(Seen&& seen) {
    for (std::size_t lane = 0; lane < actions_.size(); ++lane) {
      const std::span<const float> observation(&observations_[lane * width], width);
      actions_[lane] = task_.best(double{observation[0]} * task_.task.market.signal_deviation(),
                                  double{observation[1]} * largest_);
      if (random_.uniform() < corrupted_)
        actions_[lane] = static_cast<std::int32_t>(random_.below(environment_.action_count()));
      seen(observation, actions_[lane]);
    }
    environment_.step_all({actions_.data(), observations_.data(), rewards_.data(), terminated_.data(),
                           truncated_.data(), finals_.data()});
    return std::accumulate(rewards_.begin(), rewards_.end(), 0.0);
  }

 private:
  static constexpr std::size_t width = 2;
  const Task& task_;
  double corrupted_;
  double largest_ = 0;
  env::SignalEnv environment_;
  RandomStream random_;
  std::vector<float> observations_, finals_, rewards_;
  std::vector<std::int32_t> actions_;
  std::vector<std::uint8_t> terminated_, truncated_;
};

rl::Demonstrations demonstrate(const Task& task, const CloningStudyConfig& config, std::size_t count,
                               std::uint64_t seed) {
  constexpr std::size_t lanes = 16;
  constexpr std::uint64_t other_signals = 1'000'000;  // than the training will see
  ExpertPlay expert(task, task.task.market, config.corrupted, lanes, seed + other_signals);
  rl::Demonstrations shown;
  shown.observation_size = 2;
  shown.action_count = task.task.market.positions.size();
  while (shown.size() < count) {
    expert.step([&](std::span<const float> observation, std::int32_t action) {
      if (shown.size() < count) shown.add(observation, action);
    });
  }
  return shown;
}

/// The corrupted expert's own average reward, by playing.
double expert_reward(const Task& task, const CloningStudyConfig& config) {
  constexpr std::size_t lanes = 64, steps = 20'000;
  env::SignalConfig market = task.task.market;
  market.episode_length = steps;
  ExpertPlay expert(task, market, config.corrupted, lanes, config.first_seed);
  double sum = 0;
  for (std::size_t step = 0; step < steps; ++step)
    sum += expert.step([](std::span<const float>, std::int32_t) {});
  return sum / static_cast<double>(lanes * steps);
}

/// Average reward of the most probable actions, exact on the grid, as a share of the optimum.
double share_of_optimum(const Task& task, const nn::ActorCritic& network) {
  const env::SignalConfig& market = task.task.market;
  const env::SignalEnv observer(market, 1);
  nn::NetworkWorkspace workspace = network.make_workspace(1);
  std::vector<std::int32_t> action(workspace.batch_stride);
  const double reward = env::signal_policy_reward(
      market,
      [&](double signal, double position) {
        float seen[2];
        observer.observe(signal, position, seen);
        network.forward_policy(seen, 2, 1, workspace);
        rl::best_actions({workspace.logits.data(), workspace.batch_stride, market.positions.size(), 1},
                         action.data());
        return action[0];
      },
      grid_points);
  return reward / task.optimum.average_reward;
}

/// Trains until the goal has held long enough, or the task's steps are used up.
StepsToGoal train_to_goal(const Task& task, const CloningStudyConfig& config, std::size_t demonstrations,
                          std::uint64_t seed) {
  rl::PpoConfig ppo_config = task.task.ppo;
  ppo_config.seed = seed;
  if (demonstrations > 0) ppo_config.warmup_steps = config.warmup_rollouts * ppo_config.rollout_size();
  env::SignalEnv environment(task.task.market, ppo_config.n_envs);
  const nn::NetworkConfig shape{environment.observation_size(), environment.action_count(), {}};
  rl::Ppo ppo(environment, shape, ppo_config);
  StepsToGoal result;
  if (demonstrations > 0) {
    const rl::Demonstrations shown = demonstrate(task, config, demonstrations, seed);
    std::vector<std::uint32_t> rows(shown.size());
    std::iota(rows.begin(), rows.end(), 0u);
    constexpr std::size_t held_part = 5;  // one fifth stops the training
    const std::span<const std::uint32_t> all(rows);
    const std::size_t train = rows.size() - rows.size() / held_part;
    nn::ActorCritic clone(shape);
    clone.initialise_orthogonal(seed);
    rl::CloningConfig cloning;
    cloning.seed = seed;
    cloning.class_weights = rl::ClassWeights::none;  // the most probable action is the expert's own
    const rl::CloningFit fit =
        rl::clone_policy(clone, {shown, all.first(train)}, {shown, all.subspan(train)}, cloning);
    result.accuracy = fit.validation.accuracy;
    ppo.start_from(clone);
  }
  std::size_t held = 0;
  std::uint64_t since = 0;
  std::optional<std::uint64_t> first;
  while (true) {
    const double share = share_of_optimum(task, ppo.network());
    if (ppo.timesteps() == 0) result.first_share = share;
    if (share >= config.goal && !first) first = ppo.timesteps();
    if (share < config.goal) {
      held = 0;
    } else if (held++ == 0) {
      since = ppo.timesteps();
    }
    if (held >= config.hold || ppo.timesteps() >= task.task.timesteps) break;
    if (interrupted()) throw Interrupted("stopped; rows that were finished have been printed");
    ppo.iterate(task.task.timesteps);
  }
  result.reached = held > 0;
  result.steps = demonstrations + (held > 0 ? since : task.task.timesteps);
  result.first_steps = demonstrations + first.value_or(task.task.timesteps);
  return result;
}

std::vector<double> steps_of(const CloningCell& cell, std::uint64_t StepsToGoal::*steps) {
  std::vector<double> values;
  for (const StepsToGoal& run : cell.runs) values.push_back(static_cast<double>(run.*steps));
  return values;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

StepsRatio compare(const std::vector<double>& base, const std::vector<double>& own, std::uint64_t seed) {
  constexpr std::size_t replicates = 10'000;
  RandomStream random(seed, resampling_stream);
  std::vector<double> ratios(replicates);
  for (double& ratio : ratios) {
    double above = 0, below = 0;
    for (std::size_t i = 0; i < own.size(); ++i) above += own[random.below(own.size())];
    for (std::size_t i = 0; i < base.size(); ++i) below += base[random.below(base.size())];
    ratio = above / below * static_cast<double>(base.size()) / static_cast<double>(own.size());
  }
  std::ranges::sort(ratios);
  constexpr double tail = 0.025;
  return {mean(own) / mean(base), ratios[static_cast<std::size_t>(tail * replicates)],
          ratios[static_cast<std::size_t>((1 - tail) * replicates) - 1]};
}

/// Everything that follows from the runs of a cell and those from scratch.
void summarise(const CloningCell& scratch, CloningCell& cell, std::uint64_t seed) {
  const std::vector<double> held = steps_of(cell, &StepsToGoal::steps);
  const std::vector<double> first = steps_of(cell, &StepsToGoal::first_steps);
  cell.mean_steps = mean(held);
  cell.mean_first_steps = mean(first);
  if (cell.demonstrations == 0) return;
  cell.ratio = compare(steps_of(scratch, &StepsToGoal::steps), held, seed);
  cell.first_ratio = compare(steps_of(scratch, &StepsToGoal::first_steps), first, seed);
}

using Json = nlohmann::ordered_json;

Json cell_json(const CloningCell& cell) {
  Json runs = Json::array();
  for (const StepsToGoal& run : cell.runs)
    runs.push_back({{"steps", run.steps},
                    {"first_steps", run.first_steps},
                    {"reached", run.reached},
                    {"first_share", run.first_share},
                    {"accuracy", run.accuracy}});
  const auto ratio_json = [](const StepsRatio& ratio) {
    return Json{{"value", ratio.value}, {"low95", ratio.low}, {"high95", ratio.high}};
  };
  return {{"task", cell.task},
          {"optimum", cell.optimum},
          {"expert_share", cell.expert_share},
          {"demonstrations", cell.demonstrations},
          {"mean_steps", cell.mean_steps},
          {"mean_first_steps", cell.mean_first_steps},
          {"ratio", ratio_json(cell.ratio)},
          {"first_ratio", ratio_json(cell.first_ratio)},
          {"runs", std::move(runs)}};
}

}  // namespace

std::vector<CloningCell> run_cloning_study(const CloningStudyConfig& config) {
  std::vector<Task> tasks;
  for (LearningTask& task : learning_tasks()) {
    if (task.name.find(config.only) == std::string::npos) continue;
    env::SignalOptimum optimum = env::solve_signal_market(task.market, grid_points);
    tasks.push_back({std::move(task), std::move(optimum)});
  }
  const std::size_t arms = config.demonstrations.size() + 1;
  std::vector<CloningCell> cells(tasks.size() * arms);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const Task& task = tasks[c / arms];
    cells[c].task = task.task.name;
    cells[c].optimum = task.optimum.average_reward;
    cells[c].demonstrations = c % arms == 0 ? 0 : config.demonstrations[c % arms - 1];
    cells[c].runs.resize(config.seeds);
  }
  const std::size_t total = cells.size() * config.seeds;
  std::size_t done = 0;
  std::mutex mutex;
  ThreadPool pool(config.threads);
  pool.parallel_for(total, [&](std::size_t i) {
    CloningCell& cell = cells[i / config.seeds];
    cell.runs[i % config.seeds] = train_to_goal(tasks[i / config.seeds / arms], config, cell.demonstrations,
                                                config.first_seed + i % config.seeds);
    const std::scoped_lock lock(mutex);
    if (config.progress) config.progress(++done, total);
  });
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const CloningCell& scratch = cells[c / arms * arms];
    cells[c].expert_share =
        c % arms == 0 ? expert_reward(tasks[c / arms], config) / tasks[c / arms].optimum.average_reward
                      : scratch.expert_share;
    summarise(scratch, cells[c], config.first_seed);
  }
  return cells;
}

std::string cloning_study_markdown(const CloningStudyConfig& config, const std::vector<CloningCell>& cells) {
  std::string text = fmt::format(
      "Steps to {:.0f} % of the optimum, {} seeds from {} on, {:.0f} % of the expert's actions random, "
      "demonstrations counted. Held: the goal was still reached at the {} evaluations from there on, one "
      "behind "
      "every rollout.\n\n"
      "| task | start | expert alone | clone alone | accuracy | steps until it held | held | ratio to "
      "scratch, 95 "
      "% interval | steps until first reached | ratio to scratch, 95 % interval "
      "|\n|---|---|---|---|---|---|---|---|---|---|\n",
      config.goal * 100, config.seeds, config.first_seed, config.corrupted * 100, config.hold);
  for (const CloningCell& cell : cells) {
    double first = 0, accuracy = 0;
    std::size_t reached = 0;
    for (const StepsToGoal& run : cell.runs) {
      first += run.first_share / static_cast<double>(cell.runs.size());
      accuracy += run.accuracy / static_cast<double>(cell.runs.size());
      reached += run.reached ? 1 : 0;
    }
    const bool clone = cell.demonstrations > 0;
    const auto ratio_text = [clone](const StepsRatio& ratio) {
      return clone ? fmt::format("{:.3f} [{:.3f}, {:.3f}]", ratio.value, ratio.low, ratio.high)
                   : std::string("1");
    };
    text +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} of {} | {} | {} | {} |\n", cell.task,
                    clone ? fmt::format("{} demonstrations", cell.demonstrations) : "scratch",
                    clone ? fmt::format("{:.1f} %", cell.expert_share * 100) : "-",
                    clone ? fmt::format("{:.1f} %", first * 100) : "-",
                    clone ? fmt::format("{:.1f} %", accuracy * 100) : "-",
                    format_count(static_cast<std::uint64_t>(cell.mean_steps)), reached, cell.runs.size(),
                    ratio_text(cell.ratio), format_count(static_cast<std::uint64_t>(cell.mean_first_steps)),
                    ratio_text(cell.first_ratio));
  }
  return text;
}

std::string cloning_market_markdown(const CloningMarketRequest& request, const std::vector<MarketArm>& arms) {
  std::string text = fmt::format(
      "Growth of the account, net of costs, of the last policy after {} steps (demonstrations counted), {} "
      "seeds from {} on; mean of the logarithm over seeds, in brackets smallest and largest.\n\n"
      "| start | validation | test | closed trades on test |\n|---|---|---|---|\n",
      request.timesteps, request.seeds, request.first_seed);
  const auto percent = [](double growth) { return fmt::format("{:.1f} %", std::expm1(growth) * 100); };
  const auto spread = [&](const std::vector<double>& growth) {
    const auto [low, high] = std::ranges::minmax(growth);
    return growth.size() == 1
               ? percent(growth[0])
               : fmt::format("{} [{}, {}]", percent(mean(growth)), percent(low), percent(high));
  };
  for (const MarketArm& arm : arms)
    text += fmt::format("| {} | {} | {} | {:.0f} |\n", arm.name, spread(arm.validation_growth),
                        spread(arm.test_growth), mean(arm.trades));
  return text;
}

std::string cloning_study_json(const CloningStudyConfig& config, const std::vector<CloningCell>& cells,
                               const std::vector<MarketArm>& arms) {
  Json rows = Json::array(), market = Json::array();
  for (const CloningCell& cell : cells) rows.push_back(cell_json(cell));
  for (const MarketArm& arm : arms)
    market.push_back({{"start", arm.name},
                      {"validation_log_growth", arm.validation_growth},
                      {"test_log_growth", arm.test_growth},
                      {"test_trades", arm.trades}});
  return Json{{"format", "stevie-cloning-study"},
              {"version", 1},
              {"seeds", config.seeds},
              {"first_seed", config.first_seed},
              {"corrupted", config.corrupted},
              {"goal", config.goal},
              {"hold", config.hold},
              {"known_optimum", std::move(rows)},
              {"market", std::move(market)}}
             .dump(2) +
         "\n";
}

}  // namespace stevie::app
