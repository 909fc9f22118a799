import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { readFileSync } from "node:fs";
import { Route, Routes } from "react-router";
import { beforeEach, expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState, riskLimits } from "../testing/samples";
import { findFields } from "./configuration";
import { notices, onlyTypes } from "./notices";
import { rolesUpTo } from "./roles";
import SettingsPage from "./SettingsPage";

const ada = { name: "ada", role: "admin", enabled: true, created: "2026-01-01T00:00:00.000Z", last_login: "2026-01-02T00:00:00.000Z" };
const vera = { name: "vera", role: "viewer", enabled: true, created: "2026-01-01T00:00:00.000Z", last_login: null };
const key = { id: "bad46a8a37a0", user: "ada", name: "ci", role: "operator", created: "2026-01-01T00:00:00.000Z", expires: null, last_used: null };
const secret = "stv_k_bad46a8a37a0_0123456789abcdef";
const answers = {
  "GET /api/auth/me": { user: "ada", role: "admin", via: "access token" },
  "GET /api/auth/users": { items: [ada, vera], next_cursor: null },
  "GET /api/auth/keys": { items: [key], next_cursor: null },
  "GET /api/live/state": liveState(),
  "GET /api/live/limits": riskLimits(),
  "GET /api/system/version": { program: "stevie", version: "0.1.0", started: "2026-01-01T00:00:00.000Z", time: "2026-01-01T01:00:00.000Z" },
};

function show(section: string) {
  return renderPage(
    <Routes>
      <Route path="/settings/*" element={<SettingsPage />} />
    </Routes>,
    { at: `/settings/${section}` },
  );
}
const tabs = () => screen.getAllByRole("tab").map((tab) => tab.textContent);

beforeEach(() => logInAs("admin"));

test("nobody sees a section that the server would refuse", async () => {
  fakeServer(answers);
  logInAs("viewer", "vera");
  const { unmount } = show("users");
  expect(tabs()).not.toContain("Users");
  expect(tabs()).not.toContain("Configuration");
  expect(tabs()).not.toContain("Notifications");
  // An address of a section that is not there leads to one's own account.
  expect(await screen.findByText("Password")).toBeVisible();
  expect(screen.queryByRole("button", { name: "Add a user" })).not.toBeInTheDocument();
  unmount();
  logInAs("admin");
  show("users");
  expect(tabs()).toEqual(expect.arrayContaining(["Users", "Configuration"]));
  expect(await screen.findByRole("button", { name: "Add a user" })).toBeVisible();
  expect(rolesUpTo("operator")).toEqual(["viewer", "operator"]);
  expect(rolesUpTo(null)).toEqual([]);
});

test("a user is added; after a refusal all that was typed is still there", async () => {
  const server = fakeServer({
    ...answers,
    "POST /api/auth/users": () => ({ status: 400, body: { code: "accounts.weak_password", detail: "12 characters at least" } }),
  });
  show("users");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Add a user" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByLabelText("Name"), "otto");
  await user.click(within(dialog).getByRole("radio", { name: /Operator/ }));
  await user.type(within(dialog).getByLabelText("First password"), "nine quiet lamps");
  await user.click(within(dialog).getByRole("button", { name: "Add the user" }));
  expect(await within(dialog).findByText("12 characters at least")).toBeVisible();
  expect(within(dialog).getByLabelText("Name")).toHaveValue("otto");
  expect(within(dialog).getByLabelText("First password")).toHaveValue("nine quiet lamps");
  expect(await axeFaults(dialog)).toEqual([]);
  server.answers["POST /api/auth/users"] = () => ({ status: 201, body: { ...vera, name: "otto" } });
  await user.click(within(dialog).getByRole("button", { name: "Add the user" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  const posts = server.calls.filter((call) => call.method === "POST");
  expect(posts.at(-1)!.body).toEqual({ name: "otto", role: "operator", password: "nine quiet lamps" });
});

test("a login that ends meanwhile takes nothing of what was typed", async () => {
  const expired = () => ({ status: 401, body: { code: "api.unauthenticated", detail: "the token has expired" } });
  const server = fakeServer({ ...answers, "POST /api/auth/users": expired, "POST /api/auth/refresh": expired });
  show("users");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Add a user" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByLabelText("Name"), "otto");
  await user.type(within(dialog).getByLabelText("First password"), "nine quiet lamps");
  await user.click(within(dialog).getByRole("button", { name: "Add the user" }));
  expect(await within(dialog).findByText("Your login has ended.")).toBeVisible();
  logInAs("admin");
  server.answers["POST /api/auth/users"] = () => ({ status: 201, body: { ...vera, name: "otto" } });
  expect(within(dialog).getByLabelText("First password")).toHaveValue("nine quiet lamps");
  await user.click(within(dialog).getByRole("button", { name: "Add the user" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("who stays logged in still does with a new password", async () => {
  const tokens = {
    access_token: "a2",
    access_expires: new Date(Date.now() + 900_000).toISOString(),
    refresh_token: "r2",
    refresh_expires: new Date(Date.now() + 900_000).toISOString(),
    token_type: "Bearer",
    user: { name: "ada", role: "admin", enabled: true, created: "", last_login: null },
  };
  const { calls } = fakeServer({ ...answers, "POST /api/auth/password": () => ({ status: 204 }), "POST /api/auth/login": tokens });
  show("account");
  localStorage.setItem("stevie.refresh_token", "r1");
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText("Password so far"), "four green kettles sing");
  await user.type(screen.getByLabelText("New password"), "five green kettles sing");
  await user.type(screen.getByLabelText("New password again"), "five green kettles sing");
  await user.click(screen.getByRole("button", { name: "Change the password" }));
  expect(await screen.findByText("Your password is changed")).toBeVisible();
  expect(calls.at(-1)!.body).toEqual({ name: "ada", password: "five green kettles sing" });
  expect(localStorage.getItem("stevie.refresh_token")).toBe("r2");
  localStorage.clear();
});

test("a user is removed only after the name was typed", async () => {
  const { calls } = fakeServer({ ...answers, "DELETE /api/auth/users/vera": () => ({ status: 204 }) });
  show("users");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Change vera" }));
  await user.click(await screen.findByRole("menuitem", { name: "Remove" }));
  const dialog = await screen.findByRole("dialog");
  expect(within(dialog).getByRole("button", { name: "Remove the user" })).toBeDisabled();
  await user.type(within(dialog).getByLabelText("Type vera to remove"), "vera{Enter}");
  await waitFor(() => expect(calls.some((call) => call.method === "DELETE")).toBe(true));
});

test("the secret of a key is shown once, and kept nowhere", async () => {
  const { calls } = fakeServer({ ...answers, "POST /api/auth/keys": () => ({ status: 201, body: { ...key, secret } }) });
  const { client } = show("keys");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Make a key" }));
  await user.type(await screen.findByLabelText("What it is for"), "ci");
  await user.click(screen.getByRole("button", { name: "Make the key" }));
  expect(await screen.findByLabelText("API key")).toHaveValue(secret);
  const made = calls.find((call) => call.method === "POST")!.body as { expires: string };
  expect(made).toMatchObject({ name: "ci", role: "viewer" });
  expect(Date.parse(made.expires)).toBeGreaterThan(Date.now() + 89 * 86_400_000);
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain(secret);
  await user.click(screen.getByRole("button", { name: "I have it" }));
  await waitFor(() => expect(screen.queryByLabelText("API key")).not.toBeInTheDocument());
  expect(document.body.innerHTML).not.toContain(secret);
  const cached = client.getQueryCache().getAll().map((query) => query.state.data);
  expect(JSON.stringify(cached)).not.toContain(secret);
});

test("one's own password is changed; a refusal leaves what was typed", async () => {
  fakeServer({
    ...answers,
    "POST /api/auth/password": () => ({ status: 422, body: { code: "accounts.bad_login", detail: "that is not the password so far" } }),
  });
  show("account");
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText("Password so far"), "wrong");
  await user.type(screen.getByLabelText("New password"), "four green kettles sing");
  await user.type(screen.getByLabelText("New password again"), "four green kettles");
  expect(screen.getByText("The two are not the same.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Change the password" })).toBeDisabled();
  await user.type(screen.getByLabelText("New password again"), " sing");
  await user.click(screen.getByRole("button", { name: "Change the password" }));
  expect(await screen.findByText("that is not the password so far")).toBeVisible();
  expect(screen.getByLabelText("New password")).toHaveValue("four green kettles sing");
  expect(await axeFaults()).toEqual([]);
});

test("settings are found by any of their words", () => {
  const fields = [
    { key: "risk.drawdown_share", value: "0.25", default: "0.25", type: "number", unit: "", help: "Fall from the peak that halts trading" },
    { key: "server.port", value: "8443", default: "8080", type: "integer", unit: "", help: "Port" },
  ];
  expect(findFields(fields, "halts DRAWDOWN", false)).toHaveLength(1);
  expect(findFields(fields, "", true).map((field) => field.key)).toEqual(["server.port"]);
  expect(findFields(fields, "halts port", false)).toEqual([]);
});

test("every library of the page is named with its licence", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; license?: string }>;
  };
  const shipped = Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && !entry.optional)
    .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ""), license: entry.license }))
    .filter(({ name }) => !onlyTypes.includes(name));
  expect(notices.map(({ name, license }) => ({ name, license }))).toEqual(expect.arrayContaining(shipped));
  expect(notices).toHaveLength(new Set(shipped.map(({ name }) => name)).size);
});
