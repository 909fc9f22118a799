/**
 * Checks in the browser that an event is in the log: the hash of its columns, then the path of the Merkle tree up to
 * the root (docs/ledger.md; RFC 6962, section 2.1.1; RFC 9162, section 2.1.3.2).
 */
import type { Schema } from "../api";

export interface ProofStep {
  /** what stands at the left and at the right, in hex */
  left: string;
  right: string;
  /** SHA-256 of a byte 1, left and right */
  node: string;
  sibling: "left" | "right";
}

export interface ProofCheck {
  holds: boolean;
  /** what is wrong; empty where it holds */
  faults: string[];
  bytes: number; // that were hashed for the event
  eventHash: string; // as computed here
  steps: ProofStep[];
  root: string; // as computed here
}

const encoder = new TextEncoder();

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function bytesOf(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error("not a hash in hex");
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function netstring(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return joined(encoder.encode(`${bytes.length}:`), bytes, encoder.encode(","));
}

/** The bytes that the hash of an event covers, without the zero byte before them. */
export function eventBytes(event: Schema<"Event">): Uint8Array {
  const fields = [
    "stevie-event-1",
    String(event.sequence),
    String(Date.parse(event.time)),
    event.kind,
    event.author,
    event.raw_body,
    event.previous_hash,
  ];
  return joined(...fields.map(netstring));
}

/** Browsers compute hashes only where the page came over HTTPS or from this machine. */
export function canCheck(): boolean {
  return typeof crypto !== "undefined" && crypto.subtle !== undefined;
}

export async function checkProof(event: Schema<"Event">, proof: Schema<"InclusionProof">): Promise<ProofCheck> {
  const faults: string[] = [];
  const bytes = joined(Uint8Array.of(0), eventBytes(event));
  let node = await sha256(bytes);
  const eventHash = hexOf(node);
  if (eventHash !== event.hash) faults.push("The event is not what was hashed: its columns give another hash than the one it carries.");
  if (eventHash !== proof.leaf) faults.push("The leaf of the proof is not this event.");
  if (proof.sequence !== event.sequence) faults.push("The proof is about another event.");

  const steps: ProofStep[] = [];
  let index = proof.sequence - 1;
  let last = proof.size - 1;
  let isWhole = index <= last;
  for (const hash of proof.path) {
    if (last === 0) {
      isWhole = false; // more siblings than the tree is high
      break;
    }
    const sibling = bytesOf(hash);
    const isLeft = index % 2 === 1 || index === last;
    const left = isLeft ? sibling : node;
    const right = isLeft ? node : sibling;
    node = await sha256(joined(Uint8Array.of(1), left, right));
    steps.push({ left: hexOf(left), right: hexOf(right), node: hexOf(node), sibling: isLeft ? "left" : "right" });
    if (isLeft) {
      // At the right edge the levels without a sibling are passed over.
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  if (!isWhole || last !== 0) faults.push("The proof has not as many steps as a tree of its size.");
  const root = hexOf(node);
  if (root !== proof.root) faults.push("The steps lead to another root than the proof tells.");
  return { holds: faults.length === 0, faults, bytes: bytes.length, eventHash, steps, root };
}
