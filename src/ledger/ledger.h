#pragma once
/// ledger: what happened, in the order it happened, so that a later change to it shows.
///
/// Events are appended to one table of a SQLite file (default) or a PostgreSQL database and never changed.
/// Each event's hash covers its columns and the hash of the event before; the same hashes are the leaves of a
/// Merkle tree (RFC 6962), whose root, signed, lies in a file outside the database. Start with:
///   ledger.h        Ledger: open, append, read, verify
///   event.h         what an event is, and the bytes that its hash covers
///   merkle.h        roots, proofs of inclusion and of consistency, and how they are checked
///   signed_head.h   the signed head file and its key
///   url.h           where a ledger lies
///   database.h      SOCI behind a few functions; the schema and its migrations
///
/// In: kind, author, time and a JSON object for each event. Out: the events, and what verify() finds.
///
/// What always holds:
///   - append() writes all of its events or none, also when the process is killed at any step;
///   - any number of processes may append: the numbers have no gaps and the chain does not fork;
///   - nothing is appended to a log that contradicts its signed head, so that the next append cannot cover up
///     a cut or a rewritten history;
///   - a database of a newer program is refused and left as it is;
///   - no message shows a password of the URL.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "ledger/event.h"
#include "ledger/merkle.h"

namespace stevie::ledger {

/// Where append() stands. An append of two events goes through before_transaction, before_insert twice,
/// before_commit, after_commit, before_head, after_head. The first append of all has before_key, before_head
/// and after_head (of the head of an empty log) between before_transaction and before_insert.
enum class WriteStep : std::uint8_t {
  before_transaction,  // nothing of this append is written
  before_key,          // inside the transaction, before key and first head are made
  before_insert,       // before each event, inside the transaction
  before_commit,       // all events are inserted, none is visible
  after_commit,        // all events are in the log, the head file is still the old one
  before_head,         // about to replace the head file
  after_head           // the head file is the new one
};

enum class Access : std::uint8_t {
  write,  // makes what is missing: the SQLite file, the tables
  read    // makes nothing; Error "ledger.missing" where there is no ledger
};

struct LedgerConfig {
  /// sqlite:///FILE (relative to the working directory), sqlite:////FILE (absolute), or postgresql://... as
  /// libpq takes it.
  std::string url = "sqlite:///stevie.db";
  /// Folder of NAME.head, NAME.key and NAME.pub, where NAME is that of the SQLite file, or DATABASE@HOST.
  /// Empty: beside the SQLite file; the working directory for PostgreSQL. Whoever may write to the database
  /// should not be able to write here.
  std::string head_folder = {};
  Access access = Access::write;
  /// How long another process's transaction is waited for. Default 5 s; then Error "ledger.locked".
  TimeMs lock_timeout = 5 * second_ms;
  /// For tests: called at every step of a write, to throw or to end the process there.
  std::function<void(WriteStep)> hook = {};
};

/// Which events to read, all conditions together. The defaults read everything.
struct Filter {
  /// Exactly this kind; with a dot at its end ("live.") every kind that begins so. Empty: any.
  std::string kind = {};
  std::uint64_t after = 0;           // only events with a higher number
  std::string without = {};          // no event of this kind, written as `kind` is; empty: leaves none out
  std::string author = {};           // exactly this author; empty: any
  std::string text = {};             // found in kind, author or body, in either case for A to Z; empty: any
  std::optional<TimeMs> since = {};  // only events at or after this time
  std::optional<TimeMs> until = {};  // only events before this time
  std::optional<std::size_t> last = {};   // only the newest so many of those
  std::uint64_t before = 0;               // only events with a lower number; 0: any
  std::optional<std::size_t> first = {};  // only the oldest so many; not together with `last`
};

/// The log as it stands: number of the last event (0: empty), Merkle root over all, hash of the last event.
struct LogState {
  std::uint64_t sequence = 0;
  std::string root;
  std::string hash;
};

/// One thing that is wrong with a ledger.
struct Fault {
  /// "changed", "hash_changed", "link_changed", "replaced", "reordered", "missing", "bad_row", "truncated",
  /// "history_replaced", "guard_missing", "damaged", "no_head", "bad_head", "bad_signature", "no_key",
  /// "bad_key", "key_differs". docs/ledger.md says what each means.
  std::string code;
  std::optional<std::uint64_t> sequence;  // of the event it is about
  std::string message;                    // one sentence
};

struct Verification {
  LogState log;                                // as recomputed from the columns
  std::optional<std::uint64_t> head_sequence;  // what the signed head covers; absent where that is unusable
  std::vector<Fault> faults;                   // at most 100, oldest event first; empty: everything holds
  bool clean() const { return faults.empty(); }
};

/// One ledger. Used by one thread at a time; threads and processes open one each.
class Ledger {
 public:
  /// Opens, makes or migrates the ledger. Throws Error "ledger.bad_url", "ledger.missing",
  /// "ledger.newer_schema", "ledger.not_a_ledger", "ledger.damaged", "ledger.locked", "ledger.unwritable",
  /// "ledger.unreachable", "ledger.login_refused".
  static std::unique_ptr<Ledger> open(const LedgerConfig& config);

  virtual ~Ledger() = default;

  /// Appends one event; `body` is the text of a JSON object. Returns it once it is on the disk.
  /// Throws Error "ledger.bad_event"; "ledger.locked", "ledger.disk_full", "ledger.unwritable",
  /// "ledger.unreachable" with nothing appended; "ledger.tampered" where the log contradicts its signed head,
  /// "ledger.no_key" and "ledger.no_head" where those files are gone: adopt() starts them again.
  virtual Event append(std::string_view kind, std::string_view body, std::string_view author,
                       TimeMs time) = 0;
  /// Appends all events in one transaction, or none.
  virtual std::vector<Event> append(std::span<const NewEvent> events) = 0;
  /// Calls `decide` inside the transaction, while no other process can append: what it reads through this
  /// ledger is what its events follow on. Appends what it returns (nothing: nothing). An exception from it
  /// leaves the log as it was and reaches the caller.
  virtual std::vector<Event> append_decided(const std::function<std::vector<NewEvent>()>& decide) = 0;

  /// Events in order of their numbers, as they stand in the database: verify() tells whether they are true.
  virtual std::vector<Event> read(const Filter& filter = {}) const = 0;
  /// The same, one at a time, for logs that do not fit into memory. Nothing else may be called on this ledger
  /// from inside.
  virtual void read_each(const Filter& filter, const std::function<void(const Event&)>& take) const = 0;

  /// From the hash column; recomputes no event.
  virtual LogState head() const = 0;
  /// Merkle root over the first `size` events (all where absent), in hex. Throws Error "ledger.no_event"
  /// where there are fewer.
  virtual std::string root(std::optional<std::uint64_t> size = {}) const = 0;
  /// That event `sequence` is among the first `size` events. Throws Error "ledger.no_event".
  virtual InclusionProof prove(std::uint64_t sequence, std::optional<std::uint64_t> size = {}) const = 0;
  /// That the first `size` events begin with the first `from` of them. Throws Error "ledger.no_event".
  virtual ConsistencyProof prove_growth(std::uint64_t from, std::optional<std::uint64_t> size = {}) const = 0;

  /// Recomputes everything: every hash, the chain, the tree, the signature of the head file. A log that is
  /// longer than the signed head is sound (a process ended between commit and head file, or another machine
  /// appended); the next append repairs it. `kept_head`: the bytes of a head file copied earlier, which the
  /// log must agree with as well.
  virtual Verification verify(const std::optional<std::string>& kept_head = {}) const = 0;

  /// Why the head file could not be replaced after the last append, whose events are in the log; empty where
  /// it was. The next append replaces it first, or throws before it writes anything.
  virtual const std::string& head_fault() const = 0;

  /// Accepts the log as it stands where key or head file are gone, or never were here: makes a new key where
  /// there is none, signs, and appends the event "ledger.adopted" with the reason. Throws Error
  /// "ledger.tampered" where the chain itself does not hold, "ledger.bad_event" for an empty reason.
  virtual Event adopt(std::string_view reason, std::string_view author, TimeMs time) = 0;
};

}  // namespace stevie::ledger
