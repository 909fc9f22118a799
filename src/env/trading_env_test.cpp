#include "env/trading_env.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/bytes.h"
#include "core/error.h"
#include "env/account_values.h"
#include "env/conformance.h"
#include "execution/engine.h"

namespace stevie::env {
namespace {

market::Bars random_walk(std::uint64_t seed, std::size_t count, double volatility = 0.01) {
  RandomStream random(seed, 0);
  market::Bars bars;
  bars.interval = hour_ms;
  double price = 100;
  for (std::size_t i = 0; i < count; ++i) {
    const double open = price * std::exp(0.1 * volatility * random.normal());
    price = open * std::exp(volatility * random.normal());
    const double high = std::max(open, price) * (1 + volatility * random.uniform());
    const double low = std::min(open, price) * (1 - volatility * random.uniform());
    bars.push_back({static_cast<TimeMs>(i) * hour_ms, open, high, low, price, 100 * random.uniform()});
  }
  return bars;
}

/// A small matrix whose columns are causal: the log return of bar t over 1, 2, 3 bars. `shift` moves every
/// row that many bars into the future.
std::shared_ptr<MarketData> data_from(const market::Bars& bars, const execution::Instrument& instrument = {},
                                      std::size_t shift = 0) {
  auto data = std::make_shared<MarketData>();
  data->tape = execution::make_bar_tape(bars, instrument);
  data->features.rows = bars.size();
  data->features.columns = 3;
  data->features.warm_up = 3;
  for (std::size_t t = 0; t < bars.size(); ++t) {
    const std::size_t at = std::min(t + shift, bars.size() - 1);
    for (std::size_t back = 1; back <= 3; ++back) {
      const double value = at < back ? 0.0 : std::log(bars.close[at] / bars.close[at - back]);
      data->features.values.push_back(static_cast<float>(value));
    }
  }
  return data;
}

/// An environment with the arrays it writes to.
struct Lanes {
  Lanes(std::shared_ptr<const MarketData> data, market::BarRange split, const TradingEnvConfig& config,
        std::size_t lanes = 1, std::uint64_t seed = 1)
      : env(std::move(data), split, config, lanes),
        actions(lanes),
        observations(lanes * env.observation_size()),
        final_observations(observations.size()),
        rewards(lanes),
        terminated(lanes),
        truncated(lanes) {
    env.reset(seed, observations);
  }
  void step(std::int32_t action) {
    std::fill(actions.begin(), actions.end(), action);
    env.step_all({actions.data(), observations.data(), rewards.data(), terminated.data(), truncated.data(),
                  final_observations.data()});
  }

  TradingEnv env;
  std::vector<std::int32_t> actions;
  std::vector<float> observations, final_observations, rewards;
  std::vector<std::uint8_t> terminated, truncated;
};

TradingEnvConfig whole_split() {
  TradingEnvConfig config;
  config.episode_length = 0;
  config.random_start = false;
  return config;
}

std::vector<std::string> check(const TradingEnvConfig& config, double volatility = 0.01) {
  market::Bars bars = random_walk(3, 600, volatility);
  for (std::size_t i = 300; i < bars.size(); ++i) bars.open_time[i] += 50 * hour_ms;
  const auto data = data_from(bars, config.instrument);
  return conformance_violations([&](std::size_t lanes) {
    return std::make_unique<TradingEnv>(data, market::BarRange{10, 590}, config, lanes);
  });
}

TEST(Conformance, HoldsForEveryKindOfConfiguration) {
  TradingEnvConfig config;
  config.episode_length = 50;
  EXPECT_EQ(check(config), std::vector<std::string>{});
  config.random_start = false;
  EXPECT_EQ(check(config), std::vector<std::string>{});
  config.episode_length = 0;
  EXPECT_EQ(check(config), std::vector<std::string>{});
  config.reward = RewardKind::differential_sharpe;
  config.drawdown_penalty = 0.5;
  EXPECT_EQ(check(config), std::vector<std::string>{});
}

TEST(Conformance, HoldsForALeveredPerpetualThatIsRuinedOften) {
  TradingEnvConfig config;
  config.exposures = {-5, -1, 0, 2, 5};
  config.episode_length = 100;
  config.instrument.leverage_limit = 5;
  config.instrument.perpetual = true;
  config.instrument.participation_cap = 0.3;
  config.instrument.lot_size = 0.01;
  config.instrument.min_notional = 10;
  config.ruin_share = 0.5;
  EXPECT_EQ(check(config, 0.08), std::vector<std::string>{});
}

/// Keeps the contract but for one promise.
class Faulty final : public VectorEnv {
 public:
  enum class Fault { none, counts_all_lanes, both_flags, no_final_observation, undefined, writes_beside };
  Faulty(Fault fault, std::size_t lanes) : fault_(fault), steps_(lanes) {}
  std::size_t lanes() const override { return steps_.size(); }
  std::size_t observation_size() const override { return 2; }
  std::size_t action_count() const override { return 2; }
  void reset(std::uint64_t, std::span<float> observations) override {
    std::fill(steps_.begin(), steps_.end(), 0);
    std::fill(observations.begin(), observations.end(), 0.0f);
  }
  void step(std::size_t first, std::size_t count, const StepBuffers& buffers) override {
    if (fault_ == Fault::writes_beside) buffers.rewards[(first + count) % lanes()] = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      const bool ended = ++steps_[i] % 10 == 0;
      const float value =
          fault_ == Fault::undefined && steps_[i] == 5 ? NAN : static_cast<float>(steps_[i] % 10);
      buffers.terminated[i] = ended && fault_ == Fault::both_flags;
      buffers.truncated[i] = ended;
      buffers.rewards[i] = fault_ == Fault::counts_all_lanes ? static_cast<float>(lanes()) : 1.0f;
      for (std::size_t at = 0; at < 2; ++at) {
        buffers.observations[2 * i + at] = value;
        if (ended && fault_ != Fault::no_final_observation) buffers.final_observations[2 * i + at] = value;
      }
    }
  }
  std::string save_state() const override {
    ByteWriter writer;
    writer.array(std::span<const std::uint64_t>(steps_));
    return writer.take();
  }
  void load_state(std::string_view state) override {
    ByteReader reader(state);
    reader.array_into(std::span<std::uint64_t>(steps_));
    if (!reader.done()) throw Error("bytes.damaged", "bytes behind the end");
  }

 private:
  Fault fault_;
  std::vector<std::uint64_t> steps_;
};

TEST(Conformance, FindsWhatIsBroken) {
  const auto violations = [](Faulty::Fault fault) {
    return conformance_violations(
        [fault](std::size_t lanes) { return std::make_unique<Faulty>(fault, lanes); });
  };
  EXPECT_EQ(violations(Faulty::Fault::none), std::vector<std::string>{});
  for (const auto fault :
       {Faulty::Fault::counts_all_lanes, Faulty::Fault::both_flags, Faulty::Fault::no_final_observation,
        Faulty::Fault::undefined, Faulty::Fault::writes_beside}) {
    EXPECT_FALSE(violations(fault).empty()) << static_cast<int>(fault);
  }
}

// The environment and the backtest engine are two users of one set of rules.
TEST(TradingEnv, GivesTheEngineSEquityBitForBit) {
  for (std::uint64_t run = 0; run < 20; ++run) {
    RandomStream random(8, run);
    TradingEnvConfig config = whole_split();
    config.exposures = {-2, -1, -0.5, 0, 0.3, 1, 2};
    config.ruin_share = 0.001;
    config.instrument.leverage_limit = 2;
    config.instrument.perpetual = run % 2 == 0;
    config.instrument.funding_rate_bps = 5;
    config.instrument.slippage_volatility_share = 0.1;
    config.instrument.impact = 0.1;
    config.instrument.participation_cap = run % 3 == 0 ? 0.3 : 0.0;
    config.instrument.lot_size = run % 4 == 0 ? 0.01 : 0.0;
    config.instrument.min_notional = run % 5 == 0 ? 100 : 0;
    const auto data = data_from(random_walk(run, 500, run % 7 == 0 ? 0.06 : 0.01), config.instrument);
    Lanes env(data, {0, 500}, config);
    execution::EngineConfig engine_config;
    engine_config.instrument = config.instrument;
    execution::BarEngine engine(engine_config);
    std::int32_t action = 3;
    for (std::size_t bar = env.env.bar(0) + 1; bar < 499; ++bar) {
      if (random.below(5) == 0) action = static_cast<std::int32_t>(random.below(config.exposures.size()));
      engine.set_target(config.exposures[static_cast<std::size_t>(action)]);
      engine.process_bar(data->tape.bars[bar], data->tape.open_time[bar]);
      env.step(action);
      if (env.terminated[0] != 0) break;
      ASSERT_EQ(env.env.bar(0), bar);
      ASSERT_EQ(env.env.equity(0), engine.result().equity.back()) << run << " at bar " << bar;
      ASSERT_EQ(env.env.account(0).units, engine.account().units);
    }
  }
}

TEST(TradingEnv, RewardsAddUpToTheLogGrowthNetOfCosts) {
  const auto data = data_from(random_walk(4, 300));
  TradingEnvConfig config = whole_split();
  Lanes costly(data, {0, 300}, config);
  config.instrument = execution::free_of_costs();
  Lanes costless(data, {0, 300}, config);
  double sum = 0;
  for (std::size_t i = 0; i < 290; ++i) {
    costly.step(static_cast<std::int32_t>(i / 10 % 3));
    costless.step(static_cast<std::int32_t>(i / 10 % 3));
    sum += costly.rewards[0];
  }
  EXPECT_NEAR(sum, std::log(costly.env.equity(0) / 10'000), 1e-5);
  // Every tenth bar an exposure of 1 changes hands, and 2 after two of three changes: 38 units at 12 bps.
  EXPECT_NEAR(std::log(costless.env.equity(0) / costly.env.equity(0)), 38 * 0.0012, 0.002);
}

TEST(TradingEnv, TheObservationIsTheFeatureRowAndTheAccount) {
  const auto data = data_from(random_walk(4, 100));
  Lanes run(data, {0, 100}, whole_split());
  double peak = 10'000;
  for (std::uint64_t step = 1; step < 50; ++step) {
    run.step(2);
    const std::size_t bar = run.env.bar(0);
    peak = std::max(peak, run.env.equity(0));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(run.observations[i], data->features.row(bar)[i]);
    float expected[features::account_value_count];
    write_account_values(run.env.account(0), data->tape.bars[bar].close, peak, step, expected);
    for (std::size_t i = 0; i < features::account_value_count; ++i)
      EXPECT_EQ(run.observations[3 + i], expected[i]) << i;
    EXPECT_NEAR(run.observations[3 + features::exposure], 1.0f, 1e-3f);
    EXPECT_FLOAT_EQ(run.observations[3 + features::time_in_position],
                    static_cast<float>(step) / (static_cast<float>(step) + 24));
  }
}

/// True where what the agent sees up to `cut` changes when the bars after it are replaced by others.
bool sees_beyond(std::size_t cut, std::size_t shift) {
  market::Bars one = random_walk(5, 200), other = random_walk(6, 200);
  const market::Bars common = one.slice(0, cut + 1);
  for (auto column : {&market::Bars::open, &market::Bars::high, &market::Bars::low, &market::Bars::close}) {
    std::copy((common.*column).begin(), (common.*column).end(), (other.*column).begin());
  }
  Lanes a(data_from(one, {}, shift), {0, 200}, whole_split()),
      b(data_from(other, {}, shift), {0, 200}, whole_split());
  bool differs = a.observations != b.observations;
  while (a.env.bar(0) < cut) {
    const auto action = static_cast<std::int32_t>(a.env.bar(0) / 7 % 3);
    a.step(action);
    b.step(action);
    differs |= a.observations != b.observations || a.rewards != b.rewards;
  }
  return differs;
}

TEST(LookAhead, LaterBarsDoNotChangeWhatTheAgentSees) {
  for (const std::size_t cut : {10, 57, 150}) EXPECT_FALSE(sees_beyond(cut, 0)) << cut;
}

TEST(LookAhead, AMatrixShiftedOneBarIntoTheFutureIsCaught) {
  for (const std::size_t cut : {10, 57, 150}) EXPECT_TRUE(sees_beyond(cut, 1)) << cut;
}

TEST(TradingEnv, AnEpisodeIsTruncatedAtItsLengthTheSplitSEndAndAGap) {
  market::Bars bars = random_walk(4, 100);
  for (std::size_t i = 40; i < 100; ++i) bars.open_time[i] += 10 * hour_ms;
  const auto data = data_from(bars);
  TradingEnvConfig config = whole_split();
  Lanes gap(data, {0, 100}, config);
  std::vector<std::size_t> ends;
  for (std::size_t step = 1; step <= 95; ++step) {
    gap.step(1);
    EXPECT_EQ(gap.terminated[0], 0);
    if (gap.truncated[0] != 0) ends.push_back(step);
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{36, 95}));  // bars 3 to 39, then 40 to 99
  config.gaps.max_missing_bars = 10;
  config.episode_length = 20;
  Lanes length(data, {0, 60}, config);
  ends.clear();
  for (std::size_t step = 1; step <= 56; ++step) {
    length.step(1);
    if (length.truncated[0] != 0) ends.push_back(step);
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{20, 40, 56}));
  EXPECT_EQ(length.env.bar(0), 3u);
}

TEST(TradingEnv, RuinTerminates) {
  market::Bars bars = random_walk(4, 50, 1e-6);
  for (std::size_t i = 20; i < 50; ++i) {
    for (auto column : {&market::Bars::open, &market::Bars::high, &market::Bars::low, &market::Bars::close}) {
      (bars.*column)[i] *= 1.9;
    }
  }
  TradingEnvConfig config = whole_split();
  config.ruin_share = 0.2;
  Lanes run(data_from(bars), {0, 50}, config);
  std::size_t steps = 0;
  do {
    run.step(0);  // short
    ++steps;
  } while (run.terminated[0] == 0 && steps < 100);
  EXPECT_EQ(steps, 17u);  // bar 20
  EXPECT_EQ(run.truncated[0], 0);
  EXPECT_NEAR(run.rewards[0], std::log(0.1), 0.05);
}

TEST(TradingEnv, RandomStartsCoverTheSplitAndDependOnSeedLaneAndEpisode) {
  const auto data = data_from(random_walk(4, 2000));
  TradingEnvConfig config;
  config.episode_length = 5;
  Lanes run(data, {100, 1900}, config, 4, 9);
  std::vector<std::size_t> starts;
  for (std::size_t episode = 0; episode < 400; ++episode) {
    for (std::size_t lane = 0; lane < 4; ++lane) starts.push_back(run.env.bar(lane));
    for (std::size_t step = 0; step < 5; ++step) run.step(1);
  }
  std::sort(starts.begin(), starts.end());
  EXPECT_GE(starts.front(), 100u);
  EXPECT_LT(starts.back(), 1899u);
  EXPECT_GT(std::unique(starts.begin(), starts.end()) - starts.begin(), 900);
}

TEST(TradingEnv, TheDrawdownPenaltyIsPaidOncePerLoss) {
  const auto data = data_from(random_walk(4, 200));
  TradingEnvConfig plain = whole_split(), penalised = whole_split();
  penalised.drawdown_penalty = 2;
  Lanes a(data, {0, 200}, plain), b(data, {0, 200}, penalised);
  double peak = 10'000, before = 0;
  for (std::size_t i = 0; i < 190; ++i) {
    a.step(2);
    b.step(2);
    peak = std::max(peak, a.env.equity(0));
    const double drawdown = 1 - a.env.equity(0) / peak;
    EXPECT_NEAR(a.rewards[0] - b.rewards[0], 2 * std::max(0.0, drawdown - before), 1e-6);
    before = drawdown;
  }
}

TEST(TradingEnv, TheDifferentialSharpeRatioFollowsItsFormula) {
  const auto data = data_from(random_walk(4, 200));
  TradingEnvConfig config = whole_split();
  config.reward = RewardKind::differential_sharpe;
  config.sharpe_eta = 0.05;
  Lanes run(data, {0, 200}, config);
  double mean = 0, square = 0, equity = 10'000;
  for (std::size_t i = 0; i < 190; ++i) {
    run.step(2);
    const double gain = run.env.equity(0) / equity - 1;
    equity = run.env.equity(0);
    const double variance = square - mean * mean;
    const double expected =
        variance > 1e-12
            ? (square * (gain - mean) - 0.5 * mean * (gain * gain - square)) / std::pow(variance, 1.5)
            : 0.0;
    EXPECT_NEAR(run.rewards[0], expected, 1e-4 * (1 + std::abs(expected))) << i;
    mean += 0.05 * (gain - mean);
    square += 0.05 * (gain * gain - square);
  }
}

TEST(TradingEnvConfigTest, ReportsAllFaultsTogether) {
  TradingEnvConfig config;
  config.exposures = {1, 1, 3};
  config.initial_equity = 0;
  config.sharpe_eta = 1;
  config.ruin_share = 2;
  config.drawdown_penalty = -1;
  config.instrument.taker_fee_bps = -1;
  EXPECT_EQ(config.faults().size(), 7u);
  EXPECT_THROW(config.validate(), Error);
}

TEST(TradingEnv, RefusesDataItCannotUse) {
  const auto code = [](auto make) -> std::string {
    try {
      make();
    } catch (const Error& error) {
      return error.code();
    }
    return "";
  };
  const auto data = data_from(random_walk(4, 20));
  const TradingEnvConfig config;
  EXPECT_EQ(code([&] { TradingEnv(data, {0, 3}, config, 1); }), "env.empty_split");
  EXPECT_EQ(code([&] { TradingEnv(data, {19, 20}, config, 1); }), "env.empty_split");
  EXPECT_EQ(code([&] { TradingEnv(data, {0, 20}, config, 0); }), "env.bad_config");
  const auto undefined = data_from(random_walk(4, 20));
  undefined->features.values[3 * 10 + 1] = NAN;
  EXPECT_EQ(code([&] { TradingEnv(undefined, {0, 20}, config, 1); }), "env.bad_data");
  const auto short_matrix = data_from(random_walk(4, 20));
  short_matrix->features.rows = 19;
  EXPECT_EQ(code([&] { TradingEnv(short_matrix, {0, 20}, config, 1); }), "env.bad_data");
}

TEST(TradingEnv, StartsAreDrawnFromTheGroupsByTheirShares) {
  const auto data = data_from(random_walk(5, 300));
  TradingEnvConfig config;
  config.episode_length = 2;
  TradingEnv env(data, {10, 290}, config, 1);
  std::vector<float> observation(env.observation_size()), last = observation;
  env.draw_starts_from({{3, {20, 30, 1000}}, {0, {50}}, {1, {100}}});  // 1000 is behind the split
  env.reset(1, observation);
  std::map<std::size_t, double> counts;
  constexpr int episodes = 4000;
  for (int episode = 0; episode < episodes; ++episode) {
    ++counts[env.bar(0)];
    const std::int32_t action = 1;
    float reward = 0;
    std::uint8_t terminated = 0, truncated = 0;
    for (int step = 0; step < 2; ++step)
      env.step_all({&action, observation.data(), &reward, &terminated, &truncated, last.data()});
    EXPECT_EQ(truncated, 1);
  }
  EXPECT_EQ(counts.size(), 3u);
  EXPECT_NEAR(counts[20] / episodes, 0.375, 0.03);
  EXPECT_NEAR(counts[30] / episodes, 0.375, 0.03);
  EXPECT_NEAR(counts[100] / episodes, 0.25, 0.03);
}

TEST(TradingEnv, NoGroupsIsAsItAlwaysWas) {
  const auto data = data_from(random_walk(5, 300));
  TradingEnv env(data, {10, 290}, {}, 3), other(data, {10, 290}, {}, 3);
  std::vector<float> observations(3 * env.observation_size());
  env.draw_starts_from({{1, {20}}});
  env.draw_starts_from({});
  env.reset(7, observations);
  other.reset(7, observations);
  for (std::size_t lane = 0; lane < 3; ++lane) EXPECT_EQ(env.bar(lane), other.bar(lane));
}

TEST(TradingEnv, GroupsWithoutABarAreErrors) {
  const auto data = data_from(random_walk(5, 300));
  const auto code_of = [&](const TradingEnvConfig& config, std::vector<StartGroup> groups) -> std::string {
    TradingEnv env(data, {10, 290}, config, 1);
    try {
      env.draw_starts_from(std::move(groups));
    } catch (const Error& error) {
      return error.code();
    }
    return "none";
  };
  EXPECT_EQ(code_of({}, {{1, {20}}, {0, {}}}), "none");
  EXPECT_EQ(code_of({}, {{1, {20}}, {1, {5, 299}}}), "env.empty_group");
  EXPECT_EQ(code_of({}, {{0, {20}}}), "env.bad_config");
  EXPECT_EQ(code_of({}, {{-1, {20}}, {2, {30}}}), "env.bad_config");
  EXPECT_EQ(code_of(whole_split(), {{1, {20}}}), "env.bad_config");
}

}  // namespace
}  // namespace stevie::env
