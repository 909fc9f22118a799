#include "api/server.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "api/connection.h"
#include "api/request_text.h"
#include "api/socket_protocol.h"
#include "core/clock.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds longest_sweep{100}, shortest_sweep{5};
constexpr milliseconds accept_pause{100};  // where the process has no file left
constexpr milliseconds news_pause{5};      // news of this time go out together
constexpr milliseconds stop_time{2000};
constexpr rlim_t other_files = 256;  // databases, journals, pipes

std::shared_ptr<asio::ssl::context> read_tls(const app::ServerConfig& config) {
  const auto bad = [](const std::string& what, const std::string& place) {
    return Error("api.bad_tls", what, place);
  };
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                           asio::ssl::context::no_tlsv1_1 | SSL_OP_NO_RENEGOTIATION |
                           SSL_OP_CIPHER_SERVER_PREFERENCE,
                       error);
  // Else OpenSSL would ask at the terminal for the password of a key, and wait.
  context->set_password_callback([](std::size_t, auto) { return std::string(); }, error);
  context->use_certificate_chain_file(config.tls_certificate, error);
  if (error) {
    throw bad(fmt::format("the certificate cannot be read as PEM: {}", error.message()),
              config.tls_certificate);
  }
  context->use_private_key_file(config.tls_key, asio::ssl::context::pem, error);
  if (error) {
    throw bad(
        fmt::format("the key cannot be read as PEM, or does not fit the certificate: {}", error.message()),
        config.tls_key);
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    throw bad("the key does not fit the certificate", config.tls_key);
  }
  return context;
}

/// Open files for as many connections as may be; what the system allows at most.
void raise_file_limit(std::uint64_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections + other_files;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return host;
  return host.substr(0, colon);
}

}  // namespace

bool Shared::take_place(const std::string& address) {
  std::lock_guard lock(addresses_mutex);
  const auto open = static_cast<std::uint64_t>(counts->connections.load());
  std::size_t& of_address = addresses[address];
  if (open >= parts.config.connections || of_address >= parts.config.connections_per_address) {
    if (of_address == 0) addresses.erase(address);
    return false;
  }
  ++of_address;
  counts->connections.fetch_add(1);
  return true;
}

void Shared::leave_place(const std::string& address) {
  std::lock_guard lock(addresses_mutex);
  counts->connections.fetch_sub(1);
  const auto found = addresses.find(address);
  if (found != addresses.end() && --found->second == 0) addresses.erase(found);
}

bool Shared::is_known_host(std::string_view host) const {
  if (host.empty() || (!is_loopback && parts.config.host_names.empty())) return true;
  const std::string_view name = without_port(host);
  if (name == bound_host || equal_ignoring_case(name, "localhost") || name == "127.0.0.1" || name == "[::1]")
    return true;
  for (const std::string& known : parts.config.host_names) {
    if (equal_ignoring_case(name, known)) return true;
  }
  return false;
}

void Shared::log(const Trace& trace, const std::string& method, const Response& response,
                 const std::string& address, std::chrono::microseconds took) const {
  nlohmann::ordered_json line{
      {"time", time_text(system_time())},
      {"level", response.status >= 500 ? "error" : "info"},
      {"event", "request"},
      {"request_id", trace.request_id},
      {"method", method.substr(0, 20)},
      {"route", trace.route},
      {"status", response.status},
      {"milliseconds", static_cast<double>(took.count()) / 1000},
      {"bytes", response.shared_body ? response.shared_body->size() : response.body.size()},
      {"address", address}};
  if (!trace.user.empty()) line["user"] = trace.user;
  if (!trace.code.empty()) line["code"] = trace.code;
  const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (parts.log) return parts.log(text);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

Seat::~Seat() {
  shared_->leave_place(address_);
}

struct Server::Impl {
  /// Wakes the threads for news; the hub may outlive the server.
  struct Waker {
    std::mutex mutex;
    std::vector<IoThread*> threads;
  };

  Shared shared;
  std::unique_ptr<WorkerPool> workers;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::unique_ptr<asio::steady_timer> accept_timer;
  std::mutex tls_mutex;
  std::shared_ptr<asio::ssl::context> tls;
  std::shared_ptr<Waker> waker = std::make_shared<Waker>();
  std::size_t next_thread = 0;
  bool started = false, stopped = false;
  std::uint16_t bound_port = 0;

  explicit Impl(Parts parts);
  void bind();
  void accept();
  void take(tcp::socket socket, IoThread& thread);
  void sweep(IoThread& thread);
  milliseconds sweep_time() const;
  void watch_news();
  static void pass_news(IoThread& thread);
};

Server::Impl::Impl(Parts parts) {
  shared.parts = std::move(parts);
  shared.counts = &shared.parts.router->counts();
  const app::ServerConfig& config = shared.parts.config;
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    throw Error("api.bad_tls", "give both tls_certificate and tls_key, or none", "server.tls_key");
  }
  if (!config.tls_certificate.empty()) {
    tls = read_tls(config);
    shared.is_tls = true;
  }
  raise_file_limit(config.connections);
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(config.io_threads, 1); ++i) {
    threads.push_back(std::make_unique<IoThread>());
  }
  bind();
  workers = std::make_unique<WorkerPool>(config.workers, config.queue);
  shared.workers = workers.get();
}

void Server::Impl::bind() {
  const app::ServerConfig& config = shared.parts.config;
  const std::string place = fmt::format("server.address {} port {}", config.address, config.port);
  error_code error;
  const auto address =
      asio::ip::make_address(config.address == "localhost" ? "127.0.0.1" : config.address, error);
  if (error) throw Error("api.cannot_bind", "this is no IP address", place);
  shared.is_loopback = address.is_loopback();
  shared.bound_host = address.is_v6() ? fmt::format("[{}]", address.to_string()) : address.to_string();
  if (!shared.is_loopback) {
    const bool has_user = shared.parts.accounts != nullptr && shared.parts.accounts->has_user();
    if (!shared.is_tls || !has_user) {
      throw Error("api.unsafe_address",
                  fmt::format("others could reach this address: {}{}{}",
                              shared.is_tls ? "" : "set server.tls_certificate and server.tls_key",
                              shared.is_tls || has_user ? "" : ", and ",
                              has_user ? "" : "make a user first (stevie users add)"),
                  place);
    }
  }
  acceptor = std::make_unique<tcp::acceptor>(threads.front()->context);
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(config.port));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(4096, error);
  if (error) {
    throw Error("api.cannot_bind",
                fmt::format("cannot listen there: {}; free the port or choose another with server.port",
                            error.message()),
                place);
  }
  bound_port = acceptor->local_endpoint().port();
  accept_timer = std::make_unique<asio::steady_timer>(threads.front()->context);
}

void Server::Impl::accept() {
  IoThread& thread = *threads[next_thread++ % threads.size()];
  acceptor->async_accept(thread.context, [this, &thread](error_code error, tcp::socket socket) {
    if (shared.stopping || error == asio::error::operation_aborted) return;
    if (error) {
      // No file left, most likely: those that end give theirs back.
      accept_timer->expires_after(accept_pause);
      accept_timer->async_wait([this](error_code stopped_waiting) {
        if (!stopped_waiting && !shared.stopping) accept();
      });
      return;
    }
    take(std::move(socket), thread);
    accept();
  });
}

void Server::Impl::take(tcp::socket socket, IoThread& thread) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  const std::string address = peer.address().to_string();
  if (!shared.take_place(address)) {
    shared.counts->refused_connections.fetch_add(1, std::memory_order_relaxed);
    return;  // closes it
  }
  shared.counts->accepted.fetch_add(1, std::memory_order_relaxed);
  auto seat = std::make_unique<Seat>(shared, address);
  std::shared_ptr<asio::ssl::context> context;
  {
    std::lock_guard lock(tls_mutex);
    context = tls;
  }
  asio::post(thread.context,
             [this, &thread, socket = std::move(socket), seat = std::move(seat), context]() mutable {
               serve_connection(shared, thread, std::move(socket), std::move(seat), std::move(context));
             });
}

milliseconds Server::Impl::sweep_time() const {
  const app::ServerConfig& config = shared.parts.config;
  const TimeMs shortest = std::min({config.header_timeout, config.request_timeout, config.idle_timeout});
  return std::clamp(milliseconds(shortest / 4), shortest_sweep, longest_sweep);
}

void Server::Impl::sweep(IoThread& thread) {
  thread.sweeper.expires_after(sweep_time());
  thread.sweeper.async_wait([this, &thread](error_code error) {
    if (error) return;
    const SteadyTime now = steady_clock::now();
    const std::vector<std::shared_ptr<Peer>> peers(thread.peers.begin(), thread.peers.end());
    for (const auto& peer : peers) peer->check_time(now);
    sweep(thread);
  });
}

void Server::Impl::pass_news(IoThread& thread) {
  thread.news_timer.expires_after(news_pause);
  thread.news_timer.async_wait([&thread](error_code error) {
    if (error) return;
    thread.news_waiting = false;
    const std::vector<std::shared_ptr<Peer>> peers(thread.peers.begin(), thread.peers.end());
    for (const auto& peer : peers) peer->news();
  });
}

void Server::Impl::watch_news() {
  if (shared.parts.news == nullptr) return;
  for (const auto& thread : threads) waker->threads.push_back(thread.get());
  shared.parts.news->on_publish([waker = waker] {
    std::lock_guard lock(waker->mutex);
    for (IoThread* thread : waker->threads) {
      if (thread->news_waiting.exchange(true)) continue;
      asio::post(thread->context, [thread] { pass_news(*thread); });
    }
  });
}

Server::Server(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Server::~Server() {
  stop();
}

void Server::start() {
  if (impl_->started) return;
  impl_->started = true;
  impl_->watch_news();
  impl_->accept();
  for (const auto& thread : impl_->threads) {
    impl_->sweep(*thread);
    thread->thread = std::thread([context = &thread->context] {
      const auto work = asio::make_work_guard(*context);
      context->run();
    });
  }
}

void Server::stop() {
  if (impl_->stopped) return;
  impl_->stopped = true;
  impl_->shared.stopping = true;
  {
    std::lock_guard lock(impl_->waker->mutex);
    impl_->waker->threads.clear();
  }
  if (!impl_->started) return;
  const auto everywhere = [this](void (Peer::*act)()) {
    for (const auto& thread : impl_->threads) {
      asio::post(thread->context, [thread = thread.get(), act] {
        const std::vector<std::shared_ptr<Peer>> peers(thread->peers.begin(), thread->peers.end());
        for (const auto& peer : peers) ((*peer).*act)();
      });
    }
  };
  asio::post(impl_->threads.front()->context, [this] {
    error_code ignored;
    impl_->acceptor->close(ignored);
    impl_->accept_timer->cancel();
  });
  everywhere(&Peer::end_softly);
  const auto give_up = steady_clock::now() + stop_time;
  while (impl_->shared.counts->connections.load() > 0 && steady_clock::now() < give_up) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  everywhere(&Peer::end_now);
  impl_->workers->end();
  for (const auto& thread : impl_->threads) {
    asio::post(thread->context, [thread = thread.get()] { thread->context.stop(); });
    thread->thread.join();
  }
}

std::uint16_t Server::port() const {
  return impl_->bound_port;
}

std::string Server::url() const {
  return fmt::format("{}://{}:{}", impl_->shared.is_tls ? "https" : "http", impl_->shared.bound_host, port());
}

void Server::reload_tls() {
  if (!impl_->shared.is_tls) return;
  auto fresh = read_tls(impl_->shared.parts.config);
  std::lock_guard lock(impl_->tls_mutex);
  impl_->tls = std::move(fresh);
}

}  // namespace stevie::api
