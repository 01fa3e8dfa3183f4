// Triage by form, as a reviewer walks it: a failure is kept, labelled and given free, its pattern confirmed, labelled at once and answered, a sampled
// success looked at, a suite made of a case. Every page on the way passes the page checks.
import type { Page } from "playwright-core";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

async function look(page: Page, name: string): Promise<void> {
  await picture(page, name.replaceAll(" ", "-"));
  await checkPage(page, name);
}

async function open(page: Page, path: string, heading: string): Promise<void> {
  await page.goto(`/p/${setting("SEATRIAL_PROJECT")}${path}`);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

async function work(page: Page): Promise<void> {
  await open(page, "/failures", "Triage");
  await page.getByRole("link", { name: "Label, assign or keep it" }).click();
  await page.getByRole("button", { name: "Keep it for me" }).click();
  await page.getByRole("button", { name: "Give it free" }).waitFor();
  await page.getByRole("combobox", { name: "Failure class" }).selectOption("policy_violation");
  await page.getByRole("textbox", { name: "Failing step" }).fill("book_reservation");
  await page.getByRole("textbox", { name: "Note" }).fill("Booked without asking for a confirmation.");
  await page.getByRole("button", { name: "Label it" }).click();
  await page.getByText("Booked without asking for a confirmation.").first().waitFor();
  await look(page, "work on a failure");
  await page.getByRole("button", { name: "Give it free" }).click();
  await page.getByRole("button", { name: "Keep it for me" }).waitFor();
}

async function pattern(page: Page): Promise<void> {
  await open(page, "/patterns", "Failure patterns");
  await look(page, "patterns");
  await page.locator("main a[href*='/patterns/pat_']").first().click();
  await page.getByRole("textbox", { name: "Note" }).first().fill("One thing that goes wrong.");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("confirmed: One thing that goes wrong.").waitFor();
  await page.getByRole("button", { name: "Label its open failures" }).click();
  await page.getByRole("button", { name: "It is fixed there" }).waitFor();
  await page.getByLabel("Due").fill("2027-01-31");
  await look(page, "pattern");
  await page.getByRole("button", { name: "Open a response" }).click();
  await page.waitForURL(/\/responses\/rsp_/);
  await look(page, "response");
}

async function sample(page: Page): Promise<void> {
  await open(page, "/samples", "Sampled successes");
  await look(page, "samples");
  await page.locator("main a[href*='/samples/run_']").first().click();
  await look(page, "sample");
  await page.getByRole("button", { name: "It was a success" }).click();
  await page.getByRole("heading", { level: 1, name: "Sampled successes" }).waitFor();
}

async function suite(page: Page): Promise<void> {
  await open(page, "/suites/new", "Make a suite");
  await page.getByRole("textbox", { name: "Name" }).fill("Airline checks");
  await look(page, "new suite");
  await page.getByRole("button", { name: "Make the suite" }).click();
  await page.getByRole("heading", { level: 1, name: "Airline checks" }).waitFor();
  await look(page, "suite");
  await open(page, "/suites", "Eval suites");
  await look(page, "suites");
}

main(async () => {
  await withBrowser(async (_context, page) => {
    await page.goto("/sign-in");
    await signIn(page);
    await page.waitForURL(new RegExp(`/p/${setting("SEATRIAL_PROJECT")}$`));
    await work(page);
    await pattern(page);
    await sample(page);
    await suite(page);
  });
});
