#include "notify/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/printable.h"
#include "notify/outbox.h"
#include "notify/signature.h"

namespace stevie::notify {
namespace {

using Json = nlohmann::ordered_json;

/// Always with milliseconds: "2024-01-31T12:00:00.000Z".
std::string stamp(TimeMs time) {
  std::string text = format_time(time);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view event_name(const Envelope& envelope) {
  return envelope.is_test ? "test" : to_string(envelope.message.event);
}

std::string webhook_body(const Envelope& envelope) {
  const Message& message = envelope.message;
  Json data = Json::parse(message.data, nullptr, false);
  if (!data.is_object()) data = Json::object();
  return dump({{"id", envelope.id},
               {"event", event_name(envelope)},
               {"severity", to_string(message.severity)},
               {"title", message.title},
               {"text", message.text},
               {"time", stamp(message.time)},
               {"repeated", envelope.repeated},
               {"data", std::move(data)}});
}

std::string telegram_text(const Envelope& envelope) {
  constexpr std::size_t most = 3500;  // bytes; Telegram takes 4096 characters
  const Message& message = envelope.message;
  std::string text =
      message.severity == Severity::info ? "" : fmt::format("{}: ", to_string(message.severity));
  text += message.title;
  if (!message.text.empty()) text += "\n" + message.text;
  text = shortened(text, most);
  if (envelope.repeated > 0) text += fmt::format("\n({} more like this before it)", envelope.repeated);
  return text + "\n" + stamp(message.time);
}

/// Telegram says what is wrong in a field of its answer.
std::string telegram_error(const Channel& channel, const PostAnswer& answer, Outcome& outcome) {
  const Json json = Json::parse(answer.body, nullptr, false);
  if (!json.is_object()) return {};
  const auto parameters = json.find("parameters");
  if (parameters != json.end() && parameters->is_object()) {
    const auto wait = parameters->find("retry_after");
    if (wait != parameters->end() && wait->is_number_unsigned())
      outcome.retry_after =
          static_cast<TimeMs>(std::min<std::uint64_t>(wait->get<std::uint64_t>(), day_ms / second_ms)) *
          second_ms;
  }
  const auto description = json.find("description");
  if (description == json.end() || !description->is_string()) return {};
  constexpr std::size_t most = 200;
  std::string text = printable(shortened(*description, most));
  std::ranges::replace(text, '\n', ' ');
  const bool quotes = text.find(channel.token.substr(channel.token.find(':') + 1)) != std::string::npos;
  return quotes ? "" : text;
}

bool may_pass(int status) {
  constexpr int timeout = 408, conflict = 409, early = 425, too_many = 429, server_fault = 500;
  return status >= server_fault || status == timeout || status == conflict || status == early ||
         status == too_many;
}

}  // namespace

HttpPost make_post(const Channel& channel, const Envelope& envelope, const NotifyConfig& config, TimeMs now) {
  HttpPost post;
  post.allow_private = config.allow_private;
  post.timeout = config.timeout;
  post.headers.emplace_back("Content-Type", "application/json");
  if (channel.kind == ChannelKind::telegram) {
    post.url = config.telegram_url + "/bot" + channel.token + "/sendMessage";
    post.body = dump(
        {{"chat_id", channel.chat}, {"text", telegram_text(envelope)}, {"disable_web_page_preview", true}});
    return post;
  }
  post.url = channel.url;
  post.body = webhook_body(envelope);
  post.headers.emplace_back("Stevie-Event", event_name(envelope));
  post.headers.emplace_back("Stevie-Delivery", envelope.id);
  post.headers.emplace_back("Stevie-Signature", signature_header(channel.secret, now, post.body));
  return post;
}

Outcome judge(const Channel& channel, const PostAnswer& answer) {
  constexpr int first_good = 200, first_redirect = 300, first_refusal = 400;
  Outcome outcome;
  outcome.http_status = answer.status;
  outcome.retry_after = answer.retry_after;
  if (answer.status == 0) {
    outcome.error = answer.fault.empty() ? "no answer" : answer.fault;
    outcome.final = answer.refused;
    return outcome;
  }
  outcome.delivered = answer.status >= first_good && answer.status < first_redirect;
  if (outcome.delivered) return outcome;
  outcome.final = !may_pass(answer.status);
  outcome.error = fmt::format("the receiver answered {}", answer.status);
  if (answer.status >= first_redirect && answer.status < first_refusal)
    outcome.error += ": redirects are not followed, give the URL that it leads to";
  if (channel.kind == ChannelKind::telegram) {
    const std::string said = telegram_error(channel, answer, outcome);
    if (!said.empty()) outcome.error += ": " + said;
  }
  return outcome;
}

}  // namespace stevie::notify
