#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"
#include "execution/engine.h"

namespace stevie::execution {
namespace {

bool is_price(double value) {
  return std::isfinite(value) && value > 0;
}

/// Not finite or below 0.
bool is_negative(double value) {
  return !(std::isfinite(value) && value >= 0);
}

bool is_sound(const std::optional<Bracket>& bracket) {
  return !bracket || !(is_negative(bracket->stop_loss) || is_negative(bracket->take_profit));
}

}  // namespace

std::vector<std::string> EngineState::faults() const {
  std::vector<std::string> faults;
  const auto require = [&](bool good, std::string_view sentence) {
    if (!good) faults.emplace_back(sentence);
  };
  require(std::isfinite(account.cash) && std::isfinite(account.units), "cash or units are not finite");
  require(is_price(initial_equity), "the initial equity is not above 0");
  const bool is_held = account.units != 0;
  require(is_held ? is_price(account.entry_price) : account.entry_price == 0,
          "the entry price does not fit the units held");
  require(std::isfinite(wanted_units), "the units aimed at are not finite");
  require(!target || std::isfinite(*target), "the target is not finite");
  require(is_sound(entry_bracket) && is_sound(waiting.bracket) && is_sound(held.bracket),
          "a bracket is not finite or below 0");
  require(std::isfinite(waiting.quantity) && std::isfinite(waiting.stake.amount),
          "a waiting decision is not finite");
  for (const Order& order : orders) {
    require(std::isfinite(order.quantity) && !is_negative(order.price), "a resting order is not finite");
  }
  if (is_held) {
    require((held.side == Side::long_side) == (account.units > 0), "side and units differ");
    require(is_price(held.entry_price) && !is_negative(held.trailing_level) &&
                !is_negative(held.liquidation_price) && std::isfinite(held.entry_fee) &&
                std::isfinite(held.exit_fee),
            "the position held has levels that are not finite or below 0");
    require(is_price(trade.entry_quantity) && is_price(trade.entry_price) &&
                !is_negative(trade.exit_quantity) && !is_negative(trade.exit_price) &&
                std::isfinite(trade.fee),
            "the open round trip has no entry");
  }
  require(std::isfinite(traded_notional) && std::isfinite(total_fees) && std::isfinite(total_slippage) &&
              std::isfinite(total_funding),
          "a total is not finite");
  if (started) {
    require(is_price(bar.open) && is_price(bar.high) && is_price(bar.low) && is_price(bar.close) &&
                bar.volume >= 0 && !is_negative(bar.range) && std::isfinite(bar.funding_at_open) &&
                std::isfinite(bar.funding_inside),
            "the last bar is not sound");
  } else {
    require(!is_held, "a position is held before the first bar");
  }
  return faults;
}

EngineState BarEngine::state() const {
  EngineState state;
  state.account = account_;
  state.waiting = intents_;
  state.orders = orders_;
  state.trade = trade_;
  state.held = held_;
  state.target = target_;
  state.entry_bracket = entry_bracket_;
  state.wanted_units = wanted_units_;
  state.cause = cause_;
  state.closing_reason = closing_reason_;
  state.volume_missing_reported = volume_missing_reported_;
  state.started = started_;
  state.bar = bar_;
  state.time = time_;
  state.initial_equity = result_.initial_equity;
  state.traded_notional = result_.traded_notional;
  state.total_fees = result_.total_fees;
  state.total_slippage = result_.total_slippage;
  state.total_funding = result_.total_funding;
  return state;
}

void BarEngine::restore(const EngineState& state) {
  if (const auto faults = state.faults(); !faults.empty())
    throw Error("execution.bad_state",
                fmt::format("this is no state that an engine can go on from: {}", fmt::join(faults, "; ")));
  std::vector<Order> orders = state.orders;
  SimulationResult result;
  result.initial_equity = state.initial_equity;
  result.traded_notional = state.traded_notional;
  result.total_fees = state.total_fees;
  result.total_slippage = state.total_slippage;
  result.total_funding = state.total_funding;
  account_ = state.account;
  intents_ = state.waiting;
  orders_ = std::move(orders);
  trade_ = state.trade;
  held_ = state.held;
  target_ = state.target;
  entry_bracket_ = state.entry_bracket;
  wanted_units_ = state.wanted_units;
  cause_ = state.cause;
  closing_reason_ = state.closing_reason;
  volume_missing_reported_ = state.volume_missing_reported;
  started_ = state.started;
  bar_ = state.bar;
  time_ = state.time;
  result_ = std::move(result);
  notices_.clear();
}

}  // namespace stevie::execution
