#include "api/report_tickets.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace stevie::api {
namespace {

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t most_scripts = 64;

std::string base64_sha256(const std::string& text) {
  constexpr std::size_t digest_bytes = 32, encoded = 45;  // with the final zero
  std::string digest(digest_bytes, '\0'), result(encoded, '\0');
  unsigned int written = 0;
  auto* bytes = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_Digest(text.data(), text.size(), bytes, &written, EVP_sha256(), nullptr) != 1) return {};
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes, static_cast<int>(written));
  result.resize(static_cast<std::size_t>(std::max(length, 0)));
  return result;
}

/// What stands between <script ...> and </script>, each once; data are left out.
std::set<std::string> scripts_of(const std::string& html) {
  std::string lower = html;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  std::set<std::string> scripts;
  for (std::size_t at = lower.find("<script"); at != std::string::npos && scripts.size() < most_scripts;
       at = lower.find("<script", at)) {
    const std::size_t begin = lower.find('>', at);
    if (begin == std::string::npos) break;
    const std::size_t end = lower.find("</script", begin);
    if (end == std::string::npos) break;
    const bool is_data = lower.substr(at, begin - at).find("application/json") != std::string::npos;
    if (!is_data) scripts.insert(html.substr(begin + 1, end - begin - 1));
    at = end;
  }
  return scripts;
}

}  // namespace

ReportTickets::Ticket ReportTickets::issue(const std::string& report, const std::string& user, TimeMs now) {
  Ticket ticket{accounts::random_text(secret_bytes), now + lifetime};
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.issued >= lifetime; });
  const auto older = [](const auto& a, const auto& b) { return a.second.issued < b.second.issued; };
  const auto make_room = [&](std::size_t room, const auto& counts) {
    if (static_cast<std::size_t>(std::ranges::count_if(entries_, counts)) < room) return;
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (counts(*entry) && (oldest == entries_.end() || older(*entry, *oldest))) oldest = entry;
    }
    entries_.erase(oldest);
  };
  make_room(most_of_a_user, [&](const auto& entry) { return entry.second.user == user; });
  make_room(most, [](const auto&) { return true; });
  entries_[accounts::fingerprint(ticket.secret)] = {report, user, now};
  return ticket;
}

std::optional<std::string> ReportTickets::redeem(const std::string& report, const std::string& secret,
                                                 TimeMs now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(accounts::fingerprint(secret));
  if (found == entries_.end()) return std::nullopt;
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  const TimeMs age = now - entry.issued;
  if (entry.report != report || age < 0 || age >= lifetime) return std::nullopt;
  return entry.user;
}

std::string report_policy(const std::string& html) {
  std::string hashes;
  for (const std::string& script : scripts_of(html)) hashes += " 'sha256-" + base64_sha256(script) + "'";
  return "sandbox allow-scripts; default-src 'none'; script-src" + (hashes.empty() ? " 'none'" : hashes) +
         "; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors "
         "'self'";
}

}  // namespace stevie::api
