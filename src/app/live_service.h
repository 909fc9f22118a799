#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/news.h"
#include "live/live_engine.h"

namespace stevie::app {

/// How trading is doing, apart from the account (LiveEngine::view).
struct LiveHealth {
  bool running = false;             // the trading thread is at work
  bool ended = false;               // the feed came to its end, or stop() was called
  std::string fault;                // why trading stopped by itself, and what to do; empty: it did not
  std::string waits_for;            // why the loop cannot begin just now; it tries again. Empty: it has begun
  std::string ledger_fault;         // why the watcher cannot read the ledger just now; empty: it can
  std::uint64_t ledger_events = 0;  // as last seen by the watcher
  std::uint64_t parameter_version = 0;  // in force, as last seen by the watcher
};

/// The trading loop with all it stands on - feed, paper broker, risk engine, strategies, parameters - on a
/// thread of its own, made from the configuration; and a watcher thread that reads what other processes
/// write to the ledger and publishes what is new. Neither waits for a reader, and the trading thread never
/// waits for the watcher.
///
/// A ledger that is locked or out of reach stops neither: the loop trades nothing that it cannot record and
/// goes on once it can; the watcher tries again, every five seconds at most.
class LiveService {
 public:
  /// Everything is opened and checked here, so that what is wrong is told before anything starts. `news` may
  /// be nullptr. Throws Error "app.bad_live" with every fault of the section live, and what opening the
  /// ledger and reading the files throws.
  LiveService(const Config& config, NewsHub* news);
  ~LiveService();  // stops

  void start();
  /// The loop ends at the next step's boundary, with its account on the ledger.
  void stop();

  /// nullptr where the feed is "none". Lives as long as the service.
  live::LiveEngine* engine();
  LiveHealth health() const;  // from any thread
  /// "20260304-050607-live"; empty where the feed is "none".
  const std::string& session() const;
  /// What is traded on, for people, a line each: the feed, symbols, side series, a synthetic market.
  const std::vector<std::string>& description() const;

  /// Looks at the ledger for what other processes did - parameter versions, kills, re-arms - and at the loop,
  /// and publishes what is new. Called by the watcher every 200 ms; for tests while it does not run. Throws
  /// nothing.
  void look_around();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
