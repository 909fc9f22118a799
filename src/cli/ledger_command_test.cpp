#include <gtest/gtest.h>

#include <filesystem>

#include "cli/cli_testing.h"
#include "core/file.h"
#include "core/testing.h"
#include "ledger/ledger.h"

namespace stevie::cli {
namespace {

class LedgerCommand : public ::testing::Test {
 protected:
  std::string url() const { return "sqlite:///" + (folder_.path() / "stevie.db").string(); }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void append(int count) const {
    const auto ledger = ledger::Ledger::open({.url = url()});
    for (int n = 1; n <= count; ++n) {
      ledger->append(n % 2 == 0 ? "gate.decision" : "note", "{\"n\": " + std::to_string(n) + "}", "tester",
                     1'700'000'000'000 + n * day_ms);
    }
  }
  ProgramResult run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--set", "ledger.url=" + url(), "ledger"});
    return run_stevie(arguments);
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(LedgerCommand, a_missing_ledger_is_told_and_not_made) {
  for (const char* command : {"verify", "show", "export", "root", "kinds"}) {
    const ProgramResult result = run({command});
    EXPECT_EQ(result.code, 2);
    EXPECT_NE(result.err.find("there is no ledger yet"), std::string::npos) << result.err;
  }
  EXPECT_FALSE(std::filesystem::exists(path("stevie.db")));
}

TEST_F(LedgerCommand, verify_is_content_with_an_untouched_ledger) {
  append(3);
  const ProgramResult result = run({"verify"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("3 events"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("nothing was changed"), std::string::npos) << result.out;
  EXPECT_NE(run({"verify", "--json"}).out.find("\"clean\": true"), std::string::npos);
}

TEST_F(LedgerCommand, verify_names_what_was_changed_and_ends_with_2) {
  append(3);
  const std::string kept = path("kept.head");
  std::filesystem::copy_file(path("stevie.db.head"), kept);
  EXPECT_EQ(run({"verify", "--head", kept}).code, 0);
  std::string bytes = read_file(path("stevie.db"));
  bytes.replace(bytes.find("{\"n\": 2}"), 8, "{\"n\": 3}");
  write_file(path("stevie.db"), bytes);
  const ProgramResult result = run({"verify"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.out.find("FAULT changed: event 2 is not what was written"), std::string::npos)
      << result.out;
  EXPECT_NE(result.err.find("1 fault in the ledger"), std::string::npos) << result.err;
  EXPECT_EQ(run({"verify", "--json"}).code, 2);
}

TEST_F(LedgerCommand, show_filters) {
  append(5);
  EXPECT_EQ(run({"show", "--last", "1"}).out, "     5  2023-11-19T22:13:20Z  note  by tester  {\"n\": 5}\n");
  EXPECT_EQ(run({"show", "--kind", "gate.decision", "--since", "2023-11-17"}).out,
            "     4  2023-11-18T22:13:20Z  gate.decision  by tester  {\"n\": 4}\n");
  EXPECT_EQ(run({"show", "--without", "note", "--until", "2023-11-17"}).out,
            "     2  2023-11-16T22:13:20Z  gate.decision  by tester  {\"n\": 2}\n");
  EXPECT_EQ(run({"show", "--text", "N\": 5", "--author", "tester"}).out,
            "     5  2023-11-19T22:13:20Z  note  by tester  {\"n\": 5}\n");
  EXPECT_EQ(run({"show", "--kind", "none"}).out, "no events\n");
  const ProgramResult bad = run({"show", "--since", "yesterday"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_NE(bad.err.find("yesterday"), std::string::npos) << bad.err;
}

TEST_F(LedgerCommand, export_writes_lines) {
  append(2);
  const ProgramResult json = run({"export"});
  EXPECT_EQ(std::count(json.out.begin(), json.out.end(), '\n'), 2);
  EXPECT_EQ(json.out, run({"show", "--json"}).out);
  EXPECT_EQ(run({"export", "--format", "csv", "--out", path("x.csv")}).code, 0);
  EXPECT_EQ(read_file(path("x.csv")), run({"export", "--format", "csv"}).out);
  EXPECT_EQ(read_file(path("x.csv")).find("sequence,time,utc,kind"), 0U);
}

TEST_F(LedgerCommand, kinds_are_counted) {
  append(5);
  EXPECT_EQ(run({"kinds"}).out,
            "kind           events  newest\n"
            "gate.decision  2       4\n"
            "note           3       5\n");
  EXPECT_NE(run({"kinds", "--json"}).out.find("\"newest\": 4"), std::string::npos);
}

TEST_F(LedgerCommand, root_and_proofs_agree) {
  append(5);
  const std::string root = run({"root"}).out;
  ASSERT_EQ(root.size(), 65U);
  EXPECT_NE(run({"prove", "2"}).out.find(root.substr(0, 64)), std::string::npos);
  const std::string growth = run({"prove", "--from", "3"}).out;
  EXPECT_NE(growth.find(root.substr(0, 64)), std::string::npos);
  EXPECT_NE(growth.find(run({"root", "--size", "3"}).out.substr(0, 64)), std::string::npos);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"prove"}, {"prove", "9"}, {"root", "--size", "9"}, {"prove", "1", "--from", "2"}}) {
    EXPECT_EQ(run(arguments).code, 2);
  }
}

TEST_F(LedgerCommand, adopt_signs_a_ledger_whose_key_is_lost) {
  append(2);
  std::filesystem::remove(path("stevie.db.key"));
  EXPECT_EQ(run({"verify"}).code, 2);
  EXPECT_EQ(run({"adopt", "--by", "me"}).code, 2);
  EXPECT_EQ(run({"adopt", "--by", "me", "--reason", "lost"}).out, "signed, and recorded as event 3\n");
  EXPECT_EQ(run({"verify"}).code, 0);
}

TEST_F(LedgerCommand, no_password_is_shown) {
  const std::string setting = "ledger.url=postgresql://me:top-secret@127.0.0.1:1/stevie";
  for (const ProgramResult& result :
       {run_stevie({"--set", setting, "config", "show"}), run_stevie({"--set", setting, "ledger", "verify"}),
        run_stevie({"--set", setting + "/?x y", "ledger", "verify"}),
        run_stevie({"--set", setting, "--set", "ledger.url=mysql://me:top-secret@h/d", "ledger", "show"})}) {
    EXPECT_EQ((result.out + result.err).find("secret"), std::string::npos) << result.out + result.err;
  }
}

}  // namespace
}  // namespace stevie::cli
