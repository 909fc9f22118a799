#include <cmath>

#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

constexpr double floor_variance = volatility_floor * volatility_floor;

/// Variances per bar from closes and from ranges at several lengths, compared with each other.
class VolatilityTermStructure final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    constexpr double four_ln2 = 2.772588722239781;
    constexpr double two_ln2_minus_1 = 0.3862943611198906;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double square = block.log_return[i] * block.log_return[i];
      const double range = block.log_high[i] - block.log_low[i];
      const double body = block.log_close[i] - block.log_open[i];
      const double parkinson = range * range / four_ln2;
      const double garman_klass = 0.5 * range * range - two_ln2_minus_1 * body * body;
      const double close_6 = close_6_.push(square) / 6 + floor_variance;
      const double close_24 = close_24_.push(square) / 24 + floor_variance;
      const double close_168 = block.volatility[i] * block.volatility[i];
      const double close_720 = close_720_.push(square) / 720 + floor_variance;
      const double parkinson_24 = parkinson_24_.push(parkinson) / 24 + floor_variance;
      const double garman_klass_6 = garman_klass_6_.push(garman_klass) / 6 + floor_variance;
      const double garman_klass_24 = garman_klass_24_.push(garman_klass) / 24 + floor_variance;
      outputs[0][i] = contrast(close_6, close_24);
      outputs[1][i] = contrast(close_24, close_168);
      outputs[2][i] = contrast(close_168, close_720);
      outputs[3][i] = contrast(parkinson_24, close_24);
      outputs[4][i] = contrast(garman_klass_6, garman_klass_24);
      outputs[5][i] = volatility_rank_.push(close_24);
      outputs[6][i] = range_rank_.push(range);
    }
  }

 private:
  RollingSum close_6_{6}, close_24_{24}, close_720_{720};
  RollingSum parkinson_24_{24};
  RollingSum garman_klass_6_{6}, garman_klass_24_{24};
  RollingRank volatility_rank_{720};
  RollingRank range_rank_{168};
};

/// Yang and Zhang 2000, eq. 10: variance from overnight jumps, bodies and Rogers-Satchell terms over one
/// length.
class YangZhangVariance {
 public:
  explicit YangZhangVariance(std::size_t length)
      : length_(static_cast<double>(length)),
        body_weight_(0.34 / (1.34 + (length_ + 1) / (length_ - 1))),
        jump_(length),
        jump_square_(length),
        body_(length),
        body_square_(length),
        satchell_(length) {}

  double push(double jump, double body, double rogers_satchell) {
    const double jump_variance = variance(jump_.push(jump), jump_square_.push(jump * jump));
    const double body_variance = variance(body_.push(body), body_square_.push(body * body));
    const double satchell = satchell_.push(rogers_satchell) / length_;
    return jump_variance + body_weight_ * body_variance + (1 - body_weight_) * satchell;
  }

 private:
  double variance(double sum, double square_sum) const {
    return std::max(0.0, (square_sum - sum * sum / length_) / (length_ - 1));
  }

  double length_;
  double body_weight_;
  RollingSum jump_, jump_square_, body_, body_square_, satchell_;
};

class YangZhang final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* previous_close = block.log_close - 1;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double jump = block.log_open[i] - previous_close[i];
      const double body = block.log_close[i] - block.log_open[i];
      const double up = block.log_high[i] - block.log_open[i];
      const double down = block.log_low[i] - block.log_open[i];
      const double rogers_satchell = up * (up - body) + down * (down - body);
      const double day = day_.push(jump, body, rogers_satchell) + floor_variance;
      const double week = week_.push(jump, body, rogers_satchell) + floor_variance;
      outputs[0][i] = contrast(day, week);
      outputs[1][i] = contrast(week, block.volatility[i] * block.volatility[i]);
    }
  }

 private:
  YangZhangVariance day_{24};
  YangZhangVariance week_{168};
};

class VolatilityOfVolatility final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      const double move = std::abs(block.log_return[i]);
      const double mean = move_.push(move) / 168;
      const double variance = std::max(0.0, square_.push(move * move) / 168 - mean * mean);
      outputs[0][i] = std::sqrt(variance) / (mean + volatility_floor);
    }
  }

 private:
  RollingSum move_{168}, square_{168};
};

/// Average true range as Wilder defined it. The first bar has no true range, as in TA-Lib.
class AverageTrueRange final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* previous_close = block.close - 1;
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.first_bar + i > 0) {
        const double range = true_range(block.high[i], block.low[i], previous_close[i]);
        short_value_ = short_.push(range);
        long_value_ = long_.push(range);
      }
      outputs[0][i] = short_value_;
      outputs[1][i] = contrast(short_value_, long_value_);
    }
  }

 private:
  WilderAverage short_{14}, long_{72};
  double short_value_ = 0;
  double long_value_ = 0;
};

}  // namespace

std::vector<IndicatorGroup> volatility_indicators() {
  return {
      {{{"volatility_6_24", "contrast(var_6, var_24) of close-to-close returns", 25, "Corsi 2009", true},
        {"volatility_24_168", "contrast(var_24, var_168)", 169, "Corsi 2009", true},
        {"volatility_168_720", "contrast(var_168, var_720)", 721, "Corsi 2009", true},
        {"parkinson_close_24", "contrast(pk_24, var_24), pk = mean of ln(H / L)^2 / (4 ln 2)", 25,
         "Parkinson 1980", true},
        {"garman_klass_6_24",
         "contrast(gk_6, gk_24), gk = mean of ln(H / L)^2 / 2 - (2 ln 2 - 1) ln(C / O)^2", 24,
         "Garman and Klass 1980", true},
        {"volatility_rank_720", "share of the last 720 values of var_24 below the newest", 744, "rank", true},
        {"range_rank_168", "share of the last 168 values of ln(H / L) below the newest", 168, "rank", true}},
       make_indicator<VolatilityTermStructure>},
      {{{"yang_zhang_24_168", "contrast(yz_24, yz_168), yz = Yang-Zhang variance", 169, "Yang and Zhang 2000",
         true},
        {"yang_zhang_close_168", "contrast(yz_168, var_168)", 169, "Yang and Zhang 2000", true}},
       make_indicator<YangZhang>},
      {{{"volatility_of_volatility_168", "std_168(|r|) / (mean_168(|r|) + 1e-6)", 169, "standard", true}},
       make_indicator<VolatilityOfVolatility>},
      {{{"atr_14", "Wilder average over 14 of max(H, C[1]) - min(L, C[1])", 112, "Wilder 1978; TA-Lib ATR",
         false},
        {"atr_14_72", "contrast(ATR_14, ATR_72)", 576, "Wilder 1978", true}},
       make_indicator<AverageTrueRange>},
  };
}

}  // namespace stevie::features
