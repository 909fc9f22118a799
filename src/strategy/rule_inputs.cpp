#include "strategy/rule_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <string_view>

#include "core/error.h"
#include "features/kernels.h"
#include "strategy/ordered_window.h"

namespace stevie::strategy {
namespace {

constexpr std::size_t least_window = 2;
constexpr std::size_t most_window = 1000;
constexpr TimeMs longest_span = 3650 * day_ms;
constexpr std::size_t least_values = 10;  // behind a percentile, however long the bars

/// Standard deviations below this share of the mean are rounding of equal closes.
constexpr double least_relative_deviation = 1e-12;

std::size_t bars_of(TimeMs span, TimeMs interval) {
  return static_cast<std::size_t>(span / interval);
}

void check_side(double score) {
  if (score >= -1 && score <= 1) return;
  throw Error("strategy.bad_columns",
              fmt::format("a social score is {}: it must lie between -1 and 1", score), "social score");
}

void check_length(std::size_t length, std::size_t bars, std::string_view name) {
  if (length == 0 || length == bars) return;
  throw Error("strategy.bad_columns",
              fmt::format("the column has {} values for {} bars: give one per bar, or none", length, bars),
              std::string(name));
}

bool sound(double price) {
  return std::isfinite(price) && price > 0;
}

}  // namespace

std::vector<std::string> RuleSettings::faults() const {
  std::vector<std::string> faults;
  const auto window = [&](std::size_t bars, std::string_view name) {
    if (bars < least_window || bars > most_window) {
      faults.push_back(
          fmt::format("{} is {}: it must be {} to {} bars", name, bars, least_window, most_window));
    }
  };
  const auto span = [&](TimeMs value, TimeMs least, TimeMs most, std::string_view name) {
    if (value < least || value > most) {
      faults.push_back(fmt::format("{} is {} ms: it must be {} to {}", name, value, format_duration(least),
                                   format_duration(most)));
    }
  };
  window(volatility_min_bars, "volatility_min_bars");
  window(channel_bars, "channel_bars");
  window(mean_bars, "mean_bars");
  window(atr_bars, "atr_bars");
  span(volatility_span, minute_ms, 30 * day_ms, "volatility_span");
  span(percentile_span, day_ms, longest_span, "percentile_span");
  span(percentile_min_span, day_ms, std::clamp(percentile_span, day_ms, longest_span), "percentile_min_span");
  if (!(stretch >= 0.5 && stretch <= 10)) {
    faults.push_back(fmt::format("stretch is {}: it must be 0.5 to 10", stretch));
  }
  return faults;
}

void RuleSettings::validate() const {
  std::string all;
  for (const std::string& fault : faults()) all += (all.empty() ? "" : "; ") + fault;
  if (!all.empty()) throw Error("strategy.bad_settings", all, "rule settings");
}

/// What is kept from bar to bar. `Segment` begins anew behind a long gap, the past volatilities do not.
struct RuleInputStream::State {
  struct Segment {
    explicit Segment(const RuleSettings& settings, std::size_t volatility_bars)
        : square_returns(volatility_bars),
          highest(settings.channel_bars),
          lowest(settings.channel_bars),
          closes(settings.mean_bars),
          true_range(settings.atr_bars) {}

    features::RollingSum square_returns;
    features::RollingMax highest, lowest;  // `lowest` of minus the lows
    features::RecentValues<double> closes;
    features::WilderAverage true_range;
    double channel_high = 0, channel_low = 0;  // of the bars up to the one before
    double last_close = 0;
    std::size_t bars = 0;
  };
  struct PastVolatility {
    TimeMs open_time = 0;
    double value = 0;
  };

  State(const RuleSettings& rule_settings, TimeMs bar_interval)
      : settings((rule_settings.validate(), rule_settings)),
        interval(bar_interval),
        volatility_bars(
            std::max(settings.volatility_min_bars, bars_of(settings.volatility_span, bar_interval))),
        least_past(std::max(least_values, bars_of(settings.percentile_min_span, bar_interval))),
        segment(settings, volatility_bars) {}

  bool behind_long_gap(TimeMs open_time) const;
  void take_return(const market::Bar& bar, RuleRow& row);
  void rank(TimeMs open_time, RuleRow& row);
  void take_channel(const market::Bar& bar, RuleRow& row);
  void take_mean(RuleRow& row);
  void take_range(const market::Bar& bar, RuleRow& row);

  RuleSettings settings;
  TimeMs interval;
  std::size_t volatility_bars, least_past;
  Segment segment;
  OrderedWindow sorted;
  std::deque<PastVolatility> past;  // what `sorted` holds, oldest first
  TimeMs last_open = 0;
  bool any = false;
  bool ranked = false;  // the newest bar has a percentile
};

bool RuleInputStream::State::behind_long_gap(TimeMs open_time) const {
  const auto steps = (open_time - last_open + interval / 2) / interval;
  return any && steps > 1 && static_cast<std::size_t>(steps - 1) > settings.gaps.max_missing_bars;
}

void RuleInputStream::State::take_return(const market::Bar& bar, RuleRow& row) {
  ranked = false;
  if (segment.bars == 0) return;
  const double log_return = std::log(bar.close / segment.last_close);
  const double sum = segment.square_returns.push(log_return * log_return);
  if (segment.bars < volatility_bars) return;
  row.volatility = std::sqrt(sum / static_cast<double>(volatility_bars));
  rank(bar.open_time, row);
}

void RuleInputStream::State::rank(TimeMs open_time, RuleRow& row) {
  while (!past.empty() && past.front().open_time < open_time - settings.percentile_span) {
    sorted.remove(past.front().value);
    past.pop_front();
  }
  if (past.size() >= least_past) {
    const double below = static_cast<double>(sorted.count_below(row.volatility));
    const double up_to = static_cast<double>(sorted.count_up_to(row.volatility));
    row.volatility_percentile = 50.0 * (below + up_to) / static_cast<double>(past.size());
    ranked = true;
  }
  sorted.insert(row.volatility);
  past.push_back({open_time, row.volatility});
}

void RuleInputStream::State::take_channel(const market::Bar& bar, RuleRow& row) {
  if (segment.bars >= settings.channel_bars) {
    row.channel_high = segment.channel_high;
    row.channel_low = segment.channel_low;
    if (bar.close > row.channel_high) row.breakout = 1;
    if (bar.close < row.channel_low) row.breakout = -1;
  }
  segment.channel_high = segment.highest.push(bar.high);
  segment.channel_low = -segment.lowest.push(-bar.low);
}

void RuleInputStream::State::take_mean(RuleRow& row) {
  segment.closes.push(row.close);
  const std::size_t count = segment.closes.count();
  if (count < settings.mean_bars) return;
  const double* closes = segment.closes.data();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += closes[i];
  row.mean = sum / static_cast<double>(count);
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) squares += (closes[i] - row.mean) * (closes[i] - row.mean);
  const double deviation = std::sqrt(squares / static_cast<double>(count - 1));
  if (deviation <= least_relative_deviation * row.mean) return;
  row.z_score = (row.close - row.mean) / deviation;
  if (row.z_score >= settings.stretch) row.stretched = 1;
  if (row.z_score <= -settings.stretch) row.stretched = -1;
}

void RuleInputStream::State::take_range(const market::Bar& bar, RuleRow& row) {
  row.range = (bar.high - bar.low) / bar.close;
  const double before = segment.bars == 0 ? bar.open : segment.last_close;
  const double average = segment.true_range.push(features::true_range(bar.high, bar.low, before));
  if (segment.bars + 1 >= settings.atr_bars) row.atr_share = average / bar.close;
}

RuleInputStream::RuleInputStream(const RuleSettings& settings, TimeMs interval) {
  if (interval < second_ms) {
    throw Error("strategy.bad_columns",
                fmt::format("the interval of the bars is {} ms: it must be at least a second", interval),
                "bars");
  }
  state_ = std::make_unique<State>(settings, interval);
}
RuleInputStream::~RuleInputStream() = default;
RuleInputStream::RuleInputStream(RuleInputStream&&) noexcept = default;
RuleInputStream& RuleInputStream::operator=(RuleInputStream&&) noexcept = default;

RuleRow RuleInputStream::push(const market::Bar& bar, const RuleSide& side) {
  State& state = *state_;
  if (!(sound(bar.open) && sound(bar.high) && sound(bar.low) && sound(bar.close))) {
    throw Error("strategy.bad_bar", "a price is not finite and above 0: check the bars",
                format_time(bar.open_time));
  }
  if (state.any && bar.open_time <= state.last_open) {
    throw Error("strategy.bad_bar",
                "the bar does not open after the one before: give each bar once, in order",
                format_time(bar.open_time));
  }
  check_side(side.social_score);
  if (state.behind_long_gap(bar.open_time))
    state.segment = State::Segment(state.settings, state.volatility_bars);

  RuleRow row;
  row.close = bar.close;
  row.social_score = side.social_score;
  row.social_fresh = side.social_fresh;
  row.regime = side.regime;
  state.take_return(bar, row);
  state.take_channel(bar, row);
  state.take_mean(row);
  state.take_range(bar, row);
  State::Segment& segment = state.segment;
  row.ready = state.ranked && segment.bars >= state.settings.channel_bars &&
              segment.bars + 1 >= state.settings.mean_bars && row.atr_share > 0;
  segment.last_close = bar.close;
  ++segment.bars;
  state.last_open = bar.open_time;
  state.any = true;
  return row;
}

RuleInputs make_rule_inputs(const market::Bars& bars, const RuleSettings& settings,
                            const RuleSideColumns& sides) {
  const std::size_t count = bars.size();
  check_length(sides.social_score.size(), count, "social score");
  check_length(sides.social_fresh.size(), count, "social fresh");
  check_length(sides.regime.size(), count, "regime");
  RuleInputStream stream(settings, bars.interval);
  RuleInputs inputs;
  inputs.symbol = bars.symbol;
  inputs.interval = bars.interval;
  inputs.stretch = settings.stretch;
  inputs.resize(count);
  inputs.open_time = bars.open_time;
  for (std::size_t i = 0; i < count; ++i) {
    RuleSide side;
    if (!sides.social_score.empty()) side.social_score = sides.social_score[i];
    if (!sides.social_fresh.empty()) side.social_fresh = sides.social_fresh[i] != 0;
    if (!sides.regime.empty()) side.regime = sides.regime[i];
    inputs.set(i, stream.push(bars[i], side));
  }
  return inputs;
}

void RuleInputs::resize(std::size_t rows) {
  open_time.resize(rows);
  for (auto* column : {&close, &volatility, &volatility_percentile, &channel_high, &channel_low, &mean,
                       &z_score, &atr_share, &range, &social_score})
    column->resize(rows);
  for (auto* column : {&breakout, &stretched}) column->resize(rows);
  for (auto* column : {&social_fresh, &ready}) column->resize(rows);
  regime.resize(rows);
}

void RuleInputs::set(std::size_t i, const RuleRow& row) {
  close[i] = row.close;
  volatility[i] = row.volatility;
  volatility_percentile[i] = row.volatility_percentile;
  channel_high[i] = row.channel_high;
  channel_low[i] = row.channel_low;
  mean[i] = row.mean;
  z_score[i] = row.z_score;
  atr_share[i] = row.atr_share;
  range[i] = row.range;
  social_score[i] = row.social_score;
  breakout[i] = row.breakout;
  stretched[i] = row.stretched;
  social_fresh[i] = row.social_fresh;
  ready[i] = row.ready;
  regime[i] = row.regime;
}

}  // namespace stevie::strategy
