// Pictures of the demo project for the README, from a running service: SEATRIAL_BASE_URL and SEATRIAL_SCREENSHOTS (the folder) say where.
// scripts/screenshots.sh starts one and calls this.
import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const base = process.env["SEATRIAL_BASE_URL"];
const folder = process.env["SEATRIAL_SCREENSHOTS"];
if (!base || !folder) throw new Error("SEATRIAL_BASE_URL and SEATRIAL_SCREENSHOTS must be set; run scripts/screenshots.sh");
const executablePath = process.env["SEATRIAL_TEST_CHROMIUM"] ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath) throw new Error("Chromium was not found. Run scripts/install-test-tools.sh, or set SEATRIAL_TEST_CHROMIUM to its path.");

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", timezoneId: "UTC", colorScheme: "light" });
const page = await context.newPage();

/** @param {string} name */
async function take(name) {
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(/** @type {string} */ (folder), `${name}.png`) });
  console.log(`${name}.png: ${page.url()}`);
}

/**
 * The first link of a page whose address matches.
 * @param {RegExp} address
 */
async function follow(address) {
  const links = await page.$$eval("main a[href]", (found) => found.map((link) => link.getAttribute("href") ?? ""));
  const href = links.find((link) => address.test(link));
  if (!href) throw new Error(`no link on ${page.url()} matches ${address}`);
  await page.goto(base + href);
}

await page.goto(`${base}/sign-in`);
await page.locator('input[name="email"]').fill("marta.manager@example.com");
await page.locator('input[name="password"]').fill("sea-trial-demo-1");
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForURL(/\/p\/demo$/);
await take("overview");
await follow(/\/gates\//);
await take("gate");
await page.goto(`${base}/p/demo/failures`);
await take("triage");
await page.goto(`${base}/p/demo/runs?outcome=failure`);
await follow(/\/runs\/run_/);
await take("run");
await page.goto(`${base}/p/demo/scorecards`);
await follow(/\/scorecards\//);
await take("scorecard");
await browser.close();
