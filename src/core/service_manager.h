#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie {

/// Tells systemd (or whoever speaks sd_notify(3)) how a service of it is doing, over the datagram socket
/// whose name it put into NOTIFY_SOCKET. Without one nothing is told, and nothing ever fails or waits: a
/// service must not depend on who watches it.
class ServiceManager {
 public:
  /// socket: NOTIFY_SOCKET, an absolute path or "@NAME" of the abstract name space; nullptr or empty: none.
  /// watchdog: WATCHDOG_USEC. watchdog_process: WATCHDOG_PID, whose business the watchdog is where it is
  /// given.
  ServiceManager(const char* socket, const char* watchdog, const char* watchdog_process);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  void ready(std::string_view status);   // "READY=1": start-up is over
  void status(std::string_view status);  // a line for `systemctl status`
  void stopping(std::string_view status);
  void alive();  // "WATCHDOG=1"

  bool listening() const { return descriptor_ >= 0; }
  /// How often alive() is wanted: half of what the watchdog waits. Absent: it is not.
  std::optional<TimeMs> alive_every() const { return alive_every_; }

 private:
  void tell(std::string_view text);

  std::string address_;
  int descriptor_ = -1;
  std::optional<TimeMs> alive_every_;
};

}  // namespace stevie
