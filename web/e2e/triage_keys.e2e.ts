// A reviewer works thirty real failures off with keys alone: nothing is clicked. The next one is read before it is asked for, an act is taken
// back, and what was done is counted by class and by person.
import assert from "node:assert/strict";
import type { Page, Request } from "playwright-core";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";
import { complete, nextIsThere, underReview } from "./triage_steps";

const WANTED = 30;

async function dismiss(page: Page, reason: string): Promise<void> {
  const run = await underReview(page);
  await page.keyboard.press("d");
  await page.keyboard.type(reason);
  await complete(page, run);
}

/** Takes the last act back. */
async function undo(page: Page, run: string): Promise<void> {
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press("u")]);
  assert.equal(await underReview(page), run, "it is under review again");
}

async function link(page: Page): Promise<boolean> {
  const run = await underReview(page);
  await page.keyboard.press("l");
  const chosen = page.locator("#link input[type=radio]:focus");
  if ((await chosen.count()) === 0) {
    await page.keyboard.press("Escape");
    return false;
  }
  await page.keyboard.press("Space");
  await complete(page, run);
  return true;
}

async function promote(page: Page, nth: number): Promise<void> {
  const run = await underReview(page);
  await page.keyboard.press(String(1 + (nth % 5)));
  await page.keyboard.press("p");
  await page.keyboard.type(`say what was changed before changing it (${nth})`);
  await complete(page, run);
  // What has its input already is offered as a link.
  if ((await page.getByRole("alert").count()) && !(await link(page))) await dismiss(page, "the same again");
}

async function help(page: Page): Promise<void> {
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keyboard" });
  for (const said of ["Promote to an eval case", "Dismiss with a reason", "Next", "Keep it for me"]) await dialog.getByText(said).first().waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}

/** Asking for the next failure takes no further page: it was read before. */
async function readAhead(page: Page): Promise<void> {
  const run = await underReview(page);
  await nextIsThere(page);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.isNavigationRequest() ? request.url() : ""));
  await page.keyboard.press("n");
  await page.waitForFunction((was) => !document.querySelector("#promote")?.getAttribute("action")?.includes(was), run);
  assert.deepEqual(asked.filter(Boolean), [], "the page was there already");
  assert.notEqual(await underReview(page), run);
}

/** What was decided is sent while the next failure is shown: whoever writes about that one is not disturbed by the answer. */
async function goesOnAtOnce(page: Page): Promise<void> {
  const run = await underReview(page);
  await nextIsThere(page);
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/dismiss", async (route) => {
    await answered;
    await route.continue();
  });
  const pages: string[] = [];
  const watch = (request: Request): void => void (request.isNavigationRequest() && pages.push(request.url()));
  page.on("request", watch);
  await page.keyboard.press("d");
  await page.keyboard.type("the customer changed their mind");
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction((was) => document.querySelector<HTMLElement>(".triage-act")?.dataset["run"] !== was, run);
  await page.getByText("Sending what you decided").waitFor();
  assert.equal(await page.locator("[data-key=u]").count(), 0, "the act before cannot be taken back by mistake");
  const next = await underReview(page);
  await page.keyboard.press("p");
  await page.keyboard.type("ask before ");
  answer();
  await page.locator(".undo [data-key=u]").waitFor();
  await page.keyboard.type("booking");
  assert.equal(await page.locator("#must").inputValue(), "ask before booking", "what is typed meanwhile stays, and so does the focus");
  assert.equal(await underReview(page), next);
  assert.match(page.url(), new RegExp(`run=${next}.*undo=`), "the address is that of the answer");
  assert.deepEqual(pages, [], "no page was loaded");
  page.off("request", watch);
  await page.unroute("**/dismiss");
  await page.locator("#must").fill("");
  await page.keyboard.press("Escape");
  await page.reload();
  assert.equal(await page.locator("#must").inputValue(), "", "what was accepted or taken out does not come back");
  await undo(page, run);
}

/** A connection that breaks while it is sent: the failure is there again, with what was typed. */
async function comesBack(page: Page): Promise<void> {
  const run = await underReview(page);
  await nextIsThere(page);
  await page.route("**/dismiss", (route) => route.abort("connectionreset"));
  await page.keyboard.press("d");
  await page.keyboard.type("not one of ours");
  await page.keyboard.press("Control+Enter");
  await page.locator("#dismiss").getByText("There is no connection.").waitFor();
  assert.equal(await underReview(page), run, "it is under review again");
  assert.equal(await page.locator("#dismiss-reason").inputValue(), "not one of ours");
  await page.unroute("**/dismiss");
  await page.locator("#dismiss-reason").focus();
  await complete(page, run);
  await undo(page, run);
}

async function takeBack(page: Page): Promise<void> {
  const run = await underReview(page);
  await dismiss(page, "a mistake");
  await undo(page, run);
}

main(async () => {
  await withBrowser(async (_context, page) => {
    await page.goto("/sign-in");
    await signIn(page);
    await page.waitForURL(new RegExp(`/p/${setting("SEATRIAL_PROJECT")}$`));
    await page.keyboard.press("g");
    await Promise.all([page.waitForURL(/\/failures/), page.keyboard.press("t")]);
    await page.locator("#review-title").waitFor();
    await help(page);
    await readAhead(page);
    await takeBack(page);
    await goesOnAtOnce(page);
    await comesBack(page);
    for (let nth = 0; nth < WANTED; nth += 1) {
      if (nth % 5 === 3) await dismiss(page, `the customer gave up (${nth})`);
      else if (nth % 5 !== 4 || !(await link(page))) await promote(page, nth);
      if (nth === 7) {
        await picture(page, "triage-by-keys");
        await checkPage(page, "triage by keys");
      }
    }
    const said = await page.locator(".triage-progress").textContent();
    assert.match(said?.replace(/\s+/g, " ") ?? "", new RegExp(`Learned from ${WANTED} of .*\\(you\\) ${WANTED}`), "it is counted");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await picture(page, `triage-${width}-${colorScheme}`);
      }
    }
  }, /ERR_CONNECTION_RESET/);
});
