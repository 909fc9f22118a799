#pragma once
#include "core/time.h"

namespace stevie {

/// Now, by the system's clock. What is recorded takes its time from here; what is computed never does.
TimeMs system_time();

}  // namespace stevie
