#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/session_kinds.h"
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

struct StartFlags {
  app::SessionRequest request;
  SignatureFlags signature;
  bool train = false;
  std::map<std::string, std::string> numbers;  // of numbers_of(), by name
};

/// Numbers have flags of their own; the settings that take them depend on the kind.
void take_numbers(const StartFlags& flags, app::SessionRequest& request) {
  const std::vector<app::SessionNumber> known = app::numbers_of(request);
  for (const auto& [name, text] : flags.numbers) {
    const auto number = std::ranges::find(known, name, &app::SessionNumber::name);
    if (number == known.end())
      throw Error("app.bad_session", "a session of kind " + request.kind + " has no such number",
                  "flag --" + name);
    if (!request.settings.emplace(number->setting, text).second)
      throw Error("app.bad_session", "--set " + number->setting + " says the same: give one of them",
                  "flag --" + name);
  }
}

void start(const StartFlags& flags, CommandContext& context) {
  app::SessionRequest request = flags.request;
  if (flags.train) request.kind = "train";
  request.by = signature(context, flags.signature);
  request.settings = session_settings(context);
  take_numbers(flags, request);
  const app::Config config = app::load_config(context.layers());
  context.out << app::start_session_on(config, context.config_file, request)
              << ": queued; a running `stevie serve` works it off, `stevie sessions list` tells how far it "
                 "is\n";
}

/// What a training is asked for.
void add_training_flags(CLI::App& command, StartFlags& flags) {
  command
      .add_option("--kind", flags.request.kind,
                  "optimize (the default), or a training: train, bootstrap, clone or ensemble; no scenario "
                  "then")
      ->check(CLI::IsMember(app::session_kinds()));
  command.add_flag("--train", flags.train, "The same as --kind train");
  command.add_option("--algorithm", flags.request.algorithm, "Of kind train: ppo (the default) or dqn");
  command.add_option("--from", flags.request.from,
                     "Of kind train: start from the policy of this model file, such as a clone");
  command.add_option("--expert", flags.request.expert,
                     "Of kind clone: rsi-ma (the default) or a model file, whom to imitate");
  command.add_option(
      "--augment", flags.request.augment,
      "Of kinds train and bootstrap: change the bars of training episodes, as in `stevie train "
      "ppo --augment`");
  command.add_flag("--curriculum", flags.request.curriculum,
                   "Of kinds train and bootstrap: practise calm markets first and turbulent ones last");
  const std::pair<const char*, const char*> numbers[] = {
      {"steps", "Environment steps of each training"},
      {"seeds", "Of kind bootstrap: trainings of each algorithm"},
      {"members", "Of kind ensemble: policies to train"},
      {"epochs", "Of kind clone: epochs at most"},
      {"folds", "Of kind clone: blocks of the cross-validation; 0: none"},
      {"seed", "Of a training: everything random follows from it"}};
  for (const auto& number : numbers) {
    const std::string name = number.first;
    command.add_option_function<std::string>(
        "--" + name, [&flags, name](const std::string& text) { flags.numbers[name] = text; }, number.second);
  }
}

void add_start(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<StartFlags>();
  CLI::App* command = family.add_subcommand(
      "start", "Queue a session; a running `stevie serve` on the same ledger works it off");
  command->add_option("scenario", flags->request.scenario,
                      "Scenario of `stevie optimize --list`, or recommended");
  add_training_flags(*command, *flags);
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
      "Settings of the search or the training are given with --set, as in --set optimize.seed=2.\n\n"
      "Example:\n  stevie sessions start quick_tune --data data/BTCUSDT_1h.csv.gz --reason \"calmer "
      "market\"\n"
      "  stevie sessions start --kind train --algorithm dqn --steps 500000 --data data/BTCUSDT_1h.csv.gz\n"
      "  stevie sessions start --kind bootstrap --seeds 5 --data data/BTCUSDT_1h.csv.gz\n"
      "  stevie sessions start --kind clone --expert rsi-ma --folds 5 --data data/BTCUSDT_1h.csv.gz\n"
      "  stevie sessions start --kind ensemble --members 4 --steps 300000 --data data/BTCUSDT_1h.csv.gz");
  command->callback([flags, &context] { start(*flags, context); });
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
