#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "accounts/accounts.h"

namespace stevie::accounts {

/// For tests: a clock that stands until it is told. Copies of now() share it; threads may ask.
class TestClock {
 public:
  explicit TestClock(TimeMs start = 1'700'000'000'000)
      : time_(std::make_shared<std::atomic<TimeMs>>(start)) {}
  std::function<TimeMs()> now() const {
    return [time = time_] { return time->load(); };
  }
  TimeMs time() const { return time_->load(); }
  void advance(TimeMs by) { *time_ += by; }

 private:
  std::shared_ptr<std::atomic<TimeMs>> time_;
};

/// For tests: accounts whose passwords cost little.
inline AccountConfig quick_accounts(const std::string& url) {
  AccountConfig config;
  config.url = url;
  config.password_memory = 1;
  return config;
}

/// For tests: a password that is taken.
inline const std::string good_password = "four green kettles sing";

}  // namespace stevie::accounts
