#include "broker/paper_broker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "broker/json.h"
#include "core/error.h"
#include "execution/sizing.h"

namespace stevie::broker {
namespace {

using Json = nlohmann::json;
using execution::Cause;
using strategy::Decision;

constexpr int state_schema = 1;
constexpr std::size_t most_state_bytes = std::size_t{16} << 20;

execution::EngineConfig share_of(const PaperConfig& config) {
  execution::EngineConfig engine = config.engine;
  engine.initial_equity /= static_cast<double>(std::max<std::size_t>(config.symbols.size(), 1));
  return engine;
}

std::string fault_of(const Order& order) {
  const auto is_share = [](double value) { return std::isfinite(value) && value >= 0; };
  const Decision& decision = order.decision;
  if (!std::isfinite(order.units) || !(std::isfinite(order.reference_price) && order.reference_price > 0))
    return "its units are not finite or its reference price is not above 0";
  switch (decision.kind) {
    case Decision::Kind::exit:
      return {};
    case Decision::Kind::target:
      return std::isfinite(decision.exposure) ? "" : "its exposure is not finite";
    case Decision::Kind::enter:
      if (!is_share(decision.stake.amount)) return "its stake is not finite or below 0";
      if (!is_share(decision.bracket.stop_loss) || !is_share(decision.bracket.take_profit))
        return "its bracket is not finite or below 0";
      return {};
    case Decision::Kind::hold:
      break;
  }
  return "it asks for nothing";
}

/// Which decision of an order an engine's fill carries out.
Cause cause_of(const Order& order) {
  switch (order.decision.kind) {
    case Decision::Kind::target:
      return Cause::target;
    case Decision::Kind::enter:
      return Cause::entry;
    case Decision::Kind::exit:
      return Cause::exit;
    case Decision::Kind::hold:
      break;
  }
  return Cause::none;
}

std::string reason_of(const execution::FillRecord& record) {
  if (record.cause == Cause::entry) return "entry";
  if (record.cause == Cause::target) return "target";
  return std::string(execution::to_string(record.reason));
}

}  // namespace

std::string order_id(const std::string& symbol, TimeMs decided) {
  return fmt::format("{}@{}", symbol, decided);
}

double expected_units(const Decision& decision, double units_held, double equity, double price,
                      double leverage_limit) {
  const auto within = [&](double exposure) { return std::clamp(exposure, -leverage_limit, leverage_limit); };
  switch (decision.kind) {
    case Decision::Kind::hold:
      return 0;
    case Decision::Kind::exit:
      return -units_held;
    case Decision::Kind::target:
      return within(decision.exposure) * equity / price - units_held;
    case Decision::Kind::enter:
      break;
  }
  if (units_held != 0) return 0;
  const double sign = decision.side == execution::Side::long_side ? 1 : -1;
  const double amount = decision.stake.amount;
  switch (decision.stake.kind) {
    case execution::Stake::Kind::units:
      return sign * amount;
    case execution::Stake::Kind::equity_share:
      return sign * within(amount) * equity / price;
    case execution::Stake::Kind::risk:
      break;
  }
  const double stop = price * (1.0 - decision.bracket.stop_loss);
  return sign * execution::exposure_for_risk(amount, price, stop, leverage_limit) * equity / price;
}

void PaperConfig::validate() const {
  std::vector<std::string> faults;
  if (symbols.empty()) faults.emplace_back("there is no symbol");
  if (std::set<std::string>(symbols.begin(), symbols.end()).size() != symbols.size())
    faults.emplace_back("a symbol is named twice");
  if (std::ranges::find(symbols, std::string()) != symbols.end()) faults.emplace_back("a symbol has no name");
  if (interval <= 0) faults.emplace_back("the interval of the bars is not above 0");
  try {
    engine.validate();
  } catch (const Error& error) {
    faults.push_back(error.message());
  }
  if (!faults.empty())
    throw Error("broker.bad_config", fmt::format("a paper account cannot be: {}", fmt::join(faults, "; ")));
}

/// One symbol's part of the account.
struct PaperBroker::SymbolBook {
  SymbolBook(std::string name, const execution::EngineConfig& config)
      : symbol(std::move(name)), engine(config, execution::Recording::totals) {}

  std::string symbol;
  execution::BarEngine engine;
  std::vector<Order> waiting;                                // for the next bar, oldest first
  std::optional<Order> working;                              // of which the participation cap has left a part
  std::optional<market::Bar> last;                           // the newest bar
  TimeMs newest_order = std::numeric_limits<TimeMs>::min();  // time in the newest id
  TimeMs newest_flatten = std::numeric_limits<TimeMs>::min();  // the same of flatten()
  std::string entry_id;                                        // order of the position held

  double equity() const { return last ? engine.account().equity(last->close) : engine.account().cash; }

  /// Hands the waiting orders to the engine; returns those that it acts on.
  std::vector<Order> hand_over() {
    std::vector<Order> handed;
    for (Order& order : std::exchange(waiting, {})) {
      const Decision& decision = order.decision;
      if (decision.kind == Decision::Kind::exit) engine.exit();
      if (decision.kind == Decision::Kind::enter)
        engine.enter(decision.side, decision.stake, decision.bracket);
      if (decision.kind == Decision::Kind::target) {
        engine.set_target(decision.exposure);
        if (!engine.waiting().retarget) continue;  // held already: an order under way stays the one at work
      }
      handed.push_back(std::move(order));
    }
    return handed;
  }

  /// The order behind what the engine does for this cause.
  const Order* behind(Cause cause, const std::vector<Order>& handed) const {
    for (std::size_t i = handed.size(); i-- > 0;) {
      if (cause_of(handed[i]) == cause) return &handed[i];
    }
    return working && cause_of(*working) == cause ? &*working : nullptr;
  }

  Fill fill_of(const execution::FillRecord& record, const std::vector<Order>& handed) {
    const Order* order = behind(record.cause, handed);
    const double before = record.units_before;
    const bool opens = record.units_after != 0 && (before == 0 || (before > 0) != (record.units_after > 0));
    Fill fill;
    fill.order_id = order != nullptr ? order->id : entry_id;
    fill.symbol = symbol;
    fill.time = record.time;
    fill.units = record.fill.quantity;
    fill.price = record.fill.price;
    fill.fee = record.fill.fee;
    fill.slippage = record.fill.slippage;
    fill.units_after = record.units_after;
    fill.reason = reason_of(record);
    fill.closed = record.closed;
    if (opens) entry_id = fill.order_id;
    if (record.units_after == 0) entry_id.clear();
    return fill;
  }

  std::vector<Fill> play(const market::Bar& bar, const PaperConfig& config) {
    const execution::TapeBar laid_out = execution::make_tape_bar(
        bar, last ? &*last : nullptr, config.interval, config.has_volume, config.engine.instrument);
    const std::vector<Order> handed = hand_over();
    std::vector<execution::FillRecord> records;
    engine.report_fills_to(&records);
    engine.process_bar(laid_out, bar.open_time);
    engine.report_fills_to(nullptr);
    engine.take_trades();
    last = bar;
    std::vector<Fill> fills;
    for (const execution::FillRecord& record : records) fills.push_back(fill_of(record, handed));
    keep_rest(handed);
    return fills;
  }

  void keep_rest(const std::vector<Order>& handed) {
    const double rest = engine.wanted_units() - engine.account().units;
    const Order* order = rest == 0 ? nullptr : behind(engine.cause(), handed);
    if (order == nullptr) {
      working.reset();
      return;
    }
    Order kept = *order;
    kept.units = rest;
    working = std::move(kept);
  }

  void cancel(std::vector<std::string>& ids) {
    if (working && engine.cancel_rest()) {
      ids.push_back(working->id);
      working.reset();
    }
    for (const Order& order : std::exchange(waiting, {})) ids.push_back(order.id);
  }

  /// The order that closes the position at the next bar, where there is one.
  const Order* closing() const {
    const auto closes = [](const Order& order) { return order.decision.kind == Decision::Kind::exit; };
    const auto found = std::ranges::find_if(waiting, closes);
    if (found != waiting.end()) return &*found;
    return working && closes(*working) ? &*working : nullptr;
  }

  Position position() const {
    const execution::Account& account = engine.account();
    const execution::ExitLevels levels = engine.levels();
    Position position;
    position.symbol = symbol;
    position.units = account.units;
    position.entry_price = account.entry_price;
    position.mark_price = last ? last->close : account.entry_price;
    position.unrealised = account.units * (position.mark_price - account.entry_price);
    position.opened = engine.held().entry_time;
    position.order_id = entry_id;
    if (std::isfinite(levels.losing)) position.stop = levels.losing;
    if (std::isfinite(levels.winning)) position.take_profit = levels.winning;
    return position;
  }

  Json save() const;
  void restore(const Json& json);
};

Json PaperBroker::SymbolBook::save() const {
  Json orders = Json::array();
  for (const Order& order : waiting) orders.push_back(to_json(order));
  Json json{{"symbol", symbol},
            {"engine", to_json(engine.state())},
            {"waiting", std::move(orders)},
            {"working", working ? to_json(*working) : Json(nullptr)},
            {"newest_order", newest_order},
            {"newest_flatten", newest_flatten},
            {"entry_id", entry_id},
            {"last", nullptr}};
  if (last)
    json["last"] = {{"open_time", last->open_time},     {"open", exact_json(last->open)},
                    {"high", exact_json(last->high)},   {"low", exact_json(last->low)},
                    {"close", exact_json(last->close)}, {"volume", exact_json(last->volume)}};
  return json;
}

void PaperBroker::SymbolBook::restore(const Json& json) {
  const JsonReader read(json, "a symbol's account");
  const auto require = [&](bool good, std::string_view sentence) {
    if (!good) throw Error("broker.bad_state", fmt::format("{}: {}", symbol, sentence));
  };
  const auto read_order = [&](const Json& text) {
    Order order = order_from_json(text);
    require(order.symbol == symbol && fault_of(order).empty(), "it has an order that no one can have given");
    return order;
  };
  require(read.array("waiting").size() <= most_waiting, "it has more waiting orders than are kept");
  for (const Json& order : read.array("waiting")) waiting.push_back(read_order(order));
  if (const Json* order = read.optional("working")) working = read_order(*order);
  newest_order = read.time("newest_order");
  newest_flatten = read.time("newest_flatten");
  entry_id = read.text("entry_id");
  if (const Json* bar = read.optional("last")) {
    const JsonReader field(*bar, "the newest bar");
    last = market::Bar{field.time("open_time"), field.number("open"),  field.number("high"),
                       field.number("low"),     field.number("close"), field.number("volume")};
    require(execution::fault_of(*last).empty(), "its newest bar has no sound prices");
  }
  const execution::EngineState state = engine_state_from_json(read.object("engine"));
  require(state.started == last.has_value() && (!last || state.time == last->open_time),
          "its newest bar is not the one its engine played last");
  require(state.orders.empty() && !state.waiting.any(), "its engine has orders of another kind");
  require((state.account.units != 0) == !entry_id.empty(), "its position and its entry do not go together");
  engine.restore(state);
}

PaperBroker::PaperBroker(const PaperConfig& config) : config_((config.validate(), config)) {
  const execution::EngineConfig share = share_of(config_);
  std::vector<std::string> symbols = config_.symbols;
  std::ranges::sort(symbols);
  for (std::string& symbol : symbols) books_.emplace_back(std::move(symbol), share);
}

PaperBroker::~PaperBroker() = default;

const PaperBroker::SymbolBook& PaperBroker::book(const std::string& symbol) const {
  const auto found = std::ranges::find(books_, symbol, &SymbolBook::symbol);
  if (found == books_.end())
    throw Error("broker.unknown_symbol", fmt::format("this account does not trade '{}'; it trades {}", symbol,
                                                     fmt::join(config_.symbols, ", ")));
  return *found;
}

PaperBroker::SymbolBook& PaperBroker::book(const std::string& symbol) {
  return const_cast<SymbolBook&>(std::as_const(*this).book(symbol));
}

void PaperBroker::submit(const Order& order) {
  SymbolBook& at = book(order.symbol);
  std::string fault = fault_of(order);
  if (fault.empty() && order.id != order_id(order.symbol, order.decided))
    fault = "its id is not that of its symbol and time";
  if (fault.empty() && (!at.last || order.decided > at.last->open_time))
    fault = "it was decided on a bar that has not closed here";
  if (fault.empty() && order.decided <= at.newest_order) return;
  if (fault.empty() && at.waiting.size() >= most_waiting)
    fault = fmt::format("{} orders of {} wait already", at.waiting.size(), order.symbol);
  if (!fault.empty())
    throw Error("broker.bad_order", fmt::format("the order '{}' cannot be taken: {}", order.id, fault));
  at.waiting.push_back(order);
  at.newest_order = order.decided;
}

std::vector<std::string> PaperBroker::cancel(const std::string& symbol) {
  std::vector<std::string> ids;
  if (!symbol.empty()) {
    book(symbol).cancel(ids);
    return ids;
  }
  for (SymbolBook& each : books_) each.cancel(ids);
  return ids;
}

std::vector<std::string> PaperBroker::flatten(TimeMs time) {
  std::vector<std::string> ids;
  for (SymbolBook& each : books_) {
    if (each.engine.account().units == 0) continue;
    if (const Order* closing = each.closing()) {
      ids.push_back(closing->id);
      continue;
    }
    // A clock that stepped back must not keep a position open: the id is made new instead.
    each.newest_flatten = std::max(time, each.newest_flatten + 1);
    Order order;
    order.id = order_id(each.symbol, each.newest_flatten) + "/flatten";
    order.symbol = each.symbol;
    order.decision = Decision::exit();
    order.decided = each.last->open_time;
    order.reference_price = each.last->close;
    order.units = -each.engine.account().units;
    ids.push_back(order.id);
    each.waiting.push_back(std::move(order));
  }
  return ids;
}

std::vector<Fill> PaperBroker::on_bar(const std::string& symbol, const market::Bar& bar) {
  SymbolBook& at = book(symbol);
  std::string fault = execution::fault_of(bar);
  if (fault.empty() && at.last && bar.open_time <= at.last->open_time)
    fault = fmt::format("it does not open after the bar of {} before it", format_time(at.last->open_time));
  if (!fault.empty())
    throw Error("broker.bad_bar", fmt::format("a bar of {} at {} cannot be played: {}", symbol,
                                              format_time(bar.open_time), fault));
  return at.play(bar, config_);
}

AccountView PaperBroker::account() const {
  AccountView view;
  for (const SymbolBook& each : books_) {
    view.cash += each.engine.account().cash;
    view.equity += each.equity();
    if (each.engine.account().units != 0) view.positions.push_back(each.position());
    if (each.working) view.waiting.push_back(*each.working);
    view.waiting.insert(view.waiting.end(), each.waiting.begin(), each.waiting.end());
  }
  std::ranges::stable_sort(view.waiting, {}, &Order::decided);
  return view;
}

double PaperBroker::sizing_equity(const std::string& symbol) const {
  return book(symbol).equity();
}

std::string PaperBroker::save() const {
  Json symbols = Json::array();
  for (const SymbolBook& each : books_) symbols.push_back(each.save());
  const Json state{{"schema", state_schema},
                   {"broker", name()},
                   {"interval", config_.interval},
                   {"symbols", std::move(symbols)}};
  return state.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PaperBroker::restore(const std::string& state) {
  std::vector<SymbolBook> books;
  const execution::EngineConfig share = share_of(config_);
  try {
    const Json json = parse_json_object(state, most_state_bytes);
    const JsonReader read(json, "a paper account");
    const auto require = [](bool good, const std::string& sentence) {
      if (!good) throw Error("broker.bad_state", sentence);
    };
    require(read.time("schema") == state_schema, "it was written by a newer version of this program");
    require(read.text("broker") == name(), "it is the account of another broker");
    require(read.time("interval") == config_.interval, "its bars have another interval");
    const Json& symbols = read.array("symbols");
    std::vector<std::string> names;
    for (const Json& symbol : symbols) names.push_back(JsonReader(symbol, "a symbol").text("symbol"));
    const auto same = std::ranges::equal(names, books_, {}, {}, &SymbolBook::symbol);
    require(same, fmt::format("it trades {}, and this account trades {}", fmt::join(names, ", "),
                              fmt::join(config_.symbols, ", ")));
    for (std::size_t i = 0; i < names.size(); ++i) books.emplace_back(names[i], share).restore(symbols[i]);
  } catch (const Error& error) {
    throw Error("broker.bad_state",
                fmt::format("this paper account cannot be taken up: {}", error.message()));
  }
  books_ = std::move(books);
}

std::vector<execution::Notice> PaperBroker::take_notices() {
  std::vector<execution::Notice> notices;
  for (SymbolBook& each : books_) {
    for (execution::Notice& notice : each.engine.take_notices()) {
      notice.text = fmt::format("{}: {}", each.symbol, notice.text);
      notices.push_back(std::move(notice));
    }
  }
  return notices;
}

}  // namespace stevie::broker
