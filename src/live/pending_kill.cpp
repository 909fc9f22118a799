#include "live/pending_kill.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "live/live_commands.h"
#include "live/live_records.h"

namespace stevie::live {

PendingKill::PendingKill(std::string folder) : folder_(std::move(folder)) {}

std::string PendingKill::path() const {
  return (std::filesystem::path(folder_) / "pending_kill.json").string();
}

bool PendingKill::keep(const LiveCommand& kill) {
  if (folder_.empty()) return false;
  const std::lock_guard lock(mutex_);
  try {
    write_file(path(), to_json(kill) + "\n");
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::optional<LiveCommand> PendingKill::read() const {
  if (folder_.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  std::error_code fault;
  if (!std::filesystem::exists(path(), fault) && !fault) return std::nullopt;
  try {
    LiveCommand kill =
        parse_command(nlohmann::json::parse(read_file(path())), {"live.bad_pending_kill", path()});
    require_signature({kill.by, kill.reason});
    kill.kind = LiveCommand::Kind::kill;
    kill.sequence = 0;
    return kill;
  } catch (const std::exception&) {
    LiveCommand kill;
    kill.kind = LiveCommand::Kind::kill;
    kill.by = "stevie serve";
    kill.reason = "a kill was given that the ledger could not take, and its file cannot be read";
    return kill;
  }
}

void PendingKill::remove() {
  if (folder_.empty()) return;
  const std::lock_guard lock(mutex_);
  std::error_code ignored;  // it is obeyed again then, which is the safe side
  std::filesystem::remove(path(), ignored);
}

}  // namespace stevie::live
