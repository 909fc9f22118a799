#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/error_list.h"
#include "core/file.h"
#include "core/printable.h"
#include "market/csv.h"
#include "strategy/demonstration.h"

namespace stevie::strategy {
namespace {

constexpr std::size_t most_columns = 256;
constexpr std::size_t most_faults = 20;

/// Where the two columns are.
struct Layout {
  std::size_t time = most_columns, action = most_columns;
  std::size_t needed() const { return std::max(time, action) + 1; }
};

Layout read_header(std::string_view header, const std::string& place) {
  const std::vector<std::string> names = market::header_names(header);
  Layout layout;
  for (std::size_t i = 0; i < names.size() && i < most_columns; ++i) {
    if (layout.time == most_columns && (names[i] == "time" || names[i] == "timestamp")) layout.time = i;
    if (layout.action == most_columns && names[i] == "action") layout.action = i;
  }
  if (layout.time == most_columns || layout.action == most_columns)
    throw Error("signals.no_column",
                "the header must name the columns time and action: the open time of a bar, and what to hold "
                "from the next one on",
                place);
  return layout;
}

std::size_t index_of_smallest(const std::vector<double>& exposures, double (*key)(double)) {
  return static_cast<std::size_t>(std::ranges::min_element(exposures, {}, key) - exposures.begin());
}

/// Which exposure an action names; -1 for none.
std::int32_t parse_action(std::string_view text, const std::vector<double>& exposures,
                          const std::string& place) {
  if (text.empty() || text == "hold") return -1;
  const auto as_action = [](std::size_t index) { return static_cast<std::int32_t>(index); };
  if (text == "long" || text == "buy")
    return as_action(index_of_smallest(exposures, [](double e) { return -e; }));
  if (text == "short" || text == "sell")
    return as_action(index_of_smallest(exposures, [](double e) { return e; }));
  if (text == "flat") return as_action(index_of_smallest(exposures, [](double e) { return std::abs(e); }));
  if (const auto number = market::parse_number(text)) {
    const auto found = std::ranges::find(exposures, *number);
    if (found != exposures.end()) return as_action(static_cast<std::size_t>(found - exposures.begin()));
  }
  throw Error("signals.bad_value",
              fmt::format("the action is '{}': it must be long, short, flat, hold or one of the exposures {}",
                          printable(std::string(text)), fmt::join(exposures, ", ")),
              place);
}

/// Takes the rows one after the other.
class ActionReader {
 public:
  ActionReader(const market::Bars& bars, const std::vector<double>& exposures)
      : bars_(bars), exposures_(exposures) {
    schedule_.actions.assign(bars.size(), -1);
  }

  void row(std::string_view line, const Layout& layout, const std::string& place) {
    std::array<std::string_view, most_columns> fields;
    const std::size_t count = market::split_fields(line, fields);
    if (count < layout.needed())
      throw Error("signals.few_columns",
                  fmt::format("the row has {} columns, {} are needed", count, layout.needed()), place);
    const std::optional<TimeMs> time = market::parse_stamp(fields[layout.time]);
    if (!time)
      throw Error(
          "signals.bad_time",
          "'" + printable(std::string(fields[layout.time])) + "' is no time: write 2024-01-31T13:00:00Z",
          place);
    if (any_ && *time <= before_)
      throw Error("signals.unsorted", "the row does not come behind the one before it in time", place);
    any_ = true;
    before_ = *time;
    const auto found = std::lower_bound(bars_.open_time.begin(), bars_.open_time.end(), *time);
    if (found == bars_.open_time.end() || *found != *time)
      throw Error("signals.unknown_bar",
                  "no bar opens at " + format_time(*time) +
                      ": an action carries the open time of a bar of the bars file",
                  place);
    const std::int32_t action = parse_action(fields[layout.action], exposures_, place);
    const auto bar = static_cast<std::size_t>(found - bars_.open_time.begin());
    if (rows_++ == 0) schedule_.first = bar;
    schedule_.last = bar;
    schedule_.actions[bar] = action;
  }
  std::size_t rows() const { return rows_; }
  /// The schedule, with the last action on the bars between two rows.
  ActionSchedule take() {
    for (std::size_t bar = schedule_.first + 1; bar <= schedule_.last; ++bar) {
      if (schedule_.actions[bar] < 0) schedule_.actions[bar] = schedule_.actions[bar - 1];
    }
    return std::move(schedule_);
  }

 private:
  const market::Bars& bars_;
  const std::vector<double>& exposures_;
  ActionSchedule schedule_;
  std::size_t rows_ = 0;
  bool any_ = false;
  TimeMs before_ = 0;
};

}  // namespace

ActionSchedule parse_actions(std::string_view text, const std::string& place, const market::Bars& bars,
                             const std::vector<double>& exposures) {
  market::LineReader lines(text);
  const auto header = lines.next();
  if (!header) throw Error("signals.no_rows", "the file is empty", place);
  const Layout layout = read_header(*header, fmt::format("{}:{}", place, lines.line()));
  ActionReader reader(bars, exposures);
  ErrorList faults;
  std::size_t count = 0;
  while (const auto line = lines.next()) {
    const std::string at = fmt::format("{}:{}", place, lines.line());
    try {
      reader.row(*line, layout, at);
    } catch (const Error& fault) {
      if (++count <= most_faults) faults.add(fault);
    }
  }
  faults.throw_any("signals.faults", count > most_faults
                                         ? fmt::format("of {} rows that cannot be used:", count)
                                         : "rows cannot be used:");
  if (reader.rows() == 0) throw Error("signals.no_rows", "there is no row below the header", place);
  return reader.take();
}

ActionSchedule read_actions(const std::filesystem::path& path, const market::Bars& bars,
                            const std::vector<double>& exposures) {
  return parse_actions(read_file(path), path.string(), bars, exposures);
}

std::string format_actions(const std::vector<std::size_t>& bars, const std::vector<std::int32_t>& actions,
                           const std::vector<TimeMs>& open_time, const std::vector<double>& exposures) {
  std::string text = "time,action\n";
  for (std::size_t i = 0; i < bars.size(); ++i)
    text += fmt::format("{},{}\n", format_time(open_time[bars[i]]),
                        exposures[static_cast<std::size_t>(actions[i])]);
  return text;
}

}  // namespace stevie::strategy
