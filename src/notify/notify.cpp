#include "notify/notify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "notify/address_guard.h"

namespace stevie::notify {
namespace {

constexpr std::array<std::string_view, event_count> event_names{
    "risk_state",       "kill",      "rearm",          "denials",    "limits_changed",    "session_ended",
    "parameter_change", "promotion", "reconciliation", "feed_stale", "persistence_fault", "login_lockout"};

constexpr TimeMs longest_gap = day_ms;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool is_digits(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string name_fault(const std::string& name) {
  constexpr std::size_t most = 64;
  const bool good = !name.empty() && name.size() <= most && is_word(name[0]) && name[0] != '-' &&
                    std::ranges::all_of(name, [](char c) { return is_word(c) || c == '.'; });
  return good ? ""
              : "the name must be 1 to 64 letters, digits, '.', '_' or '-', and not begin with '.' or '-'";
}

std::string secret_fault(const std::string& secret) {
  constexpr std::size_t least = 16, most = 256;
  if (secret.empty()) return "a webhook needs a secret, with which its messages are signed";
  if (secret.size() < least || secret.size() > most) return "the secret must have 16 to 256 characters";
  const bool visible = std::ranges::all_of(secret, [](char c) { return c > ' ' && c < '\x7f'; });
  return visible ? "" : "the secret must be visible ASCII without spaces";
}

std::string chat_fault(const std::string& chat) {
  constexpr std::size_t most_digits = 20, least_name = 4, most_name = 65;
  if (is_digits(chat.starts_with('-') ? std::string_view(chat).substr(1) : chat, most_digits)) return {};
  const bool name = chat.size() >= least_name && chat.size() <= most_name && chat[0] == '@' &&
                    std::ranges::all_of(chat.substr(1), is_word);
  return name ? "" : "the chat must be a number such as -1001234567890, or @ and the name of a channel";
}

/// It becomes a part of a URL.
std::string token_fault(const std::string& token) {
  constexpr std::size_t most_digits = 20, least_rest = 10, most_rest = 100;
  const std::size_t colon = token.find(':');
  const std::string rest = colon == std::string::npos ? "" : token.substr(colon + 1);
  const bool good = colon != std::string::npos && is_digits(token.substr(0, colon), most_digits) &&
                    rest.size() >= least_rest && rest.size() <= most_rest &&
                    std::ranges::all_of(rest, is_word);
  return good ? "" : "the token must be that of a bot, as BotFather gives it: digits, a colon, letters";
}

}  // namespace

std::string_view to_string(Event event) {
  return event_names[static_cast<std::size_t>(event)];
}

Event parse_event(std::string_view name) {
  for (std::size_t i = 0; i < event_names.size(); ++i) {
    if (event_names[i] == name) return static_cast<Event>(i);
  }
  const std::string_view nearest = nearest_name(name, event_names);
  throw Error("notify.unknown_event",
              fmt::format("there is no event \"{}\": {}", printable(name.substr(0, 64)),
                          nearest.empty() ? "docs/notifications.md lists them"
                                          : fmt::format("did you mean {}?", nearest)));
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::critical:
      break;
  }
  return "critical";
}

std::string_view to_string(ChannelKind kind) {
  return kind == ChannelKind::webhook ? "webhook" : "telegram";
}

ChannelKind parse_channel_kind(std::string_view name) {
  if (name == "webhook") return ChannelKind::webhook;
  if (name == "telegram") return ChannelKind::telegram;
  throw Error("notify.bad_channel", "a channel is of kind webhook or telegram");
}

bool Channel::wants(Event event) const {
  return std::ranges::find(events, event) != events.end();
}

std::string Channel::target() const {
  return kind == ChannelKind::webhook ? url_origin(url) + "/…" : "chat " + chat;
}

std::vector<std::string> Channel::faults() const {
  std::vector<std::string> found;
  const auto note = [&found](std::string fault) {
    if (!fault.empty()) found.push_back(std::move(fault));
  };
  note(name_fault(name));
  if (events.empty()) note("a channel needs at least one event");
  if (minimum_gap < 0 || minimum_gap > longest_gap) note("the minimum gap must be from 0 seconds to a day");
  if (kind == ChannelKind::webhook) {
    note(url_fault(url));
    note(secret_fault(secret));
    if (!chat.empty() || !token.empty()) note("a webhook has neither chat nor token");
  } else {
    note(chat_fault(chat));
    note(token_fault(token));
    if (!url.empty() || !secret.empty()) note("a Telegram channel has neither url nor secret");
  }
  return found;
}

void describe(ConfigBinder& binder, NotifyConfig& config) {
  binder.field("notify.folder", config.folder,
               {.help = "holds the channels with their secrets, readable for its owner only, and what waits "
                        "to be sent"});
  binder.field("notify.allow_private", config.allow_private,
               {.help = "messages may go to addresses of this machine and of private networks"});
  binder.field("notify.telegram_url", config.telegram_url,
               {.help = "of the Bot API; another one for a server of your own"});
  binder.rule("notify.telegram_url", [&config] {
    const bool ends =
        config.telegram_url.ends_with('/') || config.telegram_url.find_first_of("?#") != std::string::npos;
    return ends ? std::string("write it without a slash at its end, query or fragment")
                : url_fault(config.telegram_url);
  });
  binder.field("notify.timeout", config.timeout,
               {.minimum = 100,
                .maximum = static_cast<double>(minute_ms) / 3,
                .unit = "milliseconds",
                .help = "of one request to a receiver, connection included"});
  binder.field("notify.give_up_after", config.give_up_after,
               {.minimum = second_ms,
                .maximum = 30.0 * day_ms,
                .unit = "milliseconds",
                .help = "how long a message that cannot be delivered is tried again"});
  binder.field("notify.denials_per_minute", config.denials_per_minute,
               {.minimum = 1,
                .maximum = 100'000,
                .unit = "orders",
                .help = "denied by the risk engine within a minute, from which on a message is sent"});
}

}  // namespace stevie::notify
