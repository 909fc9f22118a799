#include "app/notifications.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/notification_text.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::app {
namespace {

constexpr std::size_t batch = 1000;
constexpr std::size_t most_events = 500;      // of a kind that are read from the ledger at once
constexpr TimeMs most_age = day_ms;           // older events are no news
constexpr TimeMs look_again = 5 * second_ms;  // where the ledger could not be read

notify::Notifier::Parts notifier_parts(const Notifications::Parts& parts) {
  return {.config = parts.config, .now = parts.now, .post = parts.post};
}

/// The number that LiveNews adds to what it tells of an event of the ledger.
std::uint64_t sequence_of(const NewsItem& item) {
  if (item.topic != "ledger" || item.kind != "ledger.event") return 0;
  constexpr std::string_view name = "\"sequence\":";
  const std::size_t at = item.body.find(name);
  return at == std::string::npos ? 0 : std::strtoull(item.body.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

struct Notifications::Impl {
  explicit Impl(Parts given)
      : parts(std::move(given)), notifier(notifier_parts(parts)), maker(parts.config.denials_per_minute) {
    if (!parts.now) parts.now = system_time;
    newest = parts.news->newest();
  }

  /// What of the ledger nobody told. False: it could not be read, and another look may.
  bool catch_up();

  Parts parts;
  notify::Notifier notifier;
  MessageMaker maker;
  std::uint64_t newest = 0;  // item that was read last
  bool behind = true;        // on the ledger
  bool has_looked = false;   // at the ledger
  TimeMs tried = 0;          // in vain, to catch up

  std::mutex mutex;
  std::condition_variable wake;
  bool woken = false, stopping = false;
  std::optional<std::uint64_t> handle;
  std::thread thread;
};

bool Notifications::Impl::catch_up() {
  try {
    const std::unique_ptr<ledger::Ledger> ledger = ledger::Ledger::open(parts.ledger);
    const std::uint64_t head = ledger->head().sequence;
    const std::uint64_t seen = notifier.ledger_seen();
    // Before the first look ever nothing is news; later, what came to a ledger that was empty then is.
    if ((seen > 0 || has_looked) && seen < head) {
      std::vector<ledger::Event> events;
      for (const std::string& kind : MessageMaker::ledger_kinds()) {
        ledger::Filter filter;
        filter.kind = kind;
        filter.after = seen;
        filter.since = parts.now() - most_age;
        filter.last = most_events;
        std::ranges::move(ledger->read(filter), std::back_inserter(events));
      }
      std::ranges::sort(events, {}, &ledger::Event::sequence);
      for (const ledger::Event& event : events) {
        if (const auto message = maker.read(event)) notifier.tell(*message);
      }
    }
    notifier.saw_ledger(head);
    has_looked = true;
    return true;
  } catch (const Error&) {
    return false;
  }
}

Notifications::Notifications(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Notifications::~Notifications() {
  stop();
}

notify::Notifier& Notifications::notifier() {
  return impl_->notifier;
}

void Notifications::look() {
  Impl& impl = *impl_;
  while (true) {
    const NewsHub::Batch news = impl.parts.news->after(impl.newest, batch);
    impl.behind = impl.behind || news.missed;
    for (const NewsItem& item : news.items) {
      for (const notify::Message& message : impl.maker.read(item)) impl.notifier.tell(message);
      // While events before it may not have been told the mark stays where it is.
      if (const std::uint64_t sequence = sequence_of(item); sequence > 0 && !impl.behind)
        impl.notifier.saw_ledger(sequence);
      impl.newest = item.id;
    }
    if (news.items.size() < batch) break;
  }
  const TimeMs now = impl.parts.now();
  if (!impl.behind || std::abs(now - impl.tried) < look_again) return;
  impl.behind = !impl.catch_up();
  impl.tried = impl.behind ? now : 0;
}

void Notifications::start() {
  Impl& impl = *impl_;
  impl.notifier.start();
  impl.handle = impl.parts.news->on_publish([&impl] {
    {
      const std::lock_guard lock(impl.mutex);
      impl.woken = true;
    }
    impl.wake.notify_one();
  });
  impl.thread = std::thread([this, &impl] {
    std::unique_lock lock(impl.mutex);
    while (!impl.stopping) {
      impl.woken = false;
      lock.unlock();
      look();
      lock.lock();
      const auto is_due = [&impl] { return impl.woken || impl.stopping; };
      if (impl.behind)
        impl.wake.wait_for(lock, std::chrono::milliseconds(look_again), is_due);
      else
        impl.wake.wait(lock, is_due);
    }
  });
}

void Notifications::stop() {
  Impl& impl = *impl_;
  if (impl.handle) impl.parts.news->stop_waking(*impl.handle);
  impl.handle.reset();
  {
    const std::lock_guard lock(impl.mutex);
    impl.stopping = true;
  }
  impl.wake.notify_one();
  if (impl.thread.joinable()) {
    impl.thread.join();
    look();
  }
  impl.notifier.stop();
}

}  // namespace stevie::app
