#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/cli_testing.h"
#include "core/testing.h"
#include "ledger/ledger.h"

namespace stevie::cli {
namespace {

using nlohmann::json;

class LiveLimitsCommand : public ::testing::Test {
 protected:
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"--set", "ledger.url=" + url(), "--set", "risk.drawdown_share=0.2", "live", "limits"});
    return run_stevie(arguments, {"USER=anna"});
  }
  json limits() const { return json::parse(run({"--json"}).out); }
  double in_force(const std::string& name) const {
    const json all = limits();
    for (const json& limit : all["limits"]) {
      if (limit["name"] == name) return limit["in_force"];
    }
    ADD_FAILURE() << "there is no " << name;
    return 0;
  }
  std::size_t events() const {
    return ledger::Ledger::open({.url = url()})->read({.kind = "risk.limits_changed"}).size();
  }
  std::string url() const { return "sqlite:///" + (folder_.path() / "stevie.db").string(); }

 private:
  TemporaryFolder folder_;
};

TEST_F(LiveLimitsCommand, PrintsChangesAndTakesBack) {
  ledger::Ledger::open({.url = url()});
  EXPECT_EQ(in_force("drawdown_share"), 0.2) << "as configured";
  EXPECT_EQ(limits()["change"], nullptr);
  const ProgramResult changed =
      run({"--set", "exposure_share=1.5", "--set", "orders_per_minute=7", "--reason", "a quiet week"});
  EXPECT_EQ(changed.code, 0) << changed.err;
  EXPECT_NE(changed.out.find("changed last by anna at "), std::string::npos) << changed.out;
  EXPECT_NE(changed.out.find("a quiet week"), std::string::npos);
  EXPECT_EQ(in_force("exposure_share"), 1.5);
  EXPECT_EQ(in_force("orders_per_minute"), 7);
  const std::uint64_t base = limits()["change"]["event"];

  EXPECT_EQ(run({"--set", "exposure_share=configured", "--reason", "over", "--by", "ben", "--base",
                 std::to_string(base)})
                .code,
            0);
  EXPECT_EQ(in_force("exposure_share"), 3.0);
  EXPECT_EQ(limits()["change"]["by"], "ben");
  const ProgramResult stale =
      run({"--set", "exposure_share=2", "--reason", "again", "--base", std::to_string(base)});
  EXPECT_EQ(stale.code, 2);
  EXPECT_NE(stale.err.find("ben changed the limits since you read them"), std::string::npos) << stale.err;
  EXPECT_EQ(events(), 2U);
}

TEST_F(LiveLimitsCommand, TellsAllFaultsAtOnceAndChangesNothing) {
  const auto refused = [&](const std::vector<std::string>& arguments, const std::vector<std::string>& texts) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    for (const std::string& text : texts)
      EXPECT_NE(result.err.find(text), std::string::npos) << text << "\n" << result.err;
  };
  refused({"--set", "exposure_share", "--set", "drawdown_share=much", "--set", "stale_intervals=1", "--set",
           "stale_intervals=2", "--reason", "why"},
          {"write exposure_share as name=value", "drawdown_share must be a number",
           "stale_intervals is given twice"});
  refused({"--set", "exposure_shar=1", "--set", "drawdown_share=2", "--set", "orders_per_minute=1.5",
           "--reason", "why"},
          {"did you mean exposure_share?", "drawdown_share is 2", "orders_per_minute is 1.5"});
  refused({"--set", "exposure_share=nan", "--reason", "why"}, {"exposure_share is nan"});
  refused({"--set", "exposure_share=1"}, {"say why"});
  refused({"--set", "exposure_share=configured", "--reason", "why"}, {"as you want them already"});
  refused({"--reason", "why"}, {"say which limit"});
  EXPECT_EQ(events(), 0U);
}

}  // namespace
}  // namespace stevie::cli
