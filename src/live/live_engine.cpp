#include "live/live_engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <set>

#include "core/clock.h"
#include "core/error.h"
#include "ledger/ledger.h"
#include "live/journal.h"
#include "live/live_commands.h"
#include "live/live_figures.h"
#include "live/live_head.h"
#include "live/live_recovery.h"
#include "live/pending_kill.h"
#include "live/trading_step.h"

namespace stevie::live {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kept_decisions = 2'000, kept_fills = 5'000;
constexpr TimeMs patience = 200;                           // between two looks at what others ask for
constexpr TimeMs first_pause = 50, longest_pause = 5'000;  // before a failed write is tried again
constexpr TimeMs tolerated_step_back = second_ms;
constexpr auto view_gap = std::chrono::milliseconds(20);  // between two views while bars come fast
constexpr auto latency_gap = std::chrono::milliseconds(250);
constexpr std::size_t journal_buffer = std::size_t{64} << 10U;

/// Faults that pass: the write is tried again.
bool passes(const std::string& code) {
  static const std::set<std::string> codes{
      "ledger.locked",          "ledger.disk_full",     "ledger.unwritable",      "ledger.unreachable",
      "ledger.outcome_unknown", "ledger.login_refused", "live.journal_unwritable"};
  return codes.contains(code);
}

}  // namespace

struct LiveEngine::Loop {
  explicit Loop(LiveParts given);

  void run();
  void stop();
  void command(ledger::Ledger& callers, LiveCommand command, const std::function<ledger::Event()>& write);
  void post(LiveCommand command);
  void obey_while_idle(ledger::Ledger& ledger);

  void start();
  void reconcile(const LiveRecord& record);
  bool warm_up(const LiveRecord& record, std::vector<std::optional<TimeMs>>& after);
  void read_history(const LiveRecord& record);
  void begin_journal();
  void trade();
  void play(const FeedStep& step);
  bool obey_commands();
  bool obey(LiveCommand command);
  void finish(const std::string& reason);
  TimeMs now();

  void book(const StepOutcome& outcome);
  void write_journal(const FeedStep& step, TimeMs now, const StepOutcome& outcome);
  bool checkpoint_is_due() const;
  bool record(const std::string& why, const FeedStep* step, const StepOutcome& outcome);
  bool append(std::vector<ledger::NewEvent> events);
  bool persist(const std::function<void()>& write);
  StepRecord make_record(const std::string& why, const FeedStep* step, const StepOutcome& outcome) const;
  void tell(const StepOutcome& outcome);

  std::shared_ptr<LiveView> make_view();
  void publish();
  void publish_soon();
  void say(std::string text) {
    text_ = std::move(text);
    publish();
  }
  ledger::NewEvent event(std::string kind, std::string body) const {
    return {std::move(kind), std::move(body), parts.author, event_time()};
  }
  TimeMs event_time() const { return parts.clock ? parts.clock() : system_time(); }
  void wait(TimeMs duration);

  LiveParts parts;
  const RiskLimits configured;  // before a person changed any
  TradingStep trading;
  ledger::Ledger* ledger = nullptr;  // of whoever runs the loop's code just now
  PendingKill pending_kill;
  std::optional<JournalWriter> journal;

  // What the record says, on the loop's thread.
  std::string resumes;  // session before this one; empty: none
  std::uint64_t records = 0, newest_sequence = 0, steps = 0, order_count = 0, fill_count = 0;
  std::uint64_t steps_unrecorded = 0, obeyed = 0, parameter_version = 0;
  std::map<std::string, double> positions;  // sums of the fills
  std::vector<std::string> waiting;         // ids of orders
  std::map<std::string, std::uint64_t> journaled_versions;
  std::map<std::string, std::uint64_t> tally;  // decisions of the account's life
  std::vector<ledger::NewEvent> extra;         // go into the log with the next step
  std::vector<std::string> differences;
  std::string persistence_fault, notice_text, text_ = "about to start", journal_fault;
  double initial_equity = 0;
  RiskState risk_state = RiskState::halted;
  TimeMs started = 0, newest_now = std::numeric_limits<TimeMs>::min();
  bool stepped_back = false, running = false, idle = false, recovered = false, abandoned = false,
       view_is_old = true;
  LatencyWindow latencies;
  LatencyWindow::Figures latency_figures;
  Clock::time_point last_view{}, last_latency{}, last_record{};

  std::atomic<bool> stopping = false;
  std::mutex running_mutex;  // held while the loop's state is worked on
  std::mutex wait_mutex;
  std::condition_variable woken;

  std::mutex command_mutex;  // the next two
  std::vector<LiveCommand> commands;
  std::atomic<bool> command_waits = false, kill_waits = false;

  std::atomic<std::shared_ptr<const LiveView>> current_view;
  mutable std::mutex memory;  // what follows, for a few copies of pointers at most
  std::deque<std::shared_ptr<const DecisionRecord>> newest_decisions;
  std::deque<broker::Fill> newest_fills;
  BarHistory history;
};

LiveEngine::Loop::Loop(LiveParts given)
    : parts(std::move(given)),
      configured(parts.risk->limits()),
      trading({.symbols = parts.feed->symbols(),
               .interval = parts.feed->interval(),
               .leverage_limit = parts.leverage_limit,
               .broker = parts.broker,
               .risk = parts.risk,
               .strategies = parts.strategies}),
      ledger(parts.ledger),
      pending_kill(parts.journal_folder),
      history(*parts.feed) {
  if (parts.strategies.size() != parts.feed->symbols().size())
    throw Error("live.bad_parts", fmt::format("{} symbols are traded, but there are {} strategies",
                                              parts.feed->symbols().size(), parts.strategies.size()));
  started = event_time();
  initial_equity = parts.broker->account().equity;
  current_view.store(make_view());
}

// ---------------------------------------------------------------- commands of persons

void LiveEngine::Loop::post(LiveCommand command) {
  {
    const std::lock_guard lock(command_mutex);
    if (command.kind == LiveCommand::Kind::kill) kill_waits = true;
    commands.push_back(std::move(command));
    command_waits = true;
  }
  woken.notify_all();
  parts.feed->interrupt();
}

void LiveEngine::Loop::command(ledger::Ledger& callers, LiveCommand command,
                               const std::function<ledger::Event()>& write) {
  try {
    command.sequence = write().sequence;
  } catch (const Error& error) {
    // A kill holds whether or not it can be written; the next step that can be recorded carries it.
    if (command.kind == LiveCommand::Kind::kill) {
      pending_kill.keep(command);
      post(command);
      obey_while_idle(callers);
    }
    throw;
  }
  post(std::move(command));
  obey_while_idle(callers);
}

void LiveEngine::Loop::obey_while_idle(ledger::Ledger& callers) {
  const std::unique_lock lock(running_mutex, std::try_to_lock);
  if (!lock.owns_lock() || !recovered || abandoned) return;  // the loop does it, or the next start
  ledger = &callers;
  idle = true;
  try {
    obey_commands();
  } catch (const Error&) {
    publish();  // it holds in this process; the next start finds it on the ledger
  }
  idle = false;
  ledger = parts.ledger;
}

/// False where nothing could be recorded and the loop was told to stop.
bool LiveEngine::Loop::obey_commands() {
  if (!command_waits) return true;
  std::uint64_t newest = 0;
  {
    const std::lock_guard lock(command_mutex);
    for (const LiveCommand& command : commands) newest = std::max(newest, command.sequence);
  }
  // Another process may have written one before it that is not found yet. Going by the numbers alone would
  // pass it over, here and after a restart.
  std::vector<LiveCommand> taken;
  if (newest > obeyed && !persist([&] { taken = read_commands(*ledger, obeyed, newest); })) return false;
  {
    const std::lock_guard lock(command_mutex);
    const auto later =
        std::stable_partition(commands.begin(), commands.end(),
                              [newest](const LiveCommand& command) { return command.sequence <= newest; });
    taken.insert(taken.end(), commands.begin(), later);
    commands.erase(commands.begin(), later);
    command_waits = !commands.empty();
    kill_waits = std::ranges::any_of(
        commands, [](const LiveCommand& command) { return command.kind == LiveCommand::Kind::kill; });
  }
  std::ranges::stable_sort(taken, {}, [](const LiveCommand& command) {
    return command.sequence == 0 ? std::numeric_limits<std::uint64_t>::max() : command.sequence;
  });
  for (const LiveCommand& command : taken) {
    if (command.sequence != 0 && command.sequence <= obeyed) continue;  // was found on two ways
    if (!obey(command)) return false;
  }
  return true;
}

bool LiveEngine::Loop::obey(LiveCommand command) {
  if (command.kind == LiveCommand::Kind::limits)
    command.limits = with_overrides(configured, command.overrides);
  const TimeMs at = now();
  const StepOutcome outcome = trading.obey(command, at);
  obeyed = std::max(obeyed, command.sequence);
  if (command.kind == LiveCommand::Kind::accept) {
    positions.clear();
    const broker::AccountView account = parts.broker->account();
    for (const broker::Position& position : account.positions) positions[position.symbol] = position.units;
    waiting.clear();
    for (const broker::Order& order : account.waiting) waiting.push_back(order.id);
    differences.clear();
  }
  book(outcome);
  if (journal) {
    journal->write(fmt::format(R"({{"kind":"command","now":{},"command":{},"outcome":{}}})", at,
                               to_json(command), to_json(outcome)));
  }
  if (!record(command.kind == LiveCommand::Kind::accept ? "accept" : "command", nullptr, outcome))
    return false;
  if (command.kind == LiveCommand::Kind::kill) pending_kill.remove();
  publish();
  return true;
}

// ---------------------------------------------------------------- start

void LiveEngine::Loop::run() {
  const std::lock_guard lock(running_mutex);
  running = true;
  try {
    start();
    if (!stopping && !abandoned) trade();
    const bool ended = parts.feed->status().health == FeedHealth::ended && !stopping;
    finish(ended ? "the feed has ended" : "it was told to stop");
  } catch (const std::exception& error) {
    running = false;
    say(std::string("trading has ended: ") + error.what());
    throw;
  }
}

void LiveEngine::Loop::start() {
  say("reading the account from the ledger");
  const LiveRecord account = read_live_record(*ledger);
  if (account.newest) {
    const StepRecord& newest = *account.newest;
    if (newest.symbols != parts.feed->symbols() || newest.interval != parts.feed->interval()) {
      throw Error(
          "live.other_market",
          fmt::format("this ledger's account was traded on {} {} and the feed has {} {}: use the same "
                      "symbols and interval, or another ledger",
                      fmt::join(newest.symbols, ", "), format_duration(newest.interval),
                      fmt::join(parts.feed->symbols(), ", "), format_duration(parts.feed->interval())),
          fmt::format("ledger event {}", account.sequence));
    }
    parts.broker->restore(newest.account);
    parts.risk->restore(newest.risk);
    resumes = newest.session;
    steps = newest.step;
    order_count = newest.order_count;
    fill_count = newest.fill_count;
    positions = newest.positions;
    waiting = newest.waiting;
    obeyed = newest.obeyed;
    newest_sequence = account.sequence;
    initial_equity = newest.initial_equity;
    parameter_version = newest.parameter_version;
    tally = newest.tally;
    read_history(account);
  }
  if (const std::optional<LimitChange> change = newest_limit_change(*ledger, obeyed))
    parts.risk->set_limits(with_overrides(configured, change->overrides));
  reconcile(account);
  say("warming up the strategies");
  std::vector<std::optional<TimeMs>> after(parts.strategies.size());
  if (!warm_up(account, after)) return;
  trading.go_on_from(account.newest ? account.newest->decisions : 0, after);
  begin_journal();
  risk_state = parts.risk->state();
  if (!append({event("live.started", start_json(parts, resumes, parameter_version, journal_fault)),
               event("live.reconciliation", fmt::format(R"({{"session":{},"agrees":{},"differences":{}}})",
                                                        json_string(parts.session), differences.empty(),
                                                        json_strings(differences)))})) {
    abandoned = true;
    return;
  }
  recovered = true;
  for (const LiveCommand& command : account.commands) {
    if (command.kind == LiveCommand::Kind::accept && differences.empty()) {
      obeyed = std::max(obeyed, command.sequence);  // there is nothing to accept any more
      continue;
    }
    if (!obey(command)) {
      abandoned = true;
      return;
    }
  }
  if (const std::optional<LiveCommand> kill = pending_kill.read()) {
    if (!obey(*kill)) {
      abandoned = true;
      return;
    }
  }
  parts.feed->start(after);
  say("trading");
}

void LiveEngine::Loop::reconcile(const LiveRecord& record) {
  if (record.newest) differences = record_differences(record.newest->positions, record.folded);
  for (std::string& difference : account_differences(positions, waiting, parts.broker->account()))
    differences.push_back(std::move(difference));
  parts.risk->set_reconciled(differences.empty());
}

/// False where the loop was told to stop meanwhile.
bool LiveEngine::Loop::warm_up(const LiveRecord& record, std::vector<std::optional<TimeMs>>& after) {
  constexpr std::size_t bars_between_looks = 1000;
  const std::vector<std::string>& symbols = parts.feed->symbols();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    LiveStrategy& strategy = *parts.strategies[i];
    if (record.newest) {
      const auto found = record.newest->newest.find(symbols[i]);
      if (found != record.newest->newest.end()) after[i] = found->second;
    }
    const TimeMs before = after[i] ? *after[i] + 1 : parts.feed->now();
    const market::Bars bars = parts.feed->history(i, before, strategy.warm_up_bars());
    for (std::size_t bar = 0; bar < bars.size(); ++bar) {
      if (bar % bars_between_looks == 0 && stopping) return false;
      strategy.warm_up(bars[bar]);
    }
    if (!after[i] && !bars.empty()) after[i] = bars.open_time.back();
    history.warm_up(i, bars, after[i]);
    if (record.newest) {
      const auto state = record.newest->strategies.find(symbols[i]);
      if (state != record.newest->strategies.end()) strategy.restore(state->second);
    }
    if (!parts.journal_folder.empty()) {
      const fs::path folder = fs::path(parts.journal_folder) / parts.session;
      write_warm_up(folder, i, bars);
    }
  }
  return true;
}

/// What the journals of earlier sessions tell; they serve people, so that damage costs their view and no
/// more.
void LiveEngine::Loop::read_history(const LiveRecord& record) {
  const std::lock_guard lock(memory);
  newest_fills.assign(record.fills.begin(), record.fills.end());
  while (newest_fills.size() > kept_fills) newest_fills.pop_front();
  if (parts.journal_folder.empty() || !record.newest->journal) return;
  const fs::path journals = parts.journal_folder;
  try {
    cut_journal(journals / resumes, *record.newest->journal);
    for (DecisionRecord& decision :
         read_decisions(journals, resumes, std::numeric_limits<std::uint64_t>::max(), kept_decisions))
      newest_decisions.push_front(std::make_shared<const DecisionRecord>(std::move(decision)));
  } catch (const Error& error) {
    journal_fault = error.what();
  }
}

void LiveEngine::Loop::begin_journal() {
  if (parts.journal_folder.empty()) return;
  journal.emplace(fs::path(parts.journal_folder) / parts.session, parts.journal_part_bytes);
  journal->set_decisions(trading.decisions());
  journal->write(head_json(parts, resumes, trading.newest(), trading.decisions()));
}

// ---------------------------------------------------------------- trading

TimeMs LiveEngine::Loop::now() {
  const TimeMs raw = parts.feed->now();
  if (raw >= newest_now) {
    newest_now = raw;
    if (stepped_back) notice_text.clear();
    stepped_back = false;
    return raw;
  }
  if (newest_now - raw > tolerated_step_back && !stepped_back) {
    stepped_back = true;
    notice_text =
        fmt::format("the clock stepped back by {}; the later time is kept until it is reached again",
                    format_duration(newest_now - raw));
    extra.push_back(event("live.clock_stepped_back",
                          fmt::format(R"({{"session":{},"by":{},"kept":{}}})", json_string(parts.session),
                                      newest_now - raw, newest_now)));
  }
  return newest_now;
}

void LiveEngine::Loop::trade() {
  while (!stopping && !abandoned) {
    if (!obey_commands()) {
      abandoned = true;
      return;
    }
    const std::optional<FeedStep> step = parts.feed->next(view_is_old ? 0 : patience);
    if (step) {
      if (!obey_commands()) {
        abandoned = true;
        return;
      }
      play(*step);
      continue;
    }
    if (journal && !persist([this] { journal->flush(); })) {
      abandoned = true;
      return;
    }
    publish();  // health and text of the feed may have changed
    if (parts.feed->status().health == FeedHealth::ended && !command_waits) return;
  }
}

void LiveEngine::Loop::play(const FeedStep& step) {
  const TimeMs at = now();
  const RiskState before = risk_state;
  const StepOutcome outcome = trading.play(step, at);
  ++steps;
  ++steps_unrecorded;
  book(outcome);
  if (journal) write_journal(step, at, outcome);
  if (!outcome.rejected.empty()) {
    extra.push_back(
        event("live.rejected", fmt::format(R"({{"session":{},"sentences":{}}})", json_string(parts.session),
                                           json_strings(outcome.rejected))));
  }
  const bool changed = !outcome.fills.empty() || !outcome.orders.empty() || !outcome.denials.empty() ||
                       !outcome.cancelled.empty() || !extra.empty() || parts.risk->state() != before;
  if (changed || checkpoint_is_due()) {
    if (!record(changed ? "change" : "checkpoint", &step, outcome)) {
      abandoned = true;
      return;
    }
  } else if (journal && !persist([this] { journal->flush(journal_buffer); })) {
    abandoned = true;
    return;
  }
  for (const ClosedBar& closed : step.bars) {
    if (trading.newest()[closed.symbol] == closed.bar.open_time) history.played(closed.symbol, closed.bar);
  }
  tell(outcome);
  publish_soon();
}

/// Takes what happened into the record's own view of the account.
void LiveEngine::Loop::book(const StepOutcome& outcome) {
  for (const broker::Fill& fill : outcome.fills) add_fill(positions, fill);
  fill_count += outcome.fills.size();
  order_count += outcome.orders.size() + outcome.flattening.size();
  // An order leaves by filling, by being cancelled, or because the market left nothing of it: what the broker
  // still has of those that were handed to it.
  std::set<std::string> submitted(waiting.begin(), waiting.end());
  for (const broker::Order& order : outcome.orders) submitted.insert(order.id);
  submitted.insert(outcome.flattening.begin(), outcome.flattening.end());
  if (!submitted.empty()) {
    waiting.clear();
    for (const broker::Order& order : parts.broker->account().waiting)
      if (submitted.contains(order.id)) waiting.push_back(order.id);
  }
  for (const DecisionRecord& decision : outcome.decisions) {
    parameter_version = std::max(parameter_version, decision.parameter_version);
    ++tally[tally_key(decision)];
    latencies.add(decision.latency_us);
  }
}

void LiveEngine::Loop::write_journal(const FeedStep& step, TimeMs at, const StepOutcome& outcome) {
  const std::vector<std::string>& symbols = parts.feed->symbols();
  for (const ClosedBar& closed : step.bars) {
    const LiveStrategy& strategy = *parts.strategies[closed.symbol];
    std::uint64_t& version = journaled_versions[symbols[closed.symbol]];
    if (strategy.parameter_version() == version) continue;
    version = strategy.parameter_version();
    journal->write(fmt::format(R"({{"kind":"parameters","symbol":{},"version":{},"values":{}}})",
                               json_string(symbols[closed.symbol]), version, strategy.parameters_json()));
  }
  std::string line =
      fmt::format(R"({{"kind":"step","step":{},"now":{},"received":{},"bars":[)", steps, at, step.received);
  for (std::size_t i = 0; i < step.bars.size(); ++i)
    line += (i > 0 ? "," : "") + to_json(symbols[step.bars[i].symbol], step.bars[i]);
  line += "],\"latency_us\":[";
  for (std::size_t i = 0; i < outcome.decisions.size(); ++i)
    line += fmt::format("{}{:.3f}", i > 0 ? "," : "", outcome.decisions[i].latency_us);
  journal->write(line + "],\"outcome\":" + to_json(outcome) + "}");
  journal->set_decisions(trading.decisions());
}

/// What people see.
void LiveEngine::Loop::tell(const StepOutcome& outcome) {
  {
    const std::lock_guard lock(memory);
    for (const DecisionRecord& decision : outcome.decisions) {
      newest_decisions.push_back(std::make_shared<const DecisionRecord>(decision));
      if (newest_decisions.size() > kept_decisions) newest_decisions.pop_front();
    }
    for (const broker::Fill& fill : outcome.fills) {
      newest_fills.push_back(fill);
      if (newest_fills.size() > kept_fills) newest_fills.pop_front();
    }
  }
  if (parts.observer.decision)
    for (const DecisionRecord& decision : outcome.decisions) parts.observer.decision(decision);
  if (parts.observer.fill)
    for (const broker::Fill& fill : outcome.fills) parts.observer.fill(fill);
}

void LiveEngine::Loop::finish(const std::string& reason) {
  running = false;
  if (abandoned) {
    say("stopped while nothing could be recorded: what was not will happen again at the next start");
    return;
  }
  if (recovered) {
    const bool ends = steps_unrecorded == 0 || record("end", nullptr, {});
    if (!ends ||
        !append({event("live.stopped", fmt::format(R"({{"session":{},"reason":{}}})",
                                                   json_string(parts.session), json_string(reason)))}))
      abandoned = true;
  }
  say("not trading: " + reason);
}

// ---------------------------------------------------------------- what lasts

StepRecord LiveEngine::Loop::make_record(const std::string& why, const FeedStep* step,
                                         const StepOutcome& outcome) const {
  const std::vector<std::string>& symbols = parts.feed->symbols();
  StepRecord record;
  record.session = parts.session;
  record.record = records + 1;
  record.step = steps;
  record.now = newest_now;
  record.symbols = symbols;
  record.interval = parts.feed->interval();
  record.why = why;
  if (step != nullptr)
    for (const ClosedBar& closed : step->bars)
      record.bars.emplace_back(symbols[closed.symbol], closed.bar.open_time);
  record.orders = outcome.orders;
  record.denials = outcome.denials;
  record.cancelled = outcome.cancelled;
  record.flattening = outcome.flattening;
  record.fills = outcome.fills;
  for (const DecisionRecord& decision : outcome.decisions) {
    if (decision.order_id.empty()) continue;
    record.decided.push_back({.number = decision.number,
                              .symbol = decision.symbol,
                              .time = decision.bar.open_time,
                              .order_id = decision.order_id,
                              .action = decision.action,
                              .parameter_version = decision.parameter_version,
                              .denial = decision.denial,
                              .gist = decision.gist});
  }
  record.tally = tally;
  record.account = parts.broker->save();
  record.risk = parts.risk->save();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    record.strategies[symbols[i]] = parts.strategies[i]->save();
    if (trading.newest()[i]) record.newest[symbols[i]] = *trading.newest()[i];
  }
  record.positions = positions;
  record.waiting = waiting;
  record.decisions = trading.decisions();
  record.order_count = order_count;
  record.fill_count = fill_count;
  record.equity = parts.broker->account().equity;
  record.initial_equity = initial_equity;
  record.parameter_version = parameter_version;
  record.obeyed = obeyed;
  return record;
}

bool LiveEngine::Loop::checkpoint_is_due() const {
  return steps_unrecorded >= parts.checkpoint_steps &&
         Clock::now() - last_record >= std::chrono::milliseconds(parts.checkpoint_gap);
}

/// One event for everything that happened since the one before. False where the loop was told to stop before
/// it could be written.
bool LiveEngine::Loop::record(const std::string& why, const FeedStep* step, const StepOutcome& outcome) {
  StepRecord body = make_record(why, step, outcome);
  if (journal && !persist([&] { body.journal = journal->sync(); })) return false;
  std::vector<ledger::NewEvent> events = extra;
  const RiskState state = parts.risk->state();
  if (state != risk_state) {
    events.push_back(
        event("risk.state", fmt::format(R"({{"from":"{}","to":"{}","why":{}}})", to_string(risk_state),
                                        to_string(state), json_string(parts.risk->why()))));
  }
  events.push_back(event("live.step", to_json(body)));
  if (!append(std::move(events))) return false;
  risk_state = state;
  extra.clear();
  ++records;
  steps_unrecorded = 0;
  last_record = Clock::now();
  return true;
}

/// Appends all events or none, once, whatever becomes of the connection meanwhile.
bool LiveEngine::Loop::append(std::vector<ledger::NewEvent> events) {
  return persist([&] {
    std::uint64_t found = 0;
    const std::vector<ledger::Event> appended =
        ledger->append_decided([&]() -> std::vector<ledger::NewEvent> {
          found = 0;
          const auto newer = ledger->read({.kind = events.back().kind, .after = newest_sequence, .last = 1});
          if (!newer.empty() && newer.front().body == events.back().body) {
            found = newer.front().sequence;  // an earlier try got through
            return {};
          }
          const auto steps_of_others =
              ledger->read({.kind = "live.step", .after = newest_sequence, .last = 1});
          if (!steps_of_others.empty()) {
            throw Error(
                "live.account_taken",
                "another process trades this ledger's account: stop one of the two, or use another ledger",
                fmt::format("ledger event {}", steps_of_others.front().sequence));
          }
          return events;
        });
    if (!appended.empty()) found = appended.back().sequence;
    if (events.back().kind == "live.step") newest_sequence = found;
  });
}

/// Tries until it works or the loop is told to stop; false then.
bool LiveEngine::Loop::persist(const std::function<void()>& write) {
  for (TimeMs next_pause = first_pause;; next_pause = std::min(2 * next_pause, longest_pause)) {
    try {
      write();
      if (!persistence_fault.empty()) {
        persistence_fault.clear();
        publish();
      }
      return true;
    } catch (const Error& error) {
      if (idle || !passes(error.code())) throw;  // a person's call must not wait here
      persistence_fault = error.what();
      publish();
    }
    if (stopping) return false;
    wait(next_pause);
  }
}

void LiveEngine::Loop::wait(TimeMs duration) {
  if (parts.pause) return parts.pause(duration);
  std::unique_lock lock(wait_mutex);
  woken.wait_for(lock, std::chrono::milliseconds(duration), [this] { return stopping.load(); });
}

void LiveEngine::Loop::stop() {
  {
    const std::lock_guard lock(wait_mutex);
    stopping = true;
  }
  woken.notify_all();
  parts.feed->interrupt();
}

// ---------------------------------------------------------------- view

std::shared_ptr<LiveView> LiveEngine::Loop::make_view() {
  const Clock::time_point time = Clock::now();
  if (time - last_latency >= latency_gap || !running) {
    latency_figures = latencies.figures();
    last_latency = time;
  }
  auto view = std::make_shared<LiveView>();
  view->mode = parts.mode;
  view->session = parts.session;
  view->running = running;
  view->text = notice_text.empty() ? text_ : text_ + "; " + notice_text;
  if (kill_waits && !persistence_fault.empty())
    view->text += "; a kill waits until the step before it is on record";
  view->started = started;
  view->now = newest_now == std::numeric_limits<TimeMs>::min() ? 0 : newest_now;
  view->feed = parts.feed->status();
  view->symbols = parts.feed->symbols();
  view->interval = parts.feed->interval();
  view->steps = steps;
  view->decisions = trading.decisions();
  view->orders = order_count;
  view->fills = fill_count;
  view->parameter_version = parameter_version;
  view->account = parts.broker->account();
  view->initial_equity = initial_equity;
  view->risk_state = parts.risk->state();
  view->risk_why = parts.risk->why();
  view->risk = parts.risk->record();
  view->limits = parts.risk->limits();
  view->reconciled = parts.risk->reconciled();
  view->differences = differences;
  view->persistence_fault = persistence_fault;
  view->latency_p50_us = latency_figures.p50;
  view->latency_p99_us = latency_figures.p99;
  view->latency_max_us = latency_figures.max;
  return view;
}

void LiveEngine::Loop::publish() {
  const std::shared_ptr<const LiveView> view = make_view();
  current_view.store(view);
  last_view = Clock::now();
  view_is_old = false;
  if (parts.observer.view) parts.observer.view(view);
}

void LiveEngine::Loop::publish_soon() {
  view_is_old = true;
  if (Clock::now() - last_view >= view_gap) publish();
}

// ---------------------------------------------------------------- LiveEngine

LiveEngine::LiveEngine(LiveParts parts) : loop_(std::make_unique<Loop>(std::move(parts))) {}
LiveEngine::~LiveEngine() = default;

void LiveEngine::run() {
  loop_->run();
}
void LiveEngine::stop() {
  loop_->stop();
}

void LiveEngine::kill(ledger::Ledger& ledger, const Signature& person, bool flatten) {
  require_signature(person);
  const TimeMs time = loop_->event_time();
  loop_->command(ledger,
                 {.kind = LiveCommand::Kind::kill,
                  .by = person.name,
                  .reason = person.reason,
                  .time = time,
                  .flatten = flatten},
                 [&] { return write_kill(ledger, person, flatten, time); });
}

void LiveEngine::kill_unrecorded(const Signature& person, bool flatten) {
  require_signature(person);
  const LiveCommand command{.kind = LiveCommand::Kind::kill,
                            .by = person.name,
                            .reason = person.reason,
                            .time = loop_->event_time(),
                            .flatten = flatten};
  loop_->pending_kill.keep(command);
  loop_->post(command);
  loop_->obey_while_idle(*loop_->parts.ledger);
}

void LiveEngine::rearm(ledger::Ledger& ledger, const Signature& person) {
  const TimeMs time = loop_->event_time();
  loop_->command(ledger,
                 {.kind = LiveCommand::Kind::rearm, .by = person.name, .reason = person.reason, .time = time},
                 [&] { return write_rearm(ledger, person, time); });
}

void LiveEngine::set_limits(ledger::Ledger& ledger, const Signature& person, const LimitRequest& request) {
  // On record before it is in force: what cannot be written changes nothing.
  const ledger::Event event = write_limits(ledger, person, loop_->configured, request, loop_->event_time());
  loop_->command(ledger, *command_of(event), [&] { return event; });
}

void LiveEngine::accept_account(ledger::Ledger& ledger, const Signature& person) {
  const TimeMs time = loop_->event_time();
  loop_->command(
      ledger, {.kind = LiveCommand::Kind::accept, .by = person.name, .reason = person.reason, .time = time},
      [&] { return write_acceptance(ledger, person, loop_->parts.session, time); });
}

void LiveEngine::notice(const ledger::Event& event) {
  std::optional<LiveCommand> command = command_of(event);
  if (!command) return;
  loop_->post(std::move(*command));
  loop_->obey_while_idle(*loop_->parts.ledger);
}

std::shared_ptr<const LiveView> LiveEngine::view() const {
  return loop_->current_view.load();
}

std::vector<DecisionRecord> LiveEngine::decisions(std::uint64_t before, std::size_t count) const {
  std::vector<std::shared_ptr<const DecisionRecord>> found;
  {
    const std::lock_guard lock(loop_->memory);
    const auto& newest = loop_->newest_decisions;
    for (auto at = newest.rbegin(); at != newest.rend() && found.size() < count; ++at)
      if (before == 0 || (*at)->number < before) found.push_back(*at);
  }
  std::vector<DecisionRecord> result;
  for (const auto& decision : found) result.push_back(*decision);
  const std::uint64_t oldest = result.empty() ? before : result.back().number;
  if (result.size() == count || oldest == 1 || loop_->parts.journal_folder.empty()) return result;
  for (DecisionRecord& decision : read_decisions(
           loop_->parts.journal_folder, loop_->parts.session,
           oldest == 0 ? std::numeric_limits<std::uint64_t>::max() : oldest, count - result.size()))
    result.push_back(std::move(decision));
  return result;
}

std::vector<broker::Fill> LiveEngine::fills(std::size_t count) const {
  const std::lock_guard lock(loop_->memory);
  const auto& newest = loop_->newest_fills;
  return {newest.rbegin(), newest.rbegin() + static_cast<std::ptrdiff_t>(std::min(count, newest.size()))};
}

const BarHistory& LiveEngine::bars() const {
  return loop_->history;
}

}  // namespace stevie::live
