#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "notify/channel_store.h"
#include "notify/wire.h"

namespace stevie::notify {

enum class DeliveryState : std::uint8_t {
  waiting,    // to be sent, or to be tried again
  delivered,  // the receiver took it
  failed,     // it refused it, or did not answer for too long
  dropped     // not sent: the channel was removed or disabled, or too much waited
};
std::string_view to_string(DeliveryState state);

/// What became of one message for one channel.
struct Delivery {
  std::string id;       // of the envelope
  TimeMs time = 0;      // of the newest change
  std::string channel;  // its name
  std::string event;    // "kill"; of a test "test"
  DeliveryState state = DeliveryState::waiting;
  std::uint64_t tries = 0;
  int http_status = 0;  // of the last try; 0: none came
  std::string error;    // of the last try; empty: none
  TimeMs took = 0;      // the last try
};

/// Sends what it is told to the channels that want it.
///
/// A message that a receiver does not take is tried again after 5 s, 15 s, 45 s, ... an hour at most, for
/// NotifyConfig::give_up_after in all; another channel does not wait for it. At most 500 messages wait, then
/// the oldest that is neither a kill nor a re-arm is dropped. What waits is in outbox.json and survives a
/// restart; a process that dies between the request and the note of its success sends the message twice, with
/// the same id. Thread-safe.
class Notifier {
 public:
  static constexpr std::size_t most_waiting = 500;
  static constexpr std::size_t deliveries_kept = 200;

  struct Parts {
    NotifyConfig config;
    std::function<TimeMs()> now;                           // default: the system's clock
    std::function<PostAnswer(const HttpPost&)> post = {};  // for tests; default: http_post()
  };
  /// Takes up what an earlier process left. A file that cannot be read is told by fault(), and put aside.
  explicit Notifier(Parts parts);
  ~Notifier();  // stops

  void start();
  /// What waits is in its file when it returns; a request under way is given up.
  void stop();

  /// Queues the message for each channel that wants it. Waits for neither network nor disk.
  void tell(const Message& message);
  /// Sends a test message at once, on the caller's thread, whatever the channel wants. Throws Error
  /// "notify.unknown_channel", and "notify.busy" where another test is under way.
  Delivery test(const std::string& channel);

  ChannelStore& channels() { return channels_; }
  const NotifyConfig& config() const { return parts_.config; }
  std::vector<Delivery> deliveries() const;  // newest first, at most deliveries_kept
  std::size_t waiting() const;
  /// Why nothing is kept or sent just now; empty: all is well.
  std::string fault() const;

  /// How far whoever tells has read the ledger; kept with what waits.
  std::uint64_t ledger_seen() const;
  void saw_ledger(std::uint64_t sequence);

  /// What the thread does: sends the next message that is due, if any. True: there may be another one.
  bool send_one();

 private:
  struct State;
  void run();
  void load();
  void save();
  void take_in();

  Parts parts_;
  ChannelStore channels_;
  std::unique_ptr<State> state_;
};

}  // namespace stevie::notify
