import type { Schema } from "../api";
import * as format from "../ui/format";

export type Limits = Schema<"RiskLimits">;
export type LimitName = keyof Limits;
export type Limit = Schema<"RiskLimit">;

export interface LimitText {
  name: LimitName;
  title: string;
  /** how a person reads and types it: shares are shown as percent */
  unit: "%" | "orders" | "bars";
  meaning: string;
  /** what a larger value does, and a smaller one */
  wider: string;
  narrower: string;
  /** code of denials that it makes; docs/risk.md */
  denial: string | null;
}

export const limitTexts: LimitText[] = [
  {
    name: "order_notional_share",
    title: "Largest order",
    unit: "%",
    meaning: "Value of one order, of the equity.",
    wider: "Larger orders pass.",
    narrower: "Larger orders are denied.",
    denial: "order_notional",
  },
  {
    name: "symbol_notional_share",
    title: "Largest position",
    unit: "%",
    meaning: "Value of the position in one symbol, of the equity.",
    wider: "Larger positions may be built.",
    narrower: "Only smaller positions may be built.",
    denial: "symbol_notional",
  },
  {
    name: "exposure_share",
    title: "Largest exposure",
    unit: "%",
    meaning: "Value of all positions together, of the equity.",
    wider: "More may be held in all.",
    narrower: "Less may be held in all.",
    denial: "exposure",
  },
  {
    name: "orders_per_minute",
    title: "Orders a minute",
    unit: "orders",
    meaning: "More are denied. 0: no limit.",
    wider: "More orders pass in a minute.",
    narrower: "Fewer orders pass in a minute.",
    denial: "order_rate",
  },
  {
    name: "price_collar_share",
    title: "Price collar",
    unit: "%",
    meaning: "How far the newest price may be from the one that was decided on.",
    wider: "Orders pass further from the price that was decided on.",
    narrower: "Orders pass only closer to the price that was decided on.",
    denial: "price_collar",
  },
  {
    name: "stale_intervals",
    title: "Age of data",
    unit: "bars",
    meaning: "With data older than so many bars no position is entered.",
    wider: "Older data may be traded on.",
    narrower: "Only newer data may be traded on.",
    denial: "stale_data",
  },
  {
    name: "daily_loss_share",
    title: "Loss of a day",
    unit: "%",
    meaning: "From it on positions are only reduced until the day (UTC) ends, of the equity at its start.",
    wider: "More may be lost in a day before positions are only reduced.",
    narrower: "Positions are only reduced after a smaller loss of a day.",
    denial: "reducing_only",
  },
  {
    name: "drawdown_share",
    title: "Drawdown",
    unit: "%",
    meaning: "Fall of the equity from its peak at which trading is halted until a person re-arms it.",
    wider: "Trading goes on through a deeper fall.",
    narrower: "Trading halts after a smaller fall.",
    denial: "halted",
  },
];

/** As a person reads it: 0.05 is 5. */
export function shownOf(text: LimitText, value: number): number {
  return text.unit === "%" ? Number((value * 100).toPrecision(12)) : value;
}
export function valueOf(text: LimitText, shown: number): number {
  return text.unit === "%" ? Number((shown / 100).toPrecision(12)) : shown;
}

/** "25 %"; 0 orders a minute are no limit. */
export function limitShown(text: LimitText, value: number | null | undefined): string {
  if (typeof value !== "number") return format.MISSING;
  if (text.name === "orders_per_minute" && value === 0) return "no limit";
  const shown = shownOf(text, value);
  const digits = Math.min(6, (String(shown).split(".")[1] ?? "").length);
  return `${format.number(shown, { digits })}\u00a0${text.unit}`;
}

/** What is typed for a limit, in its unit; null: that of the configuration. What is not named stays as it is. */
export type Draft = Partial<Record<LimitName, string | number | null>>;

export interface LimitChange {
  text: LimitText;
  from: number;
  to: number;
  /** follows the configuration again */
  back: boolean;
}

/** Why a typed value cannot be taken, or undefined. */
export function faultOf(text: LimitText, limit: Limit, typed: string | number): string | undefined {
  const shown = typeof typed === "number" ? typed : typed.trim() === "" ? NaN : Number(typed);
  const value = valueOf(text, shown);
  const low = limit.above_minimum ? value > limit.minimum : value >= limit.minimum;
  if (Number.isFinite(value) && low && value <= limit.maximum && (!limit.whole || Number.isInteger(value))) return undefined;
  const most = format.number(shownOf(text, limit.maximum), { digits: 0 });
  const least = format.number(shownOf(text, limit.minimum), { digits: 0 });
  const range = `${limit.above_minimum ? "above" : "at least"} ${least} and at most ${most}\u00a0${text.unit}`;
  return `Must be ${limit.whole ? "a whole number, " : ""}${range}.`;
}

export function faultsOf(draft: Draft, limits: readonly Limit[]): LimitText[] {
  return limitTexts.filter((text) => {
    const limit = limits.find(({ name }) => name === text.name);
    const typed = draft[text.name];
    return limit !== undefined && typed !== undefined && typed !== null && faultOf(text, limit, typed) !== undefined;
  });
}

/** What the draft would change, of what can be taken. */
export function changesOf(draft: Draft, limits: readonly Limit[]): LimitChange[] {
  return limitTexts.flatMap((text): LimitChange[] => {
    const limit = limits.find(({ name }) => name === text.name);
    const typed = draft[text.name];
    if (!limit || typed === undefined) return [];
    if (typed === null) return limit.changed ? [{ text, from: limit.in_force, to: limit.configured, back: true }] : [];
    if (faultOf(text, limit, typed) !== undefined) return [];
    const to = valueOf(text, Number(typed));
    return to === limit.in_force ? [] : [{ text, from: limit.in_force, to, back: false }];
  });
}

/** As PUT /api/live/limits wants them. */
export function bodyOf(changes: readonly LimitChange[]): Record<string, number | null> {
  return Object.fromEntries(changes.map(({ text, to, back }) => [text.name, back ? null : to]));
}

export type Direction = "wider" | "narrower" | "same";
export function directionOf({ text, from, to }: LimitChange): Direction {
  const size = (value: number) => (text.name === "orders_per_minute" && value === 0 ? Infinity : value);
  return size(to) === size(from) ? "same" : size(to) > size(from) ? "wider" : "narrower";
}

/** What of each limit the account uses, as shares; and the state that the risk engine is in. */
export interface Used {
  drawdown: number;
  day: number;
  exposure: number;
  largest: number;
  state: string;
}

/** What a change does, beyond what stands in its numbers. */
export function effectOf(change: LimitChange, used: Used | null): string {
  const direction = directionOf(change);
  const said = change.back ? "Follows the configuration again. " : "";
  if (direction === "same") return `${said}The value stays.`;
  const now = (share: number) => format.percent(share);
  const plain = change.text[direction];
  if (!used) return said + plain;
  const { name } = change.text;
  if (direction === "wider") {
    if (name === "drawdown_share" && used.state === "halted") return `${said}${plain} Now it stays halted until a person re-arms it.`;
    if (name === "daily_loss_share" && used.state === "reducing") return `${said}${plain} Today (UTC) they are only reduced all the same.`;
    return said + plain;
  }
  if (name === "drawdown_share" && used.drawdown >= change.to)
    return `${said}The equity is ${now(used.drawdown)} below its peak: trading halts with the next bar, until a person re-arms it.`;
  if (name === "daily_loss_share" && used.day >= change.to)
    return `${said}The loss of today is ${now(used.day)}: from the next bar on positions are only reduced, until 00:00 UTC.`;
  if (name === "exposure_share" && used.exposure > change.to) return `${said}Positions come to ${now(used.exposure)}: they stay, and nothing is added.`;
  if (name === "symbol_notional_share" && used.largest > change.to)
    return `${said}The largest position is ${now(used.largest)}: it stays, and nothing is added to it.`;
  return said + plain;
}
