#include "accounts/account_schema.h"

namespace stevie::accounts {
namespace {

using Statements = std::vector<std::string>;

/// Columns that hold a secret hold its hash: password an Argon2id text, `secret`, `id` of logins and `hash`
/// BLAKE2b-256 in hex. BIGINT is an integer of any size to SQLite. The change counter is what other processes
/// look at to see that users, keys or logins are not what they were.
Statements tables() {
  return {"CREATE TABLE accounts_schema (version INTEGER NOT NULL)",
          "INSERT INTO accounts_schema VALUES (1)",
          R"(CREATE TABLE accounts_users (
               name TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, enabled INTEGER NOT NULL,
               password TEXT NOT NULL, password_set BIGINT NOT NULL,
               created BIGINT NOT NULL, last_login BIGINT))",
          R"(CREATE TABLE accounts_logins (
               id TEXT NOT NULL PRIMARY KEY, user_name TEXT NOT NULL, secret TEXT NOT NULL,
               created BIGINT NOT NULL, expires BIGINT NOT NULL))",
          "CREATE INDEX accounts_logins_by_user ON accounts_logins (user_name, created)",
          R"(CREATE TABLE accounts_keys (
               id TEXT NOT NULL PRIMARY KEY, user_name TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
               secret TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT, last_used BIGINT))",
          "CREATE TABLE accounts_setup (hash TEXT NOT NULL, expires BIGINT NOT NULL)",
          "CREATE TABLE accounts_changes (number BIGINT NOT NULL)",
          "INSERT INTO accounts_changes VALUES (0)"};
}

}  // namespace

const std::vector<Statements>& migrations() {
  static const std::vector<Statements> steps = {tables()};
  return steps;
}

int schema_version() {
  return static_cast<int>(migrations().size());
}

}  // namespace stevie::accounts
