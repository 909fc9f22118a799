#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "app/training_sessions.h"

namespace stevie::app {

/// The request without its signature as a JSON object, as "training.queued" has it.
std::string request_json(const SessionRequest& request);
/// Absent where the text is none.
std::optional<SessionRequest> parse_request(std::string_view json);

/// Limits of a request.
inline constexpr double least_session_minutes = 0.01, most_session_minutes = 7.0 * 24 * 60;
inline constexpr std::int64_t most_session_episodes = 10'000;

/// What a request is checked against.
struct RequestRules {
  std::vector<std::string> data_folders;
  std::vector<std::string> default_data;
  std::string config_file;
  std::vector<std::string> settings;  // of the server
  /// Below which the model files lie that a training may start from or clone.
  std::vector<std::string> model_folders;
};
/// Where the server keeps its own models: models, runs and the folder of the sessions.
std::vector<std::string> model_folders_of(const SessionConfig& config);

/// Everything that is wrong with a request, one sentence each; empty where it may be queued:
///   - kind and scenario (built-in or "recommended"; the nearest name is told), limits;
///   - data: files that exist, below a folder of the rules or among the default ones, links followed;
///   - settings: known fields with values that are allowed, of sections that a session may set: `optimize`,
///     in a dry run also `gate`, `costs`, `env`, `rules`, `regime` and `social`, because what is applied must
///     be judged by the server's own; of a training those of its own (settable_sections());
///   - algorithm, augment, curriculum, from and expert where the kind has them; models are files that exist
///     below a folder of the rules, links followed;
///   - who asks.
std::vector<std::string> request_faults(const SessionRequest& request, const RequestRules& rules);

/// The request with what it leaves to the configuration: data. Throws Error "app.bad_session" with all
/// faults.
SessionRequest checked_request(const SessionRequest& request, const RequestRules& rules);

/// A bar file that a session may name.
struct StartableFile {
  std::string file;  // as a request names it
  std::uintmax_t bytes = 0;
  bool traded = false;  // the server trades on it: what a session without data searches
};
/// Those that the server trades on, then CSV files below the folders of the rules, by name; 500 at most.
std::vector<StartableFile> startable_files(const std::vector<std::string>& data_folders,
                                           const std::vector<std::string>& default_data);

/// A training that may be asked for, with its main numbers and what they are where they are left out.
struct StartableTraining {
  std::string kind, algorithm;  // algorithm: of train
  struct Number {
    std::string name, setting;  // as numbers_of() has them
    std::uint64_t value = 0;
  };
  std::vector<Number> numbers;
};
std::vector<StartableTraining> startable_trainings(const Config& config);

/// Model files below the folders of the rules that a session may name, newest first; 100 at most. No
/// ensembles: a training neither starts from one nor clones it.
std::vector<std::string> startable_models(const std::vector<std::string>& model_folders);

/// Of a person's name and reason, as the ledger takes them.
std::vector<std::string> asker_faults(const live::Signature& by, bool needs_reason);

}  // namespace stevie::app
