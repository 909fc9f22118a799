#include "app/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/augmentation_bench.h"
#include "app/bench_timing.h"
#include "app/ensemble_bench.h"
#include "app/live_bench.h"
#include "app/param_read_bench.h"
#include "app/sweep_bench.h"
#include "app/training_market.h"
#include "core/file.h"
#include "env/speed.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "nn/peak.h"
#include "rl/dqn.h"
#include "rl/ppo.h"

namespace stevie::app {
namespace {

constexpr std::size_t load_bar_count = 774'109;  // BTC/USDT in 5-minute bars, August 2017 to the end of 2024
constexpr std::size_t market_bar_count = 64'396;

std::string peak_text(double peak) {
  return fmt::format("FMA peak of {:.1f} GFLOP/s", peak);
}

market::Bars synthetic_bars(std::size_t count, TimeMs interval) {
  market::SyntheticConfig config;
  config.bars = count;
  config.interval = interval;
  return market::make_synthetic_market(config).bars;
}

/// A training with Stable-Baselines3's defaults on the trading environment, with what it needs to live.
class Member {
 public:
  Member(std::shared_ptr<const env::MarketData> market, const std::vector<std::size_t>& widths,
         std::uint64_t seed)
      : config_{.seed = seed},
        environment_(market, {0, market->tape.size()}, {}, config_.n_envs),
        ppo_(environment_,
             {environment_.observation_size(),
              environment_.action_count(),
              {.policy_widths = widths, .value_widths = widths}},
             config_) {}

  double iterate() {
    ppo_.iterate(0);
    return static_cast<double>(config_.rollout_size());
  }
  double collect() {
    ppo_.collect_rollout();
    return static_cast<double>(config_.rollout_size());
  }
  double flops_per_step(const std::vector<std::size_t>& widths) const {
    return ppo_flops_per_step(environment_.observation_size(), environment_.action_count(), widths,
                              config_.n_epochs);
  }

 private:
  rl::PpoConfig config_;
  env::TradingEnv environment_;
  rl::Ppo ppo_;
};

/// The same of DQN: one lane, past the steps that only explore.
class DqnMember {
 public:
  explicit DqnMember(std::shared_ptr<const env::MarketData> market)
      : environment_(market, {0, market->tape.size()}, {}, config_.n_envs), dqn_(environment_, config_) {}

  double iterate() {
    const std::uint64_t before = dqn_.timesteps();
    dqn_.iterate(0);
    return static_cast<double>(dqn_.timesteps() - before);
  }
  double flops_per_step() const {
    return dqn_flops_per_step(environment_.observation_size(), environment_.action_count(), config_);
  }

 private:
  rl::DqnConfig config_;
  env::TradingEnv environment_;
  rl::Dqn dqn_;
};

class Benchmarks {
 public:
  explicit Benchmarks(const BenchRequest& request) : request_(request) {}

  std::vector<BenchRow> run() {
    const std::vector<std::pair<std::string, void (Benchmarks::*)()>> all{
        {"fma_peak", &Benchmarks::fma_peak},
        {"gemm", &Benchmarks::gemm},
        {"ppo_sb3_defaults", &Benchmarks::ppo_small},
        {"ppo_256x256", &Benchmarks::ppo_large},
        {"dqn_sb3_defaults", &Benchmarks::dqn},
        {"rollout", &Benchmarks::rollout},
        {"env_steps", &Benchmarks::env_steps},
        {"env_steps_augmented ppo_augmented", &Benchmarks::augmented},
        {"two_members", &Benchmarks::two_members},
        {"load", &Benchmarks::load},
        {"param_sweep", &Benchmarks::param_sweep},
        {"param_read", &Benchmarks::param_read},
        {"hot_swap", &Benchmarks::hot_swap},
        {"decision_latency", &Benchmarks::decision_latency},
        {"ensemble_decision", &Benchmarks::ensemble_decision}};
    for (const auto& [name, body] : all) {
      if (name.find(request_.only) != std::string::npos) (this->*body)();
    }
    return rows_;
  }

 private:
  void add(BenchRow row) {
    if (request_.report) request_.report(row);
    rows_.push_back(std::move(row));
  }
  market::Bars market_bars() const {
    return request_.market_bars.empty() ? synthetic_bars(market_bar_count, hour_ms)
                                        : market::read_bars(request_.market_bars);
  }
  std::shared_ptr<const env::MarketData> market() {
    if (!market_)
      market_ = prepare_training_market(market_bars(), {}, {}, request_.market_bars.string()).market;
    return market_;
  }

  void fma_peak() {
    const double peak = nn::measure_fma_peak(request_.seconds / 3);
    add({"fma_peak", peak, "GFLOP/s", "itself", 1.0});
  }

  void gemm() {
    gemm_of_shape("gemm_64x64x104", 64, 104);
    gemm_of_shape("gemm_64x256x256", 256, 256);
  }
  /// Our kernel and Eigen on a minibatch of 64 rows, k inputs and n outputs.
  void gemm_of_shape(const std::string& name, unsigned n, unsigned k) {
    constexpr unsigned rows = 64;
    const double seconds = request_.seconds / 4;
    const Measured ours = measure(seconds, [=](double s) { return nn::measure_gemm(rows, n, k, s); });
    add({name, ours.value, "GFLOP/s", peak_text(ours.peak), ours.value / ours.peak});
    const Measured eigen = measure(seconds, [=](double s) { return nn::measure_gemm_eigen(rows, n, k, s); });
    add({name + "_eigen", eigen.value, "GFLOP/s", peak_text(eigen.peak), eigen.value / eigen.peak});
  }

  void ppo(const std::string& name, const std::vector<std::size_t>& widths) {
    Member member(market(), widths, 1);
    member.iterate();
    const Measured measured = measure(
        request_.seconds, [&member](double s) { return rate_of(s, [&] { return member.iterate(); }); });
    const double gflops = measured.value * member.flops_per_step(widths) * 1e-9;
    add({name, measured.value, "steps/s",
         fmt::format("{}, {:.3f} MFLOP a step", peak_text(measured.peak),
                     member.flops_per_step(widths) * 1e-6),
         gflops / measured.peak});
  }
  void ppo_small() { ppo("ppo_sb3_defaults", {64, 64}); }
  void ppo_large() { ppo("ppo_256x256", {256, 256}); }

  /// Counts the thread's processor time: machines are shared, and the work is on one thread.
  void dqn() {
    DqnMember member(market());
    member.iterate();
    const Measured measured = measure(request_.seconds, [&member](double s) {
      return rate_of(
          s, [&] { return member.iterate(); }, processor_now);
    });
    const double flops = member.flops_per_step();
    add({"dqn_sb3_defaults", measured.value, "steps/s",
         fmt::format("{}, {:.3f} MFLOP a step", peak_text(measured.peak), flops * 1e-6),
         measured.value * flops * 1e-9 / measured.peak});
  }

  void rollout() {
    constexpr double wanted = 2e6;
    Member member(market(), {64, 64}, 1);
    member.collect();
    const Measured measured = measure(
        request_.seconds, [&member](double s) { return rate_of(s, [&] { return member.collect(); }); });
    add({"rollout", measured.value, "steps/s",
         fmt::format("2 million steps/s, at an {}", peak_text(measured.peak)), measured.value / wanted});
  }

  void env_steps() {
    constexpr double wanted = 10e6;
    const Measured measured =
        measure(request_.seconds, [](double s) { return env::measure_env_steps_per_second(s); });
    add({"env_steps", measured.value, "steps/s", "10 million steps/s", measured.value / wanted});
  }

  void augmented() {
    for (BenchRow& row : measure_augmentation(market_bars(), request_.seconds)) add(std::move(row));
  }

  void two_members() {
    constexpr int iterations = 4;
    const auto seconds_of = [](Member& member) {
      const double start = now();
      for (int i = 0; i < iterations; ++i) member.iterate();
      return now() - start;
    };
    Member first(market(), {64, 64}, 1), second(market(), {64, 64}, 2);
    first.iterate();
    second.iterate();
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      const double alone = seconds_of(first);
      const double start = now();
      std::thread other([&] { seconds_of(second); });
      seconds_of(first);
      other.join();
      ratios.push_back(2.0 * alone / (now() - start));
    }
    add({"two_members", median(ratios), "times one",
         fmt::format("one training alone, {} cores", std::thread::hardware_concurrency()),
         median(ratios) / 2.0});
  }

  void load() {
    constexpr double wanted_seconds = 2.0;
    std::filesystem::path file = request_.load_bars;
    const bool synthetic = file.empty();
    if (synthetic) {
      file = std::filesystem::temp_directory_path() / "stevie-bench-load.csv.gz";
      market::write_bars(file, synthetic_bars(load_bar_count, 5 * minute_ms));
    }
    std::vector<double> seconds;
    std::size_t bars = 0;
    for (int round = 0; round < 3; ++round) {
      const double start = now();
      bars = load_training_market(file, {}, {}).bars.size();
      seconds.push_back(now() - start);
    }
    if (synthetic) std::filesystem::remove(file);
    add({"load", median(seconds), "s",
         fmt::format("2 s for 774,109 bars; this {} has {} bars", synthetic ? "synthetic file" : "file",
                     bars),
         median(seconds) / wanted_seconds});
  }

  void param_sweep() {
    for (BenchRow& row : measure_parameter_sweep(market_bars(), request_.seconds)) add(std::move(row));
  }

  void param_read() {
    for (BenchRow& row : measure_parameter_reads(request_.seconds)) add(std::move(row));
  }

  void hot_swap() { add(measure_hot_swap(market_bars(), request_.seconds)); }
  void decision_latency() {
    for (BenchRow& row : measure_decision_latency(market_bars(), request_.seconds)) add(std::move(row));
  }

  void ensemble_decision() { add(measure_ensemble_decision(request_.seconds)); }

  const BenchRequest& request_;
  std::vector<BenchRow> rows_;
  std::shared_ptr<const env::MarketData> market_;
};

}  // namespace

std::vector<BenchRow> run_benchmarks(const BenchRequest& request) {
  return Benchmarks(request).run();
}

std::string bench_json(const std::vector<BenchRow>& rows) {
  nlohmann::json result = nlohmann::json::array();
  for (const BenchRow& row : rows) {
    result.push_back({{"name", row.name},
                      {"value", row.value},
                      {"unit", row.unit},
                      {"yardstick", row.yardstick},
                      {"fraction", row.fraction}});
  }
  constexpr int indent = 1;
  return result.dump(indent) + "\n";
}

namespace {

/// Of one row in a network of dense layers.
struct RowFlops {
  double forward = 0;          // and those of the weights' gradients
  double input_gradients = 0;  // of all layers but the first
};

RowFlops row_flops(std::size_t inputs, const std::vector<std::size_t>& widths, std::size_t outputs) {
  RowFlops flops;
  bool first = true;
  const auto add_layer = [&](std::size_t width) {
    const double layer = 2.0 * static_cast<double>(inputs * width);
    flops.forward += layer;
    if (!first) flops.input_gradients += layer;
    inputs = width;
    first = false;
  };
  for (const std::size_t width : widths) add_layer(width);
  add_layer(outputs);
  return flops;
}

}  // namespace

double ppo_flops_per_step(std::size_t observation_size, std::size_t action_count,
                          const std::vector<std::size_t>& widths, std::size_t n_epochs) {
  const RowFlops policy = row_flops(observation_size, widths, action_count);
  const RowFlops value = row_flops(observation_size, widths, 1);
  const double forward = policy.forward + value.forward;
  return forward +
         static_cast<double>(n_epochs) * (2.0 * forward + policy.input_gradients + value.input_gradients);
}

double dqn_flops_per_step(std::size_t observation_size, std::size_t action_count,
                          const rl::DqnConfig& config) {
  const RowFlops row = row_flops(observation_size, config.net_arch, action_count);
  const double rows_a_step = static_cast<double>(config.batch_size) *
                             static_cast<double>(config.gradient_steps) /
                             static_cast<double>(config.train_freq * config.n_envs);
  return row.forward + rows_a_step * (3.0 * row.forward + row.input_gradients);
}

}  // namespace stevie::app
