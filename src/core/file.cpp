#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace stevie {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void unwritable(const fs::path& path, int error_number) {
  if (path.empty()) throw Error("file.unwritable", "the name of a file to write is empty: give one");
  throw Error("file.unwritable",
              fmt::format("cannot write here ({}): choose another place or free this one",
                          std::strerror(error_number)),
              path.string());
}

[[noreturn]] void too_large(const std::string& place, std::size_t most_bytes) {
  throw Error(
      "file.too_large",
      fmt::format("the file holds more than {} bytes once unpacked: divide it into smaller ones", most_bytes),
      place);
}

/// The bytes of a file or pipe as they stand there.
std::string read_bytes(const fs::path& path) {
  struct Descriptor {
    int number;
    ~Descriptor() {
      if (number >= 0) ::close(number);
    }
  } file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const auto unreadable = [&path](int error_number) {
    return Error("file.unreadable",
                 fmt::format("cannot read the file ({}): check what it is and who may read it",
                             std::strerror(error_number)),
                 path.string());
  };
  if (file.number < 0) throw unreadable(errno);
  struct stat status {};
  const bool is_regular = ::fstat(file.number, &status) == 0 && S_ISREG(status.st_mode);
  const std::size_t expected = is_regular ? static_cast<std::size_t>(status.st_size) : 0;
  if (expected > largest_file_bytes) too_large(path.string(), largest_file_bytes);
  std::string bytes;
  std::size_t filled = 0;
  constexpr std::size_t least_room = 1 << 16;
  bytes.resize(std::max(expected + 1, least_room));
  while (true) {
    const ssize_t count = ::read(file.number, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw unreadable(errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (filled > largest_file_bytes) too_large(path.string(), largest_file_bytes);
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

/// A file being written under a temporary name; removed unless it was renamed to its final one.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& final_path)
      : final_path_(final_path), path_(final_path.string() + ".XXXXXX") {
    descriptor_ = ::mkstemp(path_.data());
    if (descriptor_ < 0) unwritable(final_path_, errno);
    ::fchmod(descriptor_, 0644);
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!renamed_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) unwritable(final_path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void commit() {
    if (::fsync(descriptor_) != 0) unwritable(final_path_, errno);
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) unwritable(final_path_, errno);
    if (::rename(path_.c_str(), final_path_.c_str()) != 0) unwritable(final_path_, errno);
    renamed_ = true;
  }

 private:
  fs::path final_path_;
  std::string path_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

void make_folder(const fs::path& folder) {
  if (folder.empty()) return;
  std::error_code fault;
  fs::create_directories(folder, fault);
  if (fault) unwritable(folder, fault.value());
}

}  // namespace

std::string gunzip(std::string_view packed, const std::string& place, std::size_t most_bytes) {
  if (packed.size() > largest_file_bytes) too_large(place, largest_file_bytes);
  z_stream stream{};
  constexpr int gzip_window_bits = 15 + 16;
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) throw std::bad_alloc();
  struct Closer {
    z_stream* stream;
    ~Closer() { inflateEnd(stream); }
  } closer{&stream};

  // One byte more than allowed, to tell a text of exactly the largest size from a larger one.
  const std::size_t most_room = std::min(most_bytes, largest_file_bytes) + 1;
  std::string unpacked;
  unpacked.resize(std::min(std::max<std::size_t>(packed.size() * 4, 1 << 16), most_room));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t produced = 0;
  while (true) {
    if (produced == most_room) too_large(place, most_bytes);
    if (produced == unpacked.size()) unpacked.resize(std::min(unpacked.size() * 2, most_room));
    const std::size_t room = std::min(unpacked.size() - produced, largest_file_bytes);
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data() + produced);
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    produced += room - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK) throw std::bad_alloc();
      continue;
    }
    if (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0)) continue;
    if (status == Z_OK || status == Z_BUF_ERROR) {
      throw Error("file.truncated_gzip", "the gzip file ends too early: fetch or write it again", place);
    }
    throw Error("file.damaged_gzip", "the gzip file is damaged: fetch or write it again", place);
  }
  if (produced > most_bytes) too_large(place, most_bytes);
  unpacked.resize(produced);
  return unpacked;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  constexpr int gzip_window_bits = 15 + 16;
  constexpr int default_memory_level = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, default_memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string read_file(const fs::path& path) {
  std::error_code fault;
  if (!fs::exists(path, fault)) {
    throw Error("file.missing", "there is no such file: check the path", path.string());
  }
  if (fs::is_directory(path, fault)) {
    throw Error("file.unreadable", "this is a folder: name a file in it", path.string());
  }
  std::string bytes = read_bytes(path);
  const bool is_gzip = bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
  return is_gzip ? gunzip(bytes, path.string()) : bytes;
}

void write_file(const fs::path& path, std::string_view bytes) {
  make_folder(path.parent_path());
  TemporaryFile file(path);
  file.write(bytes);
  file.commit();
}

void require_writable_folder(const fs::path& folder) {
  make_folder(folder);
  TemporaryFile probe(folder / "write-check");
  probe.write("x");
}

}  // namespace stevie
