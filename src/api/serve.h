#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/config.h"
#include "core/service_manager.h"

namespace stevie::api {

/// What `stevie serve` is asked to do.
struct ServeRequest {
  app::Config config;  // sections live, risk, server, accounts, sessions, ledger and what they stand on
  std::filesystem::path program;  // this binary: training workers are started from it
  std::string config_file;        // --config and --set as given, handed to the workers
  std::vector<std::string> settings;
  std::vector<std::string> environment;  // "NAME=text"; workers get what they need of it
  bool exit_at_end = false;              // ends with the feed
  bool quiet = false;                    // tells no progress
  std::ostream* out = nullptr;           // address, account, token: at the start
  std::ostream* err = nullptr;           // what happens
  ServiceManager* manager = nullptr;     // may be nullptr
};

/// Trades, trains and answers until the first SIGINT or SIGTERM under the caller's InterruptGuard, or until
/// the feed ends where exit_at_end asks for that. Then it stops in order: training sessions are interrupted
/// with their state saved, the loop ends at the boundary of a step, requests under way are answered. SIGHUP
/// reads the TLS certificate again.
///
/// Everything is opened and checked before anything starts; what is wrong is thrown as one Error - its own
/// where there is a single fault, "api.cannot_serve" with all of them where there are several,
/// "api.unreachable" where each of these is a database that is not up yet: "file.in_use" where another server
/// is at work on the ledger or in the folder of the journals, and what AccountStore, LiveService,
/// TrainingSessions and Server throw.
///
/// Returns the exit code: 0, or 1 where trading had stopped by itself with a fault.
int serve(const ServeRequest& request);

/// The OpenAPI document of this program, as /api/openapi.json of a server gives it. Opens nothing.
std::string openapi_of_this_program();

}  // namespace stevie::api
