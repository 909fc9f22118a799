#include "broker/paper_broker.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "broker/conformance.h"
#include "broker/json.h"
#include "core/random.h"
#include "core/testing.h"
#include "execution/execution_testing.h"

namespace stevie::broker {
namespace {

using execution::Side;
using strategy::Decision;

PaperConfig config_of(const std::vector<std::string>& symbols) {
  PaperConfig config;
  config.symbols = symbols;
  return config;
}

market::Bar hour(TimeMs number, double open, double high, double low, double close, double volume = 100) {
  return {number * hour_ms, open, high, low, close, volume};
}

Order order_of(const std::string& symbol, TimeMs hour, const Decision& decision) {
  return {order_id(symbol, hour * hour_ms), symbol, decision, hour * hour_ms, 100, 1};
}

std::string listed(const std::vector<std::string>& violations) {
  std::string text;
  for (const std::string& violation : violations) text += violation + "\n";
  return text;
}

TEST(PaperBroker, KeepsWhatEveryBrokerMust) {
  const auto make = [](const std::vector<std::string>& symbols) {
    return std::make_unique<PaperBroker>(config_of(symbols));
  };
  EXPECT_EQ(listed(conformance_violations(make)), "");
}

TEST(PaperBroker, KeepsWhatEveryBrokerMustWithCapsLotsLeverageAndFunding) {
  const auto make = [](const std::vector<std::string>& symbols) {
    PaperConfig config = config_of(symbols);
    config.engine.instrument.participation_cap = 0.05;
    config.engine.instrument.lot_size = 0.001;
    config.engine.instrument.tick_size = 0.01;
    config.engine.instrument.leverage_limit = 2;
    config.engine.instrument.impact = 0.5;
    config.engine.instrument.perpetual = true;
    config.engine.exits.trailing_stop = 0.05;
    config.engine.exits.minimal_roi = {{0, 0.04}, {600, 0.01}};
    return std::make_unique<PaperBroker>(config);
  };
  EXPECT_EQ(listed(conformance_violations(make)), "");
}

// State in JSON and back in another engine at a random bar, for every kind of decision and exit.
TEST(EngineState, ACutRunLeavesTheRowsTradesAndTotalsOfTheUncutOne) {
  for (std::uint64_t run = 0; run < 80; ++run) {
    RandomStream random(11, run);
    execution::EngineConfig config;
    config.instrument.leverage_limit = 1 + 4 * random.uniform();
    config.instrument.slippage_volatility_share = 0.1;
    config.instrument.impact = 0.2;
    config.instrument.participation_cap = run % 2 == 0 ? 0.2 : 0.0;
    config.instrument.lot_size = run % 3 == 0 ? 0.001 : 0.0;
    config.exits.stop_loss = 0.05;
    config.exits.trailing_stop = 0.03;
    config.exits.take_profit = 0.06;
    config.exits.minimal_roi = {{0, 0.05}, {300, 0.01}};
    config.exits.intrabar = static_cast<execution::IntrabarPolicy>(random.below(3));
    const std::vector<execution::TapeBar> bars = execution::random_bars(random, 300);
    const std::size_t cut = run == 0 ? 299 : random.below(300);
    execution::BarEngine whole(config);
    auto part = std::make_unique<execution::BarEngine>(config);
    std::vector<execution::RoundTrip> part_trades;
    std::vector<execution::FillRecord> fills;
    whole.report_fills_to(&fills);
    const auto decide = [&](std::size_t i) {
      const std::uint32_t kind = random.below(9);
      const double normal = random.normal(), uniform = random.uniform();
      for (execution::BarEngine* engine : {&whole, part.get()}) {
        if (kind == 0) engine->set_target(4 * uniform - 2);
        if (kind == 1) engine->trade_units(20 * normal);
        if (kind == 2) engine->enter(normal > 0 ? Side::long_side : Side::short_side, {});
        if (kind == 3)
          engine->enter(normal > 0 ? Side::long_side : Side::short_side, {execution::Stake::Kind::risk, 0.02},
                        {0.01 + 0.02 * uniform, 0.03});
        if (kind == 4) engine->exit();
        if (kind == 5)
          engine->submit(
              {execution::Order::Type::limit, 5 * normal, bars[i].close * (0.98 + 0.04 * uniform)});
        if (kind == 6)
          engine->submit({execution::Order::Type::stop, 5 * normal, bars[i].close * (0.98 + 0.04 * uniform)});
      }
    };
    for (std::size_t i = 0; i < bars.size(); ++i) {
      for (execution::BarEngine* engine : {&whole, part.get()})
        engine->process_bar(bars[i], static_cast<TimeMs>(i) * hour_ms);
      if (!(whole.account().equity(bars[i].close) > 0)) break;
      decide(i);
      if (i != cut) continue;
      part_trades = part->take_trades();
      const std::string text = to_json(part->state()).dump();
      part = std::make_unique<execution::BarEngine>(config);
      part->restore(engine_state_from_json(parse_json_object(text, 1 << 20)));
      EXPECT_EQ(to_json(part->state()).dump(), text);
    }
    for (execution::BarEngine* engine : {&whole, part.get()}) engine->close_at_end_of_data();
    const execution::SimulationResult &all = whole.result(), &rest = part->result();
    const auto behind = [&](const std::vector<double>& column) {
      return std::vector<double>(column.end() - static_cast<std::ptrdiff_t>(rest.equity.size()),
                                 column.end());
    };
    EXPECT_EQ(behind(all.equity), rest.equity) << run;
    EXPECT_EQ(behind(all.exposure), rest.exposure) << run;
    EXPECT_EQ(all.total_fees, rest.total_fees) << run;
    EXPECT_EQ(all.total_slippage, rest.total_slippage) << run;
    EXPECT_EQ(all.total_funding, rest.total_funding) << run;
    EXPECT_EQ(all.traded_notional, rest.traded_notional) << run;
    part_trades.insert(part_trades.end(), rest.trades.begin(), rest.trades.end());
    ASSERT_EQ(part_trades.size(), all.trades.size()) << run;
    for (std::size_t i = 0; i < part_trades.size(); ++i)
      EXPECT_EQ(to_json(part_trades[i]), to_json(all.trades[i])) << run << " " << i;

    // The fills tell the same story as the totals and the trades.
    double fees = 0, slippage = 0, units = 0;
    std::vector<nlohmann::json> closed;
    for (const execution::FillRecord& fill : fills) {
      fees += fill.fill.fee;
      slippage += fill.fill.slippage;
      EXPECT_EQ(fill.units_before, units);
      units = fill.units_after;
      if (fill.closed) closed.push_back(to_json(*fill.closed));
    }
    EXPECT_EQ(fees, all.total_fees);
    EXPECT_EQ(slippage, all.total_slippage);
    ASSERT_EQ(closed.size(), all.trades.size());
    for (std::size_t i = 0; i < closed.size(); ++i) EXPECT_EQ(closed[i], to_json(all.trades[i]));
  }
}

TEST(EngineState, RefusesWhatNoEngineCanHaveComeTo) {
  execution::BarEngine engine(execution::free_config());
  engine.enter(Side::long_side, {});
  engine.process_bar(execution::bar_of(100, 101, 99, 100), 0);
  const execution::EngineState sound = engine.state();
  EXPECT_TRUE(sound.faults().empty());
  const auto refused = [&](auto damage) {
    execution::EngineState state = sound;
    damage(state);
    EXPECT_EQ(error_of([&] { engine.restore(state); }).code(), "execution.bad_state");
  };
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  refused([](auto& state) { state.account.cash = nan; });
  refused([](auto& state) { state.account.entry_price = 0; });
  refused([](auto& state) { state.account.units = -1; });
  refused([](auto& state) { state.account.units = 0; });
  refused([](auto& state) { state.held.trailing_level = -1; });
  refused([](auto& state) { state.trade.entry_quantity = 0; });
  refused([](auto& state) { state.wanted_units = nan; });
  refused([](auto& state) { state.target = nan; });
  refused([](auto& state) { state.entry_bracket = execution::Bracket{-1, 0}; });
  refused([](auto& state) { state.bar.close = 0; });
  refused([](auto& state) { state.started = false; });
  refused([](auto& state) { state.total_fees = nan; });
  EXPECT_EQ(to_json(engine.state()), to_json(sound));
}

TEST(Json, BringsEveryDoubleBackWithTheSameBits) {
  RandomStream random(3, 0);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random.next_u64());
    const nlohmann::json back = nlohmann::json::parse(nlohmann::json{{"x", exact_json(value)}}.dump());
    const double read = JsonReader(back, "a test").number("x");
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(read));
    } else {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(value));
    }
  }
}

TEST(Json, ReadsBackOrdersAndFillsAndNamesTheFieldThatIsWrong) {
  const Order order =
      order_of("A", 3, Decision::enter(Side::short_side, {execution::Stake::Kind::risk, 0.01}, {0.02, 0.04}));
  const nlohmann::json json = to_json(order);
  EXPECT_EQ(to_json(order_from_json(json)), json);
  for (const Decision& decision : {Decision::hold(), Decision::exit(), Decision::target(-0.5)})
    EXPECT_EQ(to_json(decision_from_json(to_json(decision))), to_json(decision));
  Fill fill{"id", "A", 5, -2, 100, 0.2, 0.1, 0, "stop_loss"};
  EXPECT_EQ(to_json(fill_from_json(to_json(fill))), to_json(fill));
  fill.closed = execution::RoundTrip{.entry_time = 1, .exit_time = 2, .quantity = 3, .profit_abs = -4};
  EXPECT_EQ(to_json(fill_from_json(to_json(fill))), to_json(fill));

  const auto fault = [&](const char* name, const nlohmann::json& value) {
    nlohmann::json bad = json;
    bad[name] = value;
    const Error error = error_of([&] { order_from_json(bad); });
    EXPECT_EQ(error.code(), "broker.bad_json");
    EXPECT_NE(error.message().find(name), std::string::npos) << error.message();
  };
  fault("id", 5);
  fault("decided", 1.5);
  fault("decided", std::numeric_limits<std::uint64_t>::max());
  fault("units", "many");
  fault("decision", nullptr);
  EXPECT_EQ(error_of([] { order_from_json(nullptr); }).code(), "broker.bad_json");
  EXPECT_EQ(error_of([] { decision_from_json({{"kind", "buy"}}); }).code(), "broker.bad_json");
  EXPECT_EQ(error_of([] { parse_json_object(std::string(100'000, '['), 1 << 20); }).code(),
            "broker.bad_json");
}

TEST(PaperBroker, SharesTheEquityEquallyAndKeepsThePartsApart) {
  PaperConfig config = config_of({"B", "A"});
  config.engine.instrument = execution::free_of_costs();
  PaperBroker broker(config);
  for (const char* symbol : {"A", "B"}) broker.on_bar(symbol, hour(0, 100, 101, 99, 100));
  EXPECT_EQ(broker.sizing_equity("A"), 5000);
  broker.submit(order_of("A", 0, Decision::target(1)));
  EXPECT_EQ(broker.on_bar("A", hour(1, 100, 200, 100, 200)).at(0).units, 50);
  broker.on_bar("B", hour(1, 100, 100, 100, 100));
  EXPECT_EQ(broker.sizing_equity("A"), 10'000);
  EXPECT_EQ(broker.sizing_equity("B"), 5000);
  EXPECT_EQ(broker.account().equity, 15'000);
  EXPECT_EQ(broker.account().cash, 5000);
  EXPECT_EQ(broker.account().positions.at(0).unrealised, 5000);
}

TEST(PaperBroker, TellsWhyEachFillHappenedAndWhatTheRoundTripBrought) {
  PaperConfig config = config_of({"A"});
  config.engine.instrument = execution::free_of_costs();
  PaperBroker broker(config);
  broker.on_bar("A", hour(0, 100, 101, 99, 100));
  broker.submit(
      order_of("A", 0, Decision::enter(Side::long_side, {execution::Stake::Kind::risk, 0.01}, {0.1, 0.2})));
  Fill fill = broker.on_bar("A", hour(1, 100, 101, 99, 100)).at(0);
  EXPECT_EQ(fill.reason, "entry");
  EXPECT_EQ(fill.units, 10);
  EXPECT_FALSE(fill.closed);
  const Position position = broker.account().positions.at(0);
  EXPECT_EQ(position.stop, 90);
  EXPECT_EQ(position.take_profit, 120);
  fill = broker.on_bar("A", hour(2, 95, 96, 85, 90)).at(0);
  EXPECT_EQ(fill.reason, "stop_loss");
  EXPECT_EQ(fill.order_id, "A@0");
  EXPECT_EQ(fill.units_after, 0);
  ASSERT_TRUE(fill.closed);
  EXPECT_EQ(fill.closed->profit_abs, -100);
  broker.submit(order_of("A", 2, Decision::target(-0.5)));
  EXPECT_EQ(broker.on_bar("A", hour(3, 100, 100, 100, 100)).at(0).reason, "target");
  broker.submit(order_of("A", 3, Decision::exit()));
  fill = broker.on_bar("A", hour(4, 100, 100, 100, 100)).at(0);
  EXPECT_EQ(fill.reason, "exit_signal");
  EXPECT_EQ(fill.order_id, order_id("A", 3 * hour_ms));
}

TEST(PaperBroker, WhatTheParticipationCapLeavesWaitsOnUntilItIsCancelled) {
  PaperConfig config = config_of({"A"});
  config.engine.instrument = execution::free_of_costs();
  config.engine.instrument.participation_cap = 0.1;
  PaperBroker broker(config);
  broker.on_bar("A", hour(0, 100, 100, 100, 100));
  broker.submit(order_of("A", 0, Decision::target(0.5)));
  EXPECT_EQ(broker.on_bar("A", hour(1, 100, 100, 100, 100)).at(0).units, 10);
  ASSERT_EQ(broker.account().waiting.size(), 1u);
  EXPECT_EQ(broker.account().waiting[0].units, 40);
  EXPECT_EQ(broker.on_bar("A", hour(2, 100, 100, 100, 100)).at(0).order_id, "A@0");
  EXPECT_EQ(broker.cancel(), std::vector<std::string>{"A@0"});
  EXPECT_TRUE(broker.account().waiting.empty());
  EXPECT_TRUE(broker.on_bar("A", hour(3, 100, 100, 100, 100)).empty());
  broker.submit(order_of("A", 3, Decision::target(0.5)));  // cancelled: it counts as new
  EXPECT_EQ(broker.on_bar("A", hour(4, 100, 100, 100, 100)).size(), 1u);
  broker.submit(order_of("A", 4, Decision::exit()));
  EXPECT_EQ(broker.on_bar("A", hour(5, 100, 100, 100, 100)).at(0).units, -10);
  EXPECT_EQ(broker.flatten(6 * hour_ms), std::vector<std::string>{order_id("A", 4 * hour_ms)});
}

TEST(PaperBroker, NeverCancelsTheRestOfAProtectiveExit) {
  PaperConfig config = config_of({"A"});
  config.engine.instrument = execution::free_of_costs();
  config.engine.instrument.participation_cap = 0.1;
  PaperBroker broker(config);
  broker.on_bar("A", hour(0, 100, 100, 100, 100));
  broker.submit(
      order_of("A", 0, Decision::enter(Side::long_side, {execution::Stake::Kind::units, 50}, {0.1, 0.0})));
  broker.on_bar("A", hour(1, 100, 100, 100, 100, 1e6));
  EXPECT_EQ(broker.on_bar("A", hour(2, 100, 100, 80, 85)).at(0).units, -10);
  EXPECT_TRUE(broker.cancel().empty());
  const Fill rest = broker.on_bar("A", hour(3, 85, 85, 85, 85, 1e6)).at(0);
  EXPECT_EQ(rest.units_after, 0);
  EXPECT_EQ(rest.reason, "stop_loss");
}

TEST(PaperBroker, RefusesTheAccountOfOtherSymbolsOrAnotherInterval) {
  PaperBroker broker(config_of({"A", "B"}));
  const std::string state = broker.save();
  PaperBroker other(config_of({"A"}));
  EXPECT_EQ(error_of([&] { other.restore(state); }).code(), "broker.bad_state");
  PaperConfig minutes = config_of({"A", "B"});
  minutes.interval = minute_ms;
  PaperBroker third(minutes);
  EXPECT_EQ(error_of([&] { third.restore(state); }).code(), "broker.bad_state");
  PaperBroker same(config_of({"B", "A"}));
  same.restore(state);
  EXPECT_EQ(same.save(), state);
}

TEST(PaperBroker, ReportsAllFaultsOfItsConfiguration) {
  PaperConfig config = config_of({"A", "A", ""});
  config.interval = 0;
  config.engine.initial_equity = 0;
  const std::string text = error_of([&] { PaperBroker broker(config); }).message();
  for (const char* part : {"twice", "no name", "interval", "initial_equity"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(ExpectedUnits, AreWhatTheOrderWillTradeWithoutCosts) {
  const auto enter = [](execution::Stake::Kind kind, double amount) {
    return Decision::enter(Side::short_side, {kind, amount}, {0.05, 0});
  };
  EXPECT_EQ(expected_units(Decision::hold(), 5, 1000, 100, 1), 0);
  EXPECT_EQ(expected_units(Decision::exit(), 5, 1000, 100, 1), -5);
  EXPECT_EQ(expected_units(Decision::target(2), 5, 1000, 100, 1), 5);
  EXPECT_EQ(expected_units(enter(execution::Stake::Kind::units, 3), 0, 1000, 100, 1), -3);
  EXPECT_EQ(expected_units(enter(execution::Stake::Kind::equity_share, 0.5), 0, 1000, 100, 1), -5);
  EXPECT_DOUBLE_EQ(expected_units(enter(execution::Stake::Kind::risk, 0.01), 0, 1000, 100, 1), -2);
  EXPECT_EQ(expected_units(enter(execution::Stake::Kind::units, 3), 1, 1000, 100, 1), 0);
}

}  // namespace
}  // namespace stevie::broker
