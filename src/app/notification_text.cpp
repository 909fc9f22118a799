#include "app/notification_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/printable.h"

namespace stevie::app {
namespace {

using Json = nlohmann::ordered_json;
using notify::Event;
using notify::Message;
using notify::Severity;

/// Texts of anybody, in a message of ours: one line, no control characters.
std::string line(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) return {};
  std::string text = printable(found->get<std::string>());
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

bool flag(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_boolean() && found->get<bool>();
}

std::uint64_t count(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string joined_lines(const Json& body, const char* name) {
  constexpr std::size_t most = 10;
  const auto found = body.find(name);
  if (found == body.end() || !found->is_array()) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(found->size(), most); ++i) {
    if ((*found)[i].is_string())
      text += (text.empty() ? "" : "; ") + printable((*found)[i].get<std::string>());
  }
  if (found->size() > most) text += fmt::format("; and {} more", found->size() - most);
  return text;
}

Json picked(const Json& body, std::initializer_list<const char*> names) {
  Json data = Json::object();
  for (const char* name : names) {
    if (body.contains(name)) data[name] = body.at(name);
  }
  return data;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Message make(Event event, Severity severity, std::string title, std::string text, const Json& data,
             TimeMs time) {
  return {.event = event,
          .severity = severity,
          .title = std::move(title),
          .text = std::move(text),
          .data = dump(data),
          .time = time,
          .key = {}};
}

std::string reason_text(const Json& body) {
  const std::string reason = line(body, "reason");
  return reason.empty() ? "" : "Reason: " + reason;
}

std::string who(const Json& body) {
  const std::string name = line(body, "author");
  return name.empty() ? "somebody" : name;
}

/// `body` has "author" and "sequence" of the event. agrees: as last seen; set where the event tells it.
std::optional<Message> of_record(const std::string& kind, const Json& body, TimeMs time,
                                 std::optional<bool>& agrees) {
  std::optional<Message> message;
  if (kind == "risk.killed") {
    message = make(Event::kill, Severity::critical, fmt::format("Trading was stopped by {}", who(body)),
                   reason_text(body) + (flag(body, "flatten") ? ". All positions are closed." : ""),
                   picked(body, {"author", "reason", "flatten", "sequence"}), time);
  } else if (kind == "risk.rearmed") {
    message = make(Event::rearm, Severity::warning, fmt::format("Trading was re-armed by {}", who(body)),
                   reason_text(body), picked(body, {"author", "reason", "sequence"}), time);
  } else if (kind == "risk.limits_changed") {
    message = make(Event::limits_changed, Severity::warning,
                   fmt::format("Risk limits were changed by {}", who(body)), reason_text(body),
                   picked(body, {"author", "reason", "limits", "before", "sequence"}), time);
  } else if (kind == "live.reconciliation") {
    const bool now = flag(body, "agrees");
    const bool accepted = body.contains("accepted_by");
    if (!now)
      message = make(Event::reconciliation, Severity::critical, "Account and record differ",
                     "No order passes until they agree or a person accepts the account. " +
                         joined_lines(body, "differences"),
                     picked(body, {"session", "differences", "sequence"}), time);
    else if (accepted || agrees == std::optional(false))
      message = make(Event::reconciliation, Severity::info,
                     accepted ? fmt::format("The account was accepted by {}", line(body, "accepted_by"))
                              : std::string("Account and record agree again"),
                     reason_text(body), picked(body, {"session", "accepted_by", "reason", "sequence"}), time);
    agrees = now;
  } else if (kind == "parameters.version") {
    const std::string change = line(body, "change");
    if (change == "defaults") return std::nullopt;
    const bool promoted = change == "promotion";
    message = make(promoted ? Event::promotion : Event::parameter_change,
                   promoted ? Severity::info : Severity::warning,
                   fmt::format("Parameters: version {} is in force, {} by {}", count(body, "number"),
                               change == "manual" ? "changed" : change, who(body)),
                   reason_text(body),
                   picked(body, {"number", "parent", "change", "author", "reason", "sequence"}), time);
  }
  if (message) message->key = fmt::format("ledger:{}", count(body, "sequence"));
  return message;
}

std::optional<Message> of_session(const Json& body, TimeMs time) {
  const std::string state = line(body, "state"), id = line(body, "id"), verdict = line(body, "verdict");
  // The server goes on with what a restart interrupted.
  if (state == "interrupted" && !flag(body, "by_hand")) return std::nullopt;
  Message message = make(
      Event::session_ended, state == "failed" ? Severity::warning : Severity::info,
      fmt::format("Session {} {}{}", id, state, verdict.empty() ? "" : ": " + verdict),
      line(body, "sentence"),
      picked(body, {"id", "scenario", "state", "outcome", "verdict", "sentence", "new_version", "by"}), time);
  message.key = fmt::format("session:{}:{}:{}", id, state, count(body, "attempts"));
  return message;
}

}  // namespace

const std::vector<std::string>& MessageMaker::ledger_kinds() {
  static const std::vector<std::string> kinds{"risk.killed", "risk.rearmed", "risk.limits_changed",
                                              "live.reconciliation", "parameters.version"};
  return kinds;
}

std::optional<Message> MessageMaker::read(const ledger::Event& event) {
  Json body = Json::parse(event.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  body["sequence"] = event.sequence;
  body["author"] = event.author;
  return of_record(event.kind, body, event.time, agrees_);
}

std::vector<Message> MessageMaker::read(const NewsItem& item) {
  std::vector<Message> messages;
  if (item.kind == "live.state") {
    read_state(item, messages);
  } else if (item.kind == "live.decision") {
    read_decision(item, messages);
  } else if (item.kind == "ledger.unreachable" || item.kind == "ledger.back") {
    const Json body = Json::parse(item.body, nullptr, false);
    const bool back = item.kind == "ledger.back";
    messages.push_back(make(Event::persistence_fault, back ? Severity::info : Severity::critical,
                            back ? "The ledger can be read again" : "The ledger cannot be reached",
                            body.is_object() ? line(body, "text") : "", Json::object(), item.time));
  } else if (item.kind == "session.ended" || item.kind == "accounts.login_locked" ||
             std::ranges::find(ledger_kinds(), item.kind) != ledger_kinds().end()) {
    const Json body = Json::parse(item.body, nullptr, false);
    if (!body.is_object()) return messages;
    if (item.kind == "accounts.login_locked") {
      messages.push_back(
          make(Event::login_lockout, Severity::warning,
               fmt::format("Too many failed logins as {} from {}", line(body, "name"), line(body, "address")),
               fmt::format("No further try is taken until {}.", line(body, "until")),
               picked(body, {"name", "address", "until"}), item.time));
      return messages;
    }
    if (auto message = item.kind == "session.ended" ? of_session(body, item.time)
                                                    : of_record(item.kind, body, item.time, agrees_))
      messages.push_back(std::move(*message));
  }
  return messages;
}

void MessageMaker::read_state(const NewsItem& item, std::vector<Message>& messages) {
  const Json body = Json::parse(item.body, nullptr, false);
  if (!body.is_object() || !flag(body, "running")) return;
  const Json data =
      picked(body, {"mode", "session", "risk_state", "risk_why", "equity", "feed", "persistence_fault"});
  const auto tell = [&](Event event, Severity severity, std::string title, std::string text) {
    messages.push_back(make(event, severity, std::move(title), std::move(text), data, item.time));
  };

  // While the account is being reconciled trading is halted, which is no news.
  const std::string state = line(body, "risk_state");
  if (flag(body, "reconciled") && !state.empty()) {
    if (risk_state_ && *risk_state_ != state)
      tell(Event::risk_state,
           state == "halted"     ? Severity::critical
           : state == "reducing" ? Severity::warning
                                 : Severity::info,
           fmt::format("Risk state: {}, it was {}", state, *risk_state_), line(body, "risk_why"));
    risk_state_ = state;
  }

  const auto feed = body.find("feed");
  if (feed != body.end() && feed->is_object()) {
    const std::string health = line(*feed, "health");
    const bool stale = health == "stale" || health == "reconnecting";
    if (stale || health == "live" || health == "ended") {
      if (feed_stale_.value_or(false) != stale)
        tell(Event::feed_stale, stale ? Severity::warning : Severity::info,
             stale ? "The feed brings no data: " + health : "The feed brings data again",
             line(*feed, "text"));
      feed_stale_ = stale;
    }
  }

  const std::string fault = line(body, "persistence_fault");
  if (recording_.value_or(true) != fault.empty())
    tell(Event::persistence_fault, fault.empty() ? Severity::info : Severity::critical,
         fault.empty() ? "What happens is recorded again" : "Nothing can be recorded: trading waits", fault);
  recording_ = fault.empty();
}

void MessageMaker::read_decision(const NewsItem& item, std::vector<Message>& messages) {
  if (item.body.find(R"("denial":null)") != std::string::npos) return;
  const Json body = Json::parse(item.body, nullptr, false);
  if (!body.is_object()) return;
  const std::string denial = line(body, "denial");
  if (denial.empty()) return;
  denials_.emplace_back(item.time, denial);
  while (!denials_.empty() &&
         (denials_.front().first <= item.time - minute_ms || denials_.size() > 2 * most_denials_ + 1))
    denials_.pop_front();
  if (denials_.size() <= most_denials_) {
    told_denials_ = false;
    return;
  }
  if (told_denials_) return;
  told_denials_ = true;
  std::map<std::string, std::uint64_t> counts;
  for (const auto& entry : denials_) ++counts[entry.second];
  std::string text;
  Json data = Json::object();
  for (const auto& [name, number] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, name);
    data[name] = number;
  }
  messages.push_back(make(Event::denials, Severity::warning,
                          fmt::format("{} orders were denied within a minute", denials_.size()), text,
                          {{"denials", std::move(data)}}, item.time));
}

}  // namespace stevie::app
