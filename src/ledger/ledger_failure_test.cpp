// Surroundings that fail: locks, disks, folders, files, servers.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "core/file.h"
#include "ledger/ledger.h"
#include "ledger/ledger_testing.h"

namespace stevie::ledger {
namespace {

class LedgerFailure : public LedgerTest {};
INSTANTIATE_TEST_SUITE_P(Databases, LedgerFailure, both_databases, database_name);

std::string code_of(const std::function<void()>& action) {
  const Error error = error_of(action);
  EXPECT_FALSE(error.message().empty());
  return error.code();
}

TEST_P(LedgerFailure, a_lock_is_waited_for_and_then_told) {
  LedgerConfig config = place().config();
  config.lock_timeout = 100;
  const auto ledger = Ledger::open(config);
  ledger->append(test_events(1));
  {
    const auto other = place().connect();
    if (GetParam() == Dialect::sqlite) {
      *other << "BEGIN IMMEDIATE";
    } else {
      *other << "BEGIN";
      *other << "SELECT pg_advisory_xact_lock(hashtext('stevie ledger'), hashtext(current_schema()))";
    }
    EXPECT_EQ(code_of([&] { ledger->append(test_events(1)); }), "ledger.locked");
    EXPECT_EQ(ledger->read().size(), 1U) << "reading goes on";
    *other << "ROLLBACK";
  }
  EXPECT_EQ(ledger->append(test_events(1)).front().sequence, 2U);
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_P(LedgerFailure, a_folder_for_the_head_that_cannot_be_written_stops_the_first_append) {
  LedgerConfig config = place().config();
  write_file(place().folder() / "file", "x");
  config.head_folder = place().folder() / "file";  // is no folder
  const auto ledger = Ledger::open(config);
  EXPECT_EQ(code_of([&] { ledger->append(test_events(1)); }), "file.unwritable");
  EXPECT_TRUE(ledger->read().empty());
}

TEST_P(LedgerFailure, the_head_may_lie_in_a_folder_of_its_own) {
  LedgerConfig config = place().config();
  config.head_folder = place().folder() / "a" / "b";
  Ledger::open(config)->append(test_events(2));
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(config.head_folder) /
                                      place().beside(".head").filename()));
  EXPECT_EQ(Ledger::open(config)->verify().head_sequence, 2U);
}

class SqliteFailure : public testing::Test {
 protected:
  const TestPlace& place() const { return place_; }

 private:
  TestPlace place_{Dialect::sqlite};
};

TEST_F(SqliteFailure, what_is_no_ledger_is_refused_and_left_alone) {
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(place().file(), std::ios::binary) << bytes;
    const std::string code = code_of([&] { place().open(); });
    EXPECT_EQ(read_file(place().file()), bytes);
    return code;
  };
  EXPECT_EQ(refused("this is a text and no database, although it is long enough to be one."),
            "ledger.damaged");
  EXPECT_EQ(refused(std::string("SQLite format 3\0", 16) + std::string(4080, '\x7f')), "ledger.damaged");
  std::filesystem::remove(place().file());
  place().execute({"CREATE TABLE recipes (name TEXT)"});
  EXPECT_EQ(code_of([&] { place().open(); }), "ledger.not_a_ledger");
  place().execute({"CREATE TABLE ledger_schema (version INTEGER)"});
  EXPECT_EQ(code_of([&] { place().open(); }), "ledger.damaged");
}

TEST_F(SqliteFailure, a_damaged_file_is_told) {
  place().open()->append(test_events(50));
  const std::string bytes = read_file(place().file());
  std::ofstream(place().file(), std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  std::string code;
  try {
    const Verification found = place().open()->verify();
    ASSERT_FALSE(found.clean());
    code = "ledger." + found.faults.front().code;
  } catch (const Error& error) {
    code = error.code();
  }
  EXPECT_EQ(code, "ledger.damaged");
}

TEST_F(SqliteFailure, a_missing_folder_is_told) {
  const auto open = [](const std::string& url) { return [url] { Ledger::open({.url = url}); }; };
  EXPECT_EQ(code_of(open("sqlite:///" + (place().folder() / "none/stevie.db").string())),
            "ledger.unwritable");
  EXPECT_EQ(code_of(open("sqlite:///" + place().folder().string())), "ledger.unwritable");
}

/// Runs in a child that cannot write where it is not allowed to: root could.
std::string code_without_rights(const std::function<void()>& action) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  in_child([&] {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) return;
    std::string code = "none";
    try {
      action();
    } catch (const Error& error) {
      code = error.code();
    }
    if (::write(ends[1], code.data(), code.size()) < 0) ::_exit(1);
  });
  std::string code(100, '\0');
  code.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], code.data(), code.size()))));
  ::close(ends[0]);
  ::close(ends[1]);
  return code;
}

TEST_F(SqliteFailure, a_read_only_folder_and_a_read_only_file_are_told) {
  using std::filesystem::perms;
  std::filesystem::permissions(place().folder(), perms(0555));
  EXPECT_EQ(code_without_rights([&] { place().open(); }), "ledger.unwritable");
  std::filesystem::permissions(place().folder(), perms(0755));
  {
    const auto ledger = place().open();
    ledger->append(test_events(2));
  }
  std::filesystem::permissions(place().file(), perms(0444));
  std::filesystem::permissions(place().folder(), perms(0555));
  EXPECT_EQ(code_without_rights([&] { place().open()->append(test_events(1)); }), "ledger.unwritable");
  std::filesystem::permissions(place().folder(), perms(0755));
  EXPECT_TRUE(place().open()->verify().clean());
  EXPECT_EQ(place().open()->read().size(), 2U);
}

TEST_F(SqliteFailure, a_limit_on_the_size_of_files_loses_nothing) {
  place().open()->append(test_events(2));
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto ledger = place().open();
    const rlimit limit{128 << 10, 128 << 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const NewEvent large{"note", "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}", "tester", 1};
    try {
      ledger->append(std::span(&large, 1));
    } catch (const Error& error) {
      ::_exit(error.code() == "ledger.unwritable" ? 10 : 11);
    }
  });
  EXPECT_EQ(status, 10);
  const auto ledger = place().open();
  EXPECT_TRUE(ledger->verify().clean());
  EXPECT_EQ(ledger->append(test_events(1)).front().sequence, 3U);
}

TEST_F(SqliteFailure, a_full_disk_loses_nothing) {
  constexpr int not_permitted = 20, full = 10;
  const int status = in_child([&] {
    // A file system of 1 MiB that only this child sees.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", place().folder().c_str(), "tmpfs", 0, "size=1m") != 0) {
      ::_exit(not_permitted);
    }
    const auto ledger = place().open();
    ledger->append(test_events(2));
    const NewEvent large{"note", "{\"a\":\"" + std::string(200'000, 'x') + "\"}", "tester", 1};
    std::string code;
    std::size_t appended = 2;
    for (int n = 0; n < 10 && code.empty(); ++n) {
      try {
        ledger->append(std::span(&large, 1));
        ++appended;
      } catch (const Error& error) {
        code = error.code();
      }
    }
    const bool sound =
        ledger->verify().clean() && ledger->read().size() == appended && place().open()->verify().clean();
    ::_exit(code == "ledger.disk_full" && sound ? full : 11);
  });
  if (status == not_permitted) GTEST_SKIP() << "mounting a small file system needs root";
  EXPECT_EQ(status, full);
}

class PostgresFailure : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres_url().empty()) GTEST_SKIP() << "STEVIE_POSTGRES_URL is not set";
    place_ = std::make_unique<TestPlace>(Dialect::postgresql);
  }
  const TestPlace& place() const { return *place_; }
  /// The server's URL with another part between "://" and the parameters.
  std::string url_with(const std::string& login, const std::string& database) const {
    const std::string url = postgres_url();
    const std::size_t at = url.rfind('@'), slash = url.rfind('/');
    return "postgresql://" + login + url.substr(at, slash - at) + "/" + database;
  }

 private:
  std::unique_ptr<TestPlace> place_;
};

TEST_F(PostgresFailure, a_refused_login_shows_no_password) {
  for (const char* login : {"stevie:wr%6Fng-secret", "nobody:wr%6Fng-secret"}) {
    const Error error = error_of([&] { Ledger::open({.url = url_with(login, "postgres")}); });
    EXPECT_EQ(error.code(), "ledger.login_refused");
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("***"), std::string::npos) << error.what();
  }
}

TEST_F(PostgresFailure, a_missing_database_is_told) {
  const std::string url = postgres_url();
  EXPECT_EQ(code_of([&] { Ledger::open({.url = url.substr(0, url.rfind('/')) + "/no_such_database"}); }),
            "ledger.login_refused");
}

TEST_F(PostgresFailure, a_connection_that_was_lost_is_made_again) {
  const auto ledger = place().open();
  ledger->append(test_events(1));
  const std::string end_others =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query "
      "LIKE "
      "'%COMMIT%' AND state = 'idle' AND usename = current_user";
  execute_on_server(end_others);
  EXPECT_EQ(ledger->append(test_events(1)).front().sequence, 2U);
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_F(PostgresFailure, a_connection_that_is_lost_inside_a_transaction_loses_nothing) {
  LedgerConfig config = place().config();
  bool ends = false;
  config.hook = [&](WriteStep step) {
    if (ends && step == WriteStep::before_commit) {
      execute_on_server(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
          "query "
          "LIKE 'INSERT INTO ledger_events%'");
    }
  };
  const auto ledger = Ledger::open(config);
  ledger->append(test_events(1));
  ends = true;
  EXPECT_EQ(code_of([&] { ledger->append(test_events(2)); }), "ledger.outcome_unknown");
  ends = false;
  EXPECT_EQ(ledger->append(test_events(1)).front().sequence, 2U);
  EXPECT_TRUE(ledger->verify().clean());
}

TEST_F(PostgresFailure, a_role_without_rights_cannot_write) {
  place().open()->append(test_events(1));
  const std::string role = place().folder().filename().string();
  place().execute({"CREATE ROLE \"" + role + "\" LOGIN PASSWORD 'p'",
                   "GRANT USAGE ON SCHEMA \"" + role + "\" TO \"" + role + "\"",
                   "GRANT SELECT ON ledger_events, ledger_schema TO \"" + role + "\""});
  LedgerConfig config = place().config();
  config.url = url_with(role + ":p", "postgres") + config.url.substr(config.url.find('?'));
  config.head_folder = place().folder();
  const auto ledger = Ledger::open(config);
  EXPECT_EQ(ledger->read().size(), 1U);
  EXPECT_EQ(code_of([&] { ledger->append(test_events(1)); }), "ledger.unwritable");
  // INSERT is all that a program that appends needs.
  place().execute({"GRANT INSERT ON ledger_events TO \"" + role + "\""});
  EXPECT_EQ(ledger->append(test_events(1)).front().sequence, 2U);
  place().execute({"DROP OWNED BY \"" + role + "\"", "DROP ROLE \"" + role + "\""});
}

TEST(PostgresUrl, a_server_that_is_not_there_is_told_without_the_password) {
  const Error error =
      error_of([] { Ledger::open({.url = "postgresql://me:top-secret@127.0.0.1:1/stevie"}); });
  EXPECT_EQ(error.code(), "ledger.unreachable");
  EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  for (const char* url :
       {"postgresql://me:top-secret@127.0.0.1:1x/stevie", "postgresql://me:top-secret@[::1/stevie",
        "postgresql://me:top@secret@127.0.0.1:1/stevie",
        "postgresql://127.0.0.1:1/stevie?password=top-secret&nonsense=1",
        "postgresql://me:top-secret@127.0.0.1:1/", "postgresql://me:top secret@127.0.0.1:1/x"}) {
    const std::string text = error_of([url] { Ledger::open({.url = url}); }).what();
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace stevie::ledger
