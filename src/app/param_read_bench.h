#pragma once
#include <vector>

#include "app/bench.h"

namespace stevie::app {

/// Nanoseconds to get at the parameters in force and read one value, on one thread: row `param_read` with
/// nobody publishing, row `param_read_published` while a second thread publishes versions as fast as it can.
/// Yardsticks of the same run: the parameters behind a std::shared_mutex and behind a
/// std::atomic<std::shared_ptr>.
std::vector<BenchRow> measure_parameter_reads(double seconds);

}  // namespace stevie::app
