import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Seconds; far more than anything here takes on a busy machine. */
const PATIENCE = 60;
export const PASSWORD = "four green kettles sing";
export const NAMES = { admin: "ada", operator: "otto", viewer: "vera" } as const;
export type Role = keyof typeof NAMES;

const PROGRAM = resolve(process.env.STEVIE ?? "../../build/release/stevie");
/** Cheap enough for the rules to trade in a market that has nothing to offer, and without limits that would halt them. */
const CHEAP = ["costs.taker_fee_bps=1", "costs.half_spread_bps=0.1", "costs.slippage_bps=0.1", "risk.daily_loss_share=1", "risk.drawdown_share=1"];
/** A search of seconds: the verdict is beside the point. */
export const SMALL_SEARCH = ["optimize.pairs=2", "optimize.search_windows=2", "gate.replicates=100", "sessions.cpu_share=0", "sessions.idle_class=false"];

/** The synthetic market in the folder of a server. */
export const MARKET = "SYNTHUSDT.csv";

export interface Start {
  /** Bars to trade on: names of files. Without them a synthetic market is made in the server's folder. */
  data?: string[];
  /** How many synthetic bars, and how long each is. */
  bars?: number;
  interval?: string;
  /** Further arguments of serve. */
  serve?: string[];
  /** As in --set of the whole program, beside costs and limits that let the rules trade. */
  settings?: string[];
}

export async function waitFor<T>(condition: () => T | Promise<T>, what: string, seconds = PATIENCE): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const value = await condition();
    if (value) return value;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** A `stevie serve` of its own: a folder, a market, an administrator, an operator and a viewer. */
export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "stevie_dashboard_"));
  url = "";
  private process: ChildProcess | undefined;
  private printed = "";
  private setupToken = "";
  private tokens: Partial<Record<Role, string>> = {};

  private constructor(private readonly how: Start) {}

  static async start(how: Start = {}): Promise<Server> {
    const server = new Server(how);
    try {
      if (!how.data) {
        server.run("data", "synth", "--model", "garch", "--bars", String(how.bars ?? 9000), "--interval", how.interval ?? "1h", "--seed", "3", "--symbol", "SYNTH/USDT", "--out", MARKET);
      }
      await server.up(0);
      return server;
    } catch (thrown) {
      await server.end();
      throw thrown;
    }
  }

  /** Another command of the program, in the same folder. */
  run(...command: string[]): string {
    const done = spawnSync(PROGRAM, command, { cwd: this.folder, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${PROGRAM} ${command.join(" ")}: ${done.error ?? done.status}\n${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  /** Starts it on this port; 0: on a free one. `serve`: other arguments than so far. */
  async up(port: number, serve?: string[]): Promise<void> {
    if (serve) this.how.serve = serve;
    const settings = [...CHEAP, ...(this.how.settings ?? [])].flatMap((setting) => ["--set", setting]);
    const data = (this.how.data ?? [MARKET]).flatMap((file) => ["--data", file]);
    this.printed = "";
    this.tokens = {}; // it forgets them
    const child = spawn(PROGRAM, [...settings, "serve", "--port", String(port), ...data, ...(this.how.serve ?? [])], { cwd: this.folder });
    this.process = child;
    process.once("exit", () => child.kill("SIGKILL"));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        this.printed += text;
        appendFileSync(join(this.folder, "serve.log"), text);
      });
    }
    await waitFor(() => /^Ctrl-C stops it/m.test(this.printed) || child.exitCode !== null, "the start of the server");
    const address = /serves at (http\S+)/.exec(this.printed);
    if (!address) throw new Error(`the server did not start:\n${this.printed}`);
    this.url = address[1]!;
    this.setupToken = /^\s+(stv_s_\S+)$/m.exec(this.printed)?.[1] ?? this.setupToken;
  }

  /** As a machine that loses power: no handler runs. */
  async kill(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  /** On the port that it had. */
  async again(): Promise<void> {
    await this.up(Number(new URL(this.url).port));
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a first start has printed; used up by the first administrator. */
  token(): string {
    return this.setupToken;
  }

  /** The administrator, an operator and a viewer, by the API. */
  async makeUsers(): Promise<void> {
    const made = await this.ask("POST", "/api/auth/setup", { body: { token: this.setupToken, name: NAMES.admin, password: PASSWORD } });
    this.tokens.admin = (made.body as { access_token: string }).access_token;
    for (const role of ["operator", "viewer"] as const) {
      await this.ask("POST", "/api/auth/users", { body: { name: NAMES[role], password: PASSWORD, role }, as: "admin" });
    }
  }

  async tokenOf(role: Role): Promise<string> {
    this.tokens[role] ??= (
      (await this.ask("POST", "/api/auth/login", { body: { name: NAMES[role], password: PASSWORD } })).body as { access_token: string }
    ).access_token;
    return this.tokens[role];
  }

  async ask(method: string, path: string, { body, as }: { body?: unknown; as?: Role } = {}): Promise<{ status: number; body: unknown }> {
    const headers: Record<string, string> = {};
    if (as) headers.Authorization = `Bearer ${await this.tokenOf(as)}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const call = () => fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    let answer = await call();
    if (answer.status === 401 && as) {
      delete this.tokens[as]; // it ends after a while
      headers.Authorization = `Bearer ${await this.tokenOf(as)}`;
      answer = await call();
    }
    const text = await answer.text();
    const read: unknown = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return { status: answer.status, body: read };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.ask("GET", path, { as: "admin" })).body as T;
  }
}
