import { MARKET, Server, SMALL_SEARCH, waitFor, type Role } from "./support/server";
import type { View } from "./support/views";
import { viewsOf } from "./support/views";

/** The server whose pages are looked at: it has traded for most of a year, trained, searched, and its parameters changed. */
export interface Shown {
  url: string;
  views: View[];
}

/** `slow`: the speed behind the preparation. */
export async function prepare(how: { data?: string[]; from?: string; slow: string; until: number; settings?: string[] }): Promise<Server> {
  const from = how.from ? ["--from", how.from] : [];
  const server = await Server.start({ data: how.data, serve: ["--speed", "7200000", ...from], settings: [...SMALL_SEARCH, ...(how.settings ?? [])] });
  try {
    await server.makeUsers();
    server.run("train", "ppo", "--data", how.data?.[0] ?? MARKET, "--timesteps", "4096", "--out", "runs/first", ...(how.data ? [] : ["--synthetic-label"]));
    await fill(server);
    await waitFor(async () => (await server.get<{ summary: { decisions: number } }>("/api/live/state")).summary.decisions > how.until, "the traded bars");
    await server.kill();
    await server.up(Number(new URL(server.url).port), ["--speed", how.slow, ...from]);
    return server;
  } catch (thrown) {
    await server.end();
    throw thrown;
  }
}

/** What people do on a day: parameters, a session, a key, a channel. */
async function fill(server: Server): Promise<void> {
  const { summary } = await server.get<{ summary: { symbols: string[] } }>("/api/live/state");
  const post = async (path: string, body: unknown, as: Role = "operator") => (await server.ask("POST", path, { body, as })).body as { id: string; version: number };
  await post("/api/rl-training/update-parameter", { name: "volPctBreakout", value: 65, reason: "calmer days since spring" });
  await post("/api/rl-training/update-parameter", { name: "tpBreakout", value: 3, symbol: summary.symbols[0], reason: "it runs further than others" });
  await post("/api/parameters/rollback", { version: 2, reason: "the wider target did not help" });
  await post("/api/auth/keys", { name: "nightly-report", role: "viewer" });
  await post("/api/notifications/channels", { name: "desk", kind: "webhook", url: "https://hooks.example.org/stevie", secret: "a-secret-that-only-the-tests-know-1234", events: ["login_lockout"] }, "admin");
  const { id } = await post("/api/rl-training/scenarios/quick_tune/start", { episodes: 3, reason: "is it still the best?" });
  await waitFor(async () => !["queued", "running", "stopping"].includes((await server.get<{ state: string }>(`/api/sessions/${id}`)).state), "the end of the session");
}

export default async function setUp(): Promise<() => Promise<void>> {
  const server = await prepare({ slow: "18000", until: 6000 });
  const shown: Shown = { url: server.url, views: await viewsOf(server) };
  process.env.STEVIE_SHOWN = JSON.stringify(shown);
  return () => server.end();
}
