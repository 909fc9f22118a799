#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/gate_view.h"
#include "api/report_tickets.h"
#include "api/routes_testing.h"
#include "core/file.h"
#include "market/readers.h"
#include "rl/tensorboard.h"
#include "validation/gate.h"

namespace stevie::api {
namespace {

using Json = nlohmann::ordered_json;

class Studies : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    write_file(server.folder.path() / name, text);
  }
  void give_bars() {
    market::SyntheticConfig market;
    market.bars = 8760;
    market.symbol = "BTC/USDT";
    const std::filesystem::path file = server.folder.path() / "BTCUSDT_1h.csv";
    market::write_bars(file, market::make_synthetic_market(market).bars);
    server.services.data = {file.string()};
    server.services.live = nullptr;  // its clock has nothing to do with these bars
  }
  /// Asks until the work is done.
  Json compared(const std::string& method, const std::string& target, const Json& body = nullptr) {
    Json found;
    do {
      found = server.ask(method, target, "vera", body);
      std::this_thread::yield();
    } while (found["state"] == "working");
    return found["comparison"];
  }

  TestServer server;
};

TEST_F(Studies, TwoVersionsAreComparedOnTheSameBars) {
  give_bars();
  server.post("/api/rl-training/update-parameter",
              {{"name", "costCapBps"}, {"value", 50}, {"reason", "let trades pass"}});
  const Json found = compared("GET", "/api/parameters/compare?from=1&to=2&bars=4000");
  EXPECT_EQ(found["first"]["version"], 1);
  EXPECT_EQ(found["second"]["name"], "version 2");
  EXPECT_EQ(found["bars"], 4000);
  EXPECT_EQ(found["symbol"], "BTC/USDT");
  EXPECT_EQ(found["differences"][0]["name"], "costCapBps");
  EXPECT_GT(found["second"]["trades"], 0);
  EXPECT_EQ(found["curve"].back()["second"], found["second"]["final_equity"]);
  EXPECT_EQ(compared("GET", "/api/parameters/compare?from=1&bars=4000"), found) << "version 2 is in force";
  server.ask("GET", "/api/parameters/compare?from=9", "vera", nullptr, 404);
  server.ask("GET", "/api/parameters/compare?from=1&bars=1", "vera", nullptr, 400);
  server.ask("GET", "/api/parameters/compare?to=1", "vera", nullptr, 400);
}

TEST_F(Studies, ADraftIsComparedAndChangesNothing) {
  give_bars();
  const std::uint64_t before = server.last_event();
  const Json found =
      compared("POST", "/api/parameters/compare", {{"values", {{"costCapBps", 50}}}, {"bars", 4000}});
  EXPECT_EQ(found["first"]["version"], 1);
  EXPECT_EQ(found["second"]["version"], nullptr);
  EXPECT_EQ(found["differences"][0]["to"], 50);
  EXPECT_EQ(server.last_event(), before);
  EXPECT_EQ(server.get("/api/parameters")["version"], 1);
  const Json bear =
      compared("POST", "/api/parameters/compare",
               {{"values", {{"slBreakout", 3}}}, {"layer", {{"regime", "bear"}}}, {"bars", 100}});
  EXPECT_EQ(bear["differences"][0]["layer"], "regime bear");
  for (const Json& body : {Json{{"values", {{"noSuch", 1}}}}, Json{{"values", {{"costCapBps", 1e9}}}}})
    server.ask("POST", "/api/parameters/compare", "vera", body, 422);
  for (const Json& body :
       {Json{{"values", Json::object()}}, Json{{"values", {{"costCapBps", "5"}}}}, Json::object()})
    server.ask("POST", "/api/parameters/compare", "vera", body, 400);
}

TEST_F(Studies, WithoutBarsAComparisonSaysWhatIsMissing) {
  Json found;
  do {
    found = Json::parse(server.answer(server.request("GET", "/api/parameters/compare?from=1", "vera")).body);
  } while (found.value("state", "") == "working");
  EXPECT_EQ(found["code"], "app.no_data");
  EXPECT_NE(found["detail"].get<std::string>().find("live.data"), std::string::npos);
}

// Tickets

class Tickets : public Studies {
 protected:
  Tickets() {
    write("runs/a/report.html", "<html><script>draw()</script>mine</html>");
    write("runs/b/report.html", "<html>other</html>");
    const Json reports = server.get("/api/reports");
    for (const Json& item : reports["items"])
      ids[item["name"].get<std::string>()] = item["id"].get<std::string>();
  }
  std::string url(const std::string& user = "vera") {
    return server.ask("POST", "/api/reports/" + ids.at("a/report.html") + "/ticket", user, nullptr,
                      201)["url"];
  }
  Response open(const std::string& target) { return server.answer(server.request("GET", target, "")); }
  static std::string header(const Response& response, const std::string& wanted) {
    for (const auto& [name, value] : response.headers) {
      if (name == wanted) return value;
    }
    return {};
  }

  std::map<std::string, std::string> ids;
};

TEST_F(Tickets, OpenOneReportOnceWithoutALogin) {
  const std::string target = url();
  const Response page = open(target);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<html><script>draw()</script>mine</html>");
  EXPECT_EQ(header(page, "Cache-Control"), "no-store");
  const Response again = open(target);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(Json::parse(again.body)["code"], "api.bad_ticket");
}

TEST_F(Tickets, AreOverAfterAMinute) {
  const std::string target = url();
  server.clock.advance(ReportTickets::lifetime);
  EXPECT_EQ(open(target).status, 404);
}

TEST_F(Tickets, OpenNoOtherReportAndAreUsedUpByTheTry) {
  const std::string target = url();
  std::string other = target;
  other.replace(other.find(ids.at("a/report.html")), 16, ids.at("b/report.html"));
  EXPECT_EQ(open(other).status, 404);
  EXPECT_EQ(open(target).status, 404);
}

TEST_F(Tickets, OfSomebodyWhoWasDisabledOpenNothing) {
  const std::string target = url("otto");
  server.accounts->set_enabled("otto", false);
  EXPECT_EQ(open(target).status, 404);
}

TEST_F(Tickets, AreRefusedWhereTheyAreMadeUp) {
  for (const std::string& ticket :
       {std::string(43, 'A'), std::string(42, 'A'), std::string("..%2F..%2Fetc"), std::string(43, '\'')})
    EXPECT_GE(open("/api/reports/" + ids.at("a/report.html") + "/page/" + ticket).status, 400) << ticket;
  server.ask("POST", "/api/reports/0123456789abcdef/ticket", "vera", nullptr, 404);
  EXPECT_EQ(
      server.answer(server.request("POST", "/api/reports/" + ids.at("a/report.html") + "/ticket", "")).status,
      401);
}

TEST_F(Tickets, LeaveNoTraceInLogOrLedger) {
  const std::uint64_t before = server.last_event();
  const std::string target = url();
  Trace trace;
  const Response page = server.router->answer(server.request("GET", target, ""), &trace);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(trace.route, "/api/reports/{id}/page/{ticket}");
  EXPECT_EQ(server.last_event(), before);
}

TEST_F(Tickets, ThePageRunsItsOwnScriptsAndNothingElse) {
  const std::string policy = header(open(url()), "Content-Security-Policy");
  EXPECT_EQ(policy.find("script-src 'unsafe"), std::string::npos) << policy;
  // printf 'draw()' | openssl dgst -sha256 -binary | base64
  EXPECT_NE(policy.find("script-src 'sha256-jm3FkV4tNIdBUr8jRVVl5n9PUixlaxTWD0pdpFiSH5A='"),
            std::string::npos)
      << policy;
  EXPECT_TRUE(policy.starts_with("sandbox allow-scripts; default-src 'none';")) << policy;
  EXPECT_EQ(policy.find("allow-same-origin"), std::string::npos);
  EXPECT_NE(report_policy("<p>no script</p>").find("script-src 'none'"), std::string::npos);
  EXPECT_NE(report_policy("<SCRIPT type=\"application/json\">{}</SCRIPT>").find("script-src 'none'"),
            std::string::npos);
  EXPECT_NE(report_policy("<script>never closed").find("script-src 'none'"), std::string::npos);
}

TEST(ReportTicketsTest, OldOnesMakeRoom) {
  ReportTickets tickets;
  std::vector<std::string> secrets;
  for (std::size_t i = 0; i <= ReportTickets::most_of_a_user; ++i)
    secrets.push_back(tickets.issue("r", "vera", static_cast<TimeMs>(i)).secret);
  EXPECT_FALSE(tickets.redeem("r", secrets.front(), 100));
  EXPECT_EQ(tickets.redeem("r", secrets.back(), 100), "vera");
  EXPECT_FALSE(tickets.redeem("r", secrets[5], -second_ms)) << "the clock stepped back";
}

// The gate's checks

TEST_F(Studies, EachCheckTellsWhatWasMeasuredAndWhatWasNeeded) {
  validation::GateReport report;
  report.verdict = validation::Verdict::reject;
  report.summary = "No.";
  report.checks.push_back(
      {"improvement",
       2,
       "Large enough",
       validation::Outcome::failed,
       {{"difference", "Difference", validation::Unit::ratio, stats::Metric::of(0.01)},
        {"difference_needed", "Difference needed", validation::Unit::ratio, stats::Metric::of(0.02)}},
       "Too little."});
  report.checks.push_back(
      {"probability",
       2,
       "Better",
       validation::Outcome::lacking,
       {{"confidence", "Confidence", validation::Unit::probability, stats::Metric::of(0.5)},
        {"confidence_needed", "Needed", validation::Unit::probability, stats::Metric::of(0.95)},
        {"difference_low", "Lower", validation::Unit::ratio, stats::Metric::of(-0.3)}},
       "Luck."});
  report.checks.push_back({"unseen",
                           1,
                           "Unseen",
                           validation::Outcome::passed,
                           {{"days_seen", "Seen", validation::Unit::days, stats::Metric::of(0)}},
                           "None."});
  report.checks.push_back(
      {"track_record",
       4,
       "Enough",
       validation::Outcome::lacking,
       {{"days", "Days", validation::Unit::days, stats::Metric::of(50)},
        {"days_needed", "Needed", validation::Unit::days, stats::Metric::absent("not ahead")},
        {"minimum_days", "Least", validation::Unit::days, stats::Metric::of(90)}},
       "Too few."});
  const Json view = gate_view(Json::parse(validation::to_json(report)));
  const JsonSchema schema(gate_view_schema().dump(), {});
  EXPECT_TRUE(schema.faults(nlohmann::json::parse(view.dump()), "view").empty());
  const Json& improvement = view["checks"][0];
  EXPECT_EQ(improvement["passed"], false);
  EXPECT_EQ(improvement["measured"]["value"], 0.01);
  EXPECT_EQ(improvement["needed"]["value"], 0.02);
  EXPECT_EQ(improvement["needed"]["relation"], "at_least");
  EXPECT_EQ(improvement["interval"]["low"], -0.3);
  EXPECT_EQ(improvement["interval"]["level"], 0.95);
  EXPECT_EQ(view["checks"][1]["passed"], nullptr);
  EXPECT_EQ(view["checks"][2]["needed"]["value"], 0);
  EXPECT_EQ(view["checks"][2]["passed"], true);
  EXPECT_EQ(view["checks"][3]["needed"]["value"], 90);
}

TEST_F(Studies, WhateverAReportHoldsTheViewFitsItsSchema) {
  const JsonSchema schema(gate_view_schema().dump(), {});
  for (const char* text :
       {R"({"verdict":"reject"})", R"({"verdict":"reject","checks":7,"days":"x","config":[]})",
        R"({"verdict":"promote","checks":[null,7,{"check":7,"outcome":"new","figures":[1]},
            {"check":"drawdown","figures":{"limit":{"value":"x"},"proposed":{"value":null,"reason":7}}},
            {"check":"unseen","part":"x","figures":{}},{"check":"track_record","figures":{"days":7}}]})"}) {
    const Json view = gate_view(Json::parse(text));
    ASSERT_TRUE(view.is_object()) << text;
    for (const std::string& fault : schema.faults(nlohmann::json::parse(view.dump()), "view"))
      ADD_FAILURE() << text << ": " << fault;
  }
  for (const char* text : {"null", "7", "[]", "{}", R"({"verdict":"maybe"})"})
    EXPECT_TRUE(gate_view(Json::parse(text)).is_null()) << text;
}

// Models and experiments

TEST_F(Studies, ARunIsListedWithItsModelReportAndCurves) {
  const std::filesystem::path run = server.folder.path() / "runs" / "ppo";
  write("runs/ppo/models/ppo_stevie.zip", "zip");
  write("runs/ppo/checkpoints/ppo.zip", "zip");
  write("runs/ppo/report.html", "<html></html>");
  write("runs/ppo/training_results.json", R"({"algorithm":"PPO","symbol":"BTC/USDT","data":"bars.csv",
    "synthetic":false,"timesteps":4096,"best_timesteps":2048,
    "configuration":{"ppo.seed":"7","ppo.gamma":"0.99"},
    "updates":[{"timesteps":2048,"loss":0.5}],
    "evaluations":[{"timesteps":2048,"mean_reward":0.1,"best":true}],
    "validation":{"sentence":"It beat cash."},
    "test":{"verdict":"fine","results":[{"key":"strategy","trades":12,
      "metrics":{"sharpe":{"value":1.5,"low":0.5,"high":2.5},"calmar":{"value":null,"reason":"no loss"}}}]}})");
  {
    rl::EventWriter events(run / "tensorboard_logs", "PPO", 1e9);
    for (int step = 0; step < 5000; ++step) events.scalar("train/loss", step == 1234 ? 99.0 : 1.0, step, 1e9);
    events.scalar("time/fps", 5000, 2048, 1e9);
    events.scalar("train/loss", std::numeric_limits<double>::quiet_NaN(), 6000, 1e9);
  }
  const Json list = server.get("/api/experiments");
  ASSERT_EQ(list["items"].size(), 1U);
  const Json& item = list["items"][0];
  EXPECT_EQ(item["kind"], "train");
  EXPECT_EQ(item["state"], "finished");
  EXPECT_EQ(item["title"], "PPO on BTC/USDT");
  EXPECT_EQ(item["seed"], 7);
  EXPECT_EQ(item["metrics"]["sharpe"]["high"], 2.5);
  EXPECT_EQ(item["metrics"]["calmar"]["reason"], "no loss");
  EXPECT_EQ(item["config_hash"].get<std::string>().size(), 64U);
  const Json models = server.get("/api/models");
  ASSERT_EQ(models["items"].size(), 1U) << "a checkpoint is no model";
  const Json& model = models["items"][0];
  EXPECT_EQ(model["id"], item["model"]);
  EXPECT_EQ(model["experiment"], item["id"]);
  EXPECT_EQ(model["report"], item["report"]);
  EXPECT_EQ(model["report"], server.get("/api/reports")["items"][0]["id"]);
  EXPECT_EQ(model["test"]["sharpe"]["value"], 1.5);
  EXPECT_EQ(model["seed"], 7);
  EXPECT_EQ(model["active"], false);
  EXPECT_EQ(server.get("/api/models/active")["strategy"], "rules");

  const Json curves = server.get("/api/models/" + model["id"].get<std::string>() + "/curves");
  EXPECT_EQ(curves["source"], "tensorboard");
  bool found = false;
  for (const Json& curve : curves["curves"]) {
    EXPECT_EQ(curve["steps"].size(), curve["values"].size());
    if (curve["tag"] != "train/loss") continue;
    found = true;
    EXPECT_EQ(curve["points"], 5000) << "what is no number is left out";
    EXPECT_LE(curve["steps"].size(), 602U);
    EXPECT_NE(std::ranges::find(curve["values"], Json(99.0)), curve["values"].end()) << "extremes stay";
  }
  EXPECT_TRUE(found);
  const Json detail = server.get("/api/experiments/" + item["id"].get<std::string>());
  EXPECT_EQ(detail["curves"], curves["curves"]);
  EXPECT_EQ(detail["settings"][0]["name"], "ppo.gamma");
  std::filesystem::remove_all(run / "tensorboard_logs");
  EXPECT_EQ(server.get("/api/models/" + model["id"].get<std::string>() + "/curves")["source"],
            "training_results");
}

TEST_F(Studies, ASearchShowsItsCandidatesAndTheBestSoFar) {
  write("runs/optimize/x/results.json", R"({"format":"stevie-optimize","scenario":{"id":"quick_tune",
    "title":"Quick Tune","minutes":1},"changed_settings":{"optimize.pairs":"4"},
    "data":[{"file":"bars.csv","synthetic":true}],"outcome":{"sentence":"Nothing better."},"notes":["A note."],
    "search":{"method":"pgpe","seed":3,"proposals":3,"running_reward":0.2,"best":1,
      "history":[{"mean_reward":0.1,"best_so_far":0.3,"spread":[0.2,0.4]},{"mean_reward":0.2,"best_so_far":0.5}],
      "candidates":[{"reward":0.3},{"reward":0.5},{"reward":null},"damaged"]}})");
  write("runs/optimize/y/state.bin", "not finished");
  const Json list = server.get("/api/experiments?kind=optimize");
  ASSERT_EQ(list["items"].size(), 2U);
  const std::size_t at = list["items"][0]["state"] == "finished" ? 0 : 1;
  const Json& done = list["items"][at];
  EXPECT_EQ(list["items"][1 - at]["state"], "unfinished");
  EXPECT_EQ(done["title"], "Quick Tune");
  EXPECT_EQ(done["metrics"]["best_reward"]["value"], 0.5);
  EXPECT_EQ(done["synthetic"], true);
  const Json detail = server.get("/api/experiments/" + done["id"].get<std::string>());
  std::map<std::string, Json> curves;
  for (const Json& curve : detail["curves"]) curves[curve["tag"]] = curve;
  EXPECT_EQ(curves.at("search/best_so_far")["values"], (Json{0.3, 0.5}));
  EXPECT_EQ(curves.at("search/candidate")["steps"], (Json{1, 2}));
  EXPECT_EQ(detail["notes"], Json{"A note."});
  EXPECT_TRUE(server.get("/api/experiments?kind=train")["items"].empty());
  server.ask("GET", "/api/experiments?kind=other", "vera", nullptr, 400);
  server.ask("GET", "/api/experiments/0123456789abcdef", "vera", nullptr, 404);
}

TEST_F(Studies, HostileResultsAreShownAsFarAsTheyCanBe) {
  const std::vector<std::string> texts{
      "",
      "null",
      "[]",
      "{",
      std::string(10'000, '['),
      "\xff\xfe",
      R"({"search":7,"scenario":[],"data":{}})",
      R"({"search":{"history":[7,{"best_so_far":1e999}],"candidates":{"a":1},"best":99999999999999999999}})",
      R"({"search":{"candidates":[],"best":5},"data":[7,null,{"file":7}],"notes":7,"outcome":"x"})",
      R"({"scenario":{"title":"\u001b[2J<script>"},"test":{"results":[7]},"configuration":{"ppo.seed":"-1"}})",
      R"({"timesteps":-5,"updates":[{"timesteps":1e300,"loss":"x"}],"evaluations":[7,{"timesteps":null}]})"};
  int number = 0;
  for (const std::string& text : texts) {
    for (const char* name : {"results.json", "training_results.json", "evaluation.json", "gate_study.json"})
      write(fmt::format("runs/{}-{}/{}", number, name, name), text);
    write(fmt::format("runs/{}-training_results.json/tensorboard_logs/PPO_1/events.out.tfevents.1", number),
          text);
    write(fmt::format("runs/{}-training_results.json/models/a.zip", number), text);
    ++number;
  }
  std::filesystem::create_symlink("/etc", server.folder.path() / "runs" / "etc");
  std::string cursor;
  std::size_t seen = 0;
  do {
    const Json page = server.get("/api/experiments?limit=20" + cursor);
    for (const Json& item : page["items"]) {
      ++seen;
      server.get("/api/experiments/" + item["id"].get<std::string>());
      EXPECT_EQ(item.dump().find('\x1b'), std::string::npos);
    }
    cursor = page["next_cursor"].is_null() ? "" : "&cursor=" + page["next_cursor"].get<std::string>();
  } while (!cursor.empty());
  EXPECT_EQ(seen, texts.size() * 4);
  const Json models = server.get("/api/models?limit=500");
  for (const Json& model : models["items"])
    server.get("/api/models/" + model["id"].get<std::string>() + "/curves");
}

}  // namespace
}  // namespace stevie::api
