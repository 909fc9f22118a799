import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@playwright/test";
import { prepare } from "../prepare";
import { logIn, show } from "../support/steps";
import { viewsOf } from "../support/views";

// The pictures of the documentation, from DATA since FROM, into IMAGES.
const data = resolve(process.env.DATA ?? "../../../shared/data/BTCUSDT_1h_201708_202412.csv.gz");
const images = resolve(process.env.IMAGES ?? "../../docs/images");
const MOST_BYTES = 250_000;

const pictures = [
  { file: "dashboard.png", view: "live", theme: "dark", height: 1000 },
  { file: "dashboard_decision.png", view: "live-decision", theme: "light", height: 1000 },
  { file: "dashboard_verdict.png", view: "training-session", theme: "dark", height: 1100 },
  { file: "dashboard_parameters.png", view: "parameters", theme: "light", height: 900 },
  { file: "dashboard_proof.png", view: "history-event", theme: "dark", height: 900 },
  { file: "dashboard_performance.png", view: "performance", theme: "light", height: 1000 },
  { file: "dashboard_phone.png", view: "live", theme: "dark", width: 390, height: 1000 },
] as const;

test("pictures", async ({ page }) => {
  const server = await prepare({ data: [data], from: process.env.FROM ?? "2020-01-01", slow: "720", until: Number(process.env.UNTIL ?? 20_000) });
  try {
    mkdirSync(images, { recursive: true });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await logIn(page, server, "operator");
    const views = await viewsOf(server);
    for (const picture of pictures) {
      await page.setViewportSize({ width: "width" in picture ? picture.width : 1440, height: picture.height });
      await page.emulateMedia({ colorScheme: picture.theme });
      await show(page, views.find((view) => view.name === picture.view)!);
      await page.mouse.move(0, 0);
      if (picture.view === "live") await expect(page.locator(".live-price canvas").first()).toBeVisible();
      const path = join(images, picture.file);
      await page.screenshot({ path });
      console.log(`${picture.file}: ${statSync(path).size} bytes`);
      expect(statSync(path).size).toBeLessThan(MOST_BYTES);
    }
  } finally {
    await server.end();
  }
});
