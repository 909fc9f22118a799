#include "env/augmented_episodes.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "features/pipeline.h"

namespace stevie::env {

AugmentedEpisodes::AugmentedEpisodes(const AugmentationSource& source,
                                     const execution::Instrument& instrument, const execution::BarTape& tape,
                                     std::size_t columns, std::size_t warm_up, market::BarRange split,
                                     std::size_t episode_length, std::size_t lanes)
    : source_(source),
      instrument_(instrument),
      warm_up_(warm_up),
      episode_length_(episode_length),
      split_(split) {
  source_.config.validate();
  if (episode_length == 0) {
    throw Error("env.bad_config",
                "augmentation needs episodes of a length: set env.episode_length above 0, or it would keep a "
                "copy of the market for every lane",
                "env");
  }
  if (source_.bars == nullptr || source_.bars->open_time != tape.open_time ||
      columns != features::market_value_count) {
    throw Error("env.bad_data",
                "augmented episodes need the bars of the market and its " +
                    std::to_string(features::market_value_count) + " features",
                "augmentation");
  }
  source_.scaler.validate();
  lanes_.resize(lanes);
  for (Lane& lane : lanes_) {
    lane.bars.resize(episode_length + 1);
    lane.features.resize((episode_length + 1) * columns);
  }
}

const EpisodeView* AugmentedEpisodes::make(std::size_t lane, std::uint64_t seed, std::uint64_t episode,
                                           std::uint64_t start, std::uint64_t last) {
  const market::AugmentationKey key{seed, lane, episode};
  const market::AugmentationDraw draw = market::draw_of(source_.config, key);
  if (!draw.augmented) return nullptr;
  // At another speed the same number of new bars takes another number of old ones, before the start too.
  const auto old_bars = [&draw](std::size_t count) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(count) * draw.warp));
  };
  const std::size_t length = std::min<std::size_t>(episode_length_, last - start) + 1;
  const market::BarRange window{start - std::min<std::size_t>(old_bars(warm_up_), start),
                                std::min<std::size_t>(start + old_bars(length) + 1, last + 1)};
  const market::Bars bars =
      market::augment(*source_.bars, window, split_, source_.config, key, warm_up_ + length);
  constexpr std::size_t fewest = 2;  // the bar of the first decision, and the one it is executed on
  if (bars.size() < warm_up_ + fewest) return nullptr;
  const features::FeatureMatrix features = features::compute_features(bars);

  Lane& own = lanes_[lane];
  const std::size_t count = bars.size() - warm_up_;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = warm_up_ + i;
    const market::Bar before = bars[at - (at > 0 ? 1 : 0)];
    own.bars[i] = execution::make_tape_bar(bars[at], at == 0 ? nullptr : &before, bars.interval,
                                           bars.has_volume, instrument_);
    float* row = own.features.data() + i * features.columns;
    std::ranges::copy(features.row(at), row);
    source_.scaler.apply(std::span<float>(row, features.columns));
  }
  own.view = {own.bars.data(), own.features.data(), start, start + count};
  return &own.view;
}

std::size_t AugmentedEpisodes::bytes() const {
  std::size_t sum = 0;
  for (const Lane& lane : lanes_)
    sum += lane.bars.size() * sizeof(execution::TapeBar) + lane.features.size() * sizeof(float);
  return sum;
}

}  // namespace stevie::env
