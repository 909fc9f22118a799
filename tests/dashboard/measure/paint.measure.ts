import { test } from "@playwright/test";
import { Server } from "../support/server";
import { HOME, logIn } from "../support/steps";

// First content of the page on localhost, with nothing in the cache, LOADS (10) times; and of Live loaded anew.
const loads = Number(process.env.LOADS ?? 10);

test("paint", async ({ browser, page }) => {
  const server = await Server.start({ serve: ["--speed", "36000"] });
  const told = (what: string, times: number[]) => {
    times.sort((a, b) => a - b);
    console.log(`${what}: median ${times[Math.floor(times.length / 2)]!.toFixed(0)} ms, longest ${times.at(-1)!.toFixed(0)} ms of ${times.length}`);
  };
  try {
    await server.makeUsers();
    const first: number[] = [];
    const form: number[] = [];
    for (let load = 0; load < loads; load += 1) {
      const context = await browser.newContext();
      const cold = await context.newPage();
      await cold.goto(server.url + HOME);
      await cold.getByRole("button", { name: "Log in" }).waitFor();
      form.push(await cold.evaluate(() => performance.now()));
      first.push(await cold.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime));
      await context.close();
    }
    told("first contentful paint, nothing in the cache", first);
    told("the form of the login is there", form);
    await logIn(page, server, "operator", "/live");
    const live: number[] = [];
    for (let load = 0; load < loads; load += 1) {
      await page.reload();
      await page.locator(".live-price canvas").first().waitFor();
      live.push(await page.evaluate(() => performance.now()));
    }
    told("Live loaded anew, until its chart is there", live);
  } finally {
    await server.end();
  }
});
