#include "app/ledger_pool.h"

#include <exception>

namespace stevie::app {
namespace {

constexpr std::size_t most_idle = 4;  // connections kept for later uses

}  // namespace

live::ParameterStore& LedgerPool::Connection::parameters() {
  if (!parameters_) {
    parameters_ = std::make_unique<live::ParameterStore>(*ledger_);
  } else {
    parameters_->refresh();
  }
  return *parameters_;
}

LedgerPool::Lease::Lease(LedgerPool& owner) : pool(owner), exceptions(std::uncaught_exceptions()) {
  {
    const std::lock_guard lock(pool.mutex_);
    if (!pool.idle_.empty()) {
      connection = std::move(pool.idle_.back());
      pool.idle_.pop_back();
    }
  }
  if (!connection) connection = std::make_unique<Connection>(pool.config_);
}

LedgerPool::Lease::~Lease() {
  if (std::uncaught_exceptions() > exceptions) return;
  const std::lock_guard lock(pool.mutex_);
  if (pool.idle_.size() < most_idle) pool.idle_.push_back(std::move(connection));
}

}  // namespace stevie::app
