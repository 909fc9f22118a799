#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/route.h"
#include "core/error.h"

namespace stevie::api {

/// What an error code means over HTTP.
struct ErrorInfo {
  std::string_view code;  // "live.stale_base"; "market.*" stands for the codes of a folder that are not named
  int status = 400;
  std::string_view title;       // a few words
  std::string_view what_to_do;  // one sentence
};

/// Every code that an answer can carry: the page /api/docs/errors.
std::span<const ErrorInfo> error_table();
/// The entry of a code, or the one of its folder. Codes of no known folder are faults of the request (400).
const ErrorInfo& error_info(std::string_view code);

/// A fault on its way to application/problem+json (RFC 9457).
struct Problem {
  int status = 400;
  std::string code;                 // "api.bad_body"
  std::string detail;               // what is wrong with this request
  std::string what_to_do = {};      // empty: that of the table
  std::vector<std::string> faults;  // each of several
};

Problem problem_of(const Error& error);
/// With status and advice from the table.
Problem make_problem(std::string_view code, std::string detail, std::vector<std::string> faults = {});
Response to_response(const Problem& problem, std::string_view request_id);

/// "Not Found".
std::string_view reason_phrase(int status);

}  // namespace stevie::api
