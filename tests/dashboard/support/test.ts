import { test as base, type Page } from "@playwright/test";
import { Server, SMALL_SEARCH } from "./server";

export { expect } from "@playwright/test";

/** What went wrong in the browser of a test; a test says beforehand which of it belongs to it. */
export class Watch {
  readonly faults: string[] = [];
  private expected: RegExp[] = [];

  private host: string | undefined;

  allow(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  follow(page: Page): void {
    page.on("console", (message) => {
      if (message.type() === "error") this.add(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.add(`page: ${error.message}`));
    page.on("request", (request) => this.look(request.url()));
    page.on("websocket", (socket) => this.look(socket.url()));
  }

  unexpected(): string[] {
    return this.faults.filter((fault) => !this.expected.some((pattern) => pattern.test(fault)));
  }

  private add(fault: string): void {
    if (!this.faults.includes(fault)) this.faults.push(fault);
  }

  private look(address: string): void {
    const url = new URL(address);
    if (["data:", "blob:"].includes(url.protocol)) return;
    this.host ??= url.host;
    if (url.host !== this.host) this.add(`another host: ${address}`);
  }
}

interface Tools {
  watch: Watch;
}
interface Servers {
  /** Of this worker: its tests run one after another and leave it able to trade. */
  server: Server;
}

/** Every page of a test is watched: an error, a breach of the policy or a request to another host fails it. */
export const test = base.extend<Tools, Servers>({
  server: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await Server.start({ serve: ["--speed", "36000"], settings: SMALL_SEARCH });
      await server.makeUsers();
      await use(server);
      await server.end();
    },
    { scope: "worker" },
  ],
  watch: [
    async ({ context }, use) => {
      const watch = new Watch();
      context.on("page", (page) => watch.follow(page));
      await use(watch);
      const faults = watch.unexpected();
      if (faults.length > 0) throw new Error(`in the browser:\n${faults.join("\n")}`);
    },
    { auto: true },
  ],
});
