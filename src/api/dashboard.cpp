#include "api/dashboard.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace stevie::api {
namespace {

constexpr std::string_view nonce_place = "__CSP_NONCE__";
constexpr std::size_t nonce_bytes = 18;

constexpr std::string_view unbuilt_page =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>Stevie</title>"
    "<link rel=\"stylesheet\" href=\"/api/docs/page.css\"></head><body><h1>The dashboard is not in this "
    "program</h1>\n<p>Its packages could not be fetched when the program was built. Install npm, see that "
    "its "
    "registry can be reached, remove the folder <code>build/release/src/api/dashboard</code> and build "
    "again: "
    "<code>./dev build</code>.</p>\n<p>Everything else works: <a href=\"/api/docs\">the API</a>, "
    "<code>stevie live</code>, <code>stevie sessions</code>, <code>stevie params</code>.</p></body></html>\n";

std::string_view content_type(std::string_view path) {
  struct Ending {
    std::string_view text, type;
  };
  static constexpr std::array<Ending, 8> endings{{{".html", "text/html; charset=utf-8"},
                                                  {".js", "text/javascript; charset=utf-8"},
                                                  {".css", "text/css; charset=utf-8"},
                                                  {".svg", "image/svg+xml"},
                                                  {".png", "image/png"},
                                                  {".woff2", "font/woff2"},
                                                  {".json", "application/json"},
                                                  {".txt", "text/plain; charset=utf-8"}}};
  const auto found = std::find_if(endings.begin(), endings.end(),
                                  [path](const Ending& ending) { return path.ends_with(ending.text); });
  return found == endings.end() ? "application/octet-stream" : found->type;
}

/// A route of the page is made of plain segments; anything else is no address that a person was given.
bool is_plain(std::string_view route) {
  constexpr std::string_view marks = "-._~@:%+,=/";
  return route.find("//") == std::string_view::npos && route.find("/.") == std::string_view::npos &&
         std::all_of(route.begin(), route.end(), [marks](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  marks.find(c) != std::string_view::npos;
         });
}

std::string make_nonce() {
  std::array<unsigned char, nonce_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw Error("api.internal", "the system gives no random bytes");
  }
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// Scripts of this server only. Styles of this server, and those that scripts make with the nonce of the
/// page.
std::string page_policy(std::string_view nonce) {
  return fmt::format(
      "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{}'; img-src 'self' data: blob:; "
      "font-src 'self'; connect-src 'self'; frame-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; "
      "form-action 'none'",
      nonce);
}

}  // namespace

Dashboard::Dashboard(std::span<const EmbeddedFile> files) {
  assets_.reserve(files.size());
  for (const EmbeddedFile& file : files) {
    if (file.path == "index.html") {
      index_ = decompressed(file.gzip);
      continue;
    }
    assets_.push_back(make_asset(fmt::format("{}/{}", dashboard_path, file.path),
                                 std::string(content_type(file.path)), file.gzip));
    assets_.back().immutable = file.path.starts_with("assets/");
  }
  for (const Asset& asset : assets_) by_path_[asset.path] = &asset;
}

std::optional<Response> Dashboard::answer(std::string_view path, std::string_view accept_encoding,
                                          std::string_view if_none_match) const {
  if (path == "/" || path == "/dashboard" || path == "/dashboard/") {
    return Response{.status = 302, .headers = {{"Location", fmt::format("{}/", dashboard_path)}}};
  }
  if (const auto asset = by_path_.find(path); asset != by_path_.end()) {
    return answer_asset(*asset->second, accept_encoding, if_none_match);
  }
  if (!path.starts_with(dashboard_path)) return std::nullopt;
  const std::string_view route = path.substr(dashboard_path.size());
  const bool is_below = route.empty() || route.front() == '/';
  if (!is_below || route.starts_with("/assets/") || !is_plain(route)) return std::nullopt;
  return index();
}

Response Dashboard::index() const {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  if (index_.empty()) {
    response.body = unbuilt_page;
    response.headers = {{"Content-Security-Policy", std::string(default_policy)}};
    return response;
  }
  const std::string nonce = make_nonce();
  response.body = index_;
  for (std::size_t at = response.body.find(nonce_place); at != std::string::npos;
       at = response.body.find(nonce_place, at)) {
    response.body.replace(at, nonce_place.size(), nonce);
  }
  response.headers = {{"Cache-Control", "no-store"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Content-Security-Policy", page_policy(nonce)}};
  return response;
}

}  // namespace stevie::api
