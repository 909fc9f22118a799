#include "app/session_name.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/optimize_state.h"

namespace stevie::app {
namespace {

std::set<std::string> names_of(const ledger::Ledger& ledger, const char* kind, const char* key) {
  std::set<std::string> names;
  for (const ledger::Event& event : ledger.read({.kind = kind})) {
    const auto body = nlohmann::json::parse(event.body, nullptr, false);
    if (!body.is_object()) continue;
    const auto name = body.find(key);
    if (name != body.end() && name->is_string()) names.insert(name->get<std::string>());
  }
  return names;
}

}  // namespace

SessionNames session_names(const ledger::Ledger& ledger) {
  return {.queued = names_of(ledger, "training.queued", "id"),
          .started = names_of(ledger, "session.started", "session")};
}

std::string free_session_name(const ledger::Ledger& ledger, const std::string& scenario, TimeMs now,
                              const std::function<bool(const std::string&)>& claim) {
  const SessionNames taken = session_names(ledger);
  const std::string first = session_name(scenario, now);
  std::string name = first;
  for (int number = 2; taken.queued.contains(name) || taken.started.contains(name) || !claim(name); ++number)
    name = fmt::format("{}-{}", first, number);
  return name;
}

}  // namespace stevie::app
