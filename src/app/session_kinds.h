#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/training_sessions.h"

namespace stevie::app {

/// The kinds of sessions: "optimize", which searches parameters and may have the gate promote them, and the
/// trainings, which change no parameters: "train" (PPO or DQN), "bootstrap" (several of them), "clone" and
/// "ensemble".
const std::vector<std::string>& session_kinds();
bool is_training(std::string_view kind);

/// What its progress counts: "episodes" of a search, "epochs" of a clone, "steps".
std::string_view unit_of(std::string_view kind);

/// The word in the names of its sessions: "train", "train_dqn", "clone"; of optimize the scenario.
std::string session_word(const SessionRequest& request);

/// Sections of the configuration whose fields a request may set.
std::set<std::string> settable_sections(const SessionRequest& request);

/// The settings of a request with those that `augment` and `curriculum` stand for.
std::map<std::string, std::string> settings_of(const SessionRequest& request);

/// A number that a training is asked for, and the setting that takes it.
struct SessionNumber {
  std::string name;  // "steps", "seed", "seeds", "members", "epochs", "folds"
  std::string setting;
};
/// The main ones of a training; none of a search.
std::vector<SessionNumber> numbers_of(const SessionRequest& request);

/// The command of the program that does it: {"train", "dqn"}. For people and for the worker.
std::vector<std::string> command_of(const SessionRequest& request);

/// Whether something lies in the session's folder from which its command goes on.
bool has_saved_state(const TrainingSession& session);
/// Whether its command is asked to go on with --resume; `ensemble train` does so by itself.
bool resumes_by_flag(const TrainingSession& session);

}  // namespace stevie::app
