#include "core/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace stevie {
namespace {

std::optional<std::uint64_t> number(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view view(text);
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (fault != std::errc() || end != view.data() + view.size()) return std::nullopt;
  return value;
}

/// A line feed would begin another assignment.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

ServiceManager::ServiceManager(const char* socket, const char* watchdog, const char* watchdog_process) {
  const std::string_view name = socket == nullptr ? "" : socket;
  if (name.empty() || (name.front() != '/' && name.front() != '@') ||
      name.size() >= sizeof(sockaddr_un::sun_path))
    return;
  address_ = name;
  if (address_.front() == '@') address_.front() = '\0';
  descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor_ < 0) return;
  const std::optional<std::uint64_t> microseconds = number(watchdog);
  const std::optional<std::uint64_t> process = number(watchdog_process);
  const bool mine = !process || *process == static_cast<std::uint64_t>(::getpid());
  if (microseconds && *microseconds > 0 && mine)
    alive_every_ = std::max<TimeMs>(1, static_cast<TimeMs>(*microseconds / 1000 / 2));
}

ServiceManager::~ServiceManager() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ServiceManager::ready(std::string_view status) {
  tell("READY=1\nSTATUS=" + one_line(status));
}

void ServiceManager::status(std::string_view status) {
  tell("STATUS=" + one_line(status));
}

void ServiceManager::stopping(std::string_view status) {
  tell("STOPPING=1\nSTATUS=" + one_line(status));
}

void ServiceManager::alive() {
  tell("WATCHDOG=1");
}

void ServiceManager::tell(std::string_view text) {
  if (descriptor_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::ranges::copy(address_, to.sun_path);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Whoever does not listen misses it.
  (void)::sendto(descriptor_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), length);
}

}  // namespace stevie
