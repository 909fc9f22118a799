#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"

namespace stevie::app {

/// A file of results below a folder that people may look into from outside. It is named by a hash of its
/// place, so that no text from outside ever becomes a path.
struct ResultFile {
  std::string id;    // 16 hex digits
  std::string name;  // relative to the folder, with '/'
  std::filesystem::path path;
  std::uintmax_t bytes = 0;
  TimeMs modified = 0;
};

/// Regular files below `folder` whose names end in one of `endings`, newest first, 10,000 at most; none where
/// there is no such folder. Links are not followed, names that are no plain text are left out.
std::vector<ResultFile> result_files(const std::filesystem::path& folder,
                                     const std::vector<std::string>& endings);

/// The one with this id; absent where there is none.
std::optional<ResultFile> find_result_file(const std::filesystem::path& folder,
                                           const std::vector<std::string>& endings, const std::string& id);

/// A model file with what its training left beside it.
struct ModelFileInfo {
  ResultFile file;
  std::string kind;  // "PPO", "DQN", "Behaviour cloning", "ensemble"; empty where nothing tells
  /// What its training wrote beside it, as JSON text; of a clone with the evaluation as "test", of several
  /// trainings with the numbers of the one that left this file, of an ensemble's member with the bars alone.
  /// Empty where there is none that can be read.
  std::string results = {};
};
ModelFileInfo model_info(const ResultFile& file);

}  // namespace stevie::app
