import { limitShown, limitTexts } from "../settings/limits";
import { format } from "../ui";

/** A body may hold anything: these read it without trusting its shape. */
type Json = Record<string, unknown>;
const record = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
const count = (value: number, one: string, many = `${one}s`) => `${value} ${value === 1 ? one : many}`;
const because = (body: Json) => (text(body.reason) ? `: ${text(body.reason)}` : "");
/** What a table says to a word; words of an object's own prototype are none of its. */
const of = <T>(table: Record<string, T>, word: unknown): T | undefined => (Object.hasOwn(table, text(word)) ? table[text(word)] : undefined);
const lower = (code: unknown) => format.words(text(code)).toLowerCase();

const changes: Record<string, string> = {
  defaults: "the defaults",
  promotion: "promoted by the gate",
  manual: "changed by hand",
  rollback: "rolled back",
  overruling: "a person overruled the gate",
  import: "imported from a file",
};

const verdicts: Record<string, string> = {
  promote: "The gate promoted the proposal",
  reject: "The gate rejected the proposal",
  not_enough_evidence: "The gate has not enough evidence for the proposal",
};

const accountChanges: Record<string, (body: Json) => string> = {
  user_added: (body) => `User ${text(body.user)} was added${text(body.role) ? ` as ${text(body.role)}` : ""}`,
  user_removed: (body) => `User ${text(body.user)} was removed`,
  user_enabled: (body) => `User ${text(body.user)} may log in again`,
  user_disabled: (body) => `User ${text(body.user)} was disabled`,
  set_up: (body) => `User ${text(body.user)} was made the first administrator`,
  role_set: (body) => `User ${text(body.user)} is now ${text(body.role)}`,
  password_set: (body) => `A new password was set for ${text(body.user)}`,
  key_added: (body) => `An API key was made for ${text(body.user)}${text(body.key) ? `: ${text(body.key)}` : ""}`,
  key_removed: (body) => `An API key of ${text(body.user)} was revoked${text(body.key) ? `: ${text(body.key)}` : ""}`,
};

/** "Drawdown from 25 % to 20 %, Orders a minute from 60 orders to no limit" */
function limitsChanged(body: Json): string {
  const before = record(body.before);
  const after = record(body.limits);
  return limitTexts
    .flatMap((limit) => {
      const [from, to] = [before[limit.name], after[limit.name]];
      return typeof from === "number" && typeof to === "number" && from !== to ? [`${limit.title} from ${limitShown(limit, from)} to ${limitShown(limit, to)}`] : [];
    })
    .join(", ");
}

function step(body: Json): string {
  const parts = [
    [list(body.fills).length, "fill"],
    [list(body.orders).length, "new order"],
    [list(body.denials).length, "denied order"],
    [list(body.cancelled).length, "cancelled order"],
  ] as const;
  const happened = parts.filter(([size]) => size > 0).map(([size, name]) => count(size, name));
  const symbols = list(body.symbols).map(text).join(", ");
  const equity = typeof body.equity === "number" ? `, equity ${format.money(body.equity)}` : "";
  return `Step ${text(body.step)}${symbols ? ` on ${symbols}` : ""}: ${happened.join(", ") || "nothing new"}${equity}.`;
}

/** Calls that change something, by method and route, as what they ask for. */
const asked: Record<string, string> = {
  "POST /api/rl-training/start": "Start a session",
  "POST /api/rl-training/stop": "Stop a session",
  "POST /api/rl-training/reset": "Reset the parameters",
  "POST /api/rl-training/update-parameter": "Change parameters",
  "POST /api/rl-training/scenarios/{id}/start": "Start a session",
  "POST /api/rl-training/scenarios/stop": "Stop a session",
  "POST /api/sessions/{id}/stop": "Stop a session",
  "POST /api/parameters/rollback": "Roll the parameters back",
  "POST /api/parameters/override": "Overrule the gate",
  "POST /api/parameters/import": "Import parameters",
  "POST /api/parameters/compare": "Replay two versions of the parameters",
  "POST /api/live/kill": "Stop trading",
  "POST /api/live/re-arm": "Trade again",
  "POST /api/live/accept": "Take the broker's account as the truth",
  "POST /api/reports/{id}/ticket": "Open a report",
  "POST /api/notifications/channels": "Add a channel",
  "DELETE /api/notifications/channels/{name}": "Remove a channel",
  "PATCH /api/notifications/channels/{name}": "Change a channel",
  "POST /api/notifications/channels/{name}/test": "Send a test message",
  "POST /api/auth/password": "Change one's password",
  "POST /api/auth/users": "Add a user",
  "DELETE /api/auth/users/{name}": "Remove a user",
  "PATCH /api/auth/users/{name}": "Change a user",
  "PUT /api/auth/users/{name}/password": "Set a user's password",
  "POST /api/auth/keys": "Make an API key",
  "DELETE /api/auth/keys/{id}": "Revoke an API key",
};

const trainings: Record<string, string> = {
  train: "The training of an agent",
  bootstrap: "A bootstrap of agents",
  clone: "The cloning of an expert",
  ensemble: "The training of an ensemble",
};

const sentences: Record<string, (body: Json, author: string) => string> = {
  "live.started": (body) =>
    `${format.words(text(body.mode) || "live")} trading of ${list(body.symbols).map(text).join(", ") || "no symbol"} began` +
    `${text(body.feed) ? ` on ${text(body.feed)}` : ""}${text(body.resumes) ? `, going on with ${text(body.resumes)}` : ""}.`,
  "live.stopped": (body) => `Trading session ${text(body.session)} ended${because(body)}.`,
  "live.step": step,
  "live.reconciliation": (body) => {
    if (body.accepted === true || text(body.reason)) return `The broker's account was taken as the truth${because(body)}.`;
    if (body.agrees === true) return "The account agrees with the record.";
    return `The account differs from the record in ${count(list(body.differences).length, "point")}.`;
  },
  "live.rejected": (body) => list(body.sentences).map(text).join(" ") || "Something was rejected.",
  "live.clock_stepped_back": (body) =>
    `The clock stepped back by ${format.duration(typeof body.by === "number" ? body.by : null)}; the later time is kept.`,
  "risk.killed": (body, author) =>
    `${author} stopped trading, ${body.flatten === true ? "closing positions" : "leaving positions open"}${because(body)}`,
  "risk.rearmed": (body, author) => `${author} let trading go on${because(body)}`,
  "risk.state": (body) => `Risk state from ${lower(body.from)} to ${lower(body.to)}${text(body.why) ? `: ${text(body.why)}` : ""}.`,
  "risk.limits_changed": (body, author) => `${author} changed ${limitsChanged(body) || "limits of the risk engine"}${because(body)}`,
  "parameters.version": (body) =>
    `Version ${text(body.number)} is in force, ${of(changes, body.change) ?? lower(body.change)}${because(body)}`,
  "gate.decision": (body) => {
    const said = of(verdicts, body.verdict) ?? `The gate said: ${lower(body.verdict)}`;
    const summary = text(record(body.report).summary);
    return `${said}.${summary ? ` ${summary}` : ""}`;
  },
  "training.queued": (body) => {
    const asked = record(body.request);
    const what = text(asked.scenario) ? `${format.words(text(asked.scenario))}` : (trainings[text(asked.kind)] ?? format.words(text(asked.kind) || "training"));
    return `${what} was put into the queue${asked.dry_run === true ? " as a dry run" : ""}${because(body)}`;
  },
  "training.started": (body) =>
    `Session ${text(body.id)} began${typeof body.attempt === "number" && body.attempt > 1 ? `, attempt ${body.attempt}` : ""}.`,
  "training.stop_requested": (body, author) => `${author} asked session ${text(body.id)} to stop${because(body)}`,
  "training.ended": (body) => text(body.sentence) || `Session ${text(body.id)} ended: ${lower(body.state)}.`,
  "session.started": (body) =>
    `The search ${format.words(text(body.scenario))} began${body.resumed === true ? " again where it stopped" : ""}` +
    ` with ${list(body.targets).map(text).join(", ") || "no parameter"}.`,
  "session.finished": (body) => text(body.sentence) || `The search ended: ${lower(body.result)}.`,
  "accounts.changed": (body) =>
    `${of(accountChanges, body.what)?.(body) ?? `${format.words(text(body.what))}: ${text(body.user)}`}.`,
  "notify.changed": (body) => `${format.words(text(body.what))}: ${text(body.channel)}.`,
  "api.call": (body) => {
    const status = typeof body.status === "number" ? body.status : null;
    // A call that changes trading is on record before it acts, and again with its answer.
    const said = status === null ? "asked for" : status >= 400 ? `refused (${status})` : "done";
    const call = `${text(body.method)} ${text(body.path)}`;
    const what = of(asked, `${text(body.method)} ${text(body.route)}`);
    return what ? `“${what}” was ${said}${because(body)}` : `${call} was ${said}${because(body)}`;
  },
  "ledger.adopted": (body) => `The ledger was signed anew as it stands${because(body)}`,
};

/** An event in one sentence; null where this page does not know the kind. */
export function sentenceOf(event: { kind: string; author: string; body: unknown }): string | null {
  return of(sentences, event.kind)?.(record(event.body), event.author) ?? null;
}

/** The sentence, or the beginning of the body. */
export function briefOf(event: { kind: string; author: string; body: unknown; raw_body: string }): string {
  const said = sentenceOf(event) ?? event.raw_body;
  return said.length > 240 ? `${said.slice(0, 239)}…` : said;
}
