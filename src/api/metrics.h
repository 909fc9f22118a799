#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace stevie::api {

/// Counts of one route. Any thread may add; nothing waits.
struct RouteCounts {
  static constexpr std::array<double, 12> bounds{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05,
                                                 0.1,    0.25,   0.5,   1,     5,    30};  // seconds
  static constexpr std::array<int, 18> statuses{200, 201, 202, 204, 304, 400, 401, 403, 404,
                                                405, 408, 409, 413, 415, 422, 429, 500, 503};
  std::array<std::atomic<std::uint64_t>, statuses.size() + 1> by_status{};  // the last: any other
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> by_seconds{};
  std::atomic<std::uint64_t> microseconds{0};

  void add(int status, double seconds);
};

/// What the server counts.
struct ServerCounts {
  std::atomic<std::int64_t> connections{0}, web_sockets{0}, queued{0};
  std::atomic<std::uint64_t> accepted{0}, refused_connections{0}, refused_requests{0}, timeouts{0},
      bytes_out{0}, slow_readers{0}, messages_out{0};
};

/// The lines of one route in Prometheus' text format go into these two.
void write_requests(std::string& out, const std::string& method, const std::string& route,
                    const RouteCounts& counts);
void write_seconds(std::string& out, const std::string& method, const std::string& route,
                   const RouteCounts& counts);
/// "# HELP", "# TYPE" and the value.
void write_metric(std::string& out, const char* name, const char* type, const char* help, double value);
std::string server_metrics(const ServerCounts& counts);
std::string process_metrics();  // memory, processor time, open files

}  // namespace stevie::api
