import type { Schema } from "../api";
import type { Tone } from "../ui";

type Session = Schema<"TrainingSession">;

export const sessionStates = ["queued", "running", "stopping", "finished", "failed", "stopped", "interrupted"] as const;
export type SessionState = Session["state"];

export const stateTones: Record<SessionState, Tone> = {
  queued: "neutral",
  running: "busy",
  stopping: "busy",
  finished: "good",
  failed: "bad",
  stopped: "warn",
  interrupted: "warn",
};

export function matches(session: Session, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  return [session.id, session.scenario ?? "", session.kind, session.by, session.reason, session.sentence, session.outcome ?? ""].some((field) =>
    field.toLowerCase().includes(wanted),
  );
}

export interface LiveSession {
  id: string;
  mode: string;
  feed: string;
  symbols: string[];
  started: string;
  startEvent: number;
  ended: string | null;
  endEvent: number | null;
  why: string;
}

/** Sessions of trading, newest first, of their two kinds of events. */
export function liveSessions(starts: Schema<"Event">[], stops: Schema<"Event">[]): LiveSession[] {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  const ends = new Map(stops.map((event) => [text((event.body as Record<string, unknown>).session), event]));
  return starts.map((event) => {
    const body = event.body as Record<string, unknown>;
    const end = ends.get(text(body.session));
    const isAfter = end !== undefined && end.sequence > event.sequence;
    return {
      id: text(body.session),
      mode: text(body.mode),
      feed: text(body.feed),
      symbols: Array.isArray(body.symbols) ? body.symbols.map(text) : [],
      started: event.time,
      startEvent: event.sequence,
      ended: isAfter ? end.time : null,
      endEvent: isAfter ? end.sequence : null,
      why: isAfter ? text((end.body as Record<string, unknown>).reason) : "",
    };
  });
}

/** A session without its nested parts, for a row of CSV. */
export function flat(session: Session): Record<string, unknown> {
  const { progress, settings, data, ...rest } = session;
  return { ...rest, data: data.join(" "), settings, episodes_done: progress.episode, candidates: progress.candidates, best_reward: progress.best_reward, running_reward: progress.running_reward };
}
