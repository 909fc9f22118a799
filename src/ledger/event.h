#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie::ledger {

/// An event as it is handed in.
struct NewEvent {
  std::string kind;    // what happened: "parameters.version"; a-z, 0-9, "_", "." and "-", at most 100 bytes
  std::string body;    // a JSON object as text, UTF-8, at most largest_body_bytes; kept byte for byte
  std::string author;  // who did it: UTF-8 without control characters, 1 to 200 bytes
  TimeMs time = 0;     // when it happened, by the caller's clock; not before 1970
};

/// An event of the log. Hashes are 64 lower-case hex digits.
struct Event {
  std::uint64_t sequence = 0;  // 1, 2, 3, ... without gaps
  TimeMs time = 0;
  std::string kind;
  std::string author;
  std::string body;
  std::string previous_hash;  // hash of the event before; no_hash for the first
  std::string hash;           // event_hash() of all the others
};

inline constexpr std::size_t largest_body_bytes = std::size_t{4} << 20;

/// What the first event has as previous_hash.
inline constexpr std::string_view no_hash =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// The bytes that an event's hash covers: the netstrings ("LENGTH:BYTES,", length in decimal) of
/// "stevie-event-1", sequence, time, kind, author, body and previous_hash, in this order, numbers in decimal.
std::string event_bytes(const Event& event);

/// The leaf hash of RFC 6962 over event_bytes(): SHA-256(0x00 | bytes), in hex.
std::string event_hash(const Event& event);

/// Throws Error "ledger.bad_event" with everything that is wrong.
void check_event(const NewEvent& event);

}  // namespace stevie::ledger
