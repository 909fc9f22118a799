#include "app/predict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "app/model_card.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"
#include "features/pipeline.h"
#include "market/readers.h"
#include "market/synthetic.h"
#include "nn/network.h"
#include "nn/reference.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

class PredictTest : public ::testing::Test {
 protected:
  /// Writes a model with random weights, and its card where it gets one.
  nn::ModelFile write_model(std::size_t observation_size, const ModelCard* card) {
    nn::ModelFile model;
    model.observation_size = observation_size;
    model.action_count = 3;
    model.policy_kwargs = {{16}, {8, 8}, nn::Activation::tanh, false};
    nn::ActorCritic network({observation_size, model.action_count, model.policy_kwargs});
    RandomStream random(21, 0);
    model.policy = network.to_tensors(network.parameters());
    for (nn::NamedTensor& tensor : model.policy) {
      for (float& value : tensor.values) value = static_cast<float>(random.normal() / 3);
    }
    if (card != nullptr) model.extra_members[model_card_member] = model_card_json(*card);
    nn::write_model_file(folder_ / "m.zip", model);
    return model;
  }

  Predictions predict_text(const std::string& text, bool raw) {
    write_file(folder_ / "in.csv", text);
    return predict({folder_ / "m.zip", folder_ / "in.csv", raw});
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

ModelCard card_for(const market::Bars& bars) {
  ModelCard card;
  card.feature_set_version = features::feature_set_version();
  card.scaler = features::fit_scaler(features::compute_features(bars), {0, bars.size() - 100});
  card.environment.exposures = {-0.5, 0, 1};
  card.environment.instrument.taker_fee_bps = 7.5;
  card.environment.reward = env::RewardKind::differential_sharpe;
  card.symbol = bars.symbol;
  card.interval = bars.interval;
  card.synthetic = true;
  card.training = {bars.open_time.front(), bars.open_time[bars.size() - 100]};
  return card;
}

market::Bars some_bars() {
  market::SyntheticConfig config;
  config.bars = features::feature_warm_up() + 300;
  return market::make_synthetic_market(config).bars;
}

void expect_rows(const Predictions& predictions, const nn::ModelFile& model,
                 const std::vector<float>& observations) {
  const std::size_t rows = observations.size() / model.observation_size;
  const std::vector<double> no_logits(rows * model.action_count, 0.0);
  const std::vector<double> no_values(rows, 0.0);
  const nn::ReferencePass reference =
      nn::reference_pass({model.observation_size, model.action_count, model.policy_kwargs}, model.policy,
                         observations, no_logits, no_values);
  ASSERT_EQ(predictions.rows.size(), rows);
  for (std::size_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (std::size_t a = 0; a < model.action_count; ++a)
      sum += std::exp(reference.logits[row * model.action_count + a]);
    for (std::size_t a = 0; a < model.action_count; ++a) {
      const double expected = std::exp(reference.logits[row * model.action_count + a]) / sum;
      EXPECT_NEAR(predictions.rows[row].probability[a], expected, 1e-5);
    }
    EXPECT_NEAR(predictions.rows[row].value, reference.values[row], 1e-4);
  }
}

TEST_F(PredictTest, raw_observations_give_what_the_plain_network_gives) {
  const nn::ModelFile model = write_model(5, nullptr);
  RandomStream random(4, 0);
  std::vector<float> observations;
  std::string text = "a,b,c,d,e\n";
  constexpr std::size_t rows = 600;  // more than one batch, the last not full
  for (std::size_t i = 0; i < rows * 5; ++i) {
    observations.push_back(static_cast<float>(static_cast<int>(random.below(2000)) - 1000) / 256);
    text += std::to_string(observations.back()) + (i % 5 == 4 ? "\n" : ",");
  }
  const Predictions predictions = predict_text(text, true);
  expect_rows(predictions, model, observations);
  EXPECT_EQ(predictions.row_kind, "row");
  EXPECT_EQ(predictions.actions, (std::vector<std::string>{"action_0", "action_1", "action_2"}));
  EXPECT_EQ(predictions.rows.back().name, "600");
  // Without its header the file is recognised by its numbers alone.
  const Predictions same = predict_text(text.substr(text.find('\n') + 1), false);
  EXPECT_EQ(predictions_csv(same), predictions_csv(predictions));
}

TEST_F(PredictTest, bars_give_what_the_scaled_features_and_a_flat_account_give) {
  const market::Bars bars = some_bars();
  const ModelCard card = card_for(bars);
  const nn::ModelFile model = write_model(features::observation_size, &card);
  const Predictions predictions = predict_text(market::format_bars(bars), false);

  features::FeatureMatrix matrix = features::compute_features(bars);
  card.scaler.apply(matrix);
  std::vector<float> observations;
  for (std::size_t bar = features::feature_warm_up(); bar < bars.size(); ++bar) {
    observations.insert(observations.end(), matrix.row(bar).begin(), matrix.row(bar).end());
    observations.insert(observations.end(), features::account_value_count, 0.0F);
  }
  expect_rows(predictions, model, observations);
  EXPECT_EQ(predictions.rows.front().name, format_time(bars.open_time[features::feature_warm_up()]));
  EXPECT_TRUE(predictions_csv(predictions).starts_with("time,exposure_-0.5,exposure_0,exposure_1,value\n"));
}

TEST_F(PredictTest, says_which_line_does_not_fit) {
  write_model(3, nullptr);
  const auto error_for = [&](const std::string& text) { return error_of([&] { predict_text(text, true); }); };
  EXPECT_EQ(error_for("1,2,3\n1,2\n").code(), "model.observation_differs");
  EXPECT_TRUE(error_for("1,2,3\n1,2\n").place().ends_with("in.csv:2"));
  EXPECT_EQ(error_for("1,2,3,4\n").code(), "model.observation_differs");
  EXPECT_EQ(error_for("1,2,3\n1,x,3\n").code(), "predict.bad_number");
  EXPECT_EQ(error_for("1,nan,3\n").code(), "predict.bad_number");
  EXPECT_EQ(error_for("1,1e60,3\n").code(), "predict.bad_number");
  EXPECT_EQ(error_for("nan,nan,nan\n1,2,3\n").place(), error_for("1,x,3\n").place());  // no header
  EXPECT_EQ(error_for("a,b,c\n").code(), "predict.no_rows");
  EXPECT_EQ(error_for("").code(), "predict.no_rows");
}

TEST_F(PredictTest, refuses_bars_where_the_model_does_not_fit_them) {
  const market::Bars bars = some_bars();
  const std::string text = market::format_bars(bars);
  write_model(features::observation_size, nullptr);
  EXPECT_EQ(error_of([&] { predict_text(text, false); }).code(), "model.no_card");
  ModelCard card = card_for(bars);
  card.feature_set_version = "other";
  write_model(features::observation_size, &card);
  EXPECT_EQ(error_of([&] { predict_text(text, false); }).code(), "model.observation_differs");
  card = card_for(bars);
  write_model(features::observation_size - 1, &card);
  EXPECT_EQ(error_of([&] { predict_text(text, false); }).code(), "model.observation_differs");
  card.environment.exposures = {0, 1};
  write_model(features::observation_size, &card);
  EXPECT_EQ(error_of([&] { predict_text(text, false); }).code(), "model.observation_differs");
  card = card_for(bars);
  write_model(features::observation_size, &card);
  const std::string few = market::format_bars(bars.slice(0, features::feature_warm_up()));
  EXPECT_EQ(error_of([&] { predict_text(few, false); }).code(), "predict.no_rows");
}

TEST(ModelCardTest, comes_back_as_it_was_written) {
  const ModelCard card = card_for(some_bars());
  const std::string json = model_card_json(card);
  const ModelCard read = parse_model_card(json, "m.zip");
  EXPECT_EQ(model_card_json(read), json);
  EXPECT_EQ(read.scaler.centre, card.scaler.centre);
  EXPECT_EQ(read.scaler.inverse_scale, card.scaler.inverse_scale);
  EXPECT_EQ(read.environment.exposures, card.environment.exposures);
  EXPECT_EQ(read.environment.instrument.taker_fee_bps, 7.5);
  EXPECT_EQ(read.environment.reward, env::RewardKind::differential_sharpe);
  EXPECT_EQ(read.training.to, card.training.to);
  EXPECT_TRUE(read.synthetic);
}

TEST(ModelCardTest, every_missing_or_mistyped_entry_is_refused) {
  const std::string json = model_card_json(card_for(some_bars()));
  std::size_t keys = 0;
  for (std::size_t at = json.find("\": "); at != std::string::npos; at = json.find("\": ", at + 1)) {
    std::string renamed = json;
    renamed.insert(at, "_");
    EXPECT_EQ(error_of([&] { parse_model_card(renamed, "m.zip"); }).code(), "model.bad_card")
        << renamed.substr(at, 20);
    ++keys;
  }
  EXPECT_GT(keys, 30U);
  for (const char* text : {"", "[]", "{}", "nonsense", "{\"scaler\": 1e999}"}) {
    EXPECT_EQ(error_of([&] { parse_model_card(text, "m.zip"); }).code(), "model.bad_card");
  }
}

}  // namespace
}  // namespace stevie::app
