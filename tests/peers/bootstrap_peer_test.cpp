/// The automatic block length against the Python package `arch`.
#include <gtest/gtest.h>

#include <algorithm>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/random.h"
#include "peers/peer.h"
#include "stats/bootstrap.h"

namespace stevie::stats {
namespace {

/// Normal noise that remembers `memory` of its last value.
std::vector<double> autoregressive(std::uint64_t stream, std::size_t count, double memory) {
  RandomStream random(17, stream);
  std::vector<double> series(count);
  double last = 0;
  for (double& value : series) value = last = memory * last + random.normal();
  return series;
}

TEST(Arch, ChoosesTheSameBlockLengths) {
  if (peers::python().empty()) GTEST_SKIP() << peers::no_python;
  std::vector<std::vector<double>> all;
  for (const std::size_t count : {40u, 365u, 2000u})
    for (const double memory : {-0.4, 0.0, 0.2, 0.7, 0.95})
      all.push_back(autoregressive(all.size(), count, memory));
  std::ostringstream text;
  text << std::setprecision(std::numeric_limits<double>::max_digits10);
  for (const std::vector<double>& series : all) {
    for (const double value : series) text << value << ' ';
    text << '\n';
  }
  const peers::TemporaryFolder folder;
  write_file(folder / "series.txt", text.str());
  std::istringstream answers(
      peers::run("arch_block_length.py", "'" + (folder / "series.txt").string() + "'"));
  for (std::size_t i = 0; i < all.size(); ++i) {
    double stationary = 0, circular = 0;
    ASSERT_TRUE(answers >> stationary >> circular) << "series " << i;
    const BlockLengths own = automatic_block_length(all[i]);
    // below one a block is no block: this program then takes single days
    EXPECT_NEAR(own.stationary, std::max(stationary, 1.0), 1e-9 * own.stationary) << "series " << i;
    EXPECT_NEAR(own.circular, std::max(circular, 1.0), 1e-9 * own.circular) << "series " << i;
  }
}

}  // namespace
}  // namespace stevie::stats
