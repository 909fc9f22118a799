#include "api/serve.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <thread>

#include "accounts/accounts.h"
#include "api/idempotency.h"
#include "api/router.h"
#include "api/routes.h"
#include "api/serve_console.h"
#include "api/serve_metrics.h"
#include "api/server.h"
#include "app/ledger_pool.h"
#include "app/live_service.h"
#include "app/news.h"
#include "app/notifications.h"
#include "app/training_sessions.h"
#include "core/clock.h"
#include "core/error_list.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "ledger/url.h"

namespace stevie::api {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds look_every{100};
constexpr TimeMs status_every = 5 * second_ms;
constexpr std::size_t news_kept = 10'000;
constexpr TimeMs microseconds = 1000;  // in a millisecond

/// Where what belongs to the ledger lies beside it: "/var/lib/stevie/stevie.db" + ending.
fs::path beside_ledger(const ledger::LedgerConfig& config, const std::string& ending) {
  const ledger::Location location = ledger::parse_url(config.url);
  fs::path folder = config.head_folder;
  if (folder.empty()) folder = location.file.empty() ? fs::path(".") : location.file.parent_path();
  return folder / (location.name + ending);
}

/// The file of a SQLite ledger; empty where it is none.
fs::path ledger_file(const ledger::LedgerConfig& config) {
  return ledger::parse_url(config.url).file;
}

/// What of a changing call goes on record: never its body, which may hold a password, but for the reason.
std::string call_body(const Route& route, const Request& request, int status) {
  nlohmann::json body{{"route", route.path},
                      {"method", std::string(to_string(route.method))},
                      {"path", request.path},
                      {"request_id", request.id}};
  if (status != 0) body["status"] = status;
  const nlohmann::json asked = nlohmann::json::parse(request.body, nullptr, false);
  if (asked.is_object() && asked.contains("reason") && asked["reason"].is_string())
    body["reason"] = asked["reason"];
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Everything that `stevie serve` consists of, in the order in which it must be made and the reverse of which
/// it is taken down.
class Serving {
 public:
  explicit Serving(const ServeRequest& request) : request_(request), config_(request.config) { open(); }
  ~Serving() { end_training(); }  // where run() was left by a fault
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  int run();

 private:
  void open();
  void open_router();
  std::vector<HealthCheck> checks();
  std::vector<std::function<std::string()>> metrics();
  std::string ledger_metrics() const;
  void print_start();
  void print_setup_token();
  bool over() const;
  void reload_certificate();
  void stop();
  void end_training();

  const ServeRequest& request_;
  app::Config config_;
  std::optional<FileLock> ledger_lock_;
  std::optional<FolderLock> folder_lock_;
  app::NewsHub news_{news_kept, static_cast<std::uint64_t>(system_time() * microseconds)};
  std::optional<app::LedgerPool> ledgers_;
  std::unique_ptr<accounts::AccountStore> accounts_;
  std::unique_ptr<app::LiveService> live_;
  std::unique_ptr<app::TrainingSessions> sessions_;
  std::unique_ptr<app::Notifications> notifications_;
  std::unique_ptr<IdempotencyStore> idempotency_;
  Services services_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Server> server_;
  std::thread training_;
};

void Serving::open() {
  ErrorList faults;
  faults.collect([this] { ledger_lock_.emplace(beside_ledger(config_.ledger, ".serving")); });
  faults.collect([this] {
    fs::create_directories(config_.live.folder);
    folder_lock_.emplace(config_.live.folder);
  });
  faults.throw_any("api.cannot_serve", "faults keep this server from starting:");  // another one is at work

  bool is_lasting = false;  // there is a fault that another start would find again
  const auto collect = [&](const auto& work) {
    return faults.collect([&] {
      try {
        work();
      } catch (const Error& error) {
        is_lasting =
            is_lasting || !(error.code().ends_with("unreachable") || error.code().ends_with(".locked"));
        throw;
      }
    });
  };
  collect([this] { accounts_ = accounts::AccountStore::open(config_.accounts); });
  collect([this] { live_ = std::make_unique<app::LiveService>(config_, &news_); });
  ledgers_.emplace(config_.ledger);
  collect([this] {
    sessions_ = std::make_unique<app::TrainingSessions>(
        app::TrainingSessions::Parts{.config = config_.sessions,
                                     .ledger = config_.ledger,
                                     .program = request_.program.string(),
                                     .config_file = request_.config_file,
                                     .settings = request_.settings,
                                     .environment = request_.environment,
                                     .default_data = config_.live.data,
                                     .news = &news_,
                                     .now = system_time});
  });
  notifications_ = std::make_unique<app::Notifications>(
      app::Notifications::Parts{.config = config_.notify, .ledger = config_.ledger, .news = &news_});
  collect([this] { idempotency_ = IdempotencyStore::open(config_.server.calls_url); });
  if (accounts_ != nullptr) {
    collect([this] {
      open_router();
      server_ = std::make_unique<Server>(Server::Parts{
          .config = config_.server, .router = router_.get(), .accounts = accounts_.get(), .news = &news_});
    });
  }
  faults.throw_any(is_lasting ? "api.cannot_serve" : "api.unreachable",
                   "faults keep this server from starting:");
}

void Serving::open_router() {
  services_.config = config_;
  services_.accounts = accounts_.get();
  services_.live = live_ == nullptr ? nullptr : live_->engine();
  services_.sessions = sessions_.get();
  services_.news = &news_;
  services_.notifier = &notifications_->notifier();
  services_.now = system_time;
  services_.data = config_.live.data;
  router_ = std::make_unique<Router>(Router::Parts{
      .table = make_routes(services_),
      .accounts = accounts_.get(),
      .record =
          [this](const Route& route, const Request& request, int status) {
            const std::string user = request.principal ? request.principal->user : "nobody";
            ledgers_->use([&](app::LedgerPool::Connection& connection) {
              connection.ledger().append("api.call", call_body(route, request, status), user, system_time());
            });
          },
      .now = system_time,
      .idempotency = idempotency_.get(),
      .checks = checks(),
      .metrics = metrics()});
}

std::vector<HealthCheck> Serving::checks() {
  std::vector<HealthCheck> list;
  list.push_back({"ledger", [this] { return live_->health().ledger_fault; }});
  list.push_back({"sessions", [this] { return sessions_->trouble(); }});
  if (config_.live.feed == "none") return list;
  list.push_back({"trading", [this] {
                    const app::LiveHealth health = live_->health();
                    if (!health.fault.empty()) return health.fault;
                    if (!health.waits_for.empty()) return health.waits_for;
                    return health.running || health.ended
                               ? std::string()
                               : std::string("the trading loop has not started yet");
                  }});
  list.push_back({"recording", [this] { return live_->engine()->view()->persistence_fault; }});
  list.push_back({"account", [this] {
                    const auto view = live_->engine()->view();
                    return view->reconciled || !view->running
                               ? std::string()
                               : std::string(
                                     "account and record do not agree: see /api/live/state, and accept "
                                     "the account if it is right");
                  }});
  list.push_back(
      {"feed", [this] {
         const live::FeedStatus feed = live_->engine()->view()->feed;
         const bool well = feed.health == live::FeedHealth::live || feed.health == live::FeedHealth::ended;
         return well ? std::string() : std::string(live::to_string(feed.health)) + ": " + feed.text;
       }});
  return list;
}

std::vector<std::function<std::string()>> Serving::metrics() {
  std::vector<std::function<std::string()>> list;
  list.emplace_back([this] { return service_metrics(live_->health()); });
  if (config_.live.feed != "none")
    list.emplace_back([this] { return live_metrics(*live_->engine()->view()); });
  list.emplace_back([this] { return session_metrics(sessions_->sessions()); });
  list.emplace_back([this] { return ledger_metrics(); });
  return list;
}

std::string Serving::ledger_metrics() const {
  const fs::path file = ledger_file(config_.ledger);
  if (file.empty()) return {};
  std::error_code missing;
  const std::uintmax_t bytes = fs::file_size(file, missing);
  std::string lines;
  if (!missing)
    write_metric(lines, "stevie_ledger_file_bytes", "gauge", "Size of the ledger's SQLite file",
                 static_cast<double>(bytes));
  return lines;
}

void Serving::print_start() {
  std::ostream& out = *request_.out;
  out << "stevie serves at " << server_->url() << "   (the dashboard; /api/docs there shows the API)\n";
  if (config_.live.feed == "none") {
    out << "NO TRADING: live.feed is none; sessions, parameters and the API run\n";
  } else {
    out << "PAPER TRADING: no order leaves this program, no real money is at stake\n";
  }
  for (const std::string& line : live_->description()) out << "  " << line << "\n";
  if (!live_->session().empty()) out << "  session " << live_->session() << "\n";
  out << "  parameters: version " << live_->health().parameter_version << " (stevie params show)\n";
  out << "  ledger: " << ledger::parse_url(config_.ledger.url).shown << "\n";
  print_setup_token();
  out << "Ctrl-C stops it in order; a second one at once\n" << std::flush;
}

void Serving::print_setup_token() {
  const std::optional<std::string> token = accounts_->make_setup_token();
  if (!token) return;
  *request_.out << "There is no user yet. This token makes the first administrator, once, within a day:\n"
                << "  " << *token << "\n"
                << "  curl -sS " << server_->url()
                << "/api/auth/setup -H 'Content-Type: application/json' \\\n"
                << "    -d '{\"token\":\"" << *token
                << "\",\"name\":\"admin\",\"password\":\"CHOOSE ONE\"}'\n";
}

bool Serving::over() const {
  return interrupted() || (request_.exit_at_end && live_->health().ended);
}

int Serving::run() {
  notifications_->start();
  live_->start();
  training_ = std::thread([this] { sessions_->run(); });
  server_->start();
  const HangupGuard hangup;
  print_start();
  ServiceManager* manager = request_.manager;
  ServeConsole console(request_.quiet ? nullptr : request_.err, news_, live_->engine());
  if (manager != nullptr) manager->ready(console.status());
  TimeMs told = system_time(), alive = 0;
  while (!over()) {
    std::this_thread::sleep_for(look_every);
    console.look();
    if (hangup_came()) reload_certificate();
    if (manager == nullptr) continue;
    const TimeMs now = system_time();
    if (manager->alive_every() && std::abs(now - alive) >= *manager->alive_every()) {
      manager->alive();
      alive = now;
    }
    if (std::abs(now - told) >= status_every) {
      manager->status(console.status());
      told = now;
    }
  }
  if (manager != nullptr) manager->stopping("saving sessions and account");
  stop();
  console.look();
  const std::string fault = live_->health().fault;
  *request_.out << console.status() << "\n" << std::flush;
  if (fault.empty()) return 0;
  *request_.err << "stevie: trading had stopped: " << fault << "\n";
  return 1;
}

void Serving::reload_certificate() {
  try {
    server_->reload_tls();
    *request_.err << "the certificate was read again\n" << std::flush;
  } catch (const Error& error) {
    *request_.err << "stevie: " << error.what() << "\n" << std::flush;
  }
}

void Serving::stop() {
  if (!request_.quiet) *request_.err << "stopping: sessions are saved, the loop ends at its next step\n";
  sessions_->stop();
  live_->stop();
  server_->stop();
  end_training();
  notifications_->stop();
}

void Serving::end_training() {
  if (!training_.joinable()) return;
  sessions_->stop();
  training_.join();
}

}  // namespace

int serve(const ServeRequest& request) {
  // A reader of the output that goes away must not end the trading.
  std::signal(SIGPIPE, SIG_IGN);
  Serving serving(request);
  return serving.run();
}

}  // namespace stevie::api
