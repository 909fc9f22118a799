import { expect, type Locator, type Page } from "@playwright/test";
import { NAMES, PASSWORD, type Role } from "./server";
import { DIALOG, type View } from "./views";

export const HOME = "/dashboard/stevie-training";

export async function logIn(page: Page, server: { url: string }, role: Role, at = ""): Promise<void> {
  if (!page.url().startsWith(server.url + HOME)) await page.goto(server.url + HOME + at);
  await page.getByRole("textbox", { name: "Name" }).fill(NAMES[role]);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeAttached();
}

/** To another page, as its links do it: without loading anew. */
export async function go(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate", { state: null }));
  }, HOME + path);
}

/** A view with everything that it asked for. */
export async function show(page: Page, view: View): Promise<void> {
  await go(page, view.path);
  if (view.shows === DIALOG) await expect(page.getByRole("dialog")).toBeVisible();
  else await expect(page.getByRole("heading", { name: new RegExp(`^${view.shows}`) }).first()).toBeVisible();
  await settled(page);
}

/** Everything that the page asked for is there and drawn. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("[aria-busy=true], [data-loading=true]")).toHaveCount(0);
  await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
}

export async function giveReason(dialog: Locator, reason: string): Promise<void> {
  await dialog.getByRole("textbox", { name: "Reason" }).fill(reason);
}
