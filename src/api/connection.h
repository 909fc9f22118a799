#pragma once
/// Inside of the server: included by its .cpp files only, because of Boost.
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "api/http_parser.h"
#include "api/router.h"
#include "api/server.h"
#include "api/worker_pool.h"

namespace stevie::api {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using TlsStream = asio::ssl::stream<tcp::socket>;

struct IoThread;

/// What all connections of a server share.
struct Shared {
  Server::Parts parts;
  ServerCounts* counts = nullptr;
  WorkerPool* workers = nullptr;
  bool is_loopback = true, is_tls = false;
  std::string bound_host;  // "127.0.0.1"
  std::atomic<bool> stopping{false};
  std::mutex addresses_mutex;
  std::map<std::string, std::size_t> addresses;  // open connections of each

  /// Counts a connection in; false where there are too many.
  bool take_place(const std::string& address);
  void leave_place(const std::string& address);
  bool is_known_host(std::string_view host) const;
  void log(const Trace& trace, const std::string& method, const Response& response,
           const std::string& address, std::chrono::microseconds took) const;
};

/// Anything with a socket: the owning thread sweeps over all of its peers to close those that are too slow,
/// so that no request needs a timer of its own. All functions run on that thread.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  virtual ~Peer() = default;
  virtual void check_time(SteadyTime now) = 0;
  virtual void news() {}          // there is something new on the hub
  virtual void end_softly() = 0;  // finish what is under way, then close
  virtual void end_now() = 0;
};

/// One event loop with its own connections; nothing in it is shared with another.
struct IoThread {
  asio::io_context context{1};
  asio::steady_timer sweeper{context}, news_timer{context};
  std::unordered_set<std::shared_ptr<Peer>> peers;
  std::atomic<bool> news_waiting{false};
  std::thread thread;
};

/// One accepted socket's place in the counts; gives it back when the last holder goes.
class Seat {
 public:
  Seat(Shared& shared, std::string address) : shared_(&shared), address_(std::move(address)) {}
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  const std::string& address() const { return address_; }

 private:
  Shared* shared_;
  std::string address_;
};

/// Serves HTTP on an accepted socket. `tls` is null for a plain one.
void serve_connection(Shared& shared, IoThread& thread, tcp::socket socket, std::unique_ptr<Seat> seat,
                      std::shared_ptr<asio::ssl::context> tls);

/// Goes on as a WebSocket; `received` begins with the bytes of the upgrade request.
void serve_web_socket(Shared& shared, IoThread& thread, tcp::socket socket, std::unique_ptr<Seat> seat,
                      std::string received);
void serve_web_socket(Shared& shared, IoThread& thread, std::unique_ptr<TlsStream> stream,
                      std::shared_ptr<asio::ssl::context> tls, std::unique_ptr<Seat> seat,
                      std::string received);

}  // namespace stevie::api
