#pragma once
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"

namespace stevie::cli {

/// What a run of the whole program left.
struct ProgramResult {
  int code;
  std::string out;
  std::string err;
};

/// For tests: `stevie` with these arguments.
inline ProgramResult run_stevie(const std::vector<std::string>& arguments,
                                std::vector<const char*> environment = {}) {
  std::vector<const char*> words{"stevie"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  std::ostringstream out, err;
  const int code =
      run_program(static_cast<int>(words.size()), words.data(), std::move(environment), out, err);
  return {code, out.str(), err.str()};
}

}  // namespace stevie::cli
