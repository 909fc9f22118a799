#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/gate_study.h"
#include "app/martingale_study.h"
#include "cli/study_commands.h"
#include "core/file.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

struct GateFlags {
  std::size_t runs = app::GateStudyConfig{}.runs;
  std::size_t power_runs = 1'000;
  std::size_t threads = 0;
  std::uint64_t seed = 1;
  std::string out;
};

struct MartingaleFlags {
  std::size_t runs = app::MartingaleStudyConfig{}.runs;
  std::size_t threads = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> scenarios, markets, costs;
  std::vector<std::size_t> years = app::MartingaleStudyConfig{}.years;
  std::string out;
};

void write_gate_study(const app::GateStudy& study, const std::filesystem::path& folder) {
  write_file(folder / "gate_study.md", app::gate_study_markdown(study));
  write_file(folder / "gate_study.json", app::gate_study_json(study));
  if (!study.power.empty()) write_file(folder / "gate_power.svg", app::gate_power_svg(study));
}

/// The false promotions and the power of the gate, as tables, JSON and a picture.
void study_gate(const GateFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  app::GateStudyConfig config;
  config.runs = flags.runs;
  config.power_runs = flags.power_runs;
  config.threads = flags.threads;
  config.seed = flags.seed;
  config.gate = app::load_config(context.layers()).gate;
  StudyProgress progress(context.quiet);
  config.progress = progress.reporter();
  app::GateStudy study{config, app::run_gate_nulls(config), {}};
  if (!flags.out.empty()) write_gate_study(study, folder);  // an interrupted study leaves its first half
  study.power = app::run_gate_power(config);
  progress.finish();
  if (!flags.out.empty()) write_gate_study(study, folder);
  context.out << app::gate_study_markdown(study);
}

/// The values of an enumeration whose names were given; all of them where none was.
template <class Value, std::size_t count>
std::vector<Value> chosen(const Value (&all)[count], const std::vector<std::string>& names) {
  std::vector<Value> values;
  for (const Value value : all) {
    if (names.empty() || std::ranges::find(names, app::to_string(value)) != names.end())
      values.push_back(value);
  }
  return values;
}

/// How often whole searches promote something in markets in which nothing can be earned.
void study_martingale(const MartingaleFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  app::MartingaleStudyConfig config;
  config.runs = flags.runs;
  config.seed = flags.seed;
  config.threads = flags.threads;
  config.scenarios = flags.scenarios;
  config.years = flags.years;
  config.markets = chosen(app::martingale_kinds, flags.markets);
  config.costs = chosen(app::study_costs, flags.costs);
  config.gate = app::load_config(context.layers()).gate;
  config.work = std::filesystem::temp_directory_path() / fmt::format("stevie_martingale_{}", ::getpid());
  StudyProgress progress(context.quiet);
  config.progress = progress.reporter();
  std::vector<app::MartingaleCell> cells;
  config.finished = [&](const app::MartingaleCell& cell) {
    cells.push_back(cell);
    if (flags.out.empty()) return;  // else an interrupted study leaves its finished cells
    write_file(folder / "martingale_study.md", app::martingale_markdown(config, cells));
    write_file(folder / "martingale_study.json", app::martingale_json(config, cells));
  };
  const InterruptGuard guard;
  app::run_martingale_study(config);
  progress.finish();
  context.out << app::martingale_markdown(config, cells);
}

template <class Flags>
void add_common_flags(CLI::App& command, Flags& flags) {
  command.add_option("--seed", flags.seed, "Everything random follows from it")->capture_default_str();
  command.add_option("--threads", flags.threads, "Threads; 0: one a core. Does not change the result")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
}

void add_gate(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<GateFlags>();
  CLI::App* command = family.add_subcommand(
      "gate", "Count how often the gate promotes what is no better, and what is (many minutes)");
  command->add_option("--runs", flags->runs, "Searches for each null")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--power-runs", flags->power_runs, "Searches for each point of the power curves")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  add_common_flags(*command, *flags);
  command->add_option("--out", flags->out, "Folder for gate_study.md, gate_study.json and gate_power.svg");
  command->footer(
      "Example:\n  stevie study gate --runs 10000 --out gate_study\n\ndocs/gate.md has the figures.");
  command->callback([flags, &context] { study_gate(*flags, context); });
}

void add_martingale(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<MartingaleFlags>();
  CLI::App* command = family.add_subcommand(
      "martingale", "Count how often whole searches promote something where nothing can be earned (hours)");
  command->add_option("--runs", flags->runs, "Searches for each cell")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--scenario", flags->scenarios, "Scenarios (default: all built-in ones)");
  command->add_option("--years", flags->years, "Lengths of the markets")
      ->capture_default_str()
      ->check(CLI::Range(1, 50));
  command->add_option("--market", flags->markets, "Markets: plain, continuous, clustered (default: all)")
      ->check(CLI::IsMember({"plain", "continuous", "clustered"}));
  command->add_option("--costs", flags->costs, "Costs: none, default, cheap (default: all)")
      ->check(CLI::IsMember({"none", "default", "cheap"}));
  add_common_flags(*command, *flags);
  command->add_option("--out", flags->out, "Folder for martingale_study.md and .json");
  command->footer(
      "Example:\n  TMPDIR=/dev/shm stevie study martingale --scenario quick_tune --years 3 --out "
      "martingale\n\n"
      "docs/gate.md has the figures.");
  command->callback([flags, &context] { study_martingale(*flags, context); });
}

}  // namespace

void add_gate_studies(CLI::App& family, CommandContext& context) {
  add_gate(family, context);
  add_martingale(family, context);
}

}  // namespace stevie::cli
