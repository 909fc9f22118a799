import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { expect, test, vi } from "vitest";
import type { Schema } from "../api";
import { axeFaults, fakeServer, logInAs, renderPage, type Answers } from "../testing/render";
import { liveState } from "../testing/samples";
import { figureOf, together } from "./Calendar";
import { heldAt } from "./held";
import { measures, span, tooFew, written } from "./measures";
import PerformancePage from "./PerformancePage";

vi.mock("../ui/LongSeries", () => ({
  LongSeries: ({ description, lines }: { description: string; lines: { label: string }[] }) => (
    <div role="img" aria-label={`${description}: ${lines.map((line) => line.label).join(", ")}`} />
  ),
}));

type Summary = Schema<"PerformanceSummary">;
type Metric = Schema<"Metric">;

function metric(value: number | null, low: number | null = null, high: number | null = null, reason: string | null = null): Metric {
  return { name: "", value, low, high, reason };
}

function summary(change: Partial<Summary> = {}): Summary {
  const metrics = Object.fromEntries(measures.map(({ key }) => [key, metric(0.5, 0.25, 0.75)]));
  return {
    symbol: null,
    from: "2024-01-01T00:00:00.000Z",
    to: "2024-03-01T00:00:00.000Z",
    bars: 1440,
    days: 60,
    trades: 40,
    open_trades: 1,
    initial_equity: 10_000,
    final_equity: 9_000,
    fees: 120,
    traded_notional: 400_000,
    level: 0.95,
    metrics: { ...metrics, total_return: metric(-0.1, -0.3, 0.1), sharpe: metric(-0.4, -1.5, 0.6) },
    buy_and_hold: { ...metrics, total_return: metric(0.4, 0.1, 0.8), win_rate: metric(null, null, null, "no closed trades") },
    ...change,
  };
}

function period(name: string, change: Partial<Schema<"PerformancePeriod">> = {}): Schema<"PerformancePeriod"> {
  const from = name.length === 7 ? `${name}-01T00:00:00.000Z` : `${name}T00:00:00.000Z`;
  const to = new Date(from);
  if (name.length === 7) to.setUTCMonth(to.getUTCMonth() + 1);
  else to.setUTCDate(to.getUTCDate() + 1);
  return {
    period: name,
    from,
    to: to.toISOString(),
    bars: 24,
    start_equity: 10_000,
    end_equity: 10_100,
    return: 0.01,
    pnl: 100,
    max_drawdown: 0.02,
    trades: 4,
    won: 3,
    win_rate: 0.75,
    trade_pnl: 90,
    fees: 2,
    buy_and_hold_return: 0.05,
    ...change,
  };
}

function group(key: string, change: Partial<Schema<"PerformanceGroup">> = {}): Schema<"PerformanceGroup"> {
  return {
    key,
    trades: 50,
    few: false,
    won: 20,
    win_rate: 0.4,
    win_rate_interval: { low: 0.28, high: 0.54 },
    expectancy: -2,
    expectancy_interval: { low: -6, high: 2 },
    mean_return: -0.001,
    profit_factor: 0.9,
    gross_profit: 900,
    gross_loss: 1000,
    pnl: -100,
    fees: 40,
    mean_duration_ms: 3_600_000,
    first_exit: "2024-01-02T00:00:00.000Z",
    last_exit: "2024-02-02T00:00:00.000Z",
    ...change,
  };
}

function trade(number: number, change: Partial<Schema<"Trade">> = {}): Schema<"Trade"> {
  return {
    number,
    symbol: "BTC/USDT",
    side: "long",
    open: false,
    entry_time: "2024-02-01T03:00:00.000Z",
    exit_time: "2024-02-01T09:00:00.000Z",
    duration_ms: 21_600_000,
    entry_price: 42_000,
    exit_price: 42_500,
    units: 0.1,
    stop: 41_000,
    take_profit: null,
    fees: 3,
    slippage: 1,
    pnl: 46,
    return: 0.011,
    exit_reason: "take_profit",
    order_id: "s-1",
    decision: 77,
    parameter_version: 1,
    rule: "breakout",
    regime: "bull",
    confidence: 0.6,
    ...change,
  };
}

function open(at: string, answers: Answers) {
  logInAs("viewer");
  const server = fakeServer({ "GET /api/live/state": liveState(), ...answers });
  const view = renderPage(
    <Routes>
      <Route path="/performance/*" element={<PerformancePage />} />
    </Routes>,
    { at },
  );
  return { ...server, ...view };
}

const overview = (change: Partial<Summary> = {}): Answers => ({
  "GET /api/performance/summary": summary(change),
  "GET /api/live/equity": {
    points: [
      { time: "2024-01-01T01:00:00.000Z", equity: 10_000, drawdown: 0 },
      { time: "2024-01-31T00:00:00.000Z", equity: 9_000, drawdown: 0.1 },
    ],
  },
  "GET /api/performance/periods": { items: [period("2024-01-02"), period("2024-01-01")], next_cursor: null },
});

test("the account stands against buy and hold, with intervals and the reason of what is not known", async () => {
  open("/performance", overview());
  expect(await screen.findByText(/The account lost 10.0 %, where buying and holding gained 40.0 %/)).toBeVisible();
  expect(screen.getByText("May be luck")).toBeVisible();
  expect(screen.getByText(/cannot tell skill from luck/)).toBeVisible();
  const table = screen.getByRole("region", { name: "Figures against buy and hold" });
  const row = within(table).getByRole("row", { name: /^Total return/ });
  expect(row).toHaveTextContent("−10.0 %");
  expect(row).toHaveTextContent("−30.0 to 10.0 %");
  expect(row).toHaveTextContent("+40.0 %");
  expect(within(table).getByRole("row", { name: /^Win rate/ })).toHaveTextContent("no closed trades");
  expect(await screen.findByRole("img", { name: /Equity of the account.*Account, Buy and hold/ })).toBeVisible();
  expect(screen.getByRole("img", { name: /Drawdown of the account, 10.0\s% at most/ })).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("few days and few trades are said to be too few", async () => {
  const metrics = { ...summary().metrics, sharpe: metric(null, null, null, "fewer than 30 days") };
  open("/performance", overview({ trades: 3, days: 4, metrics }));
  expect(await screen.findByText(/Too few days to tell skill from luck: fewer than 30 days/)).toBeVisible();
  expect(screen.getByText(/Too few to say: 3 trades of the 30 that are needed/)).toBeVisible();
});

test("an interval of the Sharpe ratio above 0 is called better than luck, one below it worse", async () => {
  const sharpe = { ...summary().metrics, sharpe: metric(1.2, 0.3, 2) };
  const { unmount } = open("/performance", overview({ metrics: sharpe }));
  expect(await screen.findByText("Better than luck")).toBeVisible();
  unmount();
  open("/performance", overview({ metrics: { ...sharpe, sharpe: metric(-2, -3, -1) } }));
  expect(await screen.findByText("Worse than luck")).toBeVisible();
});

test("an account that has traded no bar is told, with where to look", async () => {
  open("/performance", {
    ...overview(),
    "GET /api/performance/summary": () => ({ status: 409, body: { status: 409, code: "api.conflict", detail: "no bar has been traded yet" } }),
  });
  expect(await screen.findByText("Nothing to measure yet")).toBeVisible();
  expect(screen.getByRole("link", { name: "See what the server does" })).toHaveAttribute("href", "/live");
});

test("buy and hold grows along the periods, and does not exist before them", () => {
  const day = (at: number, held: number) => ({
    from: new Date(at * 86_400_000).toISOString(),
    to: new Date((at + 1) * 86_400_000).toISOString(),
    buy_and_hold_return: held,
  });
  const newestFirst = [day(2, -0.5), day(1, 0.2), day(0, 0.1)];
  const at = (days: number) => days * 86_400_000;
  expect(heldAt([-1, at(0), at(0.5), at(1), at(2), at(2.5), at(3), at(9)], newestFirst, 100)).toEqual([
    null, 100, 105, 110.00000000000001, 132, 99, 66, 66,
  ]);
  expect(heldAt([1, 2], [], 100)).toEqual([null, null]);
});

test("months stand in a grid of years; a chosen one opens into its days, read as far back as needed", async () => {
  const days = { page1: [period("2024-02-02"), period("2024-02-01")], page2: [period("2024-01-31", { return: -0.02, end_equity: 9_800, pnl: -200 })] };
  const { calls } = open("/performance/calendar?month=2024-01", {
    "GET /api/performance/periods": (call: { query: URLSearchParams }) => {
      if (call.query.get("by") === "month")
        return { body: { items: [period("2024-02"), period("2024-01", { trades: 0, won: 0, win_rate: null }), period("2023-12", { end_equity: 9_000, return: -0.1 })], next_cursor: null } };
      return call.query.get("cursor") ? { body: { items: days.page2, next_cursor: null } } : { body: { items: days.page1, next_cursor: "c2" } };
    },
  });
  const months = await screen.findByRole("group", { name: "Months" });
  expect(within(months).getByRole("button", { name: /December 2023:\s*−10.0\s%/ })).toBeVisible();
  expect(within(months).getByText("March 2024: not traded")).toBeInTheDocument();
  expect(await screen.findByRole("heading", { name: "January 2024" })).toBeVisible();
  expect(screen.getByText("none closed")).toBeVisible();
  const grid = await screen.findByRole("group", { name: "Days of January 2024" });
  expect(within(grid).getByText(/−2.0\s%/)).toBeVisible();
  expect(calls.filter((call) => call.query.get("by") === "day")).toHaveLength(2);
  const user = userEvent.setup();
  await user.click(screen.getByRole("radio", { name: "Against buy and hold" }));
  expect(await within(months).findByRole("button", { name: /December 2023:\s*−15.0/ })).toBeVisible();
  await user.click(within(months).getByRole("button", { name: /February 2024/ }));
  expect(await screen.findByRole("heading", { name: "February 2024" })).toBeVisible();
  expect(screen.getByRole("button", { name: "The month after" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: /Show all figures of each day/ }));
  expect(screen.getByRole("table", { name: "Days of 2024-02" })).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("a year is its months one after another", () => {
  const year = together([
    { start_equity: 100, end_equity: 110, held: 0.1, trades: 2, won: 1 },
    { start_equity: 110, end_equity: 99, held: -0.1, trades: 3, won: 0 },
  ]);
  expect(figureOf(year, "return")).toEqual({ value: expect.closeTo(-0.01) as number, text: "−1.0\u00a0%" });
  expect(figureOf(year, "excess").value).toBeCloseTo(0);
  expect(figureOf(year, "trades").text).toBe("1 of 5");
  expect(figureOf({ ...year, start_equity: 0 }, "return")).toEqual({ value: null, text: "–" });
});

test("groups are told apart, and small ones said to say little", async () => {
  const { calls } = open("/performance/groups?by=exit", {
    "GET /api/performance/groups": (call: { query: URLSearchParams }) => ({
      body: {
        by: call.query.get("by"),
        level: 0.95,
        trades_left_out: 0,
        groups: [group("stop_loss"), group("unknown", { trades: 4, few: true, expectancy_interval: null, profit_factor: null })],
        all: group("all", { trades: 54 }),
      },
    }),
  });
  const table = await screen.findByRole("table", { name: "Closed trades by exit" });
  expect(within(table).getByRole("row", { name: /Stop loss/ })).not.toHaveTextContent("Too few");
  const small = within(table).getByRole("row", { name: /Not on record/ });
  expect(small).toHaveTextContent("Too few to say");
  expect(small).toHaveTextContent("no interval below 10 trades");
  expect(within(table).getByRole("row", { name: /All trades/ })).toHaveTextContent("54");
  await userEvent.setup().click(screen.getByRole("radio", { name: "Regime" }));
  await waitFor(() => expect(calls.some((call) => call.query.get("by") === "regime")).toBe(true));
  expect(await axeFaults()).toEqual([]);
});

const follow = { what: "taken", rule: null, entries: 80, few: false, pending: 2, share_right: 0.55, share_right_interval: { low: 0.44, high: 0.65 }, mean_return: 0.002, mean_return_interval: { low: -0.001, high: 0.005 } };
const bin = (low: number, trades: number) => ({
  low,
  high: low + 0.1,
  trades,
  few: trades < 30,
  won: Math.floor(trades / 2),
  mean_confidence: trades ? low + 0.05 : null,
  share_won: trades ? 0.5 : null,
  interval: trades ? { low: 0.3, high: 0.7 } : null,
});

test("decisions show what followed, and confidence against outcome as drawing and table", async () => {
  open("/performance/decisions", {
    "GET /api/performance/decisions": {
      decisions: 1000,
      actions: { enter: 100 },
      denials: { drawdown_halt: 20 },
      reasons: { no_rule: 900, "cost_cap/breakout": 100 },
      horizon_bars: 24,
      level: 0.95,
      entries: [follow, { ...follow, what: "drawdown_halt", entries: 5, few: true, mean_return_interval: null }],
      market_return: 0.001,
      market_bars: 900,
    },
    "GET /api/performance/calibration": {
      trades: 45,
      won: 22,
      share_won: 0.49,
      too_few: false,
      without_confidence: 0,
      level: 0.95,
      bins: [bin(0.2, 0), bin(0.3, 5), bin(0.6, 40)],
      brier: metric(0.26),
      brier_skill: metric(-0.04, -0.1, 0.02),
      expected_calibration_error: metric(0.12),
    },
    "GET /api/performance/groups": { by: "rule", level: 0.95, trades_left_out: 0, groups: [group("breakout")], all: group("all") },
  });
  const entries = await screen.findByRole("table", { name: "What followed decisions to enter" });
  expect(within(entries).getByRole("row", { name: /All entries taken/ })).toHaveTextContent("55.0 %");
  expect(within(entries).getByRole("row", { name: /Denied: drawdown halt/ })).toHaveTextContent("Too few to say");
  expect(screen.getByText(/refused 20 of them \(20.0 %\)/)).toBeVisible();
  expect(screen.getByText("Too dear for the cost cap: breakout")).toBeVisible();
  expect(await screen.findByRole("img", { name: /Share of trades that won over the confidence/ })).toBeVisible();
  const table = screen.getByRole("table", { name: "Confidence and outcome" });
  expect(within(table).getAllByRole("row")).toHaveLength(3); // without the empty bin
  expect(within(table).getByRole("row", { name: /30 to 40\s%/ })).toHaveTextContent("too few to say");
  expect(within(table).getByRole("row", { name: /60 to 70\s%/ })).toHaveTextContent("+15.0 points");
  expect(await axeFaults()).toEqual([]);
});

test("a trade opens into what is known of it, and days that are turned around are not asked for", async () => {
  const { calls } = open("/performance/trades", {
    "GET /api/live/trades": {
      items: [trade(2, { open: true, exit_time: null, exit_price: null, duration_ms: null, pnl: null, return: null, exit_reason: null }), trade(1)],
      next_cursor: null,
    },
  });
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Open trade 1, long BTC/USDT" }));
  const dialog = await screen.findByRole("dialog", { name: "Trade 1: long BTC/USDT" });
  expect(dialog).toHaveTextContent("0.100000 BTC");
  expect(dialog).toHaveTextContent("41,000.00");
  expect(within(dialog).getByText("Won")).toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(screen.getByText("Still held")).toBeVisible();
  await user.type(screen.getByLabelText("Held from (UTC)"), "2024-03-01");
  await user.type(screen.getByLabelText("to"), "2024-02-01");
  expect(await screen.findByText("Lies before the first day.")).toBeVisible();
  expect(calls.some((call) => call.query.get("from") === "2024-03-01T00:00:00.000Z" && call.query.get("to")?.startsWith("2024-02-01"))).toBe(false);
});

const report = { id: "00000000000000b1", name: "first/report.html", bytes: 1000, modified: "2024-03-01T00:00:00.000Z" };

test("a report opens in a tab by a ticket that is asked for each time", async () => {
  const replace = vi.fn();
  const tab = { opener: {} as unknown, closed: false, close: vi.fn(), location: { replace } };
  const opened = vi.spyOn(window, "open").mockReturnValue(tab as unknown as Window);
  const { calls } = open("/performance/reports", {
    "GET /api/reports": { items: [report], next_cursor: null },
    "POST /api/reports/00000000000000b1/ticket": () => ({ status: 201, body: { url: "/api/reports/00000000000000b1/page/x", expires: "2024-03-01T00:01:00.000Z" } }),
  });
  const user = userEvent.setup();
  const button = await screen.findByRole("button", { name: "Open the report first/report.html in a new tab" });
  await user.click(button);
  await waitFor(() => expect(replace).toHaveBeenCalledWith(`${window.location.origin}/api/reports/00000000000000b1/page/x`));
  expect(opened).toHaveBeenCalledWith("about:blank", "_blank");
  expect(tab.opener).toBeNull();
  await user.click(button);
  await waitFor(() => expect(replace).toHaveBeenCalledTimes(2));
  const keys = calls.filter((call) => call.method === "POST").map((call) => call.headers.get("Idempotency-Key"));
  expect(new Set(keys).size).toBe(2);
});

test("a tab that is blocked leaves a link, and a report that is gone is told", async () => {
  vi.spyOn(window, "open").mockReturnValue(null);
  let gone = false;
  open("/performance/reports", {
    "GET /api/reports": { items: [report], next_cursor: null },
    "POST /api/reports/00000000000000b1/ticket": () =>
      gone
        ? { status: 404, body: { status: 404, code: "api.not_found", detail: "there is no such report" } }
        : { status: 201, body: { url: "/api/reports/x/page/y", expires: "2024-03-01T00:01:00.000Z" } },
  });
  const user = userEvent.setup();
  const button = await screen.findByRole("button", { name: /Open the report/ });
  await user.click(button);
  expect(await screen.findByRole("link", { name: "Open it here" })).toHaveAttribute("href", "/api/reports/x/page/y");
  gone = true;
  await user.click(button);
  expect(await screen.findByText("there is no such report")).toBeVisible();
});

test("figures are written with one unit and a sign", () => {
  expect(span(-0.3, 0.1, "share")).toBe("−30.0 to 10.0\u00a0%");
  expect(span(-5.1, 2.2, "money")).toBe("−5.10 to 2.20\u00a0USDT");
  expect(span(null, 1, "ratio")).toBe("");
  expect(written(1234, "count")).toBe("1,234");
  expect(tooFew(1)).toBe("Too few to say: 1 trade of the 30 that are needed.");
});
