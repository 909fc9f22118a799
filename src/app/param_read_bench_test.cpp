#include "app/param_read_bench.h"

#include <gtest/gtest.h>

namespace stevie::app {
namespace {

TEST(ParamReadBench, measures_reads_with_and_without_a_writer) {
  const std::vector<BenchRow> rows = measure_parameter_reads(0.03);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "param_read");
  EXPECT_EQ(rows[1].name, "param_read_published");
  for (const BenchRow& row : rows) {
    EXPECT_EQ(row.unit, "ns");
    EXPECT_GT(row.value, 0);
    EXPECT_GT(row.fraction, 0);
    EXPECT_NE(row.yardstick.find("std::shared_mutex"), std::string::npos);
  }
  EXPECT_NE(rows[1].yardstick.find("versions a second"), std::string::npos);
}

}  // namespace
}  // namespace stevie::app
