#include "app/session_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <system_error>

#include "app/result_json.h"
#include "evaluation/format.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr std::size_t most_rows = 500, most_epochs = 2000;

const char* results_name(const std::string& kind) {
  if (kind == "clone") return "bc_training_results.json";
  return kind == "ensemble" ? "ensemble_results.json" : "training_results.json";
}

/// Null as read_result_object() has it, and where the file is a link or no plain file.
json read_results(const fs::path& file) {
  std::error_code fault;
  if (!fs::is_regular_file(fs::symlink_status(file, fault))) return nullptr;
  return read_result_object<json>(file);
}

json text_or_null(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

/// A finite number, or null.
json number_at(const json& object, std::initializer_list<const char*> names) {
  const json found = member_at(object, names);
  return found.is_number() && std::isfinite(found.get<double>()) ? found : json(nullptr);
}

json whole_at(const json& object, std::initializer_list<const char*> names) {
  const json found = member_at(object, names);
  return found.is_number_unsigned() ? found : json(nullptr);
}

json truth_at(const json& object, std::initializer_list<const char*> names) {
  const json found = member_at(object, names);
  return found.is_boolean() ? found : json(nullptr);
}

constexpr const char* figure_names[] = {"total_return", "sharpe", "max_drawdown", "win_rate"};

json no_figures() {
  json figures{{"trades", nullptr}};
  for (const char* name : figure_names) figures[name] = nullptr;
  return figures;
}

/// Of a part as a bootstrap writes it.
json part_figures(const json& part) {
  if (!part.is_object()) return nullptr;
  json figures = no_figures();
  for (const char* name : figure_names) figures[name] = number_at(part, {name});
  figures["trades"] = number_at(part, {"trades"});
  return figures;
}

/// Of one contender of an evaluation.
json contender_figures(const json& contender) {
  json figures = no_figures();
  for (const char* name : figure_names) figures[name] = number_at(contender, {"metrics", name, "value"});
  figures["trades"] = number_at(contender, {"trades"});
  return figures;
}

/// Where nothing but the return is known.
json return_alone(const json& value, const json& trades = nullptr) {
  if (value.is_null()) return nullptr;
  json figures = no_figures();
  figures["total_return"] = value;
  figures["trades"] = trades;
  return figures;
}

json row(std::string name, const char* role, json seed, bool chosen, json validation, json test) {
  return {{"name", std::move(name)},
          {"role", role},
          {"seed", std::move(seed)},
          {"chosen", chosen},
          {"validation", std::move(validation)},
          {"test", std::move(test)}};
}

/// The contenders of an evaluation on the test part, the judged one first by the name given.
json judged_rows(const json& evaluation, const std::string& name, const std::string& beside) {
  json rows = json::array();
  for (const json& contender : rows_at(evaluation, {"results"})) {
    if (rows.size() == most_rows) break;
    const bool own = text_at(contender, {"key"}) == "strategy";
    const bool member = !own && text_at(contender, {"key"}).starts_with(beside) && !beside.empty();
    rows.push_back(row(own ? name : text_at(contender, {"name"}),
                       own      ? "policy"
                       : member ? "member"
                                : "baseline",
                       nullptr, own, nullptr, contender_figures(contender)));
    rows.back()["key"] = text_at(contender, {"key"});
  }
  return rows;
}

json without_keys(json rows) {
  for (json& one : rows) one.erase("key");
  return rows;
}

json train_rows(const json& results) {
  const std::string algorithm = text_at(results, {"algorithm"});
  json rows = judged_rows(member_at(results, {"test"}), algorithm.empty() ? "Policy" : algorithm, "");
  for (json& one : rows) {
    if (one["role"] == "policy")
      one["validation"] = return_alone(number_at(results, {"validation", "total_return"}));
    if (one["key"] == "buy_and_hold")
      one["validation"] = return_alone(number_at(results, {"validation", "buy_and_hold_return"}));
  }
  return rows;
}

json bootstrap_rows(const json& results) {
  json rows = json::array();
  const std::string best = text_at(results, {"algorithm"});
  for (const json& algorithm : rows_at(results, {"algorithms"})) {
    const std::string name = text_at(algorithm, {"algorithm"});
    for (const json& run : rows_at(algorithm, {"runs"})) {
      if (rows.size() == most_rows) break;
      const json seed = whole_at(run, {"seed"});
      rows.push_back(row(name, "policy", seed, name == best && seed == member_at(results, {"seed"}),
                         part_figures(member_at(run, {"validation"})),
                         part_figures(member_at(run, {"test"}))));
    }
  }
  for (const json& baseline : rows_at(results, {"baselines"})) {
    if (rows.size() == most_rows) break;
    rows.push_back(row(text_at(baseline, {"name"}), "baseline", nullptr, false,
                       part_figures(member_at(baseline, {"validation"})),
                       part_figures(member_at(baseline, {"test"}))));
  }
  return rows;
}

json clone_rows(const json& results) {
  const auto figures = [&](const char* part, const char* who, const char* trades) {
    return return_alone(number_at(results, {"deviation", part, who}),
                        trades == nullptr ? json(nullptr) : number_at(results, {"deviation", part, trades}));
  };
  const auto both = [&](const char* name, const char* role, bool chosen, const char* who,
                        const char* trades) {
    return row(name, role, nullptr, chosen, figures("validation", who, trades), figures("test", who, trades));
  };
  return json::array(
      {both("Clone", "policy", true, "clone_return", "clone_trades"),
       both("Expert by the same actions", "expert", false, "demonstrated_return", "demonstrated_trades"),
       both("Expert as it is", "expert", false, "expert_return", "expert_trades"),
       both("Buy and hold", "baseline", false, "buy_and_hold_return", nullptr)});
}

json clone_json(const json& results) {
  json epochs = json::array(), blocks = json::array(), parts = json::array();
  for (const json& epoch : rows_at(results, {"fit", "epochs"})) {
    if (epochs.size() == most_epochs) break;
    epochs.push_back({{"epoch", whole_at(epoch, {"epoch"})},
                      {"train_loss", number_at(epoch, {"train_loss"})},
                      {"validation_loss", number_at(epoch, {"validation_loss"})},
                      {"validation_accuracy", number_at(epoch, {"validation_accuracy"})}});
  }
  for (const json& block : rows_at(results, {"cross_validation"})) {
    if (blocks.size() == most_rows) break;
    blocks.push_back({{"from", text_or_null(text_at(block, {"period", "from"}))},
                      {"to", text_or_null(text_at(block, {"period", "to"}))},
                      {"rows", whole_at(block, {"validation", "rows"})},
                      {"loss", number_at(block, {"validation", "loss"})},
                      {"accuracy", number_at(block, {"validation", "accuracy"})}});
  }
  for (const char* name : {"validation", "test"}) {
    const json part = member_at(results, {"deviation", name});
    if (!part.is_object()) continue;
    json one{{"part", name}};
    for (const char* figure :
         {"accuracy", "majority_accuracy", "repeat_accuracy", "change_accuracy", "divergence_bits"})
      one[figure] = number_at(part, {"imitation", figure});
    for (const char* figure : {"same_exposure", "tracking_error", "correlation"})
      one[figure] = number_at(part, {figure});
    parts.push_back(std::move(one));
  }
  return {{"expert", text_at(results, {"expert"})},
          {"demonstrations", whole_at(results, {"demonstrations", "rows"})},
          {"best_epoch", whole_at(results, {"fit", "best_epoch"})},
          {"stopped_early", truth_at(results, {"fit", "stopped_early"})},
          {"epochs", std::move(epochs)},
          {"blocks", std::move(blocks)},
          {"parts", std::move(parts)}};
}

json ensemble_json(const json& results) {
  json members = json::array();
  for (const json& member : rows_at(results, {"members"})) {
    if (members.size() == most_rows) break;
    json one{{"name", text_at(member, {"name"})},
             {"calibration_error", number_at(member, {"calibration_error_after"})}};
    for (const char* figure : {"first_weight", "weight", "agreement", "accuracy", "contribution"})
      one[figure] = number_at(member, {figure});
    members.push_back(std::move(one));
  }
  json whole{{"decisions", whole_at(results, {"ensemble", "decisions"})}, {"members", std::move(members)}};
  for (const char* figure :
       {"accuracy", "mean_consensus", "calibration_error_before", "calibration_error_after"})
    whole[figure] = number_at(results, {"ensemble", figure});
  return whole;
}

std::string growth(const json& results, std::initializer_list<const char*> names) {
  const json value = number_at(results, names);
  return value.is_null() ? "an unknown return" : evaluation::format_percent(value.get<double>());
}

std::string sentence_of(const json& results, const std::string& kind) {
  if (kind == "clone") return text_at(results, {"verdict"});
  std::string test = text_at(results, {"test", "verdict"});
  if (kind == "bootstrap") return text_at(results, {"sentence"});
  if (kind == "ensemble") {
    double best = -1, sum = 0;
    std::size_t count = 0;
    for (const json& member : rows_at(results, {"members"})) {
      const json alone = number_at(member, {"alone", "total_return"});
      if (alone.is_null()) continue;
      best = count == 0 ? alone.get<double>() : std::max(best, alone.get<double>());
      sum += alone.get<double>();
      ++count;
    }
    if (count > 0)
      test += fmt::format(
          "{}On the test part the ensemble had {}; its {} members alone had {} on average "
          "and {} at best.",
          test.empty() ? "" : " ", growth(results, {"ensemble", "total_return"}), count,
          evaluation::format_percent(sum / static_cast<double>(count)), evaluation::format_percent(best));
    return test;
  }
  const std::string validation = text_at(results, {"validation", "sentence"});
  return validation + (validation.empty() || test.empty() ? "" : " Test part: ") + test;
}

}  // namespace

std::string training_sentence(const fs::path& folder, const std::string& kind) {
  std::string sentence;
  try {
    sentence = sentence_of(read_results(folder / results_name(kind)), kind);
  } catch (const std::exception&) {  // the sentence below is then all there is
  }
  if (!sentence.empty()) return sentence;
  return kind == "ensemble"    ? "The ensemble is trained; no parameters are changed."
         : kind == "bootstrap" ? "The policies are trained; no parameters are changed."
                               : "The policy is trained; no parameters are changed.";
}

std::optional<std::string> training_results_json(const fs::path& folder, const std::string& kind) {
  if (folder.empty()) return std::nullopt;
  const json results = read_results(folder / results_name(kind));
  if (!results.is_object()) return std::nullopt;
  json rows = kind == "bootstrap"  ? bootstrap_rows(results)
              : kind == "clone"    ? clone_rows(results)
              : kind == "ensemble" ? judged_rows(member_at(results, {"test"}), "Ensemble", "member")
                                   : train_rows(results);
  const json answer{{"sentence", training_sentence(folder, kind)},
                    {"symbol", text_or_null(text_at(results, {"symbol"}))},
                    {"synthetic", truth_at(results, {"synthetic"})},
                    {"rows", without_keys(std::move(rows))},
                    {"clone", kind == "clone" ? clone_json(results) : json(nullptr)},
                    {"ensemble", kind == "ensemble" ? ensemble_json(results) : json(nullptr)}};
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace stevie::app
