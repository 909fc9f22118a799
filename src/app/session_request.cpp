#include "app/session_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "app/clone.h"
#include "app/config.h"
#include "app/ensemble_config.h"
#include "app/ensemble_file.h"
#include "app/experiments.h"
#include "app/result_files.h"
#include "app/scenario.h"
#include "app/session_kinds.h"
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
  const char* limit = request.kind == "clone"      ? "cloning.max_epochs"
                      : request.kind == "ensemble" ? "ensemble.timesteps"
                                                   : "train.total_timesteps";
  if (request.minutes) faults.push_back(fmt::format("minutes: this training is limited by {}", limit));
  if (request.episodes) faults.push_back(fmt::format("episodes: this training is limited by {}", limit));
  if (request.dry_run) faults.emplace_back("dry_run: a training applies nothing in any case");
  if (data.size() > 1) faults.emplace_back("data: a training takes the bars of one symbol");
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const auto ends = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return ends.first == folder.end() || (std::next(ends.first) == folder.end() && ends.first->empty());
}

/// Which files a field of a request may name.
struct AllowedFiles {
  const char* field;
  const std::vector<std::string>& folders;
  const std::vector<std::string>& files;  // these in any case
  const char* where;                      // for people
};

/// Empty where a session may read the file.
std::string file_fault(const std::string& text, const AllowedFiles& rules) {
  const std::string shown = printable(text.substr(0, longest_text));
  if (text.empty() || text.size() > longest_text || text.find('\0') != std::string::npos)
    return fmt::format("{}: \"{}\" is no name of a file", rules.field, shown);
  std::error_code fault;
  const fs::path file = fs::canonical(text, fault);
  const bool there = !fault && fs::is_regular_file(file, fault) && !fault;
  std::string folders;
  bool allowed = std::ranges::find(rules.files, text) != rules.files.end();
  for (const std::string& name : rules.folders) {
    const fs::path folder = fs::weakly_canonical(name, fault);
    allowed = allowed || (!fault && is_below(there ? file : fs::weakly_canonical(text, fault), folder));
    folders += (folders.empty() ? "" : ", ") + name;
  }
  for (const std::string& name : rules.files)
    allowed = allowed || (there && file == fs::weakly_canonical(name, fault));
  // Nothing is told about files elsewhere, not even whether they exist.
  if (!allowed)
    return fmt::format("{}: {} is not below a folder of {} ({})", rules.field, shown, rules.where,
                       folders.empty() ? "none" : folders);
  return there ? "" : fmt::format("{}: there is no file {}", rules.field, shown);
}

void check_model(const char* field, const std::string& file, const RequestRules& rules, Faults& faults) {
  static const std::vector<std::string> none;
  std::string fault = file_fault(file, {field, rules.model_folders, none, "the server's own models"});
  if (fault.empty() && !file.ends_with(".zip"))
    fault = fmt::format("{}: {} is no model file (.zip)", field, printable(file));
  if (!fault.empty()) faults.push_back(std::move(fault));
}

/// The fields that only some kinds have.
void check_learning(const SessionRequest& request, const RequestRules& rules, Faults& faults) {
  const bool train = request.kind == "train", several = request.kind == "bootstrap";
  if (train && !request.algorithm.empty() && request.algorithm != "ppo" && request.algorithm != "dqn")
    faults.emplace_back("algorithm: \"ppo\" or \"dqn\"");
  if (!train && !request.algorithm.empty())
    faults.emplace_back("algorithm: only a session of kind train has one" +
                        std::string(several ? "; set bootstrap.algorithms" : ""));
  if (!train && !several && (!request.augment.empty() || request.curriculum))
    faults.emplace_back("augment, curriculum: only sessions of kind train and bootstrap have them");
  if (request.augment.size() > longest_text) faults.emplace_back("augment: too long");
  if (!request.augment.empty() && request.settings.contains("augmentation.techniques"))
    faults.emplace_back("augment: settings.augmentation.techniques says the same: give one of them");
  if (request.curriculum && request.settings.contains("curriculum.enabled"))
    faults.emplace_back("curriculum: settings.curriculum.enabled says the same: give one of them");
  if (!request.from.empty()) {
    if (train)
      check_model("from", request.from, rules, faults);
    else
      faults.emplace_back("from: only a session of kind train starts from a model");
  }
  if (!request.expert.empty() && request.expert != rsi_ma_expert) {
    if (request.kind == "clone")
      check_model("expert", request.expert, rules, faults);
    else
      faults.emplace_back("expert: only a session of kind clone has one");
  }
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
  for (const auto& [key, value] : settings_of(request)) {
    const std::string shown = printable(key.substr(0, longest_text));
    if (key.size() > longest_text || value.size() > longest_text) {
      faults.push_back(fmt::format("settings.{}: too long", shown));
    } else if (!sections.contains(key.substr(0, key.find('.')))) {
      faults.push_back(fmt::format("settings.{}: a session{} may set fields of {}", shown,
                                   is_training(request.kind) ? " of kind " + request.kind
                                                             : (request.dry_run ? "" : " that is no dry run"),
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
  } else if (is_training(request.kind)) {
    check_training(request, data, faults);
  } else {
    faults.push_back(fmt::format("kind: one of {}", fmt::join(session_kinds(), ", ")));
  }
  check_learning(request, rules, faults);
  if (data.empty()) faults.emplace_back("data: say which bars; the server trades on none");
  if (data.size() > most_files) {
    faults.push_back(fmt::format("data: at most {} files", most_files));
  } else {
    for (const std::string& file : data) {
      std::string fault =
          file_fault(file, {"data", rules.data_folders, rules.default_data, "sessions.data_folders"});
      if (!fault.empty()) faults.push_back(std::move(fault));
    }
  }
  check_settings(request, rules, faults);
  for (std::string& fault : asker_faults(request.by, false)) faults.push_back(std::move(fault));
  return faults;
}

std::vector<std::string> model_folders_of(const SessionConfig& config) {
  return {"models", "runs", config.folder};
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
  if (!request.algorithm.empty()) object["algorithm"] = request.algorithm;
  if (!request.augment.empty()) object["augment"] = request.augment;
  if (request.curriculum) object["curriculum"] = true;
  if (!request.from.empty()) object["from"] = request.from;
  if (!request.expert.empty()) object["expert"] = request.expert;
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
    request.algorithm = object.value("algorithm", "");
    request.augment = object.value("augment", "");
    request.curriculum = object.value("curriculum", false);
    request.from = object.value("from", "");
    request.expert = object.value("expert", "");
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

std::vector<StartableTraining> startable_trainings(const Config& config) {
  EnsembleConfiguration whole;
  static_cast<Config&>(whole) = config;
  ConfigBinder binder;
  describe(binder, whole);
  std::vector<StartableTraining> trainings{{"train", "ppo", {}},
                                           {"train", "dqn", {}},
                                           {"bootstrap", "", {}},
                                           {"clone", "", {}},
                                           {"ensemble", "", {}}};
  for (StartableTraining& training : trainings) {
    SessionRequest request;
    request.kind = training.kind;
    request.algorithm = training.algorithm;
    for (const SessionNumber& number : numbers_of(request)) {
      const auto field = std::ranges::find(binder.fields(), number.setting, &ConfigField::key);
      if (field != binder.fields().end())
        training.numbers.push_back({number.name, number.setting, std::stoull(field->show())});
    }
  }
  return trainings;
}

std::vector<std::string> startable_models(const std::vector<std::string>& model_folders) {
  constexpr std::size_t most = 100;
  std::vector<std::string> models;
  for (const ResultFile& file : model_files_in({model_folders.begin(), model_folders.end()})) {
    if (models.size() == most) break;
    if (file.name.ends_with(".zip") && !is_ensemble_file(file.path))
      models.push_back(file.path.generic_string());
  }
  return models;
}

}  // namespace stevie::app
