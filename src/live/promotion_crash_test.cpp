/// A promotion is killed at every step of its write, and SQLite at every one of its writes to the disk.
/// Whoever opens the store next must find the old version or the new one, whole, over a ledger that verifies.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "live/live_testing.h"

namespace stevie::live {
namespace {

using ledger::TestPlace;
using ledger::WriteStep;

const Signature search{"quick_tune", "session 7"};

strategy::ParameterLayers proposed_layers() {
  return with(with({}, strategy::Parameter::social_go, 0.6), strategy::Parameter::cost_cap_bps, 20);
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  ::_exit(1);  // never reached: the signal cannot be caught
}

/// How a process of its own ended that ran the action.
enum class End : std::uint8_t { finished, killed, failed };
End end_of(const std::function<void()>& action) {
  const int status = ledger::in_child(action);
  if (status == 128 + SIGKILL) return End::killed;
  return status == 0 ? End::finished : End::failed;
}

void promote_over(const ledger::LedgerConfig& config, const validation::Approval& approval) {
  const auto log = ledger::Ledger::open(config);
  ParameterStore store(*log);
  store.promote(approval, proposed_layers(), search);
}

/// Checks what a killed promotion left and returns the version that it left in force.
std::uint64_t version_left(const TestPlace& place) {
  const auto log = place.open();
  EXPECT_EQ(ledger::codes(log->verify()), std::vector<std::string>{});
  const ParameterStore store(*log);
  const std::uint64_t left = store.current().number;
  const strategy::ParameterLayers expected = left == 1 ? strategy::ParameterLayers{} : proposed_layers();
  EXPECT_LE(left, 2U);
  EXPECT_EQ(store.current().layers, expected);
  EXPECT_EQ(store.current().hash, parameters_hash(expected));
  EXPECT_EQ(log->read().size(), left);
  return left;
}

/// Makes the promotion where it is missing, and one more version.
void go_on(const TestPlace& place, const validation::Approval& approval) {
  TestStore opened(place);
  if (opened.store.current().number == 1) opened.store.promote(approval, proposed_layers(), search);
  const std::vector<ManualValue> values{{.parameter = strategy::Parameter::sl_news, .value = 2}};
  EXPECT_EQ(opened.store.set(values, {"anna", "goes on"}).number, 3U);
  EXPECT_EQ(ledger::codes(opened.ledger->verify()), std::vector<std::string>{});
}

class PromotionCrashTest : public ledger::LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Databases, PromotionCrashTest, ledger::both_databases, ledger::database_name);

TEST_P(PromotionCrashTest, leaves_the_old_or_the_new_version_whichever_step_kills_it) {
  const std::vector<WriteStep> steps{WriteStep::before_transaction, WriteStep::before_insert,
                                     WriteStep::before_commit,      WriteStep::after_commit,
                                     WriteStep::before_head,        WriteStep::after_head};
  const auto approval = approval_of(parameters_hash({}), parameters_hash(proposed_layers()));
  for (std::size_t deadly = 0; deadly <= steps.size(); ++deadly) {
    const TestPlace other(GetParam());
    { TestStore first(other); }
    ledger::LedgerConfig config = other.config();
    std::size_t count = 0;
    config.hook = [&](WriteStep step) {
      if (step != steps.at(count)) ::_exit(1);
      if (count++ == deadly) die();
    };
    const End end = end_of([&] { promote_over(config, approval); });
    EXPECT_EQ(end, deadly < steps.size() ? End::killed : End::finished) << deadly;
    const bool committed = deadly >= 3;  // from after_commit on
    EXPECT_EQ(version_left(other), committed ? 2U : 1U) << deadly;
    go_on(other, approval);
  }
}

TEST_P(PromotionCrashTest, leaves_a_usable_ledger_whichever_step_kills_the_first_version) {
  for (int deadly = 0;; ++deadly) {
    const TestPlace other(GetParam());
    ledger::LedgerConfig config = other.config();
    int count = 0;
    config.hook = [&](WriteStep) {
      if (count++ == deadly) die();
    };
    const End end = end_of([&] {
      const auto log = ledger::Ledger::open(config);
      const ParameterStore store(*log);
    });
    EXPECT_NE(end, End::failed);
    TestStore opened(other);
    EXPECT_EQ(opened.store.history().size(), 1U);
    EXPECT_EQ(opened.store.current().layers, strategy::ParameterLayers{});
    EXPECT_EQ(ledger::codes(opened.ledger->verify()), std::vector<std::string>{});
    if (end == End::finished) {
      EXPECT_GE(deadly, 6);
      break;
    }
  }
}

/// Of the process that is to be killed: its write number `deadly` to the disk ends it, after `part` of the
/// bytes.
struct Writes {
  int count = 0;
  int deadly = 0;
  double part = 0;
};
Writes writes;

bool deadly_write() {
  return writes.count++ == writes.deadly;
}

ssize_t killing_pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (!deadly_write()) return ::pwrite(file, bytes, size, offset);
  const auto some = static_cast<std::size_t>(static_cast<double>(size) * writes.part);
  if (some > 0 && ::pwrite(file, bytes, some, offset) < 0) ::_exit(1);
  die();
}
ssize_t killing_write(int file, const void* bytes, std::size_t size) {
  if (deadly_write()) die();
  return ::write(file, bytes, size);
}
int killing_ftruncate(int file, off_t size) {
  if (deadly_write()) die();
  return ::ftruncate(file, size);
}
int killing_unlink(const char* path) {
  if (deadly_write()) die();
  return ::unlink(path);
}

/// Makes this process's SQLite write through the functions above.
void put_under_fire() {
  sqlite_api::sqlite3_vfs* vfs = sqlite_api::sqlite3_vfs_find(nullptr);
  const auto replace = [vfs](const char* name, auto function) {
    const auto pointer = reinterpret_cast<sqlite_api::sqlite3_syscall_ptr>(function);
    return vfs->xSetSystemCall(vfs, name, pointer) == SQLITE_OK;
  };
  const bool pwrite = replace("pwrite", killing_pwrite), pwrite64 = replace("pwrite64", killing_pwrite);
  const bool rest = replace("write", killing_write) && replace("ftruncate", killing_ftruncate) &&
                    replace("unlink", killing_unlink);
  if (!(pwrite || pwrite64) || !rest) ::_exit(1);
}

TEST(PromotionCrashOnDisk, leaves_the_old_or_the_new_version_whichever_write_kills_it) {
  const auto approval = approval_of(parameters_hash({}), parameters_hash(proposed_layers()));
  const TestPlace prepared(ledger::Dialect::sqlite);
  { TestStore first(prepared); }
  for (const double part : {0.0, 0.5}) {
    std::vector<std::uint64_t> left;
    for (int deadly = 0;; ++deadly) {
      const TestPlace place(ledger::Dialect::sqlite);
      std::filesystem::copy(prepared.folder(), place.folder());
      const End end = end_of([&] {
        writes = {.deadly = deadly, .part = part};
        put_under_fire();
        promote_over(place.config(), approval);
      });
      ASSERT_NE(end, End::failed);
      const bool is_new = left.empty() || left.back() != version_left(place);
      left.push_back(version_left(place));
      if (is_new) go_on(place, approval);
      if (end == End::finished) break;
    }
    constexpr std::size_t least_writes = 10;  // the journal, the pages, the end of the journal
    EXPECT_GE(left.size(), least_writes);
    EXPECT_EQ(left.front(), 1U);
    EXPECT_EQ(left.back(), 2U);
    EXPECT_TRUE(std::ranges::is_sorted(left)) << "once committed, it stays committed";
  }
}

}  // namespace
}  // namespace stevie::live
