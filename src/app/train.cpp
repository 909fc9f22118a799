#include "app/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>

#include "app/curriculum_run.h"
#include "app/evaluate.h"
#include "app/model_card.h"
#include "app/training_market.h"
#include "app/worker_progress.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "evaluation/backtest.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "features/pipeline.h"
#include "market/synthetic.h"
#include "rl/dqn.h"
#include "rl/learner.h"
#include "rl/tensorboard.h"
#include "strategy/policy_strategy.h"
#include "strategy/simple.h"

namespace stevie::app {
namespace {

using nlohmann::json;

constexpr const char* state_member = "checkpoint.bin";
constexpr const char* history_member = "history.json";
constexpr const char* curriculum_member = "curriculum.json";
constexpr const char* best_model_member = "best_model.zip";

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}
json number_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

ModelCard::Period period_of(const market::Bars& bars, market::BarRange range) {
  return {bars.open_time[range.begin], bars.open_time[range.end - 1] + 1};
}

ModelCard make_card(const TrainingMarket& market, const TrainRequest& request) {
  ModelCard card;
  card.feature_set_version = features::feature_set_version();
  card.scaler = market.scaler;
  card.environment = request.config.env;
  card.symbol = market.bars.symbol;
  card.interval = market.bars.interval;
  card.synthetic = request.synthetic || market::looks_synthetic(market.bars);
  card.training = period_of(market.bars, market.split.train);
  card.validation = period_of(market.bars, market.split.validation);
  card.test = period_of(market.bars, market.split.test);
  return card;
}

template <class T>
std::string_view bytes_of(const std::vector<T>& column) {
  return {reinterpret_cast<const char*>(column.data()), column.size() * sizeof(T)};
}

/// Checksums of the columns.
std::string digest(const market::Bars& bars) {
  std::string text = fmt::format("{:08x}", rl::crc32c(bytes_of(bars.open_time)));
  for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume}) {
    text += fmt::format(" {:08x}", rl::crc32c(bytes_of(*column)));
  }
  return text;
}

/// Everything that has to be equal for a checkpoint to go on bit for bit, as text: the configuration less
/// what may change between two runs, and which bars.
std::string fingerprint(Config config, Algorithm algorithm, const TrainingMarket& market) {
  TrainConfig free;
  if (config.curriculum.enabled) free.eval_freq = config.train.eval_freq;  // evaluations choose the stages
  config.train = free;
  config.ppo.threads = 1;
  config.dqn.threads = 1;
  ConfigBinder binder;
  describe(binder, config);
  std::string text = fmt::format("algorithm = {}\n", name_of(algorithm));
  for (const ConfigField& field : binder.fields()) text += field.key + " = " + field.show() + "\n";
  return text +
         fmt::format("bars = {}\nfeatures = {}\n", digest(market.bars), features::feature_set_version());
}

double replay_megabytes(std::uint64_t bytes) {
  constexpr double megabyte = 1e6;
  return static_cast<double>(bytes) / megabyte;
}

std::size_t lanes_of(const TrainRequest& request) {
  return request.algorithm == Algorithm::dqn ? request.config.dqn.n_envs : request.config.ppo.n_envs;
}

/// Checkpoints hold the replay buffer, and a model file larger than this is not read.
void require_checkpoint_holds(std::uint64_t steps, std::uint64_t replay_bytes) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1000} << 20;
  if (replay_bytes <= most_bytes) return;
  const double share = static_cast<double>(most_bytes) / static_cast<double>(replay_bytes);
  throw Error(
      "train.replay_too_large",
      fmt::format("the replay buffer takes {:.0f} MB, a checkpoint holds at most {:.0f} MB of it: lower "
                  "dqn.buffer_size to at most {:.0f}",
                  replay_megabytes(replay_bytes), replay_megabytes(most_bytes),
                  std::floor(static_cast<double>(steps) * share)),
      "dqn.buffer_size");
}

std::unique_ptr<rl::Learner> make_learner(env::VectorEnv& environment, const TrainRequest& request) {
  require_trainable(environment, request.algorithm, request.config);
  return request.algorithm == Algorithm::dqn
             ? rl::make_dqn_learner(environment, request.config.dqn)
             : rl::make_ppo_learner(environment, request.config.network, request.config.ppo);
}

/// One training from its first or its last saved step to its end.
class Training {
 public:
  explicit Training(const TrainRequest& request)
      : request_(request),
        clock_(request.wall_clock ? request.wall_clock : system_seconds),
        progress_file_(request.progress_file),
        market_(load_training_market(request.data, request.config.data.split(), request.config.env)),
        card_(make_card(market_, request)),
        fingerprint_(fingerprint(request.config, request.algorithm, market_)),
        environment_(market_.market, market_.split.train, request.config.env, lanes_of(request),
                     augmentation_source(market_, request.config.augmentation)),
        curriculum_(make_curriculum(request.config.curriculum)),
        learner_(make_learner(environment_, request)) {
    fingerprint_ += begin_training(*learner_, request.start, market_, request.config);
  }

  TrainReport run() {
    require_judgeable(market_, request_.data.string());
    if (request_.resume) load_checkpoint();
    require_writable_folder(request_.out);
    const FolderLock lock(request_.out);
    if (!best_model_.empty()) write_file(model_path(), best_model_);
    const std::filesystem::path log =
        request_.tensorboard_log.empty() ? request_.out / "tensorboard_logs" : request_.tensorboard_log;
    events_.emplace(request_.resume ? rl::EventWriter::resume(log, learner_->algorithm(), clock_())
                                    : rl::EventWriter(log, learner_->algorithm(), clock_()));
    learn();
    progress_file_.enter(WorkerPhase::judging);
    TrainReport report = report_training();
    if (request_.judge) judge(report);
    write_results(report);
    return report;
  }

 private:
  std::filesystem::path model_path() const {
    return request_.out / "models" / fmt::format("{}_stevie.zip", name_of(request_.algorithm));
  }
  std::filesystem::path checkpoint_path() const {
    return request_.out / "checkpoints" / fmt::format("{}.zip", name_of(request_.algorithm));
  }
  const TrainConfig& config() const { return request_.config.train; }

  void learn();
  void tell_replay_memory() const;
  void tell_progress(std::uint64_t first, double begun);
  void record(const std::vector<rl::Statistic>& stats, double steps_per_second);
  execution::SimulationResult play_validation(strategy::Strategy& strategy) const;
  void validate();
  std::optional<CurriculumRun> make_curriculum(const rl::CurriculumConfig& config);
  void choose_stage(const execution::SimulationResult& validation);
  std::optional<ValidationVerdict> validation_verdict() const;
  void keep_model();
  void save_checkpoint();
  void load_checkpoint();
  [[noreturn]] void throw_damaged() const;
  TrainReport report_training() const;
  /// On the test part.
  void judge(TrainReport& report) const;
  void write_results(const TrainReport& report) const;

  const TrainRequest& request_;
  std::function<double()> clock_;
  ProgressFile progress_file_;
  TrainingMarket market_;
  ModelCard card_;
  std::string fingerprint_;
  env::TradingEnv environment_;
  std::optional<CurriculumRun> curriculum_;  // none: episodes start anywhere
  std::unique_ptr<rl::Learner> learner_;
  std::optional<rl::EventWriter> events_;
  json curve_ = json::array();        // one row for each update
  json evaluations_ = json::array();  // one row for each evaluation on the validation part
  std::string best_model_;            // the bytes of model_path()
  std::optional<double> best_reward_;
  std::uint64_t best_timesteps_ = 0;
};

double final_share_of(const execution::SimulationResult& result) {
  return result.equity.back() / result.initial_equity;
}

/// True where `done` has passed a multiple of `distance` that `before` had not.
bool due(std::uint64_t before, std::uint64_t done, std::uint64_t distance) {
  return distance > 0 && before / distance != done / distance;
}

void Training::learn() {
  tell_replay_memory();
  ProgressBar progress("training", "steps", config().total_timesteps, request_.progress);
  progress.update(learner_->timesteps());
  const std::uint64_t first = learner_->timesteps();
  const double begun = clock_();
  tell_progress(first, begun);
  while (learner_->timesteps() < config().total_timesteps) {
    const std::uint64_t before = learner_->timesteps();
    const double started = clock_();
    const std::vector<rl::Statistic> stats = learner_->advance(config().total_timesteps);
    const std::uint64_t done = learner_->timesteps();
    const double seconds = clock_() - started;
    record(stats, seconds > 0 ? static_cast<double>(done - before) / seconds : 0.0);
    if (due(before, done, config().eval_freq)) validate();
    const auto reward = learner_->episodes().mean_reward();
    progress.update(std::min(done, config().total_timesteps),
                    reward ? fmt::format("reward {:.4f}", *reward) : "");
    tell_progress(first, begun);
    if (interrupted()) {
      save_checkpoint();
      progress.finish();
      throw Interrupted(
          fmt::format("stopped after {} steps; everything is saved: the same command with --resume goes on",
                      format_count(done)));
    }
    if (due(before, done, config().checkpoint_freq)) save_checkpoint();
  }
  progress.finish();
  // The evaluation at the end comes after the checkpoint where it is not due: a training that goes on from
  // there to more steps then is the one that had them from the start.
  save_checkpoint();
  const bool evaluated = !evaluations_.empty() &&
                         evaluations_.back().at("timesteps").get<std::uint64_t>() == learner_->timesteps();
  if (config().eval_freq > 0 && !evaluated) validate();
  if (!best_reward_) keep_model();
}

void Training::tell_replay_memory() const {
  if (request_.progress.out == nullptr || learner_->replay_bytes() == 0) return;
  *request_.progress.out << fmt::format("replay buffer: {:.1f} MB for {} steps\n",
                                        replay_megabytes(learner_->replay_bytes()),
                                        format_count(request_.config.dqn.buffer_size));
}

/// `first`: steps done at `begun`, from which the time left is told.
void Training::tell_progress(std::uint64_t first, double begun) {
  const std::uint64_t all = config().total_timesteps, done = std::min(learner_->timesteps(), all);
  WorkerProgress progress;
  progress.phase = WorkerPhase::searching;
  progress.episode = done;
  progress.episodes = all;
  progress.best_reward = best_reward_;
  progress.running_reward = learner_->episodes().mean_reward();
  progress.fraction = static_cast<double>(done) / static_cast<double>(all);
  if (done > first)
    progress.seconds_left =
        std::max(0.0, clock_() - begun) / static_cast<double>(done - first) * static_cast<double>(all - done);
  progress_file_.write(progress);
  if (request_.told) request_.told(progress);
}

void Training::record(const std::vector<rl::Statistic>& stats, double steps_per_second) {
  const auto step = static_cast<std::int64_t>(learner_->timesteps());
  const double now = clock_();
  const auto reward = learner_->episodes().mean_reward();
  const auto length = learner_->episodes().mean_length();
  if (reward) events_->scalar("rollout/ep_rew_mean", *reward, step, now);
  if (length) events_->scalar("rollout/ep_len_mean", *length, step, now);
  events_->scalar("time/fps", steps_per_second, step, now);
  json row = {
      {"timesteps", step}, {"ep_rew_mean", number_or_null(reward)}, {"ep_len_mean", number_or_null(length)}};
  bool sound = learner_->sound();
  for (const rl::Statistic& stat : stats) {
    events_->scalar(stat.tag, stat.value, step, now);
    row[stat.tag.substr(stat.tag.find('/') + 1)] = number_or_null(stat.value);
    if (stat.tag == "train/loss") sound = sound && std::isfinite(stat.value);
  }
  events_->flush();
  curve_.push_back(std::move(row));
  if (!sound) {
    throw Error("train.diverged",
                fmt::format("the loss or a weight is no longer a number: lower {0}.learning_rate or "
                            "{0}.max_grad_norm",
                            name_of(request_.algorithm)),
                fmt::format("step {}", step));
  }
}

execution::SimulationResult Training::play_validation(strategy::Strategy& strategy) const {
  return evaluation::run_backtest(strategy, *market_.market, judged_range(market_, market_.split.validation),
                                  judging_engine(request_.config.env));
}

void Training::validate() {
  auto network = std::make_shared<nn::ActorCritic>(learner_->policy());
  strategy::PolicyStrategy policy("policy", network, request_.config.env.exposures);
  const execution::SimulationResult result = play_validation(policy);
  // The policy is chosen by what it is trained for: growth of the log of equity over the whole part.
  const double final_share = final_share_of(result);
  const double reward = log_growth_of(result);
  const auto step = static_cast<std::int64_t>(learner_->timesteps());
  events_->scalar("eval/mean_reward", reward, step, clock_());
  events_->scalar("eval/mean_ep_length", static_cast<double>(result.equity.size()), step, clock_());
  if (curriculum_) choose_stage(result);
  events_->flush();
  const bool best = !best_reward_ || reward > *best_reward_;
  evaluations_.push_back({{"timesteps", step},
                          {"mean_reward", reward},
                          {"total_return", final_share - 1.0},
                          {"trades", result.trades.size()},
                          {"best", best}});
  if (!best) return;
  best_reward_ = reward;
  keep_model();
}

std::optional<CurriculumRun> Training::make_curriculum(const rl::CurriculumConfig& config) {
  if (!config.enabled) return std::nullopt;
  require_judgeable(market_, request_.data.string());
  return std::optional<CurriculumRun>(std::in_place, config, market_,
                                      judged_range(market_, market_.split.validation), environment_);
}

void Training::choose_stage(const execution::SimulationResult& validation) {
  curriculum_->judge(learner_->timesteps(), validation);
  for (const auto& [tag, value] : curriculum_->scalars())
    events_->scalar(tag, value, static_cast<std::int64_t>(learner_->timesteps()), clock_());
  curriculum_->write(request_.out);
}

std::optional<ValidationVerdict> Training::validation_verdict() const {
  if (!best_reward_) return std::nullopt;
  ValidationVerdict verdict;
  verdict.total_return = std::expm1(*best_reward_);
  strategy::ConstantExposure hold("buy and hold", 1.0);
  verdict.buy_and_hold_return = final_share_of(play_validation(hold)) - 1.0;
  verdict.beats_cash = verdict.total_return > 0;
  verdict.beats_buy_and_hold = verdict.total_return > verdict.buy_and_hold_return;
  const std::string own = evaluation::format_percent(verdict.total_return);
  const std::string held = evaluation::format_percent(verdict.buy_and_hold_return);
  if (!verdict.beats_cash) {
    verdict.sentence = fmt::format(
        "No policy of this training did better than staying in cash on the validation part: the total return "
        "of the kept one there is {}, that of buy and hold {}.",
        own, held);
  } else {
    verdict.sentence = fmt::format(
        "On the validation part the kept policy did better than cash {} buy and hold: its total return there "
        "is {}, that of buy and hold {}; it was chosen there as the best of {}, so its figure is flattering.",
        verdict.beats_buy_and_hold ? "and than" : "but not better than", own, held, evaluations_.size());
  }
  return verdict;
}

void Training::keep_model() {
  best_timesteps_ = learner_->timesteps();
  nn::ModelFile model = learner_->model_file();
  model.extra_members[model_card_member] = model_card_json(card_);
  best_model_ = nn::model_file_bytes(model);
  write_file(model_path(), best_model_);
}

void Training::save_checkpoint() {
  nn::ModelFile model = learner_->model_file();
  model.extra_members[model_card_member] = model_card_json(card_);
  model.extra_members[state_member] = learner_->save_state();
  if (best_reward_) model.extra_members[best_model_member] = best_model_;
  if (curriculum_) model.extra_members[curriculum_member] = curriculum_->progress_json();
  model.extra_members[history_member] = json{
      {"fingerprint", fingerprint_},
      {"curve", curve_},
      {"evaluations", evaluations_},
      {"best_reward", number_or_null(best_reward_)},
      {"best_timesteps", best_timesteps_}}.dump();
  nn::write_model_file(checkpoint_path(), model);
}

void Training::load_checkpoint() {
  if (!std::filesystem::exists(checkpoint_path())) {
    throw Error("train.not_resumable",
                "there is no checkpoint to resume from: leave --resume out to start a training",
                checkpoint_path().string());
  }
  const nn::ModelFile model = nn::read_model_file(checkpoint_path());
  const auto state = model.extra_members.find(state_member);
  const auto text = model.extra_members.find(history_member);
  if (state == model.extra_members.end() || text == model.extra_members.end()) {
    throw Error("train.not_resumable",
                "this is a model without the state of a training: name a checkpoint's folder",
                checkpoint_path().string());
  }
  try {
    const json history = json::parse(text->second);
    if (history.at("fingerprint").get<std::string>() != fingerprint_) {
      throw Error("train.checkpoint_differs",
                  "the checkpoint is of a training with other bars or another configuration: use those, or "
                  "another --out",
                  checkpoint_path().string());
    }
    curve_ = history.at("curve");
    evaluations_ = history.at("evaluations");
    if (!history.at("best_reward").is_null()) {
      best_reward_ = history.at("best_reward").get<double>();
      best_model_ = model.extra_members.at(best_model_member);
    }
    best_timesteps_ = history.at("best_timesteps").get<std::uint64_t>();
    if (curriculum_) curriculum_->restore(model.extra_members.at(curriculum_member));
    learner_->load_state(state->second);
  } catch (const json::exception&) {
    throw_damaged();
  } catch (const std::out_of_range&) {
    throw_damaged();
  } catch (const Error& error) {
    if (error.code() == "bytes.damaged") throw_damaged();
    throw;
  }
}

void Training::throw_damaged() const {
  throw Error("train.not_resumable", "the checkpoint is damaged: start the training again without --resume",
              checkpoint_path().string());
}

TrainReport Training::report_training() const {
  TrainReport report;
  report.timesteps = learner_->timesteps();
  report.best_timesteps = best_timesteps_;
  report.replay_bytes = learner_->replay_bytes();
  report.model = model_path();
  report.training_reward = learner_->episodes().mean_reward();
  report.validation = validation_verdict();
  return report;
}

void Training::judge(TrainReport& report) const {
  const nn::ModelFile model = nn::parse_model_file(best_model_, model_path().string());
  report.test = evaluate_policy(
      {.network = std::make_shared<const nn::ActorCritic>(network_of(model)),
       .card = card_,
       .algorithm = std::string(learner_->algorithm()),
       .bars = market_.bars,
       .market = *market_.market,
       .period = market_.split.test,
       .model = fmt::format("{}, best of {} steps at step {}", model_path().string(),
                            format_count(learner_->timesteps()), format_count(best_timesteps_)),
       .data = request_.data.string(),
       .synthetic = card_.synthetic});
  if (report.validation) report.test.description.notices.push_back(report.validation->sentence);
  write_evaluation(report.test, request_.out);
}

void Training::write_results(const TrainReport& report) const {
  const auto period = [](const ModelCard::Period& p) {
    return json{{"from", format_time(p.from)}, {"to", format_time(p.to - 1)}};
  };
  json configuration;
  Config copy = request_.config;
  ConfigBinder binder;
  describe(binder, copy);
  for (const ConfigField& field : binder.fields()) configuration[field.key] = field.show();
  json judged;
  if (request_.judge) {
    judged = json::parse(evaluation::render_json(report.test));
    judged.erase("trades");  // evaluation.json has them
  }
  json validation;
  if (report.validation) {
    validation = {{"total_return", report.validation->total_return},
                  {"buy_and_hold_return", report.validation->buy_and_hold_return},
                  {"beats_cash", report.validation->beats_cash},
                  {"beats_buy_and_hold", report.validation->beats_buy_and_hold},
                  {"sentence", report.validation->sentence}};
  }
  json replay;
  if (report.replay_bytes > 0) replay = replay_megabytes(report.replay_bytes);
  const json results = {{"algorithm", learner_->algorithm()},
                        {"data", request_.data.string()},
                        {"symbol", card_.symbol},
                        {"synthetic", card_.synthetic},
                        {"periods",
                         {{"training", period(card_.training)},
                          {"validation", period(card_.validation)},
                          {"test", period(card_.test)}}},
                        {"replay_buffer_mb", replay},
                        {"timesteps", learner_->timesteps()},
                        {"best_timesteps", best_timesteps_},
                        {"configuration", configuration},
                        {"updates", curve_},
                        {"evaluations", evaluations_},
                        {"validation", validation},
                        {"test", judged}};
  constexpr int indent = 1;
  // `replace`: a file name that is not UTF-8 must not make it fail.
  const std::string text = results.dump(indent, ' ', false, json::error_handler_t::replace);
  write_file(request_.out / "training_results.json", text + "\n");
}

}  // namespace

double log_growth_of(const execution::SimulationResult& result) {
  constexpr double smallest = 1e-4;
  return std::log(std::max(result.equity.back() / result.initial_equity, smallest));
}

void require_trainable(const env::VectorEnv& environment, Algorithm algorithm, const Config& config) {
  if (algorithm != Algorithm::dqn) return;
  rl::check_dqn(environment, config.dqn, machine_memory_bytes());
  require_checkpoint_holds(config.dqn.buffer_size, rl::replay_bytes(environment, config.dqn));
}

const char* name_of(Algorithm algorithm) {
  return algorithm == Algorithm::dqn ? "dqn" : "ppo";
}

TrainReport train_policy(const TrainRequest& request) {
  Training training(request);
  return training.run();
}

}  // namespace stevie::app
