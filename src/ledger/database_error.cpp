#include "ledger/database_error.h"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <string>
#include <string_view>

#include "core/printable.h"

namespace stevie::ledger {
namespace {

struct Meaning {
  std::string_view code;
  std::string_view advice;
};

constexpr Meaning locked{"ledger.locked",
                         "another process keeps the database locked: try again when it is done"};
constexpr Meaning disk_full{"ledger.disk_full", "the disk is full: make room; nothing was written"};
constexpr Meaning unwritable{"ledger.unwritable",
                             "the database cannot be written or opened: check that its folder exists and who "
                             "may write there"};
constexpr Meaning failing_disk{"ledger.unwritable",
                               "the disk refuses (full, over a limit or broken): nothing was written"};
constexpr Meaning damaged{"ledger.damaged", "this is no database, or it is damaged: restore a copy"};
constexpr Meaning unreachable{"ledger.unreachable",
                              "the database server cannot be reached: check host, port and whether it runs"};
constexpr Meaning login_refused{"ledger.login_refused",
                                "the database server refuses the login: check user, password and database"};
constexpr Meaning other{"ledger.database", "the database refuses"};

Meaning meaning_of_sqlite(int result) {
  switch (result & 0xff) {  // the upper bits hold details
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return locked;
    case SQLITE_FULL:
      return disk_full;
    case SQLITE_IOERR:
      return failing_disk;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return unwritable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return damaged;
    default:
      return other;
  }
}

/// Codes of PostgreSQL, appendix A of its manual.
Meaning meaning_of_postgresql(std::string_view state) {
  if (state == "55P03" || state == "40001" || state == "40P01") return locked;
  if (state == "53100") return disk_full;
  if (state == "25006" || state == "42501") return unwritable;
  if (state.starts_with("08") || state.starts_with("57P") || state == "53300") return unreachable;
  if (state.starts_with("28") || state == "3D000") return login_refused;
  if (state.starts_with("XX00")) return damaged;
  return other;
}

/// Where no connection was made there is no code, only the server's sentence.
Meaning meaning_of_text(std::string_view text) {
  for (const std::string_view sign :
       {"authentication failed", "no password supplied", "pg_hba.conf", "role \"", "database \""}) {
    if (text.find(sign) != std::string_view::npos) return login_refused;
  }
  return unreachable;
}

}  // namespace

Error translate(const soci::soci_error& error, const Location& location) {
  const std::string text = error.get_error_message();
  Meaning meaning = other;
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    meaning = meaning_of_sqlite(sqlite->result());
  } else if (const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    meaning = meaning_of_postgresql(postgresql->sqlstate());
    if (postgresql->get_error_category() == soci::soci_error::connection_error) meaning = unreachable;
  } else if (location.dialect == Dialect::postgresql) {
    meaning = meaning_of_text(text);
  }
  std::string detail = printable(without_password(text, location.connection));
  while (!detail.empty() && (detail.back() == '\n' || detail.back() == '.')) detail.pop_back();
  return {std::string(meaning.code), fmt::format("{} ({})", meaning.advice, detail), location.shown};
}

bool is_lost_connection(const Error& error) {
  return error.code() == unreachable.code;
}

}  // namespace stevie::ledger
