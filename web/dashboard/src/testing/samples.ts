import type { Schema } from "../api";

/** The limits of the risk engine as the server gives them; `changed` is set by a person. */
export function riskLimits(changed: Record<string, number> = {}, event = 7): Schema<"RiskLimitsState"> {
  const configured = liveState().risk.limits;
  const most: Record<string, number> = { daily_loss_share: 1, drawdown_share: 1, price_collar_share: 10, stale_intervals: 1e6, orders_per_minute: 10_000 };
  return {
    limits: Object.entries(configured).map(([name, value]) => ({
      name,
      in_force: changed[name] ?? value,
      configured: value,
      changed: name in changed,
      minimum: 0,
      above_minimum: name !== "orders_per_minute",
      maximum: most[name] ?? 1000,
      whole: name === "orders_per_minute",
      unit: null,
      help: name,
    })),
    obeyed: true,
    change: Object.keys(changed).length > 0 ? { by: "ben", reason: "a quiet week", time: "2026-01-02T03:00:00.000Z", event } : null,
  };
}

/** A state of the live loop as the server gives it. */
export function liveState({ killed = false }: { killed?: boolean } = {}): Schema<"LiveState"> {
  return {
    summary: {
      mode: "paper",
      running: true,
      text: "trading BTC/USDT",
      session: "20260102-030405-live",
      now: "2026-01-02T03:00:00.000Z",
      symbols: ["BTC/USDT"],
      risk_state: killed ? "halted" : "active",
      risk_why: killed ? "ada stopped trading" : "",
      killed,
      reconciled: true,
      equity: 10250.5,
      cash: 9000,
      initial_equity: 10000,
      positions: 1,
      waiting_orders: 0,
      steps: 100,
      decisions: 100,
      orders: 10,
      fills: 12,
      feed: {
        health: "live",
        text: "live",
        newest_close: "2026-01-02T03:00:00.000Z",
        bars: 100,
        reconnects: 0,
        gaps_filled: 0,
        rejected: 0,
        progress: null,
      },
      persistence_fault: null,
    },
    started: "2026-01-01T00:00:00.000Z",
    interval_ms: 3_600_000,
    parameter_version: 1,
    differences: [],
    risk: {
      state: killed ? "halted" : "active",
      why: killed ? "ada stopped trading" : "",
      kill: killed ? { by: "ada", reason: "exchange in trouble", time: "2026-01-02T03:00:00.000Z", flatten: true } : null,
      halt: null,
      peak_equity: 10300,
      day_start_equity: 10200,
      passed: 10,
      denials: {},
      limits: {
        order_notional_share: 1.5,
        symbol_notional_share: 1.5,
        exposure_share: 3,
        orders_per_minute: 60,
        price_collar_share: 0.1,
        stale_intervals: 2,
        daily_loss_share: 0.05,
        drawdown_share: 0.25,
      },
    },
    latency_us: { p50: 2.6, p99: 30, max: 7000 },
  };
}
