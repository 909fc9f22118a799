#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/config.h"

namespace stevie::ledger {

enum class Dialect : std::uint8_t { sqlite, postgresql };

/// Where a ledger lies.
struct Location {
  Dialect dialect = Dialect::sqlite;
  std::filesystem::path file;  // of SQLite, absolute
  std::string connection;      // what libpq connects with; may hold a password: never shown
  std::string shown;           // the URL without the password, for messages
  std::string name;            // of the head and key files: "stevie.db", "trading@db.example.com"
};

/// Reads sqlite:///relative, sqlite:////absolute, postgresql://... and postgres://.... Throws Error
/// "ledger.bad_url" that does not show a password.
Location parse_url(std::string_view url);

/// The text with every password of `url` replaced by "***": for messages of libraries that quote it.
std::string without_password(std::string text, std::string_view url);

/// Names a configuration field that holds such a URL: checked by parse_url(), shown without its password.
void describe_url(ConfigBinder& binder, const std::string& key, std::string& url, const std::string& help);

}  // namespace stevie::ledger
