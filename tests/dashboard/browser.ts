import type { PlaywrightTestConfig } from "@playwright/test";

/** Debian's Chromium; Playwright never fetches one. As root it runs only without its sandbox. */
export const browser: PlaywrightTestConfig["use"] = {
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-dev-shm-usage"],
  },
  viewport: { width: 1440, height: 900 },
  locale: "en-GB",
};

/** Where pictures, traces and the browser's leftovers go. */
export const work = process.env.WORK ?? "../../build/release/dashboard_browser";
