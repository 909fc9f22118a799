#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>

#include "app/clone.h"
#include "cli/commands.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

struct CloneFlags {
  std::string data, expert = app::rsi_ma_expert, out = "runs/clone", progress_file;
  bool synthetic = false;
};

void clone(const CloneFlags& flags, CommandContext& context) {
  const InterruptGuard guard;
  app::CloneRequest request{.data = flags.data,
                            .out = flags.out,
                            .expert = flags.expert,
                            .synthetic = flags.synthetic,
                            .tensorboard_log = context.variable("TENSORBOARD_LOG_DIR"),
                            .config = app::load_config(context.layers()),
                            .progress = progress_on_stderr(context.quiet),
                            .wall_clock = {},
                            .progress_file = flags.progress_file};
  const app::CloneReport report = app::clone_expert(request);
  context.out << app::render_text(report) << "\nModel   " << report.model.string() << "\nWeights "
              << report.state_dict.string() << "\nReport  " << flags.out << "/bc_report.html\nNumbers "
              << flags.out << "/bc_training_results.json\n";
}

}  // namespace

void add_clone_command(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<CloneFlags>();
  CLI::App* command = app.add_subcommand(
      "clone", "Train a policy to do what an expert does: rules, a model, or actions of a file");
  command->add_option("--data", flags->data, "File of bars, gzip or not")->required();
  command->add_option("--out", flags->out, "Folder of all results")->capture_default_str();
  command
      ->add_option("--expert", flags->expert,
                   "rsi-ma (set in the section [expert]), MODEL.zip, or a CSV with the columns time,action")
      ->capture_default_str();
  command->add_flag("--synthetic-label", flags->synthetic, "Label all output as made on a synthetic market");
  command->add_option("--progress-file", flags->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  add_config_flag(*command, context, "--seed", "cloning.seed", "Everything random follows from it");
  add_config_flag(*command, context, "--threads", "cloning.threads",
                  "Blocks trained side by side; does not change the result; 0: one a core");
  add_config_flag(*command, context, "--folds", "cloning.folds", "Blocks of the cross-validation; 0: none");
  add_config_flag(*command, context, "--class-weights", "cloning.class_weights", "none, root or balanced");
  add_config_flag(*command, context, "--max-epochs", "cloning.max_epochs", "Epochs at most");
  add_config_flag(*command, context, "--patience", "cloning.patience",
                  "Epochs without a lower validation loss, then it stops");
  add_config_flag(*command, context, "--batch-size", "cloning.batch_size", "Rows of a minibatch");
  add_config_flag(*command, context, "--learning-rate", "cloning.learning_rate", "Step size of Adam");
  command->footer(
      "Everything else is set with --set section.key=value or in stevie.toml; see `stevie config show`.\n\n"
      "Examples:\n  stevie clone --data BTCUSDT_1h.csv.gz --out runs/clone\n"
      "  stevie clone --data BTCUSDT_1h.csv.gz --expert signals.csv --out runs/signals\n"
      "  stevie train ppo --data BTCUSDT_1h.csv.gz --from runs/clone/models/behavior_cloning_model.zip \\\n"
      "    --warmup-steps 32768 --out runs/from_clone");
  command->callback([flags, &context] { clone(*flags, context); });
}

}  // namespace stevie::cli
