#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "core/progress.h"

namespace stevie::cli {

/// The studies of the gate: `stevie study gate` and `stevie study martingale`.
void add_gate_studies(CLI::App& family, CommandContext& context);

/// `stevie study ensemble`.
void add_ensemble_study(CLI::App& family, CommandContext& context);

/// A bar for each part of a study, one after the other.
class StudyProgress {
 public:
  explicit StudyProgress(bool quiet) : quiet_(quiet) {}

  void update(const std::string& part, std::size_t done, std::size_t total) {
    if (part != part_) {
      finish();
      bar_ = std::make_unique<ProgressBar>(part, "runs", total, progress_on_stderr(quiet_));
      part_ = part;
    }
    bar_->update(done);
  }
  /// update() as studies call it; this must outlive it.
  std::function<void(const std::string&, std::size_t, std::size_t)> reporter() {
    return
        [this](const std::string& part, std::size_t done, std::size_t total) { update(part, done, total); };
  }
  void finish() {
    if (bar_) bar_->finish();
  }

 private:
  bool quiet_;
  std::string part_;
  std::unique_ptr<ProgressBar> bar_;
};

}  // namespace stevie::cli
