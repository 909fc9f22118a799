#include "app/social_sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "market/symbol.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 10> social_columns{
    "sentiment", "sentiment_score", "social", "social_score", "overall",
    "polarity",  "compound",        "mood",   "fear_greed",   "fear_and_greed"};
constexpr std::array<std::string_view, 4> market_wide_words{"FEAR", "MARKET", "CRYPTO", "GLOBAL"};

std::string upper_case(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string base_currency(const std::string& symbol) {
  return symbol.substr(0, symbol.find('/'));
}

/// The one column that is a social score by its name.
std::string find_social_column(const market::SideSeries& series, const fs::path& file) {
  std::vector<std::string> found;
  for (const std::string& name : series.column_names) {
    if (is_social_column(name)) found.push_back(name);
  }
  if (found.size() == 1) return found.front();
  const std::string columns = printable(fmt::format("{}", fmt::join(series.column_names, ", ")));
  throw Error("app.bad_social",
              found.empty() ? fmt::format("none of its columns ({}) is a social score by its name: say which "
                                          "one is, as in FILE:COLUMN",
                                          columns)
                            : fmt::format("more than one of its columns ({}) is a social score: say which "
                                          "one, as in FILE:COLUMN",
                                          columns),
              file.string());
}

/// Reads one source and tells on what share of the bars it has a row.
struct ReadSource {
  strategy::SocialSource source;
  double coverage = 0;
};
ReadSource read_source(const SocialSpec& spec, const market::Bars& bars) {
  ReadSource read;
  market::SideSeries& series = read.source.series;
  series = market::read_side_series(spec.file, spec.delay.value_or(0));
  if (series.stamp.size() < 2) {
    throw Error("app.bad_social", "a series of a single row has no spacing: it needs two rows or more",
                spec.file.string());
  }
  if (!spec.delay) series.publication_delay = series.spacing;
  read.source.column = spec.column.empty() ? find_social_column(series, spec.file) : spec.column;
  if (std::find(series.column_names.begin(), series.column_names.end(), read.source.column) ==
      series.column_names.end()) {
    throw Error("market.missing_column",
                fmt::format("there is no column '{}', there are {}", printable(read.source.column),
                            printable(fmt::format("{}", fmt::join(series.column_names, ", ")))),
                spec.file.string());
  }
  const market::JoinedColumn joined = market::join_as_of(series, read.source.column, bars);
  const auto known = std::count(joined.known.begin(), joined.known.end(), 1);
  if (known == 0) {
    throw Error("app.social_no_overlap",
                fmt::format("its rows of {} to {} tell nothing about bars of {} to {}: take another file",
                            format_date(series.stamp.front()), format_date(series.stamp.back()),
                            bars.empty() ? "no time" : format_date(bars.open_time.front()),
                            bars.empty() ? "no time" : format_date(bars.open_time.back())),
                spec.file.string());
  }
  read.coverage = static_cast<double>(known) / static_cast<double>(bars.size());
  return read;
}

std::string used_note(const ReadSource& read, const SocialSpec& spec) {
  const market::SideSeries& series = read.source.series;
  return fmt::format("social score: {} of {}, known {} after its stamp ({}), on {:.1f} % of the bars",
                     printable(read.source.column), printable(spec.file.filename().string()),
                     format_duration(series.publication_delay),
                     spec.delay ? "as told" : "its own spacing, the safe choice; FILE@DELAY says otherwise",
                     100.0 * read.coverage);
}

/// Why a discovered file is of another market; empty where it fits.
std::string other_market(const fs::path& file, const market::Bars& bars) {
  const std::string name = upper_case(file.filename().string());
  const std::string first = name.substr(0, name.find_first_of("_-. "));
  if (std::find(market_wide_words.begin(), market_wide_words.end(), first) != market_wide_words.end())
    return {};
  const std::string pair = market::symbol_from_name(name);
  const std::string base = base_currency(bars.symbol);
  if (!base.empty() && (first == base || base_currency(pair) == base)) return {};
  return fmt::format("its name begins neither with {} nor with a word for the whole market",
                     base.empty() ? "the symbol of the bars, which have none" : base);
}

std::vector<fs::path> files_beside(const fs::path& bars_file) {
  std::vector<fs::path> files;
  std::error_code none;
  const fs::path folder = bars_file.parent_path() / "sentiment";
  for (fs::directory_iterator entry(folder, none); !none && entry != fs::directory_iterator();
       entry.increment(none)) {
    const std::string name = entry->path().filename().string();
    std::error_code unreadable;
    if (!entry->is_regular_file(unreadable)) continue;
    if (name.ends_with(".csv") || name.ends_with(".csv.gz")) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void discover(const fs::path& bars_file, const market::Bars& bars, SocialSources& found) {
  for (const fs::path& file : files_beside(bars_file)) {
    const auto leave_out = [&](std::string_view why) {
      found.notes.push_back(
          fmt::format("not a social score: {}: {}", printable(file.filename().string()), why));
    };
    if (const std::string other = other_market(file, bars); !other.empty()) {
      leave_out(other);
      continue;
    }
    const SocialSpec spec{.file = file, .column = {}, .delay = {}};
    try {
      ReadSource read = read_source(spec, bars);
      found.notes.push_back(used_note(read, spec));
      found.sources.push_back(std::move(read.source));
    } catch (const Error& error) {
      leave_out(error.message());
    }
  }
}

}  // namespace

bool is_social_column(std::string_view name) {
  return std::find(social_columns.begin(), social_columns.end(), name) != social_columns.end();
}

SocialSpec parse_social_spec(const std::string& text) {
  const auto refuse = [&](std::string_view why) {
    return Error("app.bad_social",
                 fmt::format("'{}' {}: write FILE[:COLUMN][@DELAY], as in mood.csv:overall@1h",
                             printable(text.substr(0, 200)), why));
  };
  SocialSpec spec;
  std::string rest = text;
  const std::size_t folder_end = rest.rfind('/');
  const std::size_t name_begins = folder_end == std::string::npos ? 0 : folder_end + 1;
  if (const std::size_t at = rest.rfind('@'); at != std::string::npos && at >= name_begins) {
    try {
      spec.delay = parse_duration(rest.substr(at + 1));
    } catch (const Error&) {
      throw refuse("has no duration after '@'");
    }
    rest.resize(at);
  }
  if (const std::size_t colon = rest.rfind(':'); colon != std::string::npos && colon >= name_begins) {
    spec.column = rest.substr(colon + 1);
    for (char& c : spec.column) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (spec.column.empty()) throw refuse("names no column after ':'");
    rest.resize(colon);
  }
  if (rest.size() <= name_begins) throw refuse("names no file");
  spec.file = rest;
  return spec;
}

SocialSources load_social_sources(const SocialRequest& request, const fs::path& bars_file,
                                  const market::Bars& bars) {
  SocialSources found;
  std::set<std::pair<fs::path, std::string>> taken;
  for (const std::string& text : request.files) {
    const SocialSpec spec = parse_social_spec(text);
    ReadSource read = read_source(spec, bars);
    if (!taken.emplace(spec.file, read.source.column).second) {
      throw Error("app.bad_social",
                  fmt::format("its column {} is named twice: name it once", printable(read.source.column)),
                  spec.file.string());
    }
    found.notes.push_back(used_note(read, spec));
    found.sources.push_back(std::move(read.source));
  }
  if (!request.files.empty() || !request.discover) return found;
  if (market::looks_synthetic(bars)) return found;
  discover(bars_file, bars, found);
  return found;
}

}  // namespace stevie::app
