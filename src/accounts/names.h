#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace stevie::accounts {

inline constexpr std::size_t longest_name = 64;
inline constexpr std::size_t longest_password = 1024;  // characters

/// Names of users and of keys: 1-64 of a-z, 0-9, ".", "_", "-" and "@", beginning with a letter or digit.
bool is_name(std::string_view name);
/// Throws Error "accounts.bad_name". `what`: "user", "key".
void require_name(std::string_view name, std::string_view what);

/// What is wrong with a new password, as a sentence that does not quote it; empty where nothing is. Refused
/// are: fewer than `least` or more than 1024 characters, text that is no valid UTF-8 or holds control
/// characters, the name itself, one short piece over and over, runs of the alphabet, of digits or of a
/// keyboard's row, and a dozen of the commonest words followed by digits.
std::string password_fault(std::string_view name, std::string_view password, std::size_t least);
/// Throws Error "accounts.weak_password".
void require_password(std::string_view name, std::string_view password, std::size_t least);

}  // namespace stevie::accounts
