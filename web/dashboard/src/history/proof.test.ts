import { webcrypto } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import type { Schema } from "../api";
import { checkProof, eventBytes } from "./proof";

beforeAll(() => {
  if (!globalThis.crypto?.subtle) Object.defineProperty(globalThis, "crypto", { value: webcrypto });
});

type Event = Schema<"Event">;
type Proof = Schema<"InclusionProof">;

/** The event of the ledger's own test, hashed there with Python's hashlib. */
const known: Event = {
  sequence: 1,
  time: "2023-11-14T22:13:20.123Z",
  kind: "note",
  author: "tester",
  body: JSON.parse('{"n": 1}') as Event["body"],
  raw_body: '{"n": 1}',
  previous_hash: "0".repeat(64),
  hash: "820a05f2afdeb951300f67d191168832d464296464e9f7b2d3a35dbc3d1b3065",
};

const encoder = new TextEncoder();
async function hash(...parts: (Uint8Array | number)[]): Promise<Uint8Array> {
  const bytes = parts.flatMap((part) => (typeof part === "number" ? [part] : [...part]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

async function log(size: number): Promise<{ events: Event[]; leaves: Uint8Array[] }> {
  const events: Event[] = [];
  const leaves: Uint8Array[] = [];
  let previous = "0".repeat(64);
  for (let n = 1; n <= size; ++n) {
    const event: Event = { ...known, sequence: n, author: "Zoë", raw_body: `{"n": "${n} €"}`, previous_hash: previous, hash: "" };
    const leaf = await hash(0, eventBytes(event));
    previous = event.hash = hex(leaf);
    events.push(event);
    leaves.push(leaf);
  }
  return { events, leaves };
}

/** RFC 6962, section 2.1 and 2.1.1, as it stands there. */
async function root(leaves: Uint8Array[]): Promise<Uint8Array> {
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hash(1, await root(leaves.slice(0, k)), await root(leaves.slice(k)));
}
async function path(m: number, leaves: Uint8Array[]): Promise<Uint8Array[]> {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...(await path(m, leaves.slice(0, k))), await root(leaves.slice(k))]
    : [...(await path(m - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

test("the hash of an event is the documented one", async () => {
  expect(new TextDecoder().decode(eventBytes(known))).toBe(
    `14:stevie-event-1,1:1,13:1700000000123,4:note,6:tester,8:{"n": 1},64:${"0".repeat(64)},`,
  );
  const proof: Proof = { proof: "inclusion", sequence: 1, size: 1, leaf: known.hash, root: known.hash, path: [] };
  expect(await checkProof(known, proof)).toMatchObject({ holds: true, eventHash: known.hash, root: known.hash, steps: [] });
});

test("lengths are those of UTF-8", () => {
  expect(new TextDecoder().decode(eventBytes({ ...known, author: "Zoë €" }))).toContain(",8:Zoë €,");
  expect(encoder.encode("Zoë €")).toHaveLength(8);
});

test("every event of every small tree is proven, by the steps of the RFC", async () => {
  const { events, leaves } = await log(20);
  for (let size = 1; size <= 20; ++size) {
    const tree = leaves.slice(0, size);
    const top = hex(await root(tree));
    for (let n = 1; n <= size; ++n) {
      const siblings = (await path(n - 1, tree)).map(hex);
      const proof: Proof = { proof: "inclusion", sequence: n, size, leaf: events[n - 1]!.hash, root: top, path: siblings };
      const found = await checkProof(events[n - 1]!, proof);
      expect(found.faults, `event ${n} of ${size}`).toEqual([]);
      expect(found.root).toBe(top);
      expect(found.steps).toHaveLength(siblings.length);
    }
  }
});

test("a changed event, path, place or root is found", async () => {
  const { events, leaves } = await log(7);
  const event = events[4]!;
  const proof: Proof = {
    proof: "inclusion",
    sequence: 5,
    size: 7,
    leaf: event.hash,
    root: hex(await root(leaves)),
    path: (await path(4, leaves)).map(hex),
  };
  expect((await checkProof(event, proof)).holds).toBe(true);
  for (const changed of [
    { ...event, raw_body: '{"n": "6 €"}' },
    { ...event, author: "Zoe" },
    { ...event, kind: "other" },
    { ...event, time: "2023-11-14T22:13:20.124Z" },
    { ...event, previous_hash: "1".repeat(64) },
    { ...event, sequence: 6 },
  ]) {
    expect((await checkProof(changed, proof)).holds, JSON.stringify(changed)).toBe(false);
  }
  for (const changed of [
    { ...proof, root: proof.leaf },
    { ...proof, path: proof.path.slice(1) },
    { ...proof, path: [...proof.path, proof.leaf] },
    { ...proof, path: [...proof.path].reverse() },
    { ...proof, sequence: 4 },
    { ...proof, size: 4 },
    { ...proof, leaf: proof.root },
  ]) {
    expect((await checkProof(event, changed)).holds, JSON.stringify(changed)).toBe(false);
  }
});
