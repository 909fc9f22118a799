/** Decisions as the server gives them, for tests. */
import type { Schema } from "../api";

export type Explained = Schema<"ExplainedDecision">;

const rules = (qualifies: string | null) => [
  {
    rule: "breakout",
    side: "long",
    qualifies: qualifies === "breakout",
    conditions: [
      { name: "volatility_percentile", value: 74.6, comparison: ">=", bound: 70, bound_name: "volPctBreakout", holds: true },
      { name: "close", value: 178.62, comparison: ">", bound: 174.05, bound_name: "channel_high", holds: qualifies === "breakout" },
    ],
  },
  {
    rule: "mean reversion",
    side: "short",
    qualifies: qualifies === "mean reversion",
    conditions: [
      { name: "volatility_percentile", value: 74.6, comparison: "<=", bound: 30, bound_name: "volPctMeanRevert", holds: false },
      { name: "z_score", value: 3.23, comparison: ">=", bound: 2, bound_name: "stretch", holds: true },
    ],
  },
  {
    rule: "news",
    side: "long",
    qualifies: qualifies === "news",
    conditions: [
      { name: "social_fresh", value: 0, comparison: "is", bound: 1, bound_name: "an event on this bar", holds: false },
      { name: "social_score", value: 0.96, comparison: ">=", bound: 0.75, bound_name: "socialGo", holds: true },
    ],
  },
];

export function decision(change: Partial<Explained> = {}, why: Record<string, unknown> = {}): Explained {
  const explanation = {
    time: "2024-03-14T04:00:00Z",
    symbol: "BTC/USDT",
    action: "enter",
    reason: "qualified",
    text: "enter long: breakout",
    rule: "breakout",
    side: "long",
    confidence: 0.58,
    risk: 0.01,
    stop_loss: 0.05,
    take_profit: 0.1,
    cost_bps: 6,
    held: null,
    inputs: { close: 178.62, volatility: 0.0107, volatility_percentile: 74.6, social_fresh: false, regime: "volatile", ready: true },
    stretch: 2,
    rules: rules("breakout"),
    parameters: { volPctBreakout: 70, costCapBps: 8, slBreakout: 2 },
    ...why,
  };
  return {
    number: 951,
    symbol: "BTC/USDT",
    bar: { open_time: "2024-03-14T04:00:00.000Z", open: 172.93, high: 192.89, low: 172.84, close: 178.62, volume: 1590746 },
    action: "enter",
    summary: "enter long: breakout, risking 1 % of equity at a stop 5.000 % away, take profit 10.000 % away, confidence 0.58",
    parameter_version: 1,
    order_id: "BTC/USDT@1710388800000",
    denial: "none",
    latency_us: 75.1,
    explanation: explanation as unknown as Explained["explanation"],
    ...change,
  };
}

export const entered = () => decision();
export const refused = () => decision({ denial: "exposure", order_id: null });
export const holding = () =>
  decision(
    { action: "hold", order_id: null, summary: "nothing: the long position of breakout is held until its own exits" },
    { action: "nothing", reason: "holding", rule: null, side: null, confidence: 0, risk: 0, stop_loss: 0, take_profit: 0, held: { side: "long", rule: "breakout" }, rules: rules(null) },
  );
export const idle = () =>
  decision(
    { action: "hold", order_id: null, summary: "nothing: no rule qualifies" },
    { action: "nothing", reason: "no_rule", rule: null, side: null, confidence: 0, risk: 0, stop_loss: 0, take_profit: 0, rules: rules(null) },
  );
export const dear = () =>
  decision(
    { action: "hold", order_id: null, summary: "nothing: breakout long qualifies, but a round trip costs 24 bps, above costCapBps 8" },
    { action: "nothing", reason: "cost_cap", confidence: 0.3, risk: 0, stop_loss: 0, take_profit: 0, cost_bps: 24 },
  );
export const left = () =>
  decision(
    { action: "exit", summary: "exit short: the close 178.62 has come back to the mean 179.1" },
    { action: "exit", reason: "mean_reached", rule: null, side: null, confidence: 0, risk: 0, stop_loss: 0, take_profit: 0, held: { side: "short", rule: "mean reversion" }, rules: rules(null) },
  );

export function position(change: Partial<Schema<"Position">> = {}): Schema<"Position"> {
  return {
    symbol: "BTC/USDT",
    units: 0.05,
    entry_price: 60_000,
    mark_price: 61_000,
    value: 3050,
    unrealised: 50,
    opened: "2026-01-01T23:00:00.000Z",
    order_id: "BTC/USDT@1",
    stop: 58_000,
    take_profit: 64_000,
    ...change,
  };
}

const H = 3_600_000;
/** Bars of an hour, `count` of them up to `last`. */
export function bars({ count = 500, first = 0, last = 1000, candle = 1 }: { count?: number; first?: number; last?: number; candle?: number } = {}) {
  const begin = Date.parse("2025-01-01T00:00:00Z");
  const at = (bar: number) => new Date(begin + bar * H).toISOString();
  const from = last - count * candle + 1;
  return {
    symbol: "BTC/USDT",
    interval_ms: H,
    candle_ms: candle * H,
    now: at(1001),
    first: at(first),
    last: at(1000),
    candles: Array.from({ length: count }, (_, n) => ({ time: at(from + n * candle), open: 100, high: 102, low: 99, close: 101, volume: 5, bars: candle })),
    markers: [
      {
        time: at(990),
        candle: at(990),
        kind: "entry" as const,
        side: "buy" as const,
        price: 100,
        units: 1,
        units_after: 1,
        reason: "entry",
        fee: 0.1,
        stop: 95,
        take_profit: 110,
        order_id: "BTC/USDT@1",
        decision: 7,
        trade: 1,
      },
      {
        time: at(995),
        candle: at(995),
        kind: "stop" as const,
        side: "sell" as const,
        price: 95,
        units: 1,
        units_after: 0,
        reason: "stop_loss",
        fee: 0.1,
        stop: null,
        take_profit: null,
        order_id: "BTC/USDT@1",
        decision: 7,
        trade: 1,
      },
    ],
    markers_left_out: 0,
  };
}
