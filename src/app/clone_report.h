#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/model_card.h"
#include "evaluation/evaluation.h"
#include "rl/behaviour_cloning.h"

namespace stevie::app {

/// How the clone did beside the expert on one part of the bars, each playing by itself in the engine of the
/// backtest. Returns are net of costs; 0.1 is a gain of 10 %.
struct CloneDeviation {
  std::string part;                // "validation", "test"
  double expert_return = 0;        // the expert as it is: its own sizes and stops
  double demonstrated_return = 0;  // the expert by the environment's actions: what was cloned
  double clone_return = 0;
  double buy_and_hold_return = 0;
  std::size_t expert_trades = 0, demonstrated_trades = 0, clone_trades = 0;
  double tracking_error = 0;  // standard deviation of the difference of returns to the demonstrated, a year
  std::optional<double> correlation;  // of the returns of bars; absent where one of them does not vary
  double same_exposure = 0;           // share of bars at whose close both want the same action
  rl::Imitation imitation;            // on what the expert saw there
};

/// Everything about one cloning, for the reports.
struct CloneReport {
  std::string expert;  // for people: "rsi-ma", or the file
  std::string data, symbol;
  TimeMs interval = 0;
  bool synthetic = false;
  ModelCard::Period training, validation, test;
  std::size_t demonstrations = 0;        // rows trained on
  std::vector<double> exposures;         // of the actions
  std::vector<std::size_t> action_rows;  // (actions) of the demonstrations trained on
  std::vector<rl::CloningFit> folds;
  std::vector<ModelCard::Period> fold_periods;  // what each was tested on
  rl::CloningFit fit;                           // the policy that was kept
  std::vector<CloneDeviation> deviations;       // validation, then test where the expert acts there
  std::filesystem::path model, state_dict;
  std::vector<std::pair<std::string, std::string>> configuration;
  evaluation::Evaluation evaluation;  // of the clone on the test part
};

/// "-1", "0.5": how an action is called.
std::string exposure_name(double exposure);
/// The finding in a few plain sentences.
std::string clone_verdict(const CloneReport& report);
/// For the terminal.
std::string render_text(const CloneReport& report);
/// bc_training_results.json; its schema is in docs/cloning.md.
std::string render_json(const CloneReport& report);
/// One HTML file that needs no other file and no network.
std::string render_html(const CloneReport& report);

}  // namespace stevie::app
