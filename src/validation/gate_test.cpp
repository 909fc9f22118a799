#include "validation/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <type_traits>

#include "core/file.h"
#include "core/random.h"
#include "core/testing.h"

namespace stevie::validation {
namespace {

using Json = nlohmann::json;

// Nothing but judge() makes an approval, and nothing changes one.
static_assert(!std::is_default_constructible_v<Approval>);
static_assert(!std::is_aggregate_v<Approval>);
static_assert(!std::is_constructible_v<Approval, std::string, std::string, std::string>);
static_assert(!std::is_constructible_v<Approval, GateReport>);
static_assert(!std::is_copy_assignable_v<Approval> && !std::is_move_assignable_v<Approval>);
static_assert(std::is_final_v<Approval>);
static_assert(std::is_same_v<decltype(std::declval<Approval&>().report_json()), const std::string&>);

constexpr double volatility = 0.01;  // of a day

Arm arm_of(const std::string& hash, std::vector<double> returns) {
  Arm arm;
  arm.parameters_hash = hash;
  arm.path = "bars 1a2b, windows 3";
  arm.costs = "taker 10 bps";
  arm.seed = 7;
  arm.days.resize(returns.size());
  std::iota(arm.days.begin(), arm.days.end(), 19'000);
  arm.doubled_costs_returns = returns;
  for (double& value : arm.doubled_costs_returns) value -= 1e-4;
  arm.returns = std::move(returns);
  arm.turnover = 40;
  arm.trades = 200;
  arm.win_rate = 0.55;
  return arm;
}

struct Story {
  std::size_t days = 800;
  std::size_t candidates = 5;
  double running_mean = 0.03;  // in daily volatilities
  double drift = 0.03;         // of the proposed arm beyond that
  double noise = 0.1;          // of each candidate beyond the running arm
  std::uint64_t seed = 3;
};

void set_proposed_returns(Evidence& evidence, std::vector<double> returns) {
  evidence.candidates.front() = returns;
  evidence.proposed.doubled_costs_returns = returns;
  for (double& value : evidence.proposed.doubled_costs_returns) value = std::max(value - 1e-4, -1.0);
  evidence.proposed.returns = std::move(returns);
}

/// The running arm, and candidates that follow it with some noise; the first has a drift and is proposed.
Evidence evidence_of(const Story& story) {
  RandomStream random(story.seed, 0);
  std::vector<double> running(story.days);
  for (double& value : running) value = volatility * (story.running_mean + random.normal());
  Evidence evidence;
  evidence.running = arm_of("aaaa", running);
  for (std::size_t k = 0; k < story.candidates; ++k) {
    std::vector<double> row = running;
    for (double& value : row)
      value += volatility * ((k == 0 ? story.drift : 0) + story.noise * random.normal());
    evidence.candidates.push_back(row);
  }
  evidence.proposed = arm_of("bbbb", evidence.candidates.front());
  evidence.causality = {true, true, "800 days, every decision"};
  evidence.searched = {{18'000, 18'999}};
  evidence.trials = 2 * story.candidates;
  return evidence;
}

GateConfig fast() {
  GateConfig config;
  config.replicates = 500;
  return config;
}

Verdict verdict_of(const Evidence& evidence, const GateConfig& config = fast()) {
  return judge(evidence, config).report.verdict;
}

/// Walks a JSON document and checks that a figure has a finite value or a reason.
void expect_figures_sound(const Json& document) {
  for (const Json& check : document.at("checks")) {
    EXPECT_FALSE(check.at("sentence").get<std::string>().empty());
    for (const auto& [key, figure] : check.at("figures").items()) {
      if (figure.at("value").is_null())
        EXPECT_FALSE(figure.at("reason").get<std::string>().empty()) << key;
      else
        EXPECT_TRUE(std::isfinite(figure.at("value").get<double>())) << key;
    }
  }
}

TEST(Gate, PromotesAProvenProposal) {
  const GateDecision decision = judge(evidence_of({}), fast());
  EXPECT_EQ(decision.report.verdict, Verdict::promote) << to_text(decision.report);
  ASSERT_TRUE(decision.approval);
  EXPECT_EQ(decision.approval->base_hash(), "aaaa");
  EXPECT_EQ(decision.approval->proposed_hash(), "bbbb");
  EXPECT_EQ(decision.approval->report_json(), to_json(decision.report));
}

/// A change to sound evidence after which exactly this check does not pass.
struct Spoiled {
  const char* check;
  Outcome outcome;
  std::function<void(Evidence&)> spoil;
  std::function<void(GateConfig&)> configure = {};
};

/// The proposed arm's returns after `change(day, value)`.
void change_returns(Evidence& evidence, const std::function<double(std::size_t, double)>& change) {
  std::vector<double> returns = evidence.proposed.returns;
  for (std::size_t day = 0; day < returns.size(); ++day) returns[day] = change(day, returns[day]);
  set_proposed_returns(evidence, std::move(returns));
}

std::vector<Spoiled> spoiled() {
  return {
      {"causality", Outcome::failed, [](Evidence& e) { e.causality.identical = false; }},
      {"causality", Outcome::failed, [](Evidence& e) { e.causality = {}; }},
      {"same_run", Outcome::failed, [](Evidence& e) { e.proposed.path += "'"; }},
      {"same_run", Outcome::failed, [](Evidence& e) { e.proposed.costs = "none"; }},
      {"same_run", Outcome::failed, [](Evidence& e) { ++e.proposed.seed; }},
      {"unseen", Outcome::failed,
       [](Evidence& e) {
         e.searched.push_back({19'799, 19'900});
       }},
      // Surely better, by a hundredth.
      {"improvement", Outcome::failed,
       [](Evidence& e) { e = evidence_of({.running_mean = 0.2, .drift = 0.002, .noise = 0.002}); }},
      // One of 50 that a test of it alone takes for better.
      {"probability", Outcome::failed,
       [](Evidence& e) { e = evidence_of({.candidates = 50, .drift = 0.009, .noise = 0.1}); }},
      {"drawdown", Outcome::failed,
       [](Evidence& e) {
         change_returns(e, [](std::size_t day, double value) {
           return value + volatility * (day >= 300 && day < 360 ? -0.3 : 0.09);
         });
       }},
      {"tail_loss", Outcome::failed,
       [](Evidence& e) {
         change_returns(e, [](std::size_t, double value) {
           return value + volatility * (value < -0.017 ? -0.4 : 0.05);
         });
       }},
      {"turnover", Outcome::failed, [](Evidence& e) { e.proposed.turnover = 50; }},
      {"doubled_costs", Outcome::failed,
       [](Evidence& e) {
         for (double& value : e.proposed.doubled_costs_returns) value -= 0.04 * volatility;
       }},
      {"track_record", Outcome::lacking, [](Evidence& e) { e.proposed.trades = 29; }},
  };
}

TEST(Gate, EachCheckAloneStopsIt) {
  for (const Spoiled& entry : spoiled()) {
    Evidence evidence = evidence_of({});
    entry.spoil(evidence);
    const GateDecision decision = judge(evidence, fast());
    EXPECT_EQ(decision.report.verdict,
              entry.outcome == Outcome::failed ? Verdict::reject : Verdict::not_enough_evidence);
    EXPECT_FALSE(decision.approval);
    for (const Check& check : decision.report.checks) {
      const Outcome expected = check.key == entry.check ? entry.outcome
                               : check.part == 0        ? Outcome::reported
                                                        : Outcome::passed;
      EXPECT_EQ(to_string(check.outcome), to_string(expected))
          << "spoiled " << entry.check << ", looking at " << check.key << ": " << check.sentence;
    }
  }
}

TEST(Gate, TooFewDaysAreNeverAPassNorARejection) {
  const GateDecision decision = judge(evidence_of({.days = 89, .drift = 0.5}), fast());
  EXPECT_EQ(decision.report.verdict, Verdict::not_enough_evidence) << to_text(decision.report);
  EXPECT_FALSE(decision.approval);
  const std::string summary = judge(evidence_of({.days = 10, .drift = 0.5}), fast()).report.summary;
  const std::string_view said = "There are too few days to tell.";
  ASSERT_NE(summary.find(said), std::string::npos) << summary;
  EXPECT_EQ(summary.find(said), summary.rfind(said)) << "said twice: " << summary;
  for (const std::size_t days : {1U, 2U, 3U, 19U, 20U, 40U})
    EXPECT_NE(verdict_of(evidence_of({.days = days, .drift = 0.5})), Verdict::promote) << days;
}

TEST(Gate, ADifferenceThatNeedsMoreDaysIsNotEnoughEvidence) {
  // Better by 0.01 of a deviation a day, give or take 0.2 of it: about (1.88 * 0.2 / 0.01)^2 = 1,400 days.
  Evidence evidence = evidence_of({.days = 400, .drift = 0.01, .noise = 0.2, .seed = 5});
  const GateReport report = judge(evidence, fast()).report;
  EXPECT_EQ(report.verdict, Verdict::not_enough_evidence) << to_text(report);
  EXPECT_GT(*report.check("track_record").figure("days_needed").value, 400);
}

TEST(Gate, StrictAsksForTheMarginItself) {
  // Surely better, by about a tenth of the running ratio.
  const Evidence evidence = evidence_of({.running_mean = 0.2, .drift = 0.02, .noise = 0.02});
  GateConfig config = fast();
  EXPECT_EQ(verdict_of(evidence, config), Verdict::promote);
  config.strict = true;
  EXPECT_EQ(verdict_of(evidence, config), Verdict::promote);
  config.improvement = 0.085;
  const GateReport report = judge(evidence, config).report;
  EXPECT_EQ(report.check("improvement").outcome, Outcome::passed) << to_text(report);
  EXPECT_EQ(report.check("probability").outcome, Outcome::failed);
  config.strict = false;
  EXPECT_EQ(verdict_of(evidence, config), Verdict::promote);
}

TEST(Gate, MeasuresAgainstAnArmThatLosesInPoints) {
  const GateReport report = judge(evidence_of({.running_mean = -0.05, .drift = 0.03}), fast()).report;
  const Check& check = report.check("improvement");
  EXPECT_LT(*check.figure("sharpe_running").value, 0);
  EXPECT_FALSE(check.figure("improvement"));
  EXPECT_DOUBLE_EQ(*check.figure("difference_needed").value, 0.02);
  EXPECT_EQ(report.verdict, Verdict::promote) << to_text(report);
}

/// The running arm trades nothing.
Evidence against_idle(double drift) {
  Evidence evidence = evidence_of({.running_mean = drift});
  evidence.running.returns.assign(800, 0);
  evidence.running.doubled_costs_returns.assign(800, 0);
  evidence.running.turnover = 0;
  evidence.running.trades = 0;
  evidence.running.win_rate.reset();
  return evidence;
}

TEST(Gate, AgainstAnArmThatHoldsNothingTheLimitsAreFixed) {
  const Evidence evidence = against_idle(0.2);
  const GateReport report = judge(evidence, fast()).report;
  EXPECT_EQ(report.verdict, Verdict::promote) << to_text(report);
  EXPECT_DOUBLE_EQ(*report.check("drawdown").figure("limit").value, 0.25);
  EXPECT_FALSE(report.check("drawdown").figure("running"));

  GateConfig config = fast();
  config.idle_max_drawdown = 0.01;
  EXPECT_EQ(judge(evidence, config).report.check("drawdown").outcome, Outcome::failed);
  config = fast();
  config.idle_cvar = 0.01;
  EXPECT_EQ(judge(evidence, config).report.check("tail_loss").outcome, Outcome::failed);
  config = fast();
  config.idle_turnover = 39;
  EXPECT_EQ(judge(evidence, config).report.check("turnover").outcome, Outcome::failed);
}

TEST(Gate, LosingIsNotBetterThanHoldingNothing) {
  EXPECT_EQ(verdict_of(against_idle(-0.1)), Verdict::reject);
}

TEST(Gate, AProposalThatHoldsNothingIsNoEvidence) {
  Evidence evidence = evidence_of({.running_mean = -0.2});
  set_proposed_returns(evidence, std::vector<double>(800, 0.0));
  evidence.proposed.doubled_costs_returns.assign(800, 0);
  evidence.proposed.trades = 0;
  evidence.proposed.turnover = 0;
  const GateReport report = judge(evidence, fast()).report;
  EXPECT_EQ(report.verdict, Verdict::not_enough_evidence) << to_text(report);

  evidence.running = evidence.proposed;
  evidence.running.parameters_hash = "aaaa";
  EXPECT_EQ(verdict_of(evidence), Verdict::not_enough_evidence);
}

TEST(Gate, EachProposalOnTheSameDaysIsAllowedLess) {
  Evidence evidence = evidence_of({});
  GateConfig config = fast();
  const auto needed = [&] {
    return *judge(evidence, config).report.check("probability").figure("confidence_needed").value;
  };
  const double pi = 3.14159265358979323846;
  EXPECT_NEAR(needed(), 1 - 0.05 * 6 / (pi * pi), 1e-15);
  evidence.judged_before = 3;
  EXPECT_NEAR(needed(), 1 - 0.05 * 6 / (pi * pi) / 16, 1e-15);
  config.stream = StreamCorrection::none;
  EXPECT_DOUBLE_EQ(needed(), 0.95);
  config.stream = StreamCorrection::lord_plus_plus;
  const double without_promotion = needed();
  evidence.promoted_before = {2};
  EXPECT_LT(needed(), without_promotion);
}

TEST(Gate, LeavingOutWorkChangesNoVerdict) {
  std::size_t verdicts[3] = {};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Evidence evidence = evidence_of({.days = 120 + 10 * seed,
                                     .candidates = 1 + seed % 7,
                                     .drift = 0.004 * static_cast<double>(seed % 8),
                                     .seed = 100 + seed});
    if (seed % 11 == 0) evidence.proposed.turnover *= 1.1;
    if (seed % 13 == 0) evidence.proposed.trades = 3;
    if (seed % 17 == 0) evidence.causality.done = false;
    GateConfig config = fast();
    config.strict = seed % 5 == 0;
    const GateReport full = judge(evidence, config).report;
    config.full_report = false;
    const GateDecision quick = judge(evidence, config);
    EXPECT_EQ(full.verdict, quick.report.verdict) << seed << "\n" << to_text(full);
    EXPECT_EQ(quick.approval.has_value(), full.verdict == Verdict::promote);
    EXPECT_EQ(quick.report.checks.size(), full.checks.size());
    ++verdicts[static_cast<std::size_t>(full.verdict)];
  }
  for (const std::size_t count : verdicts) EXPECT_GT(count, 5U);
}

TEST(Gate, RefusesEvidenceThatIsNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::pair<const char*, std::function<void(Evidence&)>>> hostile{
      {"no daily return", [nan](Evidence& e) { e.running.returns[5] = nan; }},
      {"no daily return", [nan](Evidence& e) { e.proposed.doubled_costs_returns[5] = nan; }},
      {"no daily return", [](Evidence& e) { e.candidates[2][9] = -1.5; }},
      {"no daily return", [](Evidence& e) { e.running.returns[0] = INFINITY; }},
      {"give one for each day", [](Evidence& e) { e.running.returns.pop_back(); }},
      {"give one for each day", [](Evidence& e) { e.candidates[1].push_back(0); }},
      {"same days", [](Evidence& e) { ++e.proposed.days.back(); }},
      {"do not increase", [](Evidence& e) { e.running.days[3] = e.running.days[2]; }},
      {"no candidates", [](Evidence& e) { e.candidates.clear(); }},
      {"not among the candidates", [](Evidence& e) { e.candidates.erase(e.candidates.begin()); }},
      {"has no days", [](Evidence& e) { e = Evidence{}; }},
      {"turnover", [nan](Evidence& e) { e.proposed.turnover = nan; }},
      {"win rate", [](Evidence& e) { e.proposed.win_rate = 1.01; }},
      {"letters or digits", [](Evidence& e) { e.running.parameters_hash = "a\nb"; }},
      {"running parameters", [](Evidence& e) { e.proposed.parameters_hash = "aaaa"; }},
      {"every candidate is a trial", [](Evidence& e) { e.trials = 4; }},
      {"back to",
       [](Evidence& e) {
         e.searched = {{5, 4}};
       }},
      {"promoted_before", [](Evidence& e) { e.promoted_before = {1}; }},
      {"promoted_before",
       [](Evidence& e) {
         e.judged_before = 3, e.promoted_before = {2, 2};
       }},
      {"judged before", [](Evidence& e) { e.judged_before = 1'000'001; }},
      {"what it was replayed on", [](Evidence& e) { e.running.path.clear(); }},
  };
  for (const auto& [says, spoil] : hostile) {
    Evidence evidence = evidence_of({});
    spoil(evidence);
    const Error error = error_of([&evidence] { judge(evidence, fast()); });
    EXPECT_EQ(error.code(), "validation.bad_evidence");
    EXPECT_NE(error.message().find(says), std::string::npos) << says << " | " << error.message();
  }
}

TEST(Gate, NamesAllFaultsOfTheConfigurationTogether) {
  GateConfig config;
  config.confidence = 1;
  config.tolerance = -1;
  config.replicates = 5;
  const Error error = error_of([&config] { judge(evidence_of({}), config); });
  EXPECT_EQ(error.code(), "validation.bad_config");
  for (const char* name : {"confidence", "tolerance", "replicates"})
    EXPECT_NE(error.message().find(name), std::string::npos) << name;
}

TEST(Gate, SurvivesExtremeButPossibleReturns) {
  Evidence evidence = evidence_of({});
  change_returns(evidence, [](std::size_t day, double value) { return day == 400 ? -1.0 : value; });
  EXPECT_EQ(verdict_of(evidence), Verdict::reject);
  change_returns(evidence, [](std::size_t, double) { return 99.0; });
  EXPECT_NE(verdict_of(evidence), Verdict::promote);
  change_returns(evidence, [](std::size_t day, double) { return day % 2 == 0 ? 99.0 : -1.0; });
  expect_figures_sound(Json::parse(to_json(judge(evidence, fast()).report)));
}

TEST(GateReport, JsonHoldsEveryFigureOrWhyItIsMissing) {
  const GateReport report = judge(evidence_of({}), fast()).report;
  const Json document = Json::parse(to_json(report));
  EXPECT_EQ(document.at("format"), "stevie-gate");
  EXPECT_EQ(document.at("version"), 1);
  EXPECT_EQ(document.at("verdict"), "promote");
  EXPECT_EQ(document.at("first_day"), "2022-01-08");
  EXPECT_EQ(document.at("config").at("stream"), "alpha_spending");
  EXPECT_EQ(document.at("checks").size(), 13U);
  expect_figures_sound(document);
  expect_figures_sound(Json::parse(to_json(judge(against_idle(0.2), fast()).report)));
  expect_figures_sound(Json::parse(to_json(judge(evidence_of({.days = 1}), fast()).report)));
}

TEST(GateReport, IsTheSameEveryTime) {
  EXPECT_EQ(to_json(judge(evidence_of({}), fast()).report), to_json(judge(evidence_of({}), fast()).report));
}

TEST(GateReport, ShowsNoControlCharactersOfTheEvidence) {
  Evidence evidence = evidence_of({});
  evidence.causality.detail = "\x1b[31m\xff";
  const GateReport report = judge(evidence, fast()).report;
  EXPECT_EQ(to_text(report).find('\x1b'), std::string::npos);
  EXPECT_NO_THROW(Json::parse(to_json(report)));
}

/// With STEVIE_UPDATE_GOLDEN set the golden file is written first, to be looked at and committed.
TEST(GateReport, ReadsLikeTheGoldenText) {
  const std::filesystem::path file = std::filesystem::path(STEVIE_GOLDEN_FOLDER) / "gate_report.txt";
  const std::string made = to_text(judge(evidence_of({.drift = 0.012}), fast()).report);
  if (std::getenv("STEVIE_UPDATE_GOLDEN") != nullptr) write_file(file, made);
  EXPECT_EQ(read_file(file), made);
  for (std::size_t start = 0; start < made.size(); start = made.find('\n', start) + 1)
    EXPECT_LE(made.find('\n', start) - start, 100U);
}

}  // namespace
}  // namespace stevie::validation
