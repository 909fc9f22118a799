#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/ensemble.h"
#include "app/training_market.h"

namespace stevie::app {

/// How one member of an ensemble is trained, so that members differ.
struct MemberPlan {
  std::uint64_t seed = 1;
  double gamma = 0.99;
  /// Market columns that it does not see.
  std::vector<std::size_t> masked_columns;
  /// Seeds of the resamplings of its training bars, carried out one after the other; none: the bars as they
  /// are.
  std::vector<std::uint64_t> resamplings;
};

/// The plans of the members: discounts in turn, columns drawn, a seed and a resampling of its own each.
/// `first_resamplings` come ahead of the own one. Follows from the seed alone.
std::vector<MemberPlan> plan_members(const EnsembleSettings& settings, std::uint64_t seed,
                                     const std::vector<std::uint64_t>& first_resamplings = {});

/// Bars of `range` drawn in blocks with replacement (stats::stationary_indices), with their market values: as
/// many as the range has behind the warm-up. Between two blocks lies a gap that ends episodes, so that
/// nothing is carried from one to the next; within a block times run as they did. The warm-up is 0: each row
/// has seen its own past. Throws Error "env.empty_split" where nothing lies behind the warm-up.
env::MarketData resample_market(const env::MarketData& market, market::BarRange range, double mean_block,
                                const market::GapPolicy& gaps, std::uint64_t seed);

/// Trains a policy by PPO and keeps the one that did best on the validation part: the bytes of its model
/// file, with a card that names its masked columns. `step` is told the steps done, and the growth of the
/// log of equity there of the best policy so far, and throws to stop. The same plan gives the same bytes.
std::string train_member(const TrainingMarket& market, const ModelCard& card,
                         const EnsembleConfiguration& config, const MemberPlan& plan,
                         const std::function<void(std::uint64_t, std::optional<double>)>& step);

/// What `stevie ensemble train` is asked to do.
struct EnsembleTrainRequest {
  std::filesystem::path data;
  /// Folder of all results: models/member_N.zip, models/ensemble.zip and what evaluate_ensemble() writes.
  std::filesystem::path out = "runs/ensemble";
  std::vector<std::string> also;  // further members, as EnsembleMakeRequest has them
  bool synthetic = false;
  EnsembleConfiguration config;
  ProgressOptions progress;
  std::filesystem::path progress_file = {};  // worker_progress.h, steps of all members; empty: none
  std::function<double()> wall_clock = {};   // seconds, for the time left; empty: the system's
};

struct EnsembleTrainReport {
  EnsembleMakeReport made;
  EnsembleReport judged;
  std::filesystem::path model;
};

/// Trains members, makes the ensemble and judges it once on the test part. A member that an earlier, stopped
/// call with the same bars and configuration has finished is taken as it is. Throws what its parts throw;
/// Interrupted between two updates.
EnsembleTrainReport train_ensemble(const EnsembleTrainRequest& request);

}  // namespace stevie::app
