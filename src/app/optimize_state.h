#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace stevie::app {

/// What has to be equal for a session to go on byte for byte: name and value, for people.
using SessionIdentity = std::vector<std::pair<std::string, std::string>>;

/// A session between two episodes.
struct SavedSession {
  std::string session;
  SessionIdentity identity;
  std::uint64_t base_version = 0;  // of the parameters in force when it began
  TimeMs started = 0;
  double seconds = 0;  // of searching so far
  std::string search;  // ParameterSearch::save()
};

inline constexpr const char* state_file = "state.bin";
inline constexpr const char* results_file = "results.json";

/// Writes state.bin, the old one whole or the new one whole.
void write_state(const std::filesystem::path& folder, const SavedSession& state);

/// Throws Error "app.not_resumable" where there is none or it is of another version, "app.session_finished"
/// where results.json lies beside it, and "bytes.damaged".
SavedSession read_state(const std::filesystem::path& folder);

/// The scenario that a saved session searches.
std::string scenario_of(const SavedSession& state);

/// Throws Error "app.state_differs" that names what differs, with the folder as its place.
void require_same(const SessionIdentity& saved, const SessionIdentity& now,
                  const std::filesystem::path& folder);

/// The newest folder under `runs` that holds a session of this scenario with a state and no results. Throws
/// Error "app.not_resumable" where there is none.
std::filesystem::path newest_unfinished(const std::filesystem::path& runs, const std::string& scenario);

/// "20260304-050607-quick_tune": when it began and what it searched.
std::string session_name(const std::string& scenario, TimeMs now);

}  // namespace stevie::app
