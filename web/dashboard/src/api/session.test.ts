import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "./client";
import { ApiProblem } from "./problem";
import { mayAct, Session, session } from "./session";

const problem = (status: number, code: string) =>
  new Response(JSON.stringify({ status, code, detail: code, what_to_do: "" }), { status });
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A server whose access tokens are "a1", "a2", ...; only the newest holds, and a refresh token works once. */
function server({ refreshFails = false }: { refreshFails?: boolean } = {}) {
  const seen = { refreshes: 0, calls: [] as string[], valid: 0 };
  const tokens = () => {
    seen.valid += 1;
    return json({
      access_token: `a${seen.valid}`,
      access_expires: new Date(Date.now() + 900_000).toISOString(),
      refresh_token: `r${seen.valid}`,
      refresh_expires: new Date(Date.now() + 86_400_000).toISOString(),
      token_type: "Bearer",
      user: { name: "ada", role: "operator", enabled: true, created: "", last_login: null },
    });
  };
  vi.stubGlobal(
    "fetch",
    vi.fn(async (address: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      if (address === "/api/auth/login") return tokens();
      if (address === "/api/auth/logout") return new Response(null, { status: 204 });
      if (address === "/api/auth/refresh") {
        seen.refreshes += 1;
        const asked = (JSON.parse(String(init.body)) as { refresh_token: string }).refresh_token;
        await new Promise((done) => setTimeout(done, 5));
        if (refreshFails || asked !== `r${seen.valid}`) return problem(401, "accounts.bad_token");
        return tokens();
      }
      seen.calls.push(`${init.method} ${address} ${headers.get("Authorization")}`);
      return headers.get("Authorization") === `Bearer a${seen.valid}` ? json({ answered: true }) : problem(401, "api.unauthenticated");
    }),
  );
  return seen;
}

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});
afterEach(() => session.logOut());

test("calls that are refused together renew the token once, and are all answered", async () => {
  const seen = server();
  await session.logIn("ada", "secret", false);
  seen.valid = 2; // the access token of the page no longer holds ...
  sessionStorage.setItem("stevie.refresh_token", "r2"); // ... its refresh token does
  const answers = await Promise.all([
    api.get("/api/live/state"),
    api.get("/api/live/orders"),
    api.get("/api/sessions"),
    api.post("/api/live/kill", { reason: "to be sure" }),
  ]);
  expect(answers).toHaveLength(4);
  expect(seen.refreshes).toBe(1);
  expect(session.snapshot()).toMatchObject({ state: "active", name: "ada", role: "operator" });
});

test("a call that was under way while another renewed the token does not renew it again", async () => {
  const seen = server();
  await session.logIn("ada", "secret", false);
  const late = api.get("/api/live/state"); // carries a1
  await session.renew();
  await late;
  await api.get("/api/live/state");
  expect(seen.refreshes).toBe(1);
});

test("where the refresh token is refused the person is asked to log in over the page, and the call says so", async () => {
  const seen = server({ refreshFails: true });
  await session.logIn("ada", "secret", false);
  seen.valid = 9;
  const failure = await api.get("/api/live/state").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ApiProblem);
  expect((failure as ApiProblem).status).toBe(401);
  expect(session.snapshot()).toEqual({ state: "expired", name: "ada", role: "operator" });
  await session.logIn("ada", "secret", false);
  expect(session.snapshot().state).toBe("active");
});

test("a server that is away does not end the login", async () => {
  server();
  await session.logIn("ada", "secret", false);
  vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("failed")));
  await expect(api.get("/api/live/state")).rejects.toMatchObject({ status: 0, code: "page.unreachable" });
  await expect(session.renew()).rejects.toMatchObject({ status: 0 });
  expect(session.snapshot().state).toBe("active");
  expect(sessionStorage.getItem("stevie.refresh_token")).toBe("r1");
});

test("the refresh token outlives the browser only where that was asked for; the access token is never stored", async () => {
  server();
  await session.logIn("ada", "secret", false);
  expect(sessionStorage.getItem("stevie.refresh_token")).toBe("r1");
  expect(localStorage.getItem("stevie.refresh_token")).toBeNull();
  await session.logIn("ada", "secret", true);
  expect(sessionStorage.getItem("stevie.refresh_token")).toBeNull();
  expect(localStorage.getItem("stevie.refresh_token")).toBe("r2");
  await session.renew();
  expect(localStorage.getItem("stevie.refresh_token")).toBe("r3");
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('"a');
  await session.logOut();
  expect(localStorage.getItem("stevie.refresh_token")).toBeNull();
  expect(session.snapshot()).toEqual({ state: "anonymous", name: "", role: null });
});

test("each role may do what those before it may", () => {
  expect(mayAct("viewer", "operator")).toBe(false);
  expect(mayAct("operator", "operator")).toBe(true);
  expect(mayAct("admin", "operator")).toBe(true);
  expect(mayAct(null, "viewer")).toBe(false);
});

test("of a tab and its duplicate only the first keeps the login, and a try again does not take it from itself", async () => {
  const held = new Set<string>();
  vi.stubGlobal("navigator", {
    locks: {
      request: (name: string, ...rest: unknown[]) => {
        const work = rest.at(-1) as () => Promise<unknown>;
        if (rest.length === 1) return work();
        if (held.has(name)) return Promise.reject(new DOMException("timed out", "TimeoutError"));
        held.add(name);
        return work();
      },
    },
  });
  server();
  const first = new Session();
  await first.logIn("ada", "secret", false);
  expect(held.size).toBe(1);
  const kept = { ...sessionStorage };

  const copy = new Session(); // with the same sessionStorage
  await copy.start();
  expect(copy.snapshot().state).toBe("anonymous");

  Object.entries(kept).forEach(([key, value]) => sessionStorage.setItem(key, String(value)));
  held.clear(); // a reload: the page before is gone
  const reloaded = new Session();
  await reloaded.start();
  expect(reloaded.snapshot()).toMatchObject({ state: "active", name: "ada" });
  await reloaded.start();
  expect(reloaded.snapshot().state).toBe("active");
  await reloaded.logOut();
  await first.logOut();
});
