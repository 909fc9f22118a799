#include "notify/channel_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/clock.h"
#include "core/error.h"
#include "core/folder_lock.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "notify/private_file.h"

namespace stevie::notify {
namespace {

using Json = nlohmann::ordered_json;

constexpr int newest_schema = 1;
constexpr std::size_t most_bytes = 1 << 20;
constexpr std::chrono::milliseconds lock_try{20};
constexpr int lock_tries = 100;

Json to_json(const Channel& channel) {
  Json events = Json::array();
  for (const Event event : channel.events) events.push_back(to_string(event));
  Json json{
      {"name", channel.name},       {"kind", to_string(channel.kind)},       {"events", std::move(events)},
      {"enabled", channel.enabled}, {"minimum_gap_ms", channel.minimum_gap}, {"created", channel.created},
      {"changed", channel.changed}};
  if (channel.kind == ChannelKind::webhook) {
    json["url"] = channel.url;
    json["secret"] = channel.secret;
  } else {
    json["chat"] = channel.chat;
    json["token"] = channel.token;
  }
  return json;
}

Channel from_json(const Json& json) {
  Channel channel;
  channel.name = json.at("name");
  channel.kind = parse_channel_kind(json.at("kind").get<std::string>());
  for (const Json& event : json.at("events")) channel.events.push_back(parse_event(event.get<std::string>()));
  channel.enabled = json.at("enabled");
  channel.minimum_gap = json.at("minimum_gap_ms");
  channel.created = json.at("created");
  channel.changed = json.at("changed");
  channel.url = json.value("url", "");
  channel.secret = json.value("secret", "");
  channel.chat = json.value("chat", "");
  channel.token = json.value("token", "");
  return channel;
}

/// Never quotes the file: it holds secrets.
std::vector<Channel> parse(const std::string& text, const std::string& place) {
  const auto damaged = [&](const std::string& what) {
    throw Error("notify.damaged",
                what + ": mend it, or move it away and add the channels again (stevie notify add)", place);
  };
  std::vector<Channel> channels;
  try {
    const Json json = Json::parse(text);
    if (json.at("schema").get<int>() > newest_schema) damaged("it was written by a newer version of stevie");
    for (const Json& item : json.at("channels")) channels.push_back(from_json(item));
  } catch (const nlohmann::json::exception&) {
    damaged("it is not what stevie wrote");
  }
  for (const Channel& channel : channels) {
    const std::vector<std::string> faults = channel.faults();
    if (!faults.empty())
      damaged(fmt::format("the channel {}: {}", printable(channel.name), fmt::join(faults, "; ")));
  }
  return channels;
}

[[noreturn]] void unknown(const std::string& name, const std::vector<Channel>& channels) {
  std::vector<std::string_view> names;
  for (const Channel& channel : channels) names.push_back(channel.name);
  const std::string nearest(nearest_name(name, names));
  throw Error("notify.unknown_channel",
              fmt::format("there is no channel \"{}\"{}", printable(name.substr(0, 64)),
                          nearest.empty() ? "" : ": did you mean " + nearest + "?"));
}

void require_sound(Channel& channel) {
  std::ranges::sort(channel.events);
  channel.events.erase(std::unique(channel.events.begin(), channel.events.end()), channel.events.end());
  const std::vector<std::string> faults = channel.faults();
  if (!faults.empty())
    throw Error("notify.bad_channel", fmt::format("nothing was changed: {}", fmt::join(faults, "; ")));
}

}  // namespace

ChannelStore::ChannelStore(std::filesystem::path folder, std::function<TimeMs()> now)
    : folder_(std::move(folder)),
      file_(folder_ / "channels.json"),
      now_(now ? std::move(now) : std::function<TimeMs()>(system_time)) {}

std::vector<Channel>& ChannelStore::read() const {
  // Each time: two changes of another process within a tick of the file system's clock look alike from
  // outside.
  const std::optional<std::string> text = read_private_file(file_, most_bytes);
  channels_ = text ? parse(*text, file_.string()) : std::vector<Channel>();
  return channels_;
}

void ChannelStore::write() {
  Json list = Json::array();
  for (const Channel& channel : channels_) list.push_back(to_json(channel));
  write_private_file(file_, Json{{"schema", newest_schema}, {"channels", std::move(list)}}.dump(1) + "\n");
}

template <class Work>
Channel ChannelStore::changed(Work work) {
  const std::lock_guard guard(mutex_);
  make_private_folder(folder_);
  std::optional<FileLock> lock;
  for (int i = 0; !lock; ++i) {
    try {
      lock.emplace(folder_ / "channels.lock");
    } catch (const Error& error) {
      if (error.code() != "file.in_use") throw Error("notify.unwritable", error.message(), error.place());
      if (i >= lock_tries)
        throw Error("notify.locked", "another process is changing the channels: try again in a moment");
      std::this_thread::sleep_for(lock_try);
    }
  }
  std::vector<Channel> before = read();
  try {
    const Channel result = work(channels_);
    std::ranges::sort(channels_, {}, &Channel::name);
    write();
    return result;
  } catch (...) {
    channels_ = std::move(before);
    throw;
  }
}

std::vector<Channel> ChannelStore::channels() const {
  const std::lock_guard lock(mutex_);
  return read();
}

std::optional<Channel> ChannelStore::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const std::vector<Channel>& all = read();
  const auto found = std::ranges::find(all, name, &Channel::name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

Channel ChannelStore::get(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const std::vector<Channel>& all = read();
  const auto found = std::ranges::find(all, name, &Channel::name);
  if (found == all.end()) unknown(name, all);
  return *found;
}

Channel ChannelStore::add(Channel channel) {
  require_sound(channel);
  return changed([&](std::vector<Channel>& all) {
    if (std::ranges::find(all, channel.name, &Channel::name) != all.end())
      throw Error("notify.exists", fmt::format("there is a channel {} already", channel.name));
    if (all.size() >= most_channels)
      throw Error("notify.too_many_channels", fmt::format("there are {} channels already", most_channels));
    channel.created = channel.changed = now_();
    all.push_back(channel);
    return channel;
  });
}

Channel ChannelStore::change(const std::string& name, const ChannelChange& change) {
  return changed([&](std::vector<Channel>& all) {
    const auto found = std::ranges::find(all, name, &Channel::name);
    if (found == all.end()) unknown(name, all);
    Channel& channel = *found;
    if (change.events) channel.events = *change.events;
    if (change.enabled) channel.enabled = *change.enabled;
    if (change.minimum_gap) channel.minimum_gap = *change.minimum_gap;
    if (change.url) channel.url = *change.url;
    if (change.secret) channel.secret = *change.secret;
    if (change.chat) channel.chat = *change.chat;
    if (change.token) channel.token = *change.token;
    require_sound(channel);
    channel.changed = now_();
    return channel;
  });
}

Channel ChannelStore::remove(const std::string& name) {
  return changed([&](std::vector<Channel>& all) {
    const auto found = std::ranges::find(all, name, &Channel::name);
    if (found == all.end()) unknown(name, all);
    Channel removed = *found;
    all.erase(found);
    return removed;
  });
}

}  // namespace stevie::notify
