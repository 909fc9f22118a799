#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/training_sessions.h"

namespace stevie::app {

/// What follows is for programs without a TrainingSessions of their own: they read and write the ledger, and
/// whoever runs the sessions acts on it. Progress of running ones is read from their folders, where those can
/// be reached.

/// The newest `last` sessions, newest first. Throws as Ledger::open does.
std::vector<TrainingSession> sessions_on(const ledger::LedgerConfig& ledger, std::size_t last);
/// Throws Error "app.unknown_session".
TrainingSession session_on(const ledger::LedgerConfig& ledger, const std::string& id);
/// Queues a session and returns its id. Throws Error "app.bad_session", "app.queue_full".
std::string start_session_on(const Config& config, const std::string& config_file,
                             const SessionRequest& request);
/// Returns a sentence on what happens now. Throws as TrainingSessions::stop_session does.
std::string stop_session_on(const ledger::LedgerConfig& ledger, const std::string& id,
                            const live::Signature& by);

/// For people: a table, and everything about one session.
std::string sessions_text(std::span<const TrainingSession> sessions);
std::string session_text(const TrainingSession& session);
std::string sessions_json(std::span<const TrainingSession> sessions);

}  // namespace stevie::app
