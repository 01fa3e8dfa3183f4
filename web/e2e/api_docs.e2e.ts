// The API browser: every operation of the description is on the page, opens, and passes the page checks. Run against a running service, or with
// SEATRIAL_OPENAPI naming a description file, against the built page alone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { checkPage, main, picture, withBrowser } from "./browser";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

async function serveFiles(page: Page, description: string): Promise<string> {
  await page.route("http://localhost/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    const path = pathname === "/api/docs" ? `${DIST}/api-docs/index.html` : pathname === "/api/openapi.json" ? description : `${DIST}${pathname}`;
    await route.fulfill({ path, headers: pathname === "/api/docs" ? { "content-security-policy": POLICY, "content-type": "text/html" } : {} });
  });
  return "http://localhost/api/docs";
}

main(async () => {
  await withBrowser(async (_context, page) => {
    const description = process.env["SEATRIAL_OPENAPI"];
    await page.goto(description ? await serveFiles(page, description) : "/api/docs");
    await page.locator("main .section").first().waitFor();
    if (description) {
      const { paths } = JSON.parse(await readFile(description, "utf8")) as { paths: Record<string, Record<string, unknown>> };
      assert.equal(await page.locator("details[data-words]").count(), Object.values(paths).flatMap(Object.keys).length, "operations on the page");
    }
    await page.locator("details[data-words] > summary").first().click();
    await page.locator("details[open] .command").first().waitFor();
    await checkPage(page, "the API browser");
    await picture(page, "api-docs");
    await page.getByRole("searchbox").fill("no such operation");
    assert.equal(await page.locator("details[data-words]:visible").count(), 0);
  });
});
