#pragma once
#include <span>
#include <string>

#include "app/live_service.h"
#include "app/training_sessions.h"
#include "live/live_view.h"

namespace stevie::api {

/// Lines of Prometheus' text format about the trading loop: account, risk engine with denials by code, feed,
/// latency of decisions.
std::string live_metrics(const live::LiveView& view);
/// About the loop's thread, the ledger and the parameters.
std::string service_metrics(const app::LiveHealth& health);
/// Sessions by state.
std::string session_metrics(std::span<const app::TrainingSession> sessions);

}  // namespace stevie::api
