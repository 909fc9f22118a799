/// The document that the server makes of its table of routes against the specification's own schema.
#include <gtest/gtest.h>

#include "api/router.h"
#include "api/routes.h"
#include "core/file.h"
#include "peers/peer.h"

namespace stevie::api {
namespace {

TEST(OpenApiPeer, TheDocumentIsSound) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  Services services;
  const Router router({.table = make_routes(services)});
  const peers::TemporaryFolder folder;
  write_file(folder / "openapi.json", router.openapi());
  EXPECT_EQ(peers::run("openapi_document.py", "'" + (folder / "openapi.json").string() + "'"), "sound\n");
}

}  // namespace
}  // namespace stevie::api
