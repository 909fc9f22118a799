#include "api/http_bench.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "api/router.h"
#include "api/server.h"
#include "core/error.h"
#include "core/file.h"

extern char** environ;

namespace stevie::api {
namespace {

using std::chrono::steady_clock;

constexpr int connections = 16;
constexpr int rounds = 3;
constexpr std::size_t body_bytes = 600;

std::string program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}) {
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

int connected_socket(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return handle;
  ::close(handle);
  return -1;
}

std::uint16_t free_port() {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found = ::bind(handle, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(handle);
  if (!found) throw Error("api.cannot_bind", "there is no free port on the loopback");
  return ntohs(address.sin_port);
}

/// A folder that goes with everything in it.
struct WorkFolder {
  WorkFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "stevie_http_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw Error("api.cannot_write", "no folder can be made", name);
    path = name;
  }
  ~WorkFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

/// nginx with one worker over a folder with one file; ends with the object.
class Nginx {
 public:
  Nginx(const std::string& binary, const std::filesystem::path& folder, const std::string& body)
      : port_(free_port()) {
    write_file(folder / "status", body);
    const std::string conf = fmt::format(
        "worker_processes 1;\nmaster_process off;\ndaemon off;\npid {0}/nginx.pid;\nerror_log {0}/error.log "
        "crit;\n"
        "events {{ worker_connections 1024; }}\n"
        "http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000;\n"
        "  default_type application/json; open_file_cache max=10; client_body_temp_path {0}/a;\n"
        "  proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\n"
        "  server {{ listen 127.0.0.1:{1}; root {0}; }} }}\n",
        folder.string(), port_);
    write_file(folder / "nginx.conf", conf);
    const std::string conf_path = (folder / "nginx.conf").string(), log = (folder / "error.log").string();
    std::array<const char*, 6> arguments{binary.c_str(), "-c", conf_path.c_str(), "-e", log.c_str(), nullptr};
    if (::posix_spawn(&process_, binary.c_str(), nullptr, nullptr, const_cast<char* const*>(arguments.data()),
                      environ) != 0) {
      process_ = -1;
    }
    for (int i = 0; i < 200 && process_ > 0; ++i) {
      const int handle = connected_socket(port_);
      if (handle >= 0) {
        ::close(handle);
        is_up_ = true;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~Nginx() {
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  bool is_up() const { return is_up_; }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  pid_t process_ = -1;
  bool is_up_ = false;
};

/// Requests a second by wrk; 0 where it cannot be run.
double ask_by_wrk(const std::string& wrk, std::uint16_t port, const std::string& path,
                  const std::string& token, double seconds) {
  const std::string command =
      fmt::format("exec {} -t1 -c{} -d{}s -H 'Authorization: Bearer {}' http://127.0.0.1:{}{} 2>/dev/null",
                  wrk, connections, std::max(1, static_cast<int>(seconds)), token, port, path);
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return 0;
  double rate = 0;
  bool has_faults = false;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
    std::sscanf(line.data(), "Requests/sec: %lf", &rate);
    has_faults |= std::string_view(line.data()).find("Non-2xx") != std::string_view::npos;
  }
  ::pclose(pipe);
  return has_faults ? 0 : rate;
}

/// The same by this process: each connection sends its next request when its answer is there.
double ask_by_hand(std::uint16_t port, const std::string& path, const std::string& token, double seconds) {
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n", path, token);
  std::vector<pollfd> sockets;
  std::vector<std::string> received(connections);
  for (int i = 0; i < connections; ++i) {
    sockets.push_back({connected_socket(port), POLLIN, 0});
    if (::send(sockets.back().fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) break;
  }
  std::uint64_t answers = 0;
  const auto begin = steady_clock::now();
  const auto took = [&] { return std::chrono::duration<double>(steady_clock::now() - begin).count(); };
  std::array<char, 16384> piece{};
  while (took() < seconds && ::poll(sockets.data(), sockets.size(), 1000) > 0) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (sockets[i].revents == 0) continue;
      const ssize_t got = ::recv(sockets[i].fd, piece.data(), piece.size(), 0);
      if (got <= 0) {
        sockets[i].fd = -1 - sockets[i].fd;  // poll() passes over it
        continue;
      }
      received[i].append(piece.data(), static_cast<std::size_t>(got));
      const std::size_t end = received[i].find("\r\n\r\n");
      if (end == std::string::npos || received[i].size() < end + 4 + body_bytes) continue;
      ++answers;
      received[i].clear();
      ::send(sockets[i].fd, request.data(), request.size(), MSG_NOSIGNAL);
    }
  }
  const double rate = static_cast<double>(answers) / took();
  for (const pollfd& socket : sockets) {
    if (socket.fd >= 0) ::close(socket.fd);
  }
  return rate;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Router::Parts one_route(accounts::AccountStore* accounts, const std::string& body) {
  Router::Parts parts;
  parts.accounts = accounts;
  Route route;
  route.path = "/api/rl-training/status";
  route.summary = "An answer that is ready";
  route.role = accounts::Role::viewer;
  route.responses = {{.status = 200, .description = "It."}};
  route.handler = [answer = std::make_shared<const std::string>(body)](const Request&) {
    Response response;
    response.shared_body = answer;
    return response;
  };
  parts.table.routes.push_back(std::move(route));
  return parts;
}

}  // namespace

app::BenchRow measure_http(double seconds) {
  const WorkFolder folder;
  const std::string body = "{\"state\":\"" + std::string(body_bytes - 12, 'x') + "\"}";
  accounts::AccountConfig account_config;
  account_config.url = fmt::format("sqlite:///{}/accounts.db", folder.path.string());
  const auto accounts = accounts::AccountStore::open(account_config);
  accounts->add_user("bench", "correct horse battery staple", accounts::Role::viewer);
  const std::string token = accounts->add_key("bench", "bench", accounts::Role::viewer, std::nullopt).secret;
  const Router router(one_route(accounts.get(), body));
  app::ServerConfig config;
  config.port = 0;
  Server server({.config = config, .router = &router, .accounts = accounts.get()});
  server.start();

  const std::string wrk = program("wrk"), nginx = program("nginx");
  const auto ask = [&](std::uint16_t port, const std::string& path, double time) {
    return wrk.empty() ? ask_by_hand(port, path, token, time) : ask_by_wrk(wrk, port, path, token, time);
  };
  std::unique_ptr<Nginx> peer;
  if (!nginx.empty()) peer = std::make_unique<Nginx>(nginx, folder.path, body);
  const bool has_peer = peer && peer->is_up();
  std::vector<double> ours, theirs, ratios;
  const double each = std::max(seconds / (has_peer ? 2 * rounds : rounds), 0.1);
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(ask(server.port(), "/api/rl-training/status", each));
    if (!has_peer) continue;
    theirs.push_back(ask(peer->port(), "/status", each));
    ratios.push_back(theirs.back() > 0 ? ours.back() / theirs.back() : 0);
  }
  server.stop();
  const std::string client = wrk.empty() ? "own client; install wrk for another's" : "wrk";
  if (!has_peer) {
    return {"http_status", median(ours), "requests/s",
            fmt::format("nothing, asked by {}: install nginx-light to compare", client), 0};
  }
  return {"http_status", median(ours), "requests/s",
          fmt::format("nginx, the same {} bytes from a file, asked by {}: {:.0f} requests/s", body.size(),
                      client, median(theirs)),
          median(ratios)};
}

}  // namespace stevie::api
