#include "app/curriculum_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/greedy_policy.h"
#include "app/learning_bench.h"
#include "core/interrupt.h"
#include "env/staged_signal.h"
#include "rl/ppo.h"
#include "stats/paired_seeds.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using market::stage_count;

/// The optimum and what is compared with it are both exact on this grid. On 101 points the optima differ by
/// less than half a per cent, and averaging a policy that hardly trades takes four times as long.
constexpr std::size_t grid_points = 51;

/// Exact average reward of the most probable actions in each market.
std::vector<double> rewards_of(const nn::ActorCritic& network, const env::StagedSignalEnv& environment,
                               const std::vector<env::SignalConfig>& markets) {
  GreedyPolicy policy(network);
  std::vector<double> rewards;
  for (std::size_t i = 0; i < markets.size(); ++i) {
    rewards.push_back(env::signal_policy_reward(
        markets[i],
        [&](double signal, double position) {
          std::array<float, 3> observation{};
          environment.observe(i, signal, position, observation.data());
          return policy.decide(observation.data());
        },
        grid_points));
  }
  return rewards;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct Arrival {
  std::optional<std::uint64_t> steps;
  double reached = 0;
  std::size_t stage = 0;
};

Arrival train(const CurriculumStudyConfig& config, const std::vector<double>& optimum, std::uint64_t seed,
              bool with_curriculum) {
  rl::PpoConfig ppo_config = config.ppo;
  ppo_config.seed = seed;
  env::StagedSignalEnv environment(config.markets, ppo_config.n_envs);
  rl::Curriculum curriculum(config.curriculum);
  const auto choose = [&] {
    const auto shares = curriculum.shares();
    environment.draw_markets_by({shares.begin(), shares.end()});
  };
  if (with_curriculum) choose();
  rl::Ppo ppo(environment, {environment.observation_size(), environment.action_count(), {}}, ppo_config);
  Arrival arrival;
  while (ppo.timesteps() < config.timesteps) {
    if (interrupted()) throw Interrupted("the study was stopped");
    ppo.iterate(config.timesteps);
    const std::vector<double> rewards = rewards_of(ppo.network(), environment, config.markets);
    arrival.reached = mean(rewards) / mean(optimum);
    if (arrival.reached >= config.target) {
      arrival.steps = ppo.timesteps();
      break;
    }
    if (!with_curriculum) continue;
    std::array<double, stage_count> scores{};
    std::ranges::transform(rewards, optimum, scores.begin(), std::divides{});
    if (curriculum.judge(scores) != rl::CurriculumStep::stays) choose();
  }
  arrival.stage = curriculum.state().stage;
  return arrival;
}

double steps_of(const std::optional<std::uint64_t>& steps, const CurriculumStudyConfig& config) {
  return static_cast<double>(steps.value_or(config.timesteps));
}

/// Of the logarithms of the steps.
stats::PairedSeeds compare(const CurriculumStudyConfig& config, const CurriculumStudy& study) {
  std::vector<double> with, without;
  for (const CurriculumStudyRun& run : study.runs) {
    with.push_back(std::log(steps_of(run.with, config)));
    without.push_back(std::log(steps_of(run.without, config)));
  }
  return stats::compare_seeds(with, without);
}

std::string steps_text(const std::optional<std::uint64_t>& steps, double reached) {
  return steps ? std::to_string(*steps) : fmt::format("never ({:.0f} %)", 100 * reached);
}

}  // namespace

CurriculumStudyConfig curriculum_study_defaults() {
  CurriculumStudyConfig config;
  const LearningTask task = learning_tasks().front();
  config.ppo = task.ppo;
  config.ppo.learning_rate_schedule = rl::Schedule::constant;  // the steps to the target are not known before
  for (const double volatility : {0.6, 0.9, 1.2, 1.8}) {
    env::SignalConfig market = task.market;
    market.innovation_deviation *= volatility;
    config.markets.push_back(market);
  }
  config.curriculum.enabled = true;
  config.curriculum.marks = std::vector<double>(stage_count, 0.9);
  return config;
}

CurriculumStudy run_curriculum_study(const CurriculumStudyConfig& config) {
  CurriculumStudy study;
  for (const env::SignalConfig& market : config.markets)
    study.optimum.push_back(env::solve_signal_market(market, grid_points).average_reward);
  const std::size_t total = 2 * config.seeds;
  std::size_t done = 0;
  const auto tell = [&] {
    if (config.progress) config.progress("curriculum", done, total);
  };
  tell();
  for (std::uint64_t seed = 1; seed <= config.seeds; ++seed) {
    const Arrival without = train(config, study.optimum, seed, false);
    ++done;
    tell();
    const Arrival with = train(config, study.optimum, seed, true);
    ++done;
    tell();
    study.runs.push_back({.seed = seed,
                          .without = without.steps,
                          .with = with.steps,
                          .reached_without = without.reached,
                          .reached_with = with.reached,
                          .last_stage = with.stage});
    if (config.finished) config.finished(study);
  }
  return study;
}

std::string curriculum_study_markdown(const CurriculumStudyConfig& config, const CurriculumStudy& study) {
  std::string optimum;
  for (const double reward : study.optimum)
    optimum += fmt::format("{}{:.3f}", optimum.empty() ? "" : ", ", reward);
  std::string text = fmt::format(
      "Steps to {:.0f} % of the optimum (average rewards of the four markets: {}), given up after {}.\n\n"
      "| seed | without | with curriculum | stage reached |\n|---|---|---|---|\n",
      100 * config.target, optimum, config.timesteps);
  for (const CurriculumStudyRun& run : study.runs) {
    fmt::format_to(std::back_inserter(text), "| {} | {} | {} | {} |\n", run.seed,
                   steps_text(run.without, run.reached_without), steps_text(run.with, run.reached_with),
                   run.last_stage < stage_count ? market::stage_names[run.last_stage] : "all");
  }
  if (study.runs.size() < 2) return text;
  const stats::PairedSeeds compared = compare(config, study);
  return text + fmt::format("\nSteps with / without: {:.2f} [{:.2f}, {:.2f}], p = {:.3f}.\n",
                            std::exp(compared.mean), std::exp(compared.interval.low),
                            std::exp(compared.interval.high), compared.p_two_sided);
}

std::string curriculum_study_json(const CurriculumStudyConfig& config, const CurriculumStudy& study) {
  Json runs = Json::array();
  const auto steps = [](const std::optional<std::uint64_t>& value) { return value ? Json(*value) : Json(); };
  for (const CurriculumStudyRun& run : study.runs) {
    runs.push_back({{"seed", run.seed},
                    {"steps_without", steps(run.without)},
                    {"steps_with", steps(run.with)},
                    {"reached_without", run.reached_without},
                    {"reached_with", run.reached_with},
                    {"last_stage", run.last_stage}});
  }
  Json json = {{"target", config.target},
               {"given_up_after", config.timesteps},
               {"optimum", study.optimum},
               {"runs", std::move(runs)},
               {"ratio", nullptr}};
  if (study.runs.size() >= 2) {
    const stats::PairedSeeds compared = compare(config, study);
    json["ratio"] = {{"mean", std::exp(compared.mean)},
                     {"low", std::exp(compared.interval.low)},
                     {"high", std::exp(compared.interval.high)},
                     {"p", compared.p_two_sided}};
  }
  return json.dump(1) + "\n";
}

}  // namespace stevie::app
