#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/social_sources.h"

namespace stevie::app {

/// When `stevie optimize --recommend` names which scenario. The first that applies, in this order.
struct RecommendRules {
  double confidence_days = 90;  // decisions of this time before the end
  double low_confidence = 0.3;  // mean confidence below it, refused decisions counted as 0: quick_tune
  double drawdown_days = 365;   // replay of this time before the end
  double high_drawdown = 0.15;  // largest loss from a peak above it: risk_optimizer
  double volatility_days = 7;   // bars of this time before the end
  double high_volatility = 80;  // mean volatility percentile at or above it: volatility_master
  double short_history_days =
      365;  // usable history below it: comprehensive_evolution; else news_sentiment_pro
};

/// One rule with what was measured for it.
struct RecommendReason {
  std::string scenario;  // that the rule names
  bool applies = false;
  std::string sentence;  // the measurement and the bound
};

struct Recommendation {
  std::string scenario;
  std::vector<RecommendReason> reasons;  // of every rule, in their order
  std::vector<std::string> notes;        // which side series were used
  std::uint64_t version = 0;             // of the parameters that were replayed
};

struct RecommendRequest {
  std::filesystem::path data;
  SocialRequest social;
  Config config;  // sections rules, regime, social, ledger, env and costs
  RecommendRules rules;
};

/// Replays what runs over the end of the bars. No ledger yet: the defaults, version 0. Throws what reading
/// bars and ledger throws.
Recommendation recommend(const RecommendRequest& request);

std::string render_text(const Recommendation& recommendation);

}  // namespace stevie::app
