#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

#include "app/backtest.h"
#include "app/config.h"
#include "app/ensemble.h"
#include "app/expert_backtest.h"
#include "app/rules_backtest.h"
#include "cli/commands.h"
#include "cli/social_flags.h"
#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::cli {
namespace {

constexpr double percent = 0.01;

/// The flags as typed. What is absent keeps the engine's default.
struct BacktestFlags {
  app::BacktestRequest request;
  app::RulesBacktestRequest rules;                                               // what only the rules take
  std::optional<double> stop_loss, take_profit, trailing_stop, trailing_offset;  // percent
  std::optional<double> fee, maker_fee, spread, slippage;                        // bps
  std::optional<double> risk;                                                    // percent
  std::string minimal_roi, intrabar, stake, strategy, model, from, to;
  bool json = false;
};

std::optional<double> as_share(const std::optional<double>& value) {
  return value ? std::optional(*value * percent) : std::nullopt;
}

app::BacktestRequest to_request(const BacktestFlags& flags) {
  app::BacktestRequest request = flags.request;
  execution::Instrument& instrument = request.config.engine.instrument;
  if (flags.fee) instrument.taker_fee_bps = instrument.maker_fee_bps = *flags.fee;
  if (flags.maker_fee) instrument.maker_fee_bps = *flags.maker_fee;
  if (flags.spread) instrument.half_spread_bps = *flags.spread / 2;
  if (flags.slippage) instrument.slippage_bps = *flags.slippage;

  execution::ExitRules& exits = request.config.engine.exits;
  exits.stop_loss = as_share(flags.stop_loss);
  exits.take_profit = as_share(flags.take_profit);
  exits.trailing_stop = as_share(flags.trailing_stop);
  exits.trailing_offset = as_share(flags.trailing_offset);
  if (!flags.minimal_roi.empty()) {
    exits.minimal_roi = read_flag("--minimal-roi", flags.minimal_roi, execution::parse_minimal_roi);
  }
  if (!flags.intrabar.empty()) {
    exits.intrabar = read_flag("--intrabar", flags.intrabar, execution::parse_intrabar_policy);
  }
  if (!flags.stake.empty()) {
    request.config.stake = read_flag("--stake", flags.stake, evaluation::parse_stake);
  }
  if (flags.risk) request.config.stake = {execution::Stake::Kind::risk, *flags.risk * percent};
  return request;
}

/// The same question for the rules: their entries, exits and stakes come from their parameters.
app::RulesBacktestRequest to_rules_request(const BacktestFlags& flags, const CommandContext& context) {
  const app::BacktestRequest shared = to_request(flags);
  app::RulesBacktestRequest request = flags.rules;
  request.measuring = app::load_config(context.layers()).measuring;
  request.bars = shared.bars;
  request.detail_bars = shared.detail_bars;
  request.trades_out = shared.trades_out;
  request.report = shared.report;
  request.engine = shared.config.engine;
  request.bootstrap = shared.bootstrap;
  if (!flags.from.empty()) request.from = read_flag("--from", flags.from, parse_time);
  if (!flags.to.empty()) request.to = read_flag("--to", flags.to, parse_time);
  return request;
}

/// The same question for the expert, whose settings are the section [expert].
app::ExpertBacktestRequest to_expert_request(const BacktestFlags& flags, const CommandContext& context) {
  if (!flags.rules.settings.empty() || !flags.rules.parameters.empty() || !flags.rules.social.files.empty())
    throw Error("cli.flag_of_rules",
                "--set-param, --params and the social series belong to --strategy rules: the expert is set "
                "with --set expert.NAME=VALUE",
                "backtest");
  const app::RulesBacktestRequest shared = to_rules_request(flags, context);
  return {.bars = shared.bars,
          .from = shared.from,
          .to = shared.to,
          .detail_bars = shared.detail_bars,
          .explain = shared.explain,
          .trades_out = shared.trades_out,
          .report = shared.report,
          .expert = app::load_config(context.layers()).expert,
          .engine = shared.engine,
          .bootstrap = shared.bootstrap};
}

/// An ensemble at the costs of the flags instead of those that its members were trained with.
app::EnsembleEvaluateRequest to_ensemble_request(const BacktestFlags& flags, const CommandContext& context) {
  if (flags.model.empty())
    throw Error("cli.no_decisions",
                "--strategy ensemble needs --model FILE, as stevie ensemble make writes it", "backtest");
  const app::RulesBacktestRequest shared = to_rules_request(flags, context);
  if (!shared.settings.empty() || !shared.parameters.empty() || !shared.detail_bars.empty())
    throw Error("cli.no_decisions",
                "an ensemble takes none of --set-param, --params and --detail-bars: leave them out",
                "backtest");
  app::EnsembleEvaluateRequest request;
  request.model = flags.model;
  request.data = shared.bars;
  request.from = shared.from;
  request.to = shared.to;
  request.report = shared.report;
  request.trades = shared.trades_out;
  request.decisions = shared.explain;
  request.engine = shared.engine;
  request.measuring = shared.measuring;
  request.bootstrap = shared.bootstrap;
  return request;
}

evaluation::Evaluation run(const BacktestFlags& flags, const CommandContext& context) {
  if (flags.strategy == "rsi-ma") return app::run_expert_backtest(to_expert_request(flags, context));
  if (flags.strategy == "rules") return app::run_rules_backtest(to_rules_request(flags, context)).evaluation;
  if (flags.strategy == "ensemble")
    return app::evaluate_ensemble(to_ensemble_request(flags, context)).evaluation;
  return app::run_signal_backtest(to_request(flags));
}

void add_exit_options(CLI::App& command, BacktestFlags& flags, CLI::Option* strategy) {
  command
      .add_option("--stop-loss", flags.stop_loss, "Loss in percent of the entry price that closes a position")
      ->excludes(strategy);
  command.add_option("--take-profit", flags.take_profit, "Gain in percent that closes a position")
      ->excludes(strategy);
  command
      .add_option("--minimal-roi", flags.minimal_roi,
                  "minutes:profit list; net profit (0.05 is 5 %) that closes a position of that age")
      ->excludes(strategy);
  command
      .add_option("--trailing-stop", flags.trailing_stop,
                  "Distance in percent of a stop behind the best price")
      ->excludes(strategy);
  command
      .add_option("--trailing-offset", flags.trailing_offset, "Gain in percent from which the stop trails")
      ->excludes(strategy);
  command.add_option("--intrabar", flags.intrabar,
                     "Which level of a bar comes first: worst (default), ohlc, adaptive, detail");
  command.add_option("--detail-bars", flags.request.detail_bars, "Finer bars for --intrabar detail");
}

void add_rule_options(CLI::App& command, BacktestFlags& flags, CLI::Option* strategy) {
  app::RulesBacktestRequest& request = flags.rules;
  command
      .add_option("--set-param", request.settings,
                  "With --strategy rules: a parameter for every regime, volPctBreakout=65; again for more")
      ->allow_extra_args(false)
      ->needs(strategy);
  command
      .add_option("--params", request.parameters,
                  "With --strategy rules: JSON file of parameters, as stevie params export writes it")
      ->needs(strategy);
  command
      .add_option("--explain", request.explain,
                  "With --strategy: write why each decision is what it is: JSON lines, or text for .txt")
      ->needs(strategy);
  command.add_option("--from", flags.from, "With --strategy: first time, UTC")->needs(strategy);
  command.add_option("--to", flags.to, "With --strategy: time at which to stop")->needs(strategy);
  add_social_flags(command, request.social);
}

void add_cost_options(CLI::App& command, BacktestFlags& flags) {
  execution::EngineConfig& engine = flags.request.config.engine;
  command.add_option("--fee", flags.fee, "Fee per side in bps, maker and taker (default: taker 10, maker 2)");
  command.add_option("--maker-fee", flags.maker_fee,
                     "Fee in bps of orders that rest, where it differs from --fee");
  command.add_option("--spread", flags.spread, "Bid-ask spread in bps; a fill pays half of it (default 2)");
  command.add_option("--slippage", flags.slippage, "Slippage per fill in bps (default 1)");
  command.add_option("--participation", engine.instrument.participation_cap,
                     "Largest share of a bar's volume that fills, 0 for no cap (default 0)");
  command.add_option("--tick", engine.instrument.tick_size, "Tick size of prices (default: none)");
  command.add_option("--lot", engine.instrument.lot_size,
                     "Lot size of quantities; 1 for whole units (default: none)");
  command.add_option("--min-notional", engine.instrument.min_notional, "Smallest order value (default 0)");
  command.add_option("--leverage", engine.instrument.leverage_limit, "Largest exposure (default 1)");
  command.add_flag("--perpetual", engine.instrument.perpetual, "Pay funding as a perpetual contract does");
  command.add_option("--funding", engine.instrument.funding_rate_bps,
                     "With --perpetual: funding rate in bps every eight hours (default 1)");
  command.add_option("--initial-equity", engine.initial_equity, "Equity at the start (default 10000)");
}

}  // namespace

void add_backtest_command(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "backtest", "Play the rules, the expert, or signals made elsewhere, over a file of bars");
  auto flags = std::make_shared<BacktestFlags>();
  command->add_option("--bars,--data", flags->request.bars, "Bars: CSV, gzip or JSON rows")->required();
  CLI::Option* strategy =
      command
          ->add_option("--strategy", flags->strategy,
                       "rules: breakout, mean reversion, news; rsi-ma: the expert of the section [expert]; "
                       "ensemble: several of these and models, see --model")
          ->check(CLI::IsMember({"rules", "rsi-ma", "ensemble"}));
  command->add_option("--model", flags->model, "With --strategy ensemble: the ensemble's file")
      ->needs(strategy);
  command
      ->add_option(
          "--signals", flags->request.signals,
          "CSV with timestamp and enter_long, exit_long, enter_short, exit_short, or target, or order_size")
      ->excludes(strategy);
  CLI::Option* stake = command->add_option(
      "--stake", flags->stake,
      "Size of an entry: share of equity up to 1, or units (default 1: the whole equity)");
  stake->excludes(strategy);
  command
      ->add_option("--risk", flags->risk,
                   "Size entries so that the stop loss costs this percent of the equity")
      ->excludes(stake)
      ->excludes(strategy);
  add_rule_options(*command, *flags, strategy);
  add_exit_options(*command, *flags, strategy);
  add_cost_options(*command, *flags);
  command->add_option("--trades-out,--trades", flags->request.trades_out, "Write one CSV row per round trip");
  command->add_option("--report", flags->request.report, "Write the HTML report to this file");
  command->add_flag("--json", flags->json, "Print a JSON object instead of tables");
  command->footer(
      "Examples:\n  stevie backtest --bars BTCUSDT_1h.csv.gz --signals signals.csv --stop-loss 5 \\\n"
      "    --minimal-roi \"0:0.1,1440:0.02\" --fee 10 --trades-out trades.csv\n"
      "  stevie backtest --bars BTCUSDT_1h.csv.gz --strategy rules --set-param costCapBps=24 \\\n"
      "    --explain decisions.jsonl --report rules.html\n"
      "  stevie backtest --bars BTCUSDT_1h.csv.gz --strategy rsi-ma --set expert.stop_atr=2 --report "
      "expert.html\n"
      "  stevie backtest --bars BTCUSDT_1h.csv.gz --strategy ensemble --model models/ensemble.zip --fee 4");
  command->callback([flags, &context] {
    if (flags->strategy.empty() && flags->request.signals.empty()) {
      throw Error("cli.no_decisions",
                  "say where the decisions come from: --strategy rules, or --signals FILE with your own, or "
                  "--strategy "
                  "rsi-ma",
                  "backtest");
    }
    const evaluation::Evaluation evaluation = run(*flags, context);
    if (flags->json) {
      context.out << evaluation::render_json(evaluation);
      return;
    }
    const execution::SimulationResult& result = evaluation.strategy.run.result;
    context.out << evaluation::render_text(evaluation) << "\nFinal equity "
                << evaluation::format_fixed(result.equity.back(), 2) << " from "
                << evaluation::format_fixed(result.initial_equity, 2) << "\n";
  });
}

}  // namespace stevie::cli
