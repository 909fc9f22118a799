#include "accounts/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"

namespace stevie::accounts {
namespace {

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

/// Of valid UTF-8.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

/// One piece of at most four bytes, over and over; the last time it may be cut.
bool is_repetition(std::string_view text) {
  for (std::size_t period = 1; period <= 4 && period < text.size(); ++period) {
    if (std::equal(text.begin() + static_cast<std::ptrdiff_t>(period), text.end(), text.begin())) return true;
  }
  return false;
}

/// A piece of a row that everybody types, forwards or backwards; the row may begin again.
bool is_run(std::string_view text) {
  for (const std::string_view row :
       {"0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"}) {
    std::string rows;
    while (rows.size() < row.size() + text.size()) rows += row;
    if (rows.find(text) != std::string::npos) return true;
    std::reverse(rows.begin(), rows.end());
    if (rows.find(text) != std::string::npos) return true;
  }
  return false;
}

/// One of the commonest words, whatever digits and marks follow or precede it.
bool is_common_word(std::string_view text) {
  const auto first = std::find_if(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const auto last = std::find_if(text.rbegin(), text.rend(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (first == text.end()) return false;
  const std::string_view word(first, static_cast<std::size_t>(last.base() - first));
  for (const std::string_view common :
       {"password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "pa$$word", "letmein", "welcome",
        "iloveyou", "changeme", "administrator", "admin", "qwerty", "qwertz", "trustno", "stevie"}) {
    if (word == common) return true;
  }
  return false;
}

}  // namespace

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return is_letter_or_digit(letter) || letter == '.' || letter == '_' || letter == '-' ||
                  letter == '@';
         });
}

void require_name(std::string_view name, std::string_view what) {
  if (is_name(name)) return;
  throw Error(
      "accounts.bad_name",
      fmt::format("'{}' is no name of a {}: take 1 to {} of a-z, 0-9, '.', '_', '-' and '@', beginning "
                  "with a letter or digit",
                  printable(name.substr(0, 2 * longest_name)), what, longest_name));
}

std::string password_fault(std::string_view name, std::string_view password, std::size_t least) {
  if (password.size() > 4 * longest_password) {
    return fmt::format("a password has at most {} characters", longest_password);
  }
  if (printable(password) != password || password.find_first_of("\n\t") != std::string_view::npos) {
    return "a password is UTF-8 without control characters";
  }
  const std::size_t length = characters(password);
  if (length < least) return fmt::format("a password has at least {} characters: this has {}", least, length);
  if (length > longest_password) return fmt::format("a password has at most {} characters", longest_password);
  const std::string lower = lower_case(password);
  if (lower == name) return "the password is the name: choose another";
  if (is_repetition(lower)) return "the password repeats itself: choose another";
  if (is_run(lower) || is_common_word(lower)) {
    return "the password is one of those that are tried first: choose another, such as four random words";
  }
  return {};
}

void require_password(std::string_view name, std::string_view password, std::size_t least) {
  if (const std::string fault = password_fault(name, password, least); !fault.empty()) {
    throw Error("accounts.weak_password", fault);
  }
}

}  // namespace stevie::accounts
