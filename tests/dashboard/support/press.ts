import { expect, type Page } from "@playwright/test";
import { show } from "./steps";
import type { View } from "./views";

const NEVER = /log out|log in as somebody else/i;
/** What only explains, and single rows, of which there are many. */
const PASSIVE = ".help, [data-row-opener], .stream-row, table button:not([aria-haspopup]):not([aria-label])";

/**
 * Presses every enabled control of every view once, fills in and sends the forms that come up, and returns what was
 * pressed and what the server refused for want of a role. Controls with the same name but for numbers are one.
 */
export async function pressEverything(page: Page, views: readonly View[]): Promise<{ pressed: string[]; refused: string[] }> {
  const done = new Set<string>();
  const refused: string[] = [];
  let last = "nothing yet";
  let underWay = 0;
  page.on("request", (request) => (underWay += Number(request.url().includes("/api/"))));
  page.on("requestfinished", (request) => (underWay -= Number(request.url().includes("/api/"))));
  page.on("requestfailed", (request) => (underWay -= Number(request.url().includes("/api/"))));
  page.on("response", (response) => {
    if (response.status() === 403) refused.push(`${response.request().method()} ${new URL(response.url()).pathname}, after ${last}`);
  });
  page.context().on("page", (opened) => void opened.close().catch(() => undefined)); // reports
  const answered = () => expect.poll(() => underWay, { intervals: [20] }).toBeLessThanOrEqual(0);

  for (const view of views) {
    await show(page, view);
    for (;;) {
      const name = await chooseNext(page, [...done]);
      if (name === null) break;
      done.add(name);
      if (NEVER.test(name)) continue;
      last = `"${name}" on ${view.name}`;
      const items = await press(page);
      for (let item = 0; item < items; item += 1) {
        if (item > 0 && (await press(page)) <= item) break;
        const entry = page.locator("[role=menuitem]:visible, [role=option]:visible").nth(item);
        last = `"${name}", ${await entry.innerText()} on ${view.name}`;
        if (NEVER.test(last)) continue;
        await entry.click({ timeout: 2000 }).catch(() => undefined);
        await sendForm(page, answered);
      }
      await sendForm(page, answered);
      if ((await page.evaluate(() => location.pathname)).endsWith(view.path.split("?")[0]!)) await answered();
      else await show(page, view);
    }
  }
  return { pressed: [...done], refused };
}

/** Marks the next control that is to be pressed; null: there is none. */
async function chooseNext(page: Page, done: string[]): Promise<string | null> {
  return page.evaluate(({ known, passive }) => {
    const months = /^(January|February|March|April|May|June|July|August|September|October|November|December)\b/;
    for (const old of document.querySelectorAll("[data-press]")) old.removeAttribute("data-press");
    const all = document.querySelectorAll<HTMLElement>("button, [role=button], [role=tab], input[type=radio], input[type=checkbox], summary");
    for (const control of all) {
      if (control.closest("[role=menu], [role=listbox]") || control.matches(passive) || !control.checkVisibility({ visibilityProperty: true })) continue;
      if ((control as HTMLButtonElement).disabled || control.getAttribute("aria-disabled") === "true" || control.closest("[aria-hidden=true], [inert]")) continue;
      const label = control.getAttribute("aria-label") ?? (control as HTMLInputElement).labels?.[0]?.innerText ?? control.innerText;
      const name = label.trim().replace(/\s+/g, " ").replace(/:.*/, "").replace(/[\d,.]+/g, "#").replace(months, "Month");
      if (name === "" || known.includes(name)) continue;
      control.setAttribute("data-press", "");
      return name;
    }
    return null;
  }, { known: done, passive: PASSIVE });
}

/** How many entries the menu or list has that it opened. */
async function press(page: Page): Promise<number> {
  const control = page.locator("[data-press]");
  // A switch or radio button lies under what draws it.
  await control.first().click({ timeout: 2000, force: true }).catch(() => undefined);
  return Math.min(await page.locator("[role=menuitem]:visible, [role=option]:visible").count(), 8);
}

/** Fills in and sends what a dialog asks for, and leaves it. */
async function sendForm(page: Page, answered: () => Promise<void>): Promise<void> {
  const dialog = page.getByRole("dialog").last();
  if (await dialog.isVisible()) {
    for (const field of await dialog.locator("textarea:visible, input[type=text]:visible:not([readonly]):not([role=combobox])").all()) {
      if ((await field.inputValue().catch(() => "?")) === "") await field.fill("because-of-the-test", { timeout: 1000 }).catch(() => undefined);
    }
    const send = dialog.locator("button[type=submit]:enabled").last();
    if (await send.isVisible()) await send.click({ timeout: 2000 }).catch(() => undefined);
    await answered();
  }
  for (let tries = 0; tries < 4; tries += 1) {
    await page.keyboard.press("Escape");
    const gone = await expect(page.locator("[role=dialog]:visible, [role=menu]:visible, [role=listbox]:visible"))
      .toHaveCount(0, { timeout: 700 })
      .then(() => true, () => false);
    if (gone) return;
    // One that only its button closes.
    const close = page.getByRole("dialog").last().getByRole("button").last();
    if (await close.isVisible().catch(() => false)) await close.click({ timeout: 1000 }).catch(() => undefined);
  }
}
