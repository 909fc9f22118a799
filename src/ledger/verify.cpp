#include "ledger/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/time.h"
#include "ledger/merkle.h"
#include "ledger/schema.h"

namespace stevie::ledger {
namespace {

constexpr std::size_t most_faults = 100;
/// How much is hashed, over a whole verification, to find where misplaced rows belong.
constexpr std::size_t most_search_bytes = std::size_t{1} << 28;
/// How far beyond the end of the log a row may have stood: events after it may have been removed.
constexpr std::uint64_t most_removed = 1000;
constexpr std::size_t least_row_bytes = 256;

std::optional<std::int64_t> parse_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A head that the log is compared with.
struct Claim {
  SignedHead head;
  std::string what;            // "the signed head"
  std::optional<Digest> root;  // of the log at the head's sequence, once known
};

/// Walks over the rows in order and says what is wrong with each.
class ChainCheck {
 public:
  ChainCheck(std::vector<Claim>& claims, std::vector<Fault>& faults) : claims_(claims), faults_(faults) {}

  void take(const Row& row) {
    const std::optional<std::int64_t> number = parse_number(row.sequence);
    if (!number || *number < 1) {
      report("bad_row", {}, fmt::format("there is a row with the impossible number \"{}\"", row.sequence));
      return;
    }
    const auto sequence = static_cast<std::uint64_t>(*number);
    if (waiting_) finish(&row);
    report_missing(sequence);
    const std::string computed = row_hash(row);
    if (computed != row.hash) {
      waiting_ = {row, computed, sequence, tree_};
    } else if (follows_ && row.previous_hash != previous_hash_) {
      report_replaced(sequence);
    }
    advance(sequence, row.hash);
  }

  void end() {
    if (waiting_) finish(nullptr);
  }

  std::uint64_t last() const { return next_ - 1; }
  const std::string& last_hash() const { return previous_hash_; }
  const GrowingTree& tree() const { return tree_; }
  bool has_gaps() const { return has_gaps_; }

 private:
  /// A row whose hash is not that of its columns; the next row helps to say which of them it is.
  struct Waiting {
    Row row;
    std::string computed;
    std::uint64_t sequence;
    GrowingTree tree_before;
  };

  void report(std::string code, std::optional<std::uint64_t> sequence, std::string message) {
    if (faults_.size() < most_faults) faults_.push_back({std::move(code), sequence, std::move(message)});
  }

  void report_missing(std::uint64_t sequence) {
    follows_ = sequence == next_;
    if (follows_) return;
    const std::string which = sequence == next_ + 1
                                  ? fmt::format("event {} is missing", next_)
                                  : fmt::format("events {} to {} are missing", next_, sequence - 1);
    report("missing", next_, which);
    has_gaps_ = true;
  }

  void report_replaced(std::uint64_t sequence) {
    if (sequence == 1) {
      report("link_changed", 1,
             "event 1 names an event before it: events before it are gone or it was changed");
      return;
    }
    if (faults_.empty() || faults_.back().sequence != sequence - 1) {
      report("replaced", sequence - 1,
             fmt::format("event {} is not the one that event {} follows on: it was replaced, hash and all",
                         sequence - 1, sequence));
    }
  }

  void advance(std::uint64_t sequence, const std::string& hash) {
    before_previous_hash_ = std::exchange(previous_hash_, hash);
    next_ = sequence + 1;
    if (has_gaps_) return;
    tree_.add(parse_digest(hash).value_or(Digest{}));
    for (Claim& claim : claims_) {
      if (claim.head.sequence == sequence) claim.root = tree_.root();
    }
  }

  void finish(const Row* next_row) {
    const Waiting found = std::move(*waiting_);
    waiting_.reset();
    const std::uint64_t sequence = found.sequence;
    Row linked = found.row;
    linked.previous_hash = before_previous_hash_;
    if (row_hash(linked) == found.row.hash) {
      report("link_changed", sequence, fmt::format("the previous_hash of event {} was changed", sequence));
    } else if (next_row != nullptr ? next_row->previous_hash == found.computed : is_signed_end(found)) {
      report("hash_changed", sequence, fmt::format("the hash of event {} was changed", sequence));
    } else if (const std::optional<std::uint64_t> place = original_place(found.row, sequence)) {
      report("reordered", sequence,
             fmt::format("what stands as event {} was written as event {}: rows were reordered", sequence,
                         *place));
    } else {
      report("changed", sequence,
             fmt::format("event {} is not what was written: time, kind, author, body or hash was changed",
                         sequence));
    }
  }

  /// For the last row, which no other row names: whether a head covers it with the hash that it should have.
  bool is_signed_end(const Waiting& found) const {
    GrowingTree tree = found.tree_before;
    const std::optional<Digest> leaf = parse_digest(found.computed);
    if (has_gaps_ || !leaf) return false;
    tree.add(*leaf);
    return std::any_of(claims_.begin(), claims_.end(), [&](const Claim& claim) {
      return claim.head.sequence == found.sequence && claim.head.root == to_hex(tree.root());
    });
  }

  /// The number with which the row's hash is right, the nearest first.
  std::optional<std::uint64_t> original_place(const Row& row, std::uint64_t sequence) {
    Row moved = row;
    const auto fits = [&](std::uint64_t place) {
      moved.sequence = std::to_string(place);
      searched_bytes_ += row.body.size() + least_row_bytes;
      return row_hash(moved) == row.hash;
    };
    const std::uint64_t most_distance = std::max(sequence, next_ + most_removed);
    for (std::uint64_t distance = 1; distance <= most_distance; ++distance) {
      if (searched_bytes_ > most_search_bytes) break;
      if (distance < sequence && fits(sequence - distance)) return sequence - distance;
      if (fits(sequence + distance)) return sequence + distance;
    }
    return std::nullopt;
  }

  std::vector<Claim>& claims_;
  std::vector<Fault>& faults_;
  GrowingTree tree_;
  std::optional<Waiting> waiting_;
  std::uint64_t next_ = 1;
  std::string previous_hash_{no_hash};
  std::string before_previous_hash_{no_hash};
  bool follows_ = true, has_gaps_ = false;
  std::size_t searched_bytes_ = 0;
};

/// Runs the action; what it throws becomes a fault. Returns whether it went through.
template <class Action>
bool attempt(const char* code, std::vector<Fault>& faults, Action action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    faults.push_back({code, {}, error.what()});
    return false;
  }
}

/// What is there of key, public key and head, and whether they fit together.
struct HeadCheck {
  std::optional<SignedHead> head;         // only where its signature holds
  std::optional<std::string> public_key;  // that heads must be signed with
  bool has_any_file = false;
  std::vector<Fault> faults;
};

void check_signature(const SignedHead& head, const std::string& public_key, const std::string& what,
                     std::vector<Fault>& faults) {
  if (is_signed_by(head, public_key)) return;
  if (head.public_key != public_key && is_signed_by(head, head.public_key)) {
    faults.push_back({"key_differs", {}, what + " is signed with another key than this ledger's"});
  } else {
    faults.push_back({"bad_signature", {}, what + " was changed or forged: its signature does not hold"});
  }
}

HeadCheck check_head_files(const HeadFiles& files) {
  HeadCheck check;
  std::optional<std::string> own, published;
  const bool key_is_read = attempt("bad_key", check.faults, [&] {
    if (const auto key = files.read_key()) own = key->public_key();
  });
  attempt("bad_key", check.faults, [&] { published = files.read_public_key(); });
  std::optional<SignedHead> head;
  const bool head_is_read = attempt("bad_head", check.faults, [&] { head = files.read_head(); });
  check.has_any_file = own || published || head || !check.faults.empty();
  if (own && published && *own != *published) {
    check.faults.push_back({"key_differs", {}, "the private key and the public key beside it are no pair"});
  }
  check.public_key = own ? own : published;
  if (!check.public_key && head) check.public_key = head->public_key;
  if (key_is_read && !own && (head || published)) {
    check.faults.push_back({"no_key", {}, files.key().string() + " is missing: restore a copy of the key"});
  }
  if (head && check.public_key) {
    const std::size_t before = check.faults.size();
    check_signature(*head, *check.public_key, "the head file", check.faults);
    if (check.faults.size() == before) check.head = head;
  }
  if (head_is_read && !head) {
    check.faults.push_back({"no_head", {}, files.head().string() + " is missing: restore a copy of it"});
  }
  return check;
}

void check_guards(const Database& database, std::vector<Fault>& faults) {
  const auto in_force = database.guards_in_force();
  for (const Guard& guard : guards(database.location().dialect)) {
    const std::pair wanted(guard.name, guard.definition);
    if (std::find(in_force.begin(), in_force.end(), wanted) == in_force.end()) {
      faults.push_back(
          {"guard_missing",
           {},
           fmt::format("the trigger {} that refuses changes was removed, switched off or altered",
                       guard.name)});
    }
  }
}

void check_claim(const Claim& claim, const ChainCheck& chain, std::vector<Fault>& faults) {
  const std::uint64_t covered = claim.head.sequence, last = chain.last();
  if (last < covered) {
    const std::string which = covered == last + 1 ? fmt::format("event {} is", covered)
                                                  : fmt::format("events {} to {} are", last + 1, covered);
    faults.push_back({"truncated", last + 1,
                      fmt::format("{} covers {} events and the log ends after {}: {} cut off", claim.what,
                                  covered, last, which)});
    return;
  }
  const Digest empty = sha256("");
  const Digest root = claim.root.value_or(empty);
  if (faults.empty() && !chain.has_gaps() && to_hex(root) != claim.head.root) {
    faults.push_back({"history_replaced",
                      {},
                      fmt::format("the log holds together, but its first {} events are not those that {} "
                                  "covers: the log was rewritten",
                                  covered, claim.what)});
  }
}

std::vector<Claim> claims_of(const HeadCheck& head, const std::optional<std::string>& kept_head,
                             std::vector<Fault>& faults) {
  std::vector<Claim> claims;
  if (head.head) claims.push_back({*head.head, "the signed head", {}});
  if (kept_head) {
    attempt("bad_head", faults, [&] {
      const SignedHead kept = parse_head(*kept_head, "the kept head");
      const std::size_t before = faults.size();
      check_signature(kept, head.public_key.value_or(kept.public_key), "the kept head", faults);
      if (faults.size() == before) claims.push_back({kept, "the kept head", {}});
    });
  }
  return claims;
}

}  // namespace

Verification verify_log(const Database& database, const HeadFiles& files,
                        const std::optional<std::string>& kept_head) {
  Verification result;
  HeadCheck head = check_head_files(files);
  std::vector<Fault> kept_faults;
  std::vector<Claim> claims = claims_of(head, kept_head, kept_faults);
  if (std::string fault = database.storage_fault(); !fault.empty()) {
    result.faults.push_back({"damaged", {}, "the database file is damaged: " + fault});
  }
  ChainCheck chain(claims, result.faults);
  attempt("damaged", result.faults, [&] {
    database.each_row({}, [&chain](const Row& row) {
      chain.take(row);
      return true;
    });
    chain.end();
  });
  for (const Claim& claim : claims) check_claim(claim, chain, result.faults);
  attempt("damaged", result.faults, [&] { check_guards(database, result.faults); });
  // Nothing was ever signed where nothing was ever appended.
  const bool is_new = chain.last() == 0 && !head.has_any_file;
  const bool is_half_made = chain.last() == 0 && head.faults.size() == 1 && head.faults[0].code == "no_head";
  if (!is_new && !is_half_made) {
    result.faults.insert(result.faults.end(), head.faults.begin(), head.faults.end());
  }
  result.faults.insert(result.faults.end(), kept_faults.begin(), kept_faults.end());
  if (head.head) result.head_sequence = head.head->sequence;
  result.log = {chain.last(), to_hex(chain.tree().root()), chain.last_hash()};
  return result;
}

}  // namespace stevie::ledger
