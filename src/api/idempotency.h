#pragma once
#include <functional>
#include <memory>
#include <string>

#include "api/route.h"
#include "core/time.h"

namespace stevie::api {

/// What is known of a call that carries an Idempotency-Key.
struct EarlierCall {
  enum class State {
    none,       // first of its kind; it is now marked as under way
    under_way,  // the same call runs in this process
    unknown,    // it began, and the process ended or lost the database before its outcome was known
    secret,     // it was answered with a secret, which is not kept
    other,      // the key stands for another request
    answered    // `answer` is what was answered
  };
  State state = State::none;
  Response answer;
};

/// Calls of the last day by their Idempotency-Key, in a database of its own: a repeated call is answered, not
/// acted on again, also after a restart. Thread-safe; begin() and the others wait for the disk.
class IdempotencyStore {
 public:
  static constexpr TimeMs kept = day_ms;

  /// `url` as LedgerConfig::url. Throws Error "api.bad_url", "api.store_unreachable".
  static std::unique_ptr<IdempotencyStore> open(const std::string& url, std::function<TimeMs()> now = {});
  virtual ~IdempotencyStore() = default;

  /// `scope`: who and which route; `request`: everything that makes two requests the same (it is stored as a
  /// digest). State::none: the caller acts, and calls one of the other functions afterwards. Throws Error
  /// "api.store_unreachable" with nothing marked.
  virtual EarlierCall begin(const std::string& scope, const std::string& key, const std::string& request) = 0;
  /// Acted; keeps the answer. `secret`: without its body.
  virtual void finish(const std::string& scope, const std::string& key, const Response& answer,
                      bool secret) = 0;
  /// Did not act: the key may be used again.
  virtual void forget(const std::string& scope, const std::string& key) = 0;
  /// Nobody knows whether it acted.
  virtual void give_up(const std::string& scope, const std::string& key) = 0;
};

}  // namespace stevie::api
