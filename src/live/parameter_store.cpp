#include "live/parameter_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/printable.h"
#include "ledger/ledger.h"
#include "live/json_text.h"
#include "strategy/regime.h"
#include "validation/gate.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;
using strategy::ParameterLayers;
using validation::Verdict;

constexpr std::string_view version_kind = "parameters.version";
constexpr std::string_view decision_kind = "gate.decision";
constexpr std::uint64_t decision_schema = 1;
constexpr std::size_t most_name_bytes = 200;
constexpr std::size_t most_reason_bytes = 2000;
constexpr std::size_t shown_hash_digits = 12;

std::string event_place(const ledger::Event& event) {
  return fmt::format("ledger event {}", event.sequence);
}

std::string short_hash(std::string_view hash) {
  return std::string(hash.substr(0, shown_hash_digits));
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

/// What is wrong with a text that is kept for ever; empty where nothing is.
std::string text_fault(const char* what, std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    return fmt::format("the {} has {} bytes; at most {} are kept", what, text.size(), most_bytes);
  }
  if (printable(text) != text || text.find('\n') != std::string_view::npos ||
      text.find('\t') != std::string_view::npos) {
    return fmt::format("the {} must be one line of plain text", what);
  }
  return {};
}

void require_none(const std::vector<std::string>& faults) {
  if (faults.empty()) return;
  throw Error("live.refused_change", fmt::format("nothing was changed: {}", fmt::join(faults, "; ")));
}

/// What forbids to go from one content to another while trading.
std::vector<std::string> change_faults(const ParameterVersion& newest, const ParameterLayers& next) {
  std::vector<std::string> faults = strategy::layer_faults(next);
  if (!faults.empty()) return faults;
  const std::vector<ParameterDifference> differences = diff(newest.layers, next);
  if (differences.empty()) {
    faults.push_back(fmt::format("version {} already has these values", newest.number));
  }
  for (const ParameterDifference& difference : differences) {
    const strategy::ParameterInfo& info = strategy::info(difference.parameter);
    if (!info.live_changeable) faults.push_back(fmt::format("{} cannot be changed while trading", info.name));
  }
  return faults;
}

std::string layer_name(const ManualValue& value) {
  if (!value.symbol.empty()) return "symbol " + value.symbol;
  if (value.regime) return fmt::format("regime {}", strategy::to_string(*value.regime));
  return "global";
}

/// Sets one value in its layer; a layer that names nothing any more goes.
void apply(const ManualValue& value, ParameterLayers& layers) {
  const auto apply_to = [&value](auto& map, const auto& key) {
    if (value.value) {
      map[key][value.parameter] = *value.value;
    } else if (const auto found = map.find(key); found != map.end()) {
      found->second.erase(value.parameter);
      if (found->second.empty()) map.erase(found);
    }
  };
  if (!value.symbol.empty()) {
    apply_to(layers.by_symbol, value.symbol);
  } else if (value.regime) {
    apply_to(layers.by_regime, *value.regime);
  } else {
    layers.global[value.parameter] = value.value.value_or(strategy::info(value.parameter).default_value);
  }
}

void require_base(const std::string& base_hash, const ParameterVersion& newest, const char* advice) {
  if (base_hash == newest.hash) return;
  throw Error(
      "live.stale_base",
      fmt::format("the proposal was judged against parameters {}, but version {} ({} by {}) with {} is "
                  "in force now; nothing was changed: {}",
                  short_hash(base_hash), newest.number, to_string(newest.change), printable(newest.author),
                  short_hash(newest.hash), advice));
}

constexpr std::array verdicts{Verdict::promote, Verdict::reject, Verdict::not_enough_evidence};

JudgedProposal parse_decision(const ledger::Event& event) {
  const std::string code = "live.damaged_decision", place = event_place(event);
  const Json object = parse_object(event.body, ledger::largest_body_bytes, code, place);
  FieldReader reader(object);
  if (const std::uint64_t schema = reader.count("schema"); schema > decision_schema) {
    throw Error("live.newer_schema",
                fmt::format("this decision has schema {} and this program knows up to {}: update the program",
                            schema, decision_schema),
                place);
  }
  JudgedProposal proposal{.scenario = reader.string("scenario"),
                          .base_hash = reader.string("base_hash"),
                          .sequence = event.sequence,
                          .time = event.time};
  const std::string verdict = reader.string("verdict");
  const auto* found = std::ranges::find(
      verdicts, verdict, [](Verdict item) { return std::string(validation::to_string(item)); });
  if (found == verdicts.end()) {
    reader.fault(fmt::format("'verdict' has no such value as '{}'", printable(verdict)));
  } else {
    proposal.verdict = *found;
  }
  if (const Json* report = reader.object("report")) proposal.report = report->dump();
  const std::string hash = reader.string("proposed_hash");
  if (const Json* layers = reader.object("proposed")) {
    try {
      proposal.proposed = strategy::parse_parameter_layers(layers->dump(), {});
      if (parameters_hash(proposal.proposed) != hash)
        reader.fault("'proposed_hash' is not that of 'proposed'");
    } catch (const Error& error) {
      reader.fault(error.message());
    }
  }
  reader.require_sound(code, "this event is no sound decision of the gate", place);
  return proposal;
}

std::string describe(std::span<const JudgedProposal> proposals) {
  if (proposals.empty()) return "none is on record";
  std::vector<std::string> lines;
  for (const JudgedProposal& proposal : proposals) {
    lines.push_back(fmt::format("{} ({}, {}, {})", proposal.sequence, printable(proposal.scenario),
                                validation::to_string(proposal.verdict), format_time(proposal.time)));
  }
  return fmt::format("the latest are {}", fmt::join(lines, ", "));
}

}  // namespace

std::vector<std::string> signature_faults(const Signature& signature, bool reason_required) {
  std::vector<std::string> faults;
  if (is_blank(signature.name)) faults.emplace_back("say who makes the change (a name)");
  if (reason_required && is_blank(signature.reason)) faults.emplace_back("say why (a reason)");
  for (const std::string& fault : {text_fault("name", signature.name, most_name_bytes),
                                   text_fault("reason", signature.reason, most_reason_bytes)}) {
    if (!fault.empty()) faults.push_back(fault);
  }
  return faults;
}

std::vector<std::string> manual_faults(std::span<const ManualValue> values, const Signature& person) {
  std::vector<std::string> faults;
  if (values.empty()) faults.emplace_back("name at least one parameter and its new value");
  std::set<std::tuple<strategy::Parameter, std::string>> seen;
  for (const ManualValue& value : values) {
    if (!value.symbol.empty() && value.regime) {
      faults.push_back(fmt::format("{} is set for a symbol and a regime at once: choose one",
                                   strategy::to_string(value.parameter)));
    }
    if (!seen.insert({value.parameter, layer_name(value)}).second) {
      faults.push_back(
          fmt::format("{} ({}) is given twice", strategy::to_string(value.parameter), layer_name(value)));
    }
    if (!value.value) continue;
    if (const std::string fault = strategy::parameter_fault(value.parameter, *value.value); !fault.empty()) {
      faults.push_back(fault);
    }
  }
  std::ranges::move(signature_faults(person, true), std::back_inserter(faults));
  return faults;
}

ParameterStore::ParameterStore(ledger::Ledger& ledger, std::function<TimeMs()> now)
    : ledger_(ledger), now_(now ? std::move(now) : system_time), cell_(make_snapshot(0, {}, {})) {
  read_new_versions();
  if (!versions_.empty()) return;
  write([](const ParameterVersion&) {
    ParameterVersion first;
    first.author = "stevie";
    first.reason = "the defaults of the schema";
    return first;
  });
}

ParameterStore::~ParameterStore() = default;

const ParameterVersion& ParameterStore::version(std::uint64_t number) const {
  if (number >= 1 && number <= versions_.size()) return versions_[number - 1];
  throw Error("live.unknown_version",
              fmt::format("there is no version {}; there are 1 to {}", number, versions_.size()));
}

bool ParameterStore::refresh() {
  const std::uint64_t before = current().number;
  read_new_versions();
  return current().number > before;
}

void ParameterStore::read_new_versions() {
  const ledger::Filter filter{.kind = std::string(version_kind), .after = read_to_};
  for (const ledger::Event& event : ledger_.read(filter)) {
    add(parse_event_body(event.body, event_place(event)), event);
  }
}

void ParameterStore::add(ParameterVersion version, const ledger::Event& event) {
  const std::uint64_t number = versions_.size() + 1;
  const std::string parent_hash = versions_.empty() ? std::string() : versions_.back().hash;
  if (version.number != number || version.parent != number - 1 || version.parent_hash != parent_hash) {
    throw Error("live.damaged_version",
                fmt::format("version {} of the parameters does not follow on version {}; `stevie ledger "
                            "verify` tells whether the ledger was changed",
                            version.number, number - 1),
                event_place(event));
  }
  version.time = event.time;
  version.sequence = event.sequence;
  version.event_hash = event.hash;
  read_to_ = event.sequence;
  versions_.push_back(std::move(version));
  cell_.publish(make_snapshot(current().number, current().hash, current().layers));
}

ParameterVersion ParameterStore::write(const Derive& derive) {
  ParameterVersion next;
  const bool first = versions_.empty();
  const auto decide = [&]() -> std::vector<ledger::NewEvent> {
    read_new_versions();
    if (first && !versions_.empty()) return {};  // another process has begun in the meantime
    next = derive(first ? ParameterVersion{} : current());
    next.number = versions_.size() + 1;
    next.parent = versions_.size();
    next.parent_hash = first ? std::string() : current().hash;
    next.hash = parameters_hash(next.layers);
    return {{std::string(version_kind), event_body(next), next.author, now_()}};
  };
  const std::vector<ledger::Event> written = ledger_.append_decided(decide);
  if (!written.empty()) add(std::move(next), written.front());
  return current();
}

ParameterVersion ParameterStore::promote(const validation::Approval& approval,
                                         const ParameterLayers& proposed, const Signature& search) {
  require_none(signature_faults(search, false));
  if (const std::string hash = parameters_hash(proposed); hash != approval.proposed_hash()) {
    throw Error("live.not_approved",
                fmt::format("the gate approved parameters {}, and these are {}; nothing was changed",
                            short_hash(approval.proposed_hash()), short_hash(hash)));
  }
  return write([&](const ParameterVersion& newest) {
    require_base(approval.base_hash(), newest, "run the search again on what is in force");
    require_none(change_faults(newest, proposed));
    ParameterVersion next;
    next.change = Change::promotion;
    next.author_kind = AuthorKind::search;
    next.author = search.name;
    next.reason = search.reason;
    next.evidence = Json{{"gate", Json::parse(approval.report_json())}}.dump();
    next.layers = proposed;
    return next;
  });
}

ParameterVersion ParameterStore::write_person(Change change, const Signature& person, const Derive& derive) {
  return write([&](const ParameterVersion& newest) {
    ParameterVersion next = derive(newest);
    std::vector<std::string> faults = signature_faults(person, true);
    std::ranges::move(change_faults(newest, next.layers), std::back_inserter(faults));
    require_none(faults);
    next.change = change;
    next.author_kind = AuthorKind::person;
    next.author = person.name;
    next.reason = person.reason;
    return next;
  });
}

ParameterVersion ParameterStore::set(std::span<const ManualValue> values, const Signature& person) {
  require_none(manual_faults(values, person));
  return write_person(Change::manual, person, [values](const ParameterVersion& newest) {
    ParameterVersion next;
    next.layers = newest.layers;
    for (const ManualValue& value : values) apply(value, next.layers);
    return next;
  });
}

ParameterVersion ParameterStore::rollback(std::uint64_t number, const Signature& person) {
  return write_person(Change::rollback, person, [this, number](const ParameterVersion&) {
    const ParameterVersion& old = version(number);
    ParameterVersion next;
    next.layers = old.layers;
    next.evidence = Json{{"version", old.number}, {"hash", old.hash}}.dump();
    return next;
  });
}

ParameterVersion ParameterStore::overrule(std::uint64_t sequence, const Signature& person) {
  constexpr std::size_t listed = 5;
  const std::vector<ledger::Event> events =
      sequence == 0 ? std::vector<ledger::Event>{}
                    : ledger_.read({.kind = std::string(decision_kind), .after = sequence - 1});
  if (events.empty() || events.front().sequence != sequence) {
    throw Error("live.unknown_decision", fmt::format("ledger event {} is no decision of the gate; {}",
                                                     sequence, describe(proposals(listed))));
  }
  const JudgedProposal proposal = parse_decision(events.front());
  if (proposal.verdict == Verdict::promote) {
    throw Error("live.refused_change",
                fmt::format("nothing was changed: the gate approved decision {}, so there is nothing to "
                            "overrule; resume the search that proposed it",
                            sequence));
  }
  return write_person(Change::overruling, person, [&](const ParameterVersion& newest) {
    require_base(proposal.base_hash, newest, "set the values that you want with `stevie params set`");
    ParameterVersion next;
    next.layers = proposal.proposed;
    next.evidence = Json{{"decision", sequence},
                         {"event_hash", events.front().hash},
                         {"scenario", proposal.scenario},
                         {"verdict", validation::to_string(proposal.verdict)}}
                        .dump();
    return next;
  });
}

ParameterVersion ParameterStore::import(std::string_view json, const std::string& place,
                                        const Signature& person) {
  const ParameterLayers layers = parse_export(json, place);
  return write_person(Change::import, person, [&](const ParameterVersion&) {
    ParameterVersion next;
    next.layers = layers;
    next.evidence = Json{{"file", printable(place)}}.dump();
    return next;
  });
}

std::uint64_t ParameterStore::record(const JudgedProposal& proposal) {
  const Json body{{"schema", decision_schema},
                  {"scenario", proposal.scenario},
                  {"verdict", validation::to_string(proposal.verdict)},
                  {"base_hash", proposal.base_hash},
                  {"proposed_hash", parameters_hash(proposal.proposed)},
                  {"proposed", Json::parse(strategy::to_json(proposal.proposed))},
                  {"report", Json::parse(proposal.report)}};
  return ledger_.append(decision_kind, body.dump(), proposal.scenario, now_()).sequence;
}

std::vector<JudgedProposal> ParameterStore::proposals(std::size_t last) const {
  std::vector<JudgedProposal> result;
  for (const ledger::Event& event : ledger_.read({.kind = std::string(decision_kind), .last = last})) {
    result.push_back(parse_decision(event));
  }
  return result;
}

}  // namespace stevie::live
