// A run of 10,000 spans, read by keyboard: only the rows in view are in the page, children fold, a span's body opens in place and its address can be
// passed on. Without script the same run is read by pages and links.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

const SPANS = 10_000;

async function windowed(page: Page): Promise<void> {
  const tree = page.getByRole("tree");
  await tree.waitFor();
  const drawn = await page.locator(".span-row").count();
  assert.ok(drawn > 5 && drawn < 120, `${drawn} of ${SPANS} rows are in the page`);
  await tree.focus();
  await page.keyboard.press("End");
  await page.locator('.span-row.is-selected.is-error[data-index="9999"]').waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("card declined <b>").waitFor();
  assert.match(page.url(), /[?&]span=[0-9a-f]{16}/);
}

async function folds(page: Page): Promise<void> {
  await page.getByRole("tree").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.locator(".span-row").count(), 1, "closing the root hides all below it");
  assert.equal(await page.getByRole("treeitem").first().getAttribute("aria-expanded"), "false");
  await page.keyboard.press("ArrowRight");
  assert.ok((await page.locator(".span-row").count()) > 5);
  await page.getByRole("button", { name: "Close all" }).click();
  assert.equal(await page.locator(".span-row").count(), 1);
  await page.getByRole("button", { name: "Open all" }).click();
  await page.getByRole("link", { name: /^Fold 1 idle stretch/ }).click();
  await page.getByRole("link", { name: /^Unfold 1 idle stretch/ }).waitFor();
  await page.getByRole("tree").waitFor();
}

async function withoutScript(page: Page, address: string): Promise<void> {
  const browser = page.context().browser();
  assert.ok(browser);
  const state = await page.context().storageState();
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: state, baseURL: setting("SEATRIAL_BASE_URL") });
  const plain = await context.newPage();
  await plain.goto(address);
  assert.equal(await plain.locator(".span-row").count(), 200);
  await plain.getByRole("link", { name: "Later rows" }).click();
  await plain.getByText("Spans 201 to 400 of 10,000").waitFor();
  await plain.locator(".span-name").first().click();
  await plain.locator(".span-body-title").waitFor();
  await context.close();
}

main(async () => {
  await withBrowser(async (_context, page) => {
    const address = setting("SEATRIAL_RUN");
    await signIn(page);
    await page.goto(address);
    await windowed(page);
    await picture(page, "long-run");
    await checkPage(page, "long run");
    await page.reload();
    await page.getByText("card declined <b>").waitFor();
    await folds(page);
    await withoutScript(page, address);
  });
});
