#include "app/news.h"

#include <algorithm>
#include <utility>

#include "core/clock.h"

namespace stevie::app {

std::uint64_t NewsHub::publish(std::string topic, std::string kind, std::string body) {
  NewsItem item{.topic = std::move(topic), .kind = std::move(kind), .body = std::move(body)};
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    item.id = id = next_++;
    item.time = system_time();
    items_.push_back(std::move(item));
    if (items_.size() > kept_) items_.pop_front();
  }
  // Under a lock of its own, so that a wake may read the hub, and is over once stop_waking() returns.
  const std::lock_guard lock(wake_mutex_);
  for (const auto& [handle, wake] : wake_) wake();
  return id;
}

NewsHub::Batch NewsHub::after(std::uint64_t id, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  Batch batch;
  // An id from the future is one of an earlier process.
  batch.missed = id >= next_ || id + 1 < next_ - items_.size();
  const auto first = std::ranges::upper_bound(items_, batch.missed ? 0 : id, {}, &NewsItem::id);
  const auto count = std::min(most, static_cast<std::size_t>(items_.end() - first));
  batch.items.assign(first, first + static_cast<std::ptrdiff_t>(count));
  return batch;
}

std::uint64_t NewsHub::newest() const {
  const std::lock_guard lock(mutex_);
  return next_ - 1;
}

std::uint64_t NewsHub::on_publish(std::function<void()> wake) {
  const std::lock_guard lock(wake_mutex_);
  wake_.emplace_back(++wake_handles_, std::move(wake));
  return wake_handles_;
}

void NewsHub::stop_waking(std::uint64_t handle) {
  const std::lock_guard lock(wake_mutex_);
  std::erase_if(wake_, [handle](const auto& entry) { return entry.first == handle; });
}

}  // namespace stevie::app
