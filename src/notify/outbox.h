#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "notify/notifier.h"

namespace stevie::notify {

/// A message that waits to be sent to one channel.
struct Waiting {
  Envelope envelope;
  std::string channel;
  TimeMs queued = 0;
  TimeMs not_before = 0;
  Delivery last;  // of its newest try; time: of the newest change
};

/// What a notifier keeps over a restart: the file outbox.json. It holds messages and no secrets.
struct Outbox {
  std::uint64_t ledger_seen = 0;
  std::deque<std::string> keys;  // of the newest messages
  std::vector<Waiting> waiting;  // oldest first
  std::deque<Delivery> log;      // of what does not wait any more, oldest first
};

std::string outbox_json(const Outbox& outbox);
/// Throws Error "notify.damaged".
Outbox parse_outbox(const std::string& text, const std::string& place);

/// The log of the outbox in a folder, newest first, as a process may read it beside a running server. Throws
/// as parse_outbox() and read_private_file(); empty where there is no file.
std::vector<Delivery> read_deliveries(const std::string& folder);
/// What the outbox tells of waiting and finished messages, newest first.
std::vector<Delivery> deliveries_of(const Outbox& outbox);

/// At most so many bytes, cut between two characters of UTF-8, with "…" where something is cut.
std::string shortened(std::string text, std::size_t most);

}  // namespace stevie::notify
