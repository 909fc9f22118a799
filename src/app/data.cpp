#include "app/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "market/readers.h"
#include "market/resample.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t shown_examples = 5;

std::string row(std::string_view name, const std::string& text) {
  return fmt::format("{:<12} {}\n", name, text);
}
std::string example(const std::string& text) {
  return fmt::format("{:<12}   {}\n", "", text);
}

std::string more_than_shown(std::size_t count) {
  return count > shown_examples ? example(fmt::format("and {} more", format_count(count - shown_examples)))
                                : "";
}

std::string fault_lines(const market::QualityReport& report) {
  if (report.faults.total() == 0) return row("faults", "none");
  std::string text = row("faults", format_count(report.faults.total()));
  for (std::size_t k = 0; k < market::fault_kind_count; ++k) {
    const auto kind = static_cast<market::FaultKind>(k);
    if (report.faults.count(kind) == 0) continue;
    text += example(fmt::format("{}: {}", market::to_string(kind), format_count(report.faults.count(kind))));
    std::size_t shown = 0;
    for (const market::RowFault& fault : report.faults.first) {
      if (fault.kind != kind || shown++ >= shown_examples) continue;
      text += example(fmt::format("  line {}: {}", fault.line, fault.message));
    }
  }
  return text;
}

std::string gap_lines(const market::QualityReport& report) {
  if (report.gaps.empty()) return row("gaps", "none");
  std::string text =
      row("gaps", fmt::format("{}, {} bars missing, longest {}", format_count(report.gaps.size()),
                              format_count(report.missing_bars), format_count(report.longest_gap)));
  for (std::size_t i = 0; i < std::min(shown_examples, report.gaps.size()); ++i) {
    const market::Gap& gap = report.gaps[i];
    text += example(fmt::format("{} to {}: {}", format_time(gap.first_missing), format_time(gap.resumes),
                                format_count(gap.missing_bars)));
  }
  return text + more_than_shown(report.gaps.size());
}

std::string grid_lines(const market::QualityReport& report) {
  if (report.off_grid == 0) return row("off-grid", "none");
  std::string text = row("off-grid", format_count(report.off_grid));
  for (std::size_t i = 0; i < std::min(shown_examples, report.first_off_grid.size()); ++i) {
    text += example(format_time(report.first_off_grid[i]));
  }
  return text + more_than_shown(report.off_grid);
}

std::string outlier_lines(const market::QualityReport& report, const market::QualityConfig& config) {
  const std::string rule = fmt::format("over {} robust deviations of the preceding {} returns",
                                       config.outlier_deviations, config.outlier_window);
  if (report.outliers.empty()) return row("outliers", "none " + rule);
  std::string text = row("outliers", fmt::format("{} {}", format_count(report.outliers.size()), rule));
  for (std::size_t i = 0; i < std::min(shown_examples, report.outliers.size()); ++i) {
    const market::Outlier& outlier = report.outliers[i];
    text += example(fmt::format("{}: log return {:+.4f}, {:.1f} deviations", format_time(outlier.time),
                                outlier.log_return, outlier.deviations));
  }
  return text + more_than_shown(report.outliers.size());
}

Json faults_json(const market::QualityReport& report) {
  Json faults = {{"count", report.faults.total()}};
  for (std::size_t k = 0; k < market::fault_kind_count; ++k) {
    const auto kind = static_cast<market::FaultKind>(k);
    faults[market::error_code(kind)] = report.faults.count(kind);
  }
  Json first = Json::array();
  for (const market::RowFault& fault : report.faults.first) {
    first.push_back(
        {{"code", market::error_code(fault.kind)}, {"line", fault.line}, {"message", fault.message}});
  }
  faults["first"] = std::move(first);
  return faults;
}

/// "runs/m.csv.gz" -> "runs/m<ending>".
fs::path beside(const fs::path& bars, std::string_view ending) {
  std::string name = bars.string();
  for (const std::string_view known : {".gz", ".csv"}) {
    if (name.ends_with(known)) name.resize(name.size() - known.size());
  }
  return name + std::string(ending);
}

}  // namespace

market::QualityReport check_data(const fs::path& file, const market::QualityConfig& config) {
  return market::check_quality(read_file(file), file.string(), config);
}

std::string quality_text(const market::QualityReport& report, const market::QualityConfig& config) {
  std::string text = row("format", std::string(market::to_string(report.format)));
  text += row("symbol", report.symbol.empty() ? "not told by the file" : report.symbol);
  text += row("rows", format_count(report.rows));
  if (report.first && report.last) {
    text += row("interval", format_duration(report.interval));
    text += row("from", format_time(*report.first));
    text += row("to", format_time(*report.last));
  }
  text += fault_lines(report);
  text += gap_lines(report);
  text += grid_lines(report);
  text += row("zero volume",
              report.has_volume ? format_count(report.zero_volume) + " bars" : "the file has no volume");
  return text + outlier_lines(report, config);
}

std::string quality_json(const market::QualityReport& report) {
  Json json = {{"format", market::to_string(report.format)},
               {"symbol", report.symbol},
               {"interval_ms", report.interval},
               {"rows", report.rows},
               {"first", report.first ? Json(format_time(*report.first)) : Json()},
               {"last", report.last ? Json(format_time(*report.last)) : Json()},
               {"usable", report.usable()},
               {"faults", faults_json(report)}};
  Json gaps = Json::array();
  for (const market::Gap& gap : report.gaps) {
    gaps.push_back({{"first_missing", format_time(gap.first_missing)},
                    {"resumes", format_time(gap.resumes)},
                    {"missing_bars", gap.missing_bars}});
  }
  json["gaps"] = {{"count", report.gaps.size()},
                  {"missing_bars", report.missing_bars},
                  {"longest", report.longest_gap},
                  {"list", std::move(gaps)}};
  Json off_grid = Json::array();
  for (const TimeMs time : report.first_off_grid) off_grid.push_back(format_time(time));
  json["off_grid"] = {{"count", report.off_grid}, {"first", std::move(off_grid)}};
  json["has_volume"] = report.has_volume;
  json["zero_volume"] = report.zero_volume;
  Json outliers = Json::array();
  for (const market::Outlier& outlier : report.outliers) {
    outliers.push_back({{"time", format_time(outlier.time)},
                        {"log_return", outlier.log_return},
                        {"deviations", outlier.deviations}});
  }
  json["outliers"] = std::move(outliers);
  // Quotes of faulty rows may hold any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void require_usable(const market::QualityReport& report, const fs::path& file) {
  if (report.usable()) return;
  const std::size_t count = report.faults.total();
  const std::string faults = count == 1 ? "fault" : format_count(count) + " faults";
  throw Error("market.unusable",
              fmt::format("the file cannot be used as it is: correct or remove the {} listed above", faults),
              file.string());
}

std::string resample_data(const fs::path& in, TimeMs interval, const fs::path& out) {
  const market::Bars bars = market::read_bars(in);
  const market::Bars longer = market::resample(bars, interval);
  market::write_bars(out, longer);
  return fmt::format("{} bars of {} made into {} bars of {}: {}", format_count(bars.size()),
                     format_duration(bars.interval), format_count(longer.size()), format_duration(interval),
                     out.string());
}

std::string synthesise_data(const market::SyntheticConfig& config, const SynthesisFiles& files) {
  const market::SyntheticMarket market = market::make_synthetic_market(config);
  market::write_bars(files.bars, market.bars);
  std::string text = fmt::format("{} synthetic bars of {} ({}, seed {}): {}",
                                 format_count(market.bars.size()), format_duration(config.interval),
                                 market::to_string(config.model), config.seed, files.bars.string());
  if (config.model == market::SyntheticModel::garch) {
    const fs::path labels = files.labels.empty() ? beside(files.bars, ".labels.csv") : files.labels;
    write_file(labels, market::format_labels(market));
    text += "\nregime of each bar: " + labels.string();
  }
  if (config.model == market::SyntheticModel::ou) {
    const fs::path signal = files.signal.empty() ? beside(files.bars, ".signal.csv") : files.signal;
    write_file(signal, market::format_signal(market));
    text += fmt::format("\nsignal, known {} after its stamp: {}", format_duration(config.interval),
                        signal.string());
  }
  return text;
}

std::string download_data(const market::DownloadConfig& config, const ProgressOptions& progress) {
  config.validate();
  const InterruptGuard guard;
  std::optional<ProgressBar> bar;
  market::DownloadSurroundings surroundings = market::real_surroundings();
  surroundings.stop_requested = [] { return interrupted(); };
  surroundings.progress = [&](const market::DownloadProgress& state) {
    const auto bars_between = [&](TimeMs from, TimeMs to) {
      return static_cast<std::uint64_t>(std::max<TimeMs>(to - from, 0) / config.interval);
    };
    if (!bar) bar.emplace("download", "bars", bars_between(state.first, state.last), progress);
    bar->update(bars_between(state.first, state.reached),
                state.waiting.empty() ? format_date(state.reached) : state.waiting);
  };
  const market::DownloadResult result = market::download_binance(config, surroundings);
  if (bar) bar->finish();
  if (!result.complete) {
    throw Interrupted(
        fmt::format("stopped with {} bars fetched for {}: run the same command again to continue",
                    format_count(result.bars), result.file.string()));
  }
  return fmt::format("{} bars, {} of them new: {}", format_count(result.bars),
                     format_count(result.bars - result.bars_before), result.file.string());
}

}  // namespace stevie::app
