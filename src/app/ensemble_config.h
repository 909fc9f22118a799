#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "app/config.h"
#include "strategy/ensemble.h"

namespace stevie::app {

/// How ensembles are made and trained: the section ensemble of the configuration.
struct EnsembleSettings {
  /// Method, consensus, weights and losses. Its cost is not a setting: it follows from the costs of the
  /// members' environment. Its temperature is fitted.
  strategy::EnsembleConfig decision;
  /// First weights are proportional to exp(sharpness x annual Sharpe ratio on validation). Default 0.25: the
  /// ratio of a year has a standard error of about 1. 0: all alike; larger: the best of validation has nearly
  /// everything, and the ensemble varies as it alone does.
  double sharpness = 0.25;

  /// Policies that `stevie ensemble train` makes. Default 4.
  std::size_t members = 4;
  std::uint64_t timesteps = 300'000;  // of each
  /// Steps between two evaluations on the validation part, the best of which is kept. Default 50,000.
  std::uint64_t eval_freq = 50'000;
  /// Each member is trained on training bars drawn in blocks with replacement. False: all on the same bars.
  bool resample = true;
  /// Mean length of the blocks. Default 30 days. Shorter: members differ more and see shorter stretches.
  std::string mean_block = "30d";
  /// Discounts, one after the other: members look so far ahead. Default 0.95, 0.98, 0.99, 0.995.
  std::vector<double> gammas{0.95, 0.98, 0.99, 0.995};
  /// Share of the market columns that each member sees, drawn at random. Default 0.7; 1: all.
  double column_share = 0.7;

  /// The decisions' file goes on in another one from so many bytes on. Default 16 MiB.
  std::uint64_t decisions_bytes = 16ULL << 20U;
  /// So many older ones are kept. Default 8.
  std::size_t decisions_files = 8;
};

/// Names the fields.
void describe(ConfigBinder& binder, EnsembleSettings& settings);

/// The whole configuration with the section ensemble, which the commands of `stevie ensemble` read.
struct EnsembleConfiguration : Config {
  EnsembleSettings ensemble;
};
/// Names every field of every section.
void describe(ConfigBinder& binder, EnsembleConfiguration& config);
/// From its layers; throws Error "config.faults" with every fault.
EnsembleConfiguration load_ensemble_configuration(const ConfigLayers& layers);

}  // namespace stevie::app
