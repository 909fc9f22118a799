#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie::notify {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) in hex.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Value of the header Stevie-Signature: "t=1700000000,v1=<hex>", where v1 is the HMAC-SHA256 of "<t>.<body>"
/// under the channel's secret and t the time of sending in seconds since 1970.
std::string signature_header(std::string_view secret, TimeMs now, std::string_view body);

/// Random hex digits, two for each byte, from the system's generator.
std::string random_hex(std::size_t bytes);

}  // namespace stevie::notify
