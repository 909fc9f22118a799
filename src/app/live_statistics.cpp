#include "app/live_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "core/error.h"
#include "live/bar_history.h"
#include "live/journal.h"
#include "stats/bootstrap.h"
#include "stats/thin_out.h"

namespace stevie::app {
namespace {

constexpr double interval_level = 0.95;

bool is_of(const LiveTrade& trade, const std::string& symbol) {
  return symbol.empty() || trade.symbol == symbol;
}

/// Where the account began among the bars of a symbol.
std::size_t beginning_in(const LiveLife& life, const std::string& symbol, const market::Bars& bars,
                         std::size_t count) {
  const LiveLife::Beginning& beginning = life.beginning();
  const auto begin = bars.open_time.begin(), end = begin + static_cast<std::ptrdiff_t>(count);
  std::size_t first = count;
  if (const auto newest = beginning.newest.find(symbol); newest != beginning.newest.end()) {
    const auto behind = static_cast<std::size_t>(std::upper_bound(begin, end, newest->second) - begin);
    first = behind - std::min<std::size_t>(behind, beginning.steps);
  }
  if (const SymbolBook* book = life.book(symbol); book != nullptr && !book->steps.empty()) {
    const auto fill =
        static_cast<std::size_t>(std::lower_bound(begin, end, book->steps.front().time) - begin);
    first = std::min(first, fill);
  }
  return first;
}

/// Goes over the closes of one symbol beside others.
struct Walk {
  const SymbolCloses* closes = nullptr;
  const SymbolBook* book = nullptr;
  std::size_t bar = 0, step = 0;
  double cash = 0, units = 0, close = 0, first_close = 0;

  bool ends() const { return bar == closes->open_time.size(); }
  TimeMs next() const { return closes->open_time[bar]; }
  void advance() {
    close = closes->close[bar];
    if (first_close == 0) first_close = close;
    for (; step < book->steps.size() && book->steps[step].time <= closes->open_time[bar]; ++step) {
      cash = book->steps[step].cash;
      units = book->steps[step].units;
    }
    ++bar;
  }
  double value() const { return units * close; }
  double held() const {
    return first_close > 0 ? book->initial_cash * close / first_close : book->initial_cash;
  }
};

std::vector<Walk> walks_over(const LiveLife& life, std::span<const SymbolCloses> closes,
                             const std::string& symbol) {
  std::vector<Walk> walks;
  for (const SymbolCloses& of_symbol : closes) {
    const SymbolBook* book = life.book(of_symbol.symbol);
    if (book == nullptr || (!symbol.empty() && of_symbol.symbol != symbol)) continue;
    Walk walk;
    walk.closes = &of_symbol;
    walk.book = book;
    walk.cash = book->initial_cash;
    walks.push_back(walk);
  }
  return walks;
}

void add_row(const std::vector<Walk>& walks, TimeMs time, EquityPath& path) {
  double equity = 0, value = 0, held = 0;
  for (const Walk& walk : walks) {
    equity += walk.cash + walk.value();
    value += walk.value();
    held += walk.held();
  }
  path.open_time.push_back(time);
  path.equity.push_back(equity);
  path.exposure.push_back(equity > 0 ? value / equity : 0);
  path.held.push_back(held);
}

std::vector<const LiveTrade*> closed_trades(const LiveLife& life, const std::string& symbol) {
  std::vector<const LiveTrade*> closed;
  for (const LiveTrade& trade : life.trades())
    if (!trade.open() && is_of(trade, symbol)) closed.push_back(&trade);
  std::ranges::stable_sort(closed, {}, [](const LiveTrade* trade) { return trade->exit_time; });
  return closed;
}

/// Fees and value of the fills of all books up to a time.
BookStep sums_at(const LiveLife& life, const std::string& symbol, TimeMs until) {
  BookStep sums;
  for (const std::string& name : life.symbols()) {
    const SymbolBook* book = life.book(name);
    if (book == nullptr || (!symbol.empty() && name != symbol)) continue;
    const auto behind = std::ranges::upper_bound(book->steps, until, {}, &BookStep::time);
    if (behind == book->steps.begin()) continue;
    sums.fees += std::prev(behind)->fees;
    sums.notional += std::prev(behind)->notional;
  }
  return sums;
}

TimeMs period_begin(TimeMs time, PeriodLength length) {
  const std::int64_t day = utc_day(time);
  if (length == PeriodLength::day) return day * day_ms;
  return (day - civil_date(time).day + 1) * day_ms;
}

TimeMs period_end(TimeMs begin, PeriodLength length) {
  constexpr std::int64_t longest_month = 31;
  if (length == PeriodLength::day) return begin + day_ms;
  return period_begin(begin + longest_month * day_ms, PeriodLength::month);
}

std::string key_of(const LiveTrade& trade, GroupBy by) {
  std::string key;
  switch (by) {
    case GroupBy::regime:
      key = trade.gist.regime;
      break;
    case GroupBy::rule:
      key = trade.gist.rule;
      break;
    case GroupBy::symbol:
      key = trade.symbol;
      break;
    case GroupBy::version:
      key = trade.parameter_version == 0 ? "" : std::to_string(trade.parameter_version);
      break;
    case GroupBy::exit:
      key = trade.exit_reason;
      break;
    case GroupBy::side:
      key = execution::to_string(trade.side);
      break;
  }
  return key.empty() ? "unknown" : key;
}

TradeGroup measure_group(std::string key, const std::vector<const LiveTrade*>& trades) {
  TradeGroup group;
  group.key = std::move(key);
  group.trades = trades.size();
  group.first = trades.front()->exit_time;
  std::vector<double> profits;
  const auto count = static_cast<double>(trades.size());
  for (const LiveTrade* trade : trades) {
    profits.push_back(trade->profit);
    group.won += trade->profit > 0 ? 1 : 0;
    group.pnl += trade->profit;
    group.fees += trade->fees;
    (trade->profit > 0 ? group.gross_profit : group.gross_loss) += std::abs(trade->profit);
    group.mean_return += trade->net_return() / count;
    group.mean_duration += static_cast<double>(trade->exit_time - trade->entry_time) / count;
    group.last = std::max(group.last, trade->exit_time);
  }
  group.win_rate_interval = stats::wilson_interval(group.won, group.trades, interval_level);
  // As many resamplings as take a moment.
  constexpr std::size_t least = 10, fewest = 200, most = 1000, draws = 5'000'000;
  group.expectancy_interval =
      stats::mean_interval(profits, interval_level, least, std::clamp(draws / profits.size(), fewest, most));
  return group;
}

/// Entries of one kind on the way to a FollowUp.
struct Following {
  std::vector<double> returns;
  std::size_t pending = 0;
};

FollowUp follow_up(std::string what, std::string rule, const Following& following) {
  FollowUp found;
  found.what = std::move(what);
  found.rule = std::move(rule);
  found.count = following.returns.size();
  found.pending = following.pending;
  for (const double change : following.returns) found.right += change > 0 ? 1 : 0;
  found.right_interval = stats::wilson_interval(found.right, found.count, interval_level);
  if (found.count > 0) {
    found.mean_return = std::accumulate(following.returns.begin(), following.returns.end(), 0.0) /
                        static_cast<double>(found.count);
  }
  found.mean_interval = stats::mean_interval(following.returns, interval_level);
  return found;
}

const SymbolCloses* closes_of(std::span<const SymbolCloses> closes, const std::string& symbol) {
  const auto found = std::ranges::find(closes, symbol, &SymbolCloses::symbol);
  return found == closes.end() ? nullptr : &*found;
}

}  // namespace

std::vector<SymbolCloses> traded_closes(const LiveLife& life, const live::BarHistory& history) {
  std::vector<SymbolCloses> all;
  for (std::size_t i = 0; i < history.symbols().size(); ++i) {
    SymbolCloses closes{.symbol = history.symbols()[i], .open_time = {}, .close = {}};
    history.read(i, [&](const market::Bars& bars, std::size_t count) {
      const auto begin = static_cast<std::ptrdiff_t>(beginning_in(life, closes.symbol, bars, count)),
                 end = static_cast<std::ptrdiff_t>(count);
      closes.open_time.assign(bars.open_time.begin() + begin, bars.open_time.begin() + end);
      closes.close.assign(bars.close.begin() + begin, bars.close.begin() + end);
    });
    all.push_back(std::move(closes));
  }
  return all;
}

std::vector<SymbolCloses> recorded_closes(const LiveLife& life, const std::filesystem::path& folder) {
  std::vector<SymbolCloses> all;
  for (const std::string& symbol : life.symbols())
    all.push_back({.symbol = symbol, .open_time = {}, .close = {}});
  live::read_closes(folder, life.session(), [&](const std::string& symbol, TimeMs open_time, double close) {
    const auto found = std::ranges::find(all, symbol, &SymbolCloses::symbol);
    if (found == all.end() || (!found->open_time.empty() && open_time <= found->open_time.back())) return;
    found->open_time.push_back(open_time);
    found->close.push_back(close);
  });
  return all;
}

EquityPath equity_path(const LiveLife& life, std::span<const SymbolCloses> closes,
                       const std::string& symbol) {
  EquityPath path;
  path.interval = life.interval();
  for (const LiveTrade* trade : closed_trades(life, symbol)) path.trade_profit.push_back(trade->profit);
  const BookStep sums = sums_at(life, symbol, std::numeric_limits<TimeMs>::max());
  path.fees = sums.fees;
  path.traded_notional = sums.notional;
  std::vector<Walk> walks = walks_over(life, closes, symbol);
  std::size_t rows = 0;
  for (const Walk& walk : walks) {
    path.initial_equity += walk.book->initial_cash;
    rows = std::max(rows, walk.closes->open_time.size());
  }
  path.open_time.reserve(rows);
  for (auto* column : {&path.equity, &path.exposure, &path.held}) column->reserve(rows);
  for (;;) {
    std::optional<TimeMs> time;
    for (const Walk& walk : walks)
      if (!walk.ends()) time = std::min(time.value_or(walk.next()), walk.next());
    if (!time) return path;
    for (Walk& walk : walks)
      if (!walk.ends() && walk.next() == *time) walk.advance();
    add_row(walks, *time, path);
  }
}

EquityTrace trace_equity(const LiveLife& life, std::span<const SymbolCloses> closes,
                         const TraceRequest& request) {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  const EquityPath path = equity_path(life, closes);
  const TimeMs begin =
      path.open_time.empty() ? std::numeric_limits<TimeMs>::max() : path.open_time.front() + path.interval;
  std::vector<EquityTracePoint> points;
  std::vector<double> equities;
  double peak = life.initial_equity();
  const auto add = [&](TimeMs time, double equity) {
    peak = std::max(peak, equity);
    if ((request.from && time < *request.from) || (request.to && time > *request.to)) return;
    points.push_back({time, equity, peak > 0 ? 1 - equity / peak : 0});
    equities.push_back(equity);
  };
  for (const live::EquityPoint& point : life.curve().points(all))
    if (point.time < begin) add(point.time, point.equity);
  for (std::size_t i = 0; i < path.open_time.size(); ++i)
    add(path.open_time[i] + path.interval, path.equity[i]);
  EquityTrace trace;
  for (const std::size_t place : stats::thin_out(equities, request.points))
    trace.points.push_back(points[place]);
  return trace;
}

LivePerformance measure_life(const EquityPath& path) {
  if (path.open_time.empty())
    throw Error("app.no_bars", "no bar has been traded yet: come back after the next close");
  const stats::BootstrapConfig bootstrap;
  const std::vector<double> invested(path.held.size(), 1.0);
  const stats::EquityCurve live{.initial_equity = path.initial_equity,
                                .interval = path.interval,
                                .open_time = path.open_time,
                                .equity = path.equity,
                                .exposure = path.exposure,
                                .trade_profit = path.trade_profit,
                                .traded_notional = path.traded_notional};
  const stats::EquityCurve held{.initial_equity = path.initial_equity,
                                .interval = path.interval,
                                .open_time = path.open_time,
                                .equity = path.held,
                                .exposure = invested,
                                .trade_profit = {},
                                .traded_notional = 0};
  LivePerformance found;
  found.from = path.open_time.front();
  found.to = path.open_time.back() + path.interval;
  found.bars = path.open_time.size();
  found.initial_equity = path.initial_equity;
  found.final_equity = path.equity.back();
  found.fees = path.fees;
  found.traded_notional = path.traded_notional;
  found.live = stats::measure(live);
  stats::add_intervals(live, bootstrap, found.live);
  found.buy_and_hold = stats::measure(held);
  stats::add_intervals(held, bootstrap, found.buy_and_hold);
  found.level = bootstrap.level;
  return found;
}

std::vector<PeriodRow> measure_periods(const LiveLife& life, const EquityPath& path, PeriodLength length,
                                       const std::string& symbol) {
  std::vector<PeriodRow> rows;
  double equity = path.initial_equity, held = path.initial_equity, held_start = held, peak = equity;
  for (std::size_t i = 0; i < path.open_time.size(); ++i) {
    if (rows.empty() || path.open_time[i] >= rows.back().end) {
      PeriodRow row;
      row.begin = period_begin(path.open_time[i], length);
      row.end = period_end(row.begin, length);
      row.start_equity = peak = equity;
      held_start = held;
      rows.push_back(row);
    }
    PeriodRow& row = rows.back();
    equity = path.equity[i];
    held = path.held[i];
    peak = std::max(peak, equity);
    ++row.bars;
    row.end_equity = equity;
    if (peak > 0) row.max_drawdown = std::max(row.max_drawdown, 1 - equity / peak);
    row.held_return = held_start > 0 ? held / held_start - 1 : 0;
  }
  const auto row_at = [&](TimeMs time) -> PeriodRow* {
    const auto behind = std::ranges::upper_bound(rows, time, {}, &PeriodRow::begin);
    return behind == rows.begin() || time >= std::prev(behind)->end ? nullptr : &*std::prev(behind);
  };
  for (const LiveTrade* trade : closed_trades(life, symbol)) {
    PeriodRow* row = row_at(trade->exit_time);
    if (row == nullptr) continue;
    ++row->trades;
    row->won += trade->profit > 0 ? 1 : 0;
    row->trade_pnl += trade->profit;
  }
  double fees = rows.empty() ? 0 : sums_at(life, symbol, rows.front().begin - 1).fees;
  for (PeriodRow& row : rows) {
    const double until = sums_at(life, symbol, row.end - 1).fees;
    row.fees = until - fees;
    fees = until;
  }
  return rows;
}

std::string_view to_string(GroupBy by) {
  switch (by) {
    case GroupBy::regime:
      return "regime";
    case GroupBy::rule:
      return "rule";
    case GroupBy::symbol:
      return "symbol";
    case GroupBy::version:
      return "version";
    case GroupBy::exit:
      return "exit";
    case GroupBy::side:
      break;
  }
  return "side";
}

TradeGroups measure_groups(const LiveLife& life, GroupBy by, const std::string& symbol) {
  TradeGroups found;
  found.level = interval_level;
  found.trades_left_out = life.trades_left_out();
  const std::vector<const LiveTrade*> closed = closed_trades(life, symbol);
  std::map<std::string, std::vector<const LiveTrade*>> groups;
  for (const LiveTrade* trade : closed) groups[key_of(*trade, by)].push_back(trade);
  for (const auto& [key, trades] : groups) found.groups.push_back(measure_group(key, trades));
  std::ranges::stable_sort(found.groups, std::greater<>(), &TradeGroup::trades);
  if (!closed.empty()) found.all = measure_group("all", closed);
  return found;
}

ConfidenceCheck check_confidence(const LiveLife& life, std::size_t bins, const std::string& symbol,
                                 const std::string& rule) {
  ConfidenceCheck found;
  std::vector<double> confidence;
  std::vector<std::uint8_t> won;
  for (const LiveTrade* trade : closed_trades(life, symbol)) {
    if (!rule.empty() && trade->gist.rule != rule) continue;
    if (!trade->gist.confidence) {
      ++found.without_confidence;
      continue;
    }
    confidence.push_back(std::clamp(*trade->gist.confidence, 0.0, 1.0));
    won.push_back(trade->profit > 0 ? 1 : 0);
  }
  found.bins = bins;
  found.level = interval_level;
  found.calibration = stats::calibrate(confidence, won, bins, interval_level, few_trades);
  return found;
}

DecisionQuality judge_decisions(const LiveLife& life, std::span<const SymbolCloses> closes,
                                std::size_t horizon, const std::string& symbol) {
  DecisionQuality found;
  found.decisions = life.decisions();
  found.actions = life.actions();
  found.denials = life.denials();
  found.reasons = life.tally();
  found.horizon = horizon;
  found.level = interval_level;
  Following taken;
  std::map<std::string, Following> by_rule, denied;
  for (const EntryDecision& entry : life.entries()) {
    const SymbolCloses* series = closes_of(closes, entry.symbol);
    if (series == nullptr || (!symbol.empty() && entry.symbol != symbol)) continue;
    const auto at = std::ranges::lower_bound(series->open_time, entry.time);
    if (at == series->open_time.end() || *at != entry.time) continue;
    const auto index = static_cast<std::size_t>(at - series->open_time.begin());
    std::vector<Following*> kinds;
    if (entry.denial == live::Denial::none)
      kinds = {&taken, &by_rule[entry.rule]};
    else
      kinds = {&denied[std::string(live::to_string(entry.denial))]};
    for (Following* kind : kinds) {
      if (index + horizon >= series->close.size()) {
        ++kind->pending;
        continue;
      }
      const double change = series->close[index + horizon] / series->close[index] - 1;
      kind->returns.push_back(entry.is_long ? change : -change);
    }
  }
  found.follow_ups.push_back(follow_up("taken", "", taken));
  for (const auto& [rule, following] : by_rule)
    if (!rule.empty()) found.follow_ups.push_back(follow_up("taken", rule, following));
  for (const auto& [code, following] : denied) found.follow_ups.push_back(follow_up(code, "", following));
  double sum = 0;
  for (const SymbolCloses& series : closes) {
    if (!symbol.empty() && series.symbol != symbol) continue;
    for (std::size_t i = 0; i + horizon < series.close.size(); ++i) {
      sum += series.close[i + horizon] / series.close[i] - 1;
      ++found.market_bars;
    }
  }
  if (found.market_bars > 0) found.market_return = sum / static_cast<double>(found.market_bars);
  return found;
}

}  // namespace stevie::app
