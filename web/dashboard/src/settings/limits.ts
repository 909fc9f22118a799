import type { Schema } from "../api";

export type Limits = Schema<"RiskLimits">;
export type LimitName = keyof Limits;

export interface LimitText {
  name: LimitName;
  title: string;
  /** how a person reads and types it: shares are shown as percent */
  unit: "%" | "orders" | "bars";
  meaning: string;
  /** code of denials that it makes; docs/risk.md */
  denial: string | null;
}

export const limitTexts: LimitText[] = [
  { name: "order_notional_share", title: "Largest order", unit: "%", meaning: "Value of one order, of the equity.", denial: "order_notional" },
  { name: "symbol_notional_share", title: "Largest position", unit: "%", meaning: "Value of the position in one symbol, of the equity.", denial: "symbol_notional" },
  { name: "exposure_share", title: "Largest exposure", unit: "%", meaning: "Value of all positions together, of the equity.", denial: "exposure" },
  { name: "orders_per_minute", title: "Orders a minute", unit: "orders", meaning: "More are denied. 0: no limit.", denial: "order_rate" },
  { name: "price_collar_share", title: "Price collar", unit: "%", meaning: "How far the newest price may be from the one that was decided on.", denial: "price_collar" },
  { name: "stale_intervals", title: "Age of data", unit: "bars", meaning: "With data older than so many bars no position is entered.", denial: "stale_data" },
  { name: "daily_loss_share", title: "Loss of a day", unit: "%", meaning: "From it on positions are only reduced until the day (UTC) ends, of the equity at its start.", denial: "reducing_only" },
  { name: "drawdown_share", title: "Drawdown", unit: "%", meaning: "Fall of the equity from its peak at which trading is halted until a person re-arms it.", denial: "halted" },
];

/** As a person reads it: 0.05 is 5. */
export function shownOf(text: LimitText, value: number): number {
  return text.unit === "%" ? Number((value * 100).toPrecision(12)) : value;
}
export function valueOf(text: LimitText, shown: number): number {
  return text.unit === "%" ? Number((shown / 100).toPrecision(12)) : shown;
}
