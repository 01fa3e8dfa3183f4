// The loop on real runs, as a person walks it: a failed run becomes an eval case, the scorecard is attested, a gate is opened for the release, its
// evidence frozen, a decision recorded, and the review artifact opened. Every page on the way passes the page checks.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

async function look(page: Page, name: string): Promise<void> {
  await picture(page, name.replaceAll(" ", "-"));
  await checkPage(page, name);
}

/** Goes to a section of the rail. */
async function section(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: new RegExp(`^${name}`) }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

async function promote(page: Page): Promise<void> {
  await section(page, "Triage");
  await page.getByLabel("Workflow", { exact: true }).selectOption("airline-support");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.waitForURL(/workflow=airline-support/);
  await look(page, "triage");
  await page.getByLabel("Title").fill("Follows the airline's rules for changes");
  await page.getByRole("textbox", { name: "Must", exact: true }).fill("refuse what the policy does not allow, and say why");
  await page.getByRole("button", { name: "Promote, open the case" }).click();
  await page.waitForURL(/\/cases\/case_/);
  await page.getByText("refuse what the policy does not allow, and say why").waitFor();
  await page.getByRole("heading", { name: "Observed, not expected" }).waitFor();
  await look(page, "case");
  await page.locator("#provenance-title").locator("xpath=ancestor::section").getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: /^Run / }).waitFor();
  await page.getByRole("heading", { name: "Conversation" }).waitFor();
  await look(page, "run");
}

async function attest(page: Page): Promise<void> {
  await section(page, "Scorecards");
  await look(page, "scorecards");
  await page.getByRole("link", { name: "Airline support scorecard" }).click();
  await page.getByRole("checkbox", { name: /I have read/ }).check();
  await page.getByLabel("Note").fill("Read with the team.");
  await page.getByRole("button", { name: "Attest" }).click();
  await page.getByText("Your attestation is recorded.").waitFor();
  await look(page, "scorecard");
}

async function decide(page: Page): Promise<void> {
  await section(page, "Releases");
  await look(page, "releases");
  await page.getByRole("link", { name: "gpt-4o/tool-calling" }).click();
  await page.getByRole("button", { name: "Open a gate" }).waitFor();
  await look(page, "release");
  await page.getByRole("button", { name: "Open a gate" }).click();
  await page.waitForURL(/\/gates\/gate_/);
  await look(page, "open gate");
  await page.getByRole("button", { name: "Freeze the evidence" }).click();
  await page.getByText("The evidence is frozen.").waitFor();
  assert.equal(await page.locator('input[name="verdict"]:checked').count(), 0, "no verdict is chosen for the person");
  await look(page, "frozen gate");
  await page.getByRole("radio", { name: /^Hold/ }).check();
  await page.getByRole("textbox", { name: "Reason" }).fill("Held: **success** is below what we agreed on.");
  await page.getByRole("button", { name: "Record the decision" }).click();
  await page.waitForURL(/\/decisions\/dec_/);
  await page.getByText("The decision is recorded in the ledger.").waitFor();
  await look(page, "decision");
}

async function openArtifact(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Review artifact" }).click();
  await page.getByRole("heading", { name: "Four questions" }).waitFor();
  await page.getByText("Follows the airline's rules for changes").first().waitFor();
  await look(page, "artifact");
  await page.goBack();
}

/** By keyboard to a release: what is typed shows what there is, the arrow goes there. */
async function search(page: Page): Promise<void> {
  await page.keyboard.press("Control+k");
  await page.keyboard.type("gpt-4o/tool");
  await page.locator("[data-search-found]").getByRole("link", { name: /gpt-4o\/tool-calling/ }).waitFor();
  await look(page, "search");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/releases\/rel_/);
}

main(async () => {
  await withBrowser(async (_context, page) => {
    await page.goto("/sign-in");
    await look(page, "sign in");
    await signIn(page);
    await page.waitForURL(new RegExp(`/p/${setting("SEATRIAL_PROJECT")}$`));
    await look(page, "overview");
    await promote(page);
    await attest(page);
    await decide(page);
    await openArtifact(page);
    for (const name of ["Runs", "Eval cases", "Decisions", "Settings"]) {
      await section(page, name);
      await look(page, name.toLowerCase());
    }
    await search(page);
  });
});
