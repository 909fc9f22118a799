#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/simulated_arms.h"
#include "validation/gate.h"

namespace stevie::app {

/// A share estimated by counting.
struct CountedShare {
  std::size_t count = 0;
  std::size_t runs = 0;

  double share() const { return runs > 0 ? static_cast<double>(count) / static_cast<double>(runs) : 0; }
  /// Upper 95 % limit (one-sided) of Clopper and Pearson 1934; 1 where every run counts.
  double upper() const;
};

/// What the rules would have promoted. The first two and z_test are yardsticks: what people do without a
/// gate.
struct PromotionRates {
  CountedShare point_single;  // one candidate: its estimate is at least 2 % better
  CountedShare point_best;    // the same of the best of all candidates
  CountedShare z_single;      // one candidate: plain z-test of the mean difference at 5 %
  CountedShare z_best;        // the same of the best of all candidates
  CountedShare tested;  // part 2 of the gate alone, at 5 %: corrected for all candidates, and 2 % better
  CountedShare spent;   // the same at the error that the first proposal on some days is allowed
  CountedShare gate;    // the whole gate
  CountedShare exact;   // the same without a tolerance in part 3
};

/// One setting of the study and what came out.
struct GateCell {
  ReturnProcess process = ReturnProcess::iid_t5;
  ArmsConfig arms;
  PromotionRates rates;
};

struct GateStudyConfig {
  std::size_t runs = 10'000;       // of each null
  std::size_t power_runs = 1'000;  // of each point of the power curves
  std::vector<std::size_t> days{365, 1095};
  std::vector<double> correlations{0.9, 0.99};
  std::uint64_t seed = 1;
  std::size_t threads = 0;  // 0: one a core; the result does not depend on it
  validation::GateConfig gate;
  std::function<void(const std::string& part, std::size_t done, std::size_t total)> progress;
};

struct GateStudy {
  GateStudyConfig config;
  std::vector<GateCell> nulls;  // process, then days, then correlation
  std::vector<GateCell> power;  // GARCH-t5; candidates, days, correlation, then improvement
};

/// How often validation::judge() promotes the best of 50 candidates that are no better than what runs, and
/// how often one that is. The cells of one process share their drawings (a shorter one is the start of a
/// longer one), so they do not err independently. Fixed by the seed, whatever the number of threads.
GateStudy run_gate_study(const GateStudyConfig& config);

/// Its halves.
std::vector<GateCell> run_gate_nulls(const GateStudyConfig& config);
std::vector<GateCell> run_gate_power(const GateStudyConfig& config);

std::string gate_study_markdown(const GateStudy& study);
std::string gate_study_json(const GateStudy& study);

/// The share promoted against the true improvement, one curve for each length and correlation.
std::string gate_power_svg(const GateStudy& study);

}  // namespace stevie::app
