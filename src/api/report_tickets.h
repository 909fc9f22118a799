#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "accounts/secrets.h"
#include "core/time.h"

namespace stevie::api {

/// Tickets by which a browser's tab, which cannot send a header, opens one report once. Only fingerprints are
/// kept. Thread-safe.
class ReportTickets {
 public:
  static constexpr TimeMs lifetime = 60 * second_ms;
  static constexpr std::size_t most_of_a_user = 20, most = 1000;  // the oldest make room

  struct Ticket {
    std::string secret;  // 43 characters, shown once
    TimeMs expires = 0;
  };
  Ticket issue(const std::string& report, const std::string& user, TimeMs now);

  /// Who asked for the ticket; absent where it is not known, used up, over, or for another report. It is used
  /// up afterwards in any case.
  std::optional<std::string> redeem(const std::string& report, const std::string& secret, TimeMs now);

 private:
  struct Entry {
    std::string report, user;
    TimeMs issued = 0;
  };
  std::mutex mutex_;
  std::map<accounts::Fingerprint, Entry> entries_;
};

/// The policy under which a report's page is shown: its own inline scripts by their hashes and nothing else,
/// in a sandbox without an origin, so that it reaches neither the API nor any host.
std::string report_policy(const std::string& html);

}  // namespace stevie::api
