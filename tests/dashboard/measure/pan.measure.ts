import { resolve } from "node:path";
import { test } from "@playwright/test";
import { Server, waitFor } from "../support/server";
import { logIn } from "../support/steps";

// How smoothly the price chart is dragged over the bars of DATA, or over BARS (1000000) synthetic ones: SECONDS (10) for each span.
const seconds = Number(process.env.SECONDS ?? 10);

test("pan", async ({ page }) => {
  const data = process.env.DATA;
  const server = await Server.start({ data: data ? [resolve(data)] : undefined, bars: Number(process.env.BARS ?? 1_000_000), interval: "1m", serve: ["--speed", "0"] });
  try {
    await server.makeUsers();
    type State = { summary: { decisions: number; feed: { bars: number; health: string } } };
    const state = () => server.get<State>("/api/live/state");
    await waitFor(async () => (await state()).summary.feed.health === "ended", "the end of the replay", 3600);
    console.log(`${(await state()).summary.feed.bars} bars`);
    await logIn(page, server, "operator", "/live");
    const chart = page.locator(".live-price canvas").first();
    await chart.waitFor({ timeout: 60_000 });
    for (const span of [/: show 1 month$/, /: show 1 year$/, /: show everything$/]) {
      const button = page.getByRole("button", { name: span });
      if ((await button.count()) === 0) continue;
      const label = await button.innerText();
      await button.click();
      await page.waitForLoadState("networkidle");
      let requests = 0;
      const count = (request: { url(): string }) => (requests += Number(request.url().includes("/api/live/bars")));
      page.on("request", count);
      await page.evaluate(() => {
        const kept = window as unknown as { frames: number[]; measures: boolean };
        kept.frames = [];
        kept.measures = true;
        let before = performance.now();
        const frame = (now: number) => {
          kept.frames.push(now - before);
          before = now;
          if (kept.measures) requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      const box = (await chart.boundingBox())!;
      const end = Date.now() + seconds * 1000;
      // To older bars all the time: the hand goes right, lets go, and begins at the left again.
      while (Date.now() < end) {
        await page.mouse.move(box.x + 60, box.y + box.height / 2);
        await page.mouse.down();
        for (let x = 60; x < box.width - 80 && Date.now() < end; x += 8) {
          await page.mouse.move(box.x + x, box.y + box.height / 2);
          await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
        }
        await page.mouse.up();
      }
      const frames = await page.evaluate(() => {
        const kept = window as unknown as { frames: number[]; measures: boolean };
        kept.measures = false;
        return kept.frames.slice(1).sort((a, b) => a - b);
      });
      page.off("request", count);
      const at = (share: number) => frames[Math.min(frames.length - 1, Math.floor(share * frames.length))]!.toFixed(1);
      console.log(`${label}: ${frames.length} frames, ms a frame: median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)}; ${requests} requests for bars`);
    }
  } finally {
    await server.end();
  }
});
