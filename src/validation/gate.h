#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/metrics.h"
#include "validation/evidence.h"

namespace stevie::validation {

/// How the error allowed to one proposal follows from those judged on the same days before it.
enum class StreamCorrection : std::uint8_t {
  none,            // every proposal gets 1 - confidence
  alpha_spending,  // the i-th gets (1 - confidence) 6 / (pi i)^2: all of them together err at most that often
  lord_plus_plus,  // LORD++: bounds the share of false promotions among all; a promotion earns error back
};

/// What the gate asks for. docs/gate.md says why each of these is so.
struct GateConfig {
  /// Probability that the proposal is better which has to be reached, after all corrections.
  double confidence = 0.95;
  /// Least improvement of the Sharpe ratio as a share of the running arm's; applies where that is above 0.
  double improvement = 0.02;
  /// Least improvement in annual Sharpe points where the running arm's ratio is 0 or less, or undefined.
  double absolute_improvement = 0.02;
  /// False: the estimate has to show the improvement, and the probability is that of being better at all.
  /// True: the probability is that of being better by the improvement.
  bool strict = false;
  StreamCorrection stream = StreamCorrection::alpha_spending;

  /// Figures of risk and turnover may be worse by this share of the running arm's before they count as worse.
  double tolerance = 0.05;
  /// What a proposal must keep where the running arm holds nothing, so that there is no risk to compare with:
  double idle_max_drawdown = 0.25;  // largest loss from a peak
  double idle_cvar = 0.05;          // largest mean loss of the worst 5 % of the days
  double idle_turnover = 500;       // per year

  /// Below these the answer is not_enough_evidence, whatever the figures show.
  std::size_t minimum_days = 90;
  std::size_t minimum_trades = 30;  // of the proposed arm

  std::size_t replicates = 2000;  // of the bootstrap
  std::uint64_t seed = 1;         // of the bootstrap
  /// False leaves out what cannot change the verdict any more: information, and the bootstrap once a cheaper
  /// check has failed. The checks left out are marked; a promotion is always reported in full. For studies.
  bool full_report = true;

  /// One sentence for each setting out of range.
  std::vector<std::string> faults() const;
};

enum class Verdict : std::uint8_t { promote, reject, not_enough_evidence };
std::string_view to_string(Verdict verdict);  // "promote", "reject", "not_enough_evidence"

enum class Outcome : std::uint8_t {
  passed,
  failed,
  lacking,   // more data could decide it
  reported,  // information: takes no part in the verdict
  skipped,   // left out, see GateConfig::full_report
};
std::string_view to_string(Outcome outcome);

enum class Unit : std::uint8_t { ratio, percent, probability, per_year, days, count };

/// One figure of a check; finite, or absent with the reason.
struct Figure {
  std::string key;   // in JSON, stable: "sharpe_running"
  std::string name;  // for people
  Unit unit = Unit::ratio;
  stats::Metric value;
};

/// One check: what was asked, what was measured, what came out.
struct Check {
  std::string key;    // in JSON, stable: "causality"
  int part = 0;       // 1 - 4 as in docs/gate.md; 0 is information
  std::string title;  // for people
  Outcome outcome = Outcome::skipped;
  std::vector<Figure> figures;
  std::string sentence;  // what came out, in words

  /// Figure of this key; asserts that there is one.
  const stats::Metric& figure(std::string_view figure_key) const;
};

/// One decision with all its reasons.
struct GateReport {
  Verdict verdict = Verdict::reject;
  std::string summary;  // the verdict in one or two sentences
  std::string base_hash;
  std::string proposed_hash;
  std::int64_t first_day = 0;  // utc_day
  std::int64_t last_day = 0;
  std::size_t days = 0;
  std::size_t candidates = 0;
  GateConfig config;
  std::vector<Check> checks;  // always the same ones in the same order

  /// Check of this key; asserts that there is one.
  const Check& check(std::string_view key) const;
};

/// The report as JSON, format "stevie-gate" version 1, described in docs/gate.md. The same report gives the
/// same bytes.
std::string to_json(const GateReport& report);

/// The report for a person in a terminal, at most 100 columns wide.
std::string to_text(const GateReport& report);

struct GateDecision;

/// That the gate has promoted `proposed_hash` over `base_hash`. Only judge() can make one, and nothing can
/// change it; whoever applies parameters to the live side on evidence asks for one.
class Approval final {
 public:
  Approval(const Approval&) = default;
  Approval(Approval&&) = default;
  Approval& operator=(const Approval&) = delete;
  Approval& operator=(Approval&&) = delete;
  ~Approval() = default;

  const std::string& base_hash() const { return base_hash_; }
  const std::string& proposed_hash() const { return proposed_hash_; }
  const std::string& report_json() const { return report_json_; }  // to_json of the report

 private:
  Approval(std::string base_hash, std::string proposed_hash, std::string report_json)
      : base_hash_(std::move(base_hash)),
        proposed_hash_(std::move(proposed_hash)),
        report_json_(std::move(report_json)) {}
  friend GateDecision judge(const Evidence& evidence, const GateConfig& config);

  std::string base_hash_;
  std::string proposed_hash_;
  std::string report_json_;
};

struct GateDecision {
  GateReport report;
  std::optional<Approval> approval;  // exactly where the verdict is promote
};

/// Judges one proposal: docs/gate.md. The same evidence and configuration give the same decision, whatever
/// the machine's load or threads. The verdict is reject where a check failed, else not_enough_evidence where
/// one is lacking, else promote.
///
/// Throws Error "validation.bad_evidence" with all faults where the evidence is not what evidence.h says
/// (empty, unequal lengths, different days, numbers that are not finite, a proposal that is not among the
/// candidates or changes nothing), and "validation.bad_config".
GateDecision judge(const Evidence& evidence, const GateConfig& config);

}  // namespace stevie::validation
