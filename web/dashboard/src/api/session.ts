/**
 * Who is logged in. The access token lives in memory; the refresh token in sessionStorage, or in localStorage where
 * the person asked to stay logged in. A refresh token works once: one call for all who need it, one tab at a time.
 */
import { ApiProblem, problemOf, unreachable } from "./problem";
import { pulse } from "./pulse";
import type { components } from "./schema";

export type Role = components["schemas"]["User"]["role"];
type Tokens = components["schemas"]["Tokens"];

export interface SessionView {
  /** starting: asking the server; anonymous: log in; active; expired: log in again over what is shown. */
  state: "starting" | "anonymous" | "active" | "expired";
  name: string;
  role: Role | null;
}

const REFRESH_KEY = "stevie.refresh_token";
const TAB_KEY = "stevie.tab";
const LOCK = "stevie.refresh";
const TAB_WAIT_MS = 700; // for the page before a reload to let go
const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export function mayAct(has: Role | null, least: Role): boolean {
  return has !== null && ranks[has] >= ranks[least];
}

async function post(path: string, body: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw unreachable();
  }
  pulse.heard();
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Tabs that share a refresh token take turns; without locks (plain HTTP) there is one tab to a token. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  if (!locks) return work();
  return (await locks.request(LOCK, work)) as T;
}

/**
 * A tab that was duplicated has a copy of the other's sessionStorage. A refresh token used by both would end the login of
 * both, so only one may keep it: the one that holds the lock of its name, as long as it lives.
 */
async function isOriginal(): Promise<boolean> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  const name = sessionStorage.getItem(TAB_KEY);
  if (!locks || !name) return true;
  return new Promise((answer) => {
    locks
      .request(`stevie.tab.${name}`, { signal: AbortSignal.timeout(TAB_WAIT_MS) }, () => {
        answer(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => answer(false));
  });
}

export class Session {
  private view: SessionView = { state: "starting", name: "", role: null };
  private access: string | null = null;
  private renewing: Promise<boolean> | null = null;
  private original: Promise<boolean> | null = null;
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private readonly watchers = new Set<() => void>();

  snapshot = (): SessionView => this.view;

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  token(): string | null {
    return this.access;
  }

  /** Uses the refresh token that an earlier visit left. */
  async start(): Promise<void> {
    if (localStorage.getItem(REFRESH_KEY) === null && this.stored() && !(await (this.original ??= isOriginal()))) {
      sessionStorage.removeItem(REFRESH_KEY);
      sessionStorage.removeItem(TAB_KEY);
      this.original = null;
    }
    if (!this.stored()) return this.set({ state: "anonymous", name: "", role: null });
    try {
      await this.renew();
    } catch {
      // Not reachable: what was stored stays for the next try.
      setTimeout(() => void this.start(), 1000);
    }
  }

  /** Whether the login outlasts the browser. */
  stays(): boolean {
    return localStorage.getItem(REFRESH_KEY) !== null;
  }

  async logIn(name: string, password: string, stay: boolean): Promise<void> {
    const response = await post("/api/auth/login", { name, password });
    this.take((await response.json()) as Tokens, stay);
  }

  /** The first administrator, with the token that the server printed. */
  async setUp(token: string, name: string, password: string): Promise<void> {
    const response = await post("/api/auth/setup", { token, name, password });
    this.take((await response.json()) as Tokens, false);
  }

  async logOut(): Promise<void> {
    const refresh = this.stored();
    this.forget();
    this.set({ state: "anonymous", name: "", role: null });
    if (refresh) await post("/api/auth/logout", { refresh_token: refresh }).catch(() => undefined);
  }

  /**
   * A new pair of tokens; those who ask meanwhile get the same one. False: one has to log in. Throws where the server
   * does not answer, or cannot just now.
   */
  renew(): Promise<boolean> {
    this.renewing ??= alone(() => this.exchange()).finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** No token holds any more. */
  expire(): void {
    const known = this.view.name !== "";
    this.forget();
    this.set(known ? { ...this.view, state: "expired" } : { state: "anonymous", name: "", role: null });
  }

  private async exchange(): Promise<boolean> {
    const refresh = this.stored();
    if (!refresh) {
      this.expire();
      return false;
    }
    try {
      const response = await post("/api/auth/refresh", { refresh_token: refresh });
      this.take((await response.json()) as Tokens, this.stays());
      return true;
    } catch (error) {
      if (error instanceof ApiProblem && (error.status === 401 || error.status === 400)) {
        this.expire();
        return false;
      }
      throw error;
    }
  }

  private take(tokens: Tokens, stay: boolean): void {
    this.access = tokens.access_token;
    localStorage.removeItem(REFRESH_KEY);
    sessionStorage.removeItem(REFRESH_KEY);
    (stay ? localStorage : sessionStorage).setItem(REFRESH_KEY, tokens.refresh_token);
    if (!stay && sessionStorage.getItem(TAB_KEY) === null) {
      sessionStorage.setItem(TAB_KEY, String(crypto.getRandomValues(new Uint32Array(2))));
      this.original = isOriginal(); // takes the lock
    }
    clearTimeout(this.renewal);
    const left = Date.parse(tokens.access_expires) - Date.now();
    this.renewal = setTimeout(() => void this.renew().catch(() => undefined), Math.max(left - 60_000, 10_000));
    this.set({ state: "active", name: tokens.user.name, role: tokens.user.role });
  }

  private stored(): string | null {
    return localStorage.getItem(REFRESH_KEY) ?? sessionStorage.getItem(REFRESH_KEY);
  }

  private forget(): void {
    this.access = null;
    clearTimeout(this.renewal);
    localStorage.removeItem(REFRESH_KEY);
    sessionStorage.removeItem(REFRESH_KEY);
  }

  private set(view: SessionView): void {
    this.view = view;
    for (const watcher of this.watchers) watcher();
  }
}

export const session = new Session();
