#include "api/serve_metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "api/serve_console.h"

namespace stevie::api {
namespace {

live::LiveView busy_view() {
  live::LiveView view;
  view.running = true;
  view.symbols = {"BTC/USDT", "ETH/USDT"};
  view.now = 1'704'067'200'000;
  view.account.equity = 10'250.5;
  view.account.positions.push_back({.symbol = "ETH/USDT", .units = -1.5});
  view.risk_state = live::RiskState::reducing;
  view.risk_why = "the day's loss";
  view.risk.denials[static_cast<std::size_t>(live::Denial::exposure)] = 3;
  view.feed.health = live::FeedHealth::stale;
  view.feed.text = "no message for 30 s";
  view.latency_p99_us = 250;
  return view;
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find(line + "\n") != std::string::npos;
}

TEST(ServeMetrics, tell_account_risk_and_feed) {
  const std::string text = live_metrics(busy_view());
  for (const char* line :
       {"stevie_live_running 1", "stevie_live_equity 10250.5",
        "stevie_live_position_units{symbol=\"BTC/USDT\"} 0",
        "stevie_live_position_units{symbol=\"ETH/USDT\"} -1.5", "stevie_risk_state{state=\"reducing\"} 1",
        "stevie_risk_state{state=\"active\"} 0", "stevie_risk_denials_total{code=\"exposure\"} 3",
        "stevie_risk_denials_total{code=\"not_reconciled\"} 0", "stevie_feed_health{state=\"stale\"} 1",
        "stevie_live_decision_latency_seconds{quantile=\"0.99\"} 0.00025"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(ServeMetrics, are_in_the_text_format_with_each_metric_once) {
  live::LiveView view = busy_view();
  view.symbols.emplace_back("A\"B\\C\nD");
  view.account.equity = std::numeric_limits<double>::quiet_NaN();
  view.account.cash = std::numeric_limits<double>::infinity();
  app::LiveHealth health;
  health.ledger_fault = "gone";
  std::istringstream lines(live_metrics(view) + service_metrics(health) + session_metrics({}));
  const std::regex sample(
      R"re(stevie_[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"\})? (-?[0-9.e+-]+|NaN|[+-]Inf))re");
  std::set<std::string> types, samples;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(types.insert(line).second) << line;
      continue;
    }
    if (line.starts_with("# HELP ")) continue;
    EXPECT_TRUE(std::regex_match(line, sample)) << line;
    EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_TRUE(samples.contains("stevie_ledger_reachable"));
  EXPECT_TRUE(samples.contains("stevie_training_sessions{state=\"interrupted\"}"));
}

TEST(ServeConsole, tells_what_a_person_should_see) {
  const auto item = [](const std::string& kind, const std::string& body) {
    return app::NewsItem{.id = 1, .topic = "x", .kind = kind, .body = body, .time = 0};
  };
  EXPECT_EQ(console_line(item("risk.killed", R"({"author":"anna","reason":"fat finger"})")),
            "KILLED by anna: fat finger");
  EXPECT_EQ(console_line(item("risk.state", R"({"from":"active","to":"halted","why":"drawdown"})")),
            "risk active -> halted: drawdown");
  EXPECT_EQ(console_line(item("parameters.version", R"({"number":3,"author":"anna","reason":"calm"})")),
            "parameters version 3 by anna: calm");
  EXPECT_EQ(console_line(item("live.state", "{}")), "");
  EXPECT_EQ(console_line(item("risk.killed", "no JSON")), "");
  const std::string tricky =
      console_line(item("risk.killed", "{\"author\":\"a\\u001b[2J\",\"reason\":\"b\\nc\"}"));
  EXPECT_EQ(tricky.find('\033'), std::string::npos) << "a reason must not drive the terminal";
  EXPECT_EQ(tricky.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace stevie::api
