import { addressOf } from "../api/client";
import { api, fetchWithToken, type Schema } from "../api";
import { ApiProblem } from "../api/problem";
import type { EventQuery } from "./filters";

export type FileFormat = "csv" | "jsonl";
const PART = 10_000;

/** Hands a file to the browser to save. */
export function save(parts: BlobPart[], type: string, name: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Lines of a part; bodies hold line breaks only where CSV quotes them. */
export function withoutHeader(csv: string): string {
  const end = csv.indexOf("\n");
  return end < 0 ? "" : csv.slice(end + 1);
}

/** Null where so many events are more bytes than the server gives at a time. */
async function partOf(address: string, isOne: boolean, signal: AbortSignal | undefined): Promise<Response | null> {
  try {
    return await fetchWithToken(address, signal ? { signal } : {});
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "ledger.export_too_large" && !isOne) return null;
    throw error;
  }
}

/** All events of the list, oldest first, read part by part. `onPart` hears the number of the last event read. */
export async function exportEvents(
  query: EventQuery,
  format: FileFormat,
  { signal, onPart }: { signal?: AbortSignal; onPart?: (lastEvent: number) => void } = {},
): Promise<string[]> {
  const parts: string[] = [];
  let after = 0;
  let limit = PART;
  for (;;) {
    const address = addressOf("/api/ledger/export", { query: { ...query, after, format, limit } });
    const response = await partOf(address, limit === 1, signal);
    if (response === null) {
      // Large bodies: fewer of them at a time.
      limit = Math.max(1, Math.floor(limit / 4));
      continue;
    }
    const text = await response.text();
    const last = Number(response.headers.get("X-Last-Event") ?? after);
    parts.push(format === "csv" && after > 0 ? withoutHeader(text) : text);
    if (!(last > after)) return parts;
    after = last;
    onPart?.(last);
  }
}

type Session = Schema<"TrainingSession">;
export interface SessionQuery {
  state?: Session["state"];
  kind?: Session["kind"];
  scenario?: string;
  since?: string;
}

export async function allSessions(filters: SessionQuery): Promise<Session[]> {
  const sessions: Session[] = [];
  let cursor: string | null = null;
  do {
    const query: SessionQuery & { limit: number; cursor?: string } = { ...filters, limit: 500 };
    if (cursor) query.cursor = cursor;
    const page: { items: Session[]; next_cursor: string | null } = await api.get("/api/sessions", { query });
    sessions.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return sessions;
}

/** A cell of CSV; what a spreadsheet would take for a formula is made a text. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(rows: readonly object[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => names.map((name) => csvCell((row as Record<string, unknown>)[name])).join(","));
  return [names.join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

/** Saves a list of sessions, as rows of `flat` or as they are; says how many. */
export function saveSessions<Row>(format: string, name: string, sessions: readonly Row[], flat: (session: Row) => object): string {
  if (format === "csv") save([csvOf(sessions.map(flat))], "text/csv", `${name}.csv`);
  else save([JSON.stringify(sessions, null, 2)], "application/json", `${name}.json`);
  return sessions.length === 1 ? "1 session exported." : `${sessions.length} sessions exported.`;
}
