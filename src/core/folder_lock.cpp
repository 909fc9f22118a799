#include "core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace stevie {
namespace {

/// The descriptor, locked. It is closed where a program is started from this one, which therefore does not
/// inherit the lock.
int lock(int descriptor, const std::filesystem::path& path, const char* what) {
  if (descriptor < 0)
    throw Error("file.unwritable",
                fmt::format("cannot open this {} ({}): choose another one", what, std::strerror(errno)),
                path.string());
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return descriptor;
  ::close(descriptor);
  throw Error(
      "file.in_use",
      fmt::format("another process is at work in this {0}: wait until it is done, or choose another {0}",
                  what),
      path.string());
}

}  // namespace

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder, "folder")) {}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

FileLock::FileLock(const std::filesystem::path& file)
    : descriptor_(lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR), file, "file")) {
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace stevie
