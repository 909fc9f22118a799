import { format } from "../ui";

/** How a figure is written. */
export type MeasureKind = "share" | "ratio" | "money" | "count" | "yearly";

export interface Measure {
  key: string; // as in docs/metrics.md
  name: string;
  kind: MeasureKind;
  help: string;
  /** gains green, losses red */
  tone?: boolean;
}

const money = "Account currency, after fees, spread and slippage.";

/** The figures of an account or an evaluation, in the order in which they are read. */
export const measures: readonly Measure[] = [
  { key: "total_return", name: "Total return", kind: "share", tone: true, help: "What the account gained over the whole period." },
  { key: "annual_return", name: "Annual return", kind: "share", tone: true, help: "The same as a steady rate per year." },
  { key: "volatility", name: "Volatility", kind: "share", help: "How much a year typically strays." },
  { key: "sharpe", name: "Sharpe ratio", kind: "ratio", tone: true, help: "Return for each unit of volatility, per year; the risk-free rate is 0." },
  { key: "sortino", name: "Sortino ratio", kind: "ratio", tone: true, help: "Return for each unit of downward volatility, per year." },
  { key: "max_drawdown", name: "Largest drawdown", kind: "share", help: "The largest loss from an earlier peak, looked at on every bar." },
  { key: "calmar", name: "Calmar ratio", kind: "ratio", tone: true, help: "Annual return for each unit of the largest drawdown." },
  { key: "cvar95", name: "Worst 5 % of days", kind: "share", tone: true, help: "Mean return of the worst 5 % of days (CVaR 95)." },
  { key: "win_rate", name: "Win rate", kind: "share", help: "Share of closed trades that made money after costs." },
  { key: "profit_factor", name: "Profit factor", kind: "ratio", help: "Money won for each unit lost. Above 1 the trades earn." },
  { key: "expectancy", name: "Expectancy", kind: "money", tone: true, help: `Mean result of a trade. ${money}` },
  { key: "expectancy_r", name: "Expectancy in R", kind: "ratio", tone: true, help: "Expectancy over the mean loss of a losing trade." },
  { key: "sqn", name: "System quality number", kind: "ratio", tone: true, help: "How steady the trades are: mean over deviation of their results, times the root of their count." },
  { key: "exposure", name: "Time in the market", kind: "share", help: "Share of bars with a position at the close." },
  { key: "turnover", name: "Turnover", kind: "yearly", help: "How often the account is traded over in a year." },
  { key: "psr", name: "Sharpe above 0", kind: "share", help: "Probability that the true Sharpe ratio is above 0 (PSR)." },
  { key: "dsr", name: "Sharpe above luck", kind: "share", help: "The same after allowing for every variant that was tried (DSR)." },
];

const byKey = new Map(measures.map((measure) => [measure.key, measure]));

/** Of any key; one that is not known is written as a plain number. */
export function measureOf(key: string): Measure {
  return byKey.get(key) ?? { key, name: format.words(key), kind: "ratio", help: "" };
}

export function written(value: number | null | undefined, kind: MeasureKind, sign = false): string {
  if (kind === "share") return format.percent(value, { digits: 1, sign });
  if (kind === "money") return format.money(value, { sign });
  if (kind === "count") return format.count(value);
  if (kind === "yearly") return typeof value === "number" ? `${format.number(value, { digits: 1, sign })}\u00a0a year` : format.MISSING;
  return format.number(value, { digits: 2, sign });
}

/** "−1.20 to 0.80"; empty where there is none. */
export function span(low: number | null | undefined, high: number | null | undefined, kind: MeasureKind): string {
  if (typeof low !== "number" || typeof high !== "number") return "";
  const [first, unit] = [written(low, kind), written(high, kind)];
  // The unit stands once: "−5.10 to 2.20 USDT".
  return `${first.split("\u00a0")[0]} to ${unit}`;
}

export const FEW_TRADES = 30;

/** How many trades there are, as a sentence that says whether they are enough. */
export function tooFew(count: number, what = "trade"): string {
  const many = `${format.count(count)} ${what}${count === 1 ? "" : "s"}`;
  return `Too few to say: ${many} of the ${FEW_TRADES} that are needed.`;
}

/** Codes of the rules, regimes and exits, as people say them. */
export function named(key: string): string {
  return key === "unknown" ? "Not on record" : format.words(key);
}
