import { Button, Group } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useChartColors } from "./chartTheme";
import { useClock } from "./clock";
import * as format from "./format";
import { Icon } from "./icons";

export interface SeriesLine {
  label: string;
  values: readonly (number | null)[]; // as many as x
  dashed?: boolean;
  /** the area down to zero is filled: drawdowns */
  filled?: boolean;
  color?: string;
}

const TABLE_ROWS = 60;
// Pixels of the axis of values: of a character, of tick and gap, at most.
const DIGIT = 7.5;
const AXIS_GAP = 20;
const MOST_AXIS = 130;

/** Labels of a time axis that read the same everywhere: "5 Mar", and the year below the first of it. */
const DATES: uPlot.Axis.Values = [
  // distance of ticks (s), label, and below it where year, month, day, hour, minute or second is another
  [31_536_000, "{YYYY}", null, null, null, null, null, null, 1],
  [2_419_200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
];

/**
 * Long series over time (x in ms since 1970) or over a count (`xKind="number"`). `write` gives a value with its unit.
 * `description` says in words what is shown; the numbers are behind "Show as table".
 */
export function LongSeries({
  x,
  lines,
  write = (value) => format.number(value),
  xKind = "time",
  xLabel = xKind === "time" ? "Time" : "Step",
  height = 220,
  description,
  logScale = false,
  onRange,
  syncKey,
  yWidth,
}: {
  x: readonly number[];
  lines: readonly SeriesLine[];
  write?: (value: number | null) => string;
  xKind?: "time" | "number";
  xLabel?: string;
  height?: number;
  description: string;
  logScale?: boolean;
  /** what is in view after zooming by dragging, in the unit of x; double click: all */
  onRange?: (from: number, to: number) => void;
  /** charts of one key share cursor and zoom */
  syncKey?: string;
  /** of the values at the left, in pixels: charts below each other that share it line up */
  yWidth?: number;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [asTable, setAsTable] = useState(false);
  const colors = useChartColors();
  const { clock } = useClock();
  const latest = useRef({ write, onRange });
  useEffect(() => {
    latest.current = { write, onRange };
  });

  const data = useMemo<uPlot.AlignedData>(
    () => [
      xKind === "time" ? x.map((value) => value / 1000) : [...x],
      ...lines.map((line) => line.values as (number | null)[]),
    ],
    [x, lines, xKind],
  );
  const shape = lines.map((line) => `${line.label}|${line.dashed}|${line.filled}|${line.color}`).join("\n");

  useEffect(() => {
    if (asTable || !box.current) return;
    const host = box.current;
    const writeX = (value: number) =>
      xKind === "time" ? format.time(value * 1000, clock, "minute") : format.number(value, { digits: 0 });
    const made = new uPlot(
      {
        width: Math.max(host.clientWidth, 100),
        height,
        tzDate: (seconds) => (clock === "utc" ? uPlot.tzDate(new Date(seconds * 1000), "UTC") : new Date(seconds * 1000)),
        cursor: { drag: { x: true, y: false }, ...(syncKey ? { sync: { key: syncKey, setSeries: false, scales: ["x", null] } } : {}) },
        scales: { x: { time: xKind === "time" }, y: logScale ? { distr: 3 } : {} },
        axes: [
          {
            stroke: colors.text,
            grid: { stroke: colors.grid, width: 1 },
            ticks: { stroke: colors.border, width: 1 },
            // Counts are long: "300,000" beside "400,000".
            ...(xKind === "time" ? { values: DATES } : { space: 72 }),
          },
          {
            stroke: colors.text,
            grid: { stroke: colors.grid, width: 1 },
            ticks: { stroke: colors.border, width: 1 },
            values: (_, values) => values.map((value) => (value === null ? "" : latest.current.write(value))),
            size: (_, values) => {
              if (yWidth !== undefined) return yWidth;
              const longest = (values ?? []).reduce((most, value) => Math.max(most, value.length), 4);
              return Math.min(MOST_AXIS, longest * DIGIT + AXIS_GAP);
            },
          },
        ],
        series: [
          { label: xLabel, value: (_, value) => (value === null ? format.MISSING : writeX(value)) },
          ...lines.map((line, at) => {
            const color = line.color ?? colors.series[at % colors.series.length]!;
            return {
              label: line.label,
              stroke: color,
              width: 1.5,
              dash: line.dashed ? [6, 4] : undefined,
              fill: line.filled ? `${color}33` : undefined,
              points: { show: x.length < 40 },
              value: (_: uPlot, value: number | null) => latest.current.write(value),
            } satisfies uPlot.Series;
          }),
        ],
        hooks: {
          setScale: [
            (self, key) => {
              const { min, max } = self.scales.x!;
              if (key !== "x" || min === undefined || max === undefined || min === null || max === null) return;
              const unit = xKind === "time" ? 1000 : 1;
              latest.current.onRange?.(min * unit, max * unit);
            },
          ],
        },
      },
      data,
      host,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (host.clientWidth > 0) made.setSize({ width: host.clientWidth, height });
    });
    observer.observe(host);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // The data of a plot that stands is replaced below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, colors, clock, height, asTable, xKind, xLabel, logScale, syncKey, yWidth]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  const step = Math.max(1, Math.ceil(x.length / TABLE_ROWS));
  const shown = x.map((_, at) => at).filter((at) => at % step === 0 || at === x.length - 1);

  return (
    <figure className="chart">
      {asTable ? (
        <div className="table-scroll" role="region" aria-label={description} tabIndex={0} style={{ maxHeight: height + 60 }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {lines.map((line) => (
                  <th scope="col" data-align="right" key={line.label}>
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((at) => (
                <tr key={at}>
                  <th scope="row">{xKind === "time" ? format.time(x[at], clock, "minute") : format.number(x[at], { digits: 0 })}</th>
                  {lines.map((line) => (
                    <td data-align="right" className="digits" key={line.label}>
                      {write(line.values[at] ?? null)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div ref={box} className="chart-box" style={{ minHeight: height }} role="img" aria-label={description} />
      )}
      <Group justify="flex-end" mt={4}>
        <Button
          variant="subtle"
          size="compact-xs"
          onClick={() => setAsTable(!asTable)}
          leftSection={<Icon name={asTable ? "chart" : "table"} size={14} />}
          aria-label={`${asTable ? "Show as chart" : "Show as table"}: ${description}`}
        >
          {asTable ? "Show as chart" : "Show as table"}
        </Button>
      </Group>
    </figure>
  );
}
