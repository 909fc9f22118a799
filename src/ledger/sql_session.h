#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "core/time.h"
#include "ledger/ledger.h"
#include "ledger/url.h"

namespace soci {
class session;
}

namespace stevie::ledger {

/// How this program uses a database through SOCI, whichever tables it holds. What SOCI throws is made an
/// Error by translate().

/// Makes a file that only its owner may read, where there is none; SQLite gives its other files the rights of
/// the first. Where that cannot be done SQLite says why.
void make_private_file(const std::filesystem::path& file);

/// Connects and sets up.
void open_session(soci::session& sql, const Location& location, Access access, TimeMs lock_timeout);

/// Calls `attempt` again while it throws Error "ledger.locked" and the time is not over: two processes that
/// make the same SQLite file at the same moment meet in ways that SQLite itself does not wait for.
void retry_while_locked(TimeMs lock_timeout, const std::function<void()>& attempt);

/// The settings of a connection: after soci::session::reconnect() too. Throws Error "ledger.not_a_ledger"
/// where PostgreSQL stores text in another encoding than UTF-8.
void set_up_session(soci::session& sql, const Location& location, Access access, TimeMs lock_timeout);

/// SQLite: readers and the writer no longer wait for each other. Nothing for PostgreSQL.
void use_write_ahead_log(soci::session& sql, Dialect dialect);

bool has_table(soci::session& sql, Dialect dialect, const std::string& table);
/// Whether an SQLite file holds anything at all.
bool is_empty_file(soci::session& sql);

}  // namespace stevie::ledger
