#include "ledger/database.h"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "ledger/database_error.h"
#include "ledger/merkle.h"
#include "ledger/netstring.h"
#include "ledger/schema.h"
#include "ledger/sql_session.h"

namespace stevie::ledger {
namespace {

/// Rows that are in memory at a time: PostgreSQL's library holds a whole answer.
constexpr int page_rows = 100;
constexpr int page_hashes = 10'000;

/// What appending processes lock in PostgreSQL: each schema of a database may hold a ledger.
constexpr const char* lock_query =
    "SELECT pg_advisory_xact_lock(hashtext('stevie ledger'), hashtext(current_schema()))";

/// NULL cannot be there unless somebody changed the table; as "" it does not match any hash.
constexpr const char* row_columns =
    "coalesce(CAST(sequence AS TEXT), ''), coalesce(CAST(time AS TEXT), ''), coalesce(kind, ''), "
    "coalesce(author, ''), coalesce(body, ''), coalesce(previous_hash, ''), coalesce(hash, '')";

bool bounded(const RowFilter& filter) {
  return filter.before != std::numeric_limits<std::int64_t>::max();
}

/// The column `kind`, or of "live." as many of its characters as that has: kinds are ASCII.
std::string kind_column(const std::string& wanted) {
  return wanted.ends_with('.') ? fmt::format("substr(kind, 1, {})", wanted.size()) : "kind";
}

std::string conditions(const RowFilter& filter, Dialect dialect) {
  std::string text = "sequence > :after";
  if (!filter.kind.empty()) text += fmt::format(" AND {} = :kind", kind_column(filter.kind));
  if (!filter.without.empty()) text += fmt::format(" AND {} <> :without", kind_column(filter.without));
  if (!filter.author.empty()) text += " AND author = :author";
  if (filter.since) text += " AND time >= :since";
  if (filter.until) text += " AND time < :until";
  if (bounded(filter)) text += " AND sequence < :before";
  if (!filter.text.empty()) {
    text += fmt::format(" AND {}(lower(kind || ' ' || author || ' ' || body), lower(:text)) > 0",
                        dialect == Dialect::sqlite ? "instr" : "strpos");
  }
  return text;
}

/// Binds what conditions() names, in that order; the arguments must outlive the statement's execution.
void bind(soci::statement& statement, const std::int64_t& after, const RowFilter& filter) {
  statement.exchange(soci::use(after));
  if (!filter.kind.empty()) statement.exchange(soci::use(filter.kind));
  if (!filter.without.empty()) statement.exchange(soci::use(filter.without));
  if (!filter.author.empty()) statement.exchange(soci::use(filter.author));
  if (filter.since) statement.exchange(soci::use(*filter.since));
  if (filter.until) statement.exchange(soci::use(*filter.until));
  if (bounded(filter)) statement.exchange(soci::use(filter.before));
  if (!filter.text.empty()) statement.exchange(soci::use(filter.text));
}

void run(soci::statement& statement, const std::string& query) {
  statement.alloc();
  statement.prepare(query);
  statement.define_and_bind();
  statement.execute(false);
}

}  // namespace

struct Database::Session {
  soci::session sql;
};

std::string row_hash(const Row& row) {
  return to_hex(leaf_hash(netstrings(
      {"stevie-event-1", row.sequence, row.time, row.kind, row.author, row.body, row.previous_hash})));
}

Database::Database(Location location, Access access, TimeMs lock_timeout)
    : location_(std::move(location)),
      access_(access),
      lock_timeout_(lock_timeout),
      session_(std::make_unique<Session>()) {
  const bool is_sqlite = location_.dialect == Dialect::sqlite;
  std::error_code ignored;
  if (is_sqlite && access == Access::read && !std::filesystem::exists(location_.file, ignored)) {
    throw Error("ledger.missing", "there is no ledger yet", location_.shown);
  }
  retry_while_locked(lock_timeout, [this] {
    session_ = std::make_unique<Session>();
    connect();
  });
}

Database::~Database() = default;

void Database::connect() {
  const bool is_sqlite = location_.dialect == Dialect::sqlite;
  try {
    open_session(session_->sql, location_, access_, lock_timeout_);
    int found = version();
    // Asked again: another process may have made the ledger between the question and the look at the file.
    if (found == 0 && is_sqlite && !is_empty_file(session_->sql) && (found = version()) == 0) {
      throw Error("ledger.not_a_ledger",
                  "this is the database of another program: give the ledger a file of its own",
                  location_.shown);
    }
    if (found > schema_version()) {
      throw Error(
          "ledger.newer_schema",
          fmt::format("this ledger was written by a newer program (schema {}, this one knows {}): use "
                      "that program; nothing was changed",
                      found, schema_version()),
          location_.shown);
    }
    if (access_ == Access::read) {
      if (found == 0) throw Error("ledger.missing", "there is no ledger yet", location_.shown);
      return;
    }
    use_write_ahead_log(session_->sql, location_.dialect);
    if (found < schema_version()) migrate();
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
}

int Database::version() const {
  soci::session& sql = session_->sql;
  if (!has_table(sql, location_.dialect, "ledger_schema")) return 0;
  int found = 0;
  soci::indicator state = soci::i_null;
  sql << "SELECT max(version) FROM ledger_schema", soci::into(found, state);
  if (state != soci::i_ok || found < 1) {
    throw Error("ledger.damaged", "the table ledger_schema holds no version: restore a copy",
                location_.shown);
  }
  return found;
}

void Database::migrate() {
  begin();
  try {
    const auto& steps = migrations(location_.dialect);
    // Asked again: another process may have been here between the first question and the lock.
    for (std::size_t step = static_cast<std::size_t>(version()); step < steps.size(); ++step) {
      for (const std::string& statement : steps[step]) session_->sql << statement;
    }
    session_->sql << "COMMIT";
  } catch (...) {
    rollback();
    throw;
  }
}

void Database::begin() {
  soci::session& sql = session_->sql;
  if (location_.dialect == Dialect::sqlite) {
    sql << "BEGIN IMMEDIATE";
    return;
  }
  // READ COMMITTED: what is read after the lock was waited for includes what its holder committed.
  sql << "BEGIN ISOLATION LEVEL READ COMMITTED";
  sql << lock_query;
}

void Database::begin_append() {
  try {
    try {
      begin();
    } catch (const soci::soci_error& error) {
      if (!is_lost_connection(translate(error, location_))) throw;
      session_->sql.reconnect();
      set_up_session(session_->sql, location_, access_, lock_timeout_);
      begin();
    }
  } catch (const soci::soci_error& error) {
    rollback();
    throw translate(error, location_);
  }
}

void Database::insert(const Event& event) {
  const auto sequence = static_cast<std::int64_t>(event.sequence);
  try {
    session_->sql << "INSERT INTO ledger_events (sequence, time, kind, author, body, previous_hash, hash) "
                     "VALUES (:sequence, :time, :kind, :author, :body, :previous_hash, :hash)",
        soci::use(sequence), soci::use(event.time), soci::use(event.kind), soci::use(event.author),
        soci::use(event.body), soci::use(event.previous_hash), soci::use(event.hash);
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
}

void Database::commit() {
  try {
    session_->sql << "COMMIT";
  } catch (const soci::soci_error& error) {
    const Error meaning = translate(error, location_);
    if (!is_lost_connection(meaning)) throw meaning;
    throw Error(
        "ledger.outcome_unknown",
        "the connection was lost before the server confirmed: read the ledger to see whether the events "
        "are in it before appending them again",
        location_.shown);
  }
}

void Database::rollback() {
  try {
    session_->sql << "ROLLBACK";
  } catch (const soci::soci_error&) {
    // There is no transaction any more: the database has ended it, or the connection with it.
  }
}

std::int64_t Database::first_of_last(const RowFilter& filter) const {
  const auto last = static_cast<std::int64_t>(std::min<std::size_t>(*filter.last, std::size_t{1} << 40));
  std::int64_t first = 0;
  soci::indicator state = soci::i_null;
  soci::statement statement(session_->sql);
  bind(statement, filter.after, filter);
  statement.exchange(soci::use(last));
  statement.exchange(soci::into(first, state));
  run(statement, fmt::format("SELECT min(sequence) FROM (SELECT sequence FROM ledger_events WHERE {} "
                             "ORDER BY sequence DESC LIMIT :last) AS newest",
                             conditions(filter, location_.dialect)));
  return statement.fetch() && state == soci::i_ok ? first : std::numeric_limits<std::int64_t>::max();
}

void Database::each_row(const RowFilter& filter, const std::function<bool(const Row&)>& take) const {
  try {
    std::int64_t after = filter.after;
    if (filter.last) {
      const std::int64_t first = first_of_last(filter);
      if (first == std::numeric_limits<std::int64_t>::max()) return;
      after = first - 1;
    }
    const std::string query =
        fmt::format("SELECT sequence, {} FROM ledger_events WHERE {} ORDER BY sequence LIMIT {}", row_columns,
                    conditions(filter, location_.dialect), page_rows);
    for (int taken = page_rows; taken == page_rows;) {
      Row row;
      std::int64_t sequence = 0;
      soci::statement statement(session_->sql);
      bind(statement, after, filter);
      statement.exchange(soci::into(sequence));
      for (std::string* column :
           {&row.sequence, &row.time, &row.kind, &row.author, &row.body, &row.previous_hash, &row.hash}) {
        statement.exchange(soci::into(*column));
      }
      run(statement, query);
      for (taken = 0; statement.fetch(); ++taken) {
        if (!take(row)) return;
      }
      after = sequence;
    }
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
}

std::vector<KindCount> Database::kinds() const {
  try {
    std::vector<KindCount> kinds;
    KindCount of_kind;
    std::int64_t events = 0, newest = 0;
    soci::statement statement(session_->sql);
    statement.exchange(soci::into(of_kind.kind));
    statement.exchange(soci::into(events));
    statement.exchange(soci::into(newest));
    run(statement,
        "SELECT coalesce(kind, ''), count(*), max(sequence) FROM ledger_events GROUP BY kind ORDER BY kind");
    while (statement.fetch()) {
      of_kind.events = static_cast<std::uint64_t>(events);
      of_kind.newest = static_cast<std::uint64_t>(std::max<std::int64_t>(newest, 0));
      kinds.push_back(of_kind);
    }
    // The order of a database's collation is not that of bytes everywhere.
    std::ranges::sort(kinds, {}, &KindCount::kind);
    return kinds;
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
}

void Database::each_hash(std::uint64_t after,
                         const std::function<void(std::uint64_t, const std::string&)>& take) const {
  try {
    auto sequence = static_cast<std::int64_t>(after);
    for (int taken = page_hashes; taken == page_hashes;) {
      const std::int64_t start = sequence;
      std::string hash;
      soci::statement statement(session_->sql);
      statement.exchange(soci::use(start));
      statement.exchange(soci::into(sequence));
      statement.exchange(soci::into(hash));
      run(statement,
          fmt::format("SELECT sequence, coalesce(hash, '') FROM ledger_events WHERE sequence > :after "
                      "ORDER BY sequence LIMIT {}",
                      page_hashes));
      for (taken = 0; statement.fetch(); ++taken) take(static_cast<std::uint64_t>(sequence), hash);
    }
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
}

std::optional<std::string> Database::hash_of(std::uint64_t sequence) const {
  const auto number = static_cast<std::int64_t>(sequence);
  std::string hash;
  try {
    session_->sql << "SELECT coalesce(hash, '') FROM ledger_events WHERE sequence = :sequence",
        soci::use(number), soci::into(hash);
    if (!session_->sql.got_data()) return std::nullopt;
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
  return hash;
}

std::vector<std::pair<std::string, std::string>> Database::guards_in_force() const {
  std::vector<std::pair<std::string, std::string>> found;
  try {
    std::string name, definition;
    soci::statement statement(session_->sql);
    statement.exchange(soci::into(name));
    statement.exchange(soci::into(definition));
    run(statement, guards_query(location_.dialect));
    while (statement.fetch()) found.emplace_back(name, definition);
  } catch (const soci::soci_error& error) {
    throw translate(error, location_);
  }
  return found;
}

std::string Database::storage_fault() const {
  if (location_.dialect != Dialect::sqlite) return {};
  std::string answer;
  try {
    session_->sql << "PRAGMA integrity_check(1)", soci::into(answer);
  } catch (const soci::soci_error& error) {
    return translate(error, location_).message();
  }
  return answer == "ok" ? "" : answer;
}

}  // namespace stevie::ledger
