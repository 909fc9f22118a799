#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/observation.h"
#include "market/bars.h"

namespace stevie::features {

/// Names of the market columns in their order, for example "return_24". Size market_value_count.
std::vector<std::string> feature_names();

/// Rows to skip at the start of a series: from row feature_warm_up() on, every column has seen its whole
/// look-back.
std::size_t feature_warm_up();

/// Identifies the observation: it changes whenever a column is added, removed, moved or redefined. Stored in
/// model files; a model that carries another version was trained on another observation and must be refused.
/// Form: "<revision>-<16 hex digits over the names, formulas and look-backs>".
std::string feature_set_version();

/// The unscaled market values of every bar; rows = bars.size(), columns = market_value_count, warm_up =
/// min(feature_warm_up(), rows). Runs on the calling thread.
/// Throws Error "features.unusable_bar", with the bar's time as the place, where a price is not within
/// 1e-15..1e15, a volume is not within 0..1e18, high or low do not enclose open and close, or time does not
/// increase.
FeatureMatrix compute_features(const market::Bars& bars);

/// The same values bar by bar, for live use.
class FeatureStream {
 public:
  FeatureStream();
  ~FeatureStream();
  FeatureStream(FeatureStream&&) noexcept;
  FeatureStream& operator=(FeatureStream&&) noexcept;

  /// Takes the next closed bar and writes its market_value_count unscaled values: bit for bit the row that
  /// compute_features gives for the same history. Throws Error "features.unusable_bar" as compute_features
  /// does; the bar is then not taken and the stream goes on as if it had not come.
  void update(const market::Bar& bar, std::span<float> out);

  /// Bars taken so far. The values are complete once this exceeds feature_warm_up().
  std::size_t bars_seen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stevie::features
