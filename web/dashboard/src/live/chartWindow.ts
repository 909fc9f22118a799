/** Which part of the bars the price chart asks the server for. */

export interface Span {
  from: number; // ms since 1970
  to: number;
}

/** What is asked for: `to` left out follows the newest bar, both left out are the newest bars. */
export interface BarsWindow {
  from?: number;
  to?: number;
  points: number;
}

export interface LoadedBars extends Span {
  candle_ms: number;
  interval_ms: number;
  first: number; // open of the oldest bar there is
  last: number; // and of the newest
}

const POINTS = 1500; // candles at most: three screens of 500
export const NEWEST: BarsWindow = { points: POINTS };
const COARSE = 150; // fewer candles than this in view: a finer part is read where there is one

/**
 * What to read now that `view` is on the screen; null where what was read is enough. Asks for as much again at
 * either side, so that panning on shows candles at once.
 */
export function nextWindow(view: Span, loaded: LoadedBars): BarsWindow | null {
  const width = Math.max(view.to - view.from, loaded.interval_ms * 10);
  const lacksOlder = view.from - width / 4 < loaded.from && loaded.from > loaded.first;
  const lacksNewer = view.to + width / 4 > loaded.to && loaded.to < loaded.last;
  const isCoarse = loaded.candle_ms > loaded.interval_ms && width / loaded.candle_ms < COARSE;
  if (!lacksOlder && !lacksNewer && !isCoarse) return null;
  const grid = loaded.interval_ms * 2 ** Math.max(0, Math.floor(Math.log2(width / 8 / loaded.interval_ms)));
  const from = Math.floor((view.from - width) / grid) * grid;
  const to = Math.ceil((view.to + width) / grid) * grid;
  const asked: BarsWindow = { points: POINTS, from: Math.max(from, loaded.first) };
  if (to < loaded.last) asked.to = to;
  return asked;
}

export const same = (a: BarsWindow, b: BarsWindow): boolean => a.from === b.from && a.to === b.to && a.points === b.points;

/** Spans to choose from: those that hold at least 20 bars. */
export function spansFor(intervalMs: number): { label: string; words: string; ms: number }[] {
  const hour = 3_600_000;
  const day = 24 * hour;
  return [
    { label: "1 h", words: "1 hour", ms: hour },
    { label: "6 h", words: "6 hours", ms: 6 * hour },
    { label: "1 d", words: "1 day", ms: day },
    { label: "1 w", words: "1 week", ms: 7 * day },
    { label: "1 mo", words: "1 month", ms: 30 * day },
    { label: "6 mo", words: "6 months", ms: 182 * day },
    { label: "1 y", words: "1 year", ms: 365 * day },
  ].filter((span) => span.ms >= intervalMs * 20 && span.ms <= intervalMs * 500_000);
}
