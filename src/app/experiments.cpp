#include "app/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/result_json.h"
#include "app/session_progress.h"
#include "core/error.h"
#include "ledger/merkle.h"
#include "rl/tensorboard.h"
#include "stats/thin_out.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t id_digits = 16;
constexpr std::size_t longest_list = 200;
constexpr std::size_t most_curves = 64, curve_points = 600;
constexpr const char* training_file = "training_results.json";
constexpr const char* cloning_file = "bc_training_results.json";
constexpr const char* ensemble_file = "ensemble_results.json";
constexpr const char* evaluation_file = "evaluation.json";
constexpr const char* optimize_file = "results.json";

const std::vector<std::string> marks{
    "training_results.json", "evaluation.json",      "results.json", "gate_study.json",
    "martingale_study.json", "martingale.json",      "state.bin",    "checkpoints/ppo.zip",
    "checkpoints/dqn.zip",   "ensemble_results.json"};

std::optional<double> number_in(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<bool> truth_at(const json& object, std::initializer_list<const char*> names) {
  const json found = member_at(object, names);
  return found.is_boolean() ? std::optional(found.get<bool>()) : std::nullopt;
}

std::optional<std::uint64_t> whole_in(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_string()) return std::nullopt;  // settings are kept as text
  const std::string text = value.get<std::string>();
  constexpr std::size_t longest = 19;
  if (text.empty() || text.size() > longest || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

stats::Metric metric_in(const json& value) {
  const auto number = number_in(value.is_object() ? member_at(value, {"value"}) : value);
  if (!number) {
    std::string reason = text_at(value, {"reason"});
    return stats::Metric::absent(reason.empty() ? "not told" : reason);
  }
  stats::Metric metric = stats::Metric::of(*number);
  const auto low = number_in(member_at(value, {"low"})), high = number_in(member_at(value, {"high"}));
  if (low && high) metric.interval = {*low, *high};
  return metric;
}

/// The metrics of the run itself in an evaluation.
void take_metrics(const json& evaluation, Experiment& experiment) {
  const json results = member_at(evaluation, {"results"});
  if (!results.is_array()) return;
  const auto own =
      std::ranges::find_if(results, [](const json& row) { return text_at(row, {"key"}) == "strategy"; });
  if (own == results.end()) return;
  const json metrics = member_at(*own, {"metrics"});
  for (const auto& [key, value] : metrics.items()) {
    if (experiment.metrics.size() == longest_list) break;
    experiment.metrics.emplace_back(shown_line(key), metric_in(value));
  }
  if (const auto trades = number_in(member_at(*own, {"trades"})))
    experiment.metrics.emplace_back("trades", stats::Metric::of(*trades));
}

using Settings = std::vector<std::pair<std::string, std::string>>;

void add_settings(const json& object, const std::string& prefix, Settings& settings) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) {
    if (settings.size() == longest_list) return;
    const bool scalar = value.is_primitive() && !value.is_null();
    const bool list =
        value.is_array() && std::ranges::all_of(value, [](const json& v) { return v.is_primitive(); });
    if (!scalar && !list) continue;
    std::string text = value.is_string() ? value.get<std::string>()
                                         : value.dump(-1, ' ', false, json::error_handler_t::replace);
    settings.emplace_back(prefix + shown_line(key), shown_line(text));
  }
}

/// What was asked of the run: of everything that decides what it does.
Settings settings_of(const std::string& kind, const json& results) {
  Settings settings;
  if (kind == "train" || kind == "evaluate" || kind == "clone") {
    add_settings(member_at(results, {"configuration"}), "", settings);
  } else if (kind == "ensemble") {
    add_settings(member_at(results, {"test", "configuration"}), "", settings);
  } else if (kind == "optimize") {
    add_settings(member_at(results, {"scenario"}), "scenario.", settings);
    add_settings(member_at(results, {"changed_settings"}), "", settings);
    json search = member_at(results, {"search"});
    json asked = json::object();
    for (const char* name : {"method", "seed", "pairs", "tolerance"}) {
      if (search.is_object() && search.contains(name)) asked[name] = search[name];
    }
    add_settings(asked, "search.", settings);
  } else {
    add_settings(results, "", settings);
  }
  return settings;
}

std::string hash_of(const Settings& settings) {
  if (settings.empty()) return {};
  json object = json::object();
  for (const auto& [name, value] : settings) object[name] = value;
  return ledger::to_hex(ledger::sha256(object.dump(-1, ' ', false, json::error_handler_t::replace)));
}

void take_training(const json& results, Experiment& experiment) {
  const std::string algorithm = text_at(results, {"algorithm"}), symbol = text_at(results, {"symbol"});
  experiment.title = (algorithm.empty() ? "Training" : algorithm) + (symbol.empty() ? "" : " on " + symbol);
  if (const std::string data = text_at(results, {"data"}); !data.empty()) experiment.data = {data};
  experiment.synthetic = truth_at(results, {"synthetic"});
  experiment.seed =
      whole_in(member_at(results, {"configuration", algorithm == "DQN" ? "dqn.seed" : "ppo.seed"}));
  if (text_at(results, {"kind"}) == "bootstrap") {
    experiment.title = "First trainings" + (symbol.empty() ? "" : " on " + symbol);
    experiment.seed = whole_in(member_at(results, {"seed"}));
  }
  experiment.sentence = text_at(results, {"sentence"});
  if (experiment.sentence.empty()) experiment.sentence = text_at(results, {"validation", "sentence"});
  if (experiment.sentence.empty()) experiment.sentence = text_at(results, {"test", "verdict"});
  for (const char* name : {"timesteps", "best_timesteps"}) {
    if (const auto number = number_in(member_at(results, {name})))
      experiment.metrics.emplace_back(name, stats::Metric::of(*number));
  }
  take_metrics(member_at(results, {"test"}), experiment);
}

void take_market(const json& results, Experiment& experiment) {
  if (const std::string data = text_at(results, {"data"}); !data.empty()) experiment.data = {data};
  experiment.synthetic = truth_at(results, {"synthetic"});
}

void take_clone(const json& results, Experiment& experiment) {
  const std::string expert = text_at(results, {"expert"}), symbol = text_at(results, {"symbol"});
  experiment.title =
      "Clone of " + (expert.empty() ? "an expert" : expert) + (symbol.empty() ? "" : " on " + symbol);
  experiment.sentence = text_at(results, {"verdict"});
  experiment.seed = whole_in(member_at(results, {"configuration", "cloning.seed"}));
  take_market(results, experiment);
  for (const char* name : {"accuracy", "divergence_bits"}) {
    if (const auto number = number_in(member_at(results, {"deviation", "test", "imitation", name})))
      experiment.metrics.emplace_back(name, stats::Metric::of(*number));
  }
  if (const auto number = number_in(member_at(results, {"deviation", "test", "clone_return"})))
    experiment.metrics.emplace_back("total_return", stats::Metric::of(*number));
}

void take_ensemble(const json& results, Experiment& experiment) {
  const std::string symbol = text_at(results, {"symbol"});
  experiment.title = "Ensemble" + (symbol.empty() ? "" : " on " + symbol);
  experiment.sentence = text_at(results, {"test", "verdict"});
  take_market(results, experiment);
  for (const char* name : {"mean_consensus", "calibration_error_after"}) {
    if (const auto number = number_in(member_at(results, {"ensemble", name})))
      experiment.metrics.emplace_back(name, stats::Metric::of(*number));
  }
  take_metrics(member_at(results, {"test"}), experiment);
}

void take_search(const json& results, Experiment& experiment) {
  experiment.title = text_at(results, {"scenario", "title"});
  experiment.sentence = text_at(results, {"outcome", "sentence"});
  experiment.seed = whole_in(member_at(results, {"search", "seed"}));
  const json data = member_at(results, {"data"});
  if (data.is_array()) {
    bool synthetic = false;
    for (const json& market : data) {
      if (experiment.data.size() == longest_list) break;
      experiment.data.push_back(text_at(market, {"file"}));
      synthetic = synthetic || truth_at(market, {"synthetic"}).value_or(false);
    }
    experiment.synthetic = synthetic;
  }
  for (const char* name : {"episodes", "proposals", "running_reward"}) {
    if (const auto number = number_in(member_at(results, {"search", name})))
      experiment.metrics.emplace_back(name, stats::Metric::of(*number));
  }
  const json candidates = member_at(results, {"search", "candidates"}),
             best = member_at(results, {"search", "best"});
  if (candidates.is_array() && best.is_number_unsigned() && best.get<std::size_t>() < candidates.size()) {
    if (const auto reward = number_in(member_at(candidates[best.get<std::size_t>()], {"reward"})))
      experiment.metrics.emplace_back("best_reward", stats::Metric::of(*reward));
  }
}

void take_evaluation(const json& results, Experiment& experiment) {
  experiment.title = text_at(results, {"title"});
  experiment.sentence = text_at(results, {"verdict"});
  experiment.seed = whole_in(member_at(results, {"bootstrap", "seed"}));
  experiment.synthetic = truth_at(results, {"synthetic"});
  if (const std::string data = text_at(results, {"data"}); !data.empty()) experiment.data = {data};
  take_metrics(results, experiment);
}

void take_study(const json& results, Experiment& experiment) {
  experiment.title = experiment.kind == "gate_study" ? "Errors and power of the gate"
                                                     : "Searches on markets without anything to find";
  experiment.seed = whole_in(member_at(results, {"seed"}));
  experiment.synthetic = true;
  for (const char* name : {"nulls", "power", "cells"}) {
    const json rows = member_at(results, {name});
    if (rows.is_array())
      experiment.metrics.emplace_back(name, stats::Metric::of(static_cast<double>(rows.size())));
  }
}

void take(const json& results, Experiment& experiment) {
  if (experiment.kind == "train") take_training(results, experiment);
  if (experiment.kind == "clone") take_clone(results, experiment);
  if (experiment.kind == "ensemble") take_ensemble(results, experiment);
  if (experiment.kind == "optimize") take_search(results, experiment);
  if (experiment.kind == "evaluate") take_evaluation(results, experiment);
  if (experiment.kind.ends_with("_study")) take_study(results, experiment);
  experiment.config_hash = hash_of(settings_of(experiment.kind, results));
}

/// Kind of the run that a file belongs to; empty where it tells none.
std::string kind_of(const std::string& file) {
  if (file == training_file || file == "ppo.zip" || file == "dqn.zip") return "train";
  if (file == cloning_file) return "clone";
  if (file == ensemble_file) return "ensemble";
  if (file == optimize_file || file == "state.bin") return "optimize";
  if (file == evaluation_file) return "evaluate";
  if (file == "gate_study.json") return "gate_study";
  if (file == "martingale_study.json" || file == "martingale.json") return "martingale_study";
  return {};
}

/// A label for names below a further root: the last part of its path that says something.
std::string label_of(const fs::path& root) {
  const fs::path whole = root.lexically_normal();
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

bool lies_in(const fs::path& folder, const fs::path& other) {
  const fs::path relative = folder.lexically_relative(other);
  return !relative.empty() && *relative.begin() != "..";
}

std::string id_of(const std::string& name) {
  return ledger::to_hex(ledger::sha256(name)).substr(0, id_digits);
}

/// The run's folder and its name, of a file that marks one.
struct Place {
  fs::path folder;
  std::string name;
};
Place place_of(const ResultFile& file) {
  const bool checkpoint =
      file.name.ends_with("checkpoints/ppo.zip") || file.name.ends_with("checkpoints/dqn.zip");
  fs::path folder = file.path.parent_path(), name = fs::path(file.name).parent_path();
  if (checkpoint) {
    folder = folder.parent_path();
    name = name.parent_path();
  }
  return {folder, name.empty() ? "." : name.generic_string()};
}

/// Runs by their folder, newest mark first; a finished one counts more than what it was before.
std::vector<Experiment> found_runs(const ResultRoots& roots) {
  std::vector<Experiment> runs;
  std::map<std::string, std::size_t> by_folder;
  for (const ResultFile& file : result_files_in(roots, marks)) {
    const std::string file_name = file.path.filename().string(), kind = kind_of(file_name);
    if (kind.empty()) continue;
    const Place place = place_of(file);
    const bool finished = file_name.ends_with(".json");
    const auto [known, is_new] = by_folder.emplace(place.folder.string(), runs.size());
    if (!is_new) {
      Experiment& run = runs[known->second];
      const bool better = (finished && run.results.empty()) || (run.kind == "evaluate" && kind != "optimize");
      if (!better) continue;
      const TimeMs modified = std::max(run.modified, file.modified);
      run = {};
      run.modified = modified;
    } else {
      runs.emplace_back();
      runs.back().modified = file.modified;
    }
    Experiment& run = runs[known->second];
    run.kind = kind;
    run.name = place.name;
    run.id = id_of("experiment " + place.name);
    run.folder = place.folder;
    run.state = finished ? "finished" : "unfinished";
    if (finished) run.results = file.path;
    run.title = kind == "train" ? "Training" : kind == "optimize" ? "Search" : "";
  }
  return runs;
}

/// Ids of the newest report and model in a run's folder.
void link(const std::vector<ResultFile>& reports, const std::vector<ResultFile>& models, Experiment& run) {
  for (const ResultFile& file : reports) {
    if (file.path.parent_path() == run.folder) run.report = file.id;
    if (!run.report.empty()) break;
  }
  for (const ResultFile& file : models) {
    const fs::path folder = file.path.parent_path();
    if (folder == run.folder || folder.parent_path() == run.folder) run.model = file.id;
    if (!run.model.empty()) break;
  }
}

void add_point(std::map<std::string, Curve>& curves, const std::string& tag, double step, double value) {
  if (!std::isfinite(step) || !std::isfinite(value)) return;
  if (curves.size() >= most_curves && !curves.contains(tag)) return;
  Curve& curve = curves[tag];
  // A resumed run goes over some steps again: what it wrote later counts.
  while (!curve.steps.empty() && curve.steps.back() >= step) {
    curve.steps.pop_back();
    curve.values.pop_back();
  }
  curve.steps.push_back(step);
  curve.values.push_back(value);
}

std::string name_of(const std::string& tag) {
  static const std::map<std::string, std::string> names{
      {"rollout/ep_rew_mean", "Mean reward of an episode"},
      {"rollout/ep_len_mean", "Mean length of an episode"},
      {"time/fps", "Steps a second"},
      {"train/loss", "Loss"},
      {"train/learning_rate", "Learning rate"},
      {"train/policy_gradient_loss", "Policy loss"},
      {"train/value_loss", "Value loss"},
      {"train/entropy_loss", "Entropy loss"},
      {"train/approx_kl", "KL divergence to the policy before"},
      {"train/clip_fraction", "Share of clipped samples"},
      {"train/clip_range", "Clip range"},
      {"train/explained_variance", "Explained variance of the value function"},
      {"train/n_updates", "Updates"},
      {"eval/loss", "Loss on the validation part"},
      {"eval/accuracy", "Share of the expert's actions on the validation part"},
      {"eval/mean_reward", "Log growth on the validation part"},
      {"eval/mean_ep_length", "Bars of the validation part"},
      {"eval/total_return", "Return on the validation part"},
      {"eval/trades", "Trades on the validation part"},
      {"search/best_so_far", "Best reward so far"},
      {"search/mean_reward", "Mean reward of an episode's candidates"},
      {"search/spread", "Spread of the proposals"},
      {"search/candidate", "Reward of each candidate"},
      {"search/running", "Reward of what runs"},
      {"search/candidates", "Candidates looked at"}};
  const auto found = names.find(tag);
  return found == names.end() ? tag : found->second;
}

std::vector<Curve> finished_curves(std::map<std::string, Curve> curves) {
  std::vector<Curve> list;
  for (auto& [tag, curve] : curves) {
    curve.tag = tag;
    curve.name = name_of(tag);
    curve.points = curve.steps.size();
    list.push_back(thinned(std::move(curve), curve_points));
  }
  return list;
}

/// The newest numbered folder of event files.
std::vector<fs::path> event_files(const fs::path& log) {
  std::vector<std::pair<long, fs::path>> runs;
  std::error_code fault;
  constexpr std::size_t most_entries = 10'000;
  std::size_t looked_at = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(log, fault)) {
    if (++looked_at > most_entries) break;
    const std::string name = entry.path().filename().string();
    const std::size_t mark = name.rfind('_');
    if (entry.is_symlink(fault) || !entry.is_directory(fault) || mark == std::string::npos) continue;
    const auto number = whole_in(json(name.substr(mark + 1)));
    if (number) runs.emplace_back(static_cast<long>(*number), entry.path());
  }
  std::vector<fs::path> files;
  if (runs.empty()) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator(std::ranges::max(runs).second, fault)) {
    if (++looked_at > most_entries) break;
    const bool plain_file = !entry.is_symlink(fault) && entry.is_regular_file(fault);
    if (plain_file && entry.path().filename().string().starts_with("events.out.tfevents."))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

void take_rows(const json& rows, const char* step, const std::string& group,
               std::map<std::string, Curve>& curves) {
  if (!rows.is_array()) return;
  for (const json& row : rows) {
    const auto at_step = number_in(member_at(row, {step}));
    if (!at_step || !row.is_object()) continue;
    for (const auto& [key, value] : row.items()) {
      const auto number = number_in(value);
      if (key == step || !number) continue;
      const bool rollout = key.starts_with("ep_");
      add_point(curves, (rollout ? std::string("rollout/") : group) + shown_line(key), *at_step, *number);
    }
  }
}

std::vector<Curve> search_curves(const json& results) {
  std::map<std::string, Curve> curves;
  const json history = member_at(results, {"search", "history"});
  double episode = 0;
  const auto running = number_in(member_at(results, {"search", "running_reward"}));
  if (history.is_array()) {
    for (const json& row : history) {
      ++episode;
      for (const char* name : {"best_so_far", "mean_reward"}) {
        if (const auto number = number_in(member_at(row, {name})))
          add_point(curves, std::string("search/") + name, episode, *number);
      }
      if (running) add_point(curves, "search/running", episode, *running);
      const json spread = member_at(row, {"spread"});
      double sum = 0, count = 0;
      for (const json& value : spread.is_array() ? spread : json::array()) {
        sum += number_in(value).value_or(0);
        ++count;
      }
      if (count > 0) add_point(curves, "search/spread", episode, sum / count);
    }
  }
  const json candidates = member_at(results, {"search", "candidates"});
  double number = 0;
  for (const json& candidate : candidates.is_array() ? candidates : json::array()) {
    ++number;
    if (const auto reward = number_in(member_at(candidate, {"reward"})))
      add_point(curves, "search/candidate", number, *reward);
  }
  return finished_curves(std::move(curves));
}

/// Of a search that has not ended: what its worker told.
std::vector<Curve> told_curves(const fs::path& folder) {
  std::map<std::string, Curve> curves;
  for (const ProgressPoint& point : read_progress_curve(folder)) {
    const auto episode = static_cast<double>(point.progress.episode);
    if (point.progress.best_reward)
      add_point(curves, "search/best_so_far", episode, *point.progress.best_reward);
    if (point.progress.running_reward)
      add_point(curves, "search/running", episode, *point.progress.running_reward);
    add_point(curves, "search/candidates", episode, static_cast<double>(point.progress.candidates));
  }
  return finished_curves(std::move(curves));
}

}  // namespace

std::vector<ResultFile> result_files_in(const ResultRoots& roots, const std::vector<std::string>& endings) {
  std::vector<ResultFile> files;
  std::vector<fs::path> looked;
  for (const fs::path& root : roots) {
    std::error_code fault;
    const fs::path whole = fs::weakly_canonical(fs::absolute(root, fault), fault);
    if (fault || root.empty() ||
        std::ranges::any_of(looked, [&](const fs::path& p) { return lies_in(whole, p); }))
      continue;
    const std::string label = looked.empty() ? "" : label_of(whole) + "/";
    for (ResultFile& file : result_files(root, endings)) {
      // A root around an earlier one: what lies there has been found.
      const fs::path canonical = whole / file.name;
      if (std::ranges::any_of(looked, [&](const fs::path& p) { return lies_in(canonical, p); })) continue;
      if (!label.empty()) {
        file.name = label + file.name;
        file.id = id_of(file.name + "\n" + whole.string());
      }
      files.push_back(std::move(file));
    }
    looked.push_back(whole);
  }
  std::ranges::stable_sort(files, [](const ResultFile& a, const ResultFile& b) {
    return a.modified != b.modified ? a.modified > b.modified : a.name < b.name;
  });
  return files;
}

std::optional<ResultFile> find_result_file_in(const ResultRoots& roots,
                                              const std::vector<std::string>& endings,
                                              const std::string& id) {
  for (ResultFile& file : result_files_in(roots, endings)) {
    if (file.id == id) return std::move(file);
  }
  return std::nullopt;
}

std::vector<ResultFile> model_files_in(const ResultRoots& roots) {
  std::vector<ResultFile> files = result_files_in(roots, model_endings);
  std::erase_if(files,
                [](const ResultFile& file) { return file.path.parent_path().filename() == "checkpoints"; });
  return files;
}

Curve thinned(Curve curve, std::size_t most) {
  const std::size_t points = curve.steps.size();
  if (curve.points == 0) curve.points = points;
  if (points <= most || most < 4) return curve;
  Curve kept{.tag = curve.tag, .name = curve.name, .steps = {}, .values = {}, .points = curve.points};
  for (const std::size_t row : stats::thin_out(curve.values, most)) {
    kept.steps.push_back(curve.steps[row]);
    kept.values.push_back(curve.values[row]);
  }
  return kept;
}

std::vector<Curve> training_curves(const fs::path& folder, std::string& source) {
  std::map<std::string, Curve> curves;
  for (const fs::path& file : event_files(folder / "tensorboard_logs")) {
    for (const rl::Scalar& scalar : rl::read_scalars(file))
      add_point(curves, shown_line(scalar.tag), static_cast<double>(scalar.step), scalar.value);
  }
  source = curves.empty() ? "" : "tensorboard";
  const json results = read_result_object<json>(folder / training_file);
  if (results.is_object()) {
    if (curves.empty()) {
      take_rows(member_at(results, {"updates"}), "timesteps", "train/", curves);
      source = curves.empty() ? "" : "training_results";
    }
    std::map<std::string, Curve> judged;
    take_rows(member_at(results, {"evaluations"}), "timesteps", "eval/", judged);
    curves.merge(judged);
  }
  return finished_curves(std::move(curves));
}

std::vector<Experiment> ExperimentList::experiments(const Roots& roots) {
  const std::vector<ResultFile> reports = result_files_in(roots.reports, report_endings);
  const std::vector<ResultFile> models = model_files_in(roots.models);
  std::vector<Experiment> runs = found_runs(roots.runs);
  std::map<std::string, Seen> now;
  for (Experiment& run : runs) {
    if (!run.results.empty()) {
      std::error_code fault;
      const std::string path = run.results.string();
      const std::uintmax_t bytes = fs::file_size(run.results, fault);
      bool known = false;
      {
        const std::lock_guard lock(mutex_);
        const auto seen = seen_.find(path);
        known = seen != seen_.end() && seen->second.modified == run.modified && seen->second.bytes == bytes;
        if (known) run = seen->second.experiment;
      }
      if (!known) {
        const json results = read_result_object<json>(run.results);
        if (results.is_object()) {
          take(results, run);
        } else {
          run.sentence = "Its results cannot be read.";
        }
      }
      now[path] = {run.modified, bytes, run};
    }
    link(reports, models, run);
  }
  const std::lock_guard lock(mutex_);
  seen_ = std::move(now);
  return runs;
}

std::optional<ExperimentDetail> ExperimentList::experiment(const Roots& roots, const std::string& id) {
  std::vector<Experiment> runs = experiments(roots);
  const auto found = std::ranges::find(runs, id, &Experiment::id);
  if (found == runs.end()) return std::nullopt;
  ExperimentDetail detail{.experiment = *found, .settings = {}, .curves = {}, .notes = {}};
  const json results = found->results.empty() ? json(nullptr) : read_result_object<json>(found->results);
  if (results.is_object()) detail.settings = settings_of(found->kind, results);
  std::string source;
  if (found->kind == "train" || found->kind == "clone")
    detail.curves = training_curves(found->folder, source);
  if (found->kind == "optimize")
    detail.curves = results.is_object() ? search_curves(results) : told_curves(found->folder);
  const json notes = member_at(results, {found->kind == "optimize" ? "notes" : "notices"});
  for (const json& note : notes.is_array() ? notes : json::array()) {
    if (note.is_string() && detail.notes.size() < longest_list)
      detail.notes.push_back(shown_line(note.get<std::string>()));
  }
  return detail;
}

}  // namespace stevie::app
