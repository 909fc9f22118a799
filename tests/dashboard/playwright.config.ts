import { defineConfig } from "@playwright/test";
import { browser, work } from "./browser";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: `${work}/failed`,
  globalSetup: "./prepare.ts",
  reporter: "list",
  fullyParallel: true,
  workers: 2,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  use: { ...browser, actionTimeout: 30_000, screenshot: "only-on-failure" },
});
