#pragma once
#include <functional>
#include <set>
#include <string>

#include "core/time.h"
#include "ledger/ledger.h"

namespace stevie::app {

/// The names of the sessions on a ledger.
struct SessionNames {
  std::set<std::string> queued;   // of "training.queued" events
  std::set<std::string> started;  // of "session.started" events
};
SessionNames session_names(const ledger::Ledger& ledger);

/// A name for a session that begins now: "20260304-050607-quick_tune", with "-2", "-3", ... behind it where
/// the ledger has one of that name, or `claim` refuses it. To be called inside Ledger::append_decided, so
/// that nobody else can take the name in between.
std::string free_session_name(const ledger::Ledger& ledger, const std::string& scenario, TimeMs now,
                              const std::function<bool(const std::string&)>& claim);

}  // namespace stevie::app
