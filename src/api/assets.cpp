#include "api/assets.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "api/embedded_docs.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "core/error.h"
#include "core/markup.h"

namespace stevie::api {
namespace {

constexpr int gzip_window = 15 + 16;  // 32 KiB, with gzip's header

constexpr const char* page_style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:0 .2em}table{border-collapse:collapse}td,th{text-align:left;"
    "vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}";

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>{0}</title>"
      "<link rel=\"stylesheet\" href=\"/api/docs/page.css\"></head><body><h1>{0}</h1>\n{1}</body></html>\n",
      title, body);
}

std::string errors_page() {
  std::string rows;
  for (const ErrorInfo& entry : error_table()) {
    rows += fmt::format("<tr id=\"{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td><td>{3}</td></tr>\n",
                        markup_escaped(entry.code), entry.status, markup_escaped(entry.title),
                        markup_escaped(entry.what_to_do));
  }
  return page(
      "Error codes",
      fmt::format("<p>Faults are <code>application/problem+json</code>; programs read <code>code</code>. "
                  "A code that is not listed is answered as its folder's <code>*</code>.</p>"
                  "<table><tr><th>code</th><th>status</th><th>meaning</th><th>what to do</th></tr>\n"
                  "{}</table>\n",
                  rows));
}

std::string routes_page(const std::vector<Route>& routes) {
  std::string rows;
  for (const Route& route : routes) {
    rows +=
        fmt::format("<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                    to_string(route.method), markup_escaped(route.path),
                    route.role ? accounts::to_string(*route.role) : "anybody", markup_escaped(route.summary));
  }
  return page(
      "Routes",
      fmt::format("<p>Everything about them is in <a href=\"/api/openapi.json\">/api/openapi.json</a> "
                  "(OpenAPI 3.1); <a href=\"/api/docs/errors\">error codes</a>.</p>"
                  "<table><tr><th></th><th>path</th><th>least role</th><th></th></tr>\n{}</table>\n",
                  rows));
}

}  // namespace

std::string compressed(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error("api.bad_asset", "there is no memory to compress with");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error("api.bad_asset", "a page could not be compressed");
  return out;
}

std::string decompressed(std::string_view gzip) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) throw Error("api.bad_asset", "there is no memory");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string out;
  char piece[16 << 10];
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
    if (result == Z_OK && stream.avail_in == 0 && stream.avail_out != 0) break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error("api.bad_asset", "these bytes are no gzip");
  return out;
}

Asset make_asset(std::string path, std::string content_type, std::string_view gzip) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(gzip.data(), gzip.size(), digest, &size, EVP_sha256(), nullptr);
  std::string etag = "\"";
  for (unsigned i = 0; i < 12 && i < size; ++i) etag += fmt::format("{:02x}", digest[i]);
  etag += '"';
  return {std::move(path), std::move(content_type), gzip, std::move(etag)};
}

Response answer_asset(const Asset& asset, std::string_view accept_encoding, std::string_view if_none_match) {
  Response response;
  response.content_type = asset.content_type;
  response.headers = {
      {"ETag", asset.etag},
      {"Vary", "Accept-Encoding"},
      {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", asset.policy.empty() ? std::string(default_policy) : asset.policy}};
  if (if_none_match == "*" || if_none_match.find(asset.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  if (accept_encoding.find("gzip") != std::string_view::npos) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset.gzip;
  } else {
    response.body = decompressed(asset.gzip);
  }
  return response;
}

DocumentationAssets documentation_assets(const std::vector<Route>& routes) {
  DocumentationAssets out;
  const auto add = [&](std::string path, std::string type, std::string_view text) {
    out.storage.push_back(std::make_unique<std::string>(compressed(text)));
    out.assets.push_back(make_asset(std::move(path), std::move(type), *out.storage.back()));
  };
  const std::string html = "text/html; charset=utf-8";
  add("/api/docs/page.css", "text/css; charset=utf-8", page_style);
  add("/api/docs/errors", html, errors_page());
  add("/api/docs/routes", html, routes_page(routes));
  if (swagger_script().empty() || swagger_style().empty()) {
    add("/api/docs", html, routes_page(routes));
    return out;
  }
  const auto embed = [&](std::string path, std::string type, std::string_view gzip) {
    out.assets.push_back(make_asset(std::move(path), std::move(type), gzip));
  };
  embed("/api/docs", html, docs_page());
  // Swagger UI writes styles into elements; scripts are files of ours only.
  out.assets.back().policy =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
      "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
  embed("/api/docs/start.js", "text/javascript; charset=utf-8", docs_start());
  embed("/api/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8", swagger_script());
  embed("/api/docs/swagger-ui.css", "text/css; charset=utf-8", swagger_style());
  return out;
}

}  // namespace stevie::api
