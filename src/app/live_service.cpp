#include "app/live_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "app/live_news.h"
#include "app/params.h"
#include "app/social_sources.h"
#include "broker/paper_broker.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/error_list.h"
#include "core/time.h"
#include "ledger/ledger.h"
#include "live/binance_feed.h"
#include "live/replay_feed.h"
#include "live/rule_live_strategy.h"
#include "market/readers.h"
#include "market/symbol.h"
#include "market/synthetic.h"

namespace stevie::app {
namespace {

constexpr TimeMs look_every = 200;
constexpr TimeMs longest_backoff = 5 * second_ms;
constexpr std::size_t most_events = 500;  // read at a time

/// "20260304-050607-live", with "-2" and so on behind it where its journal is there already.
std::string new_session(const std::filesystem::path& folder, TimeMs now) {
  const CivilDate date = civil_date(now);
  const TimeMs of_day = now - utc_day(now) * day_ms;
  const std::string name =
      fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-live", date.year, date.month, date.day, of_day / hour_ms,
                  of_day / minute_ms % 60, of_day / second_ms % 60);
  std::string free = name;
  for (int i = 2; std::filesystem::exists(folder / free); ++i) free = fmt::format("{}-{}", name, i);
  return free;
}

/// The bars of a symbol and what stands beside them.
struct Source {
  market::Bars bars;
  SocialSources social;
  bool synthetic = false;
};

std::vector<Source> read_sources(const Config& config, ErrorList& faults) {
  const LiveConfig& live = config.live;
  std::vector<Source> sources;
  for (const std::string& file : live.data) {
    faults.collect([&] {
      Source source;
      source.bars = market::read_bars(file);
      if (source.bars.symbol.empty()) source.bars.symbol = std::filesystem::path(file).stem().string();
      source.synthetic = market::looks_synthetic(source.bars);
      if (live.feed == "replay") {
        const bool first = &file == &live.data.front();
        source.social = load_social_sources(
            {.files = first ? live.social : std::vector<std::string>{}, .discover = live.discover_social},
            file, source.bars);
      }
      sources.push_back(std::move(source));
    });
  }
  return sources;
}

/// Open time of the first bar on which the rules can decide for every symbol; nothing where there is none.
std::optional<TimeMs> first_decision(const std::vector<Source>& sources,
                                     const strategy::RuleSettings& rules) {
  TimeMs latest = 0;
  for (const Source& source : sources) {
    strategy::RuleInputStream stream(rules, source.bars.interval);
    std::size_t i = 0;
    while (i < source.bars.size() && !stream.push(source.bars[i]).ready) ++i;
    if (i == source.bars.size()) return std::nullopt;
    latest = std::max(latest, source.bars.open_time[i]);
  }
  return latest;
}

std::unique_ptr<live::Feed> make_replay(const Config& config, const std::vector<Source>& sources) {
  live::ReplayOptions options;
  options.speed = config.live.speed;
  if (config.live.from.empty()) {
    options.from = first_decision(sources, config.measuring.rules);
    if (!options.from) {
      throw Error("app.short_history",
                  fmt::format("the bars are too few for the rules: the first decision needs {} without a "
                              "long gap",
                              format_duration(config.measuring.rules.percentile_min_span)),
                  fmt::format("{}", fmt::join(config.live.data, ", ")));
    }
  } else {
    options.from = parse_time(config.live.from);
  }
  std::vector<market::Bars> bars;
  for (const Source& source : sources) bars.push_back(source.bars);
  return std::make_unique<live::ReplayFeed>(std::move(bars), options);
}

std::unique_ptr<live::Feed> make_binance(const Config& config) {
  live::BinanceFeedConfig feed;
  for (const std::string& symbol : config.live.symbols)
    feed.symbols.push_back(market::canonical_symbol(symbol));
  feed.interval = parse_duration(config.live.interval);
  feed.stream_url = config.live.stream_url;
  feed.rest_url = config.live.rest_url;
  return std::make_unique<live::BinanceFeed>(feed);
}

}  // namespace

struct LiveService::Impl {
  Impl(const Config& given, NewsHub* hub) : config(given), news(hub) {
    parameters = open_parameters(config.ledger);
    seen = parameters.ledger->head().sequence;
    health.ledger_events = seen;
    health.parameter_version = parameters.store->current().number;
    if (config.live.feed != "none") set_up();
  }

  void set_up() {
    ErrorList faults;
    const bool replay = config.live.feed == "replay";
    if (replay && config.live.data.empty())
      faults.add(Error("app.bad_live", "a replay needs a bar file: give --data FILE, once for each symbol",
                       "live.data"));
    if (!replay && config.live.symbols.empty())
      faults.add(Error("app.bad_live", "say what is traded, such as BTC/USDT", "live.symbols"));
    faults.collect([this] { config.env.instrument.validate(); });
    faults.collect([this] { std::filesystem::create_directories(config.live.folder); });
    std::vector<Source> sources = read_sources(config, faults);
    faults.throw_any("app.bad_live", "faults keep this from trading:");
    describe_sources(sources);
    std::vector<std::vector<strategy::SocialSource>> social(replay ? sources.size() : 0);
    if (replay) {
      for (std::size_t i = 0; i < sources.size(); ++i) social[i] = sources[i].social.sources;
      feed = make_replay(config, sources);
    } else {
      feed = make_binance(config);
    }
    make_engine(social);
  }

  void describe_sources(const std::vector<Source>& sources) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const market::Bars& bars = sources[i].bars;
      if (!bars.has_volume) volume = false;
      if (sources[i].synthetic)
        description.push_back(
            fmt::format("{} is a SYNTHETIC market: what happens on it says nothing about "
                        "real ones",
                        config.live.data[i]));
      for (const std::string& note : sources[i].social.notes)
        description.push_back(fmt::format("{}: {}", bars.symbol, note));
    }
  }

  void make_engine(const std::vector<std::vector<strategy::SocialSource>>& social) {
    const bool replay = config.live.feed == "replay";
    description.insert(description.begin(),
                       fmt::format("{}: {}, bars of {}", feed->name(), fmt::join(feed->symbols(), ", "),
                                   format_duration(feed->interval())));
    ledger = ledger::Ledger::open(config.ledger);
    broker::PaperConfig account{
        .symbols = feed->symbols(), .interval = feed->interval(), .has_volume = volume};
    account.engine.instrument = config.env.instrument;
    account.engine.initial_equity = config.live.initial_equity;
    broker = std::make_unique<broker::PaperBroker>(account);
    risk = std::make_unique<live::RiskEngine>(config.risk);
    session = new_session(config.live.folder, system_time());

    live::LiveParts parts;
    parts.ledger = ledger.get();
    parts.feed = feed.get();
    parts.broker = broker.get();
    parts.risk = risk.get();
    for (std::size_t i = 0; i < feed->symbols().size(); ++i) {
      live::RuleLiveSettings settings{
          .symbol = feed->symbols()[i],
          .interval = feed->interval(),
          .rules = config.measuring.rules,
          .regime = config.measuring.regime,
          .social = config.measuring.social,
          .sources = i < social.size() ? social[i] : std::vector<strategy::SocialSource>{},
          .instrument = config.env.instrument,
          .warm_up_bars = std::nullopt};
      // A replay sees what a back-test of the same file sees, wherever it goes on.
      if (replay) settings.warm_up_bars = std::numeric_limits<std::size_t>::max();
      parts.strategies.push_back(std::make_unique<live::RuleLiveStrategy>(
          std::move(settings), live::parameter_feed(parameters.store->cell(), feed->symbols()[i])));
    }
    parts.journal_folder = config.live.folder;
    parts.session = session;
    parts.checkpoint_steps = config.live.checkpoint_steps;
    parts.checkpoint_gap = checkpoint_gap;
    parts.leverage_limit = config.env.instrument.leverage_limit;
    parts.configuration = configuration_json();
    engine = std::make_unique<live::LiveEngine>(std::move(parts));
  }

  std::string configuration_json() const {
    Config copy = config;
    ConfigBinder binder;
    describe(binder, copy);
    nlohmann::json object = nlohmann::json::object();
    for (const ConfigField& field : binder.fields()) {
      for (const char* section : {"live.", "risk.", "costs.", "rules.", "regime.", "social."}) {
        if (field.key.starts_with(section)) object[field.key] = field.show();
      }
    }
    return object.dump();
  }

  // ---- the trading thread

  void trade() {
    std::string fault;
    for (TimeMs pause = look_every;; pause = std::min(2 * pause, longest_backoff)) {
      try {
        engine->run();
        fault.clear();
        break;
      } catch (const Error& error) {
        fault = error.what();
        // Where the account could not even be read, nothing has begun: that is tried again.
        const bool passes = error.code() == "ledger.unreachable" || error.code() == "ledger.locked";
        if (!passes || !wait_to_try_again(fault, pause)) break;
      } catch (const std::exception& error) {
        fault = fmt::format("a fault of the program, please report it: {}", error.what());
        break;
      }
    }
    const std::lock_guard lock(mutex);
    health.running = false;
    health.ended = true;
    if (health.fault.empty()) health.fault = fault;
  }

  /// False where the service is to stop.
  bool wait_to_try_again(const std::string& fault, TimeMs pause) {
    std::unique_lock lock(mutex);
    health.waits_for = fault;
    const bool stop = wake.wait_for(lock, std::chrono::milliseconds(pause), [this] { return stopping; });
    health.waits_for.clear();
    return !stop;
  }

  // ---- the watcher

  void watch() {
    TimeMs pause = look_every;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, std::chrono::milliseconds(pause), [this] { return stopping; })) {
      lock.unlock();
      const bool reached = look();
      lock.lock();
      pause = reached ? look_every : std::min(2 * pause, longest_backoff);
    }
  }

  /// False where the ledger cannot be read.
  bool look() {
    if (engine != nullptr) news.look(*engine);
    std::string fault;
    try {
      // A connection that was lost comes back with the next write, and one of nothing will do.
      if (!ledger_fault.empty())
        parameters.ledger->append_decided([] { return std::vector<ledger::NewEvent>{}; });
      parameters.store->refresh();
      std::vector<ledger::Event> events;
      do {
        events = parameters.ledger->read({.after = seen, .first = most_events});
        for (const ledger::Event& event : events) {
          seen = event.sequence;
          take(event);
        }
      } while (events.size() == most_events);
    } catch (const std::exception& error) {
      fault = error.what();
    }
    if (fault.empty() != ledger_fault.empty())
      news.tell_ledger(fault.empty(), fault.empty() ? "the ledger can be read again" : fault);
    ledger_fault = fault;
    const std::lock_guard lock(mutex);
    health.ledger_fault = fault;
    health.ledger_events = seen;
    health.parameter_version = parameters.store->current().number;
    return fault.empty();
  }

  void take(const ledger::Event& event) {
    if (engine != nullptr) {
      engine->notice(event);
      if (event.kind == "live.started") yield_to(event);
    }
    news.tell(event);
  }

  /// The account has one server: where another has begun to trade it, past the locks of this machine, this
  /// one stops.
  void yield_to(const ledger::Event& event) {
    const nlohmann::json body = nlohmann::json::parse(event.body, nullptr, false);
    const std::string other = body.is_object() ? body.value("session", std::string()) : std::string();
    if (other == session || other.empty()) return;
    {
      const std::lock_guard lock(mutex);
      health.fault = fmt::format(
          "another server began to trade this account (session {}, event {}): stop one of "
          "the two, then start this one again",
          other, event.sequence);
    }
    engine->stop();
    feed->interrupt();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      stopping = true;
    }
    wake.notify_all();
    if (engine != nullptr) {
      engine->stop();
      feed->interrupt();
    }
    if (trader.joinable()) trader.join();
    if (watcher.joinable()) watcher.join();
  }

  Config config;
  LiveNews news;
  OpenParameters parameters;               // the watcher's connection; its cell outlives the strategies
  std::unique_ptr<ledger::Ledger> ledger;  // the loop's
  std::unique_ptr<live::Feed> feed;
  std::unique_ptr<broker::PaperBroker> broker;
  std::unique_ptr<live::RiskEngine> risk;
  std::unique_ptr<live::LiveEngine> engine;
  std::string session;
  bool volume = true;  // the bars of every symbol have one
  std::vector<std::string> description;

  std::uint64_t seen = 0;    // newest event the watcher has read
  std::string ledger_fault;  // of its last look

  mutable std::mutex mutex;  // for what follows
  std::condition_variable wake;
  bool stopping = false;
  LiveHealth health;
  std::thread trader, watcher;  // of start() and stop()
};

LiveService::LiveService(const Config& config, NewsHub* news) : impl_(std::make_unique<Impl>(config, news)) {}

LiveService::~LiveService() {
  impl_->stop();
}

void LiveService::start() {
  if (impl_->engine != nullptr) {
    impl_->health.running = true;
    impl_->trader = std::thread([this] { impl_->trade(); });
  }
  impl_->watcher = std::thread([this] { impl_->watch(); });
}

void LiveService::stop() {
  impl_->stop();
  impl_->look();  // what the loop wrote last
}

live::LiveEngine* LiveService::engine() {
  return impl_->engine.get();
}

LiveHealth LiveService::health() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->health;
}

const std::string& LiveService::session() const {
  return impl_->session;
}

const std::vector<std::string>& LiveService::description() const {
  return impl_->description;
}

void LiveService::look_around() {
  impl_->look();
}

}  // namespace stevie::app
