#include "app/params.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "app/compare_parameters.h"
#include "app/config.h"
#include "cli/commands.h"
#include "cli/signature_flags.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/time.h"

namespace stevie::cli {
namespace {

constexpr int most_shown = 1'000'000;  // versions or proposals

/// --symbol and --regime.
struct ScopeFlags {
  std::string symbol, regime;
};

/// An empty variable of a shell must not turn a change for one symbol into one for all.
std::string named(const std::string& text) {
  return text.empty() ? "is empty: name one, or leave the flag out for all" : "";
}

void add_scope(CLI::App& command, ScopeFlags& flags) {
  command.add_option("--symbol", flags.symbol, "For this symbol, such as BTC/USDT")->check(named);
  command.add_option("--regime", flags.regime, "For this market regime: bull, bear, sideways, volatile")
      ->check(named);
}

app::ParameterScope scope(const ScopeFlags& flags) {
  app::ParameterScope result = read_flag(
      "--symbol", flags.symbol, [](const std::string& symbol) { return app::parse_scope(symbol, {}); });
  result.regime = read_flag("--regime", flags.regime, [](const std::string& regime) {
                    return app::parse_scope({}, regime);
                  }).regime;
  return result;
}

app::OpenParameters open(const CommandContext& context) {
  return app::open_parameters(app::load_config(context.layers()).ledger);
}

void add_show(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::optional<std::uint64_t> version;
    ScopeFlags scope;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("show", "Print the parameters in force, or of one version");
  command->add_option("--version", flags->version, "Version to show (default: the one in force)");
  add_scope(*command, flags->scope);
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer("Example:\n  stevie params show --symbol BTC/USDT --regime bear");
  command->callback([flags, &context] {
    const app::ParameterScope wanted = scope(flags->scope);
    const app::OpenParameters opened = open(context);
    const live::ParameterStore& store = *opened.store;
    const live::ParameterVersion& version = flags->version ? store.version(*flags->version) : store.current();
    context.out << (flags->json ? app::show_json(version, wanted) : app::show_text(version, wanted));
  });
}

void add_history(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::size_t last = 20;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("history", "Print who changed what, when and why, newest first");
  command->add_option("--last", flags->last, "How many versions")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON array");
  command->footer("Example:\n  stevie params history --last 5");
  command->callback([flags, &context] {
    const app::OpenParameters opened = open(context);
    const std::span<const live::ParameterVersion> versions = opened.store->history();
    context.out << (flags->json ? app::history_json(versions, flags->last)
                                : app::history_text(versions, flags->last));
  });
}

void add_proposals(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::size_t last = 20;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("proposals", "Print what searches proposed and what the gate said, newest first");
  command->add_option("--last", flags->last, "How many proposals")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON array, with the gate's reports");
  command->footer("Example:\n  stevie params proposals --last 5");
  command->callback([flags, &context] {
    const app::OpenParameters opened = open(context);
    const std::vector<live::JudgedProposal> proposals = opened.store->proposals(flags->last);
    const live::ParameterVersion& current = opened.store->current();
    context.out << (flags->json ? app::proposals_json(proposals, current)
                                : app::proposals_text(proposals, current));
  });
}

void add_diff(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::uint64_t from = 0;
    std::optional<std::uint64_t> to;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("diff", "Print what differs between two versions");
  command->add_option("from", flags->from, "Number of the one version")->required();
  command->add_option("to", flags->to, "Number of the other (default: the one in force)");
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer("Example:\n  stevie params diff 1");
  command->callback([flags, &context] {
    const app::OpenParameters opened = open(context);
    const live::ParameterStore& store = *opened.store;
    const live::ParameterVersion& from = store.version(flags->from);
    const live::ParameterVersion& to = flags->to ? store.version(*flags->to) : store.current();
    context.out << (flags->json ? app::diff_json(from, to) : app::diff_text(from, to));
  });
}

std::optional<TimeMs> time_flag(const char* name, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return read_flag(name, text, parse_time);
}

void add_compare(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> second;
    std::vector<std::string> files, values;
    ScopeFlags scope;
    std::string from, to;
    std::size_t bars = 0;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("compare", "Replay two versions over the same bars and measure the difference");
  command->add_option("first", flags->first, "Number of the one version")->required();
  CLI::Option* second =
      command->add_option("second", flags->second, "Number of the other (default: the one in force)");
  command->add_option("--data", flags->files, "File of bars (default: those of live.data)")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--with", flags->values,
                   "NAME=VALUE, several at once: compare the first version with these values in it")
      ->excludes(second);
  add_scope(*command, flags->scope);
  command->add_option("--from", flags->from, "First bar, such as 2024-01-01");
  command->add_option("--to", flags->to, "Bars that close by this time");
  command->add_option("--bars", flags->bars, "The last so many of them (default: all)");
  command->add_flag("--json", flags->json, "Print a JSON object");
  command->footer(
      "Example:\n  stevie params compare 3 5 --data BTCUSDT_1h.csv.gz --from 2024-01-01\n  stevie params "
      "compare 3 --with volPctBreakout=65 --data BTCUSDT_1h.csv.gz");
  command->callback([flags, &context] {
    app::CompareRequest request;
    request.config = app::load_config(context.layers());
    request.from = time_flag("--from", flags->from);
    request.until = time_flag("--to", flags->to);
    request.bars = flags->bars;
    const std::vector<std::string>& files = flags->files.empty() ? request.config.live.data : flags->files;
    request.data.assign(files.begin(), files.end());
    const app::ParameterScope wanted = scope(flags->scope);
    const app::OpenParameters opened = open(context);
    request.first = app::compared_version(*opened.store, flags->first);
    request.second = flags->values.empty()
                         ? app::compared_version(*opened.store, flags->second)
                         : app::compared_draft(request.first, app::parse_values(flags->values, wanted));
    const InterruptGuard guard;
    request.cancelled = [] { return interrupted(); };
    const app::ParameterComparison found = app::compare_parameters(request);
    context.out << (flags->json ? app::comparison_json(found) : app::comparison_text(found));
  });
}

/// Runs one change and prints what it did.
template <class Change>
void make_change(CommandContext& context, Change change) {
  const app::OpenParameters opened = open(context);
  const live::ParameterVersion after = change(*opened.store);
  context.out << app::change_text(opened.store->version(after.parent), after);
}

void add_set(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::vector<std::string> assignments;
    ScopeFlags scope;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("set", "Change values by hand, all of them or none");
  command
      ->add_option("assignments", flags->assignments,
                   "NAME=VALUE, several at once; NAME=default takes a value back")
      ->required();
  add_scope(*command, flags->scope);
  add_signature(*command, flags->signature);
  command->footer(
      "Example:\n  stevie params set volPctBreakout=65 costCapBps=20 --reason \"calmer market\"\n  stevie "
      "params set slBreakout=3 --regime bear --reason \"wider in falls\" --by anna");
  command->callback([flags, &context] {
    const app::ParameterScope wanted = scope(flags->scope);
    make_change(context, [&](live::ParameterStore& store) {
      return app::set_parameters(store, flags->assignments, wanted, signature(context, flags->signature));
    });
  });
}

void add_rollback(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::uint64_t version = 0;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("rollback", "Make a new version with the content of an earlier one");
  command->add_option("version", flags->version, "Number of the earlier version")->required();
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie params rollback 3 --reason \"drawdown since version 4\"");
  command->callback([flags, &context] {
    make_change(context, [&](live::ParameterStore& store) {
      return store.rollback(flags->version, signature(context, flags->signature));
    });
  });
}

void add_override(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::uint64_t decision = 0;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("override", "Apply a proposal that the gate did not approve, on record");
  command->add_option("decision", flags->decision, "Its number in `stevie params proposals`")->required();
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie params override 17 --reason \"fees were halved last week\" --by anna");
  command->callback([flags, &context] {
    make_change(context, [&](live::ParameterStore& store) {
      return store.overrule(flags->decision, signature(context, flags->signature));
    });
  });
}

void add_export(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::optional<std::uint64_t> version;
    std::string out;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("export", "Write a version as a file that import reads");
  command->add_option("version", flags->version, "Number of the version (default: the one in force)");
  command->add_option("--out", flags->out, "File to write (default: print)");
  command->footer("Example:\n  stevie params export --out parameters.json");
  command->callback([flags, &context] {
    const app::OpenParameters opened = open(context);
    const live::ParameterStore& store = *opened.store;
    const live::ParameterVersion& version = flags->version ? store.version(*flags->version) : store.current();
    const std::string text = live::export_json(version);
    if (flags->out.empty()) {
      context.out << text;
    } else {
      write_file(flags->out, text);
      context.out << flags->out << ": version " << version.number << "\n";
    }
  });
}

void add_import(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string file;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("import", "Make a new version from an exported file");
  command->add_option("file", flags->file, "File that `stevie params export` wrote")->required();
  add_signature(*command, flags->signature);
  command->footer(
      "Example:\n  stevie params import parameters.json --reason \"tested on the other machine\"");
  command->callback([flags, &context] {
    make_change(context, [&](live::ParameterStore& store) {
      return app::import_parameters(store, flags->file, signature(context, flags->signature));
    });
  });
}

void add_schema(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand("schema", "Print what each parameter means and may hold");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie params schema");
  command->callback([json, &context] { context.out << (*json ? app::schema_json() : app::schema_text()); });
}

}  // namespace

void add_params_command(CLI::App& app, CommandContext& context) {
  CLI::App* family =
      app.add_subcommand("params", "Show, change and take back the parameters that the algorithm trades by");
  family->require_subcommand(1);
  family->footer("Example:\n  stevie params show\n\n`stevie params COMMAND --help` tells more.");
  add_show(*family, context);
  add_history(*family, context);
  add_diff(*family, context);
  add_compare(*family, context);
  add_set(*family, context);
  add_rollback(*family, context);
  add_proposals(*family, context);
  add_override(*family, context);
  add_export(*family, context);
  add_import(*family, context);
  add_schema(*family, context);
}

}  // namespace stevie::cli
