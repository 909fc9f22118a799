#include "cli/signature_flags.h"

#include <CLI/CLI.hpp>

#include <string_view>

#include "core/error.h"

namespace stevie::cli {

void add_signature(CLI::App& command, SignatureFlags& flags) {
  command.add_option("--reason", flags.reason, "Why: kept on record; needed");
  command.add_option("--by", flags.by, "Who makes the change (default: $USER)");
}

std::string shell_user(const CommandContext& context) {
  constexpr std::string_view name = "USER=";
  for (const std::string_view variable : context.environment) {
    if (variable.starts_with(name)) return std::string(variable.substr(name.size()));
  }
  return {};
}

live::Signature signature(const CommandContext& context, const SignatureFlags& flags) {
  const std::string name = flags.by.empty() ? shell_user(context) : flags.by;
  if (name.empty()) {
    throw Error("cli.no_name",
                "nothing was changed: say who makes the change with --by NAME, for $USER is not set" +
                    std::string(flags.reason.empty() ? "; say why with --reason" : ""));
  }
  return {name, flags.reason};
}

}  // namespace stevie::cli
