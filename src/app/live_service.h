#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/news.h"
#include "live/live_engine.h"

namespace stevie::app {

/// What `stevie serve` trades on: the section live of the configuration.
struct LiveConfig {
  std::string feed = "replay";  // "replay", "binance", or "none": no trading, the rest runs
  std::vector<std::string>
      data;          // replay: one bar file a symbol. binance: bars to warm up from, may be empty
  double speed = 0;  // replay: seconds of market a second of the clock; 0: as fast as possible
  std::string from;  // replay: first bar traded, a time; empty: as soon as the rules can decide
  std::vector<std::string> symbols;  // binance: "BTC/USDT"
  std::string interval = "1h";       // binance
  double initial_equity = 10'000;    // shared equally by the symbols
  std::string folder = "runs/live";  // journals, one folder a session
  std::uint64_t checkpoint_steps = 1000;
  std::string stream_url = "wss://data-stream.binance.vision";  // binance
  std::string rest_url = "https://data-api.binance.vision";
};
void describe(ConfigBinder& binder, LiveConfig& config);

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
