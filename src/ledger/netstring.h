#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

namespace stevie::ledger {

/// The fields one after the other as netstrings (D. J. Bernstein 1997): "LENGTH:BYTES,". No two lists of
/// fields give the same bytes, which is why hashes and signatures cover this form.
inline std::string netstrings(std::initializer_list<std::string_view> fields) {
  std::string bytes;
  for (const std::string_view field : fields) {
    bytes.append(std::to_string(field.size())).append(":").append(field).append(",");
  }
  return bytes;
}

}  // namespace stevie::ledger
