import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { axeFaults, renderPage } from "../testing/render";
import { Explanation } from "./Explanation";
import { dear, decision, entered, holding, idle, left, refused } from "./samples";

const text = () => document.body.textContent!.replace(/\u00a0/g, " ");

test("an entry shows its plan, its confidence, and each condition with value, bound and whether it holds", async () => {
  renderPage(<Explanation decision={entered()} />);
  expect(text()).toContain("Breakout, risking 1 % of equity");
  expect(text()).toContain("At risk1.00 % of the equity");
  expect(text()).toContain("5.00 % away, near 169.69");
  expect(text()).toContain("10.00 % away, near 196.48");
  expect(text()).toContain("6.0 bps within 8.0 bps");
  expect(screen.getByRole("meter", { name: "Confidence" })).toHaveAttribute("aria-valuenow", "58");
  expect(text()).toContain("Holds: Volatility percentile 74.60 is ≥ 70.00 (volPctBreakout)");
  expect(text()).toContain("Holds: Close 178.62 is > 174.05 (upper channel)");
  expect(text()).toContain("Does not hold: Volatility percentile 74.60 is not ≤ 30.00 (volPctMeanRevert)");
  expect(text()).toContain("Nothing new was published on this bar");
  expect(await axeFaults()).toEqual([]);
});

test("a short's stop lies above the price and its target below", () => {
  renderPage(<Explanation decision={decision({ summary: "enter short: breakout" }, { side: "short" })} />);
  expect(text()).toContain("5.00 % away, near 187.55");
  expect(text()).toContain("10.00 % away, near 160.76");
});

test("each rule says whether it qualifies, and of the others how much was met", () => {
  renderPage(<Explanation decision={entered()} />);
  expect(screen.getByText("Qualifies")).toBeVisible();
  expect(screen.getAllByText("1 of 2 met")).toHaveLength(2);
});

test("a decision to hold says what is held and shows no plan", () => {
  renderPage(<Explanation decision={holding()} />);
  expect(text()).toContain("The long position of breakout is held until its own exits.");
  expect(text()).toContain("HeldLong BTC, entered by breakout");
  expect(text()).not.toContain("At risk");
  expect(screen.queryByRole("meter")).not.toBeInTheDocument();
});

test("where no rule qualifies no confidence is shown", () => {
  renderPage(<Explanation decision={idle()} />);
  expect(text()).toContain("No rule qualifies.");
  expect(screen.queryByRole("meter")).not.toBeInTheDocument();
  expect(screen.queryByText("Qualifies")).not.toBeInTheDocument();
});

test("a refused order names the denial in words and by its code", () => {
  renderPage(<Explanation decision={refused()} />);
  const alert = screen.getByRole("alert");
  expect(within(alert).getByText("Refused by the risk engine: Exposure too large")).toBeVisible();
  expect(within(alert).getByText("exposure")).toBeVisible();
});

test("the cost cap says what costs and what would change it", () => {
  renderPage(<Explanation decision={dear()} />);
  expect(text()).toContain("The costs are too high for this trade");
  expect(text()).toContain("24.0 bps above 8.0 bps");
  expect(text()).not.toContain("Stop loss");
});

test("an exit says what came back", () => {
  renderPage(<Explanation decision={left()} />);
  expect(text()).toContain("The close 178.62 has come back to the mean 179.1.");
  expect(text()).toContain("HeldShort BTC, entered by mean reversion");
});

test("votes of another strategy are a table; what nobody knew of is shown all the same", async () => {
  const voted = decision({ summary: "target 0.5" }, {});
  voted.explanation = {
    confidence: 0.8,
    votes: [
      { member: "ppo-1", action: "long", weight: 0.6 },
      { member: "dqn-2", action: "flat", weight: 0.4 },
    ],
    temperature: 0.5,
    odd: [1, "two"],
  } as never;
  renderPage(<Explanation decision={voted} />);
  const table = screen.getByRole("table");
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  expect(within(table).getByText("dqn-2")).toBeVisible();
  expect(text()).toContain("Temperature0.50");
  expect(text()).toContain('Odd[1,"two"]');
  expect(await axeFaults()).toEqual([]);
});

test("a strategy without reasons says so", () => {
  renderPage(<Explanation decision={decision({ explanation: {} as never })} />);
  expect(text()).toContain("The strategy gave no reasons for this decision.");
});
