#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/time.h"

namespace stevie::app {

/// Between two checkpoints of the account at least: live::LiveParts::checkpoint_gap.
inline constexpr TimeMs checkpoint_gap = 250;

/// What `stevie serve` trades on: the section live of the configuration.
struct LiveConfig {
  /// "replay": bars of files, over and done with. "binance": bars of the exchange as they close. "none": no
  /// trading, the rest runs. Default replay.
  std::string feed = "replay";
  /// replay: one bar file a symbol, all of the same interval. Training sessions that name no bars search on
  /// these, whatever the feed is. Default none.
  std::vector<std::string> data;
  /// replay: seconds of market in a second of the clock, so that 3600 plays an hour bar a second. Default 0:
  /// as fast as possible.
  double speed = 0;
  /// replay: no bar before this time is traded, a time as in core/time.h. Default empty: as soon as the rules
  /// can decide.
  std::string from;
  /// binance: what is traded, such as "BTC/USDT". Default none, which is refused.
  std::vector<std::string> symbols;
  /// binance: length of a bar. Default one hour.
  std::string interval = "1h";
  /// replay: side series with social scores for its first symbol, FILE[:COLUMN][@DELAY] as `stevie backtest
  /// --social` takes them. Default none.
  std::vector<std::string> social;
  /// replay: look for such series in the folder `sentiment` beside each bar file, where `social` is empty.
  /// Default true, as in backtests.
  bool discover_social = true;
  /// Of the paper account when it is made, shared equally by the symbols; without effect on an account that
  /// is there already. Default 10,000.
  double initial_equity = 10'000;
  /// Journals, one folder a session. A second server that uses it is refused. Default runs/live.
  std::string folder = "runs/live";
  /// Steps without an event after which the account is put on the ledger anyway. Fewer: a restart goes over
  /// fewer bars again, and the ledger grows faster. Never more than one in a quarter of a second. Default
  /// 1000.
  std::uint64_t checkpoint_steps = 1000;
  /// binance: where bars are pushed from, and where missing ones are asked for.
  std::string stream_url = "wss://data-stream.binance.vision";
  std::string rest_url = "https://data-api.binance.vision";
};

/// Names the fields. What depends on files and on the feed is checked by LiveService, when it is to trade.
void describe(ConfigBinder& binder, LiveConfig& config);

}  // namespace stevie::app
