#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/ensemble.h"
#include "app/ensemble_train.h"
#include "cli/commands.h"
#include "core/interrupt.h"
#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::cli {
namespace {

void print_notices(const std::vector<std::string>& notices, CommandContext& context) {
  for (const std::string& notice : notices) context.out << "Note: " << notice << "\n";
}

void add_weighing_flags(CLI::App& command, CommandContext& context) {
  add_config_flag(command, context, "--method", "ensemble.method", "vote, confidence or most_confident");
  add_config_flag(command, context, "--adapt", "ensemble.adapt",
                  "false: weights stay as validation set them");
  add_config_flag(command, context, "--floor", "ensemble.floor", "Least weight of a member");
  add_config_flag(command, context, "--minimum-consensus", "ensemble.minimum_consensus",
                  "Consensus below which what is held stays");
  add_config_flag(command, context, "--sharpness", "ensemble.sharpness",
                  "How much the Sharpe ratio on validation counts; 0: all alike");
}

void add_make(CLI::App& family, CommandContext& context) {
  auto request = std::make_shared<app::EnsembleMakeRequest>();
  CLI::App* command =
      family.add_subcommand("make", "Weigh members on validation data and save them as one file");
  command
      ->add_option("--member,-m", request->members,
                   "Model file, expert, rules, rules:PARAMETERS.json, cash, buy_and_hold or "
                   "constant:EXPOSURE; again for "
                   "each")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--data", request->data, "File of bars, gzip or not")->required();
  command->add_option("--out", request->out, "The ensemble's file (.zip)")->required();
  add_weighing_flags(*command, context);
  command->footer(
      "Temperatures, confidences and first weights come from the validation period of the first model.\n\n"
      "Example:\n  stevie ensemble make -m runs/a/models/ppo_stevie.zip -m runs/b/models/ppo_stevie.zip -m "
      "rules \\\n"
      "    --data BTCUSDT_1h.csv.gz --out models/ensemble.zip");
  command->callback([request, &context] {
    const InterruptGuard guard;
    request->config = app::load_ensemble_configuration(context.layers());
    request->progress = progress_on_stderr(context.quiet);
    const app::EnsembleMakeReport report = app::make_ensemble_file(*request);
    context.out << app::describe_ensemble(report.spec)
                << fmt::format(
                       "On validation the ensemble returned {} with a Sharpe ratio of {}; its weights were "
                       "set there, so the figures flatter it.\n",
                       evaluation::format_percent(report.validation.total_return),
                       evaluation::format_fixed(report.validation.sharpe, 2));
    print_notices(report.notices, context);
    context.out << "Ensemble " << request->out.string() << "\n";
  });
}

void print_report(const app::EnsembleReport& report, const std::filesystem::path& out,
                  CommandContext& context) {
  context.out << evaluation::render_text(report.evaluation) << "\n" << report.members;
  if (out.empty()) return;
  context.out << "\nReport    " << (out / "report.html").string() << "\nNumbers   "
              << (out / "ensemble_results.json").string() << "\nDecisions "
              << (out / "ensemble_decisions.json").string() << "\n";
}

void add_evaluate(CLI::App& family, CommandContext& context) {
  struct Flags {
    app::EnsembleEvaluateRequest request;
    std::string from, to;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  app::EnsembleEvaluateRequest& request = flags->request;
  CLI::App* command =
      family.add_subcommand("evaluate", "Judge an ensemble once on test bars, its members beside it");
  command->add_option("--model", request.model, "The ensemble's file (.zip)")->required();
  command->add_option("--data", request.data, "File of bars, gzip or not")->required();
  command->add_option("--from", flags->from, "First time, UTC (default: start of the members' test period)");
  command->add_option("--to", flags->to, "Time at which to stop (default: end of the members' test period)");
  command->add_option("--out", request.out, "Folder of the report, the numbers and every decision");
  command->add_flag("--json", flags->json, "Print a JSON object instead of tables");
  command->add_option("--replicates", request.bootstrap.replicates, "Resamplings behind the intervals")
      ->capture_default_str();
  command->add_option("--seed", request.bootstrap.seed, "Seed of the resamplings")->capture_default_str();
  command->add_flag("--synthetic-label", request.synthetic, "Label all output as made on a synthetic market");
  command->footer(
      "Example:\n  stevie ensemble evaluate --model models/ensemble.zip --data BTCUSDT_1h.csv.gz --out "
      "runs/ensemble");
  command->callback([flags, &context] {
    const InterruptGuard guard;
    app::EnsembleEvaluateRequest& asked = flags->request;
    const app::EnsembleConfiguration config = app::load_ensemble_configuration(context.layers());
    if (!flags->from.empty()) asked.from = read_flag("--from", flags->from, parse_time);
    if (!flags->to.empty()) asked.to = read_flag("--to", flags->to, parse_time);
    asked.measuring = config.measuring;
    asked.decisions_bytes = config.ensemble.decisions_bytes;
    asked.decisions_files = config.ensemble.decisions_files;
    asked.progress = progress_on_stderr(context.quiet);
    const app::EnsembleReport report = app::evaluate_ensemble(asked);
    if (flags->json)
      context.out << evaluation::render_json(report.evaluation);
    else
      print_report(report, asked.out, context);
  });
}

void add_show(CLI::App& family, CommandContext& context) {
  auto model = std::make_shared<std::string>();
  CLI::App* command = family.add_subcommand("show", "Check an ensemble's file and show its members");
  command->add_option("--model", *model, "The ensemble's file (.zip)")->required();
  command->footer("Example:\n  stevie ensemble show --model models/ensemble.zip");
  command->callback(
      [model, &context] { context.out << app::describe_ensemble(app::read_ensemble_file(*model)); });
}

void add_train(CLI::App& family, CommandContext& context) {
  auto request = std::make_shared<app::EnsembleTrainRequest>();
  CLI::App* command = family.add_subcommand(
      "train", "Train members that differ, weigh them on validation, judge the ensemble once on test");
  command->add_option("--data", request->data, "File of bars, gzip or not")->required();
  command->add_option("--out", request->out, "Folder of all results")->capture_default_str();
  command
      ->add_option(
          "--also", request->also,
          "A further member beside those that are trained: a model file, rules, cash, ...; again for more")
      ->allow_extra_args(false);
  command->add_flag("--synthetic-label", request->synthetic,
                    "Label all output as made on a synthetic market");
  command->add_option("--progress-file", request->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  add_config_flag(*command, context, "--members", "ensemble.members", "Policies to train");
  add_config_flag(*command, context, "--timesteps", "ensemble.timesteps", "Environment steps of each");
  add_config_flag(*command, context, "--seed", "ppo.seed", "Everything random follows from it");
  add_config_flag(*command, context, "--resample", "ensemble.resample",
                  "false: all are trained on the same bars");
  add_config_flag(*command, context, "--mean-block", "ensemble.mean_block",
                  "Mean length of resampled blocks");
  add_config_flag(*command, context, "--gammas", "ensemble.gammas", "Discounts, one after the other");
  add_config_flag(*command, context, "--column-share", "ensemble.column_share",
                  "Share of the market columns that each member sees");
  add_weighing_flags(*command, context);
  command->footer(
      "Members that are finished are kept: the same command goes on behind them after Ctrl-C.\n\n"
      "Example:\n  stevie ensemble train --data BTCUSDT_1h.csv.gz --members 4 --timesteps 300000 --out "
      "runs/ensemble");
  command->callback([request, &context] {
    const InterruptGuard guard;
    request->config = app::load_ensemble_configuration(context.layers());
    request->progress = progress_on_stderr(context.quiet);
    const app::EnsembleTrainReport report = app::train_ensemble(*request);
    context.out << app::describe_ensemble(report.made.spec) << "\n";
    print_notices(report.made.notices, context);
    print_report(report.judged, request->out, context);
    context.out << "Ensemble  " << report.model.string() << "\n";
  });
}

}  // namespace

void add_ensemble_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("ensemble", "Several decision makers as one: make, train, judge");
  family->require_subcommand(1);
  family->footer(
      "Example:\n  stevie ensemble train --data BTCUSDT_1h.csv.gz --members 4 --timesteps 300000 --out "
      "runs/ensemble\n  stevie ensemble show --model runs/ensemble/models/ensemble.zip\n\n"
      "`stevie ensemble COMMAND --help` tells more.");
  add_make(*family, context);
  add_evaluate(*family, context);
  add_show(*family, context);
  add_train(*family, context);
}

}  // namespace stevie::cli
