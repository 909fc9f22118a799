#include "app/check_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/clock.h"

namespace stevie::app {
namespace {

std::string bar_line(const live::BinanceFeed& feed, const live::ClosedBar& closed, TimeMs received) {
  const market::Bar& bar = closed.bar;
  return fmt::format("{}  {:<12} open {} high {} low {} close {} volume {}  {} s after its close{}\n",
                     format_time(bar.open_time), feed.symbols()[closed.symbol], bar.open, bar.high, bar.low,
                     bar.close, bar.volume,
                     static_cast<double>(received - bar.open_time - feed.interval()) / second_ms,
                     closed.late ? ", late" : "");
}

std::string summary_of(const live::BinanceFeed& feed, const live::FeedStatus& status) {
  std::string text =
      fmt::format("{}: {} ({})\n{} bars, {} of them fetched; {} reconnects; {} messages rejected\n",
                  feed.name(), live::to_string(status.health), status.text, status.bars, status.gaps_filled,
                  status.reconnects, status.rejected);
  const auto rejections = feed.rejections();
  for (std::size_t i = 0; i < rejections.size(); ++i) {
    if (rejections[i] == 0) continue;
    text += fmt::format("  {}: {}\n", live::to_string(static_cast<live::Rejection>(i)), rejections[i]);
  }
  return text;
}

}  // namespace

FeedCheckResult check_feed(const FeedCheckRequest& request,
                           const std::function<void(const std::string&)>& print) {
  using Clock = std::chrono::steady_clock;
  constexpr TimeMs look_ms = 200;
  live::BinanceFeed feed(request.feed);
  print(fmt::format("{} from {}\n", feed.name(), request.feed.stream_url));
  feed.start({});
  const Clock::time_point begun = Clock::now();
  const auto over = [&] {
    if (request.stop_requested()) return true;
    return request.duration > 0 && Clock::now() - begun >= std::chrono::milliseconds(request.duration);
  };
  live::FeedHealth told = live::FeedHealth::ended;
  while (!over()) {
    const std::optional<live::FeedStep> step = feed.next(look_ms);
    if (step) {
      for (const live::ClosedBar& closed : step->bars) print(bar_line(feed, closed, step->received));
    }
    const live::FeedStatus status = feed.status();
    const bool says_something = status.health != live::FeedHealth::connecting || status.text != "connecting";
    if (status.health == told || !says_something) continue;
    told = status.health;
    print(fmt::format("{}  {}: {}\n", format_time(system_time()), live::to_string(told), status.text));
  }
  FeedCheckResult result{.status = feed.status()};
  result.healthy = result.status.health == live::FeedHealth::live;
  result.summary = summary_of(feed, result.status);
  return result;
}

}  // namespace stevie::app
