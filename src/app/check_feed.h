#pragma once
#include <functional>
#include <string>

#include "live/binance_feed.h"

namespace stevie::app {

struct FeedCheckRequest {
  live::BinanceFeedConfig feed;
  TimeMs duration = 0;  // 0: until stop_requested
  std::function<bool()> stop_requested = [] { return false; };
};

struct FeedCheckResult {
  live::FeedStatus status;  // at the end
  std::string summary;      // lines for people
  bool healthy = false;     // the stream was connected and not silent at the end
};

/// Follows a live feed and gives a line for each bar and each change of its state to `print`. Nothing is
/// traded and nothing is recorded.
FeedCheckResult check_feed(const FeedCheckRequest& request,
                           const std::function<void(const std::string&)>& print);

}  // namespace stevie::app
