// How a workflow is watched, as a person sets it by keyboard: tried on past data first, then kept. Every page on the way passes the page checks.
import assert from "node:assert/strict";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

main(async () => {
  await withBrowser(async (_context, page) => {
    await signIn(page);
    const base = `/p/${setting("SEATRIAL_PROJECT")}`;
    await page.goto(`${base}/alerts`);
    await page.getByRole("link", { name: "How workflows are watched" }).click();
    await page.getByRole("heading", { level: 1, name: "How workflows are watched" }).waitFor();
    await picture(page, "alert-settings-list");
    await checkPage(page, "how workflows are watched");
    await page.getByRole("link", { name: "refund-handling" }).click();
    await page.getByRole("heading", { level: 1, name: "How refund-handling is watched" }).waitFor();
    await checkPage(page, "how one is watched");

    // By keyboard: the days, then the first kind off.
    await page.getByLabel("Days to a false alarm, at least").focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("200");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    const first = page.getByRole("checkbox", { name: "The release succeeds less often" });
    assert.equal(await first.isChecked(), false, "the space bar turned it off");
    // Enter in a field tries, and keeps nothing.
    await page.getByLabel("Try on the last days").focus();
    await page.keyboard.press("Enter");
    await page.getByText("the settings in force would have fired once").waitFor();
    assert.equal(await page.getByLabel("Days to a false alarm, at least").inputValue(), "200", "what was typed is still there");
    assert.equal(await first.isChecked(), false);
    await first.check();
    await page.getByRole("button", { name: "Try it on past data" }).click();
    await page.getByText("they would have fired once").waitFor();
    await picture(page, "alert-settings-tried");
    await checkPage(page, "tried on past data");
    await page.getByRole("button", { name: "Keep these settings" }).click();
    await page.getByText("The settings are kept.").waitFor();
    assert.equal(await page.getByLabel("Days to a false alarm, at least").inputValue(), "200");
  });
});
