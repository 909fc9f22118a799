#include "live/binance_feed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/printable.h"
#include "core/random.h"
#include "live/bar_sequencer.h"
#include "live/kline_frame.h"
#include "live/websocket_client.h"
#include "market/http_client.h"
#include "market/klines.h"
#include "market/symbol.h"

namespace stevie::live {
namespace {

constexpr TimeMs longest_look = second_ms;      // how long the thread waits for the stream at most
constexpr TimeMs look_while_full = 20;          // ... while next() must make room
constexpr TimeMs longest_ban = 3 * day_ms;      // the longest that Binance announces
constexpr TimeMs notable_skew = 5 * second_ms;  // of this machine's clock
constexpr std::size_t most_held = 2 * market::largest_kline_page;
constexpr std::size_t most_symbols = 200;  // a connection takes 1024 streams and an address has a length
constexpr int history_tries = 8;

TimeMs steady() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Pauses that double with each failure in a row.
class Backoff {
 public:
  Backoff(const BinanceFeedConfig& config, std::uint64_t stream)
      : first_(config.first_backoff), longest_(config.longest_backoff), random_(config.seed, stream) {}

  TimeMs after(int failures) {
    constexpr int most_doublings = 20;
    const double doubled =
        std::ldexp(static_cast<double>(first_), std::clamp(failures - 1, 0, most_doublings));
    const double full = std::min(doubled, static_cast<double>(longest_));
    return static_cast<TimeMs>(full * (0.5 + 0.5 * random_.uniform()));
  }

 private:
  TimeMs first_, longest_;
  RandomStream random_;
};

std::string answer_fault(const market::HttpAnswer& answer) {
  return answer.status == 0 ? answer.fault
                            : fmt::format("HTTP {} {}", answer.status, market::answer_excerpt(answer.body));
}

std::string seconds_text(TimeMs duration) {
  return fmt::format("{:.3g} s", static_cast<double>(duration) / second_ms);
}

bool is_safe_rest_url(const std::string& url) {
  if (url.starts_with("https://")) return true;
  return url.starts_with("http://") && WebSocketUrl::parse("ws://" + url.substr(7)).is_loopback();
}

}  // namespace

std::string_view to_string(Rejection rejection) {
  constexpr std::array<std::string_view, rejection_count> names{
      "malformed", "oversized",     "binary",       "not asked for",
      "duplicate", "contradicting", "out of order", "closing in the future"};
  return names[static_cast<std::size_t>(rejection)];
}

void BinanceFeedConfig::validate() const {
  std::vector<std::string> faults;
  if (symbols.empty()) faults.emplace_back("name at least one symbol");
  if (symbols.size() > most_symbols) faults.push_back(fmt::format("at most {} symbols go", most_symbols));
  std::set<std::string> seen;
  for (const std::string& symbol : symbols) {
    const std::optional<std::string> name = market::exchange_symbol(symbol);
    if (!name) {
      faults.push_back(
          fmt::format("'{}' is not a spot symbol: write it like BTC/USDT", printable(symbol.substr(0, 40))));
    } else if (!seen.insert(*name).second) {
      faults.push_back(fmt::format("{} is there twice", symbol));
    }
  }
  if (interval > day_ms || market::kline_interval_name(interval).empty()) {
    faults.push_back(fmt::format("there is no stream of bars of {}: choose one of 1m to 1d that Binance has",
                                 format_duration(interval)));
  }
  try {
    const WebSocketUrl url = WebSocketUrl::parse(stream_url);
    if (!url.secure && !url.is_loopback()) {
      faults.emplace_back("stream_url must begin with wss:// for another machine");
    }
    if (!is_safe_rest_url(rest_url))
      faults.emplace_back("rest_url must begin with https:// for another machine");
  } catch (const Error& error) {
    faults.emplace_back(error.what());
  }
  const auto positive = [&](const char* name, TimeMs value) {
    if (value <= 0) faults.push_back(fmt::format("{} must be positive", name));
  };
  positive("stale_after", stale_after);
  positive("connect_timeout", connect_timeout);
  positive("request_timeout", request_timeout);
  positive("first_backoff", first_backoff);
  if (reconnect_after < stale_after) faults.emplace_back("reconnect_after must not be below stale_after");
  if (longest_backoff < first_backoff) faults.emplace_back("longest_backoff must not be below first_backoff");
  if (request_pause < 0) faults.emplace_back("request_pause must not be negative");
  if (probe_after < 0) faults.emplace_back("probe_after must not be negative");
  if (clock_tolerance < 0) faults.emplace_back("clock_tolerance must not be negative");
  if (queue_bars < 1) faults.emplace_back("queue_bars must be 1 or more");
  if (!faults.empty()) throw Error("live.bad_feed", fmt::format("{}", fmt::join(faults, "; ")));
}

/// The thread, and what it shares with the others. What has no lock beside it belongs to the thread alone
/// while that runs.
class BinanceFeed::Worker {
 public:
  Worker(BinanceFeedConfig config, std::function<TimeMs()> clock)
      : config_(std::move(config)),
        clock_(std::move(clock)),
        sequencer_(config_.symbols.size(), config_.interval, most_held),
        fetches_(config_.symbols.size()),
        socket_({config_.connect_timeout, largest_frame_bytes, config_.ca_file}),
        http_(config_.request_timeout, [this] { return stop_.load(); }),
        connect_backoff_(config_, 0),
        fetch_backoff_(config_, 1) {
    std::vector<std::string> streams;
    for (std::string& symbol : config_.symbols) {
      symbol = market::canonical_symbol(symbol);
      exchange_symbols_.push_back(market::exchange_symbol(symbol).value());
      std::string stream = exchange_symbols_.back();
      std::ranges::transform(stream, stream.begin(), [](unsigned char c) { return std::tolower(c); });
      streams.push_back(fmt::format("{}@kline_{}", stream, market::kline_interval_name(config_.interval)));
    }
    url_ = fmt::format("{}/stream?streams={}", config_.stream_url, fmt::join(streams, "/"));
  }
  ~Worker() { stop(); }

  const BinanceFeedConfig& config() const { return config_; }
  TimeMs now() const { return clock_(); }

  void start(const std::vector<std::optional<TimeMs>>& after) {
    stop();
    {
      const std::lock_guard lock(mutex_);
      queue_.clear();
      status_ = {};
      rejections_ = {};
      health_text_ = "connecting";
    }
    for (std::size_t symbol = 0; symbol < config_.symbols.size(); ++symbol) {
      sequencer_.start(symbol, after.empty() ? std::nullopt : after[symbol]);
      fetches_[symbol] = {};
    }
    connects_ = connect_failures_ = rest_failures_ = 0;
    next_connect_ = rest_gate_ = 0;
    stop_ = false;
    thread_ = std::thread([this] { run(); });
  }

  std::optional<FeedStep> next(TimeMs patience) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return interrupted_ || !queue_.empty(); };
    arrived_.wait_for(lock, std::chrono::milliseconds(std::clamp<TimeMs>(patience, 0, day_ms)), ready);
    if (interrupted_ || queue_.empty()) {
      interrupted_ = false;
      return std::nullopt;
    }
    FeedStep step;
    const TimeMs open = queue_.front().bar.bar.open_time;
    std::set<std::size_t> seen;
    while (!queue_.empty() && queue_.front().bar.bar.open_time == open &&
           seen.insert(queue_.front().bar.symbol).second) {
      step.bars.push_back(queue_.front().bar);
      step.received = queue_.front().received;
      queue_.pop_front();
    }
    std::ranges::sort(step.bars, {}, &ClosedBar::symbol);
    status_.bars += step.bars.size();
    status_.newest_close = std::max(status_.newest_close, open + config_.interval);
    return step;
  }

  void interrupt() {
    {
      const std::lock_guard lock(mutex_);
      interrupted_ = true;
    }
    arrived_.notify_all();
  }

  FeedStatus status() const {
    const std::lock_guard lock(mutex_);
    FeedStatus status = status_;
    status.text = health_text_;
    for (const std::string* more : {&rest_text_, &skew_text_}) {
      if (!more->empty()) status.text += "; " + *more;
    }
    for (const std::uint64_t count : rejections_) status.rejected += count;
    return status;
  }

  std::array<std::uint64_t, rejection_count> rejections() const {
    const std::lock_guard lock(mutex_);
    return rejections_;
  }

  market::Bars history(std::size_t symbol, TimeMs before, std::size_t count);

 private:
  struct Fetch {
    int failures = 0;     // pages in a row that brought nothing although bars are missing
    TimeMs retry_at = 0;  // not before, where bars are missing
    TimeMs probe_at = 0;  // even where none is known to be missing
  };
  struct Queued {
    ClosedBar bar;
    TimeMs received = 0;
  };

  void stop() {
    if (!thread_.joinable()) return;
    stop_ = true;
    socket_.wake();
    thread_.join();
  }

  void run() {
    socket_.pause(0);  // a wake() of before is over
    while (!stop_) {
      if (!socket_.connected() && steady() >= next_connect_) connect();
      if (stop_) break;
      listen();
      fetch_what_is_due();
      hand_over();
      check_silence();
    }
    socket_.drop();
  }

  void set_health(FeedHealth health, std::string text) {
    const std::lock_guard lock(mutex_);
    status_.health = health;
    health_text_ = std::move(text);
  }

  void connect() {
    const std::string reason = socket_.connect(url_);
    if (stop_) return;
    if (!reason.empty()) return lost(reason);
    last_sound_ = steady();
    for (Fetch& fetch : fetches_) fetch.probe_at = 0;  // what was missed meanwhile
    if (connects_++ > 0) {
      const std::lock_guard lock(mutex_);
      ++status_.reconnects;
    }
    set_health(FeedHealth::live, "connected");
  }

  void lost(const std::string& reason) {
    const TimeMs pause = connect_backoff_.after(++connect_failures_);
    next_connect_ = steady() + pause;
    set_health(connects_ == 0 ? FeedHealth::connecting : FeedHealth::reconnecting,
               fmt::format("no connection ({}); next try in {}", printable(reason), seconds_text(pause)));
  }

  /// When there is something to do besides listening.
  TimeMs next_event() const {
    TimeMs next = steady() + longest_look;
    if (!socket_.connected()) next = std::min(next, next_connect_);
    if (socket_.connected()) {
      next = std::min(next, last_sound_ + config_.stale_after);
      if (steady() >= next) next = std::min(steady() + longest_look, last_sound_ + config_.reconnect_after);
    }
    if (is_full()) return std::min(next, steady() + look_while_full);
    for (std::size_t symbol = 0; symbol < fetches_.size(); ++symbol) {
      if (const auto due = fetch_due(symbol)) next = std::min(next, *due);
    }
    return next;
  }

  void listen() {
    const TimeMs patience = std::max<TimeMs>(next_event() - steady(), 0);
    if (!socket_.connected()) return socket_.pause(patience);
    SocketRead read = socket_.read(patience);
    switch (read.what) {
      case SocketRead::What::nothing:
        return;
      case SocketRead::What::text:
        return take(read.bytes);
      case SocketRead::What::binary:
        return reject(Rejection::binary);
      case SocketRead::What::oversized:
        reject(Rejection::oversized);
        return lost("a message was too long");
      case SocketRead::What::closed:
        return lost(read.reason);
    }
  }

  void reject(Rejection rejection, std::uint64_t count = 1) {
    const std::lock_guard lock(mutex_);
    rejections_[static_cast<std::size_t>(rejection)] += count;
  }

  void take(const std::string& text) {
    const ParsedFrame parsed = parse_kline_frame(text);
    if (parsed.kind == FrameKind::malformed) return reject(Rejection::malformed);
    if (parsed.kind == FrameKind::other) return reject(Rejection::not_asked_for);
    const KlineFrame& frame = parsed.kline;
    const auto found = std::ranges::find(exchange_symbols_, frame.symbol);
    if (found == exchange_symbols_.end() || frame.interval != market::kline_interval_name(config_.interval)) {
      return reject(Rejection::not_asked_for);
    }
    const TimeMs open = frame.bar.open_time;
    if (open % config_.interval != 0 || frame.close_time != open + config_.interval - 1) {
      return reject(Rejection::malformed);
    }
    take(static_cast<std::size_t>(found - exchange_symbols_.begin()), frame);
  }

  void take(std::size_t symbol, const KlineFrame& frame) {
    const TimeMs here = clock_();
    if (!frame.closed) {
      if (!sequencer_.forming(symbol, frame.bar.open_time)) return reject(Rejection::out_of_order);
    } else {
      const bool doubtful = frame.close_time > here + config_.clock_tolerance;
      const BarVerdict verdict = sequencer_.closed(symbol, frame.bar, doubtful);
      if (verdict == BarVerdict::out_of_order) return reject(Rejection::out_of_order);
      if (verdict == BarVerdict::contradicts) return reject(Rejection::contradicts);
      if (verdict == BarVerdict::duplicate) reject(Rejection::duplicate);
      if (verdict == BarVerdict::in_doubt) reject(Rejection::in_doubt);
    }
    last_sound_ = steady();
    connect_failures_ = 0;
    const TimeMs skew = here - frame.event_time;
    const std::lock_guard lock(mutex_);
    status_.health = FeedHealth::live;
    health_text_ = "connected";
    skew_text_ = skew >= -notable_skew && skew <= std::max(notable_skew, config_.interval)
                     ? std::string()
                     : fmt::format("this machine's clock is {} {} the exchange's",
                                   seconds_text(std::abs(skew)), skew < 0 ? "behind" : "ahead of");
  }

  void check_silence() {
    if (!socket_.connected()) return;
    const TimeMs silence = steady() - last_sound_;
    if (silence < config_.stale_after) return;
    const std::string text = fmt::format("no sound message for {}", seconds_text(silence));
    if (silence < config_.reconnect_after) return set_health(FeedHealth::stale, text);
    socket_.drop();
    lost(text);
  }

  bool is_full() const {
    const std::lock_guard lock(mutex_);
    return queue_.size() >= config_.queue_bars;
  }

  std::optional<TimeMs> fetch_due(std::size_t symbol) const {
    if (!sequencer_.wanted(symbol)) return std::nullopt;
    const Fetch& fetch = fetches_[symbol];
    return std::max(rest_gate_, sequencer_.missing(symbol) ? fetch.retry_at : fetch.probe_at);
  }

  void fetch_what_is_due() {
    if (is_full()) return;
    const TimeMs now = steady();
    std::optional<std::size_t> oldest;
    for (std::size_t symbol = 0; symbol < fetches_.size(); ++symbol) {
      const std::optional<TimeMs> due = fetch_due(symbol);
      if (!due || *due > now) continue;
      if (!oldest || *sequencer_.wanted(symbol) < *sequencer_.wanted(*oldest)) oldest = symbol;
    }
    if (oldest && !stop_) fetch(*oldest);
  }

  void fetch(std::size_t symbol) {
    const market::KlineRequest request{.base_url = config_.rest_url,
                                       .symbol = config_.symbols[symbol],
                                       .interval = config_.interval,
                                       .first = *sequencer_.wanted(symbol)};
    const market::HttpAnswer answer = http_.get(request.url());
    if (stop_) return;
    if (answer.status != 200) return fetch_failed(answer_fault(answer), answer.retry_after.value_or(0));
    market::Bars rows;
    try {
      rows = market::parse_klines(answer.body, request);
    } catch (const Error& error) {
      return fetch_failed(error.message(), 0);
    }
    const bool on_grid =
        std::ranges::all_of(rows.open_time, [this](TimeMs open) { return open % config_.interval == 0; });
    if (!on_grid) return fetch_failed("the exchange's bars are not on the grid of their interval", 0);
    page_came(symbol, rows);
  }

  void page_came(std::size_t symbol, const market::Bars& rows) {
    const BarSequencer::PageResult result =
        sequencer_.page(symbol, rows, rows.size() < market::largest_kline_page);
    const bool missing = sequencer_.missing(symbol).has_value();
    const bool progress = result.taken > 0 || result.stepped_over || !missing;
    Fetch& fetch = fetches_[symbol];
    fetch.failures = progress ? 0 : fetch.failures + 1;
    const TimeMs now = steady();
    fetch.retry_at = progress ? now : now + fetch_backoff_.after(fetch.failures);
    fetch.probe_at = now + probe_pause();
    rest_failures_ = 0;
    rest_gate_ = now + config_.request_pause;
    if (result.refuted > 0) reject(Rejection::contradicts, result.refuted);
    const std::lock_guard lock(mutex_);
    rest_text_.clear();
    if (result.stepped_over) {
      holes_text_ = fmt::format("the exchange has no bars of {} from {} to {}", config_.symbols[symbol],
                                format_time(result.hole->first), format_time(result.hole->end));
    }
    if (!progress) {
      rest_text_ = fmt::format("waiting for {} from {} on, which the exchange does not give yet",
                               config_.symbols[symbol], format_time(*sequencer_.wanted(symbol)));
    } else if (!holes_text_.empty()) {
      rest_text_ = holes_text_;
    }
  }

  TimeMs probe_pause() const {
    return socket_.connected() ? config_.interval + config_.probe_after
                               : std::min(config_.interval, config_.longest_backoff);
  }

  void fetch_failed(const std::string& fault, TimeMs retry_after) {
    const TimeMs pause = std::max(fetch_backoff_.after(++rest_failures_), std::min(retry_after, longest_ban));
    rest_gate_ = steady() + pause;
    const std::lock_guard lock(mutex_);
    rest_text_ =
        fmt::format("bars cannot be fetched ({}); next try in {}", printable(fault), seconds_text(pause));
  }

  void hand_over() {
    std::vector<bool> blocked;
    for (const Fetch& fetch : fetches_) blocked.push_back(rest_failures_ > 0 || fetch.failures > 0);
    const TimeMs here = clock_();
    bool any = false;
    while (!is_full()) {
      const std::optional<BarSequencer::Ready> ready = sequencer_.pop(blocked);
      if (!ready) break;
      any = true;
      fetches_[ready->symbol].probe_at = steady() + probe_pause();
      const TimeMs present = std::max(here, sequencer_.closed_before(ready->symbol));
      const bool late = present - (ready->bar.open_time + config_.interval) > config_.interval;
      const std::lock_guard lock(mutex_);
      queue_.push_back({{.symbol = ready->symbol, .bar = ready->bar, .late = late}, here});
      status_.gaps_filled += ready->fetched ? 1 : 0;
    }
    if (any) arrived_.notify_all();
  }

  BinanceFeedConfig config_;
  std::function<TimeMs()> clock_;
  std::vector<std::string> exchange_symbols_;
  std::string url_;
  BarSequencer sequencer_;
  std::vector<Fetch> fetches_;  // (symbols)
  WebSocketClient socket_;
  std::atomic<bool> stop_ = false;
  market::HttpClient http_;
  Backoff connect_backoff_, fetch_backoff_;
  int connects_ = 0;
  int connect_failures_ = 0;  // in a row; a sound message ends it
  int rest_failures_ = 0;     // in a row
  TimeMs next_connect_ = 0;   // steady
  TimeMs last_sound_ = 0;     // steady
  TimeMs rest_gate_ = 0;      // steady; no page before
  std::thread thread_;

  mutable std::mutex mutex_;  // for what follows
  std::condition_variable arrived_;
  std::deque<Queued> queue_;
  bool interrupted_ = false;
  FeedStatus status_;  // without text and rejected
  std::string health_text_ = "not started", rest_text_, holes_text_, skew_text_;
  std::array<std::uint64_t, rejection_count> rejections_{};
};

market::Bars BinanceFeed::Worker::history(std::size_t symbol, TimeMs before, std::size_t count) {
  const TimeMs interval = config_.interval;
  market::HttpClient http(config_.request_timeout);
  Backoff backoff(config_, 2);
  const auto page_from = [&](TimeMs first) {
    const market::KlineRequest request{.base_url = config_.rest_url,
                                       .symbol = config_.symbols.at(symbol),
                                       .interval = interval,
                                       .first = first,
                                       .last = before + interval};
    for (int tries = 1;; ++tries) {
      const market::HttpAnswer answer = http.get(request.url());
      if (answer.status == 200) return market::parse_klines(answer.body, request);
      const bool may_pass =
          answer.status == 0 || answer.status == 429 || answer.status == 418 || answer.status >= 500;
      if (!may_pass) {
        throw Error("market.download_refused",
                    fmt::format("the exchange refuses to give bars of {} ({}): check symbol and interval",
                                config_.symbols.at(symbol), answer_fault(answer)));
      }
      const TimeMs pause = std::max(backoff.after(tries), answer.retry_after.value_or(0));
      std::unique_lock lock(mutex_);
      const bool give_up =
          tries == history_tries || pause > minute_ms ||
          arrived_.wait_for(lock, std::chrono::milliseconds(pause), [this] { return interrupted_; });
      if (give_up) {
        throw Error("market.download_failed", fmt::format("earlier bars of {} could not be fetched ({})",
                                                          config_.symbols.at(symbol), answer_fault(answer)));
      }
    }
  };
  const TimeMs last = (before - 1) / interval * interval;  // the newest that opens before
  const auto most = static_cast<std::size_t>(std::max<TimeMs>(last / interval, 0));
  TimeMs first = last - static_cast<TimeMs>(std::min(count, most)) * interval + interval;
  market::Bars bars;
  bars.symbol = config_.symbols.at(symbol);
  bars.interval = interval;
  while (count > 0 && first <= last) {
    const market::Bars page = page_from(first);
    // Nothing says of the newest row that it has closed.
    for (std::size_t i = 0; i + 1 < page.size() && page.open_time[i] < before; ++i) bars.push_back(page[i]);
    if (page.size() < 2) break;
    first = page.open_time.back();
    if (page.size() < market::largest_kline_page) break;
  }
  return bars;
}

BinanceFeed::BinanceFeed(BinanceFeedConfig config, std::function<TimeMs()> clock) {
  config.validate();
  worker_ = std::make_unique<Worker>(std::move(config), std::move(clock));
}
BinanceFeed::~BinanceFeed() = default;

std::string BinanceFeed::name() const {
  return fmt::format("Binance {} {}", fmt::join(symbols(), ", "), market::kline_interval_name(interval()));
}
const std::vector<std::string>& BinanceFeed::symbols() const {
  return worker_->config().symbols;
}
TimeMs BinanceFeed::interval() const {
  return worker_->config().interval;
}
TimeMs BinanceFeed::now() const {
  return worker_->now();
}
market::Bars BinanceFeed::history(std::size_t symbol, TimeMs before, std::size_t count) {
  return worker_->history(symbol, before, count);
}
void BinanceFeed::start(const std::vector<std::optional<TimeMs>>& after) {
  if (!after.empty() && after.size() != symbols().size()) {
    throw Error("live.bad_feed", fmt::format("{} symbols are followed, but {} were told where to begin",
                                             symbols().size(), after.size()));
  }
  for (const std::optional<TimeMs>& newest : after) {
    if (!newest || *newest % interval() == 0) continue;
    throw Error("live.bad_feed", fmt::format("{} is not the open of a bar of {}", format_time(*newest),
                                             format_duration(interval())));
  }
  worker_->start(after);
}
std::optional<FeedStep> BinanceFeed::next(TimeMs patience) {
  return worker_->next(patience);
}
void BinanceFeed::interrupt() {
  worker_->interrupt();
}
FeedStatus BinanceFeed::status() const {
  return worker_->status();
}
std::array<std::uint64_t, rejection_count> BinanceFeed::rejections() const {
  return worker_->rejections();
}

}  // namespace stevie::live
