#include "api/route_context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>

#include "api/report_tickets.h"
#include "app/comparison_desk.h"
#include "app/experiments.h"
#include "core/error.h"
#include "core/printable.h"
#include "market/symbol.h"

namespace stevie::api {

using accounts::Role;

RecommendationCache::~RecommendationCache() {
  if (worker_.joinable()) worker_.join();
}

RecommendationCache::Answer RecommendationCache::latest() const {
  const std::lock_guard lock(mutex_);
  return answer_;
}

RecommendationCache::Answer RecommendationCache::get(std::uint64_t parameter_version,
                                                     std::chrono::milliseconds patience) {
  const std::int64_t hour = services_.now() / hour_ms;
  std::unique_lock lock(mutex_);
  if (!measuring_ && (version_ != parameter_version || hour_ != hour)) {
    if (worker_.joinable()) worker_.join();
    measuring_ = true;
    worker_ = std::thread([this, parameter_version, hour] { measure(parameter_version, hour); });
  }
  done_.wait_for(lock, patience, [this] { return !measuring_; });
  return answer_;
}

void RecommendationCache::measure(std::uint64_t version, std::int64_t hour) {
  constexpr int lowest_priority = 19;
  setpriority(PRIO_PROCESS, 0, lowest_priority);  // of this thread: trading goes first
  Answer answer;
  try {
    if (services_.data.empty())
      throw Error("app.no_data", "no bars are configured to measure on: name them in live.data");
    app::RecommendRequest request;
    request.data = services_.data.front();
    request.config = services_.config;
    answer.recommendation = app::recommend(request);
  } catch (const Error& error) {
    answer.note = printable(error.what());
  } catch (const std::exception&) {
    answer.note = "the measurement failed";
  }
  answer.measured = services_.now();
  if (services_.news != nullptr) {
    const Json told{
        {"scenario", answer.recommendation ? Json(answer.recommendation->scenario) : Json(nullptr)},
        {"note", answer.note}};
    services_.news->publish("sessions", "session.recommended", told.dump());
  }
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  version_ = version;
  hour_ = hour;
  measuring_ = false;
  done_.notify_all();
}

RouteContext::RouteContext(Services& all)
    : services(all),
      ledger(all.config.ledger),
      recommendation(all),
      comparisons(std::make_unique<app::ComparisonDesk>(app::ComparisonDesk::Parts{.now = all.now})),
      experiments(std::make_unique<app::ExperimentList>()),
      tickets(std::make_unique<ReportTickets>()) {
  auto none = std::make_shared<live::LiveView>();
  none->mode = "none";
  none->text = "this server does not trade";
  none->risk_why = "this server does not trade";
  no_view_ = std::move(none);
}

RouteContext::~RouteContext() = default;

std::vector<std::filesystem::path> RouteContext::roots() const {
  return {services.reports, services.models, services.config.sessions.folder};
}

std::vector<std::filesystem::path> RouteContext::model_roots() const {
  return {services.models, services.reports, services.config.sessions.folder};
}

std::shared_ptr<const live::LiveView> RouteContext::view() const {
  std::shared_ptr<const live::LiveView> view;
  if (services.live != nullptr) view = services.live->view();
  return view ? view : no_view_;
}

live::LiveEngine& RouteContext::live() const {
  if (services.live == nullptr) throw Error("live.not_running", "this server does not trade");
  return *services.live;
}

app::TrainingSessions& RouteContext::sessions() const {
  if (services.sessions == nullptr) throw Error("api.unavailable", "this server runs no training sessions");
  return *services.sessions;
}

accounts::AccountStore& RouteContext::accounts() const {
  if (services.accounts == nullptr) throw Error("api.unavailable", "this server has no accounts");
  return *services.accounts;
}

notify::Notifier& RouteContext::notifier() const {
  if (services.notifier == nullptr) throw Error("api.unavailable", "this server sends no notifications");
  return *services.notifier;
}

std::uint64_t RouteContext::parameter_version() const {
  const std::uint64_t traded = view()->parameter_version;
  const std::lock_guard lock(mutex_);
  return std::max(version_, traded);
}

void RouteContext::heard_of_version(std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  version_ = std::max(version_, version);
}

void RouteContext::catch_up() {
  try {
    ledger.use([this](app::LedgerPool::Connection& connection) { history_.catch_up(connection.ledger()); });
  } catch (const Error& error) {
    const bool known = history_.read([](const app::LiveLife& life) { return life.traded(); });
    if (!known || !error.code().starts_with("ledger.")) throw;
  }
}

std::vector<app::SymbolCloses> RouteContext::closes() {
  return life([this](const app::LiveLife& life) {
    return services.live != nullptr ? app::traded_closes(life, services.live->bars())
                                    : app::recorded_closes(life, services.config.live.folder);
  });
}

std::string recorded_symbol(RouteContext& context, const std::string& text) {
  std::string symbol = market::canonical_symbol(text);
  const bool recorded = context.life([&](const app::LiveLife& life) { return life.book(symbol) != nullptr; });
  return recorded ? symbol : traded_symbol(context, text);
}

Json traded_symbol_schema() {
  return schema::pattern("Such as BTCUSDT or BTC/USDT", "^[A-Za-z0-9/:_.-]{2,64}$", 64);
}

std::string traded_symbol(const RouteContext& context, const std::string& text) {
  std::string symbol = market::canonical_symbol(text);
  const std::vector<std::string>& traded = context.view()->symbols;
  if (std::ranges::find(traded, symbol) == traded.end()) {
    throw Error("api.not_found",
                fmt::format("{} is not traded here; traded: {}", symbol,
                            traded.empty() ? "nothing" : fmt::format("{}", fmt::join(traded, ", "))));
  }
  return symbol;
}

Response changed_parameters(const Context& context, const live::ParameterStore& store,
                            const live::ParameterVersion& after) {
  context->heard_of_version(after.number);
  return json_response(version_change_json(store.version(after.parent), after));
}

void wait_for_loop(const RouteContext& context, const std::function<bool(const live::LiveView&)>& done) {
  constexpr auto patience = std::chrono::milliseconds(500), pause = std::chrono::milliseconds(5);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (context.services.live != nullptr && !done(*context.view()) &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(pause);
}

Response json_response(const Json& json, int status) {
  Response response;
  response.status = status;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

Json body_of(const Request& request) {
  return Json::parse(request.body);
}

void require_plain(const std::string& text, std::string_view what) {
  if (printable(text) != text || text.find_first_of("\n\t") != std::string::npos)
    throw Error("api.bad_body",
                fmt::format("{} holds control characters: write it as one line of plain text", what));
}

live::Signature signature(const Request& request, const std::string& reason) {
  require_plain(reason, "the reason");
  if (reason.find_first_not_of(' ') == std::string::npos)
    throw Error("api.bad_body", "the reason is blank: say why");
  return {request.principal ? request.principal->user : std::string(), reason};
}

std::uint64_t whole_number(const std::string& text, std::string_view name) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (fault != std::errc() || stop != end || text.empty())
    throw Error("api.bad_parameter", fmt::format("{} is no whole number", name));
  return value;
}

std::optional<std::uint64_t> optional_number(const Request& request, const std::string& name) {
  const std::string text = query_text(request, name);
  if (text.empty()) return std::nullopt;
  return whole_number(text, name);
}

std::string query_text(const Request& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

std::optional<TimeMs> query_time(const Request& request, const std::string& name) {
  const std::string text = query_text(request, name);
  if (text.empty()) return std::nullopt;
  return parse_time(text);
}

PageRequest page_request(const Request& request) {
  constexpr std::size_t most = 500;
  PageRequest page;
  if (const auto limit = optional_number(request, "limit"))
    page.limit = std::clamp<std::size_t>(*limit, 1, most);
  const std::string cursor = query_text(request, "cursor");
  if (cursor.empty()) return page;
  constexpr std::size_t longest = 19;
  const bool digits = std::ranges::all_of(cursor.substr(1), [](char c) { return c >= '0' && c <= '9'; });
  if (cursor.size() < 2 || cursor.size() > longest || cursor[0] != 'c' || !digits)
    throw Error("api.bad_cursor", "the cursor is none that next_cursor gave: begin again without one");
  page.cursor = whole_number(cursor.substr(1), "cursor");
  return page;
}

Json page_json(Json items, std::uint64_t next_cursor) {
  return {{"items", std::move(items)},
          {"next_cursor", next_cursor == 0 ? Json(nullptr) : Json("c" + std::to_string(next_cursor))}};
}

std::vector<ParameterSpec> page_parameters() {
  return {
      query_parameter("limit", "How many at most", schema::integer("", 1, 500), "50"),
      query_parameter("cursor", "next_cursor of the page before", schema::pattern("", "^c[0-9]{1,18}$", 19))};
}

Route make_route(Method method, std::string path, std::string tag, std::string summary,
                 std::optional<Role> role) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.tag = std::move(tag);
  route.summary = std::move(summary);
  route.role = role;
  return route;
}

ParameterSpec query_parameter(std::string name, std::string description, const Json& schema,
                              std::string default_text, bool required) {
  ParameterSpec spec;
  spec.name = std::move(name);
  spec.description = std::move(description);
  spec.schema = schema.dump();
  spec.default_text = std::move(default_text);
  spec.required = required;
  return spec;
}

ParameterSpec path_parameter(std::string name, std::string description, const Json& schema) {
  return query_parameter(std::move(name), std::move(description), schema);
}

ResponseSpec answer(const Json& schema, std::string description, int status) {
  ResponseSpec spec;
  spec.status = status;
  spec.description = std::move(description);
  spec.schema = schema.dump();
  return spec;
}

}  // namespace stevie::api
