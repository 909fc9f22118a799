#include "live/live_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ledger/ledger.h"

namespace stevie::live {
namespace {

constexpr std::size_t folded_steps = 1000;
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();
constexpr double same_units = 1e-9;  // relative: the order of additions differs between fold and broker

bool agree(double a, double b) {
  return std::abs(a - b) <= same_units * std::max(std::abs(a), std::abs(b));
}

double units_of(const std::map<std::string, double>& positions, const std::string& symbol) {
  const auto found = positions.find(symbol);
  return found == positions.end() ? 0 : found->second;
}

void fold(const ledger::Ledger& ledger, LiveRecord& record) {
  bool first = true;
  ledger.read_each({.kind = "live.step", .last = folded_steps}, [&](const ledger::Event& event) {
    StepRecord step = parse_step_record(event);
    // The first one is where the sums begin; a person's acceptance makes them begin anew.
    if (first || step.why == "accept") {
      record.folded = step.positions;
    } else {
      for (const broker::Fill& fill : step.fills) add_fill(record.folded, fill);
    }
    first = false;
    for (const broker::Fill& fill : step.fills) record.fills.push_back(fill);
    record.sequence = event.sequence;
    record.newest = std::move(step);
  });
}

}  // namespace

void add_fill(std::map<std::string, double>& positions, const broker::Fill& fill) {
  double& units = positions[fill.symbol];
  units = agree(units, -fill.units) ? 0 : units + fill.units;
  if (units == 0) positions.erase(fill.symbol);
}

std::vector<LiveCommand> read_commands(const ledger::Ledger& ledger, std::uint64_t after,
                                       std::uint64_t newest) {
  std::vector<LiveCommand> commands;
  for (const char* kind : {"risk.killed", "risk.rearmed", "risk.limits_changed", "live.reconciliation"}) {
    ledger.read_each({.kind = kind, .after = after}, [&](const ledger::Event& event) {
      if (event.sequence > newest) return;
      if (std::optional<LiveCommand> command = command_of(event)) commands.push_back(std::move(*command));
    });
  }
  std::ranges::sort(commands, {}, &LiveCommand::sequence);
  return commands;
}

LiveRecord read_live_record(const ledger::Ledger& ledger) {
  LiveRecord record;
  fold(ledger, record);
  const std::uint64_t obeyed = record.newest ? record.newest->obeyed : 0;
  record.commands = read_commands(ledger, obeyed, any_number);
  record.newest_command = record.commands.empty() ? obeyed : record.commands.back().sequence;
  return record;
}

std::vector<std::string> account_differences(const std::map<std::string, double>& positions,
                                             const std::vector<std::string>& waiting,
                                             const broker::AccountView& account) {
  std::vector<std::string> differences;
  std::map<std::string, double> held;
  for (const broker::Position& position : account.positions) held[position.symbol] = position.units;
  std::set<std::string> symbols;
  for (const auto& [symbol, units] : positions) symbols.insert(symbol);
  for (const auto& [symbol, units] : held) symbols.insert(symbol);
  for (const std::string& symbol : symbols) {
    const double recorded = units_of(positions, symbol), there = units_of(held, symbol);
    if (!agree(recorded, there)) {
      differences.push_back(
          fmt::format("{}: the record says {} units, the broker holds {}", symbol, recorded, there));
    }
  }
  std::set<std::string> known(waiting.begin(), waiting.end()), open;
  for (const broker::Order& order : account.waiting) open.insert(order.id);
  for (const std::string& id : known)
    if (!open.contains(id))
      differences.push_back("order " + id + " waits by the record, the broker has none");
  for (const std::string& id : open)
    if (!known.contains(id))
      differences.push_back("the broker has an order " + id + " that the record lacks");
  return differences;
}

std::vector<std::string> record_differences(const std::map<std::string, double>& recorded,
                                            const std::map<std::string, double>& folded) {
  std::vector<std::string> differences;
  std::set<std::string> symbols;
  for (const auto& [symbol, units] : recorded) symbols.insert(symbol);
  for (const auto& [symbol, units] : folded) symbols.insert(symbol);
  for (const std::string& symbol : symbols) {
    const double units = units_of(recorded, symbol), sum = units_of(folded, symbol);
    if (!agree(units, sum)) {
      differences.push_back(
          fmt::format("{}: the record says {} units, its fills add up to {}", symbol, units, sum));
    }
  }
  return differences;
}

}  // namespace stevie::live
