#include "api/serve_console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "core/clock.h"
#include "core/printable.h"
#include "core/progress.h"

namespace stevie::api {
namespace {

constexpr TimeMs tell_every = 10 * second_ms;
constexpr std::size_t most_items = 1000;

/// The member as text of one line; empty where there is none.
std::string text_of(const nlohmann::json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return {};
  std::string text = printable(found->is_string() ? found->get<std::string>() : found->dump());
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

std::string because(const nlohmann::json& body) {
  const std::string reason = text_of(body, "reason");
  return fmt::format(" by {}{}", text_of(body, "author"), reason.empty() ? "" : ": " + reason);
}

}  // namespace

std::string console_line(const app::NewsItem& item) {
  const nlohmann::json body = nlohmann::json::parse(item.body, nullptr, false);
  if (!body.is_object()) return {};
  const std::string& kind = item.kind;
  if (kind == "risk.killed") return "KILLED" + because(body);
  if (kind == "risk.rearmed") return "re-armed" + because(body);
  if (kind == "risk.state") {
    const std::string why = text_of(body, "why");  // none where it is active again
    return fmt::format("risk {} -> {}{}", text_of(body, "from"), text_of(body, "to"),
                       why.empty() ? "" : ": " + why);
  }
  if (kind == "parameters.version")
    return fmt::format("parameters version {}{}", text_of(body, "number"), because(body));
  if (kind == "training.queued" || kind == "training.started")
    return fmt::format("session {} {}", text_of(body, "id"), kind.substr(std::string("training.").size()));
  if (kind == "training.ended")
    return fmt::format("session {} {}: {}", text_of(body, "id"), text_of(body, "state"),
                       text_of(body, "sentence"));
  if (kind == "ledger.unreachable" || kind == "ledger.back")
    return fmt::format("ledger: {}", text_of(body, "text"));
  return {};
}

ServeConsole::ServeConsole(std::ostream* err, const app::NewsHub& news, const live::LiveEngine* live)
    : err_(err), news_(news), live_(live), seen_(news.newest()), told_(system_time()) {}

void ServeConsole::look() {
  if (err_ == nullptr) return;
  for (const app::NewsItem& item : news_.after(seen_, most_items).items) {
    seen_ = item.id;
    if (const std::string line = console_line(item); !line.empty()) *err_ << line << "\n";
  }
  const TimeMs now = system_time();
  if (live_ != nullptr && std::abs(now - told_) >= tell_every) {
    *err_ << status() << "\n";
    told_ = now;
  }
  err_->flush();
}

std::string ServeConsole::status() const {
  if (live_ == nullptr) return "no trading";
  const std::shared_ptr<const live::LiveView> view = live_->view();
  std::string positions;
  for (const broker::Position& position : view->account.positions)
    positions += fmt::format(", {} {:.6g}", position.symbol, position.units);
  std::string line =
      fmt::format("{} paper equity {:.2f}{}; {} bars, {} orders, {} fills; risk {}; {}",
                  view->now == 0 ? std::string("not begun") : format_time(view->now), view->account.equity,
                  positions, format_count(view->steps), format_count(view->orders), format_count(view->fills),
                  live::to_string(view->risk_state), view->feed.text);
  if (!view->risk_why.empty()) line += "; " + view->risk_why;
  if (!view->persistence_fault.empty()) line += "; TRADING WAITS: " + view->persistence_fault;
  return line;
}

}  // namespace stevie::api
