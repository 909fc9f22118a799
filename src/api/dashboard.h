#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/assets.h"
#include "api/embedded_dashboard.h"

namespace stevie::api {

inline constexpr std::string_view dashboard_path = "/dashboard/stevie-training";

/// The dashboard: a page with routes of its own, served from the binary.
///
/// Files of the build are answered as they are; those below assets/ have their content's hash in the name and
/// may be kept for a year. Any other path below dashboard_path is a route of the page, whose answer is
/// index.html: with a nonce of its own in page and Content-Security-Policy, so never kept. "/" and
/// "/dashboard" lead there. Nothing is looked up in a file system.
class Dashboard {
 public:
  /// `files` must outlive it. Without an index.html a plain page says how to build the dashboard.
  explicit Dashboard(std::span<const EmbeddedFile> files);

  /// The answer to a GET; nothing where the path is none of the dashboard's. `path`: as in the request,
  /// without the query. The other two: the headers' values, or empty.
  std::optional<Response> answer(std::string_view path, std::string_view accept_encoding,
                                 std::string_view if_none_match) const;

 private:
  Response index() const;

  std::vector<Asset> assets_;
  std::unordered_map<std::string_view, const Asset*> by_path_;
  std::string index_;  // with the place of the nonce in it
};

}  // namespace stevie::api
