#include "env/trading_env.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/bytes.h"
#include "core/error.h"
#include "env/account_values.h"

namespace stevie::env {
namespace {

constexpr double equity_floor_share = 1e-4;
constexpr double least_variance = 1e-12;
constexpr std::size_t cache_line_floats = 16;

/// log(after / before), both > 0. Bars move equity by little: with x = (after - before) / (after + before)
/// the series 2 (x + x^3/3 + x^5/5 + ...) then gives it to 1e-11 of its value, beyond a float reward, at a
/// fifth of the time.
double log_growth(double after, double before) {
  const double x = (after - before) / (after + before);
  if (std::abs(x) > 0.05) return std::log(after / before);
  const double s = x * x;
  return 2.0 * x * (1.0 + s * (1.0 / 3 + s * (1.0 / 5 + s * (1.0 / 7))));
}

/// The usual width as a constant lets the compiler copy the row with a few vector moves.
void copy_row(float* to, const float* from, std::size_t columns) {
  if (columns == features::market_value_count) {
    std::memcpy(to, from, features::market_value_count * sizeof(float));
  } else {
    std::memcpy(to, from, columns * sizeof(float));
  }
}

void require_finite(const MarketData& data, market::BarRange range) {
  for (std::size_t bar = range.begin; bar < range.end; ++bar) {
    const auto row = data.features.row(bar);
    const auto bad = std::find_if(row.begin(), row.end(), [](float value) { return !std::isfinite(value); });
    if (bad == row.end()) continue;
    throw Error("env.bad_data", "feature " + std::to_string(bad - row.begin()) + " is not a finite number",
                "bar " + std::to_string(bar) + " at " + format_time(data.tape.open_time[bar]));
  }
}

execution::Instrument scaled_costs(const TradingEnvConfig& config) {
  execution::Instrument instrument = config.instrument;
  for (double* cost : {&instrument.taker_fee_bps, &instrument.maker_fee_bps, &instrument.half_spread_bps,
                       &instrument.slippage_bps, &instrument.slippage_volatility_share, &instrument.impact}) {
    *cost *= config.training_cost_factor;
  }
  return instrument;
}

}  // namespace

std::vector<std::string> TradingEnvConfig::faults() const {
  std::vector<std::string> faults = instrument.faults();
  const auto require = [&](bool good, std::string text) {
    if (!good) faults.push_back(std::move(text));
  };
  require(exposures.size() >= 2, "exposures needs at least two levels");
  for (std::size_t i = 0; i < exposures.size(); ++i) {
    require(std::isfinite(exposures[i]) && std::abs(exposures[i]) <= instrument.leverage_limit,
            "exposure " + std::to_string(exposures[i]) + " is beyond the leverage limit " +
                std::to_string(instrument.leverage_limit));
    require(std::find(exposures.begin(), exposures.begin() + static_cast<std::ptrdiff_t>(i), exposures[i]) ==
                exposures.begin() + static_cast<std::ptrdiff_t>(i),
            "exposure " + std::to_string(exposures[i]) + " is listed twice");
  }
  require(std::isfinite(initial_equity) && initial_equity > 0, "initial_equity must be above 0");
  require(training_cost_factor >= 0 && training_cost_factor <= 100,
          "training_cost_factor must be from 0 to 100");
  require(std::isfinite(drawdown_penalty) && drawdown_penalty >= 0, "drawdown_penalty must be 0 or above");
  require(sharpe_eta > 0 && sharpe_eta < 1, "sharpe_eta must lie between 0 and 1");
  require(ruin_share >= 1e-3 && ruin_share < 1, "ruin_share must be from 0.001 to below 1");
  return faults;
}

void TradingEnvConfig::validate() const {
  std::string all;
  for (const std::string& fault : faults()) all += (all.empty() ? "" : "; ") + fault;
  if (!all.empty()) throw Error("env.bad_config", all, "env");
}

TradingEnv::TradingEnv(std::shared_ptr<const MarketData> data, market::BarRange split,
                       const TradingEnvConfig& config, std::size_t lanes,
                       const std::optional<AugmentationSource>& augmentation)
    : data_(std::move(data)),
      config_((config.validate(), config)),
      rates_(scaled_costs(config)),
      lanes_(lanes),
      final_bars_(lanes) {
  const execution::BarTape& tape = data_->tape;
  columns_ = data_->features.columns;
  observation_size_ = columns_ + features::account_value_count;
  if (lanes == 0) throw Error("env.bad_config", "an environment needs at least one lane", "env");
  if (data_->features.rows != tape.size() || data_->features.values.size() != tape.size() * columns_) {
    throw Error("env.bad_data", "features have " + std::to_string(data_->features.rows) + " rows for " +
                                    std::to_string(tape.size()) + " bars: compute them from the same bars");
  }
  split_ = {std::max(split.begin, data_->features.warm_up), std::min(split.end, tape.size())};
  if (split_.begin >= split_.end) {
    throw Error("env.empty_split", "the split holds no bar after the features' warm-up of " +
                                       std::to_string(data_->features.warm_up) +
                                       " bars: choose a longer one");
  }
  require_finite(*data_, split_);
  find_starts();
  views_.assign(lanes, {tape.bars.data(), data_->features.values.data(), 0, tape.size()});
  if (!augmentation || !augmentation->config.on()) return;
  augmented_ =
      std::make_unique<AugmentedEpisodes>(*augmentation, config_.instrument, tape, columns_,
                                          data_->features.warm_up, split_, config_.episode_length, lanes);
  starts_of_episodes_.resize(lanes);
}

void TradingEnv::find_starts() {
  market::Bars stamps;
  stamps.interval = data_->tape.interval;
  stamps.open_time = data_->tape.open_time;
  const std::vector<std::uint8_t> gap_before = market::long_gap_before(stamps, config_.gaps);
  run_end_.resize(split_.size());
  std::uint64_t end = split_.end - 1;
  for (std::size_t bar = split_.end; bar-- > split_.begin;) {
    if (bar + 1 < split_.end && gap_before[bar + 1] != 0) end = bar;
    run_end_[bar - split_.begin] = end;
  }
  for (std::size_t bar = split_.begin; bar < split_.end; ++bar) {
    if (run_end_[bar - split_.begin] > bar) starts_.push_back(bar);
  }
  if (starts_.empty()) {
    throw Error("env.empty_split",
                "no two neighbouring bars of the split lie without a gap: choose a longer one");
  }
}

void TradingEnv::draw_starts_from(std::vector<StartGroup> groups) {
  double sum = 0;
  bool sound = groups.empty() || config_.random_start;
  for (const StartGroup& group : groups) {
    sound = sound && std::isfinite(group.share) && group.share >= 0;
    sum += group.share;
  }
  if (!sound || (!groups.empty() && sum <= 0)) {
    throw Error("env.bad_config",
                "groups of starts need random_start and shares of 0 or above, one of them above 0", "env");
  }
  std::vector<StartGroup> kept;
  double before = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].share == 0) continue;
    std::erase_if(groups[i].bars,
                  [this](std::uint64_t bar) { return !std::ranges::binary_search(starts_, bar); });
    if (groups[i].bars.empty()) {
      throw Error("env.empty_group",
                  "group " + std::to_string(i) + " of the starts has no bar at which an episode may start");
    }
    before += groups[i].share / sum;
    kept.push_back({before, std::move(groups[i].bars)});
  }
  groups_ = std::move(kept);
}

std::uint64_t TradingEnv::draw_start(RandomStream random) const {
  if (groups_.empty()) return starts_[random.below(starts_.size())];
  const double drawn = random.uniform();
  std::size_t chosen = 0;  // the last where rounding leaves its sum below what is drawn
  while (chosen + 1 < groups_.size() && drawn >= groups_[chosen].share) ++chosen;
  const std::vector<std::uint64_t>& bars = groups_[chosen].bars;
  return bars[random.below(bars.size())];
}

void TradingEnv::start_episode(Lane& lane, std::size_t index) {
  std::uint64_t start = starts_.front();
  if (config_.random_start) {
    start = draw_start(RandomStream(seed_, std::uint64_t{index} << 32 | lane.episode));
  } else if (lane.episode > 0) {
    const auto next = std::lower_bound(starts_.begin(), starts_.end(), lane.bar);
    if (next != starts_.end()) start = *next;
  }
  const std::uint64_t episode = lane.episode + 1;
  lane = Lane{};
  lane.episode = episode;
  lane.account.cash = config_.initial_equity;
  lane.equity = lane.peak = config_.initial_equity;
  lane.bar = start;
  lane.end = run_end_[start - split_.begin];
  if (config_.episode_length > 0)
    lane.end = std::min<std::uint64_t>(lane.end, start + config_.episode_length);
  if (augmented_ == nullptr) return;
  starts_of_episodes_[index] = start;
  look_at_episode(lane, index, start);
  lane.end = std::min(lane.end, views_[index].end - 1);
}

void TradingEnv::look_at_episode(const Lane& lane, std::size_t index, std::uint64_t start) {
  const EpisodeView* made =
      augmented_->make(index, seed_, lane.episode, start, run_end_[start - split_.begin]);
  const execution::BarTape& tape = data_->tape;
  views_[index] =
      made != nullptr ? *made : EpisodeView{tape.bars.data(), data_->features.values.data(), 0, tape.size()};
}

void TradingEnv::reset(std::uint64_t seed, std::span<float> observations) {
  seed_ = seed;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i] = Lane{};
    start_episode(lanes_[i], i);
    observe(lanes_[i], views_[i], observations.data() + i * observation_size_);
  }
}

void TradingEnv::step(std::size_t first_lane, std::size_t lane_count, const StepBuffers& buffers) {
  const double ruin = config_.ruin_share * config_.initial_equity;
  for (std::size_t i = first_lane; i < first_lane + lane_count; ++i) {
    Lane& lane = lanes_[i];
    const double before = lane.equity;
    advance(lane, views_[i], buffers.actions[i]);
    buffers.rewards[i] = static_cast<float>(reward(lane, before));

    const bool ruined = lane.equity < ruin;
    const bool cut_off = !ruined && lane.bar == lane.end;
    buffers.terminated[i] = ruined;
    buffers.truncated[i] = cut_off;
    if (ruined || cut_off) {
      observe(lane, views_[i], buffers.final_observations + i * observation_size_);
      final_bars_[i] = static_cast<std::uint32_t>(lane.bar);
      start_episode(lane, i);
    }
    observe(lane, views_[i], buffers.observations + i * observation_size_);
  }
}

/// Plays the lane's next bar: the sequence of BarEngine::process_bar for a target and no protective exits.
inline void TradingEnv::advance(Lane& lane, const EpisodeView& view, std::int32_t action) const {
  const execution::TapeBar& bar = view.bars[++lane.bar - view.first];
  pay_funding(lane, bar.funding_at_open, bar.open);
  if (execution::reaches_liquidation(lane.account, bar.open, lane.liquidation_price)) {
    liquidate(lane, bar.open);
  } else {
    trade(lane, bar, action);
  }
  pay_funding(lane, bar.funding_inside, bar.open);
  const double worst = lane.account.units > 0 ? bar.low : bar.high;
  if (execution::reaches_liquidation(lane.account, worst, lane.liquidation_price)) {
    liquidate(lane, lane.liquidation_price);
  }
  lane.equity = lane.account.equity(bar.close);
}

inline void TradingEnv::trade(Lane& lane, const execution::TapeBar& bar, std::int32_t action) const {
  execution::Account& account = lane.account;
  if (action != lane.level) {
    lane.level = action;
    lane.wanted_units = execution::units_for_target(rates_, bar, account,
                                                    config_.exposures[static_cast<std::size_t>(action)]);
  }
  const double missing = lane.wanted_units - account.units;
  if (missing == 0) return;
  if (execution::below_minimum(rates_, bar.open, missing, lane.wanted_units == 0)) {
    lane.wanted_units = account.units;
    return;
  }
  const double before = account.units;
  execution::trade_towards(rates_, bar, account, lane.wanted_units);
  if (before == 0 || (before > 0) != (account.units > 0)) lane.opened_bar = lane.bar;
  lane.liquidation_price = execution::liquidation_price(rates_, account);
}

inline void TradingEnv::pay_funding(Lane& lane, double rate, double price) const {
  if (rate == 0 || lane.account.units == 0) return;
  execution::settle_funding(lane.account, rate, price);
  lane.liquidation_price = execution::liquidation_price(rates_, lane.account);
}

inline void TradingEnv::liquidate(Lane& lane, double price) const {
  execution::apply_fill(lane.account, execution::liquidation_fill(rates_, lane.account, price));
  lane.wanted_units = 0;
  lane.liquidation_price = 0;
  lane.level = -1;
}

inline double TradingEnv::reward(Lane& lane, double equity_before) const {
  const double equity = std::max(lane.equity, equity_floor_share * config_.initial_equity);
  lane.peak = std::max(lane.peak, equity);
  const double drawdown_before = lane.drawdown;
  lane.drawdown = 1.0 - equity / lane.peak;
  double reward = 0;
  if (config_.reward == RewardKind::log_growth) {
    reward = log_growth(equity, equity_before);
  } else {
    const double gain = equity / equity_before - 1.0;
    const double mean_change = gain - lane.mean;
    const double square_change = gain * gain - lane.square;
    const double variance = lane.square - lane.mean * lane.mean;
    if (variance > least_variance) {
      reward =
          (lane.square * mean_change - 0.5 * lane.mean * square_change) / (variance * std::sqrt(variance));
    }
    lane.mean += config_.sharpe_eta * mean_change;
    lane.square += config_.sharpe_eta * square_change;
  }
  return reward - config_.drawdown_penalty * std::max(0.0, lane.drawdown - drawdown_before);
}

inline void TradingEnv::observe(const Lane& lane, const EpisodeView& view, float* observation) const {
  const std::uint64_t at = lane.bar - view.first;
  const float* row = view.features + at * columns_;
  // The next step reads the row behind this one: ask for it while this one is copied.
  if (lane.bar + 1 < view.end) {
    for (std::size_t column = 0; column < columns_; column += cache_line_floats)
      __builtin_prefetch(row + columns_ + column);
  }
  copy_row(observation, row, columns_);

  const double close = view.bars[at].close;
  write_account_values(lane.account, close, lane.peak, lane.bar - lane.opened_bar + 1,
                       observation + columns_);
}

std::string TradingEnv::save_state() const {
  ByteWriter writer;
  writer.value<std::uint64_t>(split_.begin);
  writer.value<std::uint64_t>(split_.end);
  writer.value<std::uint64_t>(starts_.size());
  writer.value<std::uint64_t>(config_.exposures.size());
  writer.value(config_.initial_equity);
  writer.value(seed_);
  writer.array(std::span<const Lane>(lanes_));
  if (augmented_ != nullptr) writer.array(std::span<const std::uint64_t>(starts_of_episodes_));
  return writer.take();
}

void TradingEnv::load_state(std::string_view state) {
  const auto require = [](bool good) {
    if (!good) throw Error("bytes.damaged", "the saved state is damaged or belongs to another environment");
  };
  ByteReader reader(state);
  require(reader.value<std::uint64_t>() == split_.begin && reader.value<std::uint64_t>() == split_.end);
  require(reader.value<std::uint64_t>() == starts_.size());
  require(reader.value<std::uint64_t>() == config_.exposures.size());
  require(reader.value<double>() == config_.initial_equity);
  const auto seed = reader.value<std::uint64_t>();
  std::vector<Lane> lanes(lanes_.size());
  reader.array_into(std::span<Lane>(lanes));
  std::vector<std::uint64_t> starts(starts_of_episodes_.size());
  if (augmented_ != nullptr) reader.array_into(std::span<std::uint64_t>(starts));
  require(reader.done());
  for (const Lane& lane : lanes) {
    require(lane.bar >= split_.begin && lane.bar < lane.end && lane.end < split_.end);
    require(lane.opened_bar <= lane.bar && lane.level >= -1);
    require(lane.level < static_cast<std::int32_t>(config_.exposures.size()));
  }
  for (std::size_t i = 0; i < starts.size(); ++i)
    require(std::ranges::binary_search(starts_, starts[i]) && starts[i] <= lanes[i].bar);
  seed_ = seed;
  lanes_ = std::move(lanes);
  starts_of_episodes_ = std::move(starts);
  if (augmented_ == nullptr) return;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    look_at_episode(lanes_[i], i, starts_of_episodes_[i]);
    require(lanes_[i].bar >= views_[i].first && lanes_[i].end < views_[i].end);
  }
}

}  // namespace stevie::env
