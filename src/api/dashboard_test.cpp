#include "api/dashboard.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "api/router.h"

namespace stevie::api {
namespace {

std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

/// A dashboard of three files.
class DashboardTest : public ::testing::Test {
 protected:
  DashboardTest() : dashboard(files) {}

  /// The answer; status 404 where the path is none of the dashboard's.
  Response ask(const std::string& path, const std::string& encoding = {},
               const std::string& match = {}) const {
    return dashboard.answer(path, encoding, match).value_or(Response{.status = 404});
  }

  const std::string index =
      compressed(R"(<html><meta nonce="__CSP_NONCE__"><script src="/x.js"></script></html>)");
  const std::string script = compressed("export const answer = 42;");
  const std::string theme = compressed("document.title = 'Stevie';");
  const std::vector<EmbeddedFile> files{
      {"index.html", index}, {"assets/index-4f9a.js", script}, {"theme.js", theme}};
  const Dashboard dashboard;
};

TEST_F(DashboardTest, IsWhereThePlainAddressesLead) {
  for (const char* target : {"/", "/dashboard", "/dashboard/"}) {
    const Response response = ask(target);
    EXPECT_EQ(response.status, 302) << target;
    EXPECT_EQ(header_of(response, "Location"), "/dashboard/stevie-training/") << target;
  }
}

TEST_F(DashboardTest, EveryRouteOfThePageIsItsIndexWithANonceOfItsOwn) {
  std::set<std::string> nonces;
  for (const char* target :
       {"/dashboard/stevie-training", "/dashboard/stevie-training/", "/dashboard/stevie-training/live",
        "/dashboard/stevie-training/history/12", "/dashboard/stevie-training/parameters/BTC%2FUSDT"}) {
    const Response page = ask(target, "gzip");
    ASSERT_EQ(page.status, 200) << target;
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(header_of(page, "Cache-Control"), "no-store") << "a nonce that is kept is none";
    EXPECT_EQ(header_of(page, "ETag"), "");
    const std::size_t at = page.body.find("nonce=\"") + 7;
    const std::string nonce = page.body.substr(at, page.body.find('"', at) - at);
    EXPECT_GE(nonce.size(), 32u);
    EXPECT_TRUE(nonces.insert(nonce).second) << "given twice";
    const std::string policy = header_of(page, "Content-Security-Policy");
    EXPECT_NE(policy.find("style-src 'self' 'nonce-" + nonce + "'"), std::string::npos) << policy;
    EXPECT_NE(policy.find("script-src 'self';"), std::string::npos) << policy;
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << "no other host: " << policy;
  }
}

TEST_F(DashboardTest, FilesAreCompressedAndKeptByTheirHash) {
  const std::string target = "/dashboard/stevie-training/assets/index-4f9a.js";
  const Response packed = ask(target, "br, gzip");
  EXPECT_EQ(packed.status, 200);
  EXPECT_EQ(packed.content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(header_of(packed, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(decompressed(packed.body), "export const answer = 42;");
  EXPECT_EQ(ask(target).body, "export const answer = 42;") << "for those who cannot unpack";
  const std::string etag = header_of(packed, "ETag");
  EXPECT_EQ(ask(target, "", etag).status, 304);
  EXPECT_EQ(ask(target, "", "\"another\"").status, 200);
  EXPECT_EQ(header_of(ask("/dashboard/stevie-training/theme.js"), "Cache-Control"), "no-cache")
      << "its name stays where its content changes";
}

TEST_F(DashboardTest, WhatIsNotThereIsNotThere) {
  for (const char* target :
       {"/dashboard/stevie-training/assets/index-0000.js", "/dashboard/stevie-training/assets/",
        "/dashboard/other", "/dashboard/stevie-trainingx", "/index.html", "/assets/index-4f9a.js", ""}) {
    EXPECT_FALSE(dashboard.answer(target, "", "")) << target;
  }
}

TEST_F(DashboardTest, HostilePathsLeadNowhere) {
  for (const char* target :
       {"/dashboard/stevie-training/../../etc/passwd", "/dashboard/stevie-training/x/..",
        "/dashboard/stevie-training//evil.example", "//evil.example/dashboard/stevie-training",
        "/dashboard/stevie-training/.git/config", "/dashboard/stevie-training/<script>alert(1)</script>",
        "/dashboard/stevie-training/\"onload=x", "/dashboard/stevie-training/a\\b",
        "/dashboard/stevie-training/\x01", "/dashboard/stevie-training/\xff",
        "/dashboard/stevie-training/assets/../theme.js"}) {
    EXPECT_FALSE(dashboard.answer(target, "", "")) << target;
  }
  // Encoded, it is a route of the page like any other: nothing of it comes back.
  const Response page = ask("/dashboard/stevie-training/%2e%2e/%3Cscript%3E");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, ask("/dashboard/stevie-training/")
                           .body.replace(page.body.find("nonce=\"") + 7, 36,
                                         page.body.substr(page.body.find("nonce=\"") + 7, 36)));
}

TEST(DashboardWithoutFiles, SaysHowToBuildIt) {
  const Dashboard dashboard({});
  const std::optional<Response> page = dashboard.answer("/dashboard/stevie-training/live", "", "");
  ASSERT_TRUE(page);
  EXPECT_NE(page->body.find("npm"), std::string::npos);
  EXPECT_EQ(header_of(*page, "Content-Security-Policy").find("unsafe"), std::string::npos);
}

/// What the build put into this program, behind the router.
class EmbeddedDashboard : public ::testing::Test {
 protected:
  Response ask(const std::string& target, const std::string& method = "GET") const {
    return router.answer({.method = method, .target = target});
  }
  const Router router{{}};
};

TEST_F(EmbeddedDashboard, IsBehindTheRoutes) {
  EXPECT_EQ(ask("/?x=1").status, 302);
  EXPECT_EQ(ask("/dashboard/stevie-training/history?kind=live.fill").status, 200);
  EXPECT_EQ(ask("/health/live").content_type, "application/json");
  const Response missing = ask("/dashboard/stevie-training/assets/none.js");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.content_type, "application/problem+json");
}

TEST_F(EmbeddedDashboard, OnlyReads) {
  EXPECT_EQ(ask("/dashboard/stevie-training/live", "POST").status, 405);
  EXPECT_EQ(ask("/", "DELETE").status, 405);
  EXPECT_EQ(ask("/dashboard/stevie-training/live", "HEAD").status, 200);
  EXPECT_EQ(header_of(ask("/dashboard/stevie-training/live", "OPTIONS"), "Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(EmbeddedDashboard, LoadsOnlyWhatIsEmbedded) {
  if (dashboard_files().empty()) GTEST_SKIP() << "npm was out of reach when this was built";
  const std::string page = ask("/dashboard/stevie-training/").body;
  std::size_t loaded = 0;
  for (const std::string mark : {"src=\"", "href=\""}) {
    for (std::size_t at = page.find(mark); at != std::string::npos; at = page.find(mark, at + 1)) {
      const std::size_t begin = at + mark.size();
      const std::string target = page.substr(begin, page.find('"', begin) - begin);
      EXPECT_EQ(target.front(), '/') << "no other host: " << target;
      EXPECT_EQ(ask(target).status, 200) << target;
      ++loaded;
    }
  }
  EXPECT_GE(loaded, 3u);
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find("<script>"), std::string::npos) << "no inline script";
}

}  // namespace
}  // namespace stevie::api
