#include "api/serve_metrics.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>

namespace stevie::api {
namespace {

/// Lines of one metric after another. Label values are names of this program and symbols of a feed.
class Lines {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP stevie_{0} {2}\n# TYPE stevie_{0} {1}\n", name, type,
                   help);
  }
  void add(double value) {
    fmt::format_to(std::back_inserter(text_), "stevie_{} {}\n", name_, number(value));
  }
  void add(std::string_view label, std::string_view of, double value) {
    fmt::format_to(std::back_inserter(text_), "stevie_{}{{{}=\"{}\"}} {}\n", name_, label, escaped(of),
                   number(value));
  }
  void one(std::string_view name, std::string_view type, std::string_view help, double value) {
    begin(name, type, help);
    add(value);
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
  }
  static std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '\n') {
        result += "\\n";
        continue;
      }
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
    return result;
  }

  std::string text_;
  std::string_view name_;
};

constexpr double microseconds = 1e-6;
constexpr std::array all_feed_health{live::FeedHealth::connecting, live::FeedHealth::live,
                                     live::FeedHealth::stale, live::FeedHealth::reconnecting,
                                     live::FeedHealth::ended};
constexpr std::array all_risk_states{live::RiskState::active, live::RiskState::reducing,
                                     live::RiskState::halted};
constexpr std::array all_session_states{app::SessionState::queued,     app::SessionState::running,
                                        app::SessionState::stopping,   app::SessionState::finished,
                                        app::SessionState::failed,     app::SessionState::stopped,
                                        app::SessionState::interrupted};

void account(Lines& lines, const live::LiveView& view) {
  lines.one("live_running", "gauge", "1 while the trading loop runs", view.running ? 1 : 0);
  lines.one("live_steps_total", "counter", "Steps of the feed that were traded",
            static_cast<double>(view.steps));
  lines.one("live_decisions_total", "counter", "Decisions taken", static_cast<double>(view.decisions));
  lines.one("live_orders_total", "counter", "Orders that passed the risk engine",
            static_cast<double>(view.orders));
  lines.one("live_fills_total", "counter", "Changes of a position", static_cast<double>(view.fills));
  lines.one("live_equity", "gauge", "Cash and positions at their newest prices", view.account.equity);
  lines.one("live_cash", "gauge", "Cash of the account", view.account.cash);
  lines.one("live_initial_equity", "gauge", "Equity the account began with", view.initial_equity);
  lines.begin("live_position_units", "gauge", "Units held, negative for short");
  for (const std::string& symbol : view.symbols) {
    double units = 0;
    for (const broker::Position& position : view.account.positions) {
      if (position.symbol == symbol) units = position.units;
    }
    lines.add("symbol", symbol, units);
  }
  lines.one("live_waiting_orders", "gauge", "Orders that have not filled yet",
            static_cast<double>(view.account.waiting.size()));
  lines.one("live_parameter_version", "gauge", "Version of the parameters the newest decision used",
            static_cast<double>(view.parameter_version));
  lines.one("live_reconciled", "gauge", "1 where account and record agree; without, nothing is traded",
            view.reconciled ? 1 : 0);
  lines.one("live_persistence_fault", "gauge", "1 while nothing can be recorded and trading waits",
            view.persistence_fault.empty() ? 0 : 1);
  lines.begin("live_decision_latency_seconds", "gauge",
              "From the hand-over of a bar to its order, over the newest 10,000 decisions");
  lines.add("quantile", "0.5", view.latency_p50_us * microseconds);
  lines.add("quantile", "0.99", view.latency_p99_us * microseconds);
  lines.add("quantile", "1", view.latency_max_us * microseconds);
}

void risk(Lines& lines, const live::LiveView& view) {
  lines.begin("risk_state", "gauge", "1 for the state of the risk engine");
  for (const live::RiskState state : all_risk_states)
    lines.add("state", live::to_string(state), state == view.risk_state ? 1 : 0);
  lines.one("risk_killed", "gauge", "1 while the kill switch is on", view.risk.kill ? 1 : 0);
  lines.one("risk_orders_passed_total", "counter", "Orders that passed",
            static_cast<double>(view.risk.passed));
  lines.begin("risk_denials_total", "counter", "Orders that did not pass, by code");
  for (std::size_t i = 1; i < view.risk.denials.size(); ++i) {  // behind none
    const auto denial = static_cast<live::Denial>(i);
    lines.add("code", live::to_string(denial), static_cast<double>(view.risk.denials[i]));
  }
  lines.one("risk_peak_equity", "gauge", "Peak that the drawdown is measured from", view.risk.peak_equity);
  lines.one("risk_day_start_equity", "gauge", "Equity that the day's loss is measured from",
            view.risk.day_start_equity);
}

void feed(Lines& lines, const live::FeedStatus& status) {
  lines.begin("feed_health", "gauge", "1 for the state of the feed");
  for (const live::FeedHealth health : all_feed_health)
    lines.add("state", live::to_string(health), health == status.health ? 1 : 0);
  lines.one("feed_bars_total", "counter", "Bars handed over", static_cast<double>(status.bars));
  lines.one("feed_newest_close_timestamp_seconds", "gauge", "Close of the newest bar",
            static_cast<double>(status.newest_close) / second_ms);
  lines.one("feed_reconnects_total", "counter", "Connections after the first one",
            static_cast<double>(status.reconnects));
  lines.one("feed_gaps_filled_total", "counter", "Bars fetched after the fact",
            static_cast<double>(status.gaps_filled));
  lines.one("feed_rejected_total", "counter", "Messages that were malformed, out of order or contradicting",
            static_cast<double>(status.rejected));
  if (status.progress >= 0)
    lines.one("feed_progress_ratio", "gauge", "Share of a replay that is done", status.progress);
}

}  // namespace

std::string live_metrics(const live::LiveView& view) {
  Lines lines;
  account(lines, view);
  risk(lines, view);
  feed(lines, view.feed);
  return lines.take();
}

std::string service_metrics(const app::LiveHealth& health) {
  Lines lines;
  lines.one("live_thread_running", "gauge", "1 while the thread of the trading loop is there",
            health.running ? 1 : 0);
  lines.one("live_stopped_by_fault", "gauge", "1 where trading stopped by itself",
            health.fault.empty() ? 0 : 1);
  lines.one("ledger_reachable", "gauge", "1 where the ledger could be read at the last look",
            health.ledger_fault.empty() ? 1 : 0);
  lines.one("ledger_events_total", "counter", "Events on the ledger at the last look",
            static_cast<double>(health.ledger_events));
  lines.one("parameter_version", "gauge", "Version of the parameters in force",
            static_cast<double>(health.parameter_version));
  return lines.take();
}

std::string session_metrics(std::span<const app::TrainingSession> sessions) {
  std::map<app::SessionState, std::size_t> counts;
  for (const app::TrainingSession& session : sessions) ++counts[session.state];
  Lines lines;
  lines.begin("training_sessions", "gauge", "Training sessions on record, by state");
  for (const app::SessionState state : all_session_states)
    lines.add("state", app::to_string(state), static_cast<double>(counts[state]));
  return lines.take();
}

}  // namespace stevie::api
