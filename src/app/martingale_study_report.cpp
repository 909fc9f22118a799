#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/martingale_study.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::string promoted_text(const MartingaleCell& cell) {
  const auto [lower, upper] = clopper_pearson(cell.promoted, cell.runs);
  return fmt::format("{} = {:.1f} % ({:.1f} - {:.1f})", cell.promoted,
                     100.0 * static_cast<double>(cell.promoted) / static_cast<double>(cell.runs), 100 * lower,
                     100 * upper);
}

std::string stopped_text(const MartingaleCell& cell) {
  std::vector<std::pair<std::string, std::size_t>> checks(cell.stopped_by.begin(), cell.stopped_by.end());
  std::ranges::stable_sort(checks, std::ranges::greater{}, &std::pair<std::string, std::size_t>::second);
  std::string text;
  for (const auto& [check, count] : checks)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", check, count);
  return text.empty() ? "-" : text;
}

std::string change_text(const MartingaleCell& cell) {
  if (cell.judged() == 0) return "-";
  return fmt::format("{:+.2f} ± {:.2f}", cell.mean_change, cell.change_error);
}

std::string table(const std::vector<MartingaleCell>& cells, bool nulls) {
  std::string text =
      "| years | market | costs | scenario | runs | promoted (95 %) | rejected | not enough evidence | "
      "nothing "
      "better | Sharpe ratio gained unseen | stopped by |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const MartingaleCell& cell : cells) {
    if (is_true_null(cell.market, cell.costs) != nulls) continue;
    fmt::format_to(std::back_inserter(text), "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                   cell.years, to_string(cell.market), to_string(cell.costs), cell.scenario, cell.runs,
                   promoted_text(cell), cell.rejected, cell.not_enough, cell.nothing_better,
                   change_text(cell), stopped_text(cell));
  }
  return text;
}

std::string total(const std::vector<MartingaleCell>& cells) {
  MartingaleCell sum;
  for (const MartingaleCell& cell : cells) {
    if (!is_true_null(cell.market, cell.costs)) continue;
    sum.runs += cell.runs;
    sum.promoted += cell.promoted;
  }
  return sum.runs == 0
             ? std::string()
             : fmt::format("\nAll true nulls together: {} of {} runs promoted.\n", sum.promoted, sum.runs);
}

}  // namespace

std::string martingale_markdown(const MartingaleStudyConfig& config,
                                const std::vector<MartingaleCell>& cells) {
  std::string text = fmt::format("Seed {}, {} runs of each cell, {} bootstrap replicates.\n", config.seed,
                                 config.runs, config.gate.replicates);
  const auto null = [](const MartingaleCell& cell) { return is_true_null(cell.market, cell.costs); };
  if (std::ranges::any_of(cells, null))
    text += "\nTrue nulls: nothing is better than what runs.\n\n" + table(cells, true) + total(cells);
  if (!std::ranges::all_of(cells, null))
    text += "\nNo true nulls: trading less (cheap costs) or tighter stops (plain) can be truly better.\n\n" +
            table(cells, false);
  return text;
}

std::string martingale_json(const MartingaleStudyConfig& config, const std::vector<MartingaleCell>& cells) {
  Json rows = Json::array();
  for (const MartingaleCell& cell : cells) {
    const auto [lower, upper] = clopper_pearson(cell.promoted, cell.runs);
    rows.push_back({{"years", cell.years},
                    {"market", to_string(cell.market)},
                    {"costs", to_string(cell.costs)},
                    {"scenario", cell.scenario},
                    {"true_null", is_true_null(cell.market, cell.costs)},
                    {"runs", cell.runs},
                    {"promoted", cell.promoted},
                    {"promoted_lower", lower},
                    {"promoted_upper", upper},
                    {"rejected", cell.rejected},
                    {"not_enough_evidence", cell.not_enough},
                    {"nothing_better", cell.nothing_better},
                    {"mean_change", cell.mean_change},
                    {"change_error", cell.change_error},
                    {"stopped_by", cell.stopped_by}});
  }
  return Json{{"format", "stevie-martingale-study"},
              {"version", 1},
              {"seed", config.seed},
              {"replicates", config.gate.replicates},
              {"cells", std::move(rows)}}
             .dump(2) +
         "\n";
}

}  // namespace stevie::app
