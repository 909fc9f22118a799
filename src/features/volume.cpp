#include <cmath>

#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

// Every value here is 0 while the volume in its window is 0, so that a file without volume gives columns of
// zeros.

class VolumeLevels final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double volume = block.volume[i];
      const double mean_6 = sum_6_.push(volume) / 6;
      const double mean_24 = sum_24_.push(volume) / 24;
      const double mean_168 = sum_168_.push(volume) / 168;
      const double mean_720 = sum_720_.push(volume) / 720;
      const double variance = std::max(0.0, square_168_.push(volume * volume) / 168 - mean_168 * mean_168);
      outputs[0][i] = contrast(volume, mean_24);
      outputs[1][i] = contrast(mean_6, mean_24);
      outputs[2][i] = contrast(mean_24, mean_168);
      outputs[3][i] = contrast(mean_168, mean_720);
      outputs[4][i] = ratio_or_zero(volume - mean_168, std::sqrt(variance) + volatility_floor * mean_168);
    }
  }

 private:
  RollingSum sum_6_{6}, sum_24_{24}, sum_168_{168}, sum_720_{720}, square_168_{168};
};

/// Volume weighted by what the price did in the bar, as a share of the volume.
class VolumeFlow final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double root_24 = 1 / std::sqrt(24.0);
    const double root_168 = 1 / std::sqrt(168.0);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double volume = block.volume[i];
      const double price = block.log_close[i];
      const double high = block.log_high[i];
      const double low = block.log_low[i];
      const double direction = block.log_return[i] > 0 ? 1.0 : block.log_return[i] < 0 ? -1.0 : 0.0;
      const double location = high > low ? (2 * price - high - low) / (high - low) : 0.0;
      const double typical = (high + low + price) / 3;
      const double total_24 = total_24_.push(volume);
      const double total_72 = total_72_.push(volume);
      const double total_168 = total_168_.push(volume);
      outputs[0][i] = ratio_or_zero(signed_24_.push(direction * volume), total_24);
      outputs[1][i] = ratio_or_zero(signed_168_.push(direction * volume), total_168);
      outputs[2][i] = ratio_or_zero(located_24_.push(location * volume), total_24);
      outputs[3][i] = ratio_or_zero(located_72_.push(location * volume), total_72);
      const double weighted_24 = weighted_24_.push(typical * volume);
      const double weighted_168 = weighted_168_.push(typical * volume);
      const double unit = block.inverse_volatility[i];
      outputs[4][i] = total_24 > 0 ? (price - weighted_24 / total_24) * unit * root_24 : 0.0;
      const double mean_168 = typical_168_.push(typical) / 168;
      outputs[5][i] = total_168 > 0 ? (weighted_168 / total_168 - mean_168) * unit * root_168 : 0.0;
    }
  }

 private:
  RollingSum total_24_{24}, total_72_{72}, total_168_{168};
  RollingSum signed_24_{24}, signed_168_{168}, located_24_{24}, located_72_{72};
  RollingSum weighted_24_{24}, weighted_168_{168}, typical_168_{168};
};

/// Money Flow Index / 50 - 1.
class MoneyFlow final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double typical = (block.high[i] + block.low[i] + block.close[i]) / 3;
      const double flow = typical * block.volume[i];
      const bool known = block.first_bar + i > 0;
      const double in = in_.push(known && typical > previous_typical_ ? flow : 0.0);
      const double out = out_.push(known && typical < previous_typical_ ? flow : 0.0);
      previous_typical_ = typical;
      outputs[0][i] = contrast(in, out);
    }
  }

 private:
  RollingSum in_{14}, out_{14};
  double previous_typical_ = 0;
};

/// Amihud's illiquidity, |return| per unit of money traded, of a day against that of a week.
class Illiquidity final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    constexpr double least_turnover = 1e-30;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double turnover = block.volume[i] * block.close[i];
      const double impact = turnover > least_turnover ? std::abs(block.log_return[i]) / turnover : 0.0;
      outputs[0][i] = contrast(day_.push(impact) / 24, week_.push(impact) / 168);
    }
  }

 private:
  RollingSum day_{24}, week_{168};
};

/// Correlation of volume with the move and with its size.
class VolumeCorrelation final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double volume = block.volume[i];
      const double r = block.log_return[i];
      const double size = std::abs(r);
      const double mean_volume = volume_.push(volume) / n;
      const double mean_r = return_.push(r) / n;
      const double mean_size = size_.push(size) / n;
      const double mean_square = square_.push(r * r) / n;
      const double volume_variance = volume_square_.push(volume * volume) / n - mean_volume * mean_volume;
      const double volume_deviation = deviation(volume_variance) + volatility_floor * mean_volume;
      const double size_deviation = deviation(mean_square - mean_size * mean_size) + volatility_floor;
      const double return_deviation = deviation(mean_square - mean_r * mean_r) + volatility_floor;
      const double with_size = volume_size_.push(volume * size) / n - mean_volume * mean_size;
      const double with_return = volume_return_.push(volume * r) / n - mean_volume * mean_r;
      outputs[0][i] = ratio_or_zero(with_size, volume_deviation * size_deviation);
      outputs[1][i] = ratio_or_zero(with_return, volume_deviation * return_deviation);
    }
  }

 private:
  static constexpr double n = 72;
  static double deviation(double variance) { return std::sqrt(std::max(0.0, variance)); }
  RollingSum volume_{72}, return_{72}, size_{72}, square_{72}, volume_square_{72};
  RollingSum volume_size_{72}, volume_return_{72};
};

}  // namespace

std::vector<IndicatorGroup> volume_indicators() {
  return {
      {{{"volume_1_24", "contrast(V, mean_24(V))", 24, "standard", true},
        {"volume_6_24", "contrast(mean_6(V), mean_24(V))", 24, "standard", true},
        {"volume_24_168", "contrast(mean_24(V), mean_168(V))", 168, "standard", true},
        {"volume_168_720", "contrast(mean_168(V), mean_720(V))", 720, "standard", true},
        {"volume_z_168", "(V - mean_168(V)) / std_168(V)", 168, "standard", true}},
       make_indicator<VolumeLevels>},
      {{{"signed_volume_24", "sum_24(sign(r) V) / sum_24(V): change of on-balance volume as a share", 25,
         "Granville 1963", true},
        {"signed_volume_168", "sum_168(sign(r) V) / sum_168(V)", 169, "Granville 1963", true},
        {"chaikin_24", "sum_24(V (2 ln C - ln H - ln L) / (ln H - ln L)) / sum_24(V)", 24, "Chaikin", true},
        {"chaikin_72", "sum_72(V (2 ln C - ln H - ln L) / (ln H - ln L)) / sum_72(V)", 72, "Chaikin", true},
        {"vwap_distance_24",
         "(ln C - sum_24(V T) / sum_24(V)) / (sigma sqrt(24)), T = (ln H + ln L + ln C) / 3", 169,
         "Berkowitz, Logue and Noser 1988", true},
        {"vwap_tilt_168", "(sum_168(V T) / sum_168(V) - mean_168(T)) / (sigma sqrt(168)): traded high or low",
         169, "Berkowitz, Logue and Noser 1988", true}},
       make_indicator<VolumeFlow>},
      {{{"money_flow_14", "contrast(in, out): sums over 14 of V (H + L + C) / 3 when that price rose, fell",
         15, "Quong and Soudack 1989", true}},
       make_indicator<MoneyFlow>},
      {{{"illiquidity_24_168", "contrast(mean_24, mean_168) of |r| / (V C)", 169, "Amihud 2002", true}},
       make_indicator<Illiquidity>},
      {{{"volume_volatility_72", "correlation over 72 of V and |r|", 73, "Karpoff 1987", true},
        {"volume_return_72", "correlation over 72 of V and r", 73, "Karpoff 1987", true}},
       make_indicator<VolumeCorrelation>},
  };
}

}  // namespace stevie::features
