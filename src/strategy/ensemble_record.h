#pragma once
#include <string>

#include "strategy/ensemble.h"

namespace stevie::strategy {

/// One JSON object on one line, without the line feed; keys and meanings: docs/ensemble.md. `symbol` may be
/// empty.
std::string to_json(const EnsembleDecision& decision, const std::string& symbol);

/// One sentence: what is held and who voted for it.
std::string summary(const EnsembleDecision& decision);

/// A few lines for a person; the first is the summary, then one for each member.
std::string to_text(const EnsembleDecision& decision, const std::string& symbol);

}  // namespace stevie::strategy
