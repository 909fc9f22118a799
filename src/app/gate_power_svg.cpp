#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "app/gate_study.h"

namespace stevie::app {
namespace {

// The picture in pixels: the frame of the axes within it.
constexpr double width = 760, height = 460;
constexpr double left = 70, right = 560, top = 50, bottom = 390;

/// Cells of one curve: the same candidates, days and correlation.
struct Curve {
  std::string label;
  std::string colour;
  std::vector<const GateCell*> points;  // by improvement
};

std::vector<Curve> curves_of(const std::vector<GateCell>& cells) {
  constexpr std::array colours{"#1b6ca8", "#d1495b", "#2e8b57", "#8a5a9e", "#b8860b", "#555555"};
  std::vector<Curve> curves;
  for (const GateCell& cell : cells) {
    if (cell.arms.candidates == 1) continue;
    const std::string label = fmt::format("{} days, {:.2f}", cell.arms.days, cell.arms.correlation);
    if (curves.empty() || curves.back().label != label)
      curves.push_back({label, colours[curves.size() % colours.size()], {}});
    curves.back().points.push_back(&cell);
  }
  return curves;
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text,
                    const std::string& more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     text);
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                     style);
}

double y_of(double share) {
  return bottom - share * (bottom - top);
}

std::string axes(double longest) {
  std::string svg;
  const double step = longest > 2 ? 0.5 : 0.25;
  for (double value = 0; value <= longest + 1e-9; value += step) {
    const double x = left + value / longest * (right - left);
    svg += line(x, top, x, bottom, "stroke=\"#e4e4e4\"");
    svg += text_at(x, bottom + 20, "middle", fmt::format("{:.{}f}", value, step < 0.5 ? 2 : 1));
  }
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double y = y_of(tenth / 10.0);
    svg += line(left, y, right, y, "stroke=\"#e4e4e4\"");
    svg += text_at(left - 10, y + 5, "end", fmt::format("{} %", 10 * tenth));
  }
  svg += line(left, y_of(0.05), right, y_of(0.05), "stroke=\"#999999\" stroke-dasharray=\"2 4\"");
  svg += line(left, bottom, right, bottom, "stroke=\"#333333\"") +
         line(left, top, left, bottom, "stroke=\"#333333\"");
  svg += text_at((left + right) / 2, bottom + 45, "middle", "true improvement of the annual Sharpe ratio");
  svg += text_at(0, 0, "middle", "promoted",
                 fmt::format(" transform=\"translate(18 {:.1f}) rotate(-90)\"", (top + bottom) / 2));
  return svg;
}

std::string curve_path(const Curve& curve, CountedShare PromotionRates::*rate, double longest,
                       const std::string& style) {
  std::string points;
  for (const GateCell* cell : curve.points)
    points += fmt::format("{:.1f},{:.1f} ", left + cell->arms.improvement / longest * (right - left),
                          y_of((cell->rates.*rate).share()));
  points.pop_back();
  return fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" {}/>\n", points,
                     curve.colour, style);
}

std::string legend(const std::vector<Curve>& curves) {
  const double x = right + 20;
  double y = top + 10;
  std::string svg = text_at(x, y, "start", "days, correlation");
  for (const Curve& curve : curves) {
    y += 22;
    svg += line(x, y - 4, x + 26, y - 4, fmt::format("stroke=\"{}\" stroke-width=\"2\"", curve.colour));
    svg += text_at(x + 34, y, "start", curve.label);
  }
  y += 34;
  svg += line(x, y - 4, x + 26, y - 4, "stroke=\"#333333\" stroke-width=\"2\"");
  svg += text_at(x + 34, y, "start", "whole gate");
  y += 22;
  svg += line(x, y - 4, x + 26, y - 4, "stroke=\"#333333\" stroke-width=\"2\" stroke-dasharray=\"6 4\"");
  svg += text_at(x + 34, y, "start", "part 2 alone at 5 %");
  y += 22;
  svg += line(x, y - 4, x + 26, y - 4, "stroke=\"#999999\" stroke-dasharray=\"2 4\"");
  return svg + text_at(x + 34, y, "start", "5 %");
}

}  // namespace

std::string gate_power_svg(const GateStudy& study) {
  const std::vector<Curve> curves = curves_of(study.power);
  double longest = 1;
  for (const Curve& curve : curves) longest = std::max(longest, curve.points.back()->arms.improvement);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333333\">\n"
      "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      width, height);
  svg += text_at(left, 26, "start", "How often the gate promotes a better candidate, found as the best of 50",
                 " font-size=\"16\" font-weight=\"bold\"");
  svg += axes(longest);
  for (const Curve& curve : curves) {
    svg += curve_path(curve, &PromotionRates::tested, longest, "stroke-dasharray=\"6 4\"");
    svg += curve_path(curve, &PromotionRates::gate, longest, "");
  }
  return svg + legend(curves) + "</svg>\n";
}

}  // namespace stevie::app
