#include "app/ledger_pool.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/testing.h"

namespace stevie::app {
namespace {

class LedgerPoolTest : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  LedgerPool pool{{.url = "sqlite:///" + (folder.path() / "stevie.db").string()}};
};

TEST_F(LedgerPoolTest, GivesAConnectionAgain) {
  const auto address = [](LedgerPool::Connection& connection) { return &connection.ledger(); };
  EXPECT_EQ(pool.use(address), pool.use(address));
}

TEST_F(LedgerPoolTest, UsesWithinOneAnotherHaveOneEach) {
  pool.use([&](LedgerPool::Connection& outer) {
    pool.use([&](LedgerPool::Connection& inner) { EXPECT_NE(&outer.ledger(), &inner.ledger()); });
  });
}

TEST_F(LedgerPoolTest, OpensAnewAfterAFailure) {
  pool.use([](LedgerPool::Connection& connection) { connection.ledger().append("note", "{}", "me", 1); });
  EXPECT_THROW(pool.use([](LedgerPool::Connection&) { throw Error("ledger.unreachable", "gone"); }), Error);
  EXPECT_EQ(pool.use([](LedgerPool::Connection& connection) { return connection.ledger().read().size(); }),
            1U);
}

TEST_F(LedgerPoolTest, ParametersAreUpToDateOnEveryConnection) {
  const auto current = [](LedgerPool::Connection& connection) {
    return connection.parameters().current().number;
  };
  EXPECT_EQ(pool.use(current), 1U);
  pool.use([&](LedgerPool::Connection& outer) {
    EXPECT_EQ(outer.parameters().current().number, 1U);
    pool.use([](LedgerPool::Connection& inner) {
      inner.parameters().set(
          std::vector<live::ManualValue>{{.parameter = strategy::Parameter::social_go, .value = 0.5}},
          {"anna", "a test"});
    });
    EXPECT_EQ(outer.parameters().current().number, 2U);
  });
}

TEST_F(LedgerPoolTest, ServesManyThreads) {
  constexpr int threads = 6, each = 5;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([this] {
      for (int i = 0; i < each; ++i)
        pool.use(
            [](LedgerPool::Connection& connection) { connection.ledger().append("note", "{}", "me", 1); });
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(pool.use([](LedgerPool::Connection& connection) { return connection.ledger().read().size(); }),
            static_cast<std::size_t>(threads * each));
}

}  // namespace
}  // namespace stevie::app
