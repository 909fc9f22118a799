#include "app/ensemble_info.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/printable.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t largest_file = std::uintmax_t{64} << 20;

json read_results(const fs::path& file) {
  std::error_code fault;
  const std::uintmax_t bytes = fs::file_size(file, fault);
  if (fault || bytes > largest_file) return nullptr;
  try {
    return json::parse(read_file(file), nullptr, false);
  } catch (const Error&) {
    return nullptr;  // gone, or not to be read: the ensemble is there all the same
  }
}

std::optional<double> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Fills what the members did; nothing where the results are of another ensemble.
void add_runs(const json& results, const ResultFile& file, EnsembleInfo& info) {
  if (!results.is_object() || fs::path(text(results, "model")).filename() != file.path.filename()) return;
  const auto members = results.find("members");
  if (members == results.end() || !members->is_array() || members->size() != info.members.size()) return;
  for (std::size_t i = 0; i < info.members.size(); ++i) {
    const json& member = (*members)[i];
    if (!member.is_object() || printable(text(member, "name")) != info.members[i].name) continue;
    const auto weight = number(member, "weight"), agreement = number(member, "agreement"),
               accuracy = number(member, "accuracy"), contribution = number(member, "contribution");
    if (weight && agreement && accuracy && contribution)
      info.members[i].run = MemberRun{*weight, *agreement, *accuracy, *contribution};
  }
}

}  // namespace

std::optional<EnsembleInfo> ensemble_info(const ResultFile& file) {
  if (file.bytes > largest_file || !file.name.ends_with(".zip") || !is_ensemble_file(file.path))
    return std::nullopt;
  EnsembleInfo info;
  try {
    const EnsembleSpec spec = read_ensemble_file(file.path);
    info.name = printable(spec.name);
    info.method = strategy::to_string(spec.config.method);
    info.adapts = spec.config.adapt;
    info.symbol = printable(spec.card.symbol);
    info.synthetic = spec.card.synthetic;
    for (const MemberSpec& member : spec.members)
      info.members.push_back({.name = printable(member.name),
                              .kind = member.kind,
                              .weight = member.weight,
                              .temperature = member.temperature,
                              .confidence = member.confidence,
                              .masked_columns = member.masked_columns.size(),
                              .validation = member.validation,
                              .run = std::nullopt});
  } catch (const Error&) {
    return std::nullopt;
  }
  const fs::path folder = file.path.parent_path();
  for (const fs::path& place : {folder, folder.parent_path()})
    add_runs(read_results(place / "ensemble_results.json"), file, info);
  return info;
}

}  // namespace stevie::app
