#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace stevie::strategy {

struct HedgeConfig {
  /// How fast weights follow losses. Default 0: hedge_learning_rate() for `horizon` rounds, at which the
  /// bound on the regret is smallest. Larger: follows sooner and forgets good members sooner.
  double learning_rate = 0;
  /// Rounds for which the automatic learning rate is meant. Default 8,760, a year of hours.
  std::size_t horizon = 8760;
  /// No member's weight falls below this, so that one that has been bad for long is heard at once when it
  /// gets better. At most 1 / members. Default 0.02; 0: none.
  double floor = 0.02;
};

/// sqrt(8 ln K / T).
double hedge_learning_rate(std::size_t members, std::size_t rounds);

/// How much more the weighted mean of the members can lose over `rounds` than the member whose first weight
/// was `prior`: ln(1 / prior) / rate + rate T / 8 + (K - 1) floor T. With equal first weights, no floor and
/// the automatic rate this is sqrt(T ln K / 2) (Cesa-Bianchi and Lugosi 2006, "Prediction, Learning, and
/// Games", theorem 2.2).
double hedge_regret_bound(std::size_t members, std::size_t rounds, double rate, double prior, double floor);

/// The weights of Hedge, the exponentially weighted forecaster (Freund and Schapire 1997):
///   weight_i = (1 - K floor) p_i + floor,  p_i proportional to prior_i exp(-rate x sum of losses of i).
/// Losses lie within 0 to 1. update() does not allocate.
class HedgeWeights {
 public:
  /// prior: first weights, each above 0; their sum need not be 1. Throws Error "strategy.bad_hedge" that
  /// lists every fault of prior and configuration.
  HedgeWeights(std::span<const double> prior, const HedgeConfig& config);

  std::size_t size() const { return weights_.size(); }
  std::span<const double> weights() const { return weights_; }  // sum 1
  double rate() const { return rate_; }
  std::size_t rounds() const { return rounds_; }

  /// losses: one for each member; values outside 0 to 1 are cut to it.
  void update(std::span<const double> losses);

  /// What the weighted mean has lost so far, and each member.
  double own_loss() const { return own_loss_; }
  std::span<const double> losses() const { return losses_; }
  double bound(std::size_t member) const;  // hedge_regret_bound() of the rounds so far

  /// All that changes. restore() throws Error "bytes.damaged" for numbers that no updates can have led to.
  struct State {
    std::vector<double> losses;
    double own_loss = 0;
    std::size_t rounds = 0;
  };
  State state() const { return {losses_, own_loss_, rounds_}; }
  void restore(const State& state);
  void start();  // forgets every loss

 private:
  void weigh();

  std::vector<double> prior_, losses_, weights_;
  double rate_, floor_;
  double own_loss_ = 0;
  std::size_t rounds_ = 0;
};

}  // namespace stevie::strategy
