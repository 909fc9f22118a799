#include "live/trading_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "core/error.h"

namespace stevie::live {
namespace {

using Kind = strategy::Decision::Kind;

constexpr double nanoseconds_per_us = 1e3;

std::string action_of(Kind kind) {
  switch (kind) {
    case Kind::hold:
      return "hold";
    case Kind::target:
      return "target";
    case Kind::enter:
      return "enter";
    case Kind::exit:
      break;
  }
  return "exit";
}

const broker::Position* position_of(const broker::AccountView& account, const std::string& symbol) {
  const auto found = std::ranges::find(account.positions, symbol, &broker::Position::symbol);
  return found == account.positions.end() ? nullptr : &*found;
}

/// Value of what the other symbols hold and, because orders fill later, of what they are about to.
double other_exposure(const broker::AccountView& account, const std::string& symbol) {
  std::map<std::string, double> value;
  for (const broker::Position& position : account.positions)
    value[position.symbol] += position.units * position.mark_price;
  for (const broker::Order& order : account.waiting)
    value[order.symbol] += order.units * order.reference_price;
  double sum = 0;
  for (const auto& [other, amount] : value)
    if (other != symbol) sum += std::abs(amount);
  return sum;
}

}  // namespace

std::int64_t steady_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string_view to_string(LiveCommand::Kind kind) {
  switch (kind) {
    case LiveCommand::Kind::kill:
      return "kill";
    case LiveCommand::Kind::rearm:
      return "rearm";
    case LiveCommand::Kind::accept:
      return "accept";
    case LiveCommand::Kind::limits:
      break;
  }
  return "limits";
}

TradingStep::TradingStep(Parts parts)
    : parts_(std::move(parts)), newest_(parts_.symbols.size()), bars_(parts_.symbols.size(), 0) {}

void TradingStep::go_on_from(std::uint64_t decisions, const std::vector<std::optional<TimeMs>>& newest) {
  decisions_ = decisions;
  newest_ = newest;
}

StepOutcome TradingStep::play(const FeedStep& step, TimeMs now) {
  const std::int64_t handed_over = steady_nanoseconds();
  StepOutcome outcome;
  std::vector<const ClosedBar*> played;
  for (const ClosedBar& closed : step.bars) {
    const std::string& symbol = parts_.symbols.at(closed.symbol);
    if (newest_[closed.symbol] && closed.bar.open_time <= *newest_[closed.symbol]) {
      outcome.rejected.push_back(fmt::format("{}: the bar of {} does not follow the one of {}", symbol,
                                             format_time(closed.bar.open_time),
                                             format_time(*newest_[closed.symbol])));
      continue;
    }
    try {
      for (broker::Fill& fill : parts_.broker->on_bar(symbol, closed.bar))
        outcome.fills.push_back(std::move(fill));
    } catch (const Error& error) {
      if (error.code() != "broker.bad_bar") throw;
      outcome.rejected.push_back(fmt::format("{}: {}", symbol, error.what()));
      continue;
    }
    newest_[closed.symbol] = closed.bar.open_time;
    ++bars_[closed.symbol];
    played.push_back(&closed);
  }
  if (played.empty()) {
    outcome.equity = parts_.broker->account().equity;
    return outcome;
  }
  outcome.equity = parts_.broker->account().equity;
  parts_.risk->mark(now, outcome.equity);
  for (const ClosedBar* closed : played) decide(*closed, now, handed_over, outcome);
  for (std::size_t i = 0; i < played.size(); ++i) {  // what takes long comes behind the last order
    const LiveStrategy& strategy = *parts_.strategies[played[i]->symbol];
    outcome.decisions[i].summary = strategy.summary();
    outcome.decisions[i].gist = strategy.gist();
    outcome.decisions[i].explanation = strategy.explanation_json();
  }
  return outcome;
}

broker::Order TradingStep::make_order(const ClosedBar& closed, const strategy::Decision& decision,
                                      const broker::AccountView& account) const {
  const std::string& symbol = parts_.symbols[closed.symbol];
  const broker::Position* held = position_of(account, symbol);
  const double units = held == nullptr ? 0 : held->units;
  broker::Order order;
  order.id = broker::order_id(symbol, closed.bar.open_time);
  order.symbol = symbol;
  order.decision = decision;
  order.decided = closed.bar.open_time;
  order.reference_price = closed.bar.close;
  order.units = broker::expected_units(decision, units, parts_.broker->sizing_equity(symbol),
                                       closed.bar.close, parts_.leverage_limit);
  return order;
}

Denial TradingStep::submit(const broker::Order& order, StepOutcome& outcome) const {
  try {
    parts_.broker->submit(order);
  } catch (const Error& error) {
    if (error.code() != "broker.bad_order" && error.code() != "broker.unknown_symbol") throw;
    outcome.rejected.push_back(fmt::format("{}: {}", order.id, error.what()));
    return Denial::bad_order;
  }
  outcome.orders.push_back(order);
  return Denial::none;
}

void TradingStep::decide(const ClosedBar& closed, TimeMs now, std::int64_t handed_over,
                         StepOutcome& outcome) {
  const std::string& symbol = parts_.symbols[closed.symbol];
  LiveStrategy& strategy = *parts_.strategies[closed.symbol];
  const broker::AccountView account = parts_.broker->account();
  const broker::Position* held = position_of(account, symbol);
  const double units = held == nullptr ? 0 : held->units;
  const double share = parts_.broker->sizing_equity(symbol);
  strategy::Situation situation;
  situation.bar = closed.bar;
  situation.bar_index = bars_[closed.symbol] - 1;
  situation.exposure = share > 0 ? units * closed.bar.close / share : 0;
  situation.side = (units > 0) - (units < 0);
  const strategy::Decision decision = strategy.decide(situation);

  DecisionRecord record;
  record.number = ++decisions_;
  record.symbol = symbol;
  record.bar = closed.bar;
  record.action = action_of(decision.kind);
  record.parameter_version = strategy.parameter_version();
  if (decision.kind != Kind::hold) {
    const broker::Order order = make_order(closed, decision, account);
    const OrderCheck check{.id = order.id,
                           .symbol = symbol,
                           .now = now,
                           .data_time = closed.bar.open_time + parts_.interval,
                           .interval = parts_.interval,
                           .late_bar = closed.late,
                           .reference_price = order.reference_price,
                           .newest_price = closed.bar.close,
                           .units_before = units,
                           .units_after = units + order.units,
                           .equity = account.equity,
                           .other_exposure = other_exposure(account, symbol)};
    record.order_id = order.id;
    record.denial = parts_.risk->check(check);
    if (record.denial == Denial::none) record.denial = submit(order, outcome);
    if (record.denial != Denial::none) outcome.denials.emplace_back(order.id, record.denial);
  }
  record.latency_us = static_cast<double>(steady_nanoseconds() - handed_over) / nanoseconds_per_us;
  outcome.wanted.push_back(decision);
  outcome.decisions.push_back(std::move(record));
}

StepOutcome TradingStep::obey(const LiveCommand& command, TimeMs now) const {
  StepOutcome outcome;
  switch (command.kind) {
    case LiveCommand::Kind::kill:
      outcome.cancelled = parts_.broker->cancel();
      parts_.risk->kill({command.by, command.reason, command.time, command.flatten});
      if (command.flatten) outcome.flattening = parts_.broker->flatten(now);
      break;
    case LiveCommand::Kind::rearm:
      parts_.risk->rearm(now, parts_.broker->account().equity);
      break;
    case LiveCommand::Kind::accept:
      parts_.risk->set_reconciled(true);
      break;
    case LiveCommand::Kind::limits:
      parts_.risk->set_limits(command.limits);
      break;
  }
  outcome.equity = parts_.broker->account().equity;
  return outcome;
}

}  // namespace stevie::live
