#pragma once
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "app/live_statistics.h"

namespace stevie::app {

/// For tests: the account of hours of BTC/USDT and, where asked for, ETH/USDT, whose steps are written by
/// hand.
class HandMadeLife {
 public:
  explicit HandMadeLife(std::vector<std::string> symbols = {"BTC/USDT"}, std::size_t most_kept = 100'000)
      : life(most_kept), symbols_(std::move(symbols)) {}

  static broker::Fill fill(TimeMs hour, double units, double price, double fee, const std::string& reason,
                           const std::string& order = "", const std::string& symbol = "BTC/USDT") {
    broker::Fill made;
    made.order_id = order.empty() ? symbol + "@" + std::to_string((hour - 1) * hour_ms) : order;
    made.symbol = symbol;
    made.time = hour * hour_ms;
    made.units = units;
    made.price = price;
    made.fee = fee;
    made.reason = reason;
    return made;
  }

  /// A decision to enter at the close of this hour.
  static live::DecidedRecord entry(TimeMs hour, const std::string& rule, const std::string& side,
                                   std::optional<double> confidence, const std::string& regime = "bull",
                                   live::Denial denial = live::Denial::none,
                                   const std::string& symbol = "BTC/USDT") {
    live::DecidedRecord made;
    made.number = static_cast<std::uint64_t>(hour) + 1;
    made.symbol = symbol;
    made.time = hour * hour_ms;
    made.order_id = symbol + "@" + std::to_string(hour * hour_ms);
    made.action = "enter";
    made.parameter_version = 3;
    made.denial = denial;
    made.gist = {
        .reason = "qualified", .rule = rule, .side = side, .regime = regime, .confidence = confidence};
    return made;
  }

  live::StepRecord step(TimeMs hour) const {
    live::StepRecord made;
    made.session = "20260101-000000-live";
    made.step = static_cast<std::uint64_t>(hour) + 1;
    made.now = (hour + 1) * hour_ms;
    made.symbols = symbols_;
    made.interval = hour_ms;
    made.why = "change";
    made.initial_equity = 1000;
    made.parameter_version = 3;
    made.decisions = made.step;
    for (const std::string& symbol : symbols_) made.newest[symbol] = hour * hour_ms;
    return made;
  }
  void fills(TimeMs hour, std::vector<broker::Fill> list) {
    live::StepRecord made = step(hour);
    made.fills = std::move(list);
    life.take(made);
  }
  void decided(TimeMs hour, std::vector<live::DecidedRecord> list) {
    live::StepRecord made = step(hour);
    made.decided = std::move(list);
    life.take(made);
  }

  LiveLife life;

 private:
  std::vector<std::string> symbols_;
};

/// Closes of consecutive hours.
inline SymbolCloses hourly(const std::vector<double>& closes, const std::string& symbol = "BTC/USDT") {
  SymbolCloses made{.symbol = symbol, .open_time = {}, .close = closes};
  for (std::size_t i = 0; i < closes.size(); ++i) made.open_time.push_back(static_cast<TimeMs>(i) * hour_ms);
  return made;
}

}  // namespace stevie::app
