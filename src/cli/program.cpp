#include <CLI/CLI.hpp>

#include <filesystem>
#include <ostream>

#include "cli/commands.h"
#include "core/error.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

constexpr int exit_fault_of_program = 1;
constexpr int exit_bad_input = 2;
constexpr int exit_interrupted = 130;

void add_commands(CLI::App& app, CommandContext& context) {
  add_config_command(app, context);
  add_data_command(app, context);
}

}  // namespace

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
  command.add_option_function<std::string>(
      flag,
      [&context, flag, key](const std::string& text) {
        context.flags.push_back({key, text, "flag " + flag});
      },
      help + " (" + key + ")");
}

int run_program(int argc, const char* const* argv, std::vector<const char*> environment, std::ostream& out,
                std::ostream& err) {
  CommandContext context{.out = out, .err = err, .environment = std::move(environment)};
  CLI::App app("Trains trading agents on market data and judges them on months they never saw.", "stevie");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--config", context.config_file,
                 "Configuration file (default: stevie.toml where it exists)");
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
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : exit_bad_input;
  } catch (const Interrupted& stop) {
    err << "stevie: " << stop.what() << "\n";
    return exit_interrupted;
  } catch (const Error& error) {
    err << "stevie: " << error.what() << "\n";
    return exit_bad_input;
  } catch (const std::filesystem::filesystem_error& error) {
    err << "stevie: " << error.path1().string() << ": " << error.code().message() << "\n";
    return exit_bad_input;
  } catch (const std::exception& error) {
    err << "stevie: a fault of the program, please report it: " << error.what() << "\n";
    return exit_fault_of_program;
  }
}

}  // namespace stevie::cli
