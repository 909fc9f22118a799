#include <algorithm>
#include <cmath>

#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

constexpr double floor_variance = volatility_floor * volatility_floor;

class Candles final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double range = block.log_high[i] - block.log_low[i];
      const double body = block.log_close[i] - block.log_open[i];
      const double location = 2 * block.log_close[i] - block.log_high[i] - block.log_low[i];
      outputs[0][i] = ratio_or_zero(body, range);
      outputs[1][i] = ratio_or_zero(location - body, range);
      const double sum_24 = range_24_.push(range);
      outputs[2][i] = contrast(range, sum_24 / 24);
      outputs[3][i] = location_6_.push(ratio_or_zero(location, range)) / 6;
      outputs[4][i] = wicks_24_.push(location - body) / (sum_24 + volatility_floor);
    }
  }

 private:
  RollingSum range_24_{24}, location_6_{6}, wicks_24_{24};
};

/// Skewness and tail weight of returns.
class Moments final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double r = block.log_return[i];
      const double square = r * r;
      const double mean = first_168_.push(r) / 168;
      const double second = second_168_.push(square) / 168;
      const double third = third_168_.push(square * r) / 168;
      const double fourth = fourth_168_.push(square * square) / 168;
      const double variance = std::max(0.0, second - mean * mean) + floor_variance;
      const double central_fourth =
          fourth - 4 * mean * third + 6 * mean * mean * second - 3 * mean * mean * mean * mean;
      outputs[0][i] = skewness(mean, second, third, variance);
      outputs[1][i] =
          1 - 3 * variance * variance / (std::max(0.0, central_fourth) + 3 * floor_variance * variance);
      const double long_mean = first_720_.push(r) / 720;
      const double long_second = second_720_.push(square) / 720;
      const double long_variance = std::max(0.0, long_second - long_mean * long_mean) + floor_variance;
      outputs[2][i] = skewness(long_mean, long_second, third_720_.push(square * r) / 720, long_variance);
    }
  }

 private:
  static double skewness(double mean, double second, double third, double variance) {
    const double central_third = third - 3 * mean * second + 2 * mean * mean * mean;
    return central_third / (variance * std::sqrt(variance));
  }
  RollingSum first_168_{168}, second_168_{168}, third_168_{168}, fourth_168_{168};
  RollingSum first_720_{720}, second_720_{720}, third_720_{720};
};

/// Whether returns follow or undo each other: autocorrelation and variance ratios.
class Dependence final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* returns = block.log_return;
    const double* price = block.log_close;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double r = returns[i];
      const double square = r * r;
      const double next = r * (returns - 1)[i];
      const double next_day = r * (returns - 24)[i];
      const double move_6 = price[i] - (price - 6)[i];
      const double move_24 = price[i] - (price - 24)[i];
      const double sum_48 = square_48_.push(square) + 48 * floor_variance;
      const double sum_168 = square_168_.push(square) + 168 * floor_variance;
      const double sum_720 = square_720_.push(square) + 720 * floor_variance;
      outputs[0][i] = next_48_.push(next) / sum_48;
      outputs[1][i] = next_168_.push(next) / sum_168;
      outputs[2][i] = next_day_720_.push(next_day) / sum_720;
      outputs[3][i] = contrast(move_6_.push(move_6 * move_6) / 6 + 168 * floor_variance, sum_168);
      outputs[4][i] = contrast(move_24_.push(move_24 * move_24) / 24 + 720 * floor_variance, sum_720);
    }
  }

 private:
  RollingSum square_48_{48}, square_168_{168}, square_720_{720};
  RollingSum next_48_{48}, next_168_{168}, next_day_720_{720};
  RollingSum move_6_{168}, move_24_{720};
};

/// The largest rise and fall of the last day together: which of the two was the larger.
class Extremes final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double root_24 = 1 / std::sqrt(24.0);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double rise = rise_.push(block.log_return[i]);
      const double fall = -fall_.push(-block.log_return[i]);
      outputs[0][i] = (rise + fall) * block.inverse_volatility[i] * root_24;
    }
  }

 private:
  RollingMax rise_{24}, fall_{24};
};

/// What the coming bar did at the same time of the last 30 days, where a day has 24 bars.
class Seasonality final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    std::fill_n(outputs[0], block.size, 0.0);
    std::fill_n(outputs[1], block.size, 0.0);
    for (int day = 1; day <= days; ++day) {
      const double* then = block.log_return - (day * 24 - 1);
      for (std::size_t i = 0; i < block.size; ++i) {
        outputs[0][i] += then[i];
        outputs[1][i] += std::abs(then[i]);
      }
    }
    const double scale = 1 / std::sqrt(static_cast<double>(days));
    for (std::size_t i = 0; i < block.size; ++i) {
      const double usual = move_.push(std::abs(block.log_return[i])) / 720 + volatility_floor;
      outputs[0][i] *= block.inverse_volatility[i] * scale;
      outputs[1][i] = contrast(outputs[1][i] / days + volatility_floor, usual);
    }
  }

 private:
  static constexpr int days = 30;
  RollingSum move_{720};
};

/// Upward against downward variance, the share of jumps in the variance, and runs of equal direction.
class Asymmetry final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* previous_return = block.log_return - 1;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double r = block.log_return[i];
      const double up = r > 0 ? r * r : 0.0;
      const double down = r < 0 ? r * r : 0.0;
      const double pair = std::abs(r * previous_return[i]);
      const double up_24 = up_24_.push(up);
      const double down_24 = down_24_.push(down);
      const double up_168 = up_168_.push(up);
      const double down_168 = down_168_.push(down);
      outputs[0][i] = contrast(up_24, down_24);
      outputs[1][i] = contrast(up_168, down_168);
      outputs[2][i] = jump_share(pair_24_.push(pair), up_24 + down_24, 24);
      outputs[3][i] = jump_share(pair_168_.push(pair), up_168 + down_168, 168);
      run_ = r > 0 ? std::max(run_, 0.0) + 1 : r < 0 ? std::min(run_, 0.0) - 1 : 0.0;
      run_ = std::clamp(run_, -longest_run, longest_run);
      outputs[4][i] = run_;
      outputs[5][i] = direction_72_.push(r > 0 ? 1.0 : r < 0 ? -1.0 : 0.0) / 72;
    }
  }

 private:
  static constexpr double longest_run = 12;
  static double jump_share(double bipower, double variance, double length) {
    constexpr double half_pi = 1.5707963267948966;
    const double smooth = half_pi * bipower * length / (length - 1);
    return std::max(0.0, (variance - smooth) / (variance + length * floor_variance));
  }
  RollingSum up_24_{24}, down_24_{24}, up_168_{168}, down_168_{168}, pair_24_{24}, pair_168_{168};
  RollingSum direction_72_{72};
  double run_ = 0;
};

}  // namespace

std::vector<IndicatorGroup> shape_indicators() {
  return {
      {{{"body", "ln(C / O) / ln(H / L)", 1, "candle", true},
        {"wicks", "(lower wick - upper wick) / ln(H / L), in logs", 1, "candle", true},
        {"range_1_24", "contrast(ln(H / L), mean_24)", 24, "candle", true},
        {"close_location_6", "mean_6 of (2 ln C - ln H - ln L) / ln(H / L)", 6, "candle", true},
        {"wicks_24", "sum_24(lower wick - upper wick) / sum_24(ln(H / L)), in logs", 24, "candle", true}},
       make_indicator<Candles>},
      {{{"skewness_168", "third central moment / std^3 of r over 168", 169, "Amaya et al. 2015", true},
        {"tails_168", "1 - 3 / kurtosis of r over 168: 0 for a normal, near 1 for fat tails", 169, "standard",
         true},
        {"skewness_720", "third central moment / std^3 of r over 720", 721, "Amaya et al. 2015", true}},
       make_indicator<Moments>},
      {{{"autocorrelation_1_48", "sum_48(r r[1]) / sum_48(r^2)", 50, "standard", true},
        {"autocorrelation_1_168", "sum_168(r r[1]) / sum_168(r^2)", 170, "standard", true},
        {"autocorrelation_24_720", "sum_720(r r[24]) / sum_720(r^2): the same hour the day before", 745,
         "standard", true},
        {"variance_ratio_6_168", "contrast(mean_168(ln(C / C[6])^2) / 6, mean_168(r^2))", 174,
         "Lo and MacKinlay 1988", true},
        {"variance_ratio_24_720", "contrast(mean_720(ln(C / C[24])^2) / 24, mean_720(r^2))", 744,
         "Lo and MacKinlay 1988", true}},
       make_indicator<Dependence>},
      {{{"semivariance_24", "contrast(sum_24 of r^2 where r > 0, where r < 0)", 25,
         "Barndorff-Nielsen, Kinnebrock and Shephard 2010", true},
        {"semivariance_168", "contrast(sum_168 of r^2 where r > 0, where r < 0)", 169,
         "Barndorff-Nielsen, Kinnebrock and Shephard 2010", true},
        {"jumps_24", "max(0, 1 - pi/2 24/23 sum_24(|r r[1]|) / sum_24(r^2))", 26,
         "Barndorff-Nielsen and Shephard 2004", true},
        {"jumps_168", "max(0, 1 - pi/2 168/167 sum_168(|r r[1]|) / sum_168(r^2))", 170,
         "Barndorff-Nielsen and Shephard 2004", true},
        {"run_length", "closes in a row in the direction of the last, signed, at most 12", 14, "standard",
         true},
        {"direction_72", "mean_72(sign(r)): many small moves or few large ones", 73,
         "Da, Gurun and Warachka 2014", true}},
       make_indicator<Asymmetry>},
      {{{"extremes_24", "(max_24(r) + min_24(r)) / (sigma sqrt(24))", 169, "Bali, Cakici and Whitelaw 2011",
         true}},
       make_indicator<Extremes>},
      {{{"seasonal_return_24",
         "sum of r[23], r[47], ..., r[719] / (sigma sqrt(30)): the coming hour on the last 30 days", 721,
         "Heston, Korajczyk and Sadka 2010", true},
        {"seasonal_volatility_24", "contrast(mean of |r[23]|, |r[47]|, ..., |r[719]|, mean_720(|r|))", 721,
         "Andersen and Bollerslev 1997", true}},
       make_indicator<Seasonality>},
  };
}

}  // namespace stevie::features
