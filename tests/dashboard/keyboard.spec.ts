import type { Page } from "@playwright/test";
import { NAMES, PASSWORD } from "./support/server";
import { HOME, logIn } from "./support/steps";
import { expect, test } from "./support/test";

/** Presses Tab until what has the focus is called so. */
async function tabTo(page: Page, name: string | RegExp, most = 60): Promise<void> {
  for (let count = 0; count < most; count += 1) {
    await page.keyboard.press("Tab");
    const called = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement | null;
      return (at?.getAttribute("aria-label") ?? at?.innerText ?? "").trim();
    });
    if (typeof name === "string" ? called === name : name.test(called)) return;
  }
  throw new Error(`Tab does not reach ${String(name)}`);
}

test("by keyboard alone: log in, go to a page, open a dialog and leave it", async ({ page, server }) => {
  await page.goto(server.url + HOME);
  await expect(page.getByRole("textbox", { name: "Name" })).toBeFocused();
  await page.keyboard.type(NAMES.operator);
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Live", level: 1 })).toBeVisible();

  // Loaded anew, the first Tab offers to skip the navigation.
  await page.reload();
  await expect(page.getByRole("heading", { name: "Live", level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();

  await page.keyboard.press("Shift+Tab");
  await tabBackTo(page, "Training");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Training", level: 1 })).toBeVisible();
  await expect(page.locator("#main")).toBeFocused();

  const start = /^Start /;
  await expect(page.getByRole("button", { name: start }).first()).toBeVisible();
  await tabTo(page, start);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: /^Start: / });
  await expect(dialog.getByRole("textbox", { name: "Reason" })).toBeFocused();
  // The focus stays in the dialog, and comes back to the button behind it.
  for (let count = 0; count < 15; count += 1) {
    await page.keyboard.press("Tab");
    expect(await dialog.evaluate((node) => node.contains(document.activeElement))).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("button", { name: start }).and(page.locator(":focus"))).toHaveCount(1);
});

async function tabBackTo(page: Page, name: string): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    if ((await page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "")).trim() === name) return;
    await page.keyboard.press("Shift+Tab");
  }
  throw new Error(`Shift+Tab does not reach ${name}`);
}

test("colours and clock are switched and stay so", async ({ page, server }) => {
  await logIn(page, server, "viewer", "/history");
  const scheme = page.locator("html");
  await page.getByRole("button", { name: /^Colours/ }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "dark");
  await page.getByRole("button", { name: /^Colours/ }).click();
  await page.getByRole("menuitem", { name: "Light" }).click();
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "light");

  await expect(page.getByRole("table", { name: "Events" }).getByText(/UTC$/).first()).toBeVisible();
  await page.getByRole("button", { name: "Times are UTC; show local time" }).click();
  await expect(page.getByRole("table", { name: "Events" }).getByText(/UTC$/)).toHaveCount(0);
  await page.reload();
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "light");
  await expect(page.getByRole("button", { name: "Times are local; show UTC" })).toBeVisible();
});
