#include "market/json_rows.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "market/csv.h"

namespace stevie::market {
namespace {

using Json = nlohmann::json;

/// Takes the parser's events and builds rows, so that no tree of the whole file is ever in memory.
class RowBuilder {
 public:
  explicit RowBuilder(const std::string& place) : place_(place) { raw_.format = SourceFormat::ccxt_json; }

  bool null() { return add_value(std::nullopt, "null"); }
  bool boolean(bool value) { return add_value(std::nullopt, value ? "true" : "false"); }
  bool number_integer(Json::number_integer_t value) { return add_number(static_cast<double>(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return add_number(static_cast<double>(value)); }
  bool number_float(Json::number_float_t value, const std::string&) { return add_number(value); }
  bool string(std::string& value) { return add_value(parse_number(value), value); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { wrong_shape(); }
  bool key(std::string&) { wrong_shape(); }
  bool end_object() { wrong_shape(); }
  bool start_array(std::size_t) {
    if (++depth_ > 2) wrong_shape();
    if (depth_ == 2) {
      ++row_;
      count_ = 0;
      faulty_ = false;
    }
    return true;
  }
  bool end_array() {
    if (depth_-- == 2) finish_row();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    throw Error("market.bad_json",
                fmt::format("this is not valid JSON from byte {} on: fetch the file again", position),
                place_);
  }

  RawBars take() { return std::move(raw_); }

 private:
  [[noreturn]] void wrong_shape() const {
    throw Error("market.bad_json",
                "this JSON is not a list of rows [milliseconds, open, high, low, close, volume]", place_);
  }
  bool add_number(double value) { return add_value(value, {}); }
  bool add_value(std::optional<double> value, std::string_view text) {
    if (depth_ != 2) wrong_shape();
    if (count_ >= fields_.size()) return true;
    if (!value && !faulty_) {
      faulty_ = true;
      raw_.unreadable.add(
          FaultKind::bad_number, row_,
          fmt::format("'{}' is not a number: correct or remove this row", text.substr(0, 40)));
    }
    fields_[count_++] = value.value_or(0.0);
    return true;
  }
  void finish_row() {
    if (faulty_) return;
    if (count_ < fields_.size()) {
      raw_.unreadable.add(FaultKind::few_columns, row_,
                          fmt::format("this row has {} values instead of 6: complete or remove it", count_));
      return;
    }
    const auto time = parse_stamp(fmt::format("{:.0f}", fields_[0]));
    if (!time) {
      raw_.unreadable.add(FaultKind::bad_time, row_,
                          fmt::format("'{}' is not a time: unix milliseconds are expected", fields_[0]));
      return;
    }
    raw_.rows.push_back({*time, fields_[1], fields_[2], fields_[3], fields_[4], fields_[5]});
    raw_.lines.push_back(static_cast<std::uint32_t>(row_));
  }

  const std::string& place_;
  RawBars raw_;
  std::array<double, 6> fields_{};
  std::size_t depth_ = 0;
  std::size_t row_ = 0;
  std::size_t count_ = 0;
  bool faulty_ = false;
};

}  // namespace

RawBars parse_json_rows(std::string_view text, const std::string& place) {
  RowBuilder builder(place);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

}  // namespace stevie::market
