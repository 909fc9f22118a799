#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/train.h"
#include "cli/commands.h"
#include "core/interrupt.h"
#include "evaluation/report.h"

namespace stevie::cli {
namespace {

struct TrainFlags {
  std::string data;
  std::string out, progress_file;
  app::TrainStart start;
  bool resume = false;
  bool synthetic = false;
};

void train(app::Algorithm algorithm, const TrainFlags& flags, CommandContext& context) {
  const InterruptGuard guard;
  const app::TrainReport report =
      app::train_policy({.algorithm = algorithm,
                         .data = flags.data,
                         .out = flags.out,
                         .resume = flags.resume,
                         .synthetic = flags.synthetic,
                         .start = flags.start,
                         .tensorboard_log = context.variable("TENSORBOARD_LOG_DIR"),
                         .config = app::load_config(context.layers()),
                         .progress = progress_on_stderr(context.quiet),
                         .progress_file = flags.progress_file});
  context.out << "Trained for " << format_count(report.timesteps) << " steps; kept the policy of step "
              << format_count(report.best_timesteps) << ", the best on the validation part.\n\n"
              << evaluation::render_text(report.test) << "\nModel   " << report.model.string() << "\nReport  "
              << flags.out << "/report.html\nNumbers " << flags.out << "/training_results.json\n";
}

using Flags = std::vector<std::array<const char*, 3>>;  // flag, field without its section, help

/// What both algorithms have.
void add_algorithm(CLI::App& family, CommandContext& context, app::Algorithm algorithm,
                   const std::string& description, const Flags& more) {
  const std::string name = app::name_of(algorithm);
  auto flags = std::make_shared<TrainFlags>();
  flags->out = "runs/" + name;
  CLI::App* command = family.add_subcommand(name, description);
  command->add_option("--data", flags->data, "File of bars, gzip or not")->required();
  command->add_option("--out", flags->out, "Folder of all results")->capture_default_str();
  command->add_flag("--resume", flags->resume, "Go on from the checkpoint in the folder of results");
  command->add_flag("--synthetic-label", flags->synthetic, "Label all output as made on a synthetic market");
  command->add_option("--from", flags->start.from,
                      "Start from the policy of this model file, such as a clone, instead of random weights");
  command->add_option("--progress-file", flags->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  add_config_flag(*command, context, "--timesteps", "train.total_timesteps", "Environment steps in all");
  add_config_flag(*command, context, "--eval-freq", "train.eval_freq", "Steps between evaluations");
  const Flags common{{"--seed", "seed", "Everything random follows from it"},
                     {"--threads", "threads", "1 or 2; does not change the result"},
                     {"--n-envs", "n_envs", "Environment lanes"},
                     {"--batch-size", "batch_size", "Rows of a minibatch"},
                     {"--learning-rate", "learning_rate", "Step size of Adam"},
                     {"--gamma", "gamma", "Discount per step"}};
  if (algorithm == app::Algorithm::ppo)
    command->add_option("--demonstrations", flags->start.demonstrations,
                        "Actions to imitate with --imitation-weight: a CSV with the columns time,action");
  for (const Flags* all : {&common, &more}) {
    for (const auto& [flag, field, help] : *all)
      add_config_flag(*command, context, flag, fmt::format("{}.{}", name, field), help);
  }
  add_config_flag(
      *command, context, "--augment", "augmentation.techniques",
      "Change the bars of training episodes: all, or some of noise, volume, shift, volatility, warp, "
      "bootstrap, permutation");
  command->add_flag_callback(
      "--curriculum",
      [&context] {
        context.flags.push_back({"curriculum.enabled", "true", "flag --curriculum"});
      },
      "Practise calm markets first and turbulent ones last (curriculum.enabled)");
  command->footer(
      "Everything else is set with --set section.key=value or in stevie.toml; see `stevie config show`.\n"
      "TensorBoard files go to tensorboard_logs in the folder of results, or to $TENSORBOARD_LOG_DIR.\n\n"
      "Example:\n  stevie train " +
      name + " --data BTCUSDT_1h.csv.gz --timesteps 1000000 --out runs/first");
  command->callback([algorithm, flags, &context] { train(algorithm, *flags, context); });
}

}  // namespace

void add_train_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("train", "Train a policy on bars");
  family->require_subcommand(1);
  add_algorithm(*family, context, app::Algorithm::ppo,
                "Train with PPO, keep the best policy of the validation part, judge it on the test part",
                {{"--n-steps", "n_steps", "Steps of each lane between updates"},
                 {"--n-epochs", "n_epochs", "Passes over each rollout"},
                 {"--ent-coef", "ent_coef", "Weight of the entropy bonus"},
                 {"--warmup-steps", "warmup_steps", "Steps for which only the value is learnt"},
                 {"--imitation-weight", "imitation_weight", "Weight of the demonstrations' cross-entropy"},
                 {"--imitation-decay-steps", "imitation_decay_steps", "Where that weight has fallen to 0"}});
  add_algorithm(
      *family, context, app::Algorithm::dqn,
      "Train with DQN, keep the best policy of the validation part, judge it on the test part",
      {{"--buffer-size", "buffer_size", "Steps that the replay buffer holds"},
       {"--train-freq", "train_freq", "Steps of each lane between updates"},
       {"--n-steps", "n_steps", "Steps whose rewards are summed before the target network is asked"},
       {"--double-q", "double_q", "true: Double DQN"},
       {"--dueling", "dueling", "true: heads of their own for value and advantages"},
       {"--prioritized-replay", "prioritized_replay", "true: steps are drawn by their last error"}});
}

}  // namespace stevie::cli
