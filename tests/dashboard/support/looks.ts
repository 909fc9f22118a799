import axe from "axe-core";
import type { Page } from "@playwright/test";

/** What axe finds wrong with what is shown. The policy of the page holds for its scripts, not for this one. */
export async function axeFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof import("axe-core") }).axe.run(document, { resultTypes: ["violations"] });
    return violations.map((fault) => `${fault.id}: ${fault.nodes.map((at) => `${at.html.slice(0, 300)} (${at.failureSummary?.replace(/\s+/g, " ") ?? ""})`).join(" | ")}`);
  });
}

/** What reaches beyond the right edge of the window and makes the page as a whole wider than it. */
export async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.scrollingElement!;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((node) => node.getBoundingClientRect().right > root.clientWidth + 0.5);
    return [`${root.scrollWidth} of ${root.clientWidth} pixels`, ...wide.slice(0, 5).map((node) => node.outerHTML.slice(0, 200))];
  });
}
