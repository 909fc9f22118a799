#pragma once
#include <string>

#include "app/optimize.h"

namespace stevie::app {

/// For a terminal: the search, the gate's checks, the parameters before and after, the verdict last.
std::string render_text(const OptimizeReport& report);

/// One JSON object, described in docs/optimize.md. The same session gives the same bytes but for the member
/// "clock".
std::string render_json(const OptimizeReport& report);

/// One HTML file that needs nothing else: verdict, parameters, rewards by episode, search against unseen
/// window, the gate's checks.
std::string render_html(const OptimizeReport& report);

}  // namespace stevie::app
