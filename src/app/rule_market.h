#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/rule_config.h"
#include "app/social_sources.h"
#include "execution/bar_tape.h"
#include "execution/costs.h"
#include "market/bars.h"
#include "strategy/rule_inputs.h"

namespace stevie::app {

/// The bars of one symbol with everything the rules look at.
struct RuleMarket {
  std::filesystem::path file;
  market::Bars bars;
  execution::BarTape tape;                             // of these bars
  std::vector<strategy::SocialSource> social;          // side series that the score is made of
  std::shared_ptr<const strategy::RuleInputs> inputs;  // columns, social score and regime included
  RuleConfig config;                                   // by which they were measured
  bool synthetic = false;                              // the bars were generated
  std::vector<std::string> notes;                      // for people: which side series are used, and how

  /// The symbol, or the file's name where the bars have none.
  std::string name() const { return bars.symbol.empty() ? file.filename().string() : bars.symbol; }
  /// First bar on which the rules can decide; bars.size() where there is none.
  std::size_t first_ready() const;
};

/// Reads bars and side series and measures what the rules look at. Throws what reading them throws, and Error
/// "app.short_history" at the file where no bar has enough bars before it.
RuleMarket load_rule_market(const std::filesystem::path& file, const SocialRequest& social,
                            const execution::Instrument& instrument, const RuleConfig& config = {});

/// The inputs of the same market measured one bar at a time, by streams that see nothing behind the bar.
/// Equal to RuleMarket::inputs, bit for bit, where nothing looks ahead.
strategy::RuleInputs step_rule_inputs(const RuleMarket& market);

/// Empty where both have the same rows bit for bit; else which row differs first.
std::string difference_of(const strategy::RuleInputs& batch, const strategy::RuleInputs& stepped);

}  // namespace stevie::app
