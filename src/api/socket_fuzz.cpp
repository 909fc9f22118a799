#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/socket_protocol.h"
#include "core/error.h"

/// Whatever a client sends over the WebSocket is a message or refused with an Error; a hello's topics are
/// then topics of its role or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stevie;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto role = static_cast<accounts::Role>(data[0] % 3);
  try {
    const api::ClientMessage message = api::parse_client_message(text);
    if (text.size() > api::largest_client_message) std::abort();
    if (message.type == api::ClientMessage::Type::hello &&
        api::chosen_topics(message.topics, role).size() > api::topics_of(role).size()) {
      std::abort();
    }
  } catch (const Error& error) {
    api::error_message(error.code(), error.message());
  }
  return 0;
}
