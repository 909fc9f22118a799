import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useRefreshOn, type ApiProblem } from "../api";
import { chartApi, type LiveBars } from "./chartApi";
import { NEWEST, nextWindow, same, type BarsWindow, type Span } from "./chartWindow";

export type Bars = LiveBars;

const ms = (time: string) => Date.parse(time);
const iso = (time: number | undefined) => (time === undefined ? {} : new Date(time).toISOString());

/** The bars of a symbol around what the chart shows: `look` tells what that is, and more is read where it is needed. */
export function useBars(symbol: string): {
  query: UseQueryResult<Bars, ApiProblem>;
  look: (view: Span) => void;
  /** reads the newest ones of a span; what the chart is to show then */
  show: (span: number | null) => Span | null;
  follows: boolean;
} {
  const [asked, setAsked] = useState<{ symbol: string; window: BarsWindow }>({ symbol, window: NEWEST });
  const window = asked.symbol === symbol ? asked.window : NEWEST;
  const query = useQuery<Bars, ApiProblem>({
    queryKey: ["/api/live/bars", { query: { symbol, ...window } }],
    queryFn: ({ signal }) =>
      chartApi.bars(
        {
          query: {
            symbol,
            points: window.points,
            ...(window.from === undefined ? {} : { from: iso(window.from) as string }),
            ...(window.to === undefined ? {} : { to: iso(window.to) as string }),
          },
        },
        { signal },
      ),
    // What was read stays on the screen until the wider or finer part is there; not that of another symbol.
    placeholderData: (before, of) => {
      const place = of?.queryKey[1] as { query: { symbol: string } } | undefined;
      return place?.query.symbol === symbol ? before : undefined;
    },
    gcTime: 20_000,
    staleTime: 1000,
    enabled: symbol !== "",
  });
  const follows = window.to === undefined;
  useRefreshOn("live", ["/api/live/bars" as never], { everyMs: 1500, when: () => follows });

  const { data, isPlaceholderData } = query;
  const look = useCallback(
    (view: Span) => {
      if (!data || isPlaceholderData || data.candles.length === 0 || data.first === null || data.last === null) return;
      const next = nextWindow(view, {
        from: ms(data.candles[0]!.time),
        to: ms(data.candles.at(-1)!.time) + data.candle_ms,
        candle_ms: data.candle_ms,
        interval_ms: data.interval_ms,
        first: ms(data.first),
        last: ms(data.last),
      });
      if (next) setAsked((old) => (old.symbol === symbol && same(old.window, next) ? old : { symbol, window: next }));
    },
    [data, isPlaceholderData, symbol],
  );
  const show = useCallback(
    (span: number | null): Span | null => {
      if (!data || data.first === null || data.last === null) return null;
      const to = ms(data.last) + data.interval_ms;
      const from = span === null ? ms(data.first) : Math.max(ms(data.first), to - span);
      const next = nextWindow({ from, to }, { from: Infinity, to: Infinity, candle_ms: data.interval_ms, interval_ms: data.interval_ms, first: ms(data.first), last: ms(data.last) });
      if (next) setAsked({ symbol, window: next });
      return { from, to };
    },
    [data, symbol],
  );
  return useMemo(() => ({ query, look, show, follows }), [query, look, show, follows]);
}

