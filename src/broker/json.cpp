#include "broker/json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"

namespace stevie::broker {
namespace {

using Json = nlohmann::json;
using execution::Side;
using Kind = strategy::Decision::Kind;

constexpr int deepest_nesting = 32;
using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> decision_kinds{"hold", "target", "enter", "exit"};
constexpr std::array<std::string_view, 2> sides{"long", "short"};
constexpr std::array<std::string_view, 3> stake_kinds{"equity_share", "units", "risk"};
constexpr std::array<std::string_view, 3> order_types{"market", "limit", "stop"};
constexpr std::array<std::string_view, 7> exit_reasons{"exit_signal", "stop_loss",   "trailing_stop", "roi",
                                                       "take_profit", "liquidation", "end_of_data"};
constexpr std::array<std::string_view, 8> causes{"none",  "target", "units",      "exit",
                                                 "entry", "order",  "protective", "end_of_data"};

template <class Enum>
std::string word(Words words, Enum value) {
  return std::string(words[static_cast<std::size_t>(value)]);
}

template <class Enum>
Enum choice_of(const JsonReader& read, const char* name, Words words) {
  return static_cast<Enum>(read.choice(name, words));
}

Json optional_json(const std::optional<double>& value) {
  return value ? exact_json(*value) : Json(nullptr);
}

std::optional<double> optional_number(const JsonReader& read, const char* name) {
  if (read.optional(name) == nullptr) return std::nullopt;
  return read.number(name);
}

Json to_json(const execution::Stake& stake) {
  return {{"kind", word(stake_kinds, stake.kind)}, {"amount", exact_json(stake.amount)}};
}

execution::Stake stake_from_json(const Json& json) {
  const JsonReader read(json, "a stake");
  return {choice_of<execution::Stake::Kind>(read, "kind", stake_kinds), read.number("amount")};
}

Json to_json(const execution::Bracket& bracket) {
  return {{"stop_loss", exact_json(bracket.stop_loss)}, {"take_profit", exact_json(bracket.take_profit)}};
}

Json to_json(const std::optional<execution::Bracket>& bracket) {
  return bracket ? to_json(*bracket) : Json(nullptr);
}

execution::Bracket bracket_from_json(const Json& json) {
  const JsonReader read(json, "a bracket");
  return {read.number("stop_loss"), read.number("take_profit")};
}

std::optional<execution::Bracket> optional_bracket(const JsonReader& read, const char* name) {
  const Json* json = read.optional(name);
  if (json == nullptr) return std::nullopt;
  return bracket_from_json(*json);
}

Json to_json(const execution::WaitingDecisions& waiting) {
  return {{"exit", waiting.exit},
          {"retarget", waiting.retarget},
          {"entry", waiting.entry ? Json(word(sides, *waiting.entry)) : Json(nullptr)},
          {"stake", to_json(waiting.stake)},
          {"bracket", to_json(waiting.bracket)},
          {"quantity", exact_json(waiting.quantity)}};
}

execution::WaitingDecisions waiting_from_json(const Json& json) {
  const JsonReader read(json, "a waiting decision");
  execution::WaitingDecisions waiting;
  waiting.exit = read.boolean("exit");
  waiting.retarget = read.boolean("retarget");
  if (read.optional("entry") != nullptr) waiting.entry = choice_of<Side>(read, "entry", sides);
  waiting.stake = stake_from_json(read.object("stake"));
  waiting.bracket = optional_bracket(read, "bracket");
  waiting.quantity = read.number("quantity");
  return waiting;
}

Json to_json(const execution::Order& order) {
  return {{"type", word(order_types, order.type)},
          {"quantity", exact_json(order.quantity)},
          {"price", exact_json(order.price)},
          {"reduce_only", order.reduce_only},
          {"cancel_rest", order.cancel_rest}};
}

execution::Order resting_order_from_json(const Json& json) {
  const JsonReader read(json, "a resting order");
  execution::Order order;
  order.type = choice_of<execution::Order::Type>(read, "type", order_types);
  order.quantity = read.number("quantity");
  order.price = read.number("price");
  order.reduce_only = read.boolean("reduce_only");
  order.cancel_rest = read.boolean("cancel_rest");
  return order;
}

Json to_json(const execution::OpenTrade& trade) {
  return {{"entry_quantity", exact_json(trade.entry_quantity)},
          {"entry_price", exact_json(trade.entry_price)},
          {"exit_quantity", exact_json(trade.exit_quantity)},
          {"exit_price", exact_json(trade.exit_price)},
          {"fee", exact_json(trade.fee)}};
}

execution::OpenTrade open_trade_from_json(const Json& json) {
  const JsonReader read(json, "an open round trip");
  return {read.number("entry_quantity"), read.number("entry_price"), read.number("exit_quantity"),
          read.number("exit_price"), read.number("fee")};
}

Json to_json(const execution::HeldPosition& held) {
  return {{"side", word(sides, held.side)},
          {"entry_price", exact_json(held.entry_price)},
          {"entry_time", held.entry_time},
          {"entered_on_bar", held.entered_on_bar},
          {"entered_inside", held.entered_inside},
          {"trailing_level", exact_json(held.trailing_level)},
          {"liquidation_price", exact_json(held.liquidation_price)},
          {"entry_fee", exact_json(held.entry_fee)},
          {"exit_fee", exact_json(held.exit_fee)},
          {"bracket", to_json(held.bracket)}};
}

execution::HeldPosition held_from_json(const Json& json) {
  const JsonReader read(json, "a held position");
  execution::HeldPosition held;
  held.side = choice_of<Side>(read, "side", sides);
  held.entry_price = read.number("entry_price");
  held.entry_time = read.time("entry_time");
  held.entered_on_bar = read.boolean("entered_on_bar");
  held.entered_inside = read.boolean("entered_inside");
  held.trailing_level = read.number("trailing_level");
  held.liquidation_price = read.number("liquidation_price");
  held.entry_fee = read.number("entry_fee");
  held.exit_fee = read.number("exit_fee");
  held.bracket = optional_bracket(read, "bracket");
  return held;
}

Json to_json(const execution::TapeBar& bar) {
  return {{"open", exact_json(bar.open)},
          {"high", exact_json(bar.high)},
          {"low", exact_json(bar.low)},
          {"close", exact_json(bar.close)},
          {"volume", exact_json(bar.volume)},
          {"range", exact_json(bar.range)},
          {"funding_at_open", exact_json(bar.funding_at_open)},
          {"funding_inside", exact_json(bar.funding_inside)}};
}

execution::TapeBar tape_bar_from_json(const Json& json) {
  const JsonReader read(json, "a bar");
  execution::TapeBar bar;
  bar.open = read.number("open");
  bar.high = read.number("high");
  bar.low = read.number("low");
  bar.close = read.number("close");
  bar.volume = read.number("volume");
  bar.range = read.number("range");
  bar.funding_at_open = read.number("funding_at_open");
  bar.funding_inside = read.number("funding_inside");
  return bar;
}

execution::RoundTrip round_trip_from_json(const Json& json) {
  const JsonReader read(json, "a round trip");
  execution::RoundTrip trade;
  trade.entry_time = read.time("entry_time");
  trade.exit_time = read.time("exit_time");
  trade.side = choice_of<Side>(read, "side", sides);
  trade.entry_price = read.number("entry_price");
  trade.exit_price = read.number("exit_price");
  trade.quantity = read.number("quantity");
  trade.fee = read.number("fee");
  trade.profit_abs = read.number("profit_abs");
  trade.profit_ratio = read.number("profit_ratio");
  trade.exit_reason = choice_of<execution::ExitReason>(read, "exit_reason", exit_reasons);
  return trade;
}

}  // namespace

Json exact_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

JsonReader::JsonReader(const Json& object, std::string_view what) : object_(object), what_(what) {
  if (!object.is_object()) throw Error("broker.bad_json", fmt::format("{} is no JSON object", what));
}

void JsonReader::fail(const char* name, std::string_view expected) const {
  throw Error("broker.bad_json",
              fmt::format("{}: '{}' is {}", what_, name,
                          object_.contains(name) ? fmt::format("not {}", expected) : std::string("missing")));
}

const Json& JsonReader::at(const char* name) const {
  const auto found = object_.find(name);
  if (found == object_.end()) fail(name, "there");
  return *found;
}

double JsonReader::number(const char* name) const {
  const Json& value = at(name);
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
  }
  fail(name, "a number");
}

TimeMs JsonReader::time(const char* name) const {
  const Json& value = at(name);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<TimeMs>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > most) fail(name, "a time");
  if (!value.is_number_integer()) fail(name, "a time");
  return value.get<TimeMs>();
}

bool JsonReader::boolean(const char* name) const {
  const Json& value = at(name);
  if (!value.is_boolean()) fail(name, "true or false");
  return value.get<bool>();
}

std::string JsonReader::text(const char* name) const {
  const Json& value = at(name);
  if (!value.is_string()) fail(name, "a text");
  return value.get<std::string>();
}

std::size_t JsonReader::choice(const char* name, std::span<const std::string_view> words) const {
  const Json& value = at(name);
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == text) return i;
    }
  }
  fail(name, fmt::format("one of {}", fmt::join(words, ", ")));
}

const Json& JsonReader::object(const char* name) const {
  const Json& value = at(name);
  if (!value.is_object()) fail(name, "an object");
  return value;
}

const Json& JsonReader::array(const char* name) const {
  const Json& value = at(name);
  if (!value.is_array()) fail(name, "a list");
  return value;
}

const Json* JsonReader::optional(const char* name) const {
  const Json& value = at(name);
  return value.is_null() ? nullptr : &value;
}

Json parse_json_object(std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes)
    throw Error("broker.bad_json",
                fmt::format("this has {} bytes; at most {} are read", text.size(), most_bytes));
  const auto within_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest_nesting)
      throw Error("broker.bad_json",
                  fmt::format("this JSON is nested deeper than {} levels", deepest_nesting));
    return true;
  };
  Json object;
  try {
    object = Json::parse(text, within_depth);
  } catch (const Json::exception&) {
    throw Error("broker.bad_json", "this is not valid JSON");
  }
  if (!object.is_object()) throw Error("broker.bad_json", "this JSON is not an object");
  return object;
}

Json to_json(const strategy::Decision& decision) {
  Json json{{"kind", word(decision_kinds, decision.kind)}};
  if (decision.kind == Kind::target) json["exposure"] = exact_json(decision.exposure);
  if (decision.kind == Kind::enter) {
    json["side"] = word(sides, decision.side);
    json["stake"] = to_json(decision.stake);
    json["bracket"] = to_json(decision.bracket);
  }
  return json;
}

strategy::Decision decision_from_json(const Json& json) {
  const JsonReader read(json, "a decision");
  const auto kind = choice_of<Kind>(read, "kind", decision_kinds);
  switch (kind) {
    case Kind::target:
      return strategy::Decision::target(read.number("exposure"));
    case Kind::enter:
      return strategy::Decision::enter(choice_of<Side>(read, "side", sides),
                                       stake_from_json(read.object("stake")),
                                       bracket_from_json(read.object("bracket")));
    case Kind::exit:
      return strategy::Decision::exit();
    case Kind::hold:
      break;
  }
  return strategy::Decision::hold();
}

Json to_json(const Order& order) {
  return {{"id", order.id},
          {"symbol", order.symbol},
          {"decision", to_json(order.decision)},
          {"decided", order.decided},
          {"reference_price", exact_json(order.reference_price)},
          {"units", exact_json(order.units)}};
}

Order order_from_json(const Json& json) {
  const JsonReader read(json, "an order");
  Order order;
  order.id = read.text("id");
  order.symbol = read.text("symbol");
  order.decision = decision_from_json(read.object("decision"));
  order.decided = read.time("decided");
  order.reference_price = read.number("reference_price");
  order.units = read.number("units");
  return order;
}

Json to_json(const execution::RoundTrip& trade) {
  return {{"entry_time", trade.entry_time},
          {"exit_time", trade.exit_time},
          {"side", word(sides, trade.side)},
          {"entry_price", exact_json(trade.entry_price)},
          {"exit_price", exact_json(trade.exit_price)},
          {"quantity", exact_json(trade.quantity)},
          {"fee", exact_json(trade.fee)},
          {"profit_abs", exact_json(trade.profit_abs)},
          {"profit_ratio", exact_json(trade.profit_ratio)},
          {"exit_reason", word(exit_reasons, trade.exit_reason)}};
}

Json to_json(const Fill& fill) {
  return {{"order_id", fill.order_id},
          {"symbol", fill.symbol},
          {"time", fill.time},
          {"units", exact_json(fill.units)},
          {"price", exact_json(fill.price)},
          {"fee", exact_json(fill.fee)},
          {"slippage", exact_json(fill.slippage)},
          {"units_after", exact_json(fill.units_after)},
          {"reason", fill.reason},
          {"closed", fill.closed ? to_json(*fill.closed) : Json(nullptr)}};
}

Fill fill_from_json(const Json& json) {
  const JsonReader read(json, "a fill");
  Fill fill;
  fill.order_id = read.text("order_id");
  fill.symbol = read.text("symbol");
  fill.time = read.time("time");
  fill.units = read.number("units");
  fill.price = read.number("price");
  fill.fee = read.number("fee");
  fill.slippage = read.number("slippage");
  fill.units_after = read.number("units_after");
  fill.reason = read.text("reason");
  if (const Json* closed = read.optional("closed")) fill.closed = round_trip_from_json(*closed);
  return fill;
}

Json to_json(const Position& position) {
  return {{"symbol", position.symbol},
          {"units", exact_json(position.units)},
          {"entry_price", exact_json(position.entry_price)},
          {"mark_price", exact_json(position.mark_price)},
          {"unrealised", exact_json(position.unrealised)},
          {"opened", position.opened},
          {"order_id", position.order_id},
          {"stop", optional_json(position.stop)},
          {"take_profit", optional_json(position.take_profit)}};
}

Json to_json(const AccountView& account) {
  Json positions = Json::array(), waiting = Json::array();
  for (const Position& position : account.positions) positions.push_back(to_json(position));
  for (const Order& order : account.waiting) waiting.push_back(to_json(order));
  return {{"cash", exact_json(account.cash)},
          {"equity", exact_json(account.equity)},
          {"positions", std::move(positions)},
          {"waiting", std::move(waiting)}};
}

Json to_json(const execution::EngineState& state) {
  Json orders = Json::array();
  for (const execution::Order& order : state.orders) orders.push_back(to_json(order));
  return {{"cash", exact_json(state.account.cash)},
          {"units", exact_json(state.account.units)},
          {"entry_price", exact_json(state.account.entry_price)},
          {"waiting", to_json(state.waiting)},
          {"orders", std::move(orders)},
          {"trade", to_json(state.trade)},
          {"held", to_json(state.held)},
          {"target", optional_json(state.target)},
          {"entry_bracket", to_json(state.entry_bracket)},
          {"wanted_units", exact_json(state.wanted_units)},
          {"cause", word(causes, state.cause)},
          {"closing_reason", word(exit_reasons, state.closing_reason)},
          {"volume_missing_reported", state.volume_missing_reported},
          {"started", state.started},
          {"bar", to_json(state.bar)},
          {"time", state.time},
          {"initial_equity", exact_json(state.initial_equity)},
          {"traded_notional", exact_json(state.traded_notional)},
          {"total_fees", exact_json(state.total_fees)},
          {"total_slippage", exact_json(state.total_slippage)},
          {"total_funding", exact_json(state.total_funding)}};
}

execution::EngineState engine_state_from_json(const Json& json) {
  const JsonReader read(json, "an engine's state");
  execution::EngineState state;
  state.account = {read.number("cash"), read.number("units"), read.number("entry_price")};
  state.waiting = waiting_from_json(read.object("waiting"));
  for (const Json& order : read.array("orders")) state.orders.push_back(resting_order_from_json(order));
  state.trade = open_trade_from_json(read.object("trade"));
  state.held = held_from_json(read.object("held"));
  state.target = optional_number(read, "target");
  state.entry_bracket = optional_bracket(read, "entry_bracket");
  state.wanted_units = read.number("wanted_units");
  state.cause = choice_of<execution::Cause>(read, "cause", causes);
  state.closing_reason = choice_of<execution::ExitReason>(read, "closing_reason", exit_reasons);
  state.volume_missing_reported = read.boolean("volume_missing_reported");
  state.started = read.boolean("started");
  state.bar = tape_bar_from_json(read.object("bar"));
  state.time = read.time("time");
  state.initial_equity = read.number("initial_equity");
  state.traded_notional = read.number("traded_notional");
  state.total_fees = read.number("total_fees");
  state.total_slippage = read.number("total_slippage");
  state.total_funding = read.number("total_funding");
  return state;
}

}  // namespace stevie::broker
