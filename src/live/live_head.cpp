#include "live/live_head.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "live/json_text.h"
#include "live/limit_changes.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

constexpr int journal_format = 1;
constexpr std::size_t most_head_bytes = std::size_t{8} << 20U;
constexpr std::string_view damaged = "live.damaged_journal";

RiskLimits parse_limits(const Json& json, FieldReader& reader) {
  LimitOverrides values;
  for (const LimitField& field : limit_fields()) {
    const auto found = json.find(field.name);
    if (found == json.end() || !found->is_number())
      reader.fault(fmt::format("limits: '{}' is no number", field.name));
    else
      values[field.name] = found->get<double>();
  }
  try {
    return with_overrides({}, values);
  } catch (const Error& error) {
    reader.fault("limits: " + error.message());
    return {};
  }
}

std::filesystem::path warm_up_file(const std::filesystem::path& folder, std::size_t symbol) {
  return folder / fmt::format("warm_up.{}.jsonl.gz", symbol + 1);
}

}  // namespace

std::string head_json(const LiveParts& parts, const std::string& resumes,
                      const std::vector<std::optional<TimeMs>>& newest, std::uint64_t decisions) {
  std::string strategies = "[", times = "[";
  for (std::size_t i = 0; i < parts.strategies.size(); ++i) {
    strategies += (i > 0 ? "," : "") + parts.strategies[i]->save();
    times += (i > 0 ? "," : "") + (newest[i] ? fmt::format("{}", *newest[i]) : std::string("null"));
  }
  return fmt::format(
             R"({{"kind":"head","format":{},"session":{},"resumes":{},"mode":{},"feed":{},"symbols":{},"interval":{})",
             journal_format, json_string(parts.session), resumes.empty() ? "null" : json_string(resumes),
             json_string(parts.mode), json_string(parts.feed->name()), json_strings(parts.feed->symbols()),
             parts.feed->interval()) +
         fmt::format(R"(,"leverage_limit":{},"configuration":{},"limits":{},"reconciled":{})",
                     json_number(parts.leverage_limit), parts.configuration,
                     limits_json(parts.risk->limits()), parts.risk->reconciled()) +
         fmt::format(R"(,"decisions":{},"newest":{}],"strategies":{}],"account":{},"risk":{}}})", decisions,
                     times, strategies, parts.broker->save(), parts.risk->save());
}

JournalHead parse_head(std::string_view line, const std::string& place) {
  const std::string code(damaged);
  const Json json = parse_object(line, most_head_bytes, code, place);
  FieldReader reader(json);
  if (reader.string("kind") != "head") reader.fault("the journal does not begin with its head");
  if (const std::uint64_t format = reader.count("format"); format > journal_format)
    throw Error("live.newer_journal",
                fmt::format("this journal has format {} and this program knows up to {}: update the program",
                            format, journal_format),
                place);
  JournalHead head;
  head.session = reader.string("session");
  if (json.contains("resumes") && json["resumes"].is_string()) head.resumes = json["resumes"];
  head.mode = reader.string("mode");
  head.feed = reader.string("feed");
  head.interval = static_cast<TimeMs>(reader.count("interval"));
  if (head.interval <= 0) reader.fault("'interval' is not above 0");
  head.decisions = reader.count("decisions");
  const auto texts = [&](const char* name, std::string& text) {
    if (const Json* object = reader.object(name)) text = object->dump();
  };
  texts("configuration", head.configuration);
  texts("account", head.account);
  texts("risk", head.risk);
  if (const Json* limits = reader.object("limits")) head.limits = parse_limits(*limits, reader);
  if (json.contains("leverage_limit") && json["leverage_limit"].is_number())
    head.leverage_limit = json["leverage_limit"];
  else
    reader.fault("'leverage_limit' is no number");
  if (json.contains("reconciled") && json["reconciled"].is_boolean())
    head.reconciled = json["reconciled"];
  else
    reader.fault("'reconciled' is neither true nor false");
  const auto list = [&](const char* name) -> Json {
    if (json.contains(name) && json[name].is_array()) return json[name];
    reader.fault(fmt::format("'{}' is no list", name));
    return Json::array();
  };
  for (const Json& symbol : list("symbols")) {
    if (symbol.is_string())
      head.symbols.push_back(symbol);
    else
      reader.fault("'symbols' holds something that is no text");
  }
  for (const Json& state : list("strategies")) head.strategies.push_back(state.dump());
  for (const Json& time : list("newest")) {
    const bool known =
        time.is_number_integer() && !(time.is_number_unsigned() && time.get<std::uint64_t>() > (1ULL << 62U));
    head.newest.push_back(known ? std::optional(time.get<TimeMs>()) : std::nullopt);
  }
  if (head.symbols.empty()) reader.fault("there is no symbol");
  if (head.strategies.size() != head.symbols.size() || head.newest.size() != head.symbols.size())
    reader.fault("there must be one strategy and one time for each symbol");
  reader.require_sound(code, "the head of the journal cannot be used", place);
  return head;
}

std::string start_json(const LiveParts& parts, const std::string& resumes, std::uint64_t parameter_version,
                       const std::string& journal_fault) {
  return fmt::format(
             R"({{"session":{},"mode":{},"feed":{},"symbols":{},"interval":{},"parameter_version":{},"resumes":{})",
             json_string(parts.session), json_string(parts.mode), json_string(parts.feed->name()),
             json_strings(parts.feed->symbols()), parts.feed->interval(), parameter_version,
             resumes.empty() ? "null" : json_string(resumes)) +
         (journal_fault.empty() ? "" : ",\"journal_fault\":" + json_string(journal_fault)) + "}";
}

void write_warm_up(const std::filesystem::path& folder, std::size_t symbol, const market::Bars& bars) {
  std::string text;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const market::Bar bar = bars[i];
    text += fmt::format("[{},{},{},{},{},{}]\n", bar.open_time, json_number(bar.open), json_number(bar.high),
                        json_number(bar.low), json_number(bar.close), json_number(bar.volume));
  }
  write_file(warm_up_file(folder, symbol), gzip(text));
}

std::vector<market::Bar> read_warm_up(const std::filesystem::path& folder, std::size_t symbol) {
  constexpr std::size_t fields = 6, longest_line = 1000;
  const std::filesystem::path file = warm_up_file(folder, symbol);
  const std::string text = read_file(file);
  std::vector<market::Bar> bars;
  std::size_t begin = 0;
  for (std::size_t number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string place = fmt::format("{}:{}", file.string(), number);
    const Json json = end - begin > longest_line
                          ? Json()
                          : Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                        text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    bool sound = json.is_array() && json.size() == fields && json[0].is_number_integer();
    for (std::size_t i = 1; sound && i < fields; ++i) sound = json[i].is_number();
    if (!sound)
      throw Error(std::string(damaged), "a bar must be [open time, open, high, low, close, volume]", place);
    bars.push_back({json[0], json[1], json[2], json[3], json[4], json[5]});
    begin = end + 1;
  }
  return bars;
}

}  // namespace stevie::live
