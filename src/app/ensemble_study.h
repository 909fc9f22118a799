#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/ensemble_train.h"
#include "stats/metrics.h"

namespace stevie::app {

struct EnsembleStudy;

/// What `stevie study ensemble` is asked to do. With 10 retrainings of 4 members of 100,000 steps it trains
/// for 16 million steps in all.
struct EnsembleStudyRequest {
  std::filesystem::path data;
  std::size_t retrainings = 10;  // at least 2; an interval of the Sharpe ratios needs 10
  EnsembleConfiguration config;
  ProgressOptions progress;
  /// Told after each setting what there is so far.
  std::function<void(const EnsembleStudy&)> finished = {};
};

/// What a retraining earned on the test part.
struct RetrainingScore {
  double best_validation_sharpe = 0;  // of the member that is chosen by it
  double best_member = 0;             // its annual Sharpe ratio on the test part
  double mean_member = 0;             // mean of all members' on the test part
  double ensemble = 0;                // of the ensemble
  double best_member_return = 0, ensemble_return = 0;
};

/// (retrainings, members, states): something that each member says at each state of the test part.
using StudyValues = std::vector<std::vector<std::vector<double>>>;

/// How decision values vary over retrainings, as means over states of the test part. A decision value is the
/// exposure that a member expects to hold: the mean of the levels by its probabilities at temperature 1.
struct DecisionVariance {
  double member = 0;    // variance over retrainings of one member, mean over members
  double ensemble = 0;  // of the members' equal mean
  double as_made = 0;   // of their mean by the first weights
  double correlation =
      0;                 // Pearson's, of two members' deviations over states and retrainings, mean over pairs
  double predicted = 0;  // correlation + (1 - correlation) / members

  double ratio() const { return member > 0 ? ensemble / member : 0; }
  double ratio_as_made() const { return member > 0 ? as_made / member : 0; }
};

/// One way of making a decision of the same members.
struct StudyWay {
  strategy::EnsembleMethod method = strategy::EnsembleMethod::vote;
  double sharpness = 0;
  double value_change = 0;     // variance of the decision value over that of one member, - 1
  double exposure_change = 0;  // the same of the exposure that is taken
  double validation = 0;       // annual Sharpe ratio on the validation part, mean over retrainings
  double sharpe = 0;           // the same on the test part
  double difference = 0;       // mean of it - the best member's
  std::optional<stats::Interval> interval;  // of that, 95 %
};

struct StudySetting {
  std::string members;  // "by seed", "by seed, bars, columns and discount"
  std::string history;  // "the same", "resampled"
  DecisionVariance variance;
  std::optional<stats::Interval> ratio_interval;  // of variance.ratio(), 95 %
  double best_member = 0;  // variance of the decision value of the member that validation ranks first
  /// Variance of the exposure that is taken: of one member's vote, and of the ensemble's decision.
  double exposure_member = 0, exposure_ensemble = 0;
  std::vector<RetrainingScore> scores;      // (retrainings)
  double difference = 0;                    // mean of ensemble - best member, Sharpe ratio on test
  std::optional<stats::Interval> interval;  // of it, 95 %
  std::vector<StudyWay> ways;
};

struct EnsembleStudy {
  std::string data;
  std::size_t retrainings = 0, members = 0, states = 0;
  std::uint64_t timesteps = 0, seed = 0;
  std::string test_period;
  std::vector<StudySetting> settings;
};

/// weights: (retrainings, members), each row with the sum 1.
DecisionVariance decision_variance(const StudyValues& values,
                                   const std::vector<std::vector<double>>& weights);

/// Interval of ratio() over retrainings: percentile bootstrap of 1000 samples of them, seeded. Nothing for
/// fewer than 10.
std::optional<stats::Interval> ratio_interval(const StudyValues& values, double level);

/// Trains ensembles again and again in four settings: members that differ by their seed alone, and as
/// configured; each on the same history, and on histories that are drawn in blocks from the training part,
/// one for each retraining. Follows from ppo.seed. Throws what training throws; Interrupted.
EnsembleStudy run_ensemble_study(const EnsembleStudyRequest& request);

std::string ensemble_study_markdown(const EnsembleStudy& study);
std::string ensemble_study_json(const EnsembleStudy& study);

}  // namespace stevie::app
