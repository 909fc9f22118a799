#include "app/expert_backtest.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "app/backtest.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "evaluation/backtest.h"
#include "evaluation/baselines.h"
#include "evaluation/report.h"
#include "evaluation/signal_replay.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

using strategy::ExpertReason;

using Counts = std::array<std::uint64_t, static_cast<std::size_t>(ExpertReason::exhaustion) + 1>;

market::BarRange choose_period(const ExpertBacktestRequest& request, const market::Bars& bars) {
  if (request.from && request.to && *request.from >= *request.to)
    throw Error("evaluation.bad_range", "--from must lie before --to");
  const market::BarRange range = market::time_range(bars, request.from, request.to);
  if (range.size() < 2)
    throw Error("evaluation.bad_range",
                "the file has fewer than two bars in the period asked for: it covers " +
                    format_time(bars.open_time.front()) + " to " + format_time(bars.open_time.back()),
                request.bars.string());
  return range;
}

std::string story_of(const Counts& counts) {
  const auto count = [&counts](ExpertReason reason) {
    return format_count(counts[static_cast<std::size_t>(reason)]);
  };
  return fmt::format(
      "Entries asked for: {} at a crossover, {} at a reversal of the RSI. Exits: {} as the averages crossed, "
      "{} as the "
      "RSI came back; the others are stops. A position was held on {} closes, no signal was there on {}, one "
      "waited on {}, inputs were not known on {}.",
      count(ExpertReason::crossover), count(ExpertReason::reversal), count(ExpertReason::crossed),
      count(ExpertReason::exhaustion), count(ExpertReason::holding), count(ExpertReason::no_signal),
      count(ExpertReason::extreme), count(ExpertReason::not_ready));
}

std::vector<std::pair<std::string, std::string>> configuration_of(const ExpertBacktestRequest& request) {
  std::vector<std::pair<std::string, std::string>> rows;
  strategy::ExpertConfig copy = request.expert;
  ConfigBinder binder;
  strategy::describe(binder, copy);
  for (const ConfigField& field : binder.fields())
    rows.emplace_back(field.key, field.show() + (field.notes.unit.empty() ? "" : " " + field.notes.unit));
  for (auto& row : describe_costs(request.engine)) rows.push_back(std::move(row));
  return rows;
}

void write_files(const ExpertBacktestRequest& request, const evaluation::Evaluation& evaluation,
                 const std::string& explanations) {
  if (!request.explain.empty())
    write_file(request.explain, request.explain.extension() == ".gz" ? gzip(explanations) : explanations);
  if (!request.trades_out.empty())
    write_file(request.trades_out, evaluation::format_trades(evaluation.strategy.run.result.trades));
  if (!request.report.empty()) write_file(request.report, evaluation::render_html(evaluation));
}

}  // namespace

evaluation::Evaluation run_expert_backtest(const ExpertBacktestRequest& request) {
  request.engine.validate();
  const market::Bars bars = market::read_bars(request.bars);
  const market::BarRange range = choose_period(request, bars);
  const execution::BarTape tape =
      execution::make_bar_tape(bars, request.engine.instrument, nullptr, request.bars.string());
  const execution::BarTape detail = read_detail(request.detail_bars, bars.interval, request.engine);

  strategy::RsiMaExpert expert(request.expert, bars.interval);
  Counts counts{};
  std::string explanations;
  const bool explains = !request.explain.empty(), for_people = request.explain.extension() == ".txt";
  expert.observe_with([&](const strategy::ExpertExplanation& why) {
    ++counts[static_cast<std::size_t>(why.reason)];
    if (explains) explanations += for_people ? strategy::to_text(why) : strategy::to_json(why) + "\n";
  });
  evaluation::Replay replay = evaluation::replay_strategy(expert, tape, range, request.engine,
                                                          request.detail_bars.empty() ? nullptr : &detail);
  std::vector<std::string> notices{story_of(counts)};
  for (std::string& sentence : notice_texts(replay.notices)) notices.push_back(std::move(sentence));

  const std::string market = bars.symbol.empty() ? request.bars.filename().string() : bars.symbol;
  evaluation::Description description{
      .title = "RSI and moving averages on " + market + " " + format_duration(bars.interval),
      .subject = "the expert",
      .model = "",
      .data = request.bars.string(),
      .synthetic = market::looks_synthetic(bars),
      .notices = std::move(notices),
      .configuration = configuration_of(request)};
  auto baselines = evaluation::make_baselines(replay.result, tape, range, request.engine);
  evaluation::Evaluation evaluation =
      evaluation::evaluate({"strategy", "RSI and averages", std::move(replay.result)}, std::move(baselines),
                           bars.slice(range.begin, range.end), std::move(description), request.bootstrap);
  write_files(request, evaluation, explanations);
  return evaluation;
}

}  // namespace stevie::app
