#pragma once
#include <optional>
#include <string>

#include "notify/http_post.h"
#include "notify/notify.h"

namespace stevie::notify {

/// A message on its way to one channel.
struct Envelope {
  std::string id;              // 32 hex digits, the same at each try
  std::uint64_t repeated = 0;  // further messages of its event that it stands for
  Message message;
  bool is_test = false;  // goes out as event "test", whatever the message's own
};

/// The request that brings it there. Webhook: the message as JSON, signed. Telegram: sendMessage of the Bot
/// API, as plain text.
HttpPost make_post(const Channel& channel, const Envelope& envelope, const NotifyConfig& config, TimeMs now);

/// What an answer comes to.
struct Outcome {
  bool delivered = false;
  bool final = false;  // not delivered, and another try would end the same
  int http_status = 0;
  std::string error;  // one line; empty where delivered. Holds no secret and nothing of a webhook's answer
  std::optional<TimeMs> retry_after;
};
Outcome judge(const Channel& channel, const PostAnswer& answer);

}  // namespace stevie::notify
