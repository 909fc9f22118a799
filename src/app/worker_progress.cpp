#include "app/worker_progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/session_progress.h"
#include "core/clock.h"

namespace stevie::app {
namespace {

using nlohmann::json;

constexpr std::array phases{WorkerPhase::loading, WorkerPhase::searching, WorkerPhase::judging,
                            WorkerPhase::writing};
constexpr std::size_t longest_line = 4096;

json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json();
}

std::uint64_t count(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<double> number(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace

std::string_view to_string(WorkerPhase phase) {
  switch (phase) {
    case WorkerPhase::loading:
      return "loading";
    case WorkerPhase::searching:
      return "searching";
    case WorkerPhase::judging:
      return "judging";
    case WorkerPhase::writing:
      break;
  }
  return "writing";
}

std::string progress_line(const WorkerProgress& progress) {
  return json{{"phase", to_string(progress.phase)},
              {"episode", progress.episode},
              {"episodes", progress.episodes},
              {"candidates", progress.candidates},
              {"best_reward", number_or_null(progress.best_reward)},
              {"running_reward", number_or_null(progress.running_reward)},
              {"fraction", std::isfinite(progress.fraction) ? progress.fraction : 0.0},
              {"seconds_left", number_or_null(progress.seconds_left)}}
             .dump() +
         "\n";
}

std::optional<WorkerProgress> parse_progress(std::string_view text) {
  if (text.empty() || text.size() > longest_line || text.back() != '\n') return std::nullopt;
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object()) return std::nullopt;
  WorkerProgress progress;
  const auto phase = line.find("phase");
  if (phase == line.end() || !phase->is_string()) return std::nullopt;
  const auto known = std::ranges::find_if(
      phases, [&](WorkerPhase item) { return to_string(item) == phase->get_ref<const std::string&>(); });
  if (known == phases.end()) return std::nullopt;
  progress.phase = *known;
  progress.episode = count(line, "episode");
  progress.episodes = count(line, "episodes");
  progress.candidates = count(line, "candidates");
  progress.best_reward = number(line, "best_reward");
  progress.running_reward = number(line, "running_reward");
  progress.fraction = std::clamp(number(line, "fraction").value_or(0), 0.0, 1.0);
  progress.seconds_left = number(line, "seconds_left");
  return progress;
}

ProgressFile::ProgressFile(std::filesystem::path file, std::function<TimeMs()> now)
    : file_(std::move(file)), now_(now ? std::move(now) : system_time) {}

/// Appends: a line that is cut off is left out by who reads it.
void ProgressFile::keep(const WorkerProgress& progress) const {
  constexpr std::uintmax_t largest = std::uintmax_t{16} << 20;
  const std::filesystem::path curve = file_.parent_path() / progress_curve_file;
  std::error_code fault;
  const std::uintmax_t bytes = std::filesystem::file_size(curve, fault);
  if (!fault && bytes > largest) return;
  json line = json::parse(progress_line(progress), nullptr, false);
  line["time"] = now_();
  std::ofstream(curve, std::ios::binary | std::ios::app) << line.dump() + "\n" << std::flush;
}

void ProgressFile::write(const WorkerProgress& progress) {
  const bool further = progress.phase == WorkerPhase::searching && progress.episode > 0 &&
                       (last_.phase != progress.phase || last_.episode != progress.episode);
  last_ = progress;
  if (file_.empty()) return;
  if (further) keep(progress);
  // Not write_file(): a report that is lost with the machine is no loss, and waiting for the disk is one.
  std::filesystem::path next = file_;
  next += ".next";
  {
    std::ofstream out(next, std::ios::binary | std::ios::trunc);
    out << progress_line(progress);
    if (!out.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(next, file_, ignored);
}

void ProgressFile::enter(WorkerPhase phase) {
  WorkerProgress progress = last_;
  progress.phase = phase;
  write(progress);
}

std::optional<WorkerProgress> read_progress(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(longest_line + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return parse_progress(text);
}

}  // namespace stevie::app
