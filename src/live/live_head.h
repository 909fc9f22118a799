#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "live/live_records.h"

namespace stevie::live {

/// What a journal begins with: everything that a replay must know before the first bar.
struct JournalHead {
  std::string session, resumes;  // resumes: empty for none
  std::string mode, feed;
  std::vector<std::string> symbols;
  TimeMs interval = 0;
  double leverage_limit = 1;
  std::string configuration;  // JSON object, as LiveParts had it
  RiskLimits limits;
  bool reconciled = false;
  std::string account, risk;                  // JSON objects
  std::vector<std::string> strategies;        // (symbols) JSON objects
  std::vector<std::optional<TimeMs>> newest;  // (symbols)
  std::uint64_t decisions = 0;
};

/// The first line. The states are those of the parts as they stand.
std::string head_json(const LiveParts& parts, const std::string& resumes,
                      const std::vector<std::optional<TimeMs>>& newest, std::uint64_t decisions);
/// Throws Error "live.damaged_journal" at `place`.
JournalHead parse_head(std::string_view line, const std::string& place);

/// Body of "live.started".
std::string start_json(const LiveParts& parts, const std::string& resumes, std::uint64_t parameter_version,
                       const std::string& journal_fault);

/// The bars that the strategies are warmed up with lie beside the journal, one file a symbol, in its order.
void write_warm_up(const std::filesystem::path& folder, std::size_t symbol, const market::Bars& bars);
/// Throws Error "live.damaged_journal".
std::vector<market::Bar> read_warm_up(const std::filesystem::path& folder, std::size_t symbol);

}  // namespace stevie::live
