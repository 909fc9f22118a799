#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/time.h"

namespace stevie::accounts {

/// Counts failed logins and says when no more are taken. A name, and an address, may fail `tries` times in a
/// window. An address from which a name has logged in before counts by itself for that name: whoever guesses
/// elsewhere keeps strangers out, not the owner at home. Refused tries are not counted, so that a lock ends
/// `window` after the oldest failure, whatever is tried meanwhile.
///
/// Memory is bounded: each table holds at most `most` entries; where one is full, what counts least goes. Not
/// thread-safe.
class LoginThrottle {
 public:
  LoginThrottle(std::size_t tries, TimeMs window, std::size_t most = 10'000);

  /// Absent: the password may be looked at, and the try counts as failed until take_back() or succeeded().
  /// Otherwise the time from which on another try is taken.
  std::optional<TimeMs> admit(const std::string& name, const std::string& address, TimeMs now);
  /// The password was right.
  void succeeded(const std::string& name, const std::string& address, TimeMs now);
  /// It could not be looked at.
  void take_back(const std::string& name, const std::string& address);
  /// A person has set the password anew: the name starts afresh.
  void forget(const std::string& name);

  std::size_t size() const { return names_.size() + addresses_.size() + homes_.size(); }

 private:
  struct Entry {
    std::vector<TimeMs> failures;  // at most `tries`, oldest first
    TimeMs last_success = 0;       // homes only
  };
  using Table = std::unordered_map<std::string, Entry>;

  /// Drops what is older than the window; the end of the lock where there is one.
  std::optional<TimeMs> locked_until(Entry& entry, TimeMs now) const;
  void make_room(Table& table, TimeMs now) const;
  void count(Table& table, const std::string& key, TimeMs now) const;

  std::size_t tries_;
  TimeMs window_;
  std::size_t most_;
  Table names_, addresses_;
  Table homes_;  // by name and address that have logged in
};

/// What counts as one address: an IPv4 address; of IPv6 the first 64 bits, which one customer has for
/// himself; any other text as it is.
std::string address_group(const std::string& address);

}  // namespace stevie::accounts
