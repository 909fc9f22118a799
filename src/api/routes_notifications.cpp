#include <fmt/format.h>

#include <algorithm>

#include "api/route_context.h"
#include "app/notify_channels.h"
#include "core/error.h"

namespace stevie::api {
namespace {

using accounts::Role;
using notify::Channel;
using notify::ChannelKind;
using notify::Delivery;

constexpr std::int64_t longest_gap_seconds = day_ms / second_ms;
constexpr std::size_t most_secret = 256;

Json name_schema(std::string_view meaning) {
  using namespace schema;
  return example(pattern(meaning, "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", 64), "desk");
}

Json kind_schema() {
  return schema::choice("Where it sends to", {"webhook", "telegram"});
}

Json event_schema(std::string_view meaning) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < notify::event_count; ++i)
    names.emplace_back(to_string(static_cast<notify::Event>(i)));
  return schema::choice(meaning, names);
}

Json events_schema() {
  Json list = schema::list(event_schema("docs/notifications.md tells of each"), "What it wants to hear of");
  list["minItems"] = 1;
  list["maxItems"] = notify::event_count;
  return list;
}

Json set_schema(std::string_view meaning) {
  return schema::nullable(schema::choice(meaning, {"set"}));
}

Json state_schema() {
  return schema::choice(
      "waiting: to be sent, or to be tried again; dropped: the channel went, or too much waited",
      {"waiting", "delivered", "failed", "dropped"});
}

Json delivery_schema() {
  using namespace schema;
  return object(
      {{"id", text("Of the message; a webhook finds it in Stevie-Delivery")},
       {"time", time("Of the last try, or of the newest change")},
       {"channel", text("Its name")},
       {"event", text("What it tells of; test: of a test")},
       {"state", state_schema()},
       {"tries", integer("Requests made")},
       {"http_status", nullable(integer("That the receiver answered; null: no answer came", 100, 999))},
       {"error", nullable(text("Why it was not delivered"))},
       {"took_ms", integer("The last try, in milliseconds")}});
}

Json channel_schema() {
  using namespace schema;
  return object(
      {{"name", text("Of the channel")},
       {"kind", kind_schema()},
       {"target", text("Where it sends to, without what may be secret: https://hooks.example.com/…")},
       {"events", events_schema()},
       {"enabled", boolean("false: nothing is sent")},
       {"minimum_gap_seconds", integer("Between two messages of one event", 0, longest_gap_seconds)},
       {"chat", nullable(text("Of Telegram"))},
       {"secret", set_schema("A webhook's; never shown")},
       {"token", set_schema("Of a Telegram bot; never shown")},
       {"created", time("When")},
       {"changed", time("When last")},
       {"waiting", integer("Messages that wait to be sent")},
       {"last_delivery", nullable(ref("Delivery"))}});
}

/// Members that may be set anew, too.
std::vector<schema::Member> change_members(bool is_new) {
  using namespace schema;
  return {{"events", events_schema(), is_new},
          {"enabled", boolean("false: nothing is sent"), false},
          {"minimum_gap_seconds",
           integer("After a message the next one of the same event waits so long; kill and rearm never do. "
                   "Default 60",
                   0, longest_gap_seconds),
           false},
          {"url", text("Of a webhook: https:// or http://", 1, 2000), false},
          {"secret", text("Of a webhook, signs its messages: 16 to 256 visible characters", 1, most_secret),
           false},
          {"chat", text("Of Telegram: -1001234567890, or @ and the name of a channel", 1, 65), false},
          {"token", text("Of a Telegram bot", 1, most_secret), false}};
}

Json new_channel_schema() {
  std::vector<schema::Member> members{{"name", name_schema("New and unique")}, {"kind", kind_schema()}};
  for (schema::Member& member : change_members(true)) members.push_back(std::move(member));
  return schema::object(members);
}

Json delivery_json(const Delivery& delivery) {
  return {{"id", delivery.id},
          {"time", iso_time(delivery.time)},
          {"channel", delivery.channel},
          {"event", delivery.event},
          {"state", to_string(delivery.state)},
          {"tries", delivery.tries},
          {"http_status", delivery.http_status == 0 ? Json() : Json(delivery.http_status)},
          {"error", delivery.error.empty() ? Json() : Json(delivery.error)},
          {"took_ms", delivery.took}};
}

Json channel_json(const Channel& channel, const std::vector<Delivery>& deliveries) {
  Json events = Json::array();
  for (const notify::Event event : channel.events) events.push_back(to_string(event));
  const bool hook = channel.kind == ChannelKind::webhook;
  const auto waiting = std::ranges::count_if(deliveries, [&](const Delivery& delivery) {
    return delivery.channel == channel.name && delivery.state == notify::DeliveryState::waiting;
  });
  const auto last = std::ranges::find_if(deliveries, [&](const Delivery& delivery) {
    return delivery.channel == channel.name && delivery.tries > 0;
  });
  return {{"name", channel.name},
          {"kind", to_string(channel.kind)},
          {"target", channel.target()},
          {"events", std::move(events)},
          {"enabled", channel.enabled},
          {"minimum_gap_seconds", channel.minimum_gap / second_ms},
          {"chat", hook ? Json() : Json(channel.chat)},
          {"secret", hook ? Json("set") : Json()},
          {"token", hook ? Json() : Json("set")},
          {"created", iso_time(channel.created)},
          {"changed", iso_time(channel.changed)},
          {"waiting", waiting},
          {"last_delivery", last == deliveries.end() ? Json() : delivery_json(*last)}};
}

std::vector<notify::Event> events_of(const Json& list) {
  std::vector<notify::Event> events;
  for (const Json& name : list) events.push_back(notify::parse_event(name.get<std::string>()));
  return events;
}

notify::ChannelChange change_of(const Json& body) {
  notify::ChannelChange change;
  const auto take = [&body](const char* name, auto& field) {
    if (body.contains(name)) field = body.at(name).get<typename std::decay_t<decltype(field)>::value_type>();
  };
  if (body.contains("events")) change.events = events_of(body.at("events"));
  if (body.contains("minimum_gap_seconds"))
    change.minimum_gap = body.at("minimum_gap_seconds").get<std::int64_t>() * second_ms;
  take("enabled", change.enabled);
  take("url", change.url);
  take("secret", change.secret);
  take("chat", change.chat);
  take("token", change.token);
  return change;
}

Channel channel_of(const Json& body) {
  const notify::ChannelChange given = change_of(body);
  Channel channel;
  channel.name = body.at("name");
  channel.kind = notify::parse_channel_kind(body.at("kind").get<std::string>());
  channel.events = given.events.value_or(channel.events);
  channel.enabled = given.enabled.value_or(channel.enabled);
  channel.minimum_gap = given.minimum_gap.value_or(channel.minimum_gap);
  channel.url = given.url.value_or("");
  channel.secret = given.secret.value_or("");
  channel.chat = given.chat.value_or("");
  channel.token = given.token.value_or("");
  return channel;
}

/// Calls `work(desk, by)`; the reason on record is the request, whose id leads to the event "api.call".
template <class Work>
auto at_desk(const Context& context, const Request& request, Work work) {
  const live::Signature by{request.principal->user, "over the API, request " + request.id};
  notify::ChannelStore& store = context->notifier().channels();
  return context->ledger.use([&](app::LedgerPool::Connection& connection) {
    return work(app::ChannelDesk{store, connection.ledger(), [context] { return context->now(); }}, by);
  });
}

ParameterSpec name_parameter() {
  return path_parameter("name", "Of the channel", name_schema(""));
}

void add_channel_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  const std::string root = "/api/notifications/channels";

  Route route = make_route(Method::get, root, "notifications", "Where messages go", Role::operator_role);
  route.parameters = page_parameters();
  route.responses = {answer(schema::page(ref("Channel")), "By name, without secrets")};
  route.slow = true;
  route.handler = [context](const Request& request) {
    const std::vector<Delivery> deliveries = context->notifier().deliveries();
    return json_response(
        page_of(request, context->notifier().channels().channels(),
                [&deliveries](const Channel& channel) { return channel_json(channel, deliveries); }));
  };
  table.routes.push_back(route);

  route = make_route(Method::post, root, "notifications", "Add a channel", Role::admin);
  route.description =
      "A webhook needs url and secret, a Telegram channel chat and token. Secret and token are stored and "
      "never shown again.";
  route.request_schema = new_channel_schema().dump();
  route.responses = {answer(ref("Channel"), "Added", 201)};
  route.faults = {409};
  route.changes = route.slow = route.secret = true;
  route.request_example =
      R"({"name":"desk","kind":"webhook","events":["kill","rearm","risk_state"],"url":"https://hooks.example.com/stevie","secret":"seven small foxes run"})";
  route.handler = [context](const Request& request) {
    const Channel channel = channel_of(body_of(request));
    return at_desk(context, request, [&](const app::ChannelDesk& desk, const live::Signature& by) {
      return json_response(channel_json(app::add_channel(desk, by, channel), {}), 201);
    });
  };
  table.routes.push_back(route);

  Json change = schema::object(change_members(false));
  change["minProperties"] = 1;
  route = make_route(Method::patch, root + "/{name}", "notifications", "Change a channel", Role::admin);
  route.description = "What is left out stays, secret and token too. Takes effect with the next message.";
  route.parameters = {name_parameter()};
  route.request_schema = change.dump();
  route.responses = {answer(ref("Channel"), "Changed")};
  route.faults = {404};
  route.changes = route.slow = route.secret = true;
  route.request_example = R"({"enabled":false})";
  route.handler = [context](const Request& request) {
    const notify::ChannelChange wanted = change_of(body_of(request));
    const std::string& name = request.path_parameters.at("name");
    return at_desk(context, request, [&](const app::ChannelDesk& desk, const live::Signature& by) {
      return json_response(
          channel_json(app::change_channel(desk, by, name, wanted), context->notifier().deliveries()));
    });
  };
  table.routes.push_back(route);

  route = make_route(Method::del, root + "/{name}", "notifications", "Remove a channel", Role::admin);
  route.description = "What waits to be sent to it is dropped.";
  route.parameters = {name_parameter()};
  route.responses = {{.status = 204, .description = "Removed"}};
  route.faults = {404};
  route.changes = route.slow = true;
  route.handler = [context](const Request& request) {
    const std::string& name = request.path_parameters.at("name");
    at_desk(context, request, [&](const app::ChannelDesk& desk, const live::Signature& by) {
      app::remove_channel(desk, by, name);
    });
    Response response;
    response.status = 204;
    return response;
  };
  table.routes.push_back(route);
}

void add_delivery_routes(RouteTable& table, const Context& context) {
  using schema::ref;
  const std::string root = "/api/notifications/";
  Route route = make_route(Method::post, root + "channels/{name}/test", "notifications",
                           "Send a test message", Role::admin);
  route.description =
      "At once, also to a channel that is disabled, and waits for the receiver, notify.timeout at most. One "
      "test at a time.";
  route.parameters = {name_parameter()};
  route.responses = {answer(ref("Delivery"), "What happened: state is delivered or failed")};
  route.faults = {404, 409};
  route.changes = route.slow = true;
  route.handler = [context](const Request& request) {
    return json_response(delivery_json(context->notifier().test(request.path_parameters.at("name"))));
  };
  table.routes.push_back(route);

  route = make_route(Method::get, root + "deliveries", "notifications", "What became of the newest messages",
                     Role::operator_role);
  route.description = "At most 200, newest first; what waits is among them.";
  route.parameters = page_parameters();
  route.parameters.push_back(query_parameter("channel", "Only of this channel", name_schema("")));
  route.parameters.push_back(query_parameter("state", "Only those in this state", state_schema()));
  route.responses = {answer(schema::page(ref("Delivery")), "Deliveries")};
  route.handler = [context](const Request& request) {
    std::vector<Delivery> deliveries = context->notifier().deliveries();
    const std::string channel = query_text(request, "channel"), state = query_text(request, "state");
    std::erase_if(deliveries, [&](const Delivery& delivery) {
      return (!channel.empty() && delivery.channel != channel) ||
             (!state.empty() && to_string(delivery.state) != state);
    });
    return json_response(page_of(request, deliveries, delivery_json));
  };
  table.routes.push_back(route);
}

}  // namespace

void add_notification_routes(RouteTable& table, const Context& context) {
  table.schemas["Channel"] = channel_schema().dump();
  table.schemas["Delivery"] = delivery_schema().dump();
  add_channel_routes(table, context);
  add_delivery_routes(table, context);
}

}  // namespace stevie::api
