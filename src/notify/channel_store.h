#pragma once
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "notify/notify.h"

namespace stevie::notify {

/// What a change of a channel sets; absent: stays.
struct ChannelChange {
  std::optional<std::vector<Event>> events;
  std::optional<bool> enabled;
  std::optional<TimeMs> minimum_gap;
  std::optional<std::string> url, secret, chat, token;
};

/// The channels, in the file channels.json of a folder, which its owner alone can read. Several processes
/// may change it: each change reads the newest state first, behind a lock, and a running server sees what
/// another process wrote when it next asks. Thread-safe.
class ChannelStore {
 public:
  static constexpr std::size_t most_channels = 50;

  explicit ChannelStore(std::filesystem::path folder, std::function<TimeMs()> now);

  /// By name. Throw Error "notify.damaged" where the file is not what was written, "notify.unreadable" and
  /// "notify.readable_by_others".
  std::vector<Channel> channels() const;
  std::optional<Channel> find(const std::string& name) const;
  Channel get(const std::string& name) const;  // also Error "notify.unknown_channel"

  /// Throw Error "notify.bad_channel" with every fault, "notify.exists", "notify.too_many_channels",
  /// "notify.unknown_channel", "notify.locked" (another process keeps the lock), "notify.unwritable".
  Channel add(Channel channel);
  Channel change(const std::string& name, const ChannelChange& change);
  Channel remove(const std::string& name);  // returns what was removed

 private:
  std::vector<Channel>& read() const;  // with mutex_ held
  void write();
  template <class Work>
  Channel changed(Work work);

  std::filesystem::path folder_, file_;
  std::function<TimeMs()> now_;
  mutable std::mutex mutex_;
  mutable std::vector<Channel> channels_;
};

}  // namespace stevie::notify
