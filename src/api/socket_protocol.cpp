#include "api/socket_protocol.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "live/json_text.h"

namespace stevie::api {
namespace {

using accounts::Role;
using Json = nlohmann::json;

struct Topic {
  std::string_view name;
  Role least;
};
constexpr std::array<Topic, 8> all_topics{{{"accounts", Role::admin},
                                           {"decisions", Role::viewer},
                                           {"fills", Role::viewer},
                                           {"ledger", Role::viewer},
                                           {"live", Role::viewer},
                                           {"parameters", Role::viewer},
                                           {"risk", Role::viewer},
                                           {"sessions", Role::viewer}}};
constexpr std::size_t longest_token = 1000;
constexpr const char* bad_message = "api.bad_message";

std::string dumped(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void read_hello(const Json& object, ClientMessage& message, std::vector<std::string>& faults) {
  for (const auto& [name, value] : object.items()) {
    if (name == "token") {
      if (!value.is_string() || value.get_ref<const std::string&>().size() > longest_token) {
        faults.emplace_back("'token' must be an access token or an API key");
      } else {
        message.token = value.get<std::string>();
      }
    } else if (name == "topics") {
      const bool is_list =
          value.is_array() && value.size() <= 100 &&
          std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
      if (is_list) {
        message.topics = value.get<std::vector<std::string>>();
      } else {
        faults.emplace_back("'topics' must be a list of names");
      }
    } else if (name == "last_event") {
      if (value.is_number_unsigned()) {
        message.last_event = value.get<std::uint64_t>();
      } else {
        faults.emplace_back("'last_event' must be the number of an event");
      }
    } else if (name != "type") {
      faults.push_back(fmt::format("'{}' is not known", printable(name.substr(0, 100))));
    }
  }
  if (!object.contains("token")) faults.emplace_back("'token' is missing");
}

}  // namespace

ClientMessage parse_client_message(std::string_view text) {
  const Json object = live::parse_object(text, largest_client_message, bad_message, "");
  const auto type = object.find("type");
  ClientMessage message;
  std::vector<std::string> faults;
  if (type != object.end() && *type == "hello") {
    message.type = ClientMessage::Type::hello;
    read_hello(object, message, faults);
  } else if (type != object.end() && *type == "ping") {
    message.type = ClientMessage::Type::ping;
  } else if (type != object.end() && *type == "pong") {
    message.type = ClientMessage::Type::pong;
  } else {
    faults.emplace_back("'type' must be hello, ping or pong");
  }
  if (!faults.empty()) throw Error(bad_message, fmt::format("{}", fmt::join(faults, "; ")));
  return message;
}

std::vector<std::string> topics_of(Role role) {
  std::vector<std::string> names;
  for (const Topic& topic : all_topics) {
    if (topic.least <= role) names.emplace_back(topic.name);
  }
  return names;
}

std::vector<std::string> chosen_topics(const std::vector<std::string>& asked, Role role) {
  if (asked.empty()) return topics_of(role);
  std::vector<std::string_view> names;
  for (const Topic& topic : all_topics) names.push_back(topic.name);
  std::vector<std::string> chosen;
  for (const std::string& name : asked) {
    const auto known = std::find_if(all_topics.begin(), all_topics.end(),
                                    [&](const Topic& topic) { return topic.name == name; });
    if (known == all_topics.end()) {
      throw Error(bad_message, fmt::format("there is no topic '{}'; there are: {}",
                                           printable(name.substr(0, 100)), fmt::join(names, ", ")));
    }
    if (known->least > role) {
      throw Error("api.forbidden",
                  fmt::format("the topic {} needs the role {}", name, to_string(known->least)));
    }
    chosen.push_back(name);
  }
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::string welcome_message(std::uint64_t newest, const std::vector<std::string>& topics) {
  return dumped({{"type", "welcome"}, {"newest", newest}, {"topics", topics}});
}

std::string event_message(const app::NewsItem& item) {
  // The body is JSON already.
  return fmt::format(R"({{"type":"event","id":{},"topic":{},"kind":{},"time":"{}","data":{}}})", item.id,
                     dumped(item.topic), dumped(item.kind), time_text(item.time),
                     item.body.empty() ? "{}" : item.body);
}

std::string missed_message(std::uint64_t newest) {
  return dumped({{"type", "missed"}, {"newest", newest}});
}

std::string error_message(std::string_view code, std::string_view detail) {
  return dumped({{"type", "error"}, {"code", code}, {"detail", detail}});
}

std::string time_text(TimeMs time) {
  std::string text = format_time(time);
  // format_time leaves out milliseconds of zero; the API always has them.
  if (text.size() == 20 && text.back() == 'Z') text.insert(19, ".000");
  return text;
}

}  // namespace stevie::api
