#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "strategy/regime.h"
#include "strategy/rule_inputs.h"
#include "strategy/social.h"

namespace stevie::app {

/// How everything that the rules look at is measured: the sections rules, regime and social.
struct RuleConfig {
  strategy::RuleSettings rules;
  strategy::RegimeConfig regime;
  strategy::SocialConfig social;
};

void describe(ConfigBinder& binder, RuleConfig& config);

/// Names and values, as the configuration file has them, of what is not as by default.
std::vector<std::pair<std::string, std::string>> changed_settings(const RuleConfig& config);

}  // namespace stevie::app
