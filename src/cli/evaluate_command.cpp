#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>

#include "app/evaluate.h"
#include "cli/commands.h"
#include "evaluation/report.h"

namespace stevie::cli {

void add_evaluate_command(CLI::App& app, CommandContext& context) {
  struct Flags {
    app::EvaluateRequest request;
    std::string from, to;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  app::EvaluateRequest& request = flags->request;
  CLI::App* command =
      app.add_subcommand("evaluate", "Judge a trained policy on bars, next to cash and buy and hold");
  command->add_option("--model", request.model, "Model file (.zip)")->required();
  command->add_option("--data", request.data, "File of bars, gzip or not")->required();
  command->add_option("--from", flags->from, "First time, UTC (default: start of the model's test period)");
  command->add_option("--to", flags->to, "Time at which to stop (default: end of the model's test period)");
  command->add_flag("--json", flags->json, "Print a JSON object instead of tables");
  command->add_option("--report", request.report, "Write the HTML report to this file");
  command->add_option("--out", request.out,
                      "Write report.html, evaluation.json and trades.csv into this folder");
  command->add_option("--replicates", request.bootstrap.replicates, "Resamplings behind the intervals")
      ->capture_default_str();
  command->add_option("--seed", request.bootstrap.seed, "Seed of the resamplings")->capture_default_str();
  command->add_flag("--synthetic-label", request.synthetic, "Label all output as made on a synthetic market");
  command->footer(
      "Example:\n  stevie evaluate --model runs/first/models/ppo_stevie.zip --data BTCUSDT_1h.csv.gz \\\n"
      "    --from 2024-01-01 --to 2025-01-01 --report report.html");
  command->callback([flags, &context] {
    if (!flags->from.empty()) flags->request.from = read_flag("--from", flags->from, parse_time);
    if (!flags->to.empty()) flags->request.to = read_flag("--to", flags->to, parse_time);
    const evaluation::Evaluation evaluation = app::evaluate_model(flags->request);
    context.out << (flags->json ? evaluation::render_json(evaluation) : evaluation::render_text(evaluation));
  });
}

}  // namespace stevie::cli
