#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "strategy/parameters.h"

namespace stevie::live {

/// Who made a version: the program (the first one only), a search whose proposal the gate approved, a person.
enum class AuthorKind : std::uint8_t { program, search, person };
std::string_view to_string(AuthorKind kind);

/// How a version came about.
enum class Change : std::uint8_t {
  defaults,    // the first version
  promotion,   // a search proposed it, the gate approved it
  manual,      // a person set values
  rollback,    // a person went back to the content of an earlier version
  overruling,  // a person applied what the gate had not approved
  import       // a person brought it from a file
};
std::string_view to_string(Change change);

/// One state of all parameters, for ever: the projection of one ledger event of kind "parameters.version".
struct ParameterVersion {
  std::uint64_t number = 0;  // 1, 2, ...
  std::uint64_t parent = 0;  // the version it replaced: number - 1; 0 of the first
  std::string hash;          // parameters_hash(layers)
  std::string parent_hash;   // hash of the parent; empty of the first
  Change change = Change::defaults;
  AuthorKind author_kind = AuthorKind::program;
  std::string author;  // a person's name, a scenario's name, "stevie"
  std::string reason;  // in the author's words
  std::string evidence =
      "{}";  // JSON object: the gate's report, the version gone back to, the decision overruled
  TimeMs time = 0;
  strategy::ParameterLayers layers;

  std::uint64_t sequence = 0;  // of its ledger event
  std::string event_hash;
};

/// SHA-256 of the canonical JSON (strategy::to_json), in hex. Equal content has equal hashes; the base and
/// the proposal of the gate's evidence are named by it.
std::string parameters_hash(const strategy::ParameterLayers& layers);

/// The body of the version's ledger event, canonical JSON.
std::string event_body(const ParameterVersion& version);
/// Reads one back; `sequence`, `event_hash` and `time` are the event's own. Throws Error "live.newer_schema"
/// where a newer program wrote it and "live.damaged_version" where it is no such body, its content has
/// another hash than it says, or its values are not allowed; the place names the event.
ParameterVersion parse_event_body(std::string_view body, const std::string& place);

/// A version as a file to carry elsewhere: JSON with the layers, their hash and where they came from.
std::string export_json(const ParameterVersion& version);
/// What such a file holds. Only layers and hash count: the rest of the file is for people.
/// Throws Error "live.newer_schema" or "live.bad_import" with every fault: not such a file, other content
/// than its hash says (someone changed it), values that are not allowed.
strategy::ParameterLayers parse_export(std::string_view json, const std::string& place);

/// One value that two versions do not share.
struct ParameterDifference {
  std::string layer;  // "global", "symbol BTC/USDT", "regime bear"
  strategy::Parameter parameter{};
  std::optional<double> from, to;  // absent: that layer does not name it
};
/// In the order global, symbols, regimes; within each in the order of the schema.
std::vector<ParameterDifference> diff(const strategy::ParameterLayers& from,
                                      const strategy::ParameterLayers& to);

}  // namespace stevie::live
