#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/accounts.h"
#include "app/news.h"

namespace stevie::api {

/// The messages of /api/ws, without any network: docs/server.md.

inline constexpr std::size_t largest_client_message = 4096;  // bytes

/// What a client may say.
struct ClientMessage {
  enum class Type { hello, ping, pong };
  Type type = Type::ping;
  std::string token;                        // of hello
  std::vector<std::string> topics;          // of hello; empty: all that the role may see
  std::optional<std::uint64_t> last_event;  // of hello: the number of the last event it has
};

/// Throws Error "api.bad_message" with everything that is wrong.
ClientMessage parse_client_message(std::string_view text);

/// Topics that a role may watch, ascending.
std::vector<std::string> topics_of(accounts::Role role);
/// The topics of a hello for a role. Throws Error "api.bad_message" for an unknown one, "api.forbidden" for
/// one that needs a higher role.
std::vector<std::string> chosen_topics(const std::vector<std::string>& asked, accounts::Role role);

std::string welcome_message(std::uint64_t newest, const std::vector<std::string>& topics);
std::string event_message(const app::NewsItem& item);
std::string missed_message(std::uint64_t newest);
std::string error_message(std::string_view code, std::string_view detail);

/// "2026-01-02T03:04:05.678Z": how the API writes times.
std::string time_text(TimeMs time);

}  // namespace stevie::api
