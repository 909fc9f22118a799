#include "live/live_records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "broker/json.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "live/json_text.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;
[[noreturn]] void refuse(const RecordPlace& at, const std::string& message) {
  throw Error(at.code, message, at.place);
}

const Json& member(const Json& object, const char* name, const RecordPlace& at) {
  if (!object.is_object()) refuse(at, "an object is expected");
  const auto found = object.find(name);
  if (found == object.end()) refuse(at, fmt::format("'{}' is missing", name));
  return *found;
}
std::string text(const Json& object, const char* name, const RecordPlace& at) {
  const Json& value = member(object, name, at);
  if (!value.is_string()) refuse(at, fmt::format("'{}' is not a text", name));
  return value.get<std::string>();
}
double number_of(const Json& value, const char* name, const RecordPlace& at) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (!value.is_number()) refuse(at, fmt::format("'{}' is not a number", name));
  return value.get<double>();
}
double number(const Json& object, const char* name, const RecordPlace& at) {
  return number_of(member(object, name, at), name, at);
}
std::int64_t integer_of(const Json& value, const char* name, const RecordPlace& at) {
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()))
    refuse(at, fmt::format("'{}' is not a whole number", name));
  return value.get<std::int64_t>();
}
TimeMs time_of(const Json& object, const char* name, const RecordPlace& at) {
  return integer_of(member(object, name, at), name, at);
}
std::uint64_t count(const Json& object, const char* name, const RecordPlace& at) {
  const std::int64_t value = integer_of(member(object, name, at), name, at);
  if (value < 0) refuse(at, fmt::format("'{}' is negative", name));
  return static_cast<std::uint64_t>(value);
}
bool truth(const Json& object, const char* name, const RecordPlace& at) {
  const Json& value = member(object, name, at);
  if (!value.is_boolean()) refuse(at, fmt::format("'{}' is neither true nor false", name));
  return value.get<bool>();
}
const Json& list(const Json& object, const char* name, const RecordPlace& at) {
  const Json& value = member(object, name, at);
  if (!value.is_array()) refuse(at, fmt::format("'{}' is not a list", name));
  return value;
}
const Json& object_of(const Json& object, const char* name, const RecordPlace& at) {
  const Json& value = member(object, name, at);
  if (!value.is_object()) refuse(at, fmt::format("'{}' is not an object", name));
  return value;
}
std::vector<std::string> strings(const Json& object, const char* name, const RecordPlace& at) {
  std::vector<std::string> texts;
  for (const Json& item : list(object, name, at)) {
    if (!item.is_string()) refuse(at, fmt::format("'{}' holds something that is no text", name));
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

/// What the broker's readers make of it, with our code and place.
template <class Read>
auto in_place(const RecordPlace& at, Read read) {
  try {
    return read();
  } catch (const Error& error) {
    refuse(at, error.message());
  }
}

template <class Names>
std::size_t index_of(const Names& names, const std::string& name, const char* what, const RecordPlace& at) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return i;
  refuse(at, fmt::format("there is no {} of this name", what));
}

template <class Item, class Text>
std::string joined(const std::vector<Item>& items, Text to_text) {
  std::string result = "[";
  for (const Item& item : items) {
    if (result.size() > 1) result += ',';
    result += to_text(item);
  }
  return result + "]";
}

std::string denials_json(const std::vector<std::pair<std::string, Denial>>& denials) {
  return joined(denials, [](const auto& denial) {
    return fmt::format(R"({{"order_id":{},"code":"{}"}})", json_string(denial.first),
                       to_string(denial.second));
  });
}

}  // namespace

std::string tally_key(const DecisionRecord& decision) {
  const DecisionGist& gist = decision.gist;
  if (gist.reason.empty()) return decision.action;
  return gist.rule.empty() ? gist.reason : gist.reason + "/" + gist.rule;
}

std::string json_string(std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (std::ranges::all_of(text, is_plain)) return fmt::format("\"{}\"", text);
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "null";
}

std::string json_strings(const std::vector<std::string>& texts) {
  return joined(texts, [](const std::string& item) { return json_string(item); });
}

std::string to_json(const std::string& symbol, const ClosedBar& closed) {
  const market::Bar& bar = closed.bar;
  return fmt::format("[{},{},{},{},{},{},{},{}]", json_string(symbol), bar.open_time, json_number(bar.open),
                     json_number(bar.high), json_number(bar.low), json_number(bar.close),
                     json_number(bar.volume), closed.late ? "true" : "false");
}

std::string to_json(const StepOutcome& outcome) {
  std::string decisions = "[";
  for (std::size_t i = 0; i < outcome.decisions.size(); ++i) {
    const DecisionRecord& record = outcome.decisions[i];
    if (i > 0) decisions += ',';
    decisions += fmt::format(
        R"({{"number":{},"symbol":{},"time":{},"decision":{},"version":{},"order_id":{},"denial":"{}","summary":{},"explanation":)",
        record.number, json_string(record.symbol), record.bar.open_time,
        broker::to_json(outcome.wanted[i]).dump(), record.parameter_version, json_string(record.order_id),
        to_string(record.denial), json_string(record.summary));
    decisions += (record.explanation.empty() ? "{}" : record.explanation) + "}";
  }
  return fmt::format(
             R"({{"equity":{},"fills":{},"decisions":{}],"orders":{},"denials":{})",
             json_number(outcome.equity),
             joined(outcome.fills, [](const broker::Fill& fill) { return broker::to_json(fill).dump(); }),
             decisions,
             joined(outcome.orders, [](const broker::Order& order) { return broker::to_json(order).dump(); }),
             denials_json(outcome.denials)) +
         fmt::format(R"(,"cancelled":{},"flattening":{},"rejected":{}}})", json_strings(outcome.cancelled),
                     json_strings(outcome.flattening), json_strings(outcome.rejected));
}

std::string to_json(const LiveCommand& command) {
  const std::string limits = command.kind == LiveCommand::Kind::limits
                                 ? ",\"limits\":" + limits_json(command.limits)
                                 : std::string();
  return fmt::format(R"({{"what":"{}","by":{},"reason":{},"time":{},"flatten":{},"sequence":{}{}}})",
                     to_string(command.kind), json_string(command.by), json_string(command.reason),
                     command.time, command.flatten ? "true" : "false", command.sequence, limits);
}

DecisionRecord parse_decision(const Json& json, const RecordPlace& at) {
  DecisionRecord record;
  record.number = count(json, "number", at);
  record.symbol = text(json, "symbol", at);
  record.bar.open_time = time_of(json, "time", at);
  record.action = text(object_of(json, "decision", at), "kind", at);
  record.parameter_version = count(json, "version", at);
  record.order_id = text(json, "order_id", at);
  record.denial = parse_denial(text(json, "denial", at), at);
  record.summary = text(json, "summary", at);
  record.explanation =
      object_of(json, "explanation", at).dump(-1, ' ', false, Json::error_handler_t::replace);
  return record;
}

LiveCommand parse_command(const Json& json, const RecordPlace& at) {
  LiveCommand command;
  constexpr std::array names{std::string_view("kill"), std::string_view("rearm"), std::string_view("accept"),
                             std::string_view("limits")};
  command.kind = static_cast<LiveCommand::Kind>(index_of(names, text(json, "what", at), "command", at));
  command.by = text(json, "by", at);
  command.reason = text(json, "reason", at);
  command.time = time_of(json, "time", at);
  command.flatten = truth(json, "flatten", at);
  command.sequence = count(json, "sequence", at);
  if (command.kind != LiveCommand::Kind::limits) return command;
  for (const auto& [name, value] : object_of(json, "limits", at).items()) {
    if (!value.is_number()) refuse(at, "'limits' holds something that is no number");
    command.overrides[name] = value.get<double>();
  }
  try {
    command.limits = with_overrides(RiskLimits{}, command.overrides);
  } catch (const Error& error) {
    refuse(at, "'limits': " + error.message());
  }
  return command;
}

ClosedBar parse_closed_bar(const Json& json, const std::vector<std::string>& symbols, const RecordPlace& at) {
  constexpr std::size_t fields = 8;
  if (!json.is_array() || json.size() != fields || !json[0].is_string() || !json[fields - 1].is_boolean())
    refuse(at, "a bar must be [symbol, open time, open, high, low, close, volume, late]");
  ClosedBar closed;
  closed.symbol = index_of(symbols, json[0].get<std::string>(), "symbol", at);
  closed.bar.open_time = integer_of(json[1], "open time", at);
  const std::array<double*, 5> values{&closed.bar.open, &closed.bar.high, &closed.bar.low, &closed.bar.close,
                                      &closed.bar.volume};
  for (std::size_t i = 0; i < values.size(); ++i) *values[i] = number_of(json[i + 2], "bar", at);
  closed.late = json[fields - 1].get<bool>();
  return closed;
}

namespace {

std::string to_json(const DecidedRecord& decided) {
  const DecisionGist& gist = decided.gist;
  return fmt::format(
      R"({{"number":{},"symbol":{},"time":{},"order_id":{},"action":{},"version":{},"denial":"{}","reason":{},"rule":{},"side":{},"regime":{},"confidence":{}}})",
      decided.number, json_string(decided.symbol), decided.time, json_string(decided.order_id),
      json_string(decided.action), decided.parameter_version, to_string(decided.denial),
      json_string(gist.reason), json_string(gist.rule), json_string(gist.side), json_string(gist.regime),
      gist.confidence ? json_number(*gist.confidence) : "null");
}

DecidedRecord parse_decided(const Json& json, const RecordPlace& at) {
  DecidedRecord decided;
  decided.number = count(json, "number", at);
  decided.symbol = text(json, "symbol", at);
  decided.time = time_of(json, "time", at);
  decided.order_id = text(json, "order_id", at);
  decided.action = text(json, "action", at);
  decided.parameter_version = count(json, "version", at);
  decided.denial = parse_denial(text(json, "denial", at), at);
  decided.gist.reason = text(json, "reason", at);
  decided.gist.rule = text(json, "rule", at);
  decided.gist.side = text(json, "side", at);
  decided.gist.regime = text(json, "regime", at);
  if (const double confidence = number(json, "confidence", at); std::isfinite(confidence))
    decided.gist.confidence = confidence;
  return decided;
}

}  // namespace

Denial parse_denial(std::string_view name, const RecordPlace& at) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Denial::bad_order); ++i) {
    const auto denial = static_cast<Denial>(i);
    if (to_string(denial) == name) return denial;
  }
  refuse(at, "there is no denial of this name");
}

std::string to_json(const StepRecord& record) {
  const auto map_json = [](const auto& map, const auto& value_text) {
    std::string result = "{";
    for (const auto& [key, value] : map) {
      if (result.size() > 1) result += ',';
      result += json_string(key) + ":" + value_text(value);
    }
    return result + "}";
  };
  std::string json = fmt::format(
      R"({{"session":{},"record":{},"step":{},"now":{},"symbols":{},"interval":{},"why":{},"bars":{},"orders":{},"denials":{})",
      json_string(record.session), record.record, record.step, record.now, json_strings(record.symbols),
      record.interval, json_string(record.why),
      joined(record.bars,
             [](const auto& bar) {
               return fmt::format(R"({{"symbol":{},"open_time":{}}})", json_string(bar.first), bar.second);
             }),
      joined(record.orders, [](const broker::Order& order) { return broker::to_json(order).dump(); }),
      denials_json(record.denials));
  json += fmt::format(
      R"(,"cancelled":{},"flattening":{},"fills":{},"decided":{},"tally":{},"account":{},"strategies":{},"risk":{})",
      json_strings(record.cancelled), json_strings(record.flattening),
      joined(record.fills, [](const broker::Fill& fill) { return broker::to_json(fill).dump(); }),
      joined(record.decided, [](const DecidedRecord& decided) { return to_json(decided); }),
      map_json(record.tally, [](std::uint64_t n) { return fmt::format("{}", n); }), record.account,
      map_json(record.strategies, [](const std::string& state) { return state; }), record.risk);
  json += fmt::format(
      R"(,"positions":{},"waiting":{},"newest":{},"decisions":{},"order_count":{},"fill_count":{},"equity":{},"initial_equity":{},"parameter_version":{},"obeyed":{})",
      map_json(record.positions, json_number), json_strings(record.waiting),
      map_json(record.newest, [](TimeMs time) { return fmt::format("{}", time); }), record.decisions,
      record.order_count, record.fill_count, json_number(record.equity), json_number(record.initial_equity),
      record.parameter_version, record.obeyed);
  if (record.journal) {
    json += fmt::format(R"(,"journal":{{"part":{},"bytes":{},"hash":"{}"}})", record.journal->part,
                        record.journal->bytes, record.journal->hash);
  }
  return json + "}";
}

namespace {

StepRecord parse_step(const ledger::Event& event, bool with_states) {
  const RecordPlace at{"live.damaged_step", fmt::format("ledger event {}", event.sequence)};
  const Json json = parse_object(event.body, ledger::largest_body_bytes, at.code, at.place);
  StepRecord record;
  record.session = text(json, "session", at);
  record.record = count(json, "record", at);
  record.step = count(json, "step", at);
  record.now = time_of(json, "now", at);
  record.symbols = strings(json, "symbols", at);
  record.interval = time_of(json, "interval", at);
  record.why = text(json, "why", at);
  for (const Json& bar : list(json, "bars", at))
    record.bars.emplace_back(text(bar, "symbol", at), time_of(bar, "open_time", at));
  for (const Json& order : list(json, "orders", at))
    record.orders.push_back(in_place(at, [&] { return broker::order_from_json(order); }));
  for (const Json& denial : list(json, "denials", at))
    record.denials.emplace_back(text(denial, "order_id", at), parse_denial(text(denial, "code", at), at));
  record.cancelled = strings(json, "cancelled", at);
  record.flattening = strings(json, "flattening", at);
  for (const Json& fill : list(json, "fills", at))
    record.fills.push_back(in_place(at, [&] { return broker::fill_from_json(fill); }));
  if (json.contains("decided")) {
    for (const Json& decided : list(json, "decided", at))
      record.decided.push_back(parse_decided(decided, at));
    const Json& tally = object_of(json, "tally", at);
    for (const auto& [key, times] : tally.items()) record.tally[key] = count(tally, key.c_str(), at);
  }
  if (with_states) {
    record.account = object_of(json, "account", at).dump();
    record.risk = object_of(json, "risk", at).dump();
    for (const auto& [symbol, state] : object_of(json, "strategies", at).items())
      record.strategies[symbol] = state.dump();
  }
  for (const auto& [symbol, units] : object_of(json, "positions", at).items())
    record.positions[symbol] = number_of(units, "positions", at);
  record.waiting = strings(json, "waiting", at);
  for (const auto& [symbol, time] : object_of(json, "newest", at).items())
    record.newest[symbol] = integer_of(time, "newest", at);
  record.decisions = count(json, "decisions", at);
  record.order_count = count(json, "order_count", at);
  record.fill_count = count(json, "fill_count", at);
  record.equity = number(json, "equity", at);
  record.initial_equity = number(json, "initial_equity", at);
  record.parameter_version = count(json, "parameter_version", at);
  record.obeyed = count(json, "obeyed", at);
  if (json.contains("journal")) {
    const Json& mark = object_of(json, "journal", at);
    record.journal = JournalMark{count(mark, "part", at), count(mark, "bytes", at), text(mark, "hash", at)};
  }
  return record;
}

}  // namespace

StepRecord parse_step_record(const ledger::Event& event) {
  return parse_step(event, true);
}
StepRecord parse_step_history(const ledger::Event& event) {
  return parse_step(event, false);
}

std::optional<LiveCommand> command_of(const ledger::Event& event) {
  using CommandKind = LiveCommand::Kind;
  if (const std::optional<LimitChange> change = limit_change_of(event)) {
    return LiveCommand{.kind = CommandKind::limits,
                       .by = change->by,
                       .reason = change->reason,
                       .time = change->time,
                       .sequence = change->sequence,
                       .overrides = change->overrides};
  }
  const bool kill = event.kind == "risk.killed", rearm = event.kind == "risk.rearmed";
  if (!kill && !rearm && event.kind != "live.reconciliation") return std::nullopt;
  LiveCommand command{.kind = kill    ? CommandKind::kill
                              : rearm ? CommandKind::rearm
                                      : CommandKind::accept,
                      .by = event.author,
                      .time = event.time,
                      .sequence = event.sequence};
  const Json body = Json::parse(event.body, nullptr, false);
  const auto text_of = [&body](const char* name) {
    return body.is_object() && body.contains(name) && body[name].is_string() ? body[name].get<std::string>()
                                                                             : std::string();
  };
  command.reason = text_of("reason");
  if (kill) {
    command.flatten = body.is_object() && body.contains("flatten") && body["flatten"] == true;
    return command;
  }
  if (command.reason.empty()) return std::nullopt;  // nobody re-arms or accepts without a reason
  if (command.kind == CommandKind::accept) {
    if (text_of("accepted_by").empty()) return std::nullopt;
    command.by = text_of("accepted_by");
  }
  return command;
}

}  // namespace stevie::live
