import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { beforeEach, expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage, type Answers } from "../testing/render";
import { liveState, riskLimits } from "../testing/samples";
import { bodyOf, changesOf, effectOf, faultOf, limitShown, limitTexts, shownOf, valueOf, type LimitName } from "./limits";
import { LimitsSection } from "./LimitsSection";

const answers = (changed: Record<string, number> = {}): Answers => ({
  "GET /api/live/state": liveState(),
  "GET /api/live/positions": { items: [], next_cursor: null },
  "GET /api/live/limits": riskLimits(changed),
});
const show = () =>
  renderPage(
    <Routes>
      <Route path="*" element={<LimitsSection />} />
    </Routes>,
    { at: "/settings/limits" },
  );
const textOf = (name: LimitName) => limitTexts.find((text) => text.name === name)!;
const input = (title: string) => screen.getByRole("textbox", { name: new RegExp(`New value of ${title}`) });
const retype = async (user: ReturnType<typeof userEvent.setup>, title: string, value: string) => {
  await user.clear(input(title));
  if (value) await user.type(input(title), value);
};

beforeEach(() => logInAs("admin"));

test("limits are shown in the units of a person, and come back exactly", async () => {
  logInAs("viewer");
  fakeServer(answers({ exposure_share: 1.5, orders_per_minute: 0 }));
  show();
  expect(await screen.findByText("Loss of a day")).toBeVisible();
  expect(screen.getByText(/^5.%$/)).toBeVisible();
  expect(screen.getByText("no limit")).toBeVisible();
  expect(screen.getByText(/configured 300/)).toBeVisible();
  expect(screen.getByText(/Changed last by ben/)).toHaveTextContent("a quiet week (event 7). 2 no longer follow the configuration.");
  expect(screen.queryByRole("button", { name: "Change limits" })).toBeNull();
  expect(screen.getByText(/Only administrators change them/)).toBeVisible();
  expect(await axeFaults()).toEqual([]);
  for (const limit of limitTexts) {
    for (const value of [0, 0.05, 0.07, 0.29, 1.5, 3, 60]) expect(valueOf(limit, shownOf(limit, value))).toBe(value);
  }
});

test("an administrator sees old beside new and what it means, and gives a reason", async () => {
  const user = userEvent.setup();
  const after = riskLimits({ exposure_share: 1.5, drawdown_share: 0.3 }, 9);
  const { calls, answers: now } = fakeServer({ ...answers({ drawdown_share: 0.3 }), "PUT /api/live/limits": { ...after, obeyed: false } });
  show();
  await user.click(await screen.findByRole("button", { name: "Change limits" }));
  expect(screen.getByRole("button", { name: "Review" })).toBeDisabled();
  await retype(user, "Largest exposure", "150");
  await user.click(screen.getByRole("button", { name: "Let Drawdown follow the configuration again" }));
  expect(screen.getByText(/Largest exposure 300.% → 150.%, Drawdown 30.% → 25.%/)).toBeVisible();
  expect(await axeFaults()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Review 2 changes" }));
  const dialog = await screen.findByRole("dialog", { name: "Change limits of the risk engine" });
  const listed = within(dialog).getAllByRole("listitem").map((item) => item.textContent);
  expect(listed[0]).toMatch(/Largest exposure300.% → 150.%▼ narrowerLess may be held in all\./);
  expect(listed[1]).toMatch(/Drawdown30.% → 25.%▼ narrowerFollows the configuration again\. Trading halts after a smaller fall\./);
  expect(await axeFaults(dialog)).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Put 2 changes in force" }));
  expect(within(dialog).getByText(/At least 3 characters/)).toBeVisible();
  now["GET /api/live/limits"] = after;
  await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "a quiet week");
  await user.click(within(dialog).getByRole("button", { name: "Put 2 changes in force" }));
  expect(await screen.findByText(/On record, and in force now/)).toBeVisible();
  expect(calls.find(({ method }) => method === "PUT")?.body).toEqual({
    limits: { exposure_share: 1.5, drawdown_share: null },
    reason: "a quiet week",
    base: 7,
  });
  expect(screen.queryByRole("button", { name: /Review/ })).toBeNull();
});

test("what cannot be taken is told beside the value, all of it at once", async () => {
  const user = userEvent.setup();
  fakeServer(answers());
  show();
  await user.click(await screen.findByRole("button", { name: "Change limits" }));
  await retype(user, "Drawdown", "120");
  await retype(user, "Orders a minute", "");
  await retype(user, "Loss of a day", "0");
  expect(screen.getAllByText(/Must be above 0 and at most 100.%\./)).toHaveLength(2);
  expect(screen.getByText(/Must be a whole number, at least 0 and at most 10,000.orders\./)).toBeVisible();
  expect(screen.getByText("Cannot be taken: Orders a minute, Loss of a day, Drawdown")).toBeVisible();
  expect(screen.getByRole("button", { name: "Review" })).toBeDisabled();
  await user.click(screen.getByRole("button", { name: "Undo what was typed for Drawdown" }));
  expect(input("Drawdown")).toHaveValue("25\u00a0%");
});

test("a change of somebody else meanwhile is told, and nothing is sent before it was looked at", async () => {
  const user = userEvent.setup();
  const { answers: now } = fakeServer(answers());
  const { push } = show();
  await user.click(await screen.findByRole("button", { name: "Change limits" }));
  await retype(user, "Drawdown", "20");
  now["GET /api/live/limits"] = riskLimits({ drawdown_share: 0.15 });
  push("risk", "risk.limits_changed", {});
  expect(await screen.findByText("Limits changed while you were typing")).toBeVisible();
  expect(screen.getByRole("button", { name: "Review 1 change" })).toBeDisabled();
  expect(screen.getByText(/Drawdown 15.% → 20.%/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "I have compared" }));
  expect(screen.getByRole("button", { name: "Review 1 change" })).toBeEnabled();
});

test("a refusal of the server is shown, and the reason stays", async () => {
  const user = userEvent.setup();
  fakeServer({
    ...answers(),
    "PUT /api/live/limits": () => ({
      status: 409,
      body: { status: 409, code: "live.stale_limits", title: "Limits have changed meanwhile", detail: "ben changed the limits", what_to_do: "Decide anew.", request_id: "t" },
    }),
  });
  show();
  await user.click(await screen.findByRole("button", { name: "Change limits" }));
  await retype(user, "Drawdown", "20");
  await user.click(screen.getByRole("button", { name: "Review 1 change" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "calmer");
  await user.click(within(dialog).getByRole("button", { name: "Put 1 change in force" }));
  await waitFor(() => expect(within(dialog).getByText(/ben changed the limits/)).toBeVisible());
  expect(within(dialog).getByRole("textbox", { name: /Reason/ })).toHaveValue("calmer");
});

test("what a change does to the account as it stands is said", () => {
  const used = { drawdown: 0.12, day: 0.03, exposure: 1.8, largest: 1.2, state: "active" };
  const effect = (name: LimitName, from: number, to: number, state = "active") => effectOf({ text: textOf(name), from, to, back: false }, { ...used, state });
  expect(effect("drawdown_share", 0.25, 0.12)).toMatch(/12\.00.% below its peak: trading halts with the next bar/);
  expect(effect("drawdown_share", 0.25, 0.13)).toBe("Trading halts after a smaller fall.");
  expect(effect("daily_loss_share", 0.05, 0.02)).toMatch(/only reduced, until 00:00 UTC/);
  expect(effect("exposure_share", 3, 1.5)).toMatch(/Positions come to 180\.00.%: they stay/);
  expect(effect("symbol_notional_share", 1.5, 1)).toMatch(/it stays, and nothing is added/);
  expect(effect("drawdown_share", 0.25, 0.5, "halted")).toMatch(/deeper fall\. Now it stays halted until a person re-arms it/);
  expect(effect("daily_loss_share", 0.05, 0.5, "reducing")).toMatch(/only reduced all the same/);
  expect(effect("orders_per_minute", 60, 0)).toBe("More orders pass in a minute.");
  expect(effect("orders_per_minute", 0, 60)).toBe("Fewer orders pass in a minute.");
  expect(effectOf({ text: textOf("exposure_share"), from: 3, to: 3, back: true }, null)).toBe("Follows the configuration again. The value stays.");
});

test("only what differs is sent, and what is set again follows the configuration", () => {
  const { limits } = riskLimits({ exposure_share: 1.5 });
  expect(changesOf({ exposure_share: 150, drawdown_share: 25, daily_loss_share: null }, limits)).toEqual([]);
  expect(bodyOf(changesOf({ exposure_share: null, drawdown_share: "7", orders_per_minute: 1.5 }, limits))).toEqual({ exposure_share: null, drawdown_share: 0.07 });
  const exposure = limits.find(({ name }) => name === "exposure_share")!;
  for (const typed of ["", "x", -1, 0, 100_001, Infinity]) expect(faultOf(textOf("exposure_share"), exposure, typed), String(typed)).toBeDefined();
  expect(faultOf(textOf("exposure_share"), exposure, 100_000)).toBeUndefined();
  expect(limitShown(textOf("stale_intervals"), 2.5)).toBe("2.5\u00a0bars");
});
