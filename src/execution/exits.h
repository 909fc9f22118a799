#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "execution/bar_tape.h"
#include "execution/simulation_result.h"

namespace stevie::execution {

/// Which of two levels that both lie inside one bar was touched first.
enum class IntrabarPolicy : std::uint8_t {
  worst,     // the stop, always: the default
  ohlc,      // open, high, low, close
  adaptive,  // the extreme nearer to the open first
  detail     // replay the finer bars inside; `worst` inside each of them
};
std::string_view to_string(IntrabarPolicy policy);
/// Throws Error "execution.bad_policy".
IntrabarPolicy parse_intrabar_policy(std::string_view text);

/// From `minutes` after the entry on, a net profit of `ratio` closes the position.
struct RoiStep {
  double minutes = 0;
  double ratio = 0;
};
/// Reads "0:0.1,30:0.05" (minutes:profit). Throws Error "execution.bad_roi".
std::vector<RoiStep> parse_minimal_roi(std::string_view text);

/// Protective exits of a position, as shares of its entry price (0.05 is 5 %). Absent: not used.
struct ExitRules {
  std::optional<double> stop_loss;      // loss at which the position is closed
  std::optional<double> take_profit;    // gain at which it is closed
  std::optional<double> trailing_stop;  // distance of the stop to the best price since the entry
  /// The trailing stop starts only once the gain has reached this; needs trailing_stop. Absent: from the
  /// entry on.
  std::optional<double> trailing_offset;
  /// Profit net of fees above which the position is closed, falling with its age; the last step whose minutes
  /// have passed at a bar's open counts for that bar. A ratio of -1 closes at any price.
  std::vector<RoiStep> minimal_roi;
  IntrabarPolicy intrabar = IntrabarPolicy::worst;

  bool any() const { return stop_loss || take_profit || trailing_stop || !minimal_roi.empty(); }
  std::vector<std::string> faults() const;
};

/// Stop loss and take profit of one position, as shares of its entry price (0.05 is 5 %). 0: none.
struct Bracket {
  double stop_loss = 0;    // loss at which the position is closed
  double take_profit = 0;  // gain at which it is closed

  friend bool operator==(const Bracket&, const Bracket&) = default;
};

/// What the exit rules know of the open position.
struct HeldPosition {
  Side side = Side::long_side;
  double entry_price = 0;
  TimeMs entry_time = 0;               // open of the bar the entry filled on
  bool entered_on_bar = false;         // the entry filled on the bar under examination
  bool entered_inside = false;         // and not at its open: what the bar did before the entry is unknown
  double trailing_level = 0;           // 0: not armed yet
  double liquidation_price = 0;        // 0: none
  double entry_fee = 0, exit_fee = 0;  // shares of notional, for the net profit of minimal_roi
  std::optional<Bracket> bracket;      // instead of the rules' stop_loss and take_profit
};

/// An exit that the bar triggers.
struct ExitHit {
  ExitReason reason = ExitReason::stop_loss;
  double price = 0;    // the trigger price, or the open; spread and slippage not applied yet
  bool maker = false;  // a resting order filled: no spread and slippage, maker fee
};

/// The prices at which a bar would close the position, whatever the intrabar policy.
struct ExitLevels {
  double losing = 0;   // the nearest of stop loss, trailing stop and liquidation; NaN: none
  double winning = 0;  // take profit; NaN: none

  /// False: no price from `low` to `high` can close a position of that side by these levels.
  bool touched_by(Side side, double low, double high) const {
    return side == Side::long_side ? low <= losing || high >= winning : high >= losing || low <= winning;
  }
};
/// Without minimal_roi, and with the trailing stop where it stands now.
ExitLevels exit_levels(const ExitRules& rules, const HeldPosition& position);

/// Sets the trailing level a position starts with; call once when it has been opened.
void arm_trailing(const ExitRules& rules, HeldPosition& position);

/// Levels the bar opens beyond: liquidation, stop and trailing stop, take profit (all filled at the open), a
/// step of minimal_roi that comes into force at this open.
std::optional<ExitHit> exit_at_open(const ExitRules& rules, const HeldPosition& position, const TapeBar& bar,
                                    TimeMs open_time);

/// Levels the bar reaches after its open, in the sequence of the policy; moves the trailing level. `detail`
/// policy is the caller's: it calls this with each finer bar and the policy `worst`.
std::optional<ExitHit> exit_inside(const ExitRules& rules, IntrabarPolicy policy, HeldPosition& position,
                                   const TapeBar& bar, TimeMs open_time);

}  // namespace stevie::execution
