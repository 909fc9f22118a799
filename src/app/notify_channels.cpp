#include "app/notify_channels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "app/recorded_change.h"
#include "app/text_table.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using live::Signature;
using notify::Channel;
using notify::ChannelKind;
using notify::Delivery;

std::vector<std::string> event_names(const Channel& channel) {
  std::vector<std::string> names;
  for (const notify::Event event : channel.events) names.emplace_back(to_string(event));
  return names;
}

/// Keys of `more` follow {what, channel, reason}.
void record(const ChannelDesk& desk, const Signature& by, const char* what, const Channel& channel,
            const Json& more = Json::object()) {
  Json body{{"what", what},
            {"channel", channel.name},
            {"reason", by.reason},
            {"kind", to_string(channel.kind)},
            {"target", channel.target()},
            {"events", event_names(channel)},
            {"enabled", channel.enabled}};
  body.update(more);
  record_change(desk.ledger, "notify.changed", body.dump(), by.name, desk.now ? desk.now() : system_time());
}

std::string gap_text(TimeMs gap) {
  return gap == 0 ? "none" : format_duration(gap);
}

Json channel_json(const Channel& channel) {
  const bool hook = channel.kind == ChannelKind::webhook;
  return {{"name", channel.name},
          {"kind", to_string(channel.kind)},
          {"target", channel.target()},
          {"events", event_names(channel)},
          {"enabled", channel.enabled},
          {"minimum_gap_seconds", channel.minimum_gap / second_ms},
          {"chat", hook ? Json() : Json(channel.chat)},
          {"secret", hook ? Json("set") : Json()},
          {"token", hook ? Json() : Json("set")},
          {"created", format_time(channel.created)},
          {"changed", format_time(channel.changed)}};
}

}  // namespace

Channel add_channel(const ChannelDesk& desk, const Signature& by, const Channel& channel) {
  require_recordable(desk.ledger, by);
  Channel added = desk.store.add(channel);
  record(desk, by, "channel_added", added);
  return added;
}

Channel change_channel(const ChannelDesk& desk, const Signature& by, const std::string& name,
                       const notify::ChannelChange& change) {
  require_recordable(desk.ledger, by);
  Channel changed = desk.store.change(name, change);
  Json fields = Json::array();
  const auto note = [&fields](const char* field, bool is_set) {
    if (is_set) fields.push_back(field);
  };
  note("events", change.events.has_value());
  note("enabled", change.enabled.has_value());
  note("minimum_gap", change.minimum_gap.has_value());
  note("url", change.url.has_value());
  note("secret", change.secret.has_value());
  note("chat", change.chat.has_value());
  note("token", change.token.has_value());
  record(desk, by, "channel_changed", changed, {{"changed", std::move(fields)}});
  return changed;
}

void remove_channel(const ChannelDesk& desk, const Signature& by, const std::string& name) {
  require_recordable(desk.ledger, by);
  record(desk, by, "channel_removed", desk.store.remove(name));
}

std::string channels_text(std::span<const Channel> channels) {
  if (channels.empty()) return "there is no channel yet: stevie notify add --help\n";
  std::vector<std::vector<std::string>> rows;
  for (const Channel& channel : channels) {
    rows.push_back({channel.name, std::string(to_string(channel.kind)), channel.target(),
                    channel.enabled ? "enabled" : "disabled", gap_text(channel.minimum_gap),
                    fmt::format("{}", fmt::join(event_names(channel), " "))});
  }
  return text_table({"name", "kind", "to", "state", "least gap", "events"}, rows);
}

std::string channels_json(std::span<const Channel> channels) {
  Json list = Json::array();
  for (const Channel& channel : channels) list.push_back(channel_json(channel));
  return list.dump(2) + "\n";
}

std::string deliveries_text(std::span<const Delivery> deliveries) {
  if (deliveries.empty()) return "nothing was sent yet\n";
  std::vector<std::vector<std::string>> rows;
  for (const Delivery& delivery : deliveries) {
    rows.push_back({format_time(delivery.time), delivery.channel, delivery.event,
                    std::string(to_string(delivery.state)), std::to_string(delivery.tries),
                    delivery.http_status == 0 ? "-" : std::to_string(delivery.http_status), delivery.error});
  }
  return text_table({"time", "channel", "event", "state", "tries", "HTTP", "error"}, rows);
}

std::string deliveries_json(std::span<const Delivery> deliveries) {
  Json list = Json::array();
  for (const Delivery& delivery : deliveries) {
    list.push_back({{"id", delivery.id},
                    {"time", format_time(delivery.time)},
                    {"channel", delivery.channel},
                    {"event", delivery.event},
                    {"state", to_string(delivery.state)},
                    {"tries", delivery.tries},
                    {"http_status", delivery.http_status == 0 ? Json() : Json(delivery.http_status)},
                    {"error", delivery.error},
                    {"took_ms", delivery.took}});
  }
  return list.dump(2) + "\n";
}

}  // namespace stevie::app
