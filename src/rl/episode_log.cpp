#include "rl/episode_log.h"

namespace stevie::rl {

void EpisodeLog::step(std::size_t lane, float reward, bool ended) {
  running_reward_[lane] += reward;
  ++running_length_[lane];
  if (!ended) return;
  recent_.push_back({running_reward_[lane], static_cast<double>(running_length_[lane])});
  if (recent_.size() > window) recent_.pop_front();
  running_reward_[lane] = 0;
  running_length_[lane] = 0;
  ++finished_;
}

std::optional<double> EpisodeLog::mean_reward() const {
  if (recent_.empty()) return std::nullopt;
  double sum = 0;
  for (const Episode& episode : recent_) sum += episode.reward;
  return sum / static_cast<double>(recent_.size());
}

std::optional<double> EpisodeLog::mean_length() const {
  if (recent_.empty()) return std::nullopt;
  double sum = 0;
  for (const Episode& episode : recent_) sum += episode.length;
  return sum / static_cast<double>(recent_.size());
}

void EpisodeLog::save(ByteWriter& writer) const {
  writer.array(std::span<const double>(running_reward_));
  writer.array(std::span<const std::uint64_t>(running_length_));
  const std::vector<Episode> recent(recent_.begin(), recent_.end());
  writer.array(std::span<const Episode>(recent));
  writer.value(finished_);
}

void EpisodeLog::load(ByteReader& reader) {
  reader.array_into(std::span<double>(running_reward_));
  reader.array_into(std::span<std::uint64_t>(running_length_));
  const std::vector<Episode> recent = reader.array<Episode>();
  recent_.assign(recent.begin(), recent.end());
  finished_ = reader.value<std::uint64_t>();
}

}  // namespace stevie::rl
