#include "strategy/demonstration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "execution/execution_testing.h"
#include "features/observation.h"
#include "strategy/expert.h"
#include "strategy/simple.h"

namespace stevie::strategy {
namespace {

using execution::Side;

market::Bars random_bars(std::size_t count, std::uint64_t seed = 1) {
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.symbol = "TEST/USDT";
  bars.interval = hour_ms;
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double close = price * std::exp(0.01 * random.normal());
    bars.push_back({parse_time("2024-01-01") + static_cast<TimeMs>(i) * hour_ms, price,
                    std::max(price, close) * 1.001, std::min(price, close) * 0.999, close, 1});
    price = close;
  }
  return bars;
}

std::shared_ptr<env::MarketData> market_of(const market::Bars& bars, std::size_t warm_up = 0) {
  auto market = std::make_shared<env::MarketData>();
  market->tape = execution::make_bar_tape(bars, {});
  market->features.rows = bars.size();
  market->features.columns = features::market_value_count;
  market->features.warm_up = warm_up;
  market->features.values.resize(bars.size() * features::market_value_count);
  for (std::size_t i = 0; i < bars.size(); ++i)
    market->features.values[i * features::market_value_count] = static_cast<float>(i);
  return market;
}

/// Answers with a list of decisions and keeps what it was told.
class Scripted final : public Strategy {
 public:
  explicit Scripted(std::vector<Decision> decisions) : decisions_(std::move(decisions)) {}
  std::string name() const override { return "scripted"; }
  Decision decide(const Situation& situation) override {
    told.push_back(situation);
    return told.size() <= decisions_.size() ? decisions_[told.size() - 1] : Decision::hold();
  }
  std::vector<Situation> told;

 private:
  std::vector<Decision> decisions_;
};

Situation at(double open, double high, double low, double close, int side) {
  Situation situation;
  situation.bar = {0, open, high, low, close, 1};
  situation.side = side;
  return situation;
}

TEST(DiscretisedStrategy, takes_the_nearest_exposure_of_the_same_sign) {
  const auto action = [](double wanted, std::vector<double> exposures) {
    ConstantExposure inner("constant", wanted);
    DiscretisedStrategy strategy(inner, exposures, 2);
    const double held = strategy.decide(at(1, 1, 1, 1, 0)).exposure;
    EXPECT_EQ(held, exposures[static_cast<std::size_t>(strategy.action())]);
    return strategy.action();
  };
  EXPECT_EQ(action(0.1, {-1, 0, 1}), 2) << "a small long is a long, not nothing";
  EXPECT_EQ(action(-0.1, {-1, 0, 1}), 0);
  EXPECT_EQ(action(0, {-1, 0, 1}), 1);
  EXPECT_EQ(action(0.6, {0, 0.5, 1}), 1);
  EXPECT_EQ(action(0.8, {0, 0.5, 1}), 2);
  EXPECT_EQ(action(-0.5, {0, 1}), 0) << "no short is possible: nothing";
}

TEST(DiscretisedStrategy, sizes_an_entry_by_its_stop_and_the_leverage_limit) {
  const auto action = [](double risk, double stop) {
    Scripted inner({Decision::enter(Side::long_side, {execution::Stake::Kind::risk, risk}, {stop, 0})});
    DiscretisedStrategy strategy(inner, {0, 0.25, 0.5, 0.75, 1}, 1);
    (void)strategy.decide(at(100, 100, 100, 100, 0));
    return strategy.action();
  };
  EXPECT_EQ(action(0.01, 0.02), 2);  // 1 % at a stop 2 % away: half of the equity
  EXPECT_EQ(action(0.01, 0.04), 1);
  EXPECT_EQ(action(0.01, 0.001), 4);
}

TEST(DiscretisedStrategy, obeys_a_stop_at_the_close_of_the_bar_that_touched_it) {
  for (const bool touched : {false, true}) {
    Scripted inner({Decision::enter(Side::long_side, {}, {0.05, 0.2})});
    DiscretisedStrategy strategy(inner, {-1, 0, 1}, 1);
    (void)strategy.decide(at(100, 100, 100, 100, 0));
    EXPECT_EQ(strategy.action(), 2);
    // It opens at 110, so the stop lies at 104.5.
    (void)strategy.decide(at(110, 111, 105, 110, 1));
    EXPECT_EQ(strategy.action(), 2);
    EXPECT_EQ(inner.told.back().side, 1);
    (void)strategy.decide(at(110, 111, touched ? 104.4 : 104.6, 110, 1));
    EXPECT_EQ(strategy.action(), touched ? 1 : 2);
    EXPECT_EQ(inner.told.back().side, touched ? 0 : 1);
  }
}

TEST(DiscretisedStrategy, obeys_a_take_profit_and_the_stop_of_a_short) {
  Scripted inner({Decision::enter(Side::short_side, {}, {0.1, 0.2}), Decision::hold(), Decision::hold(),
                  Decision::enter(Side::short_side, {}, {0.1, 0.2})});
  DiscretisedStrategy strategy(inner, {-1, 0, 1}, 1);
  (void)strategy.decide(at(100, 100, 100, 100, 0));
  (void)strategy.decide(at(100, 109, 81, 100, -1));
  EXPECT_EQ(strategy.action(), 0);
  (void)strategy.decide(at(100, 100, 79, 90, -1));
  EXPECT_EQ(strategy.action(), 1) << "20 % gained";
  (void)strategy.decide(at(90, 90, 90, 90, 0));
  EXPECT_EQ(strategy.action(), 0);
  (void)strategy.decide(at(90, 99.1, 90, 95, -1));
  EXPECT_EQ(strategy.action(), 1) << "stopped";
}

TEST(RecordDemonstrations, show_what_an_account_that_did_the_same_would_show) {
  const market::Bars bars = random_bars(600);
  const auto market = market_of(bars, 20);
  env::TradingEnvConfig config;
  config.episode_length = 100;
  RsiMaExpert expert({}, bars.interval);
  const RecordedDemonstrations recorded = record_demonstrations(expert, market, {10, 500}, config);
  EXPECT_EQ(recorded.rows.observation_size, features::observation_size);
  EXPECT_EQ(recorded.rows.size(), 499u - 20u)
      << "one for each bar of the range behind the warm-up, but the last";
  recorded.rows.validate();
  std::size_t long_seen = 0, short_seen = 0;
  for (std::size_t i = 0; i < recorded.rows.size(); ++i) {
    EXPECT_EQ(recorded.bars[i], 20 + i);
    const float* row = recorded.rows.observation(i);
    EXPECT_EQ(row[0], static_cast<float>(recorded.bars[i]));
    const bool episode_begins = i % 100 == 0;
    const float exposure = row[features::market_value_count + features::exposure];
    if (episode_begins) {
      EXPECT_EQ(exposure, 0);
      continue;
    }
    const std::int32_t before = recorded.rows.actions[i - 1];
    EXPECT_EQ((exposure > 0) - (exposure < 0), before - 1) << "bar " << recorded.bars[i];
    long_seen += exposure > 0 ? 1 : 0;
    short_seen += exposure < 0 ? 1 : 0;
  }
  EXPECT_GT(long_seen, 20u);
  EXPECT_GT(short_seen, 20u);
}

TEST(RecordDemonstrations, cross_gaps_as_the_environment_does_and_pay_the_costs_themselves) {
  market::Bars bars = random_bars(300);
  for (std::size_t i = 150; i < 300; ++i) bars.open_time[i] += 10 * hour_ms;
  env::TradingEnvConfig config;
  ConstantExposure hold("hold", 1);
  const auto cheap = record_demonstrations(hold, market_of(bars), {0, 300}, config);
  config.training_cost_factor = 6;
  config.random_start = true;
  const auto dear = record_demonstrations(hold, market_of(bars), {0, 300}, config);
  EXPECT_EQ(cheap.rows.observations, dear.rows.observations);
  EXPECT_EQ(cheap.rows.size(), 298u) << "no decision on the last bar before the gap and of the range";
  EXPECT_EQ(cheap.bars[148], 148u);
  EXPECT_EQ(cheap.bars[149], 150u);
}

// --- files of actions ---

class ActionFile : public ::testing::Test {
 protected:
  ActionSchedule parse(const std::string& text) const {
    return parse_actions(text, "a.csv", bars_, {-1, 0, 0.5, 1});
  }
  std::string fault(const std::string& text) const {
    try {
      (void)parse(text);
    } catch (const Error& error) {
      return error.code() + " " + error.what();
    }
    return "no error";
  }
  market::Bars bars_ = random_bars(10);
};

TEST_F(ActionFile, names_exposures_by_number_or_by_word_and_keeps_the_last) {
  const ActionSchedule schedule = parse(
      "time,comment,action\n2024-01-01T01:00:00Z,x,long\n2024-01-01T03:00:00Z,,0.5\n"
      "2024-01-01T04:00:00Z,,hold\n1704085200000,,sell\n2024-01-01T07:00:00Z,,flat\n");
  EXPECT_EQ(schedule.actions, (std::vector<std::int32_t>{-1, 3, 3, 2, 2, 0, 0, 1, -1, -1}));
  EXPECT_EQ(schedule.range().begin, 1u);
  EXPECT_EQ(schedule.range().end, 8u);
}

TEST_F(ActionFile, tells_all_faults_together_with_their_rows) {
  const std::string all = fault(
      "timestamp,action\n2024-01-01T01:00:00Z,1\n2024-01-01T01:30:00Z,1\n2024-01-01T01:00:00Z,1\nyesterday,"
      "1\n"
      "2024-01-01T05:00:00Z,2\n2024-01-01T06:00:00Z\n2024-01-01T07:00:00Z,0\n");
  EXPECT_EQ(all.substr(0, 15), "signals.faults ");
  for (const char* text :
       {"a.csv:3: no bar opens at 2024-01-01T01:30:00Z", "a.csv:4: the row does not come behind",
        "a.csv:5: 'yesterday' is no time", "a.csv:6: the action is '2'", "a.csv:7: the row has 1 columns"})
    EXPECT_NE(all.find(text), std::string::npos) << text << "\n" << all;
  EXPECT_EQ(all.find("a.csv:2"), std::string::npos);
  EXPECT_EQ(all.find("a.csv:8"), std::string::npos);
}

TEST_F(ActionFile, tells_a_single_fault_by_its_own_code) {
  EXPECT_EQ(fault("").substr(0, 16), "signals.no_rows ");
  EXPECT_EQ(fault("time,action\n").substr(0, 16), "signals.no_rows ");
  EXPECT_EQ(fault("time,signal\n2024-01-01,1\n").substr(0, 18), "signals.no_column ");
  EXPECT_EQ(fault("time,action\n2025-01-01,1\n").substr(0, 20), "signals.unknown_bar ");
  EXPECT_EQ(fault("time,action\n2024-01-01,nan\n").substr(0, 18), "signals.bad_value ");
}

TEST_F(ActionFile, lists_twenty_faults_of_many) {
  std::string text = "time,action\n";
  for (int i = 0; i < 50; ++i) text += "2025-01-01T00:00:00Z,1\n";
  const std::string all = fault(text);
  EXPECT_NE(all.find("20 of 50 rows"), std::string::npos) << all;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 20);
}

TEST_F(ActionFile, reads_back_what_it_writes) {
  const std::vector<double> exposures{-1, 0, 0.5, 1};
  const std::string text = format_actions({2, 3, 4}, {0, 3, 2}, bars_.open_time, exposures);
  EXPECT_EQ(text, "time,action\n2024-01-01T02:00:00Z,-1\n2024-01-01T03:00:00Z,1\n2024-01-01T04:00:00Z,0.5\n");
  EXPECT_EQ(parse(text).actions, (std::vector<std::int32_t>{-1, -1, 0, 3, 2, -1, -1, -1, -1, -1}));
}

TEST_F(ActionFile, plays_as_a_strategy) {
  ScheduledActions strategy(parse("time,action\n2024-01-01T01:00:00Z,-1\n2024-01-01T02:00:00Z,0.5\n"),
                            {-1, 0, 0.5, 1});
  std::vector<double> wanted;
  for (std::size_t bar = 0; bar < 4; ++bar) {
    Situation situation;
    situation.bar_index = bar;
    const Decision decision = strategy.decide(situation);
    wanted.push_back(decision.kind == Decision::Kind::hold ? 9 : decision.exposure);
  }
  EXPECT_EQ(wanted, (std::vector<double>{9, -1, 0.5, 9}));
}

}  // namespace
}  // namespace stevie::strategy
