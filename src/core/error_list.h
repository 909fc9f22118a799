#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"

namespace stevie {

/// Collects what is wrong at several places, so that a person is told everything at once.
class ErrorList {
 public:
  /// Runs it and keeps the Error that it throws; true where it threw none.
  template <class Work>
  bool collect(Work work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      errors_.push_back(error);
    } catch (const std::filesystem::filesystem_error& error) {
      errors_.emplace_back("file.unreadable", error.code().message(), error.path1().string());
    }
    return false;
  }
  void add(Error error) { errors_.push_back(std::move(error)); }
  bool empty() const { return errors_.empty(); }

  /// Throws the only one as it is, and several as one Error `code` with `intro` and a line each. Does nothing
  /// where there is none.
  void throw_any(const std::string& code, const std::string& intro) const {
    if (errors_.empty()) return;
    if (errors_.size() == 1) throw Error(errors_.front());
    std::string all = std::to_string(errors_.size()) + " " + intro;
    for (const Error& error : errors_) all += std::string("\n  ") + error.what();
    throw Error(code, all);
  }

 private:
  std::vector<Error> errors_;
};

}  // namespace stevie
