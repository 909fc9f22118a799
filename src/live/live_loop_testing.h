#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "core/error.h"
#include "ledger/ledger_testing.h"
#include "live/live_engine.h"
#include "market/synthetic.h"

namespace stevie::live {

/// For tests: a broker that fills everything at the next open without costs, one unit an entry.
class SimpleBroker final : public broker::Broker {
 public:
  std::string name() const override { return "simple"; }
  void submit(const broker::Order& order) override {
    if (refuses) throw Error("broker.bad_order", "refused for a test");
    if (std::ranges::find(seen_, order.id) != seen_.end()) return;
    seen_.push_back(order.id);
    waiting_.push_back(order);
  }
  std::vector<std::string> cancel(const std::string& symbol) override {
    std::vector<std::string> ids;
    std::erase_if(waiting_, [&](const broker::Order& order) {
      const bool goes = symbol.empty() || order.symbol == symbol;
      if (goes) ids.push_back(order.id);
      return goes;
    });
    return ids;
  }
  std::vector<std::string> flatten(TimeMs time) override {
    std::vector<std::string> ids;
    for (const auto& [symbol, units] : units_) {
      if (units == 0) continue;
      broker::Order order{.id = broker::order_id(symbol, time) + "/flatten", .symbol = symbol};
      order.decision = strategy::Decision::exit();
      ids.push_back(order.id);
      waiting_.push_back(order);
    }
    return ids;
  }
  std::vector<broker::Fill> on_bar(const std::string& symbol, const market::Bar& bar) override {
    if (!(bar.open > 0)) throw Error("broker.bad_bar", "no price");
    std::vector<broker::Fill> fills;
    std::vector<broker::Order> rest;
    for (const broker::Order& order : waiting_) {
      if (order.symbol != symbol) {
        rest.push_back(order);
        continue;
      }
      const bool enters = order.decision.kind == strategy::Decision::Kind::enter;
      if (enters == (units_[symbol] != 0)) continue;
      const double units = enters ? 1 : -units_[symbol];
      units_[symbol] += units;
      cash_ -= units * bar.open;
      broker::Fill fill;
      fill.order_id = order.id;
      fill.symbol = symbol;
      fill.time = bar.open_time;
      fill.units = units;
      fill.price = bar.open;
      fill.units_after = units_[symbol];
      fill.reason = enters ? "entry" : "exit_signal";
      fills.push_back(fill);
    }
    waiting_ = rest;
    mark_[symbol] = bar.close;
    return fills;
  }
  broker::AccountView account() const override {
    broker::AccountView view;
    view.cash = view.equity = cash_;
    for (const auto& [symbol, units] : units_) {
      const double there = units + lie;
      if (there == 0) continue;
      broker::Position position;
      position.symbol = symbol;
      position.units = there;
      position.mark_price = mark_.at(symbol);
      view.positions.push_back(position);
      view.equity += units * mark_.at(symbol);
    }
    view.waiting = waiting_;
    return view;
  }
  std::string save() const override {
    nlohmann::json waiting = nlohmann::json::array();
    for (const broker::Order& order : waiting_) {
      waiting.push_back({order.id, order.symbol, static_cast<int>(order.decision.kind)});
    }
    return nlohmann::json{
        {"cash", cash_}, {"units", units_}, {"mark", mark_}, {"waiting", waiting}, {"seen", seen_}}
        .dump();
  }
  void restore(const std::string& state) override {
    const nlohmann::json json = nlohmann::json::parse(state);
    cash_ = json["cash"];
    units_ = json["units"].get<std::map<std::string, double>>();
    mark_ = json["mark"].get<std::map<std::string, double>>();
    seen_ = json["seen"].get<std::vector<std::string>>();
    waiting_.clear();
    for (const nlohmann::json& item : json["waiting"]) {
      broker::Order order{.id = item[0], .symbol = item[1]};
      order.decision.kind = static_cast<strategy::Decision::Kind>(item[2].get<int>());
      waiting_.push_back(order);
    }
  }

  double lie = 0;        // units that it claims to hold beside those that it does
  bool refuses = false;  // orders

 private:
  double cash_ = 10'000;
  std::map<std::string, double> units_, mark_;
  std::vector<broker::Order> waiting_;
  std::vector<std::string> seen_;
};

/// For tests: enters and leaves by a sum over the closes it has seen, so that one bar too many, too few or
/// twice changes everything behind it.
class SumStrategy final : public LiveStrategy {
 public:
  void warm_up(const market::Bar& bar) override { add(bar); }
  strategy::Decision decide(const strategy::Situation& situation) override {
    add(situation.bar);
    ++decided_;
    last_ = situation.bar.open_time;
    const auto digit = static_cast<std::uint64_t>(std::abs(std::fmod(sum_ * 1000, 10)));
    if (situation.side == 0 && digit == 0)
      return strategy::Decision::enter(execution::Side::long_side,
                                       {execution::Stake::Kind::equity_share, 0.5}, {0.05, 0.1});
    if (situation.side != 0 && digit == 9) return strategy::Decision::exit();
    return strategy::Decision::hold();
  }
  std::string explanation_json() const override { return "{\"sum\":" + std::to_string(sum_) + "}"; }
  std::string summary() const override { return "sum " + std::to_string(sum_); }
  std::uint64_t parameter_version() const override { return 1; }
  std::string parameters_json() const override { return "{}"; }
  std::string save() const override { return "{\"decided\":" + std::to_string(decided_) + "}"; }
  void restore(const std::string& json) override { decided_ = nlohmann::json::parse(json)["decided"]; }
  std::size_t warm_up_bars() const override { return std::size_t{1} << 40U; }

 private:
  void add(const market::Bar& bar) { sum_ = std::fmod(sum_ * 31 + bar.close, 1000); }
  double sum_ = 0;
  std::uint64_t decided_ = 0;
  TimeMs last_ = 0;
};

/// For tests: bars in memory, handed over one step at a time.
class ListFeed final : public Feed {
 public:
  ListFeed(std::vector<market::Bars> bars, std::size_t first) : bars_(std::move(bars)), first_(first) {
    for (const market::Bars& of_symbol : bars_) symbols_.push_back(of_symbol.symbol);
    at_ = first_;
  }
  std::string name() const override { return "list"; }
  const std::vector<std::string>& symbols() const override { return symbols_; }
  TimeMs interval() const override { return bars_[0].interval; }
  TimeMs now() const override {
    return clock ? clock() : bars_[0].open_time[std::min(at_, bars_[0].size() - 1)];
  }
  market::Bars history(std::size_t symbol, TimeMs before, std::size_t count) override {
    const market::Bars& bars = bars_[symbol];
    const auto end =
        static_cast<std::size_t>(std::ranges::lower_bound(bars.open_time, before) - bars.open_time.begin());
    return bars.slice(end - std::min(end, count), end);
  }
  void start(const std::vector<std::optional<TimeMs>>& after) override {
    at_ = first_;
    if (after[0])
      at_ = static_cast<std::size_t>(std::ranges::upper_bound(bars_[0].open_time, *after[0]) -
                                     bars_[0].open_time.begin());
  }
  std::optional<FeedStep> next(TimeMs) override {
    if (before_next) before_next(at_);
    if (at_ >= std::min(bars_[0].size(), until)) return std::nullopt;
    FeedStep step;
    for (std::size_t i = 0; i < bars_.size(); ++i) step.bars.push_back({i, bars_[i][at_], late});
    ++at_;
    step.received = now();
    return step;
  }
  void interrupt() override {}
  FeedStatus status() const override {
    FeedStatus status;
    status.health = at_ >= std::min(bars_[0].size(), until) ? FeedHealth::ended : FeedHealth::live;
    return status;
  }

  std::function<void(std::size_t)> before_next;  // told the number of the bar that comes next
  std::function<TimeMs()> clock;
  std::size_t until = std::size_t{1} << 40U;
  bool late = false;

 private:
  std::vector<market::Bars> bars_;
  std::vector<std::string> symbols_;
  std::size_t first_, at_;
};

inline market::Bars test_bars(std::size_t count, std::uint64_t seed = 7,
                              const std::string& symbol = "SYNTHA/USDT") {
  market::SyntheticConfig config;
  config.bars = count;
  config.seed = seed;
  config.symbol = symbol;
  return market::make_synthetic_market(config).bars;
}

/// For tests: a loop over a list of bars with everything it stands on, made anew for each run.
struct TestLoop {
  TestLoop(ledger::LedgerConfig config, std::vector<market::Bars> bars, std::string session,
           std::size_t first = 50)
      : ledger(ledger::Ledger::open(config)), feed(std::move(bars), first), risk(RiskLimits{}) {
    parts.ledger = ledger.get();
    parts.feed = &feed;
    parts.broker = &broker;
    parts.risk = &risk;
    for (std::size_t i = 0; i < feed.symbols().size(); ++i)
      parts.strategies.push_back(std::make_unique<SumStrategy>());
    parts.session = std::move(session);
    parts.clock = [this] { return time += second_ms; };
    parts.pause = [this](TimeMs duration) {
      pauses.push_back(duration);
      if (on_pause) on_pause();
    };
  }
  LiveEngine& engine() {
    if (!engine_) engine_ = std::make_unique<LiveEngine>(std::move(parts));
    return *engine_;
  }

  std::atomic<TimeMs> time = 1'700'000'000'000;
  std::unique_ptr<ledger::Ledger> ledger;
  ListFeed feed;
  SimpleBroker broker;
  RiskEngine risk;
  LiveParts parts;
  std::vector<TimeMs> pauses;
  std::function<void()> on_pause;

 private:
  std::unique_ptr<LiveEngine> engine_;
};

}  // namespace stevie::live
