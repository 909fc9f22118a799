#include "app/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/ensemble.h"
#include "app/training_market.h"
#include "core/error.h"
#include "core/file.h"
#include "evaluation/backtest.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "evaluation/signal_replay.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/synthetic.h"
#include "strategy/policy_strategy.h"

namespace stevie::app {
namespace {

using Period = ModelCard::Period;

std::string period_text(const Period& period) {
  return period.to == 0 ? "-" : format_time(period.from) + " to " + format_time(period.to);
}

std::vector<std::pair<std::string, std::string>> configuration_of(const PolicyEvaluation& request) {
  const env::TradingEnvConfig& environment = request.card.environment;
  const execution::Instrument& instrument = environment.instrument;
  return {
      {"exposures", fmt::format("{}", fmt::join(environment.exposures, ", "))},
      {"decisions", "the most probable action at the close of each bar, filled at the next open"},
      {"taker fee", fmt::format("{} bps", instrument.taker_fee_bps)},
      {"half spread", fmt::format("{} bps", instrument.half_spread_bps)},
      {"slippage", fmt::format("{} bps", instrument.slippage_bps)},
      {"leverage limit", fmt::format("{}", instrument.leverage_limit)},
      {"funding", instrument.perpetual ? fmt::format("{} bps every {}", instrument.funding_rate_bps,
                                                     format_duration(instrument.funding_interval))
                                       : "none (spot)"},
      {"initial account", evaluation::format_fixed(environment.initial_equity, 2)},
      {"feature set", request.card.feature_set_version},
      {"trained on", request.card.symbol + " " + format_duration(request.card.interval)},
      {"training period", period_text(request.card.training)},
      {"validation period", period_text(request.card.validation)},
      {"test period", period_text(request.card.test)},
      {"resampling",
       fmt::format("{} replicates, seed {}", request.bootstrap.replicates, request.bootstrap.seed)},
  };
}

bool overlaps(const Period& period, TimeMs from, TimeMs to) {
  return period.to > from && period.from < to;
}

/// What a reader must know about how these bars relate to those of the training.
std::vector<std::string> notices_of(const PolicyEvaluation& request, market::BarRange period) {
  const ModelCard& card = request.card;
  std::vector<std::string> notices = request.notices;
  const TimeMs from = request.bars.open_time[period.begin];
  const TimeMs to = request.bars.open_time[period.end - 1] + 1;
  const bool same_symbol =
      card.symbol == request.bars.symbol || card.symbol.empty() || request.bars.symbol.empty();
  if (same_symbol && overlaps(card.training, from, to))
    notices.emplace_back(
        "The policy was trained on a part of this period: the figures are not out of sample.");
  if (same_symbol && overlaps(card.validation, from, to))
    notices.emplace_back(
        "The policy was chosen on a part of this period: the figures are not out of sample.");
  if (!same_symbol)
    notices.push_back("The policy was trained on " + card.symbol + " and is judged on " +
                      request.bars.symbol + ".");
  if (card.interval != 0 && card.interval != request.bars.interval)
    notices.push_back("The policy was trained on bars of " + format_duration(card.interval) +
                      " and is judged on bars of " + format_duration(request.bars.interval) + ".");
  if (card.synthetic && !request.synthetic)
    notices.emplace_back("The policy was trained on a synthetic market.");
  if (period.begin != request.period.begin)
    notices.push_back("The period starts at " + format_time(from) +
                      ", once the features have seen the bars they need.");
  return notices;
}

evaluation::Description description_of(const PolicyEvaluation& request, market::BarRange period) {
  const std::string market = request.bars.symbol.empty() ? "bars of" : request.bars.symbol;
  return {.title = request.algorithm + " policy on " + market + " " + format_duration(request.bars.interval),
          .model = request.model,
          .data = request.data,
          .synthetic = request.synthetic,
          .notices = notices_of(request, period),
          .configuration = configuration_of(request)};
}

env::MarketData market_of(const market::Bars& bars, const ModelCard& card, const std::string& place) {
  env::MarketData market = unscaled_market(bars, card.environment.instrument, place);
  apply_card(card, market.features);
  return market;
}

std::string model_text(const EvaluateRequest& request, const nn::ModelFile& model) {
  const auto parameters = nlohmann::json::parse(model.hyper_parameters_json, nullptr, false);
  const auto steps = parameters.is_object() ? parameters.find("num_timesteps") : parameters.end();
  if (!parameters.is_object() || steps == parameters.end() || !steps->is_number_unsigned())
    return request.model.string();
  return fmt::format("{}, trained for {} steps", request.model.string(),
                     evaluation::format_fixed(steps->get<double>(), 0));
}

/// The bars asked for, and a notice where the choice may surprise.
market::BarRange choose_period(const EvaluateRequest& request, const ModelCard& card,
                               const market::Bars& bars, std::vector<std::string>& notices) {
  if (request.from && request.to && *request.from >= *request.to)
    throw Error("evaluation.bad_range", "--from must lie before --to");
  if (request.from || request.to) {
    const market::BarRange range = market::time_range(bars, request.from, request.to);
    if (range.size() < 2)
      throw Error("evaluation.bad_range",
                  "the file has fewer than two bars in the period asked for: it covers " +
                      format_time(bars.open_time.front()) + " to " + format_time(bars.open_time.back()),
                  request.data.string());
    return range;
  }
  if (card.test.to != 0) {
    const market::BarRange range = market::time_range(bars, card.test.from, card.test.to);
    if (range.size() >= 2) return range;
    notices.emplace_back("The file has no bars in the model's test period; all its bars are used.");
  }
  return {0, bars.size()};
}

}  // namespace

execution::EngineConfig judging_engine(const env::TradingEnvConfig& environment) {
  execution::EngineConfig config;
  config.instrument = environment.instrument;
  config.initial_equity = environment.initial_equity;
  return config;
}

evaluation::Evaluation evaluate_policy(const PolicyEvaluation& request) {
  market::BarRange period = request.period;
  period.begin = std::max(period.begin, request.market.features.warm_up);
  if (period.begin + 2 > period.end || period.end > request.bars.size())
    throw Error(
        "evaluation.bad_range",
        fmt::format("the period holds fewer than two bars behind the {} that the features need before "
                    "their first value: choose a later or longer one, or a file with earlier bars",
                    features::feature_warm_up()),
        request.data);
  const execution::EngineConfig config = judging_engine(request.card.environment);
  strategy::PolicyStrategy policy(request.algorithm + " policy", request.network,
                                  request.card.environment.exposures);
  evaluation::NamedRun run{"strategy", policy.name(),
                           evaluation::run_backtest(policy, request.market, period, config)};
  std::vector<evaluation::NamedRun> baselines =
      evaluation::make_baselines(run.result, request.market.tape, period, config);
  return evaluation::evaluate(std::move(run), std::move(baselines),
                              request.bars.slice(period.begin, period.end), description_of(request, period),
                              request.bootstrap);
}

void write_evaluation(const evaluation::Evaluation& evaluation, const std::filesystem::path& folder) {
  write_file(folder / "evaluation.json", evaluation::render_json(evaluation));
  write_file(folder / "trades.csv", evaluation::format_trades(evaluation.strategy.run.result.trades));
  write_file(folder / "report.html", evaluation::render_html(evaluation));
}

evaluation::Evaluation evaluate_model(const EvaluateRequest& request) {
  if (is_ensemble_file(request.model)) {
    return evaluate_ensemble({.model = request.model,
                              .data = request.data,
                              .from = request.from,
                              .to = request.to,
                              .out = request.out,
                              .report = request.report,
                              .synthetic = request.synthetic,
                              .bootstrap = request.bootstrap})
        .evaluation;
  }
  if (!request.out.empty()) require_writable_folder(request.out);
  const nn::ModelFile model = nn::read_model_file(request.model);
  const ModelCard card = model_card_of(model, request.model.string());
  const market::Bars bars = market::read_bars(request.data);
  std::vector<std::string> notices;
  const market::BarRange period = choose_period(request, card, bars, notices);
  const env::MarketData market = market_of(bars, card, request.data.string());
  const bool synthetic =
      request.synthetic || market::looks_synthetic(bars) || (card.synthetic && card.symbol == bars.symbol);
  evaluation::Evaluation result =
      evaluate_policy({.network = std::make_shared<const nn::ActorCritic>(network_of(model)),
                       .card = card,
                       .algorithm = model.algorithm,
                       .bars = bars,
                       .market = market,
                       .period = period,
                       .model = model_text(request, model),
                       .data = request.data.string(),
                       .synthetic = synthetic,
                       .notices = std::move(notices),
                       .bootstrap = request.bootstrap});
  if (!request.report.empty()) write_file(request.report, evaluation::render_html(result));
  if (!request.out.empty()) write_evaluation(result, request.out);
  return result;
}

}  // namespace stevie::app
