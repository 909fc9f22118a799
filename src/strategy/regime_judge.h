#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "market/synthetic.h"
#include "strategy/regime.h"

namespace stevie::strategy {

/// A market whose regimes are known, for judging detectors: bull, bear, sideways and volatile stretches, in
/// the order of Regime, of the garch model. `years` of bars of `interval`. The numbers are about those of
/// large crypto markets and the same for every interval, but for the persistence of GARCH: see
/// regime_judge.cpp. contrast: above 0. 1 for those numbers; below 1 the drifts are as much smaller and the
/// volatilities as much nearer to each other (in logs), so that the regimes are harder to tell apart.
market::SyntheticConfig labelled_market(TimeMs interval, double years, std::uint64_t seed,
                                        double contrast = 1.0);

/// Causal labels from one who knows every parameter of the market: the forward filter of the hidden Markov
/// chain with the true transition matrix, drifts, volatilities, tails and jumps, and for each regime its own
/// GARCH variance (interacting multiple models: Blom and Bar-Shalom 1988). The label is the regime whose
/// probability is largest over its share of the time, which is what balanced accuracy rewards. The exact
/// filter has no finite form; this one is what to measure a detector against. with_garch = false: stationary
/// variances, the plain hidden Markov model.
std::vector<std::uint8_t> oracle_labels(const market::SyntheticMarket& market,
                                        const market::SyntheticConfig& config, bool with_garch);

/// How labels compare with the truth. Empty where nothing is known.
struct RegimeJudgement {
  std::array<double, regime_count> recall{};  // share of the bars of each true regime that carry its label
  /// Mean recall over the regimes that occur. A constant guess gets 0.25 where all four do.
  double balanced_accuracy = 0;
  std::vector<double> lags;     // bars from each true switch to the first right label, of those found
  std::size_t switches = 0;     // true switches that are judged: those followed by another one
  std::size_t never_found = 0;  // no right label before the next switch
  std::size_t label_changes = 0;
  std::size_t bars = 0;  // judged
};
/// Judges bars from the first one at which `known` is 1. All three: (bars). A switch to a regime whose label
/// is already there has lag 0.
RegimeJudgement judge_regimes(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> labels,
                              std::span<const std::uint8_t> known);

}  // namespace stevie::strategy
