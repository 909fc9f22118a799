#include "core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"

namespace stevie {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void unwritable(const fs::path& path, int error_number) {
  throw Error("file.unwritable",
              fmt::format("cannot write here ({}): choose another place or free this one",
                          std::strerror(error_number)),
              path.string());
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

std::string gunzip(std::string_view packed, const std::string& place) {
  z_stream stream{};
  constexpr int gzip_window_bits = 15 + 16;
  if (inflateInit2(&stream, gzip_window_bits) != Z_OK) throw std::bad_alloc();
  struct Closer {
    z_stream* stream;
    ~Closer() { inflateEnd(stream); }
  } closer{&stream};

  std::string unpacked;
  unpacked.resize(std::max<std::size_t>(packed.size() * 4, 1 << 16));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t produced = 0;
  while (true) {
    if (produced == unpacked.size()) unpacked.resize(unpacked.size() * 2);
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data() + produced);
    stream.avail_out = static_cast<uInt>(unpacked.size() - produced);
    const int status = inflate(&stream, Z_NO_FLUSH);
    produced = unpacked.size() - stream.avail_out;
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
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw Error("file.unreadable", fmt::format("cannot read the file ({})", std::strerror(errno)),
                path.string());
  }
  std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
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
