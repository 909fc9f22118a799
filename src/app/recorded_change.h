#pragma once
#include <string>

#include "core/time.h"
#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {

// Changes that are made outside the ledger (users, channels) and then put on record there.

/// Throws Error "app.unsigned" where name or reason is missing: what every change asks first.
void require_signed(const live::Signature& by);

/// Before the change: that it will be possible to say who made it and why. Throws as require_signed(), and
/// the ledger's codes where that cannot be read.
void require_recordable(const ledger::Ledger& ledger, const live::Signature& by);

/// After it. Throws Error "app.not_recorded" where it could not be written: the change is then made and
/// stays.
void record_change(ledger::Ledger& ledger, const std::string& kind, const std::string& body,
                   const std::string& author, TimeMs time);

}  // namespace stevie::app
