import { expect, test } from "vitest";
import { addressOf, fieldOf, filtersOf, mayBelong, noFilters, queryOf, timeOf } from "./filters";

const now = Date.parse("2026-01-02T03:04:05.000Z");
const of = (text: string) => filtersOf(new URLSearchParams(text));

test("without filters everything but the trading steps is asked for", () => {
  expect(of("")).toEqual(noFilters);
  expect(queryOf(noFilters, now)).toEqual({ without: "live.step" });
  expect(queryOf({ ...noFilters, steps: true }, now)).toEqual({});
});

test("each filter becomes what the server takes", () => {
  expect(queryOf(of("kind=risk.killed&author=+ada+&text=drill"), now)).toEqual({ kind: "risk.killed", author: "ada", text: "drill" });
  expect(queryOf(of("kind=live."), now)).toEqual({ kind: "live.", without: "live.step" });
  expect(queryOf(of("kind=live.step"), now)).toEqual({ kind: "live.step" });
  expect(queryOf(of("kind=live.&steps=1"), now)).toEqual({ kind: "live." });
  expect(queryOf(of("period=day&steps=1"), now)).toEqual({ since: "2026-01-01T03:04:05.000Z" });
  expect(queryOf(of("from=2026-01-01&to=2026-01-02T00:00:00Z&steps=1"), now)).toEqual({
    since: "2026-01-01T00:00:00.000Z",
    until: "2026-01-02T00:00:00.000Z",
  });
  expect(queryOf(of("from=2026-01-01&steps=1"), now)).toEqual({ since: "2026-01-01T00:00:00.000Z" });
});

test("what stands in an address comes back out of it", () => {
  for (const text of [
    "",
    "kind=gate.decision&author=ada&text=a%26b",
    "period=week&steps=1",
    "period=between&from=2026-01-01T00%3A00%3A00.000Z&to=2026-02-01T00%3A00%3A00.000Z",
    "period=between",
  ]) {
    expect(new URLSearchParams(addressOf(of(text))).toString()).toBe(text);
  }
});

test("an address that makes no sense asks for nothing that the server would refuse", () => {
  const odd = of("kind=DROP+TABLE&period=toString&from=yesterday&to=%00&steps=yes&text=a%0Ab%00&author=" + "x".repeat(300));
  expect(odd).toMatchObject({ kind: "", period: "", from: "", to: "", steps: false, text: "a b " });
  expect(odd.author).toHaveLength(200);
  expect(queryOf(of("author=+++&text=+"), now)).toEqual({ without: "live.step" });
});

test("news count only where they may belong to the list", () => {
  const event = { kind: "risk.killed", author: "ada" };
  expect(mayBelong(noFilters, event, now)).toBe(true);
  expect(mayBelong(of("kind=risk."), event, now)).toBe(true);
  expect(mayBelong(of("kind=risk.killed&author=ada"), event, now)).toBe(true);
  expect(mayBelong(of("kind=risk.rearmed"), event, now)).toBe(false);
  expect(mayBelong(of("kind=live."), event, now)).toBe(false);
  expect(mayBelong(of("author=otto"), event, now)).toBe(false);
  expect(mayBelong(of("to=2026-01-01T00:00:00Z"), event, now)).toBe(false);
  expect(mayBelong(of("to=2027-01-01T00:00:00Z"), event, now)).toBe(true);
});

test("fields of date and time are those of the clock that was chosen", () => {
  expect(fieldOf("2026-01-02T03:04:05.000Z", "utc")).toBe("2026-01-02T03:04");
  expect(timeOf("2026-01-02T03:04", "utc")).toBe("2026-01-02T03:04:00.000Z");
  expect(timeOf(fieldOf("2026-07-02T03:04:00.000Z", "local"), "local")).toBe("2026-07-02T03:04:00.000Z");
  expect(fieldOf("", "utc")).toBe("");
  expect(timeOf("", "utc")).toBe("");
  expect(timeOf("soon", "local")).toBe("");
});
