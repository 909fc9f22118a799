#include "ledger/kinds.h"

#include "ledger/database.h"

namespace stevie::ledger {

std::vector<KindCount> count_kinds(const LedgerConfig& config) {
  return Database(parse_url(config.url), Access::read, config.lock_timeout).kinds();
}

}  // namespace stevie::ledger
