/** When the server was last heard, and what follows for the page. */

export type PulseState = "connecting" | "live" | "stale";

export const STALE_AFTER_MS = 2000; // without any answer
const LOOK_EVERY_MS = 250;

export interface PulseView {
  state: PulseState;
  heardAt: number | null; // ms since 1970; what the page shows is from then
}

export class Pulse {
  private view: PulseView = { state: "connecting", heardAt: null };
  private readonly watchers = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private begun = 0;
  private looked = 0;

  constructor(private readonly now: () => number = () => Date.now()) {}

  start(): () => void {
    this.begun = this.looked = this.now();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    return () => clearInterval(this.timer);
  }

  /** The server has answered anything. */
  heard(): void {
    const at = this.now();
    const old = this.view;
    this.view = { state: "live", heardAt: at };
    if (old.state !== "live") this.tell();
  }

  /** It is known to be away: its connection broke and a try failed. */
  lost(): void {
    if (this.view.state === "stale") return;
    this.view = { ...this.view, state: "stale" };
    this.tell();
  }

  snapshot = (): PulseView => this.view;

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private look(): void {
    const now = this.now();
    // Timers stand still in a tab that nobody sees, or while the page is busy: that silence was not the server's.
    if (now - this.looked > STALE_AFTER_MS / 2) this.begun = now;
    this.looked = now;
    const since = Math.max(this.view.heardAt ?? 0, this.begun);
    if (this.view.state !== "stale" && now - since > STALE_AFTER_MS) {
      this.view = { ...this.view, state: "stale" };
      this.tell();
    }
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }
}

export const pulse = new Pulse();

/** Rejects where the server does not answer. */
export async function askWhetherItLives(): Promise<void> {
  await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(1500) });
}
