#include "app/ledger.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "app/config.h"
#include "cli/commands.h"
#include "core/clock.h"
#include "core/file.h"

namespace stevie::cli {
namespace {

std::unique_ptr<ledger::Ledger> open_ledger(const CommandContext& context, ledger::Access access) {
  ledger::LedgerConfig config = app::load_config(context.layers()).ledger;
  config.access = access;
  return ledger::Ledger::open(config);
}

void add_query(CLI::App& command, app::LedgerQuery& query) {
  command.add_option("--kind", query.kind,
                     "Only events of this kind, such as parameters.version; risk. for all that begin so");
  command.add_option("--without", query.without, "No events of this kind, such as live.step");
  command.add_option("--author", query.author, "Only events of this author");
  command.add_option("--text", query.text, "Only events with this text in kind, author or body");
  command.add_option("--since", query.since, "Only events from this time on: a date or time, UTC");
  command.add_option("--until", query.until, "Only events before this time");
  command.add_option("--last", query.last, "Only the newest so many of those")
      ->check(CLI::Range(1, 1'000'000'000));
}

void add_verify(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string head;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("verify", "Recompute every hash and check the signed head");
  command->add_option("--head", flags->head,
                      "A head file copied earlier, which the log must agree with as well");
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer(
      "Ends with 2 where anything was changed, and names it.\n\nExample:\n  stevie ledger verify --head "
      "/media/backup/stevie.db.head");
  command->callback([flags, &context] {
    const auto ledger = open_ledger(context, ledger::Access::read);
    std::optional<std::string> kept;
    if (!flags->head.empty()) kept = read_file(flags->head);
    const ledger::Verification found = ledger->verify(kept);
    context.out << (flags->json ? app::verification_json(found) : app::verification_text(found));
    if (!found.clean()) {
      const std::size_t count = found.faults.size();
      throw Error("ledger.faults", std::to_string(count) + (count == 1 ? " fault" : " faults") +
                                       " in the ledger; docs/ledger.md says what each means");
    }
  });
}

void add_show(CLI::App& family, CommandContext& context) {
  struct Flags {
    app::LedgerQuery query;
    bool whole = false, json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("show", "Print events, one a line");
  add_query(*command, flags->query);
  command->add_flag("--whole", flags->whole, "Whole bodies instead of their beginning");
  command->add_flag("--json", flags->json, "Print JSON, one object a line, as `export` does");
  command->footer("Example:\n  stevie ledger show --kind gate.decision --since 2026-01-01 --last 10");
  command->callback([flags, &context] {
    const auto ledger = open_ledger(context, ledger::Access::read);
    if (flags->json) {
      app::export_events(*ledger, flags->query, app::EventFormat::json_lines, context.out);
    } else {
      app::show_events(*ledger, flags->query, flags->whole, context.out);
    }
  });
}

void add_export(CLI::App& family, CommandContext& context) {
  struct Flags {
    app::LedgerQuery query;
    std::string format = "jsonl", out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("export", "Write events as JSON lines or CSV");
  add_query(*command, flags->query);
  command->add_option("--format", flags->format, "jsonl or csv")
      ->check(CLI::IsMember({"jsonl", "csv"}))
      ->capture_default_str();
  command->add_option("--out", flags->out, "File to write (default: standard output)");
  command->footer("Example:\n  stevie ledger export --format csv --out events.csv");
  command->callback([flags, &context] {
    const auto ledger = open_ledger(context, ledger::Access::read);
    const auto format = flags->format == "csv" ? app::EventFormat::csv : app::EventFormat::json_lines;
    if (flags->out.empty()) {
      app::export_events(*ledger, flags->query, format, context.out);
      return;
    }
    std::ostringstream text;
    app::export_events(*ledger, flags->query, format, text);
    write_file(flags->out, text.str());
    context.out << "wrote " << flags->out << "\n";
  });
}

void add_kinds(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand("kinds", "Print the kinds of events that there are");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie ledger kinds");
  command->callback([json, &context] {
    const std::vector<ledger::KindCount> kinds =
        ledger::count_kinds(app::load_config(context.layers()).ledger);
    context.out << (*json ? app::kinds_json(kinds) : app::kinds_text(kinds));
  });
}

void add_root(CLI::App& family, CommandContext& context) {
  auto size = std::make_shared<std::optional<std::uint64_t>>();
  CLI::App* command = family.add_subcommand("root", "Print the Merkle root (RFC 6962) over the events");
  command->add_option("--size", *size, "Over the first so many events (default: all)");
  command->footer("Example:\n  stevie ledger root --size 100");
  command->callback(
      [size, &context] { context.out << open_ledger(context, ledger::Access::read)->root(*size) << "\n"; });
}

void add_prove(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::optional<std::uint64_t> sequence, from, size;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("prove", "Print a proof (RFC 6962) that an auditor can check without the log");
  auto* sequence = command->add_option("sequence", flags->sequence, "That this event is in the log");
  auto* from =
      command->add_option("--from", flags->from, "That the log begins with its first so many events");
  sequence->excludes(from);
  command->add_option("--size", flags->size, "Of the first so many events (default: all)");
  command->footer("Example:\n  stevie ledger prove 7\n  stevie ledger prove --from 100 --size 200");
  command->callback([flags, &context] {
    if (!flags->sequence && !flags->from) {
      throw Error("cli.usage", "say what to prove: the number of an event, or --from");
    }
    const auto ledger = open_ledger(context, ledger::Access::read);
    context.out << (flags->sequence ? app::proof_json(ledger->prove(*flags->sequence, flags->size))
                                    : app::proof_json(ledger->prove_growth(*flags->from, flags->size)));
  });
}

void add_adopt(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string reason, by;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand(
      "adopt", "Sign the log as it stands with a new key, where the key or the head file is lost");
  command->add_option("--reason", flags->reason, "Why: recorded in the ledger")->required();
  command->add_option("--by", flags->by, "Who: recorded in the ledger")->required();
  command->footer(
      "Example:\n  stevie ledger adopt --reason \"the key was on the disk that failed\" --by alice");
  command->callback([flags, &context] {
    const auto ledger = open_ledger(context, ledger::Access::write);
    const ledger::Event event = ledger->adopt(flags->reason, flags->by, system_time());
    context.out << "signed, and recorded as event " << event.sequence << "\n";
  });
}

}  // namespace

void add_ledger_command(CLI::App& app, CommandContext& context) {
  CLI::App* family =
      app.add_subcommand("ledger", "What happened, and whether anybody changed the record of it");
  family->require_subcommand(1);
  family->footer("Example:\n  stevie ledger verify\n\n`stevie ledger COMMAND --help` tells more.");
  add_verify(*family, context);
  add_show(*family, context);
  add_export(*family, context);
  add_kinds(*family, context);
  add_root(*family, context);
  add_prove(*family, context);
  add_adopt(*family, context);
}

}  // namespace stevie::cli
