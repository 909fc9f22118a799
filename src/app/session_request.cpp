#include "app/session_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "app/config.h"
#include "app/result_files.h"
#include "app/scenario.h"
#include "core/error.h"
#include "core/printable.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t most_files = 100, most_settings = 100, longest_text = 1000, longest_name = 200,
                      longest_reason = 500, shortest_reason = 3;
constexpr double longest_minutes = 7 * 24 * 60;
constexpr std::size_t most_episodes = 10'000;

using Faults = std::vector<std::string>;

void check_scenario(const SessionRequest& request, Faults& faults) {
  if (request.scenario.empty()) {
    faults.emplace_back("scenario: say which one, or \"recommended\"");
  } else if (request.scenario.ends_with(".toml")) {
    faults.emplace_back("scenario: a session takes one of the built-in scenarios, no file");
  } else if (request.scenario != "recommended") {
    try {
      find_scenario(request.scenario.substr(0, longest_text));
    } catch (const Error& error) {
      faults.push_back("scenario: " + error.message());
    }
  }
  if (request.minutes && !(*request.minutes > 0 && *request.minutes <= longest_minutes))
    faults.push_back(fmt::format("minutes: above 0 to {}", longest_minutes));
  if (request.episodes && (*request.episodes < 1 || *request.episodes > most_episodes))
    faults.push_back(fmt::format("episodes: 1 to {}", most_episodes));
}

void check_training(const SessionRequest& request, const std::vector<std::string>& data, Faults& faults) {
  if (!request.scenario.empty()) faults.emplace_back("scenario: a training has none");
  if (request.minutes) faults.emplace_back("minutes: a training is limited by train.total_timesteps");
  if (request.episodes) faults.emplace_back("episodes: a training is limited by train.total_timesteps");
  if (request.dry_run) faults.emplace_back("dry_run: a training applies nothing in any case");
  if (data.size() > 1) faults.emplace_back("data: a training takes the bars of one symbol");
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const auto ends = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return ends.first == folder.end() || (std::next(ends.first) == folder.end() && ends.first->empty());
}

/// Empty where a session may read the file.
std::string file_fault(const std::string& text, const RequestRules& rules) {
  const std::string shown = printable(text.substr(0, longest_text));
  if (text.empty() || text.size() > longest_text || text.find('\0') != std::string::npos)
    return fmt::format("data: \"{}\" is no name of a file", shown);
  std::error_code fault;
  const fs::path file = fs::canonical(text, fault);
  const bool there = !fault && fs::is_regular_file(file, fault) && !fault;
  std::string folders;
  bool allowed = std::ranges::find(rules.default_data, text) != rules.default_data.end();
  for (const std::string& name : rules.data_folders) {
    const fs::path folder = fs::weakly_canonical(name, fault);
    allowed = allowed || (!fault && is_below(there ? file : fs::weakly_canonical(text, fault), folder));
    folders += (folders.empty() ? "" : ", ") + name;
  }
  for (const std::string& name : rules.default_data)
    allowed = allowed || (there && file == fs::weakly_canonical(name, fault));
  // Nothing is told about files elsewhere, not even whether they exist.
  if (!allowed)
    return fmt::format("data: {} is not below a folder of sessions.data_folders ({})", shown,
                       folders.empty() ? "none" : folders);
  return there ? "" : fmt::format("data: there is no file {}", shown);
}

std::set<std::string> settable_sections(const SessionRequest& request) {
  if (request.kind == "train") return {"train", "data", "env", "costs", "network", "ppo"};
  if (request.dry_run) return {"optimize", "gate", "costs", "env", "rules", "regime", "social"};
  return {"optimize"};
}

void check_settings(const SessionRequest& request, const RequestRules& rules, Faults& faults) {
  if (request.settings.size() > most_settings) {
    faults.push_back(fmt::format("settings: at most {}", most_settings));
    return;
  }
  const std::set<std::string> sections = settable_sections(request);
  ConfigLayers layers{.file = rules.config_file};
  for (const std::string& text : rules.settings)
    layers.flags.push_back(parse_setting(text, "the server's --set"));
  for (const auto& [key, value] : request.settings) {
    const std::string shown = printable(key.substr(0, longest_text));
    if (key.size() > longest_text || value.size() > longest_text) {
      faults.push_back(fmt::format("settings.{}: too long", shown));
    } else if (!sections.contains(key.substr(0, key.find('.')))) {
      faults.push_back(fmt::format(
          "settings.{}: a session{} may set fields of {}", shown,
          request.kind == "train" ? " of kind train" : (request.dry_run ? "" : " that is no dry run"),
          fmt::join(sections, ", ")));
    } else {
      layers.flags.push_back({key, value, "settings." + key});
    }
  }
  try {
    load_config(layers);
  } catch (const Error& error) {
    faults.push_back("settings: " + printable(error.message()));
  }
}

}  // namespace

std::vector<std::string> asker_faults(const live::Signature& by, bool needs_reason) {
  Faults faults;
  const auto plain = [](const std::string& text) {
    return printable(text) == text && text.find_first_of("\n\t") == std::string::npos;
  };
  if (by.name.empty() || by.name.size() > longest_name || !plain(by.name))
    faults.push_back(fmt::format("by: say who asks, in 1 to {} bytes of plain text", longest_name));
  const bool long_enough = by.reason.size() >= shortest_reason || (by.reason.empty() && !needs_reason);
  if (!long_enough || by.reason.size() > longest_reason || printable(by.reason) != by.reason)
    faults.push_back(
        fmt::format("reason: say why, in {} to {} bytes of plain text", shortest_reason, longest_reason));
  return faults;
}

std::vector<std::string> request_faults(const SessionRequest& request, const RequestRules& rules) {
  Faults faults;
  const std::vector<std::string>& data = request.data.empty() ? rules.default_data : request.data;
  if (request.kind == "optimize") {
    check_scenario(request, faults);
  } else if (request.kind == "train") {
    check_training(request, data, faults);
  } else {
    faults.emplace_back("kind: \"optimize\" or \"train\"");
  }
  if (data.empty()) faults.emplace_back("data: say which bars; the server trades on none");
  if (data.size() > most_files) {
    faults.push_back(fmt::format("data: at most {} files", most_files));
  } else {
    for (const std::string& file : data) {
      std::string fault = file_fault(file, rules);
      if (!fault.empty()) faults.push_back(std::move(fault));
    }
  }
  check_settings(request, rules, faults);
  for (std::string& fault : asker_faults(request.by, false)) faults.push_back(std::move(fault));
  return faults;
}

SessionRequest checked_request(const SessionRequest& request, const RequestRules& rules) {
  const Faults faults = request_faults(request, rules);
  if (!faults.empty()) throw Error("app.bad_session", fmt::format("{}", fmt::join(faults, "; ")));
  SessionRequest checked = request;
  if (checked.data.empty()) checked.data = rules.default_data;
  return checked;
}

std::string request_json(const SessionRequest& request) {
  json object{{"kind", request.kind},
              {"data", request.data},
              {"settings", request.settings},
              {"dry_run", request.dry_run}};
  if (!request.scenario.empty()) object["scenario"] = request.scenario;
  if (request.minutes) object["minutes"] = *request.minutes;
  if (request.episodes) object["episodes"] = *request.episodes;
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<SessionRequest> parse_request(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  try {
    SessionRequest request;
    request.kind = object.at("kind").get<std::string>();
    request.scenario = object.value("scenario", "");
    request.data = object.at("data").get<std::vector<std::string>>();
    request.settings = object.at("settings").get<std::map<std::string, std::string>>();
    request.dry_run = object.at("dry_run").get<bool>();
    if (object.contains("minutes")) request.minutes = object["minutes"].get<double>();
    if (object.contains("episodes")) request.episodes = object["episodes"].get<std::size_t>();
    return request;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::vector<StartableFile> startable_files(const std::vector<std::string>& data_folders,
                                           const std::vector<std::string>& default_data) {
  constexpr std::size_t most = 500;
  std::vector<StartableFile> files;
  std::set<fs::path> known;
  std::error_code fault;
  for (const std::string& name : default_data) {
    const std::uintmax_t bytes = fs::file_size(name, fault);
    if (!fault && known.insert(fs::weakly_canonical(name, fault)).second)
      files.push_back({.file = name, .bytes = bytes, .traded = true});
  }
  const std::size_t traded = files.size();
  for (const std::string& folder : data_folders) {
    for (const ResultFile& file : result_files(folder, {".csv", ".csv.gz"})) {
      if (files.size() >= most) break;
      if (known.insert(fs::weakly_canonical(file.path, fault)).second)
        files.push_back({.file = file.path.generic_string(), .bytes = file.bytes, .traded = false});
    }
  }
  std::sort(files.begin() + static_cast<std::ptrdiff_t>(traded), files.end(),
            [](const StartableFile& a, const StartableFile& b) { return a.file < b.file; });
  return files;
}

}  // namespace stevie::app
