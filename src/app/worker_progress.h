#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace stevie::app {

/// What a worker is at.
enum class WorkerPhase : std::uint8_t {
  loading,    // reads bars, measures inputs
  searching,  // or training
  judging,    // the gate, or the test part
  writing     // holds the ledger, or is about to: must not be stopped in between
};
std::string_view to_string(WorkerPhase phase);

/// How far a worker is.
struct WorkerProgress {
  WorkerPhase phase = WorkerPhase::loading;
  std::uint64_t episode = 0, episodes = 0;  // of a training: environment steps
  std::uint64_t candidates = 0;
  std::optional<double> best_reward, running_reward;
  double fraction = 0;  // 0 to 1
  std::optional<double> seconds_left;
  bool operator==(const WorkerProgress&) const = default;
};

/// One JSON object on one line.
std::string progress_line(const WorkerProgress& progress);
/// Absent where the text is no such line.
std::optional<WorkerProgress> parse_progress(std::string_view text);

/// Where a worker tells how far it is (`--progress-file`): a file that holds the newest line and is replaced
/// whole. Beside it, as progress.jsonl, the lines of all episodes stay, each with its time
/// (session_progress.h). What goes wrong with them does not stop the work.
class ProgressFile {
 public:
  /// Empty: nothing is told. now: milliseconds since 1970; default: the system's.
  explicit ProgressFile(std::filesystem::path file, std::function<TimeMs()> now = {});
  void write(const WorkerProgress& progress);
  /// The last progress again in another phase.
  void enter(WorkerPhase phase);

 private:
  void keep(const WorkerProgress& progress) const;

  std::filesystem::path file_;
  std::function<TimeMs()> now_;
  WorkerProgress last_;
};

/// Its name in the folder of a session.
inline constexpr const char* progress_file_name = "progress.json";

/// The newest line of the file. Absent where there is none.
std::optional<WorkerProgress> read_progress(const std::filesystem::path& file);

}  // namespace stevie::app
