#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "app/compare_parameters.h"

namespace stevie::app {

/// Compares parameters on a thread of its own at a low priority, one comparison after the other, and
/// keeps the newest ones. Thread-safe.
class ComparisonDesk {
 public:
  struct Parts {
    std::function<TimeMs()> now;  // milliseconds since 1970
    /// A comparison that takes longer is given up.
    std::chrono::milliseconds time_limit{180'000};
    /// How long a result is given again although the market has gone on.
    TimeMs fresh_for = minute_ms;
    std::size_t most_kept = 16;
    std::size_t most_waiting = 4;
    /// For tests: what does the work.
    std::function<ParameterComparison(const CompareRequest&)> compare = compare_parameters;
  };
  explicit ComparisonDesk(Parts parts);
  ~ComparisonDesk();  // gives up what is under way
  ComparisonDesk(const ComparisonDesk&) = delete;
  ComparisonDesk& operator=(const ComparisonDesk&) = delete;

  struct Answer {
    std::shared_ptr<const std::string> json;  // comparison_json(); absent: still at work
    TimeMs asked = 0;                         // when the work was asked for
  };
  /// The result of an equal request (everything but `until` and `cancelled`) that is new enough, or that was
  /// made for the same `until`; else puts it in the queue and waits for `patience` at most. Throws what
  /// compare_parameters threw, once; Error "app.busy" where too many wait.
  Answer ask(const CompareRequest& request, std::chrono::milliseconds patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
