#pragma once
/// notify: messages to people who do not look at the page.
///
/// Channels (a webhook, a chat of a Telegram bot) that want certain events; a sender with a thread of its own
/// that tries again where a receiver does not answer, and keeps what waits over a restart. Start with:
///   notify.h          Event, Message, Channel, NotifyConfig
///   channel_store.h   the channels in their file
///   notifier.h        what is told goes out to the channels that want it
///   signature.h       how a receiver knows that a message is ours
///
/// In: messages from the program; channels from an administrator; answers of strangers' servers. Out: HTTP
/// requests, and a log of what became of them.
///
/// What always holds:
///   - whoever tells something waits for no network and no disk;
///   - a secret or token is in the channels' file and in the request that needs it, and nowhere else: no log,
///     message, error, list or state file holds it;
///   - no request goes to an address of this machine or of a private network unless the configuration allows
///     it, whatever a name resolves to, and no redirect is followed.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"
#include "core/time.h"

namespace stevie::notify {

/// What a channel may want to hear of. Names are stable. Only append.
enum class Event : std::uint8_t {
  risk_state,         // the risk engine's state changed
  kill,               // somebody stopped trading
  rearm,              // somebody let it go on
  denials,            // more orders denied within a minute than notify.denials_per_minute
  limits_changed,     // somebody changed the risk limits
  session_ended,      // a training session ended, with its verdict
  parameter_change,   // somebody changed, rolled back, overruled or imported parameters
  promotion,          // a search's proposal came into force
  reconciliation,     // account and record differ, or agree again
  feed_stale,         // no new data, or data again
  persistence_fault,  // nothing can be recorded, or it can again
  login_lockout       // too many failed logins
};
inline constexpr std::size_t event_count = 12;
std::string_view to_string(Event event);   // "risk_state"
Event parse_event(std::string_view name);  // throws Error "notify.unknown_event", which names the nearest

enum class Severity : std::uint8_t { info, warning, critical };
std::string_view to_string(Severity severity);

/// Something that happened, in words.
struct Message {
  Event event = Event::risk_state;
  Severity severity = Severity::info;
  std::string title;        // one line
  std::string text;         // sentences; may be empty
  std::string data = "{}";  // JSON object: figures for programs
  TimeMs time = 0;          // when it happened
  std::string key;          // a second message with the same one is left out; empty: never the same
};

enum class ChannelKind : std::uint8_t { webhook, telegram };
std::string_view to_string(ChannelKind kind);
ChannelKind parse_channel_kind(std::string_view name);  // throws Error "notify.bad_channel"

/// Where messages go.
struct Channel {
  std::string name;  // letters, digits and ._-, at most 64
  ChannelKind kind = ChannelKind::webhook;
  std::vector<Event> events;  // that it wants, at least one
  bool enabled = true;        // false: nothing is sent, and what waits is dropped
  /// After a message the next one of the same event waits so long; what comes meanwhile goes out as one
  /// message, which says how many it stands for. A kill and a re-arm never wait. 0: nothing waits.
  TimeMs minimum_gap = minute_ms;
  std::string url;     // webhook: http or https. Never shown whole: a path may be as good as a password
  std::string secret;  // webhook: signs the messages, 16 to 256 characters
  std::string chat;    // telegram: "-1001234567890" or "@channel"
  std::string token;   // telegram: of the bot
  TimeMs created = 0, changed = 0;

  bool wants(Event event) const;
  /// What people see of the address: "https://hooks.example.com/…", "chat -1001234567890".
  std::string target() const;
  /// One sentence per thing that cannot be.
  std::vector<std::string> faults() const;
};

struct NotifyConfig {
  /// Holds the channels with their secrets (channels.json, readable for its owner only) and what waits to be
  /// sent (outbox.json).
  std::string folder = "stevie-notify";
  /// Default: messages go to public addresses only, so that nobody can make the server ask what only it can
  /// reach.
  bool allow_private = false;
  std::string telegram_url = "https://api.telegram.org";
  TimeMs timeout = 10 * second_ms;        // of one request
  TimeMs give_up_after = day_ms;          // a message that could not be delivered for so long is given up
  std::uint64_t denials_per_minute = 10;  // from which on a message is sent
};
void describe(ConfigBinder& binder, NotifyConfig& config);

}  // namespace stevie::notify
