#include "core/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/folder_lock.h"
#include "core/testing.h"

namespace stevie {
namespace {

/// What systemd has at the other end.
class Listener {
 public:
  explicit Listener(const std::string& name) : descriptor_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Listener() { ::close(descriptor_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next message; empty where there is none.
  std::string next() const {
    std::array<char, 1000> bytes{};
    const ssize_t size = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(size));
  }

 private:
  int descriptor_;
};

TEST(ServiceManager, tells_how_the_service_is_doing) {
  const TemporaryFolder folder;
  const std::string name = (folder.path() / "notify").string();
  const Listener listener(name);
  ServiceManager manager(name.c_str(), "10000000", nullptr);
  ASSERT_TRUE(manager.listening());
  EXPECT_EQ(manager.alive_every(), 5000);
  manager.ready("trading");
  EXPECT_EQ(listener.next(), "READY=1\nSTATUS=trading");
  manager.alive();
  EXPECT_EQ(listener.next(), "WATCHDOG=1");
  manager.status("two lines\nSTOPPING=1");
  EXPECT_EQ(listener.next(), "STATUS=two lines STOPPING=1");
  manager.stopping("saving");
  EXPECT_EQ(listener.next(), "STOPPING=1\nSTATUS=saving");
  EXPECT_EQ(listener.next(), "");
}

TEST(ServiceManager, reaches_an_abstract_name) {
  const std::string name = "@stevie-test-" + std::to_string(::getpid());
  const Listener listener(name);
  ServiceManager(name.c_str(), nullptr, nullptr).ready("up");
  EXPECT_EQ(listener.next(), "READY=1\nSTATUS=up");
}

TEST(ServiceManager, is_silent_where_nobody_asked) {
  for (const char* socket : {static_cast<const char*>(nullptr), "", "relative/path"}) {
    ServiceManager manager(socket, "10000000", nullptr);
    EXPECT_FALSE(manager.listening());
    EXPECT_FALSE(manager.alive_every());
    manager.ready("up");
  }
  ServiceManager nobody("/nonexistent/notify", nullptr, nullptr);
  nobody.ready("up");
  nobody.alive();
  const std::string too_long = "/" + std::string(200, 'x');
  EXPECT_FALSE(ServiceManager(too_long.c_str(), nullptr, nullptr).listening());
}

TEST(ServiceManager, leaves_the_watchdog_of_another_process_alone) {
  EXPECT_FALSE(ServiceManager("/nonexistent/notify", "10000000", "1").alive_every());
  const std::string own = std::to_string(::getpid());
  EXPECT_TRUE(ServiceManager("/nonexistent/notify", "10000000", own.c_str()).alive_every());
  for (const char* bad : {"", "0", "-1", "ten", "99999999999999999999999"})
    EXPECT_FALSE(ServiceManager("/nonexistent/notify", bad, nullptr).alive_every()) << bad;
}

TEST(FileLock, keeps_a_second_one_out_while_it_lives) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "stevie.db.serving";
  {
    const FileLock lock(file);
    EXPECT_EQ(error_of([&] { const FileLock second(file); }).code(), "file.in_use");
  }
  const FileLock again(file);
  EXPECT_EQ(error_of([&] { const FileLock second(folder.path() / "no" / "such"); }).code(),
            "file.unwritable");
}

}  // namespace
}  // namespace stevie
