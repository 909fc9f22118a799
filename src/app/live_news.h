#pragma once
#include <memory>
#include <string>

#include "app/news.h"
#include "ledger/event.h"
#include "live/live_engine.h"

namespace stevie::app {

/// Tells the hub what a trading loop and a ledger have new, by looking at them now and then: the loop itself
/// pays nothing for those who watch. Not for several threads at once.
class LiveNews {
 public:
  /// Holds that come faster than this are left out; what orders, is denied or fills never is, up to what the
  /// loop keeps.
  static constexpr std::size_t most_holds = 20;  // at a look

  /// hub: nullptr: nobody watches.
  explicit LiveNews(NewsHub* hub) : hub_(hub) {}

  /// Topics "decisions" (live.decision, oldest first), "fills" (live.fill) and "live" (live.state), each only
  /// where there is something newer than at the last look. The first look tells the state alone.
  void look(const live::LiveEngine& engine);

  /// An event of the ledger: topic "risk", "parameters", "sessions" or "live" by its kind, with its body, and
  /// number, author and time added; "ledger" tells number, kind, author and time of all but live.step.
  void tell(const ledger::Event& event);
  /// Topic "ledger": kind "ledger.unreachable" or "ledger.back".
  void tell_ledger(bool reachable, const std::string& text);

 private:
  NewsHub* hub_;
  std::shared_ptr<const live::LiveView> seen_;
};

/// What the items hold: a JSON object on one line, times as ISO 8601.
std::string decision_news(const live::DecisionRecord& decision);
std::string fill_news(const broker::Fill& fill);
std::string state_news(const live::LiveView& view);

}  // namespace stevie::app
