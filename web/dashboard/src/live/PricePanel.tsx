import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { useLiveTopic, type Schema } from "../api";
import { Empty, format, Panel, Price, Read } from "../ui";
import { PriceChart, type Candle, type ChartMarker, type PriceLevel } from "../ui/PriceChart";
import { spansFor, type Span } from "./chartWindow";
import { useBars, type Bars } from "./useBars";
import { barLength, fillReason, unitsOf } from "./words";

const MOST_TEXTS = 8; // markers with words; more of them would cover each other

/** Marks of the fills; in words where there is room for them. */
export function markersOf(bars: Pick<Bars, "markers" | "symbol">, from = -Infinity, to = Infinity): ChartMarker[] {
  const within = bars.markers.filter((marker) => Date.parse(marker.candle) >= from && Date.parse(marker.candle) <= to);
  const speaks = within.length <= MOST_TEXTS;
  return bars.markers.map((marker) => {
    const entered = marker.kind === "entry";
    const kind: ChartMarker["kind"] = entered
      ? marker.side
      : marker.kind === "stop" || marker.kind === "liquidation"
        ? "stop"
        : "exit";
    const words = entered ? (marker.side === "buy" ? "Long" : "Short") : fillReason(marker.reason);
    const at = { time: Date.parse(marker.candle), kind, below: marker.side === "buy" };
    return speaks ? { ...at, text: words } : at;
  });
}

export function levelsOf(position: Schema<"Position"> | undefined): PriceLevel[] {
  if (!position) return [];
  const levels: PriceLevel[] = [{ price: position.entry_price, title: position.units < 0 ? "short" : "long", kind: "entry" }];
  if (position.stop !== null) levels.push({ price: position.stop, title: "stop loss", kind: "stop" });
  if (position.take_profit !== null) levels.push({ price: position.take_profit, title: "take profit", kind: "target" });
  return levels;
}

/** The price of a symbol with what was traded on it. */
export function PricePanel({
  symbol,
  symbols,
  onSymbol,
  positions,
  isNarrow,
}: {
  symbol: string;
  symbols: readonly string[];
  onSymbol: (symbol: string) => void;
  positions: readonly Schema<"Position">[];
  isNarrow: boolean;
}) {
  const shown = isNarrow ? 90 : 240; // candles at the beginning
  const { query, look, show, follows } = useBars(symbol);
  const [view, setView] = useState<Span>();
  const [seen, setSeen] = useState<Span>();
  const [span, setSpan] = useState("");
  const [pushed, setPushed] = useState<number>();
  useEffect(() => {
    setView(undefined);
    setSeen(undefined);
    setSpan("");
    setPushed(undefined);
  }, [symbol]);
  useLiveTopic("decisions", ({ data }) => {
    if (data["symbol"] === symbol && typeof data["close"] === "number") setPushed(data["close"]);
  });

  const bars = query.data;
  const candles = useMemo<Candle[]>(
    () => (bars?.candles ?? []).map(({ time, open, high, low, close }) => ({ time: Date.parse(time), open, high, low, close })),
    [bars?.candles],
  );
  const markers = useMemo(() => (bars ? markersOf(bars, seen?.from, seen?.to) : []), [bars, seen]);
  const position = positions.find((held) => held.symbol === symbol);
  const levels = useMemo(() => levelsOf(position), [position]);
  const last = candles.at(-1);
  const first = candles[0];
  const price = pushed ?? (follows ? last?.close : undefined);
  const candleMs = bars?.candle_ms ?? 0;
  useEffect(() => {
    if (view || candles.length === 0) return;
    const begin = candles[Math.max(0, candles.length - shown)]!;
    setView({ from: begin.time, to: candles.at(-1)!.time + 4 * candleMs });
  }, [view, candles, shown, candleMs]);
  const spans = useMemo(() => spansFor(bars?.interval_ms ?? 3_600_000), [bars?.interval_ms]);

  const onVisible = (from: number, to: number) => {
    setSeen({ from, to });
    look({ from, to });
    // Zoomed or moved by hand: no longer the span that was picked.
    const wanted = view && view.to - view.from;
    if (wanted && Math.abs((to - from) / wanted - 1) > 0.1) setSpan("");
  };
  const go = (label: string) => {
    setSpan(label);
    const wanted = show(spans.find((one) => one.label === label)?.ms ?? null);
    if (wanted) setView(wanted);
  };
  const newest = () => go(span === "All" || span === "" ? (spans[Math.floor(spans.length / 2)]?.label ?? "All") : span);
  const isAway = last !== undefined && seen !== undefined && (!follows || seen.to < last.time - candleMs);

  return (
    <Panel
      title={
        <Group gap="sm" align="baseline" component="span">
          {symbols.length > 1 ? "Price" : symbol}
          {price !== undefined && (
            <span className="price-now">
              <Price value={price} /> <span className="dimmed">{unitsOf(symbol).quote}</span>
            </span>
          )}
        </Group>
      }
      id="price"
      aside={
        symbols.length > 1 && (
          <SegmentedControl size="xs" aria-label="Symbol" value={symbol} onChange={onSymbol} data={symbols.map((name) => ({ value: name, label: name }))} />
        )
      }
    >
      <Read query={query} what="Reading the bars" lines={10} isEmpty={(data) => data.candles.length === 0} empty={<Empty title="No bar yet">The chart begins with the first bar that closes.</Empty>}>
        {(data) => (
          <>
            <div className="chart-bar">
              <Group gap={4} role="group" aria-label="Part that is shown">
                {[...spans, { label: "All", words: "everything", ms: null }].map((one) => (
                  <Button
                    key={one.label}
                    size="compact-xs"
                    variant={span === one.label ? "filled" : "default"}
                    aria-pressed={span === one.label}
                    aria-label={`${one.label}: show ${one.words}`}
                    onClick={() => go(one.label)}
                  >
                    {one.label}
                  </Button>
                ))}
              </Group>
              <Text size="xs" c="dimmed" component="span">
                {data.candle_ms === data.interval_ms
                  ? `A candle is a bar of ${barLength(data.interval_ms)}`
                  : `A candle is ${barLength(data.candle_ms)}: ${format.count(data.candle_ms / data.interval_ms)} bars of ${barLength(data.interval_ms)}`}
              </Text>
              {isAway && (
                <Button size="compact-xs" variant="light" onClick={newest}>
                  Back to the newest
                </Button>
              )}
            </div>
            <PriceChart
              key={symbol}
              candles={candles}
              markers={markers}
              levels={levels}
              height={isNarrow ? 300 : 420}
              onVisibleRange={onVisible}
              view={view}
              description={`${symbol}: ${candles.length} candles${last ? `, the newest closed at ${format.price(last.close)}` : ""}${
                first && last ? `, ${format.percent(last.close / first.open - 1, { sign: true })} over them` : ""
              }; ${data.markers.length} fills are marked.${position ? ` ${position.units < 0 ? "Short" : "Long"} since ${format.price(position.entry_price)}.` : ""}`}
            />
            {data.markers.length > 0 && <div className="chart-legend">
              <Key mark="▲" tone="gain">Bought to enter</Key>
              <Key mark="▼" tone="loss">Sold to enter</Key>
              <Key mark="●" tone="marker">Left, take profit</Key>
              <Key mark="■" tone="loss">Stop loss</Key>
              {data.markers_left_out > 0 && <span>{format.count(data.markers_left_out)} older fills are not marked: zoom in</span>}
            </div>}
          </>
        )}
      </Read>
    </Panel>
  );
}

function Key({ mark, tone, children }: { mark: string; tone: string; children: string }) {
  return (
    <span>
      <span aria-hidden="true" className="key-mark" data-tone={tone}>
        {mark}
      </span>{" "}
      {children}
    </span>
  );
}
