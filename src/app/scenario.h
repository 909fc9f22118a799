#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/goal.h"
#include "strategy/parameters.h"

namespace stevie::app {

/// How far from the running parameters a search looks at first: the standard deviation of its first batch, as
/// a share of each parameter's range.
enum class Aggressiveness : std::uint8_t {
  careful,   // 0.1: near what runs
  moderate,  // 0.2
  bold,      // 0.3: most of the range
};
std::string_view to_string(Aggressiveness aggressiveness);
double first_spread(Aggressiveness aggressiveness);

/// What one search tries to improve, and how long it may take: the card that a person chooses by.
struct Scenario {
  std::string id;                               // "quick_tune"; of a file its name without the ending
  std::string title;                            // "Quick tune"
  std::string purpose;                          // one sentence
  std::string best_for;                         // when to choose it, one sentence
  std::vector<strategy::Parameter> targets;     // what is searched, the same value for all symbols
  std::vector<strategy::Parameter> per_symbol;  // those of the targets that each symbol has for itself
  Goal goal = Goal::balanced;
  double minutes = 15;          // upper limit, above 0 to 10,080 (a week)
  std::uint64_t episodes = 10;  // upper limit: policy updates, 1 to 10,000
  Aggressiveness aggressiveness = Aggressiveness::moderate;
  /// Where a target is searched, narrower than the schema's bounds. Absent: the schema's bounds.
  std::map<strategy::Parameter, std::pair<double, double>> bounds;
};

/// The five that come with the program.
std::span<const Scenario> built_in_scenarios();

/// The built-in scenario of this name, or the file where the text ends in ".toml". Throws Error
/// "app.unknown_scenario", which names the nearest one, and as read_scenario().
Scenario find_scenario(const std::string& name_or_file);

/// A person's own scenario: docs/optimize.md. Everything has a default but `targets`. Every fault is looked
/// for and all are reported in one Error "app.bad_scenario": no targets, unknown or repeated parameters (with
/// the nearest name), unknown goal, budgets and bounds that are not allowed, unknown keys, bad TOML.
Scenario read_scenario(const std::filesystem::path& file);

/// Adds every parameter that is not a target yet (`--all`).
void target_everything(Scenario& scenario);

/// Makes these targets per-symbol dimensions. Throws Error "app.bad_scenario" with the flag as its place
/// where one is unknown or not a target.
void make_per_symbol(Scenario& scenario, std::span<const std::string> names, const std::string& place);

/// The cards as text for a terminal.
std::string scenario_cards(std::span<const Scenario> scenarios);

}  // namespace stevie::app
