#pragma once
#include <string_view>

namespace stevie::evaluation {

/// Files that the build put into the program (src/evaluation/CMakeLists.txt).
std::string_view
chart_library();  // TradingView Lightweight Charts, Apache-2.0; empty where it could not be fetched
std::string_view report_script();  // web/report/report.js
std::string_view report_style();   // web/report/report.css

}  // namespace stevie::evaluation
