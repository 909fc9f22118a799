/// Model files against the real Stable-Baselines3: it loads ours and predicts the same, and the other way
/// round.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/random.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "peers/peer.h"

namespace stevie::nn {
namespace {

using Rows = std::vector<std::vector<double>>;

constexpr double tolerance = 1e-5;

Rows random_observations(std::size_t count, std::size_t size, RandomStream& random) {
  Rows rows(count, std::vector<double>(size));
  for (auto& row : rows) {
    for (double& value : row) value = static_cast<float>(random.normal());
  }
  return rows;
}

void write_rows(const std::filesystem::path& path, const Rows& rows) {
  std::ostringstream text;
  text.precision(9);
  for (const auto& row : rows) {
    for (const double value : row) text << value << ' ';
    text << '\n';
  }
  write_file(path, text.str());
}

Rows read_rows(const std::filesystem::path& path) {
  Rows rows;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::vector<double> row;
    for (double value = 0; words >> value;) row.push_back(value);
    rows.push_back(row);
  }
  return rows;
}

/// Action probabilities, then the value, of every row by our own network.
Rows our_predictions(const ModelFile& model, const Rows& observations) {
  ActorCritic network({model.observation_size, model.action_count, model.policy_kwargs});
  network.from_tensors(model.policy, network.parameters());
  std::vector<float> inputs;
  for (const auto& row : observations) {
    for (const double value : row) inputs.push_back(static_cast<float>(value));
  }
  NetworkWorkspace workspace = network.make_workspace(observations.size());
  network.forward(inputs.data(), model.observation_size, observations.size(), workspace);
  Rows results(observations.size());
  for (std::size_t row = 0; row < results.size(); ++row) {
    double sum = 0;
    for (std::size_t action = 0; action < model.action_count; ++action) {
      results[row].push_back(std::exp(double{workspace.logits[action * workspace.batch_stride + row]}));
      sum += results[row].back();
    }
    for (double& probability : results[row]) probability /= sum;
    results[row].push_back(workspace.values[row]);
  }
  return results;
}

/// A folder of models and a list of commands for the script, so that Python starts once for all of them.
class Peer {
 public:
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  void then(const std::string& command) { commands_ += (commands_.empty() ? "" : " then ") + command; }
  std::string run() { return peers::run("sb3_model.py", std::exchange(commands_, {})); }

  /// Asks what Stable-Baselines3 predicts with this file.
  void then_predict(const std::string& name, std::size_t observation_size) {
    RandomStream random(11, 0);
    write_rows(path(name + ".in"), random_observations(50, observation_size, random));
    then("predict " + path(name).string() + " " + path(name + ".in").string() + " " +
         path(name + ".out").string());
  }
  void expect_same_predictions(const std::string& name, const ModelFile& model) const {
    const Rows observations = read_rows(path(name + ".in"));
    const Rows results = read_rows(path(name + ".out"));
    ASSERT_EQ(observations.size(), 50U);
    ASSERT_EQ(results.size(), observations.size());
    const Rows expected = our_predictions(model, observations);
    for (std::size_t row = 0; row < results.size(); ++row) {
      ASSERT_EQ(results[row].size(), expected[row].size());
      for (std::size_t i = 0; i < expected[row].size(); ++i) {
        EXPECT_NEAR(results[row][i], expected[row][i], tolerance) << name;
      }
    }
  }

 private:
  peers::TemporaryFolder folder_;
  std::string commands_;
};

std::vector<NamedTensor> random_tensors(const std::vector<NamedTensor>& shapes, RandomStream& random,
                                        bool positive) {
  std::vector<NamedTensor> tensors = shapes;
  for (NamedTensor& filled : tensors) {
    std::size_t count = 1;
    for (const std::size_t extent : filled.shape) count *= extent;
    const double scale = 1 / std::sqrt(static_cast<double>(filled.shape.back()));
    for (std::size_t i = 0; i < count; ++i) {
      const double value = random.normal() * scale;
      filled.values.push_back(static_cast<float>(positive ? value * value + 1e-6 : value));
    }
  }
  return tensors;
}

ModelFile random_model(const PolicyKwargs& kwargs, std::uint64_t steps) {
  RandomStream random(7, 0);
  ModelFile model;
  model.observation_size = 104;
  model.action_count = 3;
  model.policy_kwargs = kwargs;
  model.hyper_parameters_json = R"({"n_steps": 64, "batch_size": 32, "gamma": 0.95, "num_timesteps": 5120})";
  const auto shapes = policy_tensor_shapes(model.observation_size, model.action_count, kwargs);
  model.policy = random_tensors(shapes, random, false);
  model.optimizer.step = steps;
  if (steps > 0) {
    model.optimizer.exp_avg = random_tensors(shapes, random, false);
    model.optimizer.exp_avg_sq = random_tensors(shapes, random, true);
  }
  model.extra_members["stevie.json"] = "{}";
  return model;
}

const std::vector<PolicyKwargs>& architectures() {
  static const std::vector<PolicyKwargs> all = {
      {},
      {{256, 128}, {32}, Activation::relu, false},
      {{}, {5}, Activation::tanh, false},
      {{64, 48}, {64, 48}, Activation::relu, true},
  };
  return all;
}

TEST(ModelFilePeer, sb3_loads_ours_and_predicts_the_same) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  Peer peer;
  for (std::size_t i = 0; i < architectures().size(); ++i) {
    const std::string name = std::to_string(i) + ".zip";
    write_model_file(peer.path(name), random_model(architectures()[i], 40));
    peer.then_predict(name, 104);
  }
  peer.run();
  for (std::size_t i = 0; i < architectures().size(); ++i) {
    peer.expect_same_predictions(std::to_string(i) + ".zip", random_model(architectures()[i], 40));
  }
}

TEST(ModelFilePeer, sb3_goes_on_training_ours_and_we_read_what_it_saves) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  Peer peer;
  for (const std::uint64_t steps : {std::uint64_t{0}, std::uint64_t{40}}) {
    for (std::size_t i = 0; i < architectures().size(); ++i) {
      const std::string name = std::to_string(i) + ".zip";
      write_model_file(peer.path(name), random_model(architectures()[i], steps));
      peer.then("continue " + peer.path(name).string() + " " + peer.path("trained_" + name).string());
      peer.then_predict("trained_" + name, 104);
    }
    std::istringstream printed(peer.run());
    for (std::size_t i = 0; i < architectures().size(); ++i) {
      const std::string name = "trained_" + std::to_string(i) + ".zip";
      const ModelFile theirs = read_model_file(peer.path(name));
      std::uint64_t before = 0;
      std::uint64_t after = 0;
      ASSERT_TRUE(printed >> before >> after) << printed.str();
      EXPECT_EQ(before, steps);
      EXPECT_EQ(after, steps + 40);  // two rollouts of 64 steps, each 10 epochs of two minibatches
      EXPECT_EQ(theirs.optimizer.step, after);
      EXPECT_EQ(theirs.policy_kwargs.policy_widths, architectures()[i].policy_widths);
      EXPECT_EQ(theirs.policy_kwargs.activation, architectures()[i].activation);
      EXPECT_FALSE(theirs.policy_kwargs.shared_trunk);
      EXPECT_NE(theirs.hyper_parameters_json.find("\"gamma\":0.95"), std::string::npos);
      EXPECT_NE(theirs.hyper_parameters_json.find("\"num_timesteps\":5248"), std::string::npos);
      peer.expect_same_predictions(name, theirs);
    }
  }
}

TEST(ModelFilePeer, we_read_what_sb3_trained_and_write_it_again) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  Peer peer;
  const std::vector<std::string> kinds = {"pi=5,4 vf=6 relu", "pi=64,64 vf=64,64 tanh", "pi= vf=3 tanh"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = std::to_string(i) + ".zip";
    peer.then("train " + peer.path(name).string() + " " + kinds[i]);
    peer.then_predict(name, 7);
  }
  peer.run();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = std::to_string(i) + ".zip";
    const ModelFile theirs = read_model_file(peer.path(name));
    EXPECT_EQ(theirs.observation_size, 7U);
    EXPECT_EQ(theirs.action_count, 3U);
    EXPECT_EQ(theirs.optimizer.step, 40U);
    EXPECT_EQ(theirs.optimizer.epsilon, 1e-5);
    peer.expect_same_predictions(name, theirs);
    write_model_file(peer.path("again_" + name), theirs);
    peer.then_predict("again_" + name, 7);
  }
  peer.run();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string name = std::to_string(i) + ".zip";
    peer.expect_same_predictions("again_" + name, read_model_file(peer.path(name)));
  }
}

}  // namespace
}  // namespace stevie::nn
