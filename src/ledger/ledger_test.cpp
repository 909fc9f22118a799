#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include "core/testing.h"

namespace stevie::ledger {
namespace {
TEST(Ledger, smoke) {
  TemporaryFolder folder;
  auto ledger = Ledger::open({.url = "sqlite:///" + (folder.path() / "a.db").string()});
  ledger->append("a.b", "{\"x\": 1}", "me", 1000);
  ledger->append("a.b", "{\"x\": 2}", "me", 1001);
  const auto v = ledger->verify();
  for (auto& f : v.faults) ADD_FAILURE() << f.code << " " << f.message;
  EXPECT_EQ(v.log.sequence, 2u);
  EXPECT_EQ(v.head_sequence, 2u);
  EXPECT_EQ(ledger->head_fault(), "");
}
}  // namespace
}  // namespace stevie::ledger
