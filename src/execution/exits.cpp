#include "execution/exits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"

namespace stevie::execution {
namespace {

constexpr std::array<std::string_view, 4> policy_names{"worst", "ohlc", "adaptive", "detail"};

/// Prices seen from the position: up is gain for either side.
struct View {
  double sign;
  double open, best, worst, close;

  View(Side side, const TapeBar& bar)
      : sign(side == Side::long_side ? 1.0 : -1.0),
        open(bar.open),
        best(side == Side::long_side ? bar.high : bar.low),
        worst(side == Side::long_side ? bar.low : bar.high),
        close(bar.close) {}

  /// a is at least as good for the position as b.
  bool reaches_up(double a, double b) const { return sign * a >= sign * b; }
  bool falls_to(double a, double b) const { return sign * a <= sign * b; }
  double better(double a, double b) const { return sign * a >= sign * b ? a : b; }
  double poorer(double a, double b) const { return sign * a <= sign * b ? a : b; }
};

struct Level {
  ExitReason reason;
  double price;
};

double sign_of(Side side) {
  return side == Side::long_side ? 1.0 : -1.0;
}

double price_at_gain(const HeldPosition& position, double gain) {
  return position.entry_price * (1.0 + sign_of(position.side) * gain);
}

/// The price of the position's own stop loss or, without a bracket, of the rules'.
std::optional<double> stop_price(const ExitRules& rules, const HeldPosition& position) {
  const double share = position.bracket ? position.bracket->stop_loss : rules.stop_loss.value_or(0.0);
  if (share == 0) return std::nullopt;
  return price_at_gain(position, -share);
}

std::optional<double> take_profit_price(const ExitRules& rules, const HeldPosition& position) {
  const double share = position.bracket ? position.bracket->take_profit : rules.take_profit.value_or(0.0);
  if (share == 0) return std::nullopt;
  return price_at_gain(position, share);
}

/// The losing level that a falling price meets first.
std::optional<Level> nearest_stop(const ExitRules& rules, const HeldPosition& position) {
  std::optional<Level> nearest;
  const double sign = sign_of(position.side);
  const auto offer = [&](ExitReason reason, double price) {
    if (!nearest || sign * price > sign * nearest->price) nearest = Level{reason, price};
  };
  if (const auto price = stop_price(rules, position)) offer(ExitReason::stop_loss, *price);
  if (position.trailing_level > 0) offer(ExitReason::trailing_stop, position.trailing_level);
  if (position.liquidation_price > 0) offer(ExitReason::liquidation, position.liquidation_price);
  return nearest;
}

std::optional<RoiStep> roi_in_force(const ExitRules& rules, const HeldPosition& position, TimeMs open_time) {
  const double age = static_cast<double>(open_time - position.entry_time) / static_cast<double>(minute_ms);
  std::optional<RoiStep> current;
  for (const RoiStep& step : rules.minimal_roi) {
    if (step.minutes <= age) current = step;
  }
  return current;
}

/// Price at which the net profit over the entry notional is `ratio`: long (1 - exit fee) p = (1 + entry fee +
/// ratio) e.
double roi_price(const HeldPosition& position, double ratio) {
  const double sign = sign_of(position.side);
  return position.entry_price * (1.0 + sign * (ratio + position.entry_fee)) /
         (1.0 - sign * position.exit_fee);
}

/// The winning level that a rising price meets first. minimal_roi needs a profit ABOVE its ratio.
std::optional<ExitHit> winning_exit(const ExitRules& rules, const HeldPosition& position, const View& view,
                                    double reached, TimeMs open_time) {
  std::optional<ExitHit> hit;
  const auto level = take_profit_price(rules, position);
  if (level && view.reaches_up(reached, *level)) hit = ExitHit{ExitReason::take_profit, *level, true};
  if (const auto step = roi_in_force(rules, position, open_time)) {
    const double roi = roi_price(position, step->ratio);
    if (view.sign * reached > view.sign * roi) {
      // The whole bar may lie above a level that came into force since the last look: the price of that
      // moment is unknown, so the poorest of the bar is taken.
      const double price = view.better(roi, view.worst);
      if (!hit || view.sign * price < view.sign * hit->price) hit = ExitHit{ExitReason::roi, price, true};
    }
  }
  return hit;
}

double trailing_price(const ExitRules& rules, const View& view, double best) {
  return best * (1.0 - view.sign * *rules.trailing_stop);
}

bool trailing_armed_by(const ExitRules& rules, const HeldPosition& position, const View& view, double best) {
  return rules.trailing_stop &&
         (!rules.trailing_offset || view.reaches_up(best, price_at_gain(position, *rules.trailing_offset)));
}

void raise_trailing(const ExitRules& rules, HeldPosition& position, const View& view, double best) {
  if (!trailing_armed_by(rules, position, view, best)) return;
  const double level = trailing_price(rules, view, best);
  position.trailing_level = position.trailing_level > 0 ? view.better(position.trailing_level, level) : level;
}

std::optional<ExitHit> worst_case(const ExitRules& rules, HeldPosition& position, const TapeBar& bar,
                                  TimeMs open_time) {
  const View view(position.side, bar);
  if (const auto stop = nearest_stop(rules, position); stop && view.falls_to(view.worst, stop->price)) {
    return ExitHit{stop->reason, stop->price, false};
  }
  if (position.entered_inside) return std::nullopt;
  if (const auto hit = winning_exit(rules, position, view, view.best, open_time)) return hit;
  if (!trailing_armed_by(rules, position, view, view.best)) return std::nullopt;

  raise_trailing(rules, position, view, view.best);
  if (!view.falls_to(view.worst, position.trailing_level)) return std::nullopt;
  double price = position.trailing_level;
  if (position.entered_on_bar) {
    // On the entry's own bar the price is taken to rise just enough to arm the stop and to fall from there.
    const double arming =
        rules.trailing_offset ? price_at_gain(position, *rules.trailing_offset) : position.entry_price;
    price = view.poorer(price, view.better(view.worst, trailing_price(rules, view, arming)));
  }
  return ExitHit{ExitReason::trailing_stop, price, false};
}

/// Walks straight lines between the points of the bar, in time order.
std::optional<ExitHit> along_path(const ExitRules& rules, HeldPosition& position, const TapeBar& bar,
                                  const std::array<double, 4>& points, TimeMs open_time) {
  const View view(position.side, bar);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const double from = points[i - 1];
    const double to = points[i];
    if (view.sign * to < view.sign * from) {
      const auto stop = nearest_stop(rules, position);
      if (stop && view.falls_to(to, stop->price)) return ExitHit{stop->reason, stop->price, false};
    } else if (!position.entered_inside) {
      if (const auto hit = winning_exit(rules, position, view, to, open_time)) return hit;
      raise_trailing(rules, position, view, to);
    }
  }
  return std::nullopt;
}

void require(std::vector<std::string>& faults, bool good, std::string text) {
  if (!good) faults.push_back(std::move(text));
}

}  // namespace

std::string_view to_string(IntrabarPolicy policy) {
  return policy_names[static_cast<std::size_t>(policy)];
}

IntrabarPolicy parse_intrabar_policy(std::string_view text) {
  const auto found = std::find(policy_names.begin(), policy_names.end(), text);
  if (found == policy_names.end()) {
    throw Error("execution.bad_policy",
                "'" + std::string(text) + "' is no intrabar policy: use worst, ohlc, adaptive or detail");
  }
  return static_cast<IntrabarPolicy>(found - policy_names.begin());
}

std::vector<RoiStep> parse_minimal_roi(std::string_view text) {
  const auto bad = [&]() -> Error {
    return Error("execution.bad_roi",
                 "'" + std::string(text) +
                     "' is no list of minutes:profit such as \"0:0.1,30:0.05\" with rising minutes");
  };
  const auto number = [&](std::string_view part) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size() || !std::isfinite(value)) throw bad();
    return value;
  };
  std::vector<RoiStep> steps;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    const std::size_t colon = item.find(':');
    if (colon == std::string_view::npos) throw bad();
    steps.push_back({number(item.substr(0, colon)), number(item.substr(colon + 1))});
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].minutes < 0 || (i > 0 && steps[i].minutes <= steps[i - 1].minutes)) throw bad();
  }
  return steps;
}

std::vector<std::string> ExitRules::faults() const {
  std::vector<std::string> faults;
  const auto share = [&](const std::optional<double>& value, const std::string& name, bool below_one) {
    if (!value) return;
    require(faults, std::isfinite(*value) && *value > 0 && (!below_one || *value < 1),
            name + " must be " + (below_one ? "between 0 and 100 %" : "above 0 %"));
  };
  share(stop_loss, "stop_loss", false);
  share(take_profit, "take_profit", false);
  share(trailing_stop, "trailing_stop", true);
  share(trailing_offset, "trailing_offset", false);
  require(faults, !trailing_offset || trailing_stop, "trailing_offset needs trailing_stop");
  for (std::size_t i = 0; i < minimal_roi.size(); ++i) {
    const RoiStep& step = minimal_roi[i];
    const bool rising = i == 0 || step.minutes > minimal_roi[i - 1].minutes;
    require(faults, rising && step.minutes >= 0 && std::isfinite(step.minutes) && std::isfinite(step.ratio),
            "minimal_roi needs finite profits at rising minutes");
  }
  return faults;
}

ExitLevels exit_levels(const ExitRules& rules, const HeldPosition& position) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const auto stop = nearest_stop(rules, position);
  return {stop ? stop->price : none, take_profit_price(rules, position).value_or(none)};
}

void arm_trailing(const ExitRules& rules, HeldPosition& position) {
  position.trailing_level = 0;
  if (rules.trailing_stop && !rules.trailing_offset) {
    position.trailing_level = price_at_gain(position, -*rules.trailing_stop);
  }
}

std::optional<ExitHit> exit_at_open(const ExitRules& rules, const HeldPosition& position, const TapeBar& bar,
                                    TimeMs open_time) {
  const View view(position.side, bar);
  if (const auto stop = nearest_stop(rules, position); stop && view.falls_to(view.open, stop->price)) {
    return ExitHit{stop->reason, view.open, false};
  }
  if (const auto level = take_profit_price(rules, position); level && view.reaches_up(view.open, *level)) {
    return ExitHit{ExitReason::take_profit, view.open, true};
  }
  if (const auto step = roi_in_force(rules, position, open_time)) {
    const bool new_now = static_cast<double>(open_time - position.entry_time) ==
                         step->minutes * static_cast<double>(minute_ms);
    const double level = roi_price(position, step->ratio);
    if (new_now && open_time > position.entry_time && view.sign * view.open > view.sign * level) {
      return ExitHit{ExitReason::roi, view.open, true};
    }
  }
  return std::nullopt;
}

std::optional<ExitHit> exit_inside(const ExitRules& rules, IntrabarPolicy policy, HeldPosition& position,
                                   const TapeBar& bar, TimeMs open_time) {
  const bool high_nearer = bar.high - bar.open <= bar.open - bar.low;
  if (policy == IntrabarPolicy::ohlc || (policy == IntrabarPolicy::adaptive && high_nearer)) {
    return along_path(rules, position, bar, {bar.open, bar.high, bar.low, bar.close}, open_time);
  }
  if (policy == IntrabarPolicy::adaptive) {
    return along_path(rules, position, bar, {bar.open, bar.low, bar.high, bar.close}, open_time);
  }
  return worst_case(rules, position, bar, open_time);
}

}  // namespace stevie::execution
