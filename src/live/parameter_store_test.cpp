#include "live/parameter_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "live/live_testing.h"
#include "strategy/regime.h"

namespace stevie::live {
namespace {

using ledger::codes;
using strategy::Parameter;
using strategy::Regime;
using validation::Verdict;

class ParameterStoreTest : public ledger::LedgerTest {
 protected:
  std::vector<std::string> ledger_faults() const { return codes(place().open()->verify()); }
  std::size_t event_count() const { return place().open()->read().size(); }
};
INSTANTIATE_TEST_SUITE_P(Databases, ParameterStoreTest, ledger::both_databases, ledger::database_name);

const Signature anna{"anna", "calmer market"};
const Signature search{"quick_tune", "session 7"};
const std::vector<std::string> no_faults;

ManualValue global(Parameter parameter, std::optional<double> value) {
  return {.parameter = parameter, .value = value};
}

void expect_all_in(const Error& error, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    EXPECT_NE(error.message().find(text), std::string::npos) << text << "\n" << error.message();
  }
}

TEST_P(ParameterStoreTest, begins_with_the_defaults_once) {
  { TestStore first(place()); }
  TestStore opened(place());
  ASSERT_EQ(opened.store.history().size(), 1U);
  const ParameterVersion& version = opened.store.current();
  EXPECT_EQ(version.number, 1U);
  EXPECT_EQ(version.parent, 0U);
  EXPECT_EQ(version.parent_hash, "");
  EXPECT_EQ(version.change, Change::defaults);
  EXPECT_EQ(version.author_kind, AuthorKind::program);
  EXPECT_EQ(version.layers, strategy::ParameterLayers{});
  EXPECT_EQ(version.hash, parameters_hash({}));
  EXPECT_EQ(event_count(), 1U);
  EXPECT_EQ(ledger_faults(), no_faults);
}

TEST_P(ParameterStoreTest, sets_several_values_as_one_version) {
  TestStore opened(place());
  const std::vector<ManualValue> values{
      global(Parameter::vol_pct_breakout, 65),
      global(Parameter::cost_cap_bps, 20),
      {.parameter = Parameter::sl_breakout, .value = 3, .symbol = "BTC/USDT"},
      {.parameter = Parameter::sl_breakout, .value = 4, .regime = Regime::bear}};
  const ParameterVersion made = opened.store.set(values, anna);
  EXPECT_EQ(made.number, 2U);
  TestStore again(place());
  const ParameterVersion& read = again.store.current();
  EXPECT_EQ(read.number, 2U);
  EXPECT_EQ(read.parent, 1U);
  EXPECT_EQ(read.parent_hash, again.store.version(1).hash);
  EXPECT_EQ(read.hash, parameters_hash(read.layers));
  EXPECT_EQ(read.change, Change::manual);
  EXPECT_EQ(read.author_kind, AuthorKind::person);
  EXPECT_EQ(read.author, "anna");
  EXPECT_EQ(read.reason, "calmer market");
  EXPECT_EQ(read.layers, made.layers);
  EXPECT_EQ(read.time, made.time);
  EXPECT_EQ(read.sequence, made.sequence);
  EXPECT_EQ(read.layers.global[Parameter::vol_pct_breakout], 65);
  EXPECT_EQ(read.layers.by_symbol.at("BTC/USDT").at(Parameter::sl_breakout), 3);
  EXPECT_EQ(read.layers.by_regime.at(Regime::bear).at(Parameter::sl_breakout), 4);
  EXPECT_EQ(ledger_faults(), no_faults);
}

TEST_P(ParameterStoreTest, takes_values_back) {
  TestStore opened(place());
  const std::vector<ManualValue> values{
      global(Parameter::vol_pct_breakout, 65),
      {.parameter = Parameter::sl_breakout, .value = 3, .symbol = "BTC/USDT"}};
  opened.store.set(values, anna);
  const std::vector<ManualValue> back{global(Parameter::vol_pct_breakout, {}),
                                      {.parameter = Parameter::sl_breakout, .symbol = "BTC/USDT"}};
  EXPECT_EQ(opened.store.set(back, anna).layers, strategy::ParameterLayers{});
}

TEST_P(ParameterStoreTest, refuses_a_bad_change_with_all_its_faults_and_writes_nothing) {
  TestStore opened(place());
  const std::vector<ManualValue> values{
      global(Parameter::vol_pct_breakout, 300),
      global(Parameter::vol_pct_breakout, 60),
      {.parameter = Parameter::sl_news, .value = 2, .symbol = "BTC/USDT", .regime = Regime::bull}};
  Error error = error_of([&] { opened.store.set(values, {}); });
  EXPECT_EQ(error.code(), "live.refused_change");
  expect_all_in(error, {"volPctBreakout", "300", "given twice", "symbol and a regime", "a name", "a reason"});
  error = error_of([&] { opened.store.set({}, anna); });
  expect_all_in(error, {"at least one parameter"});
  const std::vector<ManualValue> same{global(Parameter::vol_pct_breakout, 70)};
  expect_all_in(error_of([&] { opened.store.set(same, anna); }), {"version 1 already has these values"});
  const std::vector<ManualValue> symbol{
      {.parameter = Parameter::sl_news, .value = 2, .symbol = std::string(100, 'x')}};
  EXPECT_EQ(error_of([&] { opened.store.set(symbol, anna); }).code(), "live.refused_change");
  const std::vector<ManualValue> sound{global(Parameter::vol_pct_breakout, 60)};
  for (const Signature& person : {Signature{" ", "x"}, Signature{"a\nb", "x"}, Signature{"a", "\t"},
                                  Signature{"a", "x\x1b[2J"}, Signature{std::string(201, 'a'), "x"},
                                  Signature{"a", "\xff"}, Signature{"a", std::string(2001, 'x')}}) {
    EXPECT_EQ(error_of([&] { opened.store.set(sound, person); }).code(), "live.refused_change");
  }
  EXPECT_EQ(event_count(), 1U);
}

TEST_P(ParameterStoreTest, applies_what_the_gate_approved) {
  TestStore opened(place());
  const auto proposed = with({}, Parameter::social_go, 0.6);
  const auto approval = approval_of(opened.store.current().hash, parameters_hash(proposed));
  opened.store.promote(approval, proposed, search);
  TestStore again(place());
  const ParameterVersion& version = again.store.current();
  EXPECT_EQ(version.number, 2U);
  EXPECT_EQ(version.change, Change::promotion);
  EXPECT_EQ(version.author_kind, AuthorKind::search);
  EXPECT_EQ(version.author, "quick_tune");
  EXPECT_EQ(version.layers, proposed);
  EXPECT_EQ(nlohmann::json::parse(version.evidence).at("gate"),
            nlohmann::json::parse(approval.report_json()));
  EXPECT_EQ(ledger_faults(), no_faults);
}

TEST_P(ParameterStoreTest, refuses_what_the_gate_did_not_approve) {
  TestStore opened(place());
  const auto approval =
      approval_of(opened.store.current().hash, parameters_hash(with({}, Parameter::social_go, 0.6)));
  const Error error =
      error_of([&] { opened.store.promote(approval, with({}, Parameter::social_go, 0.61), search); });
  EXPECT_EQ(error.code(), "live.not_approved");
  EXPECT_EQ(event_count(), 1U);
}

TEST_P(ParameterStoreTest, refuses_a_promotion_whose_base_is_gone) {
  TestStore searching(place()), person(place());
  const auto proposed = with({}, Parameter::social_go, 0.6);
  const auto approval = approval_of(searching.store.current().hash, parameters_hash(proposed));
  const std::vector<ManualValue> values{global(Parameter::cost_cap_bps, 20)};
  person.store.set(values, anna);
  const Error error = error_of([&] { searching.store.promote(approval, proposed, search); });
  EXPECT_EQ(error.code(), "live.stale_base");
  expect_all_in(error, {"version 2 (manual by anna)", "run the search again"});
  EXPECT_EQ(event_count(), 2U);
  EXPECT_EQ(searching.store.current().number, 2U) << "it now knows what it was told of";
}

TEST_P(ParameterStoreTest, rolls_back_by_a_new_version) {
  TestStore opened(place());
  const std::vector<ManualValue> one{global(Parameter::cost_cap_bps, 20)};
  const std::vector<ManualValue> two{global(Parameter::cost_cap_bps, 30)};
  opened.store.set(one, anna);
  opened.store.set(two, anna);
  const ParameterVersion version = opened.store.rollback(2, {"bob", "worse since"});
  EXPECT_EQ(version.number, 4U);
  EXPECT_EQ(version.parent, 3U);
  EXPECT_EQ(version.hash, opened.store.version(2).hash);
  EXPECT_EQ(version.layers, opened.store.version(2).layers);
  EXPECT_EQ(version.change, Change::rollback);
  EXPECT_EQ(nlohmann::json::parse(version.evidence).at("version"), 2);
  EXPECT_EQ(error_of([&] { opened.store.rollback(9, anna); }).code(), "live.unknown_version");
  EXPECT_EQ(error_of([&] { opened.store.rollback(0, anna); }).message(),
            "there is no version 0; there are 1 to 4");
  expect_all_in(error_of([&] { opened.store.rollback(2, {"bob", ""}); }), {"already has", "a reason"});
}

JudgedProposal rejected_proposal(const std::string& base_hash) {
  return {.scenario = "quick_tune",
          .verdict = Verdict::reject,
          .base_hash = base_hash,
          .proposed = with({}, Parameter::vol_pct_breakout, 60),
          .report = R"({"summary": "not better"})"};
}

TEST_P(ParameterStoreTest, lets_a_person_overrule_a_rejection_on_record) {
  TestStore opened(place());
  const std::uint64_t decision = opened.store.record(rejected_proposal(opened.store.current().hash));
  EXPECT_EQ(decision, 2U);
  const ParameterVersion version = opened.store.overrule(decision, anna);
  EXPECT_EQ(version.change, Change::overruling);
  EXPECT_EQ(version.author_kind, AuthorKind::person);
  EXPECT_EQ(version.author, "anna");
  EXPECT_EQ(version.layers.global[Parameter::vol_pct_breakout], 60);
  const auto evidence = nlohmann::json::parse(version.evidence);
  EXPECT_EQ(evidence.at("decision"), decision);
  EXPECT_EQ(evidence.at("verdict"), "reject");
  EXPECT_EQ(evidence.at("event_hash"), opened.ledger->read()[1].hash);
  const std::vector<JudgedProposal> proposals = opened.store.proposals(10);
  ASSERT_EQ(proposals.size(), 1U);
  EXPECT_EQ(proposals[0].sequence, decision);
  EXPECT_EQ(proposals[0].scenario, "quick_tune");
  EXPECT_EQ(proposals[0].verdict, Verdict::reject);
  EXPECT_EQ(proposals[0].proposed, version.layers);
  EXPECT_EQ(proposals[0].report, R"({"summary":"not better"})");
  EXPECT_EQ(ledger_faults(), no_faults);
}

TEST_P(ParameterStoreTest, refuses_to_overrule_what_is_no_rejection_of_the_current_parameters) {
  TestStore opened(place());
  Error error = error_of([&] { opened.store.overrule(1, anna); });
  EXPECT_EQ(error.code(), "live.unknown_decision");
  expect_all_in(error, {"event 1", "none is on record"});
  EXPECT_EQ(error_of([&] { opened.store.overrule(0, anna); }).code(), "live.unknown_decision");

  JudgedProposal proposal = rejected_proposal(opened.store.current().hash);
  const std::uint64_t rejected = opened.store.record(proposal);
  expect_all_in(error_of([&] { opened.store.overrule(99, anna); }), {"the latest are 2 (quick_tune, reject"});
  expect_all_in(error_of([&] { opened.store.overrule(rejected, {"anna", ""}); }), {"a reason"});
  proposal.verdict = Verdict::promote;
  const std::uint64_t approved = opened.store.record(proposal);
  expect_all_in(error_of([&] { opened.store.overrule(approved, anna); }), {"nothing to overrule"});
  const std::vector<ManualValue> values{global(Parameter::cost_cap_bps, 20)};
  opened.store.set(values, anna);
  EXPECT_EQ(error_of([&] { opened.store.overrule(rejected, anna); }).code(), "live.stale_base");
}

TEST_P(ParameterStoreTest, imports_what_it_exported) {
  TestStore opened(place());
  const std::vector<ManualValue> values{
      global(Parameter::vol_pct_breakout, 65.125),
      {.parameter = Parameter::sl_breakout, .value = 3, .symbol = "BTC/USDT"},
      {.parameter = Parameter::tp_news, .value = 4, .regime = Regime::volatile_market}};
  const ParameterVersion exported = opened.store.set(values, anna);
  const std::string file = export_json(exported);
  opened.store.rollback(1, anna);
  const ParameterVersion imported = opened.store.import(file, "parameters.json", {"bob", "from the test"});
  EXPECT_EQ(imported.layers, exported.layers);
  EXPECT_EQ(imported.hash, exported.hash);
  EXPECT_EQ(imported.change, Change::import);
  EXPECT_EQ(imported.author, "bob");
  EXPECT_EQ(nlohmann::json::parse(imported.evidence).at("file"), "parameters.json");
}

TEST_P(ParameterStoreTest, sees_other_stores_changes_and_sets_on_top_of_them) {
  TestStore first(place()), second(place());
  ParameterReader reader(first.store.cell(), "BTC/USDT");
  const std::vector<ManualValue> one{global(Parameter::cost_cap_bps, 20)};
  const std::vector<ManualValue> two{global(Parameter::social_go, 0.6)};
  second.store.set(one, anna);
  EXPECT_FALSE(second.store.refresh());
  EXPECT_EQ(reader.at_bar()[Regime::bull][Parameter::cost_cap_bps], 8);
  EXPECT_TRUE(first.store.refresh());
  EXPECT_EQ(reader.at_bar()[Regime::bull][Parameter::cost_cap_bps], 20);
  EXPECT_EQ(reader.version(), 2U);
  second.store.set(two, anna);
  const std::vector<ManualValue> three{global(Parameter::sl_news, 3)};
  const ParameterVersion version = first.store.set(three, anna);  // it has not seen version 3
  EXPECT_EQ(version.number, 4U);
  EXPECT_EQ(version.layers.global[Parameter::social_go], 0.6);
  EXPECT_EQ(version.layers.global[Parameter::sl_news], 3);
  EXPECT_EQ(reader.at_bar()[Regime::bear][Parameter::social_go], 0.6);
  EXPECT_EQ(reader.version(), 4U);
}

TEST_P(ParameterStoreTest, loses_nothing_when_processes_write_at_the_same_time) {
  constexpr int processes = 4, changes = 5;
  std::vector<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 0;
      try {
        TestStore opened(place());
        for (int i = 0; i < changes; ++i) {
          const std::vector<ManualValue> values{{.parameter = Parameter::cost_cap_bps,
                                                 .value = 10.0 + i,
                                                 .symbol = "S" + std::to_string(process)}};
          opened.store.set(values, {"process " + std::to_string(process), "change " + std::to_string(i)});
        }
      } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
        status = 1;
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  TestStore opened(place());
  ASSERT_EQ(opened.store.history().size(), 1U + processes * changes);
  for (int process = 0; process < processes; ++process) {
    EXPECT_EQ(
        opened.store.current().layers.by_symbol.at("S" + std::to_string(process)).at(Parameter::cost_cap_bps),
        9.0 + changes);
  }
  EXPECT_EQ(ledger_faults(), no_faults);
}

TEST_P(ParameterStoreTest, says_that_the_database_is_locked_and_changes_nothing) {
  ledger::LedgerConfig config = place().config();
  config.lock_timeout = 100;
  const auto log = ledger::Ledger::open(config);
  ParameterStore store(*log);
  {
    const auto other = place().connect();
    *other << (GetParam() == ledger::Dialect::sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
    if (GetParam() == ledger::Dialect::postgresql) *other << "LOCK TABLE ledger_events IN EXCLUSIVE MODE";
    const std::vector<ManualValue> values{global(Parameter::cost_cap_bps, 20)};
    EXPECT_EQ(error_of([&] { store.set(values, anna); }).code(), "ledger.locked");
    *other << "ROLLBACK";
  }
  EXPECT_EQ(store.current().number, 1U);
  const std::vector<ManualValue> values{global(Parameter::cost_cap_bps, 20)};
  EXPECT_EQ(store.set(values, anna).number, 2U);
  EXPECT_EQ(ledger_faults(), no_faults);
}

/// Version 2 as somebody else's program might write it.
void append_version(const ledger::TestPlace& place, const std::function<void(nlohmann::json&)>& change) {
  TestStore opened(place);
  ParameterVersion version = opened.store.current();
  version.parent_hash = version.hash;
  version.number = 2;
  version.parent = 1;
  nlohmann::json body = nlohmann::json::parse(event_body(version));
  change(body);
  opened.ledger->append("parameters.version", body.dump(), "somebody", 1'700'000'100'000);
}

TEST_P(ParameterStoreTest, refuses_versions_of_a_newer_program) {
  append_version(place(), [](nlohmann::json& body) {
    body["schema"] = 2;
    body.erase("layers");
  });
  const Error error = error_of([&] { TestStore opened(place()); });
  EXPECT_EQ(error.code(), "live.newer_schema");
  EXPECT_EQ(error.place(), "ledger event 2");
  expect_all_in(error, {"schema 2", "update the program"});
}

TEST_P(ParameterStoreTest, refuses_versions_that_do_not_hold) {
  const std::vector<std::pair<std::function<void(nlohmann::json&)>, std::string>> cases{
      {[](nlohmann::json& body) { body["layers"]["global"]["socialGo"] = 0.9; }, "they were changed"},
      {[](nlohmann::json& body) { body["layers"]["global"]["socialGo"] = 9; }, "socialGo"},
      {[](nlohmann::json& body) { body["number"] = 3; }, "does not follow on version 1"},
      {[](nlohmann::json& body) { body["parent_hash"] = "00"; }, "does not follow on version 1"},
      {[](nlohmann::json& body) { body["author"]["kind"] = "robot"; }, "robot"},
      {[](nlohmann::json& body) { body.erase("evidence"); }, "'evidence' is missing"}};
  for (const auto& [change, text] : cases) {
    const ledger::TestPlace other(GetParam());
    append_version(other, change);
    const Error error = error_of([&] { TestStore opened(other); });
    EXPECT_EQ(error.code(), "live.damaged_version");
    EXPECT_EQ(error.place(), "ledger event 2");
    expect_all_in(error, {text});
  }
}

}  // namespace
}  // namespace stevie::live
