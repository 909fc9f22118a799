#include "ledger/export.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace stevie::ledger {
namespace {

Event event_with(const std::string& body) {
  Event event{3, 1'700'000'000'000, "note", "O\"Neil, Zoë", body, std::string(no_hash), {}};
  event.hash = event_hash(event);
  return event;
}

TEST(LedgerExport, gives_json_from_which_the_hash_can_be_computed_again) {
  const Event event = event_with("{\"a\":\n \"\\\"x\\\"\"}");
  const std::string line = json_line(event);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  const Event read{json["sequence"], json["time"],          json["kind"], json["author"],
                   json["body"],     json["previous_hash"], json["hash"]};
  EXPECT_EQ(event_hash(read), event.hash);
  EXPECT_EQ(json["utc"], "2023-11-14T22:13:20Z");
}

TEST(LedgerExport, quotes_csv) {
  const Event event = event_with("{\"a\": 1}");
  EXPECT_EQ(csv_line(event),
            "3,1700000000000,2023-11-14T22:13:20Z,\"note\",\"O\"\"Neil, Zoë\",\"{\"\"a\"\": 1}\",\"" +
                std::string(no_hash) + "\",\"" + event.hash + "\"\n");
}

TEST(LedgerExport, survives_what_a_changed_database_may_hold) {
  Event event = event_with("\xff\x80");
  event.hash = "\xc3";
  EXPECT_TRUE(nlohmann::json::accept(json_line(event)));
}

}  // namespace
}  // namespace stevie::ledger
