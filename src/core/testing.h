#pragma once
#include <gtest/gtest.h>

#include <functional>

#include "core/error.h"

namespace stevie {

/// For tests: runs the action, which must throw an Error, and returns that.
inline Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {"none", "none"};
}

}  // namespace stevie
