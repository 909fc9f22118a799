#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"

namespace stevie::broker {

/// Makes a broker with a new account that trades these symbols with bars of one hour.
using BrokerFactory = std::function<std::unique_ptr<Broker>(const std::vector<std::string>& symbols)>;

struct ConformanceConfig {
  std::size_t bars = 300;  // of each symbol
  std::size_t runs = 10;   // random markets with random orders
  std::uint64_t seed = 7;
};

/// Plays the broker and returns one sentence per broken promise of Broker, none where it keeps all:
///   - an order submitted on the close of a bar fills on the next bar of its symbol, and on no other
///   symbol's;
///   - an order id acts once, also where the broker was saved and restored in between;
///   - a cancelled order does not fill; cancel of one symbol leaves the others';
///   - flatten() closes every position at the next bar, and repeating it changes nothing;
///   - a bar that is not sound, does not follow, or is of an unknown symbol changes nothing, and neither does
///     an order that no broker can take;
///   - units and fills agree: what was held plus what filled is what is held, and equity is cash and
///   positions
///     at their marks;
///   - a broker restored from save() goes on as the first one does, bit for bit, wherever it is cut; a
///     damaged state is refused and changes nothing.
std::vector<std::string> conformance_violations(const BrokerFactory& make,
                                                const ConformanceConfig& config = {});

/// A random order on the close of this bar, with its id.
Order random_order(const std::string& symbol, const market::Bar& bar, std::uint64_t seed,
                   std::uint64_t number);

}  // namespace stevie::broker
