#include "core/text.h"

#include <gtest/gtest.h>

#include "core/hex.h"

namespace stevie {
namespace {

TEST(Text, sentences_stand_one_after_another) {
  EXPECT_EQ(joined({}), "");
  EXPECT_EQ(joined({"one"}), "one");
  EXPECT_EQ(joined({"one", "two", ""}), "one; two; ");
}

TEST(Text, json_replaces_what_is_no_text) {
  EXPECT_EQ(json_text("a\"\n"), R"("a\"\n")");
  EXPECT_EQ(json_text("a\xff"), "\"a\xef\xbf\xbd\"");
}

TEST(Hex, goes_there_and_back) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string hex = to_hex(bytes);
  EXPECT_EQ(hex.substr(0, 8), "00010203");
  EXPECT_EQ(hex.substr(504), "fcfdfeff");
  EXPECT_EQ(from_hex(hex, 256), bytes);
}

TEST(Hex, is_read_where_it_is_exactly_that) {
  EXPECT_EQ(from_hex("0aff", 2), "\x0a\xff");
  for (const char* text : {"", "0a", "0aff00", "0AFF", "0afg", " 0af", "0x0a"})
    EXPECT_EQ(from_hex(text, 2), "") << text;
}

}  // namespace
}  // namespace stevie
