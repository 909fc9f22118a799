#include "live/exchange_testing.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "market/klines.h"

namespace stevie::live {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Fault = beast::error_code;

template <class Type, void (*release)(Type*)>
struct Release {
  void operator()(Type* pointer) const { release(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;

template <class Write>
std::string pem(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<std::size_t>(length));
  BIO_free(memory);
  return text;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                             long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (issuer == nullptr) {
    add_extension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
    add_extension(certificate.get(), signer, NID_subject_alt_name, (address ? "IP:" : "DNS:") + name);
  }
  X509_sign(certificate.get(), issuer_key, EVP_sha256());
  return certificate;
}

std::string response(const std::string& status, const std::string& headers, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                     status, headers, body.size(), body);
}

TimeMs parameter(const std::string& target, const std::string& name, TimeMs otherwise) {
  const std::size_t position = target.find(name + "=");
  return position == std::string::npos ? otherwise : std::stoll(target.substr(position + name.size() + 1));
}

}  // namespace

TestCertificate make_test_certificate(const std::string& host) {
  const Key authority_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  const Certificate authority =
      make_certificate("test authority", authority_key.get(), nullptr, authority_key.get(), 1);
  const Certificate certificate = make_certificate(host, key.get(), authority.get(), authority_key.get(), 2);
  return {pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); }), pem([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          pem([&](BIO* out) { PEM_write_bio_X509(out, authority.get()); })};
}

std::string kline_frame(const std::string& exchange_symbol, TimeMs interval, const market::Bar& bar,
                        bool closed, TimeMs event_time) {
  std::string stream = exchange_symbol;
  std::ranges::transform(stream, stream.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string_view name = market::kline_interval_name(interval);
  return fmt::format(
      R"({{"stream":"{0}@kline_{1}","data":{{"e":"kline","E":{2},"s":"{3}","k":{{"t":{4},"T":{5},"s":"{3}","i":"{1}","f":1,"L":2,"o":"{6}","c":"{7}","h":"{8}","l":"{9}","v":"{10}","n":2,"x":{11},"q":"0","V":"0","Q":"0","B":"0"}}}}}})",
      stream, name, event_time, exchange_symbol, bar.open_time, bar.open_time + interval - 1, bar.open,
      bar.close, bar.high, bar.low, bar.volume, closed);
}

struct TestExchange::Inside {
  /// One connection and its thread.
  struct Peer {
    explicit Peer(Tcp::socket given) : socket(std::move(given)), descriptor(socket.native_handle()) {}
    Tcp::socket socket;
    int descriptor;
    std::thread thread;
  };

  Inside(std::vector<market::Bars> given, std::size_t closed_bars, Script given_script,
         const TestCertificate* certificate)
      : truth(std::move(given)), script(std::move(given_script)), closed(closed_bars) {
    for (const market::Bars& bars : truth) names.push_back(market::exchange_symbol(bars.symbol).value());
    if (certificate != nullptr) {
      tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
      tls->use_certificate_chain(asio::buffer(certificate->certificate));
      tls->use_private_key(asio::buffer(certificate->key), asio::ssl::context::pem);
    }
    thread = std::thread([this] { accept(); });
  }
  ~Inside() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      for (const std::unique_ptr<Peer>& peer : peers) ::shutdown(peer->descriptor, SHUT_RDWR);
    }
    changed.notify_all();
    ::shutdown(acceptor.native_handle(), SHUT_RDWR);
    thread.join();
    for (const std::unique_ptr<Peer>& peer : peers) peer->thread.join();
  }

  void accept() {
    while (true) {
      Fault fault;
      Tcp::socket socket(context);
      acceptor.accept(socket, fault);
      const std::lock_guard lock(mutex);
      if (stopping) return;
      if (fault) continue;
      peers.push_back(std::make_unique<Peer>(std::move(socket)));
      Peer& peer = *peers.back();
      peer.thread = std::thread([this, &peer] { serve(peer); });
    }
  }

  void serve(Peer& peer) {
    peer.socket.set_option(Tcp::no_delay(true));
    if (tls) {
      asio::ssl::stream<Tcp::socket&> stream(peer.socket, *tls);
      Fault fault;
      stream.handshake(asio::ssl::stream_base::server, fault);
      if (!fault) talk(stream, peer);
    } else {
      talk(peer.socket, peer);
    }
    // The descriptor stays open until the end, so that it is never another's when it is shut down.
    ::shutdown(peer.descriptor, SHUT_RDWR);
  }

  template <class Stream>
  void talk(Stream& stream, Peer& peer) {
    beast::flat_buffer buffer;
    while (true) {
      Request request;
      Fault fault;
      http::read(stream, buffer, request, fault);
      if (fault) return;
      {
        const std::lock_guard lock(mutex);
        targets.emplace_back(request.target());
      }
      if (websocket::is_upgrade(request)) return open_stream(stream, peer, request);
      if (!answer(stream, std::string(request.target()))) return;
    }
  }

  template <class Stream>
  static bool send(Stream& stream, const std::string& bytes) {
    Fault fault;
    asio::write(stream, asio::buffer(bytes), fault);
    return !fault;
  }

  // --- REST

  template <class Stream>
  bool answer(Stream& stream, const std::string& target) {
    RestFault fault = RestFault::none;
    std::string rows;
    {
      const std::lock_guard lock(mutex);
      if (script.rest) fault = script.rest(requests);
      ++requests;
      rows = page(target, fault);
    }
    const std::string good = response("200 OK", "", rows);
    switch (fault) {
      case RestFault::too_many:
        return send(stream, response("429 Too Many Requests", "", R"({"code":-1003})"));
      case RestFault::too_many_wait:
        return send(stream, response("429 Too Many Requests", "Retry-After: 1\r\n", R"({"code":-1003})"));
      case RestFault::banned:
        return send(stream, response("418 I'm a teapot", "", R"({"code":-1003})"));
      case RestFault::server_error:
        return send(stream, response("503 Service Unavailable", "", "<html>oops</html>"));
      case RestFault::truncated:
        send(stream, good.substr(0, good.size() - 2));
        return false;
      case RestFault::cut_json:
        return send(stream, response("200 OK", "", rows.substr(0, rows.size() - 2)));
      case RestFault::garbage:
        return send(stream, response("200 OK", "", std::string("\xff\x00<html>", 8)));
      case RestFault::wrong_shape:
        return send(stream, response("200 OK", "", R"({"candles":[[1,2,3]]})"));
      case RestFault::bad_request:
        return send(stream, response("400 Bad Request", "", R"({"code":-1121,"msg":"Invalid symbol."})"));
      case RestFault::drop:
        return false;
      case RestFault::stall:
        return stall(), false;
      default:
        return send(stream, good);
    }
  }

  /// Until the test ends or the other side goes.
  void stall() {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::milliseconds(300), [this] { return stopping; });
  }

  std::string page(const std::string& target, RestFault fault) const {
    const std::size_t symbol = static_cast<std::size_t>(
        std::ranges::find_if(names,
                             [&](const std::string& name) {
                               return target.find("symbol=" + name + "&") != std::string::npos;
                             }) -
        names.begin());
    if (symbol == names.size()) return R"({"code":-1121,"msg":"Invalid symbol."})";
    const market::Bars& bars = truth[symbol];
    const TimeMs first = parameter(target, "startTime", 0);
    const TimeMs last = parameter(target, "endTime", std::numeric_limits<TimeMs>::max());
    const auto limit = static_cast<std::size_t>(parameter(target, "limit", 500));
    std::vector<market::Bar> rows;
    if (fault == RestFault::other_bars && bars.open_time.front() < first) rows.push_back(bars[0]);
    for (std::size_t i = 0; i <= closed && i < bars.size() && rows.size() < limit; ++i) {
      if (bars.open_time[i] < first || bars.open_time[i] > last) continue;
      rows.push_back(bars[i]);
      if (i == closed) rows.back().close = rows.back().open;  // still forming
    }
    if (fault == RestFault::empty) rows.clear();
    if (fault == RestFault::hole && !rows.empty()) rows.erase(rows.begin());
    if (fault == RestFault::inner_hole && rows.size() > 2) rows.erase(rows.begin() + 1);
    if (fault == RestFault::impossible && !rows.empty()) rows.back().low = -1;
    std::string text;
    for (const market::Bar& bar : rows) {
      text += fmt::format(R"({}[{},"{}","{}","{}","{}","{}",{},"0",1,"0","0","0"])", text.empty() ? "" : ",",
                          bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume,
                          bar.open_time + bars.interval - 1);
    }
    return "[" + text + "]";
  }

  // --- the stream

  template <class Stream>
  void open_stream(Stream& stream, Peer& peer, const Request& request) {
    HandshakeFault fault = HandshakeFault::none;
    std::size_t connection = 0;
    {
      const std::lock_guard lock(mutex);
      connection = connections++;
      if (script.handshake) fault = script.handshake(connection);
    }
    switch (fault) {
      case HandshakeFault::none:
        break;
      case HandshakeFault::refuse:
        send(stream, response("429 Too Many Requests", "", "{}"));
        return;
      case HandshakeFault::drop:
        return;
      case HandshakeFault::hang:
        return stall();
      case HandshakeFault::garbage:
        send(stream, "HTTP/9.9 \x01\x02 what?\r\n\r\n");
        return;
    }
    websocket::stream<Stream&> socket(stream);
    Fault refused;
    socket.accept(request, refused);
    if (!refused) StreamSession<Stream>{*this, socket, peer.socket, connection}.run();
  }

  /// Follows the market on one connection until it ends.
  template <class Stream>
  struct StreamSession {
    Inside& exchange;
    websocket::stream<Stream&>& socket;
    Tcp::socket& raw;
    std::size_t connection;
    std::vector<std::string> later{};                           // frames said behind the next ones
    std::set<std::pair<std::size_t, std::size_t>> told_bars{};  // bar and symbol, once they were said

    void run() {
      std::unique_lock lock(exchange.mutex);
      std::size_t told = exchange.closed, said = exchange.sayings.size();
      ++exchange.open_streams;
      bool alive = tell_forming(told, lock);
      while (alive && !exchange.stopping) {
        exchange.changed.wait_for(lock, std::chrono::milliseconds(5));
        while (alive && told < exchange.closed) {
          for (std::size_t symbol = 0; alive && symbol < exchange.truth.size(); ++symbol) {
            alive = tell_closed(told, symbol, lock);
          }
          if (alive) alive = tell_forming(++told, lock);
        }
        while (alive && said < exchange.sayings.size()) alive = say(exchange.sayings[said++], lock);
        lock.unlock();
        if (alive) alive = listen();
        lock.lock();
      }
      --exchange.open_streams;
    }

    bool say(const std::string& text, std::unique_lock<std::mutex>& lock, bool binary = false) {
      lock.unlock();
      Fault fault;
      socket.binary(binary);
      socket.write(asio::buffer(text), fault);
      lock.lock();
      return !fault && !exchange.stopping;
    }

    /// Takes what the client sent, without waiting: pongs are counted, its end ends this.
    bool listen() {
      pollfd waiting{raw.native_handle(), POLLIN, 0};
      if (::poll(&waiting, 1, 0) <= 0) return true;
      unsigned char bytes[256];
      const ssize_t count = ::recv(raw.native_handle(), bytes, sizeof(bytes), 0);
      if (count <= 0) return false;
      const std::lock_guard lock(exchange.mutex);
      exchange.pongs += bytes[0] == 0x8A ? 1 : 0;
      return true;
    }

    std::string frame(std::size_t symbol, const market::Bar& bar, bool is_closed) const {
      const TimeMs interval = exchange.truth[symbol].interval;
      const TimeMs event = std::max(exchange.now(), is_closed ? bar.open_time + interval : bar.open_time);
      return kline_frame(exchange.names[symbol], interval, bar, is_closed, event);
    }

    bool tell_forming(std::size_t bar, std::unique_lock<std::mutex>& lock) {
      for (std::size_t symbol = 0; symbol < exchange.truth.size(); ++symbol) {
        if (bar >= exchange.truth[symbol].size()) return true;
        market::Bar forming = exchange.truth[symbol][bar];
        forming.close = forming.open;
        if (!say(frame(symbol, forming, false), lock)) return false;
      }
      return true;
    }

    bool tell_closed(std::size_t bar, std::size_t symbol, std::unique_lock<std::mutex>& lock) {
      const StreamFault fault =
          exchange.script.stream ? exchange.script.stream(connection, bar, symbol) : StreamFault::none;
      const std::vector<std::string> due = std::exchange(later, {});
      const std::string good = frame(symbol, exchange.truth[symbol][bar], true);
      bool alive = true;
      switch (fault) {
        case StreamFault::skip:
          break;
        case StreamFault::reorder:
          later.push_back(good);
          break;
        case StreamFault::cut_mid_frame:
        case StreamFault::drop:
        case StreamFault::going_away:
        case StreamFault::policy:
        case StreamFault::stall:
          return end(fault, good, lock);
        default:
          alive = disturb(fault, bar, symbol, good, lock) && say(good, lock);
          told_bars.insert({bar, symbol});
      }
      for (const std::string& text : due) alive = alive && say(text, lock);
      return alive;
    }

    /// What comes before the truth.
    bool disturb(StreamFault fault, std::size_t bar, std::size_t symbol, const std::string& good,
                 std::unique_lock<std::mutex>& lock) {
      const market::Bars& bars = exchange.truth[symbol];
      market::Bar other = bars[bar];
      switch (fault) {
        case StreamFault::duplicate:
          return say(good, lock);
        case StreamFault::delay:
          lock.unlock();
          std::this_thread::sleep_for(std::chrono::milliseconds(3));
          lock.lock();
          return true;
        case StreamFault::contradict: {
          if (bar < 2 || !told_bars.contains({bar - 2, symbol})) return true;
          other = bars[bar - 2];
          other.high *= 2;
          other.close = other.high;
          return say(frame(symbol, other, true), lock);
        }
        case StreamFault::future_bar:
          other.open_time += 1000 * bars.interval;
          return say(frame(symbol, other, true), lock);
        case StreamFault::far_forming:
          other.open_time += 1000 * bars.interval;
          return say(frame(symbol, other, false), lock);
        case StreamFault::garbage:
          return say_garbage(good, lock);
        case StreamFault::binary:
          return say(good, lock, true);
        case StreamFault::other_symbol:
          return say(kline_frame("DOGEUSDT", bars.interval, other, true, exchange.now()), lock);
        case StreamFault::other_interval:
          other.open_time = other.open_time / day_ms * day_ms - day_ms;
          return say(kline_frame(exchange.names[symbol], day_ms, other, true, exchange.now()), lock);
        case StreamFault::impossible:
          std::swap(other.high, other.low);
          return say(frame(symbol, other, true), lock);
        case StreamFault::huge:
          return say(std::string(std::size_t{200} << 10, ' ') + good, lock);
        case StreamFault::ping: {
          lock.unlock();
          Fault broken;
          socket.ping("are you there", broken);
          lock.lock();
          return !broken;
        }
        default:
          return true;
      }
    }

    bool say_garbage(const std::string& good, std::unique_lock<std::mutex>& lock) {
      const std::vector<std::string> texts{"",
                                           "{",
                                           "null",
                                           "[]",
                                           "{}",
                                           R"({"result":null,"id":1})",
                                           R"({"stream":5,"data":{"e":"kline","k":[]}})",
                                           std::string(60'000, '['),
                                           good.substr(0, good.size() / 2),
                                           good + good};
      return std::ranges::all_of(texts, [&](const std::string& text) { return say(text, lock); });
    }

    bool end(StreamFault fault, const std::string& good, std::unique_lock<std::mutex>& lock) {
      lock.unlock();
      Fault broken;
      if (fault == StreamFault::cut_mid_frame) {
        const std::string head{static_cast<char>(0x81), 0x7E, static_cast<char>(good.size() >> 8),
                               static_cast<char>(good.size() & 0xFF)};
        send(socket.next_layer(), head + good.substr(0, good.size() / 2));
      } else if (fault == StreamFault::going_away) {
        socket.close(websocket::close_code::going_away, broken);
      } else if (fault == StreamFault::policy) {
        socket.close({websocket::close_code::policy_error, "not today"}, broken);
      }
      lock.lock();
      if (fault == StreamFault::stall) {
        while (!exchange.stopping) {
          lock.unlock();
          const bool alive = listen();
          lock.lock();
          if (!alive) break;
          exchange.changed.wait_for(lock, std::chrono::milliseconds(5));
        }
      }
      return false;
    }
  };

  TimeMs now() const {
    const market::Bars& bars = truth.front();
    return (closed < bars.size() ? bars.open_time[closed] : bars.open_time.back() + bars.interval) +
           second_ms;
  }

  std::vector<market::Bars> truth;
  std::vector<std::string> names;
  Script script;
  std::unique_ptr<asio::ssl::context> tls;
  asio::io_context context;
  Tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread;

  mutable std::mutex mutex;  // for what follows
  std::condition_variable changed;
  bool stopping = false;
  std::size_t closed = 0;
  std::deque<std::string> sayings;  // one is read without the lock while others are added
  std::size_t connections = 0, open_streams = 0, requests = 0, pongs = 0;
  std::vector<std::string> targets;
  std::list<std::unique_ptr<Peer>> peers;
};

TestExchange::TestExchange(std::vector<market::Bars> truth, std::size_t closed, Script script,
                           const TestCertificate* certificate)
    : inside_(std::make_unique<Inside>(std::move(truth), closed, std::move(script), certificate)) {}
TestExchange::~TestExchange() = default;

std::string TestExchange::stream_url() const {
  return fmt::format("{}://127.0.0.1:{}", inside_->tls ? "wss" : "ws",
                     inside_->acceptor.local_endpoint().port());
}
std::string TestExchange::rest_url() const {
  return fmt::format("http://127.0.0.1:{}", inside_->acceptor.local_endpoint().port());
}

bool TestExchange::advance() {
  {
    const std::lock_guard lock(inside_->mutex);
    if (inside_->closed + 1 >= inside_->truth.front().size()) return false;
    ++inside_->closed;
  }
  inside_->changed.notify_all();
  return true;
}

std::size_t TestExchange::closed() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->closed;
}
TimeMs TestExchange::now() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->now();
}
void TestExchange::say(const std::string& text) {
  {
    const std::lock_guard lock(inside_->mutex);
    inside_->sayings.push_back(text);
  }
  inside_->changed.notify_all();
}
std::size_t TestExchange::connections() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->connections;
}
std::size_t TestExchange::connected() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->open_streams;
}
std::size_t TestExchange::requests() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->requests;
}
std::size_t TestExchange::pongs() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->pongs;
}
std::vector<std::string> TestExchange::targets() const {
  const std::lock_guard lock(inside_->mutex);
  return inside_->targets;
}

}  // namespace stevie::live
