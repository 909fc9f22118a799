#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace stevie {

/// A fault of the input or the surroundings that a person can mend.
///
/// code:    stable, "<folder>.<what>", for programs: "market.bad_number", "model.observation_differs".
/// message: one plain sentence that says what is wrong and what to do about it.
/// place:   where in the input, "path:line" or a configuration key; empty where there is none.
/// what() is "place: message", or the message alone where there is no place.
class Error : public std::runtime_error {
 public:
  Error(std::string code, std::string message, std::string place = {})
      : std::runtime_error(place.empty() ? message : place + ": " + message),
        code_(std::move(code)),
        message_(std::move(message)),
        place_(std::move(place)) {}

  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& place() const { return place_; }

 private:
  std::string code_;
  std::string message_;
  std::string place_;
};

}  // namespace stevie
