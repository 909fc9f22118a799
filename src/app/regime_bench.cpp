#include "app/regime_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "core/error.h"
#include "strategy/regime_judge.h"

namespace stevie::app {
namespace {

constexpr std::size_t label_kinds = 4;
constexpr std::array<std::string_view, label_kinds> label_names{"detector", "oracle", "oracle without GARCH",
                                                                "constant"};
constexpr double coverage = 0.95;
constexpr double weak_contrast = 0.6;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

/// The judgements of one way of labelling, one a seed.
class Collected {
 public:
  void add(strategy::RegimeJudgement judgement) { all_.push_back(std::move(judgement)); }

  RegimeScore score(TimeMs interval) const {
    RegimeScore score;
    const auto count = static_cast<double>(all_.size());
    std::vector<double> lags;
    double switches = 0, never = 0, changes = 0, bars = 0;
    for (const strategy::RegimeJudgement& one : all_) {
      score.balanced_accuracy += one.balanced_accuracy / count;
      for (std::size_t k = 0; k < one.recall.size(); ++k) score.recall[k] += one.recall[k] / count;
      lags.insert(lags.end(), one.lags.begin(), one.lags.end());
      switches += static_cast<double>(one.switches);
      never += static_cast<double>(one.never_found);
      changes += static_cast<double>(one.label_changes);
      bars += static_cast<double>(one.bars);
    }
    double square = 0;
    for (const strategy::RegimeJudgement& one : all_) {
      square += std::pow(one.balanced_accuracy - score.balanced_accuracy, 2);
    }
    const double quantile = boost::math::quantile(boost::math::students_t(count - 1), 0.5 + 0.5 * coverage);
    const double half_width = quantile * std::sqrt(square / (count - 1) / count);
    score.low = score.balanced_accuracy - half_width;
    score.high = score.balanced_accuracy + half_width;
    const double bar_days = static_cast<double>(interval) / static_cast<double>(day_ms);
    const double years = bars * bar_days / 365.0;
    score.median_lag_bars = median(lags);
    score.median_lag_days = score.median_lag_bars * bar_days;
    score.never_found = switches > 0 ? never / switches : 0;
    score.changes_per_year = changes / years;
    score.switches_per_year = switches / years;
    return score;
  }

 private:
  std::vector<strategy::RegimeJudgement> all_;
};

void judge_seed(const market::SyntheticConfig& config, std::array<Collected, label_kinds>& collected) {
  const market::SyntheticMarket market = market::make_synthetic_market(config);
  const strategy::RegimeColumns found = strategy::make_regimes(market.bars);
  std::vector<std::uint8_t> labels;
  labels.reserve(found.regime.size());
  for (const strategy::Regime regime : found.regime) labels.push_back(static_cast<std::uint8_t>(regime));
  const auto judge = [&](const std::vector<std::uint8_t>& of) {
    return strategy::judge_regimes(market.regime, of, found.known);
  };
  collected[0].add(judge(labels));
  collected[1].add(judge(strategy::oracle_labels(market, config, true)));
  collected[2].add(judge(strategy::oracle_labels(market, config, false)));
  collected[3].add(judge(std::vector<std::uint8_t>(labels.size(), 0)));
}

}  // namespace

std::vector<RegimeScore> run_regime_benchmarks(const RegimeBenchRequest& request) {
  if (request.seeds < 2) {
    throw Error("app.few_seeds", "an interval over seeds needs two of them or more", "flag --seeds");
  }
  std::vector<RegimeScore> scores;
  for (const double contrast : {1.0, weak_contrast}) {
    for (const TimeMs interval : {hour_ms, day_ms}) {
      std::array<Collected, label_kinds> collected;
      for (std::uint64_t seed = 1; seed <= request.seeds; ++seed) {
        judge_seed(strategy::labelled_market(interval, request.years, seed, contrast), collected);
      }
      for (std::size_t kind = 0; kind < label_kinds; ++kind) {
        RegimeScore score = collected[kind].score(interval);
        score.market = format_duration(interval) + (contrast < 1 ? ", weak" : "");
        score.labels = label_names[kind];
        if (request.report) request.report(score);
        scores.push_back(std::move(score));
      }
    }
  }
  return scores;
}

std::string regime_score_header() {
  return fmt::format("{:<9} {:<21} {:>8} {:>15} {:>22} {:>9} {:>9} {:>7} {:>8}", "market", "labels",
                     "balanced", "95 % interval", "bull bear side. vol.", "lag bars", "lag days", "never",
                     "changes");
}

std::string regime_score_line(const RegimeScore& score) {
  return fmt::format(
      "{:<9} {:<21} {:>8.3f} {:>7.3f}-{:<7.3f} {:>6.2f}{:>5.2f}{:>6.2f}{:>5.2f} {:>9.1f} {:>9.1f} {:>5.0f} % "
      "{:>8.1f}",
      score.market, score.labels, score.balanced_accuracy, score.low, score.high, score.recall[0],
      score.recall[1], score.recall[2], score.recall[3], score.median_lag_bars, score.median_lag_days,
      100 * score.never_found, score.changes_per_year);
}

std::vector<BenchRow> regime_bench_rows(const std::vector<RegimeScore>& scores) {
  std::vector<BenchRow> rows;
  for (const RegimeScore& score : scores) {
    if (score.labels != label_names[0]) continue;
    const auto oracle = std::find_if(scores.begin(), scores.end(), [&](const RegimeScore& other) {
      return other.market == score.market && other.labels == label_names[1];
    });
    if (oracle == scores.end()) continue;
    rows.push_back({"regimes " + score.market, score.balanced_accuracy, "balanced accuracy",
                    fmt::format("an oracle's {:.3f}", oracle->balanced_accuracy),
                    score.balanced_accuracy / oracle->balanced_accuracy});
  }
  return rows;
}

}  // namespace stevie::app
