#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/live_life.h"
#include "app/live_performance.h"
#include "stats/calibration.h"

namespace stevie::live {
class BarHistory;
}  // namespace stevie::live

namespace stevie::app {

// How good the live account is, over its whole life. What each figure means: docs/performance.md.

/// The closes on which a symbol was traded, from the account's beginning to its now; (bars) each.
struct SymbolCloses {
  std::string symbol;
  std::vector<TimeMs> open_time;
  std::vector<double> close;
};
/// Of every symbol, from the loop's bars. Where the bars do not reach back to the account's beginning they
/// begin later.
std::vector<SymbolCloses> traded_closes(const LiveLife& life, const live::BarHistory& bars);

/// The same out of the journals in `folder`, where no loop is at hand. Damaged journals end the search.
std::vector<SymbolCloses> recorded_closes(const LiveLife& life, const std::filesystem::path& folder);

/// What the account, or one symbol's part of it, was worth at each close, and what buying at the first close
/// and holding would have been; (bars) each. Of several symbols a row for each time at which any has a bar.
struct EquityPath {
  TimeMs interval = 0;
  double initial_equity = 0;  // before the first bar
  std::vector<TimeMs> open_time;
  std::vector<double> equity;
  std::vector<double> exposure;      // value of the positions over equity, signed
  std::vector<double> held;          // equity of buy and hold: equal parts in each symbol, no costs
  std::vector<double> trade_profit;  // of the closed trades, oldest exit first
  double fees = 0, traded_notional = 0;
};
/// From the fills on record: cash behind the newest fill and the position at the close. Funding that was paid
/// counts from the close of its position on. `symbol`: empty for the account.
EquityPath equity_path(const LiveLife& life, std::span<const SymbolCloses> closes,
                       const std::string& symbol = {});

/// A point of the equity curve, at the close of a bar.
struct EquityTracePoint {
  TimeMs time = 0;
  double equity = 0;
  double drawdown = 0;  // loss from the highest equity of the account's life until then, a fraction
};
struct EquityTrace {
  std::vector<EquityTracePoint> points;  // oldest first
};
struct TraceRequest {
  std::optional<TimeMs> from = {}, to = {};
  std::size_t points = 500;  // at most; stats::thin_out() says which stay
};
/// The account's equity at every close, thinned out; at the steps on record alone for times before the closes
/// begin.
EquityTrace trace_equity(const LiveLife& life, std::span<const SymbolCloses> closes,
                         const TraceRequest& request);

/// Live against buy and hold over a path, with intervals. Throws Error "app.no_bars" where it is empty.
LivePerformance measure_life(const EquityPath& path);

enum class PeriodLength : std::uint8_t { day, month };

/// One UTC day or month.
struct PeriodRow {
  TimeMs begin = 0, end = 0;  // of the calendar's period; the account's first and last may be partial
  std::size_t bars = 0;
  double start_equity = 0, end_equity = 0;
  double max_drawdown = 0;          // within the period, its start a peak; on closes
  std::size_t trades = 0, won = 0;  // closed in it; won: with a profit above 0
  double trade_pnl = 0;             // of those
  double fees = 0;                  // of its fills
  double held_return = 0;           // of buy and hold

  double pnl() const { return end_equity - start_equity; }
  std::optional<double> net_return() const {
    return start_equity > 0 ? std::optional(pnl() / start_equity) : std::nullopt;
  }
};
/// Oldest first, those with a bar.
std::vector<PeriodRow> measure_periods(const LiveLife& life, const EquityPath& path, PeriodLength length,
                                       const std::string& symbol = {});

/// By what trades are put together.
enum class GroupBy : std::uint8_t { regime, rule, symbol, version, exit, side };
inline constexpr std::array all_groupings{GroupBy::regime,  GroupBy::rule, GroupBy::symbol,
                                          GroupBy::version, GroupBy::exit, GroupBy::side};
std::string_view to_string(GroupBy by);

/// The closed trades of one group.
struct TradeGroup {
  std::string
      key;  // "bull", "breakout", "BTC/USDT", "3", "stop_loss"; "unknown" where the record does not say
  std::size_t trades = 0, won = 0;
  stats::Interval win_rate_interval;  // Wilson
  double pnl = 0, fees = 0;
  double gross_profit = 0, gross_loss = 0;             // sums of the profits above and below 0; both >= 0
  double mean_return = 0;                              // of the trades' returns
  std::optional<stats::Interval> expectancy_interval;  // of the mean pnl; nothing for fewer than 10 trades
  double mean_duration = 0;                            // milliseconds
  TimeMs first = 0, last = 0;                          // exits

  double win_rate() const { return static_cast<double>(won) / static_cast<double>(trades); }
  double expectancy() const { return pnl / static_cast<double>(trades); }
  std::optional<double> profit_factor() const {
    return gross_loss > 0 ? std::optional(gross_profit / gross_loss) : std::nullopt;
  }
};
inline constexpr std::size_t few_trades = 30;  // below so many a group's figures say little
struct TradeGroups {
  std::vector<TradeGroup> groups;     // most trades first
  std::optional<TradeGroup> all;      // nothing where no trade has closed
  double level = 0.95;                // of the intervals
  std::uint64_t trades_left_out = 0;  // oldest ones that are not at hand any more
};
TradeGroups measure_groups(const LiveLife& life, GroupBy by, const std::string& symbol = {});

/// The confidence of decisions to enter against whether their trades were closed with a profit.
struct ConfidenceCheck {
  stats::Calibration calibration;
  std::size_t bins = 10;
  double level = 0.95;
  std::size_t without_confidence = 0;  // closed trades whose decision gave none
};
ConfidenceCheck check_confidence(const LiveLife& life, std::size_t bins, const std::string& symbol = {},
                                 const std::string& rule = {});

/// What followed decisions to enter.
struct FollowUp {
  std::string what;                              // "taken", or the code of the denial
  std::string rule;                              // empty: of all rules
  std::size_t count = 0;                         // whose horizon lies behind
  std::size_t right = 0;                         // the price moved the way that was bet on
  stats::Interval right_interval;                // Wilson
  double mean_return = 0;                        // in the direction of the entry, before costs
  std::optional<stats::Interval> mean_interval;  // nothing for fewer than 10
  std::size_t pending = 0;                       // whose horizon has not passed yet
};
struct DecisionQuality {
  std::uint64_t decisions = 0;
  std::map<std::string, std::uint64_t> actions, denials, reasons;  // reasons: live::tally_key()
  std::size_t horizon = 0;                                         // bars
  std::vector<FollowUp> follow_ups;     // taken: all, then by rule; denied: by code
  std::optional<double> market_return;  // mean over as many bars of all the bars: what being long at any time
                                        // gave; nothing where there are fewer bars
  std::size_t market_bars = 0;
  double level = 0.95;
};
DecisionQuality judge_decisions(const LiveLife& life, std::span<const SymbolCloses> closes,
                                std::size_t horizon, const std::string& symbol = {});

}  // namespace stevie::app
