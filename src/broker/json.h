#pragma once
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "broker/broker.h"
#include "execution/engine.h"

namespace stevie::broker {

/// The JSON of orders, fills and accounts, in which ledger, journal and API carry them. Keys are snake_case,
/// times are milliseconds since 1970, what is absent is null. A double is written with the digits that bring
/// back the same bits; those that JSON has no number for are the texts "nan", "inf" and "-inf".
///
/// The readers take text from anywhere: they throw Error "broker.bad_json" that names the field, and take
/// nothing that the writers would not have written but unknown keys, which they pass over.
nlohmann::json to_json(const strategy::Decision& decision);
nlohmann::json to_json(const Order& order);
nlohmann::json to_json(const Fill& fill);
nlohmann::json to_json(const Position& position);
nlohmann::json to_json(const AccountView& account);
nlohmann::json to_json(const execution::RoundTrip& trade);
nlohmann::json to_json(const execution::EngineState& state);

strategy::Decision decision_from_json(const nlohmann::json& json);
Order order_from_json(const nlohmann::json& json);
Fill fill_from_json(const nlohmann::json& json);
/// Its values are read as they stand; execution::EngineState::faults() judges them.
execution::EngineState engine_state_from_json(const nlohmann::json& json);

/// A double as above.
nlohmann::json exact_json(double value);

/// Takes fields out of one object; each throws Error "broker.bad_json" that names the field where it is
/// missing or of another kind.
class JsonReader {
 public:
  /// `what`: for messages, "an order".
  JsonReader(const nlohmann::json& object, std::string_view what);

  double number(const char* name) const;
  TimeMs time(const char* name) const;
  bool boolean(const char* name) const;
  std::string text(const char* name) const;
  /// One of these words, as its place among them.
  std::size_t choice(const char* name, std::span<const std::string_view> words) const;
  const nlohmann::json& object(const char* name) const;
  const nlohmann::json& array(const char* name) const;
  /// nullptr where the field is null.
  const nlohmann::json* optional(const char* name) const;
  [[noreturn]] void fail(const char* name, std::string_view expected) const;

 private:
  const nlohmann::json& at(const char* name) const;

  const nlohmann::json& object_;
  std::string what_;
};

/// Reads text as one JSON object of at most `most_bytes`, nested at most 32 deep. Throws Error
/// "broker.bad_json".
nlohmann::json parse_json_object(std::string_view text, std::size_t most_bytes);

}  // namespace stevie::broker
