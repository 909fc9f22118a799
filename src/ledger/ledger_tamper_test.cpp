// Everything that somebody with full rights on the database, or on the head file, may do to a ledger.
#include <gtest/gtest.h>

#include <fstream>

#include "core/file.h"
#include "ledger/ledger.h"
#include "ledger/ledger_testing.h"
#include "ledger/schema.h"
#include "ledger/signed_head.h"

namespace stevie::ledger {
namespace {

class LedgerTampering : public LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Databases, LedgerTampering, both_databases, database_name);

using Codes = std::vector<std::string>;

/// Ledgers of six events that are edited, judged, and put right again.
class EditedLedger {
 public:
  explicit EditedLedger(const TestPlace& place) : place_(place), ledger_(place.open()) {
    ledger_->append(test_events(6));
    place.execute({"CREATE TABLE saved_events AS SELECT * FROM ledger_events"});
  }
  std::vector<Fault> faults_after(const std::vector<std::string>& statements) const {
    place_.tamper(statements);
    const Verification found = ledger_->verify();
    place_.tamper({"DELETE FROM ledger_events", "INSERT INTO ledger_events SELECT * FROM saved_events"});
    EXPECT_TRUE(ledger_->verify().clean());
    return found.faults;
  }
  Codes codes_after(const std::vector<std::string>& statements) const {
    return codes({.faults = faults_after(statements)});
  }

 private:
  const TestPlace& place_;
  std::unique_ptr<Ledger> ledger_;
};

/// An edit, and what verify() must say of it.
struct Edit {
  std::string name;
  std::vector<std::string> statements;
  Codes codes;
};

TEST_P(LedgerTampering, finds_and_names_every_edit_of_the_table) {
  const std::string set = "UPDATE ledger_events SET ", third = " WHERE sequence = 3";
  const std::string flipped_hash =
      "hash = (CASE WHEN substr(hash, 1, 1) = 'a' THEN 'b' ELSE 'a' END) || substr(hash, 2)";
  const std::vector<Edit> edits{
      {"time", {set + "time = time + 1" + third}, {"changed 3"}},
      {"kind", {set + "kind = 'nota'" + third}, {"changed 3"}},
      {"author", {set + "author = 'testes'" + third}, {"changed 3"}},
      {"body", {set + "body = '{\"n\": 4}'" + third}, {"changed 3"}},
      {"body, one space more", {set + "body = body || ' '" + third}, {"changed 3"}},
      {"text moved between columns", {set + "kind = kind || 't', author = 'ester'" + third}, {"changed 3"}},
      {"hash", {set + flipped_hash + third}, {"hash_changed 3"}},
      {"hash in capitals", {set + "hash = upper(hash)" + third}, {"hash_changed 3"}},
      {"hash of the last row", {set + flipped_hash + " WHERE sequence = 6"}, {"hash_changed 6"}},
      {"previous_hash", {set + "previous_" + flipped_hash + third}, {"link_changed 3"}},
      {"previous_hash of the first row",
       {set + "previous_hash = hash WHERE sequence = 1"},
       {"link_changed 1"}},
      {"first row", {set + "body = '{}' WHERE sequence = 1"}, {"changed 1"}},
      {"last row", {set + "body = '{}' WHERE sequence = 6"}, {"changed 6"}},
      {"two rows", {set + "body = '{}' WHERE sequence IN (2, 5)"}, {"changed 2", "changed 5"}},
      {"number", {set + "sequence = 9" + third}, {"missing 3", "missing 7", "reordered 9"}},
      {"number below 1", {set + "sequence = -3" + third}, {"bad_row", "missing 3"}},
      {"a row removed", {"DELETE FROM ledger_events" + third}, {"missing 3"}},
      {"the first row removed", {"DELETE FROM ledger_events WHERE sequence = 1"}, {"missing 1"}},
      {"rows removed", {"DELETE FROM ledger_events WHERE sequence IN (2, 3, 5)"}, {"missing 2", "missing 5"}},
      {"a row removed and the others moved up",
       {"DELETE FROM ledger_events" + third, set + "sequence = 3 WHERE sequence = 4",
        set + "sequence = 4 WHERE sequence = 5", set + "sequence = 5 WHERE sequence = 6"},
       {"reordered 3", "reordered 4", "reordered 5", "truncated 6"}},
      {"the tail cut off", {"DELETE FROM ledger_events WHERE sequence > 4"}, {"truncated 5"}},
      {"the last row cut off", {"DELETE FROM ledger_events WHERE sequence = 6"}, {"truncated 6"}},
      {"everything removed", {"DELETE FROM ledger_events"}, {"truncated 1"}},
      {"a false row at the end",
       {"INSERT INTO ledger_events SELECT 7, time, kind, author, body, hash, hash FROM ledger_events WHERE "
        "sequence = 6"},
       {"changed 7"}}};
  const EditedLedger ledger(place());
  for (const Edit& edit : edits) EXPECT_EQ(ledger.codes_after(edit.statements), edit.codes) << edit.name;
}

TEST_P(LedgerTampering, finds_reordered_rows) {
  // PostgreSQL checks the key row by row, so that the rows go through a free number.
  const auto swap = [](int one, int other) {
    const auto move = [](int from, int to) {
      return "UPDATE ledger_events SET sequence = " + std::to_string(to) +
             " WHERE sequence = " + std::to_string(from);
    };
    return std::vector<std::string>{move(one, 99), move(other, one), move(99, other)};
  };
  const EditedLedger ledger(place());
  EXPECT_EQ(ledger.codes_after(swap(2, 3)), (Codes{"reordered 2", "reordered 3"}));
  EXPECT_EQ(ledger.codes_after(swap(1, 6)), (Codes{"reordered 1", "reordered 6"}));
  const std::vector<Fault> faults = ledger.faults_after(swap(2, 5));
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_NE(faults[0].message.find("what stands as event 2 was written as event 5"), std::string::npos);
}

/// The statement that puts an event into the table with the hash that its columns give.
std::string insert_statement(Event event) {
  event.hash = event_hash(event);
  return "INSERT INTO ledger_events VALUES (" + std::to_string(event.sequence) + ", " +
         std::to_string(event.time) + ", '" + event.kind + "', '" + event.author + "', '" + event.body +
         "', '" + event.previous_hash + "', '" + event.hash + "')";
}

TEST_P(LedgerTampering, finds_a_row_that_was_replaced_with_its_hash) {
  place().open()->append(test_events(6));
  Event third = place().open()->read()[2];
  third.body = "{\"n\": 33}";
  place().tamper({"DELETE FROM ledger_events WHERE sequence = 3", insert_statement(third)});
  EXPECT_EQ(codes(place().open()->verify()), Codes{"replaced 3"});
}

TEST_P(LedgerTampering, finds_a_history_that_was_rewritten_as_a_whole) {
  place().open()->append(test_events(4));
  std::vector<std::string> statements{"DELETE FROM ledger_events"};
  std::string previous{no_hash};
  for (std::uint64_t n = 1; n <= 5; ++n) {
    const Event event{n, 1, "note", "forger", "{}", previous, {}};
    previous = event_hash(event);
    statements.push_back(insert_statement(event));
  }
  place().tamper(statements);
  const auto ledger = place().open();
  EXPECT_EQ(codes(ledger->verify()), Codes{"history_replaced"});
  EXPECT_EQ(error_of([&] { ledger->append(test_events(1)); }).code(), "ledger.tampered");
  EXPECT_EQ(ledger->read().size(), 5U);
}

TEST_P(LedgerTampering, appends_nothing_to_a_log_that_was_cut) {
  const auto ledger = place().open();
  ledger->append(test_events(6));
  place().tamper({"DELETE FROM ledger_events WHERE sequence > 4"});
  // Neither the process that wrote it nor another.
  EXPECT_EQ(error_of([&] { ledger->append(test_events(1)); }).code(), "ledger.tampered");
  EXPECT_EQ(error_of([&] { place().open()->append(test_events(3)); }).code(), "ledger.tampered");
  EXPECT_EQ(error_of([&] { place().open()->adopt("it is fine", "tester", 1); }).code(), "ledger.tampered");
  EXPECT_EQ(ledger->read().size(), 4U);
}

TEST_P(LedgerTampering, finds_a_log_that_was_cut_and_grew_again) {
  place().open()->append(test_events(6));
  place().tamper({"DELETE FROM ledger_events WHERE sequence > 4"});
  // Somebody who writes rows by hand, correct in themselves.
  Event event = place().open()->read()[3];
  std::vector<std::string> statements;
  for (std::uint64_t n = 5; n <= 8; ++n) {
    event = {n, event.time, "note", "forger", "{}", event_hash(event), {}};
    statements.push_back(insert_statement(event));
  }
  place().tamper(statements);
  EXPECT_EQ(codes(place().open()->verify()), Codes{"history_replaced"});
}

TEST_P(LedgerTampering, finds_guards_that_are_gone) {
  place().open()->append(test_events(1));
  if (GetParam() == Dialect::sqlite) {
    place().execute({"DROP TRIGGER ledger_events_no_update"});
    EXPECT_EQ(codes(place().open()->verify()), Codes{"guard_missing"});
    place().execute(
        {"CREATE TRIGGER ledger_events_no_update BEFORE UPDATE ON ledger_events BEGIN SELECT 1; END"});
    EXPECT_EQ(codes(place().open()->verify()), Codes{"guard_missing"});
  } else {
    place().execute({"ALTER TABLE ledger_events DISABLE TRIGGER ledger_events_no_truncate"});
    EXPECT_EQ(codes(place().open()->verify()), Codes{"guard_missing"});
    place().execute(
        {"ALTER TABLE ledger_events ENABLE TRIGGER ledger_events_no_truncate",
         "CREATE OR REPLACE FUNCTION ledger_next_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
         "RETURN NEW; END'"});
    EXPECT_EQ(codes(place().open()->verify()), Codes{"guard_missing"});
  }
}

TEST_P(LedgerTampering, finds_what_was_done_to_head_and_key) {
  const auto ledger = place().open();
  ledger->append(test_events(3));
  const std::string head = read_file(place().beside(".head"));
  const std::string key = read_file(place().beside(".key"));
  const std::string published = read_file(place().beside(".pub"));
  const auto restore = [&] {
    write_file(place().beside(".head"), head);
    write_file(place().beside(".pub"), published);
    write_file(place().beside(".key"), key);
    std::filesystem::permissions(place().beside(".key"), std::filesystem::perms(0600));
    ASSERT_EQ(codes(ledger->verify()), Codes{});
  };
  const auto refused = [&] { return error_of([&] { place().open()->append(test_events(1)); }).code(); };

  SignedHead forged = parse_head(head, "head");
  forged.sequence = 2;
  forged.root = ledger->root(2);
  write_file(place().beside(".head"), format_head(forged));
  EXPECT_EQ(codes(ledger->verify()), Codes{"bad_signature"});
  EXPECT_EQ(refused(), "ledger.tampered");

  forged = parse_head(head, "head");
  forged.signature[7] = forged.signature[7] == '0' ? '1' : '0';
  write_file(place().beside(".head"), format_head(forged));
  EXPECT_EQ(codes(ledger->verify()), Codes{"bad_signature"});

  const SigningKey other = SigningKey::create(place().folder() / "other.key");
  write_file(place().beside(".head"), format_head(other.sign(3, 1, ledger->root(3))));
  EXPECT_EQ(codes(ledger->verify()), Codes{"key_differs"});
  EXPECT_EQ(refused(), "ledger.tampered");

  write_file(place().beside(".head"), "{}");
  EXPECT_EQ(codes(ledger->verify()), Codes{"bad_head"});
  EXPECT_EQ(refused(), "ledger.bad_head");

  std::filesystem::remove(place().beside(".head"));
  EXPECT_EQ(codes(ledger->verify()), Codes{"no_head"});
  EXPECT_EQ(refused(), "ledger.no_head");
  restore();

  std::filesystem::remove(place().beside(".key"));
  EXPECT_EQ(codes(ledger->verify()), Codes{"no_key"});
  EXPECT_EQ(refused(), "ledger.no_key");
  std::filesystem::remove(place().beside(".pub"));
  EXPECT_EQ(codes(ledger->verify()), Codes{"no_key"});
  std::filesystem::remove(place().beside(".head"));
  EXPECT_EQ(codes(ledger->verify()), Codes{"no_head"});
  EXPECT_EQ(refused(), "ledger.no_head");
  restore();

  std::filesystem::copy_file(place().folder() / "other.key", place().beside(".key"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::permissions(place().beside(".key"), std::filesystem::perms(0600));
  EXPECT_EQ(codes(ledger->verify()), (Codes{"key_differs", "key_differs"}));  // of .pub, and of the head
  restore();

  std::filesystem::permissions(place().beside(".key"), std::filesystem::perms(0640));
  EXPECT_EQ(codes(ledger->verify()), Codes{"bad_key"});
  EXPECT_EQ(refused(), "ledger.bad_key");
  restore();

  write_file(place().beside(".pub"), "no key");
  EXPECT_EQ(codes(ledger->verify()), Codes{"bad_key"});
  EXPECT_EQ(ledger->read().size(), 3U);
}

TEST_P(LedgerTampering, an_older_head_of_its_own_is_sound_and_a_kept_newer_one_shows_it) {
  const auto ledger = place().open();
  ledger->append(test_events(3));
  const std::string old = read_file(place().beside(".head"));
  ledger->append(test_events(3));
  const std::string kept = read_file(place().beside(".head"));
  // Log and head go back together: only a head that was kept elsewhere tells.
  place().tamper({"DELETE FROM ledger_events WHERE sequence > 3"});
  write_file(place().beside(".head"), old);
  EXPECT_EQ(codes(ledger->verify()), Codes{});
  EXPECT_EQ(codes(ledger->verify(kept)), Codes{"truncated 4"});
  EXPECT_EQ(codes(ledger->verify(old)), Codes{});
  EXPECT_EQ(codes(ledger->verify("nonsense")), Codes{"bad_head"});
}

TEST_P(LedgerTampering, adopts_a_log_whose_key_or_head_is_lost) {
  const auto ledger = place().open();
  ledger->append(test_events(3));
  EXPECT_EQ(error_of([&] { ledger->adopt("", "tester", 1); }).code(), "ledger.bad_event");
  std::filesystem::remove(place().beside(".key"));
  const Event adopted = ledger->adopt("the disk with the key is gone", "tester", 1'700'000'000'000);
  EXPECT_EQ(adopted.kind, "ledger.adopted");
  EXPECT_EQ(adopted.body, "{\"reason\":\"the disk with the key is gone\"}");
  EXPECT_EQ(codes(ledger->verify()), Codes{});
  for (const char* ending : {".key", ".pub", ".head"}) std::filesystem::remove(place().beside(ending));
  EXPECT_EQ(codes(ledger->verify()), Codes{"no_head"});
  place().open()->adopt("another machine", "tester", 1'700'000'000'000);
  ledger->append(test_events(1));
  EXPECT_EQ(codes(ledger->verify()), Codes{});
  EXPECT_EQ(ledger->verify().head_sequence, 6U);
}

TEST(KeyFile, is_for_the_owner_only) {
  const TestPlace place(Dialect::sqlite);
  place.open()->append(test_events(1));
  const auto permissions = std::filesystem::status(place.beside(".key")).permissions();
  EXPECT_EQ(static_cast<unsigned>(permissions), 0600U);
}

/// One byte of the database file changed, wherever: either verify() or opening reports it, or the byte is one
/// that means nothing and all events are as they were.
TEST(SqliteFile, no_flipped_byte_changes_an_event_unseen) {
  const TestPlace place(Dialect::sqlite);
  const auto text_of = [](const Ledger& ledger) {
    std::string text;
    for (const Event& event : ledger.read()) text += event_bytes(event) + event.hash;
    for (const Event& event : ledger.read({.kind = "note"})) text += event_bytes(event);
    return text;
  };
  std::string written;
  {
    const auto ledger = place.open();
    ledger->append(test_events(20));
    written = text_of(*ledger);
  }
  const std::string original = read_file(place.file());
  ASSERT_FALSE(std::filesystem::exists(place.file().string() + "-wal"));
  int found = 0, harmless = 0;
  for (std::size_t at = 0; at < original.size(); at += 67) {
    std::string bytes = original;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    std::ofstream(place.file(), std::ios::binary) << bytes;
    try {
      const auto ledger = place.open();
      if (!ledger->verify().clean()) {
        ++found;
      } else {
        ++harmless;
        EXPECT_EQ(text_of(*ledger), written) << "byte " << at;
      }
    } catch (const Error&) {
      ++found;
    }
    for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(place.file().string() + ending);
  }
  EXPECT_GT(found, 50);
  EXPECT_GT(harmless, 0);
}

}  // namespace
}  // namespace stevie::ledger
