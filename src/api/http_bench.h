#pragma once
#include "app/bench.h"

namespace stevie::api {

/// Row `http_status`: requests a second of a small cached JSON answer with an API key, over kept-alive
/// loopback connections, from a server with one io thread; asked by wrk in a second process. Yardstick of the
/// same run: nginx with one worker that serves a static file with the same body. Where nginx is missing the
/// row says so and has no fraction; where wrk is missing a client of this process asks, and both are asked by
/// it.
app::BenchRow measure_http(double seconds);

}  // namespace stevie::api
