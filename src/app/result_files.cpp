#include "app/result_files.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "core/printable.h"
#include "ledger/merkle.h"

namespace stevie::app {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::size_t most_files = 10'000;
constexpr std::size_t most_entries = 200'000;  // looked at, files of other kinds included
constexpr int deepest = 8;                     // folders within folders
constexpr std::size_t id_digits = 16;
constexpr const char* training_file = "training_results.json";
constexpr const char* cloning_file = "bc_training_results.json";
constexpr const char* ensemble_file = "ensemble_results.json";
constexpr std::uintmax_t largest_results = std::uintmax_t{64} << 20;

TimeMs time_of(const fs::directory_entry& entry) {
  std::error_code fault;
  const fs::file_time_type time = entry.last_write_time(fault);
  if (fault) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

/// Null where there is none that can be read.
json read_object(const fs::path& file) {
  std::error_code fault;
  const std::uintmax_t bytes = fs::file_size(file, fault);
  if (fault || bytes > largest_results) return nullptr;
  try {
    json object = json::parse(read_file(file), nullptr, false);
    return object.is_object() ? object : json(nullptr);
  } catch (const Error&) {
    return nullptr;  // gone, or not to be read: the model is there all the same
  }
}

/// Null where there is none.
json member_of(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? json(nullptr) : *found;
}

/// Whether the results are of this file.
bool is_of(const json& results, const ResultFile& file) {
  const json model = member_of(results, "model");
  return model.is_string() && fs::path(model.get<std::string>()).filename() == file.path.filename();
}

/// What the results of an ensemble say of a member that was trained for it.
json of_member(const json& ensemble, const ResultFile& file) {
  json results = json::object();
  if (!file.path.filename().string().starts_with("member_")) return results;
  results["algorithm"] = "PPO";
  for (const char* name : {"data", "symbol", "synthetic"}) results[name] = member_of(ensemble, name);
  return results;
}

/// Figures as an evaluation has them.
json as_evaluation(const json& part) {
  json metrics = json::object(), rows = json::array();
  for (const auto& [name, value] : part.items()) {
    if (value.is_number()) metrics[name] = json{{"value", value}};
  }
  rows.push_back(json{{"key", "strategy"}, {"metrics", std::move(metrics)}});
  return json{{"results", std::move(rows)}};
}

/// Of several trainings the one that left this file: its algorithm, seed, steps and figures.
void take_run(json& results, const ResultFile& file) {
  const bool chosen = is_of(results, file);
  if (!chosen) results["test"] = nullptr;  // that is of another policy
  const json algorithms = member_of(results, "algorithms");
  for (const json& algorithm : algorithms.is_array() ? algorithms : json::array()) {
    if (!is_of(algorithm, file)) continue;
    const json runs = member_of(algorithm, "runs"), seed = member_of(algorithm, "chosen_seed");
    results["algorithm"] = member_of(algorithm, "algorithm");
    results["seed"] = seed;
    for (const json& run : runs.is_array() ? runs : json::array()) {
      if (member_of(run, "seed") != seed) continue;
      for (const char* name : {"timesteps", "best_timesteps"}) results[name] = member_of(run, name);
      const json test = member_of(run, "test");
      if (!chosen && test.is_object()) results["test"] = as_evaluation(test);
    }
  }
}

bool ends_in(const std::string& name, const std::vector<std::string>& endings) {
  return std::ranges::any_of(endings, [&](const std::string& ending) { return name.ends_with(ending); });
}

}  // namespace

std::vector<ResultFile> result_files(const fs::path& folder, const std::vector<std::string>& endings) {
  std::vector<ResultFile> files;
  std::error_code fault;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, fault);
  std::size_t looked_at = 0;
  for (const fs::recursive_directory_iterator end; !fault && entry != end; entry.increment(fault)) {
    if (++looked_at > most_entries || files.size() == most_files) break;
    if (entry.depth() >= deepest) entry.disable_recursion_pending();
    const fs::file_status status = entry->symlink_status(fault);
    if (fault || !fs::is_regular_file(status)) {
      fault.clear();
      continue;
    }
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    if (!ends_in(name, endings) || printable(name) != name || name.find('\n') != std::string::npos) continue;
    files.push_back({.id = ledger::to_hex(ledger::sha256(name)).substr(0, id_digits),
                     .name = name,
                     .path = entry->path(),
                     .bytes = entry->file_size(fault),
                     .modified = time_of(*entry)});
    fault.clear();
  }
  std::ranges::sort(files, [](const ResultFile& a, const ResultFile& b) {
    return a.modified != b.modified ? a.modified > b.modified : a.name < b.name;
  });
  return files;
}

std::optional<ResultFile> find_result_file(const fs::path& folder, const std::vector<std::string>& endings,
                                           const std::string& id) {
  for (ResultFile& file : result_files(folder, endings)) {
    if (file.id == id) return std::move(file);
  }
  return std::nullopt;
}

ModelFileInfo model_info(const ResultFile& file) {
  const fs::path folder = file.path.parent_path();
  for (const fs::path& place : {folder, folder.parent_path()}) {
    for (const char* name : {training_file, cloning_file, ensemble_file}) {
      json results = read_object(place / name);
      if (!results.is_object()) continue;
      ModelFileInfo info{.file = file, .kind = {}};
      if (name == cloning_file) results["test"] = read_object(place / "evaluation.json");
      if (name == ensemble_file && !is_of(results, file)) results = of_member(results, file);
      if (const json kind = member_of(results, "kind"); kind == "bootstrap") take_run(results, file);
      if (const json kind = member_of(results, "algorithm"); kind.is_string())
        info.kind = name == cloning_file ? "Behaviour cloning" : printable(kind.get<std::string>());
      info.results = results.dump(-1, ' ', false, json::error_handler_t::replace);
      return info;
    }
  }
  return {.file = file, .kind = {}};
}

}  // namespace stevie::app
