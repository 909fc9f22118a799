#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/live_account.h"
#include "app/live_limits.h"
#include "cli/commands.h"
#include "cli/live_history_command.h"
#include "cli/signature_flags.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/printable.h"
#include "ledger/ledger.h"
#include "live/live_commands.h"

namespace stevie::cli {
namespace {

constexpr int most_shown = 100'000;
constexpr int exit_differs = 1;

std::unique_ptr<ledger::Ledger> open_to_read(app::Config& config) {
  config.ledger.access = ledger::Access::read;
  return ledger::Ledger::open(config.ledger);
}

/// A command that shows the account, as text or JSON.
template <class Text, class Json>
void add_view(CLI::App& family, CommandContext& context, const std::string& name, const std::string& help,
              Text text, Json json) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand(name, help);
  command->add_flag("--json", *as_json, "Print JSON");
  command->footer("Example:\n  stevie live " + name);
  command->callback([as_json, text, json, &context] {
    app::Config config = app::load_config(context.layers());
    const auto ledger = open_to_read(config);
    const app::LiveAccount account = app::read_live_account(*ledger, config.risk);
    context.out << (*as_json ? json(account) : text(account));
  });
}

void add_orders(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::size_t last = 20;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("orders", "Print the orders that wait, and the newest ones");
  command->add_option("--last", flags->last, "How many of the newest")
      ->check(CLI::Range(0, most_shown))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer("Example:\n  stevie live orders --last 5");
  command->callback([flags, &context] {
    app::Config config = app::load_config(context.layers());
    const auto ledger = open_to_read(config);
    const app::LiveAccount account = app::read_live_account(*ledger, config.risk);
    const auto newest = app::read_live_orders(*ledger, flags->last);
    context.out << (flags->json ? app::live_orders_json(account, newest)
                                : app::live_orders_text(account, newest));
  });
}

void add_decisions(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::size_t last = 20;
    std::uint64_t before = 0;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("decisions", "Print the newest decisions out of the journal, newest first");
  command->add_option("--last", flags->last, "How many")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_option("--before", flags->before, "Only those with a lower number");
  command->add_flag("--json", flags->json, "Print a JSON array, with the explanations");
  command->footer("Example:\n  stevie live decisions --last 5 --json");
  command->callback([flags, &context] {
    app::Config config = app::load_config(context.layers());
    const auto ledger = open_to_read(config);
    const auto decisions = app::read_live_decisions(*ledger, config.live.folder, flags->before, flags->last);
    context.out << (flags->json ? app::live_decisions_json(decisions) : app::live_decisions_text(decisions));
  });
}

void add_kill(CLI::App& family, CommandContext& context) {
  struct Flags {
    bool flatten = false;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("kill", "Stop trading: cancel waiting orders and let none pass until re-armed");
  command->add_flag("--flatten", flags->flatten, "Close every position at its next bar as well");
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie live kill --flatten --reason \"the exchange halts\"");
  command->callback([flags, &context] {
    const auto ledger = ledger::Ledger::open(app::load_config(context.layers()).ledger);
    const ledger::Event event =
        live::write_kill(*ledger, signature(context, flags->signature), flags->flatten, system_time());
    context.out << "killed by " << event.author << ": event " << event.sequence
                << "; no order passes until `stevie live rearm`\n";
  });
}

void add_rearm(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<SignatureFlags>();
  CLI::App* command =
      family.add_subcommand("rearm", "End a kill, or a halt after a drawdown: trading goes on");
  add_signature(*command, *flags);
  command->footer("Example:\n  stevie live rearm --reason \"the feed was wrong, positions are checked\"");
  command->callback([flags, &context] {
    const auto ledger = ledger::Ledger::open(app::load_config(context.layers()).ledger);
    const ledger::Event event = live::write_rearm(*ledger, signature(context, *flags), system_time());
    context.out << "re-armed by " << event.author << ": event " << event.sequence << "\n";
  });
}

/// "name=value", or "name=configured": back to the configuration. Throws Error "cli.usage" with every fault.
live::LimitRequest limit_request(const std::vector<std::string>& settings) {
  live::LimitRequest request;
  std::vector<std::string> faults;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    if (equals == std::string::npos) {
      faults.push_back("write " + printable(name) + " as name=value, or name=configured");
      continue;
    }
    const std::string text = setting.substr(equals + 1);
    std::optional<double> wanted;
    if (text != "configured") {
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc{} || end != text.data() + text.size())
        faults.push_back(printable(name) + " must be a number, or \"configured\"");
      wanted = value;
    }
    if (!request.values.emplace(name, wanted).second) faults.push_back(printable(name) + " is given twice");
  }
  if (!faults.empty()) throw Error("cli.usage", fmt::format("{}", fmt::join(faults, "; ")), "flag --set");
  return request;
}

void add_limits(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::vector<std::string> settings;
    std::optional<std::uint64_t> base;
    bool json = false;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("limits", "Print the risk limits, or change some");
  command->add_option("--set", flags->settings,
                      "name=value, or name=configured for that of the configuration; may be repeated");
  command->add_option(
      "--base", flags->base,
      "Number of the newest change that you have read, 0 for none: refused where another came "
      "since");
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->add_option("--by", flags->signature.by, "Who changes them (default: $USER)");
  command->add_option("--reason", flags->signature.reason, "Why: recorded in the ledger");
  command->footer(
      "A running server obeys between two steps; a change holds over restarts.\n\nExample:\n  stevie live "
      "limits --set exposure_share=1.5 --set orders_per_minute=configured --reason \"a quiet week\"");
  command->callback([flags, &context] {
    app::Config config = app::load_config(context.layers());
    const bool changes = !flags->settings.empty();
    if (!changes && (flags->base || !flags->signature.reason.empty()))
      throw Error("cli.usage", "say which limit: --set name=value", "flag --set");
    const auto ledger = changes ? ledger::Ledger::open(config.ledger) : open_to_read(config);
    if (changes) {
      live::LimitRequest request = limit_request(flags->settings);
      request.base = flags->base;
      live::write_limits(*ledger, signature(context, flags->signature), config.risk, request, system_time());
    }
    const app::LimitsView view = app::read_limits(*ledger, config.risk);
    context.out << (flags->json ? app::limits_json(view) : app::limits_text(view));
  });
}

void add_accept(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<SignatureFlags>();
  CLI::App* command =
      family.add_subcommand("accept", "Take the broker's account as the truth where the record differs");
  add_signature(*command, *flags);
  command->footer("Example:\n  stevie live accept --reason \"closed by hand at the exchange\"");
  command->callback([flags, &context] {
    const auto ledger = ledger::Ledger::open(app::load_config(context.layers()).ledger);
    const ledger::Event event = live::write_acceptance(
        *ledger, signature(context, *flags),
        app::read_live_account(*ledger, app::load_config(context.layers()).risk).session, system_time());
    context.out << "accepted by " << event.author << ": event " << event.sequence << "\n";
  });
}

void add_replay_journal(CLI::App& family, CommandContext& context) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = family.add_subcommand(
      "replay-journal", "Put a session's recorded bars through the rules again and compare every decision");
  command->add_option("folder", *folder, "Folder of the session, runs/live/SESSION")->required();
  command->footer("Example:\n  stevie live replay-journal runs/live/20260304-050607-live");
  command->callback([folder, &context] {
    const live::JournalReplay replay = app::replay_live_journal(*folder);
    context.out << app::journal_replay_text(replay);
    if (!replay.equal()) throw CLI::RuntimeError(exit_differs);
  });
}

}  // namespace

void add_live_command(CLI::App& app, CommandContext& context) {
  CLI::App* family =
      app.add_subcommand("live", "Show the paper account, stop it and start it again, and check its journal");
  family->require_subcommand(1);
  family->footer("Example:\n  stevie live state\n\n`stevie live COMMAND --help` tells more.");
  add_view(*family, context, "state", "Print session, risk state and account", app::live_state_text,
           app::live_state_json);
  add_view(*family, context, "positions", "Print the positions held", app::live_positions_text,
           app::live_positions_json);
  add_orders(*family, context);
  add_decisions(*family, context);
  add_live_history(*family, context);
  add_kill(*family, context);
  add_rearm(*family, context);
  add_accept(*family, context);
  add_limits(*family, context);
  add_replay_journal(*family, context);
}

}  // namespace stevie::cli
