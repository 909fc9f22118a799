#include "app/ensemble_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "app/evaluate.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "features/observation.h"
#include "stats/calibration.h"

namespace stevie::app {
namespace {

constexpr std::size_t most_states = 500;
constexpr std::size_t fewest_retrainings = 10, settings_count = 4;
constexpr double interval_level = 0.95;
constexpr std::uint64_t history_stream = 0x68697374, ratio_stream = 0x726174696f;

/// Members that differ by nothing but their seed.
EnsembleConfiguration alike(const EnsembleConfiguration& config) {
  EnsembleConfiguration same = config;
  same.ensemble.resample = false;
  same.ensemble.column_share = 1;
  same.ensemble.gammas = {config.ppo.gamma};
  return same;
}

/// What is asked for at the states of the test part.
struct Answers {
  std::vector<double> values;     // (states) exposure expected
  std::vector<double> exposures;  // (states) exposure wanted
};

/// What every retraining of a setting has come to.
struct Gathered {
  StudyValues values, exposures;             // (retrainings, members, states)
  StudyValues best_values, taken;            // (retrainings, 1, states)
  std::vector<std::vector<double>> weights;  // (retrainings, members)
  std::vector<EnsembleSpec> specs;
};

std::vector<StudyWay> ways_to_judge() {
  std::vector<StudyWay> ways;
  for (const auto method : {strategy::EnsembleMethod::vote, strategy::EnsembleMethod::confidence})
    for (const double sharpness : {0.0, 0.25, 1.0}) {
      ways.emplace_back();
      ways.back().method = method;
      ways.back().sharpness = sharpness;
    }
  return ways;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// (retrainings, 1): for series of which each retraining has one.
std::vector<std::vector<double>> single_weights(std::size_t retrainings) {
  return {retrainings, std::vector<double>{1.0}};
}

/// Everything that the retrainings share.
class Study {
 public:
  explicit Study(const EnsembleStudyRequest& request)
      : request_(request),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)),
        unscaled_(unscaled_market(market_.bars, request.config.env.instrument, request.data.string())),
        card_(plain_card(market_.bars, request.config)),
        bar_("training", "steps",
             settings_count * request.retrainings * request.config.ensemble.members *
                 request.config.ensemble.timesteps,
             request.progress) {
    card_.scaler = market_.scaler;
    test_ = market_.split.test;
    test_.begin = std::max(test_.begin, unscaled_.features.warm_up);
    const std::size_t step = std::max<std::size_t>(1, test_.size() / most_states);
    for (std::size_t bar = test_.begin; bar < test_.end; bar += step) states_.push_back(bar);
  }

  EnsembleStudy run();

 private:
  StudySetting setting(bool diverse, bool histories, std::uint64_t number);
  EnsembleSpec retrain(const EnsembleConfiguration& config, bool histories, std::uint64_t seed);
  std::unique_ptr<strategy::Ensemble> make(const EnsembleSpec& spec) const;
  strategy::Situation situation_at(std::size_t bar, std::vector<float>& observation) const;
  Answers ask_member(const EnsembleSpec& spec, std::size_t member) const;
  std::vector<double> exposures_of(const EnsembleSpec& spec) const;
  RunFigures play(const EnsembleSpec& spec, market::BarRange range) const;
  RunFigures test(const EnsembleSpec& spec) const { return play(spec, test_); }
  RetrainingScore score(const EnsembleSpec& spec) const;
  void judge(StudyWay& way, const StudySetting& setting, const Gathered& gathered) const;

  const EnsembleStudyRequest& request_;
  TrainingMarket market_;
  env::MarketData unscaled_;
  ModelCard card_;
  market::BarRange test_;
  std::vector<std::size_t> states_;  // bars of the test part
  ProgressBar bar_;
  std::uint64_t trained_ = 0;
};

std::size_t best_on_validation(const EnsembleSpec& spec) {
  const auto best = std::ranges::max_element(
      spec.members, {}, [](const MemberSpec& member) { return member.validation.sharpe; });
  return static_cast<std::size_t>(best - spec.members.begin());
}

EnsembleSpec only(const EnsembleSpec& spec, std::size_t member) {
  EnsembleSpec one = spec;
  one.members = {spec.members[member]};
  one.config.adapt = false;
  one.config.hedge.floor = 0;
  return one;
}

std::unique_ptr<strategy::Ensemble> Study::make(const EnsembleSpec& spec) const {
  return make_ensemble(spec, {.bars = &market_.bars,
                              .symbol = market_.bars.symbol,
                              .interval = market_.bars.interval,
                              .measuring = request_.config.measuring});
}

/// Members trained anew, weighed on the validation part.
EnsembleSpec Study::retrain(const EnsembleConfiguration& config, bool histories, std::uint64_t seed) {
  std::vector<std::uint64_t> history;
  if (histories) history.push_back(RandomStream(seed, history_stream).next_u64());
  EnsembleSpec spec;
  spec.card = card_;
  const std::vector<MemberPlan> plans = plan_members(config.ensemble, seed, history);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    MemberSpec member;
    member.name = fmt::format("member {}", i + 1);
    member.kind = "policy";
    member.bytes =
        train_member(market_, card_, config, plans[i], [&](std::uint64_t steps, std::optional<double>) {
          bar_.update(trained_ + steps);
          if (interrupted())
            throw Interrupted("the study was stopped; settings that were finished have been written");
        });
    trained_ += config.ensemble.timesteps;
    spec.members.push_back(std::move(member));
  }
  return fit_ensemble(std::move(spec), market_.bars, unscaled_, market_.split.validation, config, {}).spec;
}

/// The market at a bar, seen with a flat account.
strategy::Situation Study::situation_at(std::size_t bar, std::vector<float>& observation) const {
  observation.assign(features::observation_size, 0.0F);
  std::ranges::copy(unscaled_.features.row(bar), observation.begin());
  strategy::Situation situation;
  situation.bar = market_.bars[bar];
  situation.bar_index = bar;
  situation.observation = observation;
  return situation;
}

/// What a member says at each state, at temperature 1.
Answers Study::ask_member(const EnsembleSpec& spec, std::size_t member) const {
  EnsembleSpec bare = only(spec, member);
  bare.members.front().temperature = 1;
  const auto ensemble = make(bare);
  const std::span<const double> levels = ensemble->levels();
  std::vector<float> observation;
  std::vector<double> probabilities(levels.size());
  Answers answers;
  for (const std::size_t bar : states_) {
    const std::size_t wanted = ensemble->member(0).vote(situation_at(bar, observation), probabilities);
    answers.exposures.push_back(levels[wanted]);
    answers.values.push_back(std::inner_product(levels.begin(), levels.end(), probabilities.begin(), 0.0));
  }
  return answers;
}

/// What the ensemble would hold at each state, by its first weights.
std::vector<double> Study::exposures_of(const EnsembleSpec& spec) const {
  EnsembleSpec fixed = spec;
  fixed.config.adapt = false;
  fixed.config.minimum_consensus = 0;
  const auto ensemble = make(fixed);
  std::vector<float> observation;
  std::vector<double> exposures;
  for (const std::size_t bar : states_)
    exposures.push_back(ensemble->decide(situation_at(bar, observation)).exposure);
  return exposures;
}

RunFigures Study::play(const EnsembleSpec& spec, market::BarRange range) const {
  const auto ensemble = make(spec);
  return figures_of(run_ensemble(*ensemble, unscaled_, range, judging_engine(spec.card.environment)).result);
}

RetrainingScore Study::score(const EnsembleSpec& spec) const {
  RetrainingScore score;
  const std::size_t best = best_on_validation(spec);
  score.best_validation_sharpe = spec.members[best].validation.sharpe;
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    const RunFigures figures = test(only(spec, i));
    score.mean_member += figures.sharpe / static_cast<double>(spec.members.size());
    if (i != best) continue;
    score.best_member = figures.sharpe;
    score.best_member_return = figures.total_return;
  }
  const RunFigures figures = test(spec);
  score.ensemble = figures.sharpe;
  score.ensemble_return = figures.total_return;
  return score;
}

void Study::judge(StudyWay& way, const StudySetting& setting, const Gathered& gathered) const {
  std::vector<std::vector<double>> weights;
  std::vector<double> validations, sharpes, differences;
  market::BarRange validation = market_.split.validation;
  validation.begin = std::max(validation.begin, unscaled_.features.warm_up);
  StudyValues taken;
  for (std::size_t r = 0; r < gathered.specs.size(); ++r) {
    EnsembleSpec spec = gathered.specs[r];
    spec.config.method = way.method;
    weigh_members(spec.members, way.sharpness);
    weights.emplace_back();
    for (const MemberSpec& member : spec.members) weights.back().push_back(member.weight);
    taken.push_back({exposures_of(spec)});
    validations.push_back(play(spec, validation).sharpe);
    sharpes.push_back(test(spec).sharpe);
    differences.push_back(sharpes.back() - setting.scores[r].best_member);
  }
  const auto change = [](double from, double to) { return from > 0 ? to / from - 1 : 0; };
  way.value_change = decision_variance(gathered.values, weights).ratio_as_made() - 1;
  way.exposure_change =
      change(setting.exposure_member, decision_variance(taken, single_weights(gathered.specs.size())).member);
  way.validation = mean_of(validations);
  way.sharpe = mean_of(sharpes);
  way.difference = mean_of(differences);
  way.interval = stats::mean_interval(differences, interval_level, fewest_retrainings);
}

StudySetting Study::setting(bool diverse, bool histories, std::uint64_t number) {
  const EnsembleConfiguration config = diverse ? request_.config : alike(request_.config);
  StudySetting setting;
  setting.members = diverse ? "as configured" : "by seed alone";
  setting.history = histories ? "resampled" : "the same";
  Gathered gathered;
  std::vector<double> differences;
  RandomStream seeds(config.ppo.seed, number);
  for (std::size_t r = 0; r < request_.retrainings; ++r) {
    const EnsembleSpec& spec = gathered.specs.emplace_back(retrain(config, histories, seeds.next_u64()));
    setting.scores.push_back(score(spec));
    differences.push_back(setting.scores.back().ensemble - setting.scores.back().best_member);
    auto& values = gathered.values.emplace_back();
    auto& exposures = gathered.exposures.emplace_back();
    auto& weights = gathered.weights.emplace_back();
    for (std::size_t i = 0; i < spec.members.size(); ++i) {
      Answers answers = ask_member(spec, i);
      values.push_back(std::move(answers.values));
      exposures.push_back(std::move(answers.exposures));
      weights.push_back(spec.members[i].weight);
    }
    gathered.best_values.push_back({values[best_on_validation(spec)]});
    gathered.taken.push_back({exposures_of(spec)});
  }
  const auto single = single_weights(request_.retrainings);
  setting.variance = decision_variance(gathered.values, gathered.weights);
  setting.ratio_interval = ratio_interval(gathered.values, interval_level);
  setting.best_member = decision_variance(gathered.best_values, single).member;
  setting.exposure_member = decision_variance(gathered.exposures, gathered.weights).member;
  setting.exposure_ensemble = decision_variance(gathered.taken, single).member;
  setting.difference = mean_of(differences);
  setting.interval = stats::mean_interval(differences, interval_level, fewest_retrainings);
  setting.ways = ways_to_judge();
  for (StudyWay& way : setting.ways) judge(way, setting, gathered);
  return setting;
}

EnsembleStudy Study::run() {
  EnsembleStudy study;
  study.data = request_.data.string();
  study.retrainings = request_.retrainings;
  study.members = request_.config.ensemble.members;
  study.timesteps = request_.config.ensemble.timesteps;
  study.seed = request_.config.ppo.seed;
  study.states = states_.size();
  study.test_period = format_time(market_.bars.open_time[test_.begin]) + " to " +
                      format_time(market_.bars.open_time[test_.end - 1]);
  std::uint64_t number = 0;
  for (const bool histories : {true, false}) {
    for (const bool diverse : {true, false}) {
      study.settings.push_back(setting(diverse, histories, ++number));
      if (request_.finished) request_.finished(study);
    }
  }
  bar_.finish();
  return study;
}

}  // namespace

DecisionVariance decision_variance(const StudyValues& values,
                                   const std::vector<std::vector<double>>& weights) {
  const std::size_t retrainings = values.size(), members = values.front().size(),
                    states = values.front().front().size();
  const auto over = static_cast<double>((retrainings - 1) * states), size = static_cast<double>(members);
  DecisionVariance result;
  std::vector<double> products(members * members, 0.0);  // of deviations from the mean over retrainings
  std::vector<double> mean(members), off(members);
  for (std::size_t s = 0; s < states; ++s) {
    std::ranges::fill(mean, 0.0);
    double weighted_mean = 0;
    const auto weighted = [&](std::size_t r) {
      double sum = 0;
      for (std::size_t i = 0; i < members; ++i) sum += values[r][i][s] * weights[r][i];
      return sum;
    };
    for (std::size_t r = 0; r < retrainings; ++r) {
      for (std::size_t i = 0; i < members; ++i) mean[i] += values[r][i][s] / static_cast<double>(retrainings);
      weighted_mean += weighted(r) / static_cast<double>(retrainings);
    }
    for (std::size_t r = 0; r < retrainings; ++r) {
      double sum = 0;
      for (std::size_t i = 0; i < members; ++i) sum += off[i] = values[r][i][s] - mean[i];
      for (std::size_t i = 0; i < members; ++i)
        for (std::size_t j = 0; j < members; ++j) products[i * members + j] += off[i] * off[j];
      result.ensemble += sum * sum / (size * size * over);
      const double off_weighted = weighted(r) - weighted_mean;
      result.as_made += off_weighted * off_weighted / over;
    }
  }
  for (std::size_t i = 0; i < members; ++i) result.member += products[i * members + i] / over / size;
  for (std::size_t i = 0; i < members; ++i) {
    for (std::size_t j = 0; j < members; ++j) {
      const double spread = std::sqrt(products[i * members + i] * products[j * members + j]);
      if (i != j && spread > 0)
        result.correlation += products[i * members + j] / spread / (size * (size - 1));
    }
  }
  result.predicted = result.correlation + (1 - result.correlation) / size;
  return result;
}

std::optional<stats::Interval> ratio_interval(const StudyValues& values, double level) {
  if (values.size() < fewest_retrainings) return std::nullopt;
  constexpr std::size_t replicates = 1000;
  const std::vector<std::vector<double>> equal(
      values.size(),
      std::vector<double>(values.front().size(), 1 / static_cast<double>(values.front().size())));
  RandomStream random(1, ratio_stream);
  std::vector<double> ratios;
  StudyValues drawn(values.size());
  for (std::size_t replicate = 0; replicate < replicates; ++replicate) {
    for (auto& retraining : drawn) retraining = values[random.below(values.size())];
    ratios.push_back(decision_variance(drawn, equal).ratio());
  }
  std::ranges::sort(ratios);
  const auto at = [&](double share) {
    return ratios[static_cast<std::size_t>(std::lround(share * static_cast<double>(replicates - 1)))];
  };
  return stats::Interval{at((1 - level) / 2), at((1 + level) / 2)};
}

EnsembleStudy run_ensemble_study(const EnsembleStudyRequest& request) {
  if (request.retrainings < 2)
    throw Error("ensemble.bad_study", "a variance needs at least two retrainings", "--retrainings");
  return Study(request).run();
}

}  // namespace stevie::app
