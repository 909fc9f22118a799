#include "search/cma_es.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"
#include "core/random.h"
#include "search/unit_box.h"

namespace stevie::search {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Weights and rates of the tutorial's table 1, in its names.
struct Rates {
  std::vector<double> weights;  // by rank, best first; those of the worse half are negative
  std::size_t mu = 0;           // weights above 0
  double mu_eff = 0, c_sigma = 0, d_sigma = 0, c_c = 0, c_1 = 0, c_mu = 0;
  double expected_length = 0;  // of a standard normal vector
};

double effective_number(const std::vector<double>& weights, std::size_t begin, std::size_t end) {
  double sum = 0, squares = 0;
  for (std::size_t i = begin; i < end; ++i) {
    sum += weights[i];
    squares += weights[i] * weights[i];
  }
  return squares > 0 ? sum * sum / squares : 0.0;
}

Rates make_rates(std::size_t dimensions, std::size_t batch) {
  const auto n = static_cast<double>(dimensions);
  Rates rates;
  rates.weights.resize(batch);
  for (std::size_t i = 0; i < batch; ++i) {
    rates.weights[i] = std::log((static_cast<double>(batch) + 1) / 2) - std::log(static_cast<double>(i + 1));
  }
  rates.mu = batch / 2;
  rates.mu_eff = effective_number(rates.weights, 0, rates.mu);
  const double mu_eff_negative = effective_number(rates.weights, rates.mu, batch);
  rates.c_sigma = (rates.mu_eff + 2) / (n + rates.mu_eff + 5);
  rates.d_sigma = 1 + 2 * std::max(0.0, std::sqrt((rates.mu_eff - 1) / (n + 1)) - 1) + rates.c_sigma;
  rates.c_c = (4 + rates.mu_eff / n) / (n + 4 + 2 * rates.mu_eff / n);
  rates.c_1 = 2 / ((n + 1.3) * (n + 1.3) + rates.mu_eff);
  rates.c_mu = std::min(
      1 - rates.c_1, 2 * (0.25 + rates.mu_eff + 1 / rates.mu_eff - 2) / ((n + 2) * (n + 2) + rates.mu_eff));
  double positive = 0, negative = 0;
  for (const double weight : rates.weights) (weight > 0 ? positive : negative) += std::abs(weight);
  const double of_negative =
      std::min({1 + rates.c_1 / rates.c_mu, 1 + 2 * mu_eff_negative / (rates.mu_eff + 2),
                (1 - rates.c_1 - rates.c_mu) / (n * rates.c_mu)});
  for (double& weight : rates.weights) {
    weight *= weight > 0 ? 1 / positive : (negative > 0 ? of_negative / negative : 0.0);
  }
  rates.expected_length = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
  return rates;
}

double interquartile_range(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.size() < 2) return 0;
  std::ranges::sort(values);
  return values[values.size() * 3 / 4] - values[values.size() / 4];
}

class CmaEs final : public Optimizer {
 public:
  CmaEs(const Box& box, const CmaEsConfig& config)
      : config_(config),
        box_(box),
        batch_(config.batch != 0
                   ? config.batch
                   : 4 + static_cast<std::size_t>(3 * std::log(static_cast<double>(box.dimensions())))),
        rates_(make_rates(box.dimensions(), batch_)),
        sigma_(config.start_sigma) {
    const auto n = static_cast<Eigen::Index>(box.dimensions());
    mean_ = Eigen::Map<const VectorXd>(box_.start().data(), n);
    covariance_ = MatrixXd::Identity(n, n);
    path_sigma_ = VectorXd::Zero(n);
    path_c_ = VectorXd::Zero(n);
    decompose();
  }

  std::string_view name() const override { return "CMA-ES"; }
  std::vector<std::vector<double>> ask() const override;
  void tell(std::span<const double> rewards) override;
  std::uint64_t episodes() const override { return record_.episodes; }
  bool converged() const override {
    return record_.flat >= config_.flat_batches || std::ranges::max(spread()) < config_.tolerance;
  }
  std::vector<double> centre() const override {
    return box_.point({mean_.data(), static_cast<std::size_t>(mean_.size())});
  }
  std::vector<double> spread() const override;
  const std::optional<BestPoint>& best() const override { return record_.best; }
  std::string save() const override;
  void restore(std::string_view bytes) override;

 private:
  /// The sampled directions y of x = mean + sigma y, one a column; as in PGPE no random state is kept.
  MatrixXd directions() const;
  /// Rewards less the penalty for the distance to the box.
  std::vector<double> penalised(const MatrixXd& y, std::span<const double> rewards) const;
  /// The weight of each point by its rank; equal rewards share the mean of theirs.
  std::vector<double> weights_of(const std::vector<double>& values) const;
  void update(const MatrixXd& y, const std::vector<double>& weights);
  /// A step of more than the whole box finds nothing that the box does not have.
  void bound_sigma();
  void decompose();
  std::string identity() const;

  CmaEsConfig config_;
  UnitBox box_;
  std::size_t batch_;
  Rates rates_;
  double sigma_;
  VectorXd mean_, path_sigma_, path_c_;
  MatrixXd covariance_;
  MatrixXd axes_;     // eigenvectors of the covariance
  VectorXd lengths_;  // square roots of its eigenvalues
  SearchRecord record_;
};

void CmaEs::decompose() {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(covariance_);
  axes_ = solver.eigenvectors();
  // A variance of 1e-20 of the largest would be noise of the arithmetic.
  const double least = 1e-20 * std::max(solver.eigenvalues().maxCoeff(), 1e-300);
  lengths_ = solver.eigenvalues().cwiseMax(least).cwiseSqrt();
}

MatrixXd CmaEs::directions() const {
  RandomStream random(config_.seed, record_.episodes);
  MatrixXd normal(mean_.size(), static_cast<Eigen::Index>(batch_));
  for (Eigen::Index k = 0; k < normal.cols(); ++k) {
    for (Eigen::Index i = 0; i < normal.rows(); ++i) normal(i, k) = random.normal();
  }
  return axes_ * lengths_.asDiagonal() * normal;
}

std::vector<std::vector<double>> CmaEs::ask() const {
  const MatrixXd y = directions();
  std::vector<std::vector<double>> points;
  points.reserve(batch_);
  for (Eigen::Index k = 0; k < y.cols(); ++k) {
    const VectorXd x = mean_ + sigma_ * y.col(k);
    points.push_back(box_.point({x.data(), static_cast<std::size_t>(x.size())}));
  }
  return points;
}

std::vector<double> CmaEs::penalised(const MatrixXd& y, std::span<const double> rewards) const {
  std::vector<double> values(rewards.begin(), rewards.end());
  const double variance = sigma_ * sigma_ * covariance_.diagonal().mean();
  const double weight = variance > 0 ? interquartile_range(values) / variance : 0.0;
  for (Eigen::Index k = 0; k < y.cols(); ++k) {
    const VectorXd x = mean_ + sigma_ * y.col(k);
    values[static_cast<std::size_t>(k)] -= weight * (x - x.cwiseMax(0.0).cwiseMin(1.0)).squaredNorm();
  }
  return values;
}

std::vector<double> CmaEs::weights_of(const std::vector<double>& values) const {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return comparable(values[a]) > comparable(values[b]); });
  std::vector<double> weights(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    double sum = 0;
    while (end < order.size() && comparable(values[order[end]]) == comparable(values[order[first]])) {
      sum += rates_.weights[end++];
    }
    for (std::size_t k = first; k < end; ++k) weights[order[k]] = sum / static_cast<double>(end - first);
    first = end;
  }
  return weights;
}

void CmaEs::update(const MatrixXd& y, const std::vector<double>& weights) {
  const auto n = static_cast<double>(mean_.size());
  const MatrixXd whiten = axes_ * lengths_.cwiseInverse().asDiagonal() * axes_.transpose();  // C^(-1/2)
  VectorXd step = VectorXd::Zero(mean_.size());
  double weight_sum = 0;
  for (Eigen::Index k = 0; k < y.cols(); ++k) {
    const double weight = weights[static_cast<std::size_t>(k)];
    step += std::max(weight, 0.0) * y.col(k);
    weight_sum += weight;
  }
  mean_ += sigma_ * step;
  path_sigma_ = (1 - rates_.c_sigma) * path_sigma_ +
                std::sqrt(rates_.c_sigma * (2 - rates_.c_sigma) * rates_.mu_eff) * (whiten * step);
  const double length = path_sigma_.norm();
  const double settled =
      std::sqrt(1 - std::pow(1 - rates_.c_sigma, 2 * static_cast<double>(record_.episodes)));
  const bool steady = length / settled < (1.4 + 2 / (n + 1)) * rates_.expected_length;
  path_c_ *= 1 - rates_.c_c;
  if (steady) path_c_ += std::sqrt(rates_.c_c * (2 - rates_.c_c) * rates_.mu_eff) * step;

  const double lost = steady ? 0.0 : rates_.c_c * (2 - rates_.c_c);
  covariance_ *= 1 + rates_.c_1 * lost - rates_.c_1 - rates_.c_mu * weight_sum;
  covariance_ += rates_.c_1 * path_c_ * path_c_.transpose();
  for (Eigen::Index k = 0; k < y.cols(); ++k) {
    double weight = weights[static_cast<std::size_t>(k)];
    if (weight < 0) weight *= n / std::max((whiten * y.col(k)).squaredNorm(), 1e-300);
    covariance_ += rates_.c_mu * weight * y.col(k) * y.col(k).transpose();
  }
  covariance_ = (0.5 * (covariance_ + covariance_.transpose())).eval();
  sigma_ *= std::exp(std::min(1.0, rates_.c_sigma / rates_.d_sigma * (length / rates_.expected_length - 1)));
  bound_sigma();
  decompose();
}

void CmaEs::bound_sigma() {
  const double widest = std::sqrt(covariance_.diagonal().maxCoeff());
  if (sigma_ * widest > 1) sigma_ = 1 / widest;
}

void CmaEs::tell(std::span<const double> rewards) {
  const MatrixXd y = directions();
  record_.tell(ask(), rewards);
  if (record_.flat > 0) {  // equal rewards say nothing about where to go but that it is not here
    constexpr double widening = 1.2;
    sigma_ *= widening;
    bound_sigma();
    return;
  }
  update(y, weights_of(penalised(y, rewards)));
}

std::vector<double> CmaEs::spread() const {
  std::vector<double> result(static_cast<std::size_t>(mean_.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    result[i] = sigma_ * std::sqrt(std::max(covariance_(k, k), 0.0));
  }
  return result;
}

std::string CmaEs::identity() const {
  ByteWriter writer;
  box_.write(writer);
  writer.value(config_.seed);
  writer.value<std::uint64_t>(batch_);
  writer.value(config_.start_sigma);
  return "CMA-ES 1 " + writer.take();
}

std::span<const double> numbers(const auto& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}
std::span<double> numbers(auto& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}

std::string CmaEs::save() const {
  ByteWriter writer;
  write_identity(writer, identity());
  record_.write(writer);
  writer.value(sigma_);
  for (const VectorXd* column : {&mean_, &path_sigma_, &path_c_}) writer.array(numbers(*column));
  writer.array(numbers(covariance_));
  return writer.take();
}

void CmaEs::restore(std::string_view bytes) {
  ByteReader reader(bytes);
  check_identity(reader, identity());
  CmaEs read = *this;
  read.record_.read(reader);
  read.sigma_ = reader.value<double>();
  for (VectorXd* column : {&read.mean_, &read.path_sigma_, &read.path_c_})
    reader.array_into(numbers(*column));
  reader.array_into(numbers(read.covariance_));
  read.decompose();
  *this = std::move(read);
}

}  // namespace

void CmaEsConfig::validate() const {
  std::string faults;
  const auto require = [&](bool fine, const char* sentence) {
    if (!fine) faults += (faults.empty() ? "" : "; ") + std::string(sentence);
  };
  require(batch == 0 || (batch >= 4 && batch <= 20'000), "batch must be 0 or 4 to 20,000");
  require(start_sigma > 0 && start_sigma <= 1, "start_sigma must be above 0 and at most 1");
  require(tolerance >= 0 && tolerance < 1, "tolerance must be at least 0 and below 1");
  require(flat_batches >= 1, "flat_batches must be at least 1");
  if (!faults.empty()) throw Error("search.bad_config", "CMA-ES cannot be set up like this: " + faults);
}

std::unique_ptr<Optimizer> make_cma_es(const Box& box, const CmaEsConfig& config) {
  config.validate();
  box.validate();
  return std::make_unique<CmaEs>(box, config);
}

}  // namespace stevie::search
