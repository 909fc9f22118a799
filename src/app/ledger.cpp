#include "app/ledger.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "app/text_table.h"
#include "core/printable.h"
#include "core/time.h"
#include "ledger/export.h"

namespace stevie::app {
namespace {

/// The beginning of a text, cut between characters, in at most `columns` bytes.
std::string beginning(const std::string& text, std::size_t columns) {
  if (text.size() <= columns) return text;
  std::size_t end = columns - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string one_line(std::string text) {
  for (char& letter : text) {
    if (letter == '\n' || letter == '\t') letter = ' ';
  }
  return text;
}

nlohmann::ordered_json path_json(const std::vector<ledger::Digest>& path) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ledger::Digest& node : path) list.push_back(ledger::to_hex(node));
  return list;
}

std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

ledger::Filter LedgerQuery::filter() const {
  ledger::Filter filter{.kind = kind, .without = without, .author = author, .text = text, .last = last};
  if (!since.empty()) filter.since = parse_time(since);
  if (!until.empty()) filter.until = parse_time(until);
  return filter;
}

std::string kinds_text(const std::vector<ledger::KindCount>& kinds) {
  std::vector<std::vector<std::string>> rows;
  for (const ledger::KindCount& of_kind : kinds)
    rows.push_back({printable(of_kind.kind), std::to_string(of_kind.events), std::to_string(of_kind.newest)});
  return text_table({"kind", "events", "newest"}, rows);
}

std::string kinds_json(const std::vector<ledger::KindCount>& kinds) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ledger::KindCount& of_kind : kinds)
    list.push_back({{"kind", of_kind.kind}, {"events", of_kind.events}, {"newest", of_kind.newest}});
  return text_of(list);
}

void show_events(const ledger::Ledger& ledger, const LedgerQuery& query, bool whole_bodies,
                 std::ostream& out) {
  constexpr std::size_t columns = 120;
  std::size_t count = 0;
  ledger.read_each(query.filter(), [&](const ledger::Event& event) {
    const std::string start = fmt::format("{:>6}  {}  {}  by {}  ", event.sequence, format_time(event.time),
                                          event.kind, event.author);
    const std::string body = one_line(event.body);
    const std::size_t room = columns > start.size() + 20 ? columns - start.size() : 20;
    out << printable(start + (whole_bodies ? body : beginning(body, room))) << "\n";
    ++count;
  });
  if (count == 0) out << "no events\n";
}

void export_events(const ledger::Ledger& ledger, const LedgerQuery& query, EventFormat format,
                   std::ostream& out) {
  if (format == EventFormat::csv) out << ledger::csv_header();
  ledger.read_each(query.filter(), [&](const ledger::Event& event) {
    out << (format == EventFormat::csv ? ledger::csv_line(event) : ledger::json_line(event));
  });
}

std::string verification_text(const ledger::Verification& found) {
  std::string text = fmt::format("{} events, Merkle root {}\n", found.log.sequence, found.log.root);
  if (found.head_sequence && *found.head_sequence < found.log.sequence) {
    text += fmt::format("the signed head covers {}; the next append covers the rest\n", *found.head_sequence);
  } else if (found.head_sequence) {
    text += fmt::format("the signed head covers {}\n", *found.head_sequence);
  }
  for (const ledger::Fault& fault : found.faults) {
    text += fmt::format("FAULT {}: {}\n", fault.code, printable(fault.message));
  }
  return text + (found.clean() ? "nothing was changed\n" : "");
}

std::string verification_json(const ledger::Verification& found) {
  nlohmann::ordered_json json{{"clean", found.clean()},   {"events", found.log.sequence},
                              {"root", found.log.root},   {"last_hash", found.log.hash},
                              {"head_sequence", nullptr}, {"faults", nlohmann::ordered_json::array()}};
  if (found.head_sequence) json["head_sequence"] = *found.head_sequence;
  for (const ledger::Fault& fault : found.faults) {
    nlohmann::ordered_json item{{"code", fault.code}, {"sequence", nullptr}, {"message", fault.message}};
    if (fault.sequence) item["sequence"] = *fault.sequence;
    json["faults"].push_back(item);
  }
  return text_of(json);
}

std::string proof_json(const ledger::InclusionProof& proof) {
  return text_of({{"proof", "inclusion"},
                  {"sequence", proof.sequence},
                  {"size", proof.size},
                  {"leaf", ledger::to_hex(proof.leaf)},
                  {"root", ledger::to_hex(proof.root)},
                  {"path", path_json(proof.path)}});
}

std::string proof_json(const ledger::ConsistencyProof& proof) {
  return text_of({{"proof", "consistency"},
                  {"from", proof.from},
                  {"size", proof.size},
                  {"old_root", ledger::to_hex(proof.old_root)},
                  {"root", ledger::to_hex(proof.root)},
                  {"path", path_json(proof.path)}});
}

}  // namespace stevie::app
