import type { Schema } from "../api";
import * as format from "../ui/format";

/** Kinds of events of the ledger. `family`: the kinds that begin so. */
export const families: { prefix: string; title: string; kinds: { kind: string; title: string }[] }[] = [
  {
    prefix: "live.",
    title: "Trading",
    kinds: [
      { kind: "live.step", title: "Trading step" },
      { kind: "live.started", title: "Trading began" },
      { kind: "live.stopped", title: "Trading ended" },
      { kind: "live.reconciliation", title: "Account compared with record" },
      { kind: "live.rejected", title: "Data or order rejected" },
      { kind: "live.clock_stepped_back", title: "Clock stepped back" },
    ],
  },
  {
    prefix: "risk.",
    title: "Risk",
    kinds: [
      { kind: "risk.killed", title: "Kill switch" },
      { kind: "risk.rearmed", title: "Re-armed" },
      { kind: "risk.state", title: "Risk state changed" },
      { kind: "risk.limits_changed", title: "Limits changed" },
    ],
  },
  { prefix: "parameters.", title: "Parameters", kinds: [{ kind: "parameters.version", title: "Parameters changed" }] },
  { prefix: "gate.", title: "The gate", kinds: [{ kind: "gate.decision", title: "Decision of the gate" }] },
  {
    prefix: "training.",
    title: "Queue of training",
    kinds: [
      { kind: "training.queued", title: "Session queued" },
      { kind: "training.started", title: "Worker started" },
      { kind: "training.stop_requested", title: "Stop asked for" },
      { kind: "training.ended", title: "Session ended" },
    ],
  },
  {
    prefix: "session.",
    title: "Searches",
    kinds: [
      { kind: "session.started", title: "Search began" },
      { kind: "session.finished", title: "Search finished" },
    ],
  },
  { prefix: "api.", title: "Calls of the API", kinds: [{ kind: "api.call", title: "Changing call" }] },
  { prefix: "accounts.", title: "Users and keys", kinds: [{ kind: "accounts.changed", title: "User or key changed" }] },
  { prefix: "notify.", title: "Notifications", kinds: [{ kind: "notify.changed", title: "Channel changed" }] },
  { prefix: "ledger.", title: "The ledger itself", kinds: [{ kind: "ledger.adopted", title: "Ledger adopted" }] },
];

const titles = new Map<string, string>([
  ...families.map((family) => [family.prefix, `${family.title}: all`] as const),
  ...families.flatMap((family) => family.kinds.map(({ kind, title }) => [kind, title] as const)),
]);

/** "Decision of the gate" for gate.decision; the words of a kind that this page does not know. */
export function kindTitle(kind: string): string {
  return titles.get(kind) ?? format.words(kind);
}

type Choice = { value: string; label: string };

/**
 * What the filter offers: the kinds that are in the ledger with their counts, by family; those that this page does not know come last.
 * Before they are read, every kind that it knows. `chosen` is among them in any case.
 */
export function kindChoices(counts: readonly Schema<"LedgerKind">[] | undefined, chosen: string): { group: string; items: Choice[] }[] {
  const many = new Map(counts?.map(({ kind, events }) => [kind, events]));
  const label = (kind: string, events: number | undefined) => (events === undefined ? kindTitle(kind) : `${kindTitle(kind)} (${format.count(events)})`);
  const isShown = (kind: string) => counts === undefined || many.has(kind) || kind === chosen;
  const groups = families.map((family) => {
    const items = family.kinds.filter(({ kind }) => isShown(kind)).map(({ kind }) => ({ value: kind, label: label(kind, counts && (many.get(kind) ?? 0)) }));
    const inAll = counts?.reduce((sum, { kind, events }) => (kind.startsWith(family.prefix) ? sum + events : sum), 0);
    const all = items.length > 1 || chosen === family.prefix ? [{ value: family.prefix, label: label(family.prefix, inAll) }] : [];
    return { group: family.title, items: [...all, ...items] };
  });
  const known = new Set(groups.flatMap(({ items }) => items.map(({ value }) => value)));
  const others = (counts ?? []).filter(({ kind }) => !known.has(kind)).map(({ kind, events }) => ({ value: kind, label: label(kind, events) }));
  if (chosen && !known.has(chosen) && !many.has(chosen)) others.push({ value: chosen, label: label(chosen, counts && 0) });
  return [{ group: "Everything", items: [{ value: "", label: "All kinds" }] }, ...groups, { group: "Others", items: others }].filter(({ items }) => items.length > 0);
}
