#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <string>

#include "app/augment_data.h"
#include "app/config.h"
#include "app/data.h"
#include "app/regimes.h"
#include "cli/commands.h"

namespace stevie::cli {
namespace {

void add_check(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string file;
    bool json = false;
    market::QualityConfig config;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand(
      "check",
      "List gaps, duplicates, off-grid stamps, contradictory prices, zero volume and outliers of a file");
  command->add_option("file", flags->file, "File of bars, gzip or not")->required();
  command->add_flag("--json", flags->json, "Print a JSON object");
  command
      ->add_option("--outlier-deviations", flags->config.outlier_deviations,
                   "Robust deviations from which on a return is an outlier")
      ->capture_default_str();
  command
      ->add_option("--outlier-window", flags->config.outlier_window,
                   "Preceding returns the deviation is taken from")
      ->capture_default_str();
  command->footer(
      "Exit code 0: the file can be used; 2: it has faults.\n\nExample:\n  stevie data check "
      "BTCUSDT_1h.csv.gz");
  command->callback([flags, &context] {
    const market::QualityReport report = app::check_data(flags->file, flags->config);
    context.out << (flags->json ? app::quality_json(report) : app::quality_text(report, flags->config));
    app::require_usable(report, flags->file);
  });
}

void add_resample(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string in, interval, out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("resample", "Make longer bars, aligned to UTC");
  command->add_option("file", flags->in, "File of bars")->required();
  command->add_option("--to", flags->interval, "Interval of the new bars: 15m, 4h, 1d, 1w")->required();
  command->add_option("--out", flags->out, "New file, gzipped where it ends in .gz")->required();
  command->footer("Example:\n  stevie data resample BTCUSDT_1h.csv.gz --to 4h --out BTCUSDT_4h.csv.gz");
  command->callback([flags, &context] {
    const TimeMs interval = read_flag("--to", flags->interval, parse_duration);
    context.out << app::resample_data(flags->in, interval, flags->out) << "\n";
  });
}

void add_regimes(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string file, out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("regimes", "Label each bar bull, bear, sideways or volatile from its past alone");
  command->add_option("file", flags->file, "File of bars")->required();
  command->add_option("--out", flags->out, "Write a CSV with the regime of each bar");
  command->footer(
      "Settings are in the section regime of the configuration.\n\nExample:\n  stevie data regimes "
      "BTCUSDT_1h.csv.gz --out regimes.csv");
  command->callback([flags, &context] {
    context.out << app::label_regimes(flags->file, flags->out,
                                      app::load_config(context.layers()).measuring.regime);
  });
}

void add_synth(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string model = "garch", interval = "1h", start, out, labels, signal;
    market::SyntheticConfig config;
  };
  auto flags = std::make_shared<Flags>();
  market::SyntheticConfig& config = flags->config;
  CLI::App* command = family.add_subcommand("synth", "Make a synthetic market with known properties");
  command
      ->add_option("--model", flags->model,
                   "garch: regimes, fat tails and jumps; ou: a signal predicts part of the next return; "
                   "martingale: nothing can be earned")
      ->capture_default_str();
  command->add_option("--bars", config.bars, "Number of bars")->capture_default_str();
  command->add_option("--interval", flags->interval, "Interval of the bars")->capture_default_str();
  command->add_option("--seed", config.seed, "The same seed gives the same bytes")->capture_default_str();
  command->add_option("--start", flags->start, "Time of the first bar (default 2020-01-01)");
  command->add_option("--start-price", config.start_price, "First open")->capture_default_str();
  command->add_option("--symbol", config.symbol, "Symbol of the bars")->capture_default_str();
  command->add_option("--volatility", config.volatility_per_year, "Per year, for ou and martingale")
      ->capture_default_str();
  command->add_option("--signal-phi", config.signal_phi, "Persistence of the ou signal per bar")
      ->capture_default_str();
  command
      ->add_option("--signal-share", config.signal_share, "Share of the variance of returns that it explains")
      ->capture_default_str();
  command->add_option("--out", flags->out, "File of bars, gzipped where it ends in .gz")->required();
  command->add_option("--labels-out", flags->labels, "garch: regime of each bar (default: beside the bars)");
  command->add_option("--signal-out", flags->signal,
                      "ou: the signal as side series (default: beside the bars)");
  command->footer("Example:\n  stevie data synth --model garch --bars 50000 --seed 7 --out SYNTH_1h.csv.gz");
  command->callback([flags, &context] {
    flags->config.model = market::parse_synthetic_model(flags->model);
    flags->config.interval = read_flag("--interval", flags->interval, parse_duration);
    if (!flags->start.empty()) flags->config.start = read_flag("--start", flags->start, parse_time);
    context.out << app::synthesise_data(flags->config, {flags->out, flags->labels, flags->signal}) << "\n";
  });
}

void add_augment(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string in, from, to, out, picture;
    app::AugmentDataRequest request;
  };
  auto flags = std::make_shared<Flags>();
  app::AugmentDataRequest& request = flags->request;
  CLI::App* command = family.add_subcommand(
      "augment", "Change bars as training with augmentation does, to look at: as a file and as a picture");
  command->add_option("file", flags->in, "File of bars, gzip or not")->required();
  add_config_flag(
      *command, context, "--techniques", "augmentation.techniques",
      "noise, volume, shift, volatility, warp, bootstrap, permutation, or all for the first five");
  command->add_option("--from", flags->from, "First bar: a date or time, UTC");
  command->add_option("--to", flags->to, "Bars before this time");
  command->add_option("--seed", request.seed, "The same seed and episode give the same bytes")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--episode", request.episode, "Another number draws anew")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--out", flags->out, "New file, gzipped where it ends in .gz");
  command->add_option("--picture", flags->picture, "SVG file: original above, augmented below");
  command->add_option("--picture-bars", request.picture_bars, "How many of the first bars it shows")
      ->capture_default_str()
      ->check(CLI::Range(2, 2000));
  command->footer(
      "Amounts are in the section augmentation of the configuration.\n\nExample:\n  stevie data augment "
      "BTCUSDT_1h.csv.gz --techniques all --from 2023-03-01 --out SYNTH.csv.gz --picture augmented.svg");
  command->callback([flags, &context] {
    app::AugmentDataRequest& asked = flags->request;
    if (!flags->from.empty()) asked.from = read_flag("--from", flags->from, parse_time);
    if (!flags->to.empty()) asked.to = read_flag("--to", flags->to, parse_time);
    asked.in = flags->in;
    asked.out = flags->out;
    asked.picture = flags->picture;
    asked.augmentation = app::load_config(context.layers()).augmentation;
    context.out << app::augment_data(asked) << "\n";
  });
}

void add_download(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string exchange, interval, since, until, out;
    market::DownloadConfig config;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("download", "Fetch bars from an exchange; run it again to continue");
  command->add_option("exchange", flags->exchange, "The exchange: binance")
      ->required()
      ->check(CLI::IsMember({"binance"}));
  command->add_option("symbol", flags->config.symbol, "Symbol, such as BTC/USDT")->required();
  command->add_option("interval", flags->interval, "Interval of the bars, such as 5m, 1h or 1d")->required();
  command->add_option("--since", flags->since, "First bar wanted: a date or time, UTC")->required();
  command->add_option("--until", flags->until, "Bars before this time (default: up to the last closed bar)");
  command->add_option("--out", flags->out, "File of bars (default: data/<SYMBOL>_<interval>.csv.gz)");
  command->add_option("--base-url", flags->config.base_url, "Server of the REST interface")
      ->capture_default_str();
  command->footer("Example:\n  stevie data download binance BTC/USDT 1h --since 2017-08-01");
  command->callback([flags, &context] {
    flags->config.interval = parse_duration(flags->interval);
    flags->config.since = read_flag("--since", flags->since, parse_time);
    if (!flags->until.empty()) flags->config.until = read_flag("--until", flags->until, parse_time);
    flags->config.out = flags->out;
    context.out << app::download_data(flags->config, progress_on_stderr(context.quiet)) << "\n";
  });
}

}  // namespace

void add_data_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("data", "Check, convert, make and download market data");
  family->require_subcommand(1);
  family->footer(
      "Example:\n  stevie data check BTCUSDT_1h.csv.gz\n\n`stevie data COMMAND --help` tells more.");
  add_check(*family, context);
  add_resample(*family, context);
  add_regimes(*family, context);
  add_synth(*family, context);
  add_augment(*family, context);
  add_download(*family, context);
}

}  // namespace stevie::cli
