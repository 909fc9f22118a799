#include "market/download.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "market/csv.h"
#include "market/http_client.h"
#include "market/klines.h"
#include "market/readers.h"

namespace stevie::market {
namespace {

constexpr TimeMs longest_backoff = minute_ms;
constexpr TimeMs longest_wait = 10 * minute_ms;     // a server that asks for more gets a later run instead
constexpr TimeMs longest_nap = 250;                 // how soon a wait notices that it should stop
constexpr TimeMs clock_tolerance = 10 * second_ms;  // this machine's clock may run ahead of the exchange's

/// One download on its way.
class Download {
 public:
  Download(const DownloadConfig& config, const DownloadSurroundings& surroundings)
      : config_(config), surroundings_(surroundings), client_(config.request_timeout) {
    result_.file = config.output_path();
    const TimeMs closed_by = surroundings_.now() - clock_tolerance;
    end_ = std::min(config.until.value_or(closed_by), closed_by);
  }

  DownloadResult run() {
    load_existing();
    try {
      if (!bars_.empty()) require_same_start();
      fetch_pages();
    } catch (const Error&) {
      save();
      throw;
    }
    save();
    if (bars_.empty() && result_.complete) {
      throw Error("market.no_bars",
                  fmt::format("there are no bars of {} between {} and {}: check symbol and dates",
                              config_.symbol, format_time(config_.since), format_time(end_)));
    }
    result_.bars = bars_.size();
    return result_;
  }

 private:
  void load_existing() {
    bars_.symbol = canonical_symbol(config_.symbol);
    bars_.interval = config_.interval;
    bars_.has_volume = false;
    if (!std::filesystem::exists(result_.file)) return;
    bars_ = read_bars(result_.file, {.symbol = bars_.symbol, .interval = config_.interval});
    const std::string named = symbol_from_name(result_.file.string());
    const TimeMs spacing = most_common_spacing(bars_.open_time);
    if ((!named.empty() && named != bars_.symbol) || (spacing != 0 && spacing != config_.interval)) {
      throw Error(
          "market.other_bars",
          fmt::format("this file holds bars of {} every {}, not of {} every {}: choose another output file",
                      named.empty() ? "its symbol" : named, format_duration(spacing), bars_.symbol,
                      format_duration(config_.interval)),
          result_.file.string());
    }
    result_.bars_before = bars_.size();
    saved_ = bars_.size();
  }

  /// An older start asked for than the file has would leave a hole before its first bar.
  void require_same_start() {
    const TimeMs first = bars_.open_time.front();
    if (config_.since >= first) return;
    const std::optional<Bars> earlier = fetch_page(config_.since, first - 1, 1);
    if (!earlier || earlier->empty()) return;
    throw Error(
        "market.other_bars",
        fmt::format("this file begins at {}, but there are bars from {} on: choose another output file, or "
                    "remove this one to fetch everything",
                    format_time(first), format_time(earlier->open_time.front())),
        result_.file.string());
  }

  void fetch_pages() {
    std::size_t unsaved_pages = 0;
    TimeMs next = bars_.empty() ? config_.since : bars_.open_time.back() + config_.interval;
    report_progress();
    while (next + config_.interval <= end_) {
      if (surroundings_.stop_requested()) return;
      const std::optional<Bars> page = fetch_page(next, end_ - 1, largest_kline_page);
      if (!page) return;
      if (page->empty()) break;
      append_closed(*page);
      next = page->open_time.back() + config_.interval;
      report_progress();
      if (++unsaved_pages >= config_.pages_per_save) {
        save();
        unsaved_pages = 0;
      }
      pause(config_.request_pause);
    }
    result_.complete = true;
  }

  void append_closed(const Bars& page) {
    for (std::size_t i = 0; i < page.size(); ++i) {
      const bool closed = page.open_time[i] + config_.interval <= surroundings_.now() - clock_tolerance;
      if (closed) bars_.push_back(page[i]);
    }
    bars_.has_volume = bars_.has_volume || page.has_volume;
  }

  /// Nothing where it was asked to stop while trying.
  std::optional<Bars> fetch_page(TimeMs first, TimeMs last, std::size_t limit) {
    const KlineRequest request{.base_url = config_.base_url,
                               .symbol = config_.symbol,
                               .interval = config_.interval,
                               .first = first,
                               .last = last,
                               .limit = limit};
    const std::optional<std::string> answer = fetch(request.url());
    if (!answer) return std::nullopt;
    return parse_klines(*answer, request);
  }

  /// The body of a good answer, trying again where that may help; nothing where it was asked to stop
  /// meanwhile.
  std::optional<std::string> fetch(const std::string& url) {
    TimeMs backoff = config_.first_backoff;
    std::string last_fault;
    for (int attempt = 1; attempt <= config_.attempts; ++attempt) {
      HttpAnswer answer = client_.get(url);
      ++result_.requests;
      if (answer.status == 200) return std::move(answer.body);
      const bool busy = answer.status == 429 || answer.status == 418;
      const bool may_pass = answer.status == 0 || busy || answer.status >= 500;
      last_fault = answer.status == 0 ? answer.fault
                                      : fmt::format("HTTP {} {}", answer.status, answer_excerpt(answer.body));
      if (!may_pass) {
        throw Error("market.download_refused",
                    fmt::format("the server refuses: {}; check symbol, interval and base URL", last_fault),
                    url);
      }
      const TimeMs wait = answer.retry_after.value_or(backoff);
      if (wait > longest_wait) {
        throw Error("market.download_failed",
                    fmt::format("the server asks to wait {} (HTTP {}): run the same command again after that",
                                format_duration(wait), answer.status),
                    url);
      }
      if (attempt < config_.attempts) {
        report_progress(fmt::format("{}; next try in {}", last_fault, format_duration(wait)));
        pause(wait);
      }
      if (surroundings_.stop_requested()) return std::nullopt;
      backoff = std::min(2 * backoff, longest_backoff);
    }
    throw Error("market.download_failed",
                fmt::format("gave up after {} tries ({}): run the same command again to continue",
                            config_.attempts, last_fault),
                url);
  }

  void pause(TimeMs duration) {
    while (duration > 0 && !surroundings_.stop_requested()) {
      const TimeMs nap = std::min(duration, longest_nap);
      surroundings_.sleep(nap);
      duration -= nap;
    }
  }

  void save() {
    if (bars_.size() == saved_) return;
    write_bars(result_.file, bars_);
    saved_ = bars_.size();
  }

  void report_progress(const std::string& waiting = {}) const {
    const TimeMs first = bars_.empty() ? config_.since : std::min(config_.since, bars_.open_time.front());
    const TimeMs reached = bars_.empty() ? first : bars_.open_time.back() + config_.interval;
    surroundings_.progress({bars_.size(), first, reached, end_, waiting});
  }

  const DownloadConfig& config_;
  const DownloadSurroundings& surroundings_;
  HttpClient client_;
  TimeMs end_ = 0;
  Bars bars_;
  std::size_t saved_ = 0;
  DownloadResult result_;
};

}  // namespace

void DownloadConfig::validate() const {
  std::vector<std::string> faults;
  if (!exchange_symbol(symbol)) {
    faults.push_back(fmt::format("'{}' is not a spot symbol: write it like BTC/USDT", symbol.substr(0, 40)));
  }
  if (kline_interval_name(interval).empty()) {
    faults.push_back(
        fmt::format("there are no bars of {}: choose {}", format_duration(interval), kline_interval_names()));
  }
  if (since < 0) faults.push_back("since must not lie before 1970");
  if (until && *until <= since) faults.push_back("until must lie after since");
  if (!base_url.starts_with("http://") && !base_url.starts_with("https://")) {
    faults.push_back("base_url must begin with http:// or https://");
  }
  if (request_pause < 0) faults.push_back("request_pause must not be negative");
  if (request_timeout <= 0) faults.push_back("request_timeout must be positive");
  if (attempts < 1) faults.push_back("attempts must be 1 or more");
  if (first_backoff < 0) faults.push_back("first_backoff must not be negative");
  if (pages_per_save < 1) faults.push_back("pages_per_save must be 1 or more");
  if (!faults.empty()) throw Error("market.bad_download", fmt::format("{}", fmt::join(faults, "; ")));
}

std::filesystem::path DownloadConfig::output_path() const {
  if (!out.empty()) return out;
  return std::filesystem::path("data") /
         fmt::format("{}_{}.csv.gz", exchange_symbol(symbol).value_or("bars"), kline_interval_name(interval));
}

DownloadSurroundings real_surroundings() {
  DownloadSurroundings surroundings;
  surroundings.now = system_time;
  surroundings.sleep = [](TimeMs duration) {
    std::this_thread::sleep_for(std::chrono::milliseconds(duration));
  };
  return surroundings;
}

DownloadResult download_binance(const DownloadConfig& config, const DownloadSurroundings& surroundings) {
  config.validate();
  return Download(config, surroundings).run();
}

}  // namespace stevie::market
