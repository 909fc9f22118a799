#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "accounts/accounts_testing.h"
#include "api/idempotency.h"
#include "api/json_schema.h"
#include "api/router.h"
#include "api/routes.h"
#include "broker/paper_broker.h"
#include "core/testing.h"
#include "live/replay_feed.h"
#include "live/rule_live_strategy.h"
#include "market/synthetic.h"

namespace stevie::api {

/// For tests: goes in and out of the market every five bars.
class InAndOut : public live::LiveStrategy {
 public:
  void warm_up(const market::Bar&) override {}
  strategy::Decision decide(const strategy::Situation&) override {
    constexpr std::uint64_t stay = 5;
    ++decisions_;
    return strategy::Decision::target(decisions_ / stay % 2 == 0 ? 0.0 : 0.5);
  }
  std::string explanation_json() const override { return R"({"rule":"in and out"})"; }
  std::string summary() const override { return "in and out"; }
  std::uint64_t parameter_version() const override { return 1; }
  std::string parameters_json() const override { return "{}"; }
  std::string save() const override { return std::to_string(decisions_); }
  void restore(const std::string& json) override { decisions_ = std::stoull(json); }
  std::size_t warm_up_bars() const override { return 0; }

 private:
  std::uint64_t decisions_ = 0;
};

/// For tests: a whole server but for its sockets, in a folder of its own: a SQLite ledger, accounts, the
/// queue of sessions (nothing is launched), and a paper account that has traded synthetic days to their end.
class TestServer {
 public:
  using Json = nlohmann::ordered_json;

  explicit TestServer(bool trades = true) {
    services.config.ledger.url = "sqlite:///" + (folder.path() / "stevie.db").string();
    accounts = accounts::AccountStore::open(
        accounts::quick_accounts("sqlite:///" + (folder.path() / "accounts.db").string()), clock.now());
    open_sessions();
    idempotency = IdempotencyStore::open("sqlite:///" + (folder.path() / "calls.db").string(), clock.now());
    if (trades) trade();
    services.accounts = accounts.get();
    services.news = &news;
    open_notifier();
    services.now = clock.now();
    services.reports = folder.path() / "runs";
    services.models = folder.path() / "models";
    add_users();
    own_ledger = ledger::Ledger::open(services.config.ledger);
    router = std::make_unique<Router>(Router::Parts{
        .table = make_routes(services),
        .accounts = accounts.get(),
        .record =
            [this](const Route& route, const Request& request, int status) {
              own_ledger->append("api.call", Json{{"route", route.path}, {"status", status}}.dump(),
                                 request.principal ? request.principal->user : "nobody", clock.time());
            },
        .now = clock.now(),
        .idempotency = idempotency.get()});
  }

  /// A request with the token of a user of this name; of nobody where it is empty.
  RawRequest request(const std::string& method, const std::string& target, const std::string& user,
                     const std::string& body = {}) const {
    RawRequest raw{.method = method, .target = target, .body = body, .address = "127.0.0.1"};
    if (!user.empty()) raw.headers.emplace_back("Authorization", "Bearer " + tokens.at(user));
    if (!body.empty()) raw.headers.emplace_back("Content-Type", "application/json");
    return raw;
  }

  /// Answers and checks the answer against its own documentation.
  Response answer(const RawRequest& raw) {
    Response response = router->answer(raw);
    check(raw, response);
    return response;
  }
  /// The body of an answer that must have this status.
  Json ask(const std::string& method, const std::string& target, const std::string& user,
           const Json& body = nullptr, int status = 200) {
    const Response response = answer(request(method, target, user, body.is_null() ? "" : body.dump()));
    const std::string& text = response.shared_body ? *response.shared_body : response.body;
    EXPECT_EQ(response.status, status) << method << " " << target << ": " << text;
    return text.empty() ? Json() : Json::parse(text, nullptr, false);
  }
  Json get(const std::string& target, const std::string& user = "vera") { return ask("GET", target, user); }
  Json post(const std::string& target, const Json& body, int status = 200, const std::string& user = "otto") {
    return ask("POST", target, user, body, status);
  }

  /// The route of the table that a target leads to; nullptr: none.
  const Route* route_of(const std::string& method, const std::string& target) const {
    const std::vector<std::string> wanted = split(target.substr(0, target.find('?')));
    const Route* found = nullptr;
    for (const Route& route : router->table().routes) {
      const std::vector<std::string> parts = split(route.path);
      if (to_string(route.method) != method || parts.size() != wanted.size()) continue;
      bool matches = true, literal = true;
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool parameter = parts[i].starts_with('{');
        literal = literal && !parameter;
        matches = matches && (parameter || parts[i] == wanted[i]);
      }
      if (matches && (found == nullptr || literal)) found = &route;
    }
    return found;
  }

  /// As the ledger has them now: once more, after a test has written events of its own.
  void open_sessions() {
    app::TrainingSessions::Parts queue;
    queue.config.folder = (folder.path() / "sessions").string();
    queue.ledger = services.config.ledger;
    queue.program = "/bin/false";
    const std::string bars = (folder.path() / "bars.csv").string();
    std::ofstream(bars) << "timestamp,open,high,low,close,volume\n";
    queue.default_data = {bars};
    queue.news = &news;
    queue.now = clock.now();
    sessions = std::make_unique<app::TrainingSessions>(std::move(queue));
    services.sessions = sessions.get();
  }

  /// Sends nothing by itself; a request is kept in `posts` and answered with `post_answer`.
  void open_notifier() {
    services.config.notify.folder = (folder.path() / "notify").string();
    notifier = std::make_unique<notify::Notifier>(notify::Notifier::Parts{
        .config = services.config.notify, .now = clock.now(), .post = [this](const notify::HttpPost& post) {
          posts.push_back(post);
          return post_answer;
        }});
    services.notifier = notifier.get();
  }

  std::uint64_t last_event() const { return own_ledger->read({.last = 1}).back().sequence; }

  TemporaryFolder folder;
  accounts::TestClock clock;
  app::NewsHub news;
  Services services;
  std::unique_ptr<accounts::AccountStore> accounts;
  std::unique_ptr<app::TrainingSessions> sessions;
  std::unique_ptr<IdempotencyStore> idempotency;
  std::vector<notify::HttpPost> posts;
  notify::PostAnswer post_answer{.status = 200};
  std::unique_ptr<notify::Notifier> notifier;
  std::unique_ptr<ledger::Ledger> own_ledger;
  std::unique_ptr<Router> router;
  /// Of vera (viewer), otto (operator), ada (admin), of a login that has ended ("expired") and of a user who
  /// was disabled ("disabled").
  std::map<std::string, std::string> tokens;

 private:
  static std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < path.size();) {
      const std::size_t end = std::min(path.find('/', from + 1), path.size());
      parts.push_back(path.substr(from + 1, end - from - 1));
      from = end;
    }
    return parts;
  }

  void add_users() {
    using accounts::Role;
    const std::string& password = accounts::good_password;
    accounts->add_user("ada", password, Role::admin);
    accounts->add_user("otto", password, Role::operator_role);
    accounts->add_user("vera", password, Role::viewer);
    accounts->add_user("dora", password, Role::admin);
    tokens["expired"] = accounts->login("ada", password, "127.0.0.1").access;
    clock.advance(hour_ms);
    for (const char* name : {"ada", "otto", "vera"})
      tokens[name] = accounts->login(name, password, "127.0.0.1").access;
    tokens["disabled"] = accounts->login("dora", password, "127.0.0.1").access;
    accounts->set_enabled("dora", false);
  }

  void trade() {
    constexpr std::size_t days = 120;
    market::SyntheticConfig market;
    market.bars = days;
    market.interval = day_ms;
    market.symbol = symbol;
    std::vector<market::Bars> bars;
    bars.push_back(market::make_synthetic_market(market).bars);
    feed_ = std::make_unique<live::ReplayFeed>(std::move(bars));
    broker_ = std::make_unique<broker::PaperBroker>(
        broker::PaperConfig{.symbols = {symbol}, .interval = day_ms, .engine = {}});
    live_ledger_ = ledger::Ledger::open(services.config.ledger);
    live::LiveParts parts;
    parts.ledger = live_ledger_.get();
    parts.feed = feed_.get();
    parts.broker = broker_.get();
    parts.risk = &risk_;
    parts.strategies.push_back(std::make_unique<InAndOut>());
    parts.session = "20240101-000000-live";
    parts.clock = clock.now();
    live_ = std::make_unique<live::LiveEngine>(std::move(parts));
    live_->run();
    services.live = live_.get();
  }

  void check(const RawRequest& raw, const Response& response) const {
    const Route* route = route_of(raw.method, raw.target);
    if (route == nullptr || response.status >= 400) {
      EXPECT_GE(response.status, 400);
      EXPECT_EQ(response.content_type, "application/problem+json");
      EXPECT_LT(response.status, 500) << raw.method << " " << raw.target << ": " << response.body;
      return;
    }
    for (const ResponseSpec& spec : route->responses) {
      if (spec.status != response.status) continue;
      if (spec.schema.empty()) return;
      const JsonSchema schema(spec.schema, router->table().schemas);
      const std::string& text = response.shared_body ? *response.shared_body : response.body;
      for (const std::string& fault : schema.faults(nlohmann::json::parse(text), "the answer"))
        ADD_FAILURE() << raw.method << " " << raw.target << " does not fit its schema: " << fault << "\n"
                      << text;
      return;
    }
    ADD_FAILURE() << raw.method << " " << raw.target << " answers " << response.status
                  << ", which is not documented";
  }

  const std::string symbol = "BTC/USDT";
  std::unique_ptr<live::ReplayFeed> feed_;
  std::unique_ptr<broker::PaperBroker> broker_;
  live::RiskEngine risk_{live::RiskLimits{}};
  std::unique_ptr<ledger::Ledger> live_ledger_;
  std::unique_ptr<live::LiveEngine> live_;
};

}  // namespace stevie::api
