// What is typed outlives a session that ends on the server and a connection that is cut, on each kind of form: a promotion, the reason of a decision,
// a scorecard's fields, a note to a response. Whoever comes back finds every word, and what was accepted does not come back.
import assert from "node:assert/strict";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { json } from "./page_checks";
import { main, setting, signIn, withBrowser } from "./browser";

type Form = { address: string; fields: [string, string][]; sent: string };

function field(page: Page, [selector]: [string, string]): Locator {
  return page.locator(selector).first();
}

async function type(page: Page, form: Form): Promise<void> {
  for (const one of form.fields) {
    const control = field(page, one);
    await control.evaluate((element) => {
      for (let folded = element.closest("details"); folded; folded = folded.parentElement?.closest("details") ?? null) folded.open = true;
    });
    await control.fill(one[1]);
  }
}

async function there(page: Page, form: Form, when: string): Promise<void> {
  for (const one of form.fields) assert.equal(await field(page, one).inputValue(), one[1], `${one[0]} on ${form.address} ${when}`);
}

async function send(page: Page, form: Form): Promise<void> {
  const button = page.locator(form.sent).first();
  await button.evaluate((element) => {
    // What is asked besides is not what this is about.
    const of = element.closest("form");
    if (of) of.noValidate = true;
  });
  await button.click({ noWaitAfter: true });
}

/** The session ends elsewhere: the form leads to signing in, and the text is there again afterwards. */
async function sessionEnds(context: BrowserContext, page: Page, form: Form): Promise<void> {
  await page.goto(form.address);
  await type(page, form);
  await context.clearCookies();
  await send(page, form);
  await page.waitForURL(/\/sign-in/);
  await signInHere(page);
  await page.goto(form.address);
  await there(page, form, "after the session ended");
}

async function signInHere(page: Page): Promise<void> {
  await page.locator('input[name="email"]').fill(setting("SEATRIAL_EMAIL"));
  await page.locator('input[name="password"]').fill(setting("SEATRIAL_PASSWORD"));
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/sign-in")), page.getByRole("button", { name: "Sign in" }).click()]);
}

/** Without a connection nothing is sent and nothing is left; a page that is loaded again has it too. */
async function connectionEnds(context: BrowserContext, page: Page, form: Form): Promise<void> {
  await context.setOffline(true);
  await send(page, form);
  await page.getByText("There is no connection.").first().waitFor();
  await there(page, form, "without a connection");
  await context.setOffline(false);
  await page.reload();
  await there(page, form, "after the connection came back");
}

main(async () => {
  await withBrowser(async (context, page) => {
    page.on("dialog", (dialog) => void dialog.accept());
    await signIn(page);
    for (const form of json<Form[]>(setting("SEATRIAL_FORMS"))) {
      await sessionEnds(context, page, form);
      await connectionEnds(context, page, form);
      console.log(`kept on ${form.address}`);
    }
  });
});
