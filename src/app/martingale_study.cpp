#include "app/martingale_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/beta.hpp>
#include <cmath>
#include <optional>
#include <system_error>

#include "app/optimize.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "core/time.h"
#include "execution/costs.h"
#include "market/readers.h"
#include "stats/metrics.h"

namespace stevie::app {
namespace {

namespace fs = std::filesystem;

/// What one run ended with.
struct RunResult {
  SessionOutcome outcome = SessionOutcome::nothing_better;
  std::string stopped_by;
  std::optional<double> change;
};

/// A folder that is there as long as this is.
class WorkFolder {
 public:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) { fs::create_directories(path_); }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

execution::Instrument instrument_of(StudyCosts costs) {
  if (costs == StudyCosts::none) return execution::free_of_costs();
  execution::Instrument instrument;
  if (costs == StudyCosts::cheap) {
    instrument.taker_fee_bps = 1;
    instrument.maker_fee_bps = 1;
    instrument.half_spread_bps = 0.5;
    instrument.slippage_bps = 0.5;
  }
  return instrument;
}

/// The check that kept the gate from promoting: the first that failed, else the first that lacked data.
std::string stopping_check(const validation::GateReport& report) {
  for (const auto outcome : {validation::Outcome::failed, validation::Outcome::lacking}) {
    for (const validation::Check& check : report.checks)
      if (check.outcome == outcome) return check.key;
  }
  return {};
}

double annual_sharpe(const std::vector<double>& returns) {
  return stats::sharpe_ratio(returns, stats::days_per_year).value.value_or(0);
}

RunResult run_once(const MartingaleStudyConfig& config, const MartingaleCell& cell, std::size_t run) {
  const std::uint64_t seed = RandomStream(config.seed, run).next_u64();
  const WorkFolder folder(config.work / fmt::format("run_{}", run));
  const market::Bars bars = make_martingale(cell.market, cell.years * 365 * 24, seed);
  const fs::path file = folder.path() / "SYNTHUSDT_1h.csv";
  const fs::path social = folder.path() / "social.csv";
  market::write_bars(file, bars);
  write_file(social, make_unrelated_social(bars, seed));

  OptimizeRequest request;
  request.scenario = find_scenario(cell.scenario);
  request.data = {file};
  request.social = {.files = {social.string()}, .discover = false};
  request.runs_folder = folder.path() / "runs";
  request.config.env.instrument = instrument_of(cell.costs);
  request.config.optimize.search.seed = seed >> 12;  // seeds of files and JSON are exact below 2^53
  request.config.gate = config.gate;
  request.config.gate.full_report = false;
  request.config.ledger.url = "sqlite:///" + fs::absolute(folder.path() / "stevie.db").string();
  // A clock that stands still: budgets of minutes would make the result depend on the machine.
  request.now = [end = bars.open_time.back()] { return end; };
  const OptimizeReport report = optimize(request);

  RunResult result{.outcome = report.outcome, .stopped_by = {}, .change = {}};
  if (report.judgement) {
    result.stopped_by = stopping_check(report.judgement->decision.report);
    result.change = annual_sharpe(report.judgement->proposed.daily_returns) -
                    annual_sharpe(report.judgement->running.daily_returns);
  }
  return result;
}

void summarise(const std::vector<RunResult>& results, MartingaleCell& cell) {
  double sum = 0, squares = 0;
  for (const RunResult& result : results) {
    ++cell.runs;
    cell.promoted += result.outcome == SessionOutcome::promoted;
    cell.rejected += result.outcome == SessionOutcome::rejected;
    cell.not_enough += result.outcome == SessionOutcome::not_enough;
    cell.nothing_better += result.outcome == SessionOutcome::nothing_better;
    if (!result.stopped_by.empty()) ++cell.stopped_by[result.stopped_by];
    sum += result.change.value_or(0);
  }
  const auto judged = static_cast<double>(cell.judged());
  if (judged == 0) return;
  cell.mean_change = sum / judged;
  for (const RunResult& result : results)
    if (result.change) squares += (*result.change - cell.mean_change) * (*result.change - cell.mean_change);
  if (judged > 1) cell.change_error = std::sqrt(squares / (judged - 1) / judged);
}

void run_cell(const MartingaleStudyConfig& config, MartingaleCell& cell, ThreadPool& pool) {
  const std::string part = fmt::format("{} y, {}, {} costs, {}", cell.years, to_string(cell.market),
                                       to_string(cell.costs), cell.scenario);
  std::vector<RunResult> results(config.runs);
  const std::size_t piece = 2 * pool.threads();  // runs between two words about progress
  if (config.progress) config.progress(part, 0, config.runs);
  for (std::size_t done = 0; done < config.runs; done += piece) {
    const std::size_t count = std::min(piece, config.runs - done);
    pool.parallel_for(count, [&, done](std::size_t i) {
      if (interrupted()) return;
      try {
        results[done + i] = run_once(config, cell, done + i);
      } catch (const Interrupted&) {  // its folder is gone: what it says of resuming is not so here
      }
    });
    if (interrupted())
      throw Interrupted(
          "the study was stopped; the cells finished before are in the folder of --out, if one was given");
    if (config.progress) config.progress(part, done + count, config.runs);
  }
  summarise(results, cell);
}

}  // namespace

std::string_view to_string(StudyCosts costs) {
  constexpr std::array<std::string_view, 3> names{"none", "default", "cheap"};
  return names[static_cast<std::size_t>(costs)];
}

bool is_true_null(MartingaleKind market, StudyCosts costs) {
  return costs == StudyCosts::defaults || (costs == StudyCosts::none && market != MartingaleKind::plain);
}

std::vector<MartingaleCell> run_martingale_study(const MartingaleStudyConfig& config) {
  std::vector<std::string> scenarios = config.scenarios;
  if (scenarios.empty())
    for (const Scenario& scenario : built_in_scenarios()) scenarios.push_back(scenario.id);
  for (const std::string& scenario : scenarios) find_scenario(scenario);  // a wrong name is told at once
  const WorkFolder work(config.work);
  ThreadPool pool(config.threads);
  std::vector<MartingaleCell> cells;
  for (const std::size_t years : config.years)
    for (const MartingaleKind market : config.markets)
      for (const StudyCosts costs : config.costs)
        for (const std::string& scenario : scenarios) {
          MartingaleCell& cell = cells.emplace_back();
          cell.years = years;
          cell.market = market;
          cell.costs = costs;
          cell.scenario = scenario;
          run_cell(config, cell, pool);
          if (config.finished) config.finished(cell);
        }
  return cells;
}

std::pair<double, double> clopper_pearson(std::size_t count, std::size_t runs) {
  using boost::math::beta_distribution;
  constexpr double outside = 0.025;  // on each side
  const auto hits = static_cast<double>(count), misses = static_cast<double>(runs - count);
  const double lower = count == 0 ? 0 : boost::math::quantile(beta_distribution<>(hits, misses + 1), outside);
  const double upper =
      count >= runs ? 1 : boost::math::quantile(beta_distribution<>(hits + 1, misses), 1 - outside);
  return {lower, upper};
}

}  // namespace stevie::app
