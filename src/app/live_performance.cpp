#include "app/live_performance.h"

#include <cmath>

#include "core/error.h"
#include "stats/bootstrap.h"

namespace stevie::app {
namespace {

/// Positions smaller than this are rounding.
constexpr double no_units = 1e-12;

/// An equity curve with what its metrics need, bar by bar.
struct Curve {
  std::vector<TimeMs> open_time;
  std::vector<double> equity, exposure, trade_profit;
  double traded_notional = 0, fees = 0;

  stats::EquityCurve view(double initial_equity, TimeMs interval) const {
    return {.initial_equity = initial_equity,
            .interval = interval,
            .open_time = open_time,
            .equity = equity,
            .exposure = exposure,
            .trade_profit = trade_profit,
            .traded_notional = traded_notional};
  }
};

/// Cash and position of one symbol on the way through its fills.
class Walk {
 public:
  Walk(double cash, double units, double price) : cash_(cash - units * price), units_(units) {}

  void fill(const broker::Fill& fill, Curve& curve) {
    const double notional = std::abs(fill.units) * fill.price;
    const bool was_flat = std::abs(units_) <= no_units;
    if (was_flat) {
      entered_ = true;
      entry_equity_ = cash_;
    }
    cash_ -= fill.units * fill.price + fill.fee;
    units_ += fill.units;
    curve.traded_notional += notional;
    curve.fees += fill.fee;
    if (std::abs(units_) > no_units) return;
    units_ = 0;
    if (entered_) curve.trade_profit.push_back(cash_ - entry_equity_);
    entered_ = false;
  }

  void close(const ClosePoint& point, Curve& curve) const {
    const double value = units_ * point.close;
    const double equity = cash_ + value;
    curve.open_time.push_back(point.open_time);
    curve.equity.push_back(equity);
    curve.exposure.push_back(equity > 0 ? value / equity : 0.0);
  }

 private:
  double cash_;
  double units_;
  bool entered_ = false;  // whether the position was opened behind the first bar
  double entry_equity_ = 0;
};

Curve live_curve(const LiveTrades& trades) {
  std::size_t next = 0;
  while (next < trades.fills.size() && trades.fills[next].time < trades.closes.front().open_time) ++next;
  double units = trades.units_now;
  for (std::size_t i = next; i < trades.fills.size(); ++i) units -= trades.fills[i].units;
  if (std::abs(units) <= no_units) units = 0;
  Curve curve;
  Walk walk(trades.initial_equity, units, trades.closes.front().close);
  for (const ClosePoint& point : trades.closes) {
    for (; next < trades.fills.size() && trades.fills[next].time <= point.open_time; ++next)
      walk.fill(trades.fills[next], curve);
    walk.close(point, curve);
  }
  return curve;
}

Curve held_curve(const LiveTrades& trades) {
  Curve curve;
  const double units = trades.initial_equity / trades.closes.front().close;
  for (const ClosePoint& point : trades.closes) {
    curve.open_time.push_back(point.open_time);
    curve.equity.push_back(units * point.close);
    curve.exposure.push_back(1);
  }
  return curve;
}

stats::Performance measured(const stats::EquityCurve& curve, const stats::BootstrapConfig& bootstrap) {
  stats::Performance performance = stats::measure(curve);
  stats::add_intervals(curve, bootstrap, performance);
  return performance;
}

}  // namespace

LivePerformance measure_live(const LiveTrades& trades) {
  if (trades.closes.empty())
    throw Error("app.no_bars", "no bar of this symbol has been traded yet: come back after the next close");
  const stats::BootstrapConfig bootstrap;
  const Curve live = live_curve(trades);
  const Curve held = held_curve(trades);
  return {.from = trades.closes.front().open_time,
          .to = trades.closes.back().open_time + trades.interval,
          .bars = trades.closes.size(),
          .initial_equity = trades.initial_equity,
          .final_equity = live.equity.back(),
          .fees = live.fees,
          .traded_notional = live.traded_notional,
          .live = measured(live.view(trades.initial_equity, trades.interval), bootstrap),
          .buy_and_hold = measured(held.view(trades.initial_equity, trades.interval), bootstrap),
          .level = bootstrap.level};
}

}  // namespace stevie::app
