#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/bars.h"

namespace stevie::features {

/// Bars before the block that every BarBlock pointer may be indexed back to.
inline constexpr std::size_t history_bars = 720;

/// Consecutive bars, with what many indicators share worked out once. Every pointer points at the block's
/// first bar and may be indexed from -history_bars to size - 1. Before the first bar of the series everything
/// is 0.
struct BarBlock {
  std::size_t size = 0;
  std::size_t first_bar = 0;  // number of the block's first bar in the series
  const TimeMs* open_time;    // the bar's stamp
  const double* open;         // quote currency
  const double* high;         //
  const double* low;          //
  const double* close;        //
  const double* volume;       // base currency
  const double* log_open;     // ln(price / close of the first bar), so that it is 0 before the series
  const double* log_high;     //
  const double* log_low;      //
  const double* log_close;    //
  const double* log_return;   // log_close[t] - log_close[t - 1]; 0 at the first bar
  const double* volatility;   // root mean square of log_return over 168 bars, at least volatility_floor
  const double* inverse_volatility;  // 1 / volatility
};

/// A hundredth of a basis point: moves below it count as none.
inline constexpr double volatility_floor = 1e-6;
inline constexpr std::size_t volatility_bars = 168;

/// One or more named series computed together, one value of each per bar, with the state that runs from bar
/// to bar.
///
/// update() takes the next block and writes outputs[k][i] for bar i of the block and output k of its group.
/// The values must not depend on how the bars are cut into blocks, and must be finite. It does not allocate
/// or throw.
class Indicator {
 public:
  virtual ~Indicator() = default;
  virtual void update(const BarBlock& block, std::span<double* const> outputs) = 0;
};

/// What one series is. docs/features.md prints the same fields; a test compares them.
struct OutputInfo {
  std::string name;       // unique, lower case with the length behind: "rsi_14"
  std::string formula;    // one line of plain text
  std::size_t look_back;  // bars, the current one included, that the value depends on; for recursive averages
                          // the bars after which less than 1/1000 of the start is left
  std::string source;     // who defined it
  bool in_observation;    // one of the 100 market columns
};

/// A row of the registry: the series that one Indicator object computes, and how to make it.
struct IndicatorGroup {
  std::vector<OutputInfo> outputs;
  std::unique_ptr<Indicator> (*make)();
};

/// All indicators. The outputs with in_observation, in this order, are the columns of the observation.
///
/// To add one: derive from Indicator in the .cpp of its family (returns, volatility, trend, reversion,
/// volume, shape, classic), add an IndicatorGroup to that file's list, and describe each output in
/// docs/features.md. The tests then check by themselves that it is causal, finite, the same in batch and
/// streaming, and that its look-back is true. An output that goes into the observation changes its size
/// (observation.h) and the feature set's version.
std::vector<IndicatorGroup> indicator_groups();

/// One named series over the bars, in double precision; size bars.size(). In its first bars an indicator
/// works with what there is. Throws Error "features.unknown_indicator", which lists the names, and
/// "features.unusable_bar".
std::vector<double> compute_indicator(const market::Bars& bars, std::string_view name);

}  // namespace stevie::features
