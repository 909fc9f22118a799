#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "app/bootstrap.h"
#include "cli/commands.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

struct BootstrapFlags {
  std::string data;
  std::string out = "runs/bootstrap";
  std::string progress_file;
  bool resume = false;
  bool synthetic = false;
};

void bootstrap(const BootstrapFlags& flags, CommandContext& context) {
  const InterruptGuard guard;
  const app::BootstrapReport report = app::run_bootstrap({.data = flags.data,
                                                          .out = flags.out,
                                                          .resume = flags.resume,
                                                          .synthetic = flags.synthetic,
                                                          .config = app::load_config(context.layers()),
                                                          .progress = progress_on_stderr(context.quiet),
                                                          .wall_clock = {},
                                                          .progress_file = flags.progress_file});
  context.out << app::bootstrap_text(report) << "\nModel   " << flags.out << "/models/"
              << app::name_of(report.best().algorithm) << "_stevie.zip\nReport  " << flags.out
              << "/bootstrap_report.html\nNumbers " << flags.out << "/training_results.json\n";
}

}  // namespace

void add_bootstrap_command(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<BootstrapFlags>();
  CLI::App* command = app.add_subcommand(
      "bootstrap", "Train PPO and DQN with several seeds, choose on validation, judge once on test");
  command->add_option("--data", flags->data, "File of bars, gzip or not")->required();
  command->add_option("--out", flags->out, "Folder of all results")->capture_default_str();
  command->add_flag("--resume", flags->resume, "Go on with what is saved in the folder of results");
  command->add_flag("--synthetic-label", flags->synthetic, "Label all output as made on a synthetic market");
  command->add_option("--progress-file", flags->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  add_config_flag(*command, context, "--algorithms", "bootstrap.algorithms", "ppo, dqn or ppo,dqn");
  add_config_flag(*command, context, "--seeds", "bootstrap.seeds", "Trainings of each algorithm");
  add_config_flag(*command, context, "--first-seed", "bootstrap.first_seed", "The others count up from it");
  add_config_flag(*command, context, "--timesteps", "train.total_timesteps",
                  "Environment steps of each training");
  add_config_flag(*command, context, "--eval-freq", "train.eval_freq", "Steps between evaluations");
  command->footer(
      "Every training has a folder of its own below --out; ppo.* and dqn.* hold for all of them.\n"
      "Ctrl-C saves; the same command with --resume goes on.\n\n"
      "Example:\n  stevie bootstrap --data BTCUSDT_1h.csv.gz --timesteps 1000000 --seeds 5 --out runs/first");
  command->callback([flags, &context] { bootstrap(*flags, context); });
}

}  // namespace stevie::cli
