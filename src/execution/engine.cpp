#include "execution/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/error.h"
#include "execution/sizing.h"

namespace stevie::execution {
namespace {

constexpr std::size_t most_notices = 1000;
constexpr double largest_initial_equity = 1e15;  // traded notionals add up within a double

/// Rounding of doubles in exposures that are meant to be exactly at the limit.
constexpr double leverage_tolerance = 1e-9;

/// Keeps the price of a single fill exactly.
void add_to_average(double& quantity, double& average, double added, double price) {
  quantity += added;
  average += (price - average) * (added / quantity);
}

bool same_side(double a, double b) {
  return (a > 0) == (b > 0);
}

}  // namespace

void EngineConfig::validate() const {
  std::vector<std::string> faults = instrument.faults();
  for (std::string& fault : exits.faults()) faults.push_back(std::move(fault));
  if (!(initial_equity > 0 && initial_equity <= largest_initial_equity))
    faults.push_back(fmt::format("initial_equity is {}: it must be above 0 and at most {}", initial_equity,
                                 largest_initial_equity));
  std::string all;
  for (const std::string& fault : faults) all += (all.empty() ? "" : "; ") + fault;
  if (!all.empty()) throw Error("execution.bad_config", all, "execution");
}

BarEngine::BarEngine(const EngineConfig& config, Recording recording)
    : config_((config.validate(), config)), recording_(recording), rates_(config.instrument) {
  account_.cash = config.initial_equity;
  result_.initial_equity = config.initial_equity;
}

void BarEngine::set_target(double exposure) {
  if (std::abs(exposure) > rates_.leverage_limit) {
    notify(
        fmt::format("target exposure {} is cut to the leverage limit {}", exposure, rates_.leverage_limit));
    exposure = std::copysign(rates_.leverage_limit, exposure);
  }
  if (target_ == exposure) return;
  target_ = exposure;
  intents_.retarget = true;
}

void BarEngine::enter(Side side, const Stake& stake) {
  intents_.entry = side;
  intents_.stake = stake;
  intents_.bracket.reset();
}

void BarEngine::enter(Side side, const Stake& stake, const Bracket& bracket) {
  const auto allowed = [](double share) { return std::isfinite(share) && share >= 0; };
  if (!allowed(bracket.stop_loss) || !allowed(bracket.take_profit))
    throw Error(
        "execution.bad_bracket",
        fmt::format("a bracket with stop loss {} and take profit {}: both must be shares of the entry "
                    "price, 0 (none) or above",
                    bracket.stop_loss, bracket.take_profit));
  enter(side, stake);
  intents_.bracket = bracket;
}

void BarEngine::exit() {
  intents_.exit = true;
}

void BarEngine::trade_units(double quantity) {
  intents_.quantity += quantity;
}

void BarEngine::submit(const Order& order) {
  orders_.push_back(order);
}

bool BarEngine::cancel_rest() {
  if (wanted_units_ == account_.units || cause_ == Cause::protective) return false;
  wanted_units_ = account_.units;
  if (cause_ == Cause::target) target_.reset();
  return true;
}

void BarEngine::process_bar(const TapeBar& bar, TimeMs open_time, const DetailBars& detail) {
  bar_ = bar;
  time_ = open_time;
  started_ = true;
  held_.entered_on_bar = held_.entered_inside = false;
  report_missing_volume(bar);
  pay_funding(bar.funding_at_open, bar.open);
  execute_open(bar);
  pay_funding(bar.funding_inside, bar.open);
  if (config_.exits.intrabar == IntrabarPolicy::detail && !detail.bars.empty()) {
    execute_detail(detail);
  } else {
    execute_inside(bar, open_time, config_.exits.intrabar);
  }
  mark(bar);
}

bool BarEngine::is_quiet() const {
  if (intents_.any() || !orders_.empty() || wanted_units_ != account_.units) return false;
  return account_.units == 0 || (!config_.exits.trailing_stop && config_.exits.minimal_roi.empty());
}

std::size_t BarEngine::quiet_bars(std::span<const TapeBar> bars) const {
  if (!is_quiet()) return 0;
  if (account_.units == 0) return bars.size();
  const ExitLevels at = levels();
  const auto eventful = [&](const TapeBar& bar) {
    return bar.funding_at_open != 0 || bar.funding_inside != 0 ||
           at.touched_by(held_.side, bar.low, bar.high);
  };
  return static_cast<std::size_t>(std::find_if(bars.begin(), bars.end(), eventful) - bars.begin());
}

void BarEngine::hold(std::span<const TapeBar> bars, std::span<const TimeMs> open_time) {
  assert(quiet_bars(bars) == bars.size() && open_time.size() == bars.size());
  if (bars.empty()) return;
  if (rates_.participation_cap > 0 && !volume_missing_reported_) {
    for (std::size_t i = 0; i < bars.size(); ++i) {
      time_ = open_time[i];
      report_missing_volume(bars[i]);
    }
  }
  bar_ = bars.back();
  time_ = open_time.back();
  started_ = true;
  held_.entered_on_bar = held_.entered_inside = false;
  if (recording_ == Recording::totals) return;
  result_.open_time.insert(result_.open_time.end(), open_time.begin(), open_time.end());
  const std::size_t first = result_.equity.size();
  for (std::vector<double>* column : {&result_.equity, &result_.exposure, &result_.price})
    column->resize(first + bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double equity = account_.equity(bars[i].close);
    result_.equity[first + i] = equity;
    result_.exposure[first + i] = equity > 0 ? account_.units * bars[i].close / equity : 0.0;
    result_.price[first + i] = bars[i].close;
  }
}

void BarEngine::report_missing_volume(const TapeBar& bar) {
  if (!(rates_.participation_cap > 0) || std::isfinite(bar.volume) || volume_missing_reported_) return;
  volume_missing_reported_ = true;
  notify("the bars have no volume: the participation cap is off");
}

void BarEngine::pay_funding(double rate, double price) {
  if (rate == 0 || account_.units == 0) return;
  const double paid = settle_funding(account_, rate, price);
  result_.total_funding += paid;
  trade_.fee += paid;
  held_.liquidation_price = liquidation_price(rates_, account_);
}

void BarEngine::execute_open(const TapeBar& bar) {
  const WaitingDecisions intents = std::exchange(intents_, WaitingDecisions{});
  const double carried = account_.units;
  if (carried != 0 && reaches_liquidation(account_, bar.open, held_.liquidation_price)) {
    close_on(bar, {ExitReason::liquidation, bar.open, false});
    return;
  }
  if (intents.retarget) {
    entry_bracket_.reset();
    wanted_units_ = units_for_target(rates_, bar, account_, *target_);
    cause_ = Cause::target;
    if (*target_ != 0 && wanted_units_ == 0)
      notify(fmt::format("target exposure {} rounds to no lot", *target_));
    closing_reason_ = ExitReason::exit_signal;
  }
  if (intents.quantity != 0) {
    entry_bracket_.reset();
    const double quantity = round_to_lot(rates_, intents.quantity);
    if (quantity == 0) notify(fmt::format("order of {} units rounds to no lot", intents.quantity));
    wanted_units_ = within_leverage(bar, wanted_units_ + quantity);
    cause_ = Cause::units;
    closing_reason_ = ExitReason::exit_signal;
  }
  if (intents.exit) {
    wanted_units_ = 0;
    cause_ = Cause::exit;
    closing_reason_ = ExitReason::exit_signal;
  }
  trade_at_open(bar);
  if (account_.units != 0 && !held_.entered_on_bar && same_side(account_.units, carried)) {
    if (const auto hit = exit_at_open(config_.exits, held_, bar, time_)) close_on(bar, *hit);
  }
  const bool entry_held =
      intents.entry && carried != 0 && (carried > 0) == (*intents.entry == Side::long_side);
  if (intents.entry && account_.units == 0 && !entry_held) {
    decide_entry(bar, intents);
    trade_at_open(bar);
  }
  try_orders(bar, true);
}

void BarEngine::decide_entry(const TapeBar& bar, const WaitingDecisions& intents) {
  cause_ = Cause::entry;
  const double sign = *intents.entry == Side::long_side ? 1.0 : -1.0;
  const Stake& stake = intents.stake;
  double exposure = stake.amount;
  entry_bracket_ = intents.bracket;
  if (stake.kind == Stake::Kind::risk) {
    const double share = entry_bracket_ ? entry_bracket_->stop_loss : config_.exits.stop_loss.value_or(0.0);
    const double stop = bar.open * (1.0 - share);
    exposure = exposure_for_risk(stake.amount, bar.open, stop, rates_.leverage_limit);
  }
  if (stake.kind == Stake::Kind::units) {
    wanted_units_ = within_leverage(bar, sign * round_to_lot(rates_, stake.amount));
  } else {
    if (exposure > rates_.leverage_limit) {
      notify(fmt::format("a stake of exposure {} is cut to the leverage limit {}", exposure,
                         rates_.leverage_limit));
      exposure = rates_.leverage_limit;
    }
    wanted_units_ = units_for_target(rates_, bar, account_, sign * exposure);
  }
  if (wanted_units_ == 0) notify("an entry rounds to no lot or the equity is used up");
}

double BarEngine::within_leverage(const TapeBar& bar, double wanted) {
  const double equity = account_.equity(bar.open);
  const bool smaller = same_side(wanted, account_.units) && std::abs(wanted) <= std::abs(account_.units);
  if (wanted == 0 || smaller) return wanted;
  if (std::abs(wanted) * bar.open <= rates_.leverage_limit * equity * (1.0 + leverage_tolerance))
    return wanted;
  const double most = units_for_target(rates_, bar, account_, std::copysign(rates_.leverage_limit, wanted));
  notify(fmt::format("a position of {} units is cut to {} by the leverage limit", wanted, most));
  return most;
}

void BarEngine::trade_at_open(const TapeBar& bar) {
  const double missing = wanted_units_ - account_.units;
  if (missing == 0) return;
  if (below_minimum(rates_, bar.open, missing, wanted_units_ == 0)) {
    notify(fmt::format("order of {} units is below the minimum notional", missing));
    wanted_units_ = account_.units;
    return;
  }
  const double before = account_.units;
  const Fill fill = trade_towards(rates_, bar, account_, wanted_units_);
  if (fill.quantity == 0) return;
  record(before, fill, closing_reason_);
}

void BarEngine::execute_inside(const TapeBar& bar, TimeMs open_time, IntrabarPolicy policy) {
  if (account_.units != 0) {
    held_.exit_fee = rates_.maker_fee;
    if (const auto hit = exit_inside(config_.exits, policy, held_, bar, open_time)) close_on(bar, *hit);
  }
  if (orders_.empty()) return;
  const double before = account_.units;
  try_orders(bar, false);
  const bool opened = account_.units != 0 && (before == 0 || !same_side(before, account_.units));
  if (!opened) return;
  held_.entered_inside = true;
  if (const auto hit = exit_inside(config_.exits, policy, held_, bar, open_time)) close_on(bar, *hit);
}

void BarEngine::execute_detail(const DetailBars& detail) {
  for (std::size_t i = 0; i < detail.bars.size(); ++i) {
    const TapeBar& bar = detail.bars[i];
    if (i > 0) {
      held_.entered_on_bar = held_.entered_inside = false;
      if (account_.units != 0) {
        if (const auto hit = exit_at_open(config_.exits, held_, bar, detail.open_time[i]))
          close_on(bar, *hit);
      }
      try_orders(bar, true);
    }
    execute_inside(bar, detail.open_time[i], IntrabarPolicy::worst);
  }
}

void BarEngine::close_on(const TapeBar& bar, const ExitHit& hit) {
  const double before = account_.units;
  const bool liquidated = hit.reason == ExitReason::liquidation;
  wanted_units_ = 0;
  cause_ = Cause::protective;
  closing_reason_ = hit.reason;
  const double quantity = liquidated ? -before : capped_quantity(rates_, bar, -before);
  if (quantity == 0) return;
  Fill fill;
  if (liquidated) {
    fill = liquidation_fill(rates_, account_, hit.price);
    target_.reset();
  } else if (hit.maker) {
    fill = maker_fill(rates_, round_to_tick(rates_, hit.price, quantity < 0), quantity);
  } else {
    fill = taker_fill(rates_, bar, hit.price, quantity);
  }
  apply_fill(account_, fill);
  record(before, fill, hit.reason);
}

void BarEngine::try_orders(const TapeBar& bar, bool at_open) {
  std::erase_if(orders_, [&](Order& order) { return try_order(order, bar, at_open); });
}

/// True when the order is done with.
bool BarEngine::try_order(Order& order, const TapeBar& bar, bool at_open) {
  const bool buy = order.quantity > 0;
  double reference = bar.open;
  if (!at_open || order.type != Order::Type::market) {
    if (order.type == Order::Type::market) return false;
    const bool rising = buy == (order.type == Order::Type::stop);  // the price has to rise to the order's
    const double extreme = at_open ? bar.open : rising ? bar.high : bar.low;
    if (rising ? extreme < order.price : extreme > order.price) return false;
    if (!at_open) reference = order.price;
  }
  double wanted = round_to_lot(rates_, order.quantity);
  const double units = account_.units;
  if (order.reduce_only) {
    if (units == 0 || same_side(units, wanted)) return true;
    wanted = std::copysign(std::min(std::abs(wanted), std::abs(units)), wanted);
  }
  const bool closes = wanted == -units;
  if (wanted == 0 || below_minimum(rates_, reference, wanted, closes)) {
    notify(fmt::format("order of {} units is below one lot or the minimum notional", order.quantity));
    return true;
  }
  wanted = within_leverage(bar, units + wanted) - units;
  const double quantity = capped_quantity(rates_, bar, wanted);
  if (quantity == 0) return order.cancel_rest || wanted == 0;
  const Fill fill = order.type == Order::Type::limit ? maker_fill(rates_, reference, quantity)
                                                     : taker_fill(rates_, bar, reference, quantity);
  apply_fill(account_, fill);
  wanted_units_ = account_.units;
  cause_ = Cause::order;
  entry_bracket_.reset();
  record(units, fill, ExitReason::exit_signal);
  order.quantity -= quantity;
  if (order.type == Order::Type::stop) order.type = Order::Type::market;
  return quantity == wanted || order.cancel_rest;
}

void BarEngine::record(double units_before, const Fill& fill, ExitReason reason) {
  const double size = std::abs(fill.quantity);
  result_.traded_notional += size * fill.price;
  result_.total_fees += fill.fee;
  result_.total_slippage += fill.slippage;

  double opened = size;
  const std::size_t trades_before = result_.trades.size();
  if (units_before != 0 && !same_side(units_before, fill.quantity)) {
    const double closed = std::min(size, std::abs(units_before));
    opened = size - closed;
    add_to_average(trade_.exit_quantity, trade_.exit_price, closed, fill.price);
    trade_.fee += fill.fee * (closed / size);
    if (closed == std::abs(units_before)) finish_trade(reason);
  }
  if (opened > 0) start_trade(opened, fill, fill.fee * (opened / size));
  held_.entry_price = account_.entry_price;
  held_.liquidation_price = liquidation_price(rates_, account_);
  if (fills_ == nullptr) return;
  FillRecord& report = fills_->emplace_back(
      FillRecord{time_, fill, units_before, account_.units, cause_, reason, std::nullopt});
  if (result_.trades.size() > trades_before) report.closed = result_.trades.back();
}

void BarEngine::start_trade(double quantity, const Fill& fill, double fee) {
  if (trade_.entry_quantity == 0) {
    held_ = HeldPosition{};
    held_.bracket = entry_bracket_;
    held_.side = fill.quantity > 0 ? Side::long_side : Side::short_side;
    held_.entry_time = time_;
    held_.entry_price = fill.price;
    held_.entered_on_bar = true;
    held_.entry_fee = fee / (quantity * fill.price);
    held_.exit_fee = rates_.maker_fee;
    arm_trailing(config_.exits, held_);
  }
  add_to_average(trade_.entry_quantity, trade_.entry_price, quantity, fill.price);
  trade_.fee += fee;
}

void BarEngine::finish_trade(ExitReason reason) {
  RoundTrip trip;
  trip.entry_time = held_.entry_time;
  trip.exit_time = time_;
  trip.side = held_.side;
  trip.entry_price = trade_.entry_price;
  trip.exit_price = trade_.exit_price;
  trip.quantity = trade_.entry_quantity;
  trip.fee = trade_.fee;
  const double gain = trip.quantity * (trip.exit_price - trip.entry_price);
  trip.profit_abs = (held_.side == Side::long_side ? gain : -gain) - trade_.fee;
  trip.profit_ratio = trip.profit_abs / (trip.quantity * trip.entry_price);
  trip.exit_reason = reason;
  result_.trades.push_back(trip);
  trade_ = OpenTrade{};
}

void BarEngine::mark(const TapeBar& bar) {
  if (recording_ == Recording::totals) return;
  const double equity = account_.equity(bar.close);
  result_.open_time.push_back(time_);
  result_.equity.push_back(equity);
  result_.exposure.push_back(equity > 0 ? account_.units * bar.close / equity : 0.0);
  result_.price.push_back(bar.close);
}

void BarEngine::close_at_end_of_data() {
  if (!started_ || account_.units == 0) return;
  const double before = account_.units;
  const Fill fill = taker_fill(rates_, bar_, bar_.open, -before);
  apply_fill(account_, fill);
  wanted_units_ = 0;
  cause_ = Cause::end_of_data;
  record(before, fill, ExitReason::end_of_data);
  if (result_.equity.empty()) return;  // totals only, or no bar since the state was restored
  result_.equity.back() = account_.cash;
  result_.exposure.back() = 0;
}

void BarEngine::notify(std::string text) {
  if (notices_.size() < most_notices) notices_.push_back({time_, std::move(text)});
}

}  // namespace stevie::execution
