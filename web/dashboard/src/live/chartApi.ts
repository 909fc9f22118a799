/** The two routes of the charts. */
import { addressOf, fetchWithToken } from "../api/client";

export interface LiveBars {
  symbol: string;
  interval_ms: number;
  candle_ms: number;
  now: string | null;
  first: string | null;
  last: string | null;
  candles: { time: string; open: number; high: number; low: number; close: number; volume: number | null; bars: number }[];
  markers: {
    time: string;
    candle: string;
    kind: "entry" | "exit" | "stop" | "take_profit" | "liquidation";
    side: "buy" | "sell";
    price: number;
    units: number;
    units_after: number;
    reason: string;
    fee: number;
    stop: number | null;
    take_profit: number | null;
    order_id: string;
    decision: number | null;
    trade: number | null;
  }[];
  markers_left_out: number;
}

export interface Trade {
  number: number;
  symbol: string;
  side: "long" | "short";
  open: boolean;
  entry_time: string;
  exit_time: string | null;
  duration_ms: number | null;
  entry_price: number;
  exit_price: number | null;
  units: number;
  stop: number | null;
  take_profit: number | null;
  fees: number;
  slippage: number;
  pnl: number | null;
  return: number | null;
  exit_reason: string | null;
  order_id: string;
  decision: number | null;
  parameter_version: number | null;
  rule: string | null;
  regime: string | null;
  confidence: number | null;
}

async function get(path: string, place: object, options: { signal?: AbortSignal }): Promise<unknown> {
  return (await fetchWithToken(addressOf(path, place), { signal: options.signal ?? null })).json();
}
export const chartApi = {
  bars: (place: { query: object }, options: { signal?: AbortSignal }) => get("/api/live/bars", place, options) as Promise<LiveBars>,
  trades: (place: { query: object }, options: { signal?: AbortSignal }) =>
    get("/api/live/trades", place, options) as Promise<{ items: Trade[]; next_cursor: string | null }>,
};
