#include "strategy/expert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "features/kernels.h"
#include "strategy/rules.h"

namespace stevie::strategy {
namespace {

constexpr std::size_t longest_window = 1000;

const char* side_name(int side) {
  return side > 0 ? "long" : "short";
}

const char* action_name(ExpertReason reason) {
  switch (reason) {
    case ExpertReason::crossover:
    case ExpertReason::reversal:
      return "enter";
    case ExpertReason::crossed:
    case ExpertReason::exhaustion:
      return "exit";
    default:
      return "nothing";
  }
}

}  // namespace

std::vector<std::string> ExpertConfig::faults() const {
  std::vector<std::string> faults;
  const auto require = [&faults](bool holds, const char* text) {
    if (!holds) faults.emplace_back(text);
  };
  for (const auto& [name, bars] : {std::pair{"rsi_bars", rsi_bars},
                                   {"fast_bars", fast_bars},
                                   {"slow_bars", slow_bars},
                                   {"atr_bars", atr_bars}}) {
    if (bars < 2 || bars > longest_window)
      faults.push_back(fmt::format("{} must be from 2 to {}", name, longest_window));
  }
  require(fast_bars < slow_bars, "fast_bars must be below slow_bars");
  require(rsi_low > 0 && rsi_low < rsi_high && rsi_high < 100,
          "rsi_low must be above 0 and below rsi_high, which must be below 100");
  require(signal_bars >= 1 && signal_bars <= longest_window, "signal_bars must be from 1 to 1000");
  require(stop_atr > 0 && stop_atr <= 100, "stop_atr must be above 0 and at most 100");
  require(risk > 0 && risk <= 1, "risk must be above 0 and at most 1");
  return faults;
}

void ExpertConfig::validate() const {
  const std::vector<std::string> all = faults();
  if (!all.empty()) throw Error("strategy.bad_settings", fmt::format("{}", fmt::join(all, "; ")), "expert");
}

void describe(ConfigBinder& binder, ExpertConfig& config) {
  const std::vector<std::tuple<std::string, std::size_t*, std::string>> windows{
      {"expert.rsi_bars", &config.rsi_bars, "of Wilder's relative strength index"},
      {"expert.fast_bars", &config.fast_bars, "of the fast average of closes"},
      {"expert.slow_bars", &config.slow_bars, "of the slow average of closes"},
      {"expert.signal_bars", &config.signal_bars, "closes on which a signal can still be entered"},
      {"expert.atr_bars", &config.atr_bars, "of the average true range"},
      {"expert.max_missing_bars", &config.gaps.max_missing_bars,
       "behind a gap of more missing bars the indicators begin anew"}};
  for (const auto& [key, value, help] : windows)
    binder.field(key, *value, {.minimum = 0, .maximum = longest_window, .unit = "bars", .help = help});
  binder.field("expert.rsi_low", config.rsi_low,
               {.minimum = 0, .maximum = 100, .help = "below it the market counts as oversold"});
  binder.field("expert.rsi_high", config.rsi_high,
               {.minimum = 0, .maximum = 100, .help = "above it the market counts as overbought"});
  binder.field("expert.stop_atr", config.stop_atr,
               {.minimum = 0,
                .maximum = 100,
                .above_minimum = true,
                .unit = "ATR",
                .help = "distance of the stop from the entry"});
  binder.field("expert.risk", config.risk,
               {.minimum = 0,
                .maximum = 1,
                .above_minimum = true,
                .help = "share of the equity lost at the stop; it sizes the entry"});
  binder.rule("expert", [&config] { return fmt::format("{}", fmt::join(config.faults(), "; ")); });
}

std::string_view to_string(ExpertReason reason) {
  switch (reason) {
    case ExpertReason::not_ready:
      return "not_ready";
    case ExpertReason::no_signal:
      return "no_signal";
    case ExpertReason::extreme:
      return "extreme";
    case ExpertReason::crossover:
      return "crossover";
    case ExpertReason::reversal:
      return "reversal";
    case ExpertReason::holding:
      return "holding";
    case ExpertReason::crossed:
      return "crossed";
    case ExpertReason::exhaustion:
      break;
  }
  return "exhaustion";
}

std::string summary(const ExpertExplanation& explanation) {
  const ExpertRow& row = explanation.row;
  const auto entry = [&](const char* why) {
    return fmt::format("enter {}: {}, risking {:.4g} % of equity at a stop {:.3f} % away",
                       side_name(explanation.side), why, explanation.risk * 100, explanation.stop_loss * 100);
  };
  switch (explanation.reason) {
    case ExpertReason::not_ready:
      return "nothing: too few bars since the beginning or a gap for every input to be known";
    case ExpertReason::no_signal:
      return "nothing: no signal";
    case ExpertReason::extreme:
      return fmt::format("nothing: the {} signal waits while the RSI is {:.1f}", side_name(explanation.side),
                         row.rsi);
    case ExpertReason::crossover:
      return entry("the fast average has crossed the slow one");
    case ExpertReason::reversal:
      return entry("the RSI has come back from its extreme");
    case ExpertReason::holding:
      return fmt::format("nothing: the {} position is held", side_name(explanation.held));
    case ExpertReason::crossed:
      return fmt::format("exit {}: the averages have crossed against it", side_name(explanation.side));
    case ExpertReason::exhaustion:
      break;
  }
  return fmt::format("exit {}: the RSI has come back from its extreme to {:.1f}", side_name(explanation.side),
                     row.rsi);
}

std::string to_json(const ExpertExplanation& explanation) {
  using Json = nlohmann::ordered_json;
  const ExpertRow& row = explanation.row;
  const auto side = [](int value) { return value == 0 ? Json(nullptr) : Json(side_name(value)); };
  return Json{{"time", format_time(explanation.open_time)},
              {"action", action_name(explanation.reason)},
              {"reason", to_string(explanation.reason)},
              {"text", summary(explanation)},
              {"side", side(explanation.side)},
              {"held", side(explanation.held)},
              {"risk", explanation.risk},
              {"stop_loss", explanation.stop_loss},
              {"inputs",
               {{"close", row.close},
                {"rsi", row.rsi},
                {"rsi_before", row.rsi_before},
                {"fast", row.fast},
                {"slow", row.slow},
                {"crossed_up", row.crossed_up},
                {"crossed_down", row.crossed_down},
                {"atr_share", row.atr_share},
                {"ready", row.ready}}}}
      .dump();
}

std::string to_text(const ExpertExplanation& explanation) {
  const ExpertRow& row = explanation.row;
  return fmt::format(
      "{} {}\n  close {:.6g}, RSI {:.1f} after {:.1f}, averages {:.6g} and {:.6g}, ATR {:.3f} %\n",
      format_time(explanation.open_time), summary(explanation), row.close, row.rsi, row.rsi_before, row.fast,
      row.slow, row.atr_share * 100);
}

/// What is kept from bar to bar; begins anew behind a long gap.
struct RsiMaExpert::Indicators {
  explicit Indicators(const ExpertConfig& config)
      : gain(config.rsi_bars),
        loss(config.rsi_bars),
        fast(config.fast_bars),
        slow(config.slow_bars),
        range(config.atr_bars) {}

  std::size_t bars = 0;
  TimeMs open_time = 0;
  double close = 0, rsi = 50;
  int above = 0;  // side on which fast lay of slow when they last differed
  features::WilderAverage gain, loss;
  features::RollingMean fast, slow;
  features::WilderAverage range;
};

RsiMaExpert::RsiMaExpert(const ExpertConfig& config, TimeMs interval)
    : config_((config.validate(), config)), interval_(interval) {
  if (interval <= 0) throw Error("strategy.bad_settings", "the bars have no interval", "expert");
  start();
}

RsiMaExpert::~RsiMaExpert() = default;

void RsiMaExpert::start() {
  indicators_ = std::make_unique<Indicators>(config_);
  signal_ = {};
  last_ = {};
}

std::size_t RsiMaExpert::warm_up() const {
  return std::max({config_.rsi_bars, config_.atr_bars, config_.slow_bars}) + 1;
}

ExpertRow RsiMaExpert::measure(const market::Bar& bar) {
  if (indicators_->bars > 0) {
    const TimeMs steps = (bar.open_time - indicators_->open_time + interval_ / 2) / interval_;
    if (steps > 1 && static_cast<std::size_t>(steps - 1) > config_.gaps.max_missing_bars) start();
  }
  Indicators& seen = *indicators_;
  ExpertRow row;
  row.close = bar.close;
  row.rsi_before = row.rsi = seen.rsi;
  if (seen.bars > 0) {
    const double change = bar.close - seen.close;
    const double gain = seen.gain.push(std::max(change, 0.0));
    const double loss = seen.loss.push(std::max(-change, 0.0));
    row.rsi = 100 * (gain + loss > 0 ? gain / (gain + loss) : 0.5);
    row.atr_share = seen.range.push(features::true_range(bar.high, bar.low, seen.close)) / bar.close;
  }
  row.fast = seen.fast.push(bar.close);
  row.slow = seen.slow.push(bar.close);
  const int above = row.fast > row.slow ? 1 : row.fast < row.slow ? -1 : seen.above;
  row.crossed_up = above > 0 && seen.above < 0;
  row.crossed_down = above < 0 && seen.above > 0;
  seen.above = above;
  seen.open_time = bar.open_time;
  seen.close = bar.close;
  seen.rsi = row.rsi;
  ++seen.bars;
  row.ready = seen.bars >= warm_up() && row.atr_share > 0 && std::isfinite(row.atr_share);
  return row;
}

void RsiMaExpert::note_signals(const ExpertRow& row) {
  if (signal_.closes_left > 0) --signal_.closes_left;
  if (signal_.closes_left == 0) signal_ = {};
  if (!row.ready) return;
  const bool leaves_low = row.rsi_before < config_.rsi_low && row.rsi >= config_.rsi_low;
  const bool leaves_high = row.rsi_before > config_.rsi_high && row.rsi <= config_.rsi_high;
  if (leaves_low) signal_ = {1, ExpertReason::reversal, config_.signal_bars};
  if (leaves_high) signal_ = {-1, ExpertReason::reversal, config_.signal_bars};
  if (row.crossed_up) signal_ = {1, ExpertReason::crossover, config_.signal_bars};
  if (row.crossed_down) signal_ = {-1, ExpertReason::crossover, config_.signal_bars};
}

Decision RsiMaExpert::choose(const ExpertRow& row, int held) {
  last_.reason = ExpertReason::not_ready;
  if (held != 0) {
    last_.reason = ExpertReason::holding;
    if (!row.ready) return Decision::hold();
    const bool against = held > 0 ? row.crossed_down : row.crossed_up;
    const bool exhausted = held > 0 ? row.rsi_before > config_.rsi_high && row.rsi <= config_.rsi_high
                                    : row.rsi_before < config_.rsi_low && row.rsi >= config_.rsi_low;
    if (!against && !exhausted) return Decision::hold();
    last_.reason = against ? ExpertReason::crossed : ExpertReason::exhaustion;
    last_.side = held;
    return Decision::exit();
  }
  if (!row.ready) return Decision::hold();
  last_.reason = ExpertReason::no_signal;
  if (signal_.side == 0) return Decision::hold();
  last_.side = signal_.side;
  last_.reason = ExpertReason::extreme;
  if (signal_.side > 0 ? row.rsi >= config_.rsi_high : row.rsi <= config_.rsi_low) return Decision::hold();
  last_.reason = signal_.reason;
  last_.risk = config_.risk;
  last_.stop_loss = std::min(config_.stop_atr * row.atr_share, largest_stop_share);
  const auto side = signal_.side > 0 ? execution::Side::long_side : execution::Side::short_side;
  signal_ = {};
  return Decision::enter(side, {execution::Stake::Kind::risk, last_.risk}, {last_.stop_loss, 0});
}

Decision RsiMaExpert::decide(const Situation& situation) {
  const ExpertRow row = measure(situation.bar);
  note_signals(row);
  last_ = {};
  last_.open_time = situation.bar.open_time;
  last_.row = row;
  last_.held = situation.side;
  const Decision decision = choose(row, situation.side);
  if (observer_) observer_(last_);
  return decision;
}

}  // namespace stevie::strategy
