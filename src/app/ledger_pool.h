#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "ledger/ledger.h"
#include "live/parameter_store.h"

namespace stevie::app {

/// Connections to one ledger for several threads: each use has one for itself. Opened when first needed; one
/// on which something failed is closed, so that the next use opens anew once the database is back.
/// Thread-safe.
class LedgerPool {
 public:
  explicit LedgerPool(ledger::LedgerConfig config) : config_(std::move(config)) {}

  /// What one use has for itself.
  class Connection {
   public:
    explicit Connection(const ledger::LedgerConfig& config) : ledger_(ledger::Ledger::open(config)) {}
    ledger::Ledger& ledger() { return *ledger_; }
    /// Up to date when asked for. Throws as ParameterStore does.
    live::ParameterStore& parameters();

   private:
    std::unique_ptr<ledger::Ledger> ledger_;
    std::unique_ptr<live::ParameterStore> parameters_;
  };

  /// Calls `work(connection)` and gives what it returns. Throws what opening and `work` throw.
  template <class Work>
  auto use(Work&& work) {
    Lease lease(*this);
    return std::forward<Work>(work)(*lease.connection);
  }

 private:
  /// Takes a connection and gives it back, unless the use of it ends with an exception.
  struct Lease {
    explicit Lease(LedgerPool& owner);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    LedgerPool& pool;
    std::unique_ptr<Connection> connection;
    int exceptions;
  };

  ledger::LedgerConfig config_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace stevie::app
