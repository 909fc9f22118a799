/** The WebSocket of the server: what changes, pushed. It connects again by itself and goes on behind the last event. */
import { pulse as thePulse, STALE_AFTER_MS, type Pulse } from "./pulse";

export interface LiveEvent {
  id: number;
  topic: string;
  kind: string;
  time: string;
  data: Record<string, unknown>;
}

export type SocketState = "closed" | "connecting" | "open";

export interface SocketParts {
  address: () => string;
  token: () => string | null;
  /** The token does not hold; true where there is a new one. */
  renew: () => Promise<boolean>;
  pulse?: Pulse;
  make?: (address: string) => WebSocket;
  /** Asks for any answer by HTTP; throws where there is none. */
  poll?: () => Promise<void>;
  random?: () => number;
}

const PING_EVERY_MS = 1000;
const POLL_EVERY_MS = 1000;
const WAITS_MS = [250, 500, 1000, 2000, 4000];
const NOT_AUTHENTICATED = 4001;

export class LiveSocket {
  private socket: WebSocket | null = null;
  private state: SocketState = "closed";
  private lastEvent: number | null = null;
  private lastMessage = 0;
  private tries = 0;
  private welcomes = 0;
  private isStopped = true;
  private again: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private polling: ReturnType<typeof setInterval> | undefined;
  private readonly listeners = new Set<(event: LiveEvent) => void>();
  private readonly refetchers = new Set<() => void>();
  private readonly pulse: Pulse;

  constructor(private readonly parts: SocketParts) {
    this.pulse = parts.pulse ?? thePulse;
  }

  /** Every event of every topic that the role may see. */
  onEvent(listener: (event: LiveEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Events are gone, or the connection was: everything shown is to be read anew. */
  onRefetch(refetch: () => void): () => void {
    this.refetchers.add(refetch);
    return () => this.refetchers.delete(refetch);
  }

  start(): () => void {
    this.isStopped = false;
    this.connect();
    this.polling = setInterval(() => void this.pollWhileClosed(), POLL_EVERY_MS);
    return () => {
      this.isStopped = true;
      clearInterval(this.polling);
      clearTimeout(this.again);
      this.drop();
    };
  }

  /** The token was renewed: the server is told, the connection stays. */
  renewed(): void {
    if (this.state === "open") this.hello();
    else if (!this.isStopped && this.state === "closed") this.connect();
  }

  private connect(): void {
    clearTimeout(this.again);
    if (this.isStopped || this.parts.token() === null) return;
    this.drop();
    const make = this.parts.make ?? ((address: string) => new WebSocket(address));
    const socket = make(this.parts.address());
    this.socket = socket;
    this.state = "connecting";
    this.lastMessage = Date.now();
    socket.onopen = () => this.hello();
    socket.onmessage = (message) => this.take(String(message.data));
    socket.onclose = (event) => {
      if (this.socket === socket) void this.lose(event.code);
    };
    let beaten = Date.now();
    this.beat = setInterval(() => {
      const now = Date.now();
      const stoodStill = now - beaten > 2 * PING_EVERY_MS; // as in a tab that nobody sees
      beaten = now;
      if (stoodStill) this.lastMessage = now;
      if (now - this.lastMessage > 2 * STALE_AFTER_MS) void this.lose(0);
      else if (this.state === "open") socket.send('{"type":"ping"}');
    }, PING_EVERY_MS);
  }

  private hello(): void {
    const message: Record<string, unknown> = { type: "hello", token: this.parts.token(), topics: [] };
    if (this.lastEvent !== null) message.last_event = this.lastEvent;
    this.socket?.send(JSON.stringify(message));
  }

  private take(text: string): void {
    this.lastMessage = Date.now();
    this.pulse.heard();
    const message = JSON.parse(text) as { type: string; newest?: number } & LiveEvent;
    if (message.type === "event") {
      this.lastEvent = message.id;
      for (const listener of this.listeners) listener(message);
    } else if (message.type === "welcome") {
      const wasOpen = this.state === "open";
      this.state = "open";
      this.tries = 0;
      // After a break the server may be another run, whose events count anew.
      if (!wasOpen && ++this.welcomes > 1) this.refetch();
      if (this.lastEvent === null || this.lastEvent > (message.newest ?? 0)) this.lastEvent = message.newest ?? 0;
    } else if (message.type === "missed") {
      this.lastEvent = message.newest ?? this.lastEvent;
      this.refetch();
    }
  }

  private refetch(): void {
    for (const refetch of this.refetchers) refetch();
  }

  private async lose(code: number): Promise<void> {
    this.drop();
    if (this.isStopped) return;
    void this.pollWhileClosed();
    if (code === NOT_AUTHENTICATED) {
      const renewed = await this.parts.renew().catch(() => true);
      if (!renewed) return; // renewed() is called after the next login
    }
    const wait = WAITS_MS[Math.min(this.tries, WAITS_MS.length - 1)]!;
    this.tries += 1;
    clearTimeout(this.again);
    this.again = setTimeout(() => this.connect(), wait * (0.75 + 0.5 * (this.parts.random ?? Math.random)()));
  }

  private drop(): void {
    clearInterval(this.beat);
    const socket = this.socket;
    this.socket = null;
    this.state = "closed";
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private async pollWhileClosed(): Promise<void> {
    if (this.state === "open" || !this.parts.poll) return;
    try {
      await this.parts.poll();
      this.pulse.heard();
    } catch {
      this.pulse.lost();
    }
  }
}
