#include "app/session_kinds.h"

#include <algorithm>
#include <system_error>

#include "app/optimize_state.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

bool is_dqn(const SessionRequest& request) {
  return request.kind == "train" && request.algorithm == "dqn";
}

/// Of a bootstrap: whether one of its trainings has saved something.
bool has_trained(const fs::path& folder) {
  std::error_code fault;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, fault)) {
    const fs::path checkpoints = entry.path() / "checkpoints";
    if (fs::exists(checkpoints / "ppo.zip", fault) || fs::exists(checkpoints / "dqn.zip", fault)) return true;
  }
  return false;
}

}  // namespace

const std::vector<std::string>& session_kinds() {
  static const std::vector<std::string> kinds{"optimize", "train", "bootstrap", "clone", "ensemble"};
  return kinds;
}

bool is_training(std::string_view kind) {
  return kind != "optimize" && std::ranges::find(session_kinds(), kind) != session_kinds().end();
}

std::string_view unit_of(std::string_view kind) {
  if (kind == "clone") return "epochs";
  return is_training(kind) ? "steps" : "episodes";
}

std::string session_word(const SessionRequest& request) {
  if (is_dqn(request)) return "train_dqn";
  return is_training(request.kind) ? request.kind : request.scenario;
}

std::set<std::string> settable_sections(const SessionRequest& request) {
  std::set<std::string> sections{"data", "env", "costs", "network"};
  const auto with = [&sections](std::set<std::string> more) {
    more.merge(sections);
    return more;
  };
  if (request.kind == "train")
    return with({"train", "augmentation", "curriculum", is_dqn(request) ? "dqn" : "ppo"});
  if (request.kind == "bootstrap")
    return with({"train", "augmentation", "curriculum", "bootstrap", "ppo", "dqn"});
  if (request.kind == "clone") return with({"cloning", "expert"});
  if (request.kind == "ensemble") return with({"ensemble", "ppo"});
  if (request.dry_run) return {"optimize", "gate", "costs", "env", "rules", "regime", "social"};
  return {"optimize"};
}

std::map<std::string, std::string> settings_of(const SessionRequest& request) {
  std::map<std::string, std::string> settings = request.settings;
  if (!request.augment.empty()) settings.emplace("augmentation.techniques", request.augment);
  if (request.curriculum) settings.emplace("curriculum.enabled", "true");
  return settings;
}

std::vector<SessionNumber> numbers_of(const SessionRequest& request) {
  if (request.kind == "train")
    return {{"steps", "train.total_timesteps"}, {"seed", is_dqn(request) ? "dqn.seed" : "ppo.seed"}};
  if (request.kind == "bootstrap")
    return {
        {"steps", "train.total_timesteps"}, {"seeds", "bootstrap.seeds"}, {"seed", "bootstrap.first_seed"}};
  if (request.kind == "clone")
    return {{"epochs", "cloning.max_epochs"}, {"folds", "cloning.folds"}, {"seed", "cloning.seed"}};
  if (request.kind == "ensemble")
    return {{"steps", "ensemble.timesteps"}, {"members", "ensemble.members"}, {"seed", "ppo.seed"}};
  return {};
}

std::vector<std::string> command_of(const SessionRequest& request) {
  if (request.kind == "train") return {"train", is_dqn(request) ? "dqn" : "ppo"};
  if (request.kind == "ensemble") return {"ensemble", "train"};
  return {request.kind};
}

bool has_saved_state(const TrainingSession& session) {
  const std::string& kind = session.request.kind;
  std::error_code fault;
  if (session.folder.empty() || kind == "clone") return false;
  if (kind == "train") {
    const char* file = is_dqn(session.request) ? "dqn.zip" : "ppo.zip";
    return fs::exists(session.folder / "checkpoints" / file, fault);
  }
  if (kind == "bootstrap") return has_trained(session.folder);
  if (kind == "ensemble") return fs::exists(session.folder / "models" / "member_1.json", fault);
  return fs::exists(session.folder / state_file, fault);
}

bool resumes_by_flag(const TrainingSession& session) {
  return session.request.kind != "ensemble" && has_saved_state(session);
}

}  // namespace stevie::app
