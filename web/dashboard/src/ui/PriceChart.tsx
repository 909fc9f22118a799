import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  LineStyle,
  type CandlestickData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useId, useRef } from "react";
import { useChartColors } from "./chartTheme";
import { useClock } from "./clock";
import * as format from "./format";

export interface Candle {
  time: number; // ms since 1970, open of the bar
  open: number;
  high: number;
  low: number;
  close: number;
}

export interface ChartMarker {
  time: number; // ms since 1970
  kind: "buy" | "sell" | "exit" | "stop";
  text?: string;
  /** under the candle: where something was bought to leave a short position */
  below?: boolean;
}

export interface PriceLevel {
  price: number;
  title: string; // "stop", "entry"
  kind: "entry" | "stop" | "target";
}

const REST_MS = 300;
const seconds = (ms: number) => Math.floor(ms / 1000) as UTCTimestamp;

/** Length of a candle: the smallest distance of the newest ones, among which there may be gaps. */
function stepOf(candles: readonly Candle[]): number {
  let step = Infinity;
  for (let at = Math.max(1, candles.length - 50); at < candles.length; at += 1) {
    step = Math.min(step, candles[at]!.time - candles[at - 1]!.time);
  }
  return Number.isFinite(step) ? step : 60_000;
}

/** The time (ms) at a place on the axis, 0 being the first candle; outside of them as if candles went on. */
export function timeAt(candles: readonly Candle[], place: number): number {
  const last = candles.length - 1;
  if (last < 0) return 0;
  const step = stepOf(candles);
  if (place <= 0) return candles[0]!.time + place * step;
  if (place >= last) return candles[last]!.time + (place - last) * step;
  const before = Math.floor(place);
  const from = candles[before]!.time;
  return from + (place - before) * (candles[before + 1]!.time - from);
}

/** The place on the axis of a time: the inverse of timeAt. */
export function placeOf(candles: readonly Candle[], time: number): number {
  const last = candles.length - 1;
  if (last < 0) return 0;
  const step = stepOf(candles);
  if (time <= candles[0]!.time) return (time - candles[0]!.time) / step;
  if (time >= candles[last]!.time) return last + (time - candles[last]!.time) / step;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (candles[middle]!.time <= time) low = middle;
    else high = middle;
  }
  const from = candles[low]!.time;
  return low + (time - from) / (candles[high]!.time - from);
}

/**
 * Candles with markers and levels. `candles` ascending by time; a change of only the last ones is drawn as an update,
 * and the part that is in view stays, also where the candles become finer or coarser. `onVisibleRange` (ms): what is in
 * view, which may lie outside the candles, a moment after it came to rest; read that range then. `view`: shows this
 * part when it changes. `description` says in words what is shown.
 */
export function PriceChart({
  candles,
  markers = [],
  levels = [],
  height = 380,
  description,
  onVisibleRange,
  view,
}: {
  candles: readonly Candle[];
  markers?: readonly ChartMarker[];
  levels?: readonly PriceLevel[];
  height?: number;
  description: string;
  onVisibleRange?: (fromMs: number, toMs: number) => void;
  view?: { from: number; to: number } | undefined;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const series = useRef<ISeriesApi<"Candlestick"> | null>(null);
  const drawnMarkers = useRef<ISeriesMarkersPluginApi<Time> | null>(null);
  const drawnLevels = useRef<IPriceLine[]>([]);
  const drawn = useRef<readonly Candle[]>([]);
  const viewed = useRef<typeof view>(undefined);
  const moved = useRef(() => {});
  const told = useRef(onVisibleRange);
  const colors = useChartColors();
  const { clock } = useClock();
  const words = useId();

  useEffect(() => {
    told.current = onVisibleRange;
  });

  useEffect(() => {
    const made = createChart(box.current!, {
      autoSize: true,
      layout: { attributionLogo: false, background: { color: "transparent" }, fontFamily: "inherit" },
      handleScroll: { vertTouchDrag: false }, // a finger scrolls the page up and down
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { scaleMargins: { top: 0.1, bottom: 0.1 } },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 3 },
    });
    chart.current = made;
    series.current = made.addSeries(CandlestickSeries, {
      priceFormat: { type: "custom", formatter: (value: number) => format.price(value), minMove: 0.00000001 },
    });
    drawnMarkers.current = createSeriesMarkers(series.current, []);
    let rest: ReturnType<typeof setTimeout> | undefined;
    moved.current = () => {
      clearTimeout(rest);
      rest = setTimeout(() => {
        const now = made.timeScale().getVisibleLogicalRange();
        if (now && drawn.current.length > 0) told.current?.(timeAt(drawn.current, now.from), timeAt(drawn.current, now.to));
      }, REST_MS);
    };
    made.timeScale().subscribeVisibleLogicalRangeChange(() => moved.current());
    return () => {
      clearTimeout(rest);
      made.remove();
      chart.current = null;
      series.current = null;
      drawnMarkers.current = null;
      drawnLevels.current = [];
      drawn.current = [];
      viewed.current = undefined;
    };
  }, []);

  useEffect(() => {
    chart.current?.applyOptions({
      layout: { textColor: colors.text },
      grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
      rightPriceScale: { borderColor: colors.border },
      timeScale: {
        borderColor: colors.border,
        tickMarkFormatter: (value: Time, kind: number) => {
          const ms = Number(value) * 1000;
          return kind <= 2 ? format.time(ms, clock, "date") : format.time(ms, clock, "time").slice(0, 5);
        },
      },
      localization: { timeFormatter: (value: Time) => format.time(Number(value) * 1000, clock, "minute") },
    });
    series.current?.applyOptions({
      upColor: "transparent",
      downColor: colors.down,
      borderUpColor: colors.up,
      borderDownColor: colors.down,
      wickUpColor: colors.up,
      wickDownColor: colors.down,
      priceLineColor: colors.text,
    });
  }, [colors, clock]);

  useEffect(() => {
    if (!series.current) return;
    const before = drawn.current;
    if (before === candles) return;
    const rows: CandlestickData[] = candles.map((candle) => ({ ...candle, time: seconds(candle.time) }));
    const goesOn =
      before.length > 0 &&
      candles[0]?.time === before[0]!.time &&
      candles.length >= before.length &&
      candles[before.length - 1]?.time === before.at(-1)!.time;
    const scale = chart.current!.timeScale();
    if (goesOn && rows.length - before.length <= 5) {
      for (const row of rows.slice(before.length - 1)) series.current.update(row);
    } else {
      const inView = scale.getVisibleLogicalRange();
      series.current.setData(rows);
      if (before.length === 0 || !inView || rows.length === 0) {
        scale.fitContent();
      } else {
        // The newest candle stays where it was at the right; else the times that were in view stay.
        const from = timeAt(before, inView.from);
        const behind = inView.to - (before.length - 1);
        const to = behind >= -0.5 ? rows.length - 1 + behind : placeOf(candles, timeAt(before, inView.to));
        const width = placeOf(candles, timeAt(before, inView.to)) - placeOf(candles, from);
        scale.setVisibleLogicalRange({ from: to - Math.max(2, width), to });
      }
    }
    drawn.current = candles;
    moved.current(); // the same places may be other times now
  }, [candles]);

  useEffect(() => {
    if (!view || candles.length === 0 || viewed.current === view) return;
    viewed.current = view;
    chart.current?.timeScale().setVisibleLogicalRange({ from: placeOf(candles, view.from), to: placeOf(candles, view.to) });
  }, [view, candles]);

  useEffect(() => {
    const looks: Record<ChartMarker["kind"], Omit<SeriesMarker<Time>, "time">> = {
      buy: { position: "belowBar", shape: "arrowUp", color: colors.up },
      sell: { position: "aboveBar", shape: "arrowDown", color: colors.down },
      exit: { position: "aboveBar", shape: "circle", color: colors.marker },
      stop: { position: "aboveBar", shape: "square", color: colors.down },
    };
    drawnMarkers.current?.setMarkers(
      [...markers]
        .sort((a, b) => a.time - b.time)
        .map((marker) => ({
          ...looks[marker.kind],
          ...(marker.below === undefined ? {} : { position: marker.below ? "belowBar" : "aboveBar" }),
          time: seconds(marker.time),
          text: marker.text,
        })) as SeriesMarker<Time>[],
    );
  }, [markers, colors, candles]);

  useEffect(() => {
    if (!series.current) return;
    for (const line of drawnLevels.current) series.current.removePriceLine(line);
    const looks = { entry: colors.text, stop: colors.down, target: colors.up };
    const styles = { entry: LineStyle.Solid, stop: LineStyle.Dashed, target: LineStyle.Dotted };
    drawnLevels.current = levels.map((level) =>
      series.current!.createPriceLine({
        price: level.price,
        title: level.title,
        color: looks[level.kind],
        lineStyle: styles[level.kind],
        lineWidth: 1,
        axisLabelVisible: true,
      }),
    );
  }, [levels, colors]);

  return (
    <figure className="chart" aria-describedby={words}>
      <div ref={box} className="chart-box" style={{ height }} role="img" aria-label={description} />
      <figcaption id={words} className="visually-hidden">
        {description}
      </figcaption>
    </figure>
  );
}
