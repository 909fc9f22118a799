/// The hypothesis tests against Python packages, where their definitions agree.
#include <gtest/gtest.h>

#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/random.h"
#include "peers/peer.h"
#include "stats/stats.h"

namespace stevie::stats {
namespace {

using Rows = std::vector<std::vector<double>>;

void write_rows(const std::filesystem::path& path, const Rows& rows) {
  std::ostringstream text;
  text << std::setprecision(std::numeric_limits<double>::max_digits10);
  for (const std::vector<double>& row : rows) {
    for (const double value : row) text << value << ' ';
    text << '\n';
  }
  write_file(path, text.str());
}

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

/// The numbers of every line of an answer.
Rows numbers_of(const std::string& answer) {
  Rows rows;
  std::istringstream lines(answer);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    rows.emplace_back();
    for (double value = 0; numbers >> value;) rows.back().push_back(value);
  }
  return rows;
}

Rows gains_of(std::uint64_t stream, const std::vector<double>& means) {
  RandomStream random(51, stream);
  Rows rows;
  for (std::size_t k = 0; k < means.size(); ++k) {
    rows.emplace_back();
    double last = 0;
    for (std::size_t t = 0; t < 300; ++t) {
      last = 0.2 * last + random.normal();
      rows.back().push_back(static_cast<double>(k + 1) * (means[k] + last));
    }
  }
  return rows;
}

// Both draw 2000 resamples of their own: p values agree to 4 standard deviations of their difference.
void expect_same_p(double own, double other) {
  EXPECT_NEAR(own, other, 4 * std::sqrt(2 * std::max(other * (1 - other), 0.001) / 2000));
}

TEST(Arch, AgreesOnTheBestOfManyMeans) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  const peers::TemporaryFolder folder;
  std::uint64_t stream = 0;
  for (const std::vector<double>& means : Rows{{0, 0, 0}, {0.1, -0.3, 0.05, -0.02}, {0.4, 0.1, 0.5, 0}}) {
    const Rows rows = gains_of(stream++, means);
    write_rows(folder / "gains.txt", rows);
    const Rows answer =
        numbers_of(peers::run("arch_superior_ability.py", quoted(folder / "gains.txt") + " 5"));
    ASSERT_EQ(answer.size(), 4u);
    std::vector<double> all;
    for (const std::vector<double>& row : rows) all.insert(all.end(), row.begin(), row.end());
    const SeriesView view{all, rows.size(), 300};
    MeanTestConfig config;
    config.replicates = 2000;
    config.mean_block = 5;
    const SuperiorAbility own = superior_ability(view, config);
    double statistic = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      double mean = 0;
      for (const double value : rows[k]) mean += value / 300;
      statistic = std::max(statistic, std::sqrt(300.0) * mean / answer[0][k]);
    }
    EXPECT_NEAR(own.statistic, statistic, 1e-9 * statistic);
    expect_same_p(own.p_lower, answer[1][0]);
    expect_same_p(own.p_consistent, answer[1][1]);
    expect_same_p(own.p_upper, answer[1][2]);
    expect_same_p(reality_check(view, config), answer[2][0]);
    const std::vector<std::size_t> superior = stepwise_selection(view, config);
    EXPECT_EQ(std::vector<double>(superior.begin(), superior.end()), answer[3]);
  }
}

TEST(OnlineFdr, TestsAtTheSameLevels) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  RandomStream random(52, 0);
  std::vector<double> p_values;
  for (int t = 0; t < 300; ++t) {
    const double z = random.normal() + (random.uniform() < 0.3 ? 3 : 0);
    p_values.push_back(0.5 * std::erfc(z / std::sqrt(2.0)));
  }
  const peers::TemporaryFolder folder;
  write_rows(folder / "p.txt", {p_values});
  const Rows answer =
      numbers_of(peers::run("online_fdr_levels.py", quoted(folder / "p.txt") + " 0.1 0.04 0.4"));
  ASSERT_EQ(answer.size(), 2u);
  for (const StreamRule rule : {StreamRule::lord, StreamRule::saffron}) {
    const std::vector<double>& levels = answer[rule == StreamRule::lord ? 0 : 1];
    ASSERT_EQ(levels.size(), p_values.size());
    ProposalStream stream({rule, 0.1, 0.04, 0.4});
    for (std::size_t t = 0; t < p_values.size(); ++t) {
      EXPECT_NEAR(stream.next_level(), levels[t], 1e-12) << "test " << t + 1;
      stream.judge(p_values[t]);
    }
    EXPECT_GT(stream.promoted(), 10u);
  }
}

TEST(Skfolio, CutsTheSameSplits) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  for (const PurgedConfig& config : std::vector<PurgedConfig>{
           {12, 3, 2, 0, 0}, {61, 6, 2, 1, 2}, {100, 10, 8, 2, 3}, {103, 7, 3, 4, 0}, {90, 6, 4, 0, 5}}) {
    std::ostringstream arguments;
    arguments << config.periods << ' ' << config.groups << ' ' << config.test_groups << ' ' << config.purge
              << ' ' << config.embargo;
    const Rows answer = numbers_of(peers::run("skfolio_splits.py", arguments.str()));
    const PurgedSplits own = purged_splits(config);
    ASSERT_EQ(answer.size(), 2 * own.splits.size() + config.groups);
    const auto as_numbers = [](const std::vector<std::uint32_t>& indices) {
      return std::vector<double>(indices.begin(), indices.end());
    };
    for (std::size_t i = 0; i < own.splits.size(); ++i) {
      EXPECT_EQ(as_numbers(own.splits[i].train), answer[2 * i]) << arguments.str() << " split " << i;
      EXPECT_EQ(as_numbers(own.splits[i].test), answer[2 * i + 1]) << arguments.str() << " split " << i;
    }
    for (std::size_t group = 0; group < config.groups; ++group) {
      std::vector<double> tested;
      for (const std::vector<std::uint32_t>& path : own.paths) tested.push_back(path[group]);
      EXPECT_EQ(tested, answer[2 * own.splits.size() + group]);
    }
  }
}

TEST(Scipy, AgreesOnSeeds) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  RandomStream random(53, 0);
  Rows scores(2);
  for (int i = 0; i < 40; ++i) scores[0].push_back(std::round(4 * random.normal()) / 4);  // with ties
  for (int i = 0; i < 25; ++i) scores[1].push_back(std::round(4 * random.normal()) / 4);
  const peers::TemporaryFolder folder;
  write_rows(folder / "scores.txt", scores);
  const Rows answer = numbers_of(peers::run("scipy_seeds.py", quoted(folder / "scores.txt")));
  ASSERT_EQ(answer.size(), 2u);
  EXPECT_NEAR(interquartile_mean(scores[0]), answer[0][0], 1e-12);
  EXPECT_NEAR(probability_of_improvement({scores[0], 1, 40}, {scores[1], 1, 25}, {}).probability,
              answer[1][0], 1e-12);
}

}  // namespace
}  // namespace stevie::stats
