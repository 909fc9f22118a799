#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/time.h"

namespace stevie::live {

/// What no order may exceed. Set by a person in the configuration (section risk) when the program starts;
/// nothing in the program writes it, searches least of all.
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
inline constexpr std::size_t denial_count = 13;
std::string_view to_string(Denial denial);  // "order_notional"

/// An order as the risk engine sees it.
struct OrderCheck {
  std::string id, symbol;
  TimeMs now = 0;        // the feed's clock
  TimeMs data_time = 0;  // close of the newest bar of the symbol
  TimeMs interval = 0;
  bool late_bar = false;
  double reference_price = 0;  // the order was decided at
  double newest_price = 0;
  double units_before = 0, units_after = 0;  // of the symbol's position, signed
  double equity = 0;
  double other_exposure = 0;  // sum of |position value| of the other symbols
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
  double peak_equity = 0;
  std::int64_t day = 0;  // days since 1970 of day_start_equity
  double day_start_equity = 0;
  std::array<std::uint64_t, denial_count> denials{};
  std::uint64_t passed = 0;
};

/// Every order passes here before it reaches a broker. Deterministic: the same calls give the same answers.
/// Not for several threads at once.
class RiskEngine {
 public:
  explicit RiskEngine(const RiskLimits& limits);

  /// Denial::none: it may go, and counts for rate and duplicates from here on.
  Denial check(const OrderCheck& order);
  /// The account was marked: watches the day's loss and the drawdown. `time`: the feed's clock.
  void mark(TimeMs time, double equity);

  /// False until the account was reconciled with the record.
  void set_reconciled(bool reconciled);
  bool reconciled() const { return reconciled_; }

  void kill(const Kill& kill);
  /// Ends kill and halt; the peak begins anew at `equity`. A person's reason is required by the caller.
  void rearm(TimeMs time, double equity);

  RiskState state() const;
  /// One sentence that says why the state is what it is; empty while active.
  std::string why() const;
  const RiskRecord& record() const { return record_; }
  const RiskLimits& limits() const { return limits_; }
  /// JSON of the record; restore() throws Error "live.bad_risk_record" and changes nothing.
  std::string save() const;
  void restore(const std::string& json);

 private:
  RiskLimits limits_;
  RiskRecord record_;
  bool reconciled_ = false;
  std::vector<TimeMs> recent_orders_;
  std::vector<std::string> recent_ids_;  // owner: choose what bounds them
};

}  // namespace stevie::live
