#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/ensemble_file.h"
#include "app/result_files.h"

namespace stevie::app {

/// What a member did in the evaluation that lies beside the file.
struct MemberRun {
  double weight = 0, agreement = 0, accuracy = 0, contribution = 0;
};

struct EnsembleMemberInfo {
  std::string name, kind;
  double weight = 0;  // first weight
  double temperature = 1, confidence = 0;
  std::size_t masked_columns = 0;
  MemberValidation validation;
  std::optional<MemberRun> run;
};

/// An ensemble's file as lists of models show it.
struct EnsembleInfo {
  std::string name, method, symbol;
  bool adapts = false, synthetic = false;
  std::vector<EnsembleMemberInfo> members;
};

/// Absent where the file is no ensemble, is damaged or is larger than 64 MiB. What members did comes from
/// ensemble_results.json beside it or in the folder above, where that tells of a file of this name and the
/// same members.
std::optional<EnsembleInfo> ensemble_info(const ResultFile& file);

}  // namespace stevie::app
