/// Every column of the observation against its formula in docs/features.md, written down plainly and computed
/// from scratch for each bar.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "features/pipeline.h"
#include "features/random_series.h"

namespace stevie::features {
namespace {

using Series = std::vector<double>;
using Formula = std::function<double(std::size_t)>;
constexpr double pi = 3.14159265358979323846;

Series combine(const Series& a, const Series& b, double (*operation)(double, double)) {
  Series result(a.size());
  for (std::size_t t = 0; t < a.size(); ++t) result[t] = operation(a[t], b[t]);
  return result;
}
Series product(const Series& a, const Series& b) {
  return combine(a, b, [](double x, double y) { return x * y; });
}
Series minus(const Series& a, const Series& b) {
  return combine(a, b, [](double x, double y) { return x - y; });
}
Series map(const Series& a, double (*operation)(double)) {
  Series result(a.size());
  std::transform(a.begin(), a.end(), result.begin(), operation);
  return result;
}
Series ln(const Series& a) {
  return map(a, [](double x) { return std::log(x); });
}
Series magnitude(const Series& a) {
  return map(a, [](double x) { return std::abs(x); });
}
Series lag(const Series& a, std::size_t bars) {
  Series result(a.size(), 0.0);
  for (std::size_t t = bars; t < a.size(); ++t) result[t] = a[t - bars];
  return result;
}

double sum(const Series& x, std::size_t n, std::size_t t) {
  double total = 0;
  for (std::size_t i = t + 1 - n; i <= t; ++i) total += x[i];
  return total;
}
double mean(const Series& x, std::size_t n, std::size_t t) {
  return sum(x, n, t) / static_cast<double>(n);
}
double highest(const Series& x, std::size_t n, std::size_t t) {
  return *std::max_element(x.begin() + static_cast<std::ptrdiff_t>(t + 1 - n),
                           x.begin() + static_cast<std::ptrdiff_t>(t + 1));
}
double lowest(const Series& x, std::size_t n, std::size_t t) {
  return *std::min_element(x.begin() + static_cast<std::ptrdiff_t>(t + 1 - n),
                           x.begin() + static_cast<std::ptrdiff_t>(t + 1));
}
double central_moment(const Series& x, int power, std::size_t n, std::size_t t) {
  const double centre = mean(x, n, t);
  double total = 0;
  for (std::size_t i = t + 1 - n; i <= t; ++i) total += std::pow(x[i] - centre, power);
  return total / static_cast<double>(n);
}
double deviation(const Series& x, std::size_t n, std::size_t t) {
  return std::sqrt(central_moment(x, 2, n, t));
}
double correlation(const Series& x, const Series& y, std::size_t n, std::size_t t) {
  const double covariance = mean(product(x, y), n, t) - mean(x, n, t) * mean(y, n, t);
  return covariance / (deviation(x, n, t) * deviation(y, n, t));
}
double share_below(const Series& x, std::size_t n, std::size_t t) {
  double below = 0;
  for (std::size_t i = t + 1 - n; i <= t; ++i) below += x[i] < x[t] ? 1 : 0;
  return below / static_cast<double>(n);
}
std::size_t bars_since(const Series& x, double value, std::size_t t) {
  std::size_t bars = 0;
  while (x[t - bars] != value) ++bars;
  return bars;
}
double ratio(double a, double b) {
  return (a - b) / (a + b);
}

/// alpha * x + (1 - alpha) * last, from the mean of n values that start at bar `first`.
Series smooth(const Series& x, std::size_t n, std::size_t first, double alpha) {
  Series result(x.size(), 0.0);
  for (std::size_t t = first + n - 1; t < x.size(); ++t) {
    result[t] = t == first + n - 1 ? mean(x, n, t) : alpha * x[t] + (1 - alpha) * result[t - 1];
  }
  return result;
}
Series ema(const Series& x, std::size_t n, std::size_t first = 0) {
  return smooth(x, n, first, 2 / (static_cast<double>(n) + 1));
}
Series wilder(const Series& x, std::size_t n) {
  return smooth(x, n, 1, 1 / static_cast<double>(n));
}

double slope_t(const Series& x, std::size_t n, std::size_t t) {
  const double count = static_cast<double>(n);
  const double mean_x = mean(x, n, t);
  const double mean_time = (count - 1) / 2;
  double sxy = 0;
  double sxx = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double time = static_cast<double>(i) - mean_time;
    sxy += time * (x[t + 1 - n + i] - mean_x);
    sxx += time * time;
  }
  double residual = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double fit = mean_x + sxy / sxx * (static_cast<double>(i) - mean_time);
    residual += std::pow(x[t + 1 - n + i] - fit, 2);
  }
  return sxy / sxx / std::sqrt(residual / (count - 2) / sxx);
}

/// All formulas over one series; they refer to the columns kept here.
class Formulas {
 public:
  explicit Formulas(const market::Bars& source) : bars(source) {
    add_returns();
    add_volatility();
    add_averages();
    add_trend();
    add_reversion();
    add_volume();
    add_candles();
    add_distribution();
    add_order();
  }
  std::map<std::string, Formula> all;

 private:
  double sigma(std::size_t t) const { return std::sqrt(mean(square, 168, t)); }
  double unit(std::size_t n, std::size_t t) const { return sigma(t) * std::sqrt(static_cast<double>(n)); }
  double move(std::size_t n, std::size_t t) const { return c[t] - c[t - n]; }
  double variance(std::size_t n, std::size_t t) const { return mean(square, n, t); }
  static std::string named(const std::string& name, std::size_t n) { return name + "_" + std::to_string(n); }

  void add_returns() {
    for (const std::size_t n : {1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720}) {
      all[named("return", n)] = [this, n](std::size_t t) { return move(n, t) / unit(n, t); };
    }
    const auto day = [this](std::size_t t) {
      return static_cast<double>(bars.open_time[t] % day_ms) / static_cast<double>(day_ms);
    };
    const auto week = [this](std::size_t t) {
      const TimeMs monday = parse_time("2024-01-01");
      const TimeMs in_week = ((bars.open_time[t] - monday) % (7 * day_ms) + 7 * day_ms) % (7 * day_ms);
      return static_cast<double>(in_week) / static_cast<double>(7 * day_ms);
    };
    all["day_sine"] = [day](std::size_t t) { return std::sin(2 * pi * day(t)); };
    all["day_cosine"] = [day](std::size_t t) { return std::cos(2 * pi * day(t)); };
    all["week_sine"] = [week](std::size_t t) { return std::sin(2 * pi * week(t)); };
    all["week_cosine"] = [week](std::size_t t) { return std::cos(2 * pi * week(t)); };
  }

  double parkinson(std::size_t n, std::size_t t) const {
    return mean(product(range, range), n, t) / (4 * std::log(2.0));
  }
  double garman_klass(std::size_t n, std::size_t t) const {
    return 0.5 * mean(product(range, range), n, t) -
           (2 * std::log(2.0) - 1) * mean(product(body, body), n, t);
  }
  double yang_zhang(std::size_t n, std::size_t t) const {
    const double count = static_cast<double>(n);
    const double weight = 0.34 / (1.34 + (count + 1) / (count - 1));
    const Series jump = minus(o, lag(c, 1));
    const Series up = minus(h, o);
    const Series down = minus(l, o);
    const double satchell =
        mean(product(up, minus(up, body)), n, t) + mean(product(down, minus(down, body)), n, t);
    const double bias = count / (count - 1);
    return bias * central_moment(jump, 2, n, t) + weight * bias * central_moment(body, 2, n, t) +
           (1 - weight) * satchell;
  }
  void add_volatility() {
    all["volatility_6_24"] = [this](std::size_t t) { return ratio(variance(6, t), variance(24, t)); };
    all["volatility_24_168"] = [this](std::size_t t) { return ratio(variance(24, t), variance(168, t)); };
    all["volatility_168_720"] = [this](std::size_t t) { return ratio(variance(168, t), variance(720, t)); };
    all["parkinson_close_24"] = [this](std::size_t t) { return ratio(parkinson(24, t), variance(24, t)); };
    all["garman_klass_6_24"] = [this](std::size_t t) {
      return ratio(garman_klass(6, t), garman_klass(24, t));
    };
    all["volatility_rank_720"] = [this](std::size_t t) {
      Series day(bars.size(), 0.0);
      for (std::size_t i = 24; i <= t; ++i) day[i] = variance(24, i);
      return share_below(day, 720, t);
    };
    all["range_rank_168"] = [this](std::size_t t) { return share_below(range, 168, t); };
    all["yang_zhang_24_168"] = [this](std::size_t t) { return ratio(yang_zhang(24, t), yang_zhang(168, t)); };
    all["yang_zhang_close_168"] = [this](std::size_t t) {
      return ratio(yang_zhang(168, t), variance(168, t));
    };
    all["volatility_of_volatility_168"] = [this](std::size_t t) {
      return deviation(magnitude(r), 168, t) / mean(magnitude(r), 168, t);
    };
    all["atr_14_72"] = [this](std::size_t t) {
      return ratio(wilder(true_ranges(), 14)[t], wilder(true_ranges(), 72)[t]);
    };
  }

  Series true_ranges() const {
    Series result(bars.size(), 0.0);
    for (std::size_t t = 1; t < bars.size(); ++t) {
      const double close = bars.close[t - 1];
      result[t] = std::max(
          {bars.high[t] - bars.low[t], std::abs(bars.high[t] - close), std::abs(bars.low[t] - close)});
    }
    return result;
  }
  void add_averages() {
    for (const std::size_t n : {12, 48, 200}) {
      all[named("ema_distance", n)] = [this, n](std::size_t t) { return (c[t] - ema(c, n)[t]) / unit(n, t); };
    }
    all["sma_distance_336"] = [this](std::size_t t) { return (c[t] - mean(c, 336, t)) / unit(336, t); };
    all["ema_cross_24_96"] = [this](std::size_t t) { return (ema(c, 24)[t] - ema(c, 96)[t]) / unit(96, t); };
    const auto macd = [this] { return minus(ema(bars.close, 12, 14), ema(bars.close, 26)); };
    all["macd_atr"] = [this, macd](std::size_t t) { return macd()[t] / wilder(true_ranges(), 14)[t]; };
    all["macd_histogram_atr"] = [this, macd](std::size_t t) {
      return (macd()[t] - ema(macd(), 9, 25)[t]) / wilder(true_ranges(), 14)[t];
    };
    for (const std::size_t n : {14, 48}) {
      all[named("di", n)] = [this, n](std::size_t t) { return direction(n)[t]; };
      all[named("adx", n)] = [this, n](std::size_t t) { return directional_index(n)[t]; };
    }
  }
  /// Wilder's averages of upward (towards 1) or downward (-1) movement.
  Series movement(std::size_t n, int towards) const {
    Series moves(bars.size(), 0.0);
    for (std::size_t t = 1; t < bars.size(); ++t) {
      const double up = bars.high[t] - bars.high[t - 1];
      const double down = bars.low[t - 1] - bars.low[t];
      const double mine = towards > 0 ? up : down;
      moves[t] = mine > std::max(0.0, towards > 0 ? down : up) ? mine : 0;
    }
    return wilder(moves, n);
  }
  Series direction(std::size_t n) const {
    return combine(minus(movement(n, 1), movement(n, -1)), wilder(true_ranges(), n),
                   [](double difference, double range_average) { return difference / range_average; });
  }
  Series directional_index(std::size_t n) const {
    // From the first bars on, where the averages are means of what there is.
    Series up(bars.size(), 0.0), down(bars.size(), 0.0), index(bars.size(), 0.0);
    const Series late_up = movement(n, 1);
    const Series late_down = movement(n, -1);
    const Series early_up = movement(1, 1);
    const Series early_down = movement(1, -1);
    for (std::size_t t = 1; t < bars.size(); ++t) {
      up[t] = t < n ? mean(early_up, t, t) : late_up[t];
      down[t] = t < n ? mean(early_down, t, t) : late_down[t];
      index[t] = up[t] + down[t] > 0 ? 100 * std::abs(up[t] - down[t]) / (up[t] + down[t]) : 0;
    }
    return wilder(index, n);
  }

  void add_trend() {
    for (const std::size_t n : {24, 72, 168}) {
      all[named("slope_t", n)] = [this, n](std::size_t t) { return slope_t(c, n, t); };
      all[named("efficiency", n)] = [this, n](std::size_t t) {
        return std::abs(move(n, t)) / sum(magnitude(r), n, t);
      };
    }
    for (const std::size_t n : {24, 72, 168, 720}) {
      all[named("donchian", n)] = [this, n](std::size_t t) {
        const double high = highest(h, n, t);
        const double low = lowest(l, n, t);
        return (2 * c[t] - high - low) / (high - low);
      };
    }
    for (const std::size_t n : {168, 720}) {
      all[named("drawdown", n)] = [this, n](std::size_t t) { return (c[t] - highest(h, n, t)) / unit(n, t); };
    }
    all["rescaled_range_168"] = [this](std::size_t t) {
      return (highest(h, 168, t) - lowest(l, 168, t)) / unit(168, t);
    };
    for (const std::size_t n : {24, 72}) {
      all[named("aroon", n)] = [this, n](std::size_t t) {
        const auto since_high = static_cast<double>(bars_since(h, highest(h, n, t), t));
        const auto since_low = static_cast<double>(bars_since(l, lowest(l, n, t), t));
        return (since_low - since_high) / static_cast<double>(n);
      };
    }
  }

  void add_reversion() {
    for (const std::size_t n : {3, 6, 14, 72}) {
      all[named("rsi", n)] = [this, n](std::size_t t) {
        const Series change = minus(bars.close, lag(bars.close, 1));
        const double gain = wilder(map(change, [](double x) { return std::max(x, 0.0); }), n)[t];
        const double loss = wilder(map(change, [](double x) { return std::max(-x, 0.0); }), n)[t];
        return 100 - 100 / (1 + gain / loss);
      };
    }
    all["stochastic_d_14"] = [this](std::size_t t) {
      double total = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
          const std::size_t s = t - i - j;
          const double low = lowest(bars.low, 14, s);
          total += 100 * (bars.close[s] - low) / (highest(bars.high, 14, s) - low);
        }
      }
      return total / 9;
    };
    all["williams_r_6"] = [this](std::size_t t) {
      const double high = highest(bars.high, 6, t);
      return -100 * (high - bars.close[t]) / (high - lowest(bars.low, 6, t));
    };
    all["percent_b_20"] = [this](std::size_t t) {
      return 0.5 + (bars.close[t] - mean(bars.close, 20, t)) / (4 * deviation(bars.close, 20, t));
    };
    all["bollinger_width_20"] = [this](std::size_t t) {
      return ratio(deviation(bars.close, 20, t) / mean(bars.close, 20, t), sigma(t) * std::sqrt(20.0 / 6));
    };
    for (const std::size_t n : {48, 168, 720}) {
      all[named("z_score", n)] = [this, n](std::size_t t) {
        return (c[t] - mean(c, n, t)) / deviation(c, n, t);
      };
    }
  }

  void add_volume() {
    all["volume_1_24"] = [this](std::size_t t) { return ratio(v[t], mean(v, 24, t)); };
    all["volume_6_24"] = [this](std::size_t t) { return ratio(mean(v, 6, t), mean(v, 24, t)); };
    all["volume_24_168"] = [this](std::size_t t) { return ratio(mean(v, 24, t), mean(v, 168, t)); };
    all["volume_168_720"] = [this](std::size_t t) { return ratio(mean(v, 168, t), mean(v, 720, t)); };
    all["volume_z_168"] = [this](std::size_t t) { return (v[t] - mean(v, 168, t)) / deviation(v, 168, t); };
    const auto weighted = [this](const Series& x, std::size_t n, std::size_t t) {
      return sum(product(x, v), n, t) / sum(v, n, t);
    };
    for (const std::size_t n : {24, 168}) {
      all[named("signed_volume", n)] = [this, n, weighted](std::size_t t) { return weighted(sign, n, t); };
    }
    for (const std::size_t n : {24, 72}) {
      all[named("chaikin", n)] = [this, n, weighted](std::size_t t) { return weighted(location, n, t); };
    }
    all["vwap_distance_24"] = [this, weighted](std::size_t t) {
      return (c[t] - weighted(typical, 24, t)) / unit(24, t);
    };
    all["vwap_tilt_168"] = [this, weighted](std::size_t t) {
      return (weighted(typical, 168, t) - mean(typical, 168, t)) / unit(168, t);
    };
    all["money_flow_14"] = [this](std::size_t t) {
      double in = 0;
      double out = 0;
      for (std::size_t i = t - 13; i <= t; ++i) {
        const double now = (bars.high[i] + bars.low[i] + bars.close[i]) / 3;
        const double before = (bars.high[i - 1] + bars.low[i - 1] + bars.close[i - 1]) / 3;
        (now > before ? in : out) += now * v[i];
      }
      return (100 * in / (in + out)) / 50 - 1;
    };
    all["illiquidity_24_168"] = [this](std::size_t t) {
      const Series impact =
          combine(magnitude(r), product(v, bars.close), [](double x, double y) { return x / y; });
      return ratio(mean(impact, 24, t), mean(impact, 168, t));
    };
    all["volume_volatility_72"] = [this](std::size_t t) { return correlation(v, magnitude(r), 72, t); };
    all["volume_return_72"] = [this](std::size_t t) { return correlation(v, r, 72, t); };
  }

  void add_candles() {
    all["body"] = [this](std::size_t t) { return body[t] / range[t]; };
    all["wicks"] = [this](std::size_t t) { return wicks(t) / range[t]; };
    all["range_1_24"] = [this](std::size_t t) { return ratio(range[t], mean(range, 24, t)); };
    all["close_location_6"] = [this](std::size_t t) { return mean(location, 6, t); };
    all["wicks_24"] = [this](std::size_t t) {
      double total = 0;
      for (std::size_t i = t - 23; i <= t; ++i) total += wicks(i);
      return total / sum(range, 24, t);
    };
  }
  double wicks(std::size_t t) const { return (std::min(o[t], c[t]) - l[t]) - (h[t] - std::max(o[t], c[t])); }

  void add_distribution() {
    for (const std::size_t n : {168, 720}) {
      all[named("skewness", n)] = [this, n](std::size_t t) {
        return central_moment(r, 3, n, t) / std::pow(deviation(r, n, t), 3);
      };
    }
    all["tails_168"] = [this](std::size_t t) {
      return 1 - 3 * std::pow(central_moment(r, 2, 168, t), 2) / central_moment(r, 4, 168, t);
    };
    for (const std::size_t n : {24, 168}) {
      all[named("semivariance", n)] = [this, n](std::size_t t) {
        const double up = sum(map(r, [](double x) { return x > 0 ? x * x : 0; }), n, t);
        return ratio(up, sum(square, n, t) - up);
      };
      all[named("jumps", n)] = [this, n](std::size_t t) {
        const double count = static_cast<double>(n);
        const double bipower = pi / 2 * count / (count - 1) * sum(magnitude(product(r, lag(r, 1))), n, t);
        return std::max(0.0, 1 - bipower / sum(square, n, t));
      };
    }
    all["extremes_24"] = [this](std::size_t t) {
      return (highest(r, 24, t) + lowest(r, 24, t)) / unit(24, t);
    };
  }

  void add_order() {
    for (const std::size_t n : {48, 168}) {
      all[named("autocorrelation_1", n)] = [this, n](std::size_t t) {
        return sum(product(r, lag(r, 1)), n, t) / sum(square, n, t);
      };
    }
    all["autocorrelation_24_720"] = [this](std::size_t t) {
      return sum(product(r, lag(r, 24)), 720, t) / sum(square, 720, t);
    };
    all["variance_ratio_6_168"] = [this](std::size_t t) { return variance_ratio(6, 168, t); };
    all["variance_ratio_24_720"] = [this](std::size_t t) { return variance_ratio(24, 720, t); };
    all["run_length"] = [this](std::size_t t) {
      double run = 0;
      for (std::size_t i = t; sign[i] == sign[t] && std::abs(run) < 12; --i) run += sign[t];
      return run;
    };
    all["direction_72"] = [this](std::size_t t) { return mean(sign, 72, t); };
    all["seasonal_return_24"] = [this](std::size_t t) { return same_hour(r, t) * 30 / unit(30, t); };
    all["seasonal_volatility_24"] = [this](std::size_t t) {
      return ratio(same_hour(magnitude(r), t), mean(magnitude(r), 720, t));
    };
  }
  double variance_ratio(std::size_t bars_per_move, std::size_t n, std::size_t t) const {
    double total = 0;
    for (std::size_t i = t + 1 - n; i <= t; ++i) total += std::pow(move(bars_per_move, i), 2);
    return ratio(total / static_cast<double>(bars_per_move), sum(square, n, t));
  }
  static double same_hour(const Series& x, std::size_t t) {
    double total = 0;
    for (std::size_t day = 1; day <= 30; ++day) total += x[t + 1 - 24 * day];
    return total / 30;
  }

  const market::Bars& bars;
  const Series o = ln(bars.open), h = ln(bars.high), l = ln(bars.low), c = ln(bars.close), v = bars.volume;
  const Series r = first_zero(minus(c, lag(c, 1)));
  const Series square = product(r, r), range = minus(h, l), body = minus(c, o);
  const Series sign = map(r, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; });
  const Series location =
      combine(minus(minus(c, l), minus(h, c)), range, [](double x, double y) { return x / y; });
  const Series typical = map(combine(combine(h, l, [](double x, double y) { return x + y; }), c,
                                     [](double x, double y) { return x + y; }),
                             [](double x) { return x / 3; });

  static Series first_zero(Series x) {
    x[0] = 0;
    return x;
  }
};

TEST(Reference, EveryColumnEqualsItsFormula) {
  const market::Bars bars = random_series({.name = "gaps", .gap_share = 0.02}, 1400, 11);
  const FeatureMatrix matrix = compute_features(bars);
  const Formulas formulas(bars);
  const auto names = feature_names();
  EXPECT_EQ(formulas.all.size(), names.size());
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto formula = formulas.all.find(names[k]);
    ASSERT_NE(formula, formulas.all.end()) << names[k] << " has no reference";
    for (const std::size_t t : {799u, 800u, 1023u, 1024u, 1111u, 1234u, 1399u}) {
      const double expected = formula->second(t);
      // The floor of 1e-6 in some denominators is 1/10,000 of this series' volatility.
      EXPECT_NEAR(matrix.row(t)[k], expected, 2e-4 * std::max(1.0, std::abs(expected)))
          << names[k] << " at bar " << t;
    }
  }
}

}  // namespace
}  // namespace stevie::features
