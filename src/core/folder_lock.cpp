#include "core/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace stevie {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    throw Error("file.unwritable",
                fmt::format("cannot open this folder ({}): choose another one", std::strerror(errno)),
                folder.string());
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  throw Error("file.in_use",
              "another process is at work in this folder: wait until it is done, or choose another folder",
              folder.string());
}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

}  // namespace stevie
