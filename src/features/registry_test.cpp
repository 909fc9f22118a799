/// The registry keeps what it says of each indicator, and docs/features.md says the same.
#include "features/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "features/pipeline.h"
#include "features/random_series.h"

namespace stevie::features {
namespace {

std::vector<OutputInfo> all_outputs() {
  std::vector<OutputInfo> all;
  for (const IndicatorGroup& group : indicator_groups()) {
    all.insert(all.end(), group.outputs.begin(), group.outputs.end());
  }
  return all;
}

TEST(Registry, NamesAreUniqueAndDescribed) {
  std::set<std::string> names;
  for (const OutputInfo& output : all_outputs()) {
    EXPECT_TRUE(names.insert(output.name).second) << output.name << " is there twice";
    EXPECT_EQ(output.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos);
    EXPECT_FALSE(output.formula.empty()) << output.name;
    EXPECT_FALSE(output.source.empty()) << output.name;
    EXPECT_GE(output.look_back, 1u) << output.name;
  }
}

TEST(Registry, RefusesAnUnknownNameAndListsTheKnownOnes) {
  const market::Bars bars = random_series({.name = "ordinary"}, 10, 1);
  try {
    compute_indicator(bars, "rsi_15");
    FAIL() << "an unknown indicator was computed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "features.unknown_indicator");
    EXPECT_NE(error.message().find("rsi_14"), std::string::npos);
  }
}

TEST(Registry, ColumnsOfTheObservationAreTheNamedIndicators) {
  const market::Bars bars = random_series({.name = "gaps", .gap_share = 0.02}, 1000, 2);
  const FeatureMatrix matrix = compute_features(bars);
  const auto names = feature_names();
  for (std::size_t k = 0; k < names.size(); ++k) {
    const std::vector<double> values = compute_indicator(bars, names[k]);
    ASSERT_EQ(values.size(), bars.size());
    for (std::size_t t = 0; t < bars.size(); ++t) {
      ASSERT_EQ(static_cast<float>(values[t]), matrix.row(t)[k]) << names[k] << " at bar " << t;
    }
  }
}

/// A history that starts exactly look_back bars before t must give the value of the whole history, to 1/1000
/// of the range of the series: that much the recursive averages may remember.
TEST(Registry, LookBackIsTrue) {
  const market::Bars bars = random_series({.name = "ordinary"}, 3000, 3);
  for (const OutputInfo& output : all_outputs()) {
    const std::vector<double> whole = compute_indicator(bars, output.name);
    const auto [least, largest] = std::minmax_element(whole.begin() + 1000, whole.end());
    for (const std::size_t t : {1311u, 2000u, 2999u}) {
      const std::vector<double> late =
          compute_indicator(bars.slice(t + 1 - output.look_back, t + 1), output.name);
      EXPECT_NEAR(late.back(), whole[t], 1e-3 * (*largest - *least)) << output.name << " at bar " << t;
    }
  }
}

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Cells of a Markdown table row; "\|" inside a cell is a plain bar.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      result.push_back(trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return result;
}

/// Rows of docs/features.md whose first cell is a number (columns of the observation) or "-" (other
/// indicators).
std::vector<std::vector<std::string>> documented_rows() {
  const std::filesystem::path page = std::filesystem::path(STEVIE_SOURCE_FOLDER) / "docs" / "features.md";
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(read_file(page));
  for (std::string line; std::getline(text, line);) {
    if (line.rfind("| ", 0) != 0) continue;
    const std::vector<std::string> row = cells(line);
    if (row.size() != 5 || row[0].empty()) continue;
    const bool is_number = row[0].find_first_not_of("0123456789") == std::string::npos;
    if (is_number || row[0] == "-") rows.push_back(row);
  }
  return rows;
}

TEST(Registry, AgreesWithTheDocumentation) {
  std::vector<std::vector<std::string>> observed;
  std::vector<std::vector<std::string>> others;
  for (const OutputInfo& output : all_outputs()) {
    const std::string number = output.in_observation ? std::to_string(observed.size()) : "-";
    (output.in_observation ? observed : others)
        .push_back({number, output.name, output.formula, std::to_string(output.look_back), output.source});
  }
  std::vector<std::vector<std::string>> expected = observed;
  expected.insert(expected.end(), others.begin(), others.end());
  EXPECT_EQ(documented_rows(), expected);
}

}  // namespace
}  // namespace stevie::features
