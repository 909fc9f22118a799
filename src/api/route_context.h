#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/routes.h"
#include "api/schema.h"
#include "app/ledger_pool.h"
#include "app/live_history.h"
#include "app/live_statistics.h"
#include "app/recommend.h"

namespace stevie::app {
class ComparisonDesk;
class ExperimentList;
}  // namespace stevie::app

namespace stevie::api {

class ReportTickets;

/// The recommended scenario, measured on a thread of its own whenever the parameters or the hour have
/// changed: measuring takes seconds.
class RecommendationCache {
 public:
  explicit RecommendationCache(const Services& services) : services_(services) {}
  ~RecommendationCache();
  RecommendationCache(const RecommendationCache&) = delete;
  RecommendationCache& operator=(const RecommendationCache&) = delete;

  struct Answer {
    std::optional<app::Recommendation> recommendation;
    std::string note;  // why there is none
    TimeMs measured = 0;
  };
  /// What was measured last. Never waits.
  Answer latest() const;
  /// Measures anew where the last measurement is for other parameters or an earlier hour, and waits for it,
  /// `patience` at most.
  Answer get(std::uint64_t parameter_version, std::chrono::milliseconds patience);

 private:
  void measure(std::uint64_t version, std::int64_t hour);

  const Services& services_;
  mutable std::mutex mutex_;
  std::condition_variable done_;
  std::thread worker_;
  bool measuring_ = false;
  Answer answer_{.recommendation = {}, .note = "not measured yet", .measured = 0};
  std::uint64_t version_ = 0;  // that the answer is for
  std::int64_t hour_ = -1;
};

/// What the handlers share.
struct RouteContext {
  explicit RouteContext(Services& all);
  ~RouteContext();
  RouteContext(const RouteContext&) = delete;
  RouteContext& operator=(const RouteContext&) = delete;

  Services& services;
  app::LedgerPool ledger;
  RecommendationCache recommendation;
  std::unique_ptr<app::ComparisonDesk> comparisons;
  std::unique_ptr<app::ExperimentList> experiments;
  std::unique_ptr<ReportTickets> tickets;

  TimeMs now() const { return services.now(); }
  /// Folders that runs and their reports, and models, are looked for in.
  std::vector<std::filesystem::path> roots() const;
  std::vector<std::filesystem::path> model_roots() const;
  /// The live loop's newest view; of a server that does not trade one that says so.
  std::shared_ptr<const live::LiveView> view() const;
  /// Throw Error "live.not_running" and "api.unavailable" where there is none.
  live::LiveEngine& live() const;
  app::TrainingSessions& sessions() const;
  accounts::AccountStore& accounts() const;
  notify::Notifier& notifier() const;

  /// The newest version of the parameters that this process has heard of; 0: none yet.
  std::uint64_t parameter_version() const;
  void heard_of_version(std::uint64_t version);

  /// The text of GET /api/rl-training/status. Never waits for a database; made anew at most every 100 ms, and
  /// only where something has changed.
  std::shared_ptr<const std::string> status_text();

  /// What `read` returns for the life of the live account as it is on record now; as it was known last where
  /// the ledger is out of reach. On a worker thread.
  template <class Read>
  auto life(Read&& read) {
    catch_up();
    return history_.read(std::forward<Read>(read));
  }

  /// The closes on which each symbol was traded: from the loop's bars, else from its journals.
  std::vector<app::SymbolCloses> closes();

 private:
  void catch_up();

  app::LiveHistory history_;
  std::shared_ptr<const live::LiveView> no_view_;
  mutable std::mutex mutex_;
  std::uint64_t version_ = 0;
  std::shared_ptr<const std::string> status_;
  TimeMs status_made_ = 0, status_looked_ = 0;
  std::uint64_t status_news_ = 0, status_version_ = 0;
  TimeMs status_recommended_ = 0;
  std::shared_ptr<const live::LiveView> status_view_;
};
using Context = std::shared_ptr<RouteContext>;

// One function a tag; each is in routes_<tag>.cpp and adds its routes and named schemas.
void add_training_routes(RouteTable& table, const Context& context);
void add_scenario_routes(RouteTable& table, const Context& context);  // tag training too
void add_parameter_routes(RouteTable& table, const Context& context);
void add_comparison_routes(RouteTable& table, const Context& context);  // tag parameters too
void add_session_routes(RouteTable& table, const Context& context);
void add_live_routes(RouteTable& table, const Context& context);
void add_limit_routes(RouteTable& table, const Context& context);       // tag live too
void add_model_routes(RouteTable& table, const Context& context);       // in routes_files.cpp
void add_experiment_routes(RouteTable& table, const Context& context);  // in routes_files.cpp, tag models
void add_report_routes(RouteTable& table, const Context& context);      // in routes_files.cpp
void add_chart_routes(RouteTable& table, const Context& context);       // tag live too
void add_performance_routes(RouteTable& table, const Context& context);
void add_ledger_routes(RouteTable& table, const Context& context);
void add_notification_routes(RouteTable& table, const Context& context);
void add_auth_routes(RouteTable& table, const Context& context);
void add_user_routes(RouteTable& table, const Context& context);  // tag auth too
void add_system_routes(RouteTable& table, const Context& context);

// Shared by several of them.

Json user_json(const accounts::User& user);                // schema User
Json session_answer(const app::TrainingSession& session);  // schema TrainingSession
Json version_change_json(const live::ParameterVersion& before, const live::ParameterVersion& after);
Json recommendation_json(const RecommendationCache::Answer& answer);  // schema Recommendation, or null
Json live_summary_json(const live::LiveView& view);                   // schema LiveSummary
Json fill_json(const broker::Fill& fill);                             // schema Fill
/// Of a symbol that is traded here, in any writing. Throws Error "api.not_found".
std::string traded_symbol(const RouteContext& context, const std::string& text);
/// The same, or of a symbol that the account on record was traded on.
std::string recorded_symbol(RouteContext& context, const std::string& text);
Json traded_symbol_schema();
/// The answer to a change of the parameters; tells the context of the new version.
Response changed_parameters(const Context& context, const live::ParameterStore& store,
                            const live::ParameterVersion& after);

/// Body of a request that starts a session, with `kind` and `scenario` or without.
Json session_start_schema(bool with_scenario);
/// What such a body asks for. Throws Error "app.unknown_scenario". TrainingSessions checks the rest.
app::SessionRequest session_request(const Request& request);
/// Stops the session with this id; empty: the one at work, else the one that came last into the queue.
app::TrainingSession stop_session(const RouteContext& context, std::string id, const live::Signature& person);

/// Waits until the view of the trading loop shows what was asked of it: half a second at most, and not at all
/// without a loop.
void wait_for_loop(const RouteContext& context, const std::function<bool(const live::LiveView&)>& done);

Response json_response(const Json& json, int status = 200);
/// The body, which its schema has accepted.
Json body_of(const Request& request);
/// Who asks, and the reason that the body gives. Throws as require_plain().
live::Signature signature(const Request& request, const std::string& reason);
/// Throws Error "api.bad_body" where the text holds control characters or is no UTF-8.
void require_plain(const std::string& text, std::string_view what);
/// A whole number in path or query. Throws Error "api.bad_parameter".
std::uint64_t whole_number(const std::string& text, std::string_view name);
std::optional<std::uint64_t> optional_number(const Request& request, const std::string& name);
/// Of the query; empty where it was not given.
std::string query_text(const Request& request, const std::string& name);
std::optional<TimeMs> query_time(const Request& request, const std::string& name);

/// Where a list is read on: "" at first, then what next_cursor said.
struct PageRequest {
  std::size_t limit = 50;
  std::uint64_t cursor = 0;  // 0: the first page
};
PageRequest page_request(const Request& request);       // throws Error "api.bad_cursor"
Json page_json(Json items, std::uint64_t next_cursor);  // 0: no more
/// A page of items that are all at hand; `make` turns one into JSON.
template <class Items, class Make>
Json page_of(const Request& request, const Items& items, Make make) {
  const PageRequest page = page_request(request);
  Json list = Json::array();
  std::size_t i = page.cursor;
  for (; i < items.size() && list.size() < page.limit; ++i) list.push_back(make(items[i]));
  return page_json(std::move(list), i < items.size() ? i : 0);
}
std::vector<ParameterSpec> page_parameters();

// Building the table.
Route make_route(Method method, std::string path, std::string tag, std::string summary,
                 std::optional<accounts::Role> role);
ParameterSpec query_parameter(std::string name, std::string description, const Json& schema,
                              std::string default_text = {}, bool required = false);
ParameterSpec path_parameter(std::string name, std::string description, const Json& schema);
ResponseSpec answer(const Json& schema, std::string description, int status = 200);

}  // namespace stevie::api
