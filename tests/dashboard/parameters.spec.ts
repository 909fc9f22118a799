import { logIn } from "./support/steps";
import { expect, test } from "./support/test";

test("a parameter is changed with a reason, seen in the timeline and rolled back", async ({ page, server }) => {
  const inForce = async () => server.get<{ version: number; parameters: { name: string; value: number }[] }>("/api/parameters");
  const valueOf = (shown: Awaited<ReturnType<typeof inForce>>) => shown.parameters.find((one) => one.name === "volPctBreakout")!.value;
  const before = await inForce();
  const value = valueOf(before) === 67 ? 68 : 67;

  await logIn(page, server, "operator", "/parameters");
  await page.getByRole("button", { name: "Change values" }).click();
  const field = page.getByRole("textbox", { name: "New value of volPctBreakout" });
  // Out of bounds: said at once, and nothing to send.
  await field.fill("1000");
  await expect(page.getByRole("region", { name: "What is typed and not sent" })).toContainText("cannot be taken: volPctBreakout");
  await expect(page.getByRole("button", { name: /^Review/ })).toBeDisabled();
  await field.fill(String(value));
  await page.getByRole("button", { name: "Review 1 change" }).click();
  const dialog = page.getByRole("dialog", { name: "Change values for" });
  await expect(dialog.getByRole("table", { name: "What changes" })).toContainText("volPctBreakout");
  await dialog.getByRole("textbox", { name: "Reason" }).fill("fewer false breakouts");
  await dialog.getByRole("button", { name: "Put 1 change in force" }).click();
  await expect(page.getByRole("heading", { name: `Version ${before.version + 1} is in force` })).toBeVisible();
  expect(valueOf(await inForce())).toBe(value);

  await page.getByRole("tab", { name: "History" }).click();
  const card = page.getByRole("article", { name: `Version ${before.version + 1}`, exact: true });
  await expect(card).toContainText("fewer false breakouts");
  await expect(card).toContainText("otto");
  await expect(card).toContainText("In force");

  await page.getByRole("button", { name: `Roll back to version ${before.version}`, exact: true }).click();
  const back = page.getByRole("dialog", { name: `Roll back to version ${before.version}` });
  await expect(back.getByRole("table", { name: "What the roll back changes" })).toContainText("volPctBreakout");
  await back.getByRole("textbox", { name: "Reason" }).fill("it was no better");
  await back.getByRole("button", { name: `Roll back to version ${before.version}` }).click();
  const newest = page.getByRole("article", { name: `Version ${before.version + 2}`, exact: true });
  await expect(newest).toContainText("it was no better");
  await expect(newest).toContainText("In force");
  expect(valueOf(await inForce())).toBe(valueOf(before));

  // The record of the change opens from its version.
  await newest.getByRole("link", { name: /^Ledger event/ }).click();
  await expect(page.getByRole("dialog")).toContainText("it was no better");
});
