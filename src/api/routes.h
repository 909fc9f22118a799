#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "api/route.h"
#include "app/config.h"
#include "app/news.h"
#include "app/training_sessions.h"
#include "live/live_engine.h"
#include "notify/notifier.h"

namespace stevie::api {

/// What the handlers act on.
struct Services {
  app::Config config;
  accounts::AccountStore* accounts = nullptr;
  live::LiveEngine* live = nullptr;  // nullptr: this server does not trade
  app::TrainingSessions* sessions = nullptr;
  app::NewsHub* news = nullptr;
  notify::Notifier* notifier = nullptr;
  std::function<TimeMs()> now;
  std::vector<std::string> data;           // bar files of requests that name none; the first one is judged
                                           // for the recommended scenario
  std::filesystem::path reports = "runs";  // HTML and JSON reports are looked for below it
  std::filesystem::path models = "models";
};

/// The whole API. `services` must outlive the table.
RouteTable make_routes(Services& services);

}  // namespace stevie::api
