#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace stevie {

/// 4 GiB less one byte: what read_file() takes at most, packed and unpacked.
inline constexpr std::size_t largest_file_bytes = 0xffff'ffff;

/// The whole file; a gzip file (recognised by its first two bytes) comes back unpacked.
/// Throws Error "file.missing", "file.unreadable", "file.too_large", "file.truncated_gzip" or
/// "file.damaged_gzip", each with the path as its place.
std::string read_file(const std::filesystem::path& path);

/// Unpacks gzip bytes (several members in a row are allowed). `place` names them in errors. A few packed
/// bytes can stand for any number of unpacked ones: more than `most_bytes` are refused ("file.too_large").
std::string gunzip(std::string_view packed, const std::string& place,
                   std::size_t most_bytes = largest_file_bytes);

/// Packs bytes as one gzip member.
std::string gzip(std::string_view bytes);

/// Writes the whole file under a temporary name beside it, flushes it to the disk and renames it, so that a
/// reader sees the old file or the new one and never a part. Makes missing parent folders. Throws Error
/// "file.unwritable" (read-only, full, ...); the temporary file is then removed and an existing file is
/// untouched.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes the folder, with parents, and checks that a file can be created in it, so that a run of hours does
/// not find out at its end. Throws Error "file.unwritable".
void require_writable_folder(const std::filesystem::path& folder);

}  // namespace stevie
