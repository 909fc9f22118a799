#pragma once
#include <span>
#include <string_view>

namespace stevie::api {

/// A file of the dashboard, compressed with gzip.
struct EmbeddedFile {
  std::string_view path;  // "index.html", "assets/index-DbB0yGb.js"
  std::string_view gzip;
};

/// What cmake/BuildDashboard.cmake put into the program; nothing where npm was out of reach.
std::span<const EmbeddedFile> dashboard_files();

}  // namespace stevie::api
