#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/params.h"
#include "app/params_view.h"
#include "app/text_table.h"
#include "core/printable.h"
#include "strategy/regime.h"
#include "validation/gate.h"

namespace stevie::app {
namespace {

using live::ParameterDifference;
using live::ParameterVersion;

constexpr std::size_t shown_hash_digits = 12;

std::string short_hash(const std::string& hash) {
  return hash.substr(0, shown_hash_digits);
}

std::string number_text(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "-";
}

/// "volPctBreakout 70 -> 65", with the layer where that is not the global one: "slNews (regime bear)
/// inherited
/// -> 2".
std::string difference_text(const ParameterDifference& difference) {
  const auto side = [](const std::optional<double>& value) {
    return value ? number_text(value) : "inherited";
  };
  const std::string layer = difference.layer == "global" ? "" : fmt::format(" ({})", difference.layer);
  return fmt::format("{}{} {} -> {}", strategy::to_string(difference.parameter), layer, side(difference.from),
                     side(difference.to));
}

std::string differences_text(const std::vector<ParameterDifference>& differences) {
  std::vector<std::string> texts;
  std::ranges::transform(differences, std::back_inserter(texts), difference_text);
  return texts.empty() ? "nothing" : fmt::format("{}", fmt::join(texts, ", "));
}

/// To the second: finer tells a person nothing.
std::string time_text(TimeMs time) {
  return format_time(time - time % second_ms);
}

std::string signed_by(const ParameterVersion& version) {
  return fmt::format("{} by {} ({}), {}", live::to_string(version.change), printable(version.author),
                     live::to_string(version.author_kind), time_text(version.time));
}

/// The values that single layers replace, so that nobody takes the global ones for all there is.
std::string layers_text(const strategy::ParameterLayers& layers) {
  strategy::ParameterLayers without = layers;
  without.by_symbol.clear();
  without.by_regime.clear();
  std::vector<std::vector<std::string>> rows;
  for (const ParameterDifference& difference : live::diff(without, layers)) {
    rows.push_back({difference.layer, std::string(strategy::to_string(difference.parameter)),
                    number_text(difference.to)});
  }
  return rows.empty() ? "" : "\n" + text_table({"replaced for", "name", "value"}, rows);
}

}  // namespace

std::string show_text(const ParameterVersion& version, const ParameterScope& scope) {
  std::vector<std::vector<std::string>> rows;
  for (const ScopedValue& item : values_in(version.layers, scope)) {
    const strategy::ParameterInfo& info = strategy::info(item.parameter);
    rows.push_back({std::string(info.name), number_text(item.value), item.layer,
                    number_text(info.default_value), number_text(info.minimum), number_text(info.maximum),
                    number_text(info.step), std::string(info.unit), info.live_changeable ? "yes" : "no",
                    std::string(info.used_by)});
  }
  std::string text = fmt::format("version {} {}: {}\nreason: {}\n", version.number, short_hash(version.hash),
                                 signed_by(version), printable(version.reason));
  if (!scope.symbol.empty()) text += fmt::format("symbol: {}\n", printable(scope.symbol));
  if (scope.regime) text += fmt::format("regime: {}\n", strategy::to_string(*scope.regime));
  text +=
      "\n" +
      text_table({"name", "value", "from", "default", "min", "max", "step", "unit", "live", "used by"}, rows);
  if (scope.symbol.empty() && !scope.regime) text += layers_text(version.layers);
  return text;
}

std::string schema_text() {
  std::vector<std::vector<std::string>> rows;
  for (const strategy::ParameterInfo& info : strategy::parameter_schema()) {
    rows.push_back({std::string(info.name), std::string(info.unit), number_text(info.default_value),
                    number_text(info.minimum), number_text(info.maximum), number_text(info.step),
                    info.live_changeable ? "yes" : "no", std::string(info.used_by),
                    std::string(info.meaning)});
  }
  return text_table({"name", "unit", "default", "min", "max", "step", "live", "used by", "meaning"}, rows);
}

std::string history_text(std::span<const ParameterVersion> versions, std::size_t last) {
  std::string text;
  for (std::size_t i = versions.size(); i > 0 && versions.size() - i < last; --i) {
    const ParameterVersion& version = versions[i - 1];
    text += fmt::format("version {} {}: {}\n", version.number, short_hash(version.hash), signed_by(version));
    text += fmt::format("  reason:  {}\n", printable(version.reason));
    if (i > 1) {
      text += fmt::format("  changed: {}\n",
                          differences_text(live::diff(versions[i - 2].layers, version.layers)));
    }
    for (const std::string& line : evidence_lines(version)) text += "  " + line + "\n";
  }
  return text;
}

std::string diff_text(const ParameterVersion& from, const ParameterVersion& to) {
  std::vector<std::vector<std::string>> rows;
  for (const ParameterDifference& difference : live::diff(from.layers, to.layers)) {
    rows.push_back({difference.layer, std::string(strategy::to_string(difference.parameter)),
                    number_text(difference.from), number_text(difference.to),
                    std::string(strategy::info(difference.parameter).unit)});
  }
  if (rows.empty()) return fmt::format("versions {} and {} have the same content\n", from.number, to.number);
  return text_table(
      {"layer", "name", fmt::format("version {}", from.number), fmt::format("version {}", to.number), "unit"},
      rows);
}

std::string proposals_text(std::span<const live::JudgedProposal> proposals, const ParameterVersion& current) {
  if (proposals.empty()) return "no proposal is on record\n";
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = proposals.size(); i > 0; --i) {
    const live::JudgedProposal& proposal = proposals[i - 1];
    const bool on_current = proposal.base_hash == current.hash;
    rows.push_back({std::to_string(proposal.sequence), time_text(proposal.time), proposal.scenario,
                    std::string(validation::to_string(proposal.verdict)), on_current ? "yes" : "no",
                    on_current ? differences_text(live::diff(current.layers, proposal.proposed)) : "-"});
  }
  return text_table({"decision", "time", "scenario", "verdict", "on current", "would change"}, rows);
}

std::string change_text(const ParameterVersion& before, const ParameterVersion& after) {
  return fmt::format("version {} is in force: {}\n", after.number,
                     differences_text(live::diff(before.layers, after.layers)));
}

}  // namespace stevie::app
