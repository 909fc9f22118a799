#include "notify/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace stevie::notify {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void unwritable(const fs::path& path, int fault) {
  throw Error("notify.unwritable",
              fmt::format("cannot be written ({}): check the folder's rights and room, or set notify.folder",
                          std::strerror(fault)),
              path.string());
}

[[noreturn]] void unreadable(const fs::path& path, int fault) {
  throw Error("notify.unreadable", fmt::format("cannot be read ({}): check its rights", std::strerror(fault)),
              path.string());
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

void make_private_folder(const fs::path& folder) {
  std::error_code fault;
  if (folder.empty() || fs::is_directory(folder, fault)) return;
  fs::create_directories(folder.parent_path().empty() ? fs::path(".") : folder.parent_path(), fault);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) unwritable(folder, errno);
}

void write_private_file(const fs::path& path, std::string_view bytes) {
  make_private_folder(path.parent_path());
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor file(::mkstemp(temporary.data()));  // mode 0600
  if (file.number() < 0) unwritable(path, errno);
  const auto fail = [&] {
    const int fault = errno;
    ::unlink(temporary.c_str());
    unwritable(path, fault);
  };
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) fail();
}

std::optional<std::string> read_private_file(const fs::path& path, std::size_t most_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0 && errno == ENOENT) return std::nullopt;
  if (file.number() < 0) unreadable(path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) unreadable(path, EISDIR);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Error(
        "notify.readable_by_others",
        "others may use this file with its secrets: `chmod 600` it, and change the secrets if somebody "
        "may have read them",
        path.string());
  if (static_cast<std::size_t>(status.st_size) > most_bytes) unreadable(path, EFBIG);
  std::string bytes;
  constexpr std::size_t piece = 64 << 10;
  std::string buffer(piece, '\0');
  while (bytes.size() <= most_bytes) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) unreadable(path, errno);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  unreadable(path, EFBIG);
}

std::string file_stamp(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return fmt::format("{}-{}-{}-{}.{}", status.st_ino, status.st_mode, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

}  // namespace stevie::notify
