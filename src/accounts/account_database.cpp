#include "accounts/account_database.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "accounts/account_schema.h"
#include "core/error.h"
#include "ledger/database_error.h"
#include "ledger/sql_session.h"

namespace stevie::accounts {
namespace {

constexpr TimeMs lock_timeout = 5 * second_ms;

/// What writing processes lock in PostgreSQL: each schema of a database may hold accounts.
constexpr const char* lock_query =
    "SELECT pg_advisory_xact_lock(hashtext('stevie accounts'), hashtext(current_schema()))";

/// An Error of the functions shared with the ledger in the name of this folder.
Error as_own(const Error& error) {
  constexpr std::string_view theirs = "ledger.";
  if (!error.code().starts_with(theirs)) return error;
  const std::string what = error.code().substr(theirs.size());
  return {"accounts." + (what == "not_a_ledger" ? "not_accounts" : what), error.message(), error.place()};
}

Error as_own(const soci::soci_error& error, const ledger::Location& location) {
  return as_own(ledger::translate(error, location));
}

Fingerprint read_fingerprint(const std::string& text) {
  const auto parsed = parse_fingerprint(text);
  if (!parsed)
    throw Error("accounts.damaged", "the database of the accounts holds a hash that is none: restore a copy");
  return *parsed;
}

Role read_role(const std::string& text) {
  try {
    return parse_role(text);
  } catch (const Error&) {
    throw Error("accounts.damaged", "the database of the accounts holds a role that is none: restore a copy");
  }
}

std::optional<TimeMs> optional_time(TimeMs value, soci::indicator state) {
  return state == soci::i_ok ? std::optional(value) : std::nullopt;
}

}  // namespace

ledger::Location parse_account_url(const std::string& url) {
  try {
    return ledger::parse_url(url);
  } catch (const Error& error) {
    throw as_own(error);
  }
}

struct AccountDatabase::Session {
  soci::session sql;
};

AccountDatabase::AccountDatabase(ledger::Location location)
    : location_(std::move(location)), session_(std::make_unique<Session>()) {
  try {
    if (location_.dialect == ledger::Dialect::sqlite) ledger::make_private_file(location_.file);
    ledger::retry_while_locked(lock_timeout, [this] {
      session_ = std::make_unique<Session>();
      connect();
    });
  } catch (const Error& error) {
    throw as_own(error);
  }
}

AccountDatabase::~AccountDatabase() = default;

void AccountDatabase::connect() {
  soci::session& sql = session_->sql;
  const bool is_sqlite = location_.dialect == ledger::Dialect::sqlite;
  try {
    ledger::open_session(sql, location_, ledger::Access::write, lock_timeout);
    const int found = version();
    if (found > schema_version()) {
      throw Error(
          "accounts.newer_schema",
          fmt::format("these accounts were written by a newer program (schema {}, this one knows {}): "
                      "use that program; nothing was changed",
                      found, schema_version()),
          location_.shown);
    }
    if (found == 0 && is_sqlite && !ledger::is_empty_file(sql)) {
      throw Error("accounts.not_accounts",
                  "this file holds something else: give the accounts a file of their own", location_.shown);
    }
    ledger::use_write_ahead_log(sql, location_.dialect);
    if (found == schema_version()) return;
    begin(true);
    try {
      // Asked again: another process may have been here between the first question and the lock.
      for (auto step = static_cast<std::size_t>(version()); step < migrations().size(); ++step) {
        for (const std::string& statement : migrations()[step]) sql << statement;
      }
      sql << "COMMIT";
    } catch (...) {
      rollback();
      throw;
    }
  } catch (const soci::soci_error& error) {
    throw ledger::translate(error, location_);
  }
}

int AccountDatabase::version() {
  soci::session& sql = session_->sql;
  if (!ledger::has_table(sql, location_.dialect, "accounts_schema")) return 0;
  int found = 0;
  soci::indicator state = soci::i_null;
  sql << "SELECT max(version) FROM accounts_schema", soci::into(found, state);
  if (state != soci::i_ok || found < 1) {
    throw Error("accounts.damaged", "the table accounts_schema holds no version: restore a copy",
                location_.shown);
  }
  return found;
}

void AccountDatabase::begin(bool is_write) {
  soci::session& sql = session_->sql;
  if (location_.dialect == ledger::Dialect::sqlite) {
    sql << (is_write ? "BEGIN IMMEDIATE" : "BEGIN");
    return;
  }
  if (!is_write) {
    sql << "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    return;
  }
  // READ COMMITTED: what is read after the lock was waited for includes what its holder committed.
  sql << "BEGIN ISOLATION LEVEL READ COMMITTED";
  sql << lock_query;
}

void AccountDatabase::rollback() {
  try {
    session_->sql << "ROLLBACK";
  } catch (const soci::soci_error&) {
    // There is no transaction any more: the database has ended it, or the connection with it.
  }
}

void AccountDatabase::run(bool is_write, const std::function<void()>& body) {
  try {
    try {
      begin(is_write);
    } catch (const soci::soci_error& error) {
      if (!ledger::is_lost_connection(ledger::translate(error, location_))) throw;
      session_->sql.reconnect();
      ledger::set_up_session(session_->sql, location_, ledger::Access::write, lock_timeout);
      begin(is_write);
    }
    body();
    session_->sql << "COMMIT";
  } catch (const soci::soci_error& error) {
    rollback();
    throw as_own(error, location_);
  } catch (const Error& error) {
    rollback();
    throw as_own(error);
  } catch (...) {
    rollback();
    throw;
  }
}

void AccountDatabase::count_change() {
  session_->sql << "UPDATE accounts_changes SET number = number + 1";
}

std::int64_t AccountDatabase::changes() {
  std::int64_t number = 0;
  session_->sql << "SELECT number FROM accounts_changes", soci::into(number);
  return number;
}

Snapshot AccountDatabase::snapshot() {
  Snapshot snapshot{changes(), users(), keys(), {}};
  std::string id;
  soci::statement statement = (session_->sql.prepare << "SELECT id FROM accounts_logins", soci::into(id));
  statement.execute();
  while (statement.fetch()) snapshot.logins.push_back(id);
  return snapshot;
}

std::vector<UserRow> AccountDatabase::users() {
  std::vector<UserRow> rows;
  UserRow row;
  std::string role;
  int enabled = 0;
  TimeMs last_login = 0;
  soci::indicator has_login = soci::i_null;
  soci::statement statement =
      (session_->sql.prepare << "SELECT name, role, enabled, password, password_set, created, last_login "
                                "FROM accounts_users ORDER BY name",
       soci::into(row.user.name), soci::into(role), soci::into(enabled), soci::into(row.password),
       soci::into(row.password_set), soci::into(row.user.created), soci::into(last_login, has_login));
  statement.execute();
  while (statement.fetch()) {
    row.user.role = read_role(role);
    row.user.enabled = enabled != 0;
    row.user.last_login = optional_time(last_login, has_login);
    rows.push_back(row);
  }
  return rows;
}

std::optional<UserRow> AccountDatabase::user(const std::string& name) {
  UserRow row;
  std::string role;
  int enabled = 0;
  TimeMs last_login = 0;
  soci::indicator has_login = soci::i_null;
  soci::session& sql = session_->sql;
  sql << "SELECT name, role, enabled, password, password_set, created, last_login FROM accounts_users "
         "WHERE name = :name",
      soci::use(name), soci::into(row.user.name), soci::into(role), soci::into(enabled),
      soci::into(row.password), soci::into(row.password_set), soci::into(row.user.created),
      soci::into(last_login, has_login);
  if (!sql.got_data()) return std::nullopt;
  row.user.role = read_role(role);
  row.user.enabled = enabled != 0;
  row.user.last_login = optional_time(last_login, has_login);
  return row;
}

void AccountDatabase::insert_user(const UserRow& row) {
  const std::string role(to_string(row.user.role));
  const int enabled = row.user.enabled ? 1 : 0;
  session_->sql << "INSERT INTO accounts_users (name, role, enabled, password, password_set, created) "
                   "VALUES (:name, :role, :enabled, :password, :password_set, :created)",
      soci::use(row.user.name), soci::use(role), soci::use(enabled), soci::use(row.password),
      soci::use(row.password_set), soci::use(row.user.created);
  count_change();
}

void AccountDatabase::set_password(const std::string& name, const std::string& hash, TimeMs now) {
  session_->sql << "UPDATE accounts_users SET password = :hash, password_set = :now WHERE name = :name",
      soci::use(hash), soci::use(now), soci::use(name);
  count_change();
}

void AccountDatabase::replace_hash(const std::string& name, const std::string& hash) {
  session_->sql << "UPDATE accounts_users SET password = :hash WHERE name = :name", soci::use(hash),
      soci::use(name);
}

void AccountDatabase::set_role(const std::string& name, Role role) {
  const std::string text(to_string(role));
  session_->sql << "UPDATE accounts_users SET role = :role WHERE name = :name", soci::use(text),
      soci::use(name);
  count_change();
}

void AccountDatabase::set_enabled(const std::string& name, bool enabled) {
  const int value = enabled ? 1 : 0;
  session_->sql << "UPDATE accounts_users SET enabled = :enabled WHERE name = :name", soci::use(value),
      soci::use(name);
  count_change();
}

void AccountDatabase::set_last_login(const std::string& name, TimeMs now) {
  session_->sql << "UPDATE accounts_users SET last_login = :now WHERE name = :name", soci::use(now),
      soci::use(name);
}

void AccountDatabase::remove_user(const std::string& name) {
  soci::session& sql = session_->sql;
  sql << "DELETE FROM accounts_keys WHERE user_name = :name", soci::use(name);
  sql << "DELETE FROM accounts_logins WHERE user_name = :name", soci::use(name);
  sql << "DELETE FROM accounts_users WHERE name = :name", soci::use(name);
  count_change();
}

std::optional<LoginRow> AccountDatabase::login(const std::string& id) {
  LoginRow row;
  std::string secret;
  soci::session& sql = session_->sql;
  sql << "SELECT id, user_name, secret, created, expires FROM accounts_logins WHERE id = :id", soci::use(id),
      soci::into(row.id), soci::into(row.user), soci::into(secret), soci::into(row.created),
      soci::into(row.expires);
  if (!sql.got_data()) return std::nullopt;
  row.secret = read_fingerprint(secret);
  return row;
}

void AccountDatabase::insert_login(const LoginRow& row) {
  const std::string secret = to_text(row.secret);
  session_->sql << "INSERT INTO accounts_logins (id, user_name, secret, created, expires) "
                   "VALUES (:id, :user_name, :secret, :created, :expires)",
      soci::use(row.id), soci::use(row.user), soci::use(secret), soci::use(row.created),
      soci::use(row.expires);
}

void AccountDatabase::renew_login(const LoginRow& row) {
  const std::string secret = to_text(row.secret);
  session_->sql << "UPDATE accounts_logins SET secret = :secret, expires = :expires WHERE id = :id",
      soci::use(secret), soci::use(row.expires), soci::use(row.id);
}

void AccountDatabase::end_login(const std::string& id) {
  session_->sql << "DELETE FROM accounts_logins WHERE id = :id", soci::use(id);
  count_change();
}

void AccountDatabase::end_logins_of(const std::string& user) {
  session_->sql << "DELETE FROM accounts_logins WHERE user_name = :name", soci::use(user);
  count_change();
}

void AccountDatabase::trim_logins(const std::string& user, std::size_t most, TimeMs now) {
  soci::session& sql = session_->sql;
  int over = 0;
  sql << "SELECT count(*) FROM accounts_logins WHERE expires <= :now", soci::use(now), soci::into(over);
  if (over > 0) {
    sql << "DELETE FROM accounts_logins WHERE expires <= :now", soci::use(now);
    count_change();
  }
  int logins = 0;
  sql << "SELECT count(*) FROM accounts_logins WHERE user_name = :name", soci::use(user), soci::into(logins);
  const int too_many = logins - static_cast<int>(most);
  if (too_many <= 0) return;
  sql << "DELETE FROM accounts_logins WHERE id IN (SELECT id FROM accounts_logins WHERE user_name = :name "
         "ORDER BY created, id LIMIT :too_many)",
      soci::use(user), soci::use(too_many);
  count_change();
}

std::vector<KeyRow> AccountDatabase::keys() {
  std::vector<KeyRow> rows;
  KeyRow row;
  std::string role, secret;
  TimeMs expires = 0, last_used = 0;
  soci::indicator has_expires = soci::i_null, has_last_used = soci::i_null;
  soci::statement statement =
      (session_->sql.prepare << "SELECT id, user_name, name, role, secret, created, expires, last_used "
                                "FROM accounts_keys ORDER BY user_name, name, id",
       soci::into(row.key.id), soci::into(row.key.user), soci::into(row.key.name), soci::into(role),
       soci::into(secret), soci::into(row.key.created), soci::into(expires, has_expires),
       soci::into(last_used, has_last_used));
  statement.execute();
  while (statement.fetch()) {
    row.key.role = read_role(role);
    row.key.expires = optional_time(expires, has_expires);
    row.key.last_used = optional_time(last_used, has_last_used);
    row.secret = read_fingerprint(secret);
    rows.push_back(row);
  }
  return rows;
}

void AccountDatabase::insert_key(const KeyRow& row) {
  const std::string role(to_string(row.key.role)), secret = to_text(row.secret);
  const TimeMs expires = row.key.expires.value_or(0);
  soci::indicator has_expires = row.key.expires ? soci::i_ok : soci::i_null;
  session_->sql << "INSERT INTO accounts_keys (id, user_name, name, role, secret, created, expires) "
                   "VALUES (:id, :user_name, :name, :role, :secret, :created, :expires)",
      soci::use(row.key.id), soci::use(row.key.user), soci::use(row.key.name), soci::use(role),
      soci::use(secret), soci::use(row.key.created), soci::use(expires, has_expires);
  count_change();
}

bool AccountDatabase::remove_key(const std::string& id) {
  int found = 0;
  soci::session& sql = session_->sql;
  sql << "SELECT count(*) FROM accounts_keys WHERE id = :id", soci::use(id), soci::into(found);
  if (found == 0) return false;
  sql << "DELETE FROM accounts_keys WHERE id = :id", soci::use(id);
  count_change();
  return true;
}

void AccountDatabase::set_last_used(const std::string& id, TimeMs time) {
  session_->sql
      << "UPDATE accounts_keys SET last_used = :time WHERE id = :id AND coalesce(last_used, 0) < :than",
      soci::use(time), soci::use(id), soci::use(time);
}

std::optional<AccountDatabase::Setup> AccountDatabase::setup() {
  std::string hash;
  Setup found;
  soci::session& sql = session_->sql;
  sql << "SELECT hash, expires FROM accounts_setup", soci::into(hash), soci::into(found.expires);
  if (!sql.got_data()) return std::nullopt;
  found.hash = read_fingerprint(hash);
  return found;
}

void AccountDatabase::set_setup(const std::optional<Setup>& setup) {
  soci::session& sql = session_->sql;
  sql << "DELETE FROM accounts_setup";
  if (!setup) return;
  const std::string hash = to_text(setup->hash);
  sql << "INSERT INTO accounts_setup (hash, expires) VALUES (:hash, :expires)", soci::use(hash),
      soci::use(setup->expires);
}

}  // namespace stevie::accounts
