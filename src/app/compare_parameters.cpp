#include "app/compare_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "app/evaluate.h"
#include "app/params.h"
#include "app/rule_market.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/printable.h"
#include "evaluation/backtest.h"
#include "evaluation/evaluation.h"
#include "evaluation/format.h"
#include "market/readers.h"
#include "market/split.h"
#include "market/symbol.h"
#include "stats/thin_out.h"
#include "strategy/rule_strategy.h"

namespace stevie::app {
namespace {

using nlohmann::json;
using strategy::ParameterLayers;

constexpr std::size_t curve_rows = 600;

void look_whether_cancelled(const CompareRequest& request) {
  if (request.cancelled && request.cancelled())
    throw Error("app.compare_cancelled",
                "the comparison was given up before it was done: ask for fewer bars");
}

/// Asks now and then whether the run is still wanted.
class CancelledRules final : public strategy::Strategy {
 public:
  CancelledRules(strategy::RuleStrategy& rules, const CompareRequest& request)
      : rules_(rules), request_(request) {}

  std::string name() const override { return rules_.name(); }
  void start() override { rules_.start(); }
  strategy::Decision decide(const strategy::Situation& situation) override {
    constexpr std::uint64_t every = 4096;
    if (++decisions_ % every == 0) look_whether_cancelled(request_);
    return rules_.decide(situation);
  }

 private:
  strategy::RuleStrategy& rules_;
  const CompareRequest& request_;
  std::uint64_t decisions_ = 0;
};

/// The name that the bars trade under: as in `stevie serve`, the file's where the bars have none.
std::string symbol_of(const market::Bars& bars, const std::filesystem::path& file) {
  return bars.symbol.empty() ? file.stem().string() : bars.symbol;
}

std::filesystem::path file_of(const CompareRequest& request) {
  if (request.data.empty())
    throw Error("app.no_data", "no bars are configured to replay: name a bar file in live.data");
  if (request.symbol.empty()) return request.data.front();
  std::string found;
  for (const std::filesystem::path& file : request.data) {
    const std::string symbol = symbol_of(market::read_bars(file), file);
    if (symbol == request.symbol || market::canonical_symbol(symbol) == request.symbol) return file;
    found += (found.empty() ? "" : ", ") + symbol;
  }
  throw Error("app.no_symbol",
              fmt::format("there are no bars of {}; there are some of {}", request.symbol, printable(found)));
}

market::BarRange range_of(const CompareRequest& request, const RuleMarket& market) {
  std::optional<TimeMs> last_open;  // a bar counts once it has closed
  if (request.until) last_open = *request.until - market.bars.interval + 1;
  market::BarRange range = market::time_range(market.bars, request.from, last_open);
  range.begin = std::min(std::max(range.begin, market.first_ready()), range.end);
  if (request.bars > 0 && range.size() > request.bars) range.begin = range.end - request.bars;
  if (range.size() < 2)
    throw Error("evaluation.bad_range",
                fmt::format("fewer than two bars lie in the period on which the rules can decide: the first "
                            "is at {}, the last bar at {}",
                            format_time(market.bars.open_time[market.first_ready()]),
                            format_time(market.bars.open_time.back())),
                market.file.string());
  return range;
}

/// Keeps the result beside what is told of it, as the paired comparison needs both curves.
struct Replayed {
  execution::SimulationResult result;
  std::vector<double> profits;
  ComparedRun run;
};

Replayed replay(const CompareRequest& request, const ComparedParameters& parameters, const RuleMarket& market,
                market::BarRange range, const execution::EngineConfig& engine) {
  strategy::RuleStrategy rules(market.inputs, strategy::resolve(parameters.layers, market.bars.symbol),
                               engine.instrument);
  CancelledRules wanted(rules, request);
  Replayed replayed;
  replayed.result = evaluation::run_backtest(wanted, market.tape, range, engine);
  replayed.run.parameters = parameters;
  replayed.run.initial_equity = replayed.result.initial_equity;
  replayed.run.final_equity = replayed.result.equity.back();
  replayed.run.fees = replayed.result.total_fees;
  replayed.run.traded_notional = replayed.result.traded_notional;
  replayed.run.refused_by_cost = rules.counts().all_refused_by_cost();
  return replayed;
}

void measure(const CompareRequest& request, Replayed& replayed) {
  look_whether_cancelled(request);
  const stats::EquityCurve curve = evaluation::equity_curve(replayed.result, replayed.profits);
  replayed.run.performance = stats::measure(curve);
  stats::add_intervals(curve, request.bootstrap, replayed.run.performance);
}

std::vector<ComparedMonth> months_of(const stats::EquityCurve& first, const stats::EquityCurve& second) {
  const std::vector<stats::MonthReturn> a = stats::monthly_returns(first), b = stats::monthly_returns(second);
  std::vector<ComparedMonth> months;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ComparedMonth month{
        .year = a[i].year, .month = a[i].month, .first = a[i].value, .second = b[i].value, .difference = {}};
    if (!month.first || !month.second) {
      month.difference = stats::Metric::absent(month.first ? month.second.reason : month.first.reason);
      month.differs = month.first.value.has_value() != month.second.value.has_value();
    } else {
      month.difference = stats::Metric::of(*month.second.value - *month.first.value);
      month.differs = *month.second.value != *month.first.value;
    }
    months.push_back(std::move(month));
  }
  return months;
}

bool same_actions(const execution::SimulationResult& first, const execution::SimulationResult& second) {
  return first.equity == second.equity && first.exposure == second.exposure;
}

std::string sentence_of(const ParameterComparison& found) {
  const auto total = [](const ComparedRun& run) {
    return evaluation::format_metric(run.performance.total_return, stats::Unit::percent);
  };
  const auto trades = [](const ComparedRun& run) {
    return fmt::format("{} trade{}", run.performance.trades, run.performance.trades == 1 ? "" : "s");
  };
  std::string text = fmt::format("{}{} to {}: ", found.synthetic ? "On a synthetic market, " : "",
                                 format_date(found.from), format_date(found.to - 1));
  if (found.same_trades)
    return text + fmt::format("both did the same on every bar ({}, return {}).", trades(found.first),
                              total(found.first));
  text += fmt::format("{} returned {} in {}, {} returned {} in {}", found.first.parameters.name,
                      total(found.first), trades(found.first), found.second.parameters.name,
                      total(found.second), trades(found.second));
  const stats::Metric& sharpe = found.comparison.sharpe.difference;
  if (!sharpe) return text + fmt::format("; their Sharpe ratios cannot be compared ({}).", sharpe.reason);
  text += fmt::format("; the difference of their Sharpe ratios is {}",
                      evaluation::format_fixed(*sharpe.value, 2));
  if (!sharpe.interval) return text + ".";
  text += fmt::format(" with a {:g} % interval of [{}, {}], so ", 100 * found.bootstrap.level,
                      evaluation::format_fixed(sharpe.interval->low, 2),
                      evaluation::format_fixed(sharpe.interval->high, 2));
  if (sharpe.interval->low > 0) return text + "the second was better by more than chance explains.";
  if (sharpe.interval->high < 0) return text + "the second was worse by more than chance explains.";
  return text + "the two cannot be told apart.";
}

json metric_json(const stats::Metric& metric) {
  json object{{"value", nullptr}, {"low", nullptr}, {"high", nullptr}, {"reason", nullptr}};
  if (metric.value) object["value"] = *metric.value;
  if (!metric.value) object["reason"] = metric.reason;
  if (metric.interval) {
    object["low"] = metric.interval->low;
    object["high"] = metric.interval->high;
  }
  return object;
}

json run_json(const ComparedRun& run) {
  json metrics = json::object();
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    json metric = metric_json(run.performance.*info.field);
    metric["name"] = info.name;
    metrics[std::string(info.key)] = std::move(metric);
  }
  const std::optional<std::uint64_t>& version = run.parameters.version;
  return {{"name", run.parameters.name},
          {"version", version ? json(*version) : json(nullptr)},
          {"days", run.performance.days},
          {"trades", run.performance.trades},
          {"refused_by_cost", run.refused_by_cost},
          {"initial_equity", run.initial_equity},
          {"final_equity", run.final_equity},
          {"fees", run.fees},
          {"traded_notional", run.traded_notional},
          {"metrics", std::move(metrics)}};
}

json difference_json(const stats::PairedDifference& difference) {
  json object = metric_json(difference.difference);
  object["probability_better"] =
      difference.probability_better ? json(*difference.probability_better) : json(nullptr);
  return object;
}

json months_json(const std::vector<ComparedMonth>& months) {
  json list = json::array();
  const auto value = [](const stats::Metric& metric) {
    return metric.value ? json(*metric.value) : json(nullptr);
  };
  for (const ComparedMonth& month : months)
    list.push_back({{"month", evaluation::format_month(month.year, month.month)},
                    {"first", value(month.first)},
                    {"second", value(month.second)},
                    {"difference", value(month.difference)},
                    {"differs", month.differs}});
  return list;
}

}  // namespace

std::vector<std::size_t> kept_rows(const std::vector<double>& first, const std::vector<double>& second,
                                   std::size_t most) {
  if (first.size() <= most) return stats::thin_out(first, most);
  const std::vector<std::size_t> of_first = stats::thin_out(first, most / 2);
  const std::vector<std::size_t> of_second = stats::thin_out(second, most / 2);
  std::vector<std::size_t> kept;
  std::ranges::set_union(of_first, of_second, std::back_inserter(kept));
  return kept;
}

ComparedParameters compared_version(const live::ParameterStore& store, std::optional<std::uint64_t> number) {
  const live::ParameterVersion& version = number ? store.version(*number) : store.current();
  return {fmt::format("version {}", version.number), version.number, version.layers};
}

ComparedParameters compared_draft(const ComparedParameters& base,
                                  const std::vector<live::ManualValue>& values) {
  return {base.name + " with other values", std::nullopt, with_values(base.layers, values)};
}

ParameterLayers with_values(ParameterLayers layers, const std::vector<live::ManualValue>& values) {
  std::vector<std::string> faults = live::manual_faults(values, {"draft", "draft"});
  for (const live::ManualValue& value : values) {
    if (value.symbol.empty() && !value.regime) {
      layers.global[value.parameter] = value.value.value_or(strategy::info(value.parameter).default_value);
      continue;
    }
    strategy::Overrides& layer =
        value.regime ? layers.by_regime[*value.regime] : layers.by_symbol[value.symbol];
    if (value.value) {
      layer[value.parameter] = *value.value;
    } else {
      layer.erase(value.parameter);
    }
  }
  if (faults.empty()) faults = strategy::layer_faults(layers);
  if (!faults.empty()) {
    std::string text;
    for (const std::string& fault : faults) text += (text.empty() ? "" : "; ") + fault;
    throw Error("live.refused_change", text);
  }
  return layers;
}

ParameterComparison compare_parameters(const CompareRequest& request) {
  stats::check_bootstrap(request.bootstrap);
  const execution::EngineConfig engine = judging_engine(request.config.env);
  engine.validate();
  const std::filesystem::path file = file_of(request);
  look_whether_cancelled(request);
  RuleMarket market = load_rule_market(file, request.social, engine.instrument, request.config.measuring);
  if (market.bars.symbol.empty()) market.bars.symbol = symbol_of(market.bars, file);
  look_whether_cancelled(request);
  const market::BarRange range = range_of(request, market);

  Replayed first = replay(request, request.first, market, range, engine);
  Replayed second = replay(request, request.second, market, range, engine);
  measure(request, first);
  measure(request, second);
  look_whether_cancelled(request);

  ParameterComparison found;
  found.symbol = market.bars.symbol;
  found.data = file.string();
  found.interval = market.bars.interval;
  found.synthetic = market.synthetic;
  found.from = first.result.open_time.front();
  found.to = first.result.open_time.back() + market.bars.interval;
  found.bars = range.size();
  found.bootstrap = request.bootstrap;
  found.notes = market.notes;
  found.differences = live::diff(request.first.layers, request.second.layers);
  found.same_trades = same_actions(first.result, second.result);
  const stats::EquityCurve first_curve = evaluation::equity_curve(first.result, first.profits);
  const stats::EquityCurve second_curve = evaluation::equity_curve(second.result, second.profits);
  found.comparison = stats::compare_paired(second_curve, first_curve, request.bootstrap);
  found.months = months_of(first_curve, second_curve);
  for (const std::size_t row : kept_rows(first.result.equity, second.result.equity, curve_rows))
    found.curve.push_back({first.result.open_time[row] + market.bars.interval, first.result.equity[row],
                           second.result.equity[row]});
  found.first = std::move(first.run);
  found.second = std::move(second.run);
  found.sentence = sentence_of(found);
  return found;
}

std::string comparison_text(const ParameterComparison& found) {
  const auto date = [](TimeMs time) { return format_time(time); };
  std::string text = fmt::format("{}, {} bars of {}, {} to {}{}\n\n", found.symbol, found.bars,
                                 format_duration(found.interval), date(found.from), date(found.to),
                                 found.synthetic ? " (SYNTHETIC MARKET)" : "");
  std::vector<std::vector<std::string>> rows;
  const auto interval = [](const stats::Metric& metric, stats::Unit unit) {
    return evaluation::format_interval(metric, unit);
  };
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    const stats::Metric& first = found.first.performance.*info.field;
    const stats::Metric& second = found.second.performance.*info.field;
    rows.push_back({std::string(info.name), evaluation::format_metric(first, info.unit),
                    interval(first, info.unit), evaluation::format_metric(second, info.unit),
                    interval(second, info.unit)});
  }
  rows.push_back({"Trades", std::to_string(found.first.performance.trades), "",
                  std::to_string(found.second.performance.trades), ""});
  const std::string level = fmt::format("{:g} % interval", 100 * found.bootstrap.level);
  text +=
      text_table({"", found.first.parameters.name, level, found.second.parameters.name, level}, rows) + "\n";

  rows.clear();
  for (const ComparedMonth& month : found.months) {
    if (!month.differs) continue;
    rows.push_back({evaluation::format_month(month.year, month.month),
                    evaluation::format_metric(month.first, stats::Unit::percent),
                    evaluation::format_metric(month.second, stats::Unit::percent),
                    evaluation::format_metric(month.difference, stats::Unit::percent)});
  }
  if (!rows.empty())
    text +=
        text_table({"Month", found.first.parameters.name, found.second.parameters.name, "difference"}, rows) +
        "\n";
  for (const std::string& note : found.notes) text += "note: " + note + "\n";
  return printable(text + found.sentence + "\n");
}

std::string comparison_json(const ParameterComparison& found) {
  live::ParameterVersion first, second;
  first.layers = found.first.parameters.layers;
  second.layers = found.second.parameters.layers;
  json curve = json::array();
  for (const ComparedPoint& point : found.curve)
    curve.push_back({{"time", format_time(point.time)}, {"first", point.first}, {"second", point.second}});
  const json object{{"symbol", found.symbol},
                    {"data", found.data},
                    {"interval", format_duration(found.interval)},
                    {"synthetic", found.synthetic},
                    {"from", format_time(found.from)},
                    {"to", format_time(found.to)},
                    {"bars", found.bars},
                    {"level", found.bootstrap.level},
                    {"first", run_json(found.first)},
                    {"second", run_json(found.second)},
                    {"differences", json::parse(diff_json(first, second)).at("differences")},
                    {"same_trades", found.same_trades},
                    {"difference",
                     {{"sharpe", difference_json(found.comparison.sharpe)},
                      {"total_return", difference_json(found.comparison.total_return)},
                      {"annual_return", difference_json(found.comparison.annual_return)}}},
                    {"months", months_json(found.months)},
                    {"curve", std::move(curve)},
                    {"notes", found.notes},
                    {"sentence", found.sentence}};
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
