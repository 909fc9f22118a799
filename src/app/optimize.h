#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/optimize_judge.h"
#include "app/optimize_search.h"
#include "app/optimize_windows.h"
#include "app/scenario.h"
#include "app/social_sources.h"
#include "app/symbol_correlation.h"
#include "core/progress.h"
#include "live/parameter_version.h"

namespace stevie::app {

/// What `stevie optimize <scenario>` is asked to do.
struct OptimizeRequest {
  Scenario scenario;
  std::vector<std::filesystem::path> data;  // bars, one file for each symbol
  SocialRequest social;
  /// Folder of this run: state.bin, results.json, report.txt, report.html. Empty: runs_folder/<session id>;
  /// with `resume` the newest unfinished one there of the same scenario.
  std::filesystem::path out;
  std::filesystem::path runs_folder = "runs/optimize";
  /// Go on from state.bin of the run. Everything but budgets, gate and number of threads must be the same.
  bool resume = false;
  bool dry_run = false;  // the gate judges and the verdict is on record, but nothing is applied
  /// Name of the session. Empty: made of time and scenario, and of no other session on the ledger. The queue
  /// (training_sessions.h) names the sessions that it starts itself.
  std::string session;
  std::filesystem::path progress_file;  // worker_progress.h; empty: none
  Config config;  // sections rules, regime, social, optimize, gate, ledger, env and costs
  ProgressOptions progress;
  std::function<TimeMs()> now;  // empty: the system's clock
};

enum class StopReason : std::uint8_t { converged, episodes, minutes };
std::string_view to_string(StopReason reason);

/// How a session ended for the parameters.
enum class SessionOutcome : std::uint8_t {
  promoted,       // the proposal is in force
  not_applied,    // the gate promoted it, but this was a dry run
  rejected,       // the gate said no
  not_enough,     // the gate could not tell
  nothing_better  // no candidate did better than what runs on the search windows: the gate was not asked
};
std::string_view to_string(SessionOutcome outcome);  // "promoted", "not_applied", ...

/// What was searched on.
struct SearchedMarket {
  std::string file, symbol;  // the symbol may be empty
  TimeMs interval = 0, from = 0, to = 0;
  std::size_t bars = 0;
  bool synthetic = false;
  std::vector<std::string> notes;
};

/// One number of the proposal.
struct ProposedValue {
  std::string name;  // "socialGo", "socialGo of BTC/USDT"
  std::string unit;
  double before = 0, after = 0;
};

/// Everything a finished session has to show.
struct OptimizeReport {
  std::string session;           // "20260304-050607-quick_tune"
  std::filesystem::path folder;  // of the run
  Scenario scenario;
  SearchSettings settings;
  bool dry_run = false;
  std::vector<SearchedMarket> markets;
  Windows windows;
  TimeMs started = 0, finished = 0;
  double seconds = 0;  // of searching, all parts of a resumed session together

  StopReason stopped_by = StopReason::episodes;
  std::string method;  // "PGPE"
  std::vector<Dimension> dimensions;
  std::vector<std::string> dimension_names;
  Candidate running;  // what ran before, on the search windows
  std::vector<Candidate> candidates;
  std::vector<Episode> history;
  std::uint64_t proposals = 0;      // repeats included
  std::optional<std::size_t> best;  // index of the proposal
  std::vector<ProposedValue> values;
  SymbolCorrelation correlation;  // empty for one symbol

  std::uint64_t base_version = 0;  // of the parameters that ran
  std::string base_hash;
  std::vector<std::pair<std::string, std::string>> changed_settings;  // of RuleConfig
  std::optional<Judgement> judgement;                                 // absent where the gate was not asked
  EarlierJudgements earlier;
  std::uint64_t decision_event = 0;          // ledger sequence of the verdict; 0: none
  std::optional<std::uint64_t> new_version;  // that the promotion made
  SessionOutcome outcome = SessionOutcome::nothing_better;
  std::string sentence;            // what it means for the parameters
  std::vector<std::string> notes;  // what a reader must know
};

/// Searches, lets the gate judge what was found on the unseen window, applies it where the gate says so, and
/// writes results.json, report.txt and report.html. docs/optimize.md tells all of it.
///
/// On the ledger: "session.started", "gate.decision", "parameters.version" where promoted,
/// "session.finished" - the last one also where the session failed or was interrupted; the parameters are
/// then what they were, which the error says.
///
/// Throws Interrupted after Ctrl-C, when the state is saved; Error for everything wrong with the request:
/// "app.no_data", "app.same_symbol", "app.no_overlap", "app.not_resumable", "app.session_finished",
/// "app.session_taken", "app.state_differs", "app.stale_session", and what reading, ledger and store throw.
OptimizeReport optimize(const OptimizeRequest& request);

}  // namespace stevie::app
