#include "live/journal_replay.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "live/journal.h"
#include "live/json_text.h"

namespace stevie::live {
namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_line = std::size_t{8} << 20U;
constexpr std::string_view outcome_key = ",\"outcome\":";

[[noreturn]] void damaged(const std::string& message, const std::string& place) {
  throw Error("live.damaged_journal", message, place);
}

/// The recorded outcome, as it stands in the line.
std::string_view outcome_of(std::string_view line, const std::string& place) {
  const std::size_t at = line.find(outcome_key);
  if (at == std::string_view::npos) damaged("'outcome' is missing", place);
  line.remove_prefix(at + outcome_key.size());
  line.remove_suffix(1);
  return line;
}

/// "decision 17 (BTC/USDT): 'denial' was \"none\", the replay has \"exposure\"".
std::string tell_difference(std::string_view recorded, std::string_view replayed) {
  const Json before = Json::parse(recorded, nullptr, false), after = Json::parse(replayed, nullptr, false);
  constexpr std::size_t shown = 200;
  const auto cut = [](const std::string& text) {
    return text.size() <= shown ? text : text.substr(0, shown) + "...";
  };
  const auto text = [&](const Json& json) {
    return cut(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  if (!before.is_object() || !after.is_object()) return "the recorded outcome is not an object";
  for (const auto& [key, value] : after.items()) {
    if (!before.contains(key)) return fmt::format("'{}' was not recorded", key);
    const Json& was = before[key];
    if (was == value) continue;
    if (key != "decisions" || !was.is_array() || was.size() != value.size())
      return fmt::format("'{}' was {}, the replay has {}", key, text(was), text(value));
    for (std::size_t i = 0; i < value.size(); ++i) {
      for (const auto& [name, part] : value[i].items()) {
        if (was[i].is_object() && was[i].contains(name) && was[i][name] == part) continue;
        return fmt::format("decision {} ({}): '{}' was {}, the replay has {}", text(value[i]["number"]),
                           text(value[i]["symbol"]), name,
                           was[i].is_object() && was[i].contains(name) ? text(was[i][name]) : "absent",
                           text(part));
      }
    }
  }
  return "the texts differ: a number or the order of something is not the recorded one";
}

class Replayer {
 public:
  Replayer(std::filesystem::path folder, const ReplayFactory& factory)
      : folder_(std::move(folder)), factory_(factory) {}

  bool take(std::string_view line, const std::string& place) {
    if (!step_) {
      begin(line, place);
      return true;
    }
    const Json json = parse_object(line, longest_line, "live.damaged_journal", place);
    FieldReader reader(json);
    const std::string kind = reader.string("kind");
    if (kind == "parameters") {
      take_parameters(json, place);
    } else if (kind == "step") {
      take_step(json, line, place);
    } else if (kind == "command") {
      take_command(json, line, place);
    } else {
      damaged("'kind' is neither parameters, step nor command", place);
    }
    return replay_.equal();
  }
  const JournalReplay& result() const { return replay_; }
  bool begun() const { return step_ != nullptr; }

 private:
  void begin(std::string_view line, const std::string& place) {
    head_ = parse_head(line, place);
    head_.limits.validate();
    replay_.session = head_.session;
    parts_ = factory_(head_, parameters_);
    if (parts_.strategies.size() != head_.symbols.size())
      damaged("there is not one strategy for each symbol", place);
    risk_ = std::make_unique<RiskEngine>(head_.limits);
    parts_.broker->restore(head_.account);
    risk_->restore(head_.risk);
    risk_->set_reconciled(head_.reconciled);
    for (std::size_t i = 0; i < head_.symbols.size(); ++i) {
      for (const market::Bar& bar : read_warm_up(folder_, i)) parts_.strategies[i]->warm_up(bar);
      parts_.strategies[i]->restore(head_.strategies[i]);
    }
    step_ = std::make_unique<TradingStep>(TradingStep::Parts{.symbols = head_.symbols,
                                                             .interval = head_.interval,
                                                             .leverage_limit = head_.leverage_limit,
                                                             .broker = parts_.broker.get(),
                                                             .risk = risk_.get(),
                                                             .strategies = parts_.strategies});
    step_->go_on_from(head_.decisions, head_.newest);
  }

  void take_parameters(const Json& json, const std::string& place) {
    FieldReader reader(json);
    const std::string symbol = reader.string("symbol");
    const std::uint64_t version = reader.count("version");
    const Json* values = reader.object("values");
    reader.require_sound("live.damaged_journal", "the parameters cannot be used", place);
    parameters_.set(symbol, version, parse_parameters_text(values->dump(), place));
    ++replay_.versions;
  }

  TimeMs time(const Json& json, const char* name, const std::string& place) {
    if (!json.contains(name) || !json[name].is_number_integer())
      damaged(fmt::format("'{}' is not a time", name), place);
    return json[name];
  }

  void take_step(const Json& json, std::string_view line, const std::string& place) {
    FeedStep step;
    step.received = time(json, "received", place);
    if (!json.contains("bars") || !json["bars"].is_array()) damaged("'bars' is not a list", place);
    for (const Json& bar : json["bars"])
      step.bars.push_back(parse_closed_bar(bar, head_.symbols, {"live.damaged_journal", place}));
    const StepOutcome outcome = step_->play(step, time(json, "now", place));
    compare(outcome_of(line, place), outcome, place);
    ++replay_.steps;
    replay_.decisions += outcome.decisions.size();
    replay_.orders += outcome.orders.size();
    replay_.fills += outcome.fills.size();
  }

  void take_command(const Json& json, std::string_view line, const std::string& place) {
    if (!json.contains("command")) damaged("'command' is missing", place);
    const LiveCommand command = parse_command(json["command"], {"live.damaged_journal", place});
    compare(outcome_of(line, place), step_->obey(command, time(json, "now", place)), place);
    ++replay_.commands;
  }

  void compare(std::string_view recorded, const StepOutcome& outcome, const std::string& place) {
    const std::string replayed = to_json(outcome);
    if (recorded != replayed) replay_.difference = place + ": " + tell_difference(recorded, replayed);
  }

  std::filesystem::path folder_;
  const ReplayFactory& factory_;
  JournalHead head_;
  JournalParameters parameters_;
  ReplayParts parts_;
  std::unique_ptr<RiskEngine> risk_;
  std::unique_ptr<TradingStep> step_;
  JournalReplay replay_;
};

}  // namespace

JournalReplay replay_journal(const std::filesystem::path& folder, const ReplayFactory& factory) {
  Replayer replayer(folder, factory);
  read_journal(folder,
               [&](std::string_view line, const std::string& place) { return replayer.take(line, place); });
  if (!replayer.begun()) damaged("there is no whole line", folder.string());
  return replayer.result();
}

}  // namespace stevie::live
