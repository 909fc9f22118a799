#include "accounts/token_cache.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>

namespace stevie::accounts {
namespace {

constexpr std::size_t longest_token = 128;
constexpr std::size_t tokens_of_a_login = 2;

}  // namespace

const TokenCache::CachedUser* TokenCache::enabled_user(const std::string& name) const {
  const auto user = users_.find(name);
  return user != users_.end() && user->second.enabled ? &user->second : nullptr;
}

std::optional<Principal> TokenCache::find(std::string_view bearer, TimeMs now) const {
  if (bearer.size() > longest_token) return std::nullopt;
  if (bearer.starts_with(access_prefix)) {
    const Fingerprint print = fingerprint(bearer);
    const std::shared_lock lock(mutex_);
    const auto found = access_.find(print);
    if (found == access_.end() || found->second.expires <= now) return std::nullopt;
    const CachedUser* user = enabled_user(found->second.user);
    if (user == nullptr) return std::nullopt;
    return Principal{found->second.user, user->role, "access token"};
  }
  if (bearer.starts_with(key_prefix)) {
    const Fingerprint print = fingerprint(bearer);
    const std::string id(bearer.substr(key_prefix.size(), key_id_length));
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end() || !equal(found->second->secret, print)) return std::nullopt;
    const CachedKey& cached = *found->second;
    const CachedUser* user = enabled_user(cached.key.user);
    if (user == nullptr || (cached.key.expires && *cached.key.expires <= now)) return std::nullopt;
    cached.used.store(now, std::memory_order_relaxed);
    cached.is_use_new.store(true, std::memory_order_relaxed);
    return Principal{cached.key.user, std::min(cached.key.role, user->role), "API key " + cached.key.name};
  }
  return std::nullopt;
}

void TokenCache::drop(const Fingerprint& token) {
  const auto found = access_.find(token);
  if (found == access_.end()) return;
  if (const auto siblings = of_login_.find(found->second.login); siblings != of_login_.end()) {
    std::erase(siblings->second, token);
    if (siblings->second.empty()) of_login_.erase(siblings);
  }
  access_.erase(found);
}

template <class Condition>
void TokenCache::drop_where(Condition condition) {
  std::vector<Fingerprint> tokens;
  for (const auto& [token, access] : access_) {
    if (condition(access)) tokens.push_back(token);
  }
  for (const Fingerprint& token : tokens) drop(token);
}

void TokenCache::make_room(TimeMs now) {
  if (access_.size() < most_) return;
  drop_where([now](const Access& access) { return access.expires <= now; });
  if (access_.size() < most_) return;
  const auto first = std::min_element(access_.begin(), access_.end(), [](const auto& a, const auto& b) {
    return a.second.expires < b.second.expires;
  });
  drop(Fingerprint(first->first));
}

void TokenCache::add_access(const Fingerprint& token, const std::string& login, const std::string& user,
                            TimeMs expires, TimeMs now) {
  const std::unique_lock lock(mutex_);
  make_room(now);
  if (const auto siblings = of_login_.find(login);
      siblings != of_login_.end() && siblings->second.size() >= tokens_of_a_login) {
    drop(Fingerprint(siblings->second.front()));
  }
  access_[token] = {login, user, expires};
  of_login_[login].push_back(token);
}

void TokenCache::replace(const Snapshot& snapshot) {
  const std::unique_lock lock(mutex_);
  users_.clear();
  for (const UserRow& row : snapshot.users) users_[row.user.name] = {row.user.role, row.user.enabled};
  std::unordered_map<std::string, std::shared_ptr<CachedKey>> keys;
  for (const KeyRow& row : snapshot.keys) {
    auto cached = std::make_shared<CachedKey>();
    cached->key = row.key;
    cached->secret = row.secret;
    if (const auto old = keys_.find(row.key.id); old != keys_.end()) {
      cached->used = old->second->used.load();
      cached->is_use_new = old->second->is_use_new.load();
    }
    keys[row.key.id] = std::move(cached);
  }
  keys_ = std::move(keys);
  const std::unordered_set<std::string> logins(snapshot.logins.begin(), snapshot.logins.end());
  drop_where([&](const Access& access) { return !logins.contains(access.login); });
}

void TokenCache::end_login(const std::string& login) {
  const std::unique_lock lock(mutex_);
  const auto found = of_login_.find(login);
  if (found == of_login_.end()) return;
  for (const Fingerprint& token : std::vector<Fingerprint>(found->second)) drop(token);
}

void TokenCache::forget_user(const std::string& user) {
  const std::unique_lock lock(mutex_);
  users_.erase(user);
  drop_where([&](const Access& access) { return access.user == user; });
}

void TokenCache::forget_key(const std::string& id) {
  const std::unique_lock lock(mutex_);
  keys_.erase(id);
}

std::vector<std::pair<std::string, TimeMs>> TokenCache::take_uses() {
  const std::shared_lock lock(mutex_);
  std::vector<std::pair<std::string, TimeMs>> uses;
  for (const auto& [id, cached] : keys_) {
    if (cached->is_use_new.exchange(false)) uses.emplace_back(id, cached->used.load());
  }
  return uses;
}

std::optional<TimeMs> TokenCache::last_used(const std::string& key_id) const {
  const std::shared_lock lock(mutex_);
  const auto found = keys_.find(key_id);
  if (found == keys_.end() || found->second->used.load() == 0) return std::nullopt;
  return found->second->used.load();
}

std::size_t TokenCache::access_tokens() const {
  const std::shared_lock lock(mutex_);
  return access_.size();
}

}  // namespace stevie::accounts
