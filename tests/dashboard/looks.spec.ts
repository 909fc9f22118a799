import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { work } from "./browser";
import type { Shown } from "./prepare";
import { axeFaults, overflow } from "./support/looks";
import { logIn, settled, show } from "./support/steps";
import { expect, test } from "./support/test";

const shown = JSON.parse(process.env.STEVIE_SHOWN ?? "null") as Shown;

for (const theme of ["dark", "light"] as const) {
  for (const width of [1440, 390] as const) {
    test(`every page, ${theme}, ${width} pixels wide: axe, overflow, picture`, async ({ page, watch }) => {
      watch.allow(/status of 404/); // of "not found"
      const folder = join(work, "pictures", `${theme}-${width}`);
      mkdirSync(folder, { recursive: true });
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      const look = async (name: string) => {
        expect.soft(await axeFaults(page), `${name}: axe`).toEqual([]);
        expect.soft(await overflow(page), `${name}: overflow`).toEqual([]);
        await page.screenshot({ path: join(folder, `${name}.png`), fullPage: name !== "live-decision" && name !== "history-event" && !name.startsWith("dialog") });
      };
      await page.goto(`${shown.url}/dashboard/stevie-training/setup`);
      await expect(page.getByRole("button", { name: "Make the administrator" })).toBeVisible();
      await look("setup");
      await page.getByRole("link", { name: "Log in" }).click();
      await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
      await look("login");
      await logIn(page, shown, "admin");
      for (const view of shown.views) {
        await show(page, view);
        await look(view.name);
        if (view.name in dialogs) {
          for (const [name, open] of Object.entries(dialogs[view.name]!)) {
            await open(page);
            const dialog = page.getByRole("dialog");
            await expect(dialog).toBeVisible();
            await settled(page);
            await look(`dialog-${name}`);
            await page.keyboard.press("Escape");
            await expect(dialog).toHaveCount(0);
          }
        }
      }
    });
  }
}

/** By view: what opens the dialogs of it. */
const dialogs: Record<string, Record<string, (page: Page) => Promise<void>>> = {
  live: { "stop-trading": (page) => page.getByRole("button", { name: "Kill switch: stop trading" }).click() },
  training: {
    start: (page) => page.getByRole("button", { name: "Start Quick tune" }).click(),
    train: (page) => page.getByRole("button", { name: "Train an agent" }).click(),
    "train-clone": async (page) => {
      await page.getByRole("button", { name: "Train an agent" }).click();
      await page.getByLabel("What is trained").selectOption("clone");
    },
  },
  parameters: {
    reset: (page) => page.getByRole("button", { name: "Reset to defaults" }).click(),
    change: async (page) => {
      await page.getByRole("button", { name: "Change values" }).click();
      await page.getByRole("textbox", { name: "New value of volPctBreakout" }).fill("61");
      await page.getByRole("button", { name: "Review 1 change" }).click();
    },
  },
  "parameters-history": { "roll-back": (page) => page.getByRole("button", { name: "Roll back to version 1" }).click() },
  "settings-users": {
    "add-user": (page) => page.getByRole("button", { name: "Add a user" }).click(),
    remove: async (page) => {
      await page.getByRole("button", { name: "Change vera" }).click();
      await page.getByRole("menuitem", { name: "Remove" }).click();
      await expect(page.getByRole("menu")).toHaveCount(0);
    },
  },
  "settings-keys": { "make-key": (page) => page.getByRole("button", { name: "Make a key" }).click() },
  "settings-notifications": { "add-channel": (page) => page.getByRole("button", { name: "Add a channel" }).click() },
};
