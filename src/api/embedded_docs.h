#pragma once
#include <string_view>

namespace stevie::api {

/// Files that the build put into the program, each compressed with gzip (src/api/CMakeLists.txt).
std::string_view swagger_script();  // Swagger UI, Apache-2.0; empty where it could not be fetched
std::string_view swagger_style();   // the same
std::string_view docs_page();       // web/docs/index.html
std::string_view docs_start();      // web/docs/start.js

}  // namespace stevie::api
