#include "live/limit_changes.h"

#include <cmath>
#include <limits>

#include "live/live_commands.h"
#include "live/live_loop_testing.h"
#include "live/live_records.h"

namespace stevie::live {
namespace {

using ledger::TestPlace;

TEST(LimitChanges, KnowEveryLimitOfTheConfiguration) {
  ASSERT_EQ(limit_fields().size(), 8U);
  for (const LimitField& field : limit_fields()) {
    const double value = limit_value(RiskLimits{}, field.name);
    ASSERT_TRUE(std::isfinite(value)) << field.name;
    const double other = field.whole ? value + 1 : value / 2;
    const RiskLimits changed = with_overrides({}, {{field.name, other}});
    EXPECT_EQ(limit_value(changed, field.name), other) << field.name;
    for (const LimitField& rest : limit_fields()) {
      if (rest.name == field.name) continue;
      EXPECT_EQ(limit_value(changed, rest.name), limit_value(RiskLimits{}, rest.name)) << rest.name;
    }
  }
}

TEST(LimitChanges, HaveTheBoundsOfTheConfiguration) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const LimitField& field : limit_fields()) {
    for (const double value :
         {-1.0, -1e-300, field.maximum * 1.0001 + 1, infinity, -infinity, std::nan("")}) {
      const Error error = error_of([&] { with_overrides({}, {{field.name, value}}); });
      EXPECT_EQ(error.code(), "live.bad_limits") << field.name << " " << value;
      EXPECT_NE(error.message().find(field.name), std::string::npos);
    }
    EXPECT_NO_THROW(with_overrides({}, {{field.name, field.maximum}}));
  }
  EXPECT_EQ(error_of([] { with_overrides({}, {{"exposure_share", 0}}); }).code(), "live.bad_limits");
  EXPECT_EQ(error_of([] { with_overrides({}, {{"orders_per_minute", 1.5}}); }).code(), "live.bad_limits");
  EXPECT_NO_THROW(with_overrides({}, {{"orders_per_minute", 0}}));
  const Error both = error_of([] { with_overrides({}, {{"exposure_shar", 1}, {"drawdown_share", 2}}); });
  EXPECT_NE(both.message().find("did you mean exposure_share?"), std::string::npos) << both.message();
  EXPECT_NE(both.message().find("drawdown_share is 2"), std::string::npos) << "all faults at once";
}

TEST(LimitChanges, GoIntoTheJournalAndBack) {
  LiveCommand command{
      .kind = LiveCommand::Kind::limits, .by = "anna", .reason = "why", .time = 7, .sequence = 3};
  command.limits = with_overrides({}, {{"exposure_share", 0.1 + 0.2}, {"orders_per_minute", 7}});
  const std::string text = to_json(command);
  const LiveCommand back = parse_command(nlohmann::json::parse(text), {"live.damaged_journal", "x"});
  EXPECT_EQ(to_json(back), text);
  EXPECT_EQ(back.limits.exposure_share, 0.1 + 0.2);
  nlohmann::json broken = nlohmann::json::parse(text);
  broken["limits"]["exposure_share"] = -1;
  EXPECT_EQ(error_of([&] {
              parse_command(broken, {"live.damaged_journal", "x"});
            }).code(),
            "live.damaged_journal");
}

class LimitEventsTest : public ::testing::Test {
 protected:
  using Values = std::map<std::string, std::optional<double>>;
  ledger::Event write(const Values& values, const Signature& person = {"anna", "a quiet week"},
                      std::optional<std::uint64_t> base = {}) {
    return write_limits(*ledger_, person, RiskLimits{}, {values, base}, time_ += second_ms);
  }
  std::optional<LimitChange> newest() const { return newest_limit_change(*ledger_, 1'000'000); }
  TestPlace place_{ledger::Dialect::sqlite};
  std::unique_ptr<ledger::Ledger> ledger_ = place_.open();
  TimeMs time_ = 1'700'000'000'000;
};

TEST_F(LimitEventsTest, AddUpAndGoBackToTheConfiguration) {
  EXPECT_FALSE(newest());
  const ledger::Event event = write({{"exposure_share", 1.25}});
  EXPECT_EQ(event.kind, "risk.limits_changed");
  EXPECT_EQ(event.author, "anna");
  const nlohmann::json body = nlohmann::json::parse(event.body);
  EXPECT_EQ(body["reason"], "a quiet week");
  EXPECT_EQ(body["before"]["exposure_share"], 3.0);
  EXPECT_EQ(body["limits"]["exposure_share"], 1.25);
  write({{"drawdown_share", 0.1}});
  EXPECT_EQ(newest()->overrides, (LimitOverrides{{"drawdown_share", 0.1}, {"exposure_share", 1.25}}));
  write({{"exposure_share", std::nullopt}});
  EXPECT_EQ(newest()->overrides, (LimitOverrides{{"drawdown_share", 0.1}}));
  EXPECT_EQ(error_of([&] { write({{"exposure_share", std::nullopt}}); }).code(), "live.refused_command");
  write({{"drawdown_share", std::nullopt}});
  EXPECT_TRUE(newest()->overrides.empty());
  EXPECT_EQ(newest_limit_change(*ledger_, event.sequence)->overrides.size(), 1U) << "as of that event";
}

TEST_F(LimitEventsTest, RefuseWhatCannotBeAndRecordNothing) {
  EXPECT_EQ(error_of([&] { write({{"exposure_share", -1.0}}); }).code(), "live.bad_limits");
  EXPECT_EQ(error_of([&] { write({{"nothing", 1.0}}); }).code(), "live.bad_limits");
  EXPECT_EQ(error_of([&] { write({{"nothing", std::nullopt}}); }).code(), "live.bad_limits");
  EXPECT_EQ(error_of([&] { write({}); }).code(), "live.refused_command");
  EXPECT_EQ(error_of([&] { write({{"exposure_share", 1.0}}, {"anna", ""}); }).code(), "live.refused_command");
  EXPECT_EQ(error_of([&] { write({{"exposure_share", 1.0}}, {"", "why"}); }).code(), "live.refused_command");
  EXPECT_TRUE(ledger_->read({.kind = "risk.limits_changed"}).empty());
}

TEST_F(LimitEventsTest, TellWhatTheyReplaceAndRefuseAnotherBase) {
  EXPECT_EQ(error_of([&] {
              write({{"exposure_share", 1.0}}, {"anna", "why"}, 5);
            }).code(),
            "live.stale_limits");
  const ledger::Event first = write({{"exposure_share", 1.0}}, {"anna", "first"}, 0);
  EXPECT_EQ(nlohmann::json::parse(first.body)["base"], 0);
  const Error stale = error_of([&] { write({{"exposure_share", 2.0}}, {"ben", "second"}, 0); });
  EXPECT_EQ(stale.code(), "live.stale_limits");
  EXPECT_NE(stale.message().find("anna changed the limits since you read them"), std::string::npos)
      << stale.message();
  const ledger::Event second = write({{"exposure_share", 2.0}}, {"ben", "second"}, first.sequence);
  const nlohmann::json body = nlohmann::json::parse(second.body);
  EXPECT_EQ(body["base"], first.sequence);
  EXPECT_EQ(body["before"]["exposure_share"], 1.0);
  EXPECT_EQ(nlohmann::json::parse(write({{"drawdown_share", 0.1}}).body)["base"], second.sequence)
      << "who names none is told on what it was based";
  EXPECT_EQ(ledger_->read({.kind = "risk.limits_changed"}).size(), 3U);
}

TEST_F(LimitEventsTest, AreIgnoredWhereSomebodyWroteNonsense) {
  write({{"exposure_share", 1.25}});
  for (const std::string body :
       {R"({"reason":"x","overrides":{"exposure_share":-1}})", R"({"reason":"x","overrides":{"nothing":1}})",
        R"({"reason":"x","overrides":{"exposure_share":"2"}})", R"({"reason":"x","overrides":[]})",
        R"({"reason":"","overrides":{"exposure_share":2}})", R"({"overrides":{"exposure_share":2}})",
        R"({"reason":"x","overrides":{"orders_per_minute":1e300}})", R"({"reason":"x"})"}) {
    const ledger::Event event = ledger_->append("risk.limits_changed", body, "mallory", time_);
    EXPECT_FALSE(limit_change_of(event)) << body;
    EXPECT_FALSE(command_of(event)) << body;
  }
  EXPECT_EQ(newest()->overrides, (LimitOverrides{{"exposure_share", 1.25}}));
}

TEST_F(LimitEventsTest, ALoopObeysWithItsNextStepAndAfterARestart) {
  const auto loop = [this](const std::string& session) {
    return std::make_unique<TestLoop>(place_.config(), std::vector{test_bars(400)}, session);
  };
  auto first = loop("first");
  first->feed.until = 250;
  first->feed.before_next = [&](std::size_t bar) {
    if (bar == 100)
      first->engine().set_limits(*place_.open(), {"anna", "smaller"}, {{{"order_notional_share", 1e-6}}});
    if (bar != 101) return;
    EXPECT_EQ(first->engine().view()->limits.order_notional_share, 1e-6);
  };
  first->engine().run();
  const std::uint64_t denied =
      first->engine().view()->risk.denials[static_cast<std::size_t>(Denial::order_notional)];
  EXPECT_GT(denied, 0U) << "no entry passes";
  EXPECT_EQ(ledger_->read({.kind = "risk.limits_changed"}).size(), 1U);

  auto second = loop("second");
  second->feed.until = 300;
  second->feed.before_next = [&](std::size_t) {
    EXPECT_EQ(second->engine().view()->limits.order_notional_share, 1e-6) << "survives a restart";
  };
  second->engine().run();

  // While nobody trades, by another process.
  write({{"order_notional_share", std::nullopt}, {"stale_intervals", 5.0}});
  auto third = loop("third");
  std::uint64_t orders = 0;
  third->feed.before_next = [&](std::size_t) {
    EXPECT_EQ(third->engine().view()->limits.order_notional_share, RiskLimits{}.order_notional_share);
    EXPECT_EQ(third->engine().view()->limits.stale_intervals, 5.0);
    orders = third->engine().view()->orders;
  };
  third->engine().run();
  EXPECT_GT(third->engine().view()->orders, first->engine().view()->orders) << "entries pass again";
  EXPECT_EQ(error_of([&] {
              third->engine().set_limits(*ledger_, {"anna", "why"}, {{{"exposure_share", 0.0}}});
            }).code(),
            "live.bad_limits");
}

/// The watcher finds what another process wrote a moment later than what was written here after it.
TEST_F(LimitEventsTest, DoNotHideAKillThatWasWrittenBeforeThem) {
  TestLoop test(place_.config(), std::vector{test_bars(400)}, "one");
  std::optional<ledger::Event> kill;
  test.feed.before_next = [&](std::size_t bar) {
    if (bar == 100) {
      kill = write_kill(*ledger_, {"carl", "looks wrong"}, false, time_);
      test.engine().set_limits(*ledger_, {"anna", "why"}, {{{"exposure_share", 2.0}}});
    }
    if (bar == 101) {
      EXPECT_TRUE(test.engine().view()->risk.kill) << "before the next bar";
      EXPECT_EQ(test.engine().view()->limits.exposure_share, 2.0);
      test.engine().notice(*kill);
    }
  };
  test.engine().run();
  EXPECT_TRUE(test.engine().view()->risk.kill);
  EXPECT_EQ(
      ledger_->read({.kind = "risk.state"}).back().body.find("active\",\"to\":\"halted") == std::string::npos,
      false);

  TestLoop again(place_.config(), std::vector{test_bars(400)}, "two");
  again.engine().run();
  EXPECT_TRUE(again.engine().view()->risk.kill) << "and after a restart";
}

TEST_F(LimitEventsTest, AreNotInForceWhereTheyCannotBeWritten) {
  bool full = false;
  ledger::LedgerConfig config = place_.config();
  config.hook = [&full](ledger::WriteStep) {
    if (full) throw Error("ledger.disk_full", "no room");
  };
  const auto narrow = ledger::Ledger::open(config);
  TestLoop test(place_.config(), std::vector{test_bars(400)}, "one");
  test.feed.before_next = [&](std::size_t bar) {
    if (bar != 100) return;
    full = true;
    EXPECT_EQ(error_of([&] {
                test.engine().set_limits(*narrow, {"anna", "why"}, {{{"exposure_share", 9.0}}});
              }).code(),
              "ledger.disk_full");
  };
  test.engine().run();
  EXPECT_TRUE(full);
  EXPECT_EQ(test.engine().view()->limits.exposure_share, RiskLimits{}.exposure_share);
  EXPECT_TRUE(ledger_->read({.kind = "risk.limits_changed"}).empty());
}

/// Whoever does not go through a person's command leaves the limits alone: a new version of the parameters,
/// which is all that a search can bring about, among them.
TEST_F(LimitEventsTest, NoVersionOfTheParametersChangesThem) {
  ParameterStore store(*ledger_);
  auto test = std::make_unique<TestLoop>(place_.config(), std::vector{test_bars(400)}, "one");
  const std::string before = limits_json(test->risk.limits());
  test->feed.until = 120;
  test->feed.before_next = [&](std::size_t bar) {
    if (bar != 100) return;
    ledger_->append("parameters.version",
                    R"({"limits":{"exposure_share":9},"overrides":{"exposure_share":9}})", "search", time_);
    for (const ledger::Event& event : ledger_->read({.kind = "parameters.version"}))
      test->engine().notice(event);
  };
  test->engine().run();
  EXPECT_EQ(limits_json(test->engine().view()->limits), before);
}

}  // namespace
}  // namespace stevie::live
