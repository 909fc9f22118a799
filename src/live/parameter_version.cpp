#include "live/parameter_version.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <set>
#include <utility>

#include "core/error.h"
#include "live/json_text.h"
#include "strategy/regime.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;
using strategy::Overrides;
using strategy::Parameter;
using strategy::ParameterLayers;

constexpr std::uint64_t newest_schema = 1;
constexpr std::size_t most_event_bytes = std::size_t{16} << 20;
constexpr std::size_t most_export_bytes = std::size_t{4} << 20;
constexpr std::string_view export_format = "stevie parameters";

constexpr std::array<std::pair<AuthorKind, std::string_view>, 3> author_names{
    {{AuthorKind::program, "program"}, {AuthorKind::search, "search"}, {AuthorKind::person, "person"}}};
constexpr std::array<std::pair<Change, std::string_view>, 6> change_names{{{Change::defaults, "defaults"},
                                                                           {Change::promotion, "promotion"},
                                                                           {Change::manual, "manual"},
                                                                           {Change::rollback, "rollback"},
                                                                           {Change::overruling, "overruling"},
                                                                           {Change::import, "import"}}};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
  for (const auto& [item, name] : names) {
    if (item == value) return name;
  }
  return "unknown";
}

/// The value of that name; the default, and a fault, where there is none.
template <class Names>
auto value_of(const Names& names, const char* field, const std::string& name, FieldReader& reader) {
  for (const auto& [item, text] : names) {
    if (text == name) return item;
  }
  reader.fault(fmt::format("'{}' has no such value as '{}'", field, name));
  return names[0].first;
}

/// A newer program may mean other things by the same names: nothing is read but the number.
void require_known_schema(const Json& object, const char* what, const std::string& place) {
  const auto schema = object.find("schema");
  if (schema == object.end() || !schema->is_number_unsigned()) return;  // the other faults are told with it
  if (schema->get<std::uint64_t>() <= newest_schema) return;
  throw Error("live.newer_schema",
              fmt::format("{} has schema {} and this program knows up to {}: update the program", what,
                          schema->get<std::uint64_t>(), newest_schema),
              place);
}

/// Layers and their hash, checked against each other. Faults go to the reader.
ParameterLayers read_layers(FieldReader& reader, std::string& hash) {
  hash = reader.string("hash");
  const Json* json = reader.object("layers");
  if (json == nullptr) return {};
  try {
    ParameterLayers layers = strategy::parse_parameter_layers(json->dump(), {});
    const std::string actual = parameters_hash(layers);
    if (!hash.empty() && actual != hash) {
      reader.fault(fmt::format("its parameters have the hash {} and not {}, as it says: they were changed",
                               actual.substr(0, 12), hash.substr(0, 12)));
    }
    return layers;
  } catch (const Error& error) {
    reader.fault(error.message());
    return {};
  }
}

void compare(const std::string& layer, const Overrides& from, const Overrides& to,
             std::vector<ParameterDifference>& result) {
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const auto old_value = from.find(parameter), new_value = to.find(parameter);
    ParameterDifference difference{layer, parameter, {}, {}};
    if (old_value != from.end()) difference.from = old_value->second;
    if (new_value != to.end()) difference.to = new_value->second;
    if (difference.from != difference.to) result.push_back(std::move(difference));
  }
}

/// The layers that either side names, in the order of their names.
template <class Key, class Name>
void compare_layers(const std::map<Key, Overrides>& from, const std::map<Key, Overrides>& to, Name name,
                    std::vector<ParameterDifference>& result) {
  std::set<Key> keys;
  for (const auto& item : from) keys.insert(item.first);
  for (const auto& item : to) keys.insert(item.first);
  const auto layer_of = [](const std::map<Key, Overrides>& layers, const Key& key) {
    const auto found = layers.find(key);
    return found == layers.end() ? Overrides{} : found->second;
  };
  for (const Key& key : keys) compare(name(key), layer_of(from, key), layer_of(to, key), result);
}

Overrides all_values(const strategy::ParameterSet& set) {
  Overrides result;
  for (std::size_t i = 0; i < strategy::parameter_count; ++i) {
    result[static_cast<Parameter>(i)] = set.values[i];
  }
  return result;
}

}  // namespace

std::string_view to_string(AuthorKind kind) {
  return name_of(author_names, kind);
}

std::string_view to_string(Change change) {
  return name_of(change_names, change);
}

std::string parameters_hash(const ParameterLayers& layers) {
  const std::string text = strategy::to_json(layers);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error("live.no_digest", "OpenSSL refuses SHA-256: check its configuration (openssl.cnf)");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string event_body(const ParameterVersion& version) {
  const Json body{{"schema", newest_schema},
                  {"number", version.number},
                  {"parent", version.parent},
                  {"hash", version.hash},
                  {"parent_hash", version.parent_hash},
                  {"change", to_string(version.change)},
                  {"author", {{"kind", to_string(version.author_kind)}, {"name", version.author}}},
                  {"reason", version.reason},
                  {"evidence", Json::parse(version.evidence)},
                  {"layers", Json::parse(strategy::to_json(version.layers))}};
  return body.dump();
}

ParameterVersion parse_event_body(std::string_view body, const std::string& place) {
  const std::string damaged = "live.damaged_version";
  const Json object = parse_object(body, most_event_bytes, damaged, place);
  require_known_schema(object, "this version of the parameters", place);
  FieldReader reader(object);
  ParameterVersion version;
  version.number = reader.count("number");
  version.parent = reader.count("parent");
  version.parent_hash = reader.string("parent_hash");
  version.change = value_of(change_names, "change", reader.string("change"), reader);
  version.reason = reader.string("reason");
  if (const Json* evidence = reader.object("evidence")) version.evidence = evidence->dump();
  if (const Json* author = reader.object("author")) {
    FieldReader fields(*author);
    version.author_kind = value_of(author_names, "author.kind", fields.string("kind"), reader);
    version.author = fields.string("name");
    for (const std::string& fault : fields.faults()) reader.fault("author: " + fault);
  }
  reader.count("schema");
  version.layers = read_layers(reader, version.hash);
  reader.require_sound(damaged,
                       "this event is no sound version of the parameters; `stevie ledger verify` tells "
                       "whether it was changed",
                       place);
  return version;
}

std::string export_json(const ParameterVersion& version) {
  constexpr int indent = 2;
  const nlohmann::ordered_json file{
      {"format", export_format},
      {"schema", newest_schema},
      {"version", version.number},
      {"time", format_time(version.time)},
      {"author", version.author},
      {"reason", version.reason},
      {"hash", version.hash},
      {"layers", nlohmann::ordered_json::parse(strategy::to_json(version.layers))}};
  return file.dump(indent) + "\n";
}

ParameterLayers parse_export(std::string_view json, const std::string& place) {
  const std::string bad = "live.bad_import";
  const Json object = parse_object(json, most_export_bytes, bad, place);
  require_known_schema(object, "this file", place);
  FieldReader reader(object);
  if (reader.string("format") != export_format && reader.faults().empty()) {
    reader.fault(fmt::format("'format' is not '{}'", export_format));
  }
  reader.count("schema");
  std::string hash;
  ParameterLayers layers = read_layers(reader, hash);
  reader.require_sound(bad, "this is no sound export of parameters (make one with `stevie params export`)",
                       place);
  return layers;
}

std::vector<ParameterDifference> diff(const ParameterLayers& from, const ParameterLayers& to) {
  std::vector<ParameterDifference> result;
  compare("global", all_values(from.global), all_values(to.global), result);
  compare_layers(
      from.by_symbol, to.by_symbol, [](const std::string& symbol) { return "symbol " + symbol; }, result);
  compare_layers(
      from.by_regime, to.by_regime,
      [](strategy::Regime regime) { return fmt::format("regime {}", strategy::to_string(regime)); }, result);
  return result;
}

}  // namespace stevie::live
