#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/time.h"

namespace stevie::live {

/// What no order may exceed. Set by a person: in the configuration (section risk), or while the program runs
/// by name and with a reason, on record (live_commands.h). Nothing else writes it, searches least of all.
struct RiskLimits {
  double order_notional_share = 1.5;   // largest order value over equity; above 0
  double symbol_notional_share = 1.5;  // largest position value of a symbol over equity
  double exposure_share = 3.0;         // largest sum of |position value| over equity
  std::size_t orders_per_minute = 60;  // over all symbols, by the feed's clock; 0: no limit
  double price_collar_share = 0.1;  // largest distance of the newest price from the order's reference price
  double stale_intervals = 2.0;     // data older than this many bar intervals: no entry
  double daily_loss_share = 0.05;   // loss since 00:00 UTC from which positions are only reduced, that day
  double drawdown_share = 0.25;     // fall of the equity from its peak that halts trading, until a person
                                    // re-arms it
  /// One sentence per value out of range.
  std::vector<std::string> faults() const;
  void validate() const;  // throws Error "live.bad_limits" with all of them
  bool operator==(const RiskLimits&) const = default;
};
void describe(ConfigBinder& binder, RiskLimits& limits);

enum class RiskState : std::uint8_t {
  active,    // orders pass within the limits
  reducing,  // only orders that make a position smaller pass
  halted     // no order passes, but for those of a kill that flattens
};
std::string_view to_string(RiskState state);

/// Why an order did not pass. Names are stable: metrics, API and ledger carry them. Only append.
enum class Denial : std::uint8_t {
  none,
  not_reconciled,  // account and record do not agree yet
  killed,
  halted,
  reducing_only,
  duplicate_order,
  stale_data,
  late_bar,
  order_rate,
  price_collar,
  order_notional,
  symbol_notional,
  exposure,
  bad_order  // not finite, no units
};
inline constexpr std::size_t denial_count = 14;  // `none` included, so that a Denial is an index
std::string_view to_string(Denial denial);       // "order_notional"

/// An order as the risk engine sees it.
struct OrderCheck {
  std::string id, symbol;  // id: broker::order_id() of the symbol and the bar it was decided on
  TimeMs now = 0;          // the feed's clock
  TimeMs data_time = 0;    // close of the newest bar of the symbol
  TimeMs interval = 0;
  bool late_bar = false;
  double reference_price = 0;  // the order was decided at
  double newest_price = 0;
  double units_before = 0, units_after = 0;  // of the symbol's position, signed
  double equity = 0;
  double other_exposure = 0;  // sum of what the other symbols hold or are ordered to hold, |value|
};

/// The kill switch as it stands.
struct Kill {
  std::string by, reason;
  TimeMs time = 0;
  bool flatten = false;
};

/// Everything that must survive a restart.
struct RiskRecord {
  std::optional<Kill> kill;
  std::optional<std::string> halt;  // why trading is halted, other than by a kill
  bool marked = false;              // the account was marked at least once; else the next five mean nothing
  double peak_equity = 0;
  double last_equity = 0;                             // at the newest mark
  std::int64_t day = 0;                               // days since 1970 of day_start_equity
  double day_start_equity = 0;                        // at 00:00 UTC
  bool daily_loss_reached = false;                    // that day
  TimeMs clock = 0;                                   // the latest time seen
  std::vector<TimeMs> order_times;                    // of what passed within the last minute of the clock
  std::map<std::string, TimeMs> newest_order;         // by symbol: the time in the newest id that passed
  std::array<std::uint64_t, denial_count> denials{};  // indexed by Denial
  std::uint64_t passed = 0;
};

/// Every order passes here before it reaches a broker. Deterministic: the same calls give the same answers.
/// Not for several threads at once.
///
/// check() asks in this order, and the first that objects names the denial; * is not asked of an order that
/// only makes a position smaller:
///   bad_order        a number that is not finite, a price, interval or time that cannot be, an id that is
///                    not order_id() of the symbol and a bar that has closed, or no change of units
///   not_reconciled, killed, halted
///   reducing_only *  the day's loss is reached
///   duplicate_order  the bar in the id is not behind the newest one of the symbol that passed
///   stale_data *     the newest bar closed more than stale_intervals ago, or as far ahead of the clock
///   late_bar *       the bar was fetched after the fact
///   order_rate       orders_per_minute have passed within the last minute
///   price_collar     the newest price is too far from the reference price
///   order_notional, symbol_notional, exposure *  each above its share of the equity
/// An order that turns a position over counts as one that opens. What is denied counts neither for the rate
/// nor as seen.
///
/// Clocks that step back: days and the order rate go by the latest time seen, so that a clock set back
/// neither begins a new day for the loss nor frees the rate. A clock that was ahead by mistake therefore
/// keeps both closed until time has caught up or a person re-arms.
class RiskEngine {
 public:
  explicit RiskEngine(const RiskLimits& limits);

  /// Denial::none: it may go, and counts for rate and duplicates from here on.
  Denial check(const OrderCheck& order);
  /// The account was marked: watches the day's loss and the drawdown. `time`: the feed's clock. The first
  /// mark behind 00:00 UTC begins a day; its loss counts from this mark where it is at 00:00 itself, else
  /// from the mark before, which is the nearest that is known. Equity that is not finite halts trading.
  void mark(TimeMs time, double equity);

  /// False until the account was reconciled with the record.
  void set_reconciled(bool reconciled);
  bool reconciled() const { return reconciled_; }

  /// Latched. A second kill leaves name and reason of the first, and flattens where either does.
  void kill(const Kill& kill);
  /// Ends kill and halt; the peak begins anew at `equity`, the clock at `time`. A person's reason is required
  /// by the caller. The day's loss stays reached until the day ends, unless the clock had been ahead of
  /// `time` by a day.
  void rearm(TimeMs time, double equity);

  /// Holds for every order from now on; what has passed, and the day's loss and halt where they were reached,
  /// stay. Throws Error "live.bad_limits" and changes nothing.
  void set_limits(const RiskLimits& limits);

  RiskState state() const;
  /// One sentence that says why the state is what it is; empty while active.
  std::string why() const;
  const RiskRecord& record() const { return record_; }
  const RiskLimits& limits() const { return limits_; }
  /// JSON of the record; restore() throws Error "live.bad_risk_record" and changes nothing.
  std::string save() const;
  void restore(const std::string& json);

 private:
  Denial judge(const OrderCheck& order);
  Denial judge_size(const OrderCheck& order) const;
  void forget_old_orders();
  void begin_day(std::int64_t day, double equity);

  RiskLimits limits_;
  RiskRecord record_;
  bool reconciled_ = false;
};

}  // namespace stevie::live
