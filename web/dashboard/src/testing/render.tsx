import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import axe from "axe-core";
import type { ReactElement } from "react";
import { MemoryRouter } from "react-router";
import { vi } from "vitest";
import { SocketContext } from "../api/hooks";
import type { LiveEvent, LiveSocket } from "../api/socket";
import { session, type Role } from "../api/session";
import { ClockProvider } from "../ui/clock";

export interface Call {
  method: string;
  path: string; // without the query
  query: URLSearchParams;
  body: unknown;
  headers: Headers;
}
type Reply = { status?: number; body?: unknown; text?: string };
/** `"GET /api/live/state": {...}` answers with that JSON; a function sees the call and may answer a status. */
export type Answers = Record<string, unknown | ((call: Call) => Reply)>;

/** A server that answers as `answers` says; anything else is 404. `calls` is what it was asked. */
export function fakeServer(answers: Answers): { calls: Call[]; answers: Answers } {
  const calls: Call[] = [];
  vi.stubGlobal(
    "fetch",
    vi.fn(async (input: string, init: RequestInit = {}) => {
      const url = new URL(input, "http://stevie.test");
      const method = init.method ?? "GET";
      const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
      const call = { method, path: url.pathname, query: url.searchParams, body, headers: new Headers(init.headers) };
      calls.push(call);
      const found = answers[`${method} ${url.pathname}`];
      if (found === undefined) return problem(404, "api.not_found", `there is no ${method} ${url.pathname}`);
      const reply: Reply = typeof found === "function" ? (found as (call: Call) => Reply)(call) : { body: found };
      const status = reply.status ?? 200;
      if (reply.text !== undefined) return new Response(reply.text, { status, headers: { "Content-Type": "text/plain" } });
      return new Response(status === 204 ? null : JSON.stringify(reply.body ?? {}), {
        status,
        headers: { "Content-Type": status >= 400 ? "application/problem+json" : "application/json" },
      });
    }),
  );
  return { calls, answers };
}

function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify({ status, code, detail, title: code, what_to_do: "Look at the tests.", request_id: "t" }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
}

/** Logs in with a role, without a server. */
export function logInAs(role: Role, name = "ada"): void {
  const later = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  (session as unknown as { take: (tokens: unknown, stay: boolean) => void }).take(
    {
      access_token: "stv_a_test",
      access_expires: later(900),
      refresh_token: "stv_r_test",
      refresh_expires: later(86_400),
      token_type: "Bearer",
      user: { name, role, enabled: true, created: later(0), last_login: null },
    },
    false,
  );
}

/** Renders with everything a page stands on. `push` sends it an event as the WebSocket would. */
export function renderPage(page: ReactElement, { at = "/" }: { at?: string } = {}) {
  const listeners = new Set<(event: LiveEvent) => void>();
  const socket = {
    onEvent: (listener: (event: LiveEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onRefetch: () => () => undefined,
  } as unknown as LiveSocket;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const view = render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <ClockProvider>
          <SocketContext.Provider value={socket}>
            <MemoryRouter initialEntries={[at]}>{page}</MemoryRouter>
          </SocketContext.Provider>
        </ClockProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  let next = 1;
  const push = (topic: string, kind: string, data: Record<string, unknown>) => {
    const event = { id: next++, topic, kind, time: new Date().toISOString(), data };
    for (const listener of listeners) listener(event);
  };
  return { ...view, client, push };
}

/** What axe finds wrong with what is shown; colours need a browser and are looked at end to end. */
export async function axeFaults(node: Element = document.body): Promise<string[]> {
  const { violations } = await axe.run(node, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  return violations.map((fault) => `${fault.id}: ${fault.nodes.map((at) => at.html).join(" | ")}`);
}
