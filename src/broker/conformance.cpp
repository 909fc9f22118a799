#include "broker/conformance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/random.h"

namespace stevie::broker {
namespace {

using strategy::Decision;

const std::vector<std::string> symbols{"AAA/USDT", "BBB/USDT"};

/// Random hours without gaps.
std::vector<market::Bar> random_market(RandomStream& random, std::size_t count) {
  std::vector<market::Bar> bars;
  double price = 50 + 100 * random.uniform();
  for (std::size_t i = 0; i < count; ++i) {
    market::Bar bar;
    bar.open_time = 1'600'000'000'000 / hour_ms * hour_ms + static_cast<TimeMs>(i) * hour_ms;
    bar.open = price * std::exp(0.003 * random.normal());
    bar.close = price = bar.open * std::exp(0.02 * random.normal());
    bar.high = std::max(bar.open, bar.close) * (1 + 0.01 * random.uniform());
    bar.low = std::min(bar.open, bar.close) * (1 - 0.01 * random.uniform());
    bar.volume = 1000 * random.uniform();
    bars.push_back(bar);
  }
  return bars;
}

Order order_at(const std::string& symbol, const market::Bar& bar, const Decision& decision) {
  return {order_id(symbol, bar.open_time), symbol, decision, bar.open_time, bar.close, 1};
}

Decision buy() {
  return Decision::enter(execution::Side::long_side, {execution::Stake::Kind::equity_share, 0.5}, {0.9, 0.0});
}

double units_of(const Broker& broker, const std::string& symbol) {
  for (const Position& position : broker.account().positions) {
    if (position.symbol == symbol) return position.units;
  }
  return 0;
}

class Suite {
 public:
  Suite(const BrokerFactory& make, const ConformanceConfig& config) : make_(make), config_(config) {
    RandomStream random(config.seed, 1'000'000);
    bars_ = random_market(random, 50);
    for (market::Bar& bar : bars_) bar.volume = 1e9;  // the examples' orders fill whole, whatever the caps
  }

  std::vector<std::string> run() {
    fills_on_the_next_bar();
    acts_once();
    cancels();
    flattens();
    refuses();
    for (std::size_t run = 0; run < config_.runs; ++run) random_run(run);
    std::ranges::sort(violations_);
    violations_.erase(std::unique(violations_.begin(), violations_.end()), violations_.end());
    return violations_;
  }

 private:
  void require(bool good, std::string_view sentence) {
    if (!good) violations_.emplace_back(sentence);
  }

  /// A broker on whose first bar of both symbols nothing has been decided yet.
  std::unique_ptr<Broker> started() {
    std::unique_ptr<Broker> broker = make_(symbols);
    for (const std::string& symbol : symbols) broker->on_bar(symbol, bars_[0]);
    return broker;
  }

  void fills_on_the_next_bar() {
    const auto broker = started();
    broker->submit(order_at(symbols[0], bars_[0], buy()));
    require(broker->account().positions.empty(), "an order filled before the next bar");
    require(broker->account().waiting.size() == 1, "a submitted order does not wait");
    require(broker->on_bar(symbols[1], bars_[1]).empty(), "an order filled on another symbol's bar");
    const std::vector<Fill> fills = broker->on_bar(symbols[0], bars_[1]);
    require(fills.size() == 1 && fills[0].order_id == order_id(symbols[0], bars_[0].open_time) &&
                fills[0].time == bars_[1].open_time && fills[0].units > 0 && fills[0].reason == "entry" &&
                fills[0].symbol == symbols[0],
            "an entry did not fill on the next bar of its symbol");
    require(broker->account().waiting.empty(), "an order that filled waits on");
    const AccountView account = broker->account();
    require(account.positions.size() == 1 && account.positions[0].order_id == fills[0].order_id &&
                account.positions[0].opened == bars_[1].open_time,
            "a position does not name its entry");
  }

  void acts_once() {
    auto broker = started();
    const Order order = order_at(symbols[0], bars_[0], buy());
    broker->submit(order);
    broker->submit(order);
    require(broker->account().waiting.size() == 1, "an order id acted twice while it waited");
    broker->on_bar(symbols[0], bars_[1]);
    broker->submit(order_at(symbols[0], bars_[1], Decision::exit()));
    broker->on_bar(symbols[0], bars_[2]);
    require(units_of(*broker, symbols[0]) == 0, "an exit did not close the position");
    broker->submit(order);
    require(broker->account().waiting.empty(), "an order id acted again after it had filled");
    const auto again = make_(symbols);
    again->restore(broker->save());
    again->submit(order);
    require(again->account().waiting.empty(), "an order id acted again after a restart");
  }

  void cancels() {
    const auto broker = started();
    for (const std::string& symbol : symbols) broker->submit(order_at(symbol, bars_[0], buy()));
    const std::string id = order_id(symbols[0], bars_[0].open_time);
    require(broker->cancel(symbols[0]) == std::vector<std::string>{id},
            "cancel does not name what it withdrew");
    require(broker->on_bar(symbols[0], bars_[1]).empty(), "a cancelled order filled");
    require(broker->on_bar(symbols[1], bars_[1]).size() == 1, "cancel withdrew another symbol's order");
    broker->submit(order_at(symbols[0], bars_[0], buy()));
    require(broker->account().waiting.empty(), "the id of a cancelled order acted again");
    require(broker->cancel().empty(), "cancel withdrew orders that do not wait");
  }

  void flattens() {
    const auto broker = started();
    require(broker->flatten(bars_[0].open_time + hour_ms).empty(), "flatten ordered with nothing held");
    for (const std::string& symbol : symbols) broker->submit(order_at(symbol, bars_[0], buy()));
    for (const std::string& symbol : symbols) broker->on_bar(symbol, bars_[1]);
    const TimeMs now = bars_[1].open_time + hour_ms;
    const std::vector<std::string> ids = broker->flatten(now);
    require(ids.size() == 2 && ids.front() != ids.back(), "flatten did not close every position");
    require(broker->flatten(now) == ids && broker->account().waiting.size() == 2,
            "flatten repeated ordered again");
    for (const std::string& symbol : symbols) {
      const std::vector<Fill> fills = broker->on_bar(symbol, bars_[2]);
      require(fills.size() == 1 && fills[0].units_after == 0, "flatten did not fill at the next bar");
    }
    require(broker->account().positions.empty(), "a position is held behind flatten");
    // The clock steps back: the position must close nevertheless, under a new id.
    broker->submit(order_at(symbols[0], bars_[2], buy()));
    broker->on_bar(symbols[0], bars_[3]);
    const std::vector<std::string> later = broker->flatten(now - day_ms);
    require(later.size() == 1 && std::ranges::find(ids, later[0]) == ids.end(),
            "flatten behind a clock that stepped back did not order under a new id");
    broker->on_bar(symbols[0], bars_[4]);
    require(broker->account().positions.empty(), "flatten behind a clock that stepped back did not close");
  }

  /// The action must throw this code and leave the broker as it was.
  void refused(Broker& broker, const std::function<void()>& action, std::string_view code,
               std::string_view what) {
    const std::string before = broker.save();
    try {
      action();
      require(false, fmt::format("{} was taken", what));
    } catch (const Error& error) {
      require(error.code() == code, fmt::format("{} was refused as {}", what, error.code()));
    }
    require(broker.save() == before, fmt::format("{} changed the account", what));
  }

  void refuses() {
    const auto broker = started();
    broker->submit(order_at(symbols[0], bars_[0], buy()));
    const auto bar = [&](const std::string& symbol, const market::Bar& wrong, std::string_view code,
                         std::string_view what) {
      refused(
          *broker, [&] { broker->on_bar(symbol, wrong); }, code, what);
    };
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    bar("XXX/USDT", bars_[1], "broker.unknown_symbol", "a bar of an unknown symbol");
    bar(symbols[0], bars_[0], "broker.bad_bar", "a bar played before");
    market::Bar wrong = bars_[1];
    wrong.open_time = bars_[0].open_time - hour_ms;
    bar(symbols[0], wrong, "broker.bad_bar", "a bar of the past");
    for (double market::Bar::*price :
         {&market::Bar::open, &market::Bar::high, &market::Bar::low, &market::Bar::close}) {
      for (const double value : {nan, 0.0, -1.0, std::numeric_limits<double>::infinity()}) {
        wrong = bars_[1];
        wrong.*price = value;
        bar(symbols[0], wrong, "broker.bad_bar", "a bar without sound prices");
      }
    }
    wrong = bars_[1];
    wrong.high = wrong.low / 2;
    bar(symbols[0], wrong, "broker.bad_bar", "a bar whose high is below its low");
    wrong = bars_[1];
    wrong.volume = -1;
    bar(symbols[0], wrong, "broker.bad_bar", "a bar with a negative volume");

    const auto order = [&](Order bad, std::string_view what, std::string_view code = "broker.bad_order") {
      refused(
          *broker, [&] { broker->submit(bad); }, code, what);
    };
    order(order_at("XXX/USDT", bars_[0], buy()), "an order of an unknown symbol", "broker.unknown_symbol");
    order(order_at(symbols[0], bars_[0], Decision::hold()), "an order that asks for nothing");
    order(order_at(symbols[0], bars_[0], Decision::target(nan)), "an order of no finite exposure");
    order(order_at(symbols[0], bars_[1], buy()), "an order on a bar that has not closed");
    Order bad = order_at(symbols[0], bars_[0], buy());
    bad.id = "another";
    order(bad, "an order with an id of its own");
    bad = order_at(symbols[0], bars_[0], buy());
    bad.decision.bracket.stop_loss = nan;
    order(bad, "an order with a stop that is no number");
    bad = order_at(symbols[0], bars_[0], buy());
    bad.decision.stake.amount = -1;
    order(bad, "an order with a negative stake");
    require(broker->on_bar(symbols[0], bars_[1]).size() == 1, "a refused call lost the waiting order");
  }

  void damaged_states(Broker& broker, RandomStream& random) {
    const std::string state = broker.save();
    std::vector<std::string> texts{"",   "null",           "[]",
                                   "{}", "{\"schema\":1}", state.substr(0, state.size() / 2)};
    for (int i = 0; i < 40; ++i) {
      std::string text = state;
      text[random.below(static_cast<std::uint32_t>(text.size()))] = static_cast<char>(random.below(256));
      texts.push_back(std::move(text));
    }
    for (const std::string& text : texts) {
      try {
        const auto other = make_(symbols);
        const std::string before = other->save();
        try {
          other->restore(text);  // a digit of a number may have become another one
        } catch (const Error& error) {
          require(error.code() == "broker.bad_state", "a damaged state was refused as " + error.code());
          require(other->save() == before, "a refused state changed the account");
        }
      } catch (const std::exception&) {
        require(false, "a damaged state brought an error that is no refusal");
      }
    }
  }

  /// Two brokers get the same; one of them is replaced by its restored copy now and then.
  void random_run(std::uint64_t run) {
    RandomStream random(config_.seed, run);
    std::map<std::string, std::vector<market::Bar>> markets;
    for (const std::string& symbol : symbols) markets[symbol] = random_market(random, config_.bars);
    const auto whole = make_(symbols);
    auto cut = make_(symbols);
    std::map<std::string, double> held;
    for (std::size_t i = 0; i < config_.bars; ++i) {
      for (const std::string& symbol : symbols) {
        const market::Bar& bar = markets[symbol][i];
        const std::vector<Fill> fills = whole->on_bar(symbol, bar);
        require(same(fills, cut->on_bar(symbol, bar)), "a restored broker fills otherwise");
        for (const Fill& fill : fills) {
          held[symbol] = fill.units_after;
          require(fill.time == bar.open_time && fill.symbol == symbol && !fill.order_id.empty() &&
                      fill.units != 0 && fill.price > 0,
                  "a fill without order, units or price");
        }
        require(units_of(*whole, symbol) == held[symbol], "units held are not those of the newest fill");
        if (random.below(3) == 0) {
          const Order order = random_order(symbol, bar, config_.seed + run, i);
          whole->submit(order);
          cut->submit(order);
        }
      }
      if (random.below(40) == 0)
        require(whole->cancel() == cut->cancel(), "a restored broker cancels otherwise");
      if (random.below(40) == 0) {
        const TimeMs now = markets[symbols[0]][i].open_time + hour_ms;
        require(whole->flatten(now) == cut->flatten(now), "a restored broker flattens otherwise");
      }
      check_books(*whole);
      require(whole->save() == cut->save(), "a restored broker has another state");
      if (random.below(10) == 0) {
        const std::string state = whole->save();
        auto copy = make_(symbols);
        copy->restore(state);
        require(copy->save() == state, "restore(save()) is another state");
        cut = std::move(copy);
      }
    }
    damaged_states(*whole, random);
  }

  void check_books(const Broker& broker) {
    const AccountView account = broker.account();
    double equity = account.cash, sized = 0;
    for (const Position& position : account.positions) {
      equity += position.units * position.mark_price;
      require(position.units != 0 && !position.order_id.empty(), "a position without units or entry");
    }
    for (const std::string& symbol : symbols) sized += broker.sizing_equity(symbol);
    require(std::abs(equity - account.equity) <= 1e-9 * (std::abs(equity) + std::abs(account.cash)),
            "equity is not cash and positions at their marks");
    require(std::isfinite(sized), "the equity that orders are sized by is not finite");
  }

  static bool same(const std::vector<Fill>& a, const std::vector<Fill>& b) {
    return std::ranges::equal(a, b, [](const Fill& x, const Fill& y) {
      return x.order_id == y.order_id && x.symbol == y.symbol && x.time == y.time && x.units == y.units &&
             x.price == y.price && x.fee == y.fee && x.slippage == y.slippage &&
             x.units_after == y.units_after && x.reason == y.reason &&
             x.closed.has_value() == y.closed.has_value() &&
             (!x.closed || x.closed->profit_abs == y.closed->profit_abs);
    });
  }

  const BrokerFactory& make_;
  ConformanceConfig config_;
  std::vector<market::Bar> bars_;
  std::vector<std::string> violations_;
};

}  // namespace

Order random_order(const std::string& symbol, const market::Bar& bar, std::uint64_t seed,
                   std::uint64_t number) {
  RandomStream random(seed, number * 1000 + symbol.front());
  Decision decision = Decision::exit();
  const auto kind = random.below(4);
  if (kind == 0) decision = Decision::target(std::round(4 * random.uniform() - 2) / 2);
  if (kind == 1 || kind == 2) {
    constexpr execution::Stake::Kind stakes[]{execution::Stake::Kind::equity_share,
                                              execution::Stake::Kind::units, execution::Stake::Kind::risk};
    const execution::Stake stake{stakes[random.below(3)], 0.02 + 0.5 * random.uniform()};
    decision =
        Decision::enter(random.below(2) == 0 ? execution::Side::long_side : execution::Side::short_side,
                        stake, {0.01 + 0.05 * random.uniform(), 0.01 + 0.05 * random.uniform()});
  }
  return order_at(symbol, bar, decision);
}

std::vector<std::string> conformance_violations(const BrokerFactory& make, const ConformanceConfig& config) {
  return Suite(make, config).run();
}

}  // namespace stevie::broker
