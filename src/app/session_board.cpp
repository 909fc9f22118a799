#include "app/session_board.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/folder_lock.h"

namespace stevie::app {
namespace {

bool is_at_work(SessionState state) {
  return state == SessionState::running || state == SessionState::stopping;
}

const char* news_kind(SessionState state) {
  switch (state) {
    case SessionState::queued:
      return "session.queued";
    case SessionState::running:
    case SessionState::stopping:
      return "session.progress";
    case SessionState::finished:
    case SessionState::failed:
    case SessionState::stopped:
    case SessionState::interrupted:
      break;
  }
  return "session.ended";
}

}  // namespace

SessionBoard::SessionBoard(NewsHub* news, std::function<TimeMs()> now)
    : news_(news), now_(now ? std::move(now) : system_time) {}

void SessionBoard::read(const ledger::Ledger& ledger) {
  std::uint64_t after = 0;
  {
    const std::lock_guard lock(mutex_);
    after = queue_.last();
  }
  const std::vector<ledger::Event> events = SessionQueue::news_of(ledger, after);
  std::vector<std::pair<std::string, std::string>> items;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> changed = queue_.take(events);
    if (!changed.empty()) ++revision_;
    std::ranges::sort(changed);
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const std::string& id : changed) {
      const SessionRecord& record = *queue_.find(id);
      left_.erase(id);
      if (!is_at_work(record.session.state))
        progress_.erase(id);
      else if (!progress_.contains(id))
        take_what_was_told(record.session);
      // What was there before this process began is no news.
      if (news_ != nullptr && begun_)
        items.emplace_back(news_kind(record.session.state), session_json(view(record)));
    }
    begun_ = true;
  }
  publish(std::move(items));
}

/// A session that goes on is as far as it was when it was left, before its worker says a word.
void SessionBoard::take_what_was_told(const TrainingSession& session) {
  if (session.folder.empty()) return;
  if (const auto progress = read_progress(session.folder / progress_file_name))
    progress_[session.id] = {.progress = *progress, .since = now_(), .published = now_()};
}

void SessionBoard::take_progress(const std::string& id, const WorkerProgress& progress) {
  std::vector<std::pair<std::string, std::string>> items;
  {
    const std::lock_guard lock(mutex_);
    const SessionRecord* record = queue_.find(id);
    if (record == nullptr || !is_at_work(record->session.state)) return;
    constexpr TimeMs publish_every = second_ms;
    const TimeMs now = now_();
    const auto known = progress_.find(id);
    if (known != progress_.end() && known->second.progress == progress) {
      if (std::abs(now - known->second.published) < publish_every) return;
      known->second.published = now;
    } else {
      progress_[id] = {.progress = progress, .since = now, .published = now};
    }
    ++revision_;
    if (news_ != nullptr) items.emplace_back("session.progress", session_json(view(*record)));
  }
  publish(std::move(items));
}

void SessionBoard::take_liveness(const std::string& id, bool at_work) {
  const std::lock_guard lock(mutex_);
  const bool changed = at_work ? left_.erase(id) > 0 : left_.insert(id).second;
  if (changed) ++revision_;
}

void SessionBoard::publish(std::vector<std::pair<std::string, std::string>> items) {
  for (auto& [kind, body] : items) news_->publish("sessions", std::move(kind), std::move(body));
}

TrainingSession SessionBoard::view(const SessionRecord& record) const {
  TrainingSession session = record.session;
  if (left_.contains(session.id) && is_at_work(session.state)) {
    session.state = SessionState::interrupted;
    session.sentence = session.by_hand ? "It ended without a word. "
                                       : "Its server is gone; it goes on when the server runs again. ";
    session.sentence +=
        session.new_version ? "It had promoted its proposal before." : "The parameters stay as they are.";
  }
  const auto found = progress_.find(session.id);
  if (found == progress_.end() || !is_at_work(session.state)) return session;
  const WorkerProgress& progress = found->second.progress;
  session.phase = to_string(progress.phase);
  session.episode = progress.episode;
  if (progress.episodes > 0) session.episodes = progress.episodes;
  session.candidates = progress.candidates;
  session.best_reward = progress.best_reward;
  session.running_reward = progress.running_reward;
  session.fraction = progress.fraction;
  session.updated = found->second.since;
  if (progress.seconds_left) {
    const auto waited = static_cast<double>(std::max<TimeMs>(0, now_() - found->second.since));
    session.seconds_left = std::max(0.0, *progress.seconds_left - waited / second_ms);
  }
  return session;
}

std::vector<TrainingSession> SessionBoard::sessions() const {
  const std::lock_guard lock(mutex_);
  std::vector<TrainingSession> result;
  result.reserve(queue_.records().size());
  for (auto record = queue_.records().rbegin(); record != queue_.records().rend(); ++record)
    result.push_back(view(*record));
  return result;
}

std::vector<TrainingSession> SessionBoard::active(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<TrainingSession> result;
  for (auto record = queue_.records().rbegin(); record != queue_.records().rend() && result.size() < most;
       ++record) {
    const SessionState state = record->session.state;
    if (state == SessionState::queued || is_at_work(state)) {
      TrainingSession session = view(*record);
      if (session.state != SessionState::interrupted) result.push_back(std::move(session));
    }
  }
  return result;
}

TrainingSession SessionBoard::session(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const SessionRecord* record = queue_.find(id);
  if (record == nullptr) throw_unknown(queue_, id);
  return view(*record);
}

SessionRecord SessionBoard::record(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const SessionRecord* record = queue_.find(id);
  if (record == nullptr) throw_unknown(queue_, id);
  SessionRecord result = *record;
  result.session = view(*record);
  return result;
}

std::vector<SessionRecord> SessionBoard::unended() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionRecord> result;
  for (const SessionRecord& record : queue_.records()) {
    const bool over = record.session.by_hand ? !is_at_work(record.session.state) : record.told;
    if (!over) result.push_back(record);
  }
  return result;
}

void SessionBoard::set_trouble(std::string trouble) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(trouble);
}

std::string SessionBoard::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool nobody_works_in(const std::filesystem::path& folder) {
  try {
    const FolderLock lock(folder);
    return true;
  } catch (const Error& error) {
    return error.code() != "file.in_use";
  }
}

}  // namespace stevie::app
