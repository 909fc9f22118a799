#include "search/pgpe.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"
#include "core/random.h"
#include "search/unit_box.h"

namespace stevie::search {
namespace {

class Pgpe final : public Optimizer {
 public:
  Pgpe(const Box& box, const PgpeConfig& config)
      : config_(config), box_(box), mean_(box_.start()), sigma_(box_.dimensions(), config.start_sigma) {}

  std::string_view name() const override { return "PGPE"; }
  std::vector<std::vector<double>> ask() const override;
  void tell(std::span<const double> rewards) override;
  std::uint64_t episodes() const override { return record_.episodes; }
  bool converged() const override {
    return record_.flat >= config_.flat_batches || std::ranges::max(sigma_) < config_.tolerance;
  }
  std::vector<double> centre() const override { return box_.point(mean_); }
  std::vector<double> spread() const override { return sigma_; }
  const std::optional<BestPoint>& best() const override { return record_.best; }
  std::string save() const override;
  void restore(std::string_view bytes) override;

 private:
  /// What is added to the mean and taken from it in this episode, (pairs, dimensions). A pure function of the
  /// seed, the episode and sigma, so that no random state has to be kept.
  std::vector<std::vector<double>> steps() const;
  /// The weight of every reward in the gradient; moves the baseline of `normalise`.
  std::vector<double> shaped(std::span<const double> rewards);
  std::string identity() const;

  PgpeConfig config_;
  UnitBox box_;
  std::vector<double> mean_, sigma_;  // (dimensions), in units of the box
  std::optional<double> baseline_;    // of raw rewards; absent before the first batch
  SearchRecord record_;
};

std::vector<std::vector<double>> Pgpe::steps() const {
  RandomStream random(config_.seed, record_.episodes);
  std::vector<std::vector<double>> steps(config_.pairs, std::vector<double>(sigma_.size()));
  for (auto& step : steps) {
    for (std::size_t i = 0; i < step.size(); ++i) step[i] = sigma_[i] * random.normal();
  }
  return steps;
}

std::vector<std::vector<double>> Pgpe::ask() const {
  std::vector<std::vector<double>> points;
  points.reserve(2 * config_.pairs);
  std::vector<double> unit(mean_.size());
  for (const auto& step : steps()) {
    for (const double side : {1.0, -1.0}) {
      for (std::size_t i = 0; i < unit.size(); ++i) unit[i] = mean_[i] + side * step[i];
      points.push_back(box_.point(unit));
    }
  }
  return points;
}

std::vector<double> Pgpe::shaped(std::span<const double> rewards) {
  if (config_.shaping == RewardShaping::rank) return centred_ranks(rewards);
  double worst = 0;
  bool any = false;
  for (const double reward : rewards) {
    if (!std::isfinite(reward)) continue;
    worst = any ? std::min(worst, reward) : reward;
    any = true;
  }
  std::vector<double> values(rewards.begin(), rewards.end());
  for (double& value : values) value = std::isfinite(value) ? value : worst;
  const auto count = static_cast<double>(values.size());
  double mean = 0, variance = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) variance += (value - mean) * (value - mean) / count;
  const double baseline = baseline_.value_or(mean);
  baseline_ = config_.baseline_memory * baseline + (1 - config_.baseline_memory) * mean;
  const double scale = variance > 0 ? 1 / std::sqrt(variance) : 0.0;
  for (double& value : values) value = (value - baseline) * scale;
  return values;
}

void Pgpe::tell(std::span<const double> rewards) {
  const auto moved = steps();
  record_.tell(ask(), rewards);
  if (record_.flat > 0) {  // equal rewards say nothing about where to go but that it is not here
    for (double& sigma : sigma_) sigma = std::min(sigma * (1 + config_.most_sigma_change), 1.0);
    return;
  }
  const std::vector<double> weights = shaped(rewards);
  const auto pairs = static_cast<double>(config_.pairs);
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    double mean_step = 0, sigma_step = 0;
    for (std::size_t k = 0; k < moved.size(); ++k) {
      const double plus = weights[2 * k], minus = weights[2 * k + 1], e = moved[k][i];
      mean_step += e * (plus - minus) / 2;
      sigma_step += (plus + minus) / 2 * (e * e - sigma_[i] * sigma_[i]) / sigma_[i];
    }
    mean_[i] = std::clamp(mean_[i] + config_.step_mean * mean_step / pairs, 0.0, 1.0);
    const double most = config_.most_sigma_change * sigma_[i];
    const double change = std::clamp(config_.step_sigma * sigma_step / pairs, -most, most);
    sigma_[i] = std::min(sigma_[i] + change, 1.0);
  }
}

std::string Pgpe::identity() const {
  ByteWriter writer;
  box_.write(writer);
  writer.value(config_.seed);
  writer.value<std::uint64_t>(config_.pairs);
  for (const double number : {config_.start_sigma, config_.step_mean, config_.step_sigma,
                              config_.most_sigma_change, config_.baseline_memory})
    writer.value(number);
  writer.value(config_.shaping);
  return "PGPE 1 " + writer.take();
}

std::string Pgpe::save() const {
  ByteWriter writer;
  write_identity(writer, identity());
  record_.write(writer);
  writer.array<double>(mean_);
  writer.array<double>(sigma_);
  writer.value<std::uint8_t>(baseline_.has_value());
  writer.value(baseline_.value_or(0.0));
  return writer.take();
}

void Pgpe::restore(std::string_view bytes) {
  ByteReader reader(bytes);
  check_identity(reader, identity());
  Pgpe read = *this;
  read.record_.read(reader);
  reader.array_into<double>(read.mean_);
  reader.array_into<double>(read.sigma_);
  const bool has_baseline = reader.value<std::uint8_t>() != 0;
  const auto baseline = reader.value<double>();
  read.baseline_ = has_baseline ? std::optional(baseline) : std::nullopt;
  *this = std::move(read);
}

}  // namespace

void PgpeConfig::validate() const {
  std::string faults;
  const auto require = [&](bool fine, const char* sentence) {
    if (!fine) faults += (faults.empty() ? "" : "; ") + std::string(sentence);
  };
  require(pairs >= 1 && pairs <= 10'000, "pairs must be 1 to 10,000");
  require(start_sigma > 0 && start_sigma <= 1, "start_sigma must be above 0 and at most 1");
  require(step_mean > 0 && std::isfinite(step_mean), "step_mean must be above 0");
  require(step_sigma > 0 && std::isfinite(step_sigma), "step_sigma must be above 0");
  require(most_sigma_change > 0 && most_sigma_change < 1, "most_sigma_change must be between 0 and 1");
  require(baseline_memory >= 0 && baseline_memory < 1, "baseline_memory must be at least 0 and below 1");
  require(tolerance >= 0 && tolerance < 1, "tolerance must be at least 0 and below 1");
  require(flat_batches >= 1, "flat_batches must be at least 1");
  if (!faults.empty()) throw Error("search.bad_config", "PGPE cannot be set up like this: " + faults);
}

std::unique_ptr<Optimizer> make_pgpe(const Box& box, const PgpeConfig& config) {
  config.validate();
  return std::make_unique<Pgpe>(box, config);
}

}  // namespace stevie::search
