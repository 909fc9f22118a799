#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/error.h"

namespace CLI {
class App;
}

namespace stevie::cli {

/// What every command shares: the global flags as parsed, and where output goes. Commands keep a reference
/// and use it when their callback runs, that is after parsing.
struct CommandContext {
  std::ostream& out;                     // results
  std::ostream& err;                     // messages and progress
  std::vector<const char*> environment;  // "NAME=text"
  std::string config_file;               // --config FILE; empty: stevie.toml where it exists
  std::vector<std::string> settings;     // --set section.key=value, in order
  std::vector<ConfigSetting> flags;      // from flags made with add_config_flag
  bool quiet = false;                    // --quiet: no progress
  int exit_code = 0;                     // of a command that has done its work and has something bad to tell

  /// The value of an environment variable, or empty.
  std::string variable(const std::string& name) const;
  /// The layers for load_config().
  ConfigLayers layers() const;
};

/// One function for each command family, in <family>_command.cpp. It adds subcommands to `app`, each with a
/// description, flags, a footer with an example, and a callback that does the work:
///
///   CLI::App* command = app.add_subcommand("predict", "Print action probabilities and value for rows of a
///   CSV"); auto flags = std::make_shared<PredictFlags>(); command->add_option("--model", flags->model,
///   "Model file")->required(); command->footer("Example:\n  stevie predict --model models/ppo_stevie.zip
///   --input rows.csv"); command->callback([flags, &context] { ... });
///
/// A callback throws stevie::Error for bad input (exit code 2) and stevie::Interrupted when it stopped on a
/// signal (exit code 130); it catches neither. A check that finds something wrong prints it and throws
/// CLI::RuntimeError(1). To add a family: declare it here and call it in program.cpp.
void add_backtest_command(CLI::App& app, CommandContext& context);
void add_bench_command(CLI::App& app, CommandContext& context);
void add_bootstrap_command(CLI::App& app, CommandContext& context);
void add_clone_command(CLI::App& app, CommandContext& context);
void add_config_command(CLI::App& app, CommandContext& context);
void add_data_command(CLI::App& app, CommandContext& context);
void add_ensemble_command(CLI::App& app, CommandContext& context);
void add_evaluate_command(CLI::App& app, CommandContext& context);
void add_ledger_command(CLI::App& app, CommandContext& context);
void add_live_command(CLI::App& app, CommandContext& context);
void add_live_feed_command(CLI::App& app, CommandContext& context);  // behind add_live_command
void add_params_command(CLI::App& app, CommandContext& context);
void add_notify_command(CLI::App& app, CommandContext& context);
void add_optimize_command(CLI::App& app, CommandContext& context);
void add_predict_command(CLI::App& app, CommandContext& context);
void add_sessions_command(CLI::App& app, CommandContext& context);
void add_serve_command(CLI::App& app, CommandContext& context);
void add_study_command(CLI::App& app, CommandContext& context);
void add_train_command(CLI::App& app, CommandContext& context);
void add_users_command(CLI::App& app, CommandContext& context);

/// A flag that sets a configuration field: add_config_flag(*command, context, "--learning-rate",
/// "ppo.learning_rate", "Adam step size"). The value is checked with all other configuration by
/// load_config().
void add_config_flag(CLI::App& command, CommandContext& context, const std::string& flag,
                     const std::string& key, const std::string& help);

/// What `parse` makes of a flag's text; an Error of it gets the flag as its place.
template <class Parse>
auto read_flag(const std::string& flag, const std::string& text, Parse parse) {
  try {
    return parse(text);
  } catch (const Error& error) {
    throw Error(error.code(), error.message(), "flag " + flag);
  }
}

/// The whole program: parses, runs the command, prints `stevie: <place>: <message>` on err where it fails.
/// Returns the exit code: 0 fine, 1 fault of the program, 2 bad input or flags, 130 interrupted.
int run_program(int argc, const char* const* argv, std::vector<const char*> environment, std::ostream& out,
                std::ostream& err);

}  // namespace stevie::cli
