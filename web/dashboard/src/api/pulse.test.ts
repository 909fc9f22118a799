import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pulse } from "./pulse";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

test("without an answer for two seconds what is shown is old, within three", () => {
  const pulse = new Pulse();
  const stop = pulse.start();
  pulse.heard();
  expect(pulse.snapshot()).toEqual({ state: "live", heardAt: 1_000_000 });
  vi.advanceTimersByTime(1900);
  expect(pulse.snapshot().state).toBe("live");
  vi.advanceTimersByTime(600);
  expect(pulse.snapshot()).toEqual({ state: "stale", heardAt: 1_000_000 });
  pulse.heard();
  expect(pulse.snapshot()).toEqual({ state: "live", heardAt: 1_002_500 });
  stop();
});

test("a server that is known to be away is told at once", () => {
  const pulse = new Pulse();
  pulse.heard();
  let told = 0;
  pulse.subscribe(() => (told += 1));
  pulse.lost();
  pulse.lost();
  expect(pulse.snapshot().state).toBe("stale");
  expect(told).toBe(1);
});

test("one that never answered is told as well", () => {
  const pulse = new Pulse();
  const stop = pulse.start();
  vi.advanceTimersByTime(2500);
  expect(pulse.snapshot()).toEqual({ state: "stale", heardAt: null });
  stop();
});

test("a tab whose timers stood still does not blame the server", () => {
  const pulse = new Pulse();
  const stop = pulse.start();
  pulse.heard();
  vi.setSystemTime(1_060_000);
  vi.advanceTimersByTime(1500);
  expect(pulse.snapshot()).toEqual({ state: "live", heardAt: 1_000_000 });
  vi.advanceTimersByTime(1000);
  expect(pulse.snapshot()).toEqual({ state: "stale", heardAt: 1_000_000 });
  stop();
});
