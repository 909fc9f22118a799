#include "api/problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace stevie::api {
namespace {

constexpr std::string_view mend = "Correct what the detail names and send the request again.";
constexpr std::string_view see_server =
    "Nothing was changed. Look at the log of the server, mend what it names, and try again.";
constexpr std::string_view try_later = "Nothing was changed. Try again in a moment.";

// Codes of one folder stand together; its "*" comes last.
constexpr ErrorInfo entries[] = {
    {"api.unauthenticated", 401, "Not logged in",
     "Send the header Authorization: Bearer with an access token of POST /api/auth/login or an API key."},
    {"api.forbidden", 403, "Role not sufficient", "Ask an administrator for the role that the detail names."},
    {"api.not_found", 404, "No such thing", "See /api/docs for the routes, or list what exists first."},
    {"api.bad_ticket", 404, "Address not valid any more",
     "Open the report again: POST /api/reports/{id}/ticket gives a new address."},
    {"api.method_not_allowed", 405, "Method not allowed",
     "Use one of the methods that the header Allow names."},
    {"api.timeout", 408, "Request took too long", "Send the whole request at once, and send it again."},
    {"api.conflict", 409, "Conflict with the present state", "Read the present state, then decide anew."},
    {"api.in_progress", 409, "The same call is under way",
     "Wait for a second and repeat the request with the same Idempotency-Key."},
    {"api.outcome_unknown", 409, "Outcome of an earlier call unknown",
     "An earlier request with this Idempotency-Key was cut off. Look whether it took effect, and use a new "
     "key if it did not."},
    {"api.shown_once", 409, "Done already; its answer is shown once",
     "The call took effect and its answer held a secret that is not kept. Revoke what it made and use a new "
     "Idempotency-Key."},
    {"api.bad_request", 400, "Malformed request", mend},
    {"api.bad_path", 400, "Malformed path", mend},
    {"api.bad_query", 400, "Malformed query", mend},
    {"api.bad_parameter", 400, "Unknown or bad parameter", mend},
    {"api.bad_json", 400, "Not JSON", "Send one JSON object in UTF-8."},
    {"api.bad_body", 400, "Body does not fit", mend},
    {"api.bad_header", 400, "Malformed header", mend},
    {"api.bad_message", 400, "Malformed message of a WebSocket", mend},
    {"api.bad_host", 400, "Unexpected host name",
     "Use the address that the server was started with, or name this host in server.host_names."},
    {"api.too_large", 413, "Body too large", "Send less, or raise server.largest_body."},
    {"api.unsupported_media_type", 415, "Not application/json",
     "Send the header Content-Type: application/json."},
    {"api.idempotency_mismatch", 422, "Idempotency-Key used for another request",
     "Use a new Idempotency-Key for a new request."},
    {"api.too_many_requests", 429, "Too many requests",
     "Wait as many seconds as the header Retry-After says."},
    {"api.header_too_large", 431, "Header too large",
     "Send a shorter header, or raise server.largest_header."},
    {"api.internal", 500, "Internal error",
     "Tell whoever runs the server the request id: its log has the cause."},
    {"api.unavailable", 503, "Not available now", "Nothing was changed. Try again in a moment."},
    {"api.still_working", 503, "Not finished in time",
     "The request is still worked on: look whether it took effect, or repeat it with its Idempotency-Key."},
    {"api.not_recorded", 503, "The call could not be put on record",
     "Nothing was changed. See /health/ready, mend the ledger, and try again."},
    {"api.store_unreachable", 503, "Record of repeated calls not available", see_server},
    {"api.*", 400, "Bad request", mend},

    {"accounts.bad_login", 401, "Login refused", "Check name and password."},
    {"accounts.bad_refresh_token", 401, "Refresh token refused", "Log in again."},
    {"accounts.bad_setup_token", 401, "Setup token refused",
     "Use the newest token that the server printed on its start."},
    {"accounts.role_too_high", 403, "Role too high", "Choose a role that is not above the user's own."},
    {"accounts.unknown_user", 404, "No such user", "List the users with GET /api/auth/users."},
    {"accounts.unknown_key", 404, "No such key", "List the keys with GET /api/auth/keys."},
    {"accounts.exists", 409, "Name taken", "Choose another name."},
    {"accounts.too_many_keys", 409, "Too many keys", "Remove keys that are not used."},
    {"accounts.last_admin", 409, "Last administrator", "Make another administrator first."},
    {"accounts.too_many_tries", 429, "Too many failed logins", "Wait for as long as the detail says."},
    {"accounts.bad_name", 400, "Name not allowed", mend},
    {"accounts.weak_password", 400, "Password too weak", mend},
    {"accounts.bad_expiry", 400, "Time of expiry not usable", mend},
    {"accounts.unknown_role", 400, "No such role", "Use viewer, operator or admin."},
    {"accounts.locked", 503, "Accounts are busy", try_later},
    {"accounts.*", 503, "Accounts not available", see_server},

    {"app.unknown_session", 404, "No such session", "List the sessions with GET /api/sessions."},
    {"app.unknown_scenario", 404, "No such scenario",
     "List the scenarios with GET /api/rl-training/scenarios."},
    {"app.unknown_goal", 404, "No such goal", mend},
    {"app.no_symbol", 404, "No such symbol", mend},
    {"app.session_ended", 409, "Session has ended", "List the sessions for one that runs."},
    {"app.session_finished", 409, "Session has finished", "Start a new one."},
    {"app.folder_taken", 409, "Folder taken", "Choose another name."},
    {"app.stale_session", 409, "Session has been overtaken", "Start a new one."},
    {"app.not_resumable", 409, "Session cannot be resumed", "Start a new one."},
    {"app.not_recorded", 503, "Changed, but not on record",
     "The change is made and stays. Mend the ledger and note there what was changed."},
    {"app.queue_full", 503, "Queue full", "Wait for a session to end, or stop one."},
    {"app.busy", 429, "Too much is asked for at once", "Wait for a few seconds and ask again."},
    {"app.compare_cancelled", 503, "Comparison took too long", "Ask for fewer bars."},
    {"app.*", 400, "Request refused", mend},

    {"live.refused_change", 422, "Change refused", mend},
    {"live.refused_command", 422, "Command refused", mend},
    {"live.not_approved", 422, "Not approved by the gate", "Only what the gate approved can be promoted."},
    {"live.bad_import", 400, "Parameters not readable", mend},
    {"live.bad_limits", 400, "Limits not usable", mend},
    {"live.unknown_version", 404, "No such version", "List the versions with GET /api/parameters/history."},
    {"live.unknown_decision", 404, "No such decision", "List the decisions with GET /api/live/decisions."},
    {"live.stale_base", 409, "Parameters have changed meanwhile",
     "Read the parameters in force and decide anew."},
    {"live.stale_limits", 409, "Limits have changed meanwhile", "Read the limits in force and decide anew."},
    {"live.not_running", 503, "This server does not trade",
     "Start the server with a feed: live.feed, or stevie serve --feed."},
    {"live.kill_unrecorded", 503, "Killed, but not on record",
     "The kill holds in this server. Send it again when the ledger is back, so that it is on record with "
     "your reason and survives a restart."},
    {"live.damaged_version", 503, "Record damaged", see_server},
    {"live.damaged_decision", 503, "Record damaged", see_server},
    {"live.bad_risk_record", 503, "Record damaged", see_server},
    {"live.newer_schema", 503, "Record of a newer program", see_server},
    {"live.*", 400, "Request refused", mend},

    {"ledger.no_event", 404, "No such event", "The newest number is in GET /api/ledger/head."},
    {"ledger.export_too_large", 413, "File too large",
     "Give a smaller limit, and go on with after=N, N as the header X-Last-Event says."},
    {"ledger.bad_event", 400, "Text cannot be recorded", mend},
    {"ledger.locked", 503, "Ledger is busy", try_later},
    {"ledger.unreachable", 503, "Ledger cannot be reached", see_server},
    {"ledger.disk_full", 503, "Disk full", "Nothing was changed. Make room on the disk and try again."},
    {"ledger.outcome_unknown", 503, "Connection lost while writing",
     "Look whether the change is on record before you try again."},
    {"ledger.*", 503, "Ledger not available", see_server},

    {"notify.unknown_channel", 404, "No such channel", "List them with GET /api/notifications/channels."},
    {"notify.exists", 409, "Name taken", "Choose another name."},
    {"notify.too_many_channels", 409, "Too many channels", "Remove channels that are not used."},
    {"notify.busy", 409, "A test is under way", "Wait for a few seconds and try again."},
    {"notify.bad_channel", 400, "Channel not usable", mend},
    {"notify.unknown_event", 400, "No such event", "The schema of the request lists them."},
    {"notify.*", 503, "Notifications not available", see_server},

    {"config.*", 400, "Setting refused", mend},
    {"time.*", 400, "Not a time", "Write times as 2026-01-02T03:04:05Z and durations as 90s, 5m, 1h or 1d."},
    {"strategy.*", 400, "Parameters refused", mend},
    {"broker.unknown_symbol", 404, "No such symbol", mend},
    {"broker.*", 400, "Order refused", mend},
    {"market.*", 400, "Market data refused", mend},
    {"env.*", 400, "Setting refused", mend},
    {"optimize.*", 400, "Setting refused", mend},
    {"validation.*", 400, "Evidence refused", mend},
    {"search.*", 400, "Setting refused", mend},
    {"model.*", 400, "Model not usable", mend},
    {"rl.*", 400, "Setting refused", mend},
};
constexpr ErrorInfo other{"*", 400, "Request refused", mend};

}  // namespace

std::span<const ErrorInfo> error_table() {
  return entries;
}

const ErrorInfo& error_info(std::string_view code) {
  const std::string folder = std::string(code.substr(0, code.find('.'))) + ".*";
  const ErrorInfo* found = &other;
  for (const ErrorInfo& entry : entries) {
    if (entry.code == code) return entry;
    if (entry.code == folder) found = &entry;
  }
  return *found;
}

Problem problem_of(const Error& error) {
  std::string detail = error.message();
  if (!error.place().empty() && error_info(error.code()).status < 500) detail = error.what();
  return make_problem(error.code(), std::move(detail));
}

Problem make_problem(std::string_view code, std::string detail, std::vector<std::string> faults) {
  const ErrorInfo& info = error_info(code);
  return {info.status, std::string(code), std::move(detail), std::string(info.what_to_do), std::move(faults)};
}

Response to_response(const Problem& problem, std::string_view request_id) {
  const ErrorInfo& info = error_info(problem.code);
  nlohmann::ordered_json body{
      {"type", "/api/docs/errors#" + problem.code},
      {"title", info.title},
      {"status", problem.status},
      {"code", problem.code},
      {"detail", problem.detail},
      {"what_to_do", problem.what_to_do.empty() ? std::string(info.what_to_do) : problem.what_to_do},
      {"request_id", request_id}};
  if (!problem.faults.empty()) body["faults"] = problem.faults;
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  // What came from outside may hold any bytes.
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (problem.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.status == 429) response.headers.emplace_back("Retry-After", "60");
  if (problem.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : status < 500 ? "Bad Request" : "Internal Server Error";
  }
}

}  // namespace stevie::api
