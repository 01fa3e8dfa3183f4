// Steps of a reviewer that several walks take.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** The failure under review. */
export async function underReview(page: Page): Promise<string> {
  return (await page.locator(".triage-act").getAttribute("data-run")) ?? "";
}

/** The page of the next failure was read. */
export async function nextIsThere(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const next = document.querySelector<HTMLAnchorElement>("a[data-next]");
    return next !== null && document.documentElement.dataset["nextReady"] === next.href;
  });
}

/** Sends the form that is typed in, and waits for the failure that follows and for the act to be one that can be taken back; or for why not. */
export async function complete(page: Page, before: string): Promise<void> {
  await page.evaluate(() => document.querySelector(".triage-act [role=alert]")?.setAttribute("data-read", ""));
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction((was) => {
    const run = document.querySelector<HTMLElement>(".triage-act")?.dataset["run"];
    if (document.querySelector(".triage-act [role=alert]:not([data-read])")) return true;
    return run !== was && document.querySelector(".undo [data-key=u]") !== null;
  }, before);
  await page.waitForLoadState("load");
  if (await page.getByRole("alert").count()) return;
  assert.notEqual(await underReview(page), before, "the next failure is under review");
}
