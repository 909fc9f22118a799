#pragma once
#include <string>
#include <string_view>

#include "ledger/event.h"

namespace stevie::ledger {

/// An event as one line of JSON, with its line feed. The body is a string, byte for byte as it was hashed:
/// {"sequence": 1, "time": 1700000000000, "utc": "2023-11-14T22:13:20Z", "kind": "note", "author": "me",
///  "body": "{\"n\": 1}", "previous_hash": "0000...", "hash": "820a..."}
std::string json_line(const Event& event);

/// The columns of csv_line(), with a line feed.
std::string_view csv_header();
/// An event as a row of CSV (RFC 4180, but with line feeds alone), text quoted.
std::string csv_line(const Event& event);

}  // namespace stevie::ledger
