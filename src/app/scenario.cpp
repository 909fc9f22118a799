#include "app/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/config_subject.h"
#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/printable.h"
#include "core/text.h"

namespace stevie::app {
namespace {

using strategy::Parameter;
using strategy::parameter_count;

constexpr std::array<Aggressiveness, 3> all_aggressiveness{Aggressiveness::careful, Aggressiveness::moderate,
                                                           Aggressiveness::bold};
constexpr std::size_t longest_id = 100;
constexpr double longest_minutes = 7 * 24 * 60;
constexpr double most_episodes = 10'000;

std::vector<Scenario> make_built_in() {
  using P = Parameter;
  return {{.id = "quick_tune",
           .title = "Quick tune",
           .purpose = "Moves the three gates that decide whether a trade is taken at all.",
           .best_for = "Routine: decisions have become unsure, or the market a little different.",
           .targets = {P::vol_pct_breakout, P::social_go, P::cost_cap_bps},
           .goal = Goal::balanced,
           .minutes = 15,
           .episodes = 10,
           .aggressiveness = Aggressiveness::moderate},
          {.id = "volatility_master",
           .title = "Volatility master",
           .purpose = "Sets when volatility counts as high or low, and the exits of breakouts.",
           .best_for = "Markets that swing more than they used to.",
           .targets = {P::vol_pct_breakout, P::vol_pct_mean_revert, P::tp_breakout, P::sl_breakout},
           .goal = Goal::sharpe,
           .minutes = 30,
           .episodes = 20,
           .aggressiveness = Aggressiveness::moderate},
          {.id = "risk_optimizer",
           .title = "Risk optimizer",
           .purpose = "Sets how much a trade may lose, what it may cost, and where its stop lies.",
           .best_for = "After a deep drawdown, or before more money is put in.",
           .targets = {P::base_risk_pct, P::cost_cap_bps, P::sl_breakout, P::sl_revert},
           .goal = Goal::drawdown,
           .minutes = 25,
           .episodes = 15,
           .aggressiveness = Aggressiveness::careful},
          {.id = "news_sentiment_pro",
           .title = "News and sentiment pro",
           .purpose = "Sets when news is traded, with what risk, and where such a trade leaves.",
           .best_for = "Symbols with a sentiment series, when nothing else is out of order.",
           .targets = {P::social_go, P::news_max_risk_pct, P::tp_news, P::sl_news},
           .goal = Goal::total_return,
           .minutes = 35,
           .episodes = 25,
           .aggressiveness = Aggressiveness::bold},
          {.id = "comprehensive_evolution",
           .title = "Comprehensive evolution",
           .purpose = "Searches seven parameters of all rules together.",
           .best_for = "A new symbol, little history, or rules that no longer fit at all.",
           .targets = {P::vol_pct_breakout, P::vol_pct_mean_revert, P::social_go, P::cost_cap_bps,
                       P::base_risk_pct, P::tp_breakout, P::sl_breakout},
           .goal = Goal::balanced,
           .minutes = 60,
           .episodes = 40,
           .aggressiveness = Aggressiveness::bold}};
}

/// The parameters of these names; what is wrong with them goes to `faults`.
std::vector<Parameter> parse_names(std::span<const std::string> names, std::vector<std::string>& faults) {
  std::vector<Parameter> parameters;
  for (const std::string& name : names) {
    try {
      const Parameter parameter = strategy::parse_parameter(name);
      if (std::ranges::find(parameters, parameter) != parameters.end())
        faults.push_back(fmt::format("{} is named twice", name));
      else
        parameters.push_back(parameter);
    } catch (const Error& error) {
      faults.push_back(error.message());
    }
  }
  return parameters;
}

std::string names_of(std::span<const Parameter> parameters) {
  std::vector<std::string_view> names;
  for (const Parameter parameter : parameters) names.push_back(strategy::to_string(parameter));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_target(const Scenario& scenario, Parameter parameter) {
  return std::ranges::find(scenario.targets, parameter) != scenario.targets.end();
}

/// A scenario file on its way into a Scenario.
struct ScenarioFile {
  std::vector<std::string> targets, per_symbol;
  std::string goal = "balanced";
  std::array<std::vector<double>, parameter_count> bounds;
};

std::string targets_fault(const ScenarioFile& file, Scenario& scenario) {
  std::vector<std::string> faults;
  if (file.targets.empty())
    faults.emplace_back("a scenario needs at least one parameter to search, as in targets = [\"socialGo\"]");
  scenario.targets = parse_names(file.targets, faults);
  return joined(faults);
}

std::string per_symbol_fault(const ScenarioFile& file, Scenario& scenario) {
  std::vector<std::string> faults;
  scenario.per_symbol = parse_names(file.per_symbol, faults);
  for (const Parameter parameter : scenario.per_symbol) {
    if (!is_target(scenario, parameter))
      faults.push_back(fmt::format("{} is not among the targets", strategy::to_string(parameter)));
  }
  return joined(faults);
}

/// `index`: of the parameter.
std::string bounds_fault(const ScenarioFile& file, std::size_t index, Scenario& scenario) {
  const std::vector<double>& given = file.bounds[index];
  if (given.empty()) return {};
  const auto parameter = static_cast<Parameter>(index);
  const strategy::ParameterInfo& info = strategy::info(parameter);
  if (given.size() != 2) return "bounds are two numbers, as in [60, 90]";
  if (!is_target(scenario, parameter)) return "has bounds but is not among the targets";
  if (!(given[0] >= info.minimum && given[1] <= info.maximum))
    return fmt::format("bounds must lie within {} to {}", info.minimum, info.maximum);
  if (!(given[1] - given[0] >= info.step))
    return fmt::format("bounds must be at least one step of {} apart, the smaller first", info.step);
  scenario.bounds[parameter] = {given[0], given[1]};
  return {};
}

void describe(ConfigBinder& binder, ScenarioFile& file, Scenario& scenario) {
  binder.field("title", scenario.title, {.help = "what people call it"});
  binder.field("purpose", scenario.purpose, {.help = "one sentence"});
  binder.field("best_for", scenario.best_for, {.help = "when to choose it"});
  binder.field("targets", file.targets, {.help = "parameters to search"});
  binder.rule("targets", [&] { return targets_fault(file, scenario); });
  binder.field("per_symbol", file.per_symbol, {.help = "targets that each symbol has for itself"});
  binder.rule("per_symbol", [&] { return per_symbol_fault(file, scenario); });
  binder.field("goal", file.goal, {.help = "balanced, sharpe, drawdown or return"});
  binder.rule("goal", [&]() -> std::string {
    try {
      scenario.goal = parse_goal(file.goal);
      return {};
    } catch (const Error& error) {
      return error.message();
    }
  });
  binder.field("minutes", scenario.minutes,
               {.minimum = 0, .maximum = longest_minutes, .above_minimum = true, .unit = "minutes"});
  binder.field("episodes", scenario.episodes, {.minimum = 1, .maximum = most_episodes});
  std::vector<std::pair<std::string, Aggressiveness>> words;
  for (const Aggressiveness item : all_aggressiveness) words.emplace_back(to_string(item), item);
  binder.choice<Aggressiveness>("aggressiveness", scenario.aggressiveness, words, {});
  for (std::size_t i = 0; i < parameter_count; ++i) {
    const std::string key = "bounds." + std::string(strategy::to_string(static_cast<Parameter>(i)));
    binder.field(key, file.bounds[i], {.help = "where it is searched"});
    binder.rule(key, [&file, &scenario, i] { return bounds_fault(file, i, scenario); });
  }
}

}  // namespace

std::string_view to_string(Aggressiveness aggressiveness) {
  switch (aggressiveness) {
    case Aggressiveness::careful:
      return "careful";
    case Aggressiveness::moderate:
      return "moderate";
    case Aggressiveness::bold:
      break;
  }
  return "bold";
}

double first_spread(Aggressiveness aggressiveness) {
  constexpr std::array<double, 3> spreads{0.1, 0.2, 0.3};
  return spreads[static_cast<std::size_t>(aggressiveness)];
}

std::span<const Scenario> built_in_scenarios() {
  static const std::vector<Scenario> scenarios = make_built_in();
  return scenarios;
}

Scenario find_scenario(const std::string& name_or_file) {
  if (name_or_file.ends_with(".toml")) return read_scenario(name_or_file);
  std::vector<std::string_view> names;
  for (const Scenario& scenario : built_in_scenarios()) {
    if (scenario.id == name_or_file) return scenario;
    names.push_back(scenario.id);
  }
  const std::string_view nearest = nearest_name(name_or_file, names);
  throw Error(
      "app.unknown_scenario",
      fmt::format("there is no scenario \"{}\"{}; `stevie optimize --list` shows them, and a name that "
                  "ends in .toml is read as a file",
                  name_or_file, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
}

Scenario read_scenario(const std::filesystem::path& file) {
  Scenario scenario;
  scenario.id = file.stem().string();
  if (printable(scenario.id) != scenario.id || scenario.id.find_first_of("\n\t") != std::string::npos ||
      scenario.id.size() > longest_id)
    throw Error(
        "app.bad_scenario",
        fmt::format("the file's name becomes the scenario's: give it one of at most {} bytes of plain text",
                    longest_id),
        file.string());
  scenario.title = scenario.id;
  scenario.purpose = "A scenario of one's own.";
  ScenarioFile content;
  ConfigBinder binder;
  describe(binder, content, scenario);
  try {
    read_file(file);  // a missing one is that fault alone
    load_config(binder, {.file = file},
                {.name = "the scenario",
                 .field = "field of a scenario",
                 .listing = "docs/optimize.md names them all"});
  } catch (const Error& error) {
    const std::string place = error.place().starts_with(file.string()) ? error.place() : file.string();
    const std::string of = place == error.place() || error.place().empty() ? "" : error.place() + ": ";
    throw Error("app.bad_scenario", of + error.message(), place);
  }
  return scenario;
}

void target_everything(Scenario& scenario) {
  for (std::size_t i = 0; i < parameter_count; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (!is_target(scenario, parameter)) scenario.targets.push_back(parameter);
  }
}

void make_per_symbol(Scenario& scenario, std::span<const std::string> names, const std::string& place) {
  std::vector<std::string> faults;
  for (const Parameter parameter : parse_names(names, faults)) {
    if (!is_target(scenario, parameter)) {
      faults.push_back(fmt::format("{} is not a target of {}, which searches {}",
                                   strategy::to_string(parameter), scenario.id, names_of(scenario.targets)));
    } else if (std::ranges::find(scenario.per_symbol, parameter) == scenario.per_symbol.end()) {
      scenario.per_symbol.push_back(parameter);
    }
  }
  if (!faults.empty()) throw Error("app.bad_scenario", joined(faults), place);
}

std::string scenario_cards(std::span<const Scenario> scenarios) {
  std::string text;
  for (const Scenario& scenario : scenarios) {
    text += fmt::format(
        "{}  {}\n  {}\n  searches   {}\n  goal       {}, net of costs\n  budget     at most {} min and {} "
        "episodes\n  first step {} ({:.0f} % of each range)\n  best for   {}\n\n",
        scenario.id, scenario.title, scenario.purpose, names_of(scenario.targets), to_string(scenario.goal),
        scenario.minutes, scenario.episodes, to_string(scenario.aggressiveness),
        100 * first_spread(scenario.aggressiveness), scenario.best_for);
  }
  return text;
}

}  // namespace stevie::app
