#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/check_feed.h"
#include "cli/commands.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

constexpr int exit_not_connected = 1;

struct CheckFlags {
  std::vector<std::string> symbols;
  std::string interval = "1m";
  std::string stream_url = live::BinanceFeedConfig{}.stream_url;
  std::string rest_url = live::BinanceFeedConfig{}.rest_url;
  std::string ca_file;
  double seconds = 0;
};

void run_check(const CheckFlags& flags, CommandContext& context) {
  app::FeedCheckRequest request;
  request.feed.symbols = flags.symbols;
  request.feed.interval =
      read_flag("--interval", flags.interval, [](const std::string& text) { return parse_duration(text); });
  request.feed.stream_url = flags.stream_url;
  request.feed.rest_url = flags.rest_url;
  request.feed.ca_file = flags.ca_file;
  request.duration = static_cast<TimeMs>(flags.seconds * static_cast<double>(second_ms));
  request.stop_requested = interrupted;
  const InterruptGuard guard;
  const app::FeedCheckResult result =
      app::check_feed(request, [&](const std::string& line) { context.out << line << std::flush; });
  context.out << result.summary;
  if (interrupted()) throw Interrupted("stopped; nothing was recorded");
  if (!result.healthy) throw CLI::RuntimeError(exit_not_connected);
}

}  // namespace

void add_live_feed_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.get_subcommand("live");
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command = family->add_subcommand(
      "check-feed", "Connect to the live feed and print what comes; nothing is traded or recorded");
  command->add_option("--symbol", flags->symbols, "Symbol, like BTC/USDT; may be given several times")
      ->required();
  command->add_option("--interval", flags->interval, "Length of a bar")->capture_default_str();
  command->add_option("--stream-url", flags->stream_url, "Where bars are streamed from")
      ->capture_default_str();
  command->add_option("--rest-url", flags->rest_url, "Where missing bars are fetched from")
      ->capture_default_str();
  command->add_option("--ca-file", flags->ca_file,
                      "PEM file of trusted authorities for the stream (default: the system's)");
  command->add_option("--seconds", flags->seconds, "How long (default: until Ctrl-C)")
      ->check(CLI::Range(0.0, 1e9));
  command->footer(
      "Exit code 1: the stream was not connected at the end.\n\nExample:\n  stevie live check-feed --symbol "
      "BTC/USDT --interval 1m --seconds 180");
  command->callback([flags, &context] { run_check(*flags, context); });
}

}  // namespace stevie::cli
