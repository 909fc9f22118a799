#include "strategy/expert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/testing.h"
#include "features/random_series.h"

namespace stevie::strategy {
namespace {

using Kind = Decision::Kind;

/// Hourly bars with these closes; each opens at the close before and reaches no further.
market::Bars bars_of(const std::vector<double>& closes) {
  market::Bars bars;
  bars.symbol = "TEST/USDT";
  bars.interval = hour_ms;
  double open = closes.front();
  for (const double close : closes) {
    bars.push_back({static_cast<TimeMs>(bars.size()) * hour_ms, open, std::max(open, close),
                    std::min(open, close), close, 1});
    open = close;
  }
  return bars;
}

std::vector<double> random_closes(std::uint64_t seed, std::size_t count) {
  RandomStream random(seed, 0);
  std::vector<double> closes{100};
  while (closes.size() < count) closes.push_back(closes.back() * std::exp(0.01 * random.normal()));
  return closes;
}

/// Plays the decisions as an account would that fills at once and is never stopped; what was decided on each
/// bar.
std::vector<ExpertExplanation> play(const market::Bars& bars, const ExpertConfig& config = {}) {
  RsiMaExpert expert(config, bars.interval);
  std::vector<ExpertExplanation> seen;
  expert.observe_with([&seen](const ExpertExplanation& explanation) { seen.push_back(explanation); });
  int side = 0;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    Situation situation;
    situation.bar = bars[i];
    situation.bar_index = i;
    situation.side = side;
    const Decision decision = expert.decide(situation);
    if (decision.kind == Kind::exit) side = 0;
    if (decision.kind == Kind::enter) side = decision.side == execution::Side::long_side ? 1 : -1;
  }
  return seen;
}

/// Wilder's RSI as his book tells it: the first averages are plain means, each later one takes 1/14 of the
/// new move.
double plain_rsi(const std::vector<double>& closes, std::size_t end, std::size_t bars) {
  double gain = 0, loss = 0;
  for (std::size_t i = 1; i <= end; ++i) {
    const double change = closes[i] - closes[i - 1];
    const double up = change > 0 ? change : 0, down = change < 0 ? -change : 0;
    const auto n = static_cast<double>(bars);
    if (i <= bars) {
      gain += up / n;
      loss += down / n;
    } else {
      gain = (gain * (n - 1) + up) / n;
      loss = (loss * (n - 1) + down) / n;
    }
  }
  return 100 - 100 / (1 + gain / loss);
}

double plain_mean(const std::vector<double>& closes, std::size_t end, std::size_t bars) {
  double sum = 0;
  for (std::size_t i = end + 1 - bars; i <= end; ++i) sum += closes[i];
  return sum / static_cast<double>(bars);
}

TEST(RsiMaExpert, measures_what_the_books_say) {
  const std::vector<double> closes = random_closes(3, 400);
  const auto seen = play(bars_of(closes));
  for (std::size_t i = 40; i < closes.size(); ++i) {
    const ExpertRow& row = seen[i].row;
    EXPECT_NEAR(row.rsi, plain_rsi(closes, i, 14), 1e-8);
    EXPECT_NEAR(row.fast, plain_mean(closes, i, 10), 1e-9);
    EXPECT_NEAR(row.slow, plain_mean(closes, i, 30), 1e-9);
    EXPECT_EQ(row.crossed_up, row.fast > row.slow && seen[i - 1].row.fast < seen[i - 1].row.slow);
    EXPECT_TRUE(row.ready);
  }
  EXPECT_FALSE(seen[RsiMaExpert({}, hour_ms).warm_up() - 2].row.ready);
  EXPECT_TRUE(seen[RsiMaExpert({}, hour_ms).warm_up() - 1].row.ready);
}

TEST(RsiMaExpert, does_what_its_reasons_say) {
  std::size_t entries = 0, crossed = 0, exhausted = 0, reversals = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const ExpertExplanation& why : play(bars_of(random_closes(seed, 3000)))) {
      const ExpertRow& row = why.row;
      const bool enters = why.reason == ExpertReason::crossover || why.reason == ExpertReason::reversal;
      if (enters) {
        ++entries;
        EXPECT_EQ(why.held, 0);
        EXPECT_TRUE(why.side > 0 ? row.rsi < 70 : row.rsi > 30) << to_text(why);
        EXPECT_NEAR(why.stop_loss, 3 * row.atr_share, 1e-12);
        EXPECT_EQ(why.risk, 0.01);
      }
      reversals += why.reason == ExpertReason::reversal ? 1 : 0;
      if (why.reason == ExpertReason::crossed) {
        ++crossed;
        EXPECT_TRUE(why.held > 0 ? row.crossed_down : row.crossed_up) << to_text(why);
      }
      if (why.reason == ExpertReason::exhaustion) {
        ++exhausted;
        EXPECT_TRUE(why.held > 0 ? row.rsi_before > 70 && row.rsi <= 70
                                 : row.rsi_before < 30 && row.rsi >= 30)
            << to_text(why);
      }
      if (why.reason == ExpertReason::holding) {
        EXPECT_FALSE(why.held > 0 ? row.crossed_down : row.crossed_up) << to_text(why);
      }
    }
  }
  EXPECT_GT(entries, 200u);
  EXPECT_GT(crossed, 50u);
  EXPECT_GT(exhausted, 50u);
  EXPECT_GT(reversals, 50u);
}

TEST(RsiMaExpert, trades_the_mirror_of_a_mirrored_market) {
  const std::vector<double> closes = random_closes(9, 1500);
  // Arithmetic mirror: every move has the other sign, so that RSI and averages change sides exactly.
  std::vector<double> mirrored;
  for (const double close : closes) mirrored.push_back(1000 - close);
  std::vector<double> lifted;
  for (const double close : closes) lifted.push_back(close + 500);
  const auto up = play(bars_of(lifted)), down = play(bars_of(mirrored));
  std::size_t same = 0;
  for (std::size_t i = 0; i < up.size(); ++i) {
    EXPECT_EQ(up[i].reason, down[i].reason) << i;
    EXPECT_EQ(up[i].side, -down[i].side) << i;
    same += up[i].side != 0 ? 1 : 0;
  }
  EXPECT_GT(same, 50u);
}

TEST(RsiMaExpert, begins_anew_behind_a_long_gap_and_crosses_a_short_one) {
  market::Bars bars = bars_of(random_closes(4, 200));
  const auto shifted = [&bars](TimeMs bars_missing) {
    market::Bars moved = bars.slice(0, 0);
    for (std::size_t i = 0; i < bars.size(); ++i) {
      market::Bar bar = bars[i];
      if (i >= 100) bar.open_time += bars_missing * hour_ms;
      moved.push_back(bar);
    }
    return moved;
  };
  EXPECT_TRUE(play(shifted(3))[100].row.ready);
  const auto broken = play(shifted(4));
  EXPECT_FALSE(broken[100].row.ready);
  EXPECT_EQ(broken[100].row.fast, bars.close[100]);
  EXPECT_TRUE(broken[100 + RsiMaExpert({}, hour_ms).warm_up() - 1].row.ready);
}

TEST(RsiMaExpert, forgets_everything_at_a_start) {
  const market::Bars bars = bars_of(random_closes(5, 300));
  RsiMaExpert expert({}, hour_ms);
  const auto once = [&] {
    std::string text;
    expert.start();
    for (std::size_t i = 0; i < bars.size(); ++i) {
      Situation situation;
      situation.bar = bars[i];
      (void)expert.decide(situation);
      text += to_json(expert.last()) + "\n";
    }
    return text;
  };
  const std::string first = once();
  EXPECT_EQ(once(), first);
}

TEST(RsiMaExpert, explains_itself_in_json_and_in_words) {
  for (const ExpertExplanation& why : play(bars_of(random_closes(7, 500)))) {
    const auto json = nlohmann::json::parse(to_json(why));
    EXPECT_EQ(json.at("reason"), to_string(why.reason));
    EXPECT_EQ(json.at("text"), summary(why));
    EXPECT_EQ(json.at("inputs").at("rsi"), why.row.rsi);
    EXPECT_EQ(json.at("action") == "enter", why.risk > 0);
    EXPECT_NE(to_text(why).find(summary(why)), std::string::npos);
  }
}

TEST(RsiMaExpert, names_every_fault_of_its_settings) {
  ExpertConfig config;
  config.fast_bars = 40;
  config.rsi_low = 80;
  config.risk = 0;
  config.atr_bars = 1;
  try {
    RsiMaExpert expert(config, hour_ms);
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "strategy.bad_settings");
    for (const char* name : {"fast_bars", "rsi_low", "risk", "atr_bars"})
      EXPECT_NE(error.message().find(name), std::string::npos) << name;
  }
  EXPECT_THROW(RsiMaExpert({}, 0), Error);
}

}  // namespace
}  // namespace stevie::strategy
