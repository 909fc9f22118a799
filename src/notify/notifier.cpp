#include "notify/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/clock.h"
#include "core/error.h"
#include "notify/outbox.h"
#include "notify/private_file.h"
#include "notify/signature.h"

namespace stevie::notify {
namespace {

constexpr std::size_t most_told = 1000;  // that the thread has not taken in yet
constexpr std::size_t id_bytes = 16;
constexpr std::size_t most_keys = 1000;
constexpr std::size_t most_bytes = 16 << 20;
constexpr TimeMs first_wait = 5 * second_ms, longest_wait = hour_ms;
constexpr TimeMs look_again = 5 * second_ms;  // where a file could not be read or written

/// 5 s, 15 s, 45 s, ... an hour.
TimeMs wait_after(std::uint64_t tries) {
  TimeMs wait = first_wait;
  for (std::uint64_t i = 1; i < tries && wait < longest_wait; ++i) wait *= 3;
  return std::min(wait, longest_wait);
}

bool never_waits(Event event) {
  return event == Event::kill || event == Event::rearm;
}

Message bounded(Message message) {
  constexpr std::size_t most_title = 300, most_text = 3000, most_data = 16 << 10;
  message.title = shortened(std::move(message.title), most_title);
  message.text = shortened(std::move(message.text), most_text);
  if (message.data.size() > most_data) message.data = "{}";
  return message;
}

}  // namespace

struct Notifier::State {
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::deque<Message> told;
  std::uint64_t lost = 0;  // told while too much waited to be taken in
  std::set<std::string> keys;
  Outbox outbox;
  bool changed = false;  // since it was last saved
  std::string fault;

  // By channel, of this process.
  std::map<std::string, TimeMs> not_before;
  std::map<std::string, std::uint64_t> failures;  // since the last success
  std::map<std::pair<std::string, Event>, TimeMs> last_sent;

  std::mutex testing;
  std::thread thread;

  void finish(Delivery delivery) {
    outbox.log.push_back(std::move(delivery));
    if (outbox.log.size() > deliveries_kept) outbox.log.pop_front();
    changed = true;
  }
  void drop(std::size_t at, TimeMs now, const std::string& why) {
    Delivery delivery = outbox.waiting[at].last;
    delivery.time = now;
    delivery.state = DeliveryState::dropped;
    delivery.error = why;
    outbox.waiting.erase(outbox.waiting.begin() + static_cast<std::ptrdiff_t>(at));
    finish(std::move(delivery));
  }
  void make_room(TimeMs now) {
    while (outbox.waiting.size() >= most_waiting) {
      const auto found = std::ranges::find_if(
          outbox.waiting, [](const Waiting& item) { return !never_waits(item.envelope.message.event); });
      const auto at = found == outbox.waiting.end() ? 0 : found - outbox.waiting.begin();
      drop(static_cast<std::size_t>(at), now, "too many messages wait");
    }
  }
  TimeMs due(const Waiting& item) const {
    const auto blocked = not_before.find(item.channel);
    return std::max(item.not_before, blocked == not_before.end() ? 0 : blocked->second);
  }
  std::uint64_t failures_of(const std::string& channel) const {
    const auto found = failures.find(channel);
    return found == failures.end() ? 0 : found->second;
  }
  /// The one to be sent now: of a channel that works before one that does not, the oldest first.
  const Waiting* next(TimeMs now) const {
    const Waiting* best = nullptr;
    for (const Waiting& item : outbox.waiting) {
      if (due(item) > now) continue;
      if (best == nullptr || failures_of(item.channel) < failures_of(best->channel)) best = &item;
    }
    return best;
  }
  void queue(const Channel& channel, const Message& message, TimeMs now);
  void settle(const std::string& id, const std::string& channel, const Outcome& outcome, TimeMs began,
              TimeMs now, const NotifyConfig& config);
};

void Notifier::State::queue(const Channel& channel, const Message& message, TimeMs now) {
  changed = true;
  TimeMs not_before_this = now;
  if (!never_waits(message.event) && channel.minimum_gap > 0) {
    for (Waiting& item : outbox.waiting) {
      if (item.channel != channel.name || item.envelope.message.event != message.event || item.last.tries > 0)
        continue;
      const bool worse = message.severity < item.envelope.message.severity;
      const Severity severity = worse ? item.envelope.message.severity : message.severity;
      item.envelope.message = message;
      item.envelope.message.severity = severity;
      ++item.envelope.repeated;
      item.last.time = now;
      return;
    }
    const auto sent = last_sent.find({channel.name, message.event});
    if (sent != last_sent.end()) not_before_this = std::max(now, sent->second + channel.minimum_gap);
  }
  make_room(now);
  Waiting item;
  item.envelope = {.id = random_hex(id_bytes), .repeated = 0, .message = message};
  item.channel = channel.name;
  item.queued = now;
  item.not_before = not_before_this;
  item.last.id = item.envelope.id;
  item.last.time = now;
  item.last.channel = channel.name;
  item.last.event = to_string(message.event);
  outbox.waiting.push_back(std::move(item));
}

void Notifier::State::settle(const std::string& id, const std::string& channel, const Outcome& outcome,
                             TimeMs began, TimeMs now, const NotifyConfig& config) {
  const auto found = std::ranges::find_if(
      outbox.waiting, [&](const Waiting& item) { return item.envelope.id == id && item.channel == channel; });
  if (found == outbox.waiting.end()) return;
  Delivery& last = found->last;
  last.time = now;
  last.took = std::max<TimeMs>(0, now - began);
  ++last.tries;
  last.http_status = outcome.http_status;
  last.error = outcome.error;
  changed = true;
  if (outcome.delivered) {
    failures.erase(channel);
    not_before.erase(channel);
    last_sent[{channel, found->envelope.message.event}] = now;
    last.state = DeliveryState::delivered;
  } else {
    const TimeMs wait =
        std::max(wait_after(last.tries), std::min(outcome.retry_after.value_or(0), longest_wait));
    const bool too_old = now + wait - found->queued > config.give_up_after;
    ++failures[channel];
    if (!outcome.final) not_before[channel] = now + wait;
    if (!outcome.final && !too_old) {
      found->not_before = now + wait;
      return;
    }
    if (!outcome.final) last.error += "; given up";
    last.state = DeliveryState::failed;
  }
  Delivery delivery = last;
  outbox.waiting.erase(found);
  finish(std::move(delivery));
}

Notifier::Notifier(Parts parts)
    : parts_(std::move(parts)),
      channels_(parts_.config.folder, parts_.now ? parts_.now : std::function<TimeMs()>(system_time)),
      state_(std::make_unique<State>()) {
  if (!parts_.now) parts_.now = system_time;
  if (!parts_.post) {
    State* state = state_.get();
    parts_.post = [state](const HttpPost& post) {
      return http_post(post, [state] {
        const std::lock_guard lock(state->mutex);
        return state->stopping;
      });
    };
  }
  load();
}

Notifier::~Notifier() {
  stop();
}

void Notifier::load() {
  const std::filesystem::path file = std::filesystem::path(parts_.config.folder) / "outbox.json";
  try {
    if (const std::optional<std::string> text = read_private_file(file, most_bytes))
      state_->outbox = parse_outbox(*text, file.string());
  } catch (const Error& error) {
    state_->fault = std::string(error.what()) + "; it was put aside";
    std::error_code ignored;
    std::filesystem::rename(file, file.string() + ".damaged", ignored);
  }
  state_->keys.insert(state_->outbox.keys.begin(), state_->outbox.keys.end());
}

void Notifier::save() {
  std::string text;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->changed) return;
    state_->changed = false;
    text = outbox_json(state_->outbox);
  }
  try {
    write_private_file(std::filesystem::path(parts_.config.folder) / "outbox.json", text);
  } catch (const Error& error) {
    const std::lock_guard lock(state_->mutex);
    state_->changed = true;
    state_->fault = error.what();
  }
}

void Notifier::start() {
  state_->thread = std::thread([this] { run(); });
}

void Notifier::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (!state_->thread.joinable()) return;
  state_->thread.join();
  take_in();
  save();
}

void Notifier::tell(const Message& message) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!message.key.empty()) {
      if (!state_->keys.insert(message.key).second) return;
      state_->outbox.keys.push_back(message.key);
      if (state_->outbox.keys.size() > most_keys) {
        state_->keys.erase(state_->outbox.keys.front());
        state_->outbox.keys.pop_front();
      }
    }
    if (state_->told.size() >= most_told) {
      ++state_->lost;
      return;
    }
    state_->told.push_back(bounded(message));
  }
  state_->wake.notify_all();
}

/// From what was told to what waits for each channel.
void Notifier::take_in() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->told.empty()) return;
  }
  std::vector<Channel> channels;
  try {
    channels = channels_.channels();
  } catch (const Error& error) {
    const std::lock_guard lock(state_->mutex);
    state_->fault = error.what();
    return;
  }
  const TimeMs now = parts_.now();
  const std::lock_guard lock(state_->mutex);
  state_->fault.clear();
  state_->changed = true;
  for (const Message& message : state_->told) {
    for (const Channel& channel : channels) {
      if (channel.enabled && channel.wants(message.event)) state_->queue(channel, message, now);
    }
  }
  state_->told.clear();
}

bool Notifier::send_one() {
  take_in();
  save();
  Envelope envelope;
  std::string name;
  {
    const std::lock_guard lock(state_->mutex);
    const Waiting* next = state_->stopping ? nullptr : state_->next(parts_.now());
    if (next == nullptr) return false;
    envelope = next->envelope;
    name = next->channel;
  }
  std::optional<Channel> channel;
  try {
    channel = channels_.find(name);
  } catch (const Error& error) {
    const std::lock_guard lock(state_->mutex);
    state_->fault = error.what();
    return false;
  }
  if (!channel || !channel->enabled) {
    const std::lock_guard lock(state_->mutex);
    std::vector<Waiting>& waiting = state_->outbox.waiting;
    for (std::size_t i = waiting.size(); i-- > 0;) {
      if (waiting[i].channel == name)
        state_->drop(i, parts_.now(), channel ? "the channel is disabled" : "the channel was removed");
    }
    return true;
  }
  const TimeMs began = parts_.now();
  const PostAnswer answer = parts_.post(make_post(*channel, envelope, parts_.config, began));
  const Outcome outcome = judge(*channel, answer);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping && outcome.http_status == 0) return false;  // given up by us: no try
    state_->settle(envelope.id, name, outcome, began, parts_.now(), parts_.config);
  }
  save();
  return true;
}

void Notifier::run() {
  while (true) {
    while (send_one()) {
    }
    std::unique_lock lock(state_->mutex);
    if (state_->stopping) return;
    if (!state_->told.empty() && state_->fault.empty()) continue;
    TimeMs wait = minute_ms;
    const TimeMs now = parts_.now();
    for (const Waiting& item : state_->outbox.waiting)
      wait = std::min(wait, std::max<TimeMs>(1, state_->due(item) - now));
    if (!state_->fault.empty()) wait = look_again;
    state_->wake.wait_for(lock, std::chrono::milliseconds(wait));
  }
}

Delivery Notifier::test(const std::string& name) {
  const Channel channel = channels_.get(name);
  const std::unique_lock testing(state_->testing, std::try_to_lock);
  if (!testing.owns_lock()) throw Error("notify.busy", "another test is under way: try again in a moment");
  const TimeMs began = parts_.now();
  Envelope envelope;
  envelope.id = random_hex(id_bytes);
  envelope.is_test = true;
  envelope.message = {.severity = Severity::info,
                      .title = "Test message of Stevie",
                      .text = fmt::format("The channel {} works.", channel.name),
                      .data = R"({"test":true})",
                      .time = began,
                      .key = {}};
  const Outcome outcome = judge(channel, parts_.post(make_post(channel, envelope, parts_.config, began)));
  Delivery delivery;
  delivery.id = envelope.id;
  delivery.time = parts_.now();
  delivery.channel = name;
  delivery.event = "test";
  delivery.state = outcome.delivered ? DeliveryState::delivered : DeliveryState::failed;
  delivery.tries = 1;
  delivery.http_status = outcome.http_status;
  delivery.error = outcome.error;
  delivery.took = std::max<TimeMs>(0, delivery.time - began);
  {
    const std::lock_guard lock(state_->mutex);
    state_->finish(delivery);
    if (outcome.delivered) {
      // It works again: what waits need not wait longer.
      state_->failures.erase(name);
      state_->not_before.erase(name);
    }
  }
  state_->wake.notify_all();
  return delivery;
}

std::vector<Delivery> Notifier::deliveries() const {
  const std::lock_guard lock(state_->mutex);
  return deliveries_of(state_->outbox);
}

std::size_t Notifier::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->outbox.waiting.size() + state_->told.size();
}

std::string Notifier::fault() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fault;
}

std::uint64_t Notifier::ledger_seen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->outbox.ledger_seen;
}

void Notifier::saw_ledger(std::uint64_t sequence) {
  const std::lock_guard lock(state_->mutex);
  if (sequence <= state_->outbox.ledger_seen) return;
  state_->outbox.ledger_seen = sequence;
  state_->changed = true;
}

}  // namespace stevie::notify
