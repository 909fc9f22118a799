/** What the codes of the trading loop mean, in words. */
import type { Schema } from "../api";
import { format, type IconName, type Tone } from "../ui";

export type Decision = Schema<"Decision">;
export type Denial = Decision["denial"];

/** Why the risk engine refuses an order: docs/risk.md. */
export const denials: Record<Denial, { title: string; text: string }> = {
  none: { title: "Not refused", text: "The order passed, or there was none." },
  not_reconciled: { title: "Not reconciled", text: "Account and record do not agree. Nothing is traded until a person accepts the account." },
  killed: { title: "Kill switch", text: "The kill switch is on. A person re-arms it." },
  halted: { title: "Halted", text: "The drawdown limit was reached, or the account has no value that could be told. A person re-arms it." },
  reducing_only: { title: "Only reducing", text: "The day's loss limit was reached: until 00:00 UTC positions are only made smaller." },
  duplicate_order: { title: "Duplicate", text: "An order of this bar, or of a later one, has passed before." },
  stale_data: { title: "Old data", text: "The newest bar closed too long ago, or lies ahead of the clock. Nothing new is entered on it." },
  late_bar: { title: "Late bar", text: "The bar was fetched after the fact, to fill a gap. Nothing new is entered on it." },
  order_rate: { title: "Too many orders", text: "The orders of one minute were used up." },
  price_collar: { title: "Price ran away", text: "The newest price is too far from the one that the order was decided at." },
  order_notional: { title: "Order too large", text: "The value of the order is above its share of the equity." },
  symbol_notional: { title: "Position too large", text: "The symbol's position would be above its share of the equity." },
  exposure: { title: "Exposure too large", text: "All positions together would be above their share of the equity." },
  bad_order: { title: "Malformed order", text: "A number, time or id in it cannot be. It should not happen: tell who runs the server." },
};

export function denialOf(code: string): { title: string; text: string } {
  return denials[code as Denial] ?? { title: format.words(code), text: "The risk engine objected." };
}

/** Why a position was left, and what other fills did. */
export const fillReasons: Record<string, string> = {
  entry: "Entry",
  target: "To the target",
  exit_signal: "Exit of the rule",
  stop_loss: "Stop loss",
  trailing_stop: "Trailing stop",
  take_profit: "Take profit",
  roi: "Return reached",
  liquidation: "Liquidation",
  kill: "Closed by the kill switch",
};
export const fillReason = (reason: string): string => fillReasons[reason] ?? format.words(reason);

export interface Verdict {
  title: string;
  tone: Tone;
  icon: IconName;
  /** something was wanted: an order, or a rule that the costs held back */
  acts: boolean;
}

/** What a decision came to, in two or three words. */
export function verdictOf(decision: Pick<Decision, "action" | "denial" | "summary" | "order_id">): Verdict {
  if (decision.denial && decision.denial !== "none") {
    return { title: `Refused: ${denialOf(decision.denial).title.toLowerCase()}`, tone: "bad", icon: "cross", acts: true };
  }
  const short = /^(enter|exit) short/.test(decision.summary);
  switch (decision.action) {
    case "enter":
      return { title: short ? "Enter short" : "Enter long", tone: "good", icon: short ? "down" : "up", acts: true };
    case "exit":
      return { title: short ? "Exit short" : "Exit long", tone: "busy", icon: "check", acts: true };
    case "target":
      return decision.order_id === null
        ? { title: "Target kept", tone: "neutral", icon: "pause", acts: false }
        : { title: "New target", tone: "busy", icon: "edit", acts: true };
    default:
      if (isTooDear(decision.summary)) return { title: "Too dear", tone: "warn", icon: "warning", acts: true };
      if (/ is held until /.test(decision.summary)) return { title: "Holding", tone: "neutral", icon: "pause", acts: false };
      return { title: "No trade", tone: "neutral", icon: "info", acts: false };
  }
}

/** A rule qualified, and its round trip was expected to cost more than the cost cap. */
export const isTooDear = (summary: string): boolean => /\bcostCapBps\b/.test(summary);

/** The sentence without what the verdict says already, with a capital at its beginning. */
export function because(summary: string): string {
  const text = summary.replace(/^(nothing|enter (long|short)|exit (long|short)): /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "BTC" and "USDT" of BTC/USDT. */
export function unitsOf(symbol: string | undefined): { base: string; quote: string } {
  const [base = "", quote = "USDT"] = (symbol ?? "").split("/");
  return { base, quote };
}

/** "1 h", "15 min", "1 d": the length of a bar. */
export function barLength(ms: number): string {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000}\u00a0d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}\u00a0h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}\u00a0min`;
  return format.duration(ms);
}

/** Why an account has not traded, where the cost cap alone holds its rules back; else null. */
export function whyNoTrade(wanted: readonly Pick<Decision, "summary">[]): string | null {
  if (wanted.length === 0 || !wanted.every((decision) => isTooDear(decision.summary))) return null;
  const figures = /costs ([\d.]+) bps, above costCapBps ([\d.]+)/.exec(wanted[0]!.summary);
  const dear = figures ? `A round trip is expected to cost ${figures[1]} bps, more than the ${figures[2]} bps of costCapBps` : "A round trip is expected to cost more than costCapBps";
  return `${dear}. Give the costs of your venue in the section costs of the configuration, or raise costCapBps under Parameters.`;
}
