#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>

#include "app/predict.h"
#include "cli/commands.h"
#include "core/file.h"

namespace stevie::cli {

void add_predict_command(CLI::App& app, CommandContext& context) {
  struct Flags {
    app::PredictRequest request;
    std::string out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("predict", "Print the policy's action probabilities and value for each row");
  command
      ->add_option("--model", flags->request.model, "Model file (.zip) of stevie or Stable-Baselines3's PPO")
      ->required();
  command
      ->add_option("--input", flags->request.input,
                   "CSV: bars, or raw observations with one number for each observed value")
      ->required();
  command->add_flag("--raw-observations", flags->request.raw_observations,
                    "The input holds raw observations (default: where its first line looks like one)");
  command->add_option("--out", flags->out, "Write the CSV to this file (default: print it)");
  command->footer(
      "Bars: the account counts as flat, and the first bars, which the indicators need, get no row.\n\n"
      "Example:\n  stevie predict --model models/ppo_stevie.zip --input BTCUSDT_1h.csv.gz --out "
      "predictions.csv");
  command->callback([flags, &context] {
    const app::Predictions predictions = app::predict(flags->request);
    const std::string text = app::predictions_csv(predictions);
    if (flags->out.empty()) {
      context.out << text;
      return;
    }
    write_file(flags->out, text);
    context.out << predictions.rows.size() << " rows written to " << flags->out << "\n";
  });
}

}  // namespace stevie::cli
