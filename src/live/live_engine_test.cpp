#include "live/live_engine.h"

#include <gtest/gtest.h>

#include <thread>

#include "broker/json.h"
#include "core/file.h"
#include "core/testing.h"
#include "live/journal.h"
#include "live/live_loop_testing.h"
#include "live/live_records.h"
#include "live/live_recovery.h"
#include "live/pending_kill.h"

namespace stevie::live {
namespace {

using ledger::TestPlace;

std::vector<StepRecord> steps_of(const TestPlace& place) {
  std::vector<StepRecord> steps;
  place.open()->read_each({.kind = "live.step"},
                          [&](const ledger::Event& event) { steps.push_back(parse_step_record(event)); });
  return steps;
}

/// Every fill of the record, in order, as text.
std::vector<std::string> fills_of(const TestPlace& place) {
  std::vector<std::string> fills;
  for (const StepRecord& step : steps_of(place))
    for (const broker::Fill& fill : step.fills) fills.push_back(broker::to_json(fill).dump());
  return fills;
}

class LiveEngineTest : public ledger::LedgerTest {
 protected:
  TestLoop loop(const std::string& session, std::size_t symbols = 1) {
    std::vector<market::Bars> bars;
    for (std::size_t i = 0; i < symbols; ++i)
      bars.push_back(test_bars(400, 7 + i, std::string("SYNTH") + static_cast<char>('A' + i) + "/USDT"));
    return {place().config(), std::move(bars), session};
  }
  std::string journals() const { return (place().folder() / "live").string(); }
};
INSTANTIATE_TEST_SUITE_P(Databases, LiveEngineTest, ledger::both_databases, ledger::database_name);

TEST_P(LiveEngineTest, trades_to_the_end_and_records_every_change) {
  TestLoop test = loop("one", 2);
  std::vector<DecisionRecord> seen;
  test.parts.observer.decision = [&](const DecisionRecord& record) { seen.push_back(record); };
  test.engine().run();
  const auto view = test.engine().view();
  EXPECT_FALSE(view->running);
  EXPECT_TRUE(view->reconciled);
  EXPECT_EQ(view->steps, 350U);
  EXPECT_EQ(view->decisions, 700U);
  EXPECT_EQ(seen.size(), 700U);
  EXPECT_GT(view->fills, 10U);
  EXPECT_EQ(fills_of(place()).size(), view->fills);
  EXPECT_GT(view->latency_max_us, 0);
  EXPECT_GE(view->latency_max_us, view->latency_p99_us);
  EXPECT_GE(view->latency_p99_us, view->latency_p50_us);

  const std::vector<DecisionRecord> newest = test.engine().decisions(0, 10);
  ASSERT_EQ(newest.size(), 10U);
  EXPECT_EQ(newest.front().number, 700U);
  EXPECT_EQ(newest.back().number, 691U);
  EXPECT_EQ(test.engine().decisions(691, 1).front().number, 690U);
  EXPECT_EQ(test.engine().fills(3).size(), 3U);
  EXPECT_EQ(test.engine().fills(100'000).size(), view->fills);

  const std::vector<StepRecord> steps = steps_of(place());
  EXPECT_EQ(steps.back().decisions, 700U);
  EXPECT_EQ(place().open()->read({.kind = "live.stopped"}).size(), 1U);
  EXPECT_TRUE(place().open()->verify().clean());
}

TEST_P(LiveEngineTest, goes_on_where_it_was_stopped_as_if_it_had_not_been) {
  {
    TestLoop whole = loop("whole");
    whole.engine().run();
  }
  const std::vector<std::string> expected = fills_of(place());
  const TestPlace other(GetParam());
  for (std::size_t run = 0; run < 8; ++run) {
    TestLoop part(other.config(), {test_bars(400)}, "part" + std::to_string(run));
    part.feed.until = 100 + run * 60;
    part.engine().run();
  }
  EXPECT_EQ(fills_of(other), expected);
  EXPECT_EQ(steps_of(other).back().account, steps_of(place()).back().account);
  EXPECT_EQ(steps_of(other).back().decisions, 350U);
  EXPECT_EQ(steps_of(other).back().step, 350U);
}

TEST_P(LiveEngineTest, waits_where_record_and_broker_differ_until_a_person_accepts) {
  {
    TestLoop first = loop("first");
    first.feed.until = 200;
    first.engine().run();
  }
  const std::size_t fills_before = fills_of(place()).size();
  {
    TestLoop second = loop("second");
    second.broker.lie = 2;
    second.feed.until = 300;
    second.engine().run();
    const auto view = second.engine().view();
    EXPECT_FALSE(view->reconciled);
    ASSERT_EQ(view->differences.size(), 1U);
    EXPECT_NE(view->differences[0].find("SYNTHA/USDT"), std::string::npos);
    EXPECT_GT(view->risk.denials.size(), 0U);
  }
  std::size_t denied = 0;
  for (const StepRecord& step : steps_of(place())) {
    for (const auto& [id, code] : step.denials) {
      EXPECT_EQ(code, Denial::not_reconciled);
      ++denied;
    }
  }
  EXPECT_GT(denied, 0U);
  EXPECT_LE(fills_of(place()).size(), fills_before + 1);  // an order that waited when the first one ended

  TestLoop third = loop("third");
  third.broker.lie = 2;
  third.feed.before_next = [&](std::size_t bar) {
    if (bar == 320) third.engine().accept_account(*place().open(), {"anna", "counted by hand"});
  };
  third.engine().run();
  EXPECT_TRUE(third.engine().view()->reconciled);
  EXPECT_TRUE(third.engine().view()->differences.empty());
  EXPECT_FALSE(std::ranges::all_of(steps_of(place()), [&](const StepRecord& step) {
    return step.session != "third" || step.orders.empty();
  }));
  TestLoop fourth = loop("fourth");
  fourth.broker.lie = 2;
  fourth.engine().run();
  EXPECT_TRUE(fourth.engine().view()->reconciled) << "what was accepted stays accepted";
}

TEST_P(LiveEngineTest, a_kill_stops_everything_at_once_and_survives_a_restart) {
  TestLoop first = loop("first");
  std::uint64_t orders_at_kill = 0;
  first.feed.before_next = [&](std::size_t bar) {
    if (bar != 200) return;
    first.engine().kill(*place().open(), {"anna", "looks wrong"}, true);
    orders_at_kill = first.engine().view()->orders;
  };
  first.feed.until = 300;
  first.engine().run();
  EXPECT_TRUE(first.engine().view()->account.positions.empty()) << "flattened";
  EXPECT_TRUE(first.engine().view()->account.waiting.empty());
  ASSERT_TRUE(first.engine().view()->risk.kill);
  EXPECT_EQ(first.engine().view()->risk.kill->by, "anna");
  EXPECT_EQ(first.engine().view()->risk_state, RiskState::halted);
  EXPECT_EQ(place().open()->read({.kind = "risk.killed"}).size(), 1U);

  TestLoop second = loop("second");
  bool was_killed = false;
  second.feed.before_next = [&](std::size_t bar) {
    if (bar != 350) return;
    was_killed = second.engine().view()->risk.kill.has_value();
    second.engine().rearm(*place().open(), {"bert", "it was the feed"});
  };
  second.engine().run();
  EXPECT_TRUE(was_killed);
  EXPECT_FALSE(second.engine().view()->risk.kill);
  for (const StepRecord& step : steps_of(place())) {
    for (const broker::Order& order : step.orders) {
      const bool killed =
          order.decided >= test_bars(400).open_time[200] && order.decided < test_bars(400).open_time[349];
      EXPECT_FALSE(killed) << order.id;
    }
  }
  EXPECT_FALSE(steps_of(place()).back().orders.empty() && second.engine().view()->orders == orders_at_kill);
}

TEST_P(LiveEngineTest, obeys_what_other_processes_wrote_once) {
  const auto other = place().open();
  other->append("risk.killed", R"({"reason":"before the first start","flatten":false})", "carl",
                1'700'000'000'000);
  TestLoop test = loop("one");
  std::size_t bar_of_kill = 0;
  test.feed.before_next = [&](std::size_t bar) {
    if (bar == 51) {
      EXPECT_TRUE(test.engine().view()->risk.kill) << "a kill holds from the first start on";
      const ledger::Event event =
          other->append("risk.rearmed", R"({"reason":"go"})", "carl", 1'700'000'000'001);
      test.engine().notice(event);
      test.engine().notice(event);
    }
    if (bar == 200) {
      const ledger::Event old = other->read({.kind = "risk.killed"}).front();
      test.engine().notice(old);  // found again: long done
      bar_of_kill = bar;
    }
  };
  test.engine().run();
  EXPECT_EQ(bar_of_kill, 200U);
  EXPECT_FALSE(test.engine().view()->risk.kill);
  EXPECT_GT(test.engine().view()->fills, 0U);
}

TEST_P(LiveEngineTest, refuses_commands_without_name_or_reason) {
  TestLoop test = loop("one");
  for (const Signature& person : {Signature{"", "why"}, Signature{"anna", ""}, Signature{"anna", " \n"}}) {
    EXPECT_EQ(error_of([&] { test.engine().kill(*test.ledger, person, false); }).code(),
              "live.refused_command");
    EXPECT_EQ(error_of([&] { test.engine().rearm(*test.ledger, person); }).code(), "live.refused_command");
    EXPECT_EQ(error_of([&] { test.engine().accept_account(*test.ledger, person); }).code(),
              "live.refused_command");
  }
  EXPECT_TRUE(test.ledger->read().empty());
}

TEST_P(LiveEngineTest, waits_while_the_ledger_cannot_be_written_and_loses_and_doubles_nothing) {
  TestLoop undisturbed = loop("whole");
  undisturbed.engine().run();
  const std::vector<std::string> expected = fills_of(place());

  const TestPlace other(GetParam());
  int writes = 0, failures = 0;
  ledger::LedgerConfig config = other.config();
  std::vector<std::string> codes{"ledger.locked", "ledger.disk_full", "ledger.unreachable",
                                 "ledger.unwritable"};
  config.hook = [&](ledger::WriteStep step) {
    // Before the commit nothing is written; behind it the answer gets lost.
    const bool lost_answer = step == ledger::WriteStep::after_commit;
    if (step != ledger::WriteStep::before_insert && !lost_answer) return;
    if (++writes % 3 != 0) return;
    ++failures;
    throw Error(
        lost_answer ? "ledger.outcome_unknown" : codes[static_cast<std::size_t>(failures) % codes.size()],
        "failed for a test");
  };
  TestLoop test(config, {test_bars(400)}, "disturbed");
  std::vector<std::string> told;
  test.on_pause = [&] { told.push_back(test.engine().view()->persistence_fault); };
  test.engine().run();
  EXPECT_GT(failures, 8);
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.front().find("failed for a test"), std::string::npos);
  EXPECT_EQ(test.engine().view()->persistence_fault, "");
  EXPECT_EQ(fills_of(other), expected);
  EXPECT_EQ(steps_of(other).size(), steps_of(place()).size());
  EXPECT_TRUE(other.open()->verify().clean());
}

TEST_P(LiveEngineTest, survives_that_its_database_connection_is_cut_between_and_inside_transactions) {
  if (GetParam() == ledger::Dialect::sqlite) GTEST_SKIP() << "SQLite has no connection to cut";
  TestLoop undisturbed = loop("whole");
  undisturbed.engine().run();
  const TestPlace other(GetParam());
  const std::string cut =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "usename "
      "= current_user AND query LIKE '";
  int writes = 0, cuts = 0;
  ledger::LedgerConfig config = other.config();
  config.hook = [&](ledger::WriteStep step) {
    if (step != ledger::WriteStep::before_commit || ++writes % 4 != 0) return;
    ++cuts;
    ledger::execute_on_server(cut + "INSERT INTO ledger_events%'");
  };
  TestLoop test(config, {test_bars(400)}, "disturbed");
  test.feed.before_next = [&](std::size_t bar) {
    if (bar % 100 == 0) ledger::execute_on_server(cut + "%COMMIT%' AND state = 'idle'");
  };
  test.engine().run();
  EXPECT_GT(cuts, 3);
  EXPECT_FALSE(test.pauses.empty());
  EXPECT_EQ(fills_of(other), fills_of(place()));
  EXPECT_EQ(steps_of(other).size(), steps_of(place()).size());
  EXPECT_TRUE(other.open()->verify().clean());
}

TEST_P(LiveEngineTest, a_kill_that_cannot_be_recorded_holds_and_goes_on_record_later) {
  bool away = false;
  ledger::LedgerConfig config = place().config();
  config.hook = [&](ledger::WriteStep) {
    if (away) throw Error("ledger.unreachable", "away");
  };
  {
    TestLoop first(config, {test_bars(400)}, "first");
    first.feed.before_next = [&](std::size_t bar) { away = away || bar == 180; };
    first.on_pause = [&] {
      if (first.pauses.size() == 1) {
        first.engine().kill_unrecorded({"anna", "looks wrong"}, true);
        EXPECT_EQ(error_of([&] {
                    first.engine().kill_unrecorded({"", "x"}, true);
                  }).code(),
                  "live.refused_command");
      }
      if (first.pauses.size() == 2) {
        EXPECT_NE(first.engine().view()->text.find("a kill waits"), std::string::npos);
      }
      if (first.pauses.size() == 3) away = false;
    };
    first.feed.until = 300;
    first.engine().run();
    EXPECT_EQ(first.pauses.size(), 3U);
    ASSERT_TRUE(first.engine().view()->risk.kill);
    EXPECT_EQ(first.engine().view()->risk.kill->reason, "looks wrong");
    EXPECT_TRUE(first.engine().view()->account.positions.empty());
    EXPECT_EQ(first.engine().view()->text.find("a kill waits"), std::string::npos);
  }
  TestLoop second = loop("second");
  second.engine().run();
  ASSERT_TRUE(second.engine().view()->risk.kill) << "with the next step it was on record";
  EXPECT_EQ(second.engine().view()->risk.kill->by, "anna");
}

TEST_P(LiveEngineTest, a_kill_that_was_never_recorded_holds_in_the_next_process) {
  bool away = false;
  ledger::LedgerConfig config = place().config();
  config.hook = [&](ledger::WriteStep) {
    if (away) throw Error("ledger.unreachable", "away");
  };
  {
    TestLoop first(config, {test_bars(400)}, "first");
    first.parts.journal_folder = journals();
    first.feed.before_next = [&](std::size_t bar) { away = away || bar == 180; };
    first.on_pause = [&] {
      if (first.pauses.size() == 1) first.engine().kill_unrecorded({"anna", "looks wrong"}, true);
      if (first.pauses.size() == 3) first.engine().stop();
    };
    first.engine().run();
  }
  away = false;
  for (const char* name : {"second", "third"}) {
    TestLoop next = loop(name);
    next.parts.journal_folder = journals();
    next.engine().run();
    ASSERT_TRUE(next.engine().view()->risk.kill) << name;
    EXPECT_EQ(next.engine().view()->risk.kill->by, "anna");
    EXPECT_TRUE(next.engine().view()->account.positions.empty());
    EXPECT_FALSE(PendingKill(journals()).read()) << "it is on the ledger now";
  }
}

TEST(PendingKillTest, a_damaged_file_is_a_kill) {
  const TemporaryFolder folder;
  const PendingKill pending(folder.path().string());
  EXPECT_FALSE(pending.read());
  for (const char* text : {"", "{", "[]", R"({"what":"rearm","by":"","reason":""})", "\xff\xfe"}) {
    write_file(folder.path() / "pending_kill.json", text);
    const std::optional<LiveCommand> kill = pending.read();
    ASSERT_TRUE(kill) << text;
    EXPECT_EQ(kill->kind, LiveCommand::Kind::kill);
    EXPECT_NE(kill->reason.find("cannot be read"), std::string::npos);
  }
  EXPECT_FALSE(PendingKill("/proc/nowhere").keep({.by = "anna", .reason = "looks wrong"}));
}

TEST_P(LiveEngineTest, ends_when_told_to_while_the_ledger_is_away_and_goes_on_later) {
  bool away = false;
  ledger::LedgerConfig config = place().config();
  config.hook = [&](ledger::WriteStep) {
    if (away) throw Error("ledger.unreachable", "away");
  };
  TestLoop first(config, {test_bars(400)}, "first");
  first.feed.before_next = [&](std::size_t bar) { away = away || bar == 180; };
  int pauses = 0;
  first.on_pause = [&] {
    if (++pauses == 5) first.engine().stop();
  };
  first.engine().run();
  EXPECT_EQ(pauses, 5);
  EXPECT_TRUE(std::ranges::is_sorted(first.pauses)) << "it waits longer and longer";
  EXPECT_NE(first.engine().view()->persistence_fault, "");
  TestLoop second = loop("second");
  second.engine().run();
  const std::vector<std::string> fills = fills_of(place());
  const TestPlace other(GetParam());
  TestLoop whole(other.config(), {test_bars(400)}, "whole");
  whole.engine().run();
  EXPECT_EQ(fills, fills_of(other));
}

TEST_P(LiveEngineTest, keeps_a_second_process_from_trading_the_same_account) {
  TestLoop first = loop("first"), second = loop("second");
  first.feed.before_next = [&](std::size_t bar) {
    if (bar == 150) second.engine().run();
  };
  EXPECT_EQ(error_of([&] { first.engine().run(); }).code(), "live.account_taken");
  EXPECT_FALSE(first.engine().view()->running);
  EXPECT_NE(first.engine().view()->text.find("another process"), std::string::npos);
}

TEST_P(LiveEngineTest, refuses_another_market_than_the_account_was_traded_on) {
  {
    TestLoop first = loop("first");
    first.feed.until = 100;
    first.engine().run();
  }
  TestLoop second(place().config(), {test_bars(400, 7, "SYNTHB/USDT")}, "second");
  EXPECT_EQ(error_of([&] { second.engine().run(); }).code(), "live.other_market");
}

TEST_P(LiveEngineTest, keeps_the_later_time_when_the_clock_steps_back) {
  TestLoop test = loop("one");
  const TimeMs first_open = test_bars(1).open_time[0];
  std::size_t at = 0;
  test.feed.before_next = [&](std::size_t bar) { at = bar; };
  test.feed.clock = [&] {
    return first_open + static_cast<TimeMs>(at) * hour_ms - (at >= 200 && at < 205 ? day_ms : 0);
  };
  std::vector<TimeMs> times;
  std::vector<std::string> texts;
  test.parts.observer.view = [&](const std::shared_ptr<const LiveView>& view) {
    times.push_back(view->now);
    texts.push_back(view->text);
  };
  test.engine().run();
  EXPECT_TRUE(std::ranges::is_sorted(times));
  EXPECT_EQ(place().open()->read({.kind = "live.clock_stepped_back"}).size(), 1U);
}

TEST_P(LiveEngineTest, denies_entries_on_late_bars) {
  TestLoop test = loop("one");
  test.feed.late = true;
  test.engine().run();
  EXPECT_EQ(test.engine().view()->fills, 0U);
  std::size_t denied = 0;
  for (const StepRecord& step : steps_of(place())) {
    for (const auto& [id, code] : step.denials) {
      EXPECT_EQ(code, Denial::late_bar) << id;
      ++denied;
    }
  }
  EXPECT_GT(denied, 0U);
}

TEST_P(LiveEngineTest, serves_a_kill_after_the_feed_has_ended) {
  TestLoop test = loop("one");
  test.engine().run();
  test.engine().kill(*place().open(), {"anna", "done for today"}, false);
  EXPECT_TRUE(test.engine().view()->risk.kill);
  EXPECT_EQ(steps_of(place()).back().why, "command");
  TestLoop next = loop("two");
  next.engine().run();
  EXPECT_TRUE(next.engine().view()->risk.kill);
}

TEST_P(LiveEngineTest, finds_older_decisions_in_the_journal_after_a_restart) {
  std::vector<DecisionRecord> expected;
  {
    TestLoop first = loop("first", 2);
    first.parts.journal_folder = journals();
    first.parts.journal_part_bytes = 20'000;
    first.feed.until = 250;
    first.engine().run();
    expected = first.engine().decisions(0, 400);
  }
  EXPECT_TRUE(std::filesystem::exists(journal_file(journals() + "/first", 3)));
  TestLoop second = loop("second", 2);
  second.parts.journal_folder = journals();
  second.feed.until = 260;
  second.engine().run();
  const std::vector<DecisionRecord> found = second.engine().decisions(401, 500);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].number, expected[i].number);
    EXPECT_EQ(found[i].summary, expected[i].summary);
    EXPECT_EQ(found[i].bar.close, expected[i].bar.close);
    EXPECT_EQ(nlohmann::json::parse(found[i].explanation), nlohmann::json::parse(expected[i].explanation));
  }
  const std::vector<DecisionRecord> from_files = read_decisions(journals(), "second", 401, 1000);
  EXPECT_EQ(from_files.size(), 400U);
}

TEST_P(LiveEngineTest, views_are_whole_while_others_read_and_kill) {
  TestLoop test = loop("one");
  LiveEngine& engine = test.engine();  // made here, since the first call makes it
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::uint64_t decisions = 0;
    while (!done) {
      const auto view = engine.view();
      EXPECT_GE(view->decisions, decisions);
      decisions = view->decisions;
      engine.decisions(0, 50);
      engine.fills(50);
    }
  });
  std::thread killer([&] { engine.kill(*place().open(), {"anna", "now"}, false); });
  engine.run();
  killer.join();
  done = true;
  reader.join();
  EXPECT_TRUE(engine.view()->risk.kill);
}

}  // namespace
}  // namespace stevie::live
