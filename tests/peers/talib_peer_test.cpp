/// The classic indicators against TA-Lib: equal to 1e-9 from TA-Lib's first value on.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "core/file.h"
#include "features/random_series.h"
#include "features/registry.h"
#include "market/readers.h"
#include "peers/peer.h"

namespace stevie::features {
namespace {

const std::vector<std::string> compared = {"sma_10",
                                           "sma_30",
                                           "sma_50",
                                           "sma_200",
                                           "ema_12",
                                           "ema_26",
                                           "ema_50",
                                           "ema_200",
                                           "rsi_6",
                                           "rsi_14",
                                           "rsi_3",
                                           "rsi_72",
                                           "atr_14",
                                           "macd",
                                           "macd_signal",
                                           "macd_histogram",
                                           "bollinger_upper_20",
                                           "bollinger_middle_20",
                                           "bollinger_lower_20"};

void compare_with_talib(const market::Bars& bars) {
  std::ostringstream text;
  text << std::setprecision(std::numeric_limits<double>::max_digits10) << "open,high,low,close";
  std::vector<std::vector<double>> columns;
  for (const std::string& name : compared) {
    text << ',' << name;
    columns.push_back(compute_indicator(bars, name));
  }
  text << '\n';
  for (std::size_t t = 0; t < bars.size(); ++t) {
    text << bars.open[t] << ',' << bars.high[t] << ',' << bars.low[t] << ',' << bars.close[t];
    for (const std::vector<double>& column : columns) text << ',' << column[t];
    text << '\n';
  }
  const peers::TemporaryFolder folder;
  write_file(folder / "indicators.csv", text.str());
  peers::run("talib_parity.py", "'" + (folder / "indicators.csv").string() + "'");
}

TEST(TaLib, AgreesOnRandomSeries) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  for (const char* name : {"ordinary", "gaps", "idle", "rising", "falling"}) {
    for (const SeriesKind& kind : series_kinds()) {
      if (kind.name != name) continue;
      SCOPED_TRACE(name);
      compare_with_talib(random_series(kind, 3000, 1));
    }
  }
}

TEST(TaLib, AgreesOnBitcoinHours) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  const char* shared = std::getenv("STEVIE_SHARED");
  const std::filesystem::path file =
      std::filesystem::path(shared == nullptr ? "" : shared) / "data" / "BTCUSDT_1h_201708_202412.csv.gz";
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << "STEVIE_SHARED does not name a folder with data/BTCUSDT_1h_201708_202412.csv.gz";
  }
  compare_with_talib(market::read_bars(file));
}

}  // namespace
}  // namespace stevie::features
