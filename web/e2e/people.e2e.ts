// What each person comes for, with keys alone, on the real conversations of an airline's support agent: the scorecard owner reads and attests and
// changes a check, the agent engineer waits for a first run and reads it, the release manager opens a gate, freezes and decides, the operator answers
// an alert, the auditor follows a decision to its document and verifies it. (The reviewer's walk is triage_keys.e2e.ts.) Nobody has a mouse.
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { enter, go, openInList, signInByKeys, tabTo, withoutMouse } from "./by_keys";
import { main, picture, setting, withBrowser } from "./browser";

const PASSWORD = setting("SEATRIAL_PASSWORD");

/** The id that an address ends with. */
function idOf(page: Page): string {
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

async function owner(page: Page): Promise<void> {
  await go(page, "s", /\/scorecards$/);
  await openInList(page, page.getByRole("link", { name: "Airline support scorecard" }));
  await tabTo(page, page.locator("#attest-note"));
  await page.keyboard.type("Read with the team.");
  await tabTo(page, page.getByRole("checkbox", { name: /I have read/ }));
  await page.keyboard.press("Space");
  await enter(page, page.getByRole("button", { name: "Attest" }));
  await page.getByText("Your attestation is recorded.").waitFor();
  await enter(page, page.getByRole("link", { name: "Change it" }));
  await tabTo(page, page.locator('input[name="value"]').first());
  await page.keyboard.press("Control+a");
  await page.keyboard.type("0.55");
  // Leaving the field shows what it would have meant; Ctrl+Enter in the form writes the version.
  await page.keyboard.press("Tab");
  await tabTo(page, page.locator("#cadence"));
  await Promise.all([page.waitForURL(/\/scorecards\/[^/]+\?/), page.keyboard.press("Control+Enter")]);
  await page.getByText(/Version 2/).first().waitFor();
}

async function manager(page: Page): Promise<string> {
  await go(page, "l", /\/releases$/);
  await openInList(page, page.getByRole("link", { name: "gpt-4o/tool-calling" }));
  await enter(page, page.getByRole("button", { name: "Open a gate" }));
  await enter(page, page.getByRole("button", { name: /^Freeze/ }));
  await page.getByText("The evidence is frozen.").waitFor();
  assert.equal(await page.locator('input[name="verdict"]:checked').count(), 0, "no verdict is chosen for the person");
  await tabTo(page, page.getByRole("radio").first());
  for (let count = 0; count < 4 && !(await page.getByRole("radio", { name: /^Hold/ }).isChecked()); count += 1) await page.keyboard.press("ArrowDown");
  assert.ok(await page.getByRole("radio", { name: /^Hold/ }).isChecked(), "the arrows choose a verdict");
  await tabTo(page, page.locator("#reason"));
  await page.keyboard.type("Held: success is below what we agreed on.");
  await Promise.all([page.waitForURL(/\/decisions\/dec_/), page.keyboard.press("Control+Enter")]);
  await page.getByText("The decision is recorded in the ledger.").waitFor();
  return idOf(page);
}

async function operator(page: Page): Promise<void> {
  await go(page, "a", /\/alerts$/);
  await openInList(page, page.locator("a[data-nav-item]"));
  await page.getByRole("heading", { name: "Why" }).waitFor();
  const acknowledge = page.getByRole("button", { name: "Acknowledge it" });
  await tabTo(page, page.locator("#alert-acknowledge"));
  await page.keyboard.type("The operator on call looks at it.");
  await enter(page, acknowledge);
  await page.getByText("The operator on call looks at it.").first().waitFor();
  await enter(page, page.getByRole("link", { name: /^Response: / }));
  await page.getByRole("heading", { name: "Facts" }).waitFor();
  await tabTo(page, page.locator("#task-note"));
  await page.keyboard.type("The deployer has been told.");
  await enter(page, page.getByRole("button", { name: "Add the note" }));
  await page.getByText("The deployer has been told.").first().waitFor();
}

async function auditor(page: Page, decision: string): Promise<void> {
  await go(page, "d", /\/decisions$/);
  await openInList(page, page.locator(`a[href$="${decision}"]`));
  await page.getByText("Held: success is below what we agreed on.").first().waitFor();
  const command = page.locator(".command code").last();
  assert.match((await command.textContent()) ?? "", /^seatrial .*verify/, "the page says how to verify it offline");
  await tabTo(page, page.locator(".command button").last());
  await page.keyboard.press("Enter");
  await enter(page, page.getByRole("link", { name: "Review artifact" }));
  await page.getByRole("heading", { name: "Four questions" }).waitFor();
  await page.goBack();
}

async function engineer(page: Page): Promise<void> {
  await page.getByText("Waiting for your first run").waitFor();
  await tabTo(page, page.locator("summary").filter({ hasText: "No tracing: report a run" }));
  await page.keyboard.press("Enter");
  const run = { external_id: "first", workflow: "my-agent", release: "1.0.0", started_at: "2026-01-05T09:00:00Z", ended_at: "2026-01-05T09:00:41Z", outcome: "success" };
  const answer = await fetch(`${setting("SEATRIAL_BASE_URL")}/api/v1/projects/${setting("SEATRIAL_EMPTY_PROJECT")}/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${setting("SEATRIAL_EMPTY_KEY")}`, "content-type": "application/json" },
    body: JSON.stringify({ runs: [run] }),
  });
  assert.equal(answer.status, 200);
  await page.getByText("Your first run is here.").waitFor();
  await enter(page, page.getByRole("link", { name: "Open it" }));
  await page.getByRole("heading", { level: 1, name: /^Run / }).waitFor();
}

/** A browser of one's own for a person, signed in by keys at the first page of a project. */
async function as(browser: Browser, role: string, project: string, walk: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: setting("SEATRIAL_BASE_URL"), viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "UTC" });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  withoutMouse(page);
  await signInByKeys(page, `${role}@demo-co.example`, PASSWORD);
  if (!new URL(page.url()).pathname.endsWith(`/p/${project}`)) await page.goto(`/p/${project}`);
  await walk(page);
  await picture(page, `by-keys-${role}`);
  await context.close();
  console.log(`${role}: done`);
}

main(async () => {
  await withBrowser(async (context) => {
    const browser = context.browser() as Browser;
    const project = setting("SEATRIAL_PROJECT");
    let decision = "";
    await as(browser, "owner", project, owner);
    await as(browser, "release_manager", project, async (page) => {
      decision = await manager(page);
    });
    await as(browser, "owner", project, operator);
    await as(browser, "viewer", project, (page) => auditor(page, decision));
    await as(browser, "admin", setting("SEATRIAL_EMPTY_PROJECT"), engineer);
  });
});
