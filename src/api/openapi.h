#pragma once
#include <span>
#include <string>
#include <vector>

#include "api/route.h"

namespace stevie::api {

/// The statuses that a route can answer beside those of its responses: its own faults and those of the
/// framework (bad request, not logged in, too large, ...), ascending.
std::vector<int> fault_statuses(const Route& route);

/// OpenAPI 3.1.0 of a table whose schemas are sound. Schemas that requests are made of take no field that
/// they do not name.
std::string openapi_document(const RouteTable& table);

/// Names in "{}" of a path, in order.
std::vector<std::string> path_parameter_names(const std::string& path);

}  // namespace stevie::api
