// Processes that end at any step, and processes side by side.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ledger/ledger.h"
#include "ledger/ledger_testing.h"

namespace stevie::ledger {
namespace {

class LedgerCrash : public LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Databases, LedgerCrash, both_databases, database_name);

constexpr int killed = 7;

/// Appends in a process that ends as soon as it comes to its `steps`-th step. False: it came to the end.
bool append_and_die_at(const TestPlace& place, const std::vector<NewEvent>& events, int steps) {
  const int status = in_child([&] {
    LedgerConfig config = place.config();
    int seen = 0;
    config.hook = [&](WriteStep) {
      if (++seen == steps) ::_exit(killed);
    };
    Ledger::open(config)->append(events);
  });
  EXPECT_TRUE(status == killed || status == 0) << status;
  return status == killed;
}

TEST_P(LedgerCrash, killed_at_any_step_of_the_first_append_it_holds_all_or_nothing) {
  std::map<std::size_t, int> outcomes;
  for (int step = 1;; ++step) {
    const TestPlace fresh(GetParam());
    if (!append_and_die_at(fresh, test_events(3), step)) {
      EXPECT_EQ(step, 12);  // 4 of the first head, 3 inserts, 4 others: none was forgotten
      break;
    }
    const auto ledger = fresh.open();
    EXPECT_EQ(codes(ledger->verify()), std::vector<std::string>{}) << "killed at step " << step;
    ++outcomes[ledger->read().size()];
    ledger->append(test_events(2, 4));
    const Verification after = ledger->verify();
    EXPECT_EQ(codes(after), std::vector<std::string>{}) << "killed at step " << step;
    EXPECT_EQ(after.head_sequence, after.log.sequence);
  }
  EXPECT_EQ(outcomes, (std::map<std::size_t, int>{{0, 8}, {3, 3}}));
}

TEST_P(LedgerCrash, killed_at_any_step_of_a_later_append_it_holds_all_or_nothing) {
  const auto ledger = place().open();
  ledger->append(test_events(2));
  std::size_t before = 2;
  for (int step = 1; append_and_die_at(place(), test_events(2), step); ++step) {
    const std::size_t now = ledger->read().size();
    EXPECT_EQ(now, step <= 4 ? before : before + 2) << "killed at step " << step;
    const Verification found = ledger->verify();
    EXPECT_EQ(codes(found), std::vector<std::string>{}) << "killed at step " << step;
    EXPECT_EQ(found.head_sequence, step <= 6 ? before : now);
    ledger->append(test_events(1));
    EXPECT_EQ(ledger->verify().head_sequence, now + 1);
    before = now + 1;
  }
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_P(LedgerCrash, an_error_at_any_step_before_the_commit_leaves_the_log_as_it_was) {
  place().open()->append(test_events(1));
  for (const WriteStep failing :
       {WriteStep::before_transaction, WriteStep::before_insert, WriteStep::before_commit}) {
    LedgerConfig config = place().config();
    bool fails = true;
    config.hook = [&](WriteStep step) {
      if (fails && step == failing) throw Error("test.failure", "made to fail");
    };
    const auto ledger = Ledger::open(config);
    const std::size_t before = ledger->read().size();
    EXPECT_EQ(error_of([&] { ledger->append(test_events(2)); }).code(), "test.failure");
    EXPECT_EQ(ledger->read().size(), before);
    fails = false;
    EXPECT_EQ(ledger->append(test_events(2)).front().sequence, before + 1);
    EXPECT_TRUE(ledger->verify().clean());
  }
}

TEST_P(LedgerCrash, a_head_that_cannot_be_written_is_told_and_made_up_for) {
  const auto ledger = place().open();
  ledger->append(test_events(1));
  // A folder in the place of the lock file: nobody can write the head, not even root.
  std::filesystem::remove(place().beside(".lock"));
  std::filesystem::create_directory(place().beside(".lock"));
  EXPECT_EQ(ledger->append(test_events(2)).size(), 2U);
  EXPECT_NE(ledger->head_fault().find(".lock"), std::string::npos);
  EXPECT_EQ(ledger->read().size(), 3U);
  const Verification behind = ledger->verify();
  EXPECT_TRUE(behind.clean());
  EXPECT_EQ(behind.head_sequence, 1U);
  EXPECT_EQ(error_of([&] { ledger->append(test_events(1)); }).code(), "file.unwritable");
  EXPECT_EQ(ledger->read().size(), 3U);
  std::filesystem::remove(place().beside(".lock"));
  ledger->append(test_events(1));
  EXPECT_EQ(ledger->head_fault(), "");
  EXPECT_EQ(ledger->verify().head_sequence, 4U);
}

TEST_P(LedgerCrash, processes_side_by_side_make_one_chain) {
  constexpr int processes = 4, appends = 12;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        LedgerConfig config = place().config();
        config.lock_timeout = minute_ms;
        const auto ledger = Ledger::open(config);  // the first of them makes tables, key and head
        for (int n = 0; n < appends; ++n) {
          ledger->append(std::vector<NewEvent>(2, {"note", "{}", "process " + std::to_string(p), n}));
        }
        ::_exit(0);
      } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        ::_exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto ledger = place().open();
  const std::vector<Event> events = ledger->read();
  ASSERT_EQ(events.size(), std::size_t{2 * processes * appends});
  std::map<std::string, TimeMs> last;
  for (std::size_t i = 0; i < events.size(); i += 2) {
    EXPECT_EQ(events[i].author, events[i + 1].author) << "two events of one append stand together";
    EXPECT_LE(last[events[i].author], events[i].time) << "each process's events stand in its order";
    last[events[i].author] = events[i].time;
  }
  const Verification found = ledger->verify();
  EXPECT_EQ(codes(found), std::vector<std::string>{});
  EXPECT_EQ(found.head_sequence, events.size());
}

}  // namespace
}  // namespace stevie::ledger
