import { logIn } from "./support/steps";
import { expect, test } from "./support/test";

test("trading is stopped from any page and re-armed, each with a reason", async ({ page, server }) => {
  const isKilled = async () => (await server.get<{ summary: { killed: boolean } }>("/api/live/state")).summary.killed;
  await logIn(page, server, "operator", "/history");
  await page.getByRole("button", { name: "Kill switch: stop trading" }).click();
  const dialog = page.getByRole("dialog", { name: "Stop trading now" });
  await dialog.getByRole("button", { name: "Stop trading" }).click();
  await expect(dialog).toContainText("At least 3 characters");
  expect(await isKilled()).toBe(false);
  await dialog.getByRole("radio", { name: "Close them" }).check();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("the exchange has trouble");
  await dialog.getByRole("button", { name: "Stop trading" }).click();
  await expect(dialog).toHaveCount(0);

  const banner = page.getByRole("status").filter({ hasText: "Trading is stopped." });
  await expect(banner).toContainText("otto");
  await expect(banner).toContainText("the exchange has trouble");
  await expect.poll(isKilled).toBe(true);
  await page.getByRole("link", { name: "Live" }).first().click();
  await expect(page.getByRole("banner")).toContainText("Killed");

  await banner.getByRole("button", { name: "Re-arm" }).click();
  const again = page.getByRole("dialog", { name: "Trade again" });
  await expect(again).toContainText("the exchange has trouble");
  await again.getByRole("textbox", { name: "Reason" }).fill("it is over");
  await again.getByRole("button", { name: "Re-arm" }).click();
  await expect(banner).toHaveCount(0);
  await expect.poll(isKilled).toBe(false);
  await expect(page.getByRole("banner")).toContainText("Risk active");
});
