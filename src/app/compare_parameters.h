#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/social_sources.h"
#include "live/parameter_store.h"
#include "stats/stats.h"

namespace stevie::app {

/// One of the two sets of parameters that are compared.
struct ComparedParameters {
  std::string name;                      // "version 3", "version 3 with other values"
  std::optional<std::uint64_t> version;  // absent: a draft, which is on no record
  strategy::ParameterLayers layers;
};

/// Two sets of parameters, replayed over the same bars.
struct CompareRequest {
  std::vector<std::filesystem::path> data;  // bar files
  std::string symbol;                       // canonical: whose file is taken; empty: the first one
  SocialRequest social;
  Config config;                      // sections rules, regime, social, env and costs
  std::optional<TimeMs> from, until;  // bars that open before `from` or close behind `until` are left out
  std::size_t bars = 0;               // the last so many of them; 0: all on which the rules can decide
  ComparedParameters first, second;
  stats::BootstrapConfig bootstrap;
  std::function<bool()> cancelled;  // asked every few thousand bars; absent: never is
};

/// What one of them came to.
struct ComparedRun {
  ComparedParameters parameters;
  stats::Performance performance;  // with intervals
  double initial_equity = 0, final_equity = 0, fees = 0, traded_notional = 0;
  std::uint64_t refused_by_cost = 0;  // closes on which a rule qualified and costCapBps refused
};

/// Returns of one UTC calendar month. The first and the last one may be partial.
struct ComparedMonth {
  int year = 0;
  int month = 0;                            // 1-12
  stats::Metric first, second, difference;  // second minus first
  bool differs = false;
};

/// Equity at one close.
struct ComparedPoint {
  TimeMs time = 0;  // of the close
  double first = 0, second = 0;
};

struct ParameterComparison {
  std::string symbol, data;
  TimeMs interval = 0;
  bool synthetic = false;   // the bars were generated
  TimeMs from = 0, to = 0;  // open of the first bar, close of the last
  std::size_t bars = 0;
  ComparedRun first, second;
  std::vector<live::ParameterDifference> differences;
  bool same_trades = false;            // both did the same on every bar
  stats::PairedComparison comparison;  // second minus first
  stats::BootstrapConfig bootstrap;
  std::vector<ComparedMonth> months;
  std::vector<ComparedPoint> curve;  // thinned out: the extremes of both stay
  std::vector<std::string> notes;
  std::string sentence;  // the finding
};

/// Replays both over the same bars by the code of back-tests and measures them. Throws Error "app.no_data"
/// (no file, or none of this symbol), "evaluation.bad_range" (fewer than two bars), "app.compare_cancelled",
/// and what reading bars throws.
ParameterComparison compare_parameters(const CompareRequest& request);

/// A version of the store; absent: the one in force. Throws Error "live.unknown_version".
ComparedParameters compared_version(const live::ParameterStore& store, std::optional<std::uint64_t> number);
/// The same with some values replaced, as with_values().
ComparedParameters compared_draft(const ComparedParameters& base,
                                  const std::vector<live::ManualValue>& values);

/// The layers with some values replaced; absent values are taken away, or set to the default where they hold
/// for all. Throws Error "live.refused_change" with every fault.
strategy::ParameterLayers with_values(strategy::ParameterLayers layers,
                                      const std::vector<live::ManualValue>& values);

/// The rows of a curve that stay when it is thinned out to about `most`: first and last, and of each of equal
/// stretches the lowest and the highest row of both columns. Ascending.
std::vector<std::size_t> kept_rows(const std::vector<double>& first, const std::vector<double>& second,
                                   std::size_t most);

std::string comparison_text(const ParameterComparison& comparison);
std::string comparison_json(const ParameterComparison& comparison);

}  // namespace stevie::app
