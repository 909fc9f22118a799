import type { Page } from "@playwright/test";
import { prepare, type Shown } from "./prepare";
import { pressEverything } from "./support/press";
import { logIn, show } from "./support/steps";
import { expect, test } from "./support/test";
import { viewsOf } from "./support/views";

const shown = JSON.parse(process.env.STEVIE_SHOWN ?? "null") as Shown;
/** What people below this role must not find. */
const operators = /^(Kill switch|Start |Stop: |Change values|Reset to defaults|Import|Roll back|Verify the chain|Re-arm|Take out)/;
const administrators = /^(Add a user|Add a channel|Apply it all the same|Override)/;
const settings = { viewer: ["Account", "API keys", "Limits", "About"], operator: ["Notifications"], admin: ["Users", "Configuration"] };

test("a viewer finds no control that the server refuses", async ({ page, watch }) => {
  watch.allow(/status of 4\d\d/);
  await logIn(page, shown, "viewer");
  for (const tab of settings.viewer) await expectTab(page, tab, true);
  for (const tab of [...settings.operator, ...settings.admin]) await expectTab(page, tab, false);
  const { pressed, refused } = await pressEverything(page, shown.views.filter((view) => !view.least));
  expect(refused).toEqual([]);
  expect(pressed.filter((name) => operators.test(name) || administrators.test(name))).toEqual([]);
  expect(pressed.length).toBeGreaterThan(40);
});

test("an operator finds no control that the server refuses", async ({ page, watch }) => {
  watch.allow(/status of 4\d\d/);
  const server = await prepare({ slow: "18000", until: 2000 });
  try {
    await logIn(page, server, "operator");
    for (const tab of [...settings.viewer, ...settings.operator]) await expectTab(page, tab, true);
    for (const tab of settings.admin) await expectTab(page, tab, false);
    // Nothing in Performance and Models depends on the role: a viewer presses all of it.
    const views = (await viewsOf(server)).filter((view) => view.least !== "admin" && !/^(performance|models)/.test(view.name));
    const { pressed, refused } = await pressEverything(page, views);
    expect(refused).toEqual([]);
    expect(pressed.filter((name) => administrators.test(name))).toEqual([]);
    expect(pressed.filter((name) => operators.test(name)).length).toBeGreaterThan(6);
  } finally {
    await server.end();
  }
});

test("an administrator sees users, keys, notifications and the configuration, and adds a user", async ({ page, server }) => {
  await logIn(page, server, "admin");
  for (const tab of Object.values(settings).flat()) await expectTab(page, tab, true);
  await show(page, { name: "users", path: "/settings/users", shows: "Users" });
  await page.getByRole("button", { name: "Add a user" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a user" });
  const name = `new-${Date.now()}`;
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByLabel("First password", { exact: true }).fill("a password for the first day");
  await dialog.getByRole("button", { name: "Add the user" }).click();
  await expect(page.getByRole("table", { name: "Users" }).getByRole("row", { name })).toContainText("Viewer");
});

async function expectTab(page: Page, name: string, isThere: boolean): Promise<void> {
  if (!page.url().includes("/settings")) await show(page, { name: "settings", path: "/settings/account", shows: "You" });
  await expect(page.getByRole("tab", { name, exact: true })).toHaveCount(isThere ? 1 : 0);
}
