import { PASSWORD, Server } from "./support/server";
import { HOME, logIn } from "./support/steps";
import { expect, test } from "./support/test";

test("the first administrator, then a login, a wrong password, a logout", async ({ page, watch }) => {
  watch.allow(/status of (401|400)/);
  const server = await Server.start({ bars: 1500 });
  try {
    await page.goto(server.url);
    await expect(page).toHaveURL(new RegExp(`${HOME}`));
    await page.getByRole("link", { name: "Make the first administrator" }).click();
    await page.getByRole("textbox", { name: "One-time token" }).fill(server.token());
    await page.getByRole("textbox", { name: "Your name" }).fill("ada");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("Password again", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Make the administrator" }).click();
    await expect(page.getByRole("heading", { name: "Live", level: 1 })).toBeVisible();

    await page.getByRole("button", { name: "User ada" }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();

    await page.getByRole("textbox", { name: "Name" }).fill("ada");
    await page.getByLabel("Password", { exact: true }).fill("not her password");
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page.getByRole("alert")).toContainText(/name or password/i);
    await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("ada");
    await expect(page.getByLabel("Password", { exact: true })).toHaveValue("");
    await logIn(page, server, "admin");

    // Loaded anew it is still logged in; another tab is not.
    await page.reload();
    await expect(page.getByRole("button", { name: "User ada" })).toBeVisible();
    const other = await page.context().newPage();
    await other.goto(server.url + HOME);
    await expect(other.getByRole("button", { name: "Log in" })).toBeVisible();
  } finally {
    await server.end();
  }
});

test("a login that ends does not take what was typed", async ({ page, server, watch }) => {
  watch.allow(/status of 401/);
  await logIn(page, server, "operator", "/parameters");
  await page.getByRole("button", { name: "Change values" }).click();
  await page.getByRole("textbox", { name: "New value of tpRevert" }).fill("1.3");
  await page.getByRole("button", { name: "Review 1 change" }).click();
  const dialog = page.getByRole("dialog", { name: "Change values for" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("closer targets in a quiet week");

  // An administrator sets the password, which ends all logins of the user.
  await server.ask("PUT", "/api/auth/users/otto/password", { body: { password: PASSWORD }, as: "admin" });
  const ended = page.getByRole("dialog", { name: "Your login has ended" });
  await dialog.getByRole("button", { name: "Put 1 change in force" }).click();
  await expect(ended).toBeVisible();
  await ended.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await ended.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(ended).toHaveCount(0);

  await expect(dialog.getByRole("textbox", { name: "Reason" })).toHaveValue("closer targets in a quiet week");
  await dialog.getByRole("button", { name: "Put 1 change in force" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("status").filter({ hasText: "Traded by from the next bar on" })).toBeVisible();
});
