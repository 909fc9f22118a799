#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/random.h"
#include "env/augmented_episodes.h"
#include "env/vector_env.h"
#include "execution/account.h"
#include "execution/bar_tape.h"
#include "features/observation.h"
#include "market/bars.h"
#include "market/gaps.h"

namespace stevie::env {

/// What all lanes, and all environments of one run, read and none changes.
struct MarketData {
  execution::BarTape tape;
  features::FeatureMatrix features;  // scaled market values; row t belongs to tape bar t
};

enum class RewardKind : std::uint8_t {
  log_growth,          // log(equity at the close / equity at the close before), net of all costs
  differential_sharpe  // Moody and Saffell 2001, eq. 14, of the simple return per bar
};

struct TradingEnvConfig {
  /// Target exposure of each action. Default {-1, 0, 1}: short, flat, long. Each |value| at most the leverage
  /// limit.
  std::vector<double> exposures{-1.0, 0.0, 1.0};
  /// Decisions per episode. Default 720, a month of hours; 0: to the end of the split. Shorter episodes see
  /// more starting points a million steps, longer ones longer positions.
  std::size_t episode_length = 720;
  /// Start each episode at a random bar of the split. Default true; false: at its first bar, or the one after
  /// a gap.
  bool random_start = true;
  /// Gaps that end an episode (truncated): nothing is carried over a hole. Default: more than 3 missing bars.
  market::GapPolicy gaps;
  execution::Instrument instrument;
  /// Fee, spread, slippage and impact of the instrument are this many times larger in the environment;
  /// policies are judged at the instrument's own. Default 1. Above 1 a policy has to expect more of a trade
  /// before it makes it, which leaves room for what it has only remembered.
  double training_cost_factor = 1.0;
  double initial_equity = 10'000.0;

  RewardKind reward = RewardKind::log_growth;
  /// Subtracts this times the growth of drawdown in the step. Default 0. At 1 a new loss below the peak
  /// counts twice.
  double drawdown_penalty = 0.0;
  /// Adaptation rate of the differential Sharpe ratio's moving moments, in (0, 1). Default 0.01: about 100
  /// bars.
  double sharpe_eta = 0.01;
  /// An episode whose equity falls below this share of the initial one is ruined: terminated. Default 0.1.
  /// The reward of a loss of everything or more is that of a fall to 1/10000 of the initial equity.
  double ruin_share = 0.1;

  std::vector<std::string> faults() const;
  /// Throws Error "env.bad_config" that lists all faults.
  void validate() const;
};

/// Bars at which episodes may start, and how often one of them does.
struct StartGroup {
  double share = 0;  // of the episodes, in proportion to those of the other groups
  std::vector<std::uint64_t> bars;
};

/// Trades one symbol by target exposures.
///
/// Step: at decision t the agent has seen bars up to and including t. Its target is executed by a market
/// order at the open of bar t+1 and the reward covers close t to close t+1. A target equal to the one before
/// trades nothing: the units stay, the exposure drifts with the price. The rules and their order on the bar
/// are those of execution::BarEngine::set_target; the same targets give the same equity, bit for bit.
///
/// Observation (104 float32): the feature row of bar t, then the account at the close of t, written by
/// write_account_values.
///
/// An episode starts flat at a bar that has seen the features' whole warm-up. It is terminated by ruin,
/// truncated after episode_length decisions, at the last bar of the split, or at the last bar before a gap.
///
/// With augmentation each episode sees bars and features of its own (AugmentedEpisodes); where they are made,
/// at an episode's start, a step allocates memory and takes a few milliseconds.
class TradingEnv final : public VectorEnv {
 public:
  /// split: bars of data the episodes lie in. Throws Error "env.bad_config", "env.bad_data" (features and
  /// bars of different length), "env.empty_split" (no run of two bars without a gap after the warm-up), and
  /// with augmentation what AugmentedEpisodes throws.
  TradingEnv(std::shared_ptr<const MarketData> data, market::BarRange split, const TradingEnvConfig& config,
             std::size_t lanes, const std::optional<AugmentationSource>& augmentation = std::nullopt);

  std::size_t lanes() const override { return lanes_.size(); }
  std::size_t observation_size() const override { return observation_size_; }
  std::size_t action_count() const override { return config_.exposures.size(); }
  void reset(std::uint64_t seed, std::span<float> observations) override;
  void step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) override;
  /// None with augmentation: each lane then sees rows of its own.
  SharedRows shared_rows() const override {
    if (augmented_ != nullptr) return {};
    return {data_->features.values.data(), data_->features.rows, columns_};
  }
  std::uint32_t shared_row(std::size_t lane) const override {
    return static_cast<std::uint32_t>(lanes_[lane].bar);
  }
  std::uint32_t final_shared_row(std::size_t lane) const override { return final_bars_[lane]; }
  std::string save_state() const override;
  void load_state(std::string_view state) override;

  /// From the next episode of each lane on, its start is drawn from one of these groups; none: from the whole
  /// split again. Bars at which no episode may start are left out. Not part of save_state(): set it again
  /// where a training goes on. Throws Error "env.bad_config" without random starts or shares >= 0 of which
  /// one is above 0, and "env.empty_group", with its number, where a group with a share has no bar left.
  void draw_starts_from(std::vector<StartGroup> groups);
  /// Bars at which an episode may start, rising.
  const std::vector<std::uint64_t>& starts() const { return starts_; }

  /// For reports: where a lane is and what it owns.
  std::size_t bar(std::size_t lane) const { return lanes_[lane].bar; }  // last closed bar
  const execution::Account& account(std::size_t lane) const { return lanes_[lane].account; }
  double equity(std::size_t lane) const { return lanes_[lane].equity; }
  /// What the lane's episode is played on.
  const EpisodeView& view(std::size_t lane) const { return views_[lane]; }

 private:
  struct Lane {  // trivially copyable, without hidden padding: saved as it is
    execution::Account account;
    double wanted_units = 0;       // what the last order aims at; differs from account.units while it waits
    double liquidation_price = 0;  // of the position held; 0: none
    double equity = 0;             // at the close of `bar`
    double peak = 0;               // highest equity of the episode
    double drawdown = 0;
    double mean = 0, square = 0;  // moving moments of the differential Sharpe ratio
    std::uint64_t bar = 0;
    std::uint64_t end = 0;         // last bar of the episode
    std::uint64_t opened_bar = 0;  // bar the position was opened or flipped on
    std::uint64_t episode = 0;     // episodes started, the key of the next start
    std::int32_t level = -1;       // last action executed; -1: none yet
    std::int32_t padding = 0;
  };

  void find_starts();
  void start_episode(Lane& lane, std::size_t index);
  std::uint64_t draw_start(RandomStream random) const;
  /// Points the lane's view at its episode's bars, which it makes where they are augmented.
  void look_at_episode(const Lane& lane, std::size_t index, std::uint64_t start);
  void advance(Lane& lane, const EpisodeView& view, std::int32_t action) const;
  void trade(Lane& lane, const execution::TapeBar& bar, std::int32_t action) const;
  void pay_funding(Lane& lane, double rate, double price) const;
  void liquidate(Lane& lane, double price) const;
  double reward(Lane& lane, double equity_before) const;
  void observe(const Lane& lane, const EpisodeView& view, float* observation) const;

  std::shared_ptr<const MarketData> data_;
  TradingEnvConfig config_;
  execution::Rates rates_;
  std::vector<Lane> lanes_;
  std::vector<std::uint32_t> final_bars_;          // (lanes) of the episode that ended last
  std::vector<EpisodeView> views_;                 // (lanes)
  std::unique_ptr<AugmentedEpisodes> augmented_;   // none: every view is the market's
  std::vector<std::uint64_t> starts_of_episodes_;  // (lanes) where augmented
  std::size_t observation_size_ = 0;
  std::size_t columns_ = 0;
  market::BarRange split_;
  std::vector<std::uint64_t> run_end_;  // (bars of the split) last bar before the next gap or the split's end
  std::vector<std::uint64_t> starts_;   // bars an episode may start at, rising
  std::vector<StartGroup> groups_;      // shares added up to 1; empty: starts_ alike
  std::uint64_t seed_ = 0;
};

}  // namespace stevie::env
