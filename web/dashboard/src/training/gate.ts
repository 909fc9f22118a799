/** The gate's verdict (docs/gate.md) as the page shows it. */
import type { Schema } from "../api";
import { format } from "../ui";
import type { Tone } from "../ui";

export type GateVerdict = Schema<"GateVerdict">;
export type Check = GateVerdict["checks"][number];

export const parts: Record<number, string> = {
  1: "A fair replay",
  2: "Better, and proven",
  3: "Not riskier at the same volatility",
  4: "Costs and data",
  0: "For information: no part of the verdict",
};

export function outcomeLook(outcome: Check["outcome"]): { word: string; tone: Tone } {
  switch (outcome) {
    case "passed":
      return { word: "Passed", tone: "good" };
    case "failed":
      return { word: "Failed", tone: "bad" };
    case "lacking":
      return { word: "Too little data", tone: "warn" };
    case "skipped":
      return { word: "Left out", tone: "neutral" };
    default:
      return { word: "Information", tone: "neutral" };
  }
}

export function verdictLook(verdict: GateVerdict["verdict"]): { word: string; tone: Tone } {
  switch (verdict) {
    case "promote":
      return { word: "Approved", tone: "good" };
    case "reject":
      return { word: "Rejected", tone: "bad" };
    default:
      return { word: "Not enough evidence", tone: "warn" };
  }
}

/** A figure with its unit: percent and probabilities come as shares. */
export function figureText(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return format.MISSING;
  switch (unit) {
    case "percent":
      return format.percent(value, { digits: 1 });
    case "probability":
      return format.percent(value);
    case "per_year":
      return `${format.number(value, { digits: 1 })}\u00a0a year`;
    case "days":
      return `${format.count(Math.ceil(value))}\u00a0days`;
    case "count":
      return format.count(value);
    default:
      return format.number(value, { digits: Math.abs(value) < 0.1 ? 4 : 3 });
  }
}

export const relations = { at_least: "at least", at_most: "at most", above: "more than" } as const;

/** By how much a check holds or misses, in words; null where there is nothing to compare. */
export function marginText(check: Check): string | null {
  const { measured, needed } = check;
  if (!measured || !needed || measured.value === null || needed.value === null) return null;
  const way = needed.relation === "at_most" ? needed.value - measured.value : measured.value - needed.value;
  const size = Math.abs(way);
  const gap = measured.unit === "percent" && size < 0.01 ? format.percent(size) : figureText(size, measured.unit);
  if (holds(check) && check.outcome === "lacking") return `Holds by ${gap}; what is lacking stands above.`;
  if (holds(check)) return way === 0 ? "Just holds." : `Holds by ${gap}.`;
  return way === 0 ? "It is the same." : `Misses by ${gap}.`;
}

/** Whether the measured value lies as it has to; a check can lack data beside it. */
export function holds({ measured, needed }: Pick<Check, "measured" | "needed">): boolean {
  if (!measured || !needed || measured.value === null || needed.value === null) return false;
  if (needed.relation === "at_most") return measured.value <= needed.value;
  return needed.relation === "at_least" ? measured.value >= needed.value : measured.value > needed.value;
}

/** How many checks came to what; information is not counted. */
export function tally(gate: Pick<GateVerdict, "checks">): { passed: number; failed: number; lacking: number; of: number } {
  const deciding = gate.checks.filter((check) => check.part > 0);
  const count = (outcome: Check["outcome"]) => deciding.filter((check) => check.outcome === outcome).length;
  return { passed: count("passed"), failed: count("failed"), lacking: count("lacking"), of: deciding.length };
}

/** A figure of a check by its key. */
export function figureOf(gate: GateVerdict, check: string, figure: string): Check["figures"][number] | undefined {
  return gate.checks.find((one) => one.key === check)?.figures.find((one) => one.key === figure);
}
