#include "ledger/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/printable.h"
#include "ledger/merkle.h"
#include "ledger/netstring.h"

namespace stevie::ledger {
namespace {

constexpr std::size_t most_kind_bytes = 100;
constexpr std::size_t most_author_bytes = 200;

bool is_kind_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_' ||
         letter == '.' || letter == '-';
}

std::string body_fault(std::string_view body) {
  if (body.size() > largest_body_bytes) {
    return fmt::format("the body has {} bytes: give at most {}", body.size(), largest_body_bytes);
  }
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  // accept() checks syntax and UTF-8 without building values, so that deep nesting costs no stack.
  if (first == std::string_view::npos || body[first] != '{' || !nlohmann::json::accept(body)) {
    return "the body is no JSON object: give the text of one";
  }
  return {};
}

}  // namespace

std::string event_bytes(const Event& event) {
  return netstrings({"stevie-event-1", std::to_string(event.sequence), std::to_string(event.time), event.kind,
                     event.author, event.body, event.previous_hash});
}

std::string event_hash(const Event& event) {
  return to_hex(leaf_hash(event_bytes(event)));
}

void check_event(const NewEvent& event) {
  std::vector<std::string> faults;
  if (event.kind.empty() || event.kind.size() > most_kind_bytes ||
      !std::all_of(event.kind.begin(), event.kind.end(), is_kind_character)) {
    faults.push_back(fmt::format("the kind \"{}\" is not 1 to {} of a-z, 0-9, \"_\", \".\" and \"-\"",
                                 printable(event.kind.substr(0, most_kind_bytes)), most_kind_bytes));
  }
  const bool author_is_printable =
      printable(event.author) == event.author && event.author.find_first_of("\n\t") == std::string::npos;
  if (event.author.empty() || event.author.size() > most_author_bytes || !author_is_printable) {
    faults.push_back(fmt::format("the author is not 1 to {} bytes of UTF-8 without control characters",
                                 most_author_bytes));
  }
  if (event.time < 0) faults.push_back("the time lies before 1970");
  if (std::string fault = body_fault(event.body); !fault.empty()) faults.push_back(std::move(fault));
  if (!faults.empty()) {
    throw Error("ledger.bad_event", fmt::format("the event cannot be recorded: {}", fmt::join(faults, "; ")));
  }
}

}  // namespace stevie::ledger
