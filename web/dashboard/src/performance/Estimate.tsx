import type { Schema } from "../api";
import { Help } from "../ui";
import { MISSING } from "../ui/format";
import { span, written, type Measure, type MeasureKind } from "./measures";

type Metric = Pick<Schema<"Metric">, "value" | "low" | "high" | "reason">;

/** A figure with its interval below it; where there is no value, the reason. */
export function Estimate({ metric, kind, tone }: { metric: Metric | undefined; kind: MeasureKind; tone?: boolean }) {
  if (!metric || metric.value === null) {
    return (
      <span className="estimate">
        <span className="digits">{MISSING}</span>
        {metric?.reason && <span className="estimate-note">{metric.reason}</span>}
      </span>
    );
  }
  const way = !tone || metric.value === 0 ? undefined : metric.value > 0 ? "gain" : "loss";
  const interval = span(metric.low, metric.high, kind);
  return (
    <span className="estimate">
      <span className="digits" data-tone={way}>
        {written(metric.value, kind, tone)}
      </span>
      {interval && <span className="estimate-note digits">{interval}</span>}
    </span>
  );
}

/**
 * Estimates of several rows on one scale: a dot, its interval as a line, zero (or `mark`) as a thin one. It repeats what
 * stands beside it in numbers, and is hidden from screen readers.
 */
export function Whisker({
  value,
  low,
  high,
  from,
  to,
  mark = 0,
  faint = false,
}: {
  value: number | null;
  low: number | null | undefined;
  high: number | null | undefined;
  from: number;
  to: number;
  mark?: number;
  faint?: boolean;
}) {
  const width = 160;
  const at = (x: number) => 6 + ((Math.min(Math.max(x, from), to) - from) / (to - from || 1)) * (width - 12);
  return (
    <svg className="whisker" data-faint={faint || undefined} viewBox={`0 0 ${width} 20`} width={width} height={20} aria-hidden="true">
      {mark >= from && mark <= to && <line className="whisker-mark" x1={at(mark)} x2={at(mark)} y1={1} y2={19} />}
      {typeof low === "number" && typeof high === "number" && (
        <line className="whisker-line" x1={at(low)} x2={at(high)} y1={10} y2={10} />
      )}
      {value !== null && <circle className="whisker-dot" cx={at(value)} cy={10} r={4} />}
    </svg>
  );
}

/** The scale that holds all of them and `mark`. */
export function scaleOf(values: readonly (number | null | undefined)[], mark = 0): { from: number; to: number } {
  const known = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const from = Math.min(mark, ...known);
  const to = Math.max(mark, ...known);
  return from === to ? { from: from - 1, to: to + 1 } : { from, to };
}

/** The name of a measure, with its question mark on the line of the last word. */
export function Named({ measure }: { measure: Measure }) {
  const words = measure.name.split(" ");
  const last = words.pop();
  return (
    <>
      {words.join(" ")}{" "}
      <span className="digits">
        {last}
        {measure.help && <Help about={measure.name}>{measure.help}</Help>}
      </span>
    </>
  );
}
