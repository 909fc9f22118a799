#include "app/live_history.h"

#include "ledger/ledger.h"

namespace stevie::app {

void LiveHistory::catch_up(const ledger::Ledger& ledger) {
  const std::lock_guard lock(mutex_);
  ledger.read_each({.kind = "live.step", .after = sequence_}, [this](const ledger::Event& event) {
    life_.take(live::parse_step_history(event));
    sequence_ = event.sequence;
  });
}

}  // namespace stevie::app
