#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "broker/json.h"
#include "core/error.h"
#include "live/risk_engine.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;
using broker::JsonReader;

constexpr int record_schema = 1;
constexpr std::size_t most_bytes = std::size_t{4} << 20;
constexpr std::size_t most_text = 4096;
constexpr std::size_t most_order_times = 10'000;

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error("live.bad_risk_record", "the record of the risk engine cannot be taken up: " + sentence);
}

void require(bool good, const std::string& sentence) {
  if (!good) refuse(sentence);
}

std::string short_text(const JsonReader& read, const char* name) {
  std::string text = read.text(name);
  require(text.size() <= most_text, fmt::format("'{}' is longer than {} bytes", name, most_text));
  return text;
}

double finite(const JsonReader& read, const char* name) {
  const double value = read.number(name);
  require(std::isfinite(value), fmt::format("'{}' is not finite", name));
  return value;
}

TimeMs past_1970(const JsonReader& read, const char* name) {
  const TimeMs value = read.time(name);
  require(value >= 0, fmt::format("'{}' is below 0", name));
  return value;
}

RiskRecord read_record(const std::string& text) {
  const Json json = broker::parse_json_object(text, most_bytes);
  const JsonReader read(json, "a risk record");
  require(read.time("schema") == record_schema, "it was written by a newer version of this program");
  RiskRecord record;
  if (const Json* kill = read.optional("kill")) {
    const JsonReader field(*kill, "a kill");
    record.kill = Kill{short_text(field, "by"), short_text(field, "reason"), past_1970(field, "time"),
                       field.boolean("flatten")};
  }
  if (read.optional("halt") != nullptr) record.halt = short_text(read, "halt");
  record.marked = read.boolean("marked");
  record.peak_equity = finite(read, "peak_equity");
  record.last_equity = finite(read, "last_equity");
  record.day = past_1970(read, "day");
  record.day_start_equity = finite(read, "day_start_equity");
  record.daily_loss_reached = read.boolean("daily_loss_reached");
  record.clock = past_1970(read, "clock");
  require(record.peak_equity >= record.last_equity, "the peak is below the newest equity");
  const Json& times = read.array("order_times");
  require(times.size() <= most_order_times, "it has more orders than any limit lets pass");
  for (const Json& time : times) {
    require(time.is_number_unsigned(), "a time of an order is not a time");
    require(time.get<std::uint64_t>() <= static_cast<std::uint64_t>(record.clock),
            "an order passed after the newest time seen");
    record.order_times.push_back(time.get<TimeMs>());
  }
  const JsonReader newest(read.object("newest_order"), "the newest orders");
  for (const auto& [symbol, time] : read.object("newest_order").items())
    record.newest_order[symbol] = past_1970(newest, symbol.c_str());
  const Json& denials = read.object("denials");
  for (std::size_t i = 1; i < denial_count; ++i) {
    const auto found = denials.find(to_string(static_cast<Denial>(i)));
    if (found == denials.end()) continue;  // a denial that came later
    require(found->is_number_unsigned(), "a count of denials is no count");
    record.denials[i] = found->get<std::uint64_t>();
  }
  require(json.contains("passed") && json["passed"].is_number_unsigned(), "'passed' is no count");
  record.passed = json["passed"].get<std::uint64_t>();
  return record;
}

}  // namespace

std::string RiskEngine::save() const {
  Json denials = Json::object(), newest = Json::object();
  for (std::size_t i = 1; i < denial_count; ++i)
    denials[std::string(to_string(static_cast<Denial>(i)))] = record_.denials[i];
  for (const auto& [symbol, time] : record_.newest_order) newest[symbol] = time;
  Json kill = nullptr;
  if (record_.kill)
    kill = {{"by", record_.kill->by},
            {"reason", record_.kill->reason},
            {"time", record_.kill->time},
            {"flatten", record_.kill->flatten}};
  const Json json{{"schema", record_schema},
                  {"kill", std::move(kill)},
                  {"halt", record_.halt ? Json(*record_.halt) : Json(nullptr)},
                  {"marked", record_.marked},
                  {"peak_equity", record_.peak_equity},
                  {"last_equity", record_.last_equity},
                  {"day", record_.day},
                  {"day_start_equity", record_.day_start_equity},
                  {"daily_loss_reached", record_.daily_loss_reached},
                  {"clock", record_.clock},
                  {"order_times", record_.order_times},
                  {"newest_order", std::move(newest)},
                  {"denials", std::move(denials)},
                  {"passed", record_.passed}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void RiskEngine::restore(const std::string& json) {
  RiskRecord record;
  try {
    record = read_record(json);
  } catch (const Error& error) {
    if (error.code() == "live.bad_risk_record") throw;
    refuse(error.message());
  }
  record_ = std::move(record);
}

}  // namespace stevie::live
