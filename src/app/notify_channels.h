#pragma once
#include <functional>
#include <span>
#include <string>

#include "ledger/ledger.h"
#include "live/parameter_store.h"
#include "notify/channel_store.h"
#include "notify/notifier.h"

namespace stevie::app {

/// Where changes to the channels of notifications are made and recorded. Both must outlive it; the ledger is
/// of the thread that calls.
struct ChannelDesk {
  notify::ChannelStore& store;
  ledger::Ledger& ledger;
  std::function<TimeMs()> now = {};  // empty: the system's clock
};

/// Each is made in the store and then recorded as an event "notify.changed" whose author is `by.name` and
/// whose body is {what, channel, reason, ...}; no secret, token or path of a URL is in it. They throw what
/// the store throws, with nothing changed; Error "app.unsigned" without name or reason, and the ledger's
/// codes where that cannot be read, both before anything is changed; Error "app.not_recorded" where it could
/// not be written afterwards: the change is then made and stays.
notify::Channel add_channel(const ChannelDesk& desk, const live::Signature& by,
                            const notify::Channel& channel);
notify::Channel change_channel(const ChannelDesk& desk, const live::Signature& by, const std::string& name,
                               const notify::ChannelChange& change);
void remove_channel(const ChannelDesk& desk, const live::Signature& by, const std::string& name);

/// Tables for people, and JSON arrays for programs. Nothing secret is in them.
std::string channels_text(std::span<const notify::Channel> channels);
std::string channels_json(std::span<const notify::Channel> channels);
std::string deliveries_text(std::span<const notify::Delivery> deliveries);
std::string deliveries_json(std::span<const notify::Delivery> deliveries);

}  // namespace stevie::app
