#include "app/simulated_arms.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <numeric>

#include "stats/metrics.h"

namespace stevie::app {
namespace {

constexpr double degrees = 5;
constexpr double daily_volatility = 0.15 / 19.1049731745428;  // 15 % a year over sqrt(365)

/// What all arms share on a day: the volatility of everything and the market's drift, variance 1 in all.
struct Weather {
  std::vector<double> volatility;
  std::vector<double> drift;
};

/// Volatility of the day from the market's shock of the day before.
std::vector<double> garch_volatility(std::span<const double> shocks) {
  constexpr double constant = 0.05, reaction = 0.10, persistence = 0.85;
  std::vector<double> volatility(shocks.size());
  double variance = 1;
  for (std::size_t day = 0; day < shocks.size(); ++day) {
    volatility[day] = std::sqrt(variance);
    variance = constant + variance * (persistence + reaction * shocks[day] * shocks[day]);
  }
  return volatility;
}

/// Calm days have volatility 0.7. Wild ones, 2 in 7, have what makes the mean variance of an arm 1. The
/// drift is a little of the volatility, upwards when calm, and 0 on average.
Weather regime_weather(std::size_t days, RandomStream& random) {
  constexpr double to_wild = 0.02, to_calm = 0.05, share_wild = to_wild / (to_wild + to_calm);
  constexpr double calm = 0.7, calm_drift = 0.03, wild_drift = -calm_drift * (1 - share_wild) / share_wild;
  const double wild = std::sqrt((1 - calm * calm * (1 - share_wild)) / share_wild);
  Weather weather{std::vector<double>(days), std::vector<double>(days)};
  bool is_wild = random.uniform() < share_wild;
  for (std::size_t day = 0; day < days; ++day) {
    weather.volatility[day] = is_wild ? wild : calm;
    weather.drift[day] = is_wild ? wild_drift : calm_drift;
    if (random.uniform() < (is_wild ? to_calm : to_wild)) is_wild = !is_wild;
  }
  return weather;
}

/// Standard normal numbers, both of each Box-Muller pair.
void fill_normal(RandomStream& random, std::span<double> row) {
  for (std::size_t i = 0; i < row.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    const double angle = 2 * std::numbers::pi * random.uniform();
    row[i] = radius * std::cos(angle);
    if (i + 1 < row.size()) row[i + 1] = radius * std::sin(angle);
  }
}

/// Student t with 5 degrees of freedom, variance 1. Chi squared of 4 degrees is minus twice the log of the
/// product of two uniform numbers; one Box-Muller pair gives the numerator and the fifth square.
double t5_shock(RandomStream& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  const double angle = 2 * std::numbers::pi * random.uniform();
  const double fifth = radius * std::sin(angle);
  const double four = -2 * std::log((1 - random.uniform()) * (1 - random.uniform()));
  return radius * std::cos(angle) * std::sqrt((degrees - 2) / (four + fifth * fifth));
}

void fill_shocks(ReturnProcess process, RandomStream& random, std::span<double> row) {
  switch (process) {
    case ReturnProcess::iid_t5:
    case ReturnProcess::garch_t5:
      for (double& value : row) value = t5_shock(random);
      return;
    case ReturnProcess::regimes:
      fill_normal(random, row);
      return;
    case ReturnProcess::ar1: {
      constexpr double memory = 0.2;
      const double fresh = std::sqrt(1 - memory * memory);
      double last = random.normal();
      fill_normal(random, row);
      for (double& value : row) value = last = memory * last + fresh * value;
      return;
    }
    case ReturnProcess::jumps: {
      constexpr float chance = 0.02F;
      constexpr double size = 4;
      const double scale = 1 / std::sqrt(1 + static_cast<double>(chance) * size * size);
      fill_normal(random, row);
      for (double& value : row) {
        if (random.uniform_float() < chance) value += size * random.normal();
        value *= scale;
      }
      return;
    }
  }
}

}  // namespace

std::string_view to_string(ReturnProcess process) {
  switch (process) {
    case ReturnProcess::iid_t5:
      return "iid t5";
    case ReturnProcess::ar1:
      return "AR(1)";
    case ReturnProcess::garch_t5:
      return "GARCH-t5";
    case ReturnProcess::regimes:
      return "regime switching";
    case ReturnProcess::jumps:
      return "jumps";
  }
  return {};
}

SimulatedArms::SimulatedArms(ReturnProcess process, std::size_t days, std::size_t candidates,
                             std::uint64_t seed, std::uint64_t run)
    : days_(days), noise_((candidates + 2) * days), turnovers_(candidates + 1) {
  RandomStream random(seed, run);
  const std::span<double> all = noise_;
  for (std::size_t row = 0; row < candidates + 2; ++row)
    fill_shocks(process, random, all.subspan(row * days, days));
  for (double& turnover : turnovers_) turnover = 40 * (0.98 + 0.04 * random.uniform());
  if (process != ReturnProcess::garch_t5 && process != ReturnProcess::regimes) return;

  Weather weather;
  if (process == ReturnProcess::garch_t5)
    weather = {garch_volatility(all.first(days)), std::vector<double>(days)};
  else
    weather = regime_weather(days, random);
  for (std::size_t row = 0; row < candidates + 2; ++row)
    for (std::size_t day = 0; day < days; ++day)
      noise_[row * days + day] =
          noise_[row * days + day] * weather.volatility[day] + (row == 0 ? weather.drift[day] : 0);
}

std::vector<double> SimulatedArms::returns_of(std::size_t arm, const ArmsConfig& config,
                                              double sharpe) const {
  const double shared = std::sqrt(config.correlation), own = std::sqrt(1 - config.correlation);
  const double mean = sharpe / std::sqrt(stats::days_per_year);
  const double* market = noise_.data();
  const double* row = noise_.data() + (arm + 1) * days_;
  std::vector<double> returns(config.days);
  for (std::size_t day = 0; day < config.days; ++day)
    returns[day] = std::clamp(daily_volatility * (mean + shared * market[day] + own * row[day]), -0.99, 10.0);
  return returns;
}

validation::Evidence SimulatedArms::evidence(const ArmsConfig& config) const {
  assert(config.days <= days_ && config.candidates + 1 <= turnovers_.size() && config.candidates > 0);
  constexpr double cost = 10e-4;
  constexpr double trades_per_day = 180 / stats::days_per_year;
  validation::Evidence evidence;
  evidence.causality = {true, true, "simulated"};
  const auto fill = [&](validation::Arm& arm, std::size_t index, std::vector<double> returns) {
    arm.parameters_hash = index == 0 ? "running" : "candidate" + std::to_string(index);
    arm.path = arm.costs = "simulated";
    arm.days.resize(config.days);
    std::iota(arm.days.begin(), arm.days.end(), 0);
    arm.turnover = turnovers_[index];
    arm.trades = static_cast<std::size_t>(trades_per_day * static_cast<double>(config.days));
    arm.returns = std::move(returns);
    arm.doubled_costs_returns = arm.returns;
    for (double& value : arm.doubled_costs_returns)
      value = std::max(value - cost * arm.turnover / stats::days_per_year, -1.0);
  };
  fill(evidence.running, 0, returns_of(0, config, config.sharpe));
  if (config.idle) {
    evidence.running.returns.assign(config.days, 0);
    evidence.running.doubled_costs_returns.assign(config.days, 0);
    evidence.running.turnover = 0;
    evidence.running.trades = 0;
  }
  std::size_t best = 0;
  double highest = -1e300;
  for (std::size_t k = 1; k <= config.candidates; ++k) {
    evidence.candidates.push_back(returns_of(k, config, config.sharpe + (k == 1 ? config.improvement : 0)));
    const double ratio = stats::sharpe_ratio(evidence.candidates.back(), 1).value.value_or(0);
    if (ratio <= highest) continue;
    highest = ratio;
    best = k;
  }
  fill(evidence.proposed, best, evidence.candidates[best - 1]);
  evidence.trials = config.candidates;
  return evidence;
}

}  // namespace stevie::app
