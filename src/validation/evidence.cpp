#include "validation/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

namespace stevie::validation {
namespace {

/// A day that multiplies the account by more than this is a fault of the replay.
constexpr double largest_return = 100;

using Faults = std::vector<std::string>;

void check_returns(const std::string& name, std::span<const double> returns, std::size_t days,
                   Faults& faults) {
  if (returns.size() != days) {
    faults.push_back(
        fmt::format("{} has {} returns for {} days: give one for each day", name, returns.size(), days));
    return;
  }
  const auto bad = [](double value) { return !(value >= -1 && value <= largest_return); };
  const auto found = std::find_if(returns.begin(), returns.end(), bad);
  if (found != returns.end())
    faults.push_back(fmt::format("{}, row {}: {} is no daily return; it must lie in [-1, {}]", name,
                                 found - returns.begin(), *found, largest_return));
}

bool is_hash(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, plain);
}

void check_arm(const std::string& name, const Arm& arm, Faults& faults) {
  if (!is_hash(arm.parameters_hash))
    faults.push_back(name + ": the hash of its parameters must be 1 to 128 letters or digits");
  if (arm.path.empty()) faults.push_back(name + ": it does not say what it was replayed on (path)");
  if (arm.costs.empty()) faults.push_back(name + ": it does not say which costs it paid (costs)");
  if (arm.days.empty()) faults.push_back(name + ": it has no days");
  for (std::size_t i = 1; i < arm.days.size(); ++i) {
    if (arm.days[i] > arm.days[i - 1]) continue;
    faults.push_back(fmt::format("{}: its days do not increase at row {}", name, i));
    break;
  }
  check_returns(name + ".returns", arm.returns, arm.days.size(), faults);
  check_returns(name + ".doubled_costs_returns", arm.doubled_costs_returns, arm.days.size(), faults);
  if (!(arm.turnover >= 0 && std::isfinite(arm.turnover)))
    faults.push_back(name + ": its turnover is not a number of 0 or more");
  if (arm.win_rate && !(*arm.win_rate >= 0 && *arm.win_rate <= 1))
    faults.push_back(name + ": its win rate does not lie between 0 and 1");
}

void check_candidates(const Evidence& evidence, Faults& faults) {
  if (evidence.candidates.empty())
    faults.emplace_back(
        "there are no candidates: give the returns of every one that was looked at, the proposal included");
  for (std::size_t k = 0; k < evidence.candidates.size() && faults.size() < 20; ++k)
    check_returns(fmt::format("candidates[{}]", k), evidence.candidates[k], evidence.proposed.days.size(),
                  faults);
  if (!evidence.candidates.empty() &&
      std::ranges::find(evidence.candidates, evidence.proposed.returns) == evidence.candidates.end())
    faults.emplace_back("the proposed arm's returns are not among the candidates");
  if (evidence.trials < evidence.candidates.size())
    faults.push_back(fmt::format("there are {} trials but {} candidates: every candidate is a trial",
                                 evidence.trials, evidence.candidates.size()));
}

void check_stream(const Evidence& evidence, Faults& faults) {
  constexpr std::size_t most_judged = 1'000'000;
  if (evidence.judged_before > most_judged)
    faults.push_back(fmt::format("{} proposals are said to be judged before: at most {} can be",
                                 evidence.judged_before, most_judged));
  std::size_t last = 0;
  for (const std::size_t place : evidence.promoted_before) {
    if (place > last && place <= evidence.judged_before) {
      last = place;
      continue;
    }
    faults.push_back(
        fmt::format("promoted_before names {}: it must increase and lie in 1 .. judged_before ({})", place,
                    evidence.judged_before));
    return;
  }
}

}  // namespace

std::vector<std::string> Evidence::faults() const {
  Faults found;
  check_arm("running", running, found);
  check_arm("proposed", proposed, found);
  if (running.days != proposed.days)
    found.emplace_back("the two arms do not cover the same days: replay both over the same windows");
  if (running.parameters_hash == proposed.parameters_hash)
    found.emplace_back("the proposal has the running parameters: there is nothing to judge");
  for (const DayRange& range : searched) {
    if (range.first > range.last)
      found.push_back(fmt::format("searched has a range from {} back to {}", range.first, range.last));
  }
  check_candidates(*this, found);
  check_stream(*this, found);
  return found;
}

}  // namespace stevie::validation
