#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/model_card.h"
#include "app/rule_config.h"
#include "market/bars.h"
#include "strategy/ensemble.h"
#include "strategy/expert.h"

namespace stevie::app {

/// How a member did on the validation part, alone and with the whole account.
struct MemberValidation {
  double total_return = 0, sharpe = 0;
  double accuracy = 0;       // share of its votes for the level that was best
  std::uint64_t judged = 0;  // votes behind that share
  /// Expected calibration error of its confidences, as they were and as they are now.
  double calibration_before = 0, calibration_after = 0;
  /// Mean log loss of a policy's probabilities at temperature 1 and at its own; 0 for every other.
  double log_loss_before = 0, log_loss_after = 0;
};

/// One member as the file holds it.
struct MemberSpec {
  std::string name;
  std::string kind;         // one of ensemble_member_kinds
  double weight = 1;        // first weight
  double temperature = 1;   // of a policy
  double confidence = 0.5;  // of every other
  /// policy: its model file; rules: their parameters as JSON; expert: its settings as JSON; constant: its
  /// exposure.
  std::string bytes;
  std::string origin;                       // where it came from, for people
  std::vector<std::string> masked_columns;  // that it was trained without; its card has them too
  MemberValidation validation;
};

/// Everything an ensemble is made of: what its file holds.
struct EnsembleSpec {
  std::string name = "ensemble";
  ModelCard card;  // the environment, market and periods that the members share; its scaler is not used
  strategy::EnsembleConfig config;
  std::vector<MemberSpec> members;
  double calibration_before = 0, calibration_after = 0;  // of the ensemble's own confidence, on validation
};

inline constexpr const char* ensemble_manifest_member = "ensemble.json";
inline constexpr const char* ensemble_member_kinds[] = {"policy", "rules", "expert", "constant"};

/// The settings of an expert as the file holds them, and back: every field, as the configuration names it.
/// Reading throws Error "ensemble.bad_manifest" or "config.faults".
std::string expert_text(strategy::ExpertConfig expert);
strategy::ExpertConfig parse_expert_text(const std::string& text, const std::string& place);

/// A constant exposure. Throws Error "ensemble.bad_manifest" where the text is no finite number.
double parse_exposure(const std::string& text, const std::string& place);

/// One zip: ensemble.json (manifest with the SHA-256 of every other part), stevie.json (the card) and the
/// members' files. The same ensemble gives the same bytes. docs/ensemble.md has the manifest's schema.
std::string ensemble_file_bytes(const EnsembleSpec& spec);
void write_ensemble_file(const std::filesystem::path& path, const EnsembleSpec& spec);

/// Reads what ensemble_file_bytes() wrote and checks all of it: hashes, members that are missing or too many,
/// ranges, and that every member fits. Throws Error "ensemble.unreadable" (no such file, damaged),
/// "ensemble.bad_manifest" with every fault, and "ensemble.members_differ" with everything about the members'
/// observations and actions that does not fit, all at once.
EnsembleSpec parse_ensemble_file(std::string_view bytes, const std::string& place);
EnsembleSpec read_ensemble_file(const std::filesystem::path& path);
/// Whether it has a manifest. False for other files, and for one that cannot be read.
bool is_ensemble_file(const std::filesystem::path& path);

/// What members see of the market that they decide in.
struct MemberSurroundings {
  const market::Bars* bars = nullptr;  // must outlive the ensemble; nothing: bar by bar, as live
  std::string symbol = {};
  TimeMs interval = 0;
  RuleConfig measuring = {};
};

/// The ensemble, ready to decide. Levels are the card's exposures, rising. Throws Error
/// "ensemble.members_differ" as parse_ensemble_file(), and what making the members throws.
std::unique_ptr<strategy::Ensemble> make_ensemble(const EnsembleSpec& spec,
                                                  const MemberSurroundings& surroundings);

/// Throws Error "ensemble.members_differ" that names every observation, action space and bar length that is
/// not the card's, every constant exposure beyond its levels, and every member that is there twice. Returns
/// the cards of the policies, by member; nothing for others.
std::vector<std::optional<ModelCard>> check_members(const EnsembleSpec& spec, const std::string& place);

/// The exposures of an environment as levels: rising, each once.
std::vector<double> levels_of(const std::vector<double>& exposures);

}  // namespace stevie::app
