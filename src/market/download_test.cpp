#include "market/download.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "core/file.h"
#include "market/market_testing.h"
#include "market/readers.h"

namespace stevie::market {
namespace {

/// What the test server does with a request instead of answering it well.
enum class Mischief {
  none,
  too_many,
  banned,
  server_error,
  cut_body,
  drop,
  nonsense,
  wrong_shape,
  out_of_order,
  impossible_price,
  not_asked_for,
  bad_request,
  silent
};

/// A little HTTP server on 127.0.0.1 that serves klines of given bars the way Binance does, one request a
/// connection, and misbehaves on the requests it is told to.
class KlineServer {
 public:
  KlineServer(Bars bars, std::map<std::size_t, Mischief> mischief = {})
      : bars_(std::move(bars)), mischief_(std::move(mischief)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_, 8) != 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~KlineServer() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
  }
  KlineServer(const KlineServer&) = delete;
  KlineServer& operator=(const KlineServer&) = delete;

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static bool readable(int descriptor, int timeout_ms) {
    pollfd waiting{descriptor, POLLIN, 0};
    return ::poll(&waiting, 1, timeout_ms) > 0;
  }

  void serve() {
    constexpr int look_up_ms = 10;
    while (!stopping_) {
      if (!readable(listener_, look_up_ms)) continue;
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      const std::string request = read_request(connection);
      if (!request.empty()) answer(connection, request);
      ::close(connection);
    }
  }

  static std::string read_request(int connection) {
    constexpr int patience_ms = 2000;
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
      char buffer[4096];
      if (!readable(connection, patience_ms)) return {};
      const ssize_t count = ::recv(connection, buffer, sizeof(buffer), 0);
      if (count <= 0) return {};
      request.append(buffer, static_cast<std::size_t>(count));
    }
    return request.substr(0, request.find("\r\n"));
  }

  static void send_all(int connection, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t count = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  static std::string response(const std::string& status, const std::string& headers,
                              const std::string& body) {
    return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}", status, headers,
                       body.size(), body);
  }

  static TimeMs parameter(const std::string& request, const std::string& name) {
    const std::size_t position = request.find(name + "=");
    return position == std::string::npos ? 0 : std::stoll(request.substr(position + name.size() + 1));
  }

  std::string page(const std::string& request) const {
    const TimeMs first = parameter(request, "startTime");
    const TimeMs last = parameter(request, "endTime");
    const auto limit = static_cast<std::size_t>(parameter(request, "limit"));
    std::string body = "[";
    std::size_t count = 0;
    for (std::size_t i = 0; i < bars_.size() && count < limit; ++i) {
      if (bars_.open_time[i] < first || bars_.open_time[i] > last) continue;
      body +=
          fmt::format("{}[{},\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",{},\"0\",1,\"0\",\"0\",\"0\"]",
                      count++ == 0 ? "" : ",", bars_.open_time[i], bars_.open[i], bars_.high[i], bars_.low[i],
                      bars_.close[i], bars_.volume[i], bars_.open_time[i] + bars_.interval - 1);
    }
    return body + "]";
  }

  void answer(int connection, const std::string& request) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = requests_.size();
      requests_.push_back(request);
    }
    const auto planned = mischief_.find(number);
    const std::string good = response("200 OK", "Content-Type: application/json\r\n", page(request));
    switch (planned == mischief_.end() ? Mischief::none : planned->second) {
      case Mischief::none:
        return send_all(connection, good);
      case Mischief::too_many:
        return send_all(connection,
                        response("429 Too Many Requests", "Retry-After: 7\r\n", "{\"code\":-1003}"));
      case Mischief::banned:
        return send_all(connection,
                        response("418 I'm a teapot", "Retry-After: 86400\r\n", "{\"code\":-1003}"));
      case Mischief::server_error:
        return send_all(connection, response("502 Bad Gateway", "", "<html>oops</html>"));
      case Mischief::cut_body:
        return send_all(connection, good.substr(0, good.size() / 2));
      case Mischief::drop:
        return;
      case Mischief::nonsense:
        return send_all(connection, response("200 OK", "", "<html>Welcome!</html>"));
      case Mischief::wrong_shape:
        return send_all(connection, response("200 OK", "", "{\"candles\":[]}"));
      case Mischief::out_of_order:
        return send_all(connection,
                        response("200 OK", "", "[[1577844000000,1,1,1,1,1],[1577840400000,1,1,1,1,1]]"));
      case Mischief::impossible_price:
        return send_all(connection, response("200 OK", "", "[[1577840400000,1,1,-1,1,1]]"));
      case Mischief::not_asked_for:
        return send_all(connection, response("200 OK", "", "[[946684800000000,1,1,1,1,1]]"));
      case Mischief::bad_request:
        return send_all(connection,
                        response("400 Bad Request", "", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"));
      case Mischief::silent:
        return std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
  }

  Bars bars_;
  std::map<std::size_t, Mischief> mischief_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

constexpr std::size_t hours = 3500;  // four pages
constexpr TimeMs far_future = test_start + 10'000 * hour_ms;

/// A clock that only sleeping moves.
struct FakeTime {
  TimeMs now = far_future;
  TimeMs slept = 0;

  DownloadSurroundings surroundings() {
    DownloadSurroundings result;
    result.now = [this] { return now; };
    result.sleep = [this](TimeMs duration) {
      slept += duration;
      now += duration;
    };
    return result;
  }
};

DownloadConfig config_for(const KlineServer& server, const std::filesystem::path& file) {
  DownloadConfig config;
  config.symbol = "BTC/USDT";
  config.since = test_start;
  config.out = file;
  config.base_url = server.url();
  config.request_timeout = 5 * second_ms;
  config.pages_per_save = 1;
  return config;
}

Bars served_bars() {
  return keep_if(random_bars(1, hours), [](std::size_t i) { return i < 700 || i >= 733; });
}

/// The file a download without any mischief leaves.
std::string undisturbed_file(const std::filesystem::path& folder) {
  const KlineServer server(served_bars());
  FakeTime time;
  const auto file = folder / "undisturbed" / "BTCUSDT_1h.csv.gz";
  EXPECT_TRUE(download_binance(config_for(server, file), time.surroundings()).complete);
  return read_file(file);
}

TEST(Download, FetchesAllPagesAndPausesBetweenThem) {
  const auto folder = fresh_folder();
  const KlineServer server(served_bars());
  FakeTime time;
  std::size_t reports = 0;
  DownloadSurroundings surroundings = time.surroundings();
  surroundings.progress = [&](const DownloadProgress&) { ++reports; };
  const auto file = folder / "deep" / "BTCUSDT_1h.csv.gz";
  const DownloadConfig config = config_for(server, file);
  const DownloadResult result = download_binance(config, surroundings);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.bars, served_bars().size());
  EXPECT_EQ(result.bars_before, 0u);
  expect_equal(read_bars(file), served_bars());
  EXPECT_GE(time.slept, 4 * config.request_pause);
  EXPECT_GE(reports, 4u);
  const auto requests = server.requests();
  EXPECT_EQ(requests.size(), result.requests);
  EXPECT_NE(requests[0].find("/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=1577836800000"),
            std::string::npos);
}

class Recoverable : public ::testing::TestWithParam<Mischief> {};

TEST_P(Recoverable, EndsWithTheSameFile) {
  const auto folder = fresh_folder();
  const KlineServer server(served_bars(), {{0, GetParam()}, {2, GetParam()}, {3, GetParam()}});
  FakeTime time;
  const auto file = folder / "BTCUSDT_1h.csv.gz";
  DownloadConfig config = config_for(server, file);
  if (GetParam() == Mischief::silent) config.request_timeout = 200;  // half of its silence
  const DownloadResult result = download_binance(config, time.surroundings());
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(read_file(file), undisturbed_file(folder));
  if (GetParam() == Mischief::too_many) {
    EXPECT_GE(time.slept, 3 * 7 * second_ms);  // as asked for by Retry-After
  } else {
    EXPECT_GE(time.slept, config.first_backoff * (1 + 1 + 2));  // doubled on the second failure in a row
  }
}

INSTANTIATE_TEST_SUITE_P(Download, Recoverable,
                         ::testing::Values(Mischief::too_many, Mischief::server_error, Mischief::cut_body,
                                           Mischief::drop, Mischief::silent));

struct Refusal {
  Mischief mischief;
  const char* code;
};

class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, KeepsWhatWasStoredAndContinuesLater) {
  const auto folder = fresh_folder();
  const auto file = folder / "BTCUSDT_1h.csv.gz";
  FakeTime time;
  {
    const KlineServer server(served_bars(), {{2, GetParam().mischief}});
    DownloadConfig config = config_for(server, file);
    config.pages_per_save = 50;
    const Error error = error_of([&] { download_binance(config, time.surroundings()); });
    EXPECT_EQ(error.code(), GetParam().code) << error.what();
    EXPECT_EQ(read_bars(file).size(), 2000u);
  }
  const KlineServer server(served_bars());
  const DownloadResult result = download_binance(config_for(server, file), time.surroundings());
  EXPECT_EQ(result.bars_before, 2000u);
  EXPECT_EQ(read_file(file), undisturbed_file(folder));
}

INSTANTIATE_TEST_SUITE_P(Download, Refused,
                         ::testing::Values(Refusal{Mischief::nonsense, "market.bad_answer"},
                                           Refusal{Mischief::wrong_shape, "market.bad_answer"},
                                           Refusal{Mischief::out_of_order, "market.bad_answer"},
                                           Refusal{Mischief::impossible_price, "market.bad_answer"},
                                           Refusal{Mischief::not_asked_for, "market.bad_answer"},
                                           Refusal{Mischief::bad_request, "market.download_refused"},
                                           Refusal{Mischief::banned, "market.download_failed"}));

TEST(Download, GivesUpAfterItsAttempts) {
  const auto folder = fresh_folder();
  std::map<std::size_t, Mischief> always;
  for (std::size_t i = 0; i < 20; ++i) always[i] = Mischief::server_error;
  const KlineServer server(served_bars(), always);
  FakeTime time;
  DownloadConfig config = config_for(server, folder / "BTCUSDT_1h.csv.gz");
  config.attempts = 4;
  std::size_t waits = 0;
  DownloadSurroundings surroundings = time.surroundings();
  surroundings.progress = [&](const DownloadProgress& state) { waits += !state.waiting.empty(); };
  const Error error = error_of([&] { download_binance(config, surroundings); });
  EXPECT_EQ(error.code(), "market.download_failed");
  EXPECT_NE(error.message().find("502"), std::string::npos);
  EXPECT_EQ(waits, 3u);
  EXPECT_EQ(server.requests().size(), 4u);
  EXPECT_EQ(time.slept, config.first_backoff * (1 + 2 + 4));
  EXPECT_FALSE(std::filesystem::exists(config.out));
}

TEST(Download, NobodyListeningIsAnError) {
  std::string url;
  {
    const KlineServer server(served_bars());
    url = server.url();
  }
  FakeTime time;
  DownloadConfig config;
  config.symbol = "BTC/USDT";
  config.since = test_start;
  config.base_url = url;
  config.attempts = 2;
  config.out = fresh_folder() / "BTCUSDT_1h.csv";
  EXPECT_EQ(error_of([&] { download_binance(config, time.surroundings()); }).code(),
            "market.download_failed");
}

TEST(Download, StoppedOneContinuesToTheSameFile) {
  const auto folder = fresh_folder();
  const KlineServer server(served_bars());
  const auto file = folder / "BTCUSDT_1h.csv.gz";
  FakeTime time;
  DownloadConfig config = config_for(server, file);
  config.pages_per_save = 50;
  bool stop = false;
  DownloadSurroundings surroundings = time.surroundings();
  surroundings.stop_requested = [&] { return stop; };
  surroundings.progress = [&](const DownloadProgress& state) { stop = state.bars >= 1000; };
  const DownloadResult stopped = download_binance(config, surroundings);
  EXPECT_FALSE(stopped.complete);
  EXPECT_EQ(stopped.bars, 1000u);
  const DownloadResult finished = download_binance(config, time.surroundings());
  EXPECT_TRUE(finished.complete);
  EXPECT_EQ(finished.bars_before, 1000u);
  EXPECT_EQ(read_file(file), undisturbed_file(folder));

  const std::size_t requests_before = server.requests().size();
  const DownloadResult again = download_binance(config, time.surroundings());
  EXPECT_EQ(again.bars, finished.bars);
  EXPECT_LE(server.requests().size() - requests_before, 1u);
  EXPECT_EQ(read_file(file), undisturbed_file(folder));
}

TEST(Download, LeavesOutTheBarThatHasNotClosed) {
  const auto folder = fresh_folder();
  const Bars all = random_bars(1, 10);
  const KlineServer server(all);
  FakeTime time;
  time.now = all.open_time[7] + 20 * minute_ms;
  const auto file = folder / "BTCUSDT_1h.csv";
  download_binance(config_for(server, file), time.surroundings());
  expect_equal(read_bars(file), all.slice(0, 7));
  time.now = far_future;
  download_binance(config_for(server, file), time.surroundings());
  expect_equal(read_bars(file), all);
}

TEST(Download, UntilIsNotIncluded) {
  const auto folder = fresh_folder();
  const KlineServer server(random_bars(1, 100));
  FakeTime time;
  DownloadConfig config = config_for(server, folder / "BTCUSDT_1h.csv");
  config.until = test_start + 50 * hour_ms;
  EXPECT_EQ(download_binance(config, time.surroundings()).bars, 50u);
}

TEST(Download, RefusesAFileOfOtherBars) {
  const auto folder = fresh_folder();
  const KlineServer server(random_bars(1, 100));
  FakeTime time;
  const auto refused = [&](const char* name, const Bars& present) {
    write_bars(folder / name, present);
    const std::string before = read_file(folder / name);
    const Error error =
        error_of([&] { download_binance(config_for(server, folder / name), time.surroundings()); });
    EXPECT_EQ(error.code(), "market.other_bars") << error.what();
    EXPECT_EQ(read_file(folder / name), before);
  };
  refused("ETHUSDT_1h.csv", random_bars(1, 10));
  refused("BTCUSDT_5m.csv", random_bars(1, 10, 5 * minute_ms));
  refused("BTCUSDT_1h.csv", random_bars(1, 30).slice(10, 20));  // earlier bars would stay missing
}

TEST(Download, NothingThereIsAnErrorAndLeavesNoFile) {
  const auto folder = fresh_folder();
  const KlineServer server(random_bars(1, 100));
  FakeTime time;
  DownloadConfig config = config_for(server, folder / "BTCUSDT_1h.csv");
  config.since = test_start + 5000 * hour_ms;
  EXPECT_EQ(error_of([&] { download_binance(config, time.surroundings()); }).code(), "market.no_bars");
  EXPECT_FALSE(std::filesystem::exists(config.out));
}

TEST(Download, ReportsAllFaultsTogether) {
  DownloadConfig config;
  config.symbol = "BTC/USDT:USDT";
  config.interval = 7 * minute_ms;
  config.since = 10;
  config.until = 5;
  config.base_url = "ftp://example.com";
  const Error error = error_of([&] { config.validate(); });
  EXPECT_EQ(error.code(), "market.bad_download");
  for (const char* word : {"symbol", "7m", "until", "base_url"}) {
    EXPECT_NE(error.message().find(word), std::string::npos) << word;
  }
}

TEST(Download, DefaultOutputIsNamedAfterSymbolAndInterval) {
  DownloadConfig config;
  config.symbol = "btc/usdt";
  EXPECT_EQ(config.output_path(), "data/BTCUSDT_1h.csv.gz");
}

}  // namespace
}  // namespace stevie::market
