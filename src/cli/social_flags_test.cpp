#include "cli/social_flags.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace stevie::cli {
namespace {

app::SocialRequest parsed(std::vector<std::string> arguments) {
  app::SocialRequest request;
  CLI::App command;
  add_social_flags(command, request);
  std::reverse(arguments.begin(), arguments.end());  // what CLI11 takes
  command.parse(std::move(arguments));
  return request;
}

TEST(SocialFlags, FilesAreCollectedAndDiscoveryCanBeSwitchedOff) {
  EXPECT_TRUE(parsed({}).discover);
  EXPECT_TRUE(parsed({}).files.empty());
  EXPECT_FALSE(parsed({"--no-social"}).discover);
  EXPECT_EQ(parsed({"--social", "a.csv:mood@1h", "--social", "b.csv"}).files,
            (std::vector<std::string>{"a.csv:mood@1h", "b.csv"}));
  EXPECT_THROW(parsed({"--no-social", "--social", "a.csv"}), CLI::ParseError);
}

}  // namespace
}  // namespace stevie::cli
