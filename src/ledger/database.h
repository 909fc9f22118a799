#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/event.h"
#include "ledger/kinds.h"
#include "ledger/ledger.h"
#include "ledger/url.h"

namespace stevie::ledger {

/// A row as text, exactly as it stands in the database: somebody may have put anything there.
struct Row {
  std::string sequence, time, kind, author, body, previous_hash, hash;
};

/// event_bytes() over the texts of a row, hashed: the hash that the row should have.
std::string row_hash(const Row& row);

struct RowFilter {
  std::int64_t after = std::numeric_limits<std::int64_t>::min();
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::string kind = {}, without = {}, author = {}, text = {};  // as in Filter
  std::optional<TimeMs> since = {}, until = {};
  std::optional<std::size_t> last = {};
};

/// The tables of a ledger in SQLite or PostgreSQL, through SOCI. Every function throws Error with one of the
/// codes of Ledger::open() and Ledger::append(); after one, rollback() is due if a transaction was begun.
class Database {
 public:
  /// Connects, checks the schema's version and (Access::write) migrates.
  Database(Location location, Access access, TimeMs lock_timeout);
  ~Database();

  const Location& location() const { return location_; }

  /// Starts a transaction that keeps every other append out until its end. A connection that was lost since
  /// the last transaction is made again.
  void begin_append();
  void insert(const Event& event);
  /// Throws Error "ledger.outcome_unknown" where the connection is lost before the answer comes.
  void commit();
  /// Never throws.
  void rollback();

  /// Rows in order of sequence until `take` returns false.
  void each_row(const RowFilter& filter, const std::function<bool(const Row&)>& take) const;
  /// Calls `take(sequence, hash)` in order, for rows with a higher sequence.
  void each_hash(std::uint64_t after,
                 const std::function<void(std::uint64_t, const std::string&)>& take) const;
  /// Kinds by name, from the index over them.
  std::vector<KindCount> kinds() const;
  /// Hash column of one event; absent where there is no such event.
  std::optional<std::string> hash_of(std::uint64_t sequence) const;

  /// Guards that are in force: name, definition.
  std::vector<std::pair<std::string, std::string>> guards_in_force() const;
  /// What SQLite's own check of the file finds; empty where it is sound, and for PostgreSQL.
  std::string storage_fault() const;

 private:
  struct Session;
  void connect();
  int version() const;
  void migrate();
  void begin();
  std::int64_t first_of_last(const RowFilter& filter) const;

  Location location_;
  Access access_;
  TimeMs lock_timeout_;
  std::unique_ptr<Session> session_;
};

}  // namespace stevie::ledger
