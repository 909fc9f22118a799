#include "notify/outbox.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "notify/private_file.h"

namespace stevie::notify {
namespace {

using Json = nlohmann::ordered_json;

constexpr int newest_schema = 1;
constexpr std::size_t most_bytes = 16 << 20;
constexpr std::array<std::string_view, 4> state_names{"waiting", "delivered", "failed", "dropped"};
constexpr std::array severities{Severity::info, Severity::warning, Severity::critical};

template <class Values>
auto value_named(const Values& values, const std::string& name) {
  for (const auto value : values) {
    if (to_string(value) == name) return value;
  }
  throw Error("notify.damaged", "no such word");
}

constexpr std::array states{DeliveryState::waiting, DeliveryState::delivered, DeliveryState::failed,
                            DeliveryState::dropped};

Json to_json(const Delivery& delivery) {
  return {{"id", delivery.id},
          {"time", delivery.time},
          {"channel", delivery.channel},
          {"event", delivery.event},
          {"state", to_string(delivery.state)},
          {"tries", delivery.tries},
          {"http_status", delivery.http_status},
          {"error", delivery.error},
          {"took", delivery.took}};
}

Delivery delivery_from(const Json& json) {
  Delivery delivery;
  delivery.id = json.at("id");
  delivery.time = json.at("time");
  delivery.channel = json.at("channel");
  delivery.event = json.at("event");
  delivery.state = value_named(states, json.at("state"));
  delivery.tries = json.at("tries");
  delivery.http_status = json.at("http_status");
  delivery.error = json.at("error");
  delivery.took = json.at("took");
  return delivery;
}

Json to_json(const Waiting& item) {
  const Message& message = item.envelope.message;
  return {{"delivery", to_json(item.last)},
          {"repeated", item.envelope.repeated},
          {"queued", item.queued},
          {"not_before", item.not_before},
          {"severity", to_string(message.severity)},
          {"title", message.title},
          {"text", message.text},
          {"data", message.data},
          {"time", message.time}};
}

Waiting waiting_from(const Json& json) {
  Waiting item;
  item.last = delivery_from(json.at("delivery"));
  item.channel = item.last.channel;
  item.envelope.id = item.last.id;
  item.envelope.repeated = json.at("repeated");
  item.queued = json.at("queued");
  item.not_before = json.at("not_before");
  Message& message = item.envelope.message;
  message.event = parse_event(item.last.event);
  message.severity = value_named(severities, json.at("severity"));
  message.title = json.at("title");
  message.text = json.at("text");
  message.data = json.at("data");
  message.time = json.at("time");
  return item;
}

}  // namespace

std::string_view to_string(DeliveryState state) {
  return state_names[static_cast<std::size_t>(state)];
}

std::string outbox_json(const Outbox& outbox) {
  Json json{{"schema", newest_schema},
            {"ledger_seen", outbox.ledger_seen},
            {"keys", outbox.keys},
            {"waiting", Json::array()},
            {"log", Json::array()}};
  for (const Waiting& item : outbox.waiting) json["waiting"].push_back(to_json(item));
  for (const Delivery& delivery : outbox.log) json["log"].push_back(to_json(delivery));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Outbox parse_outbox(const std::string& text, const std::string& place) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema").get<int>() > newest_schema)
      throw Error("notify.damaged", "it was written by a newer version of stevie");
    Outbox outbox;
    outbox.ledger_seen = json.at("ledger_seen");
    for (const Json& key : json.at("keys")) outbox.keys.push_back(key);
    for (const Json& item : json.at("waiting")) outbox.waiting.push_back(waiting_from(item));
    for (const Json& item : json.at("log")) outbox.log.push_back(delivery_from(item));
    return outbox;
  } catch (const nlohmann::json::exception&) {
    throw Error("notify.damaged", "what waits to be sent cannot be read", place);
  } catch (const Error& error) {
    throw Error("notify.damaged", "what waits to be sent cannot be read: " + error.message(), place);
  }
}

std::vector<Delivery> deliveries_of(const Outbox& outbox) {
  std::vector<Delivery> list(outbox.log.rbegin(), outbox.log.rend());
  for (const Waiting& item : outbox.waiting) list.push_back(item.last);
  std::ranges::stable_sort(list, std::ranges::greater{}, &Delivery::time);
  if (list.size() > Notifier::deliveries_kept) list.resize(Notifier::deliveries_kept);
  return list;
}

std::vector<Delivery> read_deliveries(const std::string& folder) {
  const std::filesystem::path file = std::filesystem::path(folder) / "outbox.json";
  const std::optional<std::string> text = read_private_file(file, most_bytes);
  return text ? deliveries_of(parse_outbox(*text, file.string())) : std::vector<Delivery>();
}

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  const auto is_inside = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (most > 0 && is_inside(most)) --most;
  return text.substr(0, most) + "…";
}

}  // namespace stevie::notify
