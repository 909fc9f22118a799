#include "api/metrics.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace stevie::api {

void RouteCounts::add(int status, double seconds) {
  const auto known = std::find(statuses.begin(), statuses.end(), status);
  by_status[static_cast<std::size_t>(known - statuses.begin())].fetch_add(1, std::memory_order_relaxed);
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  by_seconds[static_cast<std::size_t>(bound - bounds.begin())].fetch_add(1, std::memory_order_relaxed);
  microseconds.fetch_add(static_cast<std::uint64_t>(std::max(seconds, 0.0) * 1e6), std::memory_order_relaxed);
}

void write_requests(std::string& out, const std::string& method, const std::string& route,
                    const RouteCounts& counts) {
  for (std::size_t i = 0; i <= RouteCounts::statuses.size(); ++i) {
    const std::uint64_t count = counts.by_status[i].load(std::memory_order_relaxed);
    if (count == 0) continue;
    const std::string status =
        i < RouteCounts::statuses.size() ? std::to_string(RouteCounts::statuses[i]) : "other";
    out += fmt::format("stevie_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n", method,
                       route, status, count);
  }
}

void write_seconds(std::string& out, const std::string& method, const std::string& route,
                   const RouteCounts& counts) {
  std::array<std::uint64_t, RouteCounts::bounds.size() + 1> sums{};
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = sum += counts.by_seconds[i].load(std::memory_order_relaxed);
  }
  if (sum == 0) return;
  const std::string labels = fmt::format("method=\"{}\",route=\"{}\"", method, route);
  for (std::size_t i = 0; i < RouteCounts::bounds.size(); ++i) {
    out += fmt::format("stevie_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                       RouteCounts::bounds[i], sums[i]);
  }
  out += fmt::format("stevie_http_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels, sum);
  out += fmt::format("stevie_http_request_seconds_sum{{{}}} {}\n", labels,
                     static_cast<double>(counts.microseconds.load(std::memory_order_relaxed)) / 1e6);
  out += fmt::format("stevie_http_request_seconds_count{{{}}} {}\n", labels, sum);
}

void write_metric(std::string& out, const char* name, const char* type, const char* help, double value) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
}

std::string server_metrics(const ServerCounts& counts) {
  std::string out;
  const auto gauge = [&](const char* name, const char* help, const auto& value) {
    write_metric(out, name, "gauge", help, static_cast<double>(value.load(std::memory_order_relaxed)));
  };
  const auto counter = [&](const char* name, const char* help, const auto& value) {
    write_metric(out, name, "counter", help, static_cast<double>(value.load(std::memory_order_relaxed)));
  };
  gauge("stevie_http_connections", "open connections", counts.connections);
  gauge("stevie_http_web_sockets", "of these: upgraded to WebSocket", counts.web_sockets);
  gauge("stevie_http_queued_requests", "requests that wait for a worker thread", counts.queued);
  counter("stevie_http_accepted_total", "connections accepted", counts.accepted);
  counter("stevie_http_refused_connections_total", "connections closed because there are too many",
          counts.refused_connections);
  counter("stevie_http_refused_requests_total", "requests refused before they were routed",
          counts.refused_requests);
  counter("stevie_http_timeouts_total", "connections closed because they were too slow", counts.timeouts);
  counter("stevie_http_sent_bytes_total", "bytes of answers", counts.bytes_out);
  counter("stevie_web_socket_messages_total", "messages sent over WebSocket", counts.messages_out);
  counter("stevie_web_socket_slow_readers_total", "WebSocket readers dropped because they fell behind",
          counts.slow_readers);
  return out;
}

std::string process_metrics() {
  std::string out;
  std::ifstream statm("/proc/self/statm");
  std::uint64_t all_pages = 0, resident_pages = 0;
  if (statm >> all_pages >> resident_pages) {
    write_metric(out, "process_resident_memory_bytes", "gauge", "memory held",
                 static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    write_metric(out, "process_cpu_seconds_total", "counter", "processor time used",
                 seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  if (DIR* folder = opendir("/proc/self/fd")) {
    int files = -3;  // ".", ".." and the folder itself
    while (readdir(folder) != nullptr) ++files;
    closedir(folder);
    write_metric(out, "process_open_fds", "gauge", "open files and sockets", files);
  }
  return out;
}

}  // namespace stevie::api
