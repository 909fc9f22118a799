#include "live/kline_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "live/json_text.h"
#include "market/csv.h"
#include "market/raw_bars.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

constexpr TimeMs latest_time = 9'999'999'999'999;  // 2286
constexpr std::size_t longest_name = 64;

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// Reads the fields of one object and keeps the first fault.
class Fields {
 public:
  Fields(const Json& object, std::string& fault) : object_(object), fault_(fault) {}

  std::string name(const char* field) {
    const Json* value = member(object_, field);
    if (value == nullptr || !value->is_string()) return complain<std::string>(field, "text");
    const auto& text = value->get_ref<const std::string&>();
    if (text.empty() || text.size() > longest_name) return complain<std::string>(field, "a name");
    return text;
  }
  TimeMs time(const char* field) {
    const Json* value = member(object_, field);
    if (value == nullptr || !value->is_number_integer()) return complain<TimeMs>(field, "a time");
    const bool too_large =
        value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(latest_time);
    if (too_large || value->get<TimeMs>() < 0) return complain<TimeMs>(field, "a time");
    return value->get<TimeMs>();
  }
  double number(const char* field) {
    const Json* value = member(object_, field);
    if (value == nullptr || !value->is_string()) return complain<double>(field, "a number in quotes");
    const std::optional<double> number = market::parse_number(value->get_ref<const std::string&>());
    return number ? *number : complain<double>(field, "a number in quotes");
  }
  bool truth(const char* field) {
    const Json* value = member(object_, field);
    if (value == nullptr || !value->is_boolean()) return complain<bool>(field, "true or false");
    return value->get<bool>();
  }

 private:
  template <class Value>
  Value complain(const char* field, const char* expected) {
    if (fault_.empty()) fault_ = fmt::format("'{}' is not {}", field, expected);
    return Value{};
  }

  const Json& object_;
  std::string& fault_;
};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string contradiction(const KlineFrame& frame, const std::string& stream, const std::string& symbol) {
  if (frame.symbol != symbol) return "the event and its bar name different symbols";
  if (lower_case(stream) != fmt::format("{}@kline_{}", lower_case(symbol), lower_case(frame.interval))) {
    return "the stream is not that of the symbol and interval";
  }
  if (frame.close_time <= frame.bar.open_time) return "the bar closes before it opens";
  if (frame.event_time < frame.bar.open_time) return "the bar lies in the future of its event";
  if (frame.closed && frame.event_time < frame.close_time)
    return "the bar is said to be closed before its end";
  if (!market::has_sound_values(frame.bar)) return "its prices or volume cannot be";
  return {};
}

}  // namespace

ParsedFrame parse_kline_frame(std::string_view text) {
  ParsedFrame result;
  Json object;
  try {
    object = parse_object(text, largest_frame_bytes, "live.bad_frame", {});
  } catch (const Error& error) {
    result.fault = error.message();
    return result;
  }
  const Json* data = member(object, "data");
  const Json* event = data != nullptr && data->is_object() ? member(*data, "e") : nullptr;
  if (event == nullptr || !event->is_string() || event->get_ref<const std::string&>() != "kline") {
    result.kind = FrameKind::other;
    return result;
  }
  const Json* kline = member(*data, "k");
  if (kline == nullptr || !kline->is_object()) {
    result.fault = "'k' is not an object";
    return result;
  }
  const std::string stream = Fields(object, result.fault).name("stream");
  Fields of_event(*data, result.fault), of_kline(*kline, result.fault);
  KlineFrame& frame = result.kline;
  frame.symbol = of_event.name("s");
  frame.event_time = of_event.time("E");
  const std::string symbol = of_kline.name("s");
  frame.interval = of_kline.name("i");
  frame.close_time = of_kline.time("T");
  frame.closed = of_kline.truth("x");
  frame.bar = {of_kline.time("t"),   of_kline.number("o"), of_kline.number("h"),
               of_kline.number("l"), of_kline.number("c"), of_kline.number("v")};
  if (result.fault.empty()) result.fault = contradiction(frame, stream, symbol);
  if (result.fault.empty()) result.kind = FrameKind::kline;
  return result;
}

}  // namespace stevie::live
