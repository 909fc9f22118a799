#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <unordered_map>

#include "accounts/account_database.h"
#include "accounts/accounts.h"
#include "accounts/login_throttle.h"
#include "accounts/names.h"
#include "accounts/secrets.h"
#include "accounts/token_cache.h"
#include "core/clock.h"

namespace stevie::accounts {
namespace {

constexpr auto look_around_every = std::chrono::milliseconds(250);
constexpr int looks_between_uses = 120;                    // of keys, written down
constexpr std::size_t most_logins = 100, most_keys = 100;  // a user
constexpr TimeMs setup_lifetime = day_ms;
constexpr std::size_t login_id_bytes = 16, secret_bytes = 32;
constexpr std::size_t login_id_length = 22, secret_length = 43;  // as base64url

Error bad_login() {
  return {"accounts.bad_login", "name or password is wrong, or the user is disabled"};
}
Error bad_refresh_token() {
  return {"accounts.bad_refresh_token", "this refresh token is not good (any more): log in again"};
}
Error bad_setup_token() {
  return {
      "accounts.bad_setup_token",
      "this setup token is not good (any more): start the server again for a new one, which is only given "
      "while there is no user"};
}
Error unknown_user(const std::string& name) {
  return {"accounts.unknown_user",
          is_name(name) ? fmt::format("there is no user '{}'", name) : "there is no user of that name"};
}

std::string lower_case(std::string text) {
  for (char& letter : text) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return text;
}

UserRow new_user(const std::string& name, Role role, const std::string& hash, TimeMs now) {
  UserRow row;
  row.user.name = name;
  row.user.role = role;
  row.user.created = now;
  row.password = hash;
  row.password_set = now;
  return row;
}

/// Fingerprint of the part of a refresh token that its login keeps; absent where the text is none.
std::optional<std::string> login_id_of(std::string_view token) {
  if (!token.starts_with(refresh_prefix)) return std::nullopt;
  if (token.size() != refresh_prefix.size() + login_id_length + secret_length) return std::nullopt;
  return to_text(fingerprint(token.substr(refresh_prefix.size(), login_id_length)));
}

class Store final : public AccountStore {
 public:
  Store(const AccountConfig& config, std::function<TimeMs()> now);
  ~Store() override;

  std::vector<User> users() override;
  User add_user(const std::string& name, const std::string& password, Role role) override;
  User set_password(const std::string& name, const std::string& password) override;
  User set_role(const std::string& name, Role role) override;
  User set_enabled(const std::string& name, bool enabled) override;
  void remove_user(const std::string& name) override;

  std::optional<std::string> make_setup_token() override;
  Tokens set_up(const std::string& token, const std::string& name, const std::string& password) override;

  Tokens login(const std::string& name, const std::string& password, const std::string& address) override;
  Tokens refresh(const std::string& refresh_token) override;
  void logout(const std::string& refresh_token) override;

  std::optional<Principal> authenticate(std::string_view bearer) override {
    return cache_.find(bearer, now_());
  }
  void look_around() override;

  NewKey add_key(const std::string& user, const std::string& name, Role role,
                 std::optional<TimeMs> expires) override;
  std::vector<ApiKey> keys() override;
  void remove_key(const std::string& id) override;

 private:
  std::string hash_password(const std::string& password);
  UserRow require_user(const std::string& name);
  void require_other_admin(const UserRow& row);
  User change_user(const std::string& name, const std::function<void(const UserRow&)>& change);
  void take_over();
  void check_setup_token(const std::string& token);
  Tokens open_login(const User& user, TimeMs now);
  Tokens tokens_of(LoginRow& row, std::string_view id, const User& user, TimeMs now) const;
  void remember_access(const Tokens& tokens, const std::string& login, TimeMs now);
  void write_uses();
  void watch();

  AccountConfig config_;
  std::function<TimeMs()> now_;
  PasswordHasher hasher_;
  TokenCache cache_;

  std::mutex throttle_mutex_;
  LoginThrottle throttle_;

  std::mutex database_mutex_;  // guards what follows; never taken by authenticate()
  AccountDatabase database_;
  std::int64_t known_changes_ = -1;
  std::unordered_map<std::string, TimeMs> password_set_;

  std::mutex end_mutex_;
  std::condition_variable end_signal_;
  bool is_ending_ = false;
  std::thread watcher_;
};

Store::Store(const AccountConfig& config, std::function<TimeMs()> now)
    : config_(config),
      now_(now ? std::move(now) : system_time),
      hasher_(config.password_memory),
      throttle_(config.tries, config.try_window),
      database_(parse_account_url(config.url)) {
  const std::lock_guard lock(database_mutex_);
  take_over();
  watcher_ = std::thread([this] { watch(); });
}

Store::~Store() {
  {
    const std::lock_guard lock(end_mutex_);
    is_ending_ = true;
  }
  end_signal_.notify_all();
  watcher_.join();
  try {
    write_uses();
  } catch (const std::exception&) {
    // When a key was last used is worth no more than this.
  }
}

void Store::watch() {
  int looks = 0;
  std::unique_lock lock(end_mutex_);
  while (!end_signal_.wait_for(lock, look_around_every, [this] { return is_ending_; })) {
    lock.unlock();
    try {
      look_around();
      if (++looks % looks_between_uses == 0) write_uses();
    } catch (const std::exception&) {
      // The database is gone: the next look tries again, and whoever asks for something is told.
    }
    lock.lock();
  }
}

void Store::look_around() {
  const std::lock_guard lock(database_mutex_);
  std::int64_t changes = 0;
  database_.read([&] { changes = database_.changes(); });
  if (changes != known_changes_) take_over();
}

void Store::take_over() {
  Snapshot snapshot;
  database_.read([&] { snapshot = database_.snapshot(); });
  cache_.replace(snapshot);
  std::unordered_map<std::string, TimeMs> set;
  for (const UserRow& row : snapshot.users) {
    set[row.user.name] = row.password_set;
    const auto known = password_set_.find(row.user.name);
    if (known == password_set_.end() || known->second == row.password_set) continue;
    const std::lock_guard throttle_lock(throttle_mutex_);
    throttle_.forget(row.user.name);
  }
  password_set_ = std::move(set);
  known_changes_ = snapshot.changes;
}

void Store::write_uses() {
  const auto uses = cache_.take_uses();
  if (uses.empty()) return;
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    for (const auto& [id, time] : uses) database_.set_last_used(id, time);
  });
}

std::string Store::hash_password(const std::string& password) {
  try {
    return hasher_.hash(password);
  } catch (const std::bad_alloc&) {
    throw Error("accounts.no_memory",
                fmt::format("there are no {} MiB free to hash a password in: free some, or lower "
                            "accounts.password_memory",
                            config_.password_memory));
  }
}

std::vector<User> Store::users() {
  const std::lock_guard lock(database_mutex_);
  std::vector<User> list;
  database_.read([&] {
    for (UserRow& row : database_.users()) list.push_back(std::move(row.user));
  });
  return list;
}

UserRow Store::require_user(const std::string& name) {
  auto row = database_.user(name);
  if (!row) throw unknown_user(name);
  return std::move(*row);
}

void Store::require_other_admin(const UserRow& row) {
  if (!row.user.enabled || row.user.role != Role::admin) return;
  for (const UserRow& other : database_.users()) {
    if (other.user.name != row.user.name && other.user.enabled && other.user.role == Role::admin) return;
  }
  throw Error("accounts.last_admin",
              fmt::format("'{}' is the last enabled administrator: make another one first", row.user.name));
}

User Store::add_user(const std::string& name, const std::string& password, Role role) {
  require_name(name, "user");
  require_password(name, password, config_.least_password);
  const std::string hash = hash_password(password);
  const TimeMs now = now_();
  const UserRow row = new_user(name, role, hash, now);
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    if (database_.user(name))
      throw Error("accounts.exists", fmt::format("there is a user '{}' already", name));
    database_.insert_user(row);
    database_.set_setup({});
  });
  take_over();
  return row.user;
}

User Store::change_user(const std::string& name, const std::function<void(const UserRow&)>& change) {
  User after;
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    const UserRow before = require_user(name);
    change(before);
    database_.end_logins_of(name);
    if (const auto row = database_.user(name)) after = row->user;
  });
  // Should the database be lost right now, nothing of the user is accepted until it is back.
  cache_.forget_user(name);
  take_over();
  return after;
}

User Store::set_password(const std::string& name, const std::string& password) {
  require_password(name, password, config_.least_password);
  const std::string hash = hash_password(password);
  const User after = change_user(name, [&](const UserRow& before) {
    // Another time than before, whatever the clock says: others see by it that the password is new.
    database_.set_password(name, hash, std::max(now_(), before.password_set + 1));
  });
  return after;
}

User Store::set_role(const std::string& name, Role role) {
  return change_user(name, [&](const UserRow& before) {
    if (role != Role::admin) require_other_admin(before);
    database_.set_role(name, role);
  });
}

User Store::set_enabled(const std::string& name, bool enabled) {
  return change_user(name, [&](const UserRow& before) {
    if (!enabled) require_other_admin(before);
    database_.set_enabled(name, enabled);
  });
}

void Store::remove_user(const std::string& name) {
  change_user(name, [&](const UserRow& before) {
    require_other_admin(before);
    database_.remove_user(name);
  });
  const std::lock_guard lock(throttle_mutex_);
  throttle_.forget(name);
}

std::optional<std::string> Store::make_setup_token() {
  std::string token = std::string(setup_prefix) + random_text(secret_bytes);
  bool has_users = false;
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    has_users = !database_.users().empty();
    if (!has_users) database_.set_setup(AccountDatabase::Setup{fingerprint(token), now_() + setup_lifetime});
  });
  return has_users ? std::nullopt : std::optional(std::move(token));
}

void Store::check_setup_token(const std::string& token) {
  const auto setup = database_.setup();
  const bool is_good =
      setup && equal(setup->hash, fingerprint(token)) && setup->expires > now_() && database_.users().empty();
  if (!is_good) throw bad_setup_token();
}

Tokens Store::set_up(const std::string& token, const std::string& name, const std::string& password) {
  {
    const std::lock_guard lock(database_mutex_);
    database_.read([&] { check_setup_token(token); });
  }
  require_name(name, "user");
  require_password(name, password, config_.least_password);
  const std::string hash = hash_password(password);
  const TimeMs now = now_();
  const UserRow row = new_user(name, Role::admin, hash, now);
  Tokens tokens;
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    check_setup_token(token);
    database_.set_setup({});
    database_.insert_user(row);
    tokens = open_login(row.user, now);
  });
  take_over();
  remember_access(tokens, *login_id_of(tokens.refresh), now);
  return tokens;
}

Tokens Store::tokens_of(LoginRow& row, std::string_view id, const User& user, TimeMs now) const {
  Tokens tokens;
  tokens.access = std::string(access_prefix) + random_text(secret_bytes);
  tokens.refresh = fmt::format("{}{}{}", refresh_prefix, id, random_text(secret_bytes));
  tokens.access_expires = now + config_.access_lifetime;
  tokens.refresh_expires = now + config_.refresh_lifetime;
  tokens.user = user;
  row.secret = fingerprint(tokens.refresh);
  row.expires = tokens.refresh_expires;
  return tokens;
}

Tokens Store::open_login(const User& user, TimeMs now) {
  const std::string id = random_text(login_id_bytes);
  LoginRow row{.id = to_text(fingerprint(id)), .user = user.name, .created = now};
  Tokens tokens = tokens_of(row, id, user, now);
  database_.trim_logins(user.name, most_logins - 1, now);
  database_.insert_login(row);
  database_.set_last_login(user.name, now);
  tokens.user.last_login = now;
  return tokens;
}

void Store::remember_access(const Tokens& tokens, const std::string& login, TimeMs now) {
  cache_.add_access(fingerprint(tokens.access), login, tokens.user.name, tokens.access_expires, now);
}

Tokens Store::login(const std::string& given_name, const std::string& password, const std::string& address) {
  std::string name = lower_case(given_name.substr(0, longest_name + 1));
  if (!is_name(name)) name.clear();  // of no user: all such names count as one
  {
    const std::lock_guard lock(throttle_mutex_);
    const TimeMs now = now_();
    if (const auto again = throttle_.admit(name, address, now)) throw TooManyTries(now, *again);
  }
  try {
    std::optional<UserRow> row;
    {
      const std::lock_guard lock(database_mutex_);
      database_.read([&] { row = database_.user(name); });
    }
    const bool is_too_long = password.size() > 4 * longest_password;
    const std::string_view looked_at = is_too_long ? std::string_view() : password;
    const auto hash = row && !is_too_long ? std::optional(row->password) : std::nullopt;
    if (!hasher_.verify(hash, looked_at) || !row->user.enabled) throw bad_login();
    const std::string renewed = hasher_.is_outdated(*hash) ? hash_password(password) : "";

    Tokens tokens;
    const TimeMs now = now_();
    const std::lock_guard lock(database_mutex_);
    database_.write([&] {
      // What was changed while the password was looked at counts.
      const auto fresh = database_.user(name);
      if (!fresh || !fresh->user.enabled || fresh->password != *hash) throw bad_login();
      if (!renewed.empty()) database_.replace_hash(name, renewed);
      tokens = open_login(fresh->user, now);
    });
    remember_access(tokens, *login_id_of(tokens.refresh), now);
    const std::lock_guard throttle_lock(throttle_mutex_);
    throttle_.succeeded(name, address, now);
    return tokens;
  } catch (const Error& error) {
    if (error.code() != "accounts.bad_login") {
      const std::lock_guard lock(throttle_mutex_);
      throttle_.take_back(name, address);
    }
    throw;
  }
}

Tokens Store::refresh(const std::string& refresh_token) {
  const auto login_id = login_id_of(refresh_token);
  if (!login_id) throw bad_refresh_token();
  const TimeMs now = now_();
  Tokens tokens;
  bool is_good = false, is_known = false;
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    is_good = is_known = false;
    auto row = database_.login(*login_id);
    if (!row) return;
    is_known = true;
    const auto user = database_.user(row->user);
    // Another one of this login than the last: somebody uses a copy, and nobody can say who.
    is_good =
        equal(row->secret, fingerprint(refresh_token)) && row->expires > now && user && user->user.enabled;
    if (!is_good) return database_.end_login(*login_id);
    tokens = tokens_of(*row, refresh_token.substr(refresh_prefix.size(), login_id_length), user->user, now);
    database_.renew_login(*row);
  });
  if (!is_good) {
    if (is_known) cache_.end_login(*login_id);
    throw bad_refresh_token();
  }
  remember_access(tokens, *login_id, now);
  return tokens;
}

void Store::logout(const std::string& refresh_token) {
  const auto login_id = login_id_of(refresh_token);
  if (!login_id) return;
  const std::lock_guard lock(database_mutex_);
  bool is_known = false;
  database_.write([&] {
    is_known = database_.login(*login_id).has_value();
    if (is_known) database_.end_login(*login_id);
  });
  if (is_known) cache_.end_login(*login_id);
}

AccountStore::NewKey Store::add_key(const std::string& user, const std::string& name, Role role,
                                    std::optional<TimeMs> expires) {
  require_name(name, "key");
  const TimeMs now = now_();
  if (expires && *expires <= now) {
    throw Error("accounts.bad_expiry", "a key that has expired is of no use: give a time to come");
  }
  NewKey made;
  made.key = {.id = random_hex(key_id_length / 2),
              .user = user,
              .name = name,
              .role = role,
              .created = now,
              .expires = expires};
  made.secret = fmt::format("{}{}_{}", key_prefix, made.key.id, random_text(secret_bytes));
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    const UserRow owner = require_user(user);
    if (role > owner.user.role) {
      throw Error("accounts.role_too_high", fmt::format("'{}' is {}: the key cannot be {}", user,
                                                        to_string(owner.user.role), to_string(role)));
    }
    std::size_t count = 0;
    for (const KeyRow& row : database_.keys()) {
      if (row.key.user != user) continue;
      ++count;
      if (row.key.name == name) {
        throw Error(
            "accounts.exists",
            fmt::format("'{}' has a key '{}' already: remove it, or choose another name", user, name));
      }
    }
    if (count >= most_keys) {
      throw Error("accounts.too_many_keys",
                  fmt::format("'{}' has {} keys: remove those that are not used", user, count));
    }
    database_.insert_key({made.key, fingerprint(made.secret)});
  });
  take_over();
  return made;
}

std::vector<ApiKey> Store::keys() {
  const std::lock_guard lock(database_mutex_);
  std::vector<ApiKey> list;
  database_.read([&] {
    for (KeyRow& row : database_.keys()) list.push_back(std::move(row.key));
  });
  for (ApiKey& key : list) key.last_used = std::max(key.last_used, cache_.last_used(key.id));
  return list;
}

void Store::remove_key(const std::string& id) {
  const std::lock_guard lock(database_mutex_);
  database_.write([&] {
    if (!database_.remove_key(id)) throw Error("accounts.unknown_key", "there is no key of that id");
  });
  cache_.forget_key(id);
  take_over();
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::operator_role:
      return "operator";
    case Role::admin:
      break;
  }
  return "admin";
}

Role parse_role(std::string_view name) {
  for (const Role role : {Role::viewer, Role::operator_role, Role::admin}) {
    if (name == to_string(role)) return role;
  }
  throw Error("accounts.unknown_role", "a role is viewer, operator or admin");
}

TooManyTries::TooManyTries(TimeMs now, TimeMs again)
    : Error("accounts.too_many_tries",
            fmt::format("too many failed logins: try again in {} seconds", (again - now + 999) / 1000)),
      again_(again) {}

std::unique_ptr<AccountStore> AccountStore::open(const AccountConfig& config, std::function<TimeMs()> now) {
  return std::make_unique<Store>(config, std::move(now));
}

}  // namespace stevie::accounts
