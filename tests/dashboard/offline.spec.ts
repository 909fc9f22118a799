import { Server } from "./support/server";
import { go, logIn } from "./support/steps";
import { expect, test } from "./support/test";

test("the server dies: the page says so within three seconds, and recovers by itself", async ({ page, watch }) => {
  watch.allow(/ERR_CONNECTION|WebSocket connection|ERR_EMPTY_RESPONSE|status of 401|Failed to load resource/);
  const server = await Server.start({ bars: 3000, serve: ["--speed", "72000"] });
  try {
    await server.makeUsers();
    await logIn(page, server, "operator", "/live");
    await expect(page.getByRole("list", { name: "Decisions, newest first" })).toBeVisible();
    await expect(page.getByTitle("Connected")).toBeAttached();
    // The other pages are fetched one after the other while nobody waits; this is the last.
    await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("/SettingsPage")));
    const banner = page.getByRole("alert").filter({ hasText: "No answer from the server." });

    await server.kill();
    const killed = Date.now();
    await banner.waitFor({ timeout: 30_000 });
    const after = Date.now() - killed;
    expect(after, "milliseconds until the page said so").toBeLessThan(3000);
    await expect(banner).toContainText(/What you see is from \d\d:\d\d:\d\d/);
    // What was read stays, and other pages open.
    await expect(page.getByRole("list", { name: "Decisions, newest first" })).toBeVisible();
    await go(page, "/training");
    await expect(page.getByRole("heading", { name: "Training", level: 1 })).toBeVisible();
    await go(page, "/live");

    await server.again();
    await expect(banner).toHaveCount(0);
    await expect(page.getByTitle("Connected")).toBeAttached();
    // News comes again: the bars go on.
    const clock = page.locator(".feed-clock");
    const before = await clock.innerText();
    await expect(clock).not.toHaveText(before);
    await expect(page.getByRole("dialog")).toHaveCount(0);
  } finally {
    await server.end();
  }
});
