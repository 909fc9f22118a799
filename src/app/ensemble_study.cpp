#include "app/ensemble_study.h"

#include <fmt/format.h>

#include <algorithm>
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

using Values = std::vector<std::vector<std::vector<double>>>;

constexpr std::size_t most_states = 500;
constexpr std::uint64_t history_stream = 0x68697374;

/// Everything that the retrainings share.
class Study {
 public:
  explicit Study(const EnsembleStudyRequest& request)
      : request_(request),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)),
        unscaled_(unscaled_market(market_.bars, request.config.env.instrument, request.data.string())),
        card_(plain_card(market_.bars, request.config)),
        bar_("training", "steps",
             2 * request.retrainings * request.config.ensemble.members * request.config.ensemble.timesteps,
             request.progress) {
    card_.scaler = market_.scaler;
    test_ = market_.split.test;
    test_.begin = std::max(test_.begin, unscaled_.features.warm_up);
    const std::size_t step = std::max<std::size_t>(1, test_.size() / most_states);
    for (std::size_t bar = test_.begin; bar < test_.end; bar += step) states_.push_back(bar);
  }

  EnsembleStudy run();

 private:
  StudySetting setting(const std::string& name, bool histories, std::uint64_t number);
  EnsembleSpec retrain(bool histories, std::uint64_t seed);
  std::unique_ptr<strategy::Ensemble> make(const EnsembleSpec& spec) const;
  std::vector<double> values_of(const EnsembleSpec& spec, std::size_t member) const;
  RunFigures test(const EnsembleSpec& spec) const;
  RetrainingScore score(const EnsembleSpec& spec) const;

  const EnsembleStudyRequest& request_;
  TrainingMarket market_;
  env::MarketData unscaled_;
  ModelCard card_;
  market::BarRange test_;
  std::vector<std::size_t> states_;  // bars of the test part
  ProgressBar bar_;
  std::uint64_t trained_ = 0;
};

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
EnsembleSpec Study::retrain(bool histories, std::uint64_t seed) {
  const EnsembleConfiguration& config = request_.config;
  std::vector<std::uint64_t> history;
  if (histories) history.push_back(RandomStream(seed, history_stream).next_u64());
  EnsembleSpec spec;
  spec.card = card_;
  const std::vector<MemberPlan> plans = plan_members(config.ensemble, seed, history);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    MemberSpec member;
    member.name = fmt::format("member {}", i + 1);
    member.kind = "policy";
    member.bytes = train_member(market_, card_, config, plans[i], [&](std::uint64_t steps) {
      bar_.update(trained_ + steps);
      return !interrupted();
    });
    trained_ += config.ensemble.timesteps;
    spec.members.push_back(std::move(member));
  }
  return fit_ensemble(std::move(spec), market_.bars, unscaled_, market_.split.validation, config, {}).spec;
}

/// The exposure that a member expects at each state, with a flat account and at temperature 1.
std::vector<double> Study::values_of(const EnsembleSpec& spec, std::size_t member) const {
  EnsembleSpec bare = only(spec, member);
  bare.members.front().temperature = 1;
  const auto ensemble = make(bare);
  const std::span<const double> levels = ensemble->levels();
  std::vector<float> observation(features::observation_size, 0.0F);
  std::vector<double> probabilities(levels.size()), values;
  for (const std::size_t bar : states_) {
    std::ranges::copy(unscaled_.features.row(bar), observation.begin());
    strategy::Situation situation;
    situation.bar = market_.bars[bar];
    situation.bar_index = bar;
    situation.observation = observation;
    ensemble->member(0).vote(situation, probabilities);
    values.push_back(std::inner_product(levels.begin(), levels.end(), probabilities.begin(), 0.0));
  }
  return values;
}

RunFigures Study::test(const EnsembleSpec& spec) const {
  const auto ensemble = make(spec);
  return figures_of(run_ensemble(*ensemble, unscaled_, test_, judging_engine(spec.card.environment)).result);
}

RetrainingScore Study::score(const EnsembleSpec& spec) const {
  RetrainingScore score;
  const auto best = std::ranges::max_element(
      spec.members, {}, [](const MemberSpec& member) { return member.validation.sharpe; });
  score.best_validation_sharpe = best->validation.sharpe;
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    const RunFigures figures = test(only(spec, i));
    score.mean_member += figures.sharpe / static_cast<double>(spec.members.size());
    if (&spec.members[i] != &*best) continue;
    score.best_member = figures.sharpe;
    score.best_member_return = figures.total_return;
  }
  const RunFigures figures = test(spec);
  score.ensemble = figures.sharpe;
  score.ensemble_return = figures.total_return;
  return score;
}

StudySetting Study::setting(const std::string& name, bool histories, std::uint64_t number) {
  StudySetting setting;
  setting.name = name;
  Values values;
  std::vector<std::vector<double>> weights;
  RandomStream seeds(request_.config.ppo.seed, number);
  for (std::size_t r = 0; r < request_.retrainings; ++r) {
    const EnsembleSpec spec = retrain(histories, seeds.next_u64());
    setting.scores.push_back(score(spec));
    values.emplace_back();
    weights.emplace_back();
    for (std::size_t i = 0; i < spec.members.size(); ++i) {
      values.back().push_back(values_of(spec, i));
      weights.back().push_back(spec.members[i].weight);
    }
  }
  setting.variance = decision_variance(values, weights);
  std::vector<double> differences;
  for (const RetrainingScore& score : setting.scores)
    differences.push_back(score.ensemble - score.best_member);
  setting.difference =
      std::accumulate(differences.begin(), differences.end(), 0.0) / static_cast<double>(differences.size());
  constexpr double level = 0.95;
  constexpr std::size_t fewest = 10;
  setting.interval = stats::mean_interval(differences, level, fewest);
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
  study.settings.push_back(setting("the same history", false, 1));
  study.settings.push_back(setting("resampled histories", true, 2));
  bar_.finish();
  return study;
}

std::string sharpe_row(const StudySetting& setting) {
  const auto mean = [&](double RetrainingScore::*field) {
    double sum = 0;
    for (const RetrainingScore& score : setting.scores) sum += score.*field;
    return sum / static_cast<double>(setting.scores.size());
  };
  const auto better = std::ranges::count_if(
      setting.scores, [](const RetrainingScore& score) { return score.ensemble > score.best_member; });
  return fmt::format(
      "| {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:+.2f} {} | {} of {} |\n", setting.name,
      mean(&RetrainingScore::best_validation_sharpe), mean(&RetrainingScore::best_member),
      mean(&RetrainingScore::mean_member), mean(&RetrainingScore::ensemble), setting.difference,
      setting.interval ? fmt::format("[{:+.2f}, {:+.2f}]", setting.interval->low, setting.interval->high)
                       : "(too few for an interval)",
      better, setting.scores.size());
}

}  // namespace

DecisionVariance decision_variance(const Values& values, const std::vector<std::vector<double>>& weights) {
  const std::size_t retrainings = values.size(), members = values.front().size(),
                    states = values.front().front().size();
  const auto over = static_cast<double>(retrainings - 1);
  DecisionVariance result;
  double pairs = 0;
  for (std::size_t s = 0; s < states; ++s) {
    std::vector<double> mean(members, 0.0), equal(retrainings, 0.0), weighted(retrainings, 0.0);
    for (std::size_t r = 0; r < retrainings; ++r) {
      for (std::size_t i = 0; i < members; ++i) {
        mean[i] += values[r][i][s] / static_cast<double>(retrainings);
        equal[r] += values[r][i][s] / static_cast<double>(members);
        weighted[r] += values[r][i][s] * weights[r][i];
      }
    }
    const auto variance = [&](const std::vector<double>& series) {
      const double centre =
          std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(retrainings);
      double sum = 0;
      for (const double value : series) sum += (value - centre) * (value - centre);
      return sum / over;
    };
    result.ensemble += variance(equal);
    result.as_made += variance(weighted);
    for (std::size_t r = 0; r < retrainings; ++r) {
      double all = 0, squares = 0;
      for (std::size_t i = 0; i < members; ++i) {
        const double off = values[r][i][s] - mean[i];
        all += off;
        squares += off * off;
      }
      result.member += squares / over / static_cast<double>(members);
      pairs += (all * all - squares) / over;  // both orders of every pair
    }
  }
  const auto count = static_cast<double>(states), size = static_cast<double>(members);
  result.member /= count;
  result.ensemble /= count;
  result.as_made /= count;
  const double covariance = members > 1 ? pairs / count / (size * (size - 1)) : 0;
  result.correlation = result.member > 0 ? covariance / result.member : 0;
  result.predicted = result.correlation + (1 - result.correlation) / size;
  return result;
}

EnsembleStudy run_ensemble_study(const EnsembleStudyRequest& request) {
  if (request.retrainings < 2)
    throw Error("ensemble.bad_study", "a variance needs at least two retrainings", "--retrainings");
  return Study(request).run();
}

std::string ensemble_study_markdown(const EnsembleStudy& study) {
  std::string text = fmt::format(
      "{}; test period {}. Seed {}; {} retrainings of {} members in each setting, {} steps each; decision "
      "values "
      "at {} states.\n\n",
      study.data, study.test_period, study.seed, study.retrainings, study.members,
      format_count(study.timesteps), study.states);
  text +=
      "| retrained on | variance of a member | of the ensemble | change | members' correlation | rho + (1 - "
      "rho) / K "
      "| change with the weights of validation |\n|---|---|---|---|---|---|---|\n";
  for (const StudySetting& setting : study.settings) {
    const DecisionVariance& variance = setting.variance;
    text += fmt::format("| {} | {:.4f} | {:.4f} | {:+.1f} % | {:.3f} | {:.3f} | {:+.1f} % |\n", setting.name,
                        variance.member, variance.ensemble, (variance.ratio() - 1) * 100,
                        variance.correlation, variance.predicted, (variance.ratio_as_made() - 1) * 100);
  }
  text +=
      "\nAnnual Sharpe ratio, means over retrainings:\n\n"
      "| retrained on | best member, validation | the same, test | mean member, test | ensemble, test | "
      "ensemble - "
      "best member [95 %] | ensemble better |\n|---|---|---|---|---|---|---|\n";
  for (const StudySetting& setting : study.settings) text += sharpe_row(setting);
  return text;
}

std::string ensemble_study_json(const EnsembleStudy& study) {
  using nlohmann::json;
  json settings = json::array();
  for (const StudySetting& setting : study.settings) {
    json scores = json::array();
    for (const RetrainingScore& score : setting.scores)
      scores.push_back({{"best_validation_sharpe", score.best_validation_sharpe},
                        {"best_member_sharpe", score.best_member},
                        {"mean_member_sharpe", score.mean_member},
                        {"ensemble_sharpe", score.ensemble},
                        {"best_member_return", score.best_member_return},
                        {"ensemble_return", score.ensemble_return}});
    const DecisionVariance& variance = setting.variance;
    settings.push_back({{"name", setting.name},
                        {"variance_member", variance.member},
                        {"variance_ensemble", variance.ensemble},
                        {"variance_as_made", variance.as_made},
                        {"correlation", variance.correlation},
                        {"predicted", variance.predicted},
                        {"difference", setting.difference},
                        {"low", setting.interval ? json(setting.interval->low) : json(nullptr)},
                        {"high", setting.interval ? json(setting.interval->high) : json(nullptr)},
                        {"retrainings", scores}});
  }
  const json result = {{"data", study.data},
                       {"retrainings", study.retrainings},
                       {"members", study.members},
                       {"timesteps", study.timesteps},
                       {"seed", study.seed},
                       {"states", study.states},
                       {"test_period", study.test_period},
                       {"settings", settings}};
  constexpr int indent = 1;
  return result.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
