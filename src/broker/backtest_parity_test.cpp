#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "broker/paper_broker.h"
#include "core/random.h"
#include "evaluation/backtest.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "strategy/rule_strategy.h"

namespace stevie::broker {
namespace {

/// A paper account that has traded over bars, with what a back-test's result says of it.
struct PaperRun {
  std::vector<double> equity;  // (bars) at each close
  std::vector<execution::RoundTrip> trades;
  std::vector<Fill> fills;
  double fees = 0, slippage = 0, notional = 0;
  std::size_t restarts = 0;
};

/// Decides bar by bar as the back-test does. `restarts`: chance per bar that the broker is saved and made
/// again from the text.
PaperRun trade_on_paper(strategy::Strategy& strategy, const market::Bars& bars, std::size_t first,
                        const execution::EngineConfig& engine, double restarts) {
  PaperConfig config;
  config.symbols = {bars.symbol};
  config.interval = bars.interval;
  config.has_volume = bars.has_volume;
  config.engine = engine;
  auto broker = std::make_unique<PaperBroker>(config);
  RandomStream random(23, 0);
  PaperRun run;
  strategy.start();
  for (std::size_t i = first; i < bars.size(); ++i) {
    for (Fill& fill : broker->on_bar(bars.symbol, bars[i])) {
      run.fees += fill.fee;
      run.slippage += fill.slippage;
      run.notional += std::abs(fill.units) * fill.price;
      if (fill.closed) run.trades.push_back(*fill.closed);
      run.fills.push_back(std::move(fill));
    }
    const AccountView account = broker->account();
    run.equity.push_back(account.equity);
    if (i + 1 == bars.size()) break;
    strategy::Situation situation;
    situation.bar = bars[i];
    situation.bar_index = i;
    if (!account.positions.empty()) {
      const double units = account.positions[0].units;
      situation.exposure = units * bars.close[i] / account.equity;
      situation.side = units > 0 ? 1 : -1;
    }
    const strategy::Decision decision = strategy.decide(situation);
    if (decision.kind != strategy::Decision::Kind::hold)
      broker->submit({order_id(bars.symbol, bars.open_time[i]), bars.symbol, decision, bars.open_time[i],
                      bars.close[i], 1});
    if (random.uniform() >= restarts) continue;
    const std::string state = broker->save();
    broker = std::make_unique<PaperBroker>(config);
    broker->restore(state);
    ++run.restarts;
  }
  return run;
}

/// The paper account leaves its position open where the back-test closes it at the end of its data.
void expect_same(const PaperRun& paper, const execution::SimulationResult& tested) {
  const bool closed_at_end =
      !tested.trades.empty() && tested.trades.back().exit_reason == execution::ExitReason::end_of_data;
  const std::size_t trades = tested.trades.size() - (closed_at_end ? 1 : 0);
  ASSERT_EQ(paper.trades.size(), trades);
  for (std::size_t i = 0; i < trades; ++i) {
    const execution::RoundTrip &a = paper.trades[i], &b = tested.trades[i];
    ASSERT_TRUE(a.entry_time == b.entry_time && a.exit_time == b.exit_time && a.side == b.side &&
                a.entry_price == b.entry_price && a.exit_price == b.exit_price && a.quantity == b.quantity &&
                a.fee == b.fee && a.profit_abs == b.profit_abs && a.profit_ratio == b.profit_ratio &&
                a.exit_reason == b.exit_reason)
        << "trade " << i << " at " << format_time(b.entry_time);
  }
  ASSERT_EQ(paper.equity.size(), tested.equity.size());
  const std::size_t rows = tested.equity.size() - (closed_at_end ? 1 : 0);
  for (std::size_t i = 0; i < rows; ++i)
    ASSERT_EQ(paper.equity[i], tested.equity[i]) << format_time(tested.open_time[i]);
  if (closed_at_end) return;
  EXPECT_EQ(paper.fees, tested.total_fees);
  EXPECT_EQ(paper.slippage, tested.total_slippage);
  EXPECT_EQ(paper.notional, tested.traded_notional);
}

/// The rules over these bars, in a back-test and on paper with and without restarts.
void expect_parity(const market::Bars& bars, const execution::Instrument& instrument,
                   std::size_t least_trades) {
  const auto inputs = std::make_shared<const strategy::RuleInputs>(strategy::make_rule_inputs(bars));
  strategy::ParameterSet set = strategy::default_parameters();
  set[strategy::Parameter::cost_cap_bps] = 30;
  const strategy::ResolvedParameters parameters = strategy::resolve(set);
  execution::EngineConfig engine;
  engine.instrument = instrument;
  constexpr std::size_t first = 5;
  strategy::RuleStrategy rules(inputs, parameters, instrument);
  const execution::SimulationResult tested = evaluation::run_backtest(
      rules, execution::make_bar_tape(bars, instrument), {first, bars.size()}, engine);
  ASSERT_GE(tested.trades.size(), least_trades);
  for (const double restarts : {0.0, 0.02}) {
    const PaperRun paper = trade_on_paper(rules, bars, first, engine, restarts);
    expect_same(paper, tested);
    EXPECT_EQ(paper.restarts > 0, restarts > 0);
  }

  // Up to a bar that leaves the account flat nothing is closed at the end, and the totals must agree too.
  const TimeMs last_exit = tested.trades[tested.trades.size() - 2].exit_time;
  const auto end =
      static_cast<std::size_t>(std::ranges::find(bars.open_time, last_exit) - bars.open_time.begin() + 1);
  const market::Bars part = bars.slice(0, end);
  const execution::SimulationResult flat =
      evaluation::run_backtest(rules, execution::make_bar_tape(part, instrument), {first, end}, engine);
  ASSERT_NE(flat.trades.back().exit_reason, execution::ExitReason::end_of_data);
  expect_same(trade_on_paper(rules, part, first, engine, 0.01), flat);
}

market::Bars synthetic_bars(std::uint64_t seed) {
  market::SyntheticConfig config;
  config.bars = 6000;
  config.seed = seed;
  market::Bars bars = market::make_synthetic_market(config).bars;
  if (bars.symbol.empty()) bars.symbol = "SYNTH/USDT";
  return bars;
}

TEST(PaperAccount, TradesSyntheticBarsExactlyAsTheBackTestDoes) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_parity(synthetic_bars(seed), {}, 10);
}

TEST(PaperAccount, TradesExactlyAsTheBackTestDoesUnderEveryCost) {
  execution::Instrument instrument;
  instrument.slippage_volatility_share = 0.02;
  instrument.impact = 0.05;
  instrument.participation_cap = 0.01;
  instrument.tick_size = 0.01;
  instrument.lot_size = 0.001;
  instrument.min_notional = 5;
  instrument.leverage_limit = 3;
  instrument.perpetual = true;
  expect_parity(synthetic_bars(4), instrument, 10);
  market::Bars gaps = synthetic_bars(5), kept = gaps.slice(0, 0);
  for (std::size_t i = 0; i < gaps.size(); ++i)
    if (i % 97 > 2) kept.push_back(gaps[i]);
  instrument.participation_cap = 0;
  expect_parity(kept, instrument, 10);
}

TEST(PaperAccount, TradesRealHoursExactlyAsTheBackTestDoes) {
  const char* shared = std::getenv("STEVIE_SHARED");
  const std::filesystem::path file =
      std::filesystem::path(shared == nullptr ? "" : shared) / "data/BTCUSDT_1h_201708_202412.csv.gz";
  if (shared == nullptr || !std::filesystem::exists(file))
    GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  expect_parity(market::read_bars(file), {}, 100);
}

}  // namespace
}  // namespace stevie::broker
