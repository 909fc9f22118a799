#include "app/regimes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include "core/file.h"
#include "core/progress.h"
#include "market/readers.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace fs = std::filesystem;
namespace {

constexpr double days_per_year = 365.0;

struct Count {
  std::array<std::size_t, strategy::regime_count> bars{};
  std::size_t known = 0, unknown = 0, changes = 0;
};

double percent(std::size_t part, std::size_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

std::string count_line(const std::string& name, const Count& count) {
  std::string line = fmt::format("{:<6}", name);
  for (const std::size_t bars : count.bars) line += fmt::format(" {:>8.1f} %", percent(bars, count.known));
  return line + fmt::format(" {:>10} {:>8}\n", count.unknown, count.changes);
}

std::string by_year(const market::Bars& bars, const strategy::RegimeColumns& regimes) {
  std::map<int, Count> years;
  Count all;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    for (Count* count : {&years[civil_date(bars.open_time[i]).year], &all}) {
      if (regimes.known[i] == 0) {
        ++count->unknown;
        continue;
      }
      ++count->known;
      ++count->bars[static_cast<std::size_t>(regimes.regime[i])];
      const bool changed = i > 0 && regimes.known[i - 1] == 1 && regimes.regime[i] != regimes.regime[i - 1];
      count->changes += changed ? 1U : 0U;
    }
  }
  std::string text = "year  ";
  for (const strategy::Regime regime : strategy::all_regimes) {
    text += fmt::format(" {:>10}", strategy::to_string(regime));
  }
  text += "    unknown  changes\n";
  for (const auto& [year, count] : years) text += count_line(std::to_string(year), count);
  return text + count_line("all", all);
}

/// Yearly drift and volatility of the log close on the bar after each label.
std::string what_followed(const market::Bars& bars, const strategy::RegimeColumns& regimes) {
  const double bars_per_year =
      days_per_year * static_cast<double>(day_ms) / static_cast<double>(bars.interval);
  std::string text =
      "\nlabel      log return and volatility per year, on the bar of the label and on the bar after it\n";
  for (const strategy::Regime regime : strategy::all_regimes) {
    double count = 0, on = 0, on_square = 0, after = 0, after_square = 0;
    for (std::size_t i = 1; i + 1 < bars.size(); ++i) {
      if (regimes.known[i] == 0 || regimes.regime[i] != regime) continue;
      const double now = std::log(bars.close[i] / bars.close[i - 1]);
      const double next = std::log(bars.close[i + 1] / bars.close[i]);
      count += 1;
      on += now;
      on_square += now * now;
      after += next;
      after_square += next * next;
    }
    if (count == 0) continue;
    text += fmt::format("{:<10} {:>+8.2f} {:>6.2f}   {:>+8.2f} {:>6.2f}\n", strategy::to_string(regime),
                        on / count * bars_per_year, std::sqrt(on_square / count * bars_per_year),
                        after / count * bars_per_year, std::sqrt(after_square / count * bars_per_year));
  }
  return text;
}

std::string label_rows(const market::Bars& bars, const strategy::RegimeColumns& regimes) {
  std::string text = "timestamp,regime,known\n";
  for (std::size_t i = 0; i < bars.size(); ++i) {
    text += fmt::format("{},{},{}\n", bars.open_time[i], strategy::to_string(regimes.regime[i]),
                        regimes.known[i]);
  }
  return text;
}

}  // namespace

std::string label_regimes(const fs::path& file, const fs::path& out, const strategy::RegimeConfig& config) {
  const market::Bars bars = market::read_bars(file);
  const strategy::RegimeColumns regimes = strategy::make_regimes(bars, config);
  std::string text =
      fmt::format("{} bars of {}{}\n", format_count(bars.size()), format_duration(bars.interval),
                  market::looks_synthetic(bars) ? " of a made-up market" : "");
  text += by_year(bars, regimes) + what_followed(bars, regimes);
  if (!out.empty()) {
    write_file(out, label_rows(bars, regimes));
    text += fmt::format("\nregime of each bar: {}\n", out.string());
  }
  return text;
}

}  // namespace stevie::app
