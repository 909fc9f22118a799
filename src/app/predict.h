#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace stevie::app {

struct PredictRequest {
  std::filesystem::path model;
  /// A file of bars (market/readers.h), or raw observations: CSV with one number for each value of the
  /// observation, with or without a header.
  std::filesystem::path input;
  /// True: the input holds raw observations. Default false: it does where its first line has as many numbers
  /// as the observation has values, and it is a file of bars otherwise.
  bool raw_observations = false;
};

struct Predictions {
  struct Row {
    std::string name;  // open time of the bar, or number of the row from 1
    /// One for each action: its probability, sum 1; of a DQN its value.
    std::vector<double> probability;
    /// What is expected of here, in the unit of the training's reward: by the critic, or the largest action
    /// value.
    double value = 0;
  };
  std::string row_kind;              // "time" or "row"
  std::vector<std::string> actions;  // "exposure_-1" where the model tells its exposures, else "action_0";
                                     // of a DQN "q_exposure_-1" or "q_action_0"
  std::vector<Row> rows;
};

/// An ensemble (app/ensemble_file.h) takes bars only: its rows are the pooled probabilities of its levels,
/// and the value is the exposure that it expects to hold.
///
/// What the policy thinks of every row. Bars: the features are scaled as in training, the account is flat,
/// and the bars before the features' warm-up get no row. Throws Error "model.observation_differs" where the
/// input does not fit the model, "predict.bad_number", "predict.few_columns" or "predict.no_rows" with
/// path:line, and what reading the files throws.
Predictions predict(const PredictRequest& request);

/// As CSV with a header: the row's name, the actions' probabilities or values, the value.
std::string predictions_csv(const Predictions& predictions);

}  // namespace stevie::app
