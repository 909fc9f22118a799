#include "accounts/login_throttle.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace stevie::accounts {
namespace {

constexpr std::size_t longest_key = 128;

/// Names that cannot be any user's are not told apart: they share one entry.
std::string key_of(const std::string& name) {
  return name.size() > longest_key ? std::string() : name;
}

std::string home_of(const std::string& name, const std::string& address) {
  return key_of(name) + '\n' + address_group(address);
}

}  // namespace

std::string address_group(const std::string& address) {
  in6_addr bytes{};
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address.substr(0, longest_key);
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    const std::uint8_t* last = bytes.s6_addr + 12;
    return fmt::format("{}.{}.{}.{}", last[0], last[1], last[2], last[3]);
  }
  std::string group = "v6:";
  for (int i = 0; i < 8; ++i) group += fmt::format("{:02x}", bytes.s6_addr[i]);
  return group;
}

LoginThrottle::LoginThrottle(std::size_t tries, TimeMs window, std::size_t most)
    : tries_(tries), window_(window), most_(most) {}

std::optional<TimeMs> LoginThrottle::locked_until(Entry& entry, TimeMs now) const {
  // A clock that was set back must not make a lock longer than a window.
  for (TimeMs& time : entry.failures) time = std::min(time, now);
  std::erase_if(entry.failures, [&](TimeMs time) { return time + window_ <= now; });
  if (entry.failures.size() < tries_) return std::nullopt;
  return entry.failures.front() + window_;
}

void LoginThrottle::make_room(Table& table, TimeMs now) const {
  if (table.size() < most_) return;
  for (auto item = table.begin(); item != table.end();) {
    locked_until(item->second, now);
    const bool is_empty = item->second.failures.empty() && item->second.last_success == 0;
    item = is_empty ? table.erase(item) : std::next(item);
  }
  if (table.size() < most_) return;
  // The entry with the fewest failures tells least; of those the oldest. A lock is not washed away by names
  // that are tried once each.
  const auto worth = [](const auto& item) {
    const Entry& entry = item.second;
    const TimeMs newest = entry.failures.empty() ? 0 : entry.failures.back();
    return std::pair(entry.failures.size(), std::max(newest, entry.last_success));
  };
  table.erase(std::min_element(table.begin(), table.end(),
                               [&](const auto& a, const auto& b) { return worth(a) < worth(b); }));
}

void LoginThrottle::count(Table& table, const std::string& key, TimeMs now) const {
  if (!table.contains(key)) make_room(table, now);
  table[key].failures.push_back(now);
}

std::optional<TimeMs> LoginThrottle::admit(const std::string& name, const std::string& address, TimeMs now) {
  if (const auto home = homes_.find(home_of(name, address)); home != homes_.end()) {
    if (const auto until = locked_until(home->second, now)) return until;
    home->second.failures.push_back(now);
    return std::nullopt;
  }
  std::optional<TimeMs> until;
  const std::string group = address_group(address);
  if (const auto entry = names_.find(key_of(name)); entry != names_.end()) {
    until = locked_until(entry->second, now);
  }
  if (const auto entry = addresses_.find(group); entry != addresses_.end()) {
    until = std::max(until, locked_until(entry->second, now));
  }
  if (until) return until;
  count(names_, key_of(name), now);
  count(addresses_, group, now);
  return std::nullopt;
}

void LoginThrottle::take_back(const std::string& name, const std::string& address) {
  const auto uncount = [](Table& table, const std::string& key) {
    const auto entry = table.find(key);
    if (entry == table.end() || entry->second.failures.empty()) return;
    entry->second.failures.pop_back();
    if (entry->second.failures.empty() && entry->second.last_success == 0) table.erase(entry);
  };
  const std::string home = home_of(name, address);
  if (homes_.contains(home)) return uncount(homes_, home);
  uncount(names_, key_of(name));
  uncount(addresses_, address_group(address));
}

void LoginThrottle::succeeded(const std::string& name, const std::string& address, TimeMs now) {
  take_back(name, address);
  const std::string home = home_of(name, address);
  if (!homes_.contains(home)) make_room(homes_, now);
  Entry& entry = homes_[home];
  entry.failures.clear();
  entry.last_success = now;
}

void LoginThrottle::forget(const std::string& name) {
  names_.erase(key_of(name));
  const std::string start = key_of(name) + '\n';
  std::erase_if(homes_, [&](const auto& item) { return item.first.starts_with(start); });
}

}  // namespace stevie::accounts
