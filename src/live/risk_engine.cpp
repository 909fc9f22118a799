#include "live/risk_engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace stevie::live {
namespace {

constexpr std::array<std::string_view, denial_count> denial_names{
    "none",       "not_reconciled", "killed",     "halted",       "reducing_only",  "duplicate_order",
    "stale_data", "late_bar",       "order_rate", "price_collar", "order_notional", "symbol_notional",
    "exposure",   "bad_order"};

/// Rounding of doubles in orders that are meant to be exactly at a limit.
constexpr double tolerance = 1e-9;
constexpr std::size_t most_orders_per_minute = 10'000;
constexpr TimeMs latest_time = 100'000'000 * day_ms;  // far enough, and safe to add to

bool is_price(double value) {
  return std::isfinite(value) && value > 0;
}

bool is_time(TimeMs time) {
  return time >= 0 && time <= latest_time;
}

/// The time in "BTC/USDT@1609459200000"; nothing where that is no id of the symbol.
std::optional<TimeMs> time_in_id(const OrderCheck& order) {
  const std::string_view id = order.id;
  if (order.symbol.empty() || !id.starts_with(order.symbol) || id.size() < order.symbol.size() + 2)
    return std::nullopt;
  if (id[order.symbol.size()] != '@') return std::nullopt;
  const std::string_view digits = id.substr(order.symbol.size() + 1);
  TimeMs time = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), time);
  const bool read = error == std::errc{} && end == digits.data() + digits.size() && is_time(time);
  // One spelling a time: "+5" and "05" would be other ids of the same bar.
  return read && (digits.size() == 1 || digits[0] != '0') ? std::optional(time) : std::nullopt;
}

bool is_sound(const OrderCheck& order) {
  const bool times = is_time(order.now) && is_time(order.data_time) && order.interval > 0;
  const bool prices = is_price(order.reference_price) && is_price(order.newest_price);
  const bool units = std::isfinite(order.units_before) && std::isfinite(order.units_after) &&
                     order.units_before != order.units_after;
  const bool account =
      std::isfinite(order.equity) && std::isfinite(order.other_exposure) && order.other_exposure >= 0;
  return times && prices && units && account;
}

/// Makes the position smaller and does nothing else.
bool only_reduces(const OrderCheck& order) {
  if (order.units_before == 0) return false;
  if (order.units_after == 0) return true;
  return (order.units_before > 0) == (order.units_after > 0) &&
         std::abs(order.units_after) < std::abs(order.units_before);
}

std::string percent(double share) {
  return fmt::format("{:.4g} %", 100 * share);
}

}  // namespace

std::string_view to_string(RiskState state) {
  switch (state) {
    case RiskState::active:
      return "active";
    case RiskState::reducing:
      return "reducing";
    case RiskState::halted:
      break;
  }
  return "halted";
}

std::string_view to_string(Denial denial) {
  return denial_names[static_cast<std::size_t>(denial)];
}

std::vector<std::string> RiskLimits::faults() const {
  std::vector<std::string> faults;
  const auto within = [&](double value, double most, std::string_view name) {
    if (!(std::isfinite(value) && value > 0 && value <= most))
      faults.push_back(fmt::format("{} is {}: it must be above 0 and at most {}", name, value, most));
  };
  constexpr double most_leverage = 1000;
  within(order_notional_share, most_leverage, "order_notional_share");
  within(symbol_notional_share, most_leverage, "symbol_notional_share");
  within(exposure_share, most_leverage, "exposure_share");
  within(price_collar_share, 10, "price_collar_share");
  within(stale_intervals, 1e6, "stale_intervals");
  within(daily_loss_share, 1, "daily_loss_share");
  within(drawdown_share, 1, "drawdown_share");
  if (orders_per_minute > most_orders_per_minute)
    faults.push_back(fmt::format("orders_per_minute is {}: it must be at most {}, or 0 for no limit",
                                 orders_per_minute, most_orders_per_minute));
  return faults;
}

void RiskLimits::validate() const {
  const std::vector<std::string> all = faults();
  if (!all.empty()) throw Error("live.bad_limits", fmt::format("{}", fmt::join(all, "; ")), "risk");
}

void describe(ConfigBinder& binder, RiskLimits& limits) {
  const auto share = [&](const char* key, double& value, double maximum, const char* help) {
    binder.field(key, value, {.minimum = 0, .maximum = maximum, .above_minimum = true, .help = help});
  };
  share("risk.order_notional_share", limits.order_notional_share, 1000,
        "largest value of one order, as a share of the equity");
  share("risk.symbol_notional_share", limits.symbol_notional_share, 1000,
        "largest value of a symbol's position, as a share of the equity");
  share("risk.exposure_share", limits.exposure_share, 1000,
        "largest sum of the values of all positions, as a share of the equity");
  binder.field("risk.orders_per_minute", limits.orders_per_minute,
               {.minimum = 0,
                .maximum = static_cast<double>(most_orders_per_minute),
                .unit = "orders",
                .help = "of all symbols, by the clock of the feed; 0: no limit"});
  share("risk.price_collar_share", limits.price_collar_share, 10,
        "largest distance of the newest price from the one the order was decided at");
  binder.field("risk.stale_intervals", limits.stale_intervals,
               {.minimum = 0,
                .maximum = 1e6,
                .above_minimum = true,
                .unit = "bars",
                .help = "data older than this many bar intervals: no position is opened or enlarged"});
  share("risk.daily_loss_share", limits.daily_loss_share, 1,
        "loss since 00:00 UTC from which positions are only reduced until the day ends");
  share("risk.drawdown_share", limits.drawdown_share, 1,
        "fall of the equity from its peak that halts trading until a person re-arms it");
}

RiskEngine::RiskEngine(const RiskLimits& limits) : limits_((limits.validate(), limits)) {}

Denial RiskEngine::check(const OrderCheck& order) {
  const Denial denial = judge(order);
  if (denial != Denial::none) {
    ++record_.denials[static_cast<std::size_t>(denial)];
    return denial;
  }
  ++record_.passed;
  record_.newest_order[order.symbol] = *time_in_id(order);
  if (limits_.orders_per_minute > 0) record_.order_times.push_back(record_.clock);
  return Denial::none;
}

Denial RiskEngine::judge(const OrderCheck& order) {
  const std::optional<TimeMs> decided = time_in_id(order);
  if (!is_sound(order) || !decided || *decided > order.data_time) return Denial::bad_order;
  record_.clock = std::max(record_.clock, order.now);
  if (!reconciled_) return Denial::not_reconciled;
  if (record_.kill) return Denial::killed;
  if (record_.halt) return Denial::halted;
  const bool reduces = only_reduces(order);
  if (record_.daily_loss_reached && !reduces) return Denial::reducing_only;

  const auto newest = record_.newest_order.find(order.symbol);
  if (newest != record_.newest_order.end() && *decided <= newest->second) return Denial::duplicate_order;
  if (!reduces) {
    const double age = std::abs(static_cast<double>(order.now - order.data_time));
    if (age > limits_.stale_intervals * static_cast<double>(order.interval)) return Denial::stale_data;
    if (order.late_bar) return Denial::late_bar;
  }
  forget_old_orders();
  if (limits_.orders_per_minute > 0 && record_.order_times.size() >= limits_.orders_per_minute)
    return Denial::order_rate;
  const double distance = std::abs(order.newest_price - order.reference_price);
  if (distance > limits_.price_collar_share * order.reference_price * (1 + tolerance))
    return Denial::price_collar;
  return reduces ? Denial::none : judge_size(order);
}

Denial RiskEngine::judge_size(const OrderCheck& order) const {
  const double change = std::abs(order.units_after - order.units_before) * order.newest_price;
  const double held = std::abs(order.units_after) * order.newest_price;
  const auto above = [&](double value, double share) {
    return !(value <= share * order.equity * (1 + tolerance));
  };
  if (above(change, limits_.order_notional_share)) return Denial::order_notional;
  if (above(held, limits_.symbol_notional_share)) return Denial::symbol_notional;
  if (above(held + order.other_exposure, limits_.exposure_share)) return Denial::exposure;
  return Denial::none;
}

void RiskEngine::forget_old_orders() {
  std::erase_if(record_.order_times, [&](TimeMs time) { return time <= record_.clock - minute_ms; });
}

void RiskEngine::begin_day(std::int64_t day, double equity) {
  record_.day = day;
  record_.day_start_equity = equity;
  record_.daily_loss_reached = false;
}

void RiskEngine::mark(TimeMs time, double equity) {
  time = std::clamp<TimeMs>(time, 0, latest_time);
  record_.clock = std::max(record_.clock, time);
  if (!std::isfinite(equity)) {
    if (!record_.halt) record_.halt = "the account's value is not a number";
    return;
  }
  const std::int64_t day = utc_day(time);
  if (!record_.marked) {
    begin_day(day, equity);
    record_.peak_equity = equity;
  } else if (day > record_.day) {
    begin_day(day, time == day * day_ms ? equity : record_.last_equity);
  }
  record_.marked = true;
  record_.last_equity = equity;
  record_.peak_equity = std::max(record_.peak_equity, equity);

  const double peak = record_.peak_equity;
  if (!record_.halt && (equity <= 0 || equity <= peak * (1 - limits_.drawdown_share)))
    record_.halt = peak > 0 ? fmt::format("the equity fell {} below its peak of {:.2f}, and {} is allowed",
                                          percent(1 - equity / peak), peak, percent(limits_.drawdown_share))
                            : "the equity is used up";
  if (equity <= record_.day_start_equity * (1 - limits_.daily_loss_share)) record_.daily_loss_reached = true;
}

void RiskEngine::set_reconciled(bool reconciled) {
  reconciled_ = reconciled;
}

void RiskEngine::kill(const Kill& kill) {
  if (!record_.kill) {
    record_.kill = kill;
  } else {
    record_.kill->flatten = record_.kill->flatten || kill.flatten;
  }
}

void RiskEngine::rearm(TimeMs time, double equity) {
  time = std::clamp<TimeMs>(time, 0, latest_time);
  record_.kill.reset();
  record_.halt.reset();
  const bool was_ahead = record_.clock > time;
  record_.clock = time;
  if (was_ahead) record_.order_times.clear();
  if (!std::isfinite(equity)) return mark(time, equity);
  record_.peak_equity = record_.last_equity = equity;
  if (!record_.marked || utc_day(time) < record_.day) begin_day(utc_day(time), equity);
  record_.marked = true;
}

void RiskEngine::set_limits(const RiskLimits& limits) {
  limits.validate();
  limits_ = limits;
}

RiskState RiskEngine::state() const {
  if (!reconciled_ || record_.kill || record_.halt) return RiskState::halted;
  return record_.daily_loss_reached ? RiskState::reducing : RiskState::active;
}

std::string RiskEngine::why() const {
  if (record_.kill)
    return fmt::format("{} stopped trading at {}{}: {}", record_.kill->by, format_time(record_.kill->time),
                       record_.kill->flatten ? " and closed all positions" : "", record_.kill->reason);
  if (record_.halt) return *record_.halt;
  if (!reconciled_) return "the account has not been reconciled with the record";
  if (record_.daily_loss_reached)
    return fmt::format(
        "the loss of {} reached the limit of a day, which began with an equity of {:.2f}; positions are only "
        "reduced until it ends",
        format_date(record_.day * day_ms), record_.day_start_equity);
  return {};
}

}  // namespace stevie::live
