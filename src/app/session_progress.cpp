#include "app/session_progress.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "app/optimize_state.h"
#include "app/result_json.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t largest_curve = std::uintmax_t{16} << 20;
constexpr std::size_t longest_line = 4096;

std::string beginning_of(const fs::path& file, std::uintmax_t most) {
  std::error_code fault;
  if (!fs::is_regular_file(fs::symlink_status(file, fault))) return {};
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(std::min(fs::file_size(file, fault), most)), '\0');
  if (fault) return {};
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

std::optional<double> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// Of the array at a path of a results file; empty where there is none.
json rows_of(const fs::path& file, std::initializer_list<const char*> names, json& whole) {
  std::error_code fault;
  const std::uintmax_t bytes = fs::file_size(file, fault);
  if (fault || bytes > largest_result_file) return json::array();
  whole = json::parse(beginning_of(file, largest_result_file), nullptr, false);
  return rows_at(whole, names);
}

std::vector<ProgressPoint> from_search(const fs::path& folder) {
  json whole;
  const json history = rows_of(folder / results_file, {"search", "history"}, whole);
  std::vector<ProgressPoint> points;
  for (const json& row : history) {
    if (!row.is_object()) continue;
    ProgressPoint point;
    point.progress.phase = WorkerPhase::searching;
    point.progress.episode = points.size() + 1;
    point.progress.episodes = history.size();
    point.progress.best_reward = number(row, "best_so_far");
    point.progress.running_reward = number(whole.at("search"), "running_reward");
    points.push_back(point);
  }
  for (ProgressPoint& point : points)
    point.progress.fraction =
        static_cast<double>(point.progress.episode) / static_cast<double>(points.size());
  return points;
}

std::vector<ProgressPoint> from_training(const fs::path& folder) {
  json whole;
  const json updates = rows_of(folder / "training_results.json", {"updates"}, whole);
  std::vector<ProgressPoint> points;
  std::vector<std::pair<double, double>> judged;  // step, best on the validation part so far
  const json evaluations = whole.is_object() ? whole.value("evaluations", json::array()) : json::array();
  for (const json& row : evaluations) {
    if (!row.is_object()) continue;
    const auto step = number(row, "timesteps"), reward = number(row, "mean_reward");
    if (!step || !reward) continue;
    judged.emplace_back(*step, judged.empty() ? *reward : std::max(judged.back().second, *reward));
  }
  const double all = whole.is_object() ? number(whole, "timesteps").value_or(0) : 0;
  std::size_t known = 0;
  for (const json& row : updates) {
    if (!row.is_object()) continue;
    const auto step = number(row, "timesteps");
    if (!step || *step < 0 || *step > 1e15) continue;
    while (known < judged.size() && judged[known].first <= *step) ++known;
    ProgressPoint point;
    point.progress.phase = WorkerPhase::searching;
    point.progress.episode = static_cast<std::uint64_t>(*step);
    point.progress.episodes = all >= 0 && all <= 1e15 ? static_cast<std::uint64_t>(all) : 0;
    if (known > 0) point.progress.best_reward = judged[known - 1].second;
    point.progress.running_reward = number(row, "ep_rew_mean");
    point.progress.fraction = all > 0 ? std::clamp(*step / all, 0.0, 1.0) : 0;
    points.push_back(point);
  }
  return points;
}

}  // namespace

std::vector<ProgressPoint> read_progress_curve(const fs::path& folder) {
  if (folder.empty()) return {};
  const std::string text = beginning_of(folder / progress_curve_file, largest_curve);
  std::vector<ProgressPoint> points;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // cut off
    const std::string_view line = std::string_view(text).substr(begin, end - begin + 1);
    begin = end + 1;
    const auto progress = line.size() > longest_line ? std::nullopt : parse_progress(line);
    if (!progress) continue;
    ProgressPoint point{.time = 0, .progress = *progress};
    const json object = json::parse(line, nullptr, false);
    constexpr std::int64_t latest = 32'503'680'000'000;  // the year 3000
    if (const auto time = object.find("time"); time != object.end() && time->is_number_unsigned())
      point.time = static_cast<TimeMs>(std::min<std::uint64_t>(time->get<std::uint64_t>(), latest));
    // A resumed session goes over an episode again: what was told later counts.
    while (!points.empty() && points.back().progress.episode >= progress->episode) points.pop_back();
    points.push_back(point);
  }
  if (!points.empty()) return points;
  points = from_search(folder);
  return points.empty() ? from_training(folder) : points;
}

std::vector<ProgressPoint> thinned(std::vector<ProgressPoint> points, std::size_t most) {
  if (points.size() <= most || most < 2) return points;
  std::set<std::size_t> rows{0, points.size() - 1};
  for (std::size_t k = 0; k < most / 2; ++k) rows.insert(k * points.size() / (most / 2));
  // The best changes seldom; where it changes all the time the evenly spread rows show as much.
  std::vector<std::size_t> changes;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].progress.best_reward != points[i - 1].progress.best_reward) changes.push_back(i);
  }
  if (changes.size() <= most / 2) rows.insert(changes.begin(), changes.end());
  std::vector<ProgressPoint> kept;
  for (const std::size_t row : rows) kept.push_back(points[row]);
  return kept;
}

}  // namespace stevie::app
