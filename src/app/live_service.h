#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/news.h"
#include "live/live_engine.h"

namespace stevie::app {

/// The trading loop with all it stands on - feed, paper broker, risk engine, strategies, parameters - on a
/// thread of its own, made from the configuration.
class LiveService {
 public:
  /// Everything is opened and checked here, so that what is wrong is told before anything starts.
  LiveService(const Config& config, NewsHub* news);
  ~LiveService();  // stops

  void start();
  void stop();
  /// nullptr where the feed is "none".
  live::LiveEngine* engine();
  /// Polls the ledger for what other processes did: parameter versions, kills, re-arms. Called by the
  /// service's own watcher thread; public for tests.
  void look_around();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stevie::app
