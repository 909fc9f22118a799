#include "core/clock.h"

#include <chrono>

namespace stevie {

TimeMs system_time() {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace stevie
