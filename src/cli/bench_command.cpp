#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "api/http_bench.h"
#include "app/bench.h"
#include "app/learning_bench.h"
#include "app/regime_bench.h"
#include "cli/commands.h"
#include "core/file.h"
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
  command->add_option("--seeds", flags->seeds, "Seeds of each row with --learning (10) or --regimes (20)")
      ->check(CLI::Range(1, 1000));
  command->footer("Example:\n  stevie bench --json bench.json");
  command->callback([flags, &context] { bench(*flags, context); });
}

}  // namespace stevie::cli
