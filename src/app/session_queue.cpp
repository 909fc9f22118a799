#include "app/session_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/optimize_state.h"
#include "app/session_kinds.h"
#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"

namespace stevie::app {
namespace {

using ledger::Event;
using nlohmann::json;

constexpr std::array kinds{"training.queued", "training.started", "training.stop_requested", "training.ended",
                           "session.started", "session.finished", "parameters.version"};
constexpr std::array states{SessionState::queued,     SessionState::running, SessionState::stopping,
                            SessionState::finished,   SessionState::failed,  SessionState::stopped,
                            SessionState::interrupted};

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t count(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::optional<double> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<SessionState> parse_state(const std::string& name) {
  for (const SessionState state : states) {
    if (to_string(state) == name) return state;
  }
  return std::nullopt;
}

/// The gate's word for the outcome of a session.
std::string verdict_of(const std::string& outcome) {
  if (outcome == "promoted" || outcome == "not_applied") return "PROMOTE";
  if (outcome == "rejected") return "REJECT";
  return outcome == "not_enough_evidence" ? "NOT ENOUGH EVIDENCE" : "";
}

bool is_over(SessionState state) {
  return state == SessionState::finished || state == SessionState::failed || state == SessionState::stopped;
}

void take_ended(const json& body, const Event& event, SessionRecord& record) {
  const std::optional<SessionState> state = parse_state(text(body, "state"));
  if (!state) return;
  TrainingSession& session = record.session;
  session.state = *state;
  session.sentence = text(body, "sentence");
  session.phase.clear();
  session.seconds_left.reset();
  record.told = !flag(body, "resumes");
  if (const std::uint64_t done = count(body, "episode"); done > 0) session.episode = done;
  if (const std::uint64_t all = count(body, "episodes"); all > 0) session.episodes = all;
  if (const std::uint64_t found = count(body, "candidates"); found > 0) session.candidates = found;
  session.best_reward = number(body, "best_reward");
  session.running_reward = number(body, "running_reward");
  session.fraction = number(body, "fraction").value_or(0);
  if (!record.told) return;
  session.ended = event.time;
  session.outcome = text(body, "outcome");
  session.verdict = text(body, "verdict");
  if (body.contains("new_version")) session.new_version = count(body, "new_version");
  session.decision_event = count(body, "decision_event");
}

/// `stevie optimize` says that it begins.
void take_session_started(const json& body, const Event& event, SessionRecord& record, bool fresh) {
  TrainingSession& session = record.session;
  session.scenario = text(body, "scenario");
  session.episodes = count(body, "episodes");
  record.worker_outcome.clear();
  if (!fresh && !session.by_hand) return;
  session.by_hand = true;
  session.state = SessionState::running;
  session.ended.reset();
  session.sentence.clear();
  session.folder = text(body, "folder");
  ++session.attempts;
  session.request.scenario = session.scenario;
  session.request.dry_run = flag(body, "dry_run");
  session.request.minutes = number(body, "minutes");
  session.request.episodes = session.episodes;
  if (fresh) session.started = event.time;
  session.request.data.clear();
  if (body.contains("data") && body["data"].is_array()) {
    for (const json& file : body["data"]) {
      if (file.is_string()) session.request.data.push_back(file.get<std::string>());
    }
  }
}

void take_session_finished(const json& body, const Event& event, SessionRecord& record) {
  TrainingSession& session = record.session;
  record.worker_outcome = text(body, "outcome");
  session.episode = count(body, "episodes");
  session.candidates = count(body, "candidates");
  const bool finished = record.worker_outcome == "finished";
  if (finished) {
    session.outcome = text(body, "result");
    session.verdict = verdict_of(session.outcome);
    session.sentence = text(body, "sentence");
    if (body.contains("version")) session.new_version = count(body, "version");
    session.decision_event = count(body, "decision");
    session.fraction = 1;
  }
  // A session of the queue is over when its worker is, which has its report to write first.
  if (!session.by_hand) return;
  session.ended = event.time;
  session.phase.clear();
  session.state = finished                                 ? SessionState::finished
                  : record.worker_outcome == "interrupted" ? SessionState::interrupted
                                                           : SessionState::failed;
  if (!finished) session.sentence = text(body, session.state == SessionState::failed ? "error" : "sentence");
}

}  // namespace

std::string_view to_string(SessionState state) {
  switch (state) {
    case SessionState::queued:
      return "queued";
    case SessionState::running:
      return "running";
    case SessionState::stopping:
      return "stopping";
    case SessionState::finished:
      return "finished";
    case SessionState::failed:
      return "failed";
    case SessionState::stopped:
      return "stopped";
    case SessionState::interrupted:
      break;
  }
  return "interrupted";
}

const SessionRecord* SessionQueue::find(const std::string& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &records_[found->second];
}

SessionRecord* SessionQueue::known(const std::string& id) {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &records_[found->second];
}

SessionRecord& SessionQueue::add(const std::string& id, TimeMs time) {
  index_.emplace(id, records_.size());
  SessionRecord& record = records_.emplace_back();
  record.session.id = id;
  record.session.queued = time;
  return record;
}

std::size_t SessionQueue::waiting() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      records_, [](const SessionRecord& record) { return record.session.state == SessionState::queued; }));
}

/// True where the event changed a session, whose id is then in `id`.
bool SessionQueue::take(const Event& event, std::string& id) {
  const std::string& kind = event.kind;
  if (std::ranges::find(kinds, kind) == kinds.end()) return false;
  const json body = json::parse(event.body, nullptr, false);
  if (!body.is_object()) return false;
  if (kind == "parameters.version") {
    constexpr std::string_view mark = "session ";
    const std::string reason = text(body, "reason");
    if (!reason.starts_with(mark) || text(body, "change") != "promotion") return false;
    id = reason.substr(mark.size());
    SessionRecord* record = known(id);
    if (record == nullptr || is_over(record->session.state)) return false;
    record->session.new_version = count(body, "number");
    return true;
  }
  id = text(body, kind.starts_with("training.") ? "id" : "session");
  if (id.empty()) return false;
  SessionRecord* record = known(id);
  if (kind == "session.started") {
    const bool fresh = record == nullptr;
    take_session_started(body, event, fresh ? add(id, event.time) : *record, fresh);
    return true;
  }
  if (kind == "training.queued") {
    if (record != nullptr || !body.contains("request")) return false;
    std::optional<SessionRequest> request = parse_request(body["request"].dump());
    if (!request) return false;
    TrainingSession& session = add(id, event.time).session;
    session.request = std::move(*request);
    session.request.by = {event.author, text(body, "reason")};
    session.scenario = session.request.scenario == "recommended" ? "" : session.request.scenario;
    return true;
  }
  if (record == nullptr) return false;
  if (kind == "session.finished") {
    take_session_finished(body, event, *record);
  } else if (record->session.by_hand) {
    return false;
  } else if (kind == "training.started") {
    TrainingSession& session = record->session;
    session.state = SessionState::running;
    if (!session.started) session.started = event.time;
    session.attempts = count(body, "attempt");
    session.folder = text(body, "folder");
    session.sentence.clear();
    session.ended.reset();
    record->lost = count(body, "lost");
  } else if (kind == "training.stop_requested") {
    if (is_over(record->session.state)) return false;
    record->stopped_by = {event.author, text(body, "reason")};
    if (record->session.state == SessionState::running) record->session.state = SessionState::stopping;
  } else {
    take_ended(body, event, *record);
  }
  return true;
}

std::vector<std::string> SessionQueue::take(const std::vector<Event>& events) {
  std::vector<std::string> changed;
  for (const Event& event : events) {
    if (event.sequence <= last_) continue;
    last_ = event.sequence;
    std::string id;
    if (take(event, id)) changed.push_back(id);
  }
  return changed;
}

std::vector<Event> SessionQueue::news_of(const ledger::Ledger& ledger, std::uint64_t after) {
  if (after > 0) return ledger.read({.after = after});
  // A ledger of a server that has traded for months is long; few of its events are of sessions.
  std::vector<Event> events;
  for (const Event& newest : ledger.read({.last = 1})) events.push_back(newest);
  if (events.empty()) return events;
  const std::uint64_t last = events.back().sequence;
  for (const char* kind : kinds) {
    ledger.read_each({.kind = kind}, [&](const Event& event) {
      if (event.sequence < last) events.push_back(event);
    });
  }
  std::ranges::sort(events, {}, &Event::sequence);
  return events;
}

std::vector<std::string> SessionQueue::read(const ledger::Ledger& ledger) {
  return take(news_of(ledger, last_));
}

void throw_unknown(const SessionQueue& queue, const std::string& id) {
  constexpr std::size_t longest = 200;
  std::vector<std::string_view> names;
  for (const SessionRecord& record : queue.records()) names.push_back(record.session.id);
  const std::string shown = printable(id.substr(0, longest));
  const std::string_view nearest = nearest_name(shown, names);
  throw Error("app.unknown_session",
              fmt::format("there is no session \"{}\"{}; `stevie sessions list` shows them", shown,
                          nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
}

std::string queue_session(ledger::Ledger& ledger, const SessionRequest& request, std::size_t most_waiting,
                          TimeMs now) {
  std::string id;
  ledger.append_decided([&] {
    SessionQueue queue;
    queue.read(ledger);
    if (queue.waiting() >= most_waiting)
      throw Error("app.queue_full",
                  fmt::format("{} sessions wait already, which is the most that may (sessions.queue): stop "
                              "one of them, or wait",
                              queue.waiting()));
    const std::string first = session_name(session_word(request), now);
    id = first;
    for (int more = 2; queue.find(id) != nullptr; ++more) id = fmt::format("{}-{}", first, more);
    const json body{
        {"id", id}, {"request", json::parse(request_json(request))}, {"reason", request.by.reason}};
    return std::vector<ledger::NewEvent>{
        {"training.queued", body.dump(-1, ' ', false, json::error_handler_t::replace), request.by.name, now}};
  });
  return id;
}

void request_stop(ledger::Ledger& ledger, const std::string& id, const live::Signature& by, TimeMs now) {
  const std::vector<std::string> faults = asker_faults(by, true);
  if (!faults.empty()) throw Error("app.bad_session", fmt::format("{}", fmt::join(faults, "; ")));
  ledger.append_decided([&] {
    SessionQueue queue;
    queue.read(ledger);
    const SessionRecord* record = queue.find(id);
    if (record == nullptr) throw_unknown(queue, id);
    const SessionState state = record->session.state;
    if (record->session.by_hand)
      throw Error(
          "app.session_by_hand",
          "this session was started with `stevie optimize`, not by the queue: whoever runs it stops it "
          "with Ctrl-C",
          id);
    if (is_over(state))
      throw Error("app.session_ended", fmt::format("this session is {} already", to_string(state)), id);
    std::vector<ledger::NewEvent> events;
    if (state == SessionState::stopping) return events;
    events.push_back(
        {"training.stop_requested",
         json{{"id", id}, {"reason", by.reason}}.dump(-1, ' ', false, json::error_handler_t::replace),
         by.name, now});
    // Nobody works on one of these, so nobody else has to be waited for.
    if (state == SessionState::queued || state == SessionState::interrupted) {
      TrainingSession stopped = record->session;
      stopped.state = SessionState::stopped;
      stopped.sentence =
          state == SessionState::queued
              ? "Taken out of the queue before it began. The parameters stay as they are."
              : "Stopped while the server had interrupted it. The parameters stay as they are.";
      events.push_back(ended_event(stopped, by.name, false));
      events.back().time = now;
    }
    return events;
  });
}

ledger::NewEvent ended_event(const TrainingSession& session, const std::string& author, bool resumes) {
  json body{{"id", session.id},
            {"state", to_string(session.state)},
            {"outcome", session.outcome},
            {"verdict", session.verdict},
            {"sentence", session.sentence},
            {"decision_event", session.decision_event},
            {"episode", session.episode},
            {"episodes", session.episodes},
            {"candidates", session.candidates},
            {"fraction", session.fraction}};
  if (session.new_version) body["new_version"] = *session.new_version;
  if (session.best_reward) body["best_reward"] = *session.best_reward;
  if (session.running_reward) body["running_reward"] = *session.running_reward;
  if (resumes) body["resumes"] = true;
  return {"training.ended", body.dump(-1, ' ', false, json::error_handler_t::replace), author,
          session.ended.value_or(0)};
}

}  // namespace stevie::app
