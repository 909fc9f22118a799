#pragma once
#include "api/schema.h"

namespace stevie::api {

/// The gate's report (docs/gate.md) as pages show it: of each check what was measured, what was needed and
/// how sure it is, beside its words. Of text that is no such report: null. Whatever it holds, the answer fits
/// gate_view_schema().
Json gate_view(const Json& report);
Json gate_view_schema();

}  // namespace stevie::api
