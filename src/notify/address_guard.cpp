#include "notify/address_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>

namespace stevie::notify {
namespace {

using Bytes4 = std::array<unsigned char, 4>;
using Bytes16 = std::array<unsigned char, 16>;

struct Block4 {
  Bytes4 first;
  int bits;
  const char* what;
};
/// IANA's special-purpose registry of IPv4.
constexpr std::array blocks4{
    Block4{{0, 0, 0, 0}, 8, "an address of this network"},
    Block4{{10, 0, 0, 0}, 8, "a private address"},
    Block4{{100, 64, 0, 0}, 10, "an address that providers share"},
    Block4{{127, 0, 0, 0}, 8, "a loopback address"},
    Block4{{169, 254, 0, 0}, 16, "a link-local address"},
    Block4{{172, 16, 0, 0}, 12, "a private address"},
    Block4{{192, 0, 0, 0}, 24, "an address for protocols"},
    Block4{{192, 0, 2, 0}, 24, "an address for documentation"},
    Block4{{192, 88, 99, 0}, 24, "an address of a relay"},
    Block4{{192, 168, 0, 0}, 16, "a private address"},
    Block4{{198, 18, 0, 0}, 15, "an address for benchmarks"},
    Block4{{198, 51, 100, 0}, 24, "an address for documentation"},
    Block4{{203, 0, 113, 0}, 24, "an address for documentation"},
    Block4{{224, 0, 0, 0}, 4, "a multicast address"},
    Block4{{240, 0, 0, 0}, 4, "a reserved address"},
};

bool has_prefix(std::span<const unsigned char> address, std::span<const unsigned char> prefix, int bits) {
  constexpr int byte_bits = 8;
  const auto whole = static_cast<std::size_t>(bits / byte_bits);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole), address.begin()))
    return false;
  const int rest = bits % byte_bits;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFFU << static_cast<unsigned>(byte_bits - rest));
  return (address[whole] & mask) == (prefix[whole] & mask);
}

std::string refused4(const Bytes4& address) {
  for (const Block4& block : blocks4) {
    if (has_prefix(address, block.first, block.bits)) return block.what;
  }
  return {};
}

Bytes4 four(const Bytes16& address, std::size_t from) {
  return {address[from], address[from + 1], address[from + 2], address[from + 3]};
}

std::string refused6(const Bytes16& address) {
  constexpr Bytes16 none{};
  constexpr Bytes16 loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (address == none) return "an address of this network";
  if (address == loopback) return "a loopback address";
  constexpr Bytes16 mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (has_prefix(address, mapped, 96)) return refused4(four(address, 12));
  constexpr Bytes16 nat64{0x00, 0x64, 0xFF, 0x9B};
  if (has_prefix(address, nat64, 96)) return refused4(four(address, 12));
  constexpr Bytes16 six_to_four{0x20, 0x02};
  if (has_prefix(address, six_to_four, 16)) return refused4(four(address, 2));
  constexpr Bytes16 documentation{0x20, 0x01, 0x0D, 0xB8};
  if (has_prefix(address, documentation, 32)) return "an address for documentation";
  constexpr Bytes16 protocols{0x20, 0x01};
  if (has_prefix(address, protocols, 23)) return "an address for protocols";  // Teredo too
  constexpr Bytes16 global{0x20};
  if (has_prefix(address, global, 3)) return {};
  constexpr Bytes16 link_local{0xFE, 0x80};
  if (has_prefix(address, link_local, 10)) return "a link-local address";
  constexpr Bytes16 unique_local{0xFC};
  if (has_prefix(address, unique_local, 7)) return "a private address";
  constexpr Bytes16 multicast{0xFF};
  if (has_prefix(address, multicast, 8)) return "a multicast address";
  return "a reserved address";
}

struct UrlPart {
  char* text = nullptr;
  UrlPart(CURLU* url, CURLUPart part) { curl_url_get(url, part, &text, 0); }
  ~UrlPart() { curl_free(text); }
  UrlPart(const UrlPart&) = delete;
  UrlPart& operator=(const UrlPart&) = delete;
  std::string string() const { return text == nullptr ? std::string() : std::string(text); }
};

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url parse(const std::string& text) {
  Url url(curl_url(), &curl_url_cleanup);
  if (url != nullptr && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != 0)
    url.reset();
  return url;
}

}  // namespace

std::string refused_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    Bytes4 bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, bytes.size());
    return refused4(bytes);
  }
  if (address->sa_family == AF_INET6) {
    Bytes16 bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
    return refused6(bytes);
  }
  return "no address of the internet";
}

std::string refused_address(const std::string& text) {
  Bytes4 four_bytes{};
  if (inet_pton(AF_INET, text.c_str(), four_bytes.data()) == 1) return refused4(four_bytes);
  Bytes16 bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return refused6(bytes);
  return "no address";
}

std::string url_fault(const std::string& text) {
  constexpr std::size_t most_bytes = 2000;
  if (text.empty()) return "a webhook needs a url";
  if (text.size() > most_bytes) return "the url is longer than 2000 bytes";
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::ranges::any_of(text, is_odd)) return "the url holds a space or a control character";
  if (!text.starts_with("http://") && !text.starts_with("https://"))
    return "the url must begin with https:// or http://";
  const Url url = parse(text);
  if (url == nullptr) return "the url cannot be read";
  if (UrlPart(url.get(), CURLUPART_HOST).string().empty()) return "the url names no host";
  if (UrlPart(url.get(), CURLUPART_USER).text != nullptr ||
      UrlPart(url.get(), CURLUPART_PASSWORD).text != nullptr)
    return "the url holds a user or a password: the secret signs the messages instead";
  return {};
}

std::string url_origin(const std::string& text) {
  const Url url = parse(text);
  if (url == nullptr) return {};
  const std::string port = UrlPart(url.get(), CURLUPART_PORT).string();
  return UrlPart(url.get(), CURLUPART_SCHEME).string() + "://" + UrlPart(url.get(), CURLUPART_HOST).string() +
         (port.empty() ? "" : ":" + port);
}

}  // namespace stevie::notify
