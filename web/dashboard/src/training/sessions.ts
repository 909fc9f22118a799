/** What the pages of training share: words for states, and the caches that pushed news keeps up to date. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { refresh, useLiveTopic, type Schema } from "../api";
import type { Tone } from "../ui";

export type TrainingSession = Schema<"TrainingSession">;
export type Scenario = Schema<"Scenario">;

export const states = ["queued", "running", "stopping", "finished", "failed", "stopped", "interrupted"] as const;

export function isAtWork(session: TrainingSession): boolean {
  return session.state === "running" || session.state === "stopping";
}

export function isActive(session: TrainingSession): boolean {
  return session.state === "queued" || isAtWork(session);
}

export function stateTone(state: TrainingSession["state"]): Tone {
  switch (state) {
    case "queued":
      return "neutral";
    case "running":
      return "busy";
    case "finished":
      return "good";
    case "failed":
      return "bad";
    default:
      return "warn";
  }
}

/** What came of it, in a word or two, and whether it changed the parameters. */
export function outcomeOf(session: TrainingSession): { text: string; tone: Tone } | null {
  switch (session.outcome) {
    case null:
    case "":
      return null;
    case "promoted":
      return { text: session.new_version ? `Promoted: version ${session.new_version}` : "Promoted", tone: "good" };
    case "not_applied":
      return { text: "Approved, not applied", tone: "warn" };
    case "rejected":
      return { text: "Rejected", tone: "bad" };
    case "not_enough":
    case "not_enough_evidence":
      return { text: "Not enough evidence", tone: "warn" };
    case "nothing_better":
      return { text: "Nothing better found", tone: "neutral" };
    case "trained":
      return { text: "Trained", tone: "good" };
    default:
      return { text: session.outcome.replace(/_/g, " "), tone: "neutral" };
  }
}

export const phases: Record<string, string> = {
  loading: "Reading the bars",
  searching: "Searching",
  judging: "The gate judges",
  writing: "Writing the results",
};

/** A training changes no parameters; everything else is a search. */
export function isTraining(session: TrainingSession): boolean {
  return session.kind !== "optimize";
}

export interface KindWords {
  /** what its progress counts: "step", "Steps" */
  unit: string;
  units: string;
  best: string;
  bestHelp: string;
  newest: string;
  newestHelp: string;
}

const steps = { unit: "step", units: "Steps" };
const learning: KindWords = {
  ...steps,
  best: "Best on the validation part",
  bestHelp: "Log growth of the equity on bars that it does not learn on, of the policy that did best there and is kept. 0 is that of cash.",
  newest: "Mean reward of an episode",
  newestHelp: "Of the newest episodes on the bars that it learns on.",
};
const kindWords: Record<TrainingSession["kind"], KindWords> = {
  optimize: {
    unit: "episode",
    units: "Episode",
    best: "Best so far",
    bestHelp: "Reward of the best candidate: over the windows of the history, what the scenario looks for, less half of its spread. Higher is better.",
    newest: "What runs now",
    newestHelp: "The same reward, of the parameters in force.",
  },
  train: learning,
  bootstrap: { ...learning, bestHelp: "Log growth of the equity on bars that none learns on, of the policy that did best there so far. 0 is that of cash." },
  clone: {
    unit: "epoch",
    units: "Epochs",
    best: "Most right actions so far",
    bestHelp: "Largest share of bars on which it takes the expert's action, on bars that it does not learn on.",
    newest: "Right actions, newest epoch",
    newestHelp: "The same after the newest epoch, of the cross-validation or of the policy that is kept.",
  },
  ensemble: {
    ...steps,
    best: "Best member on the validation part",
    bestHelp: "Log growth of the equity on bars that no member learns on, of the member that did best there so far. 0 is that of cash.",
    newest: "Member at work, on the same",
    newestHelp: "Of its policy that did best there so far and is kept.",
  },
};

/** The words for what a session counts and is measured by. */
export function wordsOf(session: TrainingSession): KindWords {
  return kindWords[session.kind] ?? learning;
}

/** What a scenario looks for: in a word, and what that is. */
export const goals: Record<string, { word: string; text: string }> = {
  balanced: { word: "A balance", text: "Half the Sharpe ratio plus the growth of the equity less the largest loss from a peak" },
  sharpe: { word: "Sharpe ratio", text: "The annual Sharpe ratio of the daily returns" },
  drawdown: { word: "Small drawdowns", text: "The growth of the equity less four times the largest loss from a peak" },
  return: { word: "Growth", text: "The growth of the equity in a year" },
};

export const boldness: Record<Scenario["aggressiveness"], { level: 1 | 2 | 3; text: string }> = {
  careful: { level: 1, text: "begins within about 10 % of each range around what runs" },
  moderate: { level: 2, text: "begins within about 20 % of each range around what runs" },
  bold: { level: 3, text: "begins within about 30 % of each range around what runs" },
};

/** The name of what runs: the scenario's title where it is known. */
export function titleOf(session: TrainingSession, scenarios?: readonly Scenario[]): string {
  if (session.kind === "train") return `Training of an agent (${session.algorithm === "dqn" ? "DQN" : "PPO"})`;
  if (session.kind === "bootstrap") return "First trainings (PPO and DQN)";
  if (session.kind === "clone") return `Clone of ${session.expert === null || session.expert === "rsi-ma" ? "the expert rsi-ma" : fileName(session.expert)}`;
  if (session.kind === "ensemble") return "Training of an ensemble";
  const id = session.scenario ?? "";
  const known = scenarios?.find((scenario) => scenario.id === id);
  if (known) return known.title;
  const text = id.replace(/_/g, " ");
  return text ? text.charAt(0).toUpperCase() + text.slice(1) : "Search";
}

/** The last part of a path. */
export function fileName(path: string): string {
  return path.split("/").pop() || path;
}

const known = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const numberOr = <T>(value: unknown, other: T): number | T => (known(value) ? value : other);

/** A session with what a pushed event says of it (docs/sessions.md): the event is flat, the session is not. */
export function patched(session: TrainingSession, data: Record<string, unknown>): TrainingSession {
  const text = (value: unknown, other: string | null) => (typeof value === "string" ? value || null : other);
  const state = states.find((one) => one === data.state) ?? session.state;
  return {
    ...session,
    state,
    scenario: text(data.scenario, session.scenario) ?? session.scenario,
    started: text(data.started, session.started),
    ended: text(data.ended, session.ended),
    outcome: text(data.outcome, session.outcome),
    verdict: text(data.verdict, session.verdict),
    sentence: typeof data.sentence === "string" ? data.sentence : session.sentence,
    new_version: numberOr(data.new_version, session.new_version),
    decision_event: numberOr(data.decision_event, 0) || session.decision_event,
    attempts: numberOr(data.attempts, session.attempts),
    progress: {
      phase: text(data.phase, session.progress.phase),
      episode: numberOr(data.episode, session.progress.episode),
      episodes: numberOr(data.episodes, session.progress.episodes),
      candidates: numberOr(data.candidates, session.progress.candidates),
      best_reward: numberOr(data.best_reward, session.progress.best_reward),
      running_reward: numberOr(data.running_reward, session.progress.running_reward),
      fraction: numberOr(data.fraction, session.progress.fraction),
      seconds_left: numberOr(data.seconds_left, null),
      updated: text(data.updated, session.progress.updated),
    },
  };
}

type Status = Schema<"TrainingStatus">;
type Listed = { items: TrainingSession[] };

function takeNews(client: QueryClient, kind: string, data: Record<string, unknown>): void {
  const id = typeof data.id === "string" ? data.id : "";
  if (kind === "session.recommended") return refresh(client, ["/api/rl-training/scenarios", "/api/rl-training/status"]);
  if (id === "") return;
  if (kind !== "session.progress") {
    refresh(client, ["/api/sessions", "/api/sessions/{id}", "/api/rl-training/status", "/api/rl-training/scenarios/results/{id}", "/api/reports", "/api/sessions/{id}/progress"]);
    return;
  }
  const status = client.getQueryData<Status>(["/api/rl-training/status", {}]);
  if (status && status.session?.id !== id) refresh(client, ["/api/rl-training/status", "/api/sessions"]);
  client.setQueryData<Status>(["/api/rl-training/status", {}], (old) =>
    old?.session?.id === id ? { ...old, session: patched(old.session, data) } : old,
  );
  client.setQueryData<TrainingSession>(["/api/sessions/{id}", { path: { id } }], (old) => old && patched(old, data));
  client.setQueriesData<{ pages: Listed[] }>({ predicate: (query) => query.queryKey[0] === "/api/sessions" }, (old) =>
    old?.pages
      ? { ...old, pages: old.pages.map((page) => ({ ...page, items: page.items.map((one) => (one.id === id ? patched(one, data) : one)) })) }
      : old,
  );
}

/** Puts what is pushed of sessions into what is shown, at once; the pages read anew every two seconds beside it. */
export function useSessionNews(): void {
  const client = useQueryClient();
  useLiveTopic("sessions", (event) => takeNews(client, event.kind, event.data));
}
