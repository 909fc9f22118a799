/// The trading loop decides and trades as the back-test does, bit for bit.
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "app/live_account.h"
#include "app/rules_backtest.h"
#include "broker/paper_broker.h"
#include "core/file.h"
#include "core/testing.h"
#include "evaluation/signal_replay.h"
#include "ledger/ledger.h"
#include "live/replay_feed.h"
#include "live/rule_live_strategy.h"
#include "market/market_testing.h"
#include "market/readers.h"

#include "market/synthetic.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

constexpr double equity_of_symbol = 5'000;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Traded {
  std::vector<std::string> explanations;  // of every decision, in order
  std::vector<execution::RoundTrip> trades;
};

RulesBacktestRequest request_for(const fs::path& file, const fs::path& work) {
  RulesBacktestRequest request;
  request.bars = file;
  request.social.discover = false;
  request.settings = {"costCapBps=50"};
  request.explain = work / "explain.jsonl";
  request.trades_out = work / "trades.csv";
  request.engine.initial_equity = equity_of_symbol;
  request.bootstrap.replicates = 100;
  return request;
}

/// What the loop makes of the same files, from the first bar on which the rules of all can decide.
std::vector<Traded> trade_live(const std::vector<fs::path>& files, TimeMs from, const fs::path& work) {
  strategy::ParameterLayers layers;
  layers.global[strategy::Parameter::cost_cap_bps] = 50;
  live::ParameterCell cell(live::make_snapshot(1, "one", layers));
  const auto ledger = ledger::Ledger::open({.url = "sqlite:///" + (work / "live.db").string()});
  const std::unique_ptr<live::ReplayFeed> feed = live::open_replay(files, {.from = from});
  broker::PaperConfig account{.symbols = feed->symbols(), .interval = feed->interval()};
  account.engine.initial_equity = equity_of_symbol * static_cast<double>(files.size());
  broker::PaperBroker broker(account);
  live::RiskLimits limits;
  limits.daily_loss_share = limits.drawdown_share = 1;
  live::RiskEngine risk(limits);
  live::LiveParts parts;
  parts.ledger = ledger.get();
  parts.feed = feed.get();
  parts.broker = &broker;
  parts.risk = &risk;
  for (const std::string& symbol : feed->symbols()) {
    live::RuleLiveSettings settings;
    settings.symbol = symbol;
    settings.interval = feed->interval();
    settings.warm_up_bars = std::numeric_limits<std::size_t>::max();
    parts.strategies.push_back(
        std::make_unique<live::RuleLiveStrategy>(std::move(settings), live::parameter_feed(cell, symbol)));
  }
  parts.session = "judge";
  std::vector<Traded> traded(files.size());
  const auto of = [&](const std::string& symbol) -> Traded& {
    const auto found = std::ranges::find(feed->symbols(), symbol);
    return traded[static_cast<std::size_t>(found - feed->symbols().begin())];
  };
  parts.observer.decision = [&](const live::DecisionRecord& decision) {
    EXPECT_EQ(decision.denial, live::Denial::none) << decision.summary;
    of(decision.symbol).explanations.push_back(decision.explanation);
  };
  parts.observer.fill = [&](const broker::Fill& fill) {
    if (fill.closed) of(fill.symbol).trades.push_back(*fill.closed);
  };
  live::LiveEngine engine(std::move(parts));
  engine.run();
  return traded;
}

/// The back-test decides on every bar but the last, and closes there what is open.
void expect_same(const Traded& live, const fs::path& work) {
  const std::vector<std::string> decisions = lines_of(read_file(work / "explain.jsonl"));
  ASSERT_EQ(live.explanations.size(), decisions.size() + 1);
  for (std::size_t i = 0; i < decisions.size(); ++i) ASSERT_EQ(live.explanations[i], decisions[i]) << i;
  std::vector<std::string> trades = lines_of(read_file(work / "trades.csv"));
  if (trades.back().ends_with("end_of_data")) trades.pop_back();
  const std::vector<std::string> ours = lines_of(evaluation::format_trades(live.trades));
  EXPECT_GT(ours.size(), 5U);
  EXPECT_EQ(ours, trades);
}

void compare(const std::vector<fs::path>& files, std::optional<TimeMs> from) {
  const TemporaryFolder work;
  std::vector<fs::path> folders;
  for (std::size_t i = 0; i < files.size(); ++i) {
    folders.push_back(work.path() / std::to_string(i));
    fs::create_directories(folders.back());
    RulesBacktestRequest request = request_for(files[i], folders.back());
    request.from = from;
    const RulesBacktest run = run_rules_backtest(request);
    const TimeMs first = run.evaluation.strategy.run.result.open_time.front();
    from = std::max(from.value_or(first), first);
  }
  const std::vector<Traded> live = trade_live(files, *from, work.path());
  for (std::size_t i = 0; i < files.size(); ++i) expect_same(live[i], folders[i]);
}

TEST(LiveBacktest, two_synthetic_markets_side_by_side_trade_as_each_does_alone) {
  const TemporaryFolder work;
  std::vector<fs::path> files;
  for (const std::string& name : {std::string("SYNTHAUSDT"), std::string("SYNTHBUSDT")}) {
    market::SyntheticConfig config;
    config.bars = 4'000;
    config.seed = files.size() + 3;
    config.symbol = name.substr(0, 6) + "/USDT";
    files.push_back(work.path() / (name + "_1h.csv"));
    market::write_bars(files.back(), market::make_synthetic_market(config).bars);
  }
  compare(files, std::nullopt);
}

TEST(LiveBacktest, hours_of_bitcoin_trade_as_in_the_back_test) {
  const fs::path file = market::shared_file("BTCUSDT_1h_201708_202412.csv.gz");
  if (file.empty()) GTEST_SKIP() << "no shared market data: set STEVIE_SHARED";
  compare({file}, parse_time("2023-07-01"));
}

}  // namespace
}  // namespace stevie::app
