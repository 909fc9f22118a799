#include "ledger/sql_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/error.h"

namespace stevie::ledger {
namespace {

std::string connection_text(const Location& location) {
  if (location.dialect == Dialect::sqlite) return fmt::format("dbname=\"{}\"", location.file.string());
  // SOCI takes the text for a list of KEY=VALUE and appends "=" to a URL without one: each has a parameter
  // here. Without a limit of its own libpq waits for a silent host as long as TCP does: minutes.
  if (location.connection.find("connect_timeout=") != std::string::npos) return location.connection;
  const bool has_parameters = location.connection.find('?') != std::string::npos;
  return location.connection + (has_parameters ? "&" : "?") + "connect_timeout=10";
}

}  // namespace

void make_private_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) ::close(descriptor);
}

void open_session(soci::session& sql, const Location& location, Access access, TimeMs lock_timeout) {
  const soci::backend_factory& sqlite = soci::sqlite3;
  const bool is_sqlite = location.dialect == Dialect::sqlite;
  sql.open(is_sqlite ? sqlite : soci::postgresql, connection_text(location));
  set_up_session(sql, location, access, lock_timeout);
}

void retry_while_locked(TimeMs lock_timeout, const std::function<void()>& attempt) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(lock_timeout);
  while (true) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (error.code() != "ledger.locked" || std::chrono::steady_clock::now() >= give_up) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

void set_up_session(soci::session& sql, const Location& location, Access access, TimeMs lock_timeout) {
  if (location.dialect == Dialect::sqlite) {
    sql << fmt::format("PRAGMA busy_timeout = {}", lock_timeout);
    sql << "PRAGMA synchronous = FULL";
    if (access == Access::read) sql << "PRAGMA query_only = ON";
    return;
  }
  sql << "SET client_min_messages = warning";
  sql << "SET client_encoding = 'UTF8'";
  sql << "SET synchronous_commit = on";
  sql << fmt::format("SET lock_timeout = {}", lock_timeout);
  if (access == Access::read) sql << "SET default_transaction_read_only = on";
  std::string encoding;
  sql << "SHOW server_encoding", soci::into(encoding);
  if (encoding != "UTF8") {
    throw Error("ledger.not_a_ledger",
                fmt::format("the database stores text as {}: make it with ENCODING 'UTF8'", encoding),
                location.shown);
  }
}

void use_write_ahead_log(soci::session& sql, Dialect dialect) {
  if (dialect != Dialect::sqlite) return;
  std::string mode;
  sql << "PRAGMA journal_mode", soci::into(mode);
  if (mode != "wal") sql << "PRAGMA journal_mode = WAL", soci::into(mode);
}

bool has_table(soci::session& sql, Dialect dialect, const std::string& table) {
  int tables = 0;
  // Not to_regclass(): a session that has not found the table once goes on not finding it.
  sql << (dialect == Dialect::sqlite
              ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = :table"
              : "SELECT count(*) FROM pg_tables WHERE tablename = :table "
                "AND schemaname = ANY (current_schemas(false))"),
      soci::use(table), soci::into(tables);
  return tables > 0;
}

bool is_empty_file(soci::session& sql) {
  int tables = 0;
  sql << "SELECT count(*) FROM sqlite_master", soci::into(tables);
  return tables == 0;
}

}  // namespace stevie::ledger
