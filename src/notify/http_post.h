#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace stevie::notify {

struct HttpPost {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool allow_private = false;  // whether it may go to an address of this machine or of a private network
  TimeMs timeout = 10 * second_ms;
};

struct PostAnswer {
  int status = 0;                     // HTTP status; 0: no whole answer came
  std::string body;                   // its first 16 KiB
  std::string fault;                  // why no whole answer came; without the URL, which may hold a secret
  bool refused = false;               // the address is one that no message may go to
  std::optional<TimeMs> retry_after;  // how long the server asks to wait
};

/// POSTs over a connection of its own. Follows no redirect, takes no proxy and no credentials from the
/// surroundings, and reads at most 64 KiB of answer. `give_up`: asked about once a second; true ends the
/// request. Never throws for what the network or the server does.
PostAnswer http_post(const HttpPost& post, const std::function<bool()>& give_up = {});

}  // namespace stevie::notify
