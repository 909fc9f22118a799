#include <CLI/CLI.hpp>

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/session_list.h"
#include "cli/commands.h"
#include "cli/signature_flags.h"

namespace stevie::cli {
namespace {

constexpr int most_shown = 1'000'000;

void add_list(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::size_t last = 20;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("list", "Print the sessions with their state, newest first");
  command->add_option("--last", flags->last, "How many")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON array");
  command->footer("Example:\n  stevie sessions list --last 5");
  command->callback([flags, &context] {
    const auto sessions = app::sessions_on(app::load_config(context.layers()).ledger, flags->last);
    context.out << (flags->json ? app::sessions_json(sessions) : app::sessions_text(sessions));
  });
}

void add_show(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string id;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("show", "Print everything about one session");
  command->add_option("id", flags->id, "Its name in `stevie sessions list`")->required();
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer("Example:\n  stevie sessions show 20260304-050607-quick_tune");
  command->callback([flags, &context] {
    const app::TrainingSession session =
        app::session_on(app::load_config(context.layers()).ledger, flags->id);
    context.out << (flags->json ? app::session_json(session) + "\n" : app::session_text(session));
  });
}

/// What --set says of a session goes to its worker; the rest is for this command.
std::map<std::string, std::string> session_settings(const CommandContext& context) {
  std::map<std::string, std::string> settings;
  for (const std::string& text : context.settings) {
    const ConfigSetting setting = parse_setting(text, "flag --set");
    const std::string section = setting.key.substr(0, setting.key.find('.'));
    if (section != "ledger" && section != "sessions" && section != "live")
      settings[setting.key] = setting.text;
  }
  return settings;
}

void add_start(CLI::App& family, CommandContext& context) {
  struct Flags {
    app::SessionRequest request;
    SignatureFlags signature;
    bool train = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand(
      "start", "Queue a session; a running `stevie serve` on the same ledger works it off");
  command->add_option("scenario", flags->request.scenario,
                      "Scenario of `stevie optimize --list`, or recommended");
  command->add_flag("--train", flags->train, "Train a policy with PPO instead; no scenario then");
  command
      ->add_option("--data", flags->request.data,
                   "File of bars; again for each further symbol (default: those that the server trades on)")
      ->expected(1)
      ->take_all();
  command->add_option("--minutes", flags->request.minutes, "Search at most so long");
  command->add_option("--episodes", flags->request.episodes, "Update at most so often");
  command->add_flag("--dry-run", flags->request.dry_run, "Search and judge, but apply nothing");
  add_signature(*command, flags->signature);
  command->footer(
      "Settings of the search are given with --set, as in --set optimize.seed=2.\n\n"
      "Example:\n  stevie sessions start quick_tune --data data/BTCUSDT_1h.csv.gz --reason \"calmer "
      "market\"");
  command->callback([flags, &context] {
    app::SessionRequest request = flags->request;
    if (flags->train) request.kind = "train";
    request.by = signature(context, flags->signature);
    request.settings = session_settings(context);
    const app::Config config = app::load_config(context.layers());
    context.out << app::start_session_on(config, context.config_file, request)
                << ": queued; a running `stevie serve` works it off, `stevie sessions list` tells how far it "
                   "is\n";
  });
}

void add_stop(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string id;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("stop", "Take a session out of the queue, or interrupt it");
  command->add_option("id", flags->id, "Its name in `stevie sessions list`")->required();
  add_signature(*command, flags->signature);
  command->footer(
      "Parameters are not touched. A running session saves what it has found.\n\n"
      "Example:\n  stevie sessions stop 20260304-050607-quick_tune --reason \"wrong bars\"");
  command->callback([flags, &context] {
    context.out << app::stop_session_on(app::load_config(context.layers()).ledger, flags->id,
                                        signature(context, flags->signature))
                << "\n";
  });
}

}  // namespace

void add_sessions_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("sessions", "Queue, watch and stop training sessions of a server");
  family->require_subcommand(1);
  family->footer("Example:\n  stevie sessions list\n\n`stevie sessions COMMAND --help` tells more.");
  add_list(*family, context);
  add_show(*family, context);
  add_start(*family, context);
  add_stop(*family, context);
}

}  // namespace stevie::cli
