#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/gate_study.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) {
  return fmt::format("{:.2f} %", share * 100);
}

std::string percent_text(const CountedShare& share) {
  return fmt::format("{:.1f}", share.share() * 100);
}

/// "3.21 (≤ 3.52)": the share and its upper limit, in percent.
std::string limited(const CountedShare& share) {
  return fmt::format("{:.2f} (≤ {:.2f})", share.share() * 100, share.upper() * 100);
}

std::string null_table(const std::vector<GateCell>& cells) {
  std::string text =
      "| null | days | correlation | estimate ≥ 2 %, one | best of 50 | z-test, one | best of 50 | "
      "part 2 at 5 % | part 2, first proposal | whole gate |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const GateCell& cell : cells) {
    const PromotionRates& rates = cell.rates;
    text +=
        fmt::format("| {} | {} | {:.2f} | {} | {} | {} | {} | {} | {} | {} |\n", to_string(cell.process),
                    cell.arms.days, cell.arms.correlation, percent_text(rates.point_single),
                    percent_text(rates.point_best), percent_text(rates.z_single), percent_text(rates.z_best),
                    limited(rates.tested), limited(rates.spent), limited(rates.gate));
  }
  return text;
}

std::string power_table(const std::vector<GateCell>& cells) {
  std::string text =
      "| candidates | days | correlation | true Sharpe ratio | part 2 at 5 % | part 2, first proposal | "
      "whole gate | without tolerance |\n|---|---|---|---|---|---|---|---|\n";
  for (const GateCell& cell : cells)
    text += fmt::format("| {} | {} | {:.2f} | {:.3f} → {:.3f} | {} | {} | {} | {} |\n", cell.arms.candidates,
                        cell.arms.days, cell.arms.correlation, cell.arms.sharpe,
                        cell.arms.sharpe + cell.arms.improvement, percent_text(cell.rates.tested),
                        percent_text(cell.rates.spent), percent_text(cell.rates.gate),
                        percent_text(cell.rates.exact));
  return text;
}

/// The cell with the highest upper limit of one rate.
const GateCell& worst(const std::vector<GateCell>& cells, CountedShare PromotionRates::*rate) {
  return *std::ranges::max_element(cells, {},
                                   [rate](const GateCell& cell) { return (cell.rates.*rate).upper(); });
}

std::string worst_text(const std::vector<GateCell>& cells, CountedShare PromotionRates::*rate) {
  const GateCell& cell = worst(cells, rate);
  return fmt::format("{} of {} ({}; upper 95 % limit {}), {} over {} days at correlation {}",
                     (cell.rates.*rate).count, (cell.rates.*rate).runs, percent((cell.rates.*rate).share()),
                     percent((cell.rates.*rate).upper()), to_string(cell.process), cell.arms.days,
                     cell.arms.correlation);
}

Json share_json(const CountedShare& share) {
  return {{"count", share.count}, {"runs", share.runs}, {"upper", share.upper()}};
}

Json cell_json(const GateCell& cell) {
  const PromotionRates& rates = cell.rates;
  return {{"process", to_string(cell.process)},
          {"days", cell.arms.days},
          {"candidates", cell.arms.candidates},
          {"correlation", cell.arms.correlation},
          {"sharpe", cell.arms.sharpe},
          {"improvement", cell.arms.improvement},
          {"point_single", share_json(rates.point_single)},
          {"point_best", share_json(rates.point_best)},
          {"z_single", share_json(rates.z_single)},
          {"z_best", share_json(rates.z_best)},
          {"tested", share_json(rates.tested)},
          {"spent", share_json(rates.spent)},
          {"gate", share_json(rates.gate)},
          {"gate_without_tolerance", share_json(rates.exact)}};
}

}  // namespace

std::string gate_study_markdown(const GateStudy& study) {
  std::string text = fmt::format(
      "Seed {}, {} runs of each null and {} of each point of the power curves, {} bootstrap replicates.\n\n",
      study.config.seed, study.config.runs, study.config.power_runs, study.config.gate.replicates);
  if (!study.nulls.empty()) {
    text += "False promotions in percent of the runs; in brackets the upper 95 % limit.\n\n";
    text += null_table(study.nulls);
    text += "\nHighest, part 2 alone at 5 %: " + worst_text(study.nulls, &PromotionRates::tested) + ".\n";
    text += "Highest, whole gate: " + worst_text(study.nulls, &PromotionRates::gate) + ".\n";
  }
  if (!study.power.empty())
    text += "\nPromotions of a truly better candidate (GARCH-t5), in percent.\n\n" + power_table(study.power);
  return text;
}

std::string gate_study_json(const GateStudy& study) {
  Json nulls = Json::array(), power = Json::array();
  for (const GateCell& cell : study.nulls) nulls.push_back(cell_json(cell));
  for (const GateCell& cell : study.power) power.push_back(cell_json(cell));
  return Json{{"format", "stevie-gate-study"}, {"version", 1},
              {"seed", study.config.seed},     {"replicates", study.config.gate.replicates},
              {"nulls", std::move(nulls)},     {"power", std::move(power)}}
             .dump(2) +
         "\n";
}

}  // namespace stevie::app
