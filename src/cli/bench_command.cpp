#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "api/http_bench.h"
#include "app/bench.h"
#include "app/cloning_study.h"
#include "app/config.h"
#include "app/gate_study.h"
#include "app/learning_bench.h"
#include "app/martingale_study.h"
#include "app/regime_bench.h"
#include "cli/commands.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/progress.h"

namespace stevie::cli {
namespace {

constexpr std::uint64_t learning_seeds = 10;

struct BenchFlags {
  std::string json;
  std::string only;
  std::string load_bars, market_bars;
  double seconds = 3.0;
  bool learning = false;
  bool regimes = false;
  std::uint64_t seeds = 0;  // 0: what the rows asked for take by themselves
  bool gate = false;
  bool martingale = false;
  bool cloning = false;
  std::uint64_t timesteps = 300'000;
  std::vector<std::string> scenarios, markets, costs;
  std::vector<std::size_t> years;
  std::uint64_t seed = 1;
  std::size_t runs = 0;  // 0: what the study takes by itself
  std::size_t power_runs = 1'000;
  std::size_t threads = 0;
  std::string out;
};

std::string value_text(const app::BenchRow& row) {
  return row.value >= 10'000 ? format_count(static_cast<std::uint64_t>(row.value))
                             : fmt::format("{:.3f}", row.value);
}

/// The file in data/ or ../shared/data, or empty where neither has it.
std::string known_file(const std::string& name) {
  for (const char* folder : {"data/", "../shared/data/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return {};
}

std::vector<app::BenchRow> bench_regimes(const BenchFlags& flags, CommandContext& context) {
  context.out << app::regime_score_header() << "\n";
  app::RegimeBenchRequest request;
  if (flags.seeds > 0) request.seeds = flags.seeds;
  request.report = [&context](const app::RegimeScore& score) {
    context.out << app::regime_score_line(score) << "\n" << std::flush;
  };
  return app::regime_bench_rows(app::run_regime_benchmarks(request));
}

void bench(const BenchFlags& flags, CommandContext& context) {
  const auto print = [&context](const app::BenchRow& row) {
    context.out << fmt::format("{:<22} {:>14} {:<11} {:>7.3f} of {}\n", row.name, value_text(row), row.unit,
                               row.fraction, row.yardstick)
                << std::flush;
  };
  std::vector<app::BenchRow> rows;
  if (flags.regimes) {
    rows = bench_regimes(flags, context);
  } else if (flags.learning) {
    rows = app::run_learning_benchmarks(
        {.seeds = flags.seeds > 0 ? flags.seeds : learning_seeds, .only = flags.only, .report = print});
  } else {
    rows = app::run_benchmarks(
        {.load_bars =
             flags.load_bars.empty() ? known_file("BTCUSDT_5m_201708_202412.csv.gz") : flags.load_bars,
         .market_bars =
             flags.market_bars.empty() ? known_file("BTCUSDT_1h_201708_202412.csv.gz") : flags.market_bars,
         .only = flags.only,
         .seconds = flags.seconds,
         .report = print});
    if (std::string("http_status").find(flags.only) != std::string::npos) {
      rows.push_back(api::measure_http(flags.seconds));
      print(rows.back());
    }
  }
  if (!flags.json.empty()) write_file(flags.json, app::bench_json(rows));
}

void write_gate_study(const app::GateStudy& study, const std::filesystem::path& folder) {
  write_file(folder / "gate_study.md", app::gate_study_markdown(study));
  write_file(folder / "gate_study.json", app::gate_study_json(study));
  if (!study.power.empty()) write_file(folder / "gate_power.svg", app::gate_power_svg(study));
}

/// A bar for each part of a study, one after the other.
class StudyProgress {
 public:
  explicit StudyProgress(bool quiet) : quiet_(quiet) {}

  void update(const std::string& part, std::size_t done, std::size_t total) {
    if (part != part_) {
      finish();
      bar_ = std::make_unique<ProgressBar>(part, "runs", total, progress_on_stderr(quiet_));
      part_ = part;
    }
    bar_->update(done);
  }
  void finish() {
    if (bar_) bar_->finish();
  }

 private:
  bool quiet_;
  std::string part_;
  std::unique_ptr<ProgressBar> bar_;
};

/// The false promotions and the power of the gate, as tables, JSON and a picture.
void gate_study(const BenchFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  app::GateStudyConfig config;
  if (flags.runs > 0) config.runs = flags.runs;
  config.power_runs = flags.power_runs;
  config.threads = flags.threads;
  config.seed = flags.seed;
  config.gate = app::load_config(context.layers()).gate;
  StudyProgress progress(context.quiet);
  config.progress = [&](const std::string& part, std::size_t done, std::size_t total) {
    progress.update(part, done, total);
  };
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
void martingale_study(const BenchFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  app::MartingaleStudyConfig config;
  if (flags.runs > 0) config.runs = flags.runs;
  config.seed = flags.seed;
  config.threads = flags.threads;
  config.scenarios = flags.scenarios;
  if (!flags.years.empty()) config.years = flags.years;
  config.markets = chosen(app::martingale_kinds, flags.markets);
  config.costs = chosen(app::study_costs, flags.costs);
  config.gate = app::load_config(context.layers()).gate;
  config.work = std::filesystem::temp_directory_path() / fmt::format("stevie_martingale_{}", ::getpid());
  StudyProgress progress(context.quiet);
  config.progress = [&](const std::string& part, std::size_t done, std::size_t total) {
    progress.update(part, done, total);
  };
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

/// What a start from a clone saves, where the best policy is known and on real bars.
void cloning_study(const BenchFlags& flags, CommandContext& context) {
  const std::filesystem::path folder = flags.out;
  if (!flags.out.empty()) require_writable_folder(folder);
  const InterruptGuard guard;
  StudyProgress progress(context.quiet);
  app::CloningStudyConfig config;
  if (flags.seeds > 0) config.seeds = flags.seeds;
  config.first_seed = flags.seed;
  config.threads = flags.threads;
  config.only = flags.only;
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
  std::string text = app::cloning_study_markdown(config, cells);
  context.out << text << std::flush;
  write(text, cells, {});
  const std::string data =
      flags.market_bars.empty() ? known_file("BTCUSDT_1h_201708_202412.csv.gz") : flags.market_bars;
  if (data.empty()) return;
  app::CloningMarketRequest request{.data = data, .config = app::load_config(context.layers())};
  request.timesteps = flags.timesteps;
  if (flags.seeds > 0) request.seeds = flags.seeds;
  request.first_seed = flags.seed;
  request.threads = flags.threads;
  request.progress = [&](std::size_t done, std::size_t total) { progress.update("real bars", done, total); };
  const std::vector<app::MarketArm> arms = app::run_cloning_market(request);
  progress.finish();
  const std::string market = app::cloning_market_markdown(request, arms);
  context.out << "\n" << market;
  write(text + "\n" + market, cells, arms);
}

void add_gate_flags(CLI::App& command, BenchFlags& flags) {
  command
      .add_flag("--gate", flags.gate,
                "Count how often the gate promotes what is no better, and what is (many minutes)")
      ->excludes("--learning")
      ->excludes("--regimes");
  command
      .add_option("--runs", flags.runs,
                  "Searches for each null with --gate (10000), for each cell with --martingale (300)")
      ->check(CLI::Range(1, 1'000'000));
  command
      .add_option("--power-runs", flags.power_runs, "Searches for each point of the power curves with --gate")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
}

void add_cloning_flags(CLI::App& command, BenchFlags& flags) {
  command
      .add_flag(
          "--cloning", flags.cloning,
          "Count the steps that a start from a clone saves where the best policy is known, then compare "
          "on --market-bars (an hour)")
      ->excludes("--learning")
      ->excludes("--regimes")
      ->excludes("--gate")
      ->excludes("--martingale");
  command
      .add_option("--timesteps", flags.timesteps,
                  "Steps of each training of --cloning on real bars, demonstrations included")
      ->capture_default_str();
}

void add_martingale_flags(CLI::App& command, BenchFlags& flags) {
  command
      .add_flag("--martingale", flags.martingale,
                "Count how often whole searches promote something where nothing can be earned (hours)")
      ->excludes("--learning")
      ->excludes("--regimes")
      ->excludes("--gate");
  command.add_option("--scenario", flags.scenarios, "Scenarios of --martingale (default: all built-in ones)");
  command.add_option("--years", flags.years, "Lengths of the markets of --martingale (default: 3 6)")
      ->check(CLI::Range(1, 50));
  command.add_option("--market", flags.markets, "Markets of --martingale: plain, continuous, clustered")
      ->check(CLI::IsMember({"plain", "continuous", "clustered"}));
  command.add_option("--costs", flags.costs, "Costs of --martingale: none, default, cheap")
      ->check(CLI::IsMember({"none", "default", "cheap"}));
  command.add_option("--seed", flags.seed, "Seed of --gate and --martingale, first one of --cloning")
      ->capture_default_str();
}

}  // namespace

void add_bench_command(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure speed, or learning, against yardsticks of the same run");
  command->add_option("--json", flags->json, "Write the rows to this file");
  command->add_option("--only", flags->only, "Run the rows whose name contains this");
  command->add_option("--seconds", flags->seconds, "Time for each row")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 600.0));
  command->add_option(
      "--load-bars", flags->load_bars,
      "File of the row `load` (default: the 5-minute bars in data or ../shared/data, else synthetic)");
  command->add_option(
      "--market-bars", flags->market_bars,
      "File of the trading environment (default: the hours in data or ../shared/data, else synthetic)");
  command->add_flag("--learning", flags->learning,
                    "Train in markets whose best policy is known, and on noise (many minutes)");
  command
      ->add_flag("--regimes", flags->regimes,
                 "Judge the regime detector on labelled markets, beside an oracle that knows them")
      ->excludes("--learning");
  command
      ->add_option("--seeds", flags->seeds,
                   "Seeds of each row with --learning (10), --regimes (20) or --cloning (10; 3 on real bars)")
      ->check(CLI::Range(1, 1000));
  add_gate_flags(*command, *flags);
  command
      ->add_option("--threads", flags->threads,
                   "Threads of --gate, --martingale and --cloning; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 256));
  command->add_option("--out", flags->out,
                      "Folder for gate_study.md, gate_study.json and gate_power.svg of --gate, or for "
                      "martingale_study.md and .json, or for cloning_study.md and .json");
  add_martingale_flags(*command, *flags);
  add_cloning_flags(*command, *flags);
  command->footer(
      "Examples:\n  stevie bench --json bench.json\n  stevie bench --gate --runs 10000 --out gate_study\n"
      "  stevie bench --cloning --config examples/btc_hours.toml --out cloning\n"
      "  TMPDIR=/dev/shm stevie bench --martingale --scenario quick_tune --years 3 --out martingale");
  command->callback([flags, &context] {
    if (flags->gate)
      gate_study(*flags, context);
    else if (flags->martingale)
      martingale_study(*flags, context);
    else if (flags->cloning)
      cloning_study(*flags, context);
    else
      bench(*flags, context);
  });
}

}  // namespace stevie::cli
