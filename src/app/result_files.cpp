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

/// Whether the results are of this file.
bool is_of(const json& results, const ResultFile& file) {
  const auto model = results.find("model");
  return model != results.end() && model->is_string() &&
         fs::path(model->get<std::string>()).filename() == file.path.filename();
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
    for (const char* name : {"training_results.json", "bc_training_results.json", "ensemble_results.json"}) {
      json results = read_object(place / name);
      if (!results.is_object()) continue;
      ModelFileInfo info{.file = file, .kind = {}};
      if (const auto kind = results.find("algorithm"); kind != results.end() && kind->is_string())
        info.kind = printable(kind->get<std::string>());
      if (std::string_view(name) == "bc_training_results.json") {
        results["test"] = read_object(place / "evaluation.json");
      } else if (std::string_view(name) == "ensemble_results.json" && !is_of(results, file)) {
        // A member: the results are not its own.
        info.kind = file.path.filename().string().starts_with("member_") ? "PPO" : "";
        return info;
      }
      info.results = results.dump(-1, ' ', false, json::error_handler_t::replace);
      return info;
    }
  }
  return {.file = file, .kind = {}};
}

}  // namespace stevie::app
