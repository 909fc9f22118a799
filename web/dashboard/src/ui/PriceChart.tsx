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
}

export interface PriceLevel {
  price: number;
  title: string; // "stop", "entry"
  kind: "entry" | "stop" | "target";
}

const seconds = (ms: number) => Math.floor(ms / 1000) as UTCTimestamp;

/**
 * Candles with markers and levels. `candles` ascending by time; a change of only the last ones is drawn as an update,
 * and the part that is in view stays. `onVisibleRange` (ms): what is in view, half a second after it came to rest; read
 * a finer range then. `description` says in words what is shown.
 */
export function PriceChart({
  candles,
  markers = [],
  levels = [],
  height = 380,
  description,
  onVisibleRange,
}: {
  candles: readonly Candle[];
  markers?: readonly ChartMarker[];
  levels?: readonly PriceLevel[];
  height?: number;
  description: string;
  onVisibleRange?: (fromMs: number, toMs: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const series = useRef<ISeriesApi<"Candlestick"> | null>(null);
  const drawnMarkers = useRef<ISeriesMarkersPluginApi<Time> | null>(null);
  const drawnLevels = useRef<IPriceLine[]>([]);
  const drawn = useRef<{ first: number; last: number; length: number }>({ first: 0, last: 0, length: 0 });
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
    made.timeScale().subscribeVisibleTimeRangeChange((range) => {
      clearTimeout(rest);
      if (!range) return;
      rest = setTimeout(() => told.current?.(Number(range.from) * 1000, Number(range.to) * 1000), 500);
    });
    return () => {
      clearTimeout(rest);
      made.remove();
      chart.current = null;
      series.current = null;
      drawnMarkers.current = null;
      drawnLevels.current = [];
      drawn.current = { first: 0, last: 0, length: 0 };
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
    const rows: CandlestickData[] = candles.map((candle) => ({ ...candle, time: seconds(candle.time) }));
    const first = candles[0]?.time ?? 0;
    const last = candles.at(-1)?.time ?? 0;
    const goesOn = before.length > 0 && first === before.first && last >= before.last && rows.length >= before.length;
    if (goesOn && rows.length - before.length <= 5) {
      for (const row of rows.slice(before.length - 1)) series.current.update(row);
    } else {
      const inView = chart.current?.timeScale().getVisibleRange();
      series.current.setData(rows);
      const stays = inView && before.length > 0 && Number(inView.from) * 1000 >= first && Number(inView.to) * 1000 <= last;
      if (stays) chart.current?.timeScale().setVisibleRange(inView);
      else if (before.length === 0) chart.current?.timeScale().fitContent();
    }
    drawn.current = { first, last, length: rows.length };
  }, [candles]);

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
        .map((marker) => ({ ...looks[marker.kind], time: seconds(marker.time), text: marker.text }) as SeriesMarker<Time>),
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
