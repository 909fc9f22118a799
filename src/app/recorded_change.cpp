#include "app/recorded_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace stevie::app {

void require_signed(const live::Signature& by) {
  const std::vector<std::string> faults = live::signature_faults(by, true);
  if (faults.empty()) return;
  throw Error("app.unsigned", fmt::format("nothing was changed: {}", fmt::join(faults, "; ")));
}

void require_recordable(const ledger::Ledger& ledger, const live::Signature& by) {
  require_signed(by);
  ledger.head();
}

void record_change(ledger::Ledger& ledger, const std::string& kind, const std::string& body,
                   const std::string& author, TimeMs time) {
  try {
    ledger.append(kind, body, author, time);
  } catch (const Error& error) {
    throw Error(
        "app.not_recorded",
        fmt::format("the change is made and stays, but the ledger could not take it up ({}): mend the "
                    "ledger and note there what was changed",
                    error.message()),
        error.place());
  }
}

}  // namespace stevie::app
