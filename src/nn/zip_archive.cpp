#include "nn/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>
#include <new>

#include "core/error.h"

namespace stevie::nn {
namespace {

constexpr const char* too_large =
    "the file unpacks to more than a model can be: it is damaged or not a model";

struct SourceCloser {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
struct ArchiveCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct FileCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Source = std::unique_ptr<zip_source_t, SourceCloser>;
using Archive = std::unique_ptr<zip_t, ArchiveCloser>;
using File = std::unique_ptr<zip_file_t, FileCloser>;

[[noreturn]] void unreadable(const std::string& what, const std::string& place) {
  throw Error("model.unreadable", what, place);
}

/// Writing into memory fails only where memory does.
void require(bool worked) {
  if (!worked) throw std::bad_alloc();
}

Source memory_source(const void* bytes, std::size_t size) {
  Source source(zip_source_buffer_create(bytes, size, 0, nullptr));
  require(source != nullptr);
  return source;
}

void add_member(zip_t* archive, const ZipMember& member) {
  // 1980-01-01 00:00, the earliest time a zip can tell, in the packed form of MS-DOS.
  constexpr zip_uint16_t dos_time = 0;
  constexpr zip_uint16_t dos_date = (1 << 5) | 1;
  zip_source_t* source = zip_source_buffer(archive, member.bytes.data(), member.bytes.size(), 0);
  require(source != nullptr);
  const zip_int64_t index = zip_file_add(archive, member.name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) zip_source_free(source);
  require(index >= 0);
  const auto position = static_cast<zip_uint64_t>(index);
  require(zip_set_file_compression(archive, position, ZIP_CM_STORE, 0) == 0);
  require(zip_file_set_dostime(archive, position, dos_time, dos_date, 0) == 0);
}

std::string source_bytes(zip_source_t* source) {
  require(zip_source_open(source) == 0);
  require(zip_source_seek(source, 0, SEEK_END) == 0);
  const zip_int64_t size = zip_source_tell(source);
  require(size >= 0 && zip_source_seek(source, 0, SEEK_SET) == 0);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  require(zip_source_read(source, bytes.data(), bytes.size()) == size);
  zip_source_close(source);
  return bytes;
}

std::string read_member(zip_t* archive, zip_uint64_t index, const std::string& place,
                        std::size_t limit_bytes) {
  const File file(zip_fopen_index(archive, index, 0));
  if (!file) {
    unreadable(fmt::format("this part of the file cannot be opened ({}): write or fetch it again",
                           zip_strerror(archive)),
               place);
  }
  zip_stat_t declared;
  zip_stat_init(&declared);
  zip_stat_index(archive, index, 0, &declared);
  // The declared size is only a hint: it may be absent, or a lie.
  const std::size_t chunk_bytes = std::min<std::size_t>(declared.size + 1, 1 << 20);
  std::string bytes;
  while (true) {
    const std::size_t filled = bytes.size();
    bytes.resize(filled + std::min(chunk_bytes, limit_bytes - filled + 1));
    const zip_int64_t count = zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0) unreadable("this part of the file is damaged: write or fetch it again", place);
    bytes.resize(filled + static_cast<std::size_t>(count));
    if (bytes.size() > limit_bytes) {
      unreadable(too_large, place);
    }
    if (count == 0) return bytes;
  }
}

/// A zip that says itself that it is too large is refused before anything is unpacked.
void require_declared_sizes(zip_t* archive, zip_int64_t count, const std::string& place,
                            std::size_t limit_bytes) {
  for (zip_int64_t index = 0; index < count; ++index) {
    zip_stat_t declared;
    zip_stat_init(&declared);
    if (zip_stat_index(archive, static_cast<zip_uint64_t>(index), 0, &declared) != 0) continue;
    if ((declared.valid & ZIP_STAT_SIZE) == 0) continue;
    if (declared.size > limit_bytes) unreadable(too_large, place);
    limit_bytes -= static_cast<std::size_t>(declared.size);
  }
}

}  // namespace

std::string zip_members(const std::vector<ZipMember>& members) {
  const Source source = memory_source(nullptr, 0);
  Archive archive(zip_open_from_source(source.get(), ZIP_CREATE | ZIP_TRUNCATE, nullptr));
  require(archive != nullptr);
  zip_source_keep(source.get());  // the archive gives up one hold when it closes, `source` has the other
  for (const ZipMember& member : members) add_member(archive.get(), member);
  require(zip_close(archive.get()) == 0);
  archive.release();
  return source_bytes(source.get());
}

std::map<std::string, std::string> unzip_members(std::string_view bytes, const std::string& place,
                                                 std::size_t limit_bytes) {
  Source source = memory_source(bytes.data(), bytes.size());
  const Archive archive(zip_open_from_source(source.get(), ZIP_RDONLY, nullptr));
  if (!archive) unreadable("this is not a whole zip file: write or fetch it again", place);
  source.release();  // the archive owns it now

  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  require_declared_sizes(archive.get(), count, place, limit_bytes);
  std::map<std::string, std::string> members;
  for (zip_int64_t index = 0; index < count; ++index) {
    const auto position = static_cast<zip_uint64_t>(index);
    const char* stored_name = zip_get_name(archive.get(), position, ZIP_FL_ENC_GUESS);
    if (stored_name == nullptr) unreadable("a part of the file has no readable name", place);
    const std::string name = stored_name;
    if (name.empty() || name.back() == '/') continue;
    const std::string member_place = place + ":" + name;
    if (members.contains(name))
      unreadable("this part is in the file twice: write or fetch it again", member_place);
    std::string unpacked = read_member(archive.get(), position, member_place, limit_bytes);
    limit_bytes -= unpacked.size();
    members.emplace(name, std::move(unpacked));
  }
  return members;
}

}  // namespace stevie::nn
