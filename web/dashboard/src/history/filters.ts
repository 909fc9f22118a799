/** What is asked of the list of events: in the address of the page, and as the server takes it. */

export const periods = {
  hour: { title: "Last hour", ms: 3_600_000 },
  day: { title: "Last 24 hours", ms: 86_400_000 },
  week: { title: "Last 7 days", ms: 7 * 86_400_000 },
  month: { title: "Last 30 days", ms: 30 * 86_400_000 },
} as const;
export type Period = keyof typeof periods | "" | "between";

export interface Filters {
  kind: string; // "": all; "risk.": all that begin so
  author: string;
  text: string;
  period: Period;
  from: string; // ISO, where period is "between"; "": open
  to: string;
  steps: boolean; // whether trading steps are among all kinds
}

export const noFilters: Filters = { kind: "", author: "", text: "", period: "", from: "", to: "", steps: false };

const kindPattern = /^[a-z0-9_.-]{1,100}$/;
const isTime = (text: string) => text !== "" && !Number.isNaN(Date.parse(text));
// eslint-disable-next-line no-control-regex
const oneLine = (text: string | null) => (text ?? "").replace(/[\u0000-\u001f\u007f]/g, " ").slice(0, 200);

/** Of an address; what makes no sense in it is left out. */
export function filtersOf(address: URLSearchParams): Filters {
  const kind = address.get("kind") ?? "";
  const period = address.get("period") ?? "";
  const from = address.get("from") ?? "";
  const to = address.get("to") ?? "";
  const between = isTime(from) || isTime(to) || period === "between";
  return {
    kind: kindPattern.test(kind) ? kind : "",
    author: oneLine(address.get("author")),
    text: oneLine(address.get("text")),
    period: between ? "between" : Object.hasOwn(periods, period) ? (period as Period) : "",
    from: isTime(from) ? new Date(from).toISOString() : "",
    to: isTime(to) ? new Date(to).toISOString() : "",
    steps: address.get("steps") === "1",
  };
}

export function addressOf(filters: Filters): Record<string, string> {
  const address: Record<string, string> = {};
  if (filters.kind) address.kind = filters.kind;
  if (filters.author) address.author = filters.author;
  if (filters.text) address.text = filters.text;
  if (filters.period) address.period = filters.period;
  if (filters.period === "between" && filters.from) address.from = filters.from;
  if (filters.period === "between" && filters.to) address.to = filters.to;
  if (filters.steps) address.steps = "1";
  return address;
}

export interface EventQuery {
  kind?: string;
  without?: string;
  author?: string;
  text?: string;
  since?: string;
  until?: string;
}

/** Parameters of GET /api/ledger/events and /api/ledger/export. */
export function queryOf(filters: Filters, now: number): EventQuery {
  const query: EventQuery = {};
  if (filters.kind) query.kind = filters.kind;
  // Hundreds an hour in a replay: they would hide everything else.
  if (!filters.steps && (filters.kind === "" || filters.kind === "live.")) query.without = "live.step";
  if (filters.author.trim()) query.author = filters.author.trim();
  if (filters.text.trim()) query.text = filters.text.trim();
  if (filters.period === "between") {
    if (filters.from) query.since = filters.from;
    if (filters.to) query.until = filters.to;
  } else if (filters.period) {
    query.since = new Date(now - periods[filters.period].ms).toISOString();
  }
  return query;
}

/** Whether an event that was just written, of which only this is known, may belong to the list. */
export function mayBelong(filters: Filters, event: { kind: string; author: string }, now: number): boolean {
  if (filters.kind.endsWith(".") ? !event.kind.startsWith(filters.kind) : filters.kind && event.kind !== filters.kind) return false;
  if (filters.author.trim() && event.author !== filters.author.trim()) return false;
  return !(filters.period === "between" && filters.to && Date.parse(filters.to) <= now);
}

/** Between an ISO time and the value of a field for date and time, in the clock that the person chose. */
export function fieldOf(iso: string, clock: "utc" | "local"): string {
  if (!isTime(iso)) return "";
  const time = new Date(iso);
  const shift = clock === "utc" ? 0 : -time.getTimezoneOffset() * 60_000;
  return new Date(time.getTime() + shift).toISOString().slice(0, 16);
}

export function timeOf(field: string, clock: "utc" | "local"): string {
  const time = new Date(clock === "utc" ? `${field}Z` : field);
  return field === "" || Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
