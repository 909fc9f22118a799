#include "app/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "app/ensemble_file.h"
#include "app/model_card.h"
#include "core/error.h"
#include "core/file.h"
#include "core/time.h"
#include "features/pipeline.h"
#include "market/csv.h"
#include "market/readers.h"
#include "nn/model_file.h"
#include "nn/network.h"

namespace stevie::app {
namespace {

/// Rows of an observation each, with their names.
struct Observations {
  std::vector<std::string> names;
  std::vector<float> values;  // (rows, observation_size)
};

std::vector<std::string_view> fields_of(std::string_view line, std::size_t most) {
  std::vector<std::string_view> fields(most);
  fields.resize(market::split_fields(line, fields));
  return fields;
}

/// A number, or a NaN or infinity that somebody wrote where one should be.
bool is_meant_as_number(std::string_view field) {
  double number = 0;
  const auto [stopped, fault] = std::from_chars(field.data(), field.data() + field.size(), number);
  return stopped == field.data() + field.size() && !field.empty();
}

bool looks_like_observations(std::string_view text, std::size_t size) {
  const auto line = market::LineReader(text).next();
  if (!line) return false;
  const std::vector<std::string_view> fields = fields_of(*line, size + 1);
  return fields.size() == size && std::ranges::all_of(fields, is_meant_as_number);
}

Observations read_observations(std::string_view text, const std::string& place, std::size_t size) {
  Observations result;
  market::LineReader lines(text);
  while (const auto line = lines.next()) {
    const std::string at = fmt::format("{}:{}", place, lines.line());
    const std::vector<std::string_view> fields = fields_of(*line, size + 1);
    if (fields.size() != size) {
      throw Error("model.observation_differs",
                  fmt::format("the model observes {} values but this line has {}{}: give one number for each",
                              size, fields.size() > size ? "more than " : "", std::min(fields.size(), size)),
                  at);
    }
    const bool is_header =
        result.names.empty() && lines.line() == 1 && std::ranges::none_of(fields, is_meant_as_number);
    if (is_header) continue;
    for (const std::string_view field : fields) {
      const std::optional<double> number = market::parse_number(field);
      if (!number || !std::isfinite(static_cast<float>(*number))) {
        throw Error("predict.bad_number",
                    fmt::format("\"{}\" is not a finite float32 number: correct or remove this row",
                                field.substr(0, 40)),
                    at);
      }
      result.values.push_back(static_cast<float>(*number));
    }
    result.names.push_back(fmt::format("{}", result.names.size() + 1));
  }
  if (result.names.empty())
    throw Error("predict.no_rows", "the file holds no observation: give at least one row", place);
  return result;
}

/// The observation of every bar behind the warm-up, as TradingEnv makes it for an account that is flat.
Observations observe_bars(const market::Bars& bars, const ModelCard& card, const std::string& place) {
  features::FeatureMatrix matrix = features::compute_features(bars);
  apply_card(card, matrix);
  if (matrix.warm_up >= matrix.rows) {
    throw Error(
        "predict.no_rows",
        fmt::format("the file has {} bars and the indicators need {} before the first prediction: give more",
                    matrix.rows, features::feature_warm_up()),
        place);
  }
  Observations result;
  for (std::size_t bar = matrix.warm_up; bar < matrix.rows; ++bar) {
    const std::span<const float> row = matrix.row(bar);
    result.names.push_back(format_time(bars.open_time[bar]));
    result.values.insert(result.values.end(), row.begin(), row.end());
    result.values.insert(result.values.end(), features::account_value_count, 0.0F);
  }
  return result;
}

/// The logits of one row: of a DQN its action values.
std::vector<double> action_values(const nn::NetworkWorkspace& workspace, std::size_t actions,
                                  std::size_t row) {
  std::vector<double> result(actions);
  for (std::size_t action = 0; action < actions; ++action)
    result[action] = workspace.logits[action * workspace.batch_stride + row];
  return result;
}

/// Softmax of one column of logits.
std::vector<double> probabilities(const nn::NetworkWorkspace& workspace, std::size_t actions,
                                  std::size_t row) {
  std::vector<double> result = action_values(workspace, actions, row);
  const double largest = *std::ranges::max_element(result);
  double sum = 0;
  for (double& value : result) sum += value = std::exp(value - largest);
  for (double& value : result) value /= sum;
  return result;
}

std::vector<Predictions::Row> run_network(const nn::ActorCritic& network, bool is_dqn,
                                          Observations observations) {
  constexpr std::size_t batch_rows = 256;
  const std::size_t size = network.config().observation_size;
  nn::NetworkWorkspace workspace = network.make_workspace(batch_rows);
  std::vector<Predictions::Row> rows;
  for (std::size_t first = 0; first < observations.names.size(); first += batch_rows) {
    const std::size_t batch = std::min(batch_rows, observations.names.size() - first);
    network.forward(observations.values.data() + first * size, size, batch, workspace);
    for (std::size_t i = 0; i < batch; ++i) {
      Predictions::Row& row = rows.emplace_back();
      row.name = std::move(observations.names[first + i]);
      const std::size_t actions = network.config().action_count;
      row.probability = is_dqn ? action_values(workspace, actions, i) : probabilities(workspace, actions, i);
      row.value = is_dqn ? *std::ranges::max_element(row.probability) : double{workspace.values[i]};
    }
  }
  return rows;
}

/// The pooled probabilities of an ensemble, bar after bar, its weights following the bars; the value is the
/// exposure it expects.
Predictions predict_by_ensemble(const PredictRequest& request) {
  const EnsembleSpec spec = read_ensemble_file(request.model);
  const std::string place = request.input.string();
  const market::Bars bars = market::parse_bars(read_file(request.input), place);
  const features::FeatureMatrix matrix = features::compute_features(bars);
  if (matrix.warm_up >= matrix.rows)
    throw Error(
        "predict.no_rows",
        fmt::format("the file has {} bars and the indicators need {} before the first prediction: give more",
                    matrix.rows, features::feature_warm_up()),
        place);
  const auto ensemble =
      make_ensemble(spec, {.bars = &bars, .symbol = bars.symbol, .interval = bars.interval, .measuring = {}});
  Predictions predictions;
  predictions.row_kind = "time";
  for (const double exposure : ensemble->levels())
    predictions.actions.push_back(fmt::format("exposure_{}", exposure));
  std::vector<float> observation(matrix.columns + features::account_value_count, 0.0F);
  for (std::size_t bar = matrix.warm_up; bar < matrix.rows; ++bar) {
    std::ranges::copy(matrix.row(bar), observation.begin());
    strategy::Situation situation;
    situation.bar = bars[bar];
    situation.bar_index = bar;
    situation.observation = observation;
    ensemble->decide(situation);
    const strategy::EnsembleDecision decision = ensemble->last();
    predictions.rows.push_back(
        {format_time(bars.open_time[bar]), {decision.pooled.begin(), decision.pooled.end()}, decision.value});
  }
  return predictions;
}

}  // namespace

Predictions predict(const PredictRequest& request) {
  if (is_ensemble_file(request.model)) return predict_by_ensemble(request);
  const nn::ModelFile model = nn::read_model_file(request.model);
  const nn::ActorCritic network = network_of(model);
  const std::string text = read_file(request.input);
  const std::string place = request.input.string();
  const bool is_dqn = model.algorithm == "DQN";
  const char* kind = is_dqn ? "q_" : "";
  Predictions predictions;
  Observations observations;
  if (request.raw_observations || looks_like_observations(text, model.observation_size)) {
    observations = read_observations(text, place, model.observation_size);
    predictions.row_kind = "row";
    for (std::size_t i = 0; i < model.action_count; ++i)
      predictions.actions.push_back(fmt::format("{}action_{}", kind, i));
  } else {
    const ModelCard card = model_card_of(model, request.model.string());
    observations = observe_bars(market::parse_bars(text, place), card, place);
    predictions.row_kind = "time";
    for (const double exposure : card.environment.exposures) {
      predictions.actions.push_back(fmt::format("{}exposure_{}", kind, exposure));
    }
  }
  predictions.rows = run_network(network, is_dqn, std::move(observations));
  return predictions;
}

std::string predictions_csv(const Predictions& predictions) {
  std::string text = predictions.row_kind;
  for (const std::string& action : predictions.actions) text += "," + action;
  text += ",value\n";
  for (const Predictions::Row& row : predictions.rows) {
    text += row.name;
    // Eight digits tell any two float32 apart that matter here; the shortest form of the double would not be
    // theirs.
    for (const double probability : row.probability)
      fmt::format_to(std::back_inserter(text), ",{:.8g}", probability);
    fmt::format_to(std::back_inserter(text), ",{:.8g}\n", row.value);
  }
  return text;
}

}  // namespace stevie::app
