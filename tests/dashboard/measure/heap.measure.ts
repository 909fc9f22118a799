import { resolve } from "node:path";
import { test } from "@playwright/test";
import { Server } from "../support/server";
import { logIn } from "../support/steps";

// How the heap grows while Live is open: MINUTES (60) of it, at SPEED (36000: ten hourly bars a second) through DATA.
const minutes = Number(process.env.MINUTES ?? 60);
const data = process.env.DATA ?? "../../../shared/data/BTCUSDT_1h_201708_202412.csv.gz";

test("heap", async ({ page }) => {
  const server = await Server.start({
    data: [resolve(data)],
    serve: ["--speed", process.env.SPEED ?? "36000", "--from", process.env.FROM ?? "2018-06-01"],
  });
  try {
    await server.makeUsers();
    await logIn(page, server, "operator");
    await page.getByRole("heading", { name: "Live" }).waitFor();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("HeapProfiler.enable");
    await cdp.send("Performance.enable");
    const from = Date.now();
    const heaps: number[] = [];
    for (let minute = 0; minute <= minutes; minute += 1) {
      await page.waitForTimeout(Math.max(0, from + minute * 60_000 - Date.now()));
      await cdp.send("HeapProfiler.collectGarbage");
      await cdp.send("HeapProfiler.collectGarbage");
      const { metrics } = await cdp.send("Performance.getMetrics");
      const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
      heaps.push(of("JSHeapUsedSize"));
      const { summary } = await server.get<{ summary: { bars: number; decisions: number } }>("/api/live/state");
      console.log(
        `minute ${minute}: heap ${(of("JSHeapUsedSize") / 1e6).toFixed(2)} MB, ${of("Nodes")} nodes, ` +
          `${of("JSEventListeners")} listeners, ${summary.decisions} decisions`,
      );
    }
    const [first, last] = [heaps[Math.min(2, heaps.length - 1)]!, heaps.at(-1)!];
    console.log(`heap from minute 2 to minute ${minutes}: ${((last / first - 1) * 100).toFixed(1)} %, most ${(Math.max(...heaps) / 1e6).toFixed(2)} MB`);
  } finally {
    await server.end();
  }
});
