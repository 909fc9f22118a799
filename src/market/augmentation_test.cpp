#include "market/augmentation.h"

#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "market/market_testing.h"
#include "market/raw_bars.h"
#include "market/synthetic.h"

namespace stevie::market {
namespace {

BarRange whole(const Bars& bars) {
  return {0, bars.size()};
}

Bars augmented(const Bars& bars, const AugmentationConfig& config, const AugmentationKey& key = {}) {
  return augment(bars, whole(bars), whole(bars), config, key);
}

AugmentationConfig only(Technique technique) {
  AugmentationConfig config;
  config.techniques = {std::string(to_string(technique))};
  return config;
}

void expect_sound(const Bars& bars, const std::string& what) {
  for (std::size_t i = 0; i < bars.size(); ++i) {
    ASSERT_TRUE(has_sound_values(bars[i])) << what << ", bar " << i;
    if (i > 0) {
      ASSERT_GT(bars.open_time[i], bars.open_time[i - 1]) << what << ", bar " << i;
    }
  }
}

/// A market with wild moves, bars without a range, holes and bars without volume.
Bars rough_bars(std::uint64_t seed, std::size_t count) {
  RandomStream random(seed, 1);
  Bars bars = random_bars(seed, count);
  TimeMs late = 0;
  double level = std::pow(10.0, 12.0 * random.uniform() - 6.0);
  for (std::size_t i = 0; i < count; ++i) {
    if (random.uniform() < 0.01) late += static_cast<TimeMs>(1 + random.below(50)) * bars.interval;
    if (random.uniform() < 0.02) level *= std::exp(0.5 * random.normal());
    bars.open_time[i] += late;
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) (*column)[i] *= level;
    if (random.uniform() < 0.05) bars.high[i] = bars.low[i] = bars.close[i] = bars.open[i];
    if (random.uniform() < 0.1) bars.volume[i] = 0;
  }
  return bars;
}

AugmentationConfig random_config(std::uint64_t seed) {
  RandomStream random(seed, 2);
  AugmentationConfig config;
  for (const Technique technique : all_techniques) {
    if (technique == Technique::permutation && config.uses(Technique::bootstrap)) continue;
    if (random.uniform() < 0.5) config.techniques.emplace_back(to_string(technique));
  }
  config.noise_deviation = 0.1 * random.uniform();
  config.volume_change = random.uniform();
  config.price_shift = 0.5 * random.uniform();
  config.shift_bars = 1 + 50 * random.uniform();
  config.volatility_from = 0.1 + random.uniform();
  config.volatility_to = config.volatility_from + 3 * random.uniform();
  config.warp_from = 0.5 + random.uniform();
  config.warp_to = std::min(2.0, config.warp_from + random.uniform());
  config.block_bars = 1 + random.below(80);
  return config;
}

TEST(Augmentation, EveryBarOfEveryMixIsSound) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Bars bars = rough_bars(seed, 150);
    const AugmentationConfig config = random_config(seed);
    ASSERT_TRUE(config.faults().empty()) << config.faults().front();
    const Bars made = augmented(bars, config, {seed, 3, seed});
    const double factor = draw_of(config, {seed, 3, seed}).warp;
    EXPECT_NEAR(static_cast<double>(made.size()), 150 / factor, 1.0) << seed;
    EXPECT_EQ(made.open_time.front(), bars.open_time.front());
    EXPECT_EQ(made.interval, bars.interval);
    expect_sound(made, "seed " + std::to_string(seed));
  }
}

/// Bars at the edge of what a market can send.
std::vector<std::pair<std::string, Bars>> hostile_bars(std::uint64_t seed) {
  std::vector<std::pair<std::string, Bars>> all;
  const auto add = [&](const std::string& name, const auto& change) {
    Bars bars = random_bars(seed, 120);
    for (std::size_t i = 0; i < bars.size(); ++i) change(bars, i);
    all.emplace_back(name, bars);
  };
  const auto scale = [](Bars& bars, std::size_t i, double factor) {
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) (*column)[i] *= factor;
  };
  add("no volume", [](Bars& bars, std::size_t i) { bars.volume[i] = 0; });
  add("volume in one bar only", [](Bars& bars, std::size_t i) { bars.volume[i] = i == 60 ? 1e15 : 0; });
  add("no range",
      [](Bars& bars, std::size_t i) { bars.high[i] = bars.low[i] = bars.close[i] = bars.open[i]; });
  add("one price",
      [](Bars& bars, std::size_t i) { bars.high[i] = bars.low[i] = bars.close[i] = bars.open[i] = 7; });
  add("tiny prices", [&](Bars& bars, std::size_t i) { scale(bars, i, 1e-8 / 100); });
  add("huge prices", [&](Bars& bars, std::size_t i) { scale(bars, i, 1e12 / 100); });
  add("halts", [](Bars& bars, std::size_t i) {
    bars.open_time[i] += static_cast<TimeMs>(i / 7) * 1000 * bars.interval;
  });
  return all;
}

TEST(Augmentation, HostileBarsStaySoundUnderEveryTechnique) {
  std::vector<AugmentationConfig> configs;
  for (const Technique technique : all_techniques) configs.push_back(only(technique));
  configs.emplace_back().techniques = {"all"};
  configs.emplace_back().techniques = {"all", "bootstrap"};
  configs.emplace_back().techniques = {"all", "permutation"};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    for (const auto& [name, bars] : hostile_bars(seed)) {
      for (const AugmentationConfig& config : configs) {
        const Bars made = augment(bars, {10, 110}, whole(bars), config, {seed, 0, seed});
        ASSERT_GE(made.size(), 80u);
        expect_sound(made, name + ", " + config.techniques.back() + ", seed " + std::to_string(seed));
      }
    }
  }
}

TEST(Augmentation, ExtremePricesStayInRange) {
  Bars bars = random_bars(1, 400);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double scale = (i % 2 == 0 ? 1e12 : 1e-14) / bars.close[i];
    for (auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) (*column)[i] *= scale;
  }
  AugmentationConfig config = only(Technique::bootstrap);
  config.techniques.emplace_back("all");
  config.volatility_from = config.volatility_to = 10;
  config.block_bars = 3;
  expect_sound(augmented(bars, config), "jumping over 26 decades");
}

TEST(Augmentation, SameKeySameBytesOtherKeyOtherBytes) {
  const Bars bars = random_bars(5, 300);
  for (const Technique technique : all_techniques) {
    const AugmentationConfig config = only(technique);
    const Bars first = augmented(bars, config, {1, 2, 3});
    expect_equal(first, augmented(bars, config, {1, 2, 3}));
    for (const AugmentationKey key : {AugmentationKey{2, 2, 3}, {1, 3, 3}, {1, 2, 4}}) {
      const Bars other = augmented(bars, config, key);
      EXPECT_TRUE(first.close != other.close || first.volume != other.volume) << to_string(technique);
    }
  }
}

TEST(Augmentation, WithoutTechniquesTheBarsStay) {
  const Bars bars = rough_bars(3, 100);
  expect_equal(augmented(bars, {}), bars);
  expect_equal(augment(bars, {10, 60}, whole(bars), {}, {}, 20), bars.slice(10, 30));
}

TEST(Augmentation, ShareLeavesTheOtherEpisodesAlone) {
  const Bars bars = random_bars(4, 20);
  AugmentationConfig config = only(Technique::noise);
  config.share = 0.25;
  constexpr std::uint64_t episodes = 4000;
  double changed = 0;
  for (std::uint64_t episode = 0; episode < episodes; ++episode)
    changed += augmented(bars, config, {1, 0, episode}).close != bars.close;
  EXPECT_NEAR(changed / episodes, 0.25, 4 * std::sqrt(0.25 * 0.75 / episodes));
}

TEST(Augmentation, FewerBarsAreTheStartOfMore) {
  const Bars bars = random_bars(6, 500);
  for (const Technique technique : all_techniques) {
    if (technique == Technique::permutation) continue;
    const AugmentationConfig config = only(technique);
    const Bars all = augment(bars, {20, 480}, whole(bars), config, {});
    const Bars few = augment(bars, {20, 480}, whole(bars), config, {}, 100);
    ASSERT_EQ(few.size(), 100u);
    expect_equal(few, all.slice(0, 100));
  }
}

TEST(Augmentation, NothingOutsideWindowAndPoolMatters) {
  const Bars bars = random_bars(7, 400);
  Bars other = bars;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (i >= 100 && i < 300) continue;
    for (auto* column : {&other.open, &other.high, &other.low, &other.close}) (*column)[i] *= 3;
  }
  for (const Technique technique : all_techniques) {
    const AugmentationConfig config = only(technique);
    expect_equal(augment(bars, {150, 250}, {100, 300}, config, {}),
                 augment(other, {150, 250}, {100, 300}, config, {}));
  }
}

// What each technique changes, and by how much.

std::vector<double> log_changes(const std::vector<double>& before, const std::vector<double>& after) {
  std::vector<double> changes;
  for (std::size_t i = 0; i < before.size(); ++i) changes.push_back(std::log(after[i] / before[i]));
  return changes;
}
double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}
double deviation(const std::vector<double>& values) {
  double squares = 0;
  const double centre = mean(values);
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size()));
}
std::vector<double> close_returns(const Bars& bars) {
  std::vector<double> returns;
  for (std::size_t i = 1; i < bars.size(); ++i)
    returns.push_back(std::log(bars.close[i] / bars.close[i - 1]));
  return returns;
}
double lag_one_correlation(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  const double centre = mean(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += (values[i] - centre) * (values[i] - centre);
    if (i > 0) sum += (values[i] - centre) * (values[i - 1] - centre);
  }
  return sum / squares;
}

TEST(Augmentation, NoiseHasItsDeviationAndNoBias) {
  const Bars bars = random_bars(8, 20'000);
  const Bars made = augmented(bars, only(Technique::noise));
  for (const auto& [before, after] : {std::pair{&bars.open, &made.open}, {&bars.close, &made.close}}) {
    const std::vector<double> changes = log_changes(*before, *after);
    EXPECT_NEAR(deviation(changes), 0.001, 0.00003);
    EXPECT_NEAR(mean(changes), 0.0, 0.00003);
  }
  EXPECT_EQ(made.volume, bars.volume);
  EXPECT_EQ(made.open_time, bars.open_time);
}

TEST(Augmentation, VolumesStayWithinTheirRangeAndPricesStay) {
  const Bars bars = random_bars(9, 5000);
  const Bars made = augmented(bars, only(Technique::volume));
  double least = 1, most = 1;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    least = std::min(least, made.volume[i] / bars.volume[i]);
    most = std::max(most, made.volume[i] / bars.volume[i]);
  }
  EXPECT_GE(least, 0.95);
  EXPECT_LE(most, 1.05);
  EXPECT_LT(least, 0.951);
  EXPECT_GT(most, 1.049);
  EXPECT_EQ(made.close, bars.close);
  EXPECT_EQ(made.high, bars.high);
}

TEST(Augmentation, ShiftMovesWholeStretchesByAtMostItsSize) {
  const Bars bars = random_bars(10, 50'000);
  const Bars made = augmented(bars, only(Technique::shift));
  const std::vector<double> changes = log_changes(bars.close, made.close);
  std::size_t levels = 1;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_LE(std::abs(std::expm1(changes[i])), 0.002 + 1e-12);
    EXPECT_NEAR(std::log(made.high[i] / bars.high[i]), changes[i], 1e-12);
    levels += i > 0 && std::abs(changes[i] - changes[i - 1]) > 1e-12;
  }
  const double expected = 50'000 / 168.0;
  EXPECT_NEAR(static_cast<double>(levels), expected, 4 * std::sqrt(expected));
}

TEST(Augmentation, VolatilityScalesEveryMoveByOneFactor) {
  const Bars bars = random_bars(11, 500);
  double least = 2, most = 0;
  for (std::uint64_t episode = 0; episode < 200; ++episode) {
    const AugmentationConfig config = only(Technique::volatility);
    const Bars made = augmented(bars, config, {1, 0, episode});
    const double factor = draw_of(config, {1, 0, episode}).volatility;
    for (std::size_t i = 1; i < bars.size(); i += 7) {
      EXPECT_NEAR(std::log(made.close[i] / made.open[i - 1]),
                  factor * std::log(bars.close[i] / bars.open[i - 1]), 1e-12);
      EXPECT_NEAR(std::log(made.high[i] / made.low[i]), factor * std::log(bars.high[i] / bars.low[i]), 1e-12);
    }
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  EXPECT_GE(least, 0.8);
  EXPECT_LE(most, 1.2);
  EXPECT_LT(least, 0.82);
  EXPECT_GT(most, 1.18);
}

TEST(Augmentation, WarpByOneLeavesThePricesAlone) {
  const Bars bars = random_bars(12, 300);
  AugmentationConfig config = only(Technique::warp);
  config.warp_from = config.warp_to = 1;
  const Bars made = augmented(bars, config);
  ASSERT_EQ(made.size(), bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    EXPECT_NEAR(made.open[i] / bars.open[i], 1, 1e-12);
    EXPECT_NEAR(made.high[i] / bars.high[i], 1, 1e-12);
    EXPECT_NEAR(made.low[i] / bars.low[i], 1, 1e-12);
    EXPECT_NEAR(made.close[i] / bars.close[i], 1, 1e-12);
    EXPECT_NEAR(made.volume[i], bars.volume[i], 1e-12);
  }
}

/// Bars whose price is a walk of many steps each, so that open, close, low and high fit each other.
Bars walked_bars(std::size_t count) {
  SyntheticConfig config;
  config.model = SyntheticModel::martingale;
  config.bars = count;
  return make_synthetic_market(config).bars;
}

class WarpAt : public ::testing::TestWithParam<double> {};

TEST_P(WarpAt, KeepsWhatAWalkIs) {
  const Bars bars = walked_bars(60'000);
  AugmentationConfig config = only(Technique::warp);
  config.warp_from = config.warp_to = GetParam();
  const Bars made = augmented(bars, config);
  ASSERT_NEAR(static_cast<double>(made.size()), 60'000 / GetParam(), 1.0);
  const std::vector<double> returns = close_returns(made);
  const double noise = 1 / std::sqrt(static_cast<double>(returns.size()));
  // A return of one new bar has the variance of `factor` old ones, and tells nothing about the next.
  EXPECT_NEAR(deviation(returns) / deviation(close_returns(bars)), std::sqrt(GetParam()), 0.02);
  EXPECT_LT(std::abs(lag_one_correlation(returns)), 5 * noise);
  const auto total = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  EXPECT_NEAR(total(made.volume) / total(bars.volume), 1, 1e-3);
  // No extreme is lost.
  EXPECT_GE(*std::ranges::max_element(made.high), *std::ranges::max_element(bars.high) * (1 - 1e-12));
  EXPECT_LE(*std::ranges::min_element(made.low), *std::ranges::min_element(bars.low) * (1 + 1e-12));
}
INSTANTIATE_TEST_SUITE_P(Augmentation, WarpAt, ::testing::Values(0.8, 0.93, 1.1, 1.2));

TEST(Augmentation, PermutationUsesEveryBarOnce) {
  const Bars bars = random_bars(13, 480);
  AugmentationConfig config = only(Technique::permutation);
  config.block_bars = 24;
  const Bars made = augmented(bars, config);
  ASSERT_EQ(made.size(), bars.size());
  EXPECT_EQ(made.open_time, bars.open_time);
  const auto shapes = [](const Bars& source) {
    std::vector<double> values;
    for (std::size_t i = 0; i < source.size(); ++i)
      values.push_back(std::round(1e9 * std::log(source.high[i] / source.low[i])));
    return values;
  };
  std::vector<double> before = shapes(bars), after = shapes(made);
  EXPECT_NE(before, after);
  std::ranges::sort(before);
  std::ranges::sort(after);
  EXPECT_EQ(before, after);
  // The path ends where the bars end, but for the gaps of open to last close, of which this market has none.
  EXPECT_NEAR(made.close.back() / made.open.front(), bars.close.back() / bars.open.front(), 1e-9);
}

TEST(Augmentation, BootstrapKeepsMomentsAndBlocks) {
  const Bars bars = random_bars(14, 20'000);
  const AugmentationConfig config = only(Technique::bootstrap);
  const Bars made = augmented(bars, config);
  EXPECT_NEAR(deviation(close_returns(made)) / deviation(close_returns(bars)), 1, 0.03);
  // Where a bar's shape is that of the bar behind the one before, the block goes on: 47 of 48 times.
  const auto shape = [](const Bars& source, std::size_t i) {
    return static_cast<std::int64_t>(std::llround(1e9 * std::log(source.high[i] / source.low[i])));
  };
  std::map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < bars.size(); ++i) place[shape(bars, i)] = i;
  double known = 0, follow = 0;
  for (std::size_t i = 1; i < made.size(); ++i) {
    const auto here = place.find(shape(made, i)), before = place.find(shape(made, i - 1));
    if (here == place.end() || before == place.end()) continue;
    ++known;
    follow += here->second == before->second + 1;
  }
  EXPECT_GT(known, 10'000);
  EXPECT_NEAR(follow / known, 47.0 / 48, 0.01);
}

TEST(Augmentation, BootstrapDrawsNothingOutsideThePool) {
  Bars bars = random_bars(15, 600);
  for (std::size_t i = 300; i < bars.size(); ++i) bars.high[i] = 5 * bars.open[i];  // unlike all before
  const Bars made = augment(bars, {0, 600}, {0, 300}, only(Technique::bootstrap), {});
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_LT(made.high[i] / made.open[i], 2) << i;
}

TEST(Augmentation, AddingATechniqueLeavesTheDrawsOfTheOthers) {
  AugmentationConfig one = only(Technique::volatility), two = one;
  two.techniques.emplace_back("warp");
  EXPECT_EQ(draw_of(one, {1, 2, 3}).volatility, draw_of(two, {1, 2, 3}).volatility);
}

TEST(Augmentation, FaultsAreToldTogether) {
  AugmentationConfig config;
  config.techniques = {"nois", "bootstrap", "permutation"};
  config.share = 0;
  config.noise_deviation = -1;
  config.volume_change = 1;
  config.price_shift = std::nan("");
  config.warp_from = 1.3;
  config.volatility_to = 0;
  config.block_bars = 0;
  EXPECT_EQ(config.faults().size(), 9u);
  try {
    config.validate();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "market.bad_augmentation");
    EXPECT_NE(error.message().find("'nois'"), std::string::npos);
    EXPECT_NE(error.message().find("block_bars"), std::string::npos);
  }
}

}  // namespace
}  // namespace stevie::market
