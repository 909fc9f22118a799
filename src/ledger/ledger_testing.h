#pragma once
#include <gtest/gtest.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/testing.h"
#include "ledger/ledger.h"
#include "ledger/url.h"

namespace stevie::ledger {

/// For tests: a database of the server that `./dev test` starts, without parameters; empty where there is
/// none.
inline std::string postgres_url() {
  const char* url = std::getenv("STEVIE_POSTGRES_URL");
  return url == nullptr ? "" : url;
}

/// For tests: runs a statement in that database. SOCI wants at least one parameter in a URL.
inline void execute_on_server(const std::string& statement) {
  soci::session sql(soci::postgresql, postgres_url() + "?connect_timeout=10");
  sql << "SET client_min_messages = warning";
  sql << statement;
}

/// For tests: a place for a ledger of its own, with a folder for its head; gone at the end. In PostgreSQL it
/// is a schema of the database of STEVIE_POSTGRES_URL.
class TestPlace {
 public:
  explicit TestPlace(Dialect dialect) : dialect_(dialect) {
    if (dialect == Dialect::sqlite) {
      url_ = "sqlite:///" + file().string();
      return;
    }
    // The folder's random name serves the schema too; it may hold capitals, hence the quotes.
    schema_ = folder_.path().filename().string();
    execute_on_server("CREATE SCHEMA \"" + schema_ + "\"");
    url_ = postgres_url() + "?options=-csearch_path%3D%22" + schema_ + "%22";
  }
  ~TestPlace() {
    if (dialect_ == Dialect::sqlite) return;
    try {
      execute_on_server("DROP SCHEMA \"" + schema_ + "\" CASCADE");
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  TestPlace(const TestPlace&) = delete;
  TestPlace& operator=(const TestPlace&) = delete;

  Dialect dialect() const { return dialect_; }
  const std::string& url() const { return url_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  /// Of SQLite.
  std::filesystem::path file() const { return folder_.path() / "stevie.db"; }

  LedgerConfig config() const { return {.url = url_, .head_folder = folder_.path()}; }
  std::unique_ptr<Ledger> open() const { return Ledger::open(config()); }
  /// A file beside the ledger: ".head", ".key", ".pub".
  std::filesystem::path beside(const std::string& ending) const {
    return folder_.path() / (parse_url(url_).name + ending);
  }

  /// A connection of its own, without the ledger in between.
  std::unique_ptr<soci::session> connect() const {
    if (dialect_ == Dialect::sqlite) {
      auto sql = std::make_unique<soci::session>(soci::sqlite3, file().string());
      *sql << "PRAGMA busy_timeout = 10000";
      *sql << "PRAGMA synchronous = OFF";
      return sql;
    }
    return std::make_unique<soci::session>(soci::postgresql, url_);
  }
  void execute(const std::vector<std::string>& statements) const {
    const auto sql = connect();
    for (const std::string& statement : statements) *sql << statement;
  }
  /// As somebody does who has every right on the database: past the triggers, which are as before at the end.
  void tamper(std::vector<std::string> statements) const {
    if (dialect_ == Dialect::postgresql) {
      statements.insert(statements.begin(), "ALTER TABLE ledger_events DISABLE TRIGGER USER");
      statements.emplace_back("ALTER TABLE ledger_events ENABLE TRIGGER USER");
      return execute(statements);
    }
    const auto sql = connect();
    std::vector<std::string> names(10), definitions(10);
    *sql << "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'", soci::into(names),
        soci::into(definitions);
    for (const std::string& name : names) *sql << "DROP TRIGGER " + name;
    for (const std::string& statement : statements) *sql << statement;
    for (const std::string& definition : definitions) *sql << definition;
  }

 private:
  Dialect dialect_;
  TemporaryFolder folder_;
  std::string url_, schema_;
};

/// For tests that must hold in both databases: derive from it, instantiate with both_databases.
class LedgerTest : public testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    if (GetParam() == Dialect::postgresql && postgres_url().empty()) {
      GTEST_SKIP() << "STEVIE_POSTGRES_URL is not set: `./dev test` starts a server and sets it";
    }
    place_ = std::make_unique<TestPlace>(GetParam());
  }
  const TestPlace& place() const { return *place_; }

 private:
  std::unique_ptr<TestPlace> place_;
};

inline const auto both_databases = testing::Values(Dialect::sqlite, Dialect::postgresql);
inline std::string database_name(const testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::sqlite ? "sqlite" : "postgresql";
}

/// For tests: events "note" with bodies {"n": 1}, {"n": 2}, ... a minute apart.
inline std::vector<NewEvent> test_events(int count, int first = 1) {
  std::vector<NewEvent> events;
  for (int n = first; n < first + count; ++n) {
    events.push_back(
        {"note", "{\"n\": " + std::to_string(n) + "}", "tester", 1'700'000'000'000 + n * minute_ms});
  }
  return events;
}

/// For tests: one line for each fault, "code sequence".
inline std::vector<std::string> codes(const Verification& verification) {
  std::vector<std::string> list;
  for (const Fault& fault : verification.faults) {
    list.push_back(fault.code + (fault.sequence ? " " + std::to_string(*fault.sequence) : ""));
  }
  return list;
}

/// For tests: runs the action in a process of its own and returns its exit status; 99 where it threw, and
/// 128 + the signal where one ended it. The child leaves by _exit(): no destructor runs, as if it had been
/// killed.
inline int in_child(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      action();
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fputs(error.what(), stderr);
      ::_exit(99);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace stevie::ledger
