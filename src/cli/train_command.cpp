#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "app/train.h"
#include "cli/commands.h"
#include "core/interrupt.h"
#include "evaluation/report.h"

namespace stevie::cli {
namespace {

struct TrainFlags {
  std::string data;
  std::string out = "runs/ppo", progress_file;
  bool resume = false;
  bool synthetic = false;
};

/// The value of a variable out of "NAME=text" strings, or empty.
std::string variable(const std::vector<const char*>& environment, std::string_view name) {
  for (const std::string_view entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return {};
}

void train(const TrainFlags& flags, CommandContext& context) {
  const InterruptGuard guard;
  const app::TrainReport report =
      app::train_ppo({.data = flags.data,
                      .out = flags.out,
                      .resume = flags.resume,
                      .synthetic = flags.synthetic,
                      .tensorboard_log = variable(context.environment, "TENSORBOARD_LOG_DIR"),
                      .config = app::load_config(context.layers()),
                      .progress = progress_on_stderr(context.quiet),
                      .progress_file = flags.progress_file});
  context.out << "Trained for " << format_count(report.timesteps) << " steps; kept the policy of step "
              << format_count(report.best_timesteps) << ", the best on the validation part.\n\n"
              << evaluation::render_text(report.test) << "\nModel   " << report.model.string() << "\nReport  "
              << flags.out << "/report.html\nNumbers " << flags.out << "/training_results.json\n";
}

}  // namespace

void add_train_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("train", "Train a policy on bars");
  family->require_subcommand(1);
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = family->add_subcommand(
      "ppo", "Train with PPO, keep the best policy of the validation part, judge it on the test part");
  command->add_option("--data", flags->data, "File of bars, gzip or not")->required();
  command->add_option("--out", flags->out, "Folder of all results")->capture_default_str();
  command->add_flag("--resume", flags->resume, "Go on from the checkpoint in the folder of results");
  command->add_flag("--synthetic-label", flags->synthetic, "Label all output as made on a synthetic market");
  command->add_option("--progress-file", flags->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  add_config_flag(*command, context, "--timesteps", "train.total_timesteps", "Environment steps in all");
  add_config_flag(*command, context, "--eval-freq", "train.eval_freq", "Steps between evaluations");
  add_config_flag(*command, context, "--seed", "ppo.seed", "Everything random follows from it");
  add_config_flag(*command, context, "--threads", "ppo.threads", "1 or 2; does not change the result");
  add_config_flag(*command, context, "--n-envs", "ppo.n_envs", "Environment lanes");
  add_config_flag(*command, context, "--n-steps", "ppo.n_steps", "Steps of each lane between updates");
  add_config_flag(*command, context, "--batch-size", "ppo.batch_size", "Rows of a minibatch");
  add_config_flag(*command, context, "--n-epochs", "ppo.n_epochs", "Passes over each rollout");
  add_config_flag(*command, context, "--learning-rate", "ppo.learning_rate", "Step size of Adam");
  add_config_flag(*command, context, "--gamma", "ppo.gamma", "Discount per step");
  add_config_flag(*command, context, "--ent-coef", "ppo.ent_coef", "Weight of the entropy bonus");
  command->footer(
      "Everything else is set with --set section.key=value or in stevie.toml; see `stevie config show`.\n"
      "TensorBoard files go to tensorboard_logs in the folder of results, or to $TENSORBOARD_LOG_DIR.\n\n"
      "Example:\n  stevie train ppo --data BTCUSDT_1h.csv.gz --timesteps 1000000 --out runs/first");
  command->callback([flags, &context] { train(*flags, context); });
}

}  // namespace stevie::cli
