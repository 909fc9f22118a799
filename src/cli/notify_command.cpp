#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/notify_channels.h"
#include "cli/commands.h"
#include "cli/password_input.h"
#include "cli/signature_flags.h"
#include "core/error.h"
#include "notify/outbox.h"
#include "notify/signature.h"

namespace stevie::cli {
namespace {

constexpr int exit_not_delivered = 1;

/// What one command works on.
struct OpenChannels {
  explicit OpenChannels(const CommandContext& context)
      : config(app::load_config(context.layers())),
        store(config.notify.folder, {}),
        ledger(ledger::Ledger::open(config.ledger)) {}
  app::Config config;
  notify::ChannelStore store;
  std::unique_ptr<ledger::Ledger> ledger;
  app::ChannelDesk desk() { return {store, *ledger}; }
};

void add_list(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = family.add_subcommand("list", "Print the channels, without their secrets");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie notify list");
  command->callback([json, &context] {
    const notify::ChannelStore store(app::load_config(context.layers()).notify.folder, {});
    const auto channels = store.channels();
    context.out << (*json ? app::channels_json(channels) : app::channels_text(channels));
  });
}

struct AddFlags {
  std::string name, url, url_file, secret_file, chat, token_file, gap = "1m";
  std::vector<std::string> events;
  bool disabled = false;
  SignatureFlags signature;
};

std::vector<notify::Event> events_of(const std::vector<std::string>& names) {
  std::vector<notify::Event> events;
  for (const std::string& name : names) {
    if (name == "all") {
      for (std::size_t i = 0; i < notify::event_count; ++i) events.push_back(static_cast<notify::Event>(i));
    } else {
      events.push_back(read_flag("--events", name, notify::parse_event));
    }
  }
  return events;
}

notify::Channel channel_of(const AddFlags& flags, const CommandContext& context, bool& made_secret) {
  notify::Channel channel;
  channel.name = flags.name;
  channel.enabled = !flags.disabled;
  channel.events = events_of(flags.events);
  channel.minimum_gap = flags.gap == "0" ? 0 : read_flag("--gap", flags.gap, parse_duration);
  if (!flags.chat.empty()) {
    channel.kind = notify::ChannelKind::telegram;
    channel.chat = flags.chat;
    channel.token = read_new_password(flags.name, flags.token_file, context.err);
    return channel;
  }
  channel.url =
      flags.url_file.empty() ? flags.url : read_new_password(flags.name, flags.url_file, context.err);
  made_secret = flags.secret_file.empty();
  constexpr std::size_t secret_bytes = 24;
  channel.secret = made_secret ? notify::random_hex(secret_bytes)
                               : read_new_password(flags.name, flags.secret_file, context.err);
  return channel;
}

void add_add(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<AddFlags>();
  CLI::App* command = family.add_subcommand("add", "Add a channel: a webhook, or a chat of a Telegram bot");
  command->add_option("name", flags->name, "Name of the channel")->required();
  auto* url = command->add_option("--url", flags->url, "Webhook: where messages are sent to");
  auto* url_file = command
                       ->add_option("--url-file", flags->url_file,
                                    "File whose only line is the URL, where its path is a secret")
                       ->excludes(url);
  command->add_option("--secret-file", flags->secret_file,
                      "Webhook: file whose only line signs the messages; -: standard input (default: one is "
                      "made and printed, once)");
  auto* chat =
      command->add_option("--telegram", flags->chat, "Telegram: the chat, -1001234567890 or @channel")
          ->excludes(url)
          ->excludes(url_file);
  command
      ->add_option("--token-file", flags->token_file,
                   "Telegram: file whose only line is the bot's token; -: standard input")
      ->needs(chat);
  command->add_option("--events", flags->events, "What it wants to hear of, commas between; all: everything")
      ->delimiter(',')
      ->required();
  command->add_option("--gap", flags->gap, "Least time between two messages of one event; 0: none")
      ->capture_default_str();
  command->add_flag("--disabled", flags->disabled, "Send nothing for now");
  add_signature(*command, flags->signature);
  command->footer(
      "Secrets come from a file or standard input, never from an argument.\n\nExample:\n  stevie notify add "
      "desk --url https://hooks.example.com/stevie --events kill,rearm,risk_state --reason \"on call\"");
  command->callback([flags, &context] {
    const live::Signature by = signature(context, flags->signature);
    bool made_secret = false;
    const notify::Channel channel = channel_of(*flags, context, made_secret);
    OpenChannels opened(context);
    app::add_channel(opened.desk(), by, channel);
    context.err << "added " << channel.name << ", to " << channel.target() << "\n";
    if (!made_secret) return;
    context.err << "its messages are signed with this secret, shown this once:\n";
    context.out << channel.secret << "\n";
  });
}

void add_switch(CLI::App& family, CommandContext& context, bool enabled) {
  struct Flags {
    std::string name;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  const std::string word = enabled ? "enable" : "disable";
  CLI::App* command =
      family.add_subcommand(word, enabled ? "Send to a channel again" : "Send nothing to a channel");
  command->add_option("name", flags->name, "Name of the channel")->required();
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie notify " + word + " desk --reason " +
                  (enabled ? "\"repaired\"" : "\"under repair\""));
  command->callback([flags, enabled, &context] {
    OpenChannels opened(context);
    app::change_channel(opened.desk(), signature(context, flags->signature), flags->name,
                        {.enabled = enabled});
    context.out << flags->name << " is " << (enabled ? "enabled" : "disabled") << "\n";
  });
}

void add_remove(CLI::App& family, CommandContext& context) {
  struct Flags {
    std::string name;
    SignatureFlags signature;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("remove", "Remove a channel, and drop what waits for it");
  command->add_option("name", flags->name, "Name of the channel")->required();
  add_signature(*command, flags->signature);
  command->footer("Example:\n  stevie notify remove desk --reason \"nobody reads it\"");
  command->callback([flags, &context] {
    OpenChannels opened(context);
    app::remove_channel(opened.desk(), signature(context, flags->signature), flags->name);
    context.out << "removed " << flags->name << "\n";
  });
}

void add_test(CLI::App& family, CommandContext& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = family.add_subcommand("test", "Send a test message and say what happened");
  command->add_option("name", *name, "Name of the channel")->required();
  command->footer("Example:\n  stevie notify test desk");
  command->callback([name, &context] {
    notify::Notifier notifier({.config = app::load_config(context.layers()).notify, .now = {}});
    const notify::Delivery delivery = notifier.test(*name);
    const bool delivered = delivery.state == notify::DeliveryState::delivered;
    context.out << (delivered ? "delivered" : "not delivered: " + delivery.error) << " (" << delivery.took
                << " ms)\n";
    if (!delivered) throw CLI::RuntimeError(exit_not_delivered);
  });
}

void add_log(CLI::App& family, CommandContext& context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      family.add_subcommand("log", "Print what became of the newest 200 messages of the server");
  command->add_flag("--json", *json, "Print a JSON array");
  command->footer("Example:\n  stevie notify log");
  command->callback([json, &context] {
    const auto deliveries = notify::read_deliveries(app::load_config(context.layers()).notify.folder);
    context.out << (*json ? app::deliveries_json(deliveries) : app::deliveries_text(deliveries));
  });
}

}  // namespace

void add_notify_command(CLI::App& app, CommandContext& context) {
  CLI::App* family = app.add_subcommand("notify", "Tell people what happens: webhooks and Telegram");
  family->require_subcommand(1);
  family->footer(
      "Works with and without a running server, which takes changes over with its next "
      "message.\n\nExample:\n  "
      "stevie notify test desk\n\n`stevie notify COMMAND --help` tells more.");
  add_list(*family, context);
  add_add(*family, context);
  add_switch(*family, context, true);
  add_switch(*family, context, false);
  add_remove(*family, context);
  add_test(*family, context);
  add_log(*family, context);
}

}  // namespace stevie::cli
