#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "app/augment_data.h"
#include "core/markup.h"
#include "core/progress.h"
#include "core/time.h"

namespace stevie::app {
namespace {

// The picture in pixels.
constexpr double width = 1100, height = 752;
constexpr double left = 20, right = 1000;
constexpr double panel_height = 220, volume_gap = 14, volume_height = 45;
constexpr std::array<double, 2> panel_top{86, 436};  // of the prices; volumes and times come right below
constexpr int time_labels = 5;

// The colours of the report.
constexpr const char* text_colour = "#16191f";
constexpr const char* muted = "#626b7a";
constexpr const char* line_colour = "#dfe3e9";
constexpr const char* up = "#0e8f7e";
constexpr const char* down = "#d6403d";
constexpr const char* original_colour = "#2457e6";

/// What both panels share.
struct Scale {
  double low = 0, high = 1;  // log price
  double volume = 1;
  std::size_t bars = 1;

  double x(std::size_t bar) const {
    return left + (static_cast<double>(bar) + 0.5) / static_cast<double>(bars) * (right - left);
  }
  double y(double price, double top) const {
    return top + (high - std::log(price)) / (high - low) * panel_height;
  }
  double body() const { return std::max(1.0, 0.7 * (right - left) / static_cast<double>(bars)); }
};

Scale scale_of(const market::Bars& original, const market::Bars& augmented, std::size_t bars) {
  Scale scale;
  scale.bars = std::max<std::size_t>(1, std::min(bars, std::max(original.size(), augmented.size())));
  double low = original.low.front(), high = original.high.front(), volume = 0;
  for (const market::Bars* both : {&original, &augmented}) {
    for (std::size_t i = 0; i < std::min(scale.bars, both->size()); ++i) {
      low = std::min(low, both->low[i]);
      high = std::max(high, both->high[i]);
      volume = std::max(volume, both->volume[i]);
    }
  }
  // One price throughout lies in the middle of a per cent.
  constexpr double least_range = 1e-4, margin = 0.005;
  const double widened = std::log(high / low) < least_range ? margin : 0.0;
  scale.low = std::log(low) - widened;
  scale.high = std::log(high) + widened;
  scale.volume = volume > 0 ? volume : 1;
  return scale;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text,
                    const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     text);
}

/// What prices and volumes are counted in, " USDT" and " BTC"; empty where the symbol does not tell.
struct Units {
  std::string price, volume;

  explicit Units(const std::string& symbol) {
    const std::size_t slash = symbol.find('/');
    if (slash == std::string::npos) return;
    volume = " " + symbol.substr(0, slash);
    price = " " + symbol.substr(slash + 1, symbol.find(':', slash) - slash - 1);
  }
};

/// Prices for the lines: evenly spaced round ones, or round ones on a log scale where that spans so much that
/// they would crowd together.
std::vector<double> lines_of(const Scale& scale) {
  constexpr double fewest = 4, widest = 2;
  const double low = std::exp(scale.low), high = std::exp(scale.high);
  std::vector<double> prices;
  if (high / low > widest) {
    for (double share = 0.5 / fewest; share < 1; share += 1 / fewest) {
      const double price = std::exp(scale.low + share * (scale.high - scale.low));
      const double digit = std::pow(10.0, std::floor(std::log10(price)) - 1);
      prices.push_back(std::round(price / digit) * digit);
    }
    return prices;
  }
  const double decade = std::pow(10.0, std::ceil(std::log10((high - low) / fewest)));
  double step = decade;
  for (const double share : {1.0, 0.5, 0.2, 0.1}) {
    step = decade * share;
    if ((high - low) / step >= fewest) break;
  }
  for (double number = std::ceil(low / step); number * step <= high; ++number)
    prices.push_back(number * step);
  return prices;
}

std::string grid(const Scale& scale, const Units& units, double top) {
  std::string svg;
  const std::string look = fmt::format(" fill=\"{}\"", muted);
  for (const double price : lines_of(scale)) {
    const double y = scale.y(price, top);
    svg += fmt::format("<line x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n", left,
                       right, y, line_colour);
    svg +=
        text_at(right + 8, y + 4, "start", markup_escaped(fmt::format("{:.6g}{}", price, units.price)), look);
  }
  const double volumes = top + panel_height + volume_gap;
  svg += fmt::format("<line x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n", left,
                     right, volumes + volume_height, line_colour);
  const bool plain = scale.volume >= 100 && scale.volume < 1e9;
  const std::string most = plain ? format_count(static_cast<std::uint64_t>(std::llround(scale.volume)))
                                 : fmt::format("{:.3g}", scale.volume);
  return svg + text_at(right + 8, volumes + 10, "start", markup_escaped(most + units.volume), look);
}

/// Under the volumes: when some of the bars begin.
std::string times(const market::Bars& bars, const Scale& scale, double top) {
  std::string svg;
  const std::size_t last = std::min(scale.bars, bars.size()) - 1;
  const std::size_t labels = std::min<std::size_t>(time_labels, last + 1);
  for (std::size_t i = 0; i < labels; ++i) {
    const std::size_t bar = labels > 1 ? last * i / (labels - 1) : 0;
    const std::string time = format_time(bars.open_time[bar]);  // 2023-03-01T00:00:00Z
    const char* anchor = i == 0 ? "start" : i + 1 == labels ? "end" : "middle";
    svg += text_at(scale.x(bar), top + panel_height + volume_gap + volume_height + 16, anchor,
                   markup_escaped(time.substr(0, 10) + " " + time.substr(11, 5)),
                   fmt::format(" fill=\"{}\"", muted));
  }
  return svg;
}

/// Filled where it fell, hollow where it rose: colour is not the only sign.
std::string candles(const market::Bars& bars, const Scale& scale, double top) {
  std::string svg;
  const double body = scale.body();
  for (std::size_t i = 0; i < std::min(scale.bars, bars.size()); ++i) {
    const market::Bar bar = bars[i];
    const bool rose = bar.close >= bar.open;
    const char* colour = rose ? up : down;
    const double x = scale.x(i), upper = scale.y(std::max(bar.open, bar.close), top);
    const double lower = std::max(scale.y(std::min(bar.open, bar.close), top), upper + 0.8);
    svg += fmt::format(
        "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}M{0:.1f} {3:.1f}V{4:.1f}\" stroke=\"{5}\"/>"
        "<rect x=\"{6:.1f}\" y=\"{2:.1f}\" width=\"{7:.1f}\" height=\"{8:.1f}\" fill=\"{9}\" "
        "stroke=\"{5}\"/>\n",
        x, scale.y(bar.high, top), upper, lower, scale.y(bar.low, top), colour, x - body / 2, body,
        lower - upper, rose ? "#ffffff" : colour);
    const double tall = bar.volume / scale.volume * volume_height;
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
                       x - body / 2, top + panel_height + volume_gap + volume_height - tall, body, tall,
                       "#b9c0cb");
  }
  return svg;
}

std::string closes(const market::Bars& bars, const Scale& scale, double top) {
  std::string points;
  for (std::size_t i = 0; i < std::min(scale.bars, bars.size()); ++i)
    points += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", scale.x(i), scale.y(bars.close[i], top));
  return fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" "
      "stroke-dasharray=\"5 3\"/>\n",
      points, original_colour);
}

}  // namespace

std::string augmentation_svg(const market::Bars& original, const market::Bars& augmented,
                             const std::string& title, std::size_t bars) {
  const Scale scale = scale_of(original, augmented, bars);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{2}\">\n"
      "<title>{3}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      width, height, text_colour, markup_escaped(title));
  svg += text_at(left, 26, "start", markup_escaped(title), " font-size=\"16\" font-weight=\"bold\"");
  svg += text_at(left, 48, "start",
                 "Prices on a log scale, volume below, times in UTC. Hollow: the bar rose, filled: it fell.",
                 fmt::format(" fill=\"{}\"", muted));
  const Units units(original.symbol);
  const auto panel = [&](const market::Bars& shown, std::size_t place) {
    const double top = panel_top[place];
    svg += grid(scale, units, top) + candles(shown, scale, top) + times(shown, scale, top);
  };
  const auto caption = [&](std::size_t place, const std::string& text) {
    svg += text_at(left, panel_top[place] - 8, "start", markup_escaped(text), " font-weight=\"bold\"");
  };
  caption(0, fmt::format("Original {}, {} bars of {}", original.symbol, std::min(scale.bars, original.size()),
                         format_duration(original.interval)));
  panel(original, 0);
  caption(1, "Augmented; the dashed line is the original's closes");
  panel(augmented, 1);
  svg += closes(original, scale, panel_top[1]);
  return svg + "</svg>\n";
}

}  // namespace stevie::app
