// Two reviewers on one queue: whoever begins to write keeps the failure, the other sees who works on it, goes past it, and is refused with the
// reason when sending all the same. What one has decided the other does not decide again.
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";
import { complete, underReview } from "./triage_steps";

async function begin(page: Page, email: string): Promise<void> {
  await page.goto("/sign-in");
  await signIn(page, email);
  await page.goto(`/p/${setting("SEATRIAL_PROJECT")}/failures`);
  await page.locator("#promote").waitFor();
}


main(async () => {
  await withBrowser(async (context, one) => {
    await begin(one, setting("SEATRIAL_EMAIL"));
    const browser = context.browser() as Browser;
    const other = await (await browser.newContext({ baseURL: setting("SEATRIAL_BASE_URL"), viewport: { width: 1440, height: 900 } })).newPage();
    await begin(other, setting("SEATRIAL_OTHER_EMAIL"));
    const first = await underReview(one);
    assert.equal(await underReview(other), first, "both look at the same failure");

    // The first one writes, and keeps it by that.
    await one.keyboard.press("p");
    await one.keyboard.type("ask before");
    await one.locator(".triage-act").getByText("You work on it now").waitFor();
    // The other one had it on the screen already, and is refused in words; what was typed is still there.
    await other.keyboard.press("d");
    await other.keyboard.type("not a failure at all");
    await other.locator(".triage-act").getByText("Somebody else works on it").waitFor();
    await Promise.all([other.waitForNavigation({ waitUntil: "load" }), other.keyboard.press("Control+Enter")]);
    assert.match((await other.getByRole("alert").textContent()) ?? "", /works on this failure/);
    assert.equal(await other.locator("#dismiss-reason").inputValue(), "not a failure at all");
    await other.getByText("What you send is refused until then.").waitFor();
    await other.locator(".queue-item .tag.is-kept").first().waitFor();
    await picture(other, "triage-reserved");
    await checkPage(other, "a failure somebody else works on");
    // The queue leads past it.
    await other.goto(`/p/${setting("SEATRIAL_PROJECT")}/failures`);
    const second = await underReview(other);
    assert.notEqual(second, first, "what somebody works on is not offered");
    await other.keyboard.press("d");
    await other.keyboard.type("the customer hung up");
    await complete(other, second);
    const third = await underReview(other);
    assert.ok(![first, second].includes(third));

    // The first one completes, and is not led to what the other one has done meanwhile.
    await complete(one, first);
    assert.notEqual(await underReview(one), second, "what was decided meanwhile is not offered");
    await other.goto(`/p/${setting("SEATRIAL_PROJECT")}/failures?run=${first}`);
    await other.locator(".triage-act").getByText("promoted").first().waitFor();
    assert.equal(await other.locator("#dismiss").count(), 0, "nobody decides twice");
  });
});
