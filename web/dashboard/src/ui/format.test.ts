import { expect, test } from "vitest";
import * as format from "./format";

const plain = (text: string) => text.replaceAll("\u00a0", " ").replaceAll("\u2212", "-");

test("numbers carry their unit and sign", () => {
  expect(plain(format.money(12345.678))).toBe("12,345.68 USDT");
  expect(plain(format.money(-5, { sign: true, unit: "EUR" }))).toBe("-5.00 EUR");
  expect(plain(format.money(5, { sign: true }))).toBe("+5.00 USDT");
  expect(plain(format.money(0, { sign: true }))).toBe("0.00 USDT");
  expect(plain(format.percent(0.0512))).toBe("5.12 %");
  expect(plain(format.percent(-0.5, { digits: 0, sign: true }))).toBe("-50 %");
  expect(plain(format.bps(6))).toBe("6.0 bps");
  expect(format.count(1234567)).toBe("1,234,567");
});

test("what the server says in a clause becomes a sentence, its amounts easy to read", () => {
  expect(format.sentence("account and record differ")).toBe("Account and record differ.");
  expect(format.sentence("the equity fell 25.1 % below its peak of 10874.26, and 25 % is allowed")).toBe(
    "The equity fell 25.1 % below its peak of 10,874.26, and 25 % is allowed.",
  );
  expect(format.sentence("session 20261122-122904 ended at 2025.01.01!")).toBe("Session 20261122-122904 ended at 2025.01.01!");
  expect(format.sentence("")).toBe("");
});

test("a price has the digits that count", () => {
  expect(format.price(43210.5)).toBe("43,210.50");
  expect(format.price(1.23456)).toBe("1.2346");
  expect(format.price(0.000012345)).toBe("0.00001235");
  expect(format.price(0)).toBe("0.00");
});

test("what is missing or no number is a dash", () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    for (const write of [format.number, format.money, format.percent, format.bps, format.count, format.price, format.duration, format.bytes]) {
      expect(write(value)).toBe(format.MISSING);
    }
  }
  expect(format.time(null, "utc")).toBe(format.MISSING);
  expect(format.time("yesterday", "utc")).toBe(format.MISSING);
});

test("durations round up into the next unit, never to sixty", () => {
  expect(plain(format.duration(850))).toBe("850 ms");
  expect(plain(format.duration(12_400))).toBe("12.4 s");
  expect(plain(format.duration(59_960))).toBe("1 min 00 s");
  expect(plain(format.duration(185_000))).toBe("3 min 05 s");
  expect(plain(format.duration(3_599_600))).toBe("1 h 00 min");
  expect(plain(format.duration(7_620_000))).toBe("2 h 07 min");
  expect(plain(format.duration(99 * 3_600_000))).toBe("4 d 3 h");
  expect(plain(format.duration(-1500))).toBe("-1.5 s");
});

test("sizes of files", () => {
  expect(plain(format.bytes(999))).toBe("999 B");
  expect(plain(format.bytes(1500))).toBe("1.5 kB");
  expect(plain(format.bytes(999_900))).toBe("1 MB");
  expect(plain(format.bytes(43_000_000))).toBe("43 MB");
});

test("times say their zone", () => {
  const at = "2026-01-02T03:04:05.678Z";
  expect(format.time(at, "utc")).toBe("2026-01-02 03:04:05 UTC");
  expect(format.time(at, "utc", "minute")).toBe("2026-01-02 03:04 UTC");
  expect(format.time(at, "utc", "date")).toBe("2026-01-02");
  expect(format.time(at, "utc", "time")).toBe("03:04:05 UTC");
  const offset = -new Date(at).getTimezoneOffset();
  const local = format.time(at, "local");
  expect(local).toMatch(/^2026-01-0[123] \d\d:04:05|^2026-01-0[123] \d\d:[0-5]\d:05/);
  expect(plain(local).slice(20)).toMatch(/^[+-]\d\d:\d\d$/);
  const shown = plain(local).slice(20);
  const minutes = (shown.startsWith("-") ? -1 : 1) * (Number(shown.slice(1, 3)) * 60 + Number(shown.slice(4)));
  expect(minutes - offset).toBe(0);
});

test("words of the API as phrases", () => {
  expect(format.words("mean_revert")).toBe("Mean revert");
  expect(format.words("parameters.version")).toBe("Parameters version");
});
