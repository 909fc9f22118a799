#include "app/backtest.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "evaluation/baselines.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

constexpr std::size_t most_notices = 10;

std::string percent_or_none(const std::optional<double>& share) {
  return share ? fmt::format("{} %", *share * 100) : "none";
}

std::string roi_text(const std::vector<execution::RoiStep>& steps) {
  std::string text;
  for (const execution::RoiStep& step : steps) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", step.minutes, step.ratio);
  }
  return text.empty() ? "none" : text;
}

std::string stake_text(const execution::Stake& stake) {
  switch (stake.kind) {
    case execution::Stake::Kind::units:
      return fmt::format("{} units", stake.amount);
    case execution::Stake::Kind::risk:
      return fmt::format("{} % of the equity at the stop", stake.amount * 100);
    case execution::Stake::Kind::equity_share:
      break;
  }
  return fmt::format("{} % of the equity", stake.amount * 100);
}

std::vector<std::pair<std::string, std::string>> configuration_of(const BacktestRequest& request) {
  const execution::EngineConfig& engine = request.config.engine;
  std::vector<std::pair<std::string, std::string>> rows{
      {"signals", request.signals.string()},
      {"stake", stake_text(request.config.stake)},
      {"stop loss", percent_or_none(engine.exits.stop_loss)},
      {"take profit", percent_or_none(engine.exits.take_profit)},
      {"trailing stop", percent_or_none(engine.exits.trailing_stop)},
      {"trailing offset", percent_or_none(engine.exits.trailing_offset)},
      {"minimal roi", roi_text(engine.exits.minimal_roi)}};
  for (auto& row : describe_costs(engine)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

std::vector<std::string> notice_texts(const std::vector<execution::Notice>& notices) {
  std::vector<std::string> texts;
  for (const execution::Notice& notice : notices) {
    if (texts.size() == most_notices) {
      texts.push_back(fmt::format("and {} more of this kind", notices.size() - most_notices));
      break;
    }
    texts.push_back(format_time(notice.time) + ": " + notice.text);
  }
  return texts;
}

execution::BarTape read_detail(const std::filesystem::path& file, TimeMs interval,
                               const execution::EngineConfig& engine) {
  if (file.empty()) {
    if (engine.exits.intrabar != execution::IntrabarPolicy::detail) return {};
    throw Error("signals.no_detail",
                "the intrabar policy 'detail' needs finer bars: give --detail-bars FILE");
  }
  const market::Bars fine = market::read_bars(file);
  if (fine.interval >= interval) {
    throw Error("signals.no_detail",
                "bars of " + format_duration(fine.interval) + " are not finer than the bars of " +
                    format_duration(interval) + " that are played",
                file.string());
  }
  return execution::make_bar_tape(fine, engine.instrument, nullptr, file.string());
}

std::vector<std::pair<std::string, std::string>> describe_costs(const execution::EngineConfig& engine) {
  const execution::Instrument& instrument = engine.instrument;
  return {{"inside a bar", std::string(execution::to_string(engine.exits.intrabar))},
          {"taker fee", fmt::format("{} bps", instrument.taker_fee_bps)},
          {"maker fee", fmt::format("{} bps", instrument.maker_fee_bps)},
          {"half spread", fmt::format("{} bps", instrument.half_spread_bps)},
          {"slippage", fmt::format("{} bps", instrument.slippage_bps)},
          {"lot size", fmt::format("{}", instrument.lot_size)},
          {"leverage limit", fmt::format("{}", instrument.leverage_limit)},
          {"funding", instrument.perpetual ? fmt::format("{} bps every {}", instrument.funding_rate_bps,
                                                         format_duration(instrument.funding_interval))
                                           : "none (spot)"},
          {"initial account", evaluation::format_fixed(engine.initial_equity, 2)}};
}

evaluation::Evaluation run_signal_backtest(const BacktestRequest& request) {
  const execution::EngineConfig& engine = request.config.engine;
  engine.validate();
  if (request.config.stake.kind == execution::Stake::Kind::risk && !engine.exits.stop_loss) {
    throw Error("signals.bad_stake", "the risk of an entry is the loss at its stop: give --stop-loss too",
                "flag --risk");
  }
  market::Bars bars = market::read_bars(request.bars);
  const evaluation::Signals signals = evaluation::read_signals(request.signals, bars);
  const execution::BarTape tape =
      execution::make_bar_tape(bars, engine.instrument, nullptr, request.bars.string());
  const execution::BarTape detail = read_detail(request.detail_bars, bars.interval, engine);

  evaluation::Replay replay = evaluation::replay_signals(tape, signals, request.config,
                                                         request.detail_bars.empty() ? nullptr : &detail);
  const std::string market = bars.symbol.empty() ? "bars of" : bars.symbol;
  evaluation::Description description{.title = "Signals on " + market + " " + format_duration(bars.interval),
                                      .subject = "the signal strategy",
                                      .model = "",
                                      .data = request.bars.string(),
                                      .synthetic = bars.symbol.starts_with("SYNTH"),
                                      .notices = notice_texts(replay.notices),
                                      .configuration = configuration_of(request)};
  auto baselines = evaluation::make_baselines(replay.result, tape, {0, bars.size()}, engine);
  const evaluation::Evaluation evaluation =
      evaluation::evaluate({"strategy", "Signals", std::move(replay.result)}, std::move(baselines),
                           std::move(bars), std::move(description), request.bootstrap);
  if (!request.trades_out.empty()) {
    write_file(request.trades_out, evaluation::format_trades(evaluation.strategy.run.result.trades));
  }
  if (!request.report.empty()) write_file(request.report, evaluation::render_html(evaluation));
  return evaluation;
}

}  // namespace stevie::app
