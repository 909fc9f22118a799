#pragma once
#include <string>
#include <string_view>

struct sockaddr;

namespace stevie::notify {

/// Why no message may go to this address: "a loopback address". Empty for one of the public internet.
/// IPv6 addresses that stand for an IPv4 address (mapped, NAT64, 6to4) are judged by that.
std::string refused_address(const sockaddr* address);
/// Of an address as text, "127.0.0.1" or "::1"; "no address" where it is none.
std::string refused_address(const std::string& text);

/// What is wrong with a URL as the address of a webhook: no http or https, a user or password in it, no
/// host, characters that no URL has. Empty: nothing. Whether its host may be reached is seen when it is.
std::string url_fault(const std::string& url);
/// "https://hooks.example.com:8443" of such a URL.
std::string url_origin(const std::string& url);

}  // namespace stevie::notify
