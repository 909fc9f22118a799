#pragma once
#include <string>

#include "cli/commands.h"
#include "live/parameter_store.h"

namespace stevie::cli {

/// $USER; empty where it is not set.
std::string shell_user(const CommandContext& context);

/// --by and --reason of a command that changes something.
struct SignatureFlags {
  std::string by, reason;
};

void add_signature(CLI::App& command, SignatureFlags& flags);
/// The name is $USER where --by is not given. Throws Error "cli.no_name" where neither is.
live::Signature signature(const CommandContext& context, const SignatureFlags& flags);

}  // namespace stevie::cli
