/// The rules trade on while their parameters change under them.
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "execution/execution_testing.h"
#include "live/live_testing.h"
#include "strategy/regime.h"
#include "strategy/rule_strategy.h"

namespace stevie::live {
namespace {

using strategy::Parameter;
using strategy::Regime;

constexpr double atr_share = 0.02;
const std::string symbol = "TEST/USDT";

/// Hourly bars in which a breakout is bought on the close of chosen bars.
struct Market {
  Market() {
    bars.symbol = symbol;
    bars.interval = hour_ms;
  }
  void add(double high, double low, bool breaks_out) {
    constexpr double price = 100;
    bars.push_back({static_cast<TimeMs>(bars.size()) * hour_ms, price, high, low, price, 1});
    strategy::RuleRow row;
    row.close = price;
    row.volatility_percentile = 90;
    row.channel_low = 1;
    row.channel_high = breaks_out ? price - 1 : 2 * price;
    row.breakout = breaks_out ? 1 : 0;
    row.mean = price;
    row.atr_share = atr_share;
    row.ready = true;
    rows.push_back(row);
  }
  std::shared_ptr<strategy::RuleInputs> inputs() const {
    auto columns = std::make_shared<strategy::RuleInputs>(strategy::make_rule_inputs(bars));
    for (std::size_t i = 0; i < rows.size(); ++i) columns->set(i, rows[i]);
    return columns;
  }

  market::Bars bars;
  std::vector<strategy::RuleRow> rows;
};

TEST(LiveParameters, keep_the_exits_of_an_open_position_and_serve_the_next_entry) {
  const ledger::TestPlace place(ledger::Dialect::sqlite);
  TestStore opened(place);
  Market market;
  market.add(100, 100, true);    // 0: the defaults ask for a stop of 2 ATR and a take profit of 4
  market.add(101, 99.5, false);  // 1: bought at 100; the parameters change after its close
  market.add(103, 98, false);    // 2: beyond the exits of the new parameters, within the position's own
  market.add(101, 95, true);     // 3: the position's own stop; the next breakout is bought
  market.add(101, 98.5, false);  // 4: beyond the stop that the new parameters ask for
  market.add(100, 100, false);   // 5
  const strategy::ParameterLayers& first = opened.store.current().layers;
  ASSERT_EQ(first.global[Parameter::sl_breakout], 2);
  ASSERT_EQ(first.global[Parameter::tp_breakout], 4);

  const execution::EngineConfig config = execution::free_config();
  execution::BarEngine engine(config);
  const execution::BarTape tape = execution::make_bar_tape(market.bars, config.instrument);
  strategy::RuleStrategy rules(market.inputs(), parameter_source(opened.store.cell(), symbol),
                               config.instrument);
  rules.start();
  for (std::size_t bar = 0; bar < market.bars.size(); ++bar) {
    engine.process_bar(tape.bars[bar], tape.open_time[bar]);
    const double units = engine.account().units;
    const strategy::Decision decision =
        rules.decide({.bar = market.bars[bar], .bar_index = bar, .side = (units > 0) - (units < 0)});
    if (decision.kind == strategy::Decision::Kind::enter) {
      engine.enter(decision.side, decision.stake, decision.bracket);
    }
    if (bar == 1) {
      EXPECT_GT(units, 0);
      const std::vector<ManualValue> values{
          {.parameter = Parameter::sl_breakout, .value = 0.5, .symbol = symbol},
          {.parameter = Parameter::tp_breakout, .value = 1, .symbol = symbol}};
      opened.store.set(values, {"anna", "closer exits"});
    }
  }
  const std::vector<execution::RoundTrip>& trades = engine.result().trades;
  ASSERT_EQ(trades.size(), 2U);
  EXPECT_EQ(trades[0].exit_reason, execution::ExitReason::stop_loss);
  EXPECT_DOUBLE_EQ(trades[0].exit_price, 100 * (1 - 2 * atr_share));
  EXPECT_EQ(trades[1].exit_reason, execution::ExitReason::stop_loss);
  EXPECT_DOUBLE_EQ(trades[1].exit_price, 100 * (1 - 0.5 * atr_share));
}

TEST(ParameterReader, gives_each_symbol_its_own_values) {
  strategy::ParameterLayers layers = with({}, Parameter::cost_cap_bps, 20);
  layers.by_symbol["BTC/USDT"][Parameter::cost_cap_bps] = 30;
  layers.by_regime[Regime::bear][Parameter::cost_cap_bps] = 40;
  ParameterCell cell(make_snapshot(1, "first", {}));
  ParameterReader bitcoin(cell, "BTC/USDT"), ether(cell, "ETH/USDT");
  EXPECT_EQ(bitcoin.at_bar(), strategy::resolve(strategy::default_parameters()));
  cell.publish(make_snapshot(2, "second", layers));
  EXPECT_EQ(bitcoin.version(), 1U);
  EXPECT_EQ(bitcoin.at_bar()[Regime::bull][Parameter::cost_cap_bps], 30);
  EXPECT_EQ(bitcoin.at_bar()[Regime::bear][Parameter::cost_cap_bps], 40);
  EXPECT_EQ(ether.at_bar()[Regime::bull][Parameter::cost_cap_bps], 20);
  EXPECT_EQ(bitcoin.at_bar(), strategy::resolve(layers, "BTC/USDT"));
  EXPECT_EQ(ether.at_bar(), strategy::resolve(layers, "ETH/USDT"));
  EXPECT_EQ(ether.version(), 2U);
}

}  // namespace
}  // namespace stevie::live
