#pragma once
#include <string>

#include "ledger/ledger.h"
#include "live/limit_changes.h"
#include "live/parameter_store.h"

namespace stevie::live {

// What a person asks of the trading loop, as ledger events. A running loop finds them within a fraction of a
// second (LiveEngine::notice), one that starts later before its first bar.
//
// All throw Error "live.refused_command" where name or reason are missing or no line of plain text, and as
// the ledger does.

/// "risk.killed": no order passes until somebody re-arms; waiting orders are cancelled, and with `flatten`
/// every position is closed at the next bar.
ledger::Event write_kill(ledger::Ledger& ledger, const Signature& person, bool flatten, TimeMs time);
/// "risk.rearmed".
ledger::Event write_rearm(ledger::Ledger& ledger, const Signature& person, TimeMs time);
/// "live.reconciliation": the broker's account is the truth where it and the record differ.
ledger::Event write_acceptance(ledger::Ledger& ledger, const Signature& person, const std::string& session,
                               TimeMs time);

/// "risk.limits_changed": the limits that are named are those from the next step on, over restarts too, until
/// they are changed again; what earlier changes named stays. Its body tells every limit before and after, and
/// the change that it is based on. Throws Error "live.bad_limits" with every fault, "live.stale_limits", and
/// "live.refused_command" also where nothing would change.
ledger::Event write_limits(ledger::Ledger& ledger, const Signature& person, const RiskLimits& configured,
                           const LimitRequest& request, TimeMs time);

/// Throws Error "live.refused_command".
void require_signature(const Signature& person);

}  // namespace stevie::live
