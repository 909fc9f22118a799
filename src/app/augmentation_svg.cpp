#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "app/augment_data.h"
#include "core/markup.h"

namespace stevie::app {
namespace {

// The picture in pixels.
constexpr double width = 1100, height = 640;
constexpr double left = 20, right = 1010;
constexpr double panel_height = 210, volume_height = 45;
constexpr std::array<double, 2> panel_top{60, 350};  // of the prices; the volumes come right below

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
  scale.low = std::log(low);
  scale.high = std::max(std::log(high), scale.low + 1e-6);
  scale.volume = volume > 0 ? volume : 1;
  return scale;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text,
                    const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     text);
}

std::string grid(const Scale& scale, double top) {
  constexpr int lines = 4;
  std::string svg;
  for (int i = 0; i <= lines; ++i) {
    const double y = top + panel_height * i / lines;
    const double price = std::exp(scale.high - (scale.high - scale.low) * i / lines);
    svg += fmt::format("<line x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\" stroke=\"{3}\"/>\n", left,
                       right, y, line_colour);
    svg +=
        text_at(right + 8, y + 4, "start", fmt::format("{:.6g}", price), fmt::format(" fill=\"{}\"", muted));
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
                       x - body / 2, top + panel_height + 8 + volume_height - tall, body, tall, "#b9c0cb");
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
  const std::string first = format_time(original.open_time.front());
  svg += text_at(left, panel_top[0] - 12, "start",
                 markup_escaped(fmt::format("Original {}, {} bars of {} from {}", original.symbol, scale.bars,
                                            format_duration(original.interval), first)));
  svg += grid(scale, panel_top[0]) + candles(original, scale, panel_top[0]);
  svg +=
      text_at(left, panel_top[1] - 12, "start",
              "Augmented; the dashed line is the original's closes. Hollow: the bar rose, filled: it fell. "
              "Below: volume.");
  svg += grid(scale, panel_top[1]) + candles(augmented, scale, panel_top[1]) +
         closes(original, scale, panel_top[1]);
  return svg + "</svg>\n";
}

}  // namespace stevie::app
