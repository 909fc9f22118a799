#pragma once
#include <functional>
#include <string>
#include <vector>

#include "api/route.h"
#include "api/router.h"

namespace stevie::api {

/// What the routes of every server stand on; must outlive them.
struct SystemParts {
  const std::vector<HealthCheck>* checks = nullptr;
  std::function<std::string()> metrics;  // Prometheus' text
  std::function<std::shared_ptr<const std::string>()> openapi;
};

/// /api/openapi.json, /health/live, /health/ready, /metrics.
std::vector<Route> system_routes(const SystemParts& parts);

}  // namespace stevie::api
