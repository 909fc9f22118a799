#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/session_request.h"
#include "app/training_sessions.h"

namespace stevie::app {

/// A session with what only the queue needs.
struct SessionRecord {
  TrainingSession session;
  std::size_t lost = 0;        // launches that ended with the server, without a trace
  std::string worker_outcome;  // of "session.finished": "finished", "failed", "interrupted"
  bool told = false;           // "training.ended" for good is on the ledger
  std::optional<live::Signature> stopped_by;
};

/// The sessions as the ledger tells them. Not for several threads at once.
class SessionQueue {
 public:
  /// Takes in everything newer on the ledger. Returns the ids of the sessions that changed, in order.
  std::vector<std::string> read(const ledger::Ledger& ledger);
  /// Takes in these events; those known already, of no concern or damaged are passed over.
  std::vector<std::string> take(const std::vector<ledger::Event>& events);
  /// What a read() of the ledger has to take in; for taking it in under a lock.
  static std::vector<ledger::Event> news_of(const ledger::Ledger& ledger, std::uint64_t after);
  std::uint64_t last() const { return last_; }  // number of the newest event known

  const std::vector<SessionRecord>& records() const { return records_; }  // oldest first
  const SessionRecord* find(const std::string& id) const;
  std::size_t waiting() const;  // sessions that are queued

 private:
  bool take(const ledger::Event& event, std::string& id);
  SessionRecord* known(const std::string& id);
  SessionRecord& add(const std::string& id, TimeMs time);

  std::vector<SessionRecord> records_;
  std::map<std::string, std::size_t> index_;
  std::uint64_t last_ = 0;
};

/// Puts a checked request on the ledger and returns the session's id. Throws Error "app.queue_full".
std::string queue_session(ledger::Ledger& ledger, const SessionRequest& request, std::size_t most_waiting,
                          TimeMs now);

/// Puts on the ledger that a session is to be stopped; a queued one is then stopped. Throws Error
/// "app.unknown_session", "app.session_ended", "app.bad_session" where name or reason lack.
void request_stop(ledger::Ledger& ledger, const std::string& id, const live::Signature& by, TimeMs now);

/// Error "app.unknown_session" with the nearest name.
[[noreturn]] void throw_unknown(const SessionQueue& queue, const std::string& id);

/// "training.ended" for this state of a session. resumes: it is interrupted and goes on later.
ledger::NewEvent ended_event(const TrainingSession& session, const std::string& author, bool resumes);

}  // namespace stevie::app
