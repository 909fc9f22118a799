#include "nn/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"
#include "nn/pickle.h"
#include "nn/torch_file.h"
#include "nn/zip_archive.h"

namespace stevie::nn {
namespace {

constexpr std::size_t limit = std::size_t{1} << 20;

std::vector<NamedTensor> random_tensors(const std::vector<NamedTensor>& shapes, RandomStream& random) {
  std::vector<NamedTensor> tensors = shapes;
  for (NamedTensor& tensor : tensors) {
    std::size_t count = 1;
    for (const std::size_t extent : tensor.shape) count *= extent;
    for (std::size_t i = 0; i < count; ++i) tensor.values.push_back(static_cast<float>(random.normal()));
  }
  return tensors;
}

ModelFile random_model(const PolicyKwargs& kwargs) {
  RandomStream random(5, 0);
  ModelFile model;
  model.observation_size = 6;
  model.action_count = 3;
  model.policy_kwargs = kwargs;
  model.hyper_parameters_json = R"({"batch_size":32,"gamma":0.95,"target_kl":null})";
  const auto shapes = policy_tensor_shapes(6, 3, kwargs);
  model.policy = random_tensors(shapes, random);
  model.optimizer.step = 1234;
  model.optimizer.learning_rate = 1e-3;
  model.optimizer.exp_avg = random_tensors(shapes, random);
  model.optimizer.exp_avg_sq = random_tensors(shapes, random);
  model.extra_members = {{"stevie.json", "{\"a\": 1}"}, {"checkpoint.bin", std::string("\0\1\2", 3)}};
  return model;
}

const PolicyKwargs small{{4, 5}, {3}, PolicyKwargs::Activation::relu, false};

/// The members of a good model file, one of them changed or dropped, read again.
Error error_with(const std::string& member, const std::function<void(std::string&)>& change) {
  auto members = unzip_members(model_file_bytes(random_model(small)), "model", limit);
  change(members.at(member));
  std::vector<ZipMember> changed;
  for (const auto& [name, bytes] : members) {
    if (bytes != "drop") changed.push_back({name, bytes});
  }
  const std::string bytes = zip_members(changed);
  return error_of([&] { parse_model_file(bytes, "m.zip"); });
}

std::function<void(std::string&)> replacing(const std::string& from, const std::string& to) {
  return [from, to](std::string& bytes) {
    const std::size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bytes.replace(at, from.size(), to);
  };
}

TEST(ModelFile, comes_back_as_it_was_written) {
  for (const PolicyKwargs& kwargs : {small, PolicyKwargs{}, PolicyKwargs{{}, {}, {}, false},
                                     PolicyKwargs{{7, 4}, {7, 4}, PolicyKwargs::Activation::relu, true}}) {
    const ModelFile model = random_model(kwargs);
    const ModelFile read = parse_model_file(model_file_bytes(model), "m.zip");
    EXPECT_EQ(read.algorithm, "PPO");
    EXPECT_EQ(read.observation_size, model.observation_size);
    EXPECT_EQ(read.action_count, model.action_count);
    EXPECT_EQ(read.policy_kwargs, model.policy_kwargs);
    EXPECT_EQ(read.policy, model.policy);
    EXPECT_EQ(read.optimizer, model.optimizer);
    EXPECT_EQ(read.extra_members, model.extra_members);
    for (const char* entry : {"\"batch_size\":32", "\"gamma\":0.95", "\"target_kl\":null"}) {
      EXPECT_NE(read.hyper_parameters_json.find(entry), std::string::npos) << entry;
    }
    EXPECT_EQ(read.hyper_parameters_json.find("observation_space"), std::string::npos);
  }
}

TEST(ModelFile, same_model_same_bytes_also_after_reading) {
  const std::string bytes = model_file_bytes(random_model(small));
  EXPECT_EQ(bytes, model_file_bytes(random_model(small)));
  EXPECT_EQ(bytes, model_file_bytes(parse_model_file(bytes, "m.zip")));
}

TEST(ModelFile, optimiser_that_has_not_stepped_needs_no_moments) {
  ModelFile model = random_model(small);
  model.optimizer = {};
  EXPECT_EQ(parse_model_file(model_file_bytes(model), "m.zip").optimizer, model.optimizer);
}

TEST(ModelFile, shared_trunk_trained_apart_reads_as_separate_nets) {
  const PolicyKwargs shared{{4}, {4}, PolicyKwargs::Activation::tanh, true};
  auto members = unzip_members(model_file_bytes(random_model(shared)), "model", limit);
  std::vector<NamedTensor> tensors = parse_state_dict(members["policy.pth"], "policy", limit);
  tensors[0].values[0] += 1;
  members["policy.pth"] = state_dict_bytes(tensors);
  std::vector<ZipMember> changed;
  for (const auto& [name, bytes] : members) changed.push_back({name, bytes});
  const ModelFile read = parse_model_file(zip_members(changed), "m.zip");
  EXPECT_FALSE(read.policy_kwargs.shared_trunk);
  EXPECT_EQ(read.policy, tensors);
}

TEST(ModelFile, writing_refuses_what_is_not_a_model) {
  const auto code_after = [](const std::function<void(ModelFile&)>& change) {
    ModelFile model = random_model(small);
    change(model);
    return error_of([&] { model_file_bytes(model); }).code();
  };
  EXPECT_EQ(code_after([](ModelFile& model) { model.policy.pop_back(); }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.policy[0].values.pop_back(); }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.optimizer.exp_avg.clear(); }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.hyper_parameters_json = "[1]"; }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.extra_members["data"] = ""; }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.algorithm = "DQN"; }), "model.inconsistent");
  EXPECT_EQ(code_after([](ModelFile& model) { model.policy[1].values[0] = std::nanf(""); }),
            "model.not_finite");
}

TEST(ModelFile, every_cut_is_refused) {
  const std::string bytes = model_file_bytes(random_model(small));
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    const Error error = error_of([&] { parse_model_file(bytes.substr(0, size), "m.zip"); });
    EXPECT_EQ(error.code(), "model.unreadable") << size;
    EXPECT_EQ(error.place(), "m.zip");
  }
}

TEST(ModelFile, damage_never_does_more_than_throw) {
  const std::string good = model_file_bytes(random_model(small));
  RandomStream random(9, 0);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    try {
      const ModelFile read = parse_model_file(bytes, "m.zip");
      EXPECT_NO_THROW(model_file_bytes(read));
    } catch (const Error& error) {
      EXPECT_TRUE(error.code().starts_with("model.")) << error.what();
    }
  }
}

TEST(ModelFile, names_the_missing_member) {
  for (const char* member : {"data", "policy.pth", "policy.optimizer.pth"}) {
    const Error error = error_with(member, [](std::string& bytes) { bytes = "drop"; });
    EXPECT_EQ(error.code(), "model.unreadable");
    EXPECT_EQ(error.place(), "m.zip");
    EXPECT_NE(error.message().find(member), std::string::npos);
  }
}

TEST(ModelFile, refuses_other_kinds_of_models_by_what_data_says) {
  EXPECT_EQ(error_with("data", replacing("clip_range", "clip_rangd")).code(), "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("modules.activation.ReLU'", "modules.activation.ELU'")).code(),
            "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("discrete.Discrete'", "multi_discrete.MultiDiscrete'")).code(),
            "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("box.Box'", "dict.Dict'")).code(), "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("\"dtype\": \"float32\"", "\"dtype\": \"uint8\"")).code(),
            "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("\"start\": \"0\"", "\"start\": \"1\"")).code(),
            "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("stable_baselines3.common.policies", "sb3_contrib.common")).code(),
            "model.unsupported");
  EXPECT_EQ(error_with("data", replacing("{", "[")).code(), "model.unreadable");
  EXPECT_EQ(error_with("data", [](std::string& data) { data = std::string(100000, '['); }).code(),
            "model.unreadable");
}

TEST(ModelFile, refuses_tensors_that_do_not_fit) {
  const auto error_with_tensors = [](const std::function<void(std::vector<NamedTensor>&)>& change) {
    return error_with("policy.pth", [&](std::string& bytes) {
      std::vector<NamedTensor> tensors = parse_state_dict(bytes, "policy", limit);
      change(tensors);
      bytes = state_dict_bytes(tensors);
    });
  };
  using Tensors = std::vector<NamedTensor>;
  const Error missing = error_with_tensors([](Tensors& tensors) { tensors.pop_back(); });
  EXPECT_EQ(missing.code(), "model.unsupported");
  EXPECT_EQ(missing.place(), "m.zip:policy.pth");
  EXPECT_NE(missing.message().find("value_net.bias"), std::string::npos);
  EXPECT_EQ(error_with_tensors([](Tensors& tensors) {
              tensors.push_back({"log_std", {1}, {0}});
            }).code(),
            "model.unsupported");
  EXPECT_EQ(error_with_tensors([](Tensors& tensors) {
              tensors[1] = {tensors[1].name, {2}, {0, 0}};
            }).code(),
            "model.unsupported");
  EXPECT_EQ(error_with_tensors([](Tensors& tensors) {
              tensors[0].values[3] = std::numeric_limits<float>::infinity();
            }).code(),
            "model.unsupported");
}

/// A .pth of one tensor "w" over the storage {0, 1, ..., 5}.
struct HandMade {
  std::string storage_type = "FloatStorage";
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape = {2, 3};
  std::vector<std::int64_t> strides = {3, 1};
  std::string byte_order = "little";
  std::string function_module = "torch._utils";
  std::string function_name = "_rebuild_tensor_v2";

  std::string bytes() const {
    PickleWriter pickle;
    pickle.empty_dict();
    pickle.mark();
    pickle.text("w");
    pickle.global(function_module, function_name);
    pickle.mark();
    pickle.mark();
    pickle.text("storage");
    pickle.global("torch", storage_type);
    pickle.text("0");
    pickle.text("cpu");
    pickle.integer(6);
    pickle.tuple();
    pickle.persistent();
    pickle.integer(offset);
    for (const auto& numbers : {shape, strides}) {
      pickle.mark();
      for (const std::int64_t number : numbers) pickle.integer(number);
      pickle.tuple();
    }
    pickle.boolean(false);
    pickle.none();
    pickle.tuple();
    pickle.call();
    pickle.set_items();
    const std::vector<float> values = {0, 1, 2, 3, 4, 5};
    const std::string storage(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    return zip_members({{"archive/data.pkl", pickle.finish()},
                        {"archive/byteorder", byte_order},
                        {"archive/data/0", storage}});
  }
  std::vector<float> values() const { return parse_state_dict(bytes(), "p.pth", limit).at(0).values; }
  std::string error_code() const {
    return error_of([&] { parse_state_dict(bytes(), "p.pth", limit); }).code();
  }
};

TEST(TorchFile, follows_strides_and_offsets) {
  EXPECT_EQ(HandMade{}.values(), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ((HandMade{.shape = {3, 2}, .strides = {1, 3}}.values()), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ((HandMade{.offset = 1, .shape = {2, 2}, .strides = {3, 1}}.values()),
            (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ((HandMade{.offset = 4, .shape = {}, .strides = {}}.values()), (std::vector<float>{4}));
  EXPECT_EQ((HandMade{.shape = {3}, .strides = {2}}.values()), (std::vector<float>{0, 2, 4}));
}

TEST(TorchFile, refuses_shapes_that_leave_the_storage) {
  const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  for (const HandMade& file :
       {HandMade{.shape = {2, 4}}, HandMade{.offset = 1}, HandMade{.offset = -1}, HandMade{.shape = {-1, 3}},
        HandMade{.shape = {huge, huge}}, HandMade{.strides = {huge, 1}}, HandMade{.strides = {-3, 1}},
        HandMade{.shape = {3, 3}, .strides = {0, 1}}, HandMade{.strides = {1}}, HandMade{.offset = huge},
        HandMade{.offset = 6, .shape = {}, .strides = {}},
        HandMade{.shape = std::vector<std::int64_t>(64, 1), .strides = std::vector<std::int64_t>(64, 1)}}) {
    EXPECT_EQ(file.error_code(), "model.unreadable");
  }
}

TEST(TorchFile, refuses_other_numbers_and_calls) {
  EXPECT_EQ(HandMade{.storage_type = "DoubleStorage"}.error_code(), "model.unsupported");
  EXPECT_EQ(HandMade{.byte_order = "big"}.error_code(), "model.unsupported");
  EXPECT_EQ((HandMade{.function_module = "os", .function_name = "system"}.error_code()), "model.unsupported");
  EXPECT_EQ((HandMade{.shape = {0, 3}}.error_code()), "model.unsupported");
}

TEST(Pickle, reads_what_it_writes) {
  PickleWriter writer;
  writer.mark();
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 40,
                                    -(std::int64_t{1} << 40), std::numeric_limits<std::int64_t>::min()}) {
    writer.integer(number);
  }
  writer.real(-0.1);
  writer.text("name");
  writer.boolean(true);
  writer.none();
  writer.tuple();
  const std::string bytes = writer.finish();
  const PickleDocument document = parse_pickle(bytes, "p");
  const PickleNode& root = document.nodes[document.root];
  ASSERT_EQ(root.children.size(), 9U);
  const auto child = [&](std::size_t i) { return document.nodes[root.children[i]]; };
  EXPECT_EQ(child(0).integer, 0);
  EXPECT_EQ(child(1).integer, -5);
  EXPECT_EQ(child(2).integer, std::int64_t{1} << 40);
  EXPECT_EQ(child(3).integer, -(std::int64_t{1} << 40));
  EXPECT_EQ(child(4).integer, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(child(5).real, -0.1);
  EXPECT_EQ(child(6).text, "name");
  EXPECT_EQ(child(7).kind, PickleNode::Kind::boolean);
  EXPECT_EQ(child(8).kind, PickleNode::Kind::none);
}

TEST(Pickle, every_cut_is_refused) {
  const std::string bytes =
      unzip_members(state_dict_bytes(random_model(small).policy), "p", limit).at("archive/data.pkl");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(error_of([&] { parse_pickle(std::string_view(bytes).substr(0, size), "p"); }).code(),
              "model.unreadable");
  }
}

TEST(Pickle, executes_nothing) {
  // What pickle.dumps gives for an object whose __reduce__ is (os.system, ("true",)), and two other ways to a
  // call.
  for (const char* text :
       {"cos\nsystem\n(X\4\0\0\0trueotR.", "(S'true'\nios\nsystem\n.", "cbuiltins\neval\n)\x81."}) {
    const Error error = error_of([&] { parse_pickle(text, "p"); });
    EXPECT_TRUE(error.code() == "model.unsupported" || error.code() == "model.unreadable");
  }
  const Error error = error_of([&] { parse_pickle("cposix\nsystem\n)R.", "p"); });
  EXPECT_EQ(error.code(), "model.unsupported");
  EXPECT_NE(error.message().find("posix.system"), std::string::npos);
}

TEST(ZipArchive, refuses_to_unpack_more_than_the_limit) {
  const std::string bytes = zip_members({{"a", std::string(600, 'x')}, {"b", std::string(600, 'y')}});
  EXPECT_EQ(unzip_members(bytes, "z", 1200).size(), 2U);
  EXPECT_EQ(error_of([&] { unzip_members(bytes, "z", 1199); }).code(), "model.unreadable");
}

TEST(ModelFile, is_written_whole_or_not_at_all) {
  std::string folder = (std::filesystem::temp_directory_path() / "stevie_test_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::filesystem::path path = std::filesystem::path(folder) / "m.zip";
  write_model_file(path, random_model(small));
  const std::string before = read_file(path);
  ModelFile diverged = random_model(small);
  diverged.policy[0].values[0] = std::nanf("");
  EXPECT_THROW(write_model_file(path, diverged), Error);
  EXPECT_EQ(read_file(path), before);
  EXPECT_EQ(read_model_file(path).policy, random_model(small).policy);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace stevie::nn
