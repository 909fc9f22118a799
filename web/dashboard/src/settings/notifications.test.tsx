import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { allEvents, changeOf, draftFaults, draftOf, newChannelOf, newSecret, type Channel } from "./notifications";
import { NotificationsSection } from "./NotificationsSection";

const delivery = {
  id: "5f0c",
  time: "2026-01-02T03:04:05.000Z",
  channel: "desk",
  event: "kill",
  state: "failed" as const,
  tries: 3,
  http_status: 500,
  error: "the receiver answered 500",
  took_ms: 143,
};
const desk: Channel = {
  name: "desk",
  kind: "webhook",
  target: "https://hooks.example.com/…",
  events: ["kill", "rearm"],
  enabled: true,
  minimum_gap_seconds: 60,
  chat: null,
  secret: "set",
  token: null,
  created: "2026-01-01T00:00:00.000Z",
  changed: "2026-01-01T00:00:00.000Z",
  waiting: 1,
  last_delivery: delivery,
};
const answers = {
  "GET /api/notifications/channels": { items: [desk], next_cursor: null },
  "GET /api/notifications/deliveries": { items: [delivery], next_cursor: null },
};

test("an operator sees channels and what became of messages, and changes nothing", async () => {
  logInAs("operator");
  fakeServer(answers);
  renderPage(<NotificationsSection />);
  expect(await screen.findByText("the receiver answered 500")).toBeVisible();
  expect(await screen.findByText("Webhook, https://hooks.example.com/…")).toBeVisible();
  for (const name of [/Add a channel/, /Test desk/, /Change desk/]) expect(screen.queryByRole("button", { name })).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
});

test("a test tells what the receiver answered", async () => {
  logInAs("admin");
  const server = fakeServer({ ...answers, "POST /api/notifications/channels/desk/test": { ...delivery, event: "test", state: "delivered", http_status: 204, error: null } });
  renderPage(<NotificationsSection />);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Test desk" }));
  expect(await screen.findByText("desk took the test message")).toBeVisible();
  expect(screen.getByText(/answered 204/)).toBeVisible();
  server.answers["POST /api/notifications/channels/desk/test"] = { ...delivery, event: "test", state: "failed", http_status: null, error: "no such host" };
  await user.click(screen.getByRole("button", { name: "Test desk" }));
  expect(await screen.findByText("The test message did not reach desk")).toBeVisible();
  expect(screen.getByText(/No such host/)).toBeVisible();
});

test("a webhook is added with a secret that was made here; a refusal leaves all of it", async () => {
  logInAs("admin");
  const server = fakeServer({
    ...answers,
    "POST /api/notifications/channels": () => ({ status: 409, body: { code: "notify.exists", detail: "there is a channel desk" } }),
  });
  renderPage(<NotificationsSection />);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Add a channel" }));
  const dialog = await screen.findByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: "Add the channel" }));
  expect(await within(dialog).findByText(/An address that begins with/)).toBeVisible();
  await user.type(within(dialog).getByLabelText("Name"), "desk");
  await user.type(within(dialog).getByLabelText("Address"), "https://hooks.example.com/secret-path");
  await user.click(within(dialog).getByRole("button", { name: "Make one" }));
  const secret = within(dialog).getByLabelText<HTMLTextAreaElement>(/For the receiver/).value;
  expect(secret).toMatch(/^[0-9a-f]{48}$/);
  await user.click(within(dialog).getByRole("button", { name: "Add the channel" }));
  expect(await within(dialog).findByText("there is a channel desk")).toBeVisible();
  expect(within(dialog).getByLabelText("Address")).toHaveValue("https://hooks.example.com/secret-path");
  expect(await axeFaults(dialog)).toEqual([]);
  server.answers["POST /api/notifications/channels"] = () => ({ status: 201, body: desk });
  await user.click(within(dialog).getByRole("button", { name: "Add the channel" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(server.calls.filter((call) => call.method === "POST").at(-1)!.body).toEqual({
    name: "desk",
    kind: "webhook",
    events: ["kill", "rearm", "risk_state", "persistence_fault"],
    enabled: true,
    minimum_gap_seconds: 60,
    url: "https://hooks.example.com/secret-path",
    secret,
  });
  expect(document.body.innerHTML).not.toContain(secret);
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain(secret);
});

test("a change sends only what differs, and no empty secret", () => {
  const draft = draftOf(desk);
  expect(changeOf(draft, desk)).toEqual({});
  expect(changeOf({ ...draft, events: ["rearm", "kill"] }, desk)).toEqual({});
  expect(changeOf({ ...draft, enabled: false, gapSeconds: "5", secret: "seven small foxes" }, desk)).toEqual({
    enabled: false,
    minimum_gap_seconds: 5,
    secret: "seven small foxes",
  });
  expect(draftFaults(draft, false)).toEqual({});
  const telegram: Channel = { ...desk, kind: "telegram", chat: "-1001", secret: null, token: "set" };
  expect(changeOf({ ...draftOf(telegram), chat: "@desk", token: "1:a" }, telegram)).toEqual({ chat: "@desk", token: "1:a" });
});

test("what the server would refuse is told before it is asked", () => {
  const empty = { ...draftOf(null), events: [], gapSeconds: "x" };
  expect(Object.keys(draftFaults(empty, true)).sort()).toEqual(["events", "gapSeconds", "name", "secret", "url"]);
  expect(Object.keys(draftFaults({ ...draftOf(null), kind: "telegram", name: "a" }, true)).sort()).toEqual(["chat", "token"]);
  expect(draftFaults({ ...draftOf(null), name: "a", url: "ftp://x", secret: "short" }, true)).toHaveProperty("url");
  const good = { ...draftOf(null), name: "a", kind: "telegram" as const, chat: "@desk", token: "1:a", url: "https://left.over/", events: allEvents };
  expect(draftFaults(good, true)).toEqual({});
  expect(newChannelOf(good)).not.toHaveProperty("url");
  expect(newSecret()).not.toBe(newSecret());
});
