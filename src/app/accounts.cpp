#include "app/accounts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "app/recorded_change.h"
#include "app/text_table.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using accounts::ApiKey;
using accounts::Role;
using accounts::User;
using live::Signature;

/// After it. Keys of `more` follow {what, user, reason}.
void record(const AccountDesk& desk, const Signature& by, const char* what, const std::string& user,
            const Json& more = Json::object()) {
  Json body{{"what", what}, {"user", user}, {"reason", by.reason}};
  body.update(more);
  record_change(desk.ledger, "accounts.changed", body.dump(), by.name, desk.now ? desk.now() : system_time());
}

Json role_field(Role role) {
  return {{"role", std::string(to_string(role))}};
}

std::string time_text(const std::optional<TimeMs>& time, const char* absent) {
  return time ? format_time(*time) : absent;
}
Json time_json(const std::optional<TimeMs>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

}  // namespace

User add_user(const AccountDesk& desk, const Signature& by, const std::string& name,
              const std::string& password, Role role) {
  require_recordable(desk.ledger, by);
  User user = desk.store.add_user(name, password, role);
  record(desk, by, "user_added", name, role_field(role));
  return user;
}

User set_password(const AccountDesk& desk, const Signature& by, const std::string& name,
                  const std::string& password) {
  require_recordable(desk.ledger, by);
  User user = desk.store.set_password(name, password);
  record(desk, by, "password_set", name);
  return user;
}

User set_role(const AccountDesk& desk, const Signature& by, const std::string& name, Role role) {
  require_recordable(desk.ledger, by);
  User user = desk.store.set_role(name, role);
  record(desk, by, "role_set", name, role_field(role));
  return user;
}

User set_enabled(const AccountDesk& desk, const Signature& by, const std::string& name, bool enabled) {
  require_recordable(desk.ledger, by);
  User user = desk.store.set_enabled(name, enabled);
  record(desk, by, enabled ? "user_enabled" : "user_disabled", name);
  return user;
}

void remove_user(const AccountDesk& desk, const Signature& by, const std::string& name) {
  require_recordable(desk.ledger, by);
  desk.store.remove_user(name);
  record(desk, by, "user_removed", name);
}

accounts::AccountStore::NewKey add_key(const AccountDesk& desk, const Signature& by, const std::string& user,
                                       const std::string& name, Role role, std::optional<TimeMs> expires) {
  require_recordable(desk.ledger, by);
  accounts::AccountStore::NewKey made = desk.store.add_key(user, name, role, expires);
  Json more{{"key", name}, {"key_id", made.key.id}};
  more.update(role_field(role));
  more["expires"] = time_json(expires);
  record(desk, by, "key_added", user, more);
  return made;
}

void remove_key(const AccountDesk& desk, const Signature& by, const std::string& id) {
  require_recordable(desk.ledger, by);
  ApiKey removed;
  for (ApiKey& key : desk.store.keys()) {
    if (key.id == id) removed = std::move(key);
  }
  desk.store.remove_key(id);
  record(desk, by, "key_removed", removed.user, Json{{"key", removed.name}, {"key_id", id}});
}

accounts::Tokens set_up(const AccountDesk& desk, const std::string& token, const std::string& name,
                        const std::string& password) {
  desk.ledger.head();
  accounts::Tokens tokens = desk.store.set_up(token, name, password);
  record(desk, {name, "first start"}, "set_up", name, role_field(Role::admin));
  return tokens;
}

std::string users_text(std::span<const User> users) {
  if (users.empty()) return "there is no user yet: stevie users add NAME --role admin\n";
  std::vector<std::vector<std::string>> rows;
  for (const User& user : users) {
    rows.push_back({user.name, std::string(to_string(user.role)), user.enabled ? "enabled" : "disabled",
                    format_time(user.created), time_text(user.last_login, "never")});
  }
  return text_table({"name", "role", "state", "made", "last login"}, rows);
}

std::string users_json(std::span<const User> users) {
  Json list = Json::array();
  for (const User& user : users) {
    list.push_back({{"name", user.name},
                    {"role", std::string(to_string(user.role))},
                    {"enabled", user.enabled},
                    {"created", format_time(user.created)},
                    {"last_login", time_json(user.last_login)}});
  }
  return list.dump(2) + "\n";
}

std::string keys_text(std::span<const ApiKey> keys) {
  if (keys.empty()) return "there is no API key: stevie users add-key USER --name NAME --role viewer\n";
  std::vector<std::vector<std::string>> rows;
  for (const ApiKey& key : keys) {
    rows.push_back({key.id, key.user, key.name, std::string(to_string(key.role)), format_time(key.created),
                    time_text(key.expires, "never"), time_text(key.last_used, "never")});
  }
  return text_table({"id", "user", "name", "role", "made", "expires", "last used"}, rows);
}

std::string keys_json(std::span<const ApiKey> keys) {
  Json list = Json::array();
  for (const ApiKey& key : keys) {
    list.push_back({{"id", key.id},
                    {"user", key.user},
                    {"name", key.name},
                    {"role", std::string(to_string(key.role))},
                    {"created", format_time(key.created)},
                    {"expires", time_json(key.expires)},
                    {"last_used", time_json(key.last_used)}});
  }
  return list.dump(2) + "\n";
}

}  // namespace stevie::app
