#include "ledger/export.h"

#include <fmt/format.h>

#include "core/text.h"
#include "core/time.h"

namespace stevie::ledger {
namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + '"';
}

}  // namespace

std::string json_line(const Event& event) {
  return fmt::format(
      "{{\"sequence\": {}, \"time\": {}, \"utc\": \"{}\", \"kind\": {}, \"author\": {}, \"body\": {}, "
      "\"previous_hash\": {}, \"hash\": {}}}\n",
      event.sequence, event.time, format_time(event.time), json_text(event.kind), json_text(event.author),
      json_text(event.body), json_text(event.previous_hash), json_text(event.hash));
}

std::string_view csv_header() {
  return "sequence,time,utc,kind,author,body,previous_hash,hash\n";
}

std::string csv_line(const Event& event) {
  return fmt::format("{},{},{},{},{},{},{},{}\n", event.sequence, event.time, format_time(event.time),
                     quoted(event.kind), quoted(event.author), quoted(event.body),
                     quoted(event.previous_hash), quoted(event.hash));
}

}  // namespace stevie::ledger
