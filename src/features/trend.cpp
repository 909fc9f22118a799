#include <cmath>

#include "features/families.h"
#include "features/kernels.h"

namespace stevie::features {
namespace {

/// How far the log price is from its averages, and they from each other, in units of a random walk over the
/// length.
class MovingAverages final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double root_12 = 1 / std::sqrt(12.0);
    const double root_48 = 1 / std::sqrt(48.0);
    const double root_96 = 1 / std::sqrt(96.0);
    const double root_200 = 1 / std::sqrt(200.0);
    const double root_336 = 1 / std::sqrt(336.0);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double price = block.log_close[i];
      const double unit = block.inverse_volatility[i];
      outputs[0][i] = (price - ema_12_.push(price)) * unit * root_12;
      outputs[1][i] = (price - ema_48_.push(price)) * unit * root_48;
      outputs[2][i] = (price - ema_200_.push(price)) * unit * root_200;
      outputs[3][i] = (price - sma_336_.push(price)) * unit * root_336;
      outputs[4][i] = (ema_24_.push(price) - ema_96_.push(price)) * unit * root_96;
    }
  }

 private:
  Ema ema_12_{12}, ema_24_{24}, ema_48_{48}, ema_96_{96}, ema_200_{200};
  RollingMean sma_336_{336};
};

/// MACD 12/26/9 as TA-Lib computes it: both averages get their first full value on bar 26, the signal 8 bars
/// later.
class Macd final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* previous_close = block.close - 1;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double close = block.close[i];
      if (block.first_bar + i > 0) {
        range_ = atr_.push(true_range(block.high[i], block.low[i], previous_close[i]));
      }
      const double line = fast_.push(close) - slow_.push(close);
      const double signal = signal_.push(line);
      const double unit = 1 / (range_ + volatility_floor * close);
      outputs[0][i] = line;
      outputs[1][i] = signal;
      outputs[2][i] = line - signal;
      outputs[3][i] = line * unit;
      outputs[4][i] = (line - signal) * unit;
    }
  }

 private:
  Ema fast_{12, 26 - 12}, slow_{26}, signal_{9, 25};
  WilderAverage atr_{14};
  double range_ = 0;
};

/// Wilder's directional movement: the index ADX and the difference of the two direction indicators.
class DirectionalMovement {
 public:
  explicit DirectionalMovement(std::size_t length)
      : up_(length), down_(length), range_(length), index_(length) {}

  struct Value {
    double adx = 0;         // 0 .. 100
    double difference = 0;  // (+DI - -DI) / 100
  };
  Value push(double up_move, double down_move, double range, double floor) {
    const double up = up_.push(up_move > down_move && up_move > 0 ? up_move : 0.0);
    const double down = down_.push(down_move > up_move && down_move > 0 ? down_move : 0.0);
    const double mean_range = range_.push(range) + floor;
    const double adx = index_.push(100 * ratio_or_zero(std::abs(up - down), up + down));
    return {adx, (up - down) / mean_range};
  }

 private:
  WilderAverage up_, down_, range_, index_;
};

class Adx final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.first_bar + i > 0) {
        const double* high = block.high + i;
        const double* low = block.low + i;
        const double up_move = high[0] - high[-1];
        const double down_move = low[-1] - low[0];
        const double range = true_range(high[0], low[0], block.close[static_cast<std::ptrdiff_t>(i) - 1]);
        const double floor = volatility_floor * block.close[i];
        short_value_ = short_.push(up_move, down_move, range, floor);
        long_value_ = long_.push(up_move, down_move, range, floor);
      }
      outputs[0][i] = short_value_.adx;
      outputs[1][i] = short_value_.difference;
      outputs[2][i] = long_value_.adx;
      outputs[3][i] = long_value_.difference;
    }
  }

 private:
  DirectionalMovement short_{14}, long_{48};
  DirectionalMovement::Value short_value_, long_value_;
};

/// t statistic of the slope in the least-squares line of the log price on time.
class SlopeT {
 public:
  explicit SlopeT(std::size_t length)
      : length_(static_cast<double>(length)),
        time_variation_(length_ * (length_ * length_ - 1) / 12),
        line_(length),
        square_(length) {}

  double push(double price) {
    const RollingLine::Sums sums = line_.push(price);
    const double mean = sums.plain / length_;
    const double covariation = mean * length_ * (length_ - 1) / 2 - sums.by_age;  // time runs against age
    const double slope = covariation / time_variation_;
    const double variation = square_.push(price * price) - sums.plain * mean;
    const double noise = std::max(0.0, variation - slope * covariation) / (length_ - 2);
    return covariation / std::sqrt((noise + volatility_floor * volatility_floor) * time_variation_);
  }

 private:
  double length_;
  double time_variation_;
  RollingLine line_;
  RollingSum square_;
};

class Slopes final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      outputs[0][i] = day_.push(block.log_close[i]);
      outputs[1][i] = three_days_.push(block.log_close[i]);
      outputs[2][i] = week_.push(block.log_close[i]);
    }
  }

 private:
  SlopeT day_{24}, three_days_{72}, week_{168};
};

/// Kaufman's efficiency ratio: net move / path walked. Its sign is in the returns already.
class Efficiency final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double* price = block.log_close;
    for (std::size_t i = 0; i < block.size; ++i) {
      const double move = std::abs(block.log_return[i]);
      outputs[0][i] = std::abs(price[i] - (price - 24)[i]) / (day_.push(move) + volatility_floor);
      outputs[1][i] = std::abs(price[i] - (price - 72)[i]) / (three_days_.push(move) + volatility_floor);
      outputs[2][i] = std::abs(price[i] - (price - 168)[i]) / (week_.push(move) + volatility_floor);
    }
  }

 private:
  RollingSum day_{24}, three_days_{72}, week_{168};
};

/// Highest high and lowest low of the log price over one length.
class Channel {
 public:
  explicit Channel(std::size_t length) : high_(length), low_(length) {}
  struct Bounds {
    double high;
    double low;
    /// -1 at the low, 1 at the high.
    double position(double price) const { return (2 * price - high - low) / (high - low + volatility_floor); }
  };
  Bounds push(double high, double low) { return {high_.push(high), -low_.push(-low)}; }

 private:
  RollingMax high_, low_;
};

class Channels final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    const double root_168 = 1 / std::sqrt(168.0);
    const double root_720 = 1 / std::sqrt(720.0);
    for (std::size_t i = 0; i < block.size; ++i) {
      const double price = block.log_close[i];
      const double unit = block.inverse_volatility[i];
      const Channel::Bounds day = day_.push(block.log_high[i], block.log_low[i]);
      const Channel::Bounds three_days = three_days_.push(block.log_high[i], block.log_low[i]);
      const Channel::Bounds week = week_.push(block.log_high[i], block.log_low[i]);
      const Channel::Bounds month = month_.push(block.log_high[i], block.log_low[i]);
      outputs[0][i] = day.position(price);
      outputs[1][i] = three_days.position(price);
      outputs[2][i] = week.position(price);
      outputs[3][i] = month.position(price);
      outputs[4][i] = (price - week.high) * unit * root_168;
      outputs[5][i] = (price - month.high) * unit * root_720;
      outputs[6][i] = (week.high - week.low) * unit * root_168;
    }
  }

 private:
  Channel day_{24}, three_days_{72}, week_{168}, month_{720};
};

/// Aroon oscillator / 100: which came last, the highest high or the lowest low.
class Aroon final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t i = 0; i < block.size; ++i) {
      outputs[0][i] = oscillator(day_high_.push(block.high[i]), day_low_.push(-block.low[i]), 24);
      outputs[1][i] = oscillator(long_high_.push(block.high[i]), long_low_.push(-block.low[i]), 72);
    }
  }

 private:
  static double oscillator(std::size_t since_high, std::size_t since_low, double length) {
    return (static_cast<double>(since_low) - static_cast<double>(since_high)) / length;
  }
  BarsSinceMax day_high_{24}, day_low_{24}, long_high_{72}, long_low_{72};
};

}  // namespace

std::vector<IndicatorGroup> trend_indicators() {
  return {
      {{{"ema_distance_12", "(ln C - EMA_12(ln C)) / (sigma sqrt(12))", 169, "standard", true},
        {"ema_distance_48", "(ln C - EMA_48(ln C)) / (sigma sqrt(48))", 192, "standard", true},
        {"ema_distance_200", "(ln C - EMA_200(ln C)) / (sigma sqrt(200))", 800, "standard", true},
        {"sma_distance_336", "(ln C - SMA_336(ln C)) / (sigma sqrt(336))", 336, "standard", true},
        {"ema_cross_24_96", "(EMA_24 - EMA_96)(ln C) / (sigma sqrt(96))", 384, "standard", true}},
       make_indicator<MovingAverages>},
      {{{"macd", "EMA_12(C) - EMA_26(C)", 104, "Appel 1979; TA-Lib MACD", false},
        {"macd_signal", "EMA_9(macd)", 140, "Appel 1979; TA-Lib MACD", false},
        {"macd_histogram", "macd - macd_signal", 140, "Appel 1979; TA-Lib MACD", false},
        {"macd_atr", "macd / ATR_14", 112, "Appel 1979", true},
        {"macd_histogram_atr", "macd_histogram / ATR_14", 140, "Appel 1979", true}},
       make_indicator<Macd>},
      {{{"adx_14", "Wilder average over 14 of 100 |DI+ - DI-| / (DI+ + DI-)", 168, "Wilder 1978", true},
        {"di_14", "(DI+ - DI-) / 100 over 14", 112, "Wilder 1978", true},
        {"adx_48", "Wilder average over 48 of 100 |DI+ - DI-| / (DI+ + DI-)", 576, "Wilder 1978", true},
        {"di_48", "(DI+ - DI-) / 100 over 48", 384, "Wilder 1978", true}},
       make_indicator<Adx>},
      {{{"slope_t_24", "t statistic of the least-squares slope of ln C over 24", 24, "standard", true},
        {"slope_t_72", "t statistic of the least-squares slope of ln C over 72", 72, "standard", true},
        {"slope_t_168", "t statistic of the least-squares slope of ln C over 168", 168, "standard", true}},
       make_indicator<Slopes>},
      {{{"efficiency_24", "|ln(C / C[24])| / sum_24(|r|)", 25, "Kaufman 1995", true},
        {"efficiency_72", "|ln(C / C[72])| / sum_72(|r|)", 73, "Kaufman 1995", true},
        {"efficiency_168", "|ln(C / C[168])| / sum_168(|r|)", 169, "Kaufman 1995", true}},
       make_indicator<Efficiency>},
      {{{"donchian_24", "(2 ln C - hi - lo) / (hi - lo), bounds of ln H and ln L over 24", 24, "Donchian",
         true},
        {"donchian_72", "(2 ln C - hi - lo) / (hi - lo) over 72", 72, "Donchian", true},
        {"donchian_168", "(2 ln C - hi - lo) / (hi - lo) over 168", 168, "Donchian", true},
        {"donchian_720", "(2 ln C - hi - lo) / (hi - lo) over 720", 720, "Donchian", true},
        {"drawdown_168", "(ln C - max_168(ln H)) / (sigma sqrt(168))", 169, "standard", true},
        {"drawdown_720", "(ln C - max_720(ln H)) / (sigma sqrt(720))", 720, "standard", true},
        {"rescaled_range_168", "(max_168(ln H) - min_168(ln L)) / (sigma sqrt(168))", 169,
         "Hurst 1951; Feller 1951", true}},
       make_indicator<Channels>},
      {{{"aroon_24", "(bars since low - bars since high) / 24", 24, "Chande 1995", true},
        {"aroon_72", "(bars since low - bars since high) / 72", 72, "Chande 1995", true}},
       make_indicator<Aroon>},
  };
}

}  // namespace stevie::features
