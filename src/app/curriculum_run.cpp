#include "app/curriculum_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using market::stage_count;
using market::stage_names;

constexpr double least_share = 1e-4;  // of the account: a loss of everything has a logarithm too

/// "the stage turbulent has no bar of the validation part"; empty where every stage has one.
std::string empty_stages(const std::array<std::size_t, stage_count>& bars, const std::string& part) {
  std::string names;
  std::size_t count = 0;
  for (std::size_t stage = 0; stage < stage_count; ++stage) {
    if (bars[stage] > 0) continue;
    names.append(count++ > 0 ? ", " : "").append(stage_names[stage]);
  }
  if (count == 0) return "";
  return fmt::format("the stage{} {} {} no bar of the {} part", count > 1 ? "s" : "", names,
                     count > 1 ? "have" : "has", part);
}

void require_bars_in_every_stage(const std::array<std::size_t, stage_count>& training,
                                 const std::array<std::size_t, stage_count>& validation) {
  std::vector<std::string> faults{empty_stages(training, "training"), empty_stages(validation, "validation")};
  std::erase(faults, "");
  if (faults.empty()) return;
  throw Error("curriculum.empty_stage",
              joined(faults) +
                  ": give more bars, or choose another curriculum.window_bars, "
                  "curriculum.volatility_quantiles or curriculum.liquidity_quantile",
              "curriculum");
}

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

CurriculumRun::CurriculumRun(const rl::CurriculumConfig& config, const TrainingMarket& market,
                             market::BarRange validation, env::TradingEnv& environment)
    : config_(config), curriculum_(config), environment_(environment) {
  const market::BarRange training = market.split.train;
  cuts_ = market::fit_stages(market.bars, training, config.stages);
  const std::vector<std::uint8_t> labels = market::label_stages(market.bars, training, cuts_, config.stages);
  for (const std::uint64_t bar : environment.starts()) starts_[labels[bar - training.begin]].push_back(bar);
  validation_stage_ = market::label_stages(market.bars, validation, cuts_, config.stages);
  for (std::size_t i = 0; i + 1 < validation_stage_.size(); ++i) ++validation_bars_[validation_stage_[i]];
  std::array<std::size_t, stage_count> training_bars{};
  std::ranges::transform(starts_, training_bars.begin(), [](const auto& bars) { return bars.size(); });
  require_bars_in_every_stage(training_bars, validation_bars_);
  bars_a_year_ = 365.0 * static_cast<double>(day_ms) / static_cast<double>(market.bars.interval);
  tell_environment();
}

void CurriculumRun::tell_environment() {
  std::vector<env::StartGroup> groups;
  if (!curriculum_.finished()) {
    const auto shares = curriculum_.shares();
    for (std::size_t stage = 0; stage < stage_count; ++stage)
      if (shares[stage] > 0) groups.push_back({shares[stage], starts_[stage]});
  }
  environment_.draw_starts_from(std::move(groups));
}

rl::CurriculumStep CurriculumRun::judge(std::uint64_t timesteps,
                                        const execution::SimulationResult& validation) {
  Judgement judgement{.timesteps = timesteps, .stage = curriculum_.state().stage};
  const double least = least_share * validation.initial_equity;
  // What is decided at the close of a bar shows in the equity of the next.
  for (std::size_t i = 0; i + 1 < std::min(validation.equity.size(), validation_stage_.size()); ++i) {
    judgement.scores[validation_stage_[i]] +=
        std::log(std::max(validation.equity[i + 1], least) / std::max(validation.equity[i], least));
  }
  for (std::size_t stage = 0; stage < stage_count; ++stage)
    judgement.scores[stage] *= bars_a_year_ / static_cast<double>(validation_bars_[stage]);
  judgement.step = curriculum_.judge(judgement.scores);
  history_.push_back(judgement);
  if (judgement.step != rl::CurriculumStep::stays) tell_environment();
  return judgement.step;
}

std::vector<std::pair<std::string, double>> CurriculumRun::scalars() const {
  std::vector<std::pair<std::string, double>> scalars{
      {"curriculum/stage", static_cast<double>(curriculum_.state().stage + 1)}};
  if (history_.empty()) return scalars;
  for (std::size_t stage = 0; stage < stage_count; ++stage)
    scalars.emplace_back("curriculum/score_" + std::string(stage_names[stage]),
                         history_.back().scores[stage]);
  return scalars;
}

std::string CurriculumRun::progress_json() const {
  const rl::CurriculumState& state = curriculum_.state();
  Json stages = Json::array();
  for (std::size_t stage = 0; stage < stage_count; ++stage) {
    stages.push_back(
        {{"name", stage_names[stage]},
         {"volatility_from", stage == 0 ? 0.0 : cuts_.volatility[stage - 1]},
         {"volatility_to", stage + 1 == stage_count ? Json(nullptr) : Json(cuts_.volatility[stage])},
         {"training_starts", starts_[stage].size()},
         {"validation_bars", validation_bars_[stage]},
         {"mark", config_.marks[stage]},
         {"left_at", number_or_null(state.left_at[stage])}});
  }
  Json history = Json::array();
  for (const Judgement& one : history_) {
    history.push_back({{"timesteps", one.timesteps},
                       {"stage", one.stage},
                       {"scores", one.scores},
                       {"step", rl::to_string(one.step)}});
  }
  const Json progress = {{"stage", state.stage},
                         {"stage_name", curriculum_.finished() ? "all" : stage_names[state.stage]},
                         {"finished", curriculum_.finished()},
                         {"falls", state.falls},
                         {"stale", state.stale},
                         {"best", number_or_null(state.best)},
                         {"liquidity_from", cuts_.liquidity},
                         {"stages", std::move(stages)},
                         {"history", std::move(history)}};
  return progress.dump(1) + "\n";
}

void CurriculumRun::restore(const std::string& progress_json) {
  try {
    const Json progress = Json::parse(progress_json);
    const auto number = [](const Json& value) {
      return value.is_null() ? std::nullopt : std::optional(value.get<double>());
    };
    rl::CurriculumState state{.stage = progress.at("stage").get<std::size_t>(),
                              .falls = progress.at("falls").get<std::size_t>(),
                              .stale = progress.at("stale").get<std::size_t>(),
                              .best = number(progress.at("best")),
                              .left_at = {}};
    for (std::size_t stage = 0; stage < stage_count; ++stage)
      state.left_at[stage] = number(progress.at("stages").at(stage).at("left_at"));
    std::vector<Judgement> history;
    for (const Json& row : progress.at("history")) {
      Judgement one{.timesteps = row.at("timesteps").get<std::uint64_t>(),
                    .stage = row.at("stage").get<std::size_t>(),
                    .scores = row.at("scores").get<std::array<double, stage_count>>()};
      const auto name = row.at("step").get<std::string>();
      while (rl::to_string(one.step) != name) {
        if (one.step == rl::CurriculumStep::fell_back) throw Error("bytes.damaged", "unknown step " + name);
        one.step = static_cast<rl::CurriculumStep>(static_cast<std::uint8_t>(one.step) + 1);
      }
      history.push_back(one);
    }
    curriculum_ = rl::Curriculum(config_, state);
    history_ = std::move(history);
  } catch (const Json::exception&) {
    throw Error("bytes.damaged", "the saved state of the curriculum is damaged");
  }
  tell_environment();
}

void CurriculumRun::write(const std::filesystem::path& folder) const {
  write_file(folder / "curriculum_progress" / "progress.json", progress_json());
}

}  // namespace stevie::app
