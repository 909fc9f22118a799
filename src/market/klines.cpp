#include "market/klines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/error.h"
#include "market/raw_bars.h"
#include "market/symbol.h"

namespace stevie::market {
namespace {

constexpr std::array<std::pair<TimeMs, std::string_view>, 14> offered_intervals{{{minute_ms, "1m"},
                                                                                 {3 * minute_ms, "3m"},
                                                                                 {5 * minute_ms, "5m"},
                                                                                 {15 * minute_ms, "15m"},
                                                                                 {30 * minute_ms, "30m"},
                                                                                 {hour_ms, "1h"},
                                                                                 {2 * hour_ms, "2h"},
                                                                                 {4 * hour_ms, "4h"},
                                                                                 {6 * hour_ms, "6h"},
                                                                                 {8 * hour_ms, "8h"},
                                                                                 {12 * hour_ms, "12h"},
                                                                                 {day_ms, "1d"},
                                                                                 {3 * day_ms, "3d"},
                                                                                 {7 * day_ms, "1w"}}};

Error bad_answer(const std::string& reason, const std::string& body, const std::string& url) {
  return {"market.bad_answer",
          fmt::format("the server's answer is not a page of bars ({}); it begins '{}': check the base URL or "
                      "try again later",
                      reason, answer_excerpt(body)),
          url};
}

}  // namespace

std::string_view kline_interval_name(TimeMs interval) {
  for (const auto& [length, name] : offered_intervals) {
    if (length == interval) return name;
  }
  return {};
}

std::string kline_interval_names() {
  std::string names;
  for (const auto& offered : offered_intervals) {
    if (!names.empty()) names += &offered == &offered_intervals.back() ? " or " : ", ";
    names += offered.second;
  }
  return names;
}

std::optional<std::string> exchange_symbol(std::string_view symbol) {
  std::string plain = canonical_symbol(symbol);
  plain.erase(std::remove(plain.begin(), plain.end(), '/'), plain.end());
  const bool sound = !plain.empty() && std::all_of(plain.begin(), plain.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  if (!sound) return std::nullopt;
  return plain;
}

std::string KlineRequest::url() const {
  std::string text = fmt::format("{}/api/v3/klines?symbol={}&interval={}&startTime={}", base_url,
                                 exchange_symbol(symbol).value_or(""), kline_interval_name(interval), first);
  if (last) text += fmt::format("&endTime={}", *last);
  return text + fmt::format("&limit={}", limit);
}

Bars parse_klines(const std::string& body, const KlineRequest& request) {
  const std::string url = request.url();
  if (body == "[]") return {};
  RawBars raw;
  try {
    raw = parse_raw_bars(body, url);
  } catch (const Error& error) {
    throw bad_answer(error.message(), body, url);
  }
  const FaultList faults = find_faults(raw);
  if (faults.total() > 0) throw bad_answer(faults.earliest().message, body, url);
  if (raw.format != SourceFormat::ccxt_json || raw.rows.open_time.front() < request.first ||
      (request.last && raw.rows.open_time.back() > *request.last) || raw.rows.size() > request.limit) {
    throw bad_answer("these are not the bars that were asked for", body, url);
  }
  raw.rows.symbol = canonical_symbol(request.symbol);
  raw.rows.interval = request.interval;
  return std::move(raw.rows);
}

std::string answer_excerpt(const std::string& body) {
  std::string text = body.substr(0, 120);
  for (char& c : text) c = c >= ' ' && c <= '~' ? c : ' ';
  return text;
}

}  // namespace stevie::market
