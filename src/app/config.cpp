#include "app/config.h"

#include "app/ensemble_config.h"
#include "core/error.h"
#include "core/text.h"
#include "core/time.h"
#include "ledger/url.h"

namespace stevie::app {
namespace {

void describe(ConfigBinder& binder, TrainConfig& config) {
  constexpr double most_steps = 1e15;
  binder.field("train.total_timesteps", config.total_timesteps,
               {.minimum = 1,
                .maximum = most_steps,
                .unit = "steps",
                .help = "environment steps in all lanes together"});
  binder.field("train.eval_freq", config.eval_freq,
               {.minimum = 0,
                .maximum = most_steps,
                .unit = "steps",
                .help = "distance of evaluations on the validation part; the best policy is kept; 0: never"});
  binder.field("train.checkpoint_freq", config.checkpoint_freq,
               {.minimum = 0,
                .maximum = most_steps,
                .unit = "steps",
                .help = "distance of checkpoints; 0: only at the end and on Ctrl-C"});
}

void describe(ConfigBinder& binder, BootstrapTraining& config) {
  binder.field("bootstrap.algorithms", config.algorithms, {.help = "which are trained: ppo, dqn"});
  binder.rule("bootstrap.algorithms", [&config] {
    for (const std::string& name : config.algorithms) {
      if (name != "ppo" && name != "dqn") return "\"" + name + "\" is no algorithm: ppo or dqn";
    }
    return std::string(config.algorithms.empty() ? "name at least one of ppo and dqn" : "");
  });
  binder.field("bootstrap.seeds", config.seeds,
               {.minimum = 1, .maximum = 1000, .help = "trainings of each algorithm"});
  binder.field("bootstrap.first_seed", config.first_seed,
               {.minimum = 0, .maximum = 1e15, .help = "seed of the first training; the others count up"});
}

/// What is wrong with the text, or empty.
template <class Parse>
std::string fault_of(const std::string& text, Parse parse) {
  if (text.empty()) return {};
  try {
    parse(text);
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

void describe(ConfigBinder& binder, DataConfig& config) {
  const std::vector<std::tuple<std::string, std::string*, std::string>> times{
      {"data.from", &config.from, "leave out bars before this time; empty: none"},
      {"data.to", &config.to, "leave out bars from this time on; empty: none"},
      {"data.validation_from", &config.validation_from, "where validation begins; empty: by the fractions"},
      {"data.test_from", &config.test_from, "where the test part begins; empty: by the fractions"}};
  for (const auto& [key, value, help] : times) {
    binder.field(key, *value, {.help = help});
    binder.rule(key, [text = value] { return fault_of(*text, parse_time); });
  }
  binder.field("data.train_fraction", config.train_fraction,
               {.minimum = 0, .maximum = 1, .help = "share of the time that is trained on"});
  binder.field("data.validation_fraction", config.validation_fraction,
               {.minimum = 0,
                .maximum = 1,
                .help = "share of the time that policies are chosen on; test has the rest"});
  binder.field("data.embargo", config.embargo,
               {.help = "time left out at the end of training and of validation, such as 12h or 1d"});
  binder.rule("data.embargo", [&config] { return fault_of(config.embargo, parse_duration); });
}

void describe_environment(ConfigBinder& binder, env::TradingEnvConfig& config) {
  binder.field("env.exposures", config.exposures,
               {.minimum = -100, .maximum = 100, .help = "target exposure of each action, at least two"});
  binder.field("env.episode_length", config.episode_length,
               {.minimum = 0, .unit = "bars", .help = "decisions in an episode; 0: to the end of the split"});
  binder.field("env.random_start", config.random_start,
               {.help = "start episodes at random bars; false: at the first bar"});
  binder.field("env.max_missing_bars", config.gaps.max_missing_bars,
               {.minimum = 0, .unit = "bars", .help = "a gap of more missing bars ends an episode"});
  binder.field("env.initial_equity", config.initial_equity,
               {.minimum = 0, .above_minimum = true, .help = "in quote currency"});
  binder.choice<env::RewardKind>(
      "env.reward", config.reward,
      {{"log_growth", env::RewardKind::log_growth},
       {"differential_sharpe", env::RewardKind::differential_sharpe}},
      {.help = "growth of the log of equity net of costs, or its differential Sharpe ratio"});
  binder.field("env.drawdown_penalty", config.drawdown_penalty,
               {.minimum = 0, .help = "subtracts this times the growth of drawdown"});
  binder.field("env.training_cost_factor", config.training_cost_factor,
               {.minimum = 0,
                .maximum = 100,
                .help = "training pays this many times the costs; judged at the costs themselves"});
  binder.field("env.sharpe_eta", config.sharpe_eta,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "adaptation rate of the differential Sharpe ratio"});
  binder.field("env.ruin_share", config.ruin_share,
               {.minimum = 0, .maximum = 1, .help = "an episode ends where equity falls below this share"});
  binder.rule("env", [&config] {
    std::string text;
    for (const std::string& fault : config.faults()) text += (text.empty() ? "" : "; ") + fault;
    return text;
  });
}

void describe_costs(ConfigBinder& binder, execution::Instrument& costs) {
  const std::vector<std::tuple<std::string, double*, std::string, std::string>> numbers{
      {"costs.taker_fee_bps", &costs.taker_fee_bps, "bps", "fee of market orders and stops"},
      {"costs.maker_fee_bps", &costs.maker_fee_bps, "bps", "fee of resting orders"},
      {"costs.half_spread_bps", &costs.half_spread_bps, "bps", "half of the bid-ask spread"},
      {"costs.slippage_bps", &costs.slippage_bps, "bps", "slippage of every market order"},
      {"costs.slippage_volatility_share", &costs.slippage_volatility_share, "",
       "further slippage as a share of the last bar's range"},
      {"costs.impact", &costs.impact, "", "square-root market impact; about 1 is usual, 0 is none"},
      {"costs.participation_cap", &costs.participation_cap, "",
       "largest share of a bar's volume that fills; 0: no cap"},
      {"costs.tick_size", &costs.tick_size, "", "prices are multiples of this; 0: any"},
      {"costs.lot_size", &costs.lot_size, "", "quantities are multiples of this; 0: any"},
      {"costs.min_notional", &costs.min_notional, "", "smaller orders are refused"},
      {"costs.leverage_limit", &costs.leverage_limit, "", "largest position value / equity"},
      {"costs.maintenance_margin", &costs.maintenance_margin, "", "equity / position value that liquidates"},
      {"costs.liquidation_fee_bps", &costs.liquidation_fee_bps, "bps", "fee of a liquidation"},
      {"costs.funding_rate_bps", &costs.funding_rate_bps, "bps",
       "paid by longs of a perpetual at each funding time"}};
  for (const auto& [key, value, unit, help] : numbers)
    binder.field(key, *value, {.unit = unit, .help = help});
  binder.field("costs.perpetual", costs.perpetual,
               {.help = "the instrument is a perpetual contract with funding"});
}

void describe(ConfigBinder& binder, market::AugmentationConfig& config) {
  binder.field(
      "augmentation.techniques", config.techniques,
      {.help = "how the bars of training episodes are changed: noise, volume, shift, volatility, warp, "
               "bootstrap, permutation; all: the first five; empty: not at all"});
  binder.field("augmentation.share", config.share,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "share of the episodes that are changed; the others see the bars as they are"});
  binder.field("augmentation.noise_deviation", config.noise_deviation,
               {.minimum = 0, .maximum = 0.1, .help = "noise: standard deviation of each price's logarithm"});
  binder.field("augmentation.volume_change", config.volume_change,
               {.minimum = 0, .maximum = 1, .help = "volume: largest relative change of each bar's volume"});
  binder.field("augmentation.price_shift", config.price_shift,
               {.minimum = 0, .maximum = 0.5, .help = "shift: largest relative change of the price level"});
  binder.field("augmentation.shift_bars", config.shift_bars,
               {.minimum = 1, .unit = "bars", .help = "shift: mean distance of two changes of the level"});
  const std::vector<std::tuple<std::string, double*, double, double, std::string>> factors{
      {"augmentation.volatility_from", &config.volatility_from, 0.1, 10, "volatility: least factor of moves"},
      {"augmentation.volatility_to", &config.volatility_to, 0.1, 10, "volatility: largest factor of moves"},
      {"augmentation.warp_from", &config.warp_from, 0.5, 2, "warp: least speed of time"},
      {"augmentation.warp_to", &config.warp_to, 0.5, 2, "warp: largest speed of time"}};
  for (const auto& [key, value, minimum, maximum, help] : factors)
    binder.field(key, *value, {.minimum = minimum, .maximum = maximum, .help = help});
  binder.field("augmentation.block_bars", config.block_bars,
               {.minimum = 1,
                .maximum = 1e6,
                .unit = "bars",
                .help = "bootstrap: mean length of a block; permutation: its length"});
  binder.rule("augmentation", [&config] { return joined(config.faults()); });
}

void describe(ConfigBinder& binder, rl::CurriculumConfig& config) {
  binder.field("curriculum.enabled", config.enabled,
               {.help = "practise calm markets first and turbulent ones last"});
  binder.field("curriculum.window_bars", config.stages.window_bars,
               {.minimum = 1,
                .unit = "bars",
                .help = "bars over which the volatility and liquidity behind a bar are taken"});
  binder.field("curriculum.volatility_quantiles", config.stages.volatility_quantiles,
               {.minimum = 0,
                .maximum = 1,
                .help = "of the training part, at which moderate, high_volatility and turbulent begin"});
  binder.field("curriculum.liquidity_quantile", config.stages.liquidity_quantile,
               {.minimum = 0,
                .maximum = 1,
                .help = "bars with less liquidity count one stage higher; 0: liquidity does not count"});
  binder.field("curriculum.marks", config.marks,
               {.help = "score of each stage that passes it: log growth of the account a year"});
  binder.field("curriculum.patience", config.patience,
               {.minimum = 1,
                .unit = "evaluations",
                .help = "without a better score, after which a stage is left all the same"});
  binder.field("curriculum.least_gain", config.least_gain,
               {.minimum = 0, .help = "by how much a score must be better to count"});
  binder.field("curriculum.fall_back", config.fall_back,
               {.help = "go back where the score of the stage before falls"});
  binder.field("curriculum.fall_margin", config.fall_margin,
               {.minimum = 0, .help = "how far below the score at which that stage was left"});
  binder.field("curriculum.most_falls", config.most_falls, {.help = "in one training"});
  binder.field("curriculum.review", config.review,
               {.minimum = 0, .maximum = 1, .help = "share of the episodes that practise earlier stages"});
  binder.rule("curriculum", [&config] { return joined(config.faults()); });
}

/// What practice needs of the episodes and of the course of a training.
void describe_practice(ConfigBinder& binder, const Config& config) {
  binder.rule("env.episode_length", [&config] {
    return config.augmentation.on() && config.env.episode_length == 0
               ? "augmentation needs episodes of a length: set it above 0"
               : "";
  });
  binder.rule("env.random_start", [&config] {
    return config.curriculum.enabled && !config.env.random_start
               ? "a curriculum chooses where episodes start: set it to true"
               : "";
  });
  binder.rule("train.eval_freq", [&config] {
    return config.curriculum.enabled && config.train.eval_freq == 0
               ? "a curriculum goes by evaluations: set it above 0"
               : "";
  });
}

void describe(ConfigBinder& binder, nn::PolicyKwargs& network) {
  binder.field("network.policy_widths", network.policy_widths,
               {.minimum = 1, .maximum = 65536, .help = "hidden layers of the policy"});
  binder.field("network.value_widths", network.value_widths,
               {.minimum = 1, .maximum = 65536, .help = "hidden layers of the value function"});
  binder.choice<nn::Activation>("network.activation", network.activation,
                                {{"tanh", nn::Activation::tanh}, {"relu", nn::Activation::relu}},
                                {.help = "after every hidden layer"});
  binder.field(
      "network.shared_trunk", network.shared_trunk,
      {.help = "policy and value share their hidden layers; Stable-Baselines3 cannot load such a model"});
  binder.rule("network.shared_trunk", [&network] {
    return network.shared_trunk && network.policy_widths != network.value_widths
               ? "a shared trunk needs the same policy_widths and value_widths"
               : "";
  });
}

void describe(ConfigBinder& binder, validation::GateConfig& gate) {
  binder.field("gate.confidence", gate.confidence,
               {.minimum = 0.5,
                .maximum = 0.999,
                .help = "that a proposal is better, which it needs after all corrections"});
  const std::vector<std::tuple<std::string, double*, double, std::string>> shares{
      {"gate.improvement", &gate.improvement, 10,
       "least improvement of the Sharpe ratio, as a share of the running one where that is above 0"},
      {"gate.absolute_improvement", &gate.absolute_improvement, 10,
       "least improvement in annual points where the running Sharpe ratio is 0 or less"},
      {"gate.tolerance", &gate.tolerance, 10,
       "drawdown, tail loss and turnover may be worse by this share before they count as worse"},
      {"gate.idle_max_drawdown", &gate.idle_max_drawdown, 1,
       "largest drawdown of a proposal where the running arm holds nothing"},
      {"gate.idle_cvar", &gate.idle_cvar, 1,
       "largest mean loss of its worst 5 % of days where the running arm holds nothing"}};
  for (const auto& [key, value, maximum, help] : shares)
    binder.field(key, *value, {.minimum = 0, .maximum = maximum, .help = help});
  binder.field("gate.idle_turnover", gate.idle_turnover,
               {.minimum = 0,
                .unit = "per year",
                .help = "largest turnover of a proposal where the running arm holds nothing"});
  binder.field("gate.strict", gate.strict,
               {.help = "the confidence is that of being better by the improvement, not of being better"});
  binder.choice<validation::StreamCorrection>(
      "gate.stream", gate.stream,
      {{"none", validation::StreamCorrection::none},
       {"alpha_spending", validation::StreamCorrection::alpha_spending},
       {"lord_plus_plus", validation::StreamCorrection::lord_plus_plus}},
      {.help = "how much error a proposal is allowed after others on the same days"});
  binder.field("gate.minimum_days", gate.minimum_days,
               {.minimum = 30, .unit = "days", .help = "with fewer the answer is: not enough evidence"});
  binder.field("gate.minimum_trades", gate.minimum_trades,
               {.minimum = 0, .help = "trades of the proposal, with fewer: not enough evidence"});
  binder.field("gate.replicates", gate.replicates,
               {.minimum = 100,
                .maximum = 200'000,
                .help = "of the bootstrap; more are taken where the error allowed is small"});
  binder.field("gate.seed", gate.seed, {.help = "of the bootstrap"});
}

void describe(ConfigBinder& binder, ledger::LedgerConfig& ledger) {
  ledger::describe_url(binder, "ledger.url", ledger.url,
                       "where what happened is recorded: sqlite:///FILE, sqlite:////ABSOLUTE/FILE or "
                       "postgresql://USER@HOST/DATABASE");
  binder.field(
      "ledger.head_folder", ledger.head_folder,
      {.help = "folder of the signed head and its key; empty: beside the SQLite file, or the working "
               "directory"});
  binder.field("ledger.lock_timeout", ledger.lock_timeout,
               {.minimum = 0,
                .maximum = static_cast<double>(hour_ms),
                .unit = "milliseconds",
                .help = "how long the write of another process is waited for"});
}

}  // namespace

market::SplitConfig DataConfig::split() const {
  const auto time = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(parse_time(text));
  };
  market::SplitConfig split;
  split.from = time(from);
  split.to = time(to);
  split.train_fraction = train_fraction;
  split.validation_fraction = validation_fraction;
  split.validation_from = time(validation_from);
  split.test_from = time(test_from);
  split.embargo = parse_duration(embargo);
  return split;
}

void describe(ConfigBinder& binder, Config& config) {
  describe(binder, config.train);
  describe(binder, config.bootstrap);
  describe(binder, config.data);
  describe_environment(binder, config.env);
  describe_costs(binder, config.env.instrument);
  describe(binder, config.augmentation);
  describe(binder, config.curriculum);
  describe_practice(binder, config);
  describe(binder, config.network);
  rl::describe(binder, config.ppo);
  rl::describe(binder, config.dqn);
  strategy::describe(binder, config.expert);
  rl::describe(binder, config.cloning);
  describe(binder, config.ledger);
  accounts::describe(binder, config.accounts);
  describe(binder, config.measuring);
  describe(binder, config.optimize);
  describe(binder, config.gate);
  describe(binder, config.live);
  describe(binder, config.risk);
  describe(binder, config.sessions);
  describe(binder, config.server);
  notify::describe(binder, config.notify);
}

Config load_config(const ConfigLayers& layers) {
  return Config(load_ensemble_configuration(layers));  // the section ensemble is checked and left out
}

}  // namespace stevie::app
