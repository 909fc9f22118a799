#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "app/ensemble_study.h"
#include "cli/study_commands.h"
#include "core/file.h"
#include "core/interrupt.h"

namespace stevie::cli {

void add_ensemble_study(CLI::App& family, CommandContext& context) {
  auto request = std::make_shared<app::EnsembleStudyRequest>();
  auto out = std::make_shared<std::string>();
  CLI::App* command = family.add_subcommand(
      "ensemble", "How much less an ensemble's decisions vary over retrainings, and what it earns");
  command->add_option("--data", request->data, "File of bars, gzip or not")->required();
  command->add_option("--retrainings", request->retrainings, "Ensembles that are trained in each setting")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command->add_option("--out", *out,
                      "Folder for ensemble_study.md and .json, written anew after each setting");
  add_config_flag(*command, context, "--members", "ensemble.members", "Members of each ensemble");
  add_config_flag(*command, context, "--timesteps", "ensemble.timesteps", "Environment steps of each member");
  add_config_flag(*command, context, "--seed", "ppo.seed", "Everything random follows from it");
  command->footer(
      "Settings of training and ensembles come from the configuration.\n\nExample:\n  stevie study ensemble "
      "--config examples/btc_hours.toml --data BTCUSDT_1h.csv.gz --timesteps 300000 --out study");
  command->callback([request, out, &context] {
    const InterruptGuard guard;
    if (!out->empty()) require_writable_folder(*out);
    request->config = app::load_ensemble_configuration(context.layers());
    request->progress = progress_on_stderr(context.quiet);
    request->finished = [&](const app::EnsembleStudy& study) {
      if (out->empty()) return;
      const std::filesystem::path folder = *out;
      write_file(folder / "ensemble_study.md", app::ensemble_study_markdown(study));
      write_file(folder / "ensemble_study.json", app::ensemble_study_json(study));
    };
    context.out << app::ensemble_study_markdown(app::run_ensemble_study(*request));
  });
}

}  // namespace stevie::cli
