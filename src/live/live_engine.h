#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "live/bar_history.h"
#include "live/feed.h"
#include "live/live_view.h"
#include "live/parameter_store.h"
#include "strategy/rule_inputs.h"

namespace stevie::live {

struct LimitRequest;  // limit_changes.h

/// What the loop trades by; one object for each symbol. Wraps strategy::RuleStrategy today; policies and
/// ensembles later.
class LiveStrategy {
 public:
  virtual ~LiveStrategy() = default;
  /// Goes over a bar for its inputs alone.
  virtual void warm_up(const market::Bar& bar) = 0;
  virtual strategy::Decision decide(const strategy::Situation& situation) = 0;
  virtual std::string explanation_json() const = 0;  // of the last decide()
  virtual std::string summary() const = 0;
  virtual DecisionGist gist() const { return {}; }      // of the last decide()
  virtual std::uint64_t parameter_version() const = 0;  // that the last decide() used
  /// What that version comes to for this symbol, as JSON; the journal keeps it once for each version.
  virtual std::string parameters_json() const = 0;
  /// What must survive a restart beside the inputs, as JSON; restore() comes behind the warm-up.
  virtual std::string save() const = 0;
  virtual void restore(const std::string& json) = 0;
  virtual std::size_t warm_up_bars() const = 0;  // that it wants
};

/// Told on the loop's thread; must return quickly.
struct LiveObserver {
  std::function<void(const DecisionRecord&)> decision;
  std::function<void(const broker::Fill&)> fill;
  std::function<void(const std::shared_ptr<const LiveView>&)> view;  // whenever something changed
};

/// Everything the loop needs; all of it must outlive the loop.
struct LiveParts {
  ledger::Ledger* ledger = nullptr;  // the loop's own connection
  Feed* feed = nullptr;
  broker::Broker* broker = nullptr;
  RiskEngine* risk = nullptr;
  std::vector<std::unique_ptr<LiveStrategy>> strategies;  // by symbol of the feed
  /// Where the journals of all sessions lie, "runs/live"; this one's is in <journal_folder>/<session>. Empty:
  /// no journal.
  std::string journal_folder;
  std::string session;                    // "20260304-050607-live"; a new one for each run
  std::uint64_t checkpoint_steps = 1000;  // steps without an event after which one is written anyway
  /// But not sooner than so long behind the one before, in the machine's time: a replay at full speed would
  /// wait for the disk most of the time.
  TimeMs checkpoint_gap = 0;
  LiveObserver observer;

  std::string mode = "paper";
  std::string author = "stevie serve";  // of the ledger's events
  /// Largest exposure an entry can come to, as the broker's instrument has it: what the risk engine is told
  /// an order will make of the position.
  double leverage_limit = 1;
  std::string configuration = "{}";                 // JSON object; the head of the journal keeps it
  std::uint64_t journal_part_bytes = 16ULL << 20U;  // from which the journal goes on in another file
  std::function<TimeMs()> clock = {};               // of the events' times; default: the system's
  /// Waits before a failed write is tried again, so long at most; for tests. Default: waits.
  std::function<void(TimeMs)> pause = {};
};

/// The decision loop. For each step of the feed: the broker plays the bars, the risk engine marks the
/// account, each strategy decides, orders pass the risk engine, and what changed becomes ONE ledger event
/// ("live.step") before the next step begins. A process that dies leaves the account as of the last such
/// event, and run() goes on behind it.
class LiveEngine {
 public:
  explicit LiveEngine(LiveParts parts);
  ~LiveEngine();

  /// Restores and reconciles, then trades until stop() or the feed's end. Throws what cannot be mended.
  void run();
  void stop();  // from any thread

  // From any thread. Each takes effect at once and is on the ledger when the call returns; it writes through
  // a connection of its caller's. Empty name or reason: Error "live.refused_command".
  void kill(ledger::Ledger& ledger, const Signature& person, bool flatten);
  /// The same where not even a connection is to be had: it holds in this process, and is on record with the
  /// next step that can be recorded.
  void kill_unrecorded(const Signature& person, bool flatten);
  void rearm(ledger::Ledger& ledger, const Signature& person);
  /// See write_limits(). The loop obeys between two steps.
  void set_limits(ledger::Ledger& ledger, const Signature& person, const LimitRequest& request);
  /// Takes the broker's account as the truth where record and broker differ.
  void accept_account(ledger::Ledger& ledger, const Signature& person);

  /// An event "risk.killed", "risk.rearmed", "risk.limits_changed" or "live.reconciliation" that somebody
  /// else may have written, as the watcher of the ledger found it: takes effect as if it had come through the
  /// calls above, and does nothing where it came through them or was found before. Events of these kinds take
  /// effect in the order of their numbers, found or not. Other kinds are ignored. From any thread.
  void notice(const ledger::Event& event);

  std::shared_ptr<const LiveView> view() const;                                          // from any thread
  std::vector<DecisionRecord> decisions(std::uint64_t before, std::size_t count) const;  // newest first
  std::vector<broker::Fill> fills(std::size_t count) const;                              // newest first
  /// The bars up to the newest one that was played.
  const BarHistory& bars() const;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace stevie::live
