#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/augmentation_study.h"
#include "stats/paired_seeds.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> column(const AugmentationArmResult& result, double AugmentationRun::*field) {
  std::vector<double> values;
  for (const AugmentationRun& run : result.runs) values.push_back(run.*field);
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

constexpr std::string_view plain_arm = "none", null_arm = "null";

/// The comparison of an arm with a base, on the test growth of the kept policies.
struct Comparison {
  std::size_t arm = 0;  // of the results
  stats::PairedSeeds paired;
  double p_holm = 1;  // for all comparisons with this base
};

/// Of every arm with the one called `base`, but of the base with itself and of the arm called `left_out`;
/// none where there is no base or fewer than two seeds.
std::vector<Comparison> comparisons(const std::vector<AugmentationArmResult>& results, std::string_view base,
                                    std::string_view left_out = "") {
  std::vector<Comparison> all;
  const auto name_of = [](const AugmentationArmResult& result) -> const std::string& {
    return result.arm.name;
  };
  const auto yardstick = std::ranges::find(results, base, name_of);
  if (yardstick == results.end() || yardstick->runs.size() < 2) return all;
  const std::vector<double> scores = column(*yardstick, &AugmentationRun::test);
  std::vector<double> p_values;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].arm.name == base || results[i].arm.name == left_out) continue;
    all.push_back({i, stats::compare_seeds(column(results[i], &AugmentationRun::test), scores), 1});
    p_values.push_back(all.back().paired.p_two_sided);
  }
  const std::vector<double> corrected = stats::holm_adjusted(p_values);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].p_holm = corrected[i];
  return all;
}

const Comparison* comparison_of(const std::vector<Comparison>& all, std::size_t arm) {
  const auto found = std::ranges::find(all, arm, &Comparison::arm);
  return found == all.end() ? nullptr : &*found;
}

std::string cells(const Comparison* one) {
  if (one == nullptr) return "| - | - | - |";
  return fmt::format("| {:+.3f} [{:+.3f}, {:+.3f}] | {:.3f} | {:.3f} |", one->paired.mean,
                     one->paired.interval.low, one->paired.interval.high, one->paired.p_two_sided,
                     one->p_holm);
}

Json object(const Comparison* one) {
  if (one == nullptr) return nullptr;
  return {{"mean", one->paired.mean},
          {"low", one->paired.interval.low},
          {"high", one->paired.interval.high},
          {"p", one->paired.p_two_sided},
          {"p_holm", one->p_holm}};
}

/// The mean with its own interval: against nothing, that is against cash.
std::string growth_text(const std::vector<double>& values) {
  if (values.size() < 2) return fmt::format("{:+.3f}", mean(values));
  const stats::PairedSeeds alone = stats::compare_seeds(values, std::vector<double>(values.size(), 0.0));
  return fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", alone.mean, alone.interval.low, alone.interval.high);
}

std::string sharpe_text(const AugmentationArmResult& result) {
  std::vector<double> defined;
  for (const AugmentationRun& run : result.runs)
    if (run.test_sharpe) defined.push_back(*run.test_sharpe);
  return defined.empty() ? "-" : fmt::format("{:+.2f} ({})", mean(defined), defined.size());
}

}  // namespace

std::string augmentation_study_markdown(const AugmentationStudyConfig& config,
                                        const std::vector<AugmentationArmResult>& results) {
  const std::vector<Comparison> compared = comparisons(results, plain_arm);
  std::string text = fmt::format(
      "{} seeds of {} steps each, the best of an evaluation every {} steps on the validation part kept.\n\n"
      "| training on | test growth [95 %] | test Sharpe (defined) | trades | last policy | validation | "
      "against none [95 %] | p | p, Holm |\n|---|---|---|---|---|---|---|---|---|\n",
      results.empty() ? 0 : results.front().runs.size(), config.config.train.total_timesteps,
      config.config.train.eval_freq);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const AugmentationArmResult& result = results[i];
    fmt::format_to(std::back_inserter(text), "| {} | {} | {} | {:.1f} | {:+.3f} | {:+.3f} {}\n",
                   result.arm.name, growth_text(column(result, &AugmentationRun::test)), sharpe_text(result),
                   mean(column(result, &AugmentationRun::trades)),
                   mean(column(result, &AugmentationRun::last_test)),
                   mean(column(result, &AugmentationRun::validation)), cells(comparison_of(compared, i)));
  }
  // What helps no more than blocks in another order helps because the bars change, not because of how.
  const std::vector<Comparison> against_null = comparisons(results, null_arm, plain_arm);
  if (against_null.empty()) return text;
  text += "\n| training on | against null [95 %] | p | p, Holm |\n|---|---|---|---|\n";
  for (const Comparison& one : against_null)
    fmt::format_to(std::back_inserter(text), "| {} {}\n", results[one.arm].arm.name, cells(&one));
  return text;
}

std::string augmentation_study_json(const AugmentationStudyConfig& config,
                                    const std::vector<AugmentationArmResult>& results) {
  const std::vector<Comparison> compared = comparisons(results, plain_arm);
  const std::vector<Comparison> against_null = comparisons(results, null_arm, plain_arm);
  Json arms = Json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    Json runs = Json::array();
    for (const AugmentationRun& run : results[i].runs) {
      runs.push_back({{"seed", run.seed},
                      {"training_reward", run.training},
                      {"validation_growth", run.validation},
                      {"test_growth", run.test},
                      {"last_test_growth", run.last_test},
                      {"test_trades", run.trades},
                      {"test_sharpe", run.test_sharpe ? Json(*run.test_sharpe) : Json()}});
    }
    Json arm = {{"name", results[i].arm.name},
                {"techniques", results[i].arm.techniques},
                {"runs", std::move(runs)},
                {"against_none", object(comparison_of(compared, i))},
                {"against_null", object(comparison_of(against_null, i))}};
    arms.push_back(std::move(arm));
  }
  Config copy = config.config;
  ConfigBinder binder;
  describe(binder, copy);
  Json configuration;
  for (const ConfigField& field : binder.fields()) configuration[field.key] = field.show();
  const Json json = {{"data", config.data.string()},
                     {"seeds", config.seeds},
                     {"configuration", std::move(configuration)},
                     {"arms", std::move(arms)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
