#include "app/ensemble_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "app/ensemble_testing.h"
#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"
#include "nn/zip_archive.h"

namespace stevie::app {
namespace {

using nlohmann::json;
using testing::mixed_spec;

const market::Bars& bars() {
  static const market::Bars made = testing::made_up_bars();
  return made;
}
const ModelCard& card() {
  static const ModelCard made = testing::card_of(bars());
  return made;
}

/// The file of a spec with its manifest changed by hand.
std::string with_manifest(const EnsembleSpec& spec, const std::function<void(json&)>& change) {
  auto parts = nn::unzip_members(ensemble_file_bytes(spec), "test", std::size_t{1} << 26);
  json manifest = json::parse(parts.at(ensemble_manifest_member));
  change(manifest);
  parts.at(ensemble_manifest_member) = manifest.dump();
  std::vector<nn::ZipMember> list;
  for (const auto& [name, bytes] : parts) list.push_back({name, bytes});
  return nn::zip_members(list);
}

/// What an ensemble decides over some bars.
std::vector<double> decisions(const EnsembleSpec& spec, bool streaming) {
  MemberSurroundings surroundings{.bars = streaming ? nullptr : &bars(),
                                  .symbol = bars().symbol,
                                  .interval = bars().interval,
                                  .measuring = {}};
  const auto ensemble = make_ensemble(spec, surroundings);
  const features::FeatureMatrix matrix = features::compute_features(bars());
  std::vector<float> observation(features::observation_size, 0.0F);
  std::vector<double> taken;
  const std::size_t first = 2600;
  for (std::size_t bar = 0; bar < first && streaming; ++bar) ensemble->warm_up(bars()[bar]);
  for (std::size_t bar = first; bar < first + 300; ++bar) {
    std::ranges::copy(matrix.row(bar), observation.begin());
    strategy::Situation situation;
    situation.bar = bars()[bar];
    situation.bar_index = bar;
    situation.observation = observation;
    ensemble->decide(situation);
    taken.push_back(ensemble->last().value);
    for (const std::size_t chosen : ensemble->last().chosen) taken.push_back(static_cast<double>(chosen));
  }
  return taken;
}

TEST(EnsembleFile, SavedAndReadItDecidesTheSame) {
  EnsembleSpec spec = mixed_spec(card());
  spec.name = "four";
  spec.config.method = strategy::EnsembleMethod::vote;
  spec.config.hedge.floor = 0.03;
  spec.config.temperature = 2.5;
  spec.members[0].weight = 0.4;
  spec.members[0].temperature = 3.25;
  spec.members[0].validation.sharpe = -0.75;
  spec.members[2].confidence = 0.9;
  const std::string bytes = ensemble_file_bytes(spec);
  const EnsembleSpec read = parse_ensemble_file(bytes, "test");
  EXPECT_EQ(ensemble_file_bytes(read), bytes);
  EXPECT_EQ(read.members[0].validation.sharpe, -0.75);
  EXPECT_EQ(decisions(read, false), decisions(spec, false));
}

TEST(EnsembleFile, MembersMeasuredBarByBarVoteAsThoseOverColumns) {
  EnsembleSpec spec = mixed_spec(card());
  EXPECT_EQ(decisions(spec, true), decisions(spec, false));
}

TEST(EnsembleFile, EveryMismatchBetweenMembersIsNamedAtOnce) {
  ModelCard other_actions = card(), other_bars = card();
  other_actions.environment.exposures = {0, 1};
  other_bars.interval = 4 * hour_ms;
  ModelCard other_observation = card();
  other_observation.feature_set_version = "7-0123456789abcdef";
  EnsembleSpec spec = mixed_spec(card());
  spec.members.push_back(testing::policy_spec("two actions", other_actions, 3));
  spec.members.push_back(testing::policy_spec("four hours", other_bars, 3));
  spec.members.push_back(testing::policy_spec("old features", other_observation, 3));
  const Error error = error_of([&] { check_members(spec, "test"); });
  EXPECT_EQ(error.code(), "ensemble.members_differ");
  for (const char* part :
       {"two actions", "0, 1", "-1, 0, 1", "four hours", "old features", "7-0123456789abcdef"})
    EXPECT_NE(error.message().find(part), std::string::npos) << part << " is not in\n" << error.message();
  // and a file that holds them is refused in the same way
  EXPECT_EQ(error_of([&] { parse_ensemble_file(ensemble_file_bytes(spec), "test"); }).code(),
            "ensemble.members_differ");
}

TEST(EnsembleFile, EveryFaultOfTheManifestIsNamedAtOnce) {
  const std::string bytes = with_manifest(mixed_spec(card()), [](json& manifest) {
    manifest["format"] = "other";
    manifest["config"]["loss_scale"] = -1;
    manifest["config"]["method"] = "guess";
    manifest["members"][0]["sha256"] = std::string(64, '0');
    manifest["members"][1]["weight"] = 0;
    manifest["members"][2]["kind"] = "oracle";
    manifest["members"][3].erase("confidence");
  });
  const Error error = error_of([&] { parse_ensemble_file(bytes, "test"); });
  EXPECT_EQ(error.code(), "ensemble.bad_manifest");
  for (const char* part : {"other", "loss scale", "guess", "SHA-256", "member 2", "oracle", "confidence"})
    EXPECT_NE(error.message().find(part), std::string::npos) << part << " is not in\n" << error.message();
}

TEST(EnsembleFile, FilesThatBelongToNoMemberAndMembersWithoutOneAreRefused) {
  const EnsembleSpec spec = mixed_spec(card());
  const auto dropped = with_manifest(spec, [](json& manifest) { manifest["members"].erase(3); });
  EXPECT_NE(error_of([&] { parse_ensemble_file(dropped, "test"); }).message().find("belongs to no member"),
            std::string::npos);
  const auto renamed =
      with_manifest(spec, [](json& manifest) { manifest["members"][1]["file"] = "../../etc/passwd"; });
  EXPECT_NE(error_of([&] { parse_ensemble_file(renamed, "test"); }).message().find("missing"),
            std::string::npos);
  const auto none = with_manifest(spec, [](json& manifest) { manifest["members"] = json::array(); });
  EXPECT_EQ(error_of([&] { parse_ensemble_file(none, "test"); }).code(), "ensemble.bad_manifest");
  for (const json& odd : {json(nullptr), json(3), json("x"), json::array({1, "a", json::object()})}) {
    const auto changed = with_manifest(spec, [&](json& manifest) { manifest["members"] = odd; });
    EXPECT_EQ(error_of([&] { parse_ensemble_file(changed, "test"); }).code(), "ensemble.bad_manifest") << odd;
  }
}

TEST(EnsembleFile, ABombNumbersThatAreNoneAndAnotherVersionAreRefused) {
  const EnsembleSpec spec = mixed_spec(card());
  auto parts = nn::unzip_members(ensemble_file_bytes(spec), "test", std::size_t{1} << 26);
  const auto zipped = [](const std::map<std::string, std::string>& files) {
    std::vector<nn::ZipMember> list;
    for (const auto& [name, bytes] : files) list.push_back({name, bytes});
    return nn::zip_members(list);
  };
  const auto code_with = [&](const std::string& from, const std::string& to) {
    auto changed = parts;
    std::string& manifest = changed.at(ensemble_manifest_member);
    const std::size_t at = manifest.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    manifest.replace(at, from.size(), to);
    return error_of([&] { parse_ensemble_file(zipped(changed), "test"); }).code();
  };
  for (const char* value : {"NaN", "Infinity", "1e999"})
    EXPECT_EQ(code_with("\"weight\": 1.0", std::string("\"weight\": ") + value), "ensemble.unreadable")
        << value;
  for (const char* value : {"-1", "0", "\"1\"", "null"})
    EXPECT_EQ(code_with("\"weight\": 1.0", std::string("\"weight\": ") + value), "ensemble.bad_manifest")
        << value;
  EXPECT_EQ(code_with("\"floor\": 0.02", "\"floor\": 0.5"), "ensemble.bad_manifest");
  EXPECT_EQ(code_with("stevie-ensemble-1", "stevie-ensemble-2"), "ensemble.bad_manifest");
  auto deep = parts;
  deep.at(ensemble_manifest_member) = std::string(100'000, '[');
  EXPECT_EQ(error_of([&] { parse_ensemble_file(zipped(deep), "test"); }).code(), "ensemble.unreadable");
  auto outside = parts;
  outside["../outside"] = "x";
  EXPECT_NE(error_of([&] { parse_ensemble_file(zipped(outside), "test"); }).message().find("../outside"),
            std::string::npos);
  // a part that says that it is larger than anything may be; only its name is read
  auto large = parts;
  large["members/9.zip"] = std::string(std::size_t{257} << 20, '\0');
  EXPECT_EQ(error_of([&] { parse_ensemble_file(zipped(large), "test"); }).code(), "ensemble.unreadable");
}

TEST(EnsembleFile, CutAndFlippedBytesAreRefusedOrChangeNothing) {
  EnsembleSpec spec;
  spec.card = card();
  spec.members = {testing::policy_spec("one", card(), 1), testing::constant_spec("cash", "0")};
  const std::string bytes = ensemble_file_bytes(spec);
  for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 40 + 1)
    EXPECT_THROW(parse_ensemble_file(std::string_view(bytes).substr(0, length), "test"), Error) << length;
  RandomStream random(1, 0);
  std::size_t refused = 0;
  constexpr std::size_t tries = 150;
  for (std::size_t i = 0; i < tries; ++i) {
    std::string flipped = bytes;
    const std::size_t at = random.below(bytes.size());
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random.below(8)));
    try {
      const EnsembleSpec read = parse_ensemble_file(flipped, "test");
      EXPECT_EQ(ensemble_file_bytes(read), bytes) << "byte " << at;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, tries * 9 / 10);
}

TEST(EnsembleFile, TheExpertKeepsItsSettings) {
  strategy::ExpertConfig expert;
  expert.rsi_low = 22.5;
  expert.slow_bars = 55;
  const strategy::ExpertConfig read = parse_expert_text(expert_text(expert), "test");
  EXPECT_EQ(read.rsi_low, 22.5);
  EXPECT_EQ(read.slow_bars, 55U);
  EXPECT_EQ(expert_text(read), expert_text(expert));
  for (const char* bad : {"", "[]", "{\"expert.rsi_low\": 3}", "{\"expert.rsi_low\": \"low\"}",
                          "{\"expert.rsi_lo\": \"3\"}", "{\"expert.rsi_low\": \"101\"}"})
    EXPECT_THROW(parse_expert_text(bad, "test"), Error) << bad;
}

TEST(EnsembleFile, IsToldFromOtherFiles) {
  const TemporaryFolder folder;
  write_file(folder.path() / "model.zip", testing::model_bytes(card(), 1));
  write_file(folder.path() / "text.zip", "not a zip");
  write_ensemble_file(folder.path() / "ensemble.zip", mixed_spec(card()));
  EXPECT_TRUE(is_ensemble_file(folder.path() / "ensemble.zip"));
  EXPECT_FALSE(is_ensemble_file(folder.path() / "model.zip"));
  EXPECT_FALSE(is_ensemble_file(folder.path() / "text.zip"));
  EXPECT_FALSE(is_ensemble_file(folder.path() / "absent.zip"));
  EXPECT_EQ(error_of([&] { read_ensemble_file(folder.path() / "model.zip"); }).code(), "ensemble.unreadable");
}

TEST(ModelCardMask, TravelsWithTheCardAndBlanksItsColumns) {
  ModelCard masked = card();
  masked.masked_columns = {features::feature_names()[3], features::feature_names()[50]};
  const ModelCard read = parse_model_card(model_card_json(masked), "test");
  EXPECT_EQ(read.masked_columns, masked.masked_columns);
  EXPECT_EQ(model_card_json(card()).find("masked"), std::string::npos);
  features::FeatureMatrix plain = features::compute_features(bars()), blanked = plain;
  apply_card(card(), plain);
  apply_card(read, blanked);
  for (std::size_t row = 1000; row < 1010; ++row) {
    for (std::size_t column = 0; column < plain.columns; ++column)
      EXPECT_EQ(blanked.row(row)[column], column == 3 || column == 50 ? 0.0F : plain.row(row)[column]);
  }
  masked.masked_columns = {"no such column"};
  EXPECT_EQ(error_of([&] { parse_model_card(model_card_json(masked), "test"); }).code(), "model.bad_card");
}

}  // namespace
}  // namespace stevie::app
