#include <CLI/CLI.hpp>

#include <filesystem>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/printable.h"

namespace stevie::cli {
namespace {

constexpr int exit_fault_of_program = 1;
constexpr int exit_bad_input = 2;
constexpr int exit_interrupted = 130;

void add_commands(CLI::App& app, CommandContext& context) {
  add_backtest_command(app, context);
  add_bench_command(app, context);
  add_bootstrap_command(app, context);
  add_clone_command(app, context);
  add_config_command(app, context);
  add_data_command(app, context);
  add_ensemble_command(app, context);
  add_evaluate_command(app, context);
  add_ledger_command(app, context);
  add_live_command(app, context);
  add_live_feed_command(app, context);  // joins the family live
  add_notify_command(app, context);
  add_optimize_command(app, context);
  add_params_command(app, context);
  add_predict_command(app, context);
  add_sessions_command(app, context);
  add_serve_command(app, context);
  add_study_command(app, context);
  add_train_command(app, context);
  add_users_command(app, context);
}

/// What is wrong with the arguments, in the words of CLI11 except where those name the wrong thing.
std::string usage_fault(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  std::string name = deepest->get_name();
  for (const CLI::App* parent = deepest->get_parent(); parent != nullptr; parent = parent->get_parent()) {
    name = parent->get_name() + " " + name;
  }
  std::string message = error.what();
  const std::vector<std::string> extra = app.remaining(true);
  const bool wants_command =
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !deepest->get_subcommands({}).empty();
  if (wants_command) {
    const bool is_flag = !extra.empty() && extra.front().starts_with("-");
    message = extra.empty() ? "say which command to run"
                            : std::string("there is no ") + (is_flag ? "flag" : "command") + " \"" +
                                  printable(extra.front()) + "\"";
  }
  return message + "; `" + name + " --help` tells what is possible";
}

}  // namespace

std::string CommandContext::variable(const std::string& name) const {
  for (const std::string_view entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string(entry.substr(name.size() + 1));
  }
  return {};
}

ConfigLayers CommandContext::layers() const {
  ConfigLayers layers;
  if (!config_file.empty()) {
    layers.file = config_file;
  } else if (std::filesystem::exists("stevie.toml")) {
    layers.file = "stevie.toml";
  }
  layers.environment = environment_settings(environment);
  for (const std::string& text : settings) layers.flags.push_back(parse_setting(text, "flag --set"));
  layers.flags.insert(layers.flags.end(), flags.begin(), flags.end());
  return layers;
}

void add_config_flag(CLI::App& command, CommandContext& context, const std::string& flag,
                     const std::string& key, const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [&context, flag, key](const std::string& text) {
            context.flags.push_back({key, text, "flag " + flag});
          },
          help + " (" + key + ")")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

int run_program(int argc, const char* const* argv, std::vector<const char*> environment, std::ostream& out,
                std::ostream& err) {
  CommandContext context{.out = out, .err = err, .environment = std::move(environment)};
  CLI::App app("Trains trading agents on market data and judges them on months they never saw.", "stevie");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--config", context.config_file, "Configuration file (default: stevie.toml where it exists)")
      ->take_last();
  app.add_option("--set", context.settings, "Set one configuration field: --set ppo.learning_rate=1e-4")
      ->expected(1)
      ->take_all();
  app.add_flag("--quiet", context.quiet, "Show no progress");
  app.footer(
      "Example:\n  stevie train ppo --data bars.csv.gz --out runs/first\n\n`stevie COMMAND --help` tells "
      "more.");
  add_commands(app, context);
  try {
    app.parse(argc, argv);
    out.flush();
    return context.exit_code;
  } catch (const CLI::RuntimeError& error) {
    out.flush();
    return error.get_exit_code();  // of a command that has said on `out` what it found
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, out, err);  // --help
    err << "stevie: " << usage_fault(app, error) << "\n";
    return exit_bad_input;
  } catch (const Interrupted& stop) {
    err << "stevie: " << stop.what() << "\n";
    return exit_interrupted;
  } catch (const Error& error) {
    const std::string place = error.place().empty() ? "" : error.place() + ": ";
    err << "stevie: " << printable(place + error.message()) << "\n";
    return exit_bad_input;
  } catch (const std::filesystem::filesystem_error& error) {
    err << "stevie: " << error.path1().string() << ": " << error.code().message() << "\n";
    return exit_bad_input;
  } catch (const std::bad_alloc&) {
    err << "stevie: there is not enough memory: give a smaller file or smaller numbers, or use a larger "
           "machine\n";
    return exit_bad_input;
  } catch (const std::exception& error) {
    err << "stevie: a fault of the program, please report it: " << error.what() << "\n";
    return exit_fault_of_program;
  }
}

}  // namespace stevie::cli
