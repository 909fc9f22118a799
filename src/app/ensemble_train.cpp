#include "app/ensemble_train.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <utility>

#include "app/evaluate.h"
#include "app/worker_progress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "evaluation/backtest.h"
#include "features/pipeline.h"
#include "ledger/merkle.h"
#include "market/readers.h"
#include "rl/ppo.h"
#include "rl/ppo_model.h"
#include "stats/bootstrap.h"
#include "strategy/policy_strategy.h"

namespace stevie::app {
namespace {

constexpr std::uint64_t mask_stream = 0x6d61736b, block_stream = 0x626c6f63;

/// Columns left out, drawn without replacement; rising.
std::vector<std::size_t> draw_mask(double share, std::uint64_t seed) {
  std::vector<std::size_t> columns(features::market_value_count);
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  RandomStream random(seed, mask_stream);
  for (std::size_t i = columns.size(); i > 1; --i) std::swap(columns[i - 1], columns[random.below(i)]);
  const auto seen = static_cast<std::size_t>(std::lround(share * static_cast<double>(columns.size())));
  columns.erase(columns.begin(),
                columns.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, seen)));
  std::ranges::sort(columns);
  return columns;
}

void mask(env::MarketData& market, const std::vector<std::size_t>& columns) {
  features::FeatureMatrix& matrix = market.features;
  for (std::size_t row = 0; row < matrix.rows; ++row)
    for (const std::size_t column : columns) matrix.values[row * matrix.columns + column] = 0;
}

double block_bars(const EnsembleConfiguration& config, TimeMs interval) {
  return std::max(
      1.0, static_cast<double>(parse_duration(config.ensemble.mean_block)) / static_cast<double>(interval));
}

/// The member's training bars, masked.
struct MemberMarket {
  std::shared_ptr<const env::MarketData> market;
  market::BarRange range;
};

MemberMarket member_market(const TrainingMarket& market, const EnsembleConfiguration& config,
                           const MemberPlan& plan) {
  env::MarketData data;
  market::BarRange range = market.split.train;
  const double block = block_bars(config, market.bars.interval);
  if (plan.resamplings.empty()) data = *market.market;
  for (std::size_t i = 0; i < plan.resamplings.size(); ++i) {
    data =
        resample_market(i == 0 ? *market.market : data, range, block, config.env.gaps, plan.resamplings[i]);
    range = {0, data.tape.size()};
  }
  mask(data, plan.masked_columns);
  return {std::make_shared<const env::MarketData>(std::move(data)), range};
}

/// Growth of the log of equity over the validation part: what a policy is chosen by.
double validate(const rl::Ppo& ppo, const env::MarketData& market, market::BarRange range,
                const env::TradingEnvConfig& environment) {
  strategy::PolicyStrategy policy("PPO policy", std::make_shared<const nn::ActorCritic>(ppo.network()),
                                  environment.exposures);
  const execution::SimulationResult result =
      evaluation::run_backtest(policy, market, range, judging_engine(environment));
  return std::log(std::max(result.equity.back() / result.initial_equity, 1e-4));
}

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Shows the steps of all members together.
class MemberProgress {
 public:
  MemberProgress(const EnsembleTrainRequest& request, std::size_t members)
      : each_(request.config.ensemble.timesteps),
        bar_("training", "steps", members * each_, request.progress),
        file_(request.progress_file),
        clock_(request.wall_clock ? request.wall_clock : system_seconds),
        begun_(clock_()) {
    told_.phase = WorkerPhase::searching;
    told_.episodes = members * each_;
    file_.write(told_);
  }
  /// `steps` of the member number so and so, from 0, are done.
  void trained(std::size_t member, std::uint64_t steps, std::optional<double> best = std::nullopt) {
    const std::uint64_t done = member * each_ + steps;
    bar_.update(done, fmt::format("member {}", member + 1));
    told_.episode = done;
    told_.fraction = static_cast<double>(done) / static_cast<double>(told_.episodes);
    if (best) told_.best_reward = std::max(told_.best_reward.value_or(*best), *best);
    told_.running_reward = best;
    if (done > kept_)
      told_.seconds_left = std::max(0.0, clock_() - begun_) / static_cast<double>(done - kept_) *
                           static_cast<double>(told_.episodes - done);
    file_.write(told_);
  }
  /// The member was trained by an earlier call, which took no time now.
  void found(std::size_t member) {
    kept_ += each_;
    trained(member, each_);
  }
  void finish() {
    bar_.finish();
    file_.enter(WorkerPhase::judging);
  }

 private:
  std::uint64_t each_;
  ProgressBar bar_;
  ProgressFile file_;
  std::function<double()> clock_;
  double begun_;
  std::uint64_t kept_ = 0;
  WorkerProgress told_;
};

std::string plan_text(const MemberPlan& plan, const EnsembleConfiguration& config,
                      const std::string& data_digest) {
  EnsembleConfiguration copy = config;
  copy.ppo.threads = 1;
  copy.ppo.seed = plan.seed;
  ConfigBinder binder;
  describe(binder, copy);
  nlohmann::json settings;
  for (const ConfigField& field : binder.fields()) {
    for (const char* section : {"env.", "costs.", "network.", "ppo.", "data.", "ensemble."})
      if (field.key.starts_with(section)) settings[field.key] = field.show();
  }
  // what does not change a member
  for (const char* key :
       {"ensemble.members", "ensemble.method", "ensemble.minimum_consensus", "ensemble.adapt",
        "ensemble.learning_rate", "ensemble.horizon", "ensemble.floor", "ensemble.loss_scale",
        "ensemble.outcome_bars", "ensemble.sharpness", "ensemble.decisions_bytes", "ensemble.decisions_files",
        "ensemble.gammas", "ppo.gamma"})
    settings.erase(key);
  return nlohmann::json{{"gamma", plan.gamma},
                        {"masked_columns", plan.masked_columns},
                        {"resamplings", plan.resamplings},
                        {"bars_sha256", data_digest},
                        {"configuration", settings}}
      .dump();
}

}  // namespace

std::vector<MemberPlan> plan_members(const EnsembleSettings& settings, std::uint64_t seed,
                                     const std::vector<std::uint64_t>& first_resamplings) {
  std::vector<MemberPlan> plans;
  RandomStream seeds(seed, mask_stream + block_stream);
  for (std::size_t i = 0; i < settings.members; ++i) {
    MemberPlan plan;
    plan.seed = seeds.next_u32();
    plan.gamma = settings.gammas[i % settings.gammas.size()];
    plan.masked_columns = draw_mask(settings.column_share, plan.seed);
    plan.resamplings = first_resamplings;
    if (settings.resample) plan.resamplings.push_back(plan.seed);
    plans.push_back(std::move(plan));
  }
  return plans;
}

env::MarketData resample_market(const env::MarketData& market, market::BarRange range, double mean_block,
                                const market::GapPolicy& gaps, std::uint64_t seed) {
  range.begin = std::max(range.begin, market.features.warm_up);
  if (range.begin >= range.end)
    throw Error("env.empty_split",
                "the training part ends before the features have seen enough bars: give more");
  std::vector<std::uint32_t> indices(range.end - range.begin);
  RandomStream random(seed, block_stream);
  stats::stationary_indices(random, mean_block, indices);
  env::MarketData drawn;
  const std::size_t columns = market.features.columns;
  drawn.tape.interval = market.tape.interval;
  drawn.tape.has_volume = market.tape.has_volume;
  drawn.tape.bars.reserve(indices.size());
  drawn.tape.open_time.reserve(indices.size());
  drawn.features.rows = indices.size();
  drawn.features.columns = columns;
  drawn.features.values.resize(indices.size() * columns);
  const TimeMs gap = static_cast<TimeMs>(gaps.max_missing_bars + 2) * market.tape.interval;
  TimeMs time = market.tape.open_time[range.begin];
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::size_t bar = range.begin + indices[i];
    if (i > 0) {
      const bool follows = indices[i] == indices[i - 1] + 1;
      time += follows ? market.tape.open_time[bar] - market.tape.open_time[bar - 1] : gap;
    }
    drawn.tape.bars.push_back(market.tape.bars[bar]);
    drawn.tape.open_time.push_back(time);
    std::ranges::copy(market.features.row(bar),
                      drawn.features.values.begin() + static_cast<std::ptrdiff_t>(i * columns));
  }
  return drawn;
}

std::string train_member(const TrainingMarket& market, const ModelCard& card,
                         const EnsembleConfiguration& config, const MemberPlan& plan,
                         const std::function<void(std::uint64_t, std::optional<double>)>& step) {
  const MemberMarket own = member_market(market, config, plan);
  rl::PpoConfig learning = config.ppo;
  learning.seed = plan.seed;
  learning.gamma = plan.gamma;
  env::TradingEnv environment(own.market, own.range, config.env, learning.n_envs);
  rl::Ppo ppo(environment, {environment.observation_size(), environment.action_count(), config.network},
              learning);

  env::MarketData judged = *market.market;
  mask(judged, plan.masked_columns);
  market::BarRange validation = market.split.validation;
  validation.begin = std::max(validation.begin, judged.features.warm_up);
  ModelCard own_card = card;
  const std::vector<std::string> names = features::feature_names();
  for (const std::size_t column : plan.masked_columns) own_card.masked_columns.push_back(names[column]);

  std::optional<double> best;
  std::string kept;
  const EnsembleSettings& settings = config.ensemble;
  while (ppo.timesteps() < settings.timesteps) {
    const std::uint64_t before = ppo.timesteps();
    ppo.iterate(settings.timesteps);
    const std::uint64_t done = ppo.timesteps();
    const bool last = done >= settings.timesteps;
    if (last || before / settings.eval_freq != done / settings.eval_freq) {
      const double reward = validate(ppo, judged, validation, config.env);
      if (!std::isfinite(ppo.network().parameters().front()))
        throw Error("train.diverged", "a weight is no longer a number: lower ppo.learning_rate");
      if (!best || reward > *best) {
        best = reward;
        nn::ModelFile model = rl::to_model_file(ppo);
        model.extra_members[model_card_member] = model_card_json(own_card);
        kept = nn::model_file_bytes(model);
      }
    }
    step(std::min(done, settings.timesteps), best);
  }
  return kept;
}

namespace {

/// The policies that are trained, each from its file where an earlier call has finished it; those are named
/// in `finished`.
std::vector<MemberSpec> train_members(const EnsembleTrainRequest& request, const TrainingMarket& market,
                                      const ModelCard& card, std::vector<std::string>& finished) {
  const EnsembleConfiguration& config = request.config;
  std::vector<MemberSpec> members;
  const std::string data_digest = ledger::to_hex(ledger::sha256(read_file(request.data)));

  const std::vector<MemberPlan> plans = plan_members(config.ensemble, config.ppo.seed);
  const std::uint64_t each = config.ensemble.timesteps;
  MemberProgress progress(request, plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const std::filesystem::path file = request.out / "models" / fmt::format("member_{}.zip", i + 1);
    const std::filesystem::path note = request.out / "models" / fmt::format("member_{}.json", i + 1);
    const std::string plan = plan_text(plans[i], config, data_digest);
    std::error_code absent;
    const bool done = std::filesystem::exists(file, absent) && std::filesystem::exists(note, absent) &&
                      read_file(note) == plan;
    if (done) {
      progress.found(i);
      finished.push_back(fmt::format("member_{}", i + 1));
    } else {
      std::filesystem::remove(note, absent);
      write_file(
          file,
          train_member(market, card, config, plans[i], [&](std::uint64_t steps, std::optional<double> best) {
            progress.trained(i, steps, best);
            if (interrupted())
              throw Interrupted("stopped; finished members are kept: the same command goes on behind them");
          }));
      write_file(note, plan);
    }
    MemberSpec member = read_members({file.string()}).front();
    member.origin =
        fmt::format("trained for {} steps, seed {}, gamma {}", each, plans[i].seed, plans[i].gamma);
    members.push_back(std::move(member));
  }
  progress.finish();
  return members;
}

}  // namespace

EnsembleTrainReport train_ensemble(const EnsembleTrainRequest& request) {
  const EnsembleConfiguration& config = request.config;
  std::vector<MemberSpec> also;
  if (!request.also.empty()) also = read_members(request.also, config.expert);
  TrainingMarket market = load_training_market(request.data, config.data.split(), config.env);
  require_writable_folder(request.out / "models");
  const FolderLock lock(request.out);
  ModelCard card = plain_card(market.bars, config);
  card.scaler = market.scaler;
  card.synthetic = card.synthetic || request.synthetic;
  std::vector<std::string> finished;
  std::vector<MemberSpec> members = train_members(request, market, card, finished);
  for (MemberSpec& member : also) members.push_back(std::move(member));

  EnsembleSpec spec;
  spec.card = card;
  spec.members = std::move(members);
  const env::MarketData unscaled = unscaled_market(market.bars, config.env.instrument, request.data.string());
  EnsembleTrainReport report;
  report.made =
      fit_ensemble(std::move(spec), market.bars, unscaled, market.split.validation, config, request.progress);
  if (!finished.empty())
    report.made.notices.push_back(
        fmt::format("{} of {} members had been finished before and were taken as they are: {}.",
                    finished.size(), config.ensemble.members, fmt::join(finished, ", ")));
  report.model = request.out / "models" / "ensemble.zip";
  write_ensemble_file(report.model, report.made.spec);
  report.judged = evaluate_ensemble({.model = report.model,
                                     .data = request.data,
                                     .out = request.out,
                                     .measuring = config.measuring,
                                     .decisions_bytes = config.ensemble.decisions_bytes,
                                     .decisions_files = config.ensemble.decisions_files,
                                     .synthetic = request.synthetic,
                                     .progress = request.progress});
  return report;
}

}  // namespace stevie::app
