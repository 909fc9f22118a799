#include "app/evaluate.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "evaluation/backtest.h"
#include "evaluation/report.h"
#include "strategy/policy_strategy.h"

namespace stevie::app {
namespace {

execution::EngineConfig engine_config(const env::TradingEnvConfig& environment) {
  execution::EngineConfig config;
  config.instrument = environment.instrument;
  config.initial_equity = environment.initial_equity;
  return config;
}

}  // namespace

evaluation::Evaluation evaluate_policy(const PolicyEvaluation& request) {
  const env::MarketData& market = *request.market;
  market::BarRange period = request.period;
  period.begin = std::max(period.begin, market.features.warm_up);
  if (period.begin + 2 > period.end)
    throw Error("evaluation.bad_range",
                "the period holds fewer than two bars behind the " + std::to_string(market.features.warm_up) +
                    " that the features need before their first value: choose a longer period");
  const execution::EngineConfig config = engine_config(request.environment);
  strategy::PolicyStrategy policy("PPO policy", request.network, request.environment.exposures);
  evaluation::NamedRun run{"strategy", policy.name(),
                           evaluation::run_backtest(policy, market, period, config)};
  std::vector<evaluation::NamedRun> baselines =
      evaluation::make_baselines(run.result, market, period, config);
  return evaluation::evaluate(std::move(run), std::move(baselines),
                              request.bars.slice(period.begin, period.end), request.description,
                              request.bootstrap);
}

void write_evaluation(const evaluation::Evaluation& evaluation, const std::filesystem::path& folder) {
  write_file(folder / "evaluation.json", evaluation::render_json(evaluation));
  write_file(folder / "report.html", evaluation::render_html(evaluation));
}

}  // namespace stevie::app
