#include "execution/bar_tape.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace stevie::execution {
namespace {

market::Bars hours(std::size_t count, TimeMs first = 0) {
  market::Bars bars;
  bars.interval = hour_ms;
  for (std::size_t i = 0; i < count; ++i) {
    bars.push_back({first + static_cast<TimeMs>(i) * hour_ms, 100, 104, 96, 102, 10});
  }
  return bars;
}

TEST(BarTape, LaysOutBarsWithTheRangeOfTheOneBefore) {
  const BarTape tape = make_bar_tape(hours(3), Instrument{});
  ASSERT_EQ(tape.size(), 3u);
  EXPECT_EQ(tape.bars[0].range, 0);
  EXPECT_DOUBLE_EQ(tape.bars[1].range, 8.0 / 102);
  EXPECT_EQ(tape.bars[1].volume, 10);
  market::Bars without_volume = hours(2);
  without_volume.has_volume = false;
  EXPECT_TRUE(std::isinf(make_bar_tape(without_volume, Instrument{}).bars[0].volume));
}

TEST(BarTape, RefusesUndefinedPricesAndNamesTheBar) {
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  const double endless = std::numeric_limits<double>::infinity();
  const auto refuses = [](market::Bars bars) {
    try {
      make_bar_tape(bars, Instrument{}, nullptr, "bars.csv");
      ADD_FAILURE() << "an undefined bar was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "execution.undefined_price");
      EXPECT_NE(error.place().find("bars.csv: bar 1 at 1970-01-01T01:00:00Z"), std::string::npos)
          << error.place();
    }
  };
  for (const double bad : {undefined, endless, 0.0, -1.0}) {
    for (auto column : {&market::Bars::open, &market::Bars::high, &market::Bars::low, &market::Bars::close}) {
      market::Bars bars = hours(3);
      (bars.*column)[1] = bad;
      refuses(bars);
    }
  }
  market::Bars bars = hours(3);
  bars.high[1] = 101;  // below the close
  refuses(bars);
  bars = hours(3);
  bars.volume[1] = undefined;
  refuses(bars);
}

TEST(BarTape, FundingFallsOnTheBarThatHoldsItsTime) {
  Instrument perpetual;
  perpetual.perpetual = true;
  perpetual.funding_rate_bps = 2;
  const BarTape constant = make_bar_tape(hours(18, day_ms), perpetual);
  for (std::size_t i = 0; i < constant.size(); ++i) {
    EXPECT_DOUBLE_EQ(constant.bars[i].funding_at_open, i % 8 == 0 ? 2e-4 : 0.0) << i;
    EXPECT_EQ(constant.bars[i].funding_inside, 0) << i;
  }
  market::Bars days = hours(2, day_ms);
  days.interval = day_ms;
  days.open_time[1] = 2 * day_ms;
  const BarTape daily = make_bar_tape(days, perpetual);
  EXPECT_DOUBLE_EQ(daily.bars[0].funding_at_open, 2e-4);
  EXPECT_DOUBLE_EQ(daily.bars[0].funding_inside, 4e-4);  // 08:00 and 16:00

  const FundingSeries real{{hour_ms, hour_ms + 1, 90 * hour_ms}, {0.001, -0.002, 0.5}};
  const BarTape given = make_bar_tape(hours(3), perpetual, &real);
  EXPECT_DOUBLE_EQ(given.bars[1].funding_at_open, 0.001);
  EXPECT_DOUBLE_EQ(given.bars[1].funding_inside, -0.002);
  EXPECT_EQ(make_bar_tape(hours(3), Instrument{}, &real).bars[1].funding_at_open, 0);  // spot
}

TEST(BarTape, FundingOverAGapIsDueWhereTheBarsResume) {
  Instrument perpetual;
  perpetual.perpetual = true;
  market::Bars bars = hours(3);
  bars.open_time = {0, hour_ms, 10 * hour_ms};
  const FundingSeries real{{8 * hour_ms}, {0.001}};
  EXPECT_DOUBLE_EQ(make_bar_tape(bars, perpetual, &real).bars[2].funding_at_open, 0.001);
}

TEST(BarTape, RefusesFundingThatIsUndefinedOrUnsorted) {
  Instrument perpetual;
  perpetual.perpetual = true;
  const FundingSeries undefined{{1}, {std::numeric_limits<double>::quiet_NaN()}};
  const FundingSeries unsorted{{2, 1}, {0.1, 0.1}};
  const FundingSeries uneven{{1, 2}, {0.1}};
  for (const FundingSeries* series : {&undefined, &unsorted, &uneven}) {
    EXPECT_THROW(make_bar_tape(hours(2), perpetual, series), Error);
  }
}

}  // namespace
}  // namespace stevie::execution
