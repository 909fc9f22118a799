import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { Route, Routes } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import { api, useApi, useChange } from "../api";
import { pulse } from "../api/pulse";
import { session } from "../api/session";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState } from "../testing/samples";
import { PagedTable, ReasonDialog } from "../ui";
import { StaleBanner } from "./Connection";
import { ExpiredDialog } from "./ExpiredDialog";
import { Frame } from "./Frame";
import { LoginPage } from "./LoginPage";
import { SetupPage } from "./SetupPage";
import { patched } from "./useLiveState";

afterEach(() => vi.useRealTimers());

const tokens = (name: string) => ({
  access_token: "a9",
  access_expires: new Date(Date.now() + 900_000).toISOString(),
  refresh_token: "r9",
  refresh_expires: new Date(Date.now() + 900_000).toISOString(),
  token_type: "Bearer",
  user: { name, role: "operator", enabled: true, created: "", last_login: null },
});

test("two seconds after the last answer the page says from when it is, and takes it back by itself", () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5) });
  renderPage(<StaleBanner />);
  const stop = pulse.start();
  act(() => pulse.heard());
  act(() => void vi.advanceTimersByTime(1900));
  expect(screen.queryByText(/No answer/)).not.toBeInTheDocument();
  act(() => void vi.advanceTimersByTime(600)); // well within three seconds
  expect(screen.getByRole("alert")).toHaveTextContent("No answer from the server. What you see is from 03:04:05 UTC.");
  act(() => pulse.heard());
  expect(screen.queryByText(/No answer/)).not.toBeInTheDocument();
  stop();
});

function Stopper() {
  const [opened, setOpened] = useState(true);
  const stop = useChange("post", "/api/live/kill");
  return (
    <ReasonDialog
      opened={opened}
      onClose={() => setOpened(false)}
      title="Stop"
      confirm="Stop it"
      onConfirm={(reason) => stop.mutateAsync({ body: { reason } })}
    />
  );
}

test("a login that ends while one types is renewed over the page, and nothing typed is lost", async () => {
  logInAs("operator");
  const { calls, answers } = fakeServer({
    "POST /api/live/kill": () => ({ status: 401, body: { code: "api.unauthenticated", detail: "expired" } }),
    "POST /api/auth/refresh": () => ({ status: 401, body: { code: "accounts.bad_token", detail: "used" } }),
    "POST /api/auth/login": () => ({ body: tokens("ada") }),
  });
  renderPage(
    <>
      <Stopper />
      <ExpiredDialog />
    </>,
  );
  const user = userEvent.setup();
  await user.type(screen.getByRole("textbox", { name: /Reason/ }), "a long reason that took a while");
  await user.click(screen.getByRole("button", { name: "Stop it" }));
  const dialog = await screen.findByRole("dialog", { name: "Your login has ended" });
  expect(within(dialog).getByLabelText("Name")).toHaveValue("ada");
  await user.type(within(dialog).getByLabelText("Password"), "four green kettles sing");
  await user.click(within(dialog).getByRole("button", { name: "Log in" }));
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "Your login has ended" })).not.toBeInTheDocument());
  expect(screen.getByRole("textbox", { name: /Reason/ })).toHaveValue("a long reason that took a while");
  answers["POST /api/live/kill"] = liveState({ killed: true });
  await user.click(screen.getByRole("button", { name: "Stop it" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(calls.filter((call) => call.path === "/api/live/kill").at(-1)!.body).toEqual({ reason: "a long reason that took a while" });
});

test("a call without an answer is tried again with the same key; another call has another", async () => {
  logInAs("operator");
  const keys: (string | null)[] = [];
  let away = true;
  vi.stubGlobal(
    "fetch",
    vi.fn(async (_: string, init: RequestInit) => {
      keys.push(new Headers(init.headers).get("Idempotency-Key"));
      if (away) throw new TypeError("refused");
      return new Response("{}", { status: 200, headers: { "Content-Type": "application/json" } });
    }),
  );
  let change: ReturnType<typeof useChange<"post", "/api/live/kill">>;
  function Caller() {
    change = useChange("post", "/api/live/kill");
    return null;
  }
  renderPage(<Caller />);
  const call = (reason: string) => act(() => change.mutateAsync({ body: { reason } }).catch(() => undefined));
  await call("one");
  away = false;
  await call("one");
  await call("one");
  away = true;
  await call("two");
  await call("three");
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(4);
});

test("faults of the server are told with what to do", async () => {
  logInAs("viewer");
  fakeServer({
    "GET /api/live/state": () => ({
      status: 503,
      body: { code: "api.unavailable", title: "Not available now", detail: "the ledger is away", what_to_do: "Try again.", request_id: "q1" },
    }),
  });
  await expect(api.get("/api/live/state")).rejects.toMatchObject({
    status: 503,
    code: "api.unavailable",
    detail: "the ledger is away",
    whatToDo: "Try again.",
    requestId: "q1",
  });
});

test("an answer that is not the server's is told as such", async () => {
  logInAs("viewer");
  fakeServer({ "GET /api/live/state": () => ({ status: 502, text: "<html>Bad gateway</html>" }) });
  await expect(api.get("/api/live/state")).rejects.toMatchObject({ status: 502, code: "page.bad_answer" });
});

test("what is pushed goes into the state", () => {
  const state = liveState();
  const next = patched(state, {
    mode: "paper",
    equity: 11,
    positions: [{}, {}],
    risk_state: "halted",
    risk_why: "the drawdown",
    parameter_version: 7,
    persistence_fault: "", // as it is pushed where there is none
    feed: { health: "stale", text: "silent", progress: null },
  });
  expect(next.summary.equity).toBe(11);
  expect(next.summary.positions).toBe(2);
  expect(next.summary.feed).toMatchObject({ health: "stale", bars: 100 });
  expect(next.risk).toMatchObject({ state: "halted", why: "the drawdown" });
  expect(next.parameter_version).toBe(7);
  expect(next.summary.persistence_fault).toBeNull();
  expect(state.summary.equity).toBe(10250.5);
});

test("what is not pushed is read anew when the loop begins to trade", async () => {
  logInAs("viewer");
  const state = liveState();
  const { calls } = fakeServer({ "GET /api/live/state": state });
  const { push } = renderPage(frame, { at: "/live" });
  await screen.findByText("Risk active");
  const reads = () => calls.filter((call) => call.path === "/api/live/state").length;
  const before = reads();
  push("live", "live.state", { text: state.summary.text, equity: 11 });
  await new Promise((later) => setTimeout(later));
  expect(reads()).toBe(before);
  push("live", "live.state", { text: "trading again", equity: 12 });
  await waitFor(() => expect(reads()).toBe(before + 1));
});

const frame = (
  <Routes>
    <Route element={<Frame />}>
      <Route path="*" element={<p>the page</p>} />
    </Route>
  </Routes>
);

test("the frame shows mode, risk and connection, names the pages, and axe finds nothing", async () => {
  logInAs("operator");
  fakeServer({ "GET /api/live/state": liveState() });
  renderPage(frame, { at: "/live" });
  expect(await screen.findByText("PAPER")).toBeVisible();
  expect(screen.getByText("Risk active")).toBeVisible();
  const pages = within(screen.getByRole("navigation", { name: "Pages" })).getAllByRole("link");
  expect(pages.map((page) => page.textContent)).toEqual([
    "Live",
    "Training",
    "Parameters",
    "History",
    "Performance",
    "Models",
    "Settings",
  ]);
  expect(pages[0]).toHaveAttribute("aria-current", "page");
  expect(screen.getByRole("button", { name: /Kill switch/ })).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("a stopped account is re-armed from the frame by an operator, not by a viewer", async () => {
  logInAs("operator");
  const { calls } = fakeServer({ "GET /api/live/state": liveState({ killed: true }), "POST /api/live/re-arm": liveState() });
  const { unmount } = renderPage(frame, { at: "/live" });
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Re-arm" }));
  expect(screen.getByRole("dialog")).toHaveTextContent("exchange in trouble");
  await user.type(screen.getByRole("textbox", { name: /Reason/ }), "it was a false alarm{Enter}");
  await waitFor(() => expect(calls.find((call) => call.path === "/api/live/re-arm")?.body).toEqual({ reason: "it was a false alarm" }));
  unmount();
  logInAs("viewer");
  renderPage(frame, { at: "/live" });
  expect(await screen.findByText("Killed")).toBeVisible();
  expect(screen.queryByRole("button", { name: /Re-arm|Kill switch/ })).not.toBeInTheDocument();
});

test("clock and colours are switched by keyboard and kept", async () => {
  logInAs("viewer");
  fakeServer({ "GET /api/live/state": liveState() });
  renderPage(frame, { at: "/live" });
  const [clock] = screen.getAllByRole("button", { name: /Times are UTC/ });
  clock!.focus();
  const user = userEvent.setup();
  await user.keyboard("{Enter}");
  expect(screen.getAllByRole("button", { name: /Times are local/ }).length).toBeGreaterThan(0);
  expect(localStorage.getItem("stevie.clock")).toBe("local");
});

test("the pages before the login pass axe and refuse what cannot work", async () => {
  fakeServer({ "POST /api/auth/login": () => ({ status: 401, body: { code: "accounts.bad_login", detail: "name or password is wrong" } }) });
  const { unmount } = renderPage(<LoginPage />);
  expect(await axeFaults()).toEqual([]);
  const user = userEvent.setup();
  expect(screen.getByRole("button", { name: "Log in" })).toBeDisabled();
  await user.type(screen.getByLabelText("Name"), "ada");
  await user.type(screen.getByLabelText("Password"), "wrong{Enter}");
  expect(await screen.findByText("name or password is wrong")).toBeVisible();
  expect(screen.getByLabelText("Name")).toHaveValue("ada");
  unmount();
  renderPage(<SetupPage />);
  expect(await axeFaults()).toEqual([]);
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "four green kettles sing" } });
  fireEvent.change(screen.getByLabelText("Password again"), { target: { value: "four green kettles" } });
  expect(screen.getByText("The two differ.")).toBeVisible();
});

test("rows are walked with arrows and opened with Enter; more of them are asked for", async () => {
  const opened: number[] = [];
  let asked = 0;
  renderPage(
    <PagedTable
      label="Numbers"
      rows={[1, 2, 3]}
      keyOf={(row) => row}
      columns={[
        { title: "Number", cell: (row) => `no ${row}` },
        { title: "Square", cell: (row) => row * row, align: "right" },
      ]}
      onOpen={(row) => opened.push(row)}
      hasMore
      more={() => (asked += 1)}
    />,
  );
  const user = userEvent.setup();
  screen.getByRole("button", { name: "no 1" }).focus();
  await user.keyboard("{ArrowDown}{Enter}{End}{Enter}{ArrowUp}{Home}{Enter}");
  expect(opened).toEqual([2, 3, 1]);
  await user.click(screen.getByRole("button", { name: "Show more" }));
  expect(asked).toBe(1);
  expect(await axeFaults()).toEqual([]);
});

test("an answer read before stays beside a fault", async () => {
  logInAs("viewer");
  const { answers } = fakeServer({ "GET /api/live/state": liveState() });
  let refetch: () => Promise<unknown>;
  function Shown() {
    const query = useApi("/api/live/state");
    refetch = query.refetch;
    return <p>{query.data ? `equity ${query.data.summary.equity}` : "nothing"}</p>;
  }
  renderPage(<Shown />);
  expect(await screen.findByText("equity 10250.5")).toBeVisible();
  answers["GET /api/live/state"] = () => ({ status: 500, body: { code: "api.internal", detail: "x" } });
  await act(() => refetch());
  expect(screen.getByText("equity 10250.5")).toBeVisible();
  await session.logOut();
});
