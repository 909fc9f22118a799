#include "app/optimize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "app/evaluate.h"
#include "app/optimize_report.h"
#include "app/optimize_state.h"
#include "app/session_name.h"
#include "app/worker_progress.h"
#include "core/bytes.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/folder_lock.h"
#include "core/interrupt.h"
#include "core/printable.h"
#include "core/thread_pool.h"
#include "ledger/ledger.h"
#include "ledger/merkle.h"
#include "live/parameter_store.h"
#include "strategy/rules.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using strategy::Parameter;
using strategy::ParameterLayers;

constexpr std::size_t most_decisions = 100'000;  // of the ledger that are looked through for earlier verdicts

std::vector<RuleMarket> load_markets(const OptimizeRequest& request) {
  if (request.data.empty()) throw Error("app.no_data", "say which bars to search on", "flag --data");
  std::vector<RuleMarket> markets;
  std::set<std::string> names;
  for (const fs::path& file : request.data) {
    RuleMarket market =
        load_rule_market(file, request.social, request.config.env.instrument, request.config.measuring);
    if (!names.insert(market.name()).second || (request.data.size() > 1 && market.bars.symbol.empty())) {
      throw Error("app.same_symbol",
                  market.bars.symbol.empty()
                      ? "several files need names that tell their symbols, as in BTCUSDT_1h.csv"
                      : market.name() + " is given twice: one file for each symbol",
                  file.string());
    }
    markets.push_back(std::move(market));
  }
  return markets;
}

std::vector<std::string> symbols_of(std::span<const RuleMarket> markets) {
  std::vector<std::string> symbols;
  for (const RuleMarket& market : markets) symbols.push_back(market.bars.symbol);
  return symbols;
}

std::string digest(const RuleMarket& market) {
  ByteWriter bytes;
  const market::Bars& bars = market.bars;
  bytes.array<TimeMs>(bars.open_time);
  for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume})
    bytes.array<double>(*column);
  bytes.array<double>(market.inputs->social_score);
  bytes.array<std::uint8_t>(market.inputs->social_fresh);
  return ledger::to_hex(ledger::sha256(bytes.take()));
}

/// Everything that the candidates and their rewards follow from.
SessionIdentity identity_of(const OptimizeRequest& request, std::span<const RuleMarket> markets,
                            const std::string& base_hash) {
  const Scenario& scenario = request.scenario;
  SessionIdentity identity{{"scenario", scenario.id},
                           {"goal", std::string(to_string(scenario.goal))},
                           {"aggressiveness", std::string(to_string(scenario.aggressiveness))}};
  for (const auto& [name, list] :
       {std::pair("targets", &scenario.targets), std::pair("per-symbol targets", &scenario.per_symbol)}) {
    std::string text;
    for (const Parameter parameter : *list) text += std::string(strategy::to_string(parameter)) + " ";
    identity.emplace_back(name, text);
  }
  for (const auto& [parameter, range] : scenario.bounds)
    identity.emplace_back("bounds of " + std::string(strategy::to_string(parameter)),
                          fmt::format("{} to {}", range.first, range.second));
  Config config = request.config;
  config.optimize.threads = 1;
  ConfigBinder binder;
  describe(binder, config);
  const std::set<std::string> deciding{"optimize", "costs", "rules", "regime", "social"};
  for (const ConfigField& field : binder.fields()) {
    const std::string section = field.key.substr(0, field.key.find('.'));
    if (deciding.contains(section) || field.key == "env.initial_equity")
      identity.emplace_back(field.key, field.show());
  }
  identity.emplace_back("parameters in force", base_hash);
  for (const RuleMarket& market : markets) identity.emplace_back("bars of " + market.name(), digest(market));
  return identity;
}

/// One session from its start or its last saved episode to its end.
class Session {
 public:
  explicit Session(const OptimizeRequest& request)
      : request_(request),
        now_(request.now ? request.now : system_time),
        told_progress_(request.progress_file),
        engine_(judging_engine(request.config.env)),
        markets_(loaded()),
        windows_(make_windows(markets_, request.config.optimize.windows)),
        ledger_(opened()),
        store_(*ledger_, now_),
        pool_(request.config.optimize.threads) {
    begin();
    replays_ = std::make_unique<ReplaySet>(markets_, windows_.search, engine_);
    search_ =
        std::make_unique<ParameterSearch>(request.scenario, request.config.optimize.search, base_.layers,
                                          symbols_of(markets_), *replays_, request.config.optimize.reward);
    if (request_.resume) search_->restore(state_.search);
  }

  OptimizeReport run();

 private:
  std::vector<RuleMarket> loaded();
  std::unique_ptr<ledger::Ledger> opened();
  void begin();
  bool claims(const fs::path& folder) const;
  std::string free_name() const;
  void claim_folder();
  void require_base();
  StopReason search();
  void save();
  double seconds() const;
  void tell_progress(WorkerPhase phase);
  void judge();
  void apply();
  void describe_search(StopReason stopped_by);
  void add_notes();
  void note_idle_dimensions();
  void write_results();
  void record_start();
  std::string start_body() const;
  void record_end(const char* outcome, const json& more);
  std::string unchanged();
  std::string what_is_left();

  const OptimizeRequest& request_;
  std::function<TimeMs()> now_;
  ProgressFile told_progress_;
  execution::EngineConfig engine_;
  std::vector<RuleMarket> markets_;
  Windows windows_;
  std::unique_ptr<ledger::Ledger> ledger_;
  live::ParameterStore store_;
  ThreadPool pool_;
  SavedSession state_;
  live::ParameterVersion base_;  // in force when the session began
  TimeMs resumed_at_ = 0;
  std::unique_ptr<ReplaySet> replays_;
  std::unique_ptr<ParameterSearch> search_;
  OptimizeReport report_;
  std::unique_ptr<FolderLock> lock_;  // on the folder of the run
  bool told_ = false;                 // the ledger has the end of the session
};

std::vector<RuleMarket> Session::loaded() {
  told_progress_.enter(WorkerPhase::loading);
  return load_markets(request_);
}

std::unique_ptr<ledger::Ledger> Session::opened() {
  told_progress_.enter(WorkerPhase::writing);
  return ledger::Ledger::open(request_.config.ledger);
}

/// Where the session has no folder of its own choice, making the folder is what keeps a session on another
/// ledger from taking the same name.
bool Session::claims(const fs::path& folder) const {
  if (!request_.out.empty()) return true;
  require_writable_folder(folder.parent_path());
  std::error_code fault;
  const bool made = fs::create_directory(folder, fault);
  if (fault) require_writable_folder(folder);
  return made;
}

/// Called while no other process can append to the ledger.
std::string Session::free_name() const {
  if (request_.session.empty())
    return free_session_name(*ledger_, request_.scenario.id, state_.started,
                             [this](const std::string& name) { return claims(request_.runs_folder / name); });
  const SessionNames names = session_names(*ledger_);
  if (names.started.contains(request_.session) && !names.queued.contains(request_.session))
    throw Error("app.session_taken", "the ledger has a session of this name: choose another one",
                request_.session);
  return request_.session;
}

void Session::claim_folder() {
  require_writable_folder(report_.folder);
  lock_ = std::make_unique<FolderLock>(report_.folder);
  if (fs::exists(report_.folder / state_file))
    throw Error("app.folder_taken",
                "another session lies in this folder: choose another one, or go on with that one by --resume",
                report_.folder.string());
}

/// The parameters that the session began with must be in force, or be those that it has replaced itself.
void Session::require_base() {
  base_ = store_.version(state_.base_version);
  const live::ParameterVersion& current = store_.current();
  const bool own = current.parent == base_.number && current.change == live::Change::promotion &&
                   current.author == request_.scenario.id;
  if (current.hash == base_.hash || own) return;
  throw Error(
      "app.stale_session",
      fmt::format("the session began with version {} of the parameters and version {} is in force now: "
                  "start a new session without --resume",
                  base_.number, current.number),
      report_.folder.string());
}

void Session::begin() {
  resumed_at_ = now_();
  if (request_.resume) {
    report_.folder =
        request_.out.empty() ? newest_unfinished(request_.runs_folder, request_.scenario.id) : request_.out;
    if (fs::is_directory(report_.folder)) lock_ = std::make_unique<FolderLock>(report_.folder);
    state_ = read_state(report_.folder);
    require_base();
    require_same(state_.identity, identity_of(request_, markets_, base_.hash), report_.folder);
    return;
  }
  base_ = store_.current();
  state_.started = resumed_at_;
  state_.base_version = base_.number;
  state_.identity = identity_of(request_, markets_, base_.hash);
  report_.folder = request_.out;
  if (!request_.out.empty()) claim_folder();
}

double Session::seconds() const {
  return state_.seconds + static_cast<double>(now_() - resumed_at_) / static_cast<double>(second_ms);
}

void Session::save() {
  SavedSession state = state_;
  state.seconds = seconds();
  state.search = search_->save();
  write_state(report_.folder, state);
}

StopReason Session::search() {
  const Scenario& scenario = request_.scenario;
  ProgressBar progress(scenario.id, "episodes", scenario.episodes, request_.progress);
  progress.update(search_->episodes());
  save();
  tell_progress(WorkerPhase::searching);
  std::optional<StopReason> stop;
  while (!stop) {
    if (search_->converged()) {
      stop = StopReason::converged;
    } else if (search_->episodes() >= scenario.episodes) {
      stop = StopReason::episodes;
    } else if (search_->episodes() > 0 && seconds() >= 60 * scenario.minutes) {
      stop = StopReason::minutes;
    } else if (interrupted()) {
      progress.finish();
      tell_progress(WorkerPhase::writing);
      record_end("interrupted", {{"sentence", unchanged()}});
      throw Interrupted(
          fmt::format("stopped after {} of {} episodes; everything is saved in {}: the same command with "
                      "--resume goes on. {}",
                      search_->episodes(), scenario.episodes, report_.folder.string(), unchanged()));
    } else {
      search_->run_episode(&pool_);
      save();
      tell_progress(WorkerPhase::searching);
      progress.update(search_->episodes(),
                      fmt::format("best {:.3f}, running {:.3f}, {} of {} min used",
                                  search_->history().back().best_so_far, search_->running().reward,
                                  std::min(scenario.minutes, std::floor(seconds() / 60)), scenario.minutes));
    }
  }
  progress.finish();
  return *stop;
}

std::string Session::unchanged() {
  try {
    store_.refresh();
  } catch (const Error&) {  // asked for behind a fault of the ledger too: what was read last is told then
  }
  const live::ParameterVersion& current = store_.current();
  return current.number == base_.number
             ? fmt::format("The parameters stay as they are: version {} is in force.", current.number)
             : fmt::format(
                   "Version {} of the parameters, by {}, is in force now; the session began with "
                   "version {}.",
                   current.number, printable(current.author), base_.number);
}

/// Behind a fault: what became of the session and of the parameters.
std::string Session::what_is_left() {
  const std::string what = told_ ? "The session " + state_.session +
                                       " is finished, only its report is not written. " + report_.sentence
                                 : "The session " + state_.session + " failed. " + unchanged();
  const bool resumable = fs::exists(report_.folder / state_file) &&
                         (report_.new_version || store_.current().hash == base_.hash || told_);
  return what + (resumable
                     ? " The same command with --resume and --out " + report_.folder.string() + " goes on."
                     : "");
}

/// What a person who waits wants to know, of the search so far.
void Session::tell_progress(WorkerPhase phase) {
  const Scenario& scenario = request_.scenario;
  const double used = seconds(), budget = 60 * scenario.minutes;
  const auto done = static_cast<double>(search_->episodes());
  const auto all = static_cast<double>(scenario.episodes);
  WorkerProgress progress;
  progress.phase = phase;
  progress.episode = search_->episodes();
  progress.episodes = scenario.episodes;
  progress.candidates = search_->candidates().size();
  progress.running_reward = search_->running().reward;
  if (!search_->history().empty()) progress.best_reward = search_->history().back().best_so_far;
  progress.fraction = std::clamp(std::max(done / all, used / budget), 0.0, 1.0);
  if (done > 0) progress.seconds_left = std::max(0.0, std::min(used / done * (all - done), budget - used));
  told_progress_.write(progress);
}

std::string Session::start_body() const {
  std::vector<std::string> targets, files;
  for (const Parameter parameter : request_.scenario.targets)
    targets.emplace_back(strategy::to_string(parameter));
  for (const RuleMarket& market : markets_) files.push_back(market.file.filename().string());
  std::error_code ignored;
  const json body{{"session", state_.session},
                  {"scenario", request_.scenario.id},
                  {"resumed", request_.resume},
                  {"dry_run", request_.dry_run},
                  {"goal", to_string(request_.scenario.goal)},
                  {"targets", targets},
                  {"search", to_string(request_.config.optimize.search.method)},
                  {"seed", request_.config.optimize.search.seed},
                  {"minutes", request_.scenario.minutes},
                  {"episodes", request_.scenario.episodes},
                  {"data", files},
                  {"folder", fs::absolute(report_.folder, ignored).string()},
                  {"base_version", base_.number},
                  {"base_hash", base_.hash}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The name of a new session is chosen in the write that records it, so that no two sessions on a ledger
/// share one, in whichever folders they run.
void Session::record_start() {
  ledger_->append_decided([this] {
    if (!request_.resume) {
      state_.session = free_name();
      if (request_.out.empty()) {
        report_.folder = request_.runs_folder / state_.session;
        claim_folder();
      }
    }
    return std::vector<ledger::NewEvent>{{"session.started", start_body(), request_.scenario.id, now_()}};
  });
}

void Session::record_end(const char* outcome, const json& more) {
  json body{{"session", state_.session},
            {"scenario", request_.scenario.id},
            {"outcome", outcome},
            {"episodes", search_->episodes()},
            {"candidates", search_->candidates().size()},
            {"version_in_force", store_.current().number}};
  if (more.is_object()) body.update(more);
  ledger_->append("session.finished", body.dump(-1, ' ', false, json::error_handler_t::replace),
                  request_.scenario.id, now_());
}

void Session::describe_search(StopReason stopped_by) {
  report_.session = state_.session;
  report_.scenario = request_.scenario;
  report_.settings = request_.config.optimize.search;
  report_.dry_run = request_.dry_run;
  for (const RuleMarket& market : markets_) {
    report_.markets.push_back({.file = market.file.string(),
                               .symbol = market.bars.symbol,
                               .interval = market.bars.interval,
                               .from = market.bars.open_time.front(),
                               .to = market.bars.open_time.back() + market.bars.interval,
                               .bars = market.bars.size(),
                               .synthetic = market.synthetic,
                               .notes = market.notes});
  }
  report_.windows = windows_;
  report_.started = state_.started;
  report_.seconds = seconds();
  report_.stopped_by = stopped_by;
  report_.method = search_->method();
  report_.dimensions = search_->dimensions();
  for (std::size_t i = 0; i < report_.dimensions.size(); ++i)
    report_.dimension_names.push_back(search_->dimension_name(i));
  report_.running = search_->running();
  report_.candidates = search_->candidates();
  report_.history = search_->history();
  report_.proposals = search_->proposals();
  report_.best = search_->best();
  if (markets_.size() > 1) report_.correlation = correlate_symbols(*search_, markets_.size());
  report_.base_version = base_.number;
  report_.base_hash = base_.hash;
  report_.changed_settings = changed_settings(request_.config.measuring);
  add_notes();
}

void Session::add_notes() {
  if (!report_.changed_settings.empty()) {
    std::string text;
    for (const auto& [name, value] : report_.changed_settings)
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, value);
    report_.notes.push_back("Measured with other settings than the defaults: " + text + ".");
  }
  const Candidate& running = report_.running;
  if (running.refused_by_cost > 0) {
    const strategy::RoundTripCost cost(engine_.instrument);
    report_.notes.push_back(fmt::format(
        "What runs traded {} times in the search windows; {} decisions were refused because a "
        "round trip costs {} bps or more and costCapBps is {}. Where your venue is cheaper, say so "
        "(costs.taker_fee_bps and the others); else search costCapBps, or set it with `stevie params "
        "set`.",
        running.trades, running.refused_by_cost, cost.fixed_bps,
        base_.layers.global[Parameter::cost_cap_bps]));
  }
  for (const Dimension& dimension : report_.dimensions) {
    for (const auto& [regime, overrides] : base_.layers.by_regime) {
      if (overrides.contains(dimension.parameter) && !dimension.symbol)
        report_.notes.push_back(
            fmt::format("{} has a value of its own in the regime {}, which stays in force.",
                        strategy::to_string(dimension.parameter), strategy::to_string(regime)));
    }
    for (const RuleMarket& market : markets_) {
      const auto own = base_.layers.by_symbol.find(market.bars.symbol);
      if (!dimension.symbol && own != base_.layers.by_symbol.end() &&
          own->second.contains(dimension.parameter))
        report_.notes.push_back(
            fmt::format("{} has a value of its own for {}, which stays in force: search it "
                        "with --per-symbol.",
                        strategy::to_string(dimension.parameter), market.bars.symbol));
    }
  }
  note_idle_dimensions();
  for (const RuleMarket& market : markets_) {
    if (market.synthetic)
      report_.notes.push_back(market.name() +
                              " is a synthetic market: nothing here was earned on a real one.");
  }
}

/// Parameters of the news rule change nothing where there is no news.
void Session::note_idle_dimensions() {
  const auto silent = [](const RuleMarket& market) { return market.social.empty(); };
  if (!std::ranges::all_of(markets_, silent)) return;
  std::string idle;
  for (std::size_t i = 0; i < report_.dimensions.size(); ++i) {
    if (strategy::info(report_.dimensions[i].parameter).used_by == strategy::to_string(strategy::Rule::news))
      idle += (idle.empty() ? "" : ", ") + report_.dimension_names[i];
  }
  if (!idle.empty())
    report_.notes.push_back("There is no social score, so no value of these changes anything: " + idle +
                            ". Give side series with --social.");
}

void Session::judge() {
  const Candidate& proposal = report_.candidates[*report_.best];
  if (!(proposal.reward > report_.running.reward)) return;  // the unseen days stay unseen
  const ParameterLayers layers = search_->layers_of(proposal);
  for (std::size_t i = 0; i < report_.dimensions.size(); ++i) {
    const double before = report_.running.values[i];
    report_.values.push_back({report_.dimension_names[i],
                              std::string(strategy::info(report_.dimensions[i].parameter).unit), before,
                              proposal.values[i]});
  }

  UnseenData unseen = unseen_data(markets_, windows_.gate);
  const std::vector<live::JudgedProposal> decisions = store_.proposals(most_decisions);
  report_.earlier = earlier_judgements(decisions, unseen, state_.session);
  report_.judgement.emplace(judge_proposal({.markets = markets_,
                                            .windows = windows_,
                                            .engine = engine_,
                                            .search = *search_,
                                            .goal = request_.scenario.goal,
                                            .base = base_.layers,
                                            .proposed = *report_.best,
                                            .seed = request_.config.optimize.search.seed,
                                            .session = state_.session,
                                            .unseen = std::move(unseen),
                                            .earlier = report_.earlier,
                                            .gate = request_.config.gate},
                                           &pool_));
  tell_progress(WorkerPhase::writing);
  // A session that was stopped behind its verdict finds it on record.
  for (const live::JudgedProposal& decision : decisions) {
    if (decision.report == report_.judgement->report) report_.decision_event = decision.sequence;
  }
  if (report_.decision_event == 0) {
    report_.decision_event = store_.record({.scenario = request_.scenario.id,
                                            .verdict = report_.judgement->decision.report.verdict,
                                            .base_hash = base_.hash,
                                            .proposed = layers,
                                            .report = report_.judgement->report});
  }
}

void Session::apply() {
  if (!report_.judgement) {
    report_.outcome = SessionOutcome::nothing_better;
    const bool idle =
        std::ranges::all_of(report_.candidates, [](const Candidate& c) { return c.trades == 0; });
    report_.sentence =
        std::string(idle ? "No candidate traded at all" : "No candidate did better than what runs") +
        " on the search windows, so the gate was not asked. " + unchanged();
    return;
  }
  const validation::GateDecision& decision = report_.judgement->decision;
  if (!decision.approval) {
    const bool lacking = decision.report.verdict == validation::Verdict::not_enough_evidence;
    report_.outcome = lacking ? SessionOutcome::not_enough : SessionOutcome::rejected;
    report_.sentence = std::string(lacking ? "The gate has not enough evidence for the proposal. "
                                           : "The gate rejected the proposal. ") +
                       unchanged();
    return;
  }
  if (request_.dry_run) {
    report_.outcome = SessionOutcome::not_applied;
    report_.sentence = "The gate would promote the proposal; this was a dry run. " + unchanged();
    return;
  }
  report_.outcome = SessionOutcome::promoted;
  const live::ParameterVersion& current = store_.current();
  const bool applied = current.number != base_.number && current.hash == decision.approval->proposed_hash();
  report_.new_version =
      applied ? current.number
              : store_
                    .promote(*decision.approval, search_->layers_of(report_.candidates[*report_.best]),
                             {request_.scenario.id, "session " + state_.session})
                    .number;
  report_.sentence = fmt::format(
      "The gate promoted the proposal: version {} of the parameters is in force. `stevie params rollback {}` "
      "goes back.",
      *report_.new_version, base_.number);
}

void Session::write_results() {
  write_file(report_.folder / "report.txt", render_text(report_));
  write_file(report_.folder / "report.html", render_html(report_));
  write_file(report_.folder / results_file, render_json(report_));
}

OptimizeReport Session::run() {
  record_start();
  try {
    describe_search(search());
    if (report_.best) {
      tell_progress(WorkerPhase::judging);
      judge();
    }
    tell_progress(WorkerPhase::writing);
    apply();
    report_.finished = now_();
    json more{{"result", to_string(report_.outcome)},
              {"stopped_by", to_string(report_.stopped_by)},
              {"sentence", report_.sentence}};
    if (report_.decision_event != 0) more["decision"] = report_.decision_event;
    if (report_.new_version) more["version"] = *report_.new_version;
    record_end("finished", more);
    told_ = true;
    write_results();
    return std::move(report_);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& fault) {
    try {
      if (!told_) record_end("failed", {{"error", fault.what()}});
    } catch (const Error&) {  // the ledger itself may be what failed; the first fault is the one to tell
    }
    const auto* known = dynamic_cast<const Error*>(&fault);
    if (known == nullptr) throw;
    throw Error(known->code(), known->message() + ". " + what_is_left(), known->place());
  }
}

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::converged:
      return "converged";
    case StopReason::episodes:
      return "episodes";
    case StopReason::minutes:
      break;
  }
  return "minutes";
}

std::string_view to_string(SessionOutcome outcome) {
  switch (outcome) {
    case SessionOutcome::promoted:
      return "promoted";
    case SessionOutcome::not_applied:
      return "not_applied";
    case SessionOutcome::rejected:
      return "rejected";
    case SessionOutcome::not_enough:
      return "not_enough_evidence";
    case SessionOutcome::nothing_better:
      break;
  }
  return "nothing_better";
}

OptimizeReport optimize(const OptimizeRequest& request) {
  Session session(request);
  return session.run();
}

}  // namespace stevie::app
