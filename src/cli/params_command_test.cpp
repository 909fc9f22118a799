#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "validation/gate.h"

namespace stevie::cli {
namespace {

using nlohmann::json;

class ParamsCommand : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (temporary_.path() / name).string(); }
  std::string url() const { return "sqlite:///" + path("stevie.db"); }

  ProgramResult run(std::vector<std::string> arguments,
                    std::vector<const char*> environment = {"USER=anna"}) {
    arguments.insert(arguments.begin(), {"--set", "ledger.url=" + url(), "params"});
    return run_stevie(arguments, std::move(environment));
  }
  /// What a command that must succeed printed.
  std::string out(const std::vector<std::string>& arguments) {
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.out;
  }
  json json_out(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    return json::parse(out(arguments));
  }
  /// Checks that a command is refused in one line that holds all texts, and that nothing is changed.
  void expect_refused(const std::vector<std::string>& arguments, const std::vector<std::string>& texts) {
    const std::size_t before = json_out({"history"}).size();
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    for (const std::string& text : texts) {
      EXPECT_NE(result.err.find(text), std::string::npos) << text << "\n" << result.err;
    }
    EXPECT_EQ(json_out({"history"}).size(), before);
  }

  const TemporaryFolder temporary_;
};

TEST_F(ParamsCommand, shows_the_defaults_on_first_use) {
  const std::string text = out({"show"});
  for (const char* line :
       {"version 1 5f2df4e08ccc: defaults by stevie (program), 20", "reason: the defaults of the schema\n",
        "name              value  from     default  min  max  step  unit         live  used by\n",
        "volPctBreakout    70     default  70       50   99   1     percentile   yes   breakout\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  const json shown = json_out({"show"});
  EXPECT_EQ(shown.at("version"), 1);
  ASSERT_EQ(shown.at("parameters").size(), strategy::parameter_count);
  for (const char* key :
       {"name", "value", "from", "default", "min", "max", "step", "unit", "used_by", "meaning", "live"}) {
    EXPECT_TRUE(shown.at("parameters")[0].contains(key)) << key;
  }
}

TEST_F(ParamsCommand, sets_values_shows_where_they_come_from_and_takes_them_back) {
  EXPECT_EQ(out({"set", "volPctBreakout=65", "costCapBps=20", "--reason", "lower fees"}),
            "version 2 is in force: volPctBreakout 70 -> 65, costCapBps 8 -> 20\n");
  EXPECT_EQ(out({"set", "slNews=2", "--symbol", "btcusdt", "--reason", "wider", "--by", "bob"}),
            "version 3 is in force: slNews (symbol BTC/USDT) inherited -> 2\n");
  EXPECT_EQ(out({"set", "slNews=3", "--regime", "bear", "--reason", "wider"}),
            "version 4 is in force: slNews (regime bear) inherited -> 3\n");
  const auto from = [this](const std::vector<std::string>& scope) {
    std::vector<std::string> arguments{"show"};
    arguments.insert(arguments.end(), scope.begin(), scope.end());
    const json shown = json_out(arguments);
    for (const json& item : shown.at("parameters")) {
      if (item.at("name") == "slNews") return item.at("from").get<std::string>();
    }
    return std::string("nowhere");
  };
  EXPECT_EQ(from({}), "default");
  EXPECT_EQ(from({"--symbol", "BTC/USDT"}), "symbol BTC/USDT");
  EXPECT_EQ(from({"--symbol", "BTC/USDT", "--regime", "bear"}), "regime bear");
  EXPECT_EQ(from({"--symbol", "ETH/USDT"}), "default");
  EXPECT_NE(out({"show"}).find("symbol BTC/USDT  slNews  2\n"), std::string::npos);
  EXPECT_EQ(out({"set", "slNews=default", "--regime", "bear", "--reason", "enough"}),
            "version 5 is in force: slNews (regime bear) 3 -> inherited\n");
  EXPECT_EQ(out({"rollback", "2", "--reason", "worse since"}),
            "version 6 is in force: slNews (symbol BTC/USDT) 2 -> inherited\n");

  const json history = json_out({"history", "--last", "4"});
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[0].at("change"), "rollback");
  EXPECT_EQ(history[0].at("evidence").at("version"), 2);
  EXPECT_EQ(history[3].at("author").at("name"), "bob");
  EXPECT_EQ(history[3].at("changed")[0].at("layer"), "symbol BTC/USDT");
  EXPECT_NE(out({"history"}).find("  reason:  worse since\n"), std::string::npos);
  EXPECT_EQ(json_out({"diff", "1"}).at("differences").size(), 2U);
  EXPECT_NE(out({"diff", "1", "2"}).find("global  volPctBreakout  70         65         percentile\n"),
            std::string::npos);
  EXPECT_EQ(out({"diff", "2", "6"}), "versions 2 and 6 have the same content\n");
}

TEST_F(ParamsCommand, refuses_bad_changes_in_one_clear_line) {
  expect_refused({"set", "volPctBreakot=65", "socialGo=7", "costCapBps=many", "slNews"},
                 {"did you mean volPctBreakout?", "socialGo is 7", "'many' is not a number",
                  "'slNews' is not NAME=VALUE", "a reason"});
  expect_refused({"set", "socialGo=0.8"}, {"say why (a reason)"});
  expect_refused({"set", "socialGo=nan", "--reason", "x"}, {"socialGo"});
  expect_refused({"set", "socialGo=0.8", "socialGo=0.9", "--reason", "x"}, {"given twice"});
  expect_refused({"set", "socialGo=0.8", "--symbol", "BTC/USDT", "--regime", "bull", "--reason", "x"},
                 {"choose one"});
  expect_refused({"set", "socialGo=0.8", "--symbol", "", "--reason", "x"}, {"--symbol", "is empty"});
  expect_refused({"set", "socialGo=0.8", "--symbol", "A\x1b[2J", "--reason", "x"},
                 {"flag --symbol", "no symbol"});
  expect_refused({"history", "--last", "-1"}, {"--last"});
  expect_refused({"set", "socialGo=0.8", "--regime", "crab", "--reason", "x"}, {"flag --regime", "crab"});
  expect_refused({"rollback", "7", "--reason", "x"}, {"there is no version 7; there are 1 to 1"});
  expect_refused({"show", "--version", "7"}, {"there is no version 7"});
  expect_refused({"override", "7", "--reason", "x"}, {"none is on record"});
  const ProgramResult nobody = run({"set", "socialGo=0.8", "--reason", "x"}, {});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_NE(nobody.err.find("say who makes the change with --by"), std::string::npos) << nobody.err;
}

TEST_F(ParamsCommand, exports_and_imports) {
  out({"set", "socialGo=0.8", "--reason", "quieter"});
  EXPECT_EQ(out({"export", "--out", path("p.json")}), path("p.json") + ": version 2\n");
  EXPECT_EQ(out({"export", "2"}), read_file(path("p.json")));
  out({"rollback", "1", "--reason", "x"});
  EXPECT_EQ(out({"import", path("p.json"), "--reason", "as on the other machine"}),
            "version 4 is in force: socialGo 0.75 -> 0.8\n");
  EXPECT_NE(out({"history"}).find("  file:    " + path("p.json")), std::string::npos);
  std::string text = read_file(path("p.json"));
  text.replace(text.find("0.8", text.find("socialGo")), 3, "0.9");
  write_file(path("tampered.json"), text);
  expect_refused({"import", path("tampered.json"), "--reason", "x"}, {"tampered.json", "they were changed"});
  expect_refused({"import", path("missing.json"), "--reason", "x"}, {"missing.json"});
}

TEST_F(ParamsCommand, overrules_a_rejected_proposal) {
  EXPECT_EQ(out({"proposals"}), "no proposal is on record\n");
  {
    const auto log = ledger::Ledger::open({.url = url()});
    live::ParameterStore store(*log);
    live::JudgedProposal proposal{
        .scenario = "quick_tune", .verdict = validation::Verdict::reject, .base_hash = store.current().hash};
    proposal.proposed.global[strategy::Parameter::social_go] = 0.6;
    EXPECT_EQ(store.record(proposal), 2U);
  }
  EXPECT_NE(out({"proposals"}).find("quick_tune  reject   yes         socialGo 0.75 -> 0.6\n"),
            std::string::npos)
      << out({"proposals"});
  EXPECT_EQ(json_out({"proposals"})[0].at("decision"), 2);
  EXPECT_EQ(out({"override", "2", "--reason", "fees were halved"}),
            "version 2 is in force: socialGo 0.75 -> 0.6\n");
  EXPECT_NE(out({"history"}).find("  overrules decision 2 (quick_tune: reject)\n"), std::string::npos);
  expect_refused({"override", "2", "--reason", "again"}, {"judged against parameters 5f2df4e08ccc"});
}

TEST_F(ParamsCommand, describes_the_schema) {
  EXPECT_EQ(json_out({"schema"}).size(), strategy::parameter_count);
  EXPECT_NE(out({"schema"}).find("volPctBreakout    percentile   70       50   99   1"), std::string::npos);
}

TEST_F(ParamsCommand, compares_two_versions_and_values_not_set_yet) {
  market::SyntheticConfig market;
  market.bars = 8760;
  market.symbol = "BTC/USDT";
  market::write_bars(path("bars.csv"), market::make_synthetic_market(market).bars);
  out({"set", "costCapBps=50", "--reason", "let trades pass"});
  const json found = json_out({"compare", "1", "2", "--data", path("bars.csv"), "--bars", "3000"});
  EXPECT_EQ(found["bars"], 3000);
  EXPECT_EQ(found["second"]["version"], 2);
  EXPECT_EQ(found["first"]["trades"], 0) << "a round trip costs more than the default cap";
  EXPECT_GT(found["second"]["trades"], 0);
  const json draft =
      json_out({"compare", "1", "--with", "costCapBps=50", "--data", path("bars.csv"), "--bars", "3000"});
  EXPECT_EQ(draft["second"]["version"], nullptr);
  EXPECT_EQ(draft["second"]["final_equity"], found["second"]["final_equity"]);
  const std::string text = out({"compare", "1", "--data", path("bars.csv"), "--bars", "3000"});
  EXPECT_NE(text.find("version 2"), std::string::npos) << text;
  EXPECT_NE(text.find("95 % interval"), std::string::npos) << text;
  expect_refused({"compare", "1", "9", "--data", path("bars.csv")}, {"there is no version 9"});
  expect_refused({"compare", "1", "--with", "socialGo=7", "--data", path("bars.csv")}, {"socialGo is 7"});
  expect_refused({"compare", "1", "2"}, {"live.data"});
}

}  // namespace
}  // namespace stevie::cli
