#include "app/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "app/evaluate.h"
#include "app/model_card.h"
#include "app/training_market.h"
#include "app/worker_progress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "evaluation/backtest.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "market/synthetic.h"
#include "strategy/policy_strategy.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

std::vector<Algorithm> algorithms_of(const Config& config) {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : {Algorithm::ppo, Algorithm::dqn}) {
    if (std::ranges::find(config.bootstrap.algorithms, name_of(algorithm)) !=
        config.bootstrap.algorithms.end())
      algorithms.push_back(algorithm);
  }
  return algorithms;
}

fs::path folder_of(Algorithm algorithm, std::uint64_t seed) {
  return fmt::format("{}_seed{}", name_of(algorithm), seed);
}
fs::path model_of(Algorithm algorithm) {
  return fs::path("models") / fmt::format("{}_stevie.zip", name_of(algorithm));
}

PartResult part_result(const execution::SimulationResult& run) {
  std::vector<double> profits;
  PartResult result;
  result.performance = stats::measure(evaluation::equity_curve(run, profits));
  result.reward = log_growth_of(run);
  result.profit = run.equity.back() - run.initial_equity;
  return result;
}

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// How far all trainings together are, from what each of them tells.
class BootstrapProgress {
 public:
  explicit BootstrapProgress(const BootstrapRequest& request)
      : file_(request.progress_file),
        clock_(request.wall_clock ? request.wall_clock : system_seconds),
        each_(request.config.train.total_timesteps),
        algorithms_(algorithms_of(request.config)),
        seeds_(request.config.bootstrap.seeds) {
    all_.episodes = each_ * algorithms_.size() * seeds_;
    all_.phase = WorkerPhase::loading;
    file_.write(all_);
  }

  /// The next training.
  void begin() {
    finished_ = begun_++;
    first_.reset();
  }

  void tell(Algorithm algorithm, const WorkerProgress& one) {
    const double now = clock_();
    if (!first_) {
      first_ = one.episode;
      since_ = now;
    }
    if (one.episode > *first_)
      seconds_a_step_[algorithm] = std::max(0.0, now - since_) / static_cast<double>(one.episode - *first_);
    all_.phase = WorkerPhase::searching;
    all_.episode = finished_ * each_ + one.episode;
    all_.fraction = static_cast<double>(all_.episode) / static_cast<double>(all_.episodes);
    if (one.best_reward)
      all_.best_reward = std::max(all_.best_reward.value_or(*one.best_reward), *one.best_reward);
    all_.running_reward = one.running_reward;
    all_.seconds_left = seconds_left(algorithm, one.episode);
    file_.write(all_);
  }

  void judge() { file_.enter(WorkerPhase::judging); }

 private:
  /// An algorithm that has not begun is taken to be as fast as the one at work.
  std::optional<double> seconds_left(Algorithm algorithm, std::uint64_t done) const {
    const auto known = seconds_a_step_.find(algorithm);
    if (known == seconds_a_step_.end()) return std::nullopt;
    double seconds = known->second * static_cast<double>(each_ - std::min(done, each_));
    for (std::uint64_t next = begun_; next < algorithms_.size() * seeds_; ++next) {
      const auto other = seconds_a_step_.find(algorithms_[next / seeds_]);
      seconds += (other == seconds_a_step_.end() ? known : other)->second * static_cast<double>(each_);
    }
    return seconds;
  }

  ProgressFile file_;
  std::function<double()> clock_;
  std::uint64_t each_;
  std::vector<Algorithm> algorithms_;
  std::uint64_t seeds_;
  std::uint64_t begun_ = 0, finished_ = 0;  // trainings
  std::optional<std::uint64_t> first_;      // steps that the training at work had at `since_`
  double since_ = 0;
  std::map<Algorithm, double> seconds_a_step_;
  WorkerProgress all_;
};

/// One whole `stevie bootstrap`.
class Bootstrap {
 public:
  explicit Bootstrap(const BootstrapRequest& request)
      : request_(request),
        progress_(request),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)),
        engine_(judging_engine(request.config.env)) {}

  BootstrapReport run() {
    check();
    require_writable_folder(request_.out);
    const FolderLock lock(request_.out);
    train_all();
    progress_.judge();
    choose();
    judge();
    return std::move(report_);
  }

 private:
  /// What would otherwise come to light after the first trainings.
  void check() const {
    require_judgeable(market_, request_.data.string());
    const Config& config = request_.config;
    for (const Algorithm algorithm : algorithms_of(config)) {
      const std::size_t lanes = algorithm == Algorithm::dqn ? config.dqn.n_envs : config.ppo.n_envs;
      require_trainable(env::TradingEnv(market_.market, market_.split.train, config.env, lanes,
                                        augmentation_source(market_, config.augmentation)),
                        algorithm, config);
    }
  }

  void train_all() {
    const BootstrapTraining& plan = request_.config.bootstrap;
    const std::vector<Algorithm> algorithms = algorithms_of(request_.config);
    const std::uint64_t all = algorithms.size() * plan.seeds;
    std::uint64_t number = 0;
    for (const Algorithm algorithm : algorithms) {
      AlgorithmRuns runs{algorithm, {}, 0};
      for (std::uint64_t seed = plan.first_seed; seed < plan.first_seed + plan.seeds; ++seed) {
        if (request_.progress.out != nullptr)
          *request_.progress.out << fmt::format("{}, seed {}: training {} of {}\n", name_of(algorithm), seed,
                                                ++number, all);
        runs.runs.push_back(train(algorithm, seed));
      }
      report_.algorithms.push_back(std::move(runs));
    }
  }

  SeedRun train(Algorithm algorithm, std::uint64_t seed) {
    SeedRun run;
    run.seed = seed;
    run.folder = folder_of(algorithm, seed);
    TrainRequest training;
    training.algorithm = algorithm;
    training.data = request_.data;
    training.out = request_.out / run.folder;
    training.resume = request_.resume &&
                      fs::exists(training.out / "checkpoints" / fmt::format("{}.zip", name_of(algorithm)));
    training.synthetic = request_.synthetic;
    training.judge = false;
    training.config = request_.config;
    (algorithm == Algorithm::dqn ? training.config.dqn.seed : training.config.ppo.seed) = seed;
    training.progress = request_.progress;
    training.wall_clock = request_.wall_clock;
    training.told = [&](const WorkerProgress& told) { progress_.tell(algorithm, told); };
    progress_.begin();
    const TrainReport trained = train_policy(training);
    run.timesteps = trained.timesteps;
    run.best_timesteps = trained.best_timesteps;
    run.training_reward = trained.training_reward;
    run.validation = part_result(play(algorithm, run, judged_range(market_, market_.split.validation)));
    return run;
  }

  nn::ModelFile kept_model(Algorithm algorithm, const SeedRun& run) const {
    return nn::read_model_file(request_.out / run.folder / model_of(algorithm));
  }
  execution::SimulationResult play(Algorithm algorithm, const SeedRun& run, market::BarRange range) const {
    strategy::PolicyStrategy policy("policy",
                                    std::make_shared<nn::ActorCritic>(network_of(kept_model(algorithm, run))),
                                    request_.config.env.exposures);
    return evaluation::run_backtest(policy, *market_.market, range, engine_);
  }

  void choose() {
    for (AlgorithmRuns& algorithm : report_.algorithms) {
      const auto best = std::ranges::max_element(algorithm.runs, {},
                                                 [](const SeedRun& run) { return run.validation.reward; });
      algorithm.chosen = static_cast<std::size_t>(best - algorithm.runs.begin());
      write_file(request_.out / model_of(algorithm.algorithm),
                 read_file(request_.out / best->folder / model_of(algorithm.algorithm)));
    }
    const auto best = std::ranges::max_element(report_.algorithms, {}, [](const AlgorithmRuns& algorithm) {
      return algorithm.runs[algorithm.chosen].validation.reward;
    });
    report_.chosen = static_cast<std::size_t>(best - report_.algorithms.begin());
  }

  void judge() {
    const market::BarRange test = judged_range(market_, market_.split.test);
    for (AlgorithmRuns& algorithm : report_.algorithms) {
      for (SeedRun& run : algorithm.runs) run.test = part_result(play(algorithm.algorithm, run, test));
    }
    const Algorithm algorithm = report_.best().algorithm;
    const SeedRun& best = report_.best_run();
    const fs::path file = request_.out / model_of(algorithm);
    const nn::ModelFile model = nn::read_model_file(file);
    const ModelCard card = model_card_of(model, file.string());
    report_.test = evaluate_policy(
        {.network = std::make_shared<const nn::ActorCritic>(network_of(model)),
         .card = card,
         .algorithm = model.algorithm,
         .bars = market_.bars,
         .market = *market_.market,
         .period = market_.split.test,
         .model = fmt::format("{}, seed {} of {}", file.string(), best.seed, report_.best().runs.size()),
         .data = request_.data.string(),
         .synthetic = card.synthetic});
    add_baselines(play(algorithm, best, judged_range(market_, market_.split.validation)));
    report_.sentence = sentence();
    report_.test.description.notices.push_back(report_.sentence);
    write_evaluation(report_.test, request_.out);
    write_file(request_.out / "bootstrap_report.html", bootstrap_html(report_));
    write_file(request_.out / "training_results.json", bootstrap_json(request_, report_));
  }

  void add_baselines(const execution::SimulationResult& best_on_validation) {
    const std::vector<evaluation::NamedRun> validation = evaluation::make_baselines(
        best_on_validation, market_.market->tape, judged_range(market_, market_.split.validation), engine_);
    for (std::size_t i = 0; i < validation.size(); ++i) {
      const evaluation::NamedRun& test = report_.test.baselines.at(i).run;
      report_.baselines.push_back(
          {test.key, test.name, part_result(validation[i].result), part_result(test.result)});
    }
  }

  std::string sentence() const {
    const SeedRun& best = report_.best_run();
    const auto growth = [](const PartResult& part) {
      return evaluation::format_percent(std::expm1(part.reward));
    };
    std::size_t trained = 0;
    for (const AlgorithmRuns& algorithm : report_.algorithms) trained += algorithm.runs.size();
    const Baseline& held = report_.baselines.at(evaluation::buy_and_hold_index);
    return fmt::format(
        "Of {} trainings {} with seed {} did best on the validation part: {} there, where buy and hold had "
        "{}; that figure is flattering, because it is the best of {}.{} On the test part, which nothing had "
        "seen, it had {} and buy and hold {}.",
        trained, report_.best().algorithm == Algorithm::dqn ? "DQN" : "PPO", best.seed,
        growth(best.validation), growth(held.validation), trained,
        best.validation.reward > 0 ? "" : " None did better there than staying in cash.", growth(best.test),
        growth(held.test));
  }

  const BootstrapRequest& request_;
  BootstrapProgress progress_;
  TrainingMarket market_;
  execution::EngineConfig engine_;
  BootstrapReport report_;
};

}  // namespace

std::optional<SeedSpread> spread_over_seeds(
    const AlgorithmRuns& runs, const std::function<std::optional<double>(const SeedRun&)>& number) {
  std::vector<double> values;
  for (const SeedRun& run : runs.runs) {
    if (const std::optional<double> value = number(run)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  SeedSpread spread;
  spread.seeds = values.size();
  spread.summary = stats::summarise_seeds({values, 1, values.size()}, {});
  const auto [smallest, largest] = std::ranges::minmax_element(values);
  spread.smallest = *smallest;
  spread.largest = *largest;
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (values.size() > 1) spread.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return spread;
}

BootstrapReport run_bootstrap(const BootstrapRequest& request) {
  return Bootstrap(request).run();
}

}  // namespace stevie::app
