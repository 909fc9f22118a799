#pragma once
#include <cstdint>
#include <vector>

#include "core/aligned.h"
#include "execution/bar_tape.h"
#include "execution/costs.h"
#include "features/scaler.h"
#include "market/augmentation.h"
#include "market/bars.h"

namespace stevie::env {

/// What a lane reads of the market during an episode. Bar b of it is bars[b - first], its scaled market
/// values begin at features + (b - first) * columns.
struct EpisodeView {
  const execution::TapeBar* bars = nullptr;
  const float* features = nullptr;
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // behind the last bar
};

/// What augmented episodes are made of.
struct AugmentationSource {
  market::AugmentationConfig config;
  const market::Bars* bars = nullptr;  // those of the market's tape; must outlive the environment
  features::RobustScaler scaler;       // that scaled the market's features
};

/// The augmented bars of every lane's episode, in buffers of one episode each that are allocated once.
///
/// An episode's window - the features' warm-up, then its own bars - is augmented as a whole, its features are
/// computed from the augmented bars by the pipeline that computes all others, and scaled by the training
/// split's scaler. It is a pure function of (seed, lane, number of the episode, first bar).
class AugmentedEpisodes {
 public:
  /// Episodes lie in `split` and make `episode_length` decisions at most. Throws Error
  /// "market.bad_augmentation", "env.bad_config" (episodes without a length: the buffers would be copies of
  /// the market), "env.bad_data" (bars that are not those of the market, features of another pipeline).
  AugmentedEpisodes(const AugmentationSource& source, const execution::Instrument& instrument,
                    const execution::BarTape& tape, std::size_t columns, std::size_t warm_up,
                    market::BarRange split, std::size_t episode_length, std::size_t lanes);

  /// The view of an episode that starts at bar `start` and may last to bar `last` of the market; nullptr
  /// where this episode sees the bars as they are: it is none of config.share, or a warp would use up the few
  /// bars up to `last` before anything is decided. For that reason `end` may come before last + 1, too. Valid
  /// until the lane's next episode. Different lanes at the same time are fine.
  const EpisodeView* make(std::size_t lane, std::uint64_t seed, std::uint64_t episode, std::uint64_t start,
                          std::uint64_t last);

  /// Bytes of the buffers.
  std::size_t bytes() const;

 private:
  struct Lane {
    AlignedVector<execution::TapeBar> bars;  // (episode_length + 1)
    AlignedVector<float> features;           // (episode_length + 1, columns)
    EpisodeView view;
  };

  AugmentationSource source_;
  execution::Instrument instrument_;
  std::size_t warm_up_;
  std::size_t episode_length_;
  market::BarRange split_;
  std::vector<Lane> lanes_;
};

}  // namespace stevie::env
