#include "live/journal.h"

#include <gtest/gtest.h>

#include <fstream>

#include "broker/paper_broker.h"
#include "core/file.h"
#include "core/testing.h"
#include "live/journal_replay.h"
#include "live/live_loop_testing.h"

namespace stevie::live {
namespace {

namespace fs = std::filesystem;

void write_lines(JournalWriter& writer, int count) {
  for (int i = 0; i < count; ++i) writer.write("{\"kind\":\"note\",\"n\":" + std::to_string(i) + "}");
}

std::size_t lines_in(const fs::path& folder) {
  std::size_t lines = 0;
  read_journal(folder, [&](std::string_view, const std::string&) { return ++lines > 0; });
  return lines;
}

TEST(Journal, gives_back_the_lines_over_all_its_files) {
  const TemporaryFolder place;
  const fs::path folder = place.path() / "s";
  JournalWriter writer(folder, 500);
  for (int i = 0; i < 10; ++i) {
    write_lines(writer, 5);
    writer.sync();
  }
  EXPECT_TRUE(fs::exists(journal_file(folder, 4)));
  std::vector<std::string> lines;
  read_journal(folder, [&](std::string_view line, const std::string&) {
    lines.emplace_back(line);
    return true;
  });
  ASSERT_EQ(lines.size(), 50U);
  EXPECT_EQ(lines[7], R"({"kind":"note","n":2})");
}

TEST(Journal, is_cut_to_the_mark_and_to_no_other) {
  const TemporaryFolder place;
  const fs::path folder = place.path() / "s";
  JournalMark mark;
  {
    JournalWriter writer(folder, 500);
    write_lines(writer, 3);
    mark = writer.sync();
    for (int i = 0; i < 10; ++i) {
      write_lines(writer, 4);
      writer.sync();
    }
  }
  JournalMark wrong = mark;
  wrong.hash[0] = wrong.hash[0] == '0' ? '1' : '0';
  EXPECT_EQ(error_of([&] { cut_journal(folder, wrong); }).code(), "live.damaged_journal");
  wrong = mark;
  ++wrong.bytes;
  EXPECT_EQ(error_of([&] { cut_journal(folder, wrong); }).code(), "live.damaged_journal");
  wrong = mark;
  wrong.part = 99;
  EXPECT_EQ(error_of([&] { cut_journal(folder, wrong); }).code(), "live.damaged_journal");
  EXPECT_EQ(lines_in(folder), 43U) << "nothing was cut";
  cut_journal(folder, mark);
  EXPECT_EQ(lines_in(folder), 3U);
  EXPECT_FALSE(fs::exists(journal_file(folder, 2)));
  cut_journal(folder, mark);
  EXPECT_EQ(lines_in(folder), 3U);
}

TEST(Journal, leaves_out_a_last_line_that_was_cut_off) {
  const TemporaryFolder place;
  const fs::path folder = place.path() / "s";
  {
    JournalWriter writer(folder, 100'000);
    write_lines(writer, 3);
  }
  fs::resize_file(journal_file(folder, 1), fs::file_size(journal_file(folder, 1)) - 5);
  EXPECT_EQ(lines_in(folder), 2U);
}

TEST(Journal, finds_every_changed_byte) {
  const TemporaryFolder place;
  const fs::path folder = place.path() / "s";
  {
    JournalWriter writer(folder, 100'000);
    write_lines(writer, 3);
  }
  const std::string good = read_file(journal_file(folder, 1));
  for (std::size_t at = 0; at + 1 < good.size(); at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file(journal_file(folder, 1), bad);
    EXPECT_EQ(error_of([&] { lines_in(folder); }).code(), "live.damaged_journal") << at;
  }
}

TEST(Journal, never_writes_over_another) {
  const TemporaryFolder place;
  JournalWriter first(place.path() / "s", 1000);
  EXPECT_EQ(error_of([&] { JournalWriter(place.path() / "s", 1000); }).code(), "live.journal_exists");
}

// ---------------------------------------------------------------- replay

constexpr std::size_t first_bar = 800;  // behind the thirty days of hours that the rules need

ParameterCell& cell_with(std::unique_ptr<ParameterCell>& cell) {
  strategy::ParameterLayers layers;
  layers.global[strategy::Parameter::cost_cap_bps] = 50;
  cell = std::make_unique<ParameterCell>(make_snapshot(1, "one", layers));
  return *cell;
}

broker::PaperConfig paper(const std::vector<std::string>& symbols) {
  broker::PaperConfig config;
  config.symbols = symbols;
  return config;
}

RuleLiveSettings rules_of(const std::string& symbol) {
  RuleLiveSettings settings;
  settings.symbol = symbol;
  settings.interval = hour_ms;
  settings.warm_up_bars = std::size_t{1} << 40U;
  return settings;
}

ReplayParts fresh_parts(const JournalHead& head, JournalParameters& parameters) {
  ReplayParts parts;
  parts.broker = std::make_unique<broker::PaperBroker>(paper(head.symbols));
  for (const std::string& symbol : head.symbols)
    parts.strategies.push_back(std::make_unique<RuleLiveStrategy>(rules_of(symbol), parameters.feed(symbol)));
  return parts;
}

/// A loop of the rules over paper, whose parameters change while it runs.
struct RuleLoop {
  RuleLoop(const ledger::TestPlace& place, std::vector<market::Bars> bars, const std::string& session)
      : cell(cell_with(owned_cell)), test(place.config(), std::move(bars), session, first_bar) {
    const std::vector<std::string> symbols = test.feed.symbols();
    paper_broker = std::make_unique<broker::PaperBroker>(paper(symbols));
    test.parts.broker = paper_broker.get();
    test.parts.strategies.clear();
    for (const std::string& symbol : symbols)
      test.parts.strategies.push_back(
          std::make_unique<RuleLiveStrategy>(rules_of(symbol), parameter_feed(cell, symbol)));
    test.parts.journal_folder = (place.folder() / "live").string();
    test.feed.before_next = [this](std::size_t bar) {
      if (bar % 100 == 0) {
        strategy::ParameterLayers layers;
        layers.global[strategy::Parameter::cost_cap_bps] = 50;
        layers.global[strategy::Parameter::vol_pct_breakout] = 50 + static_cast<double>(bar / 100 % 5) * 5;
        layers.by_regime[strategy::Regime::bear][strategy::Parameter::sl_breakout] = 3;
        cell.publish(make_snapshot(bar, "new", layers));
      }
      if (then) then(bar);
    };
  }
  std::unique_ptr<ParameterCell> owned_cell;
  ParameterCell& cell;
  std::unique_ptr<broker::PaperBroker> paper_broker;
  TestLoop test;
  std::function<void(std::size_t)> then;
};

std::vector<market::Bars> two_markets() {
  return {test_bars(2'500, 3, "SYNTHA/USDT"), test_bars(2'500, 4, "SYNTHB/USDT")};
}

TEST(JournalReplay, gives_the_same_decisions_with_new_parameters_a_kill_and_restarts_in_the_middle) {
  const ledger::TestPlace place(ledger::Dialect::sqlite);
  std::uint64_t fills = 0;
  for (int part = 0; part < 3; ++part) {
    RuleLoop loop(place, two_markets(), "part" + std::to_string(part));
    loop.test.parts.journal_part_bytes = 1'000'000;
    loop.test.feed.until = 1'350 + 500 * static_cast<std::size_t>(part);
    loop.then = [&](std::size_t bar) {
      LiveEngine& engine = loop.test.engine();
      if (bar == 1'500) engine.kill(*place.open(), {"anna", "to see"}, true);
      if (bar == 1'600) engine.rearm(*place.open(), {"anna", "seen"});
    };
    loop.test.engine().run();
    fills = loop.test.engine().view()->fills;
  }
  EXPECT_GT(fills, 10U);
  std::uint64_t decisions = 0, replayed_fills = 0;
  for (int part = 0; part < 3; ++part) {
    const JournalReplay replay =
        replay_journal(place.folder() / "live" / ("part" + std::to_string(part)), fresh_parts);
    EXPECT_EQ(replay.difference, "");
    EXPECT_EQ(replay.commands, part == 1 ? 2U : 0U);
    EXPECT_GT(replay.versions, 4U);
    decisions += replay.decisions;
    replayed_fills += replay.fills;
  }
  EXPECT_EQ(decisions, 2U * (2'350 - first_bar));
  EXPECT_EQ(replayed_fills, fills);
}

/// Writes the journal anew with one line changed, and its chain right.
void forge(const fs::path& from, const fs::path& to, const std::string& what, const std::string& with) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from))
    if (entry.path().filename().string().starts_with("warm_up")) fs::copy(entry.path(), to);
  JournalWriter writer(to, 1ULL << 40U);
  bool changed = false;
  read_journal(from, [&](std::string_view line, const std::string&) {
    std::string text(line);
    const std::size_t at = text.find(what);
    if (!changed && at != std::string::npos) {
      text.replace(at, what.size(), with);
      changed = true;
    }
    writer.write(text);
    return true;
  });
  EXPECT_TRUE(changed) << what;
}

TEST(JournalReplay, names_the_first_decision_that_differs_and_refuses_what_is_no_journal) {
  const ledger::TestPlace place(ledger::Dialect::sqlite);
  {
    RuleLoop loop(place, two_markets(), "one");
    loop.test.feed.until = 1'000;
    loop.test.engine().run();
  }
  const fs::path good = place.folder() / "live" / "one";
  EXPECT_TRUE(replay_journal(good, fresh_parts).equal());

  int forgeries = 0;
  const auto forged = [&](const std::string& what, const std::string& with) {
    const fs::path folder = place.folder() / ("forged" + std::to_string(forgeries++));
    forge(good, folder, what, with);
    return folder;
  };
  const JournalReplay other =
      replay_journal(forged(R"("reason":"no_rule")", R"("reason":"qualified")"), fresh_parts);
  EXPECT_FALSE(other.equal());
  EXPECT_NE(other.difference.find("decision "), std::string::npos) << other.difference;
  EXPECT_NE(other.difference.find("'explanation'"), std::string::npos) << other.difference;

  const std::vector<std::pair<std::string, std::string>> hostile{
      {R"("format":1)", R"("format":2)"},
      {R"("interval":3600000)", R"("interval":-1)"},
      {R"("interval":3600000)", R"("interval":"x")"},
      {R"("strategies":[)", R"("strategies":[{},)"},
      {R"("account":{)", R"("account":[{)"},
      {R"("kind":"head")", R"("kind":"step")"},
      {R"("kind":"step")", R"("kind":"none")"},
      {R"("kind":"step")", R"("kind":7)"},
      {R"("bars":[[)", R"("bars":[7,[)"},
      {R"("bars":[["SYNTHA/USDT")", R"("bars":[["SYNTHZ/USDT")"},
      {R"("now":)", R"("now":"x","was":)"},
      {R"("outcome":)", R"("out":)"},
      {R"("symbols":["SYNTHA/USDT","SYNTHB/USDT"])", R"("symbols":[])"},
      {R"("version":800,)", R"("version":-800,)"}};
  for (const auto& [what, with] : hostile) {
    const Error error = error_of([&, &what = what, &with = with] {
      const JournalReplay replay = replay_journal(forged(what, with), fresh_parts);
      EXPECT_FALSE(replay.equal()) << what;
      throw Error("live.differs", replay.difference);
    });
    EXPECT_TRUE(error.code().starts_with("live.") || error.code().starts_with("broker.") ||
                error.code().starts_with("strategy."))
        << what << ": " << error.what();
  }
  EXPECT_EQ(error_of([&] { replay_journal(place.folder() / "nowhere", fresh_parts); }).code(),
            "live.no_journal");
}

}  // namespace
}  // namespace stevie::live
