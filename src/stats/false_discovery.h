#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stevie::stats {

/// A stream of proposals, each with its p value, judged one after the other and never taken back: at which
/// level is the next one tested so that false promotions stay rare over the months?
enum class StreamRule : std::uint8_t {
  alpha_spending,  // probability of even one false promotion <= alpha: level t is alpha * gamma_t
  lord,    // LORD++ (Ramdas, Yang, Wainwright and Jordan 2017): expected share of false ones among the
           // promotions <= alpha; each promotion earns back some of the budget
  saffron  // SAFFRON (Ramdas, Zrnic, Wainwright and Jordan 2018): the same, and p values above `candidate`
           // cost nothing; more power where many proposals are good
};

struct StreamConfig {
  StreamRule rule = StreamRule::lord;
  double alpha = 0.05;            // in (0, 1)
  double initial_wealth = 0.025;  // W_0, in (0, alpha); not used by alpha_spending
  double candidate = 0.5;         // SAFFRON's lambda, in (0, 1)
};

/// Weight gamma_t of the t-th test, t from 1; they sum to at most 1. alpha_spending and lord: proportional to
/// log(max(t, 2)) / (t exp(sqrt(log t))) (Javanmard and Montanari 2018); saffron: to t^-1.6.
double stream_weight(StreamRule rule, std::size_t t);

/// The proposals so far. A plain value; judging the same p values in the same order gives the same levels.
class ProposalStream {
 public:
  /// Throws Error "stats.bad_test" on settings out of range.
  explicit ProposalStream(const StreamConfig& config);

  /// Level at which the next proposal is tested.
  double next_level() const;
  /// True: promoted (p <= next_level()). Throws Error "stats.bad_test" where p is not in [0, 1].
  bool judge(double p);

  std::size_t judged() const { return judged_; }
  std::size_t promoted() const { return promotions_.size(); }

 private:
  struct Promotion {
    std::size_t at = 0;          // its number, from 1
    std::size_t candidates = 0;  // p values <= config.candidate up to and with it (SAFFRON)
  };
  StreamConfig config_;
  std::size_t judged_ = 0;
  std::size_t candidates_ = 0;  // p values <= config.candidate from the start
  std::vector<Promotion> promotions_;
};

}  // namespace stevie::stats
