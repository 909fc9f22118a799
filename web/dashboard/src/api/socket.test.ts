import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pulse } from "./pulse";
import { LiveSocket, type LiveEvent } from "./socket";

/** The server's end of a connection. */
class Wire {
  static all: Wire[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;
  constructor() {
    Wire.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close() {
    this.closed = true;
  }
  say(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  welcome(newest: number) {
    this.onopen?.();
    this.say({ type: "welcome", newest, topics: [] });
  }
  end(code = 1006) {
    this.onclose?.({ code });
  }
}

const event = (id: number) => ({ type: "event", id, topic: "live", kind: "live.state", time: "", data: {} });

function open(parts: { renew?: () => Promise<boolean>; poll?: () => Promise<void>; token?: () => string | null } = {}) {
  const pulse = new Pulse();
  const socket = new LiveSocket({
    address: () => "ws://stevie.test/api/ws",
    token: parts.token ?? (() => "a1"),
    renew: parts.renew ?? (async () => true),
    poll: parts.poll ?? (async () => undefined),
    pulse,
    make: () => new Wire() as unknown as WebSocket,
    random: () => 0.5,
  });
  const events: number[] = [];
  let refetches = 0;
  socket.onEvent((news: LiveEvent) => events.push(news.id));
  socket.onRefetch(() => (refetches += 1));
  const stop = socket.start();
  return { socket, pulse, events, refetches: () => refetches, stop };
}

beforeEach(() => {
  Wire.all = [];
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

test("greets with the token, hands out events and pings", () => {
  const { events, stop, pulse } = open();
  const wire = Wire.all[0]!;
  wire.welcome(5);
  expect(wire.sent[0]).toEqual({ type: "hello", token: "a1", topics: [] });
  wire.say(event(6));
  wire.say(event(7));
  expect(events).toEqual([6, 7]);
  expect(pulse.snapshot().state).toBe("live");
  vi.advanceTimersByTime(1000);
  expect(wire.sent.at(-1)).toEqual({ type: "ping" });
  stop();
  expect(wire.closed).toBe(true);
});

test("after a break it goes on behind the last event and reads everything anew", async () => {
  const { events, refetches, stop } = open();
  Wire.all[0]!.welcome(5);
  Wire.all[0]!.say(event(6));
  expect(refetches()).toBe(0);
  Wire.all[0]!.end();
  await vi.advanceTimersByTimeAsync(300);
  expect(Wire.all).toHaveLength(2);
  Wire.all[1]!.welcome(8);
  expect(Wire.all[1]!.sent[0]).toMatchObject({ last_event: 6 });
  expect(refetches()).toBe(1);
  Wire.all[1]!.say(event(7));
  expect(events).toEqual([6, 7]);
  stop();
});

test("a run of the server whose events count anew, and events that are gone, are read anew", async () => {
  const { refetches, stop } = open();
  Wire.all[0]!.welcome(500);
  Wire.all[0]!.end(1012);
  await vi.advanceTimersByTimeAsync(300);
  Wire.all[1]!.welcome(3);
  Wire.all[1]!.say({ type: "missed", newest: 3 });
  expect(refetches()).toBe(2);
  Wire.all[1]!.end();
  await vi.advanceTimersByTimeAsync(700);
  Wire.all[2]!.onopen?.();
  expect(Wire.all[2]!.sent[0]).toMatchObject({ last_event: 3 });
  stop();
});

test("tries again ever more slowly, at most every five seconds", async () => {
  const { stop } = open();
  const at: number[] = [];
  for (let tries = 0; tries < 7; ++tries) {
    const before = Wire.all.length;
    Wire.all.at(-1)!.end();
    const began = Date.now();
    while (Wire.all.length === before) await vi.advanceTimersByTimeAsync(50);
    at.push(Date.now() - began);
  }
  expect(at).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  stop();
});

test("a token that no longer holds is renewed before the next try", async () => {
  const renew = vi.fn(async () => true);
  const { stop } = open({ renew });
  Wire.all[0]!.end(4001);
  await vi.advanceTimersByTimeAsync(300);
  expect(renew).toHaveBeenCalledTimes(1);
  expect(Wire.all).toHaveLength(2);
  stop();
});

test("without a login it waits for the next one", async () => {
  const { socket, stop } = open({ renew: async () => false });
  Wire.all[0]!.end(4001);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(Wire.all).toHaveLength(1);
  socket.renewed();
  expect(Wire.all).toHaveLength(2);
  stop();
});

test("a renewed token is told on the same connection", () => {
  let token = "a1";
  const { socket, stop } = open({ token: () => token });
  Wire.all[0]!.welcome(1);
  token = "a2";
  socket.renewed();
  expect(Wire.all).toHaveLength(1);
  expect(Wire.all[0]!.sent.at(-1)).toMatchObject({ type: "hello", token: "a2" });
  stop();
});

test("a server that is killed is known to be away at once; one that answers by HTTP is not", async () => {
  let isAway = false;
  const { pulse, stop } = open({
    poll: async () => {
      if (isAway) throw new TypeError("refused");
    },
  });
  Wire.all[0]!.welcome(1);
  Wire.all[0]!.end();
  await vi.advanceTimersByTimeAsync(10);
  expect(pulse.snapshot().state).toBe("live");
  await vi.advanceTimersByTimeAsync(300);
  Wire.all[1]!.welcome(1);
  isAway = true;
  Wire.all[1]!.end();
  await vi.advanceTimersByTimeAsync(10);
  expect(pulse.snapshot().state).toBe("stale");
  stop();
});

test("a connection that falls silent is given up", async () => {
  const { stop } = open();
  Wire.all[0]!.welcome(1);
  await vi.advanceTimersByTimeAsync(6000);
  expect(Wire.all[0]!.closed).toBe(true);
  expect(Wire.all.length).toBeGreaterThan(1);
  stop();
});

test("timers that stood still do not end the connection", async () => {
  const { stop } = open();
  Wire.all[0]!.welcome(1);
  vi.setSystemTime(Date.now() + 60_000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(Wire.all).toHaveLength(1);
  expect(Wire.all[0]!.sent.at(-1)).toEqual({ type: "ping" });
  stop();
});
