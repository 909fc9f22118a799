import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { expect, test, vi } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState } from "../testing/samples";
import { figureText, marginText, tally } from "./gate";
import { check, cloned, ended, ensembled, gate, results, scenarios, session, status, trainingResults } from "./samples";
import { patched, titleOf, wordsOf } from "./sessions";
import { bodyOf, noOptions, optionFaults } from "./StartDialog";
import { noTraining, trainBody, trainFaults } from "./TrainDialog";
import TrainingPage from "./TrainingPage";

vi.mock("../ui/LongSeries", () => ({ LongSeries: ({ description }: { description: string }) => <div role="img" aria-label={description} /> }));

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
    [`GET /api/sessions/${ID}/results`]: trainingResults(),
  });
  show(`/training/${ID}`);
  expect(await screen.findByRole("link", { name: "The model that it left" })).toHaveAttribute("href", expect.stringContaining("/models/m1"));
  expect(screen.getByText("It did no better than cash.")).toBeVisible();
  expect(screen.getByText(/before there were two points/)).toBeVisible();
});

test("a clone is asked for with its expert and its own numbers; what another training asks for is left out", async () => {
  logInAs("operator");
  const clone = session({ kind: "clone", scenario: null, state: "queued", expert: "rsi-ma" });
  const { calls } = server({
    "POST /api/rl-training/start": () => ({ status: 202, body: clone }),
    [`GET /api/sessions/${ID}`]: clone,
    [`GET /api/sessions/${ID}/progress`]: { session: clone, unit: "epochs", points: [] },
  });
  show();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Train an agent" }));
  const dialog = await screen.findByRole("dialog", { name: "Train an agent" });
  await user.type(await within(dialog).findByLabelText("Steps"), "5000");
  await user.click(within(dialog).getByRole("switch", { name: /^Curriculum/ }));
  await user.selectOptions(within(dialog).getByLabelText("What is trained"), "A clone of an expert");
  expect(within(dialog).queryByLabelText("Steps")).not.toBeInTheDocument();
  expect(within(dialog).queryByRole("switch", { name: /^Curriculum/ })).not.toBeInTheDocument();
  await user.type(within(dialog).getByLabelText("Blocks of time"), "3");
  await user.type(within(dialog).getByRole("combobox", { name: "Expert" }), "rsi-ma");
  await user.type(within(dialog).getByLabelText(/Reason/), "a start for others");
  expect(await axeFaults(dialog)).toEqual([]);
  await user.click(within(dialog).getByRole("button", { name: "Start" }));
  expect(await screen.findByRole("heading", { name: "Clone of the expert rsi-ma" })).toBeVisible();
  expect(calls.find((call) => call.path === "/api/rl-training/start")!.body).toEqual({
    kind: "clone",
    reason: "a start for others",
    expert: "rsi-ma",
    settings: { "cloning.folds": "3" },
  });
});

test("every training has the settings that the server names", () => {
  const limits = scenarios().options;
  const body = (part: Partial<typeof noTraining>) => trainBody({ ...noTraining, numbers: { steps: 5, seed: 2, seeds: 3, members: 4, epochs: 6, folds: 0 }, ...part }, "r", limits);
  expect(body({ what: "dqn", from: " runs/a.zip ", augment: ["noise", "warp"], curriculum: true })).toEqual({
    kind: "train",
    algorithm: "dqn",
    reason: "r",
    from: "runs/a.zip",
    augment: "noise,warp",
    curriculum: true,
    settings: { "train.total_timesteps": "5", "dqn.seed": "2" },
  });
  expect(body({ what: "bootstrap", from: "runs/a.zip" })).toEqual({
    kind: "bootstrap",
    reason: "r",
    settings: { "train.total_timesteps": "5", "bootstrap.seeds": "3", "bootstrap.first_seed": "2" },
  });
  expect(body({ what: "clone", expert: "runs/a.zip" })).toEqual({ kind: "clone", reason: "r", expert: "runs/a.zip", settings: { "cloning.max_epochs": "6", "cloning.folds": "0", "cloning.seed": "2" } });
  expect(body({ what: "ensemble", augment: ["noise"] })).toEqual({
    kind: "ensemble",
    reason: "r",
    settings: { "ensemble.timesteps": "5", "ensemble.members": "4", "ppo.seed": "2" },
  });
  expect(trainFaults({ ...noTraining, from: "notes.txt" }, limits).from).toContain("model file");
  expect(trainFaults({ ...noTraining, what: "clone", from: "notes.txt" }, limits)).toEqual({});
  expect(trainFaults({ ...noTraining, what: "clone", expert: "/etc/passwd" }, limits).expert).toContain("model file");
  expect(trainFaults({ ...noTraining, what: "ensemble", numbers: { members: 0, seeds: 0 } }, limits)).toEqual({ members: expect.stringContaining("whole number") });
});

test("trainings are named, and counted in their own unit", () => {
  expect(titleOf(session({ kind: "train", scenario: null, algorithm: "dqn" }))).toBe("Training of an agent (DQN)");
  expect(titleOf(session({ kind: "clone", scenario: null, expert: "runs/x/models/ppo_stevie.zip" }))).toBe("Clone of ppo_stevie.zip");
  expect(titleOf(session({ kind: "ensemble", scenario: null }))).toBe("Training of an ensemble");
  expect(wordsOf(session({ kind: "clone" })).units).toBe("Epochs");
});

function showEnded(kind: "bootstrap" | "clone" | "ensemble", found: ReturnType<typeof trainingResults>) {
  logInAs("viewer");
  const one = ended({ kind, scenario: null, outcome: "trained", verdict: null, decision_event: null, sentence: found.sentence });
  server({
    [`GET /api/sessions/${ID}`]: one,
    [`GET /api/sessions/${ID}/progress`]: { session: one, unit: "steps", points: [] },
    [`GET /api/sessions/${ID}/results`]: found,
    "GET /api/experiments": { items: [], next_cursor: null },
  });
  show(`/training/${ID}`);
}

test("several trainings stand side by side with the chosen one and the baselines", async () => {
  showEnded("bootstrap", trainingResults());
  const table = await screen.findByRole("table", { name: "Policies and baselines" });
  const row = (name: RegExp) => within(table).getByRole("row", { name });
  expect(row(/PPO, seed 2.*Chosen/)).toHaveTextContent(/12\.5.*1\.50.*−3\.4.*12/);
  expect(row(/DQN, seed 2/)).not.toHaveTextContent("Chosen");
  expect(row(/Buy and hold.*Baseline/)).toHaveTextContent(/40\.0.*20\.0/);
  expect(screen.queryByText("How like the expert")).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
});

test("of a clone stand likeness, divergence and losses", async () => {
  showEnded("clone", trainingResults({ clone: cloned }));
  const table = await screen.findByRole("table", { name: "How like the expert" });
  expect(within(table).getByRole("row", { name: /Test/ })).toHaveTextContent(/62\.3.*40\.8.*91\.6.*32\.7.*0\.0249.*57\.0/);
  expect(screen.getByText("2 of 2, stopped early")).toBeVisible();
  expect(screen.getByRole("img", { name: /Cross-entropy of the clone epoch by epoch: 0\.9100/ })).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("of an ensemble stand its members with weights, consensus and calibration", async () => {
  showEnded("ensemble", trainingResults({ ensemble: ensembled }));
  const table = await screen.findByRole("table", { name: "Members on the test part" });
  expect(within(table).getByRole("row", { name: /member_1/ })).toHaveTextContent(/60\.0.*70\.0.*92\.0/);
  expect(screen.getByText(/0\.043, 0\.210 before/)).toBeVisible();
  expect(await axeFaults()).toEqual([]);
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
