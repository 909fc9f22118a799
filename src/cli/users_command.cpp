#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "app/accounts.h"
#include "app/config.h"
#include "app/recorded_change.h"
#include "cli/commands.h"
#include "cli/password_input.h"
#include "cli/signature_flags.h"

namespace stevie::cli {
namespace {

/// What one command works on.
struct OpenAccounts {
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<accounts::AccountStore> store;
  app::AccountDesk desk() const { return {*store, *ledger}; }
};

OpenAccounts open(const CommandContext& context) {
  const app::Config config = app::load_config(context.layers());
  OpenAccounts opened;
  opened.ledger = ledger::Ledger::open(config.ledger);
  opened.store = accounts::AccountStore::open(config.accounts);
  return opened;
}

std::unique_ptr<accounts::AccountStore> open_store(const CommandContext& context) {
  return accounts::AccountStore::open(app::load_config(context.layers()).accounts);
}

accounts::Role read_role(const std::string& text) {
  return read_flag("--role", text, accounts::parse_role);
}

void add_list(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand("list", "Print the users with role, state and last login");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie users list");
  command->callback([json, &context] {
    const auto users = open_store(context)->users();
    context.out << (*json ? app::users_json(users) : app::users_text(users));
  });
}

/// A user's name, what becomes of it, and who wants that.
struct UserFlags {
  std::string name, role, password_file;
  SignatureFlags signature;
};

CLI::App* add_user_command(CLI::App& family, const std::string& word, const std::string& description,
                           const std::shared_ptr<UserFlags>& flags) {
  CLI::App* command = family.add_subcommand(word, description);
  command->add_option("name", flags->name, "Name of the user")->required();
  add_signature(*command, flags->signature);
  return command;
}

void add_password_file(CLI::App& command, UserFlags& flags) {
  command.add_option("--password-file", flags.password_file,
                     "File whose only line is the password; -: standard input (default: asked for)");
}

/// Asks for the password only where everything else is in order.
std::string password_for(const CommandContext& context, const UserFlags& flags) {
  const live::Signature by = signature(context, flags.signature);
  app::require_signed(by);
  return read_new_password(flags.name, flags.password_file, context.err);
}

void add_add(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<UserFlags>();
  flags->role = "viewer";
  CLI::App* command = add_user_command(family, "add", "Make a user", flags);
  command->add_option("--role", flags->role, "viewer, operator or admin")->capture_default_str();
  add_password_file(*command, *flags);
  command->footer(
      "The password is typed at the terminal, or read from a file or standard input, never from an "
      "argument.\n\nExample:\n  stevie users add anna --role operator --reason \"night shift\"");
  command->callback([flags, &context] {
    const accounts::Role role = read_role(flags->role);
    const OpenAccounts opened = open(context);
    const std::string password = password_for(context, *flags);
    const accounts::User user =
        app::add_user(opened.desk(), signature(context, flags->signature), flags->name, password, role);
    context.out << "added " << user.name << ", " << to_string(user.role) << "\n";
  });
}

void add_password(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<UserFlags>();
  CLI::App* command =
      add_user_command(family, "password", "Set a user's password; ends the user's logins", flags);
  add_password_file(*command, *flags);
  command->footer(
      "Also the way back in for an administrator who forgot the password. A running server knows within a "
      "second.\n\nExample:\n  stevie users password anna --reason \"forgotten\"");
  command->callback([flags, &context] {
    const OpenAccounts opened = open(context);
    const std::string password = password_for(context, *flags);
    app::set_password(opened.desk(), signature(context, flags->signature), flags->name, password);
    context.out << "set the password of " << flags->name << "; all logins are ended\n";
  });
}

void add_role(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<UserFlags>();
  CLI::App* command = add_user_command(family, "role", "Set a user's role; ends the user's logins", flags);
  command->add_option("role", flags->role, "viewer, operator or admin")->required();
  command->footer("Example:\n  stevie users role anna operator --reason \"takes over the desk\"");
  command->callback([flags, &context] {
    const accounts::Role role = accounts::parse_role(flags->role);
    const OpenAccounts opened = open(context);
    app::set_role(opened.desk(), signature(context, flags->signature), flags->name, role);
    context.out << flags->name << " is " << to_string(role) << "; all logins are ended\n";
  });
}

void add_switch(CLI::App& family, CommandContext& context, bool enabled) {
  auto flags = std::make_shared<UserFlags>();
  const std::string word = enabled ? "enable" : "disable";
  CLI::App* command = add_user_command(
      family, word, enabled ? "Let a user in again" : "Keep a user out, with all logins and keys", flags);
  command->footer("Example:\n  stevie users " + word + " anna --reason " +
                  (enabled ? "\"back from leave\"" : "\"on leave\""));
  command->callback([flags, enabled, &context] {
    const OpenAccounts opened = open(context);
    app::set_enabled(opened.desk(), signature(context, flags->signature), flags->name, enabled);
    context.out << flags->name << " is " << (enabled ? "enabled" : "disabled") << "\n";
  });
}

void add_remove(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<UserFlags>();
  CLI::App* command = add_user_command(family, "remove", "Remove a user with all logins and keys", flags);
  command->footer("Example:\n  stevie users remove anna --reason \"left the firm\"");
  command->callback([flags, &context] {
    const OpenAccounts opened = open(context);
    app::remove_user(opened.desk(), signature(context, flags->signature), flags->name);
    context.out << "removed " << flags->name << "\n";
  });
}

void add_keys(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand("keys", "Print the API keys, without their secret part");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie users keys");
  command->callback([json, &context] {
    const auto keys = open_store(context)->keys();
    context.out << (*json ? app::keys_json(keys) : app::keys_text(keys));
  });
}

void add_add_key(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string user, name, role = "viewer", expires;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("add-key", "Make an API key and print it, once");
  command->add_option("user", flags->user, "User in whose name it acts")->required();
  command->add_option("--name", flags->name, "What it is for, such as ci")->required();
  command->add_option("--role", flags->role, "viewer, operator or admin; not above the user's")
      ->capture_default_str();
  command->add_option("--expires", flags->expires, "Time from which on it is void (default: never)");
  add_signature(*command, flags->signature);
  command->footer(
      "Example:\n  stevie users add-key anna --name ci --role viewer --expires 2030-01-01 --reason \"nightly "
      "report\"");
  command->callback([flags, &context] {
    const accounts::Role role = read_role(flags->role);
    std::optional<TimeMs> expires;
    if (!flags->expires.empty()) expires = read_flag("--expires", flags->expires, parse_time);
    const OpenAccounts opened = open(context);
    const auto made = app::add_key(opened.desk(), signature(context, flags->signature), flags->user,
                                   flags->name, role, expires);
    context.err << "key " << made.key.id << " of " << made.key.user
                << "; this is the only time that it is shown:\n";
    context.out << made.secret << "\n";
  });
}

void add_remove_key(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string id;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("remove-key", "Make an API key void");
  command->add_option("id", flags->id, "Its id in `stevie users keys`")->required();
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie users remove-key 0a1b2c3d4e5f --reason \"was in a log\"");
  command->callback([flags, &context] {
    const OpenAccounts opened = open(context);
    app::remove_key(opened.desk(), signature(context, flags->signature), flags->id);
    context.out << "removed key " << flags->id << "\n";
  });
}

}  // namespace

void add_users_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("users", "Manage who may use the server: users, roles, API keys");
  family->require_subcommand(1);
  family->footer(
      "Works with and without a running server, which takes changes over within a second.\n\nExample:\n  "
      "stevie users add anna --role admin --reason \"first administrator\"\n\n`stevie users COMMAND --help` "
      "tells more.");
  add_list(*family, context);
  add_add(*family, context);
  add_password(*family, context);
  add_role(*family, context);
  add_switch(*family, context, true);
  add_switch(*family, context, false);
  add_remove(*family, context);
  add_keys(*family, context);
  add_add_key(*family, context);
  add_remove_key(*family, context);
}

}  // namespace stevie::cli
