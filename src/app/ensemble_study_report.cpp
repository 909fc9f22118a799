#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/ensemble_study.h"
#include "core/progress.h"

namespace stevie::app {
namespace {

using nlohmann::json;

json end_of(const std::optional<stats::Interval>& interval, double stats::Interval::*which) {
  return interval ? json(*interval.*which) : json(nullptr);
}

std::string interval_text(const std::optional<stats::Interval>& interval, double scale, int digits) {
  if (!interval) return "(too few for an interval)";
  return fmt::format("[{:+.{}f}, {:+.{}f}]", interval->low * scale, digits, interval->high * scale, digits);
}

double change(double from, double to) {
  return from > 0 ? (to / from - 1) * 100 : 0;
}

std::string variance_row(const StudySetting& setting) {
  const DecisionVariance& variance = setting.variance;
  std::optional<stats::Interval> changed = setting.ratio_interval;
  if (changed) changed = stats::Interval{changed->low - 1, changed->high - 1};
  return fmt::format("| {} | {} | {:.3g} | {:.3g} | {:+.1f} % {} | {:.3f} | {:+.1f} % | {:+.1f} % |\n",
                     setting.members, setting.history, variance.member, variance.ensemble,
                     (variance.ratio() - 1) * 100, interval_text(changed, 100, 1), variance.correlation,
                     (variance.predicted - 1) * 100, (variance.ratio_as_made() - 1) * 100);
}

std::string taken_row(const StudySetting& setting) {
  const DecisionVariance& variance = setting.variance;
  return fmt::format("| {} | {} | {:.3g} | {:+.1f} % | {:.3g} | {:.3g} | {:+.1f} % |\n", setting.members,
                     setting.history, setting.best_member, change(setting.best_member, variance.as_made),
                     setting.exposure_member, setting.exposure_ensemble,
                     change(setting.exposure_member, setting.exposure_ensemble));
}

std::string sharpe_row(const StudySetting& setting) {
  const auto mean = [&](double RetrainingScore::*field) {
    double sum = 0;
    for (const RetrainingScore& score : setting.scores) sum += score.*field;
    return sum / static_cast<double>(setting.scores.size());
  };
  const auto better = std::ranges::count_if(
      setting.scores, [](const RetrainingScore& score) { return score.ensemble > score.best_member; });
  return fmt::format("| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:+.2f} {} | {} of {} |\n",
                     setting.members, setting.history, mean(&RetrainingScore::best_validation_sharpe),
                     mean(&RetrainingScore::best_member), mean(&RetrainingScore::mean_member),
                     mean(&RetrainingScore::ensemble), setting.difference,
                     interval_text(setting.interval, 1, 2), better, setting.scores.size());
}

std::string way_row(const StudyWay& way) {
  return fmt::format("| {} | {:g} | {:+.1f} % | {:+.1f} % | {:.2f} | {:.2f} | {:+.2f} {} |\n",
                     strategy::to_string(way.method), way.sharpness, way.value_change * 100,
                     way.exposure_change * 100, way.validation, way.sharpe, way.difference,
                     interval_text(way.interval, 1, 2));
}

json ways_json(const std::vector<StudyWay>& ways) {
  json rows = json::array();
  for (const StudyWay& way : ways)
    rows.push_back({{"method", strategy::to_string(way.method)},
                    {"sharpness", way.sharpness},
                    {"value_change", way.value_change},
                    {"exposure_change", way.exposure_change},
                    {"validation_sharpe", way.validation},
                    {"sharpe", way.sharpe},
                    {"difference", way.difference},
                    {"low", end_of(way.interval, &stats::Interval::low)},
                    {"high", end_of(way.interval, &stats::Interval::high)}});
  return rows;
}

}  // namespace

std::string ensemble_study_markdown(const EnsembleStudy& study) {
  std::string text = fmt::format(
      "{}; test period {}. Seed {}; {} retrainings of {} members in each setting, {} steps each; decision "
      "values "
      "at {} states.\n\n",
      study.data, study.test_period, study.seed, study.retrainings, study.members,
      format_count(study.timesteps), study.states);
  text +=
      "Variance of the decision value:\n\n"
      "| members differ | history | one member | ensemble | change [95 %] | correlation rho | change that "
      "rho + "
      "(1 - rho) / K predicts | change with the weights of validation |\n|---|---|---|---|---|---|---|---|\n";
  for (const StudySetting& setting : study.settings) text += variance_row(setting);
  text +=
      "\nBeside the member that validation ranks first, and variance of the exposure that is taken:\n\n"
      "| members differ | history | best member's decision value | change | exposure of a member | of the "
      "ensemble | change |\n|---|---|---|---|---|---|---|\n";
  for (const StudySetting& setting : study.settings) text += taken_row(setting);
  text +=
      "\nAnnual Sharpe ratio, means over retrainings:\n\n"
      "| members differ | history | best member, validation | the same, test | mean member, test | ensemble, "
      "test | ensemble - best member [95 %] | ensemble better |\n|---|---|---|---|---|---|---|---|\n";
  for (const StudySetting& setting : study.settings) text += sharpe_row(setting);
  if (study.settings.empty()) return text;
  const StudySetting& first = study.settings.front();
  text += fmt::format(
      "\nOther ways of making decisions of the same members (which differ {}; history {}):\n\n"
      "| ensemble.method | ensemble.sharpness | variance of the decision value | of the exposure taken | "
      "Sharpe "
      "ratio, validation | test | ensemble - best member, test [95 %] |\n|---|---|---|---|---|---|---|\n",
      first.members, first.history);
  for (const StudyWay& way : first.ways) text += way_row(way);
  return text;
}

std::string ensemble_study_json(const EnsembleStudy& study) {
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
    settings.push_back({{"members_differ", setting.members},
                        {"history", setting.history},
                        {"ratio_low", end_of(setting.ratio_interval, &stats::Interval::low)},
                        {"ratio_high", end_of(setting.ratio_interval, &stats::Interval::high)},
                        {"variance_best_member", setting.best_member},
                        {"variance_exposure_member", setting.exposure_member},
                        {"variance_exposure_ensemble", setting.exposure_ensemble},
                        {"variance_member", variance.member},
                        {"variance_ensemble", variance.ensemble},
                        {"variance_as_made", variance.as_made},
                        {"correlation", variance.correlation},
                        {"predicted", variance.predicted},
                        {"difference", setting.difference},
                        {"low", end_of(setting.interval, &stats::Interval::low)},
                        {"high", end_of(setting.interval, &stats::Interval::high)},
                        {"ways", ways_json(setting.ways)},
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
