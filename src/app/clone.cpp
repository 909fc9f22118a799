#include "app/clone.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "app/evaluate.h"
#include "app/model_card.h"
#include "app/training_market.h"
#include "app/worker_progress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "evaluation/backtest.h"
#include "features/pipeline.h"
#include "market/synthetic.h"
#include "nn/torch_file.h"
#include "rl/ppo_model.h"
#include "rl/tensorboard.h"
#include "stats/metrics.h"
#include "strategy/demonstration.h"
#include "strategy/policy_strategy.h"
#include "strategy/simple.h"

namespace stevie::app {
namespace {

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ModelCard::Period period_of(const market::Bars& bars, market::BarRange range) {
  return {bars.open_time[range.begin], bars.open_time[range.end - 1] + 1};
}

std::vector<std::uint32_t> all_rows(const rl::Demonstrations& demonstrations) {
  std::vector<std::uint32_t> rows(demonstrations.size());
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

/// Who is cloned, and what it looks at.
struct Expert {
  std::string name;  // for people
  std::unique_ptr<strategy::Strategy> strategy;
  /// Of a model that scales the market values in a way of its own; else the environment's market.
  std::shared_ptr<const env::MarketData> market;
  market::BarRange range;  // bars on which it acts
};

Expert load_model_expert(const CloneRequest& request, const TrainingMarket& market) {
  const nn::ModelFile model = nn::read_model_file(request.expert);
  const ModelCard card = model_card_of(model, request.expert);
  auto own = std::make_shared<env::MarketData>(
      unscaled_market(market.bars, request.config.env.instrument, request.data.string()));
  card.scaler.apply(own->features);
  return {request.expert,
          std::make_unique<strategy::PolicyStrategy>(
              request.expert, std::make_shared<const nn::ActorCritic>(network_of(model)),
              card.environment.exposures),
          std::move(own),
          {0, market.bars.size()}};
}

Expert load_expert(const CloneRequest& request, const TrainingMarket& market) {
  const market::BarRange everywhere{0, market.bars.size()};
  if (request.expert == rsi_ma_expert) {
    return {rsi_ma_expert,
            std::make_unique<strategy::RsiMaExpert>(request.config.expert, market.bars.interval),
            market.market, everywhere};
  }
  if (std::filesystem::path(request.expert).extension() == ".zip") return load_model_expert(request, market);
  strategy::ActionSchedule schedule =
      strategy::read_actions(request.expert, market.bars, request.config.env.exposures);
  const market::BarRange range = schedule.range();
  return {request.expert,
          std::make_unique<strategy::ScheduledActions>(std::move(schedule), request.config.env.exposures),
          market.market, range};
}

/// Shows how many epochs of all trainings are done; the trainings of blocks run on several threads.
class EpochProgress {
 public:
  EpochProgress(std::size_t trainings, std::size_t epochs, const CloneRequest& request,
                std::function<double()> clock)
      : epochs_(epochs),
        bar_("cloning", "epochs", trainings * epochs, request.progress),
        file_(request.progress_file),
        clock_(std::move(clock)),
        begun_(clock_()) {
    bar_.update(0);
    told_.episodes = trainings * epochs;
    tell();
  }
  void epoch(const rl::CloningEpoch& result) {
    const std::scoped_lock lock(mutex_);
    bar_.update(++done_, fmt::format("validation loss {:.4f}", result.validation_loss));
    told_.running_reward = result.validation_accuracy;
    told_.best_reward =
        std::max(told_.best_reward.value_or(result.validation_accuracy), result.validation_accuracy);
    tell();
    if (interrupted())
      throw Interrupted("stopped; the policy was not finished and no file was written: start it again");
  }
  /// The epochs that these trainings did not need.
  void finished(std::size_t trainings) {
    const std::scoped_lock lock(mutex_);
    finished_ += trainings;
    done_ = finished_ * epochs_;
    bar_.update(done_);
    tell();
  }
  void finish() {
    bar_.finish();
    file_.enter(WorkerPhase::judging);
  }

 private:
  void tell() {
    told_.phase = WorkerPhase::searching;
    told_.episode = done_;
    told_.fraction = static_cast<double>(done_) / static_cast<double>(told_.episodes);
    if (done_ > 0)
      told_.seconds_left = std::max(0.0, clock_() - begun_) * (1 - told_.fraction) / told_.fraction;
    file_.write(told_);
  }

  std::mutex mutex_;
  std::size_t epochs_;
  std::size_t done_ = 0, finished_ = 0;
  ProgressBar bar_;
  ProgressFile file_;
  std::function<double()> clock_;
  double begun_;
  WorkerProgress told_;
};

class Cloning {
 public:
  explicit Cloning(const CloneRequest& request)
      : request_(request),
        clock_(request.wall_clock ? request.wall_clock : system_seconds),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)),
        expert_(load_expert(request, market_)) {}

  CloneReport run() {
    record();
    require_writable_folder(request_.out);
    const FolderLock lock(request_.out);
    train();
    judge();
    write();
    return std::move(report_);
  }

 private:
  const Config& config() const { return request_.config; }
  void record();
  std::optional<strategy::RecordedDemonstrations> record_part(market::BarRange range);
  void train();
  void log_epoch(std::size_t epoch, const rl::CloningEpoch& result);
  CloneDeviation compare(const std::string& part, market::BarRange range,
                         const strategy::RecordedDemonstrations& shown);
  void judge();
  void write() const;
  nn::ModelFile model_file() const;

  const CloneRequest& request_;
  std::function<double()> clock_;
  TrainingMarket market_;
  Expert expert_;
  ModelCard card_;
  strategy::RecordedDemonstrations training_, validation_;
  std::optional<strategy::RecordedDemonstrations> test_;
  std::shared_ptr<nn::ActorCritic> network_;
  std::optional<rl::EventWriter> events_;
  CloneReport report_;
};

/// The part of `range` on which the expert acts and the features are known.
market::BarRange usable(market::BarRange range, const Expert& expert, std::size_t warm_up) {
  const std::size_t begin = std::max({range.begin, expert.range.begin, warm_up});
  return {begin, std::max(begin, std::min(range.end, expert.range.end))};
}

std::optional<strategy::RecordedDemonstrations> Cloning::record_part(market::BarRange range) {
  const market::BarRange part = usable(range, expert_, market_.market->features.warm_up);
  constexpr std::size_t fewest_bars = 3;
  if (part.size() < fewest_bars) return std::nullopt;
  const features::FeatureMatrix* own = expert_.market == market_.market ? nullptr : &expert_.market->features;
  return strategy::record_demonstrations(*expert_.strategy, market_.market, part, config().env, own);
}

void Cloning::record() {
  auto training = record_part(market_.split.train), validation = record_part(market_.split.validation);
  if (!training || !validation) {
    const char* missing = !training && !validation ? "training and validation parts have"
                          : !training              ? "training part has"
                                                   : "validation part has";
    throw Error("clone.no_demonstrations",
                fmt::format("the {} no bars on which the expert acts and the features are known ({} bars of "
                            "warm-up): give more bars, actions for both parts, or move the split",
                            missing, market_.market->features.warm_up),
                expert_.name);
  }
  training_ = std::move(*training);
  validation_ = std::move(*validation);
  test_ = record_part(market_.split.test);

  card_.feature_set_version = features::feature_set_version();
  card_.scaler = market_.scaler;
  card_.environment = config().env;
  card_.symbol = market_.bars.symbol;
  card_.interval = market_.bars.interval;
  card_.synthetic = request_.synthetic || market::looks_synthetic(market_.bars);
  card_.training = period_of(market_.bars, market_.split.train);
  card_.validation = period_of(market_.bars, market_.split.validation);
  card_.test = period_of(market_.bars, market_.split.test);
}

void Cloning::log_epoch(std::size_t epoch, const rl::CloningEpoch& result) {
  const auto step = static_cast<std::int64_t>(epoch);
  const double now = clock_();
  events_->scalar("train/loss", result.train_loss, step, now);
  events_->scalar("eval/loss", result.validation_loss, step, now);
  events_->scalar("eval/accuracy", result.validation_accuracy, step, now);
  events_->flush();
}

void Cloning::train() {
  const rl::CloningConfig& cloning = config().cloning;
  const nn::NetworkConfig shape{training_.rows.observation_size, training_.rows.action_count,
                                config().network};
  EpochProgress progress(cloning.folds + 1, cloning.max_epochs, request_, clock_);
  report_.folds = rl::cross_validate_cloning(
      shape, training_.rows, cloning,
      [&](std::size_t, std::size_t, const rl::CloningEpoch& result) { progress.epoch(result); });
  progress.finished(cloning.folds);

  events_.emplace(
      request_.tensorboard_log.empty() ? request_.out / "tensorboard_logs" : request_.tensorboard_log, "BC",
      clock_());
  network_ = std::make_shared<nn::ActorCritic>(shape);
  network_->initialise_orthogonal(cloning.seed);
  const std::vector<std::uint32_t> train = all_rows(training_.rows), held = all_rows(validation_.rows);
  report_.fit = rl::clone_policy(*network_, {training_.rows, train}, {validation_.rows, held}, cloning,
                                 [&](std::size_t epoch, const rl::CloningEpoch& result) {
                                   log_epoch(epoch, result);
                                   progress.epoch(result);
                                 });
  progress.finished(1);
  progress.finish();
}

double total_return(const execution::SimulationResult& run) {
  return run.equity.back() / run.initial_equity - 1.0;
}

std::vector<double> bar_returns(const execution::SimulationResult& run) {
  std::vector<double> returns;
  for (std::size_t i = 1; i < run.equity.size(); ++i)
    returns.push_back(run.equity[i] / run.equity[i - 1] - 1.0);
  return returns;
}

/// Remembers what a strategy wanted at each close.
class WantedExposures final : public strategy::Strategy {
 public:
  explicit WantedExposures(strategy::Strategy& inner) : inner_(inner) {}
  std::string name() const override { return inner_.name(); }
  bool observes() const override { return inner_.observes(); }
  void start() override {
    inner_.start();
    wanted.clear();
  }
  strategy::Decision decide(const strategy::Situation& situation) override {
    const strategy::Decision decision = inner_.decide(situation);
    wanted.push_back(decision.exposure);
    return decision;
  }
  std::vector<double> wanted;

 private:
  strategy::Strategy& inner_;
};

/// How far two runs over the same bars are apart.
void measure_distance(const execution::SimulationResult& demonstrated,
                      const execution::SimulationResult& clone, TimeMs interval, CloneDeviation& deviation) {
  const std::vector<double> a = bar_returns(demonstrated), b = bar_returns(clone);
  const auto count = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  const double bars_a_year =
      stats::days_per_year * static_cast<double>(day_ms) / static_cast<double>(interval);
  deviation.tracking_error = std::sqrt(std::max(0.0, aa + bb - 2 * ab) / count * bars_a_year);
  if (aa > 0 && bb > 0) deviation.correlation = ab / std::sqrt(aa * bb);
}

CloneDeviation Cloning::compare(const std::string& part, market::BarRange range,
                                const strategy::RecordedDemonstrations& shown) {
  const market::BarRange played = usable(range, expert_, market_.market->features.warm_up);
  const execution::EngineConfig engine = judging_engine(config().env);
  CloneDeviation deviation;
  deviation.part = part;
  const auto own = evaluation::run_backtest(*expert_.strategy, *expert_.market, played, engine);
  deviation.expert_return = total_return(own);
  deviation.expert_trades = own.trades.size();

  strategy::DiscretisedStrategy by_actions(*expert_.strategy, config().env.exposures,
                                           config().env.instrument.leverage_limit);
  WantedExposures expert(by_actions);
  const auto demonstrated = evaluation::run_backtest(expert, *expert_.market, played, engine);
  deviation.demonstrated_return = total_return(demonstrated);
  deviation.demonstrated_trades = demonstrated.trades.size();

  strategy::PolicyStrategy policy("clone", network_, config().env.exposures);
  WantedExposures clone(policy);
  const auto cloned = evaluation::run_backtest(clone, *market_.market, played, engine);
  deviation.clone_return = total_return(cloned);
  deviation.clone_trades = cloned.trades.size();
  std::size_t same = 0;
  for (std::size_t i = 0; i < clone.wanted.size(); ++i) same += clone.wanted[i] == expert.wanted[i] ? 1 : 0;
  deviation.same_exposure = static_cast<double>(same) / static_cast<double>(clone.wanted.size());
  measure_distance(demonstrated, cloned, market_.bars.interval, deviation);

  strategy::ConstantExposure hold("buy and hold", 1.0);
  deviation.buy_and_hold_return =
      total_return(evaluation::run_backtest(hold, *market_.market, played, engine));
  const std::vector<std::uint32_t> rows = all_rows(shown.rows);
  deviation.imitation = rl::measure_imitation(*network_, {shown.rows, rows}, report_.fit.weights);
  return deviation;
}

void Cloning::judge() {
  report_.expert = expert_.name;
  report_.data = request_.data.string();
  report_.symbol = card_.symbol;
  report_.interval = card_.interval;
  report_.synthetic = card_.synthetic;
  report_.training = card_.training;
  report_.validation = card_.validation;
  report_.test = card_.test;
  report_.demonstrations = training_.rows.size();
  report_.exposures = config().env.exposures;
  report_.action_rows.resize(report_.exposures.size());
  for (const std::int32_t action : training_.rows.actions)
    ++report_.action_rows[static_cast<std::size_t>(action)];
  std::size_t begin = 0;
  for (const rl::CloningFit& fold : report_.folds) {
    const std::size_t end = begin + fold.validation.rows;
    report_.fold_periods.push_back(
        {market_.bars.open_time[training_.bars[begin]], market_.bars.open_time[training_.bars[end - 1]] + 1});
    begin = end;
  }
  report_.deviations.push_back(compare("validation", market_.split.validation, validation_));
  if (test_) report_.deviations.push_back(compare("test", market_.split.test, *test_));

  Config copy = config();
  ConfigBinder binder;
  describe(binder, copy);
  for (const ConfigField& field : binder.fields()) {
    for (const char* section : {"cloning.", "expert.", "data.", "env.", "costs.", "network."}) {
      if (field.key.starts_with(section)) report_.configuration.emplace_back(field.key, field.show());
    }
  }
  report_.model = request_.out / "models" / "behavior_cloning_model.zip";
  report_.state_dict = request_.out / "models" / "behavior_cloning_model.pth";
  report_.evaluation = evaluate_policy({.network = network_,
                                        .card = card_,
                                        .algorithm = "Cloned",
                                        .bars = market_.bars,
                                        .market = *market_.market,
                                        .period = market_.split.test,
                                        .model = report_.model.string() + ", cloned from " + expert_.name,
                                        .data = request_.data.string(),
                                        .synthetic = card_.synthetic});
  report_.evaluation.description.notices.push_back(clone_verdict(report_));
}

nn::ModelFile Cloning::model_file() const {
  nn::ModelFile model = rl::to_model_file(*network_, config().ppo);
  model.extra_members[model_card_member] = model_card_json(card_);
  return model;
}

void Cloning::write() const {
  const nn::ModelFile model = model_file();
  write_file(report_.state_dict, nn::state_dict_bytes(model.policy));
  nn::write_model_file(report_.model, model);
  write_file(request_.out / "demonstrations.csv",
             strategy::format_actions(training_.bars, training_.rows.actions, market_.bars.open_time,
                                      config().env.exposures));
  write_evaluation(report_.evaluation, request_.out);
  write_file(request_.out / "bc_report.html", render_html(report_));
  write_file(request_.out / "bc_training_results.json", render_json(report_));
}

}  // namespace

CloneReport clone_expert(const CloneRequest& request) {
  Cloning cloning(request);
  return cloning.run();
}

}  // namespace stevie::app
