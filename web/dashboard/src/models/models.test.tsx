import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { expect, test, vi } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage, type Answers } from "../testing/render";
import ModelsPage from "./ModelsPage";
import { onOneAxis, smoothed, tagGroups, withoutHoles } from "./series";
import { inOrder, metricsOf, modelName, type Model, type Run, type RunDetail } from "./words";

vi.mock("../ui/LongSeries", () => ({
  LongSeries: ({ description, lines }: { description: string; lines: { label: string }[] }) => (
    <div role="img" aria-label={`${description}: ${lines.map((line) => line.label).join(", ")}`} />
  ),
}));

const id = (last: string) => last.padStart(16, "0");
const figure = (value: number | null, low: number | null = null, high: number | null = null, reason: string | null = null) => ({ value, low, high, reason });

function run(name: string, change: Partial<Run> = {}): Run {
  return {
    id: id(name === "first" ? "a1" : name === "second" ? "a2" : "a3"),
    kind: "train",
    state: "finished",
    name,
    modified: "2024-03-01T00:00:00.000Z",
    title: "PPO on BTC/USDT",
    sentence: "It lost.",
    data: ["data/BTCUSDT_1h.csv.gz"],
    synthetic: false,
    seed: 1,
    config_hash: "ab".repeat(32),
    metrics: { total_return: figure(-0.5, -0.7, -0.2), timesteps: figure(32_768) },
    session: null,
    report: id("b1"),
    model: id("c1"),
    ...change,
  };
}

function detail(name: string, change: Partial<RunDetail> = {}): RunDetail {
  return {
    ...run(name),
    settings: [
      { name: "ppo.seed", value: "1" },
      { name: "server.port", value: "8080" },
    ],
    curves: [
      { tag: "rollout/ep_rew_mean", name: "Mean reward of an episode", points: 2, steps: [100, 200], values: [1, 2] },
      { tag: "train/clip_range", name: "Clip range", points: 2, steps: [100, 200], values: [0.2, 0.2] },
    ],
    notes: ["Costs are those of the configuration."],
    ...change,
  };
}

const model: Model = {
  id: id("c1"),
  name: "first/models/ppo_stevie.zip",
  bytes: 80_000,
  modified: "2024-03-01T00:00:00.000Z",
  kind: "PPO",
  data: "data/BTCUSDT_1h.csv.gz",
  symbol: "BTC/USDT",
  synthetic: false,
  timesteps: 32_768,
  best_timesteps: 16_384,
  seed: 1,
  settings: { "ppo.seed": "1" },
  periods: { test: { from: "2024-01-01T00:00:00Z", to: "2024-03-01T00:00:00Z" } } as unknown as Model["periods"],
  validation: { sentence: "No policy did better than cash." } as unknown as Model["validation"],
  test: { total_return: { value: -0.5, low: -0.7, high: -0.2 }, dsr: { value: null, reason: "the number of trials is not known" } } as unknown as Model["test"],
  experiment: id("a1"),
  report: id("b1"),
  active: false,
  ensemble: null,
};

function open(at: string, answers: Answers) {
  logInAs("viewer");
  const server = fakeServer(answers);
  const view = renderPage(
    <Routes>
      <Route path="/models/*" element={<ModelsPage />} />
    </Routes>,
    { at },
  );
  return { ...server, ...view };
}

const active = { model: null, strategy: "rules", sentence: "The rules trade by the parameters in force; no trained model does." };

test("models are listed with what they did on unseen bars, and what trades is said", async () => {
  open("/models", {
    "GET /api/models/active": active,
    "GET /api/models": { items: [model, { ...model, id: id("c2"), name: "stray.zip", kind: null, data: null, symbol: null, test: null, active: false }], next_cursor: null },
  });
  expect(await screen.findByText(active.sentence)).toBeVisible();
  const table = await screen.findByRole("table", { name: "Models" });
  const row = within(table).getByRole("row", { name: /first/ });
  expect(row).toHaveTextContent("−50.0 %");
  expect(row).toHaveTextContent("−70.0 to −20.0 %");
  expect(within(table).getByRole("row", { name: /stray.zip/ })).toHaveTextContent("–");
  expect(await axeFaults()).toEqual([]);
});

test("without models it says how to get one", async () => {
  open("/models", { "GET /api/models/active": active, "GET /api/models": { items: [], next_cursor: null } });
  expect(await screen.findByText("No model yet")).toBeVisible();
});

test("a model opens into its data, figures, settings and curves", async () => {
  open(`/models/${model.id}`, {
    [`GET /api/models/${model.id}`]: model,
    [`GET /api/models/${model.id}/curves`]: { id: model.id, source: "tensorboard", curves: detail("first").curves },
  });
  expect(await screen.findByRole("heading", { name: "first" })).toBeVisible();
  expect(screen.getByText("Not in use")).toBeVisible();
  expect(screen.getByText("No policy did better than cash.")).toBeVisible();
  expect(screen.getByText("the number of trials is not known")).toBeVisible();
  expect(screen.getByText("Judged on")).toBeVisible();
  expect(screen.getByRole("link", { name: "The run that left it" })).toHaveAttribute("href", `/models/experiments/${id("a1")}`);
  expect(await screen.findByRole("img", { name: /Mean reward of an episode of the run/ })).toBeVisible();
  expect(screen.getByText(/From its TensorBoard files/)).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("an ensemble names its members with their weights and what they did", async () => {
  const member = {
    name: "member_1",
    kind: "policy" as const,
    weight: 0.6,
    temperature: 3,
    confidence: 0.4,
    masked_columns: 30,
    validation_return: 0.05,
    validation_sharpe: 0.8,
    validation_accuracy: 0.41,
    calibration_error: 0.03,
    run: { weight: 0.25, agreement: 0.7, accuracy: 0.38, contribution: -0.021 },
  };
  const ensemble: Model["ensemble"] = {
    method: "confidence",
    adapts: true,
    members: [member, { ...member, name: "rules", kind: "rules", weight: 0.4, masked_columns: 0, run: null }],
  };
  const whole = { ...model, name: "runs/ensemble/models/ensemble.zip", kind: "ensemble", ensemble };
  open(`/models/${model.id}`, {
    [`GET /api/models/${model.id}`]: whole,
    [`GET /api/models/${model.id}/curves`]: { id: model.id, source: null, curves: [] },
  });
  const table = await screen.findByRole("table", { name: "Members" });
  const first = within(table).getByRole("row", { name: /member_1/ });
  expect(first).toHaveTextContent("without 30 market values");
  expect(first).toHaveTextContent("60.0 %then 25.0 %");
  expect(first).toHaveTextContent("70.0 %");
  expect(within(table).getByRole("row", { name: /rules/ })).toHaveTextContent("40.0 %");
  expect(screen.getByText(/Weights begin as validation set them/)).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("experiments are filtered by kind at the server and by words here", async () => {
  const { calls } = open("/models/experiments", {
    "GET /api/experiments": (call: { query: URLSearchParams }) => ({
      body: {
        items: [run("first"), run("second", { title: "DQN on ETH/USDT", data: ["ETH.csv"], state: "unfinished", metrics: {}, model: null, report: null })].filter(
          (each) => !call.query.get("kind") || each.kind === call.query.get("kind"),
        ),
        next_cursor: null,
      },
    }),
  });
  const table = await screen.findByRole("table", { name: "Experiments" });
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  const user = userEvent.setup();
  await user.type(screen.getByRole("textbox", { name: "Find" }), "eth");
  await waitFor(() => expect(within(table).getAllByRole("row")).toHaveLength(2));
  expect(within(table).getByText("DQN on ETH/USDT")).toBeVisible();
  await user.type(screen.getByRole("textbox", { name: "Find" }), "zzz");
  expect(await screen.findByText("No run fits")).toBeVisible();
  await user.click(screen.getByRole("combobox", { name: "Kind" }));
  await user.click(await screen.findByRole("option", { name: "Search of parameters", hidden: true }));
  await waitFor(() => expect(calls.some((call) => call.query.get("kind") === "optimize")).toBe(true));
  expect(screen.queryByText(/Tuning study|Evolution study/)).not.toBeInTheDocument();
});

test("a run opens with its links; settings of the server are kept back until they are asked for", async () => {
  open(`/models/experiments/${id("a1")}`, { [`GET /api/experiments/${id("a1")}`]: detail("first", { session: "20240301-000000-quick" }) });
  expect(await screen.findByText("It lost.")).toBeVisible();
  expect(screen.getByRole("link", { name: "The model that it left" })).toHaveAttribute("href", `/models/${id("c1")}`);
  expect(screen.getByRole("link", { name: /training session/ })).toHaveAttribute("href", "/training/20240301-000000-quick");
  expect(screen.getByText("ppo.seed")).toBeVisible();
  expect(screen.queryByText("server.port")).not.toBeInTheDocument();
  await userEvent.setup().click(screen.getByRole("switch", { name: /Also the 1 that/ }));
  expect(screen.getByText("server.port")).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("curves of several runs are laid over each other; runs and tags are chosen", async () => {
  open("/models/curves", {
    "GET /api/experiments": { items: [run("first"), run("second"), run("judged", { kind: "evaluate" })], next_cursor: null },
    [`GET /api/experiments/${id("a1")}`]: detail("first"),
    [`GET /api/experiments/${id("a2")}`]: detail("second"),
  });
  const chart = await screen.findByRole("img", { name: /Mean reward of an episode of 2 runs: first, second/ });
  expect(chart).toBeVisible();
  const runs = screen.getByRole("group", { name: "Runs to compare" });
  expect(within(runs).getAllByRole("checkbox")).toHaveLength(2); // an evaluation has no curves
  const user = userEvent.setup();
  await user.click(screen.getByRole("checkbox", { name: "Clip range" }));
  expect(await screen.findByRole("img", { name: /Clip range of 2 runs/ })).toBeVisible();
  await user.click(within(runs).getAllByRole("checkbox")[1]!);
  expect(await screen.findByRole("img", { name: /Mean reward of an episode of the run/ })).toBeVisible();
  await user.click(within(runs).getAllByRole("checkbox")[0]!);
  expect(await screen.findByText("Choose a run above.")).toBeVisible();
  expect(await axeFaults()).toEqual([]);
});

test("smoothing is that of TensorBoard, corrected at the begin", () => {
  expect(smoothed([1, 1, 1], 0.9)).toEqual([expect.closeTo(1), expect.closeTo(1), expect.closeTo(1)]);
  // 0.5: (0.5*2) / 0.5 = 2, then (0.5*1 + 0.5*4) / 0.75
  expect(smoothed([2, 4], 0.5)).toEqual([2, expect.closeTo(10 / 3)]);
  expect(smoothed([3, -1], 0)).toEqual([3, -1]);
});

test("curves of different steps share one axis; holes are bridged, ends are not", () => {
  const axis = onOneAxis([
    { steps: [0, 10], values: [0, 10] },
    { steps: [5, 20], values: [1, 4] },
  ]);
  expect(axis.x).toEqual([0, 5, 10, 20]);
  expect(axis.values).toEqual([
    [0, null, 10, null],
    [null, 1, null, 4],
  ]);
  expect(withoutHoles(axis.x, axis.values[0]!)).toEqual([0, 5, 10, null]);
  expect(withoutHoles(axis.x, axis.values[1]!)).toEqual([null, 1, 2, 4]);
});

test("tags are put together by their first part", () => {
  const curve = (tag: string) => ({ tag, name: tag, points: 0, steps: [], values: [] });
  expect(tagGroups([curve("train/loss"), curve("eval/x"), curve("train/a"), curve("plain"), curve("train/loss")])).toEqual([
    { group: "eval", tags: [{ tag: "eval/x", name: "eval/x" }] },
    { group: "other", tags: [{ tag: "plain", name: "plain" }] },
    { group: "train", tags: [{ tag: "train/a", name: "train/a" }, { tag: "train/loss", name: "train/loss" }] },
  ]);
});

test("what a file beside a model says is taken only where it has the shape of a figure", () => {
  expect(metricsOf({ a: { value: 1, low: "x" }, b: 3, c: null, d: { value: null, reason: "why" } } as object)).toEqual({
    a: { value: 1, low: null, high: null, reason: null },
    d: { value: null, low: null, high: null, reason: "why" },
  });
  expect(metricsOf(null)).toEqual({});
  expect(inOrder(["unheard", "sharpe", "total_return", "timesteps"])).toEqual(["timesteps", "total_return", "sharpe", "unheard"]);
  expect(modelName("first/models/ppo_stevie.zip")).toBe("first");
  expect(modelName("runs/second/best.onnx")).toBe("runs/second");
  expect(modelName("stray.zip")).toBe("stray.zip");
});
