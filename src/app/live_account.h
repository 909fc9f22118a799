#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "live/journal_replay.h"
#include "live/live_view.h"

namespace stevie::ledger {
class Ledger;
}  // namespace stevie::ledger

namespace stevie::app {

/// The paper account as ledger and journal have it, with or without a server that trades it.
struct LiveAccount {
  bool traded = false;   // false: there is no step yet, and only `risk` and `running` mean anything
  bool running = false;  // the newest session has started and was not stopped; it may have been killed
  std::string session;   // the newest
  std::string stopped;   // why it ended; empty where it did not say so
  TimeMs recorded = 0;   // when the newest step was written
  TimeMs now = 0;        // of the feed then
  std::vector<std::string> symbols;
  std::uint64_t steps = 0, decisions = 0, orders = 0, fills = 0, parameter_version = 0;
  double initial_equity = 0;
  broker::AccountView account;
  std::vector<std::string> differences;  // between record and broker
  live::RiskState risk_state = live::RiskState::active;
  std::string risk_why;
  live::RiskRecord risk;
  std::size_t commands_waiting = 0;  // of persons, that no loop has carried out yet
};
/// Throws Error "live.damaged_step" and as the ledger does.
LiveAccount read_live_account(const ledger::Ledger& ledger, const live::RiskLimits& limits);

/// Newest first, out of the newest steps with any.
std::vector<broker::Order> read_live_orders(const ledger::Ledger& ledger, std::size_t count);
/// Newest first, out of the journals in `folder`.
std::vector<live::DecisionRecord> read_live_decisions(const ledger::Ledger& ledger,
                                                      const std::filesystem::path& folder,
                                                      std::uint64_t before, std::size_t count);

/// What follows is for people, and the same as JSON.
std::string live_state_text(const LiveAccount& account);
std::string live_state_json(const LiveAccount& account);
std::string live_positions_text(const LiveAccount& account);
std::string live_positions_json(const LiveAccount& account);
std::string live_orders_text(const LiveAccount& account, const std::vector<broker::Order>& newest);
std::string live_orders_json(const LiveAccount& account, const std::vector<broker::Order>& newest);
std::string live_decisions_text(const std::vector<live::DecisionRecord>& decisions);
std::string live_decisions_json(const std::vector<live::DecisionRecord>& decisions);

/// Puts a session's journal through fresh rules, paper account and risk engine, made from the configuration
/// in its head, and compares. Social series are read from the files it names. Throws as
/// live::replay_journal() and Error "config.faults".
live::JournalReplay replay_live_journal(const std::filesystem::path& folder);
std::string journal_replay_text(const live::JournalReplay& replay);

}  // namespace stevie::app
