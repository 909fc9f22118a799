#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "market/readers.h"

namespace stevie::cli {
namespace {

using Result = ProgramResult;

Result run_data(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--quiet", "data"});
  return run_stevie(arguments);
}

class DataCommand : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

void expect_one_sentence(const Result& result) {
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err.rfind("stevie: ", 0), 0u) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST_F(DataCommand, SynthResampleAndCheckFitTogether) {
  const Result made =
      run_data({"synth", "--bars", "1000", "--seed", "4", "--out", path("SYNTHUSDT_1h.csv.gz")});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(std::filesystem::exists(path("SYNTHUSDT_1h.labels.csv")));

  const Result longer =
      run_data({"resample", path("SYNTHUSDT_1h.csv.gz"), "--to", "4h", "--out", path("SYNTHUSDT_4h.csv")});
  ASSERT_EQ(longer.code, 0) << longer.err;
  EXPECT_EQ(market::read_bars(path("SYNTHUSDT_4h.csv")).size(), 250u);

  const Result checked = run_data({"check", path("SYNTHUSDT_4h.csv")});
  EXPECT_EQ(checked.code, 0) << checked.err;
  for (const char* line :
       {"interval     4h\n", "rows         250\n", "faults       none\n", "gaps         none\n"}) {
    EXPECT_NE(checked.out.find(line), std::string::npos) << checked.out;
  }
}

TEST_F(DataCommand, OuWritesItsSignal) {
  const Result made = run_data(
      {"synth", "--model", "ou", "--bars", "50", "--out", path("a.csv"), "--signal-out", path("deep/b.csv")});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(read_file(path("deep/b.csv")).starts_with("timestamp,signal\n"));
}

TEST_F(DataCommand, CheckListsFaultsAndEndsWithTwo) {
  write_file(
      path("bad.csv"),
      "timestamp,open,high,low,close,volume\n1577836800000,10,12,9,11,5\n1577840400000,10,12,9,x\xff,5\n"
      "1577836800000,10,12,9,11,5\n1577847600000,10,12,9,11,5\n1577851200000,10,8,9,11,5\n"
      "1577854800000,10,12,9,11,5\n1577858400000,10,12,9,11,5\n1577862000000,10,12,9,11,5\n");
  const Result text = run_data({"check", path("bad.csv")});
  expect_one_sentence(text);
  EXPECT_NE(text.err.find("bad.csv: the file cannot be used as it is"), std::string::npos) << text.err;
  EXPECT_NE(text.out.find("line 3: "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("line 6: open 10, high 8"), std::string::npos) << text.out;

  const Result json = run_data({"check", path("bad.csv"), "--json"});
  EXPECT_EQ(json.code, 2);
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_FALSE(report["usable"]);
  EXPECT_EQ(report["rows"], 8);
  EXPECT_EQ(report["faults"]["market.bad_number"], 1);
  EXPECT_EQ(report["faults"]["market.bad_range"], 1);
  EXPECT_EQ(report["faults"]["market.duplicate"], 1);
  EXPECT_EQ(report["gaps"]["missing_bars"], 3);  // hours 1 and 2, and the faulty hour 4
}

TEST_F(DataCommand, BadInputIsOneSentence) {
  write_file(path("good.csv"),
             "timestamp,open,high,low,close\n1577836800000,10,12,9,11\n1577840400000,11,12,9,11\n");
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"check", path("none.csv")},
           {"resample", path("good.csv"), "--to", "90m", "--out", path("x.csv")},
           {"resample", path("good.csv"), "--to", "soon", "--out", path("x.csv")},
           {"synth", "--model", "brownian", "--out", path("x.csv")},
           {"synth", "--bars", "0", "--out", path("x.csv")},
           {"synth", "--bars", "-5", "--out", path("x.csv")},
           {"check", path("good.csv"), "--outlier-window", "-1"},
           {"synth", "--out", ""},
           {"download", "kraken", "BTC/USDT", "1h", "--since", "2020-01-01"},
           {"download", "binance", "BTC/USDT", "7m", "--since", "2020-01-01", "--out", path("x.csv")},
           {"download", "binance", "BTC/USDT", "1h", "--since", "yesterday", "--out", path("x.csv")}}) {
    expect_one_sentence(run_data(arguments));
  }
  EXPECT_FALSE(std::filesystem::exists(path("x.csv")));
}

TEST_F(DataCommand, NamesTheFlagOfABadTime) {
  const Result result = run_data({"synth", "--start", "soon", "--out", path("x.csv")});
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(result.err.starts_with("stevie: flag --start: 'soon' is not a time")) << result.err;
}

TEST_F(DataCommand, ShowsDamagedBytesPrintably) {
  write_file(path("zero.csv"), std::string("\0\x1b[2Jx\n", 7));
  const Result result = run_data({"check", path("zero.csv")});
  EXPECT_NE(result.err.find("the header reads '\\x00\\x1b[2Jx'"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("separated by commas"), std::string::npos) << result.err;
}

TEST_F(DataCommand, LabelsRegimes) {
  ASSERT_EQ(run_data({"synth", "--bars", "2000", "--out", path("SYNTHUSDT_1h.csv")}).code, 0);
  const Result result = run_data({"regimes", path("SYNTHUSDT_1h.csv"), "--out", path("regimes.csv")});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("sideways"), std::string::npos) << result.out;
  EXPECT_TRUE(read_file(path("regimes.csv")).starts_with("timestamp,regime,known\n"));
  expect_one_sentence(run_data({"regimes", path("none.csv")}));
}

TEST_F(DataCommand, EveryCommandHasAnExample) {
  for (const char* command : {"check", "resample", "regimes", "synth", "augment", "download"}) {
    const Result help = run_data({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.out.find("Example:"), std::string::npos) << command;
  }
}

TEST_F(DataCommand, AugmentWritesBarsAndAPictureAndNamesItsFaults) {
  run_data({"synth", "--bars", "300", "--out", path("SYNTHUSDT_1h.csv")});
  const Result made = run_data({"augment", path("SYNTHUSDT_1h.csv"), "--techniques", "noise,warp", "--out",
                                path("new.csv"), "--picture", path("new.svg")});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_NE(made.out.find("of its speed"), std::string::npos) << made.out;
  EXPECT_NE(read_file(path("new.svg")).find("</svg>"), std::string::npos);
  EXPECT_EQ(run_data({"check", path("new.csv")}).code, 0);
  expect_one_sentence(run_data({"augment", path("SYNTHUSDT_1h.csv")}));
  const Result wrong = run_data({"augment", path("SYNTHUSDT_1h.csv"), "--techniques", "blur"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.err.find("there is no technique 'blur'"), std::string::npos) << wrong.err;
}

TEST_F(DataCommand, AugmentRefusesBadBarsAndAmountsAndWritesNothing) {
  run_data({"synth", "--bars", "300", "--out", path("SYNTHUSDT_1h.csv")});
  const std::string header = "timestamp,open,high,low,close,volume\n";
  write_file(path("nan.csv"), header + "1577836800000,10,12,9,11,5\n1577840400000,nan,12,9,11,5\n");
  write_file(path("inverted.csv"), header + "1577836800000,10,12,9,11,5\n1577840400000,10,9,12,11,5\n");
  write_file(path("one_1h.csv"), header + "1577836800000,10,12,9,11,5\n");
  write_file(path("empty.csv"), header);
  const std::string good = path("SYNTHUSDT_1h.csv");
  using Case = std::pair<std::vector<std::string>, std::string>;
  for (const auto& [arguments, expected] : std::vector<Case>{
           {{path("nan.csv")}, "nan.csv:3"},
           {{path("inverted.csv")}, "inverted.csv:3"},
           {{path("one_1h.csv")}, "fewer than two bars"},
           {{path("empty.csv")}, "empty.csv"},
           {{path("none.csv")}, "none.csv"},
           {{good, "--from", "2031-01-01"}, "the file covers 2020-01-01"},
           {{good, "--from", "soon"}, "flag --from"},
           {{good, "--picture-bars", "1"}, "--picture-bars"},
           {{good, "--seed", "-1"}, "--seed"},
           {{good, "--set", "augmentation.noise_deviation=-0.1"}, "noise_deviation"},
           {{good, "--set", "augmentation.noise_deviation=nan"}, "noise_deviation"},
           {{good, "--set", "augmentation.share=0"}, "share"},
           {{good, "--set", "augmentation.warp_from=3"}, "warp_from"},
           {{good, "--set", "augmentation.block_bars=0"}, "block_bars"},
           {{good, "--set", "augmentation.techniques=[\"bootstrap\", \"permutation\"]"}, "choose one"}}) {
    SCOPED_TRACE(arguments.back());
    std::vector<std::string> words{"augment", "--out", path("new.csv"), "--picture", path("new.svg")};
    if (expected != "choose one") words.insert(words.end(), {"--techniques", "all"});
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Result result = run_data(words);
    expect_one_sentence(result);
    EXPECT_NE(result.err.find(expected), std::string::npos) << result.err;
    EXPECT_FALSE(std::filesystem::exists(path("new.csv")));
    EXPECT_FALSE(std::filesystem::exists(path("new.svg")));
  }
}

}  // namespace
}  // namespace stevie::cli
