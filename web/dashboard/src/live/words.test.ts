import { expect, test } from "vitest";
import { dear, decision, entered, holding, idle, left, refused } from "./samples";
import { barLength, because, unitsOf, verdictOf, whyNoTrade } from "./words";

test("a decision comes to a few words", () => {
  expect(verdictOf(entered())).toMatchObject({ title: "Enter long", acts: true });
  expect(verdictOf(decision({ summary: "enter short: news, risking" }))).toMatchObject({ title: "Enter short" });
  expect(verdictOf(left())).toMatchObject({ title: "Exit short", acts: true });
  expect(verdictOf(refused())).toMatchObject({ title: "Refused: exposure too large", tone: "bad", acts: true });
  expect(verdictOf(holding())).toMatchObject({ title: "Holding", acts: false });
  expect(verdictOf(idle())).toMatchObject({ title: "No trade", acts: false });
  expect(verdictOf(dear())).toMatchObject({ title: "Too dear", tone: "warn", acts: true });
  expect(verdictOf(decision({ action: "target", order_id: null }))).toMatchObject({ title: "Target kept", acts: false });
});

test("a denial that this page does not know is told by its code", () => {
  expect(verdictOf(decision({ denial: "moon_phase" as never })).title).toBe("Refused: moon phase");
});

test("the sentence does not repeat the verdict", () => {
  expect(because("nothing: no rule qualifies")).toBe("No rule qualifies");
  expect(because("enter short: news, risking 1 %")).toBe("News, risking 1 %");
});

test("only an account that costs alone hold back is told so", () => {
  expect(whyNoTrade([])).toBeNull();
  expect(whyNoTrade([dear(), refused()])).toBeNull();
  expect(whyNoTrade([dear(), dear()])).toContain("24 bps, more than the 8 bps of costCapBps");
});

test("units and lengths of bars", () => {
  expect(unitsOf("BTC/USDT")).toEqual({ base: "BTC", quote: "USDT" });
  expect([60_000, 900_000, 3_600_000, 86_400_000].map(barLength)).toEqual(["1\u00a0min", "15\u00a0min", "1\u00a0h", "1\u00a0d"]);
});
