#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/config.h"
#include "market/gaps.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// The expert that policies may be cloned from: relative strength index and a crossover of two averages.
struct ExpertConfig {
  /// Wilder's RSI of the closes. Default 14 bars. Below `rsi_low` a market counts as oversold, above
  /// `rsi_high` as overbought. Defaults 30 and 70.
  std::size_t rsi_bars = 14;
  double rsi_low = 30.0;
  double rsi_high = 70.0;
  /// Simple means of the closes. Defaults 10 and 30 bars. Further apart they cross less often.
  std::size_t fast_bars = 10;
  std::size_t slow_bars = 30;
  /// For how many closes a signal can still be entered. Default 3: one that comes while a position of the
  /// other side leaves is not lost.
  std::size_t signal_bars = 3;
  /// Wilder's average true range, the unit of the stop and so of the size. Default 14 bars.
  std::size_t atr_bars = 14;
  /// Distance of the stop from the entry price. Default 3 ATR. Nearer stops mean larger positions that are
  /// stopped out more often.
  double stop_atr = 3.0;
  /// Share of the equity that is lost at the stop, before costs: a volatile market gets a small position.
  /// Default 0.01. The leverage limit cuts the position.
  double risk = 0.01;
  /// Behind a longer gap all indicators begin anew.
  market::GapPolicy gaps;

  /// One sentence per value out of range.
  std::vector<std::string> faults() const;
  /// Throws Error "strategy.bad_settings" that lists all faults.
  void validate() const;
};

/// Names the fields expert.* with their ranges.
void describe(ConfigBinder& binder, ExpertConfig& config);

/// What the expert looks at on one close.
struct ExpertRow {
  double close = 0;
  double rsi = 50, rsi_before = 50;  // now and on the close before
  double fast = 0, slow = 0;         // means of the closes
  bool crossed_up = false;           // fast has risen above slow on this close
  bool crossed_down = false;
  double atr_share = 0;  // average true range / close
  bool ready = false;    // every window is full and the ATR is above 0
};

enum class ExpertReason : std::uint8_t {
  not_ready,   // too few bars since the beginning or a gap
  no_signal,   // flat, and nothing to enter
  extreme,     // a signal waits: the market is overbought for a long, oversold for a short
  crossover,   // enter: the averages have crossed
  reversal,    // enter: the RSI has come back from its extreme
  holding,     // the position stays
  crossed,     // exit: the averages have crossed against the position
  exhaustion,  // exit: the RSI has come back from the extreme that the position was waiting for
};
std::string_view to_string(ExpertReason reason);

/// Everything behind one decision.
struct ExpertExplanation {
  TimeMs open_time = 0;  // of the bar that has closed
  ExpertRow row;
  int held = 0;  // side of the position: 1, -1, 0
  ExpertReason reason = ExpertReason::not_ready;
  int side = 0;          // of the entry, of the position that leaves, or of the signal that waits
  double risk = 0;       // of an entry: share of the equity
  double stop_loss = 0;  // of an entry: share of the price
};

/// One sentence: what is done and why.
std::string summary(const ExpertExplanation& explanation);
/// One JSON object on one line, without the line feed; keys in docs/strategy.md.
std::string to_json(const ExpertExplanation& explanation);
/// The time, the sentence and the numbers, for a person.
std::string to_text(const ExpertExplanation& explanation);

/// Enters long
///   crossover  the fast average has crossed above the slow one, unless the RSI is >= rsi_high, or
///   reversal   the RSI has come back above rsi_low,
/// and short in the mirror. Leaves a long when the fast average crosses below the slow one, or the RSI comes
/// back below rsi_high; a short in the mirror; either at its stop. Entries are sized by their stop, so that
/// volatility decides how large they are.
class RsiMaExpert final : public Strategy {
 public:
  /// interval: of the bars. Throws Error "strategy.bad_settings".
  RsiMaExpert(const ExpertConfig& config, TimeMs interval);
  ~RsiMaExpert() override;

  std::string name() const override { return "rsi-ma"; }
  void start() override;
  Decision decide(const Situation& situation) override;

  const ExpertExplanation& last() const { return last_; }
  void observe_with(std::function<void(const ExpertExplanation&)> observer) {
    observer_ = std::move(observer);
  }
  /// Bars without a long gap before the first one on which it can decide.
  std::size_t warm_up() const;

 private:
  struct Indicators;
  ExpertRow measure(const market::Bar& bar);
  void note_signals(const ExpertRow& row);
  Decision choose(const ExpertRow& row, int held);

  ExpertConfig config_;
  TimeMs interval_;
  std::unique_ptr<Indicators> indicators_;
  struct Signal {
    int side = 0;
    ExpertReason reason = ExpertReason::no_signal;
    std::size_t closes_left = 0;
  };
  Signal signal_;
  ExpertExplanation last_;
  std::function<void(const ExpertExplanation&)> observer_;
};

}  // namespace stevie::strategy
