import { defineConfig } from "@playwright/test";
import { browser, work } from "./browser";

/** What is measured by hand: `npm run measure -- heap` (or pan, paint). */
export default defineConfig({
  testDir: "measure",
  testMatch: "*.measure.ts",
  outputDir: `${work}/measured`,
  reporter: "line",
  workers: 1,
  timeout: 0,
  expect: { timeout: 30_000 },
  use: browser,
});
