#include "execution/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "execution/execution_testing.h"
#include "execution/sizing.h"

namespace stevie::execution {
namespace {

TEST(Engine, ADecisionIsExecutedAtTheNextOpen) {
  Play play(free_config());
  play.bar(100, 101, 99, 100);
  play.engine.set_target(1.0);
  EXPECT_EQ(play.engine.account().units, 0);
  play.bar(50, 60, 50, 60);
  EXPECT_EQ(play.engine.account().units, 200);
  EXPECT_EQ(play.engine.result().equity.back(), 12'000);
  EXPECT_EQ(play.engine.result().exposure.back(), 1);
}

TEST(Engine, AnEqualTargetTradesNothing) {
  Play play(free_config());
  play.engine.set_target(0.5);
  play.bar(100, 100, 100, 100);
  play.engine.set_target(0.5);
  play.bar(200, 200, 200, 200);
  EXPECT_EQ(play.engine.account().units, 50);
  play.engine.set_target(-0.5);
  play.bar(200, 200, 200, 200);
  EXPECT_EQ(play.engine.account().units, -37.5);  // half of 15,000 at 200
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].profit_abs, 5000);
}

TEST(Engine, ATradeCarriesItsCosts) {
  EngineConfig config = free_config();
  config.instrument.taker_fee_bps = 10;
  config.instrument.half_spread_bps = 50;
  Play play(config);
  play.engine.trade_units(10);
  play.bar(100, 100, 100, 100);
  play.engine.exit();
  play.bar(200, 200, 200, 200);
  ASSERT_EQ(play.trades().size(), 1u);
  const RoundTrip& trade = play.trades()[0];
  EXPECT_DOUBLE_EQ(trade.entry_price, 100.5);
  EXPECT_DOUBLE_EQ(trade.exit_price, 199);
  EXPECT_DOUBLE_EQ(trade.fee, 1.005 + 1.99);
  EXPECT_DOUBLE_EQ(trade.profit_abs, 985 - 2.995);
  EXPECT_DOUBLE_EQ(trade.profit_ratio, trade.profit_abs / 1005);
  EXPECT_EQ(trade.exit_reason, ExitReason::exit_signal);
  EXPECT_NEAR(play.engine.result().total_slippage, 5 + 10, 1e-9);
  EXPECT_DOUBLE_EQ(play.engine.result().equity.back(), 10'000 + trade.profit_abs);
}

TEST(Engine, AStopFillsAtItsTriggerMovedBySpreadAndAGapAtTheOpen) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.1;
  Play inside(config);
  inside.engine.enter(Side::long_side, {});
  inside.bar(100, 101, 99, 100);
  inside.bar(95, 96, 80, 85);
  EXPECT_EQ(inside.trades().at(0).exit_price, 90);
  EXPECT_EQ(inside.trades().at(0).exit_reason, ExitReason::stop_loss);
  Play gap(config);
  gap.engine.enter(Side::long_side, {});
  gap.bar(100, 101, 99, 100);
  gap.bar(85, 96, 80, 85);
  EXPECT_EQ(gap.trades().at(0).exit_price, 85);
  config.instrument.half_spread_bps = 100;
  Play spread(config);
  spread.engine.enter(Side::short_side, {});
  spread.bar(100, 100, 100, 100);
  const double trigger = 99 * 1.1;  // entered at 99
  spread.bar(100, 120, 100, 110);
  EXPECT_DOUBLE_EQ(spread.trades().at(0).exit_price, trigger * 1.01);
}

TEST(Engine, ASignalExitComesBeforeAStopOfTheSameBar) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.1;
  Play play(config);
  play.engine.enter(Side::long_side, {});
  play.bar(100, 101, 99, 100);
  play.engine.exit();
  play.bar(98, 99, 50, 60);
  EXPECT_EQ(play.trades().at(0).exit_price, 98);
  EXPECT_EQ(play.trades().at(0).exit_reason, ExitReason::exit_signal);
}

TEST(Engine, AnEntryCanBeStoppedOnItsOwnBar) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.1;
  Play play(config);
  play.engine.enter(Side::long_side, {});
  play.bar(100, 101, 80, 100);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].entry_time, play.trades()[0].exit_time);
  EXPECT_EQ(play.trades()[0].exit_price, 90);
}

TEST(Engine, AnEntryIsIgnoredWhileAPositionIsHeldUnlessItLeavesAtTheSameOpen) {
  Play play(free_config());
  play.engine.enter(Side::long_side, {});
  play.bar(100, 100, 100, 100);
  play.engine.enter(Side::short_side, {});
  play.bar(100, 100, 100, 100);
  EXPECT_GT(play.engine.account().units, 0);
  play.engine.exit();
  play.engine.enter(Side::short_side, {});
  play.bar(100, 100, 100, 100);
  EXPECT_LT(play.engine.account().units, 0);
}

TEST(Engine, TheFinerBarsDecideUnderDetail) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.05;
  config.exits.take_profit = 0.05;
  config.exits.intrabar = IntrabarPolicy::detail;
  const TapeBar coarse = bar_of(100, 106, 94, 100);
  const std::vector<TapeBar> up_first{bar_of(100, 106, 100, 104), bar_of(104, 104, 94, 100)};
  const std::vector<TapeBar> down_first{bar_of(100, 100, 94, 96), bar_of(96, 106, 96, 100)};
  const std::vector<TapeBar> gap{bar_of(100, 101, 99, 100), bar_of(94.5, 106, 94, 100)};
  const std::vector<TimeMs> times{0, hour_ms / 2};
  const auto outcome = [&](const std::vector<TapeBar>& detail) {
    BarEngine engine(config);
    engine.enter(Side::long_side, {});
    engine.process_bar(coarse, 0, {detail, times});
    return engine.result().trades.at(0);
  };
  EXPECT_EQ(outcome(up_first).exit_price, 105);
  EXPECT_EQ(outcome(down_first).exit_price, 95);
  EXPECT_EQ(outcome(gap).exit_price, 94.5);
}

TEST(Engine, TheParticipationCapFillsInParts) {
  EngineConfig config = free_config();
  config.instrument.participation_cap = 0.1;
  Play play(config);
  play.engine.trade_units(10);
  TapeBar bar = bar_of(100, 100, 100, 100);
  bar.volume = 40;
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 4);
  bar.volume = 0;
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 4);
  bar.volume = 1000;
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 10);
  play.engine.exit();
  bar.volume = 90;
  play.bar(bar);
  EXPECT_EQ(play.engine.account().units, 1);
  play.bar(bar);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].quantity, 10);
}

TEST(Engine, MissingVolumeSwitchesTheCapOffAndIsReportedOnce) {
  EngineConfig config = free_config();
  config.instrument.participation_cap = 0.1;
  Play play(config);
  play.engine.trade_units(10);
  play.bar(100, 100, 100, 100);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.account().units, 10);
  ASSERT_EQ(play.engine.notices().size(), 1u);
  EXPECT_NE(play.engine.notices()[0].text.find("no volume"), std::string::npos);
}

TEST(Engine, OrdersThatRoundToNothingAreReported) {
  EngineConfig config = free_config();
  config.instrument.lot_size = 1;
  config.instrument.min_notional = 150;
  Play play(config);
  play.engine.trade_units(0.5);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.notices().size(), 1u);
  play.engine.trade_units(1);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.notices().size(), 2u);
  play.engine.set_target(0.005);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.notices().size(), 3u);
  EXPECT_EQ(play.engine.account().units, 0);
  play.engine.trade_units(2);
  play.bar(100, 100, 100, 100);
  play.engine.trade_units(-2);
  play.bar(50, 50, 50, 50);  // 100 of value: below the minimum, but it closes the position
  EXPECT_EQ(play.engine.account().units, 0);
}

TEST(Engine, TheLeverageLimitCutsAndReports) {
  Play play(free_config());
  play.engine.trade_units(150);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.account().units, 100);
  play.engine.set_target(-3);
  play.bar(100, 100, 100, 100);
  EXPECT_EQ(play.engine.account().units, -100);
  EXPECT_EQ(play.engine.notices().size(), 2u);
}

TEST(Engine, ALeveredPositionIsLiquidatedWithItsFee) {
  EngineConfig config = free_config();
  config.instrument.leverage_limit = 10;
  config.instrument.maintenance_margin = 0.01;
  config.instrument.liquidation_fee_bps = 50;
  Play play(config);
  play.engine.set_target(10);
  play.bar(100, 100, 100, 100);  // 1000 units, 90,000 borrowed
  const double price = 90'000 / (1000 * 0.99);
  play.bar(95, 96, 89, 95);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].exit_reason, ExitReason::liquidation);
  EXPECT_DOUBLE_EQ(play.trades()[0].exit_price, price);
  EXPECT_NEAR(play.engine.result().equity.back(), 1000 * price * (1 - 0.005) - 90'000, 1e-8);
  Play gap(config);
  gap.engine.set_target(10);
  gap.bar(100, 100, 100, 100);
  gap.engine.set_target(5);  // too late
  gap.bar(80, 80, 80, 80);
  EXPECT_EQ(gap.trades().at(0).exit_price, 80);
  EXPECT_EQ(gap.engine.account().units, 0);
}

TEST(Engine, FundingIsPaidByThePositionThatIsHeldWhenItIsDue) {
  Play play(free_config());
  TapeBar bar = bar_of(100, 100, 100, 100);
  bar.funding_at_open = 0.01;
  play.engine.set_target(1);
  play.bar(bar);  // bought at this open, after the payment
  EXPECT_EQ(play.engine.result().total_funding, 0);
  bar.funding_at_open = 0;
  bar.funding_inside = 0.01;
  play.bar(bar);
  EXPECT_DOUBLE_EQ(play.engine.result().total_funding, 100);
  bar.funding_inside = 0;
  bar.funding_at_open = 0.01;
  play.engine.set_target(0);
  play.bar(bar);  // due before the sale
  EXPECT_DOUBLE_EQ(play.engine.result().total_funding, 200);
  EXPECT_DOUBLE_EQ(play.trades().at(0).profit_abs, -200);
}

TEST(Engine, RestingOrdersFillInsideABarOrAtABetterOpen) {
  EngineConfig config = free_config();
  config.instrument.maker_fee_bps = 10;
  Play play(config);
  play.engine.submit({Order::Type::limit, 10, 95});
  play.bar(100, 101, 96, 100);
  EXPECT_EQ(play.engine.account().units, 0);
  play.bar(100, 101, 94, 100);
  EXPECT_EQ(play.engine.account().units, 10);
  EXPECT_EQ(play.engine.account().entry_price, 95);
  play.engine.submit({Order::Type::stop, -10, 90, true});
  play.bar(100, 101, 91, 100);
  play.bar(85, 86, 80, 85);
  ASSERT_EQ(play.trades().size(), 1u);
  EXPECT_EQ(play.trades()[0].exit_price, 85);
  play.engine.submit({Order::Type::limit, 10, 95});
  play.bar(90, 100, 80, 95);
  EXPECT_EQ(play.engine.account().entry_price, 90);
  play.engine.submit({Order::Type::limit, 10, 10});
  play.engine.cancel_orders();
  play.bar(9, 9, 9, 9);
  EXPECT_EQ(play.engine.account().units, 10);
}

TEST(Engine, TheEndOfDataClosesAtTheLastOpen) {
  Play play(free_config());
  play.engine.enter(Side::long_side, {});
  play.bar(100, 110, 90, 105);
  play.bar(104, 140, 90, 130);
  play.engine.close_at_end_of_data();
  EXPECT_EQ(play.trades().at(0).exit_price, 104);
  EXPECT_EQ(play.trades().at(0).exit_reason, ExitReason::end_of_data);
  EXPECT_EQ(play.engine.result().equity.back(), 10'400);
  EXPECT_EQ(play.engine.result().exposure.back(), 0);
}

TEST(Engine, AStakeAtRiskLosesThatShareAtTheStop) {
  EngineConfig config = free_config();
  config.exits.stop_loss = 0.04;
  Play play(config);
  play.engine.enter(Side::long_side, {Stake::Kind::risk, 0.01});
  play.bar(100, 100, 100, 100);
  play.bar(100, 100, 50, 50);
  EXPECT_NEAR(play.engine.result().equity.back(), 9'900, 1e-9);
}

TEST(Sizing, CapsAtTheLeverageLimit) {
  EXPECT_DOUBLE_EQ(exposure_for_risk(0.01, 100, 95, 3), 0.2);
  EXPECT_EQ(exposure_for_risk(0.5, 100, 99, 3), 3);
  EXPECT_EQ(exposure_for_risk(0.5, 100, 100, 3), 0);
  EXPECT_EQ(exposure_for_volatility(0.1, 0.4, 3), 0.25);
  EXPECT_EQ(exposure_for_volatility(0.1, 0.0, 3), 0);
  EXPECT_EQ(exposure_for_volatility(0.1, 1e-9, 3), 3);
}

TEST(Engine, ReportsAllFaultsOfItsConfiguration) {
  EngineConfig config;
  config.instrument.taker_fee_bps = -1;
  config.exits.stop_loss = 0;
  config.initial_equity = -5;
  try {
    BarEngine engine(config);
    FAIL() << "a faulty configuration was accepted";
  } catch (const Error& error) {
    for (const char* name : {"taker_fee_bps", "stop_loss", "initial_equity"}) {
      EXPECT_NE(error.message().find(name), std::string::npos) << name;
    }
  }
}

EngineConfig random_config(RandomStream& random) {
  EngineConfig config;
  config.instrument.leverage_limit = 1 + 4 * random.uniform();
  config.instrument.slippage_volatility_share = 0.1 * random.uniform();
  config.instrument.impact = 0.2 * random.uniform();
  config.instrument.participation_cap = random.uniform() < 0.5 ? 0.2 : 0.0;
  config.instrument.tick_size = random.uniform() < 0.5 ? 0.01 : 0.0;
  config.instrument.lot_size = random.uniform() < 0.5 ? 0.001 : 0.0;
  config.instrument.min_notional = random.uniform() < 0.5 ? 10 : 0;
  config.exits.stop_loss = 0.02 + 0.05 * random.uniform();
  config.exits.trailing_stop = 0.03;
  config.exits.take_profit = 0.06;
  config.exits.minimal_roi = {{0, 0.05}, {300, 0.01}};
  constexpr IntrabarPolicy policies[]{IntrabarPolicy::worst, IntrabarPolicy::ohlc, IntrabarPolicy::adaptive};
  config.exits.intrabar = policies[random.below(3)];
  return config;
}

void decide_randomly(BarEngine& engine, RandomStream& random, double price) {
  switch (random.below(8)) {
    case 0:
      engine.set_target(4 * random.uniform() - 2);
      break;
    case 1:
      engine.trade_units(20 * random.normal());
      break;
    case 2:
      engine.enter(random.below(2) == 0 ? Side::long_side : Side::short_side, {});
      break;
    case 3:
      engine.exit();
      break;
    case 4:
      engine.submit({Order::Type::limit, 5 * random.normal(), price * (0.98 + 0.04 * random.uniform())});
      break;
    default:
      break;
  }
}

// Whatever is decided: equity is what the trades left, and what left the price path as fees, slippage and
// funding.
TEST(Property, TheBooksBalance) {
  for (std::uint64_t run = 0; run < 60; ++run) {
    RandomStream random(5, run);
    const EngineConfig config = random_config(random);
    BarEngine engine(config);
    const std::vector<TapeBar> bars = random_bars(random, 400);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      engine.process_bar(bars[i], static_cast<TimeMs>(i) * hour_ms);
      ASSERT_TRUE(std::isfinite(engine.result().equity.back()));
      if (engine.result().equity.back() <= 0) break;
      decide_randomly(engine, random, bars[i].close);
    }
    engine.close_at_end_of_data();
    const SimulationResult& result = engine.result();
    double profit = 0, cost = 0, traded = 0;
    for (const RoundTrip& trade : result.trades) {
      const double sign = trade.side == Side::long_side ? 1 : -1;
      profit += trade.profit_abs;
      cost += trade.fee;
      traded += trade.quantity * (trade.entry_price + trade.exit_price);
      const double gain = sign * trade.quantity * (trade.exit_price - trade.entry_price);
      EXPECT_NEAR(trade.profit_abs, gain - trade.fee, 1e-6);
      EXPECT_LE(trade.entry_time, trade.exit_time);
    }
    EXPECT_NEAR(result.equity.back(), result.initial_equity + profit, 1e-5) << run;
    EXPECT_NEAR(result.total_fees + result.total_funding, cost, 1e-6) << run;
    EXPECT_NEAR(result.traded_notional, traded, 1e-4) << run;
    EXPECT_GE(result.total_slippage, 0);
    EXPECT_FALSE(result.trades.empty());
  }
}

/// Plain restatement of the rules for targets at opens: no lots, caps or exits.
struct PlainModel {
  double cash, units = 0, target = 0, fees = 0, slippage = 0, funding = 0, price_gain = 0, mark = 0;

  void bar(const Instrument& instrument, const TapeBar& bar, double wanted) {
    price_gain += units * (bar.open - mark);
    pay(units * bar.open * bar.funding_at_open);
    if (wanted != target) rebalance(instrument, bar, wanted);
    pay(units * bar.open * bar.funding_inside);
    price_gain += units * (bar.close - bar.open);
    mark = bar.close;
  }
  void pay(double amount) {
    cash -= amount;
    funding += amount;
  }
  /// Bisects for the units at which the exposure after costs is the target.
  void rebalance(const Instrument& instrument, const TapeBar& bar, double wanted) {
    target = wanted;
    const double share = (instrument.half_spread_bps + instrument.slippage_bps) * 1e-4 +
                         instrument.slippage_volatility_share * bar.range;
    const auto costs = [&](double quantity) {
      const double price = bar.open * (quantity > 0 ? 1 + share : 1 - share);
      return std::pair{std::abs(quantity) * price * instrument.taker_fee_bps * 1e-4,
                       std::abs(quantity) * bar.open * share};
    };
    const auto excess = [&](double held) {
      const auto [fee, loss] = costs(held - units);
      return held * bar.open - wanted * (cash + units * bar.open - fee - loss);
    };
    double low = -1e6, high = 1e6;
    for (int i = 0; i < 200; ++i) (excess((low + high) / 2) > 0 ? high : low) = (low + high) / 2;
    const double held = wanted == 0 ? 0 : (low + high) / 2;
    const auto [fee, loss] = costs(held - units);
    cash -= (held - units) * bar.open + fee + loss;
    fees += fee;
    slippage += loss;
    units = held;
  }
};

TEST(Property, TargetsAgreeWithAPlainModel) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    RandomStream random(6, run);
    EngineConfig config;
    config.instrument.slippage_volatility_share = 0.1 * random.uniform();
    config.instrument.taker_fee_bps = 20 * random.uniform();
    config.instrument.maintenance_margin = 0;
    BarEngine engine(config);
    PlainModel plain{config.initial_equity};
    const std::vector<TapeBar> bars = random_bars(random, 300);
    double target = 0;
    for (std::size_t i = 0; i < bars.size(); ++i) {
      engine.process_bar(bars[i], static_cast<TimeMs>(i) * hour_ms);
      plain.bar(config.instrument, bars[i], target);
      const double equity = plain.cash + plain.units * bars[i].close;
      ASSERT_NEAR(engine.result().equity.back(), equity, 1e-6 * config.initial_equity) << run << " " << i;
      // Equity change = price gains - fees - slippage - funding.
      ASSERT_NEAR(engine.result().equity.back() - config.initial_equity,
                  plain.price_gain - engine.result().total_fees - engine.result().total_slippage -
                      engine.result().total_funding,
                  1e-5 * config.initial_equity);
      if (random.below(4) == 0) target = std::round(8 * random.uniform() - 4) / 4 * 0.5;
      engine.set_target(target);
    }
    EXPECT_NEAR(engine.result().total_fees, plain.fees, 1e-4);
    EXPECT_NEAR(engine.result().total_slippage, plain.slippage, 1e-4);
    EXPECT_NEAR(engine.result().total_funding, plain.funding, 1e-4);
  }
}

}  // namespace
}  // namespace stevie::execution
