import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { onceFetched } from "./places";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a page opened while the server is away comes when it is back", async () => {
  let isAway = true;
  const load = vi.fn(() => (isAway ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve("page")));
  const answers = vi.fn(() => (isAway ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve()));
  const fetched = onceFetched(load, answers);
  await vi.advanceTimersByTimeAsync(3500);
  expect(load).toHaveBeenCalledTimes(4);
  isAway = false;
  await vi.advanceTimersByTimeAsync(1000);
  await expect(fetched).resolves.toBe("page");
});

test("what a server that answers does not have is a fault", async () => {
  const load = vi.fn(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module")));
  const fetched = expect(onceFetched(load, () => Promise.resolve())).rejects.toThrow("dynamically imported");
  await vi.advanceTimersByTimeAsync(1000);
  await fetched;
  expect(load).toHaveBeenCalledTimes(2);
});
