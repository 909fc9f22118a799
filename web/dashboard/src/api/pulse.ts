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

  constructor(private readonly now: () => number = Date.now) {}

  start(): () => void {
    this.begun = this.now();
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
    if (this.view.state !== "live") return this.look();
    this.view = { ...this.view, state: "stale" };
    this.tell();
  }

  /** Timers stand still in a tab that nobody sees: the silence was not the server's. */
  forgive(): void {
    if (this.view.state === "live" && this.view.heardAt !== null) this.view = { ...this.view, heardAt: this.now() };
  }

  snapshot = (): PulseView => this.view;

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private look(): void {
    const since = this.view.heardAt ?? this.begun;
    if (this.view.state !== "stale" && this.now() - since > STALE_AFTER_MS) {
      this.view = { ...this.view, state: "stale" };
      this.tell();
    }
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher();
  }
}

export const pulse = new Pulse();
