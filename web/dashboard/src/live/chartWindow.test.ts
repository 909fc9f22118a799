import { expect, test } from "vitest";
import { placeOf, timeAt } from "../ui/PriceChart";
import { nextWindow, spansFor, type LoadedBars } from "./chartWindow";

const H = 3_600_000;
const all = { first: 0, last: 1_000_000 * H, interval_ms: H };
const loaded = (from: number, to: number, candle = H): LoadedBars => ({ ...all, from: from * H, to: to * H, candle_ms: candle });

test("inside of what was read nothing is asked for", () => {
  expect(nextWindow({ from: 999_700 * H, to: 999_800 * H }, loaded(999_500, 1_000_001))).toBeNull();
});

test("near the left edge older bars are asked for, as much again at either side", () => {
  const next = nextWindow({ from: 999_510 * H, to: 999_610 * H }, loaded(999_500, 1_000_001))!;
  expect(next.from! / H).toBeLessThanOrEqual(999_410);
  expect(next.to! / H).toBeGreaterThanOrEqual(999_710);
  expect(next.points).toBeLessThanOrEqual(5000);
});

test("at the newest bar the window stays open: it follows", () => {
  expect(nextWindow({ from: 999_500 * H, to: 1_000_001 * H }, loaded(999_500, 1_000_001))!.to).toBeUndefined();
});

test("nothing lies before the oldest bar", () => {
  expect(nextWindow({ from: -50 * H, to: 40 * H }, loaded(0, 500))).toBeNull();
  const next = nextWindow({ from: -50 * H, to: 4000 * H }, loaded(0, 500))!;
  expect(next.from).toBe(0);
});

test("zoomed in on coarse candles the finer ones are asked for", () => {
  const coarse = loaded(0, 1_000_001, 720 * H);
  expect(nextWindow({ from: 400_000 * H, to: 800_000 * H }, coarse)).toBeNull();
  const next = nextWindow({ from: 500_000 * H, to: 500_500 * H }, coarse)!;
  expect(next.to! - next.from!).toBeLessThan(2000 * H);
});

test("panning a little asks for the same again, so that the cache answers", () => {
  const at = (shift: number) => nextWindow({ from: (500_000 + shift) * H, to: (500_400 + shift) * H }, loaded(0, 1_000_001, 720 * H));
  expect(at(1)).toEqual(at(3));
});

test("spans hold enough bars", () => {
  expect(spansFor(H).map((span) => span.label)).toEqual(["1 d", "1 w", "1 mo", "6 mo", "1 y"]);
  expect(spansFor(60_000)[0]!.label).toBe("1 h");
});

test("places on the axis and times are inverse, over gaps and outside of the candles", () => {
  const candles = [0, 1, 2, 6, 7].map((hour) => ({ time: hour * H, open: 1, high: 1, low: 1, close: 1 }));
  for (const place of [-3, 0, 0.5, 2.25, 3, 4, 9.5]) expect(placeOf(candles, timeAt(candles, place))).toBeCloseTo(place, 9);
  expect(timeAt(candles, -2)).toBe(-2 * H);
  expect(timeAt(candles, 6)).toBe(9 * H);
});
