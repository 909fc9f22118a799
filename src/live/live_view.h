#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "live/feed.h"
#include "live/risk_engine.h"

namespace stevie::live {

/// The gist of a strategy's reasons, in words that can be counted; what does not apply is empty.
struct DecisionGist {
  std::string reason;  // of the rules: to_string(strategy::RuleReason), "qualified", "holding", "cost_cap"
  std::string rule;    // that qualified, or that opened the position which leaves: "breakout"
  std::string side;    // of that rule: "long", "short"
  std::string regime;  // "bull"
  std::optional<double> confidence;  // 0 to 1; nothing where no rule qualified
};

/// One decision with everything a person may ask about it.
struct DecisionRecord {
  std::uint64_t number = 0;  // 1, 2, ... over the whole life of the account
  std::string symbol;
  market::Bar bar;          // on whose close it was taken
  std::string action;       // "hold", "enter", "exit", "target"
  std::string summary;      // one sentence
  std::string explanation;  // one line of JSON: the strategy's reasons (docs/strategy.md)
  std::uint64_t parameter_version = 0;
  std::string order_id;  // empty: no order
  Denial denial = Denial::none;
  double latency_us = 0;  // from the hand-over of the bar to the order
  DecisionGist gist;      // not in the journal, whose explanation says it at length
};

/// A point of the equity curve.
struct EquityPoint {
  TimeMs time = 0;
  double equity = 0;
};

/// What is going on, at one moment. Never changed once made; readers on other threads keep a shared_ptr.
struct LiveView {
  std::string mode = "paper";
  std::string session;  // "20260304-050607-live"
  bool running = false;
  std::string text;  // one sentence: what the loop is doing
  TimeMs started = 0;
  TimeMs now = 0;  // the feed's clock
  FeedStatus feed;
  std::vector<std::string> symbols;
  TimeMs interval = 0;
  std::uint64_t steps = 0, decisions = 0, orders = 0, fills = 0;
  std::uint64_t parameter_version = 0;
  broker::AccountView account;
  double initial_equity = 0;
  RiskState risk_state = RiskState::halted;
  std::string risk_why;
  RiskRecord risk;
  RiskLimits limits;
  bool reconciled = false;
  std::vector<std::string> differences;  // between account and record, where they do not agree
  std::string persistence_fault;  // why nothing can be recorded just now; trading waits. Empty: all well
  double latency_p50_us = 0, latency_p99_us = 0, latency_max_us = 0;  // of the newest 10,000 decisions
};

}  // namespace stevie::live
