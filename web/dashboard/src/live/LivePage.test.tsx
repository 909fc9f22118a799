import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage, type Answers, type Call } from "../testing/render";
import { liveState } from "../testing/samples";
import type { Candle, ChartMarker, PriceLevel } from "../ui/PriceChart";
import LivePage from "./LivePage";
import { bars, dear, entered, holding, position } from "./samples";

// Canvases draw nothing here: what they are handed is looked at instead.
type Chart = { candles: readonly Candle[]; markers: readonly ChartMarker[]; levels: readonly PriceLevel[]; onVisibleRange: (from: number, to: number) => void };
const chart: { shown: Chart | null } = vi.hoisted(() => ({ shown: null }));
vi.mock("../ui/PriceChart", async (original) => ({
  ...(await original<object>()),
  PriceChart: (props: Chart & { description: string }) => {
    chart.shown = props;
    return <div role="img" aria-label={props.description} />;
  },
}));
vi.mock("../ui/LongSeries", () => ({ LongSeries: ({ description }: { description: string }) => <div role="img" aria-label={description} /> }));

const page = (items: unknown[]) => ({ items, next_cursor: null });
function server(answers: Answers = {}) {
  return fakeServer({
    "GET /api/live/state": liveState(),
    "GET /api/live/positions": page([position()]),
    "GET /api/live/orders": page([]),
    "GET /api/live/bars": bars(),
    "GET /api/live/trades": page([]),
    "GET /api/live/equity": { points: [] },
    "GET /api/live/decisions": page([entered()]),
    "GET /api/live/decisions/951": entered(),
    ...answers,
  });
}
const text = () => document.body.textContent!.replace(/\u00a0/g, " ");
const asked = (calls: Call[], path: string) => calls.filter((call) => call.path === path);

beforeEach(() => {
  chart.shown = null;
  logInAs("operator");
});

test("before the first bar the day's result is not known", async () => {
  const state = liveState();
  state.risk.day_start_equity = 0;
  state.summary.now = null;
  server({ "GET /api/live/state": state });
  renderPage(<LivePage />, { at: "/live" });
  const today = (await screen.findByText("Today")).closest(".vital")!;
  expect(today.textContent!.replace(/\u00a0/g, " ")).toMatch(/– ?(USDT)?– since 00:00 UTC/);
  expect(text()).not.toContain("Bars until");
});

test("the account in figures, with signs, units and the limits used", async () => {
  server();
  renderPage(<LivePage />, { at: "/live" });
  await screen.findByRole("img", { name: /500 candles/ });
  await screen.findByRole("table", { name: "Positions" });
  expect(text()).toContain("A paper account that trades BTC/USDT on bars of 1 h");
  expect(text()).toContain("10,250.50 USDT");
  expect(text()).toContain("+2.51 % from 10,000 USDT");
  expect(text()).toContain("+50.50 USDT");
  expect(text()).toContain("0.48 % of 25 %");
  expect(text()).toContain("29.75 % of 300 %");
  const row = within(screen.getByRole("table", { name: "Positions" })).getAllByRole("row")[1]!;
  expect(row.textContent!.replace(/\u00a0/g, " ")).toContain("long for 4 h 00 min");
  expect(row.textContent).toContain("+1.67");
  expect(row.textContent).toContain("\u22124.92");
  expect(await axeFaults()).toEqual([]);
});

test("the chart gets candles, marks in words, and the levels of the position", async () => {
  server();
  renderPage(<LivePage />, { at: "/live" });
  await waitFor(() => expect(chart.shown?.levels).toHaveLength(3));
  expect(chart.shown!.candles).toHaveLength(500);
  expect(chart.shown!.markers.map(({ kind, text: words }) => [kind, words])).toEqual([
    ["buy", "Long"],
    ["stop", "Stop loss"],
  ]);
  expect(chart.shown!.levels.map(({ title, price }) => [title, price])).toEqual([
    ["long", 60_000],
    ["stop loss", 58_000],
    ["take profit", 64_000],
  ]);
});

test("panning asks the server for the range in view, and what is drawn stays until it is here", async () => {
  const { calls } = server();
  renderPage(<LivePage />, { at: "/live" });
  await waitFor(() => expect(chart.shown?.candles).toHaveLength(500));
  const before = chart.shown!.candles;
  expect(asked(calls, "/api/live/bars")[0]!.query.get("from")).toBeNull();
  const first = before[0]!.time;
  act(() => chart.shown!.onVisibleRange(first + 100 * 3_600_000, first + 200 * 3_600_000));
  expect(asked(calls, "/api/live/bars")).toHaveLength(1);
  act(() => chart.shown!.onVisibleRange(first - 60 * 3_600_000, first + 40 * 3_600_000));
  expect(chart.shown!.candles).toBe(before);
  await waitFor(() => expect(asked(calls, "/api/live/bars")).toHaveLength(2));
  const { query } = asked(calls, "/api/live/bars")[1]!;
  expect(Date.parse(query.get("from")!)).toBeLessThanOrEqual(first - 160 * 3_600_000);
  expect(Date.parse(query.get("to")!)).toBeGreaterThanOrEqual(first + 140 * 3_600_000);
});

test("another symbol is picked, kept in the address, and never shown with the candles of the one before", async () => {
  const two = liveState();
  two.summary.symbols = ["BTC/USDT", "ETH/USDT"];
  const { calls } = server({ "GET /api/live/state": two });
  renderPage(<LivePage />, { at: "/live" });
  await waitFor(() => expect(chart.shown?.candles).toHaveLength(500));
  chart.shown = null;
  await userEvent.setup().click(screen.getByRole("radio", { name: "ETH/USDT" }));
  await waitFor(() => expect(asked(calls, "/api/live/bars").at(-1)!.query.get("symbol")).toBe("ETH/USDT"));
  await waitFor(() => expect(chart.shown).not.toBeNull());
  expect(chart.shown!.levels).toHaveLength(0);
});

test("a decision opens into its explanation", async () => {
  server();
  renderPage(<LivePage />, { at: "/live" });
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: /Explain decision 951/ }));
  const drawer = await screen.findByRole("dialog");
  expect(await within(drawer).findByText("Rules")).toBeVisible();
  expect(within(drawer).getByRole("meter", { name: "Confidence" })).toBeVisible();
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
});

test("all decisions are shown where they are wanted", async () => {
  const { calls } = server({
    "GET /api/live/decisions": ({ query }: Call) => ({ body: page(query.get("wanted") === "true" ? [entered()] : [holding(), { ...entered(), number: 950 }]) }),
  });
  renderPage(<LivePage />, { at: "/live" });
  const list = await screen.findByRole("list", { name: /Decisions/ });
  expect(within(list).getAllByRole("listitem")).toHaveLength(1);
  await userEvent.setup().click(screen.getByRole("radio", { name: "All" }));
  expect(await screen.findByText("Holding")).toBeVisible();
  expect(asked(calls, "/api/live/decisions").some((call) => call.query.get("wanted") === null)).toBe(true);
});

test("a pushed order reads the decisions anew; a pushed hold does not", async () => {
  const { calls } = server();
  const { push } = renderPage(<LivePage />, { at: "/live" });
  await screen.findByRole("button", { name: /Explain decision 951/ });
  const count = () => asked(calls, "/api/live/decisions").length;
  const before = count();
  push("decisions", "live.decision", { action: "hold", order_id: null, denial: null, summary: "nothing: no rule qualifies" });
  push("decisions", "live.decision", { action: "enter", order_id: "BTC/USDT@2", denial: null, summary: "enter long: news" });
  await waitFor(() => expect(count()).toBe(before + 1));
});

test("an account that the costs keep from trading says so", async () => {
  const still = liveState();
  still.summary.fills = 0;
  server({ "GET /api/live/state": still, "GET /api/live/decisions": page([dear()]) });
  renderPage(<LivePage />, { at: "/live" });
  expect(await screen.findByText("The rules want to trade, and the costs forbid it")).toBeVisible();
  expect(text()).toContain("24 bps, more than the 8 bps of costCapBps");
});

test("a server that does not trade says how to begin", async () => {
  const none = liveState();
  Object.assign(none.summary, { mode: "none", running: false, symbols: [] });
  server({ "GET /api/live/state": none });
  renderPage(<LivePage />, { at: "/live" });
  expect(await screen.findByText("This server does not trade")).toBeVisible();
  expect(text()).toContain("--data FILE or --feed binance");
  expect(chart.shown).toBeNull();
});

test("refused orders are told by code and in words", async () => {
  const state = liveState();
  state.risk.denials = { exposure: 3, killed: 12 } as never;
  server({ "GET /api/live/state": state });
  renderPage(<LivePage />, { at: "/live" });
  expect(await screen.findByText("Exposure too large")).toBeVisible();
  expect(screen.getByText("exposure")).toBeVisible();
  expect(text()).toContain("15 of 25");
  expect(text()).toContain("The kill switch is on. A person re-arms it.");
});

test("a limit that is nearly used says so in words", async () => {
  const state = liveState();
  state.summary.equity = 8000;
  state.risk.peak_equity = 10_000;
  state.risk.day_start_equity = 8500;
  server({ "GET /api/live/state": state });
  renderPage(<LivePage />, { at: "/live" });
  await screen.findByRole("meter", { name: /Drawdown/ });
  expect(text()).toContain("near the limit20.00 % of 25 %");
  expect(text()).toContain("reached5.88 % of 5 %");
});

const differing = () => {
  const state = liveState();
  state.summary.reconciled = false;
  state.differences = ["the broker holds 0.5 BTC, the record 0.4"];
  return state;
};

test("an administrator accepts the account where it and the record differ, with a reason", async () => {
  logInAs("admin");
  const { calls } = server({ "GET /api/live/state": differing(), "POST /api/live/accept": liveState() });
  renderPage(<LivePage />, { at: "/live" });
  const user = userEvent.setup();
  expect(await screen.findByText("the broker holds 0.5 BTC, the record 0.4")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Accept the account" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "the deposit of Monday");
  await user.click(within(dialog).getByRole("button", { name: "Accept the account" }));
  await waitFor(() => expect(asked(calls, "/api/live/accept")).toHaveLength(1));
  expect(asked(calls, "/api/live/accept")[0]!.body).toEqual({ reason: "the deposit of Monday" });
});

test("an operator sees what differs and no button that the server would refuse", async () => {
  server({ "GET /api/live/state": differing() });
  renderPage(<LivePage />, { at: "/live" });
  expect(await screen.findByText(/An administrator can accept/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Accept the account" })).not.toBeInTheDocument();
});

test("what cannot be recorded, and a silent feed, stand above everything", async () => {
  const state = liveState();
  state.summary.persistence_fault = "the disk is full";
  state.summary.feed.health = "stale";
  state.summary.feed.text = "no message for 93 s";
  server({ "GET /api/live/state": state });
  renderPage(<LivePage />, { at: "/live" });
  expect(await screen.findByText("Nothing can be recorded: trading waits")).toBeVisible();
  expect(screen.getByText("The feed is silent")).toBeVisible();
  expect(text()).toContain("No message for 93 s.");
});
