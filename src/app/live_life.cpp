#include "app/live_life.h"

#include <algorithm>
#include <cmath>

namespace stevie::app {
namespace {

constexpr double no_units = 1e-12;          // relative to what was held: rounding
constexpr std::size_t orders_behind = 512;  // that a later fill may come from

bool is_flat(double units, double before) {
  return std::abs(units) <= no_units * std::max(1.0, std::abs(before));
}

FillKind exit_kind(const std::string& reason) {
  if (reason == "stop_loss" || reason == "trailing_stop") return FillKind::stop;
  if (reason == "take_profit" || reason == "roi") return FillKind::take_profit;
  if (reason == "liquidation") return FillKind::liquidation;
  return FillKind::exit;
}

}  // namespace

std::string_view to_string(FillKind kind) {
  switch (kind) {
    case FillKind::entry:
      return "entry";
    case FillKind::exit:
      return "exit";
    case FillKind::stop:
      return "stop";
    case FillKind::take_profit:
      return "take_profit";
    case FillKind::liquidation:
      break;
  }
  return "liquidation";
}

void LiveLife::begin(const live::StepRecord& step) {
  traded_ = true;
  symbols_ = step.symbols;
  interval_ = step.interval;
  initial_equity_ = step.initial_equity;
  beginning_ = {step.newest, step.step};
  const double share = initial_equity_ / static_cast<double>(std::max<std::size_t>(1, symbols_.size()));
  for (const std::string& symbol : symbols_) {
    states_[symbol].cash = share;
    books_[symbol].initial_cash = share;
  }
}

void LiveLife::take(const live::StepRecord& step) {
  if (!traded_) begin(step);
  take_decided(step);
  for (const broker::Fill& fill : step.fills) take_fill(fill, step.parameter_version);
  if (step.why == "accept") accept(step);
  session_ = step.session;
  now_ = step.now;
  equity_ = step.equity;
  steps_ = step.step;
  decisions_ = step.decisions;
  if (!step.tally.empty()) tally_ = step.tally;
  curve_.add({step.now, step.equity});
  bound();
}

void LiveLife::take_decided(const live::StepRecord& step) {
  const auto remember = [this](const std::string& id) -> Behind& {
    const auto [found, is_new] = behind_.try_emplace(id);
    if (is_new) behind_order_.push_back(id);
    return found->second;
  };
  for (const broker::Order& order : step.orders) {
    Behind& behind = remember(order.id);
    behind.decision = order.decision;
    behind.decided.parameter_version = step.parameter_version;
  }
  for (const live::DecidedRecord& decided : step.decided) {
    ++actions_[decided.action];
    if (decided.denial != live::Denial::none) ++denials_[std::string(live::to_string(decided.denial))];
    remember(decided.order_id).decided = decided;
    if (decided.action != "enter" || decided.gist.side.empty()) continue;
    entries_.push_back({.number = decided.number,
                        .symbol = decided.symbol,
                        .time = decided.time,
                        .rule = decided.gist.rule,
                        .is_long = decided.gist.side == "long",
                        .denial = decided.denial});
  }
  while (behind_order_.size() > orders_behind) {
    behind_.erase(behind_order_.front());
    behind_order_.pop_front();
  }
}

const LiveLife::Behind* LiveLife::behind(const std::string& order_id) const {
  const auto found = behind_.find(order_id);
  return found == behind_.end() ? nullptr : &found->second;
}

LiveTrade* LiveLife::trade(std::uint64_t number) {
  if (number <= trades_left_out_ || number - trades_left_out_ > trades_.size()) return nullptr;
  return &trades_[number - trades_left_out_ - 1];
}

void LiveLife::take_fill(const broker::Fill& fill, std::uint64_t version) {
  const auto found = states_.find(fill.symbol);
  if (found == states_.end() || fill.units == 0) return;
  State& state = found->second;
  const double before = state.units, size = std::abs(fill.units);
  const bool reduces = before != 0 && (before > 0) != (fill.units > 0);
  const double closing = reduces ? std::min(size, std::abs(before)) : 0;
  const double opening = is_flat(size - closing, size) ? 0 : size - closing;
  LiveFill kept{.fill = fill};
  kept.fill.closed.reset();
  if (const Behind* order = behind(fill.order_id)) kept.decision = order->decided.number;
  state.last_price = fill.price;
  state.notional += size * fill.price;
  if (closing > 0) {
    kept.trade = state.open.number;
    kept.kind = exit_kind(fill.reason);
    if (const LiveTrade* open = trade(state.open.number); open != nullptr && open->order_id == fill.order_id)
      kept.decision = open->decision;
    leave(fill, closing, fill.fee * closing / size, state);
  }
  if (opening > 0) {
    enter(fill, opening, fill.fee * opening / size, state, version);
    kept.trade = state.open.number;
    kept.kind = FillKind::entry;
  }
  keep_book(fill.symbol, fill.time, state);
  fills_.push_back(std::move(kept));
}

void LiveLife::enter(const broker::Fill& fill, double units, double fee, State& state,
                     std::uint64_t version) {
  OpenTrade& open = state.open;
  const double sign = fill.units > 0 ? 1 : -1;
  if (open.number == 0) {
    open = {.number = next_trade_++};
    LiveTrade begun;
    begun.number = open.number;
    begun.symbol = fill.symbol;
    begun.side = sign > 0 ? execution::Side::long_side : execution::Side::short_side;
    begun.entry_time = fill.time;
    begun.order_id = fill.order_id;
    begun.parameter_version = version;
    if (const Behind* order = behind(fill.order_id)) {
      begun.decision = order->decided.number;
      begun.gist = order->decided.gist;
      if (order->decided.parameter_version != 0) begun.parameter_version = order->decided.parameter_version;
      const execution::Bracket& bracket = order->decision.bracket;
      if (order->decision.kind == strategy::Decision::Kind::enter) {
        if (bracket.stop_loss > 0) begun.stop = fill.price * (1 - sign * bracket.stop_loss);
        if (bracket.take_profit > 0) begun.take_profit = fill.price * (1 + sign * bracket.take_profit);
      }
    }
    trades_.push_back(std::move(begun));
  }
  open.entered += units;
  open.entry_value += units * fill.price;
  open.cash -= sign * units * fill.price + fee;
  state.units += sign * units;
  state.cash -= sign * units * fill.price + fee;
  state.fees += fee;
  LiveTrade* trade = this->trade(open.number);
  if (trade == nullptr) return;
  trade->units = open.entered;
  trade->entry_value = open.entry_value;
  trade->entry_price = open.entry_value / open.entered;
  trade->fees += fee;
  trade->slippage += fill.slippage * units / std::abs(fill.units);
}

void LiveLife::leave(const broker::Fill& fill, double units, double fee, State& state) {
  OpenTrade& open = state.open;
  const double sign = fill.units > 0 ? 1 : -1, before = state.units;
  open.left += units;
  open.exit_value += units * fill.price;
  open.cash -= sign * units * fill.price + fee;
  state.units += sign * units;
  state.cash -= sign * units * fill.price + fee;
  state.fees += fee;
  LiveTrade* trade = this->trade(open.number);
  if (trade != nullptr) {
    trade->exit_price = open.exit_value / open.left;
    trade->fees += fee;
    trade->slippage += fill.slippage * units / std::abs(fill.units);
  }
  if (!is_flat(state.units, before)) return;
  state.units = 0;
  if (trade != nullptr) {
    trade->exit_time = fill.time;
    trade->exit_reason = fill.reason;
    trade->profit = open.cash;
    if (fill.closed) {  // the broker knows of funding too
      state.cash += fill.closed->profit_abs - open.cash;
      trade->profit = fill.closed->profit_abs;
      trade->fees = fill.closed->fee;
    }
  }
  open = {};
}

/// A person took other positions as the truth: the difference counts at the price of the last fill.
void LiveLife::accept(const live::StepRecord& step) {
  for (auto& [symbol, state] : states_) {
    const auto found = step.positions.find(symbol);
    const double units = found == step.positions.end() ? 0 : found->second;
    if (units == state.units) continue;
    state.cash -= (units - state.units) * state.last_price;
    state.units = units;
    if (units == 0 && state.open.number != 0) {
      if (LiveTrade* trade = this->trade(state.open.number)) {
        trade->exit_time = step.now;
        trade->exit_reason = "accepted";
        trade->exit_price = state.last_price;
      }
      state.open = {};
    }
    const auto newest = step.newest.find(symbol);
    keep_book(symbol, newest == step.newest.end() ? step.now : newest->second, state);
  }
}

void LiveLife::keep_book(const std::string& symbol, TimeMs time, const State& state) {
  std::vector<BookStep>& steps = books_[symbol].steps;
  const BookStep now{time, state.cash, state.units, state.fees, state.notional};
  if (!steps.empty() && steps.back().time >= time)
    steps.back() = {steps.back().time, now.cash, now.units, now.fees, now.notional};
  else
    steps.push_back(now);
}

const SymbolBook* LiveLife::book(const std::string& symbol) const {
  const auto found = books_.find(symbol);
  return found == books_.end() ? nullptr : &found->second;
}

void LiveLife::bound() {
  const std::size_t most = most_kept_ + most_kept_ / 4;
  const auto cut = [&](auto& items, std::uint64_t& left_out) {
    if (items.size() <= most) return;
    const std::size_t gone = items.size() - most_kept_;
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(gone));
    left_out += gone;
  };
  cut(fills_, fills_left_out_);
  cut(trades_, trades_left_out_);
  cut(entries_, entries_left_out_);
}

}  // namespace stevie::app
