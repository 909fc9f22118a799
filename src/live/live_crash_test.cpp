/// The loop is killed at random steps of its writes to the ledger, again and again, until the bars are over.
/// Account and fills must then be those of a run that nobody disturbed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "broker/json.h"
#include "broker/paper_broker.h"
#include "core/random.h"
#include "live/journal.h"
#include "live/journal_replay.h"
#include "live/live_loop_testing.h"
#include "live/live_records.h"

namespace stevie::live {
namespace {

using ledger::TestPlace;

constexpr std::size_t bar_count = 250;

std::vector<market::Bars> markets() {
  return {test_bars(bar_count, 11, "SYNTHA/USDT"), test_bars(bar_count, 12, "SYNTHB/USDT")};
}

broker::PaperConfig paper() {
  broker::PaperConfig config;
  config.symbols = {"SYNTHA/USDT", "SYNTHB/USDT"};
  return config;
}

struct PaperLoop {
  PaperLoop(const ledger::LedgerConfig& config, const std::string& session, const std::string& journals)
      : test(config, markets(), session), broker(paper()) {
    test.parts.broker = &broker;
    test.parts.journal_folder = journals;
    test.parts.checkpoint_steps = 7;
  }
  TestLoop test;
  broker::PaperBroker broker;
};

struct Outcome {
  std::string account;
  std::vector<std::string> fills, orders;
  std::map<std::string, double> positions;
  std::uint64_t steps = 0, decisions = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome_of(const TestPlace& place) {
  Outcome outcome;
  place.open()->read_each({.kind = "live.step"}, [&](const ledger::Event& event) {
    const StepRecord step = parse_step_record(event);
    for (const broker::Fill& fill : step.fills) outcome.fills.push_back(broker::to_json(fill).dump());
    for (const broker::Order& order : step.orders) outcome.orders.push_back(order.id);
    outcome.account = step.account;
    outcome.positions = step.positions;
    outcome.steps = step.step;
    outcome.decisions = step.decisions;
  });
  return outcome;
}

ReplayParts fresh_parts(const JournalHead& head, JournalParameters&) {
  ReplayParts parts;
  parts.broker = std::make_unique<broker::PaperBroker>(paper());
  for (std::size_t i = 0; i < head.symbols.size(); ++i)
    parts.strategies.push_back(std::make_unique<SumStrategy>());
  return parts;
}

class LiveCrashTest : public ledger::LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Databases, LiveCrashTest, ledger::both_databases, ledger::database_name);

TEST_P(LiveCrashTest, nothing_is_lost_or_doubled_whenever_it_is_killed) {
  {
    PaperLoop whole(place().config(), "whole", (place().folder() / "live").string());
    whole.test.engine().run();
  }
  const Outcome expected = outcome_of(place());
  ASSERT_GT(expected.fills.size(), 10U);
  ASSERT_EQ(expected.decisions, 2 * (bar_count - 50));

  RandomStream random(5, 0);
  int kills = 0;
  for (int run = 0; run < 3; ++run) {
    const TestPlace other(GetParam());
    const std::string journals = (other.folder() / "live").string();
    int session = 0;
    for (int status = -1; status != 0; ++session) {
      ASSERT_LT(session, 300);
      const auto deadly = 15 + static_cast<int>(random.uniform() * 60);
      status = ledger::in_child([&] {
        ledger::LedgerConfig config = other.config();
        int count = 0;
        config.hook = [&](ledger::WriteStep) {
          if (++count == deadly) ::kill(::getpid(), SIGKILL);
        };
        PaperLoop loop(config, "s" + std::to_string(session), journals);
        loop.test.engine().run();
        ::_exit(0);
      });
      ASSERT_TRUE(status == 0 || status == 128 + SIGKILL) << status;
      kills += status == 0 ? 0 : 1;
    }
    EXPECT_EQ(outcome_of(other), expected);
    EXPECT_TRUE(other.open()->verify().clean());
    std::uint64_t decisions = 0;
    for (int i = 0; i < session; ++i) {
      const std::filesystem::path folder = std::filesystem::path(journals) / ("s" + std::to_string(i));
      if (!std::filesystem::exists(journal_file(folder, 1)) ||
          std::filesystem::file_size(journal_file(folder, 1)) == 0)
        continue;  // killed before it had begun
      const JournalReplay replay = replay_journal(folder, fresh_parts);
      EXPECT_EQ(replay.difference, "");
      decisions += replay.decisions;
    }
    EXPECT_EQ(decisions, expected.decisions) << "each journal ends where the next one begins";
  }
  EXPECT_GT(kills, 10);
}

/// Limits that change at given bars, once each, whatever becomes of the process that asks for it.
void change_limits(TestLoop& test, std::size_t bar) {
  struct Change {
    std::size_t bar;
    std::optional<double> value;
  };
  static const std::vector<Change> changes{{90, 1e-6}, {140, {}}, {180, 1e-6}, {200, 0.7}};
  const std::size_t made = test.ledger->read({.kind = "risk.limits_changed"}).size();
  if (made == changes.size() || bar < changes[made].bar) return;
  test.engine().set_limits(*test.ledger, {"anna", "a test"},
                           {{{"order_notional_share", changes[made].value}}, {}});
}

TEST_P(LiveCrashTest, limits_that_change_hold_from_the_same_bar_whenever_it_is_killed) {
  const auto run = [](PaperLoop& loop) {
    loop.test.feed.before_next = [&loop](std::size_t bar) { change_limits(loop.test, bar); };
    loop.test.engine().run();
  };
  {
    PaperLoop whole(place().config(), "whole", (place().folder() / "live").string());
    run(whole);
    EXPECT_EQ(whole.test.engine().view()->limits.order_notional_share, 0.7);
    EXPECT_GT(whole.test.engine().view()->risk.denials[static_cast<std::size_t>(Denial::order_notional)], 0U);
  }
  const Outcome expected = outcome_of(place());
  ASSERT_GT(expected.fills.size(), 5U);

  RandomStream random(6, 0);
  int kills = 0;
  const TestPlace other(GetParam());
  const std::string journals = (other.folder() / "live").string();
  int session = 0;
  for (int status = -1; status != 0; ++session) {
    ASSERT_LT(session, 300);
    const auto deadly = 12 + static_cast<int>(random.uniform() * 20);
    status = ledger::in_child([&] {
      int count = 0;
      ledger::LedgerConfig config = other.config();
      config.hook = [&](ledger::WriteStep) {
        if (++count == deadly) ::kill(::getpid(), SIGKILL);
      };
      PaperLoop loop(config, "s" + std::to_string(session), journals);
      run(loop);
      ::_exit(0);
    });
    ASSERT_TRUE(status == 0 || status == 128 + SIGKILL) << status;
    kills += status == 0 ? 0 : 1;
  }
  EXPECT_GT(kills, 5);
  EXPECT_EQ(outcome_of(other), expected);
  EXPECT_TRUE(other.open()->verify().clean());
  for (int i = 0; i < session; ++i) {
    const std::filesystem::path folder = std::filesystem::path(journals) / ("s" + std::to_string(i));
    if (!std::filesystem::exists(journal_file(folder, 1)) ||
        std::filesystem::file_size(journal_file(folder, 1)) == 0)
      continue;
    EXPECT_EQ(replay_journal(folder, fresh_parts).difference, "") << "limits are in the journal";
  }
}

}  // namespace
}  // namespace stevie::live
