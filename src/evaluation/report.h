#pragma once
#include <string>

#include "evaluation/evaluation.h"

namespace stevie::evaluation {

/// Plain text for a terminal, columns aligned: verdict, metrics of the strategy with intervals beside the
/// baselines, months, costs.
std::string render_text(const Evaluation& evaluation);

/// One JSON object; its schema is in docs/evaluation.md. A metric is {"value": number} or {"value": null,
/// "reason": "..."}.
std::string render_json(const Evaluation& evaluation);

/// One HTML file that needs no other file and no network. Where the chart library was not embedded at build
/// time it says so in place of the charts and keeps every table.
std::string render_html(const Evaluation& evaluation);

}  // namespace stevie::evaluation
