#include "strategy/ensemble.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "stats/temperature.h"

namespace stevie::strategy {
namespace {

constexpr std::uint32_t state_mark = 0x31534e45;  // "ENS1"
constexpr std::size_t nobody = most_members;

/// The level nearest to doing nothing.
std::size_t flat_level(std::span<const double> levels) {
  return static_cast<std::size_t>(
      std::ranges::min_element(levels, {}, [](double level) { return std::abs(level); }) - levels.begin());
}

std::vector<double> prior_of(const std::vector<Ensemble::Member>& members) {
  std::vector<double> prior;
  for (const Ensemble::Member& member : members) prior.push_back(member.weight);
  return prior;
}

std::string faults_of(const std::vector<Ensemble::Member>& members, const std::vector<double>& levels,
                      const EnsembleConfig& config) {
  std::vector<std::string> faults = config.faults();
  if (members.empty() || members.size() > most_members)
    faults.push_back(fmt::format("an ensemble has 1 to {} members", most_members));
  if (levels.size() < 2 || levels.size() > most_levels)
    faults.push_back(fmt::format("there must be 2 to {} levels", most_levels));
  const auto bad = [](double level) { return !std::isfinite(level); };
  if (std::ranges::any_of(levels, bad) ||
      std::ranges::adjacent_find(levels, std::greater_equal{}) != levels.end())
    faults.emplace_back("the levels must be finite and rise");
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto same = [&](const Ensemble::Member& other) { return other.name == members[i].name; };
    if (members[i].name.empty()) faults.push_back(fmt::format("member {} has no name", i + 1));
    if (std::any_of(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(i), same))
      faults.push_back("two members are called " + members[i].name);
  }
  return fmt::format("{}", fmt::join(faults, "; "));
}

/// Checked before anything is made of it.
const EnsembleConfig& checked(const std::vector<Ensemble::Member>& members, const std::vector<double>& levels,
                              const EnsembleConfig& config) {
  const std::string faults = faults_of(members, levels, config);
  if (!faults.empty()) throw Error("strategy.bad_ensemble", faults);
  return config;
}

}  // namespace

std::string_view to_string(EnsembleMethod method) {
  switch (method) {
    case EnsembleMethod::vote:
      return "vote";
    case EnsembleMethod::confidence:
      return "confidence";
    case EnsembleMethod::most_confident:
      break;
  }
  return "most_confident";
}

std::vector<std::string> EnsembleConfig::faults() const {
  std::vector<std::string> faults;
  if (!(minimum_consensus >= 0 && minimum_consensus <= 1))
    faults.emplace_back("the least consensus must lie between 0 and 1");
  if (!(loss_scale > 0 && loss_scale <= 1))
    faults.emplace_back("the loss scale must lie above 0 and up to 1");
  if (!(temperature >= stats::smallest_temperature && temperature <= stats::largest_temperature))
    faults.push_back(fmt::format("the temperature must lie between {} and {}", stats::smallest_temperature,
                                 stats::largest_temperature));
  if (outcome_bars < 1 || outcome_bars > 10'000)
    faults.emplace_back("votes are judged after 1 to 10,000 bars");
  if (!(cost >= 0 && cost < 1)) faults.emplace_back("the cost of a side must lie between 0 and 1");
  return faults;
}

std::size_t best_level(std::span<const double> levels, double move, double cost) {
  std::size_t best = flat_level(levels);
  const auto worth = [&](std::size_t i) { return levels[i] * move - 2 * cost * std::abs(levels[i]); };
  for (std::size_t i = 0; i < levels.size(); ++i)
    if (worth(i) > worth(best)) best = i;
  return best;
}

double consensus_of(std::span<const double> shares) {
  double entropy = 0;
  for (const double share : shares)
    if (share > 0) entropy -= share * std::log(share);
  return std::clamp(1 - entropy / std::log(static_cast<double>(shares.size())), 0.0, 1.0);
}

Ensemble::Ensemble(std::string name, std::vector<Member> members, std::vector<double> levels,
                   EnsembleConfig config)
    : name_(std::move(name)),
      levels_(levels),
      config_(checked(members, levels, config)),
      hedge_(prior_of(members), config.hedge),
      chosen_(members.size()),
      chosen_before_(members.size()),
      confidence_(members.size()),
      losses_(members.size()),
      probabilities_(members.size() * levels.size()),
      shares_(levels.size()),
      pooled_(levels.size()),
      scores_(levels.size()),
      ring_close_(config.outcome_bars),
      ring_chosen_(config.outcome_bars * (members.size() + 1)),
      statistics_(members.size()) {
  for (Member& member : members) {
    names_.push_back(std::move(member.name));
    observes_ = observes_ || member.voter->observes();
    members_.push_back(std::move(member.voter));
  }
  start();
}

void Ensemble::start() {
  for (const auto& member : members_) member->start();
  hedge_.start();
  final_level_ = flat_level(levels_);
  std::ranges::fill(chosen_, final_level_);
  std::ranges::fill(chosen_before_, final_level_);
  last_close_ = 0;
  ring_next_ = ring_count_ = 0;
  std::ranges::fill(statistics_, MemberStatistics{});
  judged_ = right_ = 0;
  last_ = {};
}

void Ensemble::warm_up(const market::Bar& bar) {
  for (const auto& member : members_) member->warm_up(bar);
}

/// Weights and contributions by what the votes on the close before have come to.
void Ensemble::learn(double close) {
  if (last_close_ == 0) return;
  const double move = close / last_close_ - 1;
  for (std::size_t i = 0; i < size(); ++i) {
    const double traded = std::abs(exposure_of(i) - levels_[chosen_before_[i]]);
    const double gain = exposure_of(i) * move - config_.cost * traded;
    losses_[i] = std::clamp(0.5 - gain / (2 * config_.loss_scale), 0.0, 1.0);
    statistics_[i].contribution += hedge_.weights()[i] * exposure_of(i) * move;
  }
  if (config_.adapt) hedge_.update(losses_);
}

/// The oldest vote of a full ring is as old as an outcome needs.
void Ensemble::judge_outcomes(double close) {
  if (ring_count_ < config_.outcome_bars) return;
  const double move = close / ring_close_[ring_next_] - 1;
  const std::size_t best = best_level(levels_, move, config_.cost);
  const std::span<const std::uint8_t> chosen =
      std::span(ring_chosen_).subspan(ring_next_ * (size() + 1), size() + 1);
  for (std::size_t i = 0; i < size(); ++i) {
    ++statistics_[i].judged;
    statistics_[i].right += chosen[i] == best;
  }
  ++judged_;
  right_ += chosen[size()] == best;
}

void Ensemble::remember(double close) {
  ring_close_[ring_next_] = close;
  std::uint8_t* row = &ring_chosen_[ring_next_ * (size() + 1)];
  for (std::size_t i = 0; i < size(); ++i) row[i] = static_cast<std::uint8_t>(chosen_[i]);
  row[size()] = static_cast<std::uint8_t>(final_level_);
  ring_next_ = (ring_next_ + 1) % config_.outcome_bars;
  ring_count_ = std::min(ring_count_ + 1, config_.outcome_bars);
  last_close_ = close;
}

void Ensemble::collect_votes(const Situation& situation) {
  const std::size_t levels = levels_.size();
  for (std::size_t i = 0; i < size(); ++i) {
    const std::span<double> row = std::span(probabilities_).subspan(i * levels, levels);
    chosen_[i] = members_[i]->vote(situation, row);
    confidence_[i] = row[chosen_[i]];
  }
}

void Ensemble::tally() {
  const std::size_t levels = levels_.size();
  const std::span<const double> weights = hedge_.weights();
  std::ranges::fill(shares_, 0.0);
  std::ranges::fill(pooled_, 0.0);
  for (std::size_t i = 0; i < size(); ++i) {
    shares_[chosen_[i]] += weights[i];
    for (std::size_t a = 0; a < levels; ++a) pooled_[a] += weights[i] * probabilities_[i * levels + a];
  }
}

std::size_t Ensemble::most_confident(std::size_t without) const {
  const std::span<const double> weights = hedge_.weights();
  std::size_t best = nobody;
  for (std::size_t i = 0; i < size(); ++i) {
    if (i == without) continue;
    if (best == nobody || std::pair(confidence_[i], weights[i]) > std::pair(confidence_[best], weights[best]))
      best = i;
  }
  return best == nobody ? final_level_ : chosen_[best];
}

/// The level that the method takes, where one member is not asked. Of equals the one that is held, then the
/// smaller; where that leaves a long and a short one, nothing changes.
std::size_t Ensemble::preferred(std::size_t without) const {
  if (config_.method == EnsembleMethod::most_confident) return most_confident(without);
  const std::size_t levels = levels_.size();
  const bool hard = config_.method == EnsembleMethod::vote;
  const auto score = [&](std::size_t a) {
    const double all = hard ? shares_[a] : pooled_[a];
    if (without == nobody) return all;
    const double own = hard ? (chosen_[without] == a ? 1.0 : 0.0) : probabilities_[without * levels + a];
    return all - hedge_.weights()[without] * own;
  };
  constexpr double alike = 1e-12;  // sums of the same weights in another order
  double most = score(0);
  for (std::size_t a = 1; a < levels; ++a) most = std::max(most, score(a));
  const auto among_best = [&](std::size_t a) { return score(a) > most - alike; };
  if (among_best(final_level_)) return final_level_;
  std::size_t best = final_level_;
  bool alone = true;
  for (std::size_t a = 0; a < levels; ++a) {
    if (!among_best(a)) continue;
    const bool first = best == final_level_;
    if (!first && std::abs(levels_[a]) == std::abs(levels_[best])) alone = false;
    if (!first && std::abs(levels_[a]) >= std::abs(levels_[best])) continue;
    best = a;
    alone = true;
  }
  if (!alone) return final_level_;
  return best;
}

/// The tempered pooled probability of the level taken.
double Ensemble::pooled_confidence() {
  constexpr double least = 1e-300;
  for (std::size_t a = 0; a < levels_.size(); ++a) scores_[a] = std::log(std::max(pooled_[a], least));
  stats::tempered_softmax(scores_, config_.temperature, scores_);
  return scores_[final_level_];
}

void Ensemble::count() {
  const std::span<const double> weights = hedge_.weights();
  for (std::size_t i = 0; i < size(); ++i) {
    MemberStatistics& member = statistics_[i];
    ++member.decisions;
    member.agreements += chosen_[i] == final_level_;
    member.weight_sum += weights[i];
    member.weight_least = std::min(member.weight_least, weights[i]);
    member.weight_most = std::max(member.weight_most, weights[i]);
  }
}

Decision Ensemble::decide(const Situation& situation) {
  const double close = situation.bar.close;
  learn(close);
  judge_outcomes(close);
  std::swap(chosen_, chosen_before_);
  collect_votes(situation);
  tally();

  const std::size_t wanted = preferred(nobody);
  if (size() > 1)
    for (std::size_t i = 0; i < size(); ++i) statistics_[i].pivotal += preferred(i) != wanted;
  last_.consensus = consensus_of(shares_);
  last_.kept = last_.consensus < config_.minimum_consensus;
  if (!last_.kept) final_level_ = wanted;
  last_.final_level = final_level_;
  last_.final_confidence = pooled_confidence();
  last_.value = std::inner_product(pooled_.begin(), pooled_.end(), levels_.begin(), 0.0);
  last_.open_time = situation.bar.open_time;
  last_.close = close;
  count();
  remember(close);
  if (observer_) observer_(last());
  return last_.kept ? Decision::hold() : Decision::target(levels_[final_level_]);
}

EnsembleDecision Ensemble::last() const {
  EnsembleDecision decision = last_;
  decision.names = names_;
  decision.levels = levels_;
  decision.weights = hedge_.weights();
  decision.chosen = chosen_;
  decision.confidence = confidence_;
  decision.probabilities = probabilities_;
  decision.shares = shares_;
  decision.pooled = pooled_;
  return decision;
}

std::string Ensemble::save_state() const {
  ByteWriter writer;
  writer.value(state_mark);
  writer.value<std::uint64_t>(size());
  writer.value<std::uint64_t>(levels_.size());
  const HedgeWeights::State hedge = hedge_.state();
  writer.array(std::span<const double>(hedge.losses));
  writer.value(hedge.own_loss);
  writer.value<std::uint64_t>(hedge.rounds);
  writer.array(std::span<const std::size_t>(chosen_));
  writer.array(std::span<const std::size_t>(chosen_before_));
  writer.value(last_close_);
  writer.value<std::uint64_t>(final_level_);
  writer.array(std::span<const double>(ring_close_));
  writer.array(std::span<const std::uint8_t>(ring_chosen_));
  writer.value<std::uint64_t>(ring_next_);
  writer.value<std::uint64_t>(ring_count_);
  writer.array(std::span<const MemberStatistics>(statistics_));
  writer.value(judged_);
  writer.value(right_);
  for (const auto& member : members_) member->save(writer);
  return writer.take();
}

void Ensemble::restore_state(std::string_view bytes) {
  const auto require = [](bool good) {
    if (!good)
      throw Error("bytes.damaged",
                  "the saved state is damaged or belongs to another ensemble: start it again");
  };
  ByteReader reader(bytes);
  require(reader.value<std::uint32_t>() == state_mark && reader.value<std::uint64_t>() == size() &&
          reader.value<std::uint64_t>() == levels_.size());
  HedgeWeights::State hedge;
  hedge.losses = reader.array<double>();
  hedge.own_loss = reader.value<double>();
  hedge.rounds = reader.value<std::uint64_t>();
  hedge_.restore(hedge);
  reader.array_into(std::span(chosen_));
  reader.array_into(std::span(chosen_before_));
  last_close_ = reader.value<double>();
  final_level_ = reader.value<std::uint64_t>();
  reader.array_into(std::span(ring_close_));
  reader.array_into(std::span(ring_chosen_));
  ring_next_ = reader.value<std::uint64_t>();
  ring_count_ = reader.value<std::uint64_t>();
  reader.array_into(std::span(statistics_));
  judged_ = reader.value<std::uint64_t>();
  right_ = reader.value<std::uint64_t>();
  const auto is_level = [this](std::size_t level) { return level < levels_.size(); };
  const auto is_price = [](double price) { return std::isfinite(price) && price > 0; };
  require(std::ranges::all_of(chosen_, is_level) && std::ranges::all_of(chosen_before_, is_level) &&
          is_level(final_level_) && std::ranges::all_of(ring_chosen_, is_level) &&
          (last_close_ == 0 || is_price(last_close_)) && ring_next_ < config_.outcome_bars &&
          ring_count_ <= config_.outcome_bars &&
          (ring_count_ == config_.outcome_bars || ring_next_ == ring_count_) &&
          std::ranges::all_of(std::span(ring_close_).first(ring_count_), is_price));
  for (const auto& member : members_) member->restore(reader);
  require(reader.done());
}

}  // namespace stevie::strategy
