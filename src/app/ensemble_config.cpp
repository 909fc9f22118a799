#include "app/ensemble_config.h"

#include <algorithm>

#include "core/error.h"
#include "core/time.h"

namespace stevie::app {
namespace {

constexpr double most_steps = 1e15;

void describe_decision(ConfigBinder& binder, strategy::EnsembleConfig& decision) {
  using strategy::EnsembleMethod;
  binder.choice<EnsembleMethod>("ensemble.method", decision.method,
                                {{"vote", EnsembleMethod::vote},
                                 {"confidence", EnsembleMethod::confidence},
                                 {"most_confident", EnsembleMethod::most_confident}},
                                {.help = "weighted votes, weighted probabilities, or the surest member"});
  binder.field("ensemble.minimum_consensus", decision.minimum_consensus,
               {.minimum = 0, .maximum = 1, .help = "below it what is held stays; 0: never"});
  binder.field("ensemble.adapt", decision.adapt, {.help = "weights follow the members' losses, bar by bar"});
  binder.field("ensemble.learning_rate", decision.hedge.learning_rate,
               {.minimum = 0,
                .maximum = 1000,
                .help = "how fast weights follow; 0: the rate with the smallest bound on the regret"});
  binder.field("ensemble.horizon", decision.hedge.horizon,
               {.minimum = 1, .unit = "bars", .help = "run that the automatic learning rate is meant for"});
  binder.field("ensemble.floor", decision.hedge.floor,
               {.minimum = 0, .maximum = 1, .help = "least weight of a member; at most one part of them"});
  binder.field("ensemble.loss_scale", decision.loss_scale,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "return of a bar that counts as the largest loss or gain"});
  binder.field("ensemble.outcome_bars", decision.outcome_bars,
               {.minimum = 1,
                .maximum = 10'000,
                .unit = "bars",
                .help = "after which a vote is judged right or wrong"});
}

}  // namespace

void describe(ConfigBinder& binder, EnsembleSettings& settings) {
  describe_decision(binder, settings.decision);
  binder.field("ensemble.sharpness", settings.sharpness,
               {.minimum = 0,
                .maximum = 100,
                .help = "first weights are proportional to exp(this x Sharpe ratio on validation)"});
  binder.field("ensemble.members", settings.members,
               {.minimum = 1,
                .maximum = static_cast<double>(strategy::most_members),
                .help = "policies that `stevie ensemble train` trains"});
  binder.field("ensemble.timesteps", settings.timesteps,
               {.minimum = 1, .maximum = most_steps, .unit = "steps", .help = "of each member"});
  binder.field("ensemble.eval_freq", settings.eval_freq,
               {.minimum = 1,
                .maximum = most_steps,
                .unit = "steps",
                .help = "distance of evaluations on the validation part; a member's best policy is kept"});
  binder.field("ensemble.resample", settings.resample,
               {.help = "train each member on training bars drawn in blocks with replacement"});
  binder.field("ensemble.mean_block", settings.mean_block,
               {.help = "mean length of these blocks, such as 30d"});
  binder.rule("ensemble.mean_block", [&settings]() -> std::string {
    try {
      return parse_duration(settings.mean_block) > 0 ? "" : "a block must have a length";
    } catch (const Error& error) {
      return error.message();
    }
  });
  binder.field("ensemble.gammas", settings.gammas,
               {.minimum = 0, .maximum = 1, .help = "discounts of the members, one after the other"});
  binder.rule("ensemble.gammas",
              [&settings] { return settings.gammas.empty() ? "name at least one discount" : ""; });
  binder.field("ensemble.column_share", settings.column_share,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "share of the market columns that each member sees, drawn at random"});
  binder.field("ensemble.decisions_bytes", settings.decisions_bytes,
               {.minimum = 1024,
                .maximum = most_steps,
                .unit = "bytes",
                .help = "from which ensemble_decisions.json goes on in another file"});
  binder.field("ensemble.decisions_files", settings.decisions_files,
               {.minimum = 0, .maximum = 1000, .help = "older ones of these that are kept"});
}

void describe(ConfigBinder& binder, EnsembleConfiguration& config) {
  describe(binder, static_cast<Config&>(config));
  describe(binder, config.ensemble);
}

EnsembleConfiguration load_ensemble_configuration(const ConfigLayers& layers) {
  EnsembleConfiguration config;
  ConfigBinder binder;
  describe(binder, config);
  load_config(binder, layers);
  return config;
}

}  // namespace stevie::app
