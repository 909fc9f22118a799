#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "accounts/secrets.h"
#include "ledger/url.h"

namespace stevie::accounts {

struct UserRow {
  User user;
  std::string password;  // of PasswordHasher
  TimeMs password_set = 0;
};

/// What one login stands on: all refresh tokens that followed one another since the password was given.
struct LoginRow {
  std::string id;  // fingerprint of the part of its refresh tokens that stays
  std::string user;
  Fingerprint secret{};  // of the refresh token that is good now
  TimeMs created = 0, expires = 0;
};

struct KeyRow {
  ApiKey key;
  Fingerprint secret{};
};

/// All that authenticate() needs, as of one moment.
struct Snapshot {
  std::int64_t changes = 0;
  std::vector<UserRow> users;
  std::vector<KeyRow> keys;
  std::vector<std::string> logins;  // their ids
};

/// ledger::parse_url() with this folder's codes: throws Error "accounts.bad_url".
ledger::Location parse_account_url(const std::string& url);

/// The tables of the accounts in SQLite or PostgreSQL, through SOCI. One thread at a time. Throws Error
/// "accounts.unreachable", "accounts.locked", "accounts.login_refused", "accounts.unwritable",
/// "accounts.disk_full", "accounts.damaged", "accounts.not_accounts", "accounts.newer_schema",
/// "accounts.database".
class AccountDatabase {
 public:
  explicit AccountDatabase(ledger::Location location);
  ~AccountDatabase();

  /// Runs the body in a transaction that keeps every other writer out; what it throws rolls back. A
  /// connection that was lost before is made again.
  void write(const std::function<void()>& body) { run(true, body); }
  /// In a transaction that sees one moment.
  void read(const std::function<void()>& body) { run(false, body); }

  // The rest: inside of a body. What changes users or keys, or ends logins, counts as a change.

  std::int64_t changes();
  Snapshot snapshot();

  std::vector<UserRow> users();
  std::optional<UserRow> user(const std::string& name);
  void insert_user(const UserRow& row);
  void set_password(const std::string& name, const std::string& hash, TimeMs now);
  /// The same password with another cost: no change.
  void replace_hash(const std::string& name, const std::string& hash);
  void set_role(const std::string& name, Role role);
  void set_enabled(const std::string& name, bool enabled);
  void set_last_login(const std::string& name, TimeMs now);
  void remove_user(const std::string& name);  // with keys and logins

  std::optional<LoginRow> login(const std::string& id);
  void insert_login(const LoginRow& row);
  void renew_login(const LoginRow& row);
  void end_login(const std::string& id);
  void end_logins_of(const std::string& user);
  /// Ends those that are over, and of `user` the oldest until at most `most` are left.
  void trim_logins(const std::string& user, std::size_t most, TimeMs now);

  std::vector<KeyRow> keys();
  void insert_key(const KeyRow& row);
  bool remove_key(const std::string& id);
  /// No change.
  void set_last_used(const std::string& id, TimeMs time);

  struct Setup {
    Fingerprint hash{};
    TimeMs expires = 0;
  };
  std::optional<Setup> setup();
  void set_setup(const std::optional<Setup>& setup);

 private:
  struct Session;
  void run(bool is_write, const std::function<void()>& body);
  void connect();
  int version();
  void begin(bool is_write);
  void rollback();
  void count_change();

  ledger::Location location_;
  std::unique_ptr<Session> session_;
};

}  // namespace stevie::accounts
