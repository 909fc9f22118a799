import { axeFaults } from "./support/looks";
import { logIn, settled } from "./support/steps";
import { expect, test } from "./support/test";

test("a scenario is started, watched and judged", async ({ page, server }) => {
  await logIn(page, server, "operator", "/training");
  await page.getByRole("button", { name: "Start Comprehensive evolution" }).click();
  const dialog = page.getByRole("dialog", { name: /^Start: / });
  await dialog.getByRole("textbox", { name: "Episodes" }).fill("80");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(dialog).toContainText("At least 3 characters");
  await dialog.getByRole("textbox", { name: "Reason" }).fill("is there something better?");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();

  // Its page, and there the end.
  await expect(page).toHaveURL(/\/training\/[^/]+$/);
  await expect(page.getByText("What it means for the parameters")).toBeVisible({ timeout: 120_000 });

  // The verdict, with every check in words and numbers.
  await expect(page.getByRole("heading", { name: /^Verdict of the gate/ })).toBeVisible();
  const id = page.url().split("/").at(-1)!;
  const { gate } = await server.get<{ gate: { summary: string; checks: { title: string; sentence: string }[] } | null }>(
    `/api/rl-training/scenarios/results/${id}`,
  );
  expect(gate, "the seed of the market finds something that the gate is asked about").not.toBeNull();
  await expect(page.getByRole("paragraph").filter({ hasText: gate!.summary })).toBeVisible();
  expect(gate!.checks.length).toBeGreaterThan(3);
  for (const check of gate!.checks) {
    await expect(page.getByRole("article", { name: check.title, exact: true })).toContainText(check.sentence);
  }
  await expect(page.getByRole("table", { name: "Candidates" })).toBeVisible();

  // It is listed, and on record.
  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page.getByRole("table", { name: "Sessions" }).getByRole("row", { name: /Comprehensive evolution/ }).first()).toContainText("Finished");
});

for (const { what, title, numbers, shows } of [
  { what: "A clone of an expert", title: "Clone of the expert rsi-ma", numbers: { Epochs: "2", "Blocks of time": "2" }, shows: "How like the expert" },
  { what: "PPO and DQN over several seeds", title: "First trainings (PPO and DQN)", numbers: { Steps: "300", Seeds: "1" }, shows: "Policies and baselines" },
  { what: "An ensemble of policies", title: "Training of an ensemble", numbers: { Members: "2", Steps: "300" }, shows: "Members on the test part" },
  { what: "DQN, one policy", title: "Training of an agent (DQN)", numbers: { Steps: "300" }, shows: "Policies and baselines" },
]) {
  test(`trained and judged: ${what}`, async ({ page, server }) => {
    await logIn(page, server, "operator", "/training");
    await page.getByRole("button", { name: "Train an agent" }).click();
    const dialog = page.getByRole("dialog", { name: "Train an agent" });
    await dialog.getByLabel("What is trained").selectOption(what);
    for (const [name, value] of Object.entries(numbers)) await dialog.getByRole("textbox", { name, exact: true }).fill(value);
    await dialog.getByRole("textbox", { name: "Reason" }).fill("a first look");
    await dialog.getByRole("button", { name: /^Start|^Put into/ }).click();
    await expect(page).toHaveURL(/\/training\/[^/]+$/);
    await expect(page.getByRole("heading", { name: title })).toBeVisible();

    // To its end, and what it found beside the baselines.
    await expect(page.getByText("How it ended")).toBeVisible({ timeout: 180_000 });
    await expect(page.getByRole("table", { name: "Policies and baselines" }).getByRole("row", { name: /Buy and hold/ })).toBeVisible();
    await expect(page.getByRole("table", { name: shows })).toBeVisible();
    await settled(page);
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "The model that it left" }).click();
    await expect(page).toHaveURL(/\/models\/[0-9a-f]{16}$/);
  });
}

test("a session is watched and stopped with a reason", async ({ page, server }) => {
  await logIn(page, server, "operator", "/training");
  // A training of so many steps does not end by itself meanwhile; a search that converges may.
  await page.getByRole("button", { name: "Train an agent" }).click();
  const dialog = page.getByRole("dialog", { name: "Train an agent" });
  await dialog.getByRole("textbox", { name: "Steps" }).fill("1000000000");
  await dialog.getByRole("textbox", { name: "Reason" }).fill("to be stopped");
  await dialog.getByRole("button", { name: /^Start|^Put into/ }).click();

  // The progress moves by itself.
  await expect(page).toHaveURL(/\/training\/[^/]+$/);
  await expect(page.getByRole("progressbar", { name: "Progress of the session" })).toBeVisible();
  const far = page.getByText(/^[\d,]+ of 1,000,000,000$/);
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      if (await far.isVisible()) seen.add((await far.textContent())!);
      return seen.size;
    }, { intervals: [50], timeout: 120_000 })
    .toBeGreaterThan(3);

  await page.getByRole("button", { name: /^Stop: / }).click();
  const stop = page.getByRole("dialog", { name: /^Stop / });
  await stop.getByRole("textbox", { name: "Reason" }).fill("enough of it");
  await stop.getByRole("button", { name: "Stop the session" }).click();
  await expect(page.getByText("How it ended")).toBeVisible();
  await expect(page.getByRole("main")).toContainText("Stopped");
});
