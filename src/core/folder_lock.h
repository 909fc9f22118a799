#pragma once
#include <filesystem>

namespace stevie {

/// Keeps other processes that ask for the same lock out of a folder while it lives. The lock goes with the
/// process, however that ends, and leaves no file.
class FolderLock {
 public:
  /// Throws Error "file.in_use" where another holds the folder, "file.unwritable" where it cannot be opened.
  /// File systems without locks let everybody in.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace stevie
