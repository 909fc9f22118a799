#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "api/serve.h"
#include "cli/commands.h"
#include "core/interrupt.h"
#include "core/printable.h"

namespace stevie::cli {
namespace {

struct ServeFlags {
  std::vector<std::string> data, symbols;
  bool exit_at_end = false;
};

/// A list as TOML has it: file names may hold commas.
std::string list_text(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    list += list.size() > 1 ? ", \"" : "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') list += '\\';
      list += c;
    }
    list += '"';
  }
  return list + "]";
}

const char* variable(const CommandContext& context, const std::string& name) {
  for (const char* text : context.environment) {
    const std::string_view entry(text);
    if (entry.starts_with(name) && entry.size() > name.size() && entry[name.size()] == '=')
      return text + name.size() + 1;
  }
  return nullptr;
}

int run(const ServeFlags& flags, CommandContext& context) {
  if (!flags.data.empty()) context.flags.push_back({"live.data", list_text(flags.data), "flag --data"});
  if (!flags.symbols.empty())
    context.flags.push_back({"live.symbols", list_text(flags.symbols), "flag --symbol"});
  ServiceManager manager(variable(context, "NOTIFY_SOCKET"), variable(context, "WATCHDOG_USEC"),
                         variable(context, "WATCHDOG_PID"));
  const InterruptGuard guard;
  api::ServeRequest request;
  request.config = app::load_config(context.layers());
  request.program = std::filesystem::read_symlink("/proc/self/exe");
  request.config_file = context.config_file;
  request.settings = context.settings;
  request.environment.assign(context.environment.begin(), context.environment.end());
  request.exit_at_end = flags.exit_at_end;
  request.quiet = context.quiet;
  request.out = &context.out;
  request.err = &context.err;
  request.manager = &manager;
  try {
    return api::serve(request);
  } catch (const Error& error) {
    // A database that is not up yet, unlike a fault of the configuration, is worth another start.
    const std::string& code = error.code();
    if (!code.ends_with("unreachable") && !code.ends_with(".locked")) throw;
    context.err << "stevie: " << printable(error.what()) << "\n";
    return 1;
  }
}

}  // namespace

void add_serve_command(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand(
      "serve", "Trade on paper, train beside it, and be controlled over HTTP, until it is stopped");
  command
      ->add_option("--data", flags->data, "File of bars to replay; again for each further symbol (live.data)")
      ->expected(1)
      ->take_all();
  add_config_flag(*command, context, "--feed", "live.feed", "replay, binance or none");
  command
      ->add_option("--symbol", flags->symbols, "With --feed binance: BTC/USDT; again for more (live.symbols)")
      ->expected(1)
      ->take_all();
  add_config_flag(*command, context, "--interval", "live.interval", "With --feed binance: 1m, 1h, ...");
  add_config_flag(*command, context, "--speed", "live.speed",
                  "Of a replay: seconds of market in a second; 0: as fast as possible");
  add_config_flag(*command, context, "--from", "live.from", "Of a replay: trade no bar before this time");
  add_config_flag(*command, context, "--port", "server.port", "0: any free one");
  add_config_flag(*command, context, "--address", "server.address",
                  "Another than loopback needs TLS and a user");
  add_config_flag(*command, context, "--tls-certificate", "server.tls_certificate", "PEM file");
  add_config_flag(*command, context, "--tls-key", "server.tls_key", "PEM file");
  command->add_flag("--exit-at-end", flags->exit_at_end, "End when the replay is over");
  command->footer(
      "It trades an account that exists on paper only. Account, sessions and parameters are in the ledger: "
      "it\n"
      "goes on where it was when it is started again. SIGINT or SIGTERM stop it in order, a second one at\n"
      "once. Exit code 0: it was stopped, or the replay is over; 1: trading had stopped by itself; 2: it "
      "could\n"
      "not start.\n\n"
      "Example:\n  stevie serve --data data/BTC_USDT_1h.csv.gz --speed 72000\n"
      "  stevie serve --feed binance --symbol BTC/USDT --interval 1m --port 8443 --address 0.0.0.0 \\\n"
      "    --tls-certificate cert.pem --tls-key key.pem");
  command->callback([flags, &context] { context.exit_code = run(*flags, context); });

  CLI::App* document =
      app.add_subcommand("openapi", "Print the OpenAPI 3.1 document of the API, without a server");
  document->footer("Example:\n  stevie openapi > openapi.json");
  document->callback([&context] { context.out << api::openapi_of_this_program() << "\n"; });
}

}  // namespace stevie::cli
