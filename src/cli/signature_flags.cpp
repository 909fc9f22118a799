#include "cli/signature_flags.h"

#include <CLI/CLI.hpp>

#include <string_view>

namespace stevie::cli {

void add_signature(CLI::App& command, SignatureFlags& flags) {
  command.add_option("--reason", flags.reason, "Why: kept on record; needed");
  command.add_option("--by", flags.by, "Who makes the change (default: $USER)");
}

live::Signature signature(const CommandContext& context, const SignatureFlags& flags) {
  constexpr std::string_view user = "USER=";
  live::Signature result{flags.by, flags.reason};
  if (!result.name.empty()) return result;
  for (const std::string_view variable : context.environment) {
    if (variable.starts_with(user)) result.name = variable.substr(user.size());
  }
  return result;
}

}  // namespace stevie::cli
