#include "app/session_list.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/session_board.h"
#include "app/session_queue.h"
#include "app/session_request.h"
#include "app/text_table.h"
#include "core/clock.h"
#include "core/progress.h"

namespace stevie::app {
namespace {

/// A board that knows which of the running sessions somebody works on.
void fill(SessionBoard& board, const ledger::LedgerConfig& config) {
  const auto ledger = ledger::Ledger::open(config);
  board.read(*ledger);
  for (const SessionRecord& record : board.unended()) {
    const TrainingSession& session = record.session;
    if (session.folder.empty() || session.state == SessionState::queued) continue;
    // Those of the queue have a server, which holds the folder of all sessions while it lives.
    const std::filesystem::path worked_in = session.by_hand ? session.folder : session.folder.parent_path();
    board.take_liveness(session.id, !std::filesystem::exists(worked_in) || !nobody_works_in(worked_in));
  }
}

std::string progress_text(const TrainingSession& session) {
  if (session.episodes == 0) return "";
  return fmt::format("{}/{}", format_count(session.episode), format_count(session.episodes));
}

std::string result_text(const TrainingSession& session) {
  return session.outcome.empty() ? session.sentence : session.outcome + ": " + session.sentence;
}

std::string time_text(const std::optional<TimeMs>& time) {
  return time ? format_time(*time / second_ms * second_ms) : "";
}

}  // namespace

std::vector<TrainingSession> sessions_on(const ledger::LedgerConfig& ledger, std::size_t last) {
  SessionBoard board(nullptr);
  fill(board, ledger);
  std::vector<TrainingSession> sessions = board.sessions();
  if (sessions.size() > last) sessions.resize(last);
  return sessions;
}

TrainingSession session_on(const ledger::LedgerConfig& ledger, const std::string& id) {
  SessionBoard board(nullptr);
  fill(board, ledger);
  return board.session(id);
}

std::string start_session_on(const Config& config, const std::string& config_file,
                             const SessionRequest& request) {
  const SessionRequest checked =
      checked_request(request, {.data_folders = config.sessions.data_folders,
                                .default_data = config.live.data,
                                .config_file = config_file,
                                .settings = {},
                                .model_folders = model_folders_of(config.sessions)});
  const auto ledger = ledger::Ledger::open(config.ledger);
  return queue_session(*ledger, checked, config.sessions.queue, system_time());
}

std::string stop_session_on(const ledger::LedgerConfig& config, const std::string& id,
                            const live::Signature& by) {
  const auto ledger = ledger::Ledger::open(config);
  request_stop(*ledger, id, by, system_time());
  SessionQueue queue;
  queue.read(*ledger);
  const TrainingSession& session = queue.find(id)->session;
  return session.state == SessionState::stopped
             ? id + ": " + session.sentence
             : id + ": the server interrupts it; `stevie sessions show " + id + "` tells what became of it";
}

std::string sessions_text(std::span<const TrainingSession> sessions) {
  if (sessions.empty()) return "There are no sessions yet: `stevie sessions start --help` tells how.\n";
  std::vector<std::vector<std::string>> rows;
  for (const TrainingSession& session : sessions)
    rows.push_back({session.id, std::string(to_string(session.state)), progress_text(session),
                    session.by_hand ? "by hand" : session.request.by.name, result_text(session)});
  return text_table({"session", "state", "done", "by", "result"}, rows);
}

std::string session_text(const TrainingSession& session) {
  const SessionRequest& request = session.request;
  std::string settings;
  for (const auto& [key, value] : request.settings)
    settings += fmt::format("{}{} = {}", settings.empty() ? "" : ", ", key, value);
  std::vector<std::vector<std::string>> rows;
  const auto row = [&rows](const char* name, const std::string& value) {
    if (!value.empty()) rows.push_back({name, value});
  };
  row("state", std::string(to_string(session.state)));
  row("kind", request.kind);
  row("algorithm", request.algorithm);
  row("expert", request.expert);
  row("starts from", request.from);
  row("augmented with", request.augment);
  row("curriculum", request.curriculum ? "yes" : "");
  row("scenario", session.scenario.empty() ? request.scenario : session.scenario);
  row("data", fmt::format("{}", fmt::join(request.data, ", ")));
  row("settings", settings);
  row("dry run", request.dry_run ? "yes" : "");
  row("by", session.by_hand ? "by hand" : request.by.name);
  row("reason", request.by.reason);
  row("queued", time_text(session.queued));
  row("started", time_text(session.started));
  row("ended", time_text(session.ended));
  row("launches", session.attempts > 1 ? fmt::format("{}", session.attempts) : "");
  row("phase", session.phase);
  row("done", progress_text(session));
  row("candidates", session.candidates > 0 ? format_count(session.candidates) : "");
  row("best reward", session.best_reward ? fmt::format("{:.4f}", *session.best_reward) : "");
  row("running reward", session.running_reward ? fmt::format("{:.4f}", *session.running_reward) : "");
  row("time left", session.seconds_left ? format_seconds(*session.seconds_left) : "");
  row("outcome", session.outcome);
  row("verdict", session.verdict);
  row("version", session.new_version ? fmt::format("{}", *session.new_version) : "");
  row("result", session.sentence);
  row("folder", session.folder.string());
  return text_table({"session", session.id}, rows);
}

std::string sessions_json(std::span<const TrainingSession> sessions) {
  nlohmann::json list = nlohmann::json::array();
  for (const TrainingSession& session : sessions)
    list.push_back(nlohmann::json::parse(session_json(session)));
  return list.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
