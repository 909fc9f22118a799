#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "app/ensemble.h"
#include "app/evaluate.h"
#include "app/text_table.h"
#include "app/training_market.h"
#include "core/error.h"
#include "core/error_list.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "evaluation/format.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "stats/temperature.h"
#include "strategy/parameters.h"

namespace stevie::app {
namespace {

/// Text behind "kind:", or nothing.
std::optional<std::string> behind(const std::string& text, const std::string& kind) {
  return text.starts_with(kind + ":") ? std::optional(text.substr(kind.size() + 1)) : std::nullopt;
}

MemberSpec constant(std::string name, const std::string& exposure) {
  parse_exposure(exposure, name);
  MemberSpec member;
  member.name = std::move(name);
  member.kind = "constant";
  member.bytes = exposure;
  return member;
}

bool has_card(const nn::ModelFile& model) {
  return model.extra_members.contains(model_card_member);
}

MemberSpec read_member(const std::string& text, const strategy::ExpertConfig& expert) {
  MemberSpec member;
  if (text == "cash") return constant(text, "0");
  if (text == "buy_and_hold") return constant(text, "1");
  if (const auto exposure = behind(text, "constant")) return constant("constant " + *exposure, *exposure);
  const auto parameters = behind(text, "rules");
  if (text == "rules" || parameters) {
    const strategy::ParameterLayers layers =
        parameters ? strategy::parse_parameter_layers(read_file(*parameters), *parameters)
                   : strategy::ParameterLayers{};
    member.name = "rules";
    member.kind = "rules";
    member.bytes = strategy::to_json(layers);
    member.origin = parameters.value_or("the default parameters");
    return member;
  }
  if (text == "expert") {
    member.name = member.kind = text;
    member.bytes = expert_text(expert);
    member.origin = "rsi-ma";
    return member;
  }
  if (is_ensemble_file(text))
    throw Error("ensemble.bad_members", "an ensemble cannot be a member of another: name its members", text);
  if (!std::filesystem::exists(text))
    throw Error(
        "ensemble.bad_members",
        "this is no file, and none of expert, rules, rules:FILE, cash, buy_and_hold, constant:EXPOSURE",
        text);
  member.name = std::filesystem::path(text).stem().string();
  member.kind = "policy";
  member.bytes = read_file(text);
  member.origin = text;
  const nn::ModelFile model = nn::parse_model_file(member.bytes, text);
  if (has_card(model)) member.masked_columns = model_card_of(model, text).masked_columns;
  return member;
}

/// The cards of models that have none, such as those of Stable-Baselines3, from the first model that has one:
/// they must observe and act as it does, and on which bars they were trained is not known. Returns the names.
std::vector<std::string> lend_cards(std::vector<MemberSpec>& members) {
  std::optional<ModelCard> lent;
  std::vector<std::size_t> bare;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (members[i].kind != "policy") continue;
    const nn::ModelFile model = nn::parse_model_file(members[i].bytes, members[i].origin);
    if (!has_card(model))
      bare.push_back(i);
    else if (!lent)
      lent = model_card_of(model, members[i].origin);
  }
  std::vector<std::string> names;
  ErrorList faults;
  for (const std::size_t i : bare) {
    faults.collect([&] {
      MemberSpec& member = members[i];
      if (!lent)
        throw Error("ensemble.bad_members",
                    "the model does not say how bars become its observations: name a model of `stevie train` "
                    "beside it that observes and acts in the same way",
                    member.origin);
      nn::ModelFile model = nn::parse_model_file(member.bytes, member.origin);
      ModelCard card = *lent;
      card.training = card.validation = card.test = {};
      card.masked_columns.clear();
      model.extra_members[model_card_member] = model_card_json(card);
      model_card_of(model, member.origin);
      member.bytes = nn::model_file_bytes(model);
      names.push_back(member.name);
    });
  }
  faults.throw_any("ensemble.members_differ", "members cannot be used:");
  return names;
}

/// "ppo", "ppo-2", ...
void make_unique(std::vector<MemberSpec>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string name = members[i].name;
    const auto taken = [&] {
      return std::any_of(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(i),
                         [&](const MemberSpec& other) { return other.name == members[i].name; });
    };
    for (int number = 2; taken(); ++number) members[i].name = fmt::format("{}-{}", name, number);
  }
}

/// An ensemble of one member, which then decides alone.
EnsembleSpec alone(const EnsembleSpec& spec, std::size_t member) {
  EnsembleSpec one = spec;
  one.members = {spec.members[member]};
  one.config.adapt = false;
  one.config.minimum_consensus = 0;
  one.config.hedge.floor = 0;
  return one;
}

double metric_or_zero(const stats::Metric& metric) {
  return metric.value.value_or(0);
}

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted("stopped; nothing was written: the same command starts again");
}

/// Plays a spec over the validation part.
struct Validation {
  const market::Bars& bars;
  const env::MarketData& market;
  market::BarRange range;
  const EnsembleConfiguration& config;

  std::unique_ptr<strategy::Ensemble> make(const EnsembleSpec& spec) const {
    return make_ensemble(
        spec,
        {.bars = &bars, .symbol = bars.symbol, .interval = bars.interval, .measuring = config.measuring});
  }
  EnsembleRun play(const EnsembleSpec& spec, strategy::Ensemble& ensemble) const {
    return run_ensemble(ensemble, market, range, judging_engine(spec.card.environment),
                        [](const strategy::EnsembleDecision&) { throw_if_interrupted(); });
  }
};

/// Temperature or confidence, and how the member did.
void fit_member(EnsembleSpec& spec, std::size_t i, const Validation& validation) {
  MemberSpec& member = spec.members[i];
  const EnsembleSpec one = alone(spec, i);
  const auto ensemble = validation.make(one);
  const EnsembleRun run = validation.play(one, *ensemble);
  const std::vector<std::uint8_t> outcomes = outcomes_of(run, *ensemble);
  const RunFigures figures = figures_of(run.result);
  member.validation.total_return = figures.total_return;
  member.validation.sharpe = figures.sharpe;
  member.validation.judged = outcomes.size();
  std::size_t right = 0;
  for (std::size_t at = 0; at < outcomes.size(); ++at) right += run.chosen[at] == outcomes[at];
  const auto judged = static_cast<double>(outcomes.size()), levels = static_cast<double>(run.levels);
  if (judged > 0) member.validation.accuracy = static_cast<double>(right) / judged;
  if (member.kind == "policy" && !outcomes.empty()) {
    const std::span<const double> scores = std::span(run.scores).first(outcomes.size() * run.levels);
    const stats::TemperatureFit fit = stats::fit_temperature(scores, run.levels, outcomes);
    member.temperature = fit.temperature;
    member.validation.log_loss_before = fit.loss_before;
    member.validation.log_loss_after = fit.loss_after;
  }
  // Laplace's rule of succession: never sure by luck alone, never below a guess
  member.confidence = std::max((static_cast<double>(right) + 1) / (judged + levels), 1 / levels);
  member.validation.calibration_before =
      metric_or_zero(member_calibration(run, 0, outcomes, true).expected_error);
  const EnsembleSpec fitted = alone(spec, i);
  const auto again = validation.make(fitted);
  const EnsembleRun calibrated = validation.play(fitted, *again);
  member.validation.calibration_after =
      metric_or_zero(member_calibration(calibrated, 0, outcomes, false).expected_error);
}

/// The temperature of the pooled probabilities.
RunFigures fit_pool(EnsembleSpec& spec, const Validation& validation) {
  const auto ensemble = validation.make(spec);
  const EnsembleRun run = validation.play(spec, *ensemble);
  const std::vector<std::uint8_t> outcomes = outcomes_of(run, *ensemble);
  if (!outcomes.empty()) {
    const std::span<const double> pooled = std::span(run.pooled).first(outcomes.size() * run.levels);
    spec.config.temperature = stats::fit_temperature(pooled, run.levels, outcomes).temperature;
  }
  spec.calibration_before = metric_or_zero(ensemble_calibration(run, outcomes, true).expected_error);
  const auto again = validation.make(spec);
  const EnsembleRun calibrated = validation.play(spec, *again);
  spec.calibration_after = metric_or_zero(ensemble_calibration(calibrated, outcomes, false).expected_error);
  return figures_of(run.result);
}

ModelCard::Period period_of(const market::Bars& bars, market::BarRange range) {
  return {bars.open_time[range.begin], bars.open_time[range.end - 1] + 1};
}

/// What a reader must know about how members relate to the bars on which they are weighed and judged.
std::vector<std::string> notices_of(const EnsembleSpec& spec) {
  std::vector<std::string> notices;
  const auto cards = check_members(spec, spec.name);
  const auto overlaps = [](const ModelCard::Period& a, const ModelCard::Period& b) {
    return a.to > b.from && b.to > a.from;
  };
  for (std::size_t i = 0; i < cards.size(); ++i) {
    if (!cards[i]) continue;
    const std::string& name = spec.members[i].name;
    if (overlaps(cards[i]->training, spec.card.validation))
      notices.push_back(name +
                        " was trained on a part of the bars that set the weights: its weight flatters it.");
    if (overlaps(cards[i]->training, spec.card.test) || overlaps(cards[i]->validation, spec.card.test))
      notices.push_back(name + " was trained or chosen on a part of the test period.");
    if (cards[i]->symbol != spec.card.symbol)
      notices.push_back(name + " was trained on " + cards[i]->symbol + ".");
  }
  if (spec.config.method == strategy::EnsembleMethod::vote) return notices;
  const double guess = 1 / static_cast<double>(levels_of(spec.card.environment.exposures).size());
  for (const MemberSpec& member : spec.members)
    if (member.kind != "policy" && member.confidence <= guess && spec.members.size() > 1)
      notices.push_back(member.name +
                        " was right no more often than a guess and has hardly a say by this method; with "
                        "--method vote its weight counts.");
  return notices;
}

}  // namespace

std::vector<MemberSpec> read_members(const std::vector<std::string>& members,
                                     const strategy::ExpertConfig& expert) {
  std::vector<MemberSpec> specs;
  ErrorList faults;
  if (members.empty()) faults.add(Error("ensemble.bad_members", "name at least one member", "--member"));
  for (const std::string& text : members) faults.collect([&] { specs.push_back(read_member(text, expert)); });
  faults.throw_any("ensemble.bad_members", "members cannot be used:");
  return specs;
}

void weigh_members(std::vector<MemberSpec>& members, double sharpness) {
  double best = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const MemberSpec& member : members) best = std::max(best, member.validation.sharpe);
  constexpr double least = 1e-9;  // none is without a voice before the first bar
  for (MemberSpec& member : members)
    sum += member.weight = std::max(std::exp(sharpness * (member.validation.sharpe - best)), least);
  for (MemberSpec& member : members) member.weight /= sum;
}

ModelCard plain_card(const market::Bars& bars, const Config& config) {
  const market::Split split = market::split_bars(bars, config.data.split());
  ModelCard card;
  card.feature_set_version = features::feature_set_version();
  card.scaler.centre.assign(features::market_value_count, 0.0F);
  card.scaler.inverse_scale.assign(features::market_value_count, 1.0F);
  card.environment = config.env;
  card.symbol = bars.symbol;
  card.interval = bars.interval;
  card.synthetic = market::looks_synthetic(bars);
  card.training = period_of(bars, split.train);
  card.validation = period_of(bars, split.validation);
  card.test = period_of(bars, split.test);
  return card;
}

EnsembleMakeReport fit_ensemble(EnsembleSpec spec, const market::Bars& bars, const env::MarketData& market,
                                market::BarRange validation, const EnsembleConfiguration& config,
                                const ProgressOptions& progress) {
  validation.begin = std::max(validation.begin, market.features.warm_up);
  spec.config = config.ensemble.decision;
  spec.config.temperature = 1;
  const execution::Instrument& costs = spec.card.environment.instrument;
  spec.config.cost = (costs.taker_fee_bps + costs.half_spread_bps + costs.slippage_bps) * 1e-4;
  make_unique(spec.members);
  for (MemberSpec& member : spec.members) member.temperature = 1;
  check_members(spec, spec.name);
  const Validation part{bars, market, validation, config};
  ProgressBar bar("weighing", "members", spec.members.size() + 1, progress);
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    fit_member(spec, i, part);
    bar.update(i + 1);
  }
  weigh_members(spec.members, config.ensemble.sharpness);
  EnsembleMakeReport report;
  report.validation = fit_pool(spec, part);
  bar.update(spec.members.size() + 1);
  bar.finish();
  report.notices = notices_of(spec);
  report.spec = std::move(spec);
  return report;
}

namespace {

/// Of the first model that knows its periods; without models that of the configuration.
ModelCard card_of(const std::vector<MemberSpec>& members, const market::Bars& bars, const Config& config) {
  for (const MemberSpec& member : members) {
    if (member.kind != "policy") continue;
    ModelCard card = model_card_of(nn::parse_model_file(member.bytes, member.origin), member.origin);
    card.masked_columns.clear();
    if (card.validation.to != 0) return card;
  }
  return plain_card(bars, config);
}

}  // namespace

EnsembleMakeReport make_ensemble_file(const EnsembleMakeRequest& request) {
  EnsembleSpec spec;
  spec.members = read_members(request.members, request.config.expert);
  const std::vector<std::string> lent = lend_cards(spec.members);
  if (request.out.has_parent_path()) require_writable_folder(request.out.parent_path());
  spec.name = request.out.stem().string();
  const market::Bars bars = market::read_bars(request.data);
  make_unique(spec.members);
  spec.card = card_of(spec.members, bars, request.config);
  check_members(spec, spec.name);
  if (spec.card.interval != 0 && spec.card.interval != bars.interval)
    throw Error(
        "ensemble.members_differ",
        fmt::format("the members were trained on bars of {}, the file has bars of {}: weights must be "
                    "set on bars as those they were trained on",
                    format_duration(spec.card.interval), format_duration(bars.interval)),
        request.data.string());
  const env::MarketData market =
      unscaled_market(bars, spec.card.environment.instrument, request.data.string());
  const market::BarRange validation =
      market::time_range(bars, spec.card.validation.from, spec.card.validation.to);
  if (std::max(validation.begin, market.features.warm_up) + 2 > validation.end)
    throw Error("evaluation.bad_range",
                "the file has fewer than two usable bars in the validation period of the members, " +
                    format_time(spec.card.validation.from) + " to " + format_time(spec.card.validation.to) +
                    ": give the bars that they were trained on",
                request.data.string());
  EnsembleMakeReport report =
      fit_ensemble(std::move(spec), bars, market, validation, request.config, request.progress);
  for (const std::string& name : lent)
    report.notices.push_back(name +
                             " does not say how it observes nor on which bars it was trained: it is taken to "
                             "observe and act as the other models do.");
  write_ensemble_file(request.out, report.spec);
  return report;
}

std::string describe_ensemble(const EnsembleSpec& spec) {
  std::vector<std::vector<std::string>> rows;
  const auto number = [](double value) { return evaluation::format_fixed(value, 3); };
  for (const MemberSpec& member : spec.members) {
    const MemberValidation& validation = member.validation;
    rows.push_back(
        {member.name, member.kind, number(member.weight), evaluation::format_percent(validation.total_return),
         evaluation::format_fixed(validation.sharpe, 2), evaluation::format_percent(validation.accuracy),
         member.kind == "policy" ? evaluation::format_fixed(member.temperature, 2) : "-",
         member.kind == "policy"
             ? fmt::format("{} -> {}", number(validation.log_loss_before), number(validation.log_loss_after))
             : "-",
         fmt::format("{} -> {}", number(validation.calibration_before), number(validation.calibration_after)),
         member.masked_columns.empty()
             ? "all"
             : fmt::format("{} of {}", features::market_value_count - member.masked_columns.size(),
                           features::market_value_count)});
  }
  return text_table({"member", "kind", "weight", "validation return", "Sharpe", "right", "temperature",
                     "log loss", "calibration error", "columns"},
                    rows) +
         fmt::format("\nThe ensemble's own calibration error on validation {} -> {}, temperature {}.\n",
                     number(spec.calibration_before), number(spec.calibration_after),
                     evaluation::format_fixed(spec.config.temperature, 2));
}

}  // namespace stevie::app
