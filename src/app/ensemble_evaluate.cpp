#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "app/backtest.h"
#include "app/decision_log.h"
#include "app/ensemble.h"
#include "app/evaluate.h"
#include "app/text_table.h"
#include "app/training_market.h"
#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "evaluation/signal_replay.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/synthetic.h"
#include "strategy/ensemble_record.h"

namespace stevie::app {
namespace {

using nlohmann::json;

/// One evaluation from its files to its report.
class Judgement {
 public:
  explicit Judgement(const EnsembleEvaluateRequest& request)
      : request_(request),
        spec_(read_ensemble_file(request.model)),
        bars_(market::read_bars(request.data)),
        engine_(request.engine ? *request.engine : judging_engine(spec_.card.environment)),
        market_(unscaled_market(bars_, engine_.instrument, request.data.string())),
        range_(choose_range()) {}

  EnsembleReport run();

 private:
  market::BarRange choose_range();
  std::unique_ptr<strategy::Ensemble> make(const EnsembleSpec& spec) const;
  EnsembleRun play_recorded();
  void play_alone(std::size_t member);
  evaluation::Description description() const;
  std::string table() const;
  json results(const evaluation::Evaluation& evaluation) const;
  json member_result(std::size_t i) const;
  json agreement() const;
  json weight_curve() const;

  const EnsembleEvaluateRequest& request_;
  EnsembleSpec spec_;
  market::Bars bars_;
  execution::EngineConfig engine_;
  env::MarketData market_;
  std::vector<std::string> notices_;
  market::BarRange range_;
  std::unique_ptr<strategy::Ensemble> ensemble_;
  EnsembleRun run_;
  std::vector<std::uint8_t> outcomes_;
  std::vector<execution::SimulationResult> alone_;  // (members)
};

market::BarRange Judgement::choose_range() {
  if (request_.from && request_.to && *request_.from >= *request_.to)
    throw Error("evaluation.bad_range", "--from must lie before --to");
  market::BarRange range{0, bars_.size()};
  if (request_.from || request_.to) {
    range = market::time_range(bars_, request_.from, request_.to);
  } else if (spec_.card.test.to != 0) {
    const market::BarRange test = market::time_range(bars_, spec_.card.test.from, spec_.card.test.to);
    if (test.size() >= 2)
      range = test;
    else
      notices_.emplace_back("The file has no bars in the ensemble's test period; all its bars are used.");
  }
  if (range.begin < market_.features.warm_up) {
    range.begin = market_.features.warm_up;
    notices_.emplace_back("The period starts once the features have seen the bars they need.");
  }
  if (range.begin + 2 > range.end)
    throw Error(
        "evaluation.bad_range",
        fmt::format("the period holds fewer than two bars behind the {} that the features need: choose a "
                    "later or longer one",
                    features::feature_warm_up()),
        request_.data.string());
  const TimeMs from = bars_.open_time[range.begin], to = bars_.open_time[range.end - 1] + 1;
  if (spec_.card.validation.to > from && spec_.card.validation.from < to)
    notices_.emplace_back(
        "The ensemble's weights were set on a part of this period: the figures are not out of sample.");
  if (spec_.card.training.to > from && spec_.card.training.from < to)
    notices_.emplace_back(
        "Members were trained on a part of this period: the figures are not out of sample.");
  if (spec_.card.interval != 0 && spec_.card.interval != bars_.interval)
    notices_.push_back("The ensemble was made for bars of " + format_duration(spec_.card.interval) +
                       " and is judged on bars of " + format_duration(bars_.interval) + ".");
  if (!spec_.card.symbol.empty() && !bars_.symbol.empty() && spec_.card.symbol != bars_.symbol)
    notices_.push_back("The ensemble was made for " + spec_.card.symbol + " and is judged on " +
                       bars_.symbol + ".");
  return range;
}

std::unique_ptr<strategy::Ensemble> Judgement::make(const EnsembleSpec& spec) const {
  return make_ensemble(
      spec,
      {.bars = &bars_, .symbol = bars_.symbol, .interval = bars_.interval, .measuring = request_.measuring});
}

EnsembleRun Judgement::play_recorded() {
  std::optional<DecisionLog> log;
  if (!request_.out.empty() || !request_.decisions.empty())
    log.emplace(request_.decisions.empty() ? request_.out / "ensemble_decisions.json" : request_.decisions,
                request_.decisions_bytes, request_.decisions_files);
  const bool for_people = request_.decisions.extension() == ".txt";
  EnsembleRun run =
      run_ensemble(*ensemble_, market_, range_, engine_, [&](const strategy::EnsembleDecision& decision) {
        if (log)
          log->add(for_people ? strategy::to_text(decision, bars_.symbol)
                              : strategy::to_json(decision, bars_.symbol));
        if (interrupted()) throw Interrupted("stopped; the same command starts the evaluation again");
      });
  if (log) log->flush();
  return run;
}

void Judgement::play_alone(std::size_t member) {
  EnsembleSpec one = spec_;
  one.members = {spec_.members[member]};
  one.config.adapt = false;
  one.config.minimum_consensus = 0;
  one.config.hedge.floor = 0;
  const auto ensemble = make(one);
  alone_.push_back(run_ensemble(*ensemble, market_, range_, engine_, [](const strategy::EnsembleDecision&) {
                     if (interrupted())
                       throw Interrupted("stopped; the same command starts the evaluation again");
                   }).result);
}

evaluation::Description Judgement::description() const {
  evaluation::Description description;
  description.title =
      fmt::format("Ensemble of {} on {} {}", spec_.members.size(),
                  bars_.symbol.empty() ? "bars of" : bars_.symbol, format_duration(bars_.interval));
  description.subject = "the ensemble";
  description.model = request_.model.string();
  description.data = request_.data.string();
  description.synthetic = request_.synthetic || market::looks_synthetic(bars_) ||
                          (spec_.card.synthetic && spec_.card.symbol == bars_.symbol);
  description.notices = notices_;
  const strategy::EnsembleConfig& config = spec_.config;
  std::vector<std::string> names;
  for (const MemberSpec& member : spec_.members) names.push_back(member.name);
  description.configuration = {
      {"members", fmt::format("{}", fmt::join(names, ", "))},
      {"method", std::string(strategy::to_string(config.method))},
      {"weights", config.adapt ? fmt::format("adapt at a rate of {:.4g}, floor {}",
                                             ensemble_->weights().rate(), config.hedge.floor)
                               : std::string("stay as they were set on validation")},
      {"least consensus", fmt::format("{}", config.minimum_consensus)},
      {"levels of exposure", fmt::format("{}", fmt::join(ensemble_->levels(), ", "))}};
  for (auto& row : describe_costs(engine_)) description.configuration.push_back(std::move(row));
  return description;
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-"
                    : evaluation::format_percent(static_cast<double>(part) / static_cast<double>(whole));
}

std::string Judgement::table() const {
  std::vector<std::vector<std::string>> rows;
  const auto figures = [](const execution::SimulationResult& result) {
    const RunFigures told = figures_of(result);
    return std::pair(evaluation::format_percent(told.total_return), evaluation::format_fixed(told.sharpe, 2));
  };
  const auto error = [](const stats::Calibration& calibration) {
    return evaluation::format_metric(calibration.expected_error, stats::Unit::ratio);
  };
  const auto own = figures(run_.result);
  rows.push_back({"ensemble", own.first, own.second, "-", "-",
                  share_text(ensemble_->right(), ensemble_->judged()),
                  error(ensemble_calibration(run_, outcomes_, false)), "-", "-"});
  for (std::size_t i = 0; i < spec_.members.size(); ++i) {
    const strategy::MemberStatistics& member = ensemble_->statistics()[i];
    const auto alone = figures(alone_[i]);
    rows.push_back(
        {spec_.members[i].name, alone.first, alone.second,
         fmt::format("{:.3f} -> {:.3f}", spec_.members[i].weight, ensemble_->weights().weights()[i]),
         share_text(member.agreements, member.decisions), share_text(member.right, member.judged),
         error(member_calibration(run_, i, outcomes_, false)),
         evaluation::format_percent(member.contribution), share_text(member.pivotal, member.decisions)});
  }
  const strategy::HedgeWeights& hedge = ensemble_->weights();
  const double best = *std::ranges::min_element(hedge.losses());
  std::string text = text_table({"", "return alone", "Sharpe", "weight", "agrees", "right",
                                 "calibration error", "contribution", "pivotal"},
                                rows);
  if (spec_.config.adapt)
    text += fmt::format(
        "\nLoss of the weighted mean {:.1f}, of the best member {:.1f} in {} bars: regret {:.1f}, bound "
        "{:.1f}.\n",
        hedge.own_loss(), best, hedge.rounds(), hedge.own_loss() - best,
        hedge.bound(
            static_cast<std::size_t>(std::ranges::min_element(hedge.losses()) - hedge.losses().begin())));
  return text;
}

json metric_json(const stats::Metric& metric) {
  return metric.value ? json(*metric.value) : json(nullptr);
}

json share_json(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? json(nullptr) : json(static_cast<double>(part) / static_cast<double>(whole));
}

json Judgement::member_result(std::size_t i) const {
  const strategy::MemberStatistics& member = ensemble_->statistics()[i];
  const RunFigures alone = figures_of(alone_[i]);
  return {
      {"name", spec_.members[i].name},
      {"kind", spec_.members[i].kind},
      {"first_weight", spec_.members[i].weight},
      {"weight", ensemble_->weights().weights()[i]},
      {"weight_mean", member.weight_sum / static_cast<double>(std::max<std::uint64_t>(1, member.decisions))},
      {"weight_least", member.weight_least},
      {"weight_most", member.weight_most},
      {"decisions", member.decisions},
      {"agreement", share_json(member.agreements, member.decisions)},
      {"judged", member.judged},
      {"accuracy", share_json(member.right, member.judged)},
      {"pivotal", share_json(member.pivotal, member.decisions)},
      {"contribution", member.contribution},
      {"loss", ensemble_->weights().losses()[i]},
      {"calibration_error_before", metric_json(member_calibration(run_, i, outcomes_, true).expected_error)},
      {"calibration_error_after", metric_json(member_calibration(run_, i, outcomes_, false).expected_error)},
      {"alone", {{"total_return", alone.total_return}, {"sharpe", alone.sharpe}}}};
}

/// Share of decisions in which two members want the same level.
json Judgement::agreement() const {
  json rows = json::array();
  for (std::size_t a = 0; a < run_.members; ++a) {
    json row = json::array();
    for (std::size_t b = 0; b < run_.members; ++b) {
      std::uint64_t same = 0;
      for (std::size_t i = 0; i < run_.decisions(); ++i)
        same += run_.chosen[i * run_.members + a] == run_.chosen[i * run_.members + b];
      row.push_back(share_json(same, run_.decisions()));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Weights over time, at most 500 rows.
json Judgement::weight_curve() const {
  constexpr std::size_t most_rows = 500;
  const std::size_t step = std::max<std::size_t>(1, (run_.decisions() + most_rows - 1) / most_rows);
  json rows = json::array();
  for (std::size_t i = 0; i < run_.decisions(); i += step) {
    const auto begin = run_.weight.begin() + static_cast<std::ptrdiff_t>(i * run_.members);
    rows.push_back(
        {{"time", format_time(run_.time[i])},
         {"weights", std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(run_.members))}});
  }
  return rows;
}

json Judgement::results(const evaluation::Evaluation& evaluation) const {
  json members = json::array();
  for (std::size_t i = 0; i < spec_.members.size(); ++i) members.push_back(member_result(i));
  double consensus = 0;
  for (const double value : run_.consensus) consensus += value;
  const strategy::HedgeWeights& hedge = ensemble_->weights();
  const auto best = std::ranges::min_element(hedge.losses());
  json judged = json::parse(evaluation::render_json(evaluation));
  judged.erase("trades");  // evaluation.json has them
  const RunFigures own = figures_of(run_.result);
  return {
      {"algorithm", "ensemble"},
      {"model", request_.model.string()},
      {"data", request_.data.string()},
      {"symbol", bars_.symbol},
      {"synthetic", evaluation.description.synthetic},
      {"method", strategy::to_string(spec_.config.method)},
      {"members", members},
      {"ensemble",
       {{"total_return", own.total_return},
        {"sharpe", own.sharpe},
        {"decisions", run_.decisions()},
        {"accuracy", share_json(ensemble_->right(), ensemble_->judged())},
        {"mean_consensus", consensus / static_cast<double>(std::max<std::size_t>(1, run_.decisions()))},
        {"calibration_error_before", metric_json(ensemble_calibration(run_, outcomes_, true).expected_error)},
        {"calibration_error_after",
         metric_json(ensemble_calibration(run_, outcomes_, false).expected_error)}}},
      {"hedge",
       {{"rounds", hedge.rounds()},
        {"learning_rate", hedge.rate()},
        {"loss", hedge.own_loss()},
        {"regret", hedge.own_loss() - *best},
        {"bound", hedge.bound(static_cast<std::size_t>(best - hedge.losses().begin()))}}},
      {"agreement", agreement()},
      {"weights", weight_curve()},
      {"test", judged}};
}

EnsembleReport Judgement::run() {
  if (!request_.out.empty()) require_writable_folder(request_.out);
  ProgressBar bar("judging", "runs", spec_.members.size() + 1, request_.progress);
  ensemble_ = make(spec_);
  run_ = play_recorded();
  bar.update(1);
  outcomes_ = outcomes_of(run_, *ensemble_);
  for (std::size_t i = 0; i < spec_.members.size(); ++i) {
    play_alone(i);
    bar.update(i + 2);
  }
  bar.finish();
  std::vector<evaluation::NamedRun> beside =
      evaluation::make_baselines(run_.result, market_.tape, range_, engine_);
  for (std::size_t i = 0; i < alone_.size(); ++i)
    beside.push_back({fmt::format("member_{}", i + 1), spec_.members[i].name, alone_[i]});
  EnsembleReport report;
  report.evaluation =
      evaluation::evaluate({"strategy", "Ensemble", run_.result}, std::move(beside),
                           bars_.slice(range_.begin, range_.end), description(), request_.bootstrap);
  report.members = table();
  if (!request_.report.empty()) write_file(request_.report, evaluation::render_html(report.evaluation));
  if (!request_.trades.empty())
    write_file(request_.trades, evaluation::format_trades(report.evaluation.strategy.run.result.trades));
  if (!request_.out.empty()) {
    write_evaluation(report.evaluation, request_.out);
    constexpr int indent = 1;
    write_file(request_.out / "ensemble_results.json",
               results(report.evaluation).dump(indent, ' ', false, json::error_handler_t::replace) + "\n");
  }
  return report;
}

}  // namespace

EnsembleReport evaluate_ensemble(const EnsembleEvaluateRequest& request) {
  return Judgement(request).run();
}

}  // namespace stevie::app
