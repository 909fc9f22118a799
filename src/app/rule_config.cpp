#include "app/rule_config.h"

#include <string_view>
#include <tuple>

#include "core/error.h"
#include "core/time.h"

namespace stevie::app {
namespace {

/// A number with its bounds and unit.
struct Number {
  const char* key;
  double* value;
  double minimum, maximum;
  const char* unit;
  const char* help;
};

void bind(ConfigBinder& binder, const std::vector<Number>& numbers) {
  for (const Number& number : numbers)
    binder.field(
        number.key, *number.value,
        {.minimum = number.minimum, .maximum = number.maximum, .unit = number.unit, .help = number.help});
}

/// A span of time as text, such as "12h". Its bounds are for a rule to check.
void bind_span(ConfigBinder& binder, const std::string& key, TimeMs& value, const char* help) {
  ConfigField field;
  field.key = key;
  field.type = "string";
  field.notes.help = help;
  field.show = [&value] { return '"' + format_duration(value) + '"'; };
  field.default_text = field.show();
  field.assign = [&value](const ConfigValue& given) -> std::string {
    std::string_view text = given.text;
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    if (quoted) text = text.substr(1, text.size() - 2);
    try {
      if (quoted || !given.is_toml) {
        value = parse_duration(text);
        return {};
      }
    } catch (const Error&) {  // told below, with what is expected
    }
    return "must be a span of time such as \"90s\", \"12h\" or \"1d\", not " + given.text;
  };
  binder.fields().push_back(std::move(field));
}

/// What a validation throws, as one sentence; empty where all is well.
template <class Settings>
std::string fault_of(const Settings& settings) {
  try {
    settings.validate();
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

void describe(ConfigBinder& binder, strategy::RuleSettings& rules) {
  const std::vector<std::tuple<const char*, TimeMs*, const char*>> spans{
      {"rules.volatility_span", &rules.volatility_span,
       "time whose returns make the realised volatility; 1m to 30d"},
      {"rules.percentile_span", &rules.percentile_span,
       "time before a bar among whose volatilities its own is ranked; 1d at least"},
      {"rules.percentile_min_span", &rules.percentile_min_span,
       "with fewer volatilities than this time has bars there is no decision; at most percentile_span"}};
  for (const auto& [key, value, help] : spans) bind_span(binder, key, *value, help);
  const std::vector<std::tuple<const char*, std::size_t*, const char*>> windows{
      {"rules.volatility_min_bars", &rules.volatility_min_bars,
       "fewest bars whose returns make the realised volatility"},
      {"rules.channel_bars", &rules.channel_bars, "Donchian channel, of the bars before this one"},
      {"rules.mean_bars", &rules.mean_bars, "mean and standard deviation of the closes, this one included"},
      {"rules.atr_bars", &rules.atr_bars, "average true range, in whose units stops and targets are"}};
  for (const auto& [key, value, help] : windows)
    binder.field(key, *value, {.minimum = 2, .maximum = 1000, .unit = "bars", .help = help});
  bind(binder, {{"rules.stretch", &rules.stretch, 0.5, 10, "",
                 "distance of the z-score from 0 at which a close is stretched"}});
  binder.field("rules.max_missing_bars", rules.gaps.max_missing_bars,
               {.minimum = 0,
                .unit = "bars",
                .help = "behind a gap of more missing bars all but the past volatilities begins anew"});
  binder.rule("rules", [&rules] { return fault_of(rules); });
}

void describe(ConfigBinder& binder, strategy::RegimeConfig& regime) {
  bind(
      binder,
      {{"regime.scale_days", &regime.scale_days, 10, 3650, "days", "memory of the long-run volatility"},
       {"regime.warm_up_days", &regime.warm_up_days, 1, 3650, "days",
        "returns needed before a label; not above scale_days"},
       {"regime.step_hours", &regime.step_hours, 0.25, 24, "hours",
        "shorter bars are put together to steps of this length"},
       {"regime.trend_drift", &regime.trend_drift, 0.1, 20, "",
        "yearly drift of bull, and less it of bear, over the long-run volatility; larger: only steep trends"},
       {"regime.trend_volatility", &regime.trend_volatility, 0.05, 10, "",
        "of bull and bear, over the long-run volatility; below volatile_volatility"},
       {"regime.sideways_volatility", &regime.sideways_volatility, 0.05, 10, "",
        "over the long-run volatility; below volatile_volatility"},
       {"regime.volatile_volatility", &regime.volatile_volatility, 0.05, 10, "",
        "over the long-run volatility"},
       {"regime.trend_days", &regime.trend_days, 1, 3650, "days",
        "expected stay in bull or bear; longer: steadier labels, found later"},
       {"regime.sideways_days", &regime.sideways_days, 1, 3650, "days", "expected stay"},
       {"regime.volatile_days", &regime.volatile_days, 1, 3650, "days", "expected stay"},
       {"regime.student_degrees", &regime.student_degrees, 2.1, 100, "",
        "degrees of freedom of returns; fewer: a single large move counts for less"},
       {"regime.cluster_days", &regime.cluster_days, 0.1, 100, "days", "time in which a burst fades"},
       {"regime.shock_share", &regime.shock_share, 0, 0.5, "",
        "share of a squared return in the next variance"},
       {"regime.switch_margin", &regime.switch_margin, 0, 0.9, "",
        "lead in weight with which another regime takes over"},
       {"regime.forget_after_days", &regime.forget_after_days, 1, 3650, "days",
        "a longer hole in the data starts everything anew"}});
  binder.rule("regime", [&regime] { return fault_of(regime); });
}

void describe(ConfigBinder& binder, strategy::SocialConfig& social) {
  bind(binder, {{"social.window_days", &social.window_days, 1, 3650, "days",
                 "a value is ranked among those of this time before it"},
                {"social.fresh_hours", &social.fresh_hours, 0, 720, "hours",
                 "a row is an event for this long, one bar at least"},
                {"social.stale_spacings", &social.stale_spacings, 1, 1000, "spacings",
                 "a row is too old after this many spacings of its series"}});
  binder.field("social.most_rows", social.most_rows,
               {.minimum = 10, .maximum = 100'000, .help = "newest rows of the window that are kept"});
  binder.field("social.least_rows", social.least_rows,
               {.minimum = 10,
                .maximum = 100'000,
                .help = "earlier rows needed before there is a score; at most most_rows"});
  binder.rule("social", [&social] { return fault_of(social); });
}

}  // namespace

void describe(ConfigBinder& binder, RuleConfig& config) {
  describe(binder, config.rules);
  describe(binder, config.regime);
  describe(binder, config.social);
}

std::vector<std::pair<std::string, std::string>> changed_settings(const RuleConfig& config) {
  RuleConfig copy = config, defaults;
  ConfigBinder now, before;
  describe(now, copy);
  describe(before, defaults);
  std::vector<std::pair<std::string, std::string>> changed;
  for (std::size_t i = 0; i < now.fields().size(); ++i) {
    std::string value = now.fields()[i].show();
    if (value != before.fields()[i].show()) changed.emplace_back(now.fields()[i].key, std::move(value));
  }
  return changed;
}

}  // namespace stevie::app
