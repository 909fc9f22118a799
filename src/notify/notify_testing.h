#pragma once
#include <string>
#include <vector>

#include "core/testing.h"
#include "notify/notifier.h"

namespace stevie::notify {

/// For tests: a channel that is in order.
inline Channel webhook(const std::string& name = "desk", std::vector<Event> events = {Event::kill}) {
  Channel channel;
  channel.name = name;
  channel.events = std::move(events);
  channel.url = "https://hooks.example.com/path-nobody-may-see";
  channel.secret = "seven-small-foxes-run";
  return channel;
}
inline Channel telegram(const std::string& name = "chat") {
  Channel channel;
  channel.name = name;
  channel.kind = ChannelKind::telegram;
  channel.events = {Event::kill, Event::risk_state};
  channel.chat = "-1001234567890";
  channel.token = "123456:AAtoken-that-nobody-may-see";
  return channel;
}

}  // namespace stevie::notify
