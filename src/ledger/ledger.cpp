#include "ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "ledger/database.h"
#include "ledger/signed_head.h"
#include "ledger/verify.h"

namespace stevie::ledger {
namespace {

Event to_event(const Row& row, const Location& location) {
  const auto number = [&](const std::string& text) {
    std::int64_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc() || end != text.data() + text.size()) {
      throw Error("ledger.damaged", "an event has a number or time that is none: run `stevie ledger verify`",
                  location.shown);
    }
    return value;
  };
  return {static_cast<std::uint64_t>(number(row.sequence)),
          number(row.time),
          row.kind,
          row.author,
          row.body,
          row.previous_hash,
          row.hash};
}

std::string reason_body(std::string_view reason) {
  return nlohmann::json{{"reason", printable(reason)}}.dump();
}

std::filesystem::path head_folder(const LedgerConfig& config, const Location& location) {
  if (!config.head_folder.empty()) return config.head_folder;
  return location.dialect == Dialect::sqlite ? location.file.parent_path() : std::filesystem::current_path();
}

class StoredLedger : public Ledger {
 public:
  StoredLedger(const LedgerConfig& config, const Location& location)
      : database_(location, config.access, config.lock_timeout),
        files_(head_folder(config, location), location.name),
        hook_(config.hook) {}

  Event append(std::string_view kind, std::string_view body, std::string_view author, TimeMs time) override {
    const NewEvent event{std::string(kind), std::string(body), std::string(author), time};
    return append(std::span(&event, 1)).front();
  }

  std::vector<Event> append(std::span<const NewEvent> events) override {
    for (const NewEvent& event : events) check_event(event);
    return append_decided([events] { return std::vector<NewEvent>(events.begin(), events.end()); });
  }

  std::vector<Event> append_decided(const std::function<std::vector<NewEvent>()>& decide) override {
    return in_transaction([&] {
      prepare_head();
      return decide();
    });
  }

  std::vector<Event> read(const Filter& filter) const override {
    std::vector<Event> events;
    read_each(filter, [&events](const Event& event) { events.push_back(event); });
    return events;
  }

  void read_each(const Filter& filter, const std::function<void(const Event&)>& take) const override {
    RowFilter rows{.kind = filter.kind,
                   .without = filter.without,
                   .author = filter.author,
                   .text = filter.text,
                   .since = filter.since,
                   .until = filter.until,
                   .last = filter.last};
    rows.after = static_cast<std::int64_t>(
        std::min<std::uint64_t>(filter.after, std::numeric_limits<std::int64_t>::max()));
    if (filter.before > 0) {
      rows.before = static_cast<std::int64_t>(
          std::min<std::uint64_t>(filter.before, std::numeric_limits<std::int64_t>::max()));
    }
    if (filter.last == std::size_t{0} || filter.first == std::size_t{0}) return;
    std::size_t taken = 0;
    database_.each_row(rows, [&](const Row& row) {
      take(to_event(row, database_.location()));
      return !filter.first || ++taken < *filter.first;
    });
  }

  LogState head() const override {
    GrowingTree tree;
    std::string last{no_hash};
    const std::vector<Digest> leaves = read_leaves(std::nullopt);
    for (const Digest& leaf : leaves) tree.add(leaf);
    if (!leaves.empty()) last = to_hex(leaves.back());
    return {tree.size(), to_hex(tree.root()), last};
  }

  std::string root(std::optional<std::uint64_t> size) const override {
    return to_hex(merkle_root(read_leaves(size)));
  }

  InclusionProof prove(std::uint64_t sequence, std::optional<std::uint64_t> size) const override {
    const std::vector<Digest> leaves = read_leaves(size);
    if (sequence < 1 || sequence > leaves.size()) no_event(sequence, leaves.size());
    return inclusion_proof(leaves, sequence);
  }

  ConsistencyProof prove_growth(std::uint64_t from, std::optional<std::uint64_t> size) const override {
    const std::vector<Digest> leaves = read_leaves(size);
    if (size && from > leaves.size()) {
      throw Error(
          "ledger.no_event",
          fmt::format("the first {} events cannot begin with the first {}: prove growth from a smaller "
                      "number to a larger one",
                      leaves.size(), from),
          database_.location().shown);
    }
    if (from > leaves.size()) no_event(from, leaves.size());
    return consistency_proof(leaves, from);
  }

  Verification verify(const std::optional<std::string>& kept_head) const override {
    return verify_log(database_, files_, kept_head);
  }

  const std::string& head_fault() const override { return head_fault_; }

  Event adopt(std::string_view reason, std::string_view author, TimeMs time) override {
    if (reason.empty()) throw Error("ledger.bad_event", "say why the log is accepted as it stands");
    const NewEvent event{"ledger.adopted", reason_body(reason), std::string(author), time};
    check_event(event);
    return in_transaction([&] {
             require_adoptable();
             key_.emplace(files_.make_key());
             catch_up(nullptr);
             write_head(time);
             return std::vector{event};
           })
        .front();
  }

 private:
  void at(WriteStep step) const {
    if (hook_) hook_(step);
  }

  [[noreturn]] void no_event(std::uint64_t sequence, std::size_t size) const {
    throw Error("ledger.no_event", fmt::format("there is no event {}: the log has {}", sequence, size),
                database_.location().shown);
  }

  [[noreturn]] void tampered(const std::string& message) const {
    throw Error("ledger.tampered", message + ": nothing was appended; run `stevie ledger verify`",
                database_.location().shown);
  }

  /// Appends what `prepare` returns, in one transaction that it runs inside, and replaces the head.
  template <class Prepare>
  std::vector<Event> in_transaction(Prepare prepare) {
    at(WriteStep::before_transaction);
    std::vector<Event> appended;
    database_.begin_append();
    try {
      const std::vector<NewEvent> events = prepare();
      if (events.empty()) {
        database_.rollback();
        return appended;
      }
      for (const NewEvent& event : events) {
        check_event(event);
        at(WriteStep::before_insert);
        appended.push_back(insert(event));
      }
      at(WriteStep::before_commit);
      database_.commit();
    } catch (...) {
      database_.rollback();
      forget();
      throw;
    }
    at(WriteStep::after_commit);
    try {
      write_head(appended.back().time);
      head_fault_.clear();
    } catch (const Error& error) {
      head_fault_ = error.what();
    }
    return appended;
  }

  Event insert(const NewEvent& given) {
    Event event{.sequence = tree_.size() + 1,
                .time = given.time,
                .kind = given.kind,
                .author = given.author,
                .body = given.body,
                .previous_hash = last_hash_};
    const Digest leaf = leaf_hash(event_bytes(event));
    event.hash = to_hex(leaf);
    database_.insert(event);
    tree_.add(leaf);
    last_hash_ = event.hash;
    return event;
  }

  /// Makes sure, inside the transaction, that key and head are there and that the log is the one that was
  /// signed; brings the tree up to date and an older head too.
  void prepare_head() {
    key_ = files_.read_key();
    const std::optional<SignedHead> head = files_.read_head();
    catch_up(head ? &*head : nullptr);
    if (!head) {
      if (tree_.size() > 0) {
        throw Error(
            "ledger.no_head",
            fmt::format("the log has {} events and this file, its signed head, is gone: restore it, or "
                        "accept the log as it stands with `stevie ledger adopt`",
                        tree_.size()),
            files_.head().string());
      }
      at(WriteStep::before_key);
      key_.emplace(files_.make_key());
      write_head(0);
      return;
    }
    if (!key_) {
      throw Error("ledger.no_key",
                  "the key that signs this ledger is gone: restore it, or start with a new one with `stevie "
                  "ledger adopt`",
                  files_.key().string());
    }
    if (!is_signed_by(*head, key_->public_key()))
      tampered("the head file is not signed with this ledger's key");
    if (head->sequence < tree_.size()) write_head(last_time());
  }

  TimeMs last_time() const {
    TimeMs time = 0;
    database_.each_row({.after = static_cast<std::int64_t>(tree_.size()) - 1}, [&](const Row& row) {
      time = to_event(row, database_.location()).time;
      return true;
    });
    return time;
  }

  /// Reads the hashes that were appended since the last time, and compares the log with a head that was not
  /// compared before.
  void catch_up(const SignedHead* head) {
    const bool is_same_log = tree_.size() == 0 || database_.hash_of(tree_.size()) == last_hash_;
    if (!is_same_log) forget();
    const bool is_compared =
        head == nullptr || (head->sequence == compared_.sequence && head->root == compared_.root);
    if (!is_compared && head->sequence < tree_.size()) forget();  // its root is only known on the way there
    std::string root_at_head;
    const auto note_root = [&] {
      if (!is_compared && head->sequence == tree_.size()) root_at_head = to_hex(tree_.root());
    };
    note_root();
    database_.each_hash(tree_.size(), [&](std::uint64_t sequence, const std::string& hash) {
      const std::optional<Digest> leaf = parse_digest(hash);
      if (sequence != tree_.size() + 1 || !leaf) {
        tampered(fmt::format("event {} is missing or damaged", tree_.size() + 1));
      }
      tree_.add(*leaf);
      last_hash_ = hash;
      note_root();
    });
    if (is_compared) return;
    if (head->sequence > tree_.size()) {
      tampered(
          fmt::format("the signed head covers {} events and the log has {}", head->sequence, tree_.size()));
    }
    if (root_at_head != head->root) tampered("the log is not the one that was signed");
    compared_ = {head->sequence, head->root, {}};
  }

  void write_head(TimeMs time) {
    at(WriteStep::before_head);
    const SignedHead head = key_->sign(tree_.size(), time, to_hex(tree_.root()));
    files_.write_head(head);
    compared_ = {head.sequence, head.root, {}};
    at(WriteStep::after_head);
  }

  void forget() {
    tree_ = {};
    last_hash_ = no_hash;
    compared_ = {};
  }

  void require_adoptable() const {
    for (const Fault& fault : verify_log(database_, files_, {}).faults) {
      const bool is_of_files =
          fault.code == "no_key" || fault.code == "no_head" || fault.code == "guard_missing";
      if (!is_of_files) tampered(fault.message);
    }
  }

  std::vector<Digest> read_leaves(std::optional<std::uint64_t> size) const {
    std::vector<Digest> leaves;
    database_.each_hash(0, [&](std::uint64_t sequence, const std::string& hash) {
      const std::optional<Digest> leaf = parse_digest(hash);
      if (sequence != leaves.size() + 1 || !leaf) {
        throw Error(
            "ledger.damaged",
            fmt::format("event {} is missing or damaged: run `stevie ledger verify`", leaves.size() + 1),
            database_.location().shown);
      }
      leaves.push_back(*leaf);
    });
    if (size && *size > leaves.size()) no_event(*size, leaves.size());
    if (size) leaves.resize(*size);
    return leaves;
  }

  Database database_;
  HeadFiles files_;
  std::function<void(WriteStep)> hook_;
  std::optional<SigningKey> key_;
  GrowingTree tree_;                // over the hashes read or appended so far
  std::string last_hash_{no_hash};  // of the last of those
  LogState compared_;               // the head that the tree was last found to agree with
  std::string head_fault_;
};

}  // namespace

std::unique_ptr<Ledger> Ledger::open(const LedgerConfig& config) {
  return std::make_unique<StoredLedger>(config, parse_url(config.url));
}

}  // namespace stevie::ledger
