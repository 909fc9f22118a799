#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace stevie::notify {

/// Makes the folder, for its owner alone, where it is missing. Throws Error "notify.unwritable".
void make_private_folder(const std::filesystem::path& folder);

/// Writes the whole file so that nobody but its owner can read it, at no moment, under a temporary name that
/// is then renamed; makes the folder, with the same right, where it is missing. Throws Error
/// "notify.unwritable".
void write_private_file(const std::filesystem::path& path, std::string_view bytes);

/// The whole file, at most `most_bytes`; absent where there is none. Throws Error "notify.unreadable", and
/// "notify.readable_by_others" where anybody but its owner could read or write it.
std::optional<std::string> read_private_file(const std::filesystem::path& path, std::size_t most_bytes);

/// What tells one state of a file from another: inode, size and time of change. Empty where there is none.
std::string file_stamp(const std::filesystem::path& path);

}  // namespace stevie::notify
