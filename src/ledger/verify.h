#pragma once
#include <optional>
#include <string>

#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/signed_head.h"

namespace stevie::ledger {

/// What Ledger::verify() does. Reads the head before the log: a log that grows meanwhile stays ahead of it.
Verification verify_log(const Database& database, const HeadFiles& files,
                        const std::optional<std::string>& kept_head);

}  // namespace stevie::ledger
