#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/ensemble_member.h"
#include "strategy/hedge.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// How votes become one decision.
enum class EnsembleMethod : std::uint8_t {
  vote,           // the level with the largest sum of the weights of those who want it
  confidence,     // the level with the largest weighted mean of the members' probabilities
  most_confident  // what the member of the highest confidence wants
};
std::string_view to_string(EnsembleMethod method);  // "most_confident"

struct EnsembleConfig {
  /// Default confidence. With it members that are no surer than a guess hardly count, whatever their weight.
  EnsembleMethod method = EnsembleMethod::confidence;
  /// Below this consensus nothing changes: what is held stays. 0 to 1. Default 0: never. Higher: fewer
  /// trades.
  double minimum_consensus = 0;
  /// Weights follow the members' losses bar by bar. False: they stay the first ones.
  bool adapt = true;
  HedgeConfig hedge;
  /// The return of one bar, as a share, that counts as the largest loss or gain. Default 0.02. Smaller:
  /// ordinary bars weigh more and large ones are all alike.
  double loss_scale = 0.02;
  /// Of the pooled probabilities: what makes the ensemble's own confidence mean what it says.
  double temperature = 1;
  /// A vote is judged by what has happened so many bars later. Default 24.
  std::size_t outcome_bars = 24;
  /// What one side of a trade costs, as a share of its value: in losses, and for which level was right.
  double cost = 0.0013;

  std::vector<std::string> faults() const;
};

inline constexpr std::size_t most_members = 32, most_levels = 64;

/// Which level would have been best for a price that moved by `move` (0.01: up by 1 %), bought and sold again
/// at `cost` a side: the largest level x move - 2 cost |level|, the smaller |level| of equals.
std::size_t best_level(std::span<const double> levels, double move, double cost);

/// 1 - entropy of the shares / ln(number of shares): 1 where one has all, 0 where all are alike. The shares
/// sum to 1.
double consensus_of(std::span<const double> shares);

/// What one decision was made of. The spans belong to the ensemble and hold until its next call.
struct EnsembleDecision {
  TimeMs open_time = 0;  // of the bar that has closed
  double close = 0;
  std::span<const std::string> names;     // (members)
  std::span<const double> levels;         // (levels) exposures
  std::span<const double> weights;        // (members) sum 1
  std::span<const std::size_t> chosen;    // (members) levels
  std::span<const double> confidence;     // (members)
  std::span<const double> probabilities;  // (members, levels)
  std::span<const double> shares;         // (levels) of the weighted votes, sum 1
  std::span<const double> pooled;         // (levels) weighted mean of the probabilities, not tempered
  std::size_t final_level = 0;
  double final_confidence = 0;  // pooled and tempered probability of that level
  double consensus = 0;
  double value = 0;   // weighted mean of the members' expected exposures
  bool kept = false;  // the consensus was too low: the level before stays
};
using EnsembleObserver = std::function<void(const EnsembleDecision&)>;

/// What a member did in a run.
struct MemberStatistics {
  std::uint64_t decisions = 0;
  std::uint64_t agreements = 0;  // votes for the level that was taken
  std::uint64_t judged = 0;      // votes whose outcome is known
  std::uint64_t right = 0;       // for the level that was best
  std::uint64_t pivotal = 0;     // decisions that would have been others without it
  double weight_sum = 0;         // over decisions
  double weight_least = 1, weight_most = 0;
  double contribution = 0;  // sum over bars of weight x level wanted x return of the bar, before costs
};

/// Several decision makers as one. Members vote for levels of exposure; the decision is the target exposure
/// of one level. docs/ensemble.md has the formulas.
///
/// On the close of bar t each member loses by its vote on the close of t - 1 what the move between the two
/// closes and its change of level cost it, brought to 0 .. 1:
///   loss = 1/2 - (level x (close_t / close_t-1 - 1) - cost |level - level before|) / (2 loss_scale)
/// and the weights of Hedge follow. A decision does not allocate, where its members' strategies do not.
class Ensemble final : public Strategy {
 public:
  struct Member {
    std::string name;
    double weight = 1;  // first weight
    std::unique_ptr<EnsembleMember> voter;
  };
  /// levels: exposures, rising, at least two. Throws Error "strategy.bad_ensemble" with every fault.
  Ensemble(std::string name, std::vector<Member> members, std::vector<double> levels, EnsembleConfig config);

  std::string name() const override { return name_; }
  /// Where any member does. The observation's market values are not scaled: members scale for themselves.
  bool observes() const override { return observes_; }
  void start() override;
  void warm_up(const market::Bar& bar);
  Decision decide(const Situation& situation) override;

  void observe_with(EnsembleObserver observer) { observer_ = std::move(observer); }

  std::size_t size() const { return members_.size(); }
  const std::vector<std::string>& names() const { return names_; }
  std::span<const double> levels() const { return levels_; }
  const EnsembleConfig& config() const { return config_; }
  const HedgeWeights& weights() const { return hedge_; }
  EnsembleMember& member(std::size_t i) { return *members_[i]; }
  const std::vector<MemberStatistics>& statistics() const { return statistics_; }
  std::uint64_t judged() const { return judged_; }  // decisions whose outcome is known
  std::uint64_t right() const { return right_; }    // for the level that was best
  EnsembleDecision last() const;                    // of the last decide()

  /// Everything that later decisions and statistics depend on, and back behind start() and the warm-up: the
  /// decisions are then those of a run that never stopped. restore() throws Error "bytes.damaged" where the
  /// bytes are not whole or of another ensemble; it must then be started again.
  std::string save_state() const;
  void restore_state(std::string_view bytes);

 private:
  double exposure_of(std::size_t member) const { return levels_[chosen_[member]]; }
  void learn(double close);
  void judge_outcomes(double close);
  void remember(double close);
  void collect_votes(const Situation& situation);
  void tally();
  std::size_t preferred(std::size_t without) const;
  std::size_t most_confident(std::size_t without) const;
  double pooled_confidence();
  void count();

  std::string name_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<EnsembleMember>> members_;
  std::vector<double> levels_;
  EnsembleConfig config_;
  HedgeWeights hedge_;
  bool observes_ = false;
  EnsembleObserver observer_;

  // what a decision is made of
  std::vector<std::size_t> chosen_, chosen_before_;  // (members)
  std::vector<double> confidence_, losses_;          // (members)
  std::vector<double> probabilities_;                // (members, levels)
  std::vector<double> shares_, pooled_, scores_;     // (levels)
  EnsembleDecision last_;
  double last_close_ = 0;  // 0: no decision yet
  std::size_t final_level_ = 0;

  // votes whose outcome is not known yet, a ring
  std::vector<double> ring_close_;         // (outcome_bars)
  std::vector<std::uint8_t> ring_chosen_;  // (outcome_bars, members + 1), the ensemble's own last
  std::size_t ring_next_ = 0, ring_count_ = 0;

  std::vector<MemberStatistics> statistics_;
  std::uint64_t judged_ = 0, right_ = 0;
};

}  // namespace stevie::strategy
