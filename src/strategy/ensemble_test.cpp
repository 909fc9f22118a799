#include "strategy/ensemble.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.h"
#include "core/random.h"
#include "features/observation.h"
#include "strategy/ensemble_record.h"
#include "strategy/simple.h"

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  void* place = std::malloc(bytes == 0 ? 1 : bytes);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace

// Counts what the whole test program allocates.
void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  const auto step = static_cast<std::size_t>(alignment);
  void* place = std::aligned_alloc(step, (bytes + step - 1) / step * step);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}
void operator delete(void* place) noexcept {
  std::free(place);
}
void operator delete[](void* place) noexcept {
  std::free(place);
}
void operator delete(void* place, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  std::free(place);
}

namespace stevie::strategy {
namespace {

const std::vector<double> three_levels{-1, 0, 1};

/// Wants the level of a list, bar by bar, with the same confidence; the last one stays.
class Scripted final : public EnsembleMember {
 public:
  Scripted(std::vector<std::size_t> levels, double confidence)
      : levels_(std::move(levels)), confidence_(confidence) {}
  std::string_view kind() const override { return "scripted"; }
  bool observes() const override { return false; }
  void start() override { next_ = 0; }
  std::size_t vote(const Situation&, std::span<double> probabilities) override {
    const std::size_t wanted = levels_[std::min(next_++, levels_.size() - 1)];
    std::ranges::fill(probabilities, (1 - confidence_) / static_cast<double>(probabilities.size() - 1));
    probabilities[wanted] = confidence_;
    return wanted;
  }
  void save(ByteWriter& writer) const override { writer.value<std::uint64_t>(next_); }
  void restore(ByteReader& reader) override { next_ = reader.value<std::uint64_t>(); }

 private:
  std::vector<std::size_t> levels_;
  double confidence_;
  std::size_t next_ = 0;
};

Ensemble::Member scripted(std::string name, double weight, std::vector<std::size_t> levels,
                          double confidence) {
  return {std::move(name), weight, std::make_unique<Scripted>(std::move(levels), confidence)};
}

template <class... Members>
std::vector<Ensemble::Member> list(Members&&... members) {
  std::vector<Ensemble::Member> result;
  (result.push_back(std::forward<Members>(members)), ...);
  return result;
}

market::Bar bar_at(std::size_t i, double close) {
  return {static_cast<TimeMs>(i) * hour_ms, close, close * 1.001, close * 0.999, close, 1};
}

Decision ask(Ensemble& ensemble, std::size_t i, double close) {
  Situation situation;
  situation.bar = bar_at(i, close);
  situation.bar_index = i;
  return ensemble.decide(situation);
}

/// A price that walks at random.
std::vector<double> walk(std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<double> closes{100};
  while (closes.size() < count) closes.push_back(closes.back() * std::exp(0.01 * random.normal()));
  return closes;
}

TEST(Ensemble, EachMethodTakesTheLevelItsFormulaNames) {
  // two weak members for long, one strong and unsure for short, a confident one for flat
  const auto members = [] {
    return list(scripted("a", 0.2, {2}, 0.5), scripted("b", 0.2, {2}, 0.5), scripted("c", 0.35, {0}, 0.4),
                scripted("d", 0.25, {1}, 0.9));
  };
  EnsembleConfig config;
  config.hedge.floor = 0;
  config.method = EnsembleMethod::vote;  // 0.35 short, 0.25 flat, 0.4 long
  Ensemble vote("vote", members(), three_levels, config);
  EXPECT_EQ(ask(vote, 0, 100).exposure, 1);
  config.method = EnsembleMethod::confidence;
  // short 0.4*0.25 + 0.35*0.4 + 0.25*0.05 = 0.2525; flat 0.1 + 0.105 + 0.225 = 0.43; long 0.2 + 0.105 +
  // 0.0125
  Ensemble confidence("confidence", members(), three_levels, config);
  EXPECT_EQ(ask(confidence, 0, 100).exposure, 0);
  const EnsembleDecision decision = confidence.last();
  EXPECT_NEAR(decision.final_confidence, 0.43, 1e-12);
  EXPECT_NEAR(decision.value, 0.3175 - 0.2525, 1e-12);
  config.method = EnsembleMethod::most_confident;
  Ensemble most("most", members(), three_levels, config);
  EXPECT_EQ(ask(most, 0, 100).exposure, 0);

  const std::vector<double> shares{0.35, 0.25, 0.4};
  double entropy = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    EXPECT_NEAR(decision.shares[a], shares[a], 1e-12);
    entropy -= shares[a] * std::log(shares[a]);
  }
  EXPECT_NEAR(decision.consensus, 1 - entropy / std::log(3.0), 1e-12);
}

TEST(Ensemble, ConsensusRunsFromAllAlikeToAllOne) {
  EXPECT_NEAR(consensus_of(std::vector<double>{0.25, 0.25, 0.25, 0.25}), 0, 1e-12);
  EXPECT_EQ(consensus_of(std::vector<double>{0, 1, 0}), 1);
  EXPECT_GT(consensus_of(std::vector<double>{0.1, 0.9}), consensus_of(std::vector<double>{0.2, 0.8}));
}

TEST(Ensemble, WithTooLittleConsensusWhatIsHeldStays) {
  EnsembleConfig config;
  config.minimum_consensus = 0.9;
  config.adapt = false;
  Ensemble ensemble("e", list(scripted("a", 1, {2, 0, 0}, 0.9), scripted("b", 1, {2, 2, 0}, 0.9)),
                    three_levels, config);
  EXPECT_EQ(ask(ensemble, 0, 100).exposure, 1);
  EXPECT_EQ(ask(ensemble, 1, 100).kind, Decision::Kind::hold);
  EXPECT_TRUE(ensemble.last().kept);
  EXPECT_EQ(ensemble.last().levels[ensemble.last().final_level], 1);
  EXPECT_EQ(ask(ensemble, 2, 100).exposure, -1);
}

TEST(Ensemble, EqualVotesKeepTheLevelHeldElseTheSmaller) {
  EnsembleConfig config;
  config.adapt = false;
  Ensemble ensemble("e", list(scripted("a", 1, {2, 2}, 0.6), scripted("b", 1, {0, 2}, 0.6)), three_levels,
                    config);
  EXPECT_EQ(ask(ensemble, 0, 100).exposure, 0);  // nobody wants flat, but nothing speaks for either side
  Ensemble held("e", list(scripted("a", 1, {2, 2}, 0.6), scripted("b", 1, {2, 0}, 0.6)), three_levels,
                config);
  EXPECT_EQ(ask(held, 0, 100).exposure, 1);
  EXPECT_EQ(ask(held, 1, 100).exposure, 1);
}

TEST(Ensemble, WeightsFollowTheLossesOfTheFormulaAndKeepTheirFloor) {
  EnsembleConfig config;
  config.hedge = {.learning_rate = 0.5, .floor = 0.05};
  config.cost = 0.001;
  config.loss_scale = 0.02;
  Ensemble ensemble("e", list(scripted("long", 1, {2}, 0.6), scripted("short", 1, {0}, 0.6)), three_levels,
                    config);
  ask(ensemble, 0, 100);
  EXPECT_NEAR(ensemble.weights().weights()[0], 0.5, 1e-12);
  ask(ensemble, 1, 101);  // + 1 %; both have traded from flat
  EXPECT_NEAR(ensemble.weights().losses()[0], 0.5 - (0.01 - 0.001) / 0.04, 1e-12);
  EXPECT_NEAR(ensemble.weights().losses()[1], 0.5 + (0.01 + 0.001) / 0.04, 1e-12);
  ask(ensemble, 2, 102.01);  // + 1 % again; nobody has traded
  EXPECT_NEAR(ensemble.weights().losses()[0], 1 - (0.009 + 0.01) / 0.04, 1e-12);
  double close = 102.01;
  for (std::size_t i = 3; i < 200; ++i) ask(ensemble, i, close *= 1.01);
  EXPECT_NEAR(ensemble.weights().weights()[1], 0.05, 1e-6);
  EXPECT_LE(ensemble.weights().own_loss() - ensemble.weights().losses()[0], ensemble.weights().bound(0));
  EXPECT_NEAR(ensemble.statistics()[1].weight_least, 0.05, 1e-6);
}

TEST(Ensemble, WithoutAdaptationTheFirstWeightsStay) {
  EnsembleConfig config;
  config.adapt = false;
  config.hedge.floor = 0;
  Ensemble ensemble("e", list(scripted("a", 3, {2}, 0.6), scripted("b", 1, {0}, 0.6)), three_levels, config);
  for (std::size_t i = 0; i < 50; ++i) ask(ensemble, i, 100 - static_cast<double>(i));
  EXPECT_NEAR(ensemble.weights().weights()[0], 0.75, 1e-12);
}

TEST(Ensemble, TheBestLevelPaysItsRoundTrip) {
  const std::vector<double> levels{-1, -0.5, 0, 0.5, 1};
  EXPECT_EQ(best_level(levels, 0.01, 0.001), 4U);
  EXPECT_EQ(best_level(levels, 0.0015, 0.001), 2U);  // moved, but less than it costs
  EXPECT_EQ(best_level(levels, -0.01, 0.001), 0U);
  EXPECT_EQ(best_level(levels, 0.002, 0.001), 2U);  // nothing is left: the smaller
  EXPECT_EQ(best_level(std::vector<double>{0.5, 1}, -0.1, 0), 0U);
}

TEST(Ensemble, StatisticsCountWhatThePlainReferenceCounts) {
  const std::size_t bars = 300, outcome = 5;
  RandomStream random(3, 0);
  std::vector<std::vector<std::size_t>> scripts(3);
  for (auto& script : scripts)
    for (std::size_t i = 0; i < bars; ++i) script.push_back(random.below(3));
  EnsembleConfig config;
  config.outcome_bars = outcome;
  config.adapt = false;
  config.method = EnsembleMethod::vote;
  config.hedge.floor = 0;
  Ensemble ensemble("e",
                    list(scripted("a", 0.5, scripts[0], 0.6), scripted("b", 0.3, scripts[1], 0.6),
                         scripted("c", 0.2, scripts[2], 0.6)),
                    three_levels, config);
  const std::vector<double> closes = walk(bars, 8);
  std::vector<std::size_t> taken;
  for (std::size_t i = 0; i < bars; ++i) {
    ask(ensemble, i, closes[i]);
    taken.push_back(ensemble.last().final_level);
  }
  for (std::size_t m = 0; m < 3; ++m) {
    const MemberStatistics& statistics = ensemble.statistics()[m];
    std::uint64_t agreements = 0, right = 0;
    double contribution = 0;
    const double weight = std::vector<double>{0.5, 0.3, 0.2}[m];
    for (std::size_t i = 0; i < bars; ++i) {
      agreements += scripts[m][i] == taken[i];
      if (i + outcome < bars)
        right += scripts[m][i] == best_level(three_levels, closes[i + outcome] / closes[i] - 1, config.cost);
      if (i + 1 < bars)
        contribution += weight * three_levels[scripts[m][i]] * (closes[i + 1] / closes[i] - 1);
    }
    EXPECT_EQ(statistics.decisions, bars);
    EXPECT_EQ(statistics.agreements, agreements);
    EXPECT_EQ(statistics.judged, bars - outcome);
    EXPECT_EQ(statistics.right, right);
    EXPECT_NEAR(statistics.contribution, contribution, 1e-12);
    EXPECT_NEAR(statistics.weight_sum, weight * static_cast<double>(bars), 1e-9);
  }
  // a has half of the weight: without it the others may differ; c decides only where a and b differ
  EXPECT_GT(ensemble.statistics()[0].pivotal, ensemble.statistics()[2].pivotal);
  EXPECT_EQ(ensemble.judged(), bars - outcome);
}

std::shared_ptr<const nn::ActorCritic> random_network(std::uint64_t seed) {
  nn::NetworkConfig config;
  config.observation_size = features::observation_size;
  config.action_count = 3;
  auto network = std::make_shared<nn::ActorCritic>(config);
  network->initialise_orthogonal(seed);
  for (float& weight : network->parameters()) weight *= 3;
  return network;
}

features::RobustScaler plain_scaler(float centre = 0, float inverse_scale = 1) {
  features::RobustScaler scaler;
  scaler.centre.assign(features::market_value_count, centre);
  scaler.inverse_scale.assign(features::market_value_count, inverse_scale);
  return scaler;
}

std::unique_ptr<PolicyMember> policy(std::uint64_t seed, features::RobustScaler scaler = plain_scaler(),
                                     std::vector<std::size_t> masked = {}, double temperature = 1,
                                     std::vector<std::size_t> levels = {0, 1, 2}) {
  return std::make_unique<PolicyMember>(
      PolicyMember::Parts{std::make_unique<ActorScores>(random_network(seed)), std::move(scaler),
                          std::move(masked), std::move(levels), temperature});
}

std::vector<float> random_observation(std::uint64_t seed) {
  RandomStream random(seed, 1);
  std::vector<float> values(features::observation_size);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

TEST(PolicyMember, ScalesMasksAndTempersForItself) {
  std::vector<float> raw = random_observation(1);
  Situation situation;
  situation.observation = raw;
  std::vector<double> plain(3), warm(3), moved(3);
  auto first = policy(4);
  const std::size_t chosen = first->vote(situation, plain);
  EXPECT_NEAR(std::accumulate(plain.begin(), plain.end(), 0.0), 1, 1e-12);
  EXPECT_EQ(chosen, static_cast<std::size_t>(std::ranges::max_element(plain) - plain.begin()));

  // A temperature brings probabilities nearer and changes no choice.
  EXPECT_EQ(policy(4, plain_scaler(), {}, 4)->vote(situation, warm), chosen);
  EXPECT_LT(warm[chosen], plain[chosen]);

  // Values that its scaler brings to the same numbers give the same vote.
  std::vector<float> shifted = raw;
  for (std::size_t i = 0; i < features::market_value_count; ++i) shifted[i] = 3 + raw[i] / 2;
  situation.observation = shifted;
  EXPECT_EQ(policy(4, plain_scaler(3, 2))->vote(situation, moved), chosen);
  for (std::size_t a = 0; a < 3; ++a) EXPECT_NEAR(moved[a], plain[a], 1e-4);

  // Masked columns may hold anything.
  std::vector<double> masked(3), changed(3);
  situation.observation = raw;
  policy(4, plain_scaler(), {2, 7})->vote(situation, masked);
  raw[2] = 1;
  raw[7] = -4;
  policy(4, plain_scaler(), {2, 7})->vote(situation, changed);
  EXPECT_EQ(masked, changed);
  EXPECT_NE(masked, plain);
}

TEST(PolicyMember, ActionsStandForTheirLevelsInAnyOrder) {
  const std::vector<float> observation = random_observation(1);
  Situation situation;
  situation.observation = observation;
  std::vector<double> straight(3), turned(3);
  const std::size_t first = policy(4)->vote(situation, straight);
  const std::size_t second = policy(4, plain_scaler(), {}, 1, {2, 1, 0})->vote(situation, turned);
  EXPECT_EQ(first, 2 - second);
  EXPECT_EQ(straight[0], turned[2]);
  const std::vector<float> small(103);
  situation.observation = small;
  EXPECT_THROW(policy(4)->vote(situation, straight), Error);
}

TEST(Ensemble, FourPoliciesDecideWithoutAllocating) {
  Ensemble ensemble("e",
                    list(Ensemble::Member{"a", 1, policy(1)}, Ensemble::Member{"b", 1, policy(2)},
                         Ensemble::Member{"c", 1, policy(3)}, Ensemble::Member{"d", 1, policy(4)},
                         Ensemble::Member{"cash", 1,
                                          std::make_unique<StrategyMember>(StrategyMember::Parts{
                                              "constant", std::make_unique<ConstantExposure>("cash", 0.0),
                                              nullptr, three_levels, 0.5, 1})}),
                    three_levels, {});
  EXPECT_TRUE(ensemble.observes());
  std::vector<std::vector<float>> observations;
  for (std::uint64_t i = 0; i < 100; ++i) observations.push_back(random_observation(i));
  const std::vector<double> closes = walk(observations.size(), 1);
  const std::uint64_t before = allocations;
  double sum = 0;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    Situation situation;
    situation.bar = bar_at(i, closes[i]);
    situation.observation = observations[i];
    sum += ensemble.decide(situation).exposure;
  }
  EXPECT_EQ(allocations - before, 0U) << "of decisions that sum to " << sum;
}

/// Votes of three members that a random walk plays, from bar `first` on.
std::vector<double> run_on(Ensemble& ensemble, const std::vector<double>& closes, std::size_t first,
                           std::size_t end) {
  std::vector<double> taken;
  for (std::size_t i = first; i < end; ++i) {
    ask(ensemble, i, closes[i]);
    taken.push_back(ensemble.last().levels[ensemble.last().final_level]);
    taken.push_back(ensemble.last().final_confidence);
    taken.insert(taken.end(), ensemble.last().weights.begin(), ensemble.last().weights.end());
  }
  return taken;
}

/// Enters with a bracket after every third bar where it is flat.
class Entering final : public Strategy {
 public:
  std::string name() const override { return "entering"; }
  Decision decide(const Situation& situation) override {
    if (situation.side != 0 || situation.bar_index % 3 != 0) return Decision::hold();
    return Decision::enter(
        situation.bar_index % 2 == 0 ? execution::Side::long_side : execution::Side::short_side,
        {execution::Stake::Kind::risk, 0.01}, {0.02, 0.03});
  }
};

std::unique_ptr<Ensemble> mixed_ensemble() {
  std::vector<std::size_t> script;
  RandomStream random(9, 0);
  for (int i = 0; i < 400; ++i) script.push_back(random.below(3));
  EnsembleConfig config;
  config.hedge.learning_rate = 0.3;
  config.outcome_bars = 7;
  return std::make_unique<Ensemble>(
      "e",
      list(scripted("a", 1, script, 0.7), scripted("b", 2, {2, 2, 0}, 0.6),
           Ensemble::Member{"c", 1,
                            std::make_unique<StrategyMember>(StrategyMember::Parts{
                                "entering", std::make_unique<Entering>(), nullptr, three_levels, 0.8, 1})}),
      three_levels, config);
}

TEST(Ensemble, AStateRestoredAnywhereGoesOnWithTheSameDecisions) {
  const std::vector<double> closes = walk(300, 4);
  const auto whole = mixed_ensemble();
  run_on(*whole, closes, 0, 300);
  for (const std::size_t stop : {0U, 1U, 3U, 6U, 7U, 8U, 150U, 299U}) {
    const auto first = mixed_ensemble(), second = mixed_ensemble();
    run_on(*first, closes, 0, stop);
    second->restore_state(first->save_state());
    EXPECT_EQ(run_on(*first, closes, stop, 300), run_on(*second, closes, stop, 300)) << stop;
    EXPECT_EQ(second->save_state(), whole->save_state()) << stop;
  }
}

TEST(Ensemble, StartForgetsEverything) {
  const std::vector<double> closes = walk(200, 4);
  const auto ensemble = mixed_ensemble();
  const std::vector<double> once = run_on(*ensemble, closes, 0, 200);
  ensemble->start();
  EXPECT_EQ(run_on(*ensemble, closes, 0, 200), once);
}

TEST(Ensemble, ADamagedStateIsRefusedOrGivesASoundEnsemble) {
  const std::vector<double> closes = walk(60, 4);
  const auto ensemble = mixed_ensemble();
  run_on(*ensemble, closes, 0, 50);
  const std::string bytes = ensemble->save_state();
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    const auto other = mixed_ensemble();
    EXPECT_THROW(other->restore_state(std::string_view(bytes).substr(0, length)), Error) << length;
  }
  EXPECT_THROW(mixed_ensemble()->restore_state(bytes + "x"), Error);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x80);
    const auto other = mixed_ensemble();
    try {
      other->restore_state(flipped);
    } catch (const Error&) {
      ++refused;
      continue;
    }
    const Decision decision = ask(*other, 50, closes[50]);
    EXPECT_TRUE(std::isfinite(decision.exposure)) << at;
    EXPECT_NEAR(std::accumulate(other->last().weights.begin(), other->last().weights.end(), 0.0), 1, 1e-9)
        << at;
  }
  EXPECT_GT(refused, bytes.size() / 10);
}

TEST(StrategyMember, HoldsFromTheEntryToItsBracketAsTheEngineWould) {
  StrategyMember member({"entering", std::make_unique<Entering>(), nullptr, three_levels, 0.8, 1});
  std::vector<double> probabilities(3);
  const auto vote = [&](std::size_t i, double open, double high, double low, double close) {
    Situation situation;
    situation.bar = {static_cast<TimeMs>(i) * hour_ms, open, high, low, close, 1};
    situation.bar_index = i;
    return member.vote(situation, probabilities);
  };
  EXPECT_EQ(vote(0, 100, 101, 99, 100), 2U);  // enters long: its stop is 2 % away
  EXPECT_NEAR(probabilities[2], 0.8, 1e-12);
  EXPECT_NEAR(probabilities[0], 0.1, 1e-12);
  EXPECT_EQ(vote(1, 100, 101, 99, 100), 2U);  // filled at 100, held
  EXPECT_EQ(vote(2, 100, 102.9, 98.1, 102), 2U);
  EXPECT_EQ(vote(4, 100, 101, 97.9, 100), 1U);  // the stop at 98 was touched
  EXPECT_EQ(vote(5, 100, 101, 99, 100), 1U);
  EXPECT_EQ(vote(9, 100, 101, 99, 100), 0U);    // enters short
  EXPECT_EQ(vote(10, 104, 104, 103, 103), 0U);  // filled at 104
  EXPECT_EQ(vote(11, 100, 101, 99, 100), 1U);   // opened beyond its take profit of 3 %
}

TEST(StrategyMember, RefusesAStrategyThatObserves) {
  class Observing final : public Strategy {
   public:
    std::string name() const override { return "observing"; }
    bool observes() const override { return true; }
    Decision decide(const Situation&) override { return Decision::hold(); }
  };
  EXPECT_THROW(StrategyMember({"x", std::make_unique<Observing>(), nullptr, three_levels, 0.8, 1}), Error);
}

TEST(LevelOf, TakesTheNearestOfTheSameSide) {
  const std::vector<double> levels{-1, -0.5, 0, 0.5, 1};
  EXPECT_EQ(level_of(levels, 0.1), 3U);
  EXPECT_EQ(level_of(levels, 0), 2U);
  EXPECT_EQ(level_of(levels, -0.8), 0U);
  EXPECT_EQ(level_of(levels, 7), 4U);
  EXPECT_EQ(level_of(std::vector<double>{0, 1}, -1), 0U);  // nothing short: the nearest
}

TEST(Ensemble, RefusesWhatCannotDecideWithEveryFault) {
  EnsembleConfig config;
  config.loss_scale = 0;
  config.minimum_consensus = 2;
  try {
    Ensemble("e", list(scripted("a", 1, {0}, 0.5), scripted("a", 1, {0}, 0.5)), {1, 0, 1}, config);
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    for (const char* part : {"loss scale", "least consensus", "rise", "two members"})
      EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
  EXPECT_THROW(Ensemble("e", {}, three_levels, {}), Error);
}

TEST(EnsembleRecord, TellsEveryVoteAsOneLineOfJson) {
  EnsembleConfig config;
  config.hedge.floor = 0;
  Ensemble ensemble("e", list(scripted("a \"x\"", 3, {2}, 0.75), scripted("b", 1, {0}, 0.5)), three_levels,
                    config);
  std::vector<std::string> lines;
  ensemble.observe_with(
      [&lines](const EnsembleDecision& decision) { lines.push_back(to_json(decision, "BTC/USDT")); });
  ask(ensemble, 3, 100);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].find('\n'), std::string::npos);
  const nlohmann::json record = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(record.at("time"), "1970-01-01T03:00:00Z");
  EXPECT_EQ(record.at("exposure"), 1.0);
  EXPECT_EQ(record.at("kept"), false);
  EXPECT_EQ(record.at("members").at(0).at("name"), "a \"x\"");
  EXPECT_NEAR(record.at("members").at(0).at("weight").get<double>(), 0.75, 1e-12);
  EXPECT_EQ(record.at("members").at(1).at("vote"), -1.0);
  EXPECT_EQ(record.at("members").at(1).at("agrees"), false);
  EXPECT_EQ(record.at("members").at(0).at("probabilities").size(), 3U);
  EXPECT_NEAR(record.at("shares").at(2).at("share").get<double>(), 0.75, 1e-12);
  EXPECT_EQ(record.at("text"),
            "long 100 %: 1 of 2 members with 75 % of the weight, confidence 0.62, consensus 0.49");
}

}  // namespace
}  // namespace stevie::strategy
