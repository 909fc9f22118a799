#include "app/clone_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/text_table.h"
#include "core/progress.h"
#include "evaluation/format.h"
#include "evaluation/report.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) {
  return evaluation::format_percent(share);
}

Json period_json(const ModelCard::Period& period) {
  return {{"from", format_time(period.from)}, {"to", format_time(period.to - 1)}};
}

Json imitation_json(const rl::Imitation& score) {
  const std::size_t actions = score.expert_shares.size();
  Json confusion = Json::array();
  for (std::size_t a = 0; a < actions; ++a) {
    Json row = Json::array();
    for (std::size_t b = 0; b < actions; ++b) row.push_back(score.confusion[a * actions + b]);
    confusion.push_back(std::move(row));
  }
  return {{"rows", score.rows},
          {"loss", score.loss},
          {"accuracy", score.accuracy},
          {"majority_accuracy", score.majority_accuracy},
          {"repeat_accuracy", score.repeat_accuracy},
          {"change_accuracy", score.change_accuracy},
          {"changes", score.changes},
          {"balanced_accuracy", score.balanced_accuracy},
          {"divergence_bits", score.divergence},
          {"expert_shares", score.expert_shares},
          {"policy_shares", score.policy_shares},
          {"mean_probabilities", score.probabilities},
          {"confusion", std::move(confusion)}};
}

Json fit_json(const rl::CloningFit& fit) {
  Json epochs = Json::array();
  for (std::size_t i = 0; i < fit.epochs.size(); ++i)
    epochs.push_back({{"epoch", i + 1},
                      {"train_loss", fit.epochs[i].train_loss},
                      {"validation_loss", fit.epochs[i].validation_loss},
                      {"validation_accuracy", fit.epochs[i].validation_accuracy}});
  return {{"best_epoch", fit.best_epoch}, {"stopped_early", fit.stopped_early},
          {"updates", fit.updates},       {"class_weights", fit.weights},
          {"epochs", std::move(epochs)},  {"validation", imitation_json(fit.validation)}};
}

Json deviation_json(const CloneDeviation& deviation) {
  return {{"expert_return", deviation.expert_return},
          {"demonstrated_return", deviation.demonstrated_return},
          {"clone_return", deviation.clone_return},
          {"buy_and_hold_return", deviation.buy_and_hold_return},
          {"expert_trades", deviation.expert_trades},
          {"demonstrated_trades", deviation.demonstrated_trades},
          {"clone_trades", deviation.clone_trades},
          {"return_difference", deviation.clone_return - deviation.demonstrated_return},
          {"tracking_error", deviation.tracking_error},
          {"correlation", deviation.correlation ? Json(*deviation.correlation) : Json(nullptr)},
          {"same_exposure", deviation.same_exposure},
          {"imitation", imitation_json(deviation.imitation)}};
}

std::string actions_text(const CloneReport& report) {
  std::string text;
  for (std::size_t a = 0; a < report.exposures.size(); ++a)
    text += fmt::format("{}{} {}", a > 0 ? ", " : "", format_count(report.action_rows[a]),
                        exposure_name(report.exposures[a]));
  return text;
}

}  // namespace

std::string exposure_name(double exposure) {
  return exposure > 0   ? fmt::format("long {}", exposure)
         : exposure < 0 ? fmt::format("short {}", -exposure)
                        : std::string("flat");
}

std::string clone_verdict(const CloneReport& report) {
  const CloneDeviation& judged = report.deviations.back();
  std::string text = fmt::format(
      "On the {} part the clone takes the expert's action on {} of the bars that the expert saw; always "
      "taking the commonest one would be right on {}, repeating its last one on {}; where it changes, the "
      "clone "
      "is right on {} of {}. Playing by itself it wants what the expert wants on {} "
      "of the bars and earns {} where the expert earns {} by the same actions and {} as it is; buy and hold "
      "earned {}.",
      judged.part, percent(judged.imitation.accuracy), percent(judged.imitation.majority_accuracy),
      percent(judged.imitation.repeat_accuracy), percent(judged.imitation.change_accuracy),
      format_count(judged.imitation.changes), percent(judged.same_exposure), percent(judged.clone_return),
      percent(judged.demonstrated_return), percent(judged.expert_return),
      percent(judged.buy_and_hold_return));
  if (judged.imitation.accuracy <= judged.imitation.majority_accuracy)
    text += " It has learnt no more than the commonest action.";
  else if (judged.imitation.accuracy <= judged.imitation.repeat_accuracy)
    text += " Repeating the expert's last action is right more often.";
  if (judged.expert_return <= 0) text += " An expert that loses makes a clone that loses.";
  return text;
}

std::string render_text(const CloneReport& report) {
  std::string text;
  if (report.synthetic) text += "SYNTHETIC MARKET: these prices were generated, nobody ever traded at them\n";
  text += fmt::format("Cloned {} on {} demonstrations ({})\n\n{}\n\n", report.expert,
                      format_count(report.demonstrations), actions_text(report), clone_verdict(report));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&rows](std::string name, const rl::Imitation& score) {
    rows.push_back({std::move(name), format_count(score.rows), fmt::format("{:.4f}", score.loss),
                    percent(score.accuracy), percent(score.majority_accuracy), percent(score.repeat_accuracy),
                    percent(score.change_accuracy), fmt::format("{:.4f}", score.divergence)});
  };
  for (std::size_t i = 0; i < report.folds.size(); ++i)
    add(fmt::format("block {} from {}", i + 1, format_time(report.fold_periods[i].from)),
        report.folds[i].validation);
  for (const CloneDeviation& deviation : report.deviations) add(deviation.part, deviation.imitation);
  text += text_table(
      {"", "rows", "loss", "accuracy", "commonest", "repeating", "at changes", "divergence (bits)"}, rows);

  rows.clear();
  for (const CloneDeviation& deviation : report.deviations)
    rows.push_back({deviation.part, percent(deviation.expert_return), percent(deviation.demonstrated_return),
                    percent(deviation.clone_return), percent(deviation.buy_and_hold_return),
                    fmt::format("{} / {} / {}", deviation.expert_trades, deviation.demonstrated_trades,
                                deviation.clone_trades),
                    percent(deviation.tracking_error),
                    deviation.correlation ? fmt::format("{:.3f}", *deviation.correlation) : "-"});
  return text + "\n" +
         text_table({"return", "expert", "by actions", "clone", "buy and hold", "trades", "tracking error",
                     "correlation"},
                    rows);
}

std::string render_json(const CloneReport& report) {
  Json folds = Json::array();
  for (std::size_t i = 0; i < report.folds.size(); ++i) {
    Json fold = fit_json(report.folds[i]);
    fold["period"] = period_json(report.fold_periods[i]);
    folds.push_back(std::move(fold));
  }
  Json deviations = Json::object(), configuration = Json::object();
  for (const CloneDeviation& deviation : report.deviations)
    deviations[deviation.part] = deviation_json(deviation);
  for (const auto& [name, value] : report.configuration) configuration[name] = value;
  const Json results = {
      {"format", "stevie-cloning"},
      {"version", 1},
      {"algorithm", "behaviour cloning"},
      {"expert", report.expert},
      {"data", report.data},
      {"symbol", report.symbol},
      {"synthetic", report.synthetic},
      {"periods",
       {{"training", period_json(report.training)},
        {"validation", period_json(report.validation)},
        {"test", period_json(report.test)}}},
      {"exposures", report.exposures},
      {"demonstrations", {{"rows", report.demonstrations}, {"rows_by_action", report.action_rows}}},
      {"cross_validation", std::move(folds)},
      {"fit", fit_json(report.fit)},
      {"deviation", std::move(deviations)},
      {"verdict", clone_verdict(report)},
      {"configuration", std::move(configuration)}};
  return results.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stevie::app
