import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState } from "../testing/samples";
import { figureText, marginText, tally } from "./gate";
import { check, ended, gate, results, scenarios, session, status } from "./samples";
import { patched } from "./sessions";
import { bodyOf, noOptions, optionFaults } from "./StartDialog";
import { noTraining, trainBody, trainFaults } from "./TrainDialog";
import TrainingPage from "./TrainingPage";

const ID = "20260102-030405-quick_tune";
const progressOf = (which = session()) => ({ session: which, unit: "episodes", points: [] });

function server(more: Record<string, unknown> = {}) {
  return fakeServer({
    "GET /api/live/state": liveState(),
    "GET /api/rl-training/scenarios": scenarios(),
    "GET /api/rl-training/status": status(),
    "GET /api/sessions": { items: [], next_cursor: null },
    "GET /api/reports": { items: [], next_cursor: null },
    "GET /api/parameters/schema": { parameters: [] },
    "GET /api/parameters/proposals": { items: [], next_cursor: null },
    [`GET /api/sessions/${ID}/progress`]: progressOf(),
    [`GET /api/sessions/${ID}/log`]: { id: ID, size: 12, text: "quick_tune 3/10\n" },
    ...more,
  });
}

function show(at = "/training") {
  return renderPage(
    <Routes>
      <Route path="/training/*" element={<TrainingPage />} />
    </Routes>,
    { at },
  );
}

test("a viewer sees the scenarios with the reasons, and nothing to start or stop", async () => {
  logInAs("viewer");
  server({ "GET /api/rl-training/status": status({ state: "training", session: session() }) });
  show();
  const recommended = await screen.findByRole("article", { name: "Risk optimizer" });
  expect(within(recommended).getByText("Recommended now")).toBeVisible();
  expect(within(recommended).getByText(/max drawdown 22.4 %; high is above 15 %/)).toBeVisible();
  expect(within(recommended).getByText(/Not Quick tune: mean confidence 0.51/)).toBeVisible();
  expect(await screen.findByRole("progressbar")).toHaveAttribute("aria-valuenow", "30");
  expect(screen.queryByRole("button", { name: /^(Start|Stop)/ })).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
});

test("a scenario is started with its options; a refusal leaves what was typed", async () => {
  logInAs("operator");
  let refuses = true;
  const { calls } = server({
    "POST /api/rl-training/scenarios/quick_tune/start": () =>
      refuses
        ? { status: 422, body: { code: "app.bad_session", detail: "there is no such file", what_to_do: "Name one below data." } }
        : { status: 202, body: session({ state: "queued" }) },
    [`GET /api/sessions/${ID}`]: session({ state: "queued" }),
  });
  show();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Start Quick tune" }));
  await user.type(await screen.findByLabelText("Minutes"), "1");
  await user.type(screen.getByLabelText("Episodes"), "2");
  await user.type(screen.getByLabelText("Seed"), "7");
  await user.click(screen.getByRole("switch", { name: /Dry run/ }));
  await user.type(screen.getByLabelText(/Reason/), "first look");
  expect(await axeFaults()).toEqual([]);
  const dialog = screen.getByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: "Start" }));
  expect(await within(dialog).findByText("there is no such file")).toBeVisible();
  expect(screen.getByLabelText("Minutes")).toHaveValue("1");
  expect(screen.getByLabelText(/Reason/)).toHaveValue("first look");
  refuses = false;
  await user.click(within(dialog).getByRole("button", { name: "Start" }));
  expect(await screen.findByText("Waits for its turn")).toBeVisible();
  const sent = calls.filter((call) => call.method === "POST");
  expect(sent).toHaveLength(2);
  expect(sent[1]!.body).toEqual({ reason: "first look", dry_run: true, minutes: 1, episodes: 2, settings: { "optimize.seed": "7" } });
});

test("the focus goes back to the button whose dialog was left", async () => {
  logInAs("operator");
  server({});
  show();
  const user = userEvent.setup();
  const button = await screen.findByRole("button", { name: "Start Quick tune" });
  button.focus();
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("dialog")).toBeVisible();
  await waitFor(() => expect(screen.getByLabelText(/Reason/)).toHaveFocus());
  await user.keyboard("{Escape}");
  await waitFor(() => expect(button).toHaveFocus());
});

test("options out of range are told, empty ones are left to the scenario", () => {
  expect(optionFaults(noOptions)).toEqual({});
  expect(bodyOf(noOptions, "why")).toEqual({ reason: "why", dry_run: false });
  const faults = optionFaults({ ...noOptions, data: ["ok.csv", "not ok.csv"], minutes: 0, episodes: 1.5, seed: "-" });
  expect(Object.keys(faults).sort()).toEqual(["data", "episodes", "minutes", "seed"]);
  expect(faults.data).toContain("not ok.csv");
});

test("pushed progress is shown at once, and the session can be stopped with a reason", async () => {
  logInAs("operator");
  const { calls } = server({
    "GET /api/rl-training/status": status({ state: "training", session: session() }),
    [`POST /api/sessions/${ID}/stop`]: session({ state: "stopping" }),
  });
  const { push } = show();
  expect(await screen.findByText("3 of 10")).toBeVisible();
  push("sessions", "session.progress", { id: ID, state: "running", phase: "judging", episode: 9, episodes: 10, candidates: 144, best_reward: -0.25, running_reward: -0.75, fraction: 0.9, seconds_left: 5 });
  expect(await screen.findByText("9 of 10")).toBeVisible();
  expect(screen.getByText("The gate judges")).toBeVisible();
  expect(screen.getByText("+0.500")).toBeVisible();
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Stop: Quick tune" }));
  await user.type(screen.getByLabelText(/Reason/), "not needed now");
  await user.click(screen.getByRole("button", { name: "Stop the session" }));
  await waitFor(() => expect(calls.find((call) => call.method === "POST")?.body).toEqual({ reason: "not needed now" }));
});

test("an event is flat and the session is not", () => {
  const after = patched(session(), { id: ID, state: "finished", episode: 10, outcome: "promoted", new_version: 4, decision_event: 0, best_reward: null, seconds_left: null, phase: "" });
  expect(after).toMatchObject({ state: "finished", outcome: "promoted", new_version: 4, decision_event: null });
  expect(after.progress).toMatchObject({ episode: 10, episodes: 10, best_reward: -0.5, seconds_left: null, phase: null });
});

test("the verdict tells every check in words and numbers", async () => {
  logInAs("operator");
  server({ [`GET /api/sessions/${ID}`]: ended(), [`GET /api/rl-training/scenarios/results/${ID}`]: results() });
  show(`/training/${ID}`);
  const drawdown = await screen.findByRole("article", { name: "Max drawdown is not worse" });
  expect(within(drawdown).getByText("Failed")).toBeVisible();
  expect(within(drawdown).getAllByText("26.4 %")[0]).toBeVisible();
  expect(within(drawdown).getByText("Needed: at most")).toBeVisible();
  expect(within(drawdown).getByText("Misses by 0.40 %.")).toBeVisible();
  const better = screen.getByRole("article", { name: /not only the luckiest/ });
  expect(within(better).getByText(/−1.388 or more/)).toBeVisible();
  expect(screen.getByText(/1 of 3 checks passed, 1 failed, 1 had too little data/)).toBeVisible();
  expect(screen.getByText(/The gate rejected the proposal/)).toBeVisible();
  expect(screen.queryByRole("button", { name: /spite of the gate/ })).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
});

test("an administrator overrides a verdict on what runs, with a reason", async () => {
  logInAs("admin");
  const layers = { global: { volPctBreakout: 70 } };
  const proposal = { decision: 43, time: "2026-01-02T03:09:00.000Z", scenario: "quick_tune", verdict: "reject", base_hash: "b", on_current: true, proposed: { global: { volPctBreakout: 52 } }, gate: gate(), report: {} };
  const { calls } = server({
    [`GET /api/sessions/${ID}`]: ended(),
    [`GET /api/rl-training/scenarios/results/${ID}`]: results(),
    "GET /api/parameters": { version: 1, layers, parameters: [] },
    "GET /api/parameters/proposals": { items: [proposal], next_cursor: null },
    "POST /api/parameters/override": {},
  });
  show(`/training/${ID}`);
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: /spite of the gate: decision 43/ }));
  const dialog = screen.getByRole("dialog");
  expect(await within(dialog).findByRole("row", { name: /volPctBreakout 70 .*52/ })).toBeVisible();
  await user.type(within(dialog).getByLabelText(/Reason/), "fees were halved");
  await user.click(within(dialog).getByRole("button", { name: "Apply it" }));
  await waitFor(() => expect(calls.find((call) => call.path === "/api/parameters/override")?.body).toEqual({ decision: 43, reason: "fees were halved" }));
});

test("an agent is trained on a file, for so many steps, from a seed", async () => {
  logInAs("operator");
  const trained = session({ kind: "train", scenario: null, state: "queued", settings: { "train.total_timesteps": "200000" } });
  const { calls } = server({
    "POST /api/rl-training/start": () => ({ status: 202, body: trained }),
    [`GET /api/sessions/${ID}`]: trained,
    [`GET /api/sessions/${ID}/progress`]: { session: trained, unit: "steps", points: [] },
  });
  show();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Train an agent" }));
  const dialog = await screen.findByRole("dialog", { name: "Train an agent" });
  expect(await within(dialog).findByText(/Empty: 1,000,000/)).toBeVisible();
  await user.type(within(dialog).getByLabelText("Steps"), "0");
  expect(within(dialog).getByText(/A whole number from 1 to/)).toBeVisible();
  expect(within(dialog).getByRole("button", { name: "Start" })).toBeDisabled();
  await user.clear(within(dialog).getByLabelText("Steps"));
  await user.type(within(dialog).getByLabelText("Steps"), "200000");
  await user.type(within(dialog).getByLabelText("Seed"), "7");
  await user.type(within(dialog).getByRole("combobox", { name: "File of bars" }), "data/ETHUSDT_1h.csv.gz");
  await user.type(within(dialog).getByLabelText(/Reason/), "a first agent");
  expect(await axeFaults(dialog)).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Start" }));
  expect(await screen.findByText("Waits for its turn")).toBeVisible();
  expect(calls.find((call) => call.path === "/api/rl-training/start")!.body).toEqual({
    kind: "train",
    reason: "a first agent",
    data: ["data/ETHUSDT_1h.csv.gz"],
    settings: { "train.total_timesteps": "200000", "ppo.seed": "7" },
  });
});

test("a training without a file wants one that is traded on, and only one", () => {
  const file = (traded: boolean) => ({ file: "data/a.csv", bytes: 1, traded });
  const limits = scenarios().options;
  expect(trainFaults(noTraining, limits)).toEqual({});
  expect(trainFaults(noTraining, { ...limits, data: [file(false)] }).file).toContain("name one");
  expect(trainFaults(noTraining, { ...limits, data: [file(true), file(true)] }).file).toContain("several");
  expect(trainFaults({ ...noTraining, file: "a b" }, limits).file).toContain("no path");
  expect(trainBody(noTraining, "because", limits)).toEqual({ kind: "train", reason: "because", settings: {} });
});

test("a training that ended leads to its model", async () => {
  logInAs("viewer");
  const trained = ended({ kind: "train", scenario: null, outcome: "trained", verdict: null, decision_event: null, sentence: "It did no better than cash." });
  server({
    [`GET /api/sessions/${ID}`]: trained,
    [`GET /api/sessions/${ID}/progress`]: {
      session: trained,
      unit: "steps",
      points: [],
    },
    "GET /api/experiments": { items: [{ id: "e1", session: ID, model: "m1" }], next_cursor: null },
  });
  show(`/training/${ID}`);
  expect(await screen.findByRole("link", { name: "The model that it left" })).toHaveAttribute("href", expect.stringContaining("/models/m1"));
  expect(screen.getByText("It did no better than cash.")).toBeVisible();
  expect(screen.getByText(/before there were two points/)).toBeVisible();
});

test("a session that is not there is told", async () => {
  logInAs("viewer");
  server();
  show("/training/nothing");
  expect(await screen.findByText("There is no session of this name")).toBeVisible();
});

test("figures carry their units and margins their words", () => {
  expect(figureText(0.264, "percent")).toBe("26.4\u00a0%");
  expect(figureText(null, "days")).toBe("–");
  expect(figureText(90.2, "days")).toBe("91\u00a0days");
  expect(figureText(-0.0166, "ratio")).toBe("−0.0166");
  expect(marginText(check())).toBe("Misses by 0.40\u00a0%.");
  expect(marginText(check({ measured: { ...check().measured!, value: 0.25 } }))).toBe("Holds by 1.0\u00a0%.");
  expect(marginText(check({ needed: { ...check().needed!, value: null } }))).toBeNull();
  expect(tally(gate())).toEqual({ passed: 1, failed: 1, lacking: 1, of: 3 });
});
