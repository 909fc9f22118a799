#include "app/live_account.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "app/config.h"
#include "app/social_sources.h"
#include "broker/json.h"
#include "broker/paper_broker.h"
#include "core/error.h"
#include "core/printable.h"
#include "ledger/ledger.h"
#include "live/journal.h"
#include "live/limit_changes.h"
#include "live/live_recovery.h"
#include "market/readers.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// A member of an event's body as text; empty where it is none.
std::string body_text(const ledger::Event& event, const char* name) {
  const nlohmann::json body = nlohmann::json::parse(event.body, nullptr, false);
  return body.is_object() && body.contains(name) && body[name].is_string() ? body[name].get<std::string>()
                                                                           : std::string();
}

std::string time_or_dash(TimeMs time) {
  return time == 0 ? "-" : format_time(time);
}

void read_session(const ledger::Ledger& ledger, LiveAccount& account) {
  const auto started = ledger.read({.kind = "live.started", .last = 1});
  if (started.empty()) return;
  account.session = body_text(started.front(), "session");
  const auto stopped = ledger.read({.kind = "live.stopped", .after = started.front().sequence, .last = 1});
  account.running = stopped.empty();
  if (!stopped.empty()) account.stopped = body_text(stopped.front(), "reason");
}

Json kill_json(const live::RiskRecord& risk) {
  if (!risk.kill) return nullptr;
  return {{"by", risk.kill->by},
          {"reason", risk.kill->reason},
          {"time", format_time(risk.kill->time)},
          {"flatten", risk.kill->flatten}};
}

Json decision_json(const live::DecisionRecord& decision) {
  Json explanation = Json::parse(decision.explanation, nullptr, false);
  if (explanation.is_discarded()) explanation = nullptr;
  return {{"number", decision.number},
          {"symbol", decision.symbol},
          {"time", format_time(decision.bar.open_time)},
          {"close", decision.bar.close},
          {"action", decision.action},
          {"summary", decision.summary},
          {"parameter_version", decision.parameter_version},
          {"order_id", decision.order_id.empty() ? Json(nullptr) : Json(decision.order_id)},
          {"denial", live::to_string(decision.denial)},
          {"latency_us", decision.latency_us},
          {"explanation", std::move(explanation)}};
}

Json order_json(const broker::Order& order) {
  return Json::parse(broker::to_json(order).dump());
}

/// The configuration that the head of a journal keeps: names and values as a file has them.
Config journal_configuration(const live::JournalHead& head, const std::string& place) {
  const nlohmann::json fields = nlohmann::json::parse(head.configuration, nullptr, false);
  ConfigLayers layers;
  for (const auto& [key, value] : fields.items()) {
    if (!value.is_string())
      throw Error("live.damaged_journal",
                  fmt::format("the configuration's '{}' is not a text", printable(key)), place);
    layers.flags.push_back({key, value.get<std::string>(), "the head of the journal"});
  }
  return load_config(layers);
}

/// What a session read beside its bars, from the same files where they are still there.
struct Beside {
  bool has_volume = true;
  std::vector<strategy::SocialSource> social;
};
Beside beside_bars(const LiveConfig& live, std::size_t symbol) {
  if (live.feed != "replay" || symbol >= live.data.size() || !std::filesystem::exists(live.data[symbol]))
    return {};
  const std::string& file = live.data[symbol];
  const market::Bars bars = market::read_bars(file);
  const SocialRequest request{.files = symbol == 0 ? live.social : std::vector<std::string>{},
                              .discover = live.discover_social};
  return {bars.has_volume, load_social_sources(request, file, bars).sources};
}

live::ReplayParts fresh_parts(const live::JournalHead& head, live::JournalParameters& parameters,
                              const std::string& place) {
  const Config config = journal_configuration(head, place);
  broker::PaperConfig account{.symbols = head.symbols, .interval = head.interval};
  account.engine.instrument = config.env.instrument;
  account.engine.initial_equity = config.live.initial_equity;
  live::ReplayParts parts;
  for (std::size_t i = 0; i < head.symbols.size(); ++i) {
    Beside beside = beside_bars(config.live, i);
    account.has_volume = account.has_volume && beside.has_volume;
    live::RuleLiveSettings settings;
    settings.symbol = head.symbols[i];
    settings.interval = head.interval;
    settings.rules = config.measuring.rules;
    settings.regime = config.measuring.regime;
    settings.social = config.measuring.social;
    settings.sources = std::move(beside.social);
    settings.instrument = config.env.instrument;
    parts.strategies.push_back(
        std::make_unique<live::RuleLiveStrategy>(std::move(settings), parameters.feed(head.symbols[i])));
  }
  parts.broker = std::make_unique<broker::PaperBroker>(account);
  return parts;
}

}  // namespace

LiveAccount read_live_account(const ledger::Ledger& ledger, const live::RiskLimits& limits) {
  const live::LiveRecord record = live::read_live_record(ledger);
  LiveAccount account;
  read_session(ledger, account);
  const std::optional<live::LimitChange> change =
      live::newest_limit_change(ledger, std::numeric_limits<std::uint64_t>::max());
  live::RiskEngine risk(change ? live::with_overrides(limits, change->overrides) : limits);
  if (record.newest) {
    const live::StepRecord& newest = *record.newest;
    account.traded = true;
    account.recorded = ledger.read({.kind = "live.step", .last = 1}).front().time;
    account.now = newest.now;
    account.symbols = newest.symbols;
    account.steps = newest.step;
    account.decisions = newest.decisions;
    account.orders = newest.order_count;
    account.fills = newest.fill_count;
    account.parameter_version = newest.parameter_version;
    account.initial_equity = newest.initial_equity;
    broker::PaperBroker paper({.symbols = newest.symbols, .interval = newest.interval});
    paper.restore(newest.account);
    account.account = paper.account();
    account.differences = live::record_differences(newest.positions, record.folded);
    for (std::string& difference :
         live::account_differences(newest.positions, newest.waiting, account.account))
      account.differences.push_back(std::move(difference));
    risk.restore(newest.risk);
  }
  risk.set_reconciled(account.differences.empty());
  for (const live::LiveCommand& command : record.commands) {
    if (command.kind == live::LiveCommand::Kind::kill)
      risk.kill({command.by, command.reason, command.time, command.flatten});
    if (command.kind == live::LiveCommand::Kind::rearm) risk.rearm(account.now, account.account.equity);
    ++account.commands_waiting;
  }
  account.risk_state = risk.state();
  account.risk_why = risk.why();
  account.risk = risk.record();
  return account;
}

std::vector<broker::Order> read_live_orders(const ledger::Ledger& ledger, std::size_t count) {
  constexpr std::size_t most_steps = 10'000;
  std::vector<broker::Order> oldest_first;
  ledger.read_each({.kind = "live.step", .last = most_steps}, [&](const ledger::Event& event) {
    for (broker::Order& order : live::parse_step_record(event).orders)
      oldest_first.push_back(std::move(order));
  });
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count, oldest_first.size()));
  return {oldest_first.rbegin(), oldest_first.rbegin() + kept};
}

std::vector<live::DecisionRecord> read_live_decisions(const ledger::Ledger& ledger,
                                                      const std::filesystem::path& folder,
                                                      std::uint64_t before, std::size_t count) {
  const auto started = ledger.read({.kind = "live.started", .last = 1});
  if (started.empty()) return {};
  return live::read_decisions(folder, body_text(started.front(), "session"),
                              before == 0 ? std::numeric_limits<std::uint64_t>::max() : before, count);
}

std::string live_state_text(const LiveAccount& account) {
  const std::string session =
      account.session.empty() ? "no session yet: `stevie serve` starts one"
                              : fmt::format("session {}: {}", account.session,
                                            account.running ? "started, and has not said that it stopped"
                                                            : fmt::format("stopped: {}", account.stopped));
  const std::string risk = account.risk_why.empty() ? "" : ": " + account.risk_why;
  std::string text = fmt::format("{}\nrisk: {}{}\n", session, live::to_string(account.risk_state), risk);
  if (account.commands_waiting > 0)
    text += fmt::format("commands that wait for a trading loop to carry them out: {}\n",
                        account.commands_waiting);
  for (const std::string& difference : account.differences) text += "DIFFERS " + difference + "\n";
  if (!account.traded) return printable(text + "the account was never traded\n");
  const broker::AccountView& view = account.account;
  const double gain = account.initial_equity > 0 ? view.equity / account.initial_equity - 1 : 0;
  text += fmt::format("equity {:.2f} of {:.2f} at the start ({:+.2f} %), cash {:.2f}\n", view.equity,
                      account.initial_equity, gain * 100, view.cash);
  text += fmt::format("positions: {}, waiting orders: {}; {} steps, {} decisions, {} orders, {} fills\n",
                      view.positions.size(), view.waiting.size(), account.steps, account.decisions,
                      account.orders, account.fills);
  text += fmt::format("market time {}, recorded {}, parameters version {}\n", time_or_dash(account.now),
                      time_or_dash(account.recorded), account.parameter_version);
  return printable(text);
}

std::string live_state_json(const LiveAccount& account) {
  Json denials = Json::object();
  for (std::size_t i = 1; i < live::denial_count; ++i)
    denials[std::string(live::to_string(static_cast<live::Denial>(i)))] = account.risk.denials[i];
  return text_of({{"traded", account.traded},
                  {"running", account.running},
                  {"session", account.session},
                  {"stopped", account.stopped},
                  {"recorded", account.traded ? Json(format_time(account.recorded)) : Json(nullptr)},
                  {"now", account.traded ? Json(format_time(account.now)) : Json(nullptr)},
                  {"symbols", account.symbols},
                  {"steps", account.steps},
                  {"decisions", account.decisions},
                  {"orders", account.orders},
                  {"fills", account.fills},
                  {"parameter_version", account.parameter_version},
                  {"initial_equity", account.initial_equity},
                  {"equity", account.account.equity},
                  {"cash", account.account.cash},
                  {"risk_state", live::to_string(account.risk_state)},
                  {"risk_why", account.risk_why},
                  {"kill", kill_json(account.risk)},
                  {"denials", std::move(denials)},
                  {"differences", account.differences},
                  {"commands_waiting", account.commands_waiting}});
}

std::string live_positions_text(const LiveAccount& account) {
  if (account.account.positions.empty()) return "no position is held\n";
  std::string text = fmt::format("{:<14} {:>16} {:>14} {:>14} {:>14}  {}\n", "symbol", "units", "entry",
                                 "mark", "unrealised", "opened");
  for (const broker::Position& position : account.account.positions) {
    text += fmt::format("{:<14} {:>16.8g} {:>14.8g} {:>14.8g} {:>14.2f}  {}\n", position.symbol,
                        position.units, position.entry_price, position.mark_price, position.unrealised,
                        format_time(position.opened));
  }
  return printable(text);
}

std::string live_positions_json(const LiveAccount& account) {
  Json list = Json::array();
  for (const broker::Position& position : account.account.positions)
    list.push_back(Json::parse(broker::to_json(position).dump()));
  return text_of(list);
}

std::string live_orders_text(const LiveAccount& account, const std::vector<broker::Order>& newest) {
  const auto line = [](const broker::Order& order) {
    return fmt::format("{:<34} {:>16.8g} units at about {:.8g}, decided {}\n", order.id, order.units,
                       order.reference_price, format_time(order.decided));
  };
  std::string text = account.account.waiting.empty() ? "no order waits\n" : "waiting:\n";
  for (const broker::Order& order : account.account.waiting) text += line(order);
  if (!newest.empty()) text += "newest:\n";
  for (const broker::Order& order : newest) text += line(order);
  return printable(text);
}

std::string live_orders_json(const LiveAccount& account, const std::vector<broker::Order>& newest) {
  Json waiting = Json::array(), orders = Json::array();
  for (const broker::Order& order : account.account.waiting) waiting.push_back(order_json(order));
  for (const broker::Order& order : newest) orders.push_back(order_json(order));
  return text_of({{"waiting", std::move(waiting)}, {"newest", std::move(orders)}});
}

std::string live_decisions_text(const std::vector<live::DecisionRecord>& decisions) {
  if (decisions.empty()) return "no decisions\n";
  std::string text;
  for (const live::DecisionRecord& decision : decisions) {
    text += fmt::format("{:>8}  {}  {}  {}{}\n", decision.number, format_time(decision.bar.open_time),
                        decision.symbol, decision.summary,
                        decision.denial == live::Denial::none
                            ? std::string()
                            : fmt::format("; denied: {}", live::to_string(decision.denial)));
  }
  return printable(text);
}

std::string live_decisions_json(const std::vector<live::DecisionRecord>& decisions) {
  Json list = Json::array();
  for (const live::DecisionRecord& decision : decisions) list.push_back(decision_json(decision));
  return text_of(list);
}

live::JournalReplay replay_live_journal(const std::filesystem::path& folder) {
  return live::replay_journal(folder,
                              [&folder](const live::JournalHead& head, live::JournalParameters& parameters) {
                                return fresh_parts(head, parameters, folder.string());
                              });
}

std::string journal_replay_text(const live::JournalReplay& replay) {
  std::string text = fmt::format(
      "session {}: {} steps, {} decisions, {} orders, {} fills, {} commands, {} parameter versions\n",
      replay.session, replay.steps, replay.decisions, replay.orders, replay.fills, replay.commands,
      replay.versions);
  text += replay.equal() ? "all of them are equal, bit for bit\n" : "DIFFERS at " + replay.difference + "\n";
  return printable(text);
}

}  // namespace stevie::app
