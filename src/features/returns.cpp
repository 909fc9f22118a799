#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "core/time.h"
#include "features/families.h"

namespace stevie::features {
namespace {

constexpr std::array<int, 11> return_bars = {1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720};

class Returns final : public Indicator {
 public:
  void update(const BarBlock& block, std::span<double* const> outputs) override {
    for (std::size_t k = 0; k < return_bars.size(); ++k) {
      const double* now = block.log_close;
      const double* then = block.log_close - return_bars[k];
      const double scale = 1 / std::sqrt(static_cast<double>(return_bars[k]));
      for (std::size_t i = 0; i < block.size; ++i) {
        outputs[k][i] = (now[i] - then[i]) * scale * block.inverse_volatility[i];
      }
    }
  }
};

/// Sine and cosine of the time of day (to the minute) and of the week (to the hour), from tables.
class Calendar final : public Indicator {
 public:
  Calendar() {
    constexpr double two_pi = 6.283185307179586;
    for (std::size_t i = 0; i < minutes; ++i) {
      const double angle = two_pi * static_cast<double>(i) / minutes;
      day_[i] = {std::sin(angle), std::cos(angle)};
    }
    for (std::size_t i = 0; i < hours; ++i) {
      const double angle = two_pi * static_cast<double>(i) / hours;
      week_[i] = {std::sin(angle), std::cos(angle)};
    }
  }

  void update(const BarBlock& block, std::span<double* const> outputs) override {
    constexpr std::int64_t thursday_to_monday = 3;  // 1970-01-01 was a Thursday
    for (std::size_t i = 0; i < block.size; ++i) {
      const std::int64_t day = utc_day(block.open_time[i]);
      const std::int64_t time_of_day = block.open_time[i] - day * day_ms;
      const std::int64_t weekday = ((day + thursday_to_monday) % 7 + 7) % 7;
      const Angle& in_day = day_[static_cast<std::size_t>(time_of_day / minute_ms)];
      const Angle& in_week = week_[static_cast<std::size_t>(weekday * 24 + time_of_day / hour_ms)];
      outputs[0][i] = in_day.sine;
      outputs[1][i] = in_day.cosine;
      outputs[2][i] = in_week.sine;
      outputs[3][i] = in_week.cosine;
    }
  }

 private:
  struct Angle {
    double sine;
    double cosine;
  };
  static constexpr std::size_t minutes = 1440;  // of a day
  static constexpr std::size_t hours = 168;     // of a week
  std::array<Angle, minutes> day_;
  std::array<Angle, hours> week_;
};

}  // namespace

std::vector<IndicatorGroup> return_indicators() {
  IndicatorGroup returns{{}, make_indicator<Returns>};
  for (const int bars : return_bars) {
    const std::string n = std::to_string(bars);
    returns.outputs.push_back({"return_" + n, "ln(C / C[" + n + "]) / (sigma sqrt(" + n + "))",
                               std::max<std::size_t>(bars + 1, volatility_bars + 1),
                               "Moskowitz, Ooi and Pedersen 2012", true});
  }
  IndicatorGroup calendar{
      {{"day_sine", "sin(2 pi minute of the UTC day / 1440)", 1, "calendar", true},
       {"day_cosine", "cos(2 pi minute of the UTC day / 1440)", 1, "calendar", true},
       {"week_sine", "sin(2 pi hour of the week / 168), from Monday 00:00 UTC", 1, "calendar", true},
       {"week_cosine", "cos(2 pi hour of the week / 168), from Monday 00:00 UTC", 1, "calendar", true}},
      make_indicator<Calendar>};
  return {returns, calendar};
}

}  // namespace stevie::features
