import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { webcrypto } from "node:crypto";
import { Route, Routes, useLocation } from "react-router";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { axeFaults, fakeServer, logInAs, renderPage } from "../testing/render";
import { exportEvents } from "./exporting";
import HistoryPage from "./HistoryPage";

beforeAll(() => {
  if (!globalThis.crypto?.subtle) Object.defineProperty(globalThis, "crypto", { value: webcrypto });
});

const first = {
  sequence: 1,
  time: "2023-11-14T22:13:20.123Z",
  kind: "note",
  author: "tester",
  body: { n: 1 },
  raw_body: '{"n": 1}',
  previous_hash: "0".repeat(64),
  hash: "820a05f2afdeb951300f67d191168832d464296464e9f7b2d3a35dbc3d1b3065",
};
const killed = {
  sequence: 2,
  time: "2023-11-15T22:13:20.000Z",
  kind: "risk.killed",
  author: "ada",
  body: { reason: "<b>drill</b>", flatten: false },
  raw_body: '{"reason":"<b>drill</b>","flatten":false}',
  previous_hash: first.hash,
  hash: "f".repeat(64),
};
const answers = {
  "GET /api/ledger/events": { items: [killed, first], next_cursor: null },
  "GET /api/ledger/events/1": first,
  "GET /api/ledger/events/2": killed,
  "GET /api/ledger/head": { events: 2, root: "a".repeat(64), last_hash: "f".repeat(64) },
  "GET /api/ledger/proof/1": { proof: "inclusion", sequence: 1, size: 1, leaf: first.hash, root: first.hash, path: [] },
};

function Address() {
  const { pathname, search } = useLocation();
  return <output data-testid="address">{pathname + search}</output>;
}
function show(at = "/history") {
  return renderPage(
    <>
      <Routes>
        <Route path="/history/*" element={<HistoryPage />} />
      </Routes>
      <Address />
    </>,
    { at },
  );
}
const address = () => screen.getByTestId("address").textContent;

beforeEach(() => logInAs("viewer"));

test("events are listed in sentences, without the trading steps, and nothing of a body is taken for markup", async () => {
  const { calls } = fakeServer(answers);
  show();
  expect(await screen.findByText("ada stopped trading, leaving positions open: <b>drill</b>")).toBeVisible();
  const asked = calls.find((call) => call.path === "/api/ledger/events")!;
  expect(Object.fromEntries(asked.query)).toEqual({ limit: "50", without: "live.step" });
  expect(await axeFaults()).toEqual([]);
});

test("filters stand in the address and are asked of the server", async () => {
  const { calls } = fakeServer(answers);
  show("/history?kind=risk.&author=ada");
  await screen.findByRole("button", { name: /Open event 2/ });
  expect(screen.getByLabelText("By")).toHaveValue("ada");
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("Text"), "drill");
  await waitFor(() => expect(address()).toBe("/history?kind=risk.&author=ada&text=drill"));
  await waitFor(() => expect(Object.fromEntries(calls.at(-1)!.query)).toEqual({ limit: "50", kind: "risk.", author: "ada", text: "drill" }));
  await user.click(screen.getByRole("button", { name: "No filters" }));
  await waitFor(() => expect(address()).toBe("/history"));
});

test("an event opens into its body and is proven by the page", async () => {
  fakeServer(answers);
  show("/history/1");
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText("tester")).toBeVisible();
  const user = userEvent.setup();
  await user.click(within(dialog).getByRole("button", { name: "Prove that it is in the log" }));
  expect(await within(dialog).findByText("Proven: this event is in the log")).toBeVisible();
  expect(within(dialog).getByText(/the hash that the event carries/)).toBeVisible();
  expect(await axeFaults(dialog)).toEqual([]);
});

test("a proof that does not hold is told, and so is a root that is not the kept one", async () => {
  fakeServer({ ...answers, "GET /api/ledger/events/1": { ...first, raw_body: '{"n": 2}' } });
  show("/history/1");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Prove that it is in the log" }));
  expect(await screen.findByText("Not proven")).toBeVisible();
  expect(screen.getByText(/its columns give another hash/)).toBeVisible();
});

test("a root that is not the kept one is told", async () => {
  fakeServer(answers);
  show("/history/1");
  const user = userEvent.setup();
  await user.click(await screen.findByText("Compare with a root that you kept"));
  await user.type(screen.getByLabelText("Root"), "b".repeat(64));
  await user.click(screen.getByRole("button", { name: "Prove that it is in the log" }));
  expect(await screen.findByText(/It is not the root that you kept/)).toBeVisible();
});

test("a viewer does not see the verification that the server would refuse", async () => {
  fakeServer(answers);
  show();
  await screen.findByRole("button", { name: /Open event 2/ });
  expect(screen.queryByRole("button", { name: "Verify the chain" })).not.toBeInTheDocument();
});

test("an operator verifies the chain and reads what is broken where", async () => {
  logInAs("operator");
  const verification = { clean: true, events: 2, root: "a".repeat(64), last_hash: "f".repeat(64), head_sequence: 2, faults: [] as object[] };
  const server = fakeServer({ ...answers, "GET /api/ledger/verify": verification });
  show();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Verify the chain" }));
  expect(await screen.findByText("Nothing was changed")).toBeVisible();
  expect(screen.getByText(/2 events were read, every hash computed anew/)).toBeVisible();
  server.answers["GET /api/ledger/verify"] = {
    ...verification,
    clean: false,
    faults: [{ code: "changed", sequence: 2, message: "event 2 is not what was written" }],
  };
  await user.click(screen.getByRole("button", { name: "Verify the chain" }));
  expect(await screen.findByText(/tampered with, or is damaged: 1 fault/)).toBeVisible();
  expect(screen.getByRole("link", { name: "event 2" })).toHaveAttribute("href", "/history/2");
  expect(await axeFaults()).toEqual([]);
});

test("the list that is filtered is what is exported, part by part", async () => {
  const saved: Blob[] = [];
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: (blob: Blob) => (saved.push(blob), "blob:x"), revokeObjectURL: () => undefined }));
  const header = "sequence,kind\n";
  const { calls } = fakeServer(answers);
  const list = globalThis.fetch;
  vi.stubGlobal("fetch", async (input: string, init?: RequestInit) => {
    const url = new URL(input, "http://x");
    if (url.pathname !== "/api/ledger/export") return list(input, init);
    calls.push({ method: "GET", path: url.pathname, query: url.searchParams, body: undefined, headers: new Headers(init?.headers) });
    const after = Number(url.searchParams.get("after"));
    const text = after === 0 ? `${header}1,note\n` : after === 1 ? `${header}2,risk.killed\n` : header;
    return new Response(text, { headers: { "X-Last-Event": String(Math.min(after + 1, 2)) } });
  });
  show("/history?author=ada");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "Export this list" }));
  await user.click(await screen.findByRole("menuitem", { name: /CSV/ }));
  expect(await screen.findByText("Exported, oldest first.")).toBeVisible();
  expect(await saved[0]!.text()).toBe(`${header}1,note\n2,risk.killed\n`);
  const asked = calls.filter((call) => call.path === "/api/ledger/export");
  expect(asked.map((call) => call.query.get("after"))).toEqual(["0", "1", "2"]);
  expect(asked[0]!.query.get("author")).toBe("ada");
  expect(asked[0]!.headers.get("Authorization")).toBe("Bearer stv_a_test");
});

test("an export of large bodies is read in smaller parts", async () => {
  const asked: string[] = [];
  fakeServer({
    "GET /api/ledger/export": ({ query }: { query: URLSearchParams }) => {
      const [after, limit] = [Number(query.get("after")), Number(query.get("limit"))];
      asked.push(`${after}/${limit}`);
      if (limit > 1000) return { status: 413, body: { status: 413, code: "ledger.export_too_large", detail: "more than 64 MiB", title: "File too large", what_to_do: "", request_id: "t" } };
      return { text: `after ${after}\n` };
    },
  });
  expect(await exportEvents({}, "jsonl")).toEqual(["after 0\n"]);
  expect(asked).toEqual(["0/10000", "0/2500", "0/625"]);
});

test("the list of sessions is filtered by the server, and the filters stand in the address", async () => {
  const { calls } = fakeServer({
    ...answers,
    "GET /api/sessions": { items: [], next_cursor: null },
    "GET /api/rl-training/scenarios": { scenarios: [{ id: "quick_tune", title: "Quick tune" }] },
  });
  show("/history/sessions?state=failed&kind=train&scenario=quick_tune&period=day");
  expect(await screen.findByText("No session fits")).toBeVisible();
  const query = Object.fromEntries(calls.find((call) => call.path === "/api/sessions")!.query);
  expect(query).toEqual({ limit: "500", state: "failed", kind: "train", scenario: "quick_tune", since: expect.any(String) });
  expect(Date.now() - Date.parse(query.since!)).toBeGreaterThanOrEqual(86_400_000);
  const user = userEvent.setup();
  await user.click(screen.getByRole("combobox", { name: "Kind" }));
  await user.click(await screen.findByRole("option", { name: "Any kind" }));
  await waitFor(() => expect(address()).toBe("/history/sessions?state=failed&scenario=quick_tune&period=day"));
  expect(await axeFaults()).toEqual([]);
});

test("training sessions and sessions of trading are listed", async () => {
  fakeServer({
    ...answers,
    "GET /api/sessions": { items: [], next_cursor: null },
    "GET /api/ledger/events": (call: { query: URLSearchParams }) => ({
      body: {
        items:
          call.query.get("kind") === "live.started"
            ? [{ ...first, sequence: 3, kind: "live.started", body: { session: "one", mode: "paper", feed: "replay", symbols: ["BTC/USDT"] } }]
            : [{ ...first, sequence: 9, kind: "live.stopped", body: { session: "one", reason: "the feed has ended" } }],
        next_cursor: null,
      },
    }),
  });
  show("/history/sessions");
  expect(await screen.findByText("No training session yet")).toBeVisible();
  const user = userEvent.setup();
  await user.click(screen.getByRole("radio", { name: "Trading" }));
  expect(await screen.findByText("the feed has ended")).toBeVisible();
  expect(address()).toBe("/history/sessions?of=live");
  expect(await axeFaults()).toEqual([]);
});
