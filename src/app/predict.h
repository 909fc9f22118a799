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
    std::string name;                 // open time of the bar, or number of the row from 1
    std::vector<double> probability;  // one for each action, sum 1
    double value = 0;                 // what the critic expects of here, in the unit of the training's reward
  };
  std::string row_kind;              // "time" or "row"
  std::vector<std::string> actions;  // "exposure_-1" where the model tells its exposures, else "action_0"
  std::vector<Row> rows;
};

/// What the policy thinks of every row. Bars: the features are scaled as in training, the account is flat,
/// and the bars before the features' warm-up get no row. Throws Error "model.observation_differs" where the
/// input does not fit the model, "predict.bad_number", "predict.few_columns" or "predict.no_rows" with
/// path:line, and what reading the files throws.
Predictions predict(const PredictRequest& request);

/// As CSV with a header: the row's name, the actions' probabilities, the value.
std::string predictions_csv(const Predictions& predictions);

}  // namespace stevie::app
