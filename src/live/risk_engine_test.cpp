#include "live/risk_engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "broker/broker.h"
#include "core/config.h"
#include "core/random.h"
#include "core/testing.h"

namespace stevie::live {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr TimeMs start = 20'000 * day_ms;  // 00:00 UTC

RiskEngine ready(const RiskLimits& limits = {}) {
  RiskEngine engine(limits);
  engine.set_reconciled(true);
  engine.mark(start, 1000);
  return engine;
}

/// An entry of 0.5 of an equity of 1000, decided on the bar that has just closed at `now`.
OrderCheck entry(TimeMs now, const std::string& symbol = "A") {
  return {.id = broker::order_id(symbol, now - hour_ms),
          .symbol = symbol,
          .now = now,
          .data_time = now,
          .interval = hour_ms,
          .reference_price = 100,
          .newest_price = 100,
          .units_before = 0,
          .units_after = 5,
          .equity = 1000};
}

OrderCheck reduction(TimeMs now) {
  OrderCheck order = entry(now);
  order.units_before = 5;
  order.units_after = 2;
  return order;
}

TEST(RiskEngine, LetsASoundOrderPassAndCountsIt) {
  RiskEngine engine = ready();
  EXPECT_EQ(engine.state(), RiskState::active);
  EXPECT_EQ(engine.why(), "");
  EXPECT_EQ(engine.check(entry(start + hour_ms)), Denial::none);
  EXPECT_EQ(engine.record().passed, 1u);
}

TEST(RiskEngine, LetsNothingPassBeforeTheAccountIsReconciled) {
  RiskEngine engine((RiskLimits()));
  EXPECT_EQ(engine.state(), RiskState::halted);
  EXPECT_NE(engine.why().find("reconciled"), std::string::npos);
  EXPECT_EQ(engine.check(entry(start)), Denial::not_reconciled);
  EXPECT_EQ(engine.check(reduction(start)), Denial::not_reconciled);
  EXPECT_EQ(engine.record().denials[static_cast<std::size_t>(Denial::not_reconciled)], 2u);
}

TEST(RiskEngine, DeniesAnIdThatIsNotBehindTheNewestOfItsSymbol) {
  RiskEngine engine = ready();
  EXPECT_EQ(engine.check(entry(start + 2 * hour_ms)), Denial::none);
  EXPECT_EQ(engine.check(entry(start + 2 * hour_ms)), Denial::duplicate_order);
  OrderCheck earlier = entry(start + 2 * hour_ms);
  earlier.id = broker::order_id("A", start);
  EXPECT_EQ(engine.check(earlier), Denial::duplicate_order);
  EXPECT_EQ(engine.check(entry(start + 2 * hour_ms, "B")), Denial::none);
  EXPECT_EQ(engine.check(entry(start + 3 * hour_ms)), Denial::none);
}

TEST(RiskEngine, WhatWasDeniedMayComeAgain) {
  RiskEngine engine = ready();
  OrderCheck order = entry(start + hour_ms);
  order.newest_price = 150;
  EXPECT_EQ(engine.check(order), Denial::price_collar);
  order.newest_price = 100;
  EXPECT_EQ(engine.check(order), Denial::none);
}

TEST(RiskEngine, ChecksEverySize) {
  RiskLimits limits;
  limits.order_notional_share = 0.5;
  limits.symbol_notional_share = 0.7;
  limits.exposure_share = 1;
  RiskEngine engine = ready(limits);
  const auto denial = [&](double before, double after, double others) {
    RiskEngine copy = engine;
    OrderCheck order = entry(start + hour_ms);
    order.units_before = before;
    order.units_after = after;
    order.other_exposure = others;
    return copy.check(order);
  };
  EXPECT_EQ(denial(0, 5, 500), Denial::none);  // exactly at every limit
  EXPECT_EQ(denial(0, 5.001, 0), Denial::order_notional);
  EXPECT_EQ(denial(0, -5.001, 0), Denial::order_notional);
  EXPECT_EQ(denial(3, 7.001, 0), Denial::symbol_notional);
  EXPECT_EQ(denial(0, 5, 501), Denial::exposure);
  EXPECT_EQ(denial(100, 50, 1e6), Denial::none);  // smaller: never denied for its size
  EXPECT_EQ(denial(100, 0, 1e6), Denial::none);
  EXPECT_EQ(denial(5, -1, 0), Denial::order_notional);  // turned over: counts as opening
  EXPECT_EQ(denial(2, -2, 0), Denial::none);
}

TEST(RiskEngine, WithoutEquityNothingOpens) {
  RiskEngine engine = ready();
  OrderCheck order = entry(start + hour_ms);
  order.equity = 0;
  EXPECT_EQ(engine.check(order), Denial::order_notional);
  order.equity = -5;
  EXPECT_EQ(engine.check(order), Denial::order_notional);
  OrderCheck smaller = reduction(start + hour_ms);
  smaller.equity = -5;
  EXPECT_EQ(engine.check(smaller), Denial::none);
}

TEST(RiskEngine, OpensNothingOnDataThatIsOldLateOrAheadOfTheClock) {
  RiskEngine engine = ready();
  for (const TimeMs age : {2 * hour_ms + 1, -(2 * hour_ms + 1)}) {
    for (const bool reduces : {false, true}) {
      OrderCheck order = reduces ? reduction(start + day_ms) : entry(start + day_ms);
      order.now += age;
      if (age < 0) order.id = broker::order_id("A", start + day_ms - hour_ms);
      RiskEngine copy = engine;
      EXPECT_EQ(copy.check(order), reduces ? Denial::none : Denial::stale_data);
    }
  }
  OrderCheck late = entry(start + hour_ms);
  late.late_bar = true;
  EXPECT_EQ(engine.check(late), Denial::late_bar);
  late.units_before = 6;
  EXPECT_EQ(engine.check(late), Denial::none);
}

TEST(RiskEngine, HoldsTheOrderRateAlsoWhenTheClockStepsBack) {
  RiskLimits limits;
  limits.orders_per_minute = 2;
  RiskEngine engine = ready(limits);
  const auto at = [&](TimeMs now, int number) {
    OrderCheck order = entry(start + hour_ms + number * second_ms);
    order.now = now;
    return engine.check(order);
  };
  const TimeMs now = start + hour_ms + minute_ms;
  EXPECT_EQ(at(now, 1), Denial::none);
  EXPECT_EQ(at(now + 10, 2), Denial::none);
  EXPECT_EQ(at(now + 20, 3), Denial::order_rate);
  EXPECT_EQ(at(now - 10 * minute_ms, 3), Denial::order_rate);
  EXPECT_EQ(at(now + minute_ms - 1, 3), Denial::order_rate);
  EXPECT_EQ(at(now + minute_ms, 3), Denial::none);
  EXPECT_LE(engine.record().order_times.size(), 2u);
}

TEST(RiskEngine, TheDaysLossLeavesOnlyReductionsUntilTheDayEnds) {
  RiskEngine engine = ready();
  engine.mark(start + hour_ms, 950.01);
  EXPECT_EQ(engine.state(), RiskState::active);
  engine.mark(start + 2 * hour_ms, 950);
  EXPECT_EQ(engine.state(), RiskState::reducing);
  EXPECT_NE(engine.why().find("2024-10-04 reached the limit of a day, which began with an equity of 1000.00"),
            std::string::npos)
      << engine.why();
  engine.mark(start + 3 * hour_ms, 1100);  // it stays reached that day
  EXPECT_EQ(engine.check(entry(start + 3 * hour_ms)), Denial::reducing_only);
  EXPECT_EQ(engine.check(reduction(start + 3 * hour_ms)), Denial::none);
  OrderCheck flip = entry(start + 4 * hour_ms);
  flip.units_before = -1;
  EXPECT_EQ(engine.check(flip), Denial::reducing_only);
  engine.mark(start + day_ms - 1, 1100);
  EXPECT_EQ(engine.state(), RiskState::reducing);
  engine.mark(start + day_ms, 1090);
  EXPECT_EQ(engine.state(), RiskState::active);
  EXPECT_EQ(engine.record().day_start_equity, 1090);
}

TEST(RiskEngine, ADayWithoutAMarkAtMidnightBeginsWithTheMarkBefore) {
  RiskEngine engine = ready();
  engine.mark(start + day_ms + 6 * hour_ms, 940);  // the loss happened while nothing was marked
  EXPECT_EQ(engine.record().day_start_equity, 1000);
  EXPECT_EQ(engine.state(), RiskState::reducing);
}

TEST(RiskEngine, AClockThatStepsBackDoesNotResetTheDaysLoss) {
  RiskEngine engine = ready();
  engine.mark(start + day_ms, 1000);
  engine.mark(start + day_ms + hour_ms, 900);
  EXPECT_EQ(engine.state(), RiskState::reducing);
  engine.mark(start + hour_ms, 900);  // yesterday again
  EXPECT_EQ(engine.state(), RiskState::reducing);
  engine.mark(start + day_ms, 900);  // and today for a second time
  EXPECT_EQ(engine.state(), RiskState::reducing);
  EXPECT_EQ(engine.record().day_start_equity, 1000);
}

TEST(RiskEngine, AClockThatWasAheadIsMendedByReArming) {
  RiskLimits limits;
  limits.orders_per_minute = 1;
  RiskEngine engine = ready(limits);
  engine.mark(start + 100 * day_ms, 1000);
  engine.mark(start + hour_ms, 940);
  EXPECT_EQ(engine.state(), RiskState::reducing);  // by the day of the clock that was ahead
  EXPECT_EQ(engine.check(reduction(start + hour_ms)), Denial::none);
  EXPECT_EQ(engine.check(reduction(start + 2 * hour_ms)), Denial::order_rate);
  engine.rearm(start + 2 * hour_ms, 940);
  EXPECT_EQ(engine.state(), RiskState::active);
  EXPECT_EQ(engine.check(entry(start + 2 * hour_ms)), Denial::none);
}

TEST(RiskEngine, ADrawdownHaltsUntilAPersonReArms) {
  RiskLimits limits;
  limits.daily_loss_share = 1;
  RiskEngine engine = ready(limits);
  engine.mark(start + hour_ms, 2000);
  engine.mark(start + 2 * hour_ms, 1500.01);
  EXPECT_EQ(engine.state(), RiskState::active);
  engine.mark(start + 3 * hour_ms, 1500);
  EXPECT_EQ(engine.state(), RiskState::halted);
  EXPECT_NE(engine.why().find("25 % below its peak of 2000.00"), std::string::npos) << engine.why();
  engine.mark(start + 4 * hour_ms, 3000);
  EXPECT_EQ(engine.check(entry(start + 4 * hour_ms)), Denial::halted);
  EXPECT_EQ(engine.check(reduction(start + 4 * hour_ms)), Denial::halted);
  engine.mark(start + 5 * hour_ms, 1500);
  engine.rearm(start + 5 * hour_ms, 1500);
  EXPECT_EQ(engine.state(), RiskState::active);
  EXPECT_EQ(engine.record().peak_equity, 1500);
  EXPECT_EQ(engine.check(entry(start + 5 * hour_ms)), Denial::none);
}

TEST(RiskEngine, OtherLimitsLiftNeitherHaltNorKillNorTheDaysLoss) {
  RiskLimits wide;
  wide.drawdown_share = wide.daily_loss_share = 1;
  RiskEngine lost = ready();
  lost.mark(start + hour_ms, 940);
  ASSERT_EQ(lost.state(), RiskState::reducing);
  lost.set_limits(wide);
  EXPECT_EQ(lost.check(entry(start + 2 * hour_ms)), Denial::reducing_only);
  lost.mark(start + day_ms, 940);
  EXPECT_EQ(lost.state(), RiskState::active) << "the next day goes by the new limit";
  lost.mark(start + day_ms + hour_ms, 600);
  EXPECT_EQ(lost.state(), RiskState::active);

  RiskEngine fallen = ready();
  fallen.mark(start + hour_ms, 700);
  ASSERT_EQ(fallen.state(), RiskState::halted);
  fallen.set_limits(wide);
  fallen.mark(start + 2 * hour_ms, 1000);
  EXPECT_EQ(fallen.check(entry(start + 3 * hour_ms)), Denial::halted);

  RiskEngine killed = ready();
  killed.kill({"anna", "why", start, false});
  killed.set_limits(wide);
  EXPECT_EQ(killed.check(entry(start + hour_ms)), Denial::killed);

  RiskLimits narrow;
  narrow.drawdown_share = 0.05;
  RiskEngine down = ready();
  down.mark(start + hour_ms, 970);
  down.mark(start + 2 * hour_ms, 960);
  down.set_limits(narrow);
  EXPECT_EQ(down.state(), RiskState::active);
  down.mark(start + 3 * hour_ms, 949);
  EXPECT_EQ(down.state(), RiskState::halted) << "a narrower one holds from the next mark on";

  RiskLimits bad;
  bad.exposure_share = -1;
  RiskEngine kept = ready();
  EXPECT_EQ(error_of([&] { kept.set_limits(bad); }).code(), "live.bad_limits");
  EXPECT_EQ(kept.limits().exposure_share, RiskLimits{}.exposure_share);
}

TEST(RiskEngine, AnAccountOfNoValueHalts) {
  for (const double equity : {nan, infinity, -infinity, 0.0, -1.0}) {
    RiskEngine engine = ready();
    engine.mark(start + hour_ms, equity);
    EXPECT_EQ(engine.state(), RiskState::halted) << equity;
    EXPECT_TRUE(std::isfinite(engine.record().peak_equity));
    RiskEngine again((RiskLimits()));
    again.restore(engine.save());
    EXPECT_EQ(again.save(), engine.save());
  }
}

TEST(RiskEngine, AKillIsLatchedAndSurvivesARestart) {
  RiskEngine engine = ready();
  engine.kill({"ada", "looks wrong", start + hour_ms, false});
  engine.kill({"bob", "me too", start + 2 * hour_ms, true});
  RiskEngine again((RiskLimits()));
  again.restore(engine.save());
  again.set_reconciled(true);
  EXPECT_EQ(again.state(), RiskState::halted);
  ASSERT_TRUE(again.record().kill);
  EXPECT_EQ(again.record().kill->by, "ada");
  EXPECT_TRUE(again.record().kill->flatten);
  EXPECT_NE(again.why().find("ada"), std::string::npos);
  EXPECT_EQ(again.check(entry(start + 3 * hour_ms)), Denial::killed);
  EXPECT_EQ(again.check(reduction(start + 3 * hour_ms)), Denial::killed);
  again.rearm(start + 3 * hour_ms, 1000);
  EXPECT_EQ(again.state(), RiskState::active);
  EXPECT_FALSE(again.record().kill);
}

TEST(RiskEngine, ReArmingDoesNotLiftTheDaysLoss) {
  RiskEngine engine = ready();
  engine.mark(start + hour_ms, 900);
  engine.kill({"ada", "enough", start + hour_ms, false});
  engine.rearm(start + 2 * hour_ms, 900);
  EXPECT_EQ(engine.state(), RiskState::reducing);
}

TEST(RiskEngine, RefusesWhatIsNoOrder) {
  const auto refused = [](auto damage) {
    RiskEngine engine = ready();
    OrderCheck order = entry(start + hour_ms);
    damage(order);
    EXPECT_EQ(engine.check(order), Denial::bad_order);
    EXPECT_EQ(engine.record().passed, 0u);
    OrderCheck smaller = reduction(start + hour_ms);
    damage(smaller);
    EXPECT_EQ(engine.check(smaller), Denial::bad_order);
  };
  for (const double value : {nan, infinity, -infinity}) {
    refused([&](OrderCheck& order) { order.reference_price = value; });
    refused([&](OrderCheck& order) { order.newest_price = value; });
    refused([&](OrderCheck& order) { order.units_before = value; });
    refused([&](OrderCheck& order) { order.units_after = value; });
    refused([&](OrderCheck& order) { order.equity = value; });
    refused([&](OrderCheck& order) { order.other_exposure = value; });
  }
  refused([](OrderCheck& order) { order.units_after = order.units_before; });
  refused([](OrderCheck& order) { order.newest_price = 0; });
  refused([](OrderCheck& order) { order.reference_price = -1; });
  refused([](OrderCheck& order) { order.interval = 0; });
  refused([](OrderCheck& order) { order.now = std::numeric_limits<TimeMs>::min(); });
  refused([](OrderCheck& order) { order.data_time = std::numeric_limits<TimeMs>::max(); });
  refused([](OrderCheck& order) { order.other_exposure = -1; });
  refused([](OrderCheck& order) { order.symbol.clear(); });
  for (const char* id : {"", "A", "A@", "B@5", "A@x", "A@5x", "A@-5", "A@05", "A@99999999999999999999",
                         "A@9000000000000000000"})
    refused([&](OrderCheck& order) { order.id = id; });
  refused([](OrderCheck& order) { order.id = broker::order_id("A", order.data_time + 1); });
}

TEST(RiskEngine, HugeFiniteNumbersAreDenied) {
  RiskEngine engine = ready();
  OrderCheck order = entry(start + hour_ms);
  order.units_before = -1e308;
  order.units_after = 1e308;
  order.newest_price = order.reference_price = 1e308;
  EXPECT_EQ(engine.check(order), Denial::order_notional);
  engine.mark(std::numeric_limits<TimeMs>::max(), 1000);
  engine.mark(std::numeric_limits<TimeMs>::min(), 1000);
  engine.rearm(std::numeric_limits<TimeMs>::min(), 1000);
  EXPECT_EQ(engine.state(), RiskState::active);
}

TEST(RiskLimits, TellAllFaultsAndNameTheirConfiguration) {
  RiskLimits limits;
  limits.order_notional_share = 0;
  limits.daily_loss_share = nan;
  limits.drawdown_share = 1.5;
  limits.orders_per_minute = 1'000'000;
  const Error error = error_of([&] { RiskEngine engine(limits); });
  EXPECT_EQ(error.code(), "live.bad_limits");
  for (const char* name : {"order_notional_share", "daily_loss_share", "drawdown_share", "orders_per_minute"})
    EXPECT_NE(error.message().find(name), std::string::npos) << name;

  RiskLimits defaults;
  EXPECT_TRUE(defaults.faults().empty());
  ConfigBinder binder;
  describe(binder, defaults);
  ConfigLayers layers;
  layers.flags = {{"risk.drawdown_share", "0.5", "test"}, {"risk.orders_per_minute", "0", "test"}};
  load_config(binder, layers);
  EXPECT_EQ(defaults.drawdown_share, 0.5);
  EXPECT_EQ(binder.fields().size(), 8u);
  layers.flags = {{"risk.daily_loss_share", "0", "test"}};
  EXPECT_EQ(error_of([&] { load_config(binder, layers); }).code(), "config.faults");
}

TEST(RiskEngine, EveryNameIsAnotherOne) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < denial_count; ++i) names.insert(to_string(static_cast<Denial>(i)));
  EXPECT_EQ(names.size(), denial_count);
  EXPECT_EQ(to_string(Denial::bad_order), "bad_order");
  EXPECT_EQ(to_string(Denial::duplicate_order), "duplicate_order");
  EXPECT_EQ(to_string(RiskState::reducing), "reducing");
}

/// The rules told once more, plainly: it keeps everything that ever happened and looks it up.
struct PlainRisk {
  RiskLimits limits;
  struct Mark {
    TimeMs time;
    double equity;
  };
  std::vector<Mark> marks;
  std::vector<std::pair<std::string, TimeMs>> passed;  // symbol and bar
  std::vector<TimeMs> passed_at;
  TimeMs latest = 0;
  bool killed = false, halted = false;
  double peak = 0;
  std::int64_t loss_day = -1, day = -1;
  double day_start = 0;

  void mark(TimeMs time, double equity) {
    latest = std::max(latest, time);
    if (const std::int64_t now = time / day_ms; now > day) {
      day_start = marks.empty() || time % day_ms == 0 ? equity : marks.back().equity;
      day = now;
    }
    marks.push_back({time, equity});
    peak = std::max(peak, equity);
    if (equity <= peak * (1 - limits.drawdown_share)) halted = true;
    if (equity <= day_start * (1 - limits.daily_loss_share)) loss_day = day;
  }
  void rearm(double equity) {
    killed = halted = false;
    peak = equity;
  }
  Denial check(const OrderCheck& order, TimeMs bar) {
    const double before = order.units_before, after = order.units_after, price = order.newest_price;
    if (!std::isfinite(after) || before == after) return Denial::bad_order;
    latest = std::max(latest, order.now);
    if (killed) return Denial::killed;
    if (halted) return Denial::halted;
    const bool opens = before == 0 || before * after < 0 || std::abs(after) >= std::abs(before);
    if (opens && loss_day == day && day >= 0) return Denial::reducing_only;
    for (const auto& [symbol, time] : passed)
      if (symbol == order.symbol && time >= bar) return Denial::duplicate_order;
    if (opens && std::abs(order.now - order.data_time) > 2 * hour_ms) return Denial::stale_data;
    if (opens && order.late_bar) return Denial::late_bar;
    std::size_t recent = 0;
    for (const TimeMs time : passed_at) recent += latest - time < minute_ms ? 1 : 0;
    if (recent >= limits.orders_per_minute) return Denial::order_rate;
    if (std::abs(price / order.reference_price - 1) > limits.price_collar_share) return Denial::price_collar;
    if (opens) {
      if (std::abs(after - before) * price / order.equity > limits.order_notional_share)
        return Denial::order_notional;
      if (std::abs(after) * price / order.equity > limits.symbol_notional_share)
        return Denial::symbol_notional;
      if ((std::abs(after) * price + order.other_exposure) / order.equity > limits.exposure_share)
        return Denial::exposure;
    }
    passed.emplace_back(order.symbol, bar);
    passed_at.push_back(latest);
    return Denial::none;
  }
};

TEST(RiskEngine, AgreesWithAPlainReferenceOnRandomOrdersAndRestarts) {
  std::set<Denial> seen;
  for (std::uint64_t run = 0; run < 60; ++run) {
    RandomStream random(17, run);
    RiskLimits limits;
    limits.orders_per_minute = 1 + random.below(4);
    limits.order_notional_share = 0.5 + random.uniform();
    limits.symbol_notional_share = 0.5 + random.uniform();
    limits.exposure_share = 1 + random.uniform();
    RiskEngine engine(limits);
    engine.set_reconciled(true);
    PlainRisk plain{limits};
    TimeMs now = start + static_cast<TimeMs>(random.below(day_ms));
    double equity = 1000;
    for (int step = 0; step < 400; ++step) {
      now += static_cast<TimeMs>(random.below(5) == 0 ? random.below(6 * hour_ms) : random.below(minute_ms));
      if (random.below(30) == 0) now -= static_cast<TimeMs>(random.below(2 * day_ms));
      if (random.below(50) == 0) now = now / day_ms * day_ms + day_ms;
      equity = std::max(1.0, equity * std::exp(0.02 * random.normal()));
      engine.mark(now, equity);
      plain.mark(now, equity);
      OrderCheck order = entry(now, random.below(2) == 0 ? "A" : "B");
      const TimeMs bar = now - static_cast<TimeMs>(random.below(4)) * minute_ms;
      order.id = broker::order_id(order.symbol, bar);
      if (random.below(8) == 0) order.now += static_cast<TimeMs>(random.below(4 * hour_ms));
      order.late_bar = random.below(10) == 0;
      order.equity = equity;
      order.newest_price = 100 * (1 + 0.06 * random.normal());
      order.units_before = random.below(2) == 0 ? 0 : 8 * random.normal();
      order.units_after = random.below(4) == 0 ? 0 : 8 * random.normal();
      order.other_exposure = 800 * random.uniform();
      if (random.below(40) == 0) order.units_after = nan;
      const Denial denial = engine.check(order);
      ASSERT_EQ(denial, plain.check(order, bar)) << run << " " << step;
      seen.insert(denial);
      if (random.below(150) == 0) {
        engine.kill({"ada", "why", now, false});
        plain.killed = true;
      }
      if (random.below(15) == 0 && engine.state() == RiskState::halted && now >= plain.latest) {
        engine.rearm(now, equity);
        plain.rearm(equity);
      }
      if (random.below(20) == 0) {
        RiskEngine again(limits);
        again.restore(engine.save());
        again.set_reconciled(true);
        ASSERT_EQ(again.save(), engine.save());
        engine = again;
      }
      ASSERT_EQ(engine.state(), plain.killed || plain.halted  ? RiskState::halted
                                : plain.loss_day == plain.day ? RiskState::reducing
                                                              : RiskState::active);
    }
  }
  for (const Denial denial :
       {Denial::none, Denial::killed, Denial::halted, Denial::reducing_only, Denial::duplicate_order,
        Denial::stale_data, Denial::late_bar, Denial::order_rate, Denial::price_collar,
        Denial::order_notional, Denial::symbol_notional, Denial::exposure, Denial::bad_order})
    EXPECT_TRUE(seen.contains(denial)) << to_string(denial);
}

TEST(RiskEngine, RefusesADamagedRecordAndChangesNothing) {
  RiskEngine engine = ready();
  engine.kill({"ada", "why", start, true});
  EXPECT_EQ(engine.check(entry(start + hour_ms)), Denial::killed);
  const std::string state = engine.save();
  const auto refused = [&](const std::string& text) {
    EXPECT_EQ(error_of([&] { engine.restore(text); }).code(), "live.bad_risk_record") << text;
    EXPECT_EQ(engine.save(), state);
  };
  for (const char* text : {"", "null", "[]", "{}", "{\"schema\":2}", "{\"schema\":1}"}) refused(text);
  refused(state.substr(0, state.size() / 2));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = state;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    refused(text.replace(at, from.size(), to));
  };
  with("\"peak_equity\":1000.0", "\"peak_equity\":\"nan\"");
  with("\"peak_equity\":1000.0", "\"peak_equity\":10");
  with("\"day\":20000", "\"day\":-1");
  with("\"order_times\":[]", "\"order_times\":[9999999999999999]");
  with("\"passed\":0", "\"passed\":-1");
  with("\"killed\":1", "\"killed\":1.5");
  with("\"flatten\":true", "\"flatten\":1");
  with("\"newest_order\":{}", "\"newest_order\":{\"A\":\"x\"}");
  RandomStream random(5, 0);
  for (int i = 0; i < 500; ++i) {
    std::string text = state;
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    RiskEngine other((RiskLimits()));
    const std::string before = other.save();
    try {
      other.restore(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "live.bad_risk_record");
      EXPECT_EQ(other.save(), before);
    }
  }
}

}  // namespace
}  // namespace stevie::live
