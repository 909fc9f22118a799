#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/augmentation_study.h"
#include "app/cloning_study.h"
#include "app/config.h"
#include "app/curriculum_study.h"
#include "cli/study_commands.h"
#include "core/file.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

struct AugmentationFlags {
  std::string data, out;
  std::vector<std::string> arms;
  std::uint64_t seeds = 10;
};

void study_augmentation(const AugmentationFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  app::AugmentationStudyConfig config{.data = flags.data,
                                      .config = app::load_config(context.layers()),
                                      .seeds = flags.seeds,
                                      .arms = flags.arms,
                                      .progress = {},
                                      .finished = {}};
  StudyProgress progress(context.quiet);
  config.progress = progress.reporter();
  config.finished = [&](const std::vector<app::AugmentationArmResult>& results) {
    if (flags.out.empty()) return;
    write_file(folder / "augmentation_study.md", app::augmentation_study_markdown(config, results));
    write_file(folder / "augmentation_study.json", app::augmentation_study_json(config, results));
  };
  const InterruptGuard guard;
  const std::vector<app::AugmentationArmResult> results = app::run_augmentation_study(config);
  progress.finish();
  context.out << app::augmentation_study_markdown(config, results);
}

void add_augmentation(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<AugmentationFlags>();
  CLI::App* command = family.add_subcommand(
      "augmentation", "Train with and without each augmentation and judge all of them out of sample");
  command->add_option("--data", flags->data, "File of bars, gzip or not")->required();
  command->add_option("--seeds", flags->seeds, "Trainings of each arm")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command->add_option("--arm", flags->arms,
                      "Arms to train: none, noise, volume, shift, volatility, warp, all, bootstrap, null "
                      "(default: every one)");
  command->add_option("--out", flags->out,
                      "Folder for augmentation_study.md and .json, written anew after each seed");
  add_config_flag(*command, context, "--timesteps", "train.total_timesteps",
                  "Environment steps of a training");
  add_config_flag(*command, context, "--eval-freq", "train.eval_freq", "Steps between evaluations");
  command->footer(
      "Settings of training and augmentation come from the configuration.\n\nExample:\n  stevie study "
      "augmentation --config examples/btc_hours.toml --data BTCUSDT_1h.csv.gz --timesteps 300000 --out "
      "study");
  command->callback([flags, &context] { study_augmentation(*flags, context); });
}

struct CurriculumFlags {
  std::string out;
  app::CurriculumStudyConfig config = app::curriculum_study_defaults();
};

void study_curriculum(CurriculumFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  StudyProgress progress(context.quiet);
  flags.config.progress = progress.reporter();
  flags.config.finished = [&](const app::CurriculumStudy& study) {
    if (flags.out.empty()) return;
    write_file(folder / "curriculum_study.md", app::curriculum_study_markdown(flags.config, study));
    write_file(folder / "curriculum_study.json", app::curriculum_study_json(flags.config, study));
  };
  const InterruptGuard guard;
  const app::CurriculumStudy study = app::run_curriculum_study(flags.config);
  progress.finish();
  context.out << app::curriculum_study_markdown(flags.config, study);
}

void add_curriculum(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<CurriculumFlags>();
  CLI::App* command = family.add_subcommand(
      "curriculum", "Steps to 90 % of a known optimum, with and without a curriculum of four stages");
  command->add_option("--seeds", flags->config.seeds, "Trainings of each kind")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command->add_option("--timesteps", flags->config.timesteps, "Steps after which a training is given up")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->add_option("--target", flags->config.target, "Share of the optimum to reach")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 1.0));
  command->add_option("--out", flags->out,
                      "Folder for curriculum_study.md and .json, written anew after each seed");
  command->footer("Example:\n  stevie study curriculum --seeds 10 --out study");
  command->callback([flags, &context] { study_curriculum(*flags, context); });
}

struct CloningFlags {
  std::string data, out;
  app::CloningStudyConfig known_optimum;
  app::CloningMarketRequest market;
};

/// What a start from a clone saves, where the best policy is known and on real bars.
void study_cloning(CloningFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  const InterruptGuard guard;
  StudyProgress progress(context.quiet);
  app::CloningStudyConfig& config = flags.known_optimum;
  config.progress = [&](std::size_t done, std::size_t total) {
    progress.update("known optimum", done, total);
  };
  const auto write = [&](const std::string& text, const std::vector<app::CloningCell>& cells,
                         const std::vector<app::MarketArm>& arms) {
    if (flags.out.empty()) return;  // else an interrupted study leaves its first half
    write_file(folder / "cloning_study.md", text);
    write_file(folder / "cloning_study.json", app::cloning_study_json(config, cells, arms));
  };
  const std::vector<app::CloningCell> cells = app::run_cloning_study(config);
  progress.finish();
  const std::string text = app::cloning_study_markdown(config, cells);
  context.out << text << std::flush;
  write(text, cells, {});
  if (flags.data.empty()) return;
  app::CloningMarketRequest& request = flags.market;
  request.data = flags.data;
  request.config = app::load_config(context.layers());
  request.first_seed = config.first_seed;
  request.threads = config.threads;
  request.progress = [&](std::size_t done, std::size_t total) { progress.update("real bars", done, total); };
  const std::vector<app::MarketArm> arms = app::run_cloning_market(request);
  progress.finish();
  const std::string market = app::cloning_market_markdown(request, arms);
  context.out << "\n" << market;
  write(text + "\n" + market, cells, arms);
}

void add_cloning(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<CloningFlags>();
  CLI::App* command = family.add_subcommand(
      "cloning",
      "Count the steps that a start from a clone saves where the best policy is known, and what it "
      "is worth on bars");
  command->add_option("--data", flags->data, "File of bars, gzip or not (default: no part on bars)");
  command
      ->add_option("--seeds", flags->known_optimum.seeds,
                   "Trainings of each kind where the best policy is known")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command->add_option("--market-seeds", flags->market.seeds, "Trainings of each kind on --data")
      ->capture_default_str()
      ->check(CLI::Range(2, 1000));
  command->add_option("--seed", flags->known_optimum.first_seed, "The first one; the others count up from it")
      ->capture_default_str();
  command
      ->add_option("--timesteps", flags->market.timesteps,
                   "Steps of each training on --data, demonstrations included")
      ->capture_default_str();
  command->add_option("--only", flags->known_optimum.only, "Tasks whose name contains this");
  command
      ->add_option("--threads", flags->known_optimum.threads,
                   "Threads; 0: one a core. Does not change the result")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  command->add_option("--out", flags->out, "Folder for cloning_study.md and .json");
  command->footer(
      "Example:\n  stevie study cloning --config examples/btc_hours.toml --data BTCUSDT_1h.csv.gz --out "
      "cloning");
  command->callback([flags, &context] { study_cloning(*flags, context); });
}

}  // namespace

void add_study_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand(
      "study", "Repeat the experiments that say whether something helps, and how often the gate errs (long)");
  family->require_subcommand(1);
  family->footer(
      "Example:\n  stevie study augmentation --data BTCUSDT_1h.csv.gz --timesteps 300000 --out study\n\n"
      "docs/experiments.md and docs/gate.md have the figures. `stevie study COMMAND --help` tells more.");
  add_augmentation(*family, context);
  add_curriculum(*family, context);
  add_cloning(*family, context);
  add_ensemble_study(*family, context);
  add_gate_studies(*family, context);
}

}  // namespace stevie::cli
