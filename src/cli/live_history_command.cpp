#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/live_history.h"
#include "app/live_history_json.h"
#include "app/live_history_text.h"
#include "cli/live_history_command.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "market/symbol.h"

namespace stevie::cli {
namespace {

constexpr int most_shown = 100'000, most_horizon = 10'000;

struct Flags {
  std::string symbol, by;
  std::size_t last = 20, horizon = 24;
  bool json = false;
};

/// The account's life out of the ledger of the configuration.
std::unique_ptr<app::LiveHistory> read_history(app::Config& config) {
  config.ledger.access = ledger::Access::read;
  auto history = std::make_unique<app::LiveHistory>();
  history->catch_up(*ledger::Ledger::open(config.ledger));
  return history;
}

std::string known_symbol(const app::LiveLife& life, const std::string& text) {
  if (text.empty()) return text;
  std::string symbol = market::canonical_symbol(text);
  if (life.book(symbol) == nullptr) {
    std::string traded;
    for (const std::string& name : life.symbols()) traded += (traded.empty() ? "" : ", ") + name;
    throw Error("app.no_symbol",
                symbol + " was never traded; traded: " + (traded.empty() ? "nothing" : traded), "--symbol");
  }
  return symbol;
}

void add_trades(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = family.add_subcommand("trades", "Print the newest round trips of the account");
  command->add_option("--symbol", flags->symbol, "Only of this one");
  command->add_option("--last", flags->last, "How many of the newest")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print JSON, a trade a line");
  command->footer("Example:\n  stevie live trades --last 5");
  command->callback([flags, &context] {
    app::Config config = app::load_config(context.layers());
    const auto history = read_history(config);
    history->read([&](const app::LiveLife& life) {
      const std::string symbol = known_symbol(life, flags->symbol);
      std::vector<app::LiveTrade> newest;
      for (auto trade = life.trades().rbegin(); trade != life.trades().rend() && newest.size() < flags->last;
           ++trade)
        if (symbol.empty() || trade->symbol == symbol) newest.push_back(*trade);
      if (!flags->json) {
        context.out << app::trades_text(newest);
        return;
      }
      for (const app::LiveTrade& trade : newest) context.out << app::to_json(trade) << "\n";
    });
  });
}

struct Asked {
  const app::LiveLife& life;
  std::vector<app::SymbolCloses> closes;
  std::string symbol;
};

void print_periods(const Flags& flags, const Asked& asked, std::ostream& out) {
  const auto length = flags.by == "day" ? app::PeriodLength::day : app::PeriodLength::month;
  std::vector<app::PeriodRow> rows = app::measure_periods(
      asked.life, app::equity_path(asked.life, asked.closes, asked.symbol), length, asked.symbol);
  std::ranges::reverse(rows);
  if (rows.size() > flags.last) rows.resize(flags.last);
  if (!flags.json) {
    out << app::periods_text(rows, length);
    return;
  }
  for (const app::PeriodRow& row : rows) out << app::to_json(row, length) << "\n";
}

void print_summary(const Flags& flags, const Asked& asked, std::ostream& out) {
  const app::LivePerformance found =
      app::measure_life(app::equity_path(asked.life, asked.closes, asked.symbol));
  const auto open =
      static_cast<std::size_t>(std::ranges::count_if(asked.life.trades(), [&](const app::LiveTrade& trade) {
        return trade.open() && (asked.symbol.empty() || trade.symbol == asked.symbol);
      }));
  out << (flags.json ? app::to_json(found, asked.symbol, open) + "\n" : app::performance_text(found, open));
}

void print(const Flags& flags, const Asked& asked, std::ostream& out) {
  if (flags.by.empty()) return print_summary(flags, asked, out);
  if (flags.by == "day" || flags.by == "month") return print_periods(flags, asked, out);
  if (flags.by == "confidence") {
    constexpr std::size_t bins = 10;
    const app::ConfidenceCheck check = app::check_confidence(asked.life, bins, asked.symbol);
    out << (flags.json ? app::to_json(check) + "\n" : app::confidence_text(check));
    return;
  }
  if (flags.by == "decisions") {
    const app::DecisionQuality quality =
        app::judge_decisions(asked.life, asked.closes, flags.horizon, asked.symbol);
    out << (flags.json ? app::to_json(quality) + "\n" : app::decisions_text(quality));
    return;
  }
  for (const app::GroupBy by : app::all_groupings) {
    if (flags.by != app::to_string(by)) continue;
    const app::TradeGroups groups = app::measure_groups(asked.life, by, asked.symbol);
    out << (flags.json ? app::to_json(groups, by) + "\n" : app::groups_text(groups, by));
  }
}

void add_performance(CLI::App& family, CommandContext& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      family.add_subcommand("performance", "Measure the account over its whole life, against buy and hold");
  command
      ->add_option(
          "--by", flags->by,
          "Instead of the summary: trades by regime, rule, symbol, version, exit or side; periods by "
          "day or month; confidence against outcomes; what followed decisions")
      ->check(CLI::IsMember({"day", "month", "regime", "rule", "symbol", "version", "exit", "side",
                             "confidence", "decisions"}));
  command->add_option("--symbol", flags->symbol, "Only this one; else the whole account");
  command->add_option("--last", flags->last, "How many of the newest periods")
      ->check(CLI::Range(1, most_shown))
      ->capture_default_str();
  command->add_option("--horizon", flags->horizon, "Bars after a decision, of --by decisions")
      ->check(CLI::Range(1, most_horizon))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print JSON; a period a line");
  command->footer("Example:\n  stevie live performance\n  stevie live performance --by month");
  command->callback([flags, &context] {
    app::Config config = app::load_config(context.layers());
    const auto history = read_history(config);
    history->read([&](const app::LiveLife& life) {
      const Asked asked{life, app::recorded_closes(life, config.live.folder),
                        known_symbol(life, flags->symbol)};
      print(*flags, asked, context.out);
    });
  });
}

}  // namespace

void add_live_history(CLI::App& family, CommandContext& context) {
  add_trades(family, context);
  add_performance(family, context);
}

}  // namespace stevie::cli
