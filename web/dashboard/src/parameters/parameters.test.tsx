import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Route, Routes } from "react-router";
import { expect, test } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { liveState } from "../testing/samples";
import { gate } from "../training/samples";
import { readExport } from "./Files";
import ParametersPage from "./ParametersPage";
import { changesOf, differencesOf, faultsOf, judge, layerOf, type ParameterInfo, type Version } from "./values";

const infos: ParameterInfo[] = [
  { name: "volPctBreakout", default: 70, min: 50, max: 99, step: 1, unit: "percentile", used_by: "breakout", meaning: "From this volatility on", live: true },
  { name: "slBreakout", default: 2, min: 0.5, max: 6, step: 0.25, unit: "ATR", used_by: "breakout", meaning: "Distance of the stop", live: true },
  { name: "costCapBps", default: 8, min: 1, max: 50, step: 0.5, unit: "bps", used_by: "every rule", meaning: "Dearer trades are refused", live: true },
];
const layers = { global: { volPctBreakout: 65, slBreakout: 2, costCapBps: 8 }, regimes: { bear: { slBreakout: 3 } } };
const proof = { sentence: "ada set it by hand; no gate judged it.", scenario: null, session: null, decision: null, gate: null, of_version: null, file: null };

function version(number: number, part: Partial<Version> = {}): Version {
  return {
    version: number,
    parent: number - 1,
    hash: `hash of ${number}`,
    parent_hash: "",
    change: "manual",
    author: { kind: "person", name: "ada" },
    reason: `reason of ${number}`,
    time: "2026-01-02T03:04:05.000Z",
    event: 100 + number,
    evidence: {},
    layers,
    proof,
    changed: [{ layer: "global", name: "volPctBreakout", from: 70, to: 65 }],
    ...part,
  };
}

function shown(scope: { symbol?: string; regime?: string } = {}) {
  const { changed: _, ...rest } = version(2);
  return {
    ...rest,
    symbol: scope.symbol ?? null,
    regime: scope.regime ?? null,
    parameters: infos.map((info) => {
      const own = scope.regime === "bear" && info.name === "slBreakout";
      const value = own ? 3 : layers.global[info.name as keyof typeof layers.global];
      return { ...info, value, from: own ? "regime bear" : value === info.default ? "default" : "global" };
    }),
  };
}

function server(more: Record<string, unknown> = {}) {
  return fakeServer({
    "GET /api/live/state": liveState(),
    "GET /api/parameters": (call: { query: URLSearchParams }) => ({ body: shown({ regime: call.query.get("regime") ?? undefined }) }),
    "GET /api/parameters/schema": { parameters: infos },
    "GET /api/rl-training/targets": { parameter_version: 2, targets: [] },
    "GET /api/parameters/history": { items: [version(2), version(1, { change: "defaults", layers: { global: { volPctBreakout: 70, slBreakout: 2, costCapBps: 8 } } })], next_cursor: null },
    "GET /api/parameters/proposals": { items: [], next_cursor: null },
    ...more,
  });
}

function show(at = "/parameters") {
  return renderPage(
    <Routes>
      <Route path="/parameters/*" element={<ParametersPage />} />
    </Routes>,
    { at },
  );
}

test("a viewer sees values with their bounds and layers, and no control that changes them", async () => {
  logInAs("viewer");
  server();
  show();
  expect(await screen.findByRole("img", { name: "volPctBreakout: 65\u00a0percentile, between 50 and 99, default 70" })).toBeVisible();
  expect(screen.getByText("Used by every rule")).toBeVisible();
  expect(screen.getByRole("list", { name: "Other values of slBreakout" })).toHaveTextContent("regime bear: 3");
  for (const name of [/Change values/, /Reset/, /Import/]) expect(screen.queryByRole("button", { name })).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
});

test("several values are checked, shown and sent together; a failed call leaves them", async () => {
  logInAs("operator");
  let refuses = true;
  const { calls } = server({
    "POST /api/rl-training/update-parameter": () =>
      refuses ? { status: 503, body: { code: "ledger.busy", detail: "the ledger is out of reach" } } : { body: { text: "version 3 is in force: volPctBreakout 65 -> 60" } },
  });
  const first = show();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Change values" }));
  const field = screen.getByRole("textbox", { name: /New value of volPctBreakout/ });
  await user.clear(field);
  await user.type(field, "20");
  expect(screen.getByText(/^At least 50/)).toBeVisible();
  expect(screen.getByRole("button", { name: /Review/ })).toBeDisabled();
  await user.clear(field);
  await user.type(field, "60");
  const stop = screen.getByRole("textbox", { name: /New value of slBreakout/ });
  await user.clear(stop);
  await user.type(stop, "2.1");
  expect(screen.getByText(/Between two steps of 0.25/)).toBeVisible();
  // The page is left and loaded anew: what was typed is there.
  first.unmount();
  show();
  await user.click(await screen.findByRole("button", { name: "Review 2 changes" }));
  const dialog = screen.getByRole("dialog");
  expect(within(dialog).getByRole("row", { name: /volPctBreakout.*65.*60/ })).toBeVisible();
  await user.type(within(dialog).getByLabelText(/Reason/), "calmer market");
  await user.click(within(dialog).getByRole("button", { name: "Put 2 changes in force" }));
  expect(await within(dialog).findByText("the ledger is out of reach")).toBeVisible();
  expect(within(dialog).getByLabelText(/Reason/)).toHaveValue("calmer market");
  refuses = false;
  await user.click(within(dialog).getByRole("button", { name: "Put 2 changes in force" }));
  expect(await screen.findByText(/version 3 is in force/)).toBeVisible();
  expect(calls.filter((call) => call.method === "POST").at(-1)?.body).toEqual({
    parameters: [
      { name: "volPctBreakout", value: 60, unit: "percentile" },
      { name: "slBreakout", value: 2.1, unit: "ATR" },
    ],
    reason: "calmer market",
  });
});

test("a regime's own value is taken away", async () => {
  logInAs("operator");
  const { calls } = server({ "POST /api/rl-training/update-parameter": { text: "done" } });
  show("/parameters?regime=bear");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Change values" }));
  await user.click(screen.getByRole("button", { name: "Take away the own value of slBreakout" }));
  await user.click(screen.getByRole("button", { name: "Review 1 change" }));
  await user.type(screen.getByLabelText(/Reason/), "no longer");
  await user.click(screen.getByRole("button", { name: "Put 1 change in force" }));
  await waitFor(() =>
    expect(calls.find((call) => call.method === "POST")?.body).toEqual({ parameters: [{ name: "slBreakout", value: null, unit: "ATR" }], reason: "no longer", regime: "bear" }),
  );
});

test("the history tells who, when, why, what and on what grounds, and rolls back", async () => {
  logInAs("operator");
  const judged = version(2, { change: "promotion", author: { kind: "search", name: "quick_tune" }, proof: { ...proof, sentence: "quick_tune proposed it.", session: "s1", decision: 43, gate: gate({ verdict: "promote" }) } });
  const { calls } = server({
    "GET /api/parameters/history": { items: [judged, version(1, { change: "defaults", layers: { global: { volPctBreakout: 70, slBreakout: 2, costCapBps: 8 } } })], next_cursor: null },
    "POST /api/parameters/rollback": {},
  });
  show("/parameters/history");
  const card = await screen.findByRole("article", { name: "Version 2" });
  expect(within(card).getByText("Promoted by the gate")).toBeVisible();
  expect(within(card).getByRole("link", { name: "Session s1" })).toHaveAttribute("href", "/training/s1");
  expect(within(card).getByRole("link", { name: "Ledger event 102" })).toHaveAttribute("href", "/history/102");
  expect(await within(card).findByRole("row", { name: /volPctBreakout.*70.*65/ })).toBeVisible();
  expect(screen.queryByRole("button", { name: "Roll back to version 2" })).not.toBeInTheDocument();
  expect(await axeFaults()).toEqual([]);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Roll back to version 1" }));
  const dialog = screen.getByRole("dialog");
  expect(await within(dialog).findByRole("row", { name: /regime bear.* 3 .*inherited/ })).toBeVisible();
  await user.type(within(dialog).getByLabelText(/Reason/), "it was better");
  await user.click(within(dialog).getByRole("button", { name: "Roll back to version 1" }));
  await waitFor(() => expect(calls.find((call) => call.method === "POST")?.body).toEqual({ version: 1, reason: "it was better" }));
});

test("only an administrator is offered an override, and only of what was judged against what runs", async () => {
  const proposal = (decision: number, on_current: boolean) => ({ decision, time: "2026-01-02T03:09:00.000Z", scenario: "quick_tune", verdict: "reject", base_hash: "b", on_current, proposed: layers, gate: gate(), report: { session: { id: "s1" } } });
  const answers = { "GET /api/parameters/proposals": { items: [proposal(43, true), proposal(12, false)], next_cursor: null } };
  logInAs("operator");
  server(answers);
  const asOperator = show("/parameters/proposals");
  expect(await screen.findByRole("article", { name: "Proposal of decision 43" })).toBeVisible();
  expect(screen.queryByRole("button", { name: /spite of the gate/ })).not.toBeInTheDocument();
  asOperator.unmount();
  logInAs("admin");
  server(answers);
  show("/parameters/proposals");
  expect(await screen.findByRole("button", { name: /spite of the gate: decision 43/ })).toBeVisible();
  expect(screen.queryByRole("button", { name: /spite of the gate: decision 12/ })).not.toBeInTheDocument();
});

test("what was typed is judged before it is sent", () => {
  const stop = infos[1]!;
  expect(judge(stop, "")).toHaveProperty("fault");
  expect(judge(stop, "-")).toHaveProperty("fault");
  expect(judge(stop, 0.49).fault).toContain("At least");
  expect(judge(stop, "6.01").fault).toContain("At most");
  expect(judge(stop, 0.75)).toEqual({});
  expect(judge(stop, 0.8).note).toContain("Between two steps");
  expect(judge(stop, null)).toEqual({});
  const all = { symbol: null, regime: null };
  expect(changesOf({ volPctBreakout: 65, slBreakout: "2.5", costCapBps: 500 }, infos, layers, all)).toEqual([{ layer: "global", name: "slBreakout", from: 2, to: 2.5 }]);
  expect(faultsOf({ volPctBreakout: 65, costCapBps: 500 }, infos)).toEqual(["costCapBps"]);
  expect(layerOf({ symbol: "BTC/USDT", regime: "bear" })).toBeNull();
});

test("versions and files are compared layer by layer", () => {
  expect(differencesOf(layers, { global: { ...layers.global, costCapBps: 9 }, symbols: { "BTC/USDT": { slBreakout: 1 } } })).toEqual([
    { layer: "global", name: "costCapBps", from: 8, to: 9 },
    { layer: "regime bear", name: "slBreakout", from: 3, to: null },
    { layer: "symbol BTC/USDT", name: "slBreakout", from: null, to: 1 },
  ]);
  expect(readExport("a.json", "no json")).toContain("no JSON");
  expect(readExport("a.json", "null")).toContain("no parameters");
  expect(readExport("a.json", '{"format":"something else","layers":{"global":{}}}')).toContain("no parameters");
  expect(readExport("a.json", JSON.stringify({ format: "stevie parameters", layers }))).toMatchObject({ name: "a.json", layers });
});
