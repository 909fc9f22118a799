#include "ledger/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/printable.h"

namespace stevie::ledger {
namespace {

/// The parts of postgresql://USER:PASSWORD@HOSTS/DATABASE?PARAMETERS, as they stand in the URL.
struct PostgresUrl {
  std::string_view user, password, hosts, database, parameters;
};

PostgresUrl split(std::string_view url) {
  PostgresUrl parts;
  std::string_view rest = url.substr(url.find("://") + 3);
  if (const std::size_t query = rest.find('?'); query != std::string_view::npos) {
    parts.parameters = rest.substr(query + 1);
    rest = rest.substr(0, query);
  }
  // The last "@": where somebody left one in a password, nothing of that counts as host and is shown.
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = rest.substr(0, at);
    rest = rest.substr(at + 1);
    const std::size_t colon = login.find(':');
    parts.user = login.substr(0, colon);
    if (colon != std::string_view::npos) parts.password = login.substr(colon + 1);
  }
  const std::size_t slash = rest.find('/');
  parts.hosts = rest.substr(0, slash);
  if (slash != std::string_view::npos) parts.database = rest.substr(slash + 1);
  return parts;
}

std::string_view parameter(std::string_view parameters, std::string_view key) {
  while (!parameters.empty()) {
    const std::string_view item = parameters.substr(0, parameters.find('&'));
    if (item.starts_with(key) && item.substr(key.size()).starts_with('=')) return item.substr(key.size() + 1);
    parameters.remove_prefix(std::min(parameters.size(), item.size() + 1));
  }
  return {};
}

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    const char small = static_cast<char>(letter | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_code =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    decoded += is_code ? static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2])) : text[i];
    if (is_code) i += 2;
  }
  return decoded;
}

/// A file name out of any text.
std::string as_file_name(std::string_view text) {
  std::string name(text);
  for (char& letter : name) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '@';
    if (!is_plain) letter = '_';
  }
  return name;
}

Location parse_sqlite(std::string_view url) {
  constexpr std::string_view scheme = "sqlite:///";
  const std::string path(url.substr(std::min(url.size(), scheme.size())));
  const std::filesystem::path file = std::filesystem::absolute(path.empty() ? "." : path).lexically_normal();
  const bool is_folder = !file.has_filename();  // "", "logs/", ".", "logs/.."
  if (!url.starts_with(scheme) || is_folder ||
      path.find_first_of(std::string("\"\0", 2)) != std::string::npos) {
    throw Error("ledger.bad_url",
                "name a file: sqlite:///stevie.db in the working directory or sqlite:////var/lib/stevie.db, "
                "without quotes",
                printable(url));
  }
  Location location{.dialect = Dialect::sqlite, .shown = printable(url)};
  location.file = file;
  location.name = file.filename().string();
  return location;
}

Location parse_postgresql(std::string_view url) {
  const PostgresUrl parts = split(url);
  const std::string shown = printable(without_password(std::string(url), url));
  const bool has_space = url.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string_view::npos;
  if (has_space || parts.database.empty()) {
    throw Error("ledger.bad_url", "name a database, without spaces: postgresql://USER@HOST/DATABASE", shown);
  }
  const std::string_view authority = url.substr(0, url.find('?'));
  if (std::count(authority.begin(), authority.end(), '@') > 1) {
    throw Error("ledger.bad_url", "write an \"@\" inside user or password as %40", shown);
  }
  Location location{.dialect = Dialect::postgresql, .connection = std::string(url), .shown = shown};
  const std::string_view host =
      parts.hosts.empty() ? parameter(parts.parameters, "host") : std::string_view(parts.hosts);
  location.name =
      as_file_name(percent_decoded(parts.database) + (host.empty() ? "" : "@" + percent_decoded(host)));
  return location;
}

}  // namespace

Location parse_url(std::string_view url) {
  if (url.starts_with("sqlite:")) return parse_sqlite(url);
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return parse_postgresql(url);
  throw Error("ledger.bad_url",
              "name a database: sqlite:///FILE, sqlite:////ABSOLUTE/FILE or postgresql://USER@HOST/DATABASE",
              printable(url.substr(0, url.find("://"))));
}

std::string without_password(std::string text, std::string_view url) {
  if (url.find("://") == std::string_view::npos) return text;
  const PostgresUrl parts = split(url);
  std::vector<std::string> secrets;
  const std::string_view texts[] = {parts.password, parameter(parts.parameters, "password"),
                                    parameter(parts.parameters, "sslpassword")};
  for (const std::string_view secret : texts) {
    if (secret.empty()) continue;
    secrets.emplace_back(secret);
    secrets.push_back(percent_decoded(secret));
  }
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

void describe_url(ConfigBinder& binder, const std::string& key, std::string& url, const std::string& help) {
  binder.field(key, url, {.help = help});
  // A listing of the configuration is pasted into mails; ~/.pgpass is the place for a password.
  binder.fields().back().show = [show = binder.fields().back().show, &url] {
    return without_password(show(), url);
  };
  binder.rule(key, [&url]() -> std::string {
    try {
      parse_url(url);
      return {};
    } catch (const Error& error) {
      return error.message();
    }
  });
}

}  // namespace stevie::ledger
