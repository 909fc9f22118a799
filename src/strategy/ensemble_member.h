#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "execution/account.h"
#include "execution/exits.h"
#include "features/scaler.h"
#include "nn/network.h"
#include "strategy/strategy.h"

namespace stevie::strategy {

/// One voice of an Ensemble: on each close it says how likely it thinks each level of exposure is the right
/// one, and which it wants.
class EnsembleMember {
 public:
  virtual ~EnsembleMember() = default;

  virtual std::string_view kind() const = 0;  // "policy", "rules", "expert", "constant"
  /// Whether vote() reads Situation::observation: market values NOT scaled yet, then account values.
  virtual bool observes() const = 0;
  virtual void start() = 0;
  /// Goes over a bar for its inputs alone; no vote follows.
  virtual void warm_up(const market::Bar&) {}

  /// Fills one probability for each level (sum 1) and returns the level wanted, whose probability is the
  /// member's confidence. situation.exposure and side are those of the account that the ensemble trades.
  virtual std::size_t vote(const Situation& situation, std::span<double> probabilities) = 0;

  /// Of the last vote, by level, before any temperature: what temperatures are fitted to. Empty where the
  /// member has none.
  virtual std::span<const double> scores() const { return {}; }

  /// What the next votes depend on beside the bars, and back. restore() throws Error "bytes.damaged".
  virtual void save(ByteWriter&) const {}
  virtual void restore(ByteReader&) {}
};

/// What a model thinks of each of its actions, before any softmax: logits of an actor, values of a Q network.
class ActionScores {
 public:
  virtual ~ActionScores() = default;
  virtual std::size_t observation_size() const = 0;
  virtual std::size_t action_count() const = 0;
  virtual void score(std::span<const float> observation, std::span<double> scores) = 0;
};

class ActorScores final : public ActionScores {
 public:
  explicit ActorScores(std::shared_ptr<const nn::ActorCritic> network);
  std::size_t observation_size() const override { return network_->config().observation_size; }
  std::size_t action_count() const override { return network_->config().action_count; }
  void score(std::span<const float> observation, std::span<double> scores) override;

 private:
  std::shared_ptr<const nn::ActorCritic> network_;
  nn::NetworkWorkspace workspace_;
};

/// A trained model. Its confidence is the softmax of its scores over a temperature.
class PolicyMember final : public EnsembleMember {
 public:
  struct Parts {
    std::unique_ptr<ActionScores> scores;
    features::RobustScaler scaler;            // that it was trained with
    std::vector<std::size_t> masked_columns;  // market columns that it was trained without: read as 0
    std::vector<std::size_t> level_of;        // (actions) level of each action
    double temperature = 1;
  };
  explicit PolicyMember(Parts parts);

  std::string_view kind() const override { return "policy"; }
  bool observes() const override { return true; }
  void start() override {}
  /// Throws Error "strategy.observation_differs" where the observation has another size than the model's.
  std::size_t vote(const Situation& situation, std::span<double> probabilities) override;

  std::span<const double> scores() const override { return level_scores_; }

 private:
  Parts parts_;
  std::vector<float> observation_;
  std::vector<double> action_scores_, level_scores_;
};

/// The position that a strategy would hold if it traded alone, by the exit rules of the engine: what a
/// strategy that enters with a bracket holds between its entry and its exit. Neither costs nor sizes change
/// it.
class ShadowPosition {
 public:
  explicit ShadowPosition(double leverage_limit = 1) : leverage_limit_(leverage_limit) {}

  /// Carries out the decision on the close before at this bar's open, then lets the bar touch the bracket.
  void play(const market::Bar& bar);
  void decide(const Decision& decision);

  double exposure() const { return exposure_; }  // 0: flat
  int side() const { return (exposure_ > 0) - (exposure_ < 0); }
  /// Position after what was decided last: what the strategy wants to hold.
  double wanted() const;

  void save(ByteWriter& writer) const;
  void restore(ByteReader& reader);

 private:
  double entry_exposure(const Decision& entry) const;
  void open(double exposure, const execution::Bracket& bracket, const market::Bar& bar);

  double leverage_limit_;
  double exposure_ = 0, entry_price_ = 0;
  execution::Bracket bracket_;
  Decision waiting_;
};

/// Any strategy. It trades a shadow position of its own and votes for the level nearest to it. Its confidence
/// is one number, the share of its votes that were right on validation.
class StrategyMember final : public EnsembleMember {
 public:
  /// What must survive a restart of the strategy itself, beside its bars.
  class Memory {
   public:
    virtual ~Memory() = default;
    virtual void save(ByteWriter& writer) const = 0;
    virtual void restore(ByteReader& reader, const ShadowPosition& position) = 0;
  };
  struct Parts {
    std::string kind;
    std::unique_ptr<Strategy> strategy;  // must not observe
    std::unique_ptr<Memory> memory;      // may be nothing; refers to the strategy
    std::vector<double> levels;          // rising
    double confidence = 0.5;             // 1 / levels to 1
    double leverage_limit = 1;
  };
  /// Throws Error "strategy.bad_member" where the strategy observes.
  explicit StrategyMember(Parts parts);

  std::string_view kind() const override { return parts_.kind; }
  bool observes() const override { return false; }
  void start() override;
  void warm_up(const market::Bar& bar) override;
  std::size_t vote(const Situation& situation, std::span<double> probabilities) override;
  void save(ByteWriter& writer) const override;
  void restore(ByteReader& reader) override;

 private:
  Parts parts_;
  ShadowPosition position_;
};

/// The level that stands for an exposure: the nearest of the same sign, or where there is none of that sign
/// the nearest of all; the smaller of two as near.
std::size_t level_of(std::span<const double> levels, double exposure);

}  // namespace stevie::strategy
