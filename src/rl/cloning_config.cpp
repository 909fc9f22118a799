#include "rl/cloning_config.h"

#include "rl/config_check.h"

namespace stevie::rl {

void describe(ConfigBinder& binder, CloningConfig& config) {
  binder.field("cloning.learning_rate", config.learning_rate,
               {.minimum = 0, .maximum = 1, .above_minimum = true, .help = "step size of Adam"});
  binder.field("cloning.batch_size", config.batch_size,
               {.minimum = 2, .maximum = 1 << 20, .unit = "rows", .help = "rows of a minibatch"});
  binder.field("cloning.max_epochs", config.max_epochs,
               {.minimum = 1, .maximum = 10'000, .help = "passes over the demonstrations at most"});
  binder.field("cloning.patience", config.patience,
               {.minimum = 1,
                .maximum = 10'000,
                .unit = "epochs",
                .help = "without a lower validation loss, after which the training stops"});
  binder.choice<ClassWeights>(
      "cloning.class_weights", config.class_weights,
      {{"none", ClassWeights::none}, {"root", ClassWeights::root}, {"balanced", ClassWeights::balanced}},
      {.help = "how much more a row with a rare action counts"});
  binder.field("cloning.folds", config.folds,
               {.minimum = 0, .maximum = 100, .help = "blocks of time of the cross-validation; 0: none"});
  binder.field("cloning.purge", config.purge,
               {.minimum = 0,
                .maximum = 1e9,
                .unit = "bars",
                .help = "left out of training on both sides of a tested block"});
  binder.field("cloning.embargo", config.embargo,
               {.minimum = 0, .maximum = 1e9, .unit = "bars", .help = "further ones left out behind it"});
  binder.field("cloning.seed", config.seed, {.help = "everything random follows from it"});
  binder.field("cloning.threads", config.threads,
               {.minimum = 0,
                .maximum = 256,
                .help = "blocks trained side by side; does not change the result; 0: one a core"});
  binder.rule("cloning.folds", [&config] {
    return config.folds == 1 ? "one block cannot be tested by the others: take 2 or more, or 0 for none" : "";
  });
}

void validate(const CloningConfig& config) {
  require_valid(config);
}

}  // namespace stevie::rl
