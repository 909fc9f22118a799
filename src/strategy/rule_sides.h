#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "strategy/regime.h"
#include "strategy/rule_inputs.h"
#include "strategy/social.h"

namespace stevie::strategy {

/// What stands beside each bar for rules that run bar by bar: the market's regime and its social score, by
/// streams that see nothing behind the bar. Bit for bit what make_regimes() and make_social() give.
class RuleSideStream {
 public:
  /// interval: of the bars. `sources` must outlive the stream; their rows are handed over as they become
  /// known. Throws as RegimeStream and SocialStream do.
  RuleSideStream(TimeMs interval, const RegimeConfig& regime, std::span<const SocialSource> sources,
                 const SocialConfig& social);

  /// The bar that has just closed; bars must follow one another.
  RuleSide at(const market::Bar& bar);

 private:
  TimeMs interval_;
  std::span<const SocialSource> sources_;
  std::vector<std::size_t> next_, columns_;  // (sources)
  RegimeStream regimes_;
  SocialStream social_;
};

}  // namespace stevie::strategy
