#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"

namespace stevie::rl {

/// Reward and length of the episodes that ended lately: what Stable-Baselines3 prints as ep_rew_mean and
/// ep_len_mean, means over the last 100 episodes.
class EpisodeLog {
 public:
  explicit EpisodeLog(std::size_t lanes) : running_reward_(lanes), running_length_(lanes) {}

  void step(std::size_t lane, float reward, bool ended);

  std::uint64_t finished() const { return finished_; }
  /// Absent until an episode has ended.
  std::optional<double> mean_reward() const;
  std::optional<double> mean_length() const;

  void save(ByteWriter& writer) const;
  void load(ByteReader& reader);

 private:
  struct Episode {
    double reward;
    double length;
  };
  static constexpr std::size_t window = 100;

  std::vector<double> running_reward_;
  std::vector<std::uint64_t> running_length_;
  std::deque<Episode> recent_;
  std::uint64_t finished_ = 0;
};

}  // namespace stevie::rl
