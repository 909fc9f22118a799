#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <tuple>

#include "core/file.h"
#include "ledger/kinds.h"
#include "ledger/ledger_testing.h"
#include "ledger/schema.h"

namespace stevie::ledger {
namespace {

INSTANTIATE_TEST_SUITE_P(Databases, LedgerTest, both_databases, database_name);

std::vector<std::uint64_t> numbers(const std::vector<Event>& events) {
  std::vector<std::uint64_t> list;
  for (const Event& event : events) list.push_back(event.sequence);
  return list;
}
using Numbers = std::vector<std::uint64_t>;

TEST_P(LedgerTest, gives_back_what_was_appended) {
  const std::string body = "{\"text\": \"Größe \\u0000 \xf0\x9f\x93\x88 'quoted' :name ? $1\",\n \"x\": 1e5}";
  Event first, second;
  {
    const auto ledger = place().open();
    first = ledger->append("parameters.version", body, "Zoë O'Neil", 1'700'000'000'123);
    second = ledger->append("note", "{}", "search", 0);
  }
  EXPECT_EQ(first.sequence, 1U);
  EXPECT_EQ(first.previous_hash, no_hash);
  EXPECT_EQ(first.hash, event_hash(first));
  EXPECT_EQ(second.previous_hash, first.hash);
  const auto ledger = place().open();
  const std::vector<Event> events = ledger->read();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].sequence, 1U);
  EXPECT_EQ(events[0].time, 1'700'000'000'123);
  EXPECT_EQ(events[0].kind, "parameters.version");
  EXPECT_EQ(events[0].author, "Zoë O'Neil");
  EXPECT_EQ(events[0].body, body);
  EXPECT_EQ(events[0].hash, first.hash);
  EXPECT_EQ(events[1].hash, second.hash);
  EXPECT_EQ(codes(ledger->verify()), std::vector<std::string>{});
  EXPECT_EQ(ledger->verify().head_sequence, 2U);
}

/// The hash of an event must never change from one version of the program to the next: ledgers outlive them.
/// The number was computed with Python's hashlib from the definition in event.h.
TEST(Event, has_the_documented_hash) {
  const Event event{.sequence = 1,
                    .time = 1'700'000'000'123,
                    .kind = "note",
                    .author = "tester",
                    .body = "{\"n\": 1}",
                    .previous_hash = std::string(no_hash)};
  EXPECT_EQ(event_bytes(event), "14:stevie-event-1,1:1,13:1700000000123,4:note,6:tester,8:{\"n\": 1},64:" +
                                    std::string(no_hash) + ",");
  EXPECT_EQ(event_hash(event), "820a05f2afdeb951300f67d191168832d464296464e9f7b2d3a35dbc3d1b3065");
}

TEST_P(LedgerTest, reads_by_kind_time_and_number) {
  const auto ledger = place().open();
  for (int n = 1; n <= 230; ++n) {  // more than are read at a time
    const NewEvent event{n % 3 == 0 ? "third" : "note", "{}", "tester", n * second_ms};
    if (n % 23 == 0) ledger->append(std::vector<NewEvent>(23, event));
  }
  ASSERT_EQ(ledger->read().size(), 230U);
  EXPECT_EQ(numbers(ledger->read({.last = 3})), (Numbers{228, 229, 230}));
  EXPECT_EQ(numbers(ledger->read({.after = 228})), (Numbers{229, 230}));
  EXPECT_EQ(ledger->read({.kind = "third"}).size(), 69U);
  EXPECT_EQ(numbers(ledger->read({.kind = "third", .last = 2})), (Numbers{206, 207}));
  EXPECT_EQ(ledger->read({.since = 207 * second_ms}).size(), 46U);
  EXPECT_EQ(numbers(ledger->read({.kind = "third", .after = 205, .since = 100 * second_ms})),
            (Numbers{206, 207}));
  EXPECT_EQ(numbers(ledger->read({.kind = "third", .after = 205, .until = 207 * second_ms})), (Numbers{}));
  EXPECT_EQ(ledger->read({.until = 46 * second_ms}).size(), 23U);
  EXPECT_EQ(ledger->read({.without = "third"}).size(), 161U);
  EXPECT_TRUE(ledger->read({.kind = "none"}).empty());
  EXPECT_TRUE(ledger->read({.last = 0}).empty());
  EXPECT_EQ(numbers(ledger->read({.last = 2, .before = 229})), (Numbers{227, 228}));
  EXPECT_EQ(numbers(ledger->read({.kind = "third", .last = 1, .before = 207})), (Numbers{206}));
  EXPECT_EQ(numbers(ledger->read({.after = 100, .first = 3})), (Numbers{101, 102, 103}));
  EXPECT_EQ(numbers(ledger->read({.after = 228, .first = 3})), (Numbers{229, 230}));
  EXPECT_TRUE(ledger->read({.first = 0}).empty());
  EXPECT_TRUE(ledger->read({.before = 1}).empty());
  EXPECT_TRUE(ledger->read({.after = ~std::uint64_t{0}}).empty());
  EXPECT_TRUE(ledger->read({.kind = "none", .last = 5}).empty());
}

TEST_P(LedgerTest, reads_by_family_author_and_text) {
  const auto ledger = place().open();
  ledger->append("risk.killed", R"({"reason":"Strange 100% prices"})", "ada", 1);
  ledger->append("risk.rearmed", R"({"reason":"drill_over"})", "otto", 2);
  ledger->append("riskier", R"({"reason":"it's \"quoted\" \\ here"})", "Ada", 3);
  EXPECT_EQ(numbers(ledger->read({.kind = "risk."})), (Numbers{1, 2}));
  EXPECT_EQ(numbers(ledger->read({.without = "risk."})), (Numbers{3}));
  EXPECT_EQ(numbers(ledger->read({.kind = "risk.", .without = "risk.killed"})), (Numbers{2}));
  EXPECT_EQ(numbers(ledger->read({.author = "ada"})), (Numbers{1}));
  EXPECT_EQ(numbers(ledger->read({.text = "strange"})), (Numbers{1}));
  EXPECT_EQ(numbers(ledger->read({.text = "ADA"})), (Numbers{1, 3}));
  EXPECT_EQ(numbers(ledger->read({.text = "risk.re"})), (Numbers{2}));
  // Neither wildcards nor the end of a text in SQL.
  EXPECT_EQ(numbers(ledger->read({.text = "0% p"})), (Numbers{1}));
  EXPECT_TRUE(ledger->read({.text = "s%e"}).empty());
  EXPECT_TRUE(ledger->read({.text = "drill.over"}).empty());
  EXPECT_EQ(numbers(ledger->read({.text = "it's"})), (Numbers{3}));
  EXPECT_TRUE(ledger->read({.kind = "x' OR '1'='1"}).empty());
  EXPECT_EQ(numbers(ledger->read({.text = "reason", .last = 2, .before = 3})), (Numbers{1, 2}));
}

TEST_P(LedgerTest, appends_all_events_of_a_call_or_none) {
  const auto ledger = place().open();
  EXPECT_EQ(numbers(ledger->append(test_events(3))), (Numbers{1, 2, 3}));
  std::vector<NewEvent> events = test_events(3);
  events[2].body = "not json";
  EXPECT_EQ(error_of([&] { ledger->append(events); }).code(), "ledger.bad_event");
  EXPECT_EQ(ledger->read().size(), 3U);
  EXPECT_TRUE(ledger->append(std::span<const NewEvent>()).empty());
  EXPECT_EQ(numbers(ledger->append(test_events(1))), (Numbers{4}));
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_P(LedgerTest, decides_on_what_it_reads_inside_the_transaction) {
  const auto ledger = place().open(), other = place().open();
  ledger->append(test_events(2));
  other->append(test_events(1));
  const std::vector<Event> appended = ledger->append_decided([&] {
    return std::vector<NewEvent>{
        {"count", "{\"seen\": " + std::to_string(ledger->read().size()) + "}", "tester", 5}};
  });
  ASSERT_EQ(appended.size(), 1U);
  EXPECT_EQ(appended[0].body, "{\"seen\": 3}");
  EXPECT_TRUE(ledger->append_decided([] { return std::vector<NewEvent>{}; }).empty());
  EXPECT_EQ(error_of([&] {
              ledger->append_decided([]() -> std::vector<NewEvent> { throw Error("test.no", "no"); });
            }).code(),
            "test.no");
  EXPECT_EQ(error_of([&] {
              ledger->append_decided([] { return std::vector<NewEvent>{{"UPPER", "{}", "x", 1}}; });
            }).code(),
            "ledger.bad_event");
  EXPECT_EQ(numbers(other->append(test_events(1))), (Numbers{5}));
  EXPECT_TRUE(ledger->verify().clean());
}

TEST(Event, is_refused_with_all_its_faults) {
  const NewEvent good{"gate.decision", "{\"a\": [1, {}]}", "person", 1};
  EXPECT_NO_THROW(check_event(good));
  const auto fault = [&](auto change) {
    NewEvent event = good;
    change(event);
    return error_of([&] { check_event(event); }).message();
  };
  EXPECT_NE(fault([](NewEvent& event) { event.kind = ""; }).find("kind"), std::string::npos);
  EXPECT_NE(fault([](NewEvent& event) { event.kind = "a b"; }).find("kind"), std::string::npos);
  EXPECT_NE(fault([](NewEvent& event) { event.kind = std::string(101, 'a'); }).find("kind"),
            std::string::npos);
  EXPECT_NE(fault([](NewEvent& event) { event.author = "a\nb"; }).find("author"), std::string::npos);
  EXPECT_NE(fault([](NewEvent& event) { event.author = "\xff"; }).find("author"), std::string::npos);
  EXPECT_NE(fault([](NewEvent& event) { event.time = -1; }).find("1970"), std::string::npos);
  for (const char* body :
       {"", " ", "1", "[]", "{", "{\"a\": NaN}", "{\"a\": \"\xff\"}", "{} {}", "{\"a\":\"\n\"}"}) {
    EXPECT_NE(fault([&](NewEvent& event) { event.body = body; }).find("JSON"), std::string::npos) << body;
  }
  EXPECT_NE(fault([](NewEvent& event) {
              event.body = "{\"a\": \"" + std::string(largest_body_bytes, 'x') + "\"}";
            }).find("bytes"),
            std::string::npos);
  const std::string both = fault([](NewEvent& event) { event.kind = "A", event.body = "", event.time = -1; });
  EXPECT_NE(both.find("kind"), std::string::npos);
  EXPECT_NE(both.find("1970"), std::string::npos);
  EXPECT_NE(both.find("JSON"), std::string::npos);
}

TEST(Event, deep_nesting_costs_no_stack) {
  const int depth = 1'000'000;
  NewEvent event{"note", "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}", "x", 1};
  EXPECT_NO_THROW(check_event(event));
}

TEST_P(LedgerTest, the_largest_body_fits) {
  const std::string body = "{\"a\":\"" + std::string(largest_body_bytes - 8, 'x') + "\"}";
  ASSERT_EQ(body.size(), largest_body_bytes);
  const auto ledger = place().open();
  ledger->append("note", body, "tester", 1);
  EXPECT_EQ(ledger->read().front().body, body);
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_P(LedgerTest, proves_inclusion_and_growth) {
  const auto ledger = place().open();
  ledger->append(test_events(7));
  const std::string old_root = ledger->root();
  ledger->append(test_events(6));
  for (std::uint64_t sequence = 1; sequence <= 13; ++sequence) {
    const InclusionProof proof = ledger->prove(sequence);
    EXPECT_TRUE(holds(proof));
    EXPECT_EQ(to_hex(proof.root), ledger->head().root);
    EXPECT_EQ(to_hex(proof.leaf), ledger->read()[sequence - 1].hash);
  }
  const ConsistencyProof growth = ledger->prove_growth(7);
  EXPECT_TRUE(holds(growth));
  EXPECT_EQ(to_hex(growth.old_root), old_root);
  EXPECT_EQ(ledger->root(7), old_root);
  EXPECT_EQ(ledger->head().sequence, 13U);
  EXPECT_EQ(ledger->head().hash, ledger->read().back().hash);
  EXPECT_EQ(error_of([&] { ledger->prove(14); }).code(), "ledger.no_event");
  EXPECT_EQ(error_of([&] { ledger->prove(0); }).code(), "ledger.no_event");
  EXPECT_EQ(error_of([&] { ledger->prove_growth(14); }).code(), "ledger.no_event");
  const Error shrinking = error_of([&] { ledger->prove_growth(5, 2); });
  EXPECT_EQ(shrinking.code(), "ledger.no_event");
  EXPECT_NE(shrinking.message().find("the first 2 events cannot begin with the first 5"), std::string::npos);
  EXPECT_EQ(error_of([&] { ledger->root(14); }).code(), "ledger.no_event");
}

TEST_P(LedgerTest, counts_the_kinds_that_there_are) {
  const auto ledger = place().open();
  EXPECT_TRUE(count_kinds(place().config()).empty());
  for (const char* kind : {"note", "live.step", "a_kind", "live.step", "a.kind", "live.step"})
    ledger->append(kind, "{}", "tester", 0);
  std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> found;
  for (const KindCount& of_kind : count_kinds(place().config()))
    found.emplace_back(of_kind.kind, of_kind.events, of_kind.newest);
  const decltype(found) expected{{"a.kind", 1, 5}, {"a_kind", 1, 3}, {"live.step", 3, 6}, {"note", 1, 1}};
  EXPECT_EQ(found, expected);
}

TEST_P(LedgerTest, an_empty_ledger_is_sound) {
  const auto ledger = place().open();
  EXPECT_TRUE(ledger->read().empty());
  EXPECT_EQ(ledger->head().sequence, 0U);
  EXPECT_EQ(ledger->root(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_TRUE(ledger->verify().clean());
  EXPECT_FALSE(std::filesystem::exists(place().beside(".key")));
}

TEST_P(LedgerTest, the_database_itself_refuses_changes) {
  place().open()->append(test_events(3));
  std::vector<std::string> changes{
      "UPDATE ledger_events SET author = 'other' WHERE sequence = 2",
      "DELETE FROM ledger_events WHERE sequence = 3", "DELETE FROM ledger_events",
      "INSERT INTO ledger_events SELECT 2, time, kind, author, body, previous_hash, "
      "hash FROM ledger_events WHERE sequence = 3",
      "INSERT INTO ledger_events SELECT 9, time, kind, author, body, previous_hash, "
      "hash FROM ledger_events WHERE sequence = 3"};
  if (place().dialect() == Dialect::sqlite) {
    changes.emplace_back(
        "INSERT OR REPLACE INTO ledger_events SELECT 2, time, kind, author, body, previous_hash, hash FROM "
        "ledger_events WHERE sequence = 3");
  } else {
    changes.emplace_back("TRUNCATE ledger_events");
    changes.emplace_back(
        "INSERT INTO ledger_events SELECT * FROM ledger_events ON CONFLICT (sequence) DO UPDATE SET body = "
        "''");
  }
  for (const std::string& change : changes) {
    try {
      place().execute({change});
      ADD_FAILURE() << "went through: " << change;
    } catch (const soci::soci_error& error) {
      EXPECT_NE(std::string(error.what()).find("append-only"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(place().open()->read().size(), 3U);
  EXPECT_TRUE(place().open()->verify().clean());
}

TEST_P(LedgerTest, a_reader_makes_nothing) {
  LedgerConfig config = place().config();
  config.access = Access::read;
  EXPECT_EQ(error_of([&] { Ledger::open(config); }).code(), "ledger.missing");
  EXPECT_FALSE(std::filesystem::exists(place().file()));
  place().open()->append(test_events(2));
  const auto reader = Ledger::open(config);
  EXPECT_EQ(reader->read().size(), 2U);
  EXPECT_TRUE(reader->verify().clean());
  EXPECT_EQ(error_of([&] { reader->append(test_events(1)); }).code(), "ledger.unwritable");
  place().open()->append(test_events(1));
  EXPECT_EQ(reader->read().size(), 3U);
}

TEST_P(LedgerTest, refuses_a_newer_schema_and_leaves_it_alone) {
  place().open()->append(test_events(2));
  place().execute({"UPDATE ledger_schema SET version = 1000"});
  const auto bytes = [this] {
    return place().dialect() == Dialect::sqlite ? read_file(place().file()) : std::string();
  };
  const std::string before = bytes();
  const Error error = error_of([&] { place().open(); });
  EXPECT_EQ(error.code(), "ledger.newer_schema");
  EXPECT_NE(error.message().find("schema 1000"), std::string::npos);
  EXPECT_EQ(bytes(), before);
  place().execute({"UPDATE ledger_schema SET version = " + std::to_string(schema_version())});
  EXPECT_TRUE(place().open()->verify().clean());
}

TEST_P(LedgerTest, brings_every_older_schema_up_to_date_with_its_events) {
  for (int version = 1; version < schema_version(); ++version) {
    const TestPlace old(place().dialect());
    const auto sql = old.connect();
    for (int step = 0; step < version; ++step) {
      for (const std::string& statement : migrations(old.dialect())[static_cast<std::size_t>(step)]) {
        *sql << statement;
      }
    }
    Event event{1, 7, "note", "old", "{}", std::string(no_hash), {}};
    event.hash = event_hash(event);
    *sql << "INSERT INTO ledger_events VALUES (1, 7, 'note', 'old', '{}', '" + event.previous_hash + "', '" +
                event.hash + "')";
    const auto ledger = old.open();
    EXPECT_EQ(ledger->read().front().author, "old");
    EXPECT_EQ(codes(ledger->verify()), std::vector<std::string>{"no_head"});
    ledger->adopt("moved here", "tester", 8);
    EXPECT_EQ(codes(ledger->verify()), std::vector<std::string>{});
    EXPECT_THROW(old.execute({"DELETE FROM ledger_events"}), soci::soci_error);
  }
}

}  // namespace
}  // namespace stevie::ledger
