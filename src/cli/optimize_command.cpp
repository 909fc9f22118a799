#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "app/optimize.h"
#include "app/optimize_report.h"
#include "app/optimize_state.h"
#include "app/recommend.h"
#include "cli/commands.h"
#include "cli/social_flags.h"
#include "core/interrupt.h"

namespace stevie::cli {
namespace {

struct OptimizeFlags {
  std::string scenario;
  std::vector<std::string> data;
  app::SocialRequest social;
  std::string out, session, progress_file;
  std::string per_symbol;  // names with commas
  std::optional<double> minutes;
  std::optional<std::uint64_t> episodes;
  bool all = false, resume = false, dry_run = false, list = false, recommend = false, json = false;
};

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string name; std::getline(stream, name, ',');) names.push_back(name);
  return names;
}

/// The scenario that the bars call for; of a session that goes on the one that it began with.
std::string recommended_scenario(const OptimizeFlags& flags, const CommandContext& context) {
  if (flags.resume) {
    if (flags.out.empty())
      throw Error("app.not_resumable", "say where the session lies that was recommended", "flag --out");
    return app::scenario_of(app::read_state(flags.out));
  }
  if (flags.data.empty()) throw Error("app.no_data", "say which bars to search on", "flag --data");
  return app::recommend({.data = flags.data.front(),
                         .social = flags.social,
                         .config = app::load_config(context.layers()),
                         .rules = {}})
      .scenario;
}

app::Scenario chosen_scenario(const OptimizeFlags& flags, const CommandContext& context) {
  if (flags.scenario.empty())
    throw Error("app.unknown_scenario",
                "say which scenario: `stevie optimize --list` shows them, and `stevie optimize --recommend "
                "--data FILE` names one");
  app::Scenario scenario = app::find_scenario(
      flags.scenario == "recommended" ? recommended_scenario(flags, context) : flags.scenario);
  if (flags.all) app::target_everything(scenario);
  app::make_per_symbol(scenario, split_names(flags.per_symbol), "flag --per-symbol");
  if (flags.minutes) {
    if (std::isnan(*flags.minutes))
      throw Error("app.bad_scenario", "give a number of minutes", "flag --minutes");
    scenario.minutes = *flags.minutes;
  }
  if (flags.episodes) scenario.episodes = *flags.episodes;
  return scenario;
}

void recommend(const OptimizeFlags& flags, CommandContext& context) {
  if (flags.data.size() != 1)
    throw Error("app.no_data", "a recommendation needs the bars of one symbol", "flag --data");
  context.out << app::render_text(app::recommend({.data = flags.data.front(),
                                                  .social = flags.social,
                                                  .config = app::load_config(context.layers()),
                                                  .rules = {}}));
}

void optimize(const OptimizeFlags& flags, CommandContext& context) {
  app::OptimizeRequest request;
  request.scenario = chosen_scenario(flags, context);
  request.data.assign(flags.data.begin(), flags.data.end());
  request.social = flags.social;
  request.out = flags.out;
  request.resume = flags.resume;
  request.dry_run = flags.dry_run;
  request.session = flags.session;
  request.progress_file = flags.progress_file;
  request.config = app::load_config(context.layers());
  request.progress = progress_on_stderr(context.quiet);
  const InterruptGuard guard;
  const app::OptimizeReport report = app::optimize(request);
  if (flags.json) {
    context.out << app::render_json(report);
    return;
  }
  const std::string folder = report.folder.string();
  context.out << app::render_text(report) << "\nReport  " << folder << "/report.html\nNumbers " << folder
              << "/results.json\n";
}

void run(const OptimizeFlags& flags, CommandContext& context) {
  if (flags.list) {
    context.out << app::scenario_cards(app::built_in_scenarios());
  } else if (flags.recommend) {
    recommend(flags, context);
  } else {
    optimize(flags, context);
  }
}

}  // namespace

void add_optimize_command(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<OptimizeFlags>();
  CLI::App* command = app.add_subcommand(
      "optimize", "Search better parameters of the rules; the gate decides whether they are applied");
  command->add_option("scenario", flags->scenario,
                      "Scenario, `recommended`, or a TOML file with one of your own");
  command->add_option("--data", flags->data, "File of bars; again for each further symbol")
      ->expected(1)
      ->take_all();
  add_social_flags(*command, flags->social);
  CLI::Option* list = command->add_flag("--list", flags->list, "Show the scenarios and do nothing");
  command->add_flag("--recommend", flags->recommend, "Say which scenario the bars call for, and why")
      ->excludes(list);
  command->add_flag("--all", flags->all, "Search all twelve parameters");
  command->add_option("--per-symbol", flags->per_symbol,
                      "Targets that each symbol has for itself: volPctBreakout,slBreakout");
  command->add_option("--minutes", flags->minutes, "Search at most so long (default: the scenario's)")
      ->check(CLI::Range(1e-6, 10'080.0));
  command->add_option("--episodes", flags->episodes, "Update at most so often (default: the scenario's)")
      ->check(CLI::Range(1, 10'000));
  add_config_flag(*command, context, "--search", "optimize.search", "pgpe or cma-es");
  add_config_flag(*command, context, "--seed", "optimize.seed", "Everything random follows from it");
  add_config_flag(*command, context, "--threads", "optimize.threads", "0: one a core; not in the result");
  command->add_option("--out", flags->out, "Folder of the run (default: runs/optimize/<session>)");
  command->add_flag("--resume", flags->resume,
                    "Go on with the session in --out, or with the newest unfinished one of the scenario");
  command->add_flag("--dry-run", flags->dry_run, "Search and judge, but apply nothing");
  command->add_flag("--json", flags->json, "Print the results as JSON");
  command->add_option("--session", flags->session,
                      "Name of the session on the ledger (default: made of time and scenario)");
  command->add_option("--progress-file", flags->progress_file,
                      "Keep the newest progress in this file, as one line of JSON");
  command->footer(
      "The gate judges on the last part of the bars, which the search never sees; only what it promotes is\n"
      "applied. Settings are in the sections rules, regime, social, optimize, gate and ledger of the\n"
      "configuration.\n\n"
      "Example:\n  stevie optimize quick_tune --data BTCUSDT_1h.csv.gz\n"
      "  stevie optimize comprehensive_evolution --data BTCUSDT_1h.csv --data ETHUSDT_1h.csv "
      "--per-symbol volPctBreakout");
  command->callback([flags, &context] { run(*flags, context); });
}

}  // namespace stevie::cli
