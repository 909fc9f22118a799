import { expect, test } from "vitest";
import { csvCell, csvOf, withoutHeader } from "./exporting";
import { families, kindChoices, kindTitle } from "./kinds";
import { briefOf, sentenceOf } from "./sentences";

const said = (kind: string, body: unknown, author = "ada") => sentenceOf({ kind, author, body });

test("known kinds are told in sentences", () => {
  expect(said("risk.killed", { reason: "drill", flatten: true })).toBe("ada stopped trading, closing positions: drill");
  expect(said("parameters.version", { number: 3, change: "rollback", reason: "worse" })).toBe("Version 3 is in force, rolled back: worse");
  expect(said("gate.decision", { verdict: "reject", report: { summary: "What runs stays." } })).toBe(
    "The gate rejected the proposal. What runs stays.",
  );
  expect(said("live.step", { step: 7, symbols: ["BTC/USDT"], fills: [{}], orders: [{}, {}], equity: 10 })).toBe(
    "Step 7 on BTC/USDT: 1 fill, 2 new orders, equity 10.00\u00a0USDT.",
  );
  expect(said("api.call", { method: "POST", path: "/api/live/kill", status: 403, reason: "x" })).toBe("POST /api/live/kill was refused (403): x");
  expect(said("api.call", { method: "POST", path: "/api/sessions/x/stop", route: "/api/sessions/{id}/stop", reason: "wrong bars" })).toBe("“Stop a session” was asked for: wrong bars");
  expect(said("api.call", { method: "POST", path: "/api/live/kill", route: "/api/live/kill", status: 200 })).toBe("“Stop trading” was done");
  expect(said("accounts.changed", { what: "user_added", user: "otto", role: "operator" })).toBe("User otto was added as operator.");
  expect(said("live.reconciliation", { agrees: false, differences: [{}, {}] })).toBe("The account differs from the record in 2 points.");
  expect(said("risk.limits_changed", { reason: "a quiet week", before: { exposure_share: 3, orders_per_minute: 60 }, limits: { exposure_share: 1.5, orders_per_minute: 0 } })).toBe(
    "ada changed Largest exposure from 300\u00a0% to 150\u00a0%, Orders a minute from 60\u00a0orders to no limit: a quiet week",
  );
  expect(said("risk.limits_changed", { reason: "why" })).toBe("ada changed limits of the risk engine: why");
  expect(said("some.new_kind", { a: 1 })).toBeNull();
  expect(kindTitle("some.new_kind")).toBe("Some new kind");
});

test("the filter offers the kinds that are there, with their counts", () => {
  const counts = [
    { kind: "gate.decision", events: 3, newest: 9 },
    { kind: "risk.killed", events: 1, newest: 2 },
    { kind: "risk.limits_changed", events: 1234, newest: 12 },
    { kind: "some.new_kind", events: 5, newest: 11 },
  ];
  const groups = kindChoices(counts, "");
  expect(groups.map(({ group, items }) => [group, items.map(({ value, label }) => `${value}: ${label}`)])).toEqual([
    ["Everything", [": All kinds"]],
    ["Risk", ["risk.: Risk: all (1,235)", "risk.killed: Kill switch (1)", "risk.limits_changed: Limits changed (1,234)"]],
    ["The gate", ["gate.decision: Decision of the gate (3)"]],
    ["Others", ["some.new_kind: Some new kind (5)"]],
  ]);
  const values = (chosen: string, known: typeof counts | undefined) => kindChoices(known, chosen).flatMap(({ items }) => items.map(({ value }) => value));
  for (const chosen of ["live.step", "live.", "from.an_address", "risk.", "some.new_kind", "some."])
    expect(values(chosen, counts).filter((value) => value === chosen)).toHaveLength(1);
  expect(values("", undefined)).toEqual(["", ...families.flatMap((family) => [...(family.kinds.length > 1 ? [family.prefix] : []), ...family.kinds.map(({ kind }) => kind)])]);
});

test("no body breaks a sentence", () => {
  const kinds = families.flatMap((family) => family.kinds.map(({ kind }) => kind));
  const bodies = [null, 1, "text", [], {}, { reason: {}, symbols: 3, fills: "x", report: [], request: null, what: "toString", by: "late" }];
  for (const kind of kinds) {
    for (const body of bodies) {
      const sentence = said(kind, body);
      expect(sentence, kind).toEqual(expect.any(String));
      expect(sentence, kind).not.toMatch(/undefined|\[object|NaN/);
    }
  }
});

test("an unknown kind shows the beginning of its body", () => {
  const event = { kind: "other", author: "ada", body: {}, raw_body: "x".repeat(500) };
  expect(briefOf(event)).toHaveLength(240);
});

test("cells of CSV are quoted, and no formula for a spreadsheet", () => {
  expect(csvCell('say "no", or\nelse')).toBe('"say ""no"", or\nelse"');
  expect(csvCell("=HYPERLINK(1)")).toBe("'=HYPERLINK(1)");
  expect(csvCell(-3.5)).toBe("-3.5");
  expect(csvCell(null)).toBe("");
  expect(csvOf([{ a: 1 }, { a: 2, b: "x,y" }])).toBe('a,b\r\n1,\r\n2,"x,y"\r\n');
  expect(withoutHeader("a,b\n1,2\n")).toBe("1,2\n");
  expect(withoutHeader("a,b")).toBe("");
});
