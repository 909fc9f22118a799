#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/route.h"

namespace stevie::api {

/// A file of the front end, served from the binary.
struct Asset {
  std::string path;          // "/api/docs/swagger-ui.css"
  std::string content_type;  // "text/css; charset=utf-8"
  std::string_view gzip;     // its bytes, compressed; must outlive the server
  std::string etag;          // with its quotes
  std::string policy = {};   // Content-Security-Policy; empty: default_policy
  bool immutable = false;    // its name changes with its content: browsers may keep it for a year
};

/// Scripts, styles, images and requests of this server only; no frames, no inline scripts.
inline constexpr std::string_view default_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// An asset of these bytes, with the ETag of their SHA-256.
Asset make_asset(std::string path, std::string content_type, std::string_view gzip);

/// gzip of a text, and back. Throws Error "api.bad_asset".
std::string compressed(std::string_view text);
std::string decompressed(std::string_view gzip);

/// The answer to a GET. `accept_encoding`, `if_none_match`: the headers' values, or empty.
Response answer_asset(const Asset& asset, std::string_view accept_encoding, std::string_view if_none_match);

/// The browsable documentation: /api/docs and what it loads, /api/docs/errors. `routes`: for a build without
/// Swagger UI, whose page is a plain list. The returned storage must outlive the assets.
struct DocumentationAssets {
  std::vector<Asset> assets;
  std::vector<std::unique_ptr<std::string>> storage;
};
DocumentationAssets documentation_assets(const std::vector<Route>& routes);

}  // namespace stevie::api
