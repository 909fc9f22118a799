#include <array>
#include <cmath>

#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

/// Wilder's relative strength index of closes, 0 .. 100; 50 while the price has never moved.
class RsiValue {
 public:
  explicit RsiValue(std::size_t length) : gain_(length), loss_(length) {}

  double push(double change) {
    const double gain = gain_.push(std::max(change, 0.0));
    const double loss = loss_.push(std::max(-change, 0.0));
    return 100 * (gain + loss > 0 ? gain / (gain + loss) : 0.5);
  }

 private:
  WilderAverage gain_, loss_;
};

class Rsi final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* previous_close = block.close - 1;
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.first_bar + i > 0) {
        const double change = block.close[i] - previous_close[i];
        for (std::size_t k = 0; k < rsi_.size(); ++k) value_[k] = rsi_[k].push(change);
      }
      for (std::size_t k = 0; k < rsi_.size(); ++k) outputs[k][i] = value_[k];
    }
  }

 private:
  std::array<RsiValue, 4> rsi_{RsiValue{3}, RsiValue{6}, RsiValue{14}, RsiValue{72}};
  std::array<double, 4> value_{50, 50, 50, 50};
};

class Oscillators final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double close = block.close[i];
      const double high_14 = high_14_.push(block.high[i]);
      const double low_14 = -low_14_.push(-block.low[i]);
      const double high_6 = high_6_.push(block.high[i]);
      const double low_6 = -low_6_.push(-block.low[i]);
      const double fast_k = 100 * position_between(close, low_14, high_14);
      outputs[0][i] = d_.push(k_.push(fast_k));
      outputs[1][i] = 100 * (position_between(close, low_6, high_6) - 1);
    }
  }

 private:
  RollingMax high_14_{14}, low_14_{14}, high_6_{6}, low_6_{6};
  RollingMean k_{3}, d_{3};
};

/// Bollinger bands, 20 bars, 2 population standard deviations. The deviations are summed afresh on every bar:
/// 20 terms are cheap, and no cancellation can spoil a narrow band.
class Bollinger final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double random_walk =
        std::sqrt(20.0 / 6.0);  // standard deviation of a random walk inside its window
    for (std::size_t i = 0; i < block.size; ++i) {
      const double close = block.close[i];
      close_.push(close);
      const double middle = mean_.push(close);
      const double deviation = std::sqrt(mean_square_deviation(middle));
      const double floor = volatility_floor * close;
      outputs[0][i] = middle + 2 * deviation;
      outputs[1][i] = middle;
      outputs[2][i] = middle - 2 * deviation;
      outputs[3][i] = 0.5 + (close - middle) / (4 * (deviation + floor));
      outputs[4][i] = contrast((deviation + floor) / middle, block.volatility[i] * random_walk);
    }
  }

 private:
  double mean_square_deviation(double mean) const {
    const double* values = close_.data();
    const std::size_t count = close_.count();
    double sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (std::size_t k = 0; k < 4; ++k) sums[k] += (values[i + k] - mean) * (values[i + k] - mean);
    }
    for (; i < count; ++i) sums[0] += (values[i] - mean) * (values[i] - mean);
    return (sums[0] + sums[1] + sums[2] + sums[3]) / static_cast<double>(count);
  }

  RecentValues<double> close_{20};
  RollingMean mean_{20};
};

class ZScoreValue {
 public:
  explicit ZScoreValue(std::size_t length) : mean_(length), square_(length) {}

  double push(double value) {
    const double mean = mean_.push(value);
    const double variance = std::max(0.0, square_.push(value * value) - mean * mean);
    return (value - mean) / (std::sqrt(variance) + volatility_floor);
  }

 private:
  RollingMean mean_, square_;
};

class ZScores final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      outputs[0][i] = two_days_.push(block.log_close[i]);
      outputs[1][i] = week_.push(block.log_close[i]);
      outputs[2][i] = month_.push(block.log_close[i]);
    }
  }

 private:
  ZScoreValue two_days_{48}, week_{168}, month_{720};
};

/// Lambert's commodity channel index over 20 bars, with the mean absolute deviation summed afresh on every
/// bar.
class CommodityChannel final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double typical = (block.high[i] + block.low[i] + block.close[i]) / 3;
      typical_.push(typical);
      const double mean = mean_.push(typical);
      const double deviation = mean_absolute_deviation(mean) + volatility_floor * block.close[i];
      outputs[0][i] = (typical - mean) / (0.015 * deviation);
    }
  }

 private:
  double mean_absolute_deviation(double mean) const {
    const double* values = typical_.data();
    const std::size_t count = typical_.count();
    double sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (std::size_t k = 0; k < 4; ++k) sums[k] += std::abs(values[i + k] - mean);
    }
    for (; i < count; ++i) sums[0] += std::abs(values[i] - mean);
    return (sums[0] + sums[1] + sums[2] + sums[3]) / static_cast<double>(count);
  }

  RecentValues<double> typical_{20};
  RollingMean mean_{20};
};

}  // namespace

std::vector<IndicatorGroup> reversion_indicators() {
  return {
      {{{"rsi_3", "100 gain / (gain + loss), Wilder averages of close changes over 3", 24,
         "Wilder 1978; TA-Lib RSI", true},
        {"rsi_6", "100 gain / (gain + loss) over 6", 48, "Wilder 1978; TA-Lib RSI", true},
        {"rsi_14", "100 gain / (gain + loss) over 14", 112, "Wilder 1978; TA-Lib RSI", true},
        {"rsi_72", "100 gain / (gain + loss) over 72", 576, "Wilder 1978; TA-Lib RSI", true}},
       make_indicator<Rsi>},
      {{{"stochastic_d_14", "SMA_3(SMA_3(100 (C - lo) / (hi - lo))), bounds over 14", 18, "Lane 1984", true},
        {"williams_r_6", "-100 (hi - C) / (hi - lo), bounds over 6", 6, "Williams 1973", true}},
       make_indicator<Oscillators>},
      {{{"bollinger_upper_20", "SMA_20(C) + 2 std_20(C)", 20, "Bollinger 1992; TA-Lib BBANDS", false},
        {"bollinger_middle_20", "SMA_20(C)", 20, "Bollinger 1992; TA-Lib BBANDS", false},
        {"bollinger_lower_20", "SMA_20(C) - 2 std_20(C)", 20, "Bollinger 1992; TA-Lib BBANDS", false},
        {"percent_b_20", "1/2 + (C - SMA_20) / (4 std_20)", 20, "Bollinger 1992", true},
        {"bollinger_width_20", "contrast(std_20 / SMA_20, sigma sqrt(20 / 6)): width against a random walk's",
         169, "Bollinger 1992", true}},
       make_indicator<Bollinger>},
      {{{"z_score_48", "(ln C - mean_48) / std_48 of ln C", 48, "standard", true},
        {"z_score_168", "(ln C - mean_168) / std_168 of ln C", 168, "standard", true},
        {"z_score_720", "(ln C - mean_720) / std_720 of ln C", 720, "standard", true}},
       make_indicator<ZScores>},
      {{{"cci_20", "(T - SMA_20(T)) / (0.015 MAD_20(T)), T = (H + L + C) / 3", 20, "Lambert 1980", false}},
       make_indicator<CommodityChannel>},
  };
}

}  // namespace stevie::features
