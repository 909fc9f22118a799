#include "app/optimize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/optimize_report.h"
#include "app/optimize_state.h"
#include "app/optimize_testing.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "core/testing.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using strategy::Parameter;

class Optimize : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    bars_ = std::make_unique<TemporaryFolder>();
    market::write_bars(rewarding(), rewarding_market(700, 1, "BTC/USDT"));
    market::write_bars(bars_->path() / "ETHUSDT_1h.csv", rewarding_market(700, 2, "ETH/USDT"));
    market::write_bars(hopeless(), martingale_market(500, 3));
  }
  static void TearDownTestSuite() { bars_.reset(); }
  static fs::path rewarding() { return bars_->path() / "BTCUSDT_1h.csv"; }
  static fs::path hopeless() { return bars_->path() / "SYNTHUSDT_1h.csv"; }

  OptimizeRequest request(const fs::path& data) const { return small_request(folder_.path(), {data}); }
  std::unique_ptr<ledger::Ledger> open_ledger() const {
    return ledger::Ledger::open({.url = "sqlite:///" + (folder_.path() / "stevie.db").string()});
  }
  /// The kinds of all events, oldest first.
  std::vector<std::string> kinds() const {
    std::vector<std::string> result;
    for (const ledger::Event& event : open_ledger()->read()) result.push_back(event.kind);
    return result;
  }
  std::uint64_t version_in_force() const {
    const auto ledger = open_ledger();
    return live::ParameterStore(*ledger).current().number;
  }

  static std::unique_ptr<TemporaryFolder> bars_;
  TemporaryFolder folder_;
};
std::unique_ptr<TemporaryFolder> Optimize::bars_;

TEST_F(Optimize, WhatIsProvenBetterIsAppliedAndOnRecord) {
  const OptimizeReport report = optimize(request(rewarding()));
  ASSERT_EQ(report.outcome, SessionOutcome::promoted) << render_text(report);
  EXPECT_EQ(report.new_version, 2u);
  EXPECT_EQ(kinds(), (std::vector<std::string>{"parameters.version", "session.started", "gate.decision",
                                               "parameters.version", "session.finished"}));
  const auto ledger = open_ledger();
  EXPECT_TRUE(ledger->verify().clean());
  const live::ParameterStore store(*ledger);
  EXPECT_EQ(store.current().author, "quick_tune");
  EXPECT_EQ(store.current().layers.global[Parameter::cost_cap_bps], report.values.back().after);
  EXPECT_NE(report.sentence.find("version 2"), std::string::npos);
  for (const char* name : {"report.txt", "report.html", "results.json", "state.bin"})
    EXPECT_TRUE(fs::exists(report.folder / name)) << name;
}

TEST_F(Optimize, ParametersOfNewsAreToldIdleWhereThereIsNone) {
  const std::string text = render_text(optimize(request(rewarding())));
  EXPECT_NE(text.find("no social score"), std::string::npos) << text;
  EXPECT_NE(text.find("socialGo"), std::string::npos);
}

TEST_F(Optimize, TheGateSeesEveryCandidateOnDaysThatNoSearchSaw) {
  const OptimizeReport report = optimize(request(rewarding()));
  const validation::GateReport& gate = report.judgement->decision.report;
  std::size_t changing = 0;
  for (const auto& unseen : report.judgement->unseen) changing += unseen.has_value() ? 1 : 0;
  EXPECT_EQ(gate.candidates, changing);
  EXPECT_EQ(report.proposals, 32u);
  EXPECT_GT(gate.first_day, utc_day(report.windows.search.back().to));
  EXPECT_EQ(gate.check("causality").outcome, validation::Outcome::passed);
}

TEST_F(Optimize, NothingIsAppliedWhereNothingCanBeEarned) {
  const OptimizeReport report = optimize(request(hopeless()));
  EXPECT_NE(report.outcome, SessionOutcome::promoted);
  EXPECT_EQ(version_in_force(), 1u);
  EXPECT_NE(report.sentence.find("version 1 is in force"), std::string::npos) << report.sentence;
  EXPECT_NE(render_text(report).find("synthetic market"), std::string::npos);
}

TEST_F(Optimize, ADryRunAppliesNothing) {
  OptimizeRequest dry = request(rewarding());
  dry.dry_run = true;
  EXPECT_EQ(optimize(dry).outcome, SessionOutcome::not_applied);
  EXPECT_EQ(version_in_force(), 1u);
}

TEST_F(Optimize, SettingsOfTheMeasuringAreOnRecord) {
  OptimizeRequest changed = request(rewarding());
  changed.config.measuring.rules.channel_bars = 24;
  changed.scenario.episodes = 1;
  const OptimizeReport report = optimize(changed);
  EXPECT_NE(read_file(report.folder / results_file).find("\"rules.channel_bars\": \"24\""),
            std::string::npos);
  EXPECT_NE(render_text(report).find("rules.channel_bars = 24"), std::string::npos);
}

TEST_F(Optimize, EarlierVerdictsOnTheSameDaysCount) {
  OptimizeRequest dry = request(rewarding());
  dry.dry_run = true;
  dry.config.optimize.search.pairs = 8;
  EXPECT_EQ(optimize(dry).earlier.judged, 0u);
  dry.config.optimize.search.seed = 2;
  const OptimizeReport second = optimize(dry);
  EXPECT_EQ(second.earlier.judged, 1u);
  EXPECT_EQ(second.earlier.promoted, std::vector<std::size_t>{1});
  EXPECT_GT(second.earlier.candidates, 10u);
  OptimizeRequest other = request(hopeless());
  EXPECT_EQ(optimize(other).earlier.judged, 0u);
}

/// Everything of results.json but the clock and the places of the events in the ledger.
json comparable(const fs::path& folder) {
  json results = json::parse(read_file(folder / "results.json"));
  results.erase("clock");
  results["outcome"].erase("decision_event");
  return results;
}

TEST_F(Optimize, AnInterruptedSessionGoesOnAsIfNothingHadHappened) {
  OptimizeRequest whole = request(rewarding());
  whole.config.ledger.url = "sqlite:///" + (folder_.path() / "other.db").string();
  whole.out = folder_.path() / "whole";
  optimize(whole);

  OptimizeRequest part = request(rewarding());
  part.out = folder_.path() / "part";
  int calls = 0;
  part.now = [&calls] {
    if (++calls == 9) std::raise(SIGINT);
    return testing_start + 1500 * day_ms;
  };
  {
    const InterruptGuard guard;
    EXPECT_THROW(optimize(part), Interrupted);
  }
  EXPECT_FALSE(fs::exists(part.out / "results.json"));
  EXPECT_EQ(version_in_force(), 1u);
  EXPECT_EQ(json::parse(open_ledger()->read({.last = 1}).front().body)["outcome"], "interrupted");

  part.resume = true;
  part.now = whole.now;
  part.config.optimize.threads = 2;
  const OptimizeReport resumed = optimize(part);
  EXPECT_EQ(comparable(part.out), comparable(whole.out));
  EXPECT_EQ(resumed.outcome, SessionOutcome::promoted);
}

TEST_F(Optimize, ASessionStoppedBehindItsPromotionFindsItDone) {
  const OptimizeReport first = optimize(request(rewarding()));
  fs::remove(first.folder / "results.json");
  OptimizeRequest again = request(rewarding());
  again.resume = true;
  const OptimizeReport second = optimize(again);
  EXPECT_EQ(second.folder, first.folder);
  EXPECT_EQ(second.new_version, 2u);
  EXPECT_EQ(second.decision_event, first.decision_event);
  EXPECT_EQ(version_in_force(), 2u);
  const std::vector<std::string> all = kinds();
  EXPECT_EQ(std::ranges::count(all, "gate.decision"), 1);
}

TEST_F(Optimize, AFailedSessionLeavesTheParametersAndSaysSo) {
  OptimizeRequest failing = request(rewarding());
  int calls = 0;
  failing.now = [&calls] {
    if (++calls == 9) throw Error("test.fault", "The clock has stopped.");
    return testing_start + 1500 * day_ms;
  };
  const Error error = error_of([&] { optimize(failing); });
  EXPECT_EQ(error.code(), "test.fault");
  EXPECT_NE(error.message().find("version 1 is in force"), std::string::npos) << error.message();
  EXPECT_EQ(version_in_force(), 1u);
  const json last = json::parse(open_ledger()->read({.last = 1}).front().body);
  EXPECT_EQ(last["outcome"], "failed");
  EXPECT_EQ(last["error"], "The clock has stopped.");
}

TEST_F(Optimize, AReportThatCannotBeWrittenIsNoFailedSearch) {
  OptimizeRequest blocked = request(rewarding());
  blocked.out = folder_.path() / "run";
  fs::create_directories(blocked.out / "report.txt");  // a folder where the file should be
  const Error error = error_of([&] { optimize(blocked); });
  EXPECT_EQ(error.code(), "file.unwritable");
  EXPECT_NE(error.message().find("is finished"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("version 2 of the parameters is in force"), std::string::npos)
      << error.message();
  EXPECT_NE(error.message().find("--resume"), std::string::npos) << error.message();
  const json last = json::parse(open_ledger()->read({.last = 1}).front().body);
  EXPECT_EQ(last["outcome"], "finished");
  fs::remove(blocked.out / "report.txt");
  blocked.resume = true;
  EXPECT_EQ(optimize(blocked).new_version, 2u);
}

TEST_F(Optimize, TellsWhichParametersAPersonPutInForceMeanwhile) {
  OptimizeRequest late = request(hopeless());
  int calls = 0;
  late.now = [&] {
    if (++calls == 6) {
      const auto ledger = open_ledger();
      live::ParameterStore store(*ledger);
      const live::ManualValue value{
          .parameter = Parameter::social_go, .value = 0.9, .symbol = {}, .regime = {}};
      store.set(std::span(&value, 1), {"Ada", "a test"});
    }
    return testing_start + 1500 * day_ms;
  };
  const OptimizeReport report = optimize(late);
  EXPECT_NE(report.outcome, SessionOutcome::promoted);
  EXPECT_NE(report.sentence.find("Version 2 of the parameters, by Ada, is in force"), std::string::npos)
      << report.sentence;
}

TEST_F(Optimize, SessionsOfTheSameSecondHaveTheirOwnNamesAndFolders) {
  constexpr std::size_t count = 3;
  std::vector<std::pair<std::string, std::string>> found(count);
  std::vector<std::thread> threads;
  for (auto& place : found) {
    threads.emplace_back([this, &place] {
      const OptimizeReport report = optimize(request(hopeless()));
      place = {report.session, report.folder.string()};
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> names, folders;
  for (const auto& [name, folder] : found) {
    names.insert(name);
    folders.insert(folder);
  }
  EXPECT_EQ(names.size(), count);
  EXPECT_EQ(folders.size(), count);
}

TEST_F(Optimize, TwoProcessesDoNotShareAFolder) {
  OptimizeRequest second = request(rewarding());
  second.out = folder_.path() / "run";
  fs::create_directories(second.out);
  const FolderLock other(second.out);
  EXPECT_EQ(error_of([&] { optimize(second); }).code(), "file.in_use");
  second.resume = true;
  EXPECT_EQ(error_of([&] { optimize(second); }).code(), "file.in_use");
}

TEST_F(Optimize, DoesNotSayThatNothingTradedWhereSomeTradedAndLost) {
  OptimizeRequest dear = request(hopeless());
  dear.config.env.instrument.taker_fee_bps = 20;
  dear.scenario.bounds[Parameter::cost_cap_bps] = {40, 50};  // a round trip costs 44
  dear.config.optimize.reward.idle_penalty = 0;              // holding nothing is the best that can be done
  const OptimizeReport report = optimize(dear);
  ASSERT_TRUE(std::ranges::any_of(report.candidates, [](const Candidate& c) { return c.trades > 0; }));
  EXPECT_EQ(report.outcome, SessionOutcome::nothing_better);
  EXPECT_NE(report.sentence.find("No candidate did better than what runs"), std::string::npos)
      << report.sentence;
}

TEST_F(Optimize, ABudgetOfMinutesEndsTheSearch) {
  OptimizeRequest hurried = request(rewarding());
  hurried.scenario.minutes = 1;
  hurried.scenario.episodes = 1000;
  int calls = 0;
  hurried.now = [&calls] { return testing_start + 1500 * day_ms + ++calls * 10 * second_ms; };
  const OptimizeReport report = optimize(hurried);
  EXPECT_EQ(report.stopped_by, StopReason::minutes);
  EXPECT_LT(report.history.size(), 6u);
}

TEST_F(Optimize, SeveralSymbolsSearchTogether) {
  OptimizeRequest both = request(rewarding());
  both.data.push_back(bars_->path() / "ETHUSDT_1h.csv");
  make_per_symbol(both.scenario, std::vector<std::string>{"volPctBreakout"}, "flag");
  const OptimizeReport report = optimize(both);
  EXPECT_EQ(report.dimension_names,
            (std::vector<std::string>{"socialGo", "costCapBps", "volPctBreakout of BTC/USDT",
                                      "volPctBreakout of ETH/USDT"}));
  EXPECT_EQ(report.correlation.pairs.size(), 1u);
  const std::string text = render_text(report);
  EXPECT_NE(text.find("BTC/USDT and ETH/USDT"), std::string::npos) << text;
  const json results = json::parse(read_file(report.folder / "results.json"));
  EXPECT_EQ(results["correlation"]["effects"].size(), 4u);
  EXPECT_TRUE(results["correlation"]["effects"][2]["effect"]["ETH/USDT"].is_null());
  if (report.outcome == SessionOutcome::promoted) {
    const auto ledger = open_ledger();
    EXPECT_FALSE(live::ParameterStore(*ledger).current().layers.by_symbol.empty());
  }
}

TEST_F(Optimize, BadRequestsAreRefusedBeforeAnythingIsTouched) {
  OptimizeRequest none = request(rewarding());
  none.data.clear();
  EXPECT_EQ(error_of([&] { optimize(none); }).code(), "app.no_data");
  OptimizeRequest twice = request(rewarding());
  twice.data.push_back(rewarding());
  EXPECT_EQ(error_of([&] { optimize(twice); }).code(), "app.same_symbol");
  OptimizeRequest absent = request("nowhere.csv");
  EXPECT_EQ(error_of([&] { optimize(absent); }).code(), "file.missing");
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  OptimizeRequest nothing_to_resume = request(rewarding());
  nothing_to_resume.resume = true;
  EXPECT_EQ(error_of([&] { optimize(nothing_to_resume); }).code(), "app.not_resumable");
}

TEST_F(Optimize, OnlyTheSameSessionCanBeResumed) {
  OptimizeRequest first = request(rewarding());
  first.out = folder_.path() / "run";
  const OptimizeReport report = optimize(first);
  EXPECT_EQ(error_of([&] { optimize(first); }).code(), "app.folder_taken");
  first.resume = true;
  EXPECT_EQ(error_of([&] { optimize(first); }).code(), "app.session_finished");
  fs::remove(first.out / results_file);
  OptimizeRequest other = first;
  other.config.optimize.search.seed = 5;
  const Error differs = error_of([&] { optimize(other); });
  EXPECT_EQ(differs.code(), "app.state_differs");
  EXPECT_NE(differs.message().find("optimize.seed was 1 and is 5"), std::string::npos) << differs.message();
  other = first;
  other.config.measuring.rules.stretch = 2.5;
  other.config.measuring.regime.trend_days = 30;
  const std::string settings = error_of([&] { optimize(other); }).message();
  EXPECT_NE(settings.find("rules.stretch was 2.0 and is 2.5"), std::string::npos) << settings;
  EXPECT_NE(settings.find("regime.trend_days was 60.0 and is 30.0"), std::string::npos) << settings;
  const std::string state = read_file(first.out / state_file);
  write_file(first.out / state_file, state.substr(0, state.size() / 2));
  EXPECT_EQ(error_of([&] { optimize(first); }).code(), "bytes.damaged");
  for (const std::size_t at : {state.size() / 3, state.size() / 2, state.size() - 1}) {
    std::string flipped = state;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    write_file(first.out / state_file, flipped);
    EXPECT_EQ(error_of([&] { optimize(first); }).code(), "bytes.damaged") << at;
  }
  write_file(first.out / state_file, state);
  {
    const auto ledger = open_ledger();
    live::ParameterStore store(*ledger);
    const live::ManualValue value{
        .parameter = Parameter::social_go, .value = 0.9, .symbol = {}, .regime = {}};
    store.set(std::span(&value, 1), {"Ada", "a test"});
  }
  EXPECT_EQ(error_of([&] { optimize(first); }).code(), "app.stale_session");
}

}  // namespace
}  // namespace stevie::app
