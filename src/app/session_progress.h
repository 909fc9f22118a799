#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "app/worker_progress.h"

namespace stevie::app {

/// What a worker told at one moment. Beside the newest progress (worker_progress.h) each episode's stays in
/// progress.jsonl, one line each, so that the way to the best can be drawn, also of a session that has ended.
struct ProgressPoint {
  TimeMs time = 0;  // 0: not known
  WorkerProgress progress;
};

inline constexpr const char* progress_curve_file = "progress.jsonl";

/// Oldest first. What is damaged is left out; of a file that is too large only the beginning is read. A
/// session without the file: what its results tell (results.json, training_results.json), without times.
std::vector<ProgressPoint> read_progress_curve(const std::filesystem::path& folder);

/// The rows that stay when a curve is thinned out to about `most`: first, last, every change of the best, and
/// others evenly.
std::vector<ProgressPoint> thinned(std::vector<ProgressPoint> points, std::size_t most);

}  // namespace stevie::app
