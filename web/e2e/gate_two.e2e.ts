// Two people on one gate: what comes in and what the other one does shows on the open page, while nothing that is being typed or read is lost.
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { tabTo } from "./by_keys";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

const PROJECT = setting("SEATRIAL_PROJECT");
const REASON = "Wait for the weekend: enterprise is still thin";
const OTHER = setting("SEATRIAL_OTHER_NAME");

async function begin(page: Page, email: string): Promise<void> {
  await signIn(page, email);
  await page.goto(`/p/${PROJECT}/gates/${setting("SEATRIAL_GATE")}`);
}

async function sendRuns(): Promise<void> {
  const answer = await fetch(`${setting("SEATRIAL_BASE_URL")}/api/v1/projects/${PROJECT}/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${setting("SEATRIAL_KEY")}`, "content-type": "application/json" },
    body: setting("SEATRIAL_RUNS"),
  });
  assert.equal(answer.status, 200);
}

main(async () => {
  await withBrowser(async (context, one) => {
    await begin(one, setting("SEATRIAL_EMAIL"));
    const browser = context.browser() as Browser;
    const other = await (await browser.newContext({ baseURL: setting("SEATRIAL_BASE_URL"), viewport: { width: 1440, height: 900 } })).newPage();
    await begin(other, setting("SEATRIAL_OTHER_EMAIL"));
    const loaded = await one.evaluate(() => performance.timeOrigin);

    // A run comes in while somebody writes the reason of the decision.
    const reason = one.locator("#reason");
    await reason.fill(REASON);
    assert.equal(await one.getByText("Settled runs of this release: 400 then, 401 now.").count(), 0);
    await sendRuns();
    await one.getByText("Settled runs of this release: 400 then, 401 now.").waitFor();
    assert.equal(await reason.inputValue(), REASON);
    assert.ok(await reason.evaluate((field) => field === document.activeElement), "the focus stays where somebody writes");
    // The charts that came anew are read by keys as before.
    const chart = one.locator("#findings svg.chart").first();
    await tabTo(one, chart);
    const read = await one.locator(".chart-reading").textContent();
    assert.ok(read, "the chart says something");

    // The other one freezes again while this chart is read: it is exchanged afterwards, not under their eyes.
    const asked: string[] = [];
    one.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const told = one.waitForRequest((request) => new URL(request.url()).pathname.endsWith("/rail"));
    await Promise.all([other.waitForNavigation({ waitUntil: "load" }), other.getByRole("button", { name: "Freeze again" }).click()]);
    await told;
    assert.equal(await one.locator(".chart-reading").textContent(), read, "what is read stays");
    assert.ok(!asked.some((path) => path.endsWith("/findings")), "and is not fetched meanwhile");
    await one.keyboard.press("Escape");
    await one.getByText(`${OTHER} froze the evidence: what you decide has to rest on that.`).waitFor();
    await picture(one, "gate-frozen-meanwhile");
    await checkPage(one, "a gate that somebody else froze meanwhile");
    assert.equal(await one.evaluate(() => performance.timeOrigin), loaded, "the page was not loaded again for that");
    await Promise.all([one.waitForNavigation({ waitUntil: "load" }), one.getByRole("link", { name: "Load the page again" }).click()]);
    assert.equal(await reason.inputValue(), REASON, "what was typed came along");
    assert.equal(await one.getByText(`${OTHER} froze the evidence`).count(), 0);

    // The other one decides.
    await other.locator('input[name="verdict"][value="hold"]').check();
    await other.locator("#reason").fill("Not before Monday.");
    await Promise.all([other.waitForURL(/\/decisions\//), other.getByRole("button", { name: "Record the decision" }).click()]);
    await one.getByText(`${OTHER} decided to hold.`).waitFor();
    assert.equal(await reason.inputValue(), REASON);
    one.on("dialog", (dialog) => void dialog.accept());
    await Promise.all([one.waitForURL(/\/decisions\//), one.getByRole("link", { name: "See the decision" }).click()]);
  });
});
