#include "app/optimize_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/bytes.h"
#include "core/error.h"
#include "market/split.h"

namespace stevie::app {
namespace {

using strategy::Parameter;
using strategy::ParameterLayers;

double running_value(const ParameterLayers& base, Parameter parameter, const std::string* symbol) {
  if (symbol != nullptr) {
    const auto layer = base.by_symbol.find(*symbol);
    if (layer != base.by_symbol.end()) {
      const auto value = layer->second.find(parameter);
      if (value != layer->second.end()) return value->second;
    }
  }
  return base.global[parameter];
}

Dimension make_dimension(const Scenario& scenario, Parameter parameter, double running) {
  const strategy::ParameterInfo& info = strategy::info(parameter);
  Dimension dimension;
  dimension.parameter = parameter;
  dimension.lower = info.minimum;
  dimension.upper = info.maximum;
  if (const auto own = scenario.bounds.find(parameter); own != scenario.bounds.end()) {
    dimension.lower = own->second.first;
    dimension.upper = own->second.second;
  }
  dimension.start = std::clamp(running, dimension.lower, dimension.upper);
  return dimension;
}

bool contains(std::span<const Parameter> list, Parameter parameter) {
  return std::ranges::find(list, parameter) != list.end();
}

/// The nearest whole step inside the dimension's own bounds, which need not lie on steps.
double snapped(const Dimension& dimension, double value) {
  const double step = strategy::info(dimension.parameter).step;
  double result = strategy::snap(dimension.parameter, value);
  if (result < dimension.lower) result = strategy::snap(dimension.parameter, result + step);
  if (result > dimension.upper) result = strategy::snap(dimension.parameter, result - step);
  return std::clamp(result, dimension.lower, dimension.upper);
}

std::unique_ptr<search::Optimizer> make_optimizer(const Scenario& scenario, const SearchSettings& settings,
                                                  std::span<const Dimension> dimensions) {
  search::Box box;
  for (const Dimension& dimension : dimensions) {
    box.lower.push_back(dimension.lower);
    box.upper.push_back(dimension.upper);
    box.start.push_back(dimension.start);
  }
  const double spread = first_spread(scenario.aggressiveness);
  if (settings.method == SearchMethod::cma_es) {
    return search::make_cma_es(box, {.seed = settings.seed,
                                     .batch = 2 * settings.pairs,
                                     .start_sigma = spread,
                                     .tolerance = settings.tolerance});
  }
  search::PgpeConfig config;
  config.seed = settings.seed;
  config.pairs = settings.pairs;
  config.start_sigma = spread;
  config.tolerance = settings.tolerance;
  return search::make_pgpe(box, config);
}

void write(ByteWriter& writer, const Candidate& candidate) {
  writer.value(candidate.episode);
  writer.array<double>(candidate.values);
  writer.value(candidate.reward);
  writer.array<double>(candidate.window_values);
  writer.array<double>(candidate.symbol_rewards);
  writer.value(candidate.trades);
  writer.value(candidate.refused_by_cost);
}

Candidate read_candidate(ByteReader& reader) {
  Candidate candidate;
  candidate.episode = reader.value<std::uint64_t>();
  candidate.values = reader.array<double>();
  candidate.reward = reader.value<double>();
  candidate.window_values = reader.array<double>();
  candidate.symbol_rewards = reader.array<double>();
  candidate.trades = reader.value<std::uint64_t>();
  candidate.refused_by_cost = reader.value<std::uint64_t>();
  return candidate;
}

}  // namespace

std::vector<Dimension> search_dimensions(const Scenario& scenario, const ParameterLayers& base,
                                         std::span<const std::string> symbols) {
  std::vector<Dimension> dimensions;
  for (const Parameter parameter : scenario.targets) {
    if (contains(scenario.per_symbol, parameter)) continue;
    dimensions.push_back(make_dimension(scenario, parameter, base.global[parameter]));
  }
  for (const Parameter parameter : scenario.targets) {
    if (!contains(scenario.per_symbol, parameter)) continue;
    for (std::size_t s = 0; s < symbols.size(); ++s) {
      if (symbols[s].empty())
        throw Error("app.no_symbol",
                    "per-symbol parameters need bars whose file names their symbol, as in BTCUSDT_1h.csv");
      dimensions.push_back(make_dimension(scenario, parameter, running_value(base, parameter, &symbols[s])));
      dimensions.back().symbol = s;
    }
  }
  return dimensions;
}

ReplaySet::ReplaySet(std::span<const RuleMarket> markets, std::span<const TimeRange> ranges,
                     const execution::EngineConfig& engine)
    : windows_(ranges.size()) {
  for (const RuleMarket& market : markets) names_.push_back(market.bars.symbol);
  for (const TimeRange& range : ranges) {
    for (const RuleMarket& market : markets) {
      const market::BarRange bars = market::time_range(market.bars, range.from, range.to);
      if (bars.size() < 2)
        throw Error("app.short_history", fmt::format("there are fewer than two bars from {}", to_text(range)),
                    market.file.string());
      sweeps_.emplace_back(market.tape, *market.inputs, engine, bars);
    }
  }
}

std::size_t ReplaySet::bar_count() const {
  std::size_t count = 0;
  for (const evaluation::ParameterSweep& sweep : sweeps_) count += sweep.bar_count();
  return count;
}

std::vector<std::vector<std::vector<WindowOutcome>>> ReplaySet::play(std::span<const ParameterLayers> sets,
                                                                     ThreadPool* pool) const {
  std::vector<std::vector<std::vector<WindowOutcome>>> outcomes(
      sets.size(), std::vector<std::vector<WindowOutcome>>(windows_));
  for (std::size_t s = 0; s < symbols(); ++s) {
    std::vector<strategy::ResolvedParameters> resolved;
    resolved.reserve(sets.size());
    for (const ParameterLayers& layers : sets) resolved.push_back(strategy::resolve(layers, names_[s]));
    for (std::size_t w = 0; w < windows_; ++w) {
      const evaluation::ParameterSweep& sweep = sweeps_[w * symbols() + s];
      std::vector<evaluation::SweepOutcome> results = sweep.evaluate(resolved, pool);
      for (std::size_t k = 0; k < sets.size(); ++k)
        outcomes[k][w].push_back(window_outcome(sweep.days(), std::move(results[k])));
    }
  }
  return outcomes;
}

ParameterSearch::ParameterSearch(const Scenario& scenario, const SearchSettings& settings,
                                 const ParameterLayers& base, std::vector<std::string> symbols,
                                 const ReplaySet& replays, const RewardConfig& reward)
    : goal_(scenario.goal),
      base_(base),
      symbols_(std::move(symbols)),
      replays_(replays),
      reward_(reward),
      dimensions_(search_dimensions(scenario, base, symbols_)),
      optimizer_(make_optimizer(scenario, settings, dimensions_)) {
  std::vector<double> values;
  for (const Dimension& dimension : dimensions_) {
    const std::string* symbol = dimension.symbol ? &symbols_[*dimension.symbol] : nullptr;
    values.push_back(running_value(base_, dimension.parameter, symbol));
  }
  running_ = judge(std::span(&values, 1), 0, nullptr).front();
}

std::string ParameterSearch::dimension_name(std::size_t index) const {
  const Dimension& dimension = dimensions_.at(index);
  const std::string name(strategy::to_string(dimension.parameter));
  return dimension.symbol ? name + " of " + symbols_[*dimension.symbol] : name;
}

ParameterLayers ParameterSearch::layers_of(const Candidate& candidate) const {
  ParameterLayers layers = base_;
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    const Dimension& dimension = dimensions_[i];
    const double value = candidate.values[i];
    if (!dimension.symbol) {
      layers.global[dimension.parameter] = value;
      continue;
    }
    const std::string& symbol = symbols_[*dimension.symbol];
    // A layer that says what holds anyway would make a difference in bytes that makes none in trading.
    if (value != running_value(base_, dimension.parameter, &symbol))
      layers.by_symbol[symbol][dimension.parameter] = value;
  }
  return layers;
}

std::vector<Candidate> ParameterSearch::judge(std::span<const std::vector<double>> points,
                                              std::uint64_t episode, ThreadPool* pool) const {
  std::vector<Candidate> judged;
  std::vector<ParameterLayers> sets;
  for (const std::vector<double>& point : points) {
    Candidate candidate;
    candidate.episode = episode;
    candidate.values = point;
    sets.push_back(layers_of(candidate));
    judged.push_back(std::move(candidate));
  }
  auto outcomes = replays_.play(sets, pool);
  for (std::size_t k = 0; k < judged.size(); ++k) {
    std::vector<std::vector<double>> by_symbol(replays_.symbols());
    for (std::vector<WindowOutcome>& window : outcomes[k]) {
      for (std::size_t s = 0; s < window.size(); ++s)
        by_symbol[s].push_back(window_value(goal_, window[s], 1, reward_));
      const WindowOutcome whole = portfolio(std::move(window));
      judged[k].trades += whole.trades;
      judged[k].refused_by_cost += whole.refused_by_cost;
      judged[k].window_values.push_back(window_value(goal_, whole, replays_.symbols(), reward_));
    }
    judged[k].reward = reward(judged[k].window_values, reward_);
    for (const std::vector<double>& values : by_symbol)
      judged[k].symbol_rewards.push_back(reward(values, reward_));
  }
  return judged;
}

void ParameterSearch::run_episode(ThreadPool* pool) {
  const std::uint64_t number = optimizer_->episodes();
  Episode episode;
  std::vector<std::vector<double>> fresh;
  for (std::vector<double>& point : optimizer_->ask()) {
    for (std::size_t i = 0; i < point.size(); ++i) point[i] = snapped(dimensions_[i], point[i]);
    const auto index = static_cast<std::uint32_t>(candidates_.size() + fresh.size());
    const auto [place, is_new] = known_.emplace(point, index);
    episode.members.push_back(place->second);
    if (is_new) fresh.push_back(std::move(point));
  }
  for (Candidate& candidate : judge(fresh, number, pool)) candidates_.push_back(std::move(candidate));
  proposals_ += episode.members.size();

  std::vector<double> rewards;
  for (const std::uint32_t member : episode.members) rewards.push_back(candidates_[member].reward);
  optimizer_->tell(rewards);
  for (const double value : rewards) episode.mean_reward += value / static_cast<double>(rewards.size());
  const double best = std::ranges::max(rewards);
  episode.best_so_far = history_.empty() ? best : std::max(best, history_.back().best_so_far);
  episode.centre = optimizer_->centre();
  episode.spread = optimizer_->spread();
  history_.push_back(std::move(episode));
}

std::optional<std::size_t> ParameterSearch::best() const {
  std::optional<std::size_t> best;
  for (std::size_t k = 0; k < candidates_.size(); ++k) {
    if (best && candidates_[k].reward <= candidates_[*best].reward) continue;
    if (!changes_nothing(candidates_[k])) best = k;
  }
  return best;
}

std::string ParameterSearch::save() const {
  ByteWriter writer;
  const std::string optimizer = optimizer_->save();
  writer.array<char>(std::span(optimizer.data(), optimizer.size()));
  writer.value(proposals_);
  writer.value<std::uint64_t>(candidates_.size());
  for (const Candidate& candidate : candidates_) write(writer, candidate);
  writer.value<std::uint64_t>(history_.size());
  for (const Episode& episode : history_) {
    writer.array<std::uint32_t>(episode.members);
    writer.value(episode.mean_reward);
    writer.value(episode.best_so_far);
    writer.array<double>(episode.centre);
    writer.array<double>(episode.spread);
  }
  return writer.take();
}

void ParameterSearch::restore(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::vector<char> optimizer = reader.array<char>();
  const auto proposals = reader.value<std::uint64_t>();
  std::vector<Candidate> candidates;
  std::map<std::vector<double>, std::uint32_t> known;
  for (auto left = reader.value<std::uint64_t>(); left > 0; --left) {
    candidates.push_back(read_candidate(reader));
    known.emplace(candidates.back().values, static_cast<std::uint32_t>(candidates.size() - 1));
  }
  std::vector<Episode> history;
  for (auto left = reader.value<std::uint64_t>(); left > 0; --left) {
    Episode episode;
    episode.members = reader.array<std::uint32_t>();
    episode.mean_reward = reader.value<double>();
    episode.best_so_far = reader.value<double>();
    episode.centre = reader.array<double>();
    episode.spread = reader.array<double>();
    for (const std::uint32_t member : episode.members) {
      if (member >= candidates.size())
        throw Error("bytes.damaged", "the saved state is damaged: it names candidates that it does not have");
    }
    history.push_back(std::move(episode));
  }
  for (const Candidate& candidate : candidates) {
    if (candidate.values.size() != dimensions_.size() ||
        candidate.symbol_rewards.size() != replays_.symbols() ||
        candidate.window_values.size() != replays_.windows())
      throw Error("search.state_differs", "the saved search is of other parameters, symbols or windows");
  }
  optimizer_->restore({optimizer.data(), optimizer.size()});
  proposals_ = proposals;
  candidates_ = std::move(candidates);
  known_ = std::move(known);
  history_ = std::move(history);
}

}  // namespace stevie::app
