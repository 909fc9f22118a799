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

/// The same for what is no folder, by an empty file that is made and stays.
class FileLock {
 public:
  /// Throws Error "file.in_use" where another holds the file, "file.unwritable" where it cannot be made.
  explicit FileLock(const std::filesystem::path& file);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace stevie
