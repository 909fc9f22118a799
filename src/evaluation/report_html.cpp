#include <algorithm>
#include <array>
#include <cmath>

#include "core/markup.h"
#include "evaluation/embedded_assets.h"
#include "evaluation/format.h"
#include "evaluation/report.h"
#include "evaluation/report_data.h"

namespace stevie::evaluation {
namespace {

/// <tag attributes>content</tag>; content is HTML.
std::string element(const std::string& tag, const std::string& content, const std::string& attributes = {}) {
  return "<" + tag + (attributes.empty() ? "" : " " + attributes) + ">" + content + "</" + tag + ">\n";
}

std::string card(const std::string& title, const std::string& content) {
  return element("section", element("h2", title) + content, "class=\"card\"");
}

std::string table(const std::string& head, const std::string& body, const std::string& attributes = {}) {
  return element("div", element("table", element("thead", head) + element("tbody", body), attributes),
                 "class=\"scroll\"");
}

std::string head_row(std::initializer_list<const char*> names) {
  std::string cells;
  for (const char* name : names) cells += element("th", name);
  return element("tr", cells);
}

std::string header(const Evaluation& evaluation) {
  const Description& description = evaluation.description;
  std::string text;
  if (description.synthetic)
    text += element("p", "SYNTHETIC MARKET: these prices were generated, nobody ever traded at them",
                    "class=\"badge\"");
  text += element("h1", markup_escaped(description.title));
  text += element("p",
                  format_time(evaluation.from) + " to " + format_time(evaluation.to) + ", " +
                      format_fixed(static_cast<double>(evaluation.bars.size()), 0) + " bars of " +
                      format_duration(evaluation.bars.interval),
                  "class=\"source\"");
  if (!description.model.empty())
    text += element("p", "Model: " + markup_escaped(description.model), "class=\"source\"");
  if (!description.data.empty())
    text += element("p", "Data: " + markup_escaped(description.data), "class=\"source\"");
  std::string found = element("p", markup_escaped(verdict(evaluation)));
  for (const std::string& notice : description.notices)
    found += element("p", markup_escaped(notice), "class=\"notice\"");
  return element("header", text) + element("section", found, "class=\"card verdict\"");
}

std::string tile(const std::string& name, const std::string& value, const std::string& beside) {
  return element("div",
                 element("div", name, "class=\"name\"") + element("div", value, "class=\"value\"") +
                     element("div", beside, "class=\"beside\""),
                 "class=\"tile\"");
}

std::string tiles(const Evaluation& evaluation) {
  const stats::Performance& strategy = evaluation.strategy.performance;
  const stats::Performance& market = evaluation.baselines[buy_and_hold_index].performance;
  const execution::SimulationResult& run = evaluation.strategy.run.result;
  const auto compared = [&](const char* name, stats::Metric stats::Performance::*field, stats::Unit unit) {
    return tile(name, format_metric(strategy.*field, unit),
                "buy and hold " + format_metric(market.*field, unit));
  };
  const double costs = run.total_fees + run.total_slippage + run.total_funding;
  return element("div",
                 compared("Total return", &stats::Performance::total_return, stats::Unit::percent) +
                     compared("Sharpe ratio", &stats::Performance::sharpe, stats::Unit::ratio) +
                     compared("Max drawdown", &stats::Performance::max_drawdown, stats::Unit::percent) +
                     tile("Final account", format_fixed(run.equity.back(), 2),
                          "from " + format_fixed(run.initial_equity, 2)) +
                     tile("Closed trades", std::to_string(strategy.trades),
                          "win rate " + format_metric(strategy.win_rate, stats::Unit::percent)) +
                     tile("Costs paid", format_fixed(costs, 2),
                          format_percent(costs / run.initial_equity) + " of the starting account"),
                 "class=\"tiles\"");
}

std::string chart_section() {
  if (chart_library().empty())
    return card(
        "Charts",
        element("p",
                "This report has no charts because the chart library was not embedded when the program was "
                "built: npm or its registry could not be reached. Every figure is in the tables.",
                "class=\"missing\""));
  const std::string toolbar =
      element("h2", "Price and trades, account, drawdown, exposure") +
      element("button", "1 month", "type=\"button\" data-days=\"30\"") +
      element("button", "3 months", "type=\"button\" data-days=\"91\"") +
      element("button", "1 year", "type=\"button\" data-days=\"365\"") +
      element("button", "All", "type=\"button\" data-days=\"0\"") +
      element("button", "Log scale", "type=\"button\" id=\"log-scale\" aria-pressed=\"false\"");
  return element(
      "section",
      element("div", toolbar, "class=\"toolbar\"") + element("div", "", "id=\"chart\"") +
          element("p",
                  "An arrow is the entry of a trade (up: long, down: short), a dot its exit (green: profit, "
                  "red: loss). Drag to move, pinch or pull the time axis to zoom. "
                  "<span id=\"arrow-note\" hidden>Too many trades to draw here: zoom in to see them.</span>",
                  "class=\"note\"") +
          "<noscript><p class=\"missing\">The charts and the list of trades need "
          "JavaScript.</p></noscript>\n",
      "class=\"card\"");
}

std::string metric_cell(const stats::Metric& metric, stats::Unit unit, bool first) {
  std::string content = format_metric(metric, unit);
  if (first) content = "<span class=\"first\">" + content + "</span>";
  if (!metric) content += "<span class=\"reason\">" + markup_escaped(metric.reason) + "</span>";
  if (metric.interval) content += "<span class=\"interval\">" + format_interval(metric, unit) + "</span>";
  return element("td", content);
}

std::string metric_section(const Evaluation& evaluation) {
  const std::vector<const Contender*> contenders = table_order(evaluation);
  std::string head = element("th", "");
  for (const Contender* contender : contenders) head += element("th", markup_escaped(contender->run.name));
  std::string body;
  for (const stats::MetricInfo& info : stats::metric_infos()) {
    std::string cells =
        element("th", std::string(info.name), "scope=\"row\" title=\"" + markup_escaped(info.meaning) + "\"");
    for (const Contender* contender : contenders)
      cells += metric_cell(contender->performance.*info.field, info.unit, contender == contenders.front());
    body += element("tr", cells);
  }
  std::string trades = element("th", "Closed trades", "scope=\"row\"");
  for (const Contender* contender : contenders)
    trades += element("td", std::to_string(contender->performance.trades));
  body += element("tr", trades);
  const std::string note =
      "In brackets: the " + format_fixed(evaluation.bootstrap.level * 100, 0) + " % interval from " +
      format_fixed(static_cast<double>(evaluation.bootstrap.replicates), 0) +
      " resamplings of the days in blocks. All figures are net of fees, spread, slippage and funding.";
  return card("Figures", table(element("tr", head), body) + element("p", note, "class=\"note\""));
}

std::string comparison_section(const Evaluation& evaluation) {
  std::string body;
  const auto add = [&](const char* name, const stats::PairedDifference& row, stats::Unit unit) {
    body += element(
        "tr", element("th", name, "scope=\"row\"") + metric_cell(row.difference, unit, true) +
                  element("td", row.probability_better ? format_percent(*row.probability_better) : "-"));
  };
  add("Sharpe ratio", evaluation.comparison.sharpe, stats::Unit::ratio);
  add("Total return", evaluation.comparison.total_return, stats::Unit::percent);
  add("Annual return", evaluation.comparison.annual_return, stats::Unit::percent);
  return card(
      "Strategy minus buy and hold",
      table(head_row({"", "Difference", "Share of resamplings in which it is higher"}), body) +
          element("p",
                  "Both are resampled together, day by day, so that what moved the whole market cancels out. "
                  "An interval that holds 0 means: the two cannot be told apart on this period.",
                  "class=\"note\""));
}

std::string cost_section(const Evaluation& evaluation) {
  std::string body;
  for (const Contender* contender : table_order(evaluation)) {
    const execution::SimulationResult& run = contender->run.result;
    std::string cells = element("th", markup_escaped(contender->run.name), "scope=\"row\"");
    for (const double amount : {run.total_fees, run.total_slippage, run.total_funding, run.traded_notional})
      cells += element("td", format_fixed(amount, 2));
    body += element("tr", cells);
  }
  return card("Costs, in account currency",
              table(head_row({"", "Fees", "Spread, slippage", "Funding", "Traded"}), body));
}

/// A month's cell, coloured the stronger the larger the return; 20 % is full strength.
std::string month_cell(const stats::Metric& metric, bool coloured) {
  const std::string text = format_metric(metric, stats::Unit::percent);
  if (!coloured || !metric) return element("td", text);
  const int strength = static_cast<int>(std::lround(std::min(std::abs(*metric.value) / 0.2, 1.0) * 55));
  return element("td", text,
                 "style=\"background:color-mix(in srgb,var(" +
                     std::string(*metric.value < 0 ? "--down" : "--up") + ") " + std::to_string(strength) +
                     "%,transparent)\"");
}

std::string month_section(const Evaluation& evaluation) {
  std::string body;
  std::size_t begin = 0;
  const std::vector<MonthRow>& months = evaluation.months;
  while (begin < months.size()) {
    std::size_t end = begin;
    while (end < months.size() && months[end].year == months[begin].year) ++end;
    const std::string year = std::to_string(months[begin].year);
    const auto line = [&](const char* who, const char* name, stats::Metric MonthRow::*field, bool first) {
      std::string cells = element("th", first ? year : "") + element("td", name, "class=\"who\"");
      std::array<std::string, 12> months_of_year;
      months_of_year.fill("<td></td>");
      for (std::size_t i = begin; i < end; ++i)
        months_of_year[static_cast<std::size_t>(months[i].month - 1)] = month_cell(months[i].*field, first);
      for (const std::string& cell : months_of_year) cells += cell;
      return element("tr", cells, std::string("class=\"") + who + "\"");
    };
    body += line("strategy", "strategy", &MonthRow::strategy, true);
    body += line("hold", "buy and hold", &MonthRow::buy_and_hold, false);
    body += line("difference", "difference", &MonthRow::difference, false);
    begin = end;
  }
  return card("Months", table(head_row({"Year", "", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
                                        "Sep", "Oct", "Nov", "Dec"}),
                              body, "class=\"months\""));
}

std::string trade_section(const Evaluation& evaluation) {
  const std::size_t count = evaluation.strategy.run.result.trades.size();
  if (count == 0) return card("Trades", element("p", "No trade was closed."));
  std::string note;
  if (count > most_report_trades)
    note = element("p",
                   "Of " + format_fixed(static_cast<double>(count), 0) + " trades the first and the last " +
                       format_fixed(static_cast<double>(most_report_trades) / 2, 0) +
                       " are listed; the JSON output holds all of them.",
                   "class=\"note\"");
  const std::string toolbar =
      element("h2", "Trades") + element("button", "Download CSV", "type=\"button\" id=\"trades-csv\"");
  const std::string pager = element("button", "Earlier", "type=\"button\" id=\"trades-previous\"") +
                            element("button", "Later", "type=\"button\" id=\"trades-next\"") +
                            element("span", "", "id=\"trades-page\"");
  return element(
      "section",
      element("div", toolbar, "class=\"toolbar\"") +
          element("div",
                  element("table", element("thead", head_row({"Entry (UTC)", "Exit (UTC)", "Side",
                                                              "Entry price", "Exit price", "Quantity", "Fees",
                                                              "Profit", "Return", "Reason"})) +
                                       element("tbody", "", "id=\"trade-rows\"")),
                  "class=\"scroll\"") +
          element("div", pager, "class=\"pager\"") + note,
      "class=\"card\"");
}

std::string explanations(const Evaluation& evaluation) {
  std::string configuration;
  for (const auto& [name, value] : evaluation.description.configuration)
    configuration += element("dt", markup_escaped(name)) + element("dd", markup_escaped(value));
  std::string meanings;
  for (const stats::MetricInfo& info : stats::metric_infos())
    meanings += element("dt", markup_escaped(info.name)) + element("dd", markup_escaped(info.meaning));
  std::string text;
  if (!configuration.empty()) text += card("Configuration", element("dl", configuration));
  text += card(
      "What the numbers mean",
      element("dl", meanings) +
          element(
              "p",
              "Decisions are taken at the close of a bar and filled on the next one. Cash holds nothing; buy "
              "and hold puts the whole account into the market once; the volatility-matched one puts in as "
              "much as makes its daily returns vary as much as the strategy's. One period of one market is "
              "one sample: a good figure here is a reason to test further, not a promise.",
              "class=\"note\""));
  return element("div", text, "class=\"columns\"");
}

std::string footer() {
  std::string text = "Made by Stevie. ";
  if (!chart_library().empty())
    text +=
        "Charts: TradingView Lightweight Charts\xE2\x84\xA2, copyright (c) TradingView, Inc., "
        "<a href=\"https://www.tradingview.com/\">tradingview.com</a>, used under the Apache License 2.0. ";
  return element("footer", text);
}

}  // namespace

std::string render_html(const Evaluation& evaluation) {
  const std::string main =
      header(evaluation) + tiles(evaluation) + chart_section() + metric_section(evaluation) +
      element("div", comparison_section(evaluation) + cost_section(evaluation), "class=\"columns\"") +
      month_section(evaluation) + trade_section(evaluation) + explanations(evaluation) + footer();
  std::string page = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline'; "
      "style-src 'unsafe-inline'; img-src data:\">\n";
  page += element("title", markup_escaped(evaluation.description.title));
  page += element("style", std::string(report_style()));
  page += "</head>\n<body>\n" + element("main", main);
  page += "<script type=\"application/json\" id=\"data\">" + report_data(evaluation) + "</script>\n";
  page += element("script", std::string(chart_library()));
  page += element("script", std::string(report_script()));
  return page + "</body>\n</html>\n";
}

}  // namespace stevie::evaluation
