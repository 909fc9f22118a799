#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "core/progress.h"
#include "market/download.h"
#include "market/quality.h"
#include "market/synthetic.h"

namespace stevie::app {

/// Checks a file of bars. Throws where there are no rows to judge: see market::check_quality.
market::QualityReport check_data(const std::filesystem::path& file, const market::QualityConfig& config);

/// The report for people: one line for each thing looked at, with the first few examples.
std::string quality_text(const market::QualityReport& report, const market::QualityConfig& config);

/// The report for programs: a JSON object, every gap and outlier listed.
std::string quality_json(const market::QualityReport& report);

/// Throws Error "market.unusable", with the number of faults and what to do, where read_bars would refuse the
/// file.
void require_usable(const market::QualityReport& report, const std::filesystem::path& file);

/// Reads `in`, makes bars of `interval` and writes them to `out`. Returns a sentence about what was done.
std::string resample_data(const std::filesystem::path& in, TimeMs interval, const std::filesystem::path& out);

struct SynthesisFiles {
  std::filesystem::path bars;
  /// garch: one regime label a bar. Default empty: <bars without .csv[.gz]>.labels.csv.
  std::filesystem::path labels;
  /// ou: the signal as side series. Default empty: <bars without .csv[.gz]>.signal.csv.
  std::filesystem::path signal;
};

/// Makes a synthetic market and writes its files. Returns a sentence about what was done.
std::string synthesise_data(const market::SyntheticConfig& config, const SynthesisFiles& files);

/// Downloads bars from Binance with a progress bar; Ctrl-C saves what is there and throws Interrupted.
/// Returns a sentence about what was done.
std::string download_data(const market::DownloadConfig& config, const ProgressOptions& progress);

}  // namespace stevie::app
