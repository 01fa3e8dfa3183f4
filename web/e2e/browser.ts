// What the browser tests share: starting the system's Chromium, signing in, and the checks every page must pass. The suite passes the service's
// address and the accounts in the environment (tests/it/support/browser.rs).
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 900 };
export const THEMES = ["light", "dark"] as const;

export type Theme = (typeof THEMES)[number];

/** A setting that the suite must pass. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these scripts are run by the integration suite (make test), which sets it`);
  return value;
}

function executable(): string {
  const path = process.env["SEATRIAL_TEST_CHROMIUM"] ?? CANDIDATES.find((candidate) => existsSync(candidate));
  if (!path) throw new Error("Chromium was not found. Run scripts/install-test-tools.sh, or set SEATRIAL_TEST_CHROMIUM to its path.");
  return path;
}

/** One browser with one fresh profile, closed when `work` ends either way. Console errors and failed requests fail the test. */
export async function withBrowser(work: (context: BrowserContext, page: Page) => Promise<void>, broughtAbout?: RegExp): Promise<void> {
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath: executable(), args: ARGS });
    const baseURL = process.env["SEATRIAL_BASE_URL"];
    const context = await browser.newContext({ viewport: WIDE, locale: "en-GB", timezoneId: "UTC", ...(baseURL ? { baseURL } : {}) });
    context.setDefaultTimeout(15_000);
    const complaints: string[] = [];
    context.on("weberror", (error) => complaints.push(`script error: ${error.error().message}`));
    context.on("console", (message) => {
      // What the walk itself breaks, such as a connection, the browser reports too.
      if (message.type() === "error" && !broughtAbout?.test(message.text())) complaints.push(`console: ${message.text()}`);
    });
    const page = await context.newPage();
    await work(context, page);
    assert.deepEqual(complaints, [], "the pages reported errors in the browser's console");
  } finally {
    await browser?.close();
  }
}

/** Signs in through the form and waits for the page that follows. */
export async function signIn(page: Page, email = setting("SEATRIAL_EMAIL"), password = setting("SEATRIAL_PASSWORD")): Promise<void> {
  await page.goto("/sign-in");
  await page.locator('input[name="email"]').fill(email);
  await page.locator('input[name="password"]').fill(password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/sign-in")), page.getByRole("button", { name: "Sign in" }).click()]);
}

/** axe finds nothing on this page, in either theme, by the WCAG 2.2 A and AA rules and axe's best practices. */
export async function checkAccessible(page: Page, name: string): Promise<void> {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    const { violations } = await new AxeBuilder({ page })
      .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
      .analyze();
    const found = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${rule.help}\n    ${node.target.join(" ")}\n    ${node.html}\n    ${node.failureSummary ?? ""}`));
    assert.equal(found.length, 0, `axe on ${name} (${theme}):\n  ${found.join("\n  ")}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** At 360 pixels nothing makes the page itself scroll sideways. Wide tables scroll inside their own frame. */
export async function checkNarrow(page: Page, name: string): Promise<void> {
  await page.setViewportSize(NARROW);
  const widths = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, window: document.documentElement.clientWidth }));
  await page.setViewportSize(WIDE);
  assert.ok(widths.content <= widths.window, `${name} is ${widths.content} px wide in a window of ${widths.window} px`);
}

/** Everything a page must pass wherever the walk stops on it. */
export async function checkPage(page: Page, name: string): Promise<void> {
  await checkAccessible(page, name);
  await checkNarrow(page, name);
  console.log(`checked ${name}`);
}

/** A picture for a person to look at, where the suite asks for pictures. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["SEATRIAL_TEST_PICTURES"];
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Runs one walk as this script's only work and sets the exit code. */
export function main(work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = 1;
  });
}
