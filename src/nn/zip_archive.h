#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stevie::nn {

struct ZipMember {
  std::string name;
  std::string bytes;
};

/// A zip of these members in this order, without compression and with fixed time stamps: the same members
/// give the same bytes.
std::string zip_members(const std::vector<ZipMember>& members);

/// Every member of the zip by its name; folders are left out. `place` names the zip in errors.
/// Throws Error "model.unreadable" where this is no zip, a member is damaged, encrypted, cut off or named
/// twice, or all members together unpack to more than `limit_bytes` (memory is never taken on the word of a
/// header).
std::map<std::string, std::string> unzip_members(std::string_view bytes, const std::string& place,
                                                 std::size_t limit_bytes);

}  // namespace stevie::nn
