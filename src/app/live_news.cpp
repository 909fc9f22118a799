#include "app/live_news.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/time.h"

namespace stevie::app {
namespace {

using nlohmann::json;

constexpr std::size_t most_decisions = 1000;  // looked through at a time
constexpr std::size_t most_fills = 1000;

/// Always with milliseconds: "2024-01-31T12:00:00.000Z".
std::string stamp(TimeMs time) {
  std::string text = format_time(time);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

/// JSON has neither NaN nor infinity: null.
json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

/// Text of anybody: bytes that are no UTF-8 are replaced.
std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The text as JSON where it is an object; else an empty one.
json object_of(const std::string& text) {
  json parsed = json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : json::object();
}

bool only_holds(const live::DecisionRecord& decision) {
  return decision.action == "hold" && decision.order_id.empty() && decision.denial == live::Denial::none;
}

std::string topic_of(std::string_view kind) {
  if (kind.starts_with("risk.") || kind == "live.reconciliation") return "risk";
  if (kind.starts_with("parameters.") || kind == "gate.decision") return "parameters";
  if (kind.starts_with("training.")) return "sessions";
  if (kind == "live.started" || kind == "live.stopped") return "live";
  if (kind == "accounts.changed") return "accounts";  // for administrators only
  return {};
}

}  // namespace

std::string decision_news(const live::DecisionRecord& decision) {
  json object{{"number", decision.number},
              {"symbol", decision.symbol},
              {"bar_time", stamp(decision.bar.open_time)},
              {"close", number(decision.bar.close)},
              {"action", decision.action},
              {"summary", decision.summary},
              {"parameter_version", decision.parameter_version}};
  object["order_id"] = decision.order_id.empty() ? json(nullptr) : json(decision.order_id);
  object["denial"] =
      decision.denial == live::Denial::none ? json(nullptr) : json(live::to_string(decision.denial));
  return dump(object);
}

std::string fill_news(const broker::Fill& fill) {
  return dump({{"order_id", fill.order_id},
               {"symbol", fill.symbol},
               {"time", stamp(fill.time)},
               {"units", number(fill.units)},
               {"price", number(fill.price)},
               {"fee", number(fill.fee)},
               {"units_after", number(fill.units_after)},
               {"reason", fill.reason}});
}

std::string state_news(const live::LiveView& view) {
  json positions = json::array();
  for (const broker::Position& position : view.account.positions) {
    positions.push_back({{"symbol", position.symbol},
                         {"units", number(position.units)},
                         {"entry_price", number(position.entry_price)},
                         {"mark_price", number(position.mark_price)},
                         {"unrealised", number(position.unrealised)}});
  }
  json object{{"mode", view.mode},
              {"session", view.session},
              {"running", view.running},
              {"text", view.text},
              {"now", view.now == 0 ? json(nullptr) : json(stamp(view.now))},
              {"steps", view.steps},
              {"decisions", view.decisions},
              {"orders", view.orders},
              {"fills", view.fills},
              {"parameter_version", view.parameter_version},
              {"equity", number(view.account.equity)},
              {"cash", number(view.account.cash)},
              {"positions", std::move(positions)},
              {"waiting_orders", view.account.waiting.size()},
              {"risk_state", live::to_string(view.risk_state)},
              {"risk_why", view.risk_why},
              {"reconciled", view.reconciled},
              {"persistence_fault", view.persistence_fault}};
  object["feed"] = {{"health", live::to_string(view.feed.health)}, {"text", view.feed.text}};
  object["feed"]["progress"] = view.feed.progress < 0 ? json(nullptr) : number(view.feed.progress);
  return dump(object);
}

void LiveNews::look(const live::LiveEngine& engine) {
  if (hub_ == nullptr) return;
  const std::shared_ptr<const live::LiveView> view = engine.view();
  if (view == nullptr || view == seen_) return;
  if (seen_ != nullptr) {
    const std::uint64_t fresh = view->decisions - std::min(seen_->decisions, view->decisions);
    std::vector<live::DecisionRecord> decisions =
        engine.decisions(std::numeric_limits<std::uint64_t>::max(),
                         static_cast<std::size_t>(std::min<std::uint64_t>(fresh, most_decisions)));
    std::size_t holds = 0;  // the newest are kept
    std::erase_if(decisions, [&holds](const live::DecisionRecord& decision) {
      return only_holds(decision) && ++holds > most_holds;
    });
    for (auto decision = decisions.rbegin(); decision != decisions.rend(); ++decision)
      hub_->publish("decisions", "live.decision", decision_news(*decision));
    const std::uint64_t filled = view->fills - std::min(seen_->fills, view->fills);
    const std::vector<broker::Fill> fills =
        engine.fills(static_cast<std::size_t>(std::min<std::uint64_t>(filled, most_fills)));
    for (auto fill = fills.rbegin(); fill != fills.rend(); ++fill)
      hub_->publish("fills", "live.fill", fill_news(*fill));
  }
  hub_->publish("live", "live.state", state_news(*view));
  seen_ = view;
}

void LiveNews::tell(const ledger::Event& event) {
  if (hub_ == nullptr) return;
  const json head{{"sequence", event.sequence}, {"author", event.author}, {"time", stamp(event.time)}};
  if (const std::string topic = topic_of(event.kind); !topic.empty()) {
    json body = object_of(event.body);
    body.update(head);
    hub_->publish(topic, event.kind, dump(body));
  }
  if (event.kind == "live.step") return;  // hundreds a second; live.state tells what they come to
  json short_form = head;
  short_form["kind"] = event.kind;
  hub_->publish("ledger", "ledger.event", dump(short_form));
}

void LiveNews::tell_ledger(bool reachable, const std::string& text) {
  if (hub_ == nullptr) return;
  hub_->publish("ledger", reachable ? "ledger.back" : "ledger.unreachable", dump({{"text", text}}));
}

}  // namespace stevie::app
