#include "app/ensemble_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/error_list.h"
#include "core/file.h"
#include "core/printable.h"
#include "ledger/merkle.h"
#include "nn/zip_archive.h"
#include "stats/temperature.h"
#include "strategy/rule_strategy.h"
#include "strategy/simple.h"

namespace stevie::app {
namespace {

using nlohmann::json;

constexpr const char* format_name = "stevie-ensemble-1";
constexpr std::size_t most_bytes = std::size_t{1} << 28;
constexpr std::size_t most_manifest_bytes = std::size_t{1} << 20;
constexpr std::size_t most_name_bytes = 100;

std::string digest(std::string_view bytes) {
  return ledger::to_hex(ledger::sha256(bytes));
}

std::string part_name(const MemberSpec& member, std::size_t number) {
  const char* ending = member.kind == "policy" ? "zip" : member.kind == "constant" ? "txt" : "json";
  return fmt::format("members/{}.{}", number + 1, ending);
}

json config_json(const strategy::EnsembleConfig& config) {
  return {{"method", strategy::to_string(config.method)},
          {"minimum_consensus", config.minimum_consensus},
          {"adapt", config.adapt},
          {"learning_rate", config.hedge.learning_rate},
          {"horizon", config.hedge.horizon},
          {"floor", config.hedge.floor},
          {"loss_scale", config.loss_scale},
          {"temperature", config.temperature},
          {"outcome_bars", config.outcome_bars},
          {"cost", config.cost}};
}

json member_json(const MemberSpec& member, const std::string& file) {
  return {{"name", member.name},
          {"kind", member.kind},
          {"file", file},
          {"sha256", digest(member.bytes)},
          {"weight", member.weight},
          {"temperature", member.temperature},
          {"confidence", member.confidence},
          {"origin", member.origin},
          {"masked_columns", member.masked_columns},
          {"validation",
           {{"total_return", member.validation.total_return},
            {"sharpe", member.validation.sharpe},
            {"accuracy", member.validation.accuracy},
            {"judged", member.validation.judged},
            {"calibration_error_before", member.validation.calibration_before},
            {"calibration_error_after", member.validation.calibration_after},
            {"log_loss_before", member.validation.log_loss_before},
            {"log_loss_after", member.validation.log_loss_after}}}};
}

/// Takes entries out of the manifest and collects what is wrong with them.
class ManifestReader {
 public:
  template <class T>
  void read(const json& object, const std::string& where, const char* key, T& value) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end()) return fault(where + " has no \"" + key + "\"");
    bool fits = false;
    if constexpr (std::is_same_v<T, std::string>) {
      fits = found->is_string();
    } else if constexpr (std::is_same_v<T, bool>) {
      fits = found->is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
      fits = found->is_number_unsigned();
    } else if constexpr (std::is_same_v<T, double>) {
      fits = found->is_number();
    } else {
      fits = found->is_array() &&
             std::ranges::all_of(*found, [](const json& entry) { return entry.is_string(); });
    }
    if (!fits) return fault(fmt::format("{}: \"{}\" has the wrong type", where, key));
    value = found->template get<T>();
  }
  void fault(std::string sentence) { faults_.push_back(std::move(sentence)); }
  void require(bool good, const std::string& sentence) {
    if (!good) fault(sentence);
  }
  void throw_any(const std::string& place) const {
    if (faults_.empty()) return;
    throw Error("ensemble.bad_manifest",
                printable(fmt::format("{}: make the ensemble again", fmt::join(faults_, "; "))), place);
  }

 private:
  std::vector<std::string> faults_;
};

void read_config(ManifestReader& reader, const json& object, strategy::EnsembleConfig& config) {
  const std::string where = "\"config\"";
  std::string method;
  reader.read(object, where, "method", method);
  bool known = false;
  for (const auto value : {strategy::EnsembleMethod::vote, strategy::EnsembleMethod::confidence,
                           strategy::EnsembleMethod::most_confident}) {
    if (strategy::to_string(value) != method) continue;
    config.method = value;
    known = true;
  }
  reader.require(known, "there is no method \"" + method + "\"");
  reader.read(object, where, "minimum_consensus", config.minimum_consensus);
  reader.read(object, where, "adapt", config.adapt);
  reader.read(object, where, "learning_rate", config.hedge.learning_rate);
  reader.read(object, where, "horizon", config.hedge.horizon);
  reader.read(object, where, "floor", config.hedge.floor);
  reader.read(object, where, "loss_scale", config.loss_scale);
  reader.read(object, where, "temperature", config.temperature);
  reader.read(object, where, "outcome_bars", config.outcome_bars);
  reader.read(object, where, "cost", config.cost);
  for (const std::string& fault : config.faults()) reader.fault(fault);
  reader.require(config.hedge.learning_rate >= 0, "the learning rate must be 0 or above");
  reader.require(config.hedge.horizon > 0, "the horizon must be at least one bar");
  reader.require(config.hedge.floor >= 0, "the floor must be 0 or above");
}

void read_validation(ManifestReader& reader, const json& object, const std::string& where,
                     MemberValidation& validation) {
  reader.read(object, where, "total_return", validation.total_return);
  reader.read(object, where, "sharpe", validation.sharpe);
  reader.read(object, where, "accuracy", validation.accuracy);
  reader.read(object, where, "judged", validation.judged);
  reader.read(object, where, "calibration_error_before", validation.calibration_before);
  reader.read(object, where, "calibration_error_after", validation.calibration_after);
  reader.read(object, where, "log_loss_before", validation.log_loss_before);
  reader.read(object, where, "log_loss_after", validation.log_loss_after);
}

using Parts = std::map<std::string, std::string>;

/// Takes its bytes out of `parts`.
MemberSpec read_member(ManifestReader& reader, const json& object, std::size_t number, Parts& parts) {
  const std::string where = fmt::format("member {}", number + 1);
  MemberSpec member;
  std::string file, sha256;
  reader.read(object, where, "name", member.name);
  reader.read(object, where, "kind", member.kind);
  reader.read(object, where, "file", file);
  reader.read(object, where, "sha256", sha256);
  reader.read(object, where, "weight", member.weight);
  reader.read(object, where, "temperature", member.temperature);
  reader.read(object, where, "confidence", member.confidence);
  reader.read(object, where, "origin", member.origin);
  reader.read(object, where, "masked_columns", member.masked_columns);
  if (object.is_object() && object.contains("validation"))
    read_validation(reader, object.at("validation"), where + ", \"validation\"", member.validation);
  reader.require(!member.name.empty() && member.name.size() <= most_name_bytes,
                 where + " has no name, or one that is too long");
  reader.require(std::ranges::find(ensemble_member_kinds, member.kind) != std::end(ensemble_member_kinds),
                 fmt::format("{} is of a kind that is not known, \"{}\"", where, member.kind));
  reader.require(member.weight > 0 && std::isfinite(member.weight), where + ": the weight must be above 0");
  reader.require(member.temperature >= stats::smallest_temperature * (1 - 1e-9) &&
                     member.temperature <= stats::largest_temperature * (1 + 1e-9),
                 where + ": the temperature is out of range");
  reader.require(member.confidence > 0 && member.confidence <= 1,
                 where + ": the confidence must lie above 0 and up to 1");
  const auto part = parts.find(file);
  if (part == parts.end()) {
    reader.fault(fmt::format("{}: its file \"{}\" is missing", where, file));
    return member;
  }
  reader.require(digest(part->second) == sha256, fmt::format("{}: its file has another SHA-256", where));
  member.bytes = std::move(part->second);
  parts.erase(part);
  return member;
}

/// What a policy observes and does against the card of the ensemble.
void compare(const ModelCard& card, const ModelCard& member, const std::string& name, ErrorList& faults) {
  const auto differ = [&](const std::string& sentence) {
    faults.add(Error("ensemble.members_differ", sentence, name));
  };
  if (member.feature_set_version != card.feature_set_version)
    differ(fmt::format("observes {}, the ensemble {}", member.feature_set_version, card.feature_set_version));
  if (levels_of(member.environment.exposures) != levels_of(card.environment.exposures))
    differ(fmt::format("acts by the exposures {}, the ensemble by {}",
                       fmt::join(member.environment.exposures, ", "),
                       fmt::join(card.environment.exposures, ", ")));
  if (member.interval != card.interval && member.interval != 0 && card.interval != 0)
    differ(fmt::format("was trained on bars of {}, the ensemble works on bars of {}",
                       format_duration(member.interval), format_duration(card.interval)));
}

/// A constant exposure that no level of the ensemble comes near to would be traded as another one.
void compare_exposure(const ModelCard& card, const MemberSpec& member, ErrorList& faults) {
  const double exposure = parse_exposure(member.bytes, member.name);
  const std::vector<double> levels = levels_of(card.environment.exposures);
  if (!levels.empty() && exposure >= levels.front() && exposure <= levels.back()) return;
  faults.add(Error("ensemble.members_differ",
                   fmt::format("wants an exposure of {}, beyond the levels of the ensemble, {}", exposure,
                               fmt::join(levels, ", ")),
                   member.name));
}

/// Named twice, a member would be counted twice.
void find_copies(const std::vector<MemberSpec>& members, ErrorList& faults) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto same = [&](const MemberSpec& other) {
      return other.kind == members[i].kind && other.bytes == members[i].bytes;
    };
    const auto first = std::ranges::find_if(members, same);
    if (first != members.begin() + static_cast<std::ptrdiff_t>(i))
      faults.add(Error("ensemble.members_differ", "is the same as " + first->name + ": name it once",
                       members[i].name));
  }
}

/// What the rules must not forget over a restart.
class RuleMemory final : public strategy::StrategyMember::Memory {
 public:
  explicit RuleMemory(strategy::RuleStrategy& rules) : rules_(rules) {}
  void save(ByteWriter& writer) const override {
    writer.value(static_cast<std::uint8_t>(rules_.opened_by()));
  }
  void restore(ByteReader& reader, const strategy::ShadowPosition& position) override {
    const auto rule = reader.value<std::uint8_t>();
    if (rule >= strategy::rule_count) throw Error("bytes.damaged", "the saved rule of a member is damaged");
    // What is wanted counts: an entry that waits for the next open has its rule already.
    const auto opened = static_cast<strategy::Rule>(rule);
    const double wanted = position.wanted();
    rules_.restore({.held = opened != strategy::Rule::none && wanted != 0,
                    .side = wanted < 0 ? strategy::Side::short_side : strategy::Side::long_side,
                    .rule = opened});
  }

 private:
  strategy::RuleStrategy& rules_;
};

using Voter = std::unique_ptr<strategy::EnsembleMember>;

Voter make_policy(const MemberSpec& member, const ModelCard& card, const std::vector<double>& levels) {
  const nn::ModelFile model = nn::parse_model_file(member.bytes, member.name);
  strategy::PolicyMember::Parts parts;
  parts.scores =
      std::make_unique<strategy::ActorScores>(std::make_shared<const nn::ActorCritic>(network_of(model)));
  parts.scaler = card.scaler;
  parts.masked_columns = masked_places(card, member.name);
  for (const double exposure : card.environment.exposures)
    parts.level_of.push_back(static_cast<std::size_t>(std::ranges::find(levels, exposure) - levels.begin()));
  parts.temperature = member.temperature;
  return std::make_unique<strategy::PolicyMember>(std::move(parts));
}

Voter make_strategy_member(const MemberSpec& member, strategy::StrategyMember::Parts parts,
                           const EnsembleSpec& spec) {
  parts.kind = member.kind;
  parts.levels = levels_of(spec.card.environment.exposures);
  parts.confidence = member.confidence;
  parts.leverage_limit = spec.card.environment.instrument.leverage_limit;
  return std::make_unique<strategy::StrategyMember>(std::move(parts));
}

Voter make_rules(const MemberSpec& member, const EnsembleSpec& spec, const MemberSurroundings& surroundings) {
  const execution::Instrument& instrument = spec.card.environment.instrument;
  const auto parameters = std::make_shared<strategy::ResolvedParameters>(
      strategy::resolve(strategy::parse_parameter_layers(member.bytes, member.name), surroundings.symbol));
  const strategy::ParameterSource source = [parameters]() -> const strategy::ResolvedParameters& {
    return *parameters;
  };
  std::unique_ptr<strategy::RuleStrategy> rules;
  if (surroundings.bars != nullptr) {
    auto inputs = std::make_shared<const strategy::RuleInputs>(
        strategy::make_rule_inputs(*surroundings.bars, surroundings.measuring.rules));
    rules = std::make_unique<strategy::RuleStrategy>(std::move(inputs), source, instrument);
  } else {
    rules = std::make_unique<strategy::RuleStrategy>(surroundings.symbol, surroundings.interval,
                                                     surroundings.measuring.rules, source, instrument);
  }
  strategy::StrategyMember::Parts parts;
  parts.memory = std::make_unique<RuleMemory>(*rules);
  parts.strategy = std::move(rules);
  return make_strategy_member(member, std::move(parts), spec);
}

/// A strategy that works bar by bar, over bars that are there from the first on: ahead of the first decision
/// of a run it goes over all bars before.
class CaughtUp final : public strategy::Strategy {
 public:
  CaughtUp(std::unique_ptr<Strategy> strategy, const market::Bars& bars)
      : strategy_(std::move(strategy)), bars_(bars) {}
  std::string name() const override { return strategy_->name(); }
  void start() override {
    strategy_->start();
    caught_up_ = false;
  }
  strategy::Decision decide(const strategy::Situation& situation) override {
    for (std::size_t bar = 0; !caught_up_ && bar < situation.bar_index; ++bar) {
      strategy::Situation before;
      before.bar = bars_[bar];
      before.bar_index = bar;
      strategy_->decide(before);
    }
    caught_up_ = true;
    return strategy_->decide(situation);
  }

 private:
  std::unique_ptr<Strategy> strategy_;
  const market::Bars& bars_;
  bool caught_up_ = false;
};

Voter make_expert(const MemberSpec& member, const EnsembleSpec& spec,
                  const MemberSurroundings& surroundings) {
  strategy::StrategyMember::Parts parts;
  parts.strategy = std::make_unique<strategy::RsiMaExpert>(parse_expert_text(member.bytes, member.name),
                                                           surroundings.interval);
  if (surroundings.bars != nullptr)
    parts.strategy = std::make_unique<CaughtUp>(std::move(parts.strategy), *surroundings.bars);
  return make_strategy_member(member, std::move(parts), spec);
}

Voter make_constant(const MemberSpec& member, const EnsembleSpec& spec) {
  strategy::StrategyMember::Parts parts;
  parts.strategy =
      std::make_unique<strategy::ConstantExposure>(member.name, parse_exposure(member.bytes, member.name));
  return make_strategy_member(member, std::move(parts), spec);
}

}  // namespace

std::vector<double> levels_of(const std::vector<double>& exposures) {
  std::vector<double> levels = exposures;
  std::ranges::sort(levels);
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

double parse_exposure(const std::string& text, const std::string& place) {
  const json number = json::parse(text, nullptr, false);
  if (!number.is_number() || !std::isfinite(number.get<double>()))
    throw Error("ensemble.bad_manifest", "a constant exposure must be a number", place);
  return number.get<double>();
}

std::string expert_text(strategy::ExpertConfig expert) {
  ConfigBinder binder;
  strategy::describe(binder, expert);
  json fields = json::object();
  for (const ConfigField& field : binder.fields()) fields[field.key] = field.show();
  return fields.dump();
}

strategy::ExpertConfig parse_expert_text(const std::string& text, const std::string& place) {
  const json fields = json::parse(text, nullptr, false);
  const auto is_text = [](const json& field) { return field.is_string(); };
  if (!fields.is_object() || !std::ranges::all_of(fields, is_text))
    throw Error("ensemble.bad_manifest", "the settings of an expert must be a JSON object of texts", place);
  ConfigLayers layers;
  for (const auto& [key, value] : fields.items())
    layers.flags.push_back({printable(key), value.get<std::string>(), place});
  strategy::ExpertConfig expert;
  ConfigBinder binder;
  strategy::describe(binder, expert);
  load_config(binder, layers);
  return expert;
}

std::vector<std::optional<ModelCard>> check_members(const EnsembleSpec& spec, const std::string& place) {
  ErrorList faults;
  std::vector<std::optional<ModelCard>> cards(spec.members.size());
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    const MemberSpec& member = spec.members[i];
    faults.collect([&] {
      if (member.kind == "policy") {
        const std::string file = place + ":" + member.name;
        const nn::ModelFile model = nn::parse_model_file(member.bytes, file);
        cards[i] = model_card_of(model, file);
        compare(spec.card, *cards[i], member.name, faults);
      } else if (member.kind == "rules") {
        strategy::parse_parameter_layers(member.bytes, member.name);
      } else if (member.kind == "expert") {
        parse_expert_text(member.bytes, member.name);
      } else {
        compare_exposure(spec.card, member, faults);
      }
    });
  }
  find_copies(spec.members, faults);
  faults.throw_any("ensemble.members_differ", "things about the members do not fit:");
  return cards;
}

std::string ensemble_file_bytes(const EnsembleSpec& spec) {
  std::vector<nn::ZipMember> parts(1);
  json members = json::array();
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    const std::string file = part_name(spec.members[i], i);
    members.push_back(member_json(spec.members[i], file));
    parts.push_back({file, spec.members[i].bytes});
  }
  const std::string card = model_card_json(spec.card);
  const json manifest = {{"format", format_name},
                         {"name", spec.name},
                         {"card_sha256", digest(card)},
                         {"config", config_json(spec.config)},
                         {"calibration_error_before", spec.calibration_before},
                         {"calibration_error_after", spec.calibration_after},
                         {"members", members}};
  constexpr int indent = 1;
  parts.front() = {ensemble_manifest_member,
                   manifest.dump(indent, ' ', false, json::error_handler_t::replace)};
  parts.push_back({model_card_member, card});
  return nn::zip_members(parts);
}

void write_ensemble_file(const std::filesystem::path& path, const EnsembleSpec& spec) {
  write_file(path, ensemble_file_bytes(spec));
}

EnsembleSpec parse_ensemble_file(std::string_view bytes, const std::string& place) {
  Parts parts;
  try {
    parts = nn::unzip_members(bytes, place, most_bytes);
  } catch (const Error& error) {
    throw Error("ensemble.unreadable", error.message(), error.place());
  }
  const auto text = parts.find(ensemble_manifest_member), card = parts.find(model_card_member);
  if (text == parts.end() || card == parts.end() || text->second.size() > most_manifest_bytes)
    throw Error("ensemble.unreadable",
                fmt::format("this is no ensemble (it needs {} and {}): make one with `stevie ensemble make`",
                            ensemble_manifest_member, model_card_member),
                place);
  const std::string at = place + ":" + ensemble_manifest_member;
  const json manifest = json::parse(text->second, nullptr, false);
  if (!manifest.is_object()) throw Error("ensemble.unreadable", "the manifest is no JSON object", at);

  ManifestReader reader;
  EnsembleSpec spec;
  std::string format, card_digest;
  reader.read(manifest, "the manifest", "format", format);
  reader.read(manifest, "the manifest", "name", spec.name);
  reader.read(manifest, "the manifest", "card_sha256", card_digest);
  reader.read(manifest, "the manifest", "calibration_error_before", spec.calibration_before);
  reader.read(manifest, "the manifest", "calibration_error_after", spec.calibration_after);
  reader.require(format == format_name, "the format is \"" + format + "\", not " + format_name);
  reader.require(digest(card->second) == card_digest, "stevie.json has another SHA-256");
  const auto config = manifest.find("config"), members = manifest.find("members");
  read_config(reader, config == manifest.end() ? json() : *config, spec.config);
  spec.card = parse_model_card(card->second, place + ":" + model_card_member);
  parts.erase(card);
  parts.erase(text);
  if (members == manifest.end() || !members->is_array() || members->empty() ||
      members->size() > strategy::most_members) {
    reader.fault(fmt::format("there must be 1 to {} members", strategy::most_members));
  } else {
    for (std::size_t i = 0; i < members->size(); ++i)
      spec.members.push_back(read_member(reader, (*members)[i], i, parts));
  }
  for (const auto& [name, unused] : parts) reader.fault("the file \"" + name + "\" belongs to no member");
  reader.require(spec.config.hedge.floor * static_cast<double>(spec.members.size()) <= 1,
                 "the floor is above one part of the members");
  reader.throw_any(at);
  check_members(spec, place);
  return spec;
}

EnsembleSpec read_ensemble_file(const std::filesystem::path& path) {
  return parse_ensemble_file(read_file(path), path.string());
}

bool is_ensemble_file(const std::filesystem::path& path) {
  try {
    return nn::unzip_members(read_file(path), path.string(), most_bytes).contains(ensemble_manifest_member);
  } catch (const Error&) {
    return false;
  }
}

std::unique_ptr<strategy::Ensemble> make_ensemble(const EnsembleSpec& spec,
                                                  const MemberSurroundings& surroundings) {
  const std::vector<std::optional<ModelCard>> cards = check_members(spec, spec.name);
  const std::vector<double> levels = levels_of(spec.card.environment.exposures);
  std::vector<strategy::Ensemble::Member> members;
  for (std::size_t i = 0; i < spec.members.size(); ++i) {
    const MemberSpec& member = spec.members[i];
    Voter voter = member.kind == "policy"   ? make_policy(member, *cards[i], levels)
                  : member.kind == "rules"  ? make_rules(member, spec, surroundings)
                  : member.kind == "expert" ? make_expert(member, spec, surroundings)
                                            : make_constant(member, spec);
    members.push_back({member.name, member.weight, std::move(voter)});
  }
  return std::make_unique<strategy::Ensemble>(spec.name, std::move(members), levels, spec.config);
}

}  // namespace stevie::app
