// Every page there is, on a project in which every text that comes from outside is hostile: at both widths and in both themes no script runs, nothing
// is refused, nothing moves or runs out of the window, and axe finds nothing. Pages are found by following links from the first one; the router's own
// list of addresses says whether all were found.
import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { main, setting, signIn, THEMES, withBrowser } from "./browser";
import { faults, json, loadFaults, patternOf, watch } from "./page_checks";

/** As many of one kind are looked at: the first may have less on it than the second. */
const OF_A_KIND = 2;
const WIDTHS = [360, 1440] as const;
/** What answers to GET and is no page of the application: parts of pages, files, and what only leads elsewhere. */
const NO_PAGES = [/^\/assets\//, /^\/favicon/, /^\/api\//, /\/events$/, /\/rail$/, /\/findings$/, /\/first-run$/, /^\/$/, /\.\{format\}$/, /\/spans(\/|$)/];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

type Walk = { patterns: string[]; queue: string[]; seen: Set<string>; count: Map<string, number>; wrong: string[] };

function isPage(pattern: string): boolean {
  return !NO_PAGES.some((none) => none.test(pattern));
}

/** The walk stays in its project: the other one is empty. */
function isProject(address: string): boolean {
  return !address.startsWith("/p/") || address.startsWith(`/p/${setting("SEATRIAL_PROJECT")}`);
}

async function links(page: Page): Promise<string[]> {
  const found = await page.$$eval("a[href]", (all) => all.map((link) => (link as HTMLAnchorElement).href));
  const base = new URL(setting("SEATRIAL_BASE_URL"));
  return found.map((href) => new URL(href)).filter((url) => url.origin === base.origin).map((url) => url.pathname + url.search);
}

async function axe(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).options({ resultTypes: ["violations"] }).setLegacyMode().analyze();
  return violations.flatMap((rule) => rule.nodes.slice(0, 3).map((node) => `axe ${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 200)} ${node.failureSummary ?? ""}`));
}

/**
 * Looks at one address, loaded narrow and loaded wide; what is wrong is collected, so that one walk tells all of it. The first of a kind is shown in
 * both themes, and axe looks at each of the four.
 */
async function visit(page: Page, walk: Walk, address: string, first: boolean): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: THEMES[0] });
    const answer = await page.goto(address, { waitUntil: "load" });
    if (answer?.status() !== 200) {
      walk.wrong.push(`${address}: answered ${answer?.status()}`);
      return;
    }
    const wrong = await loadFaults(page);
    for (const theme of first ? THEMES : THEMES.slice(0, 1)) {
      await page.emulateMedia({ colorScheme: theme });
      const shown = await faults(page);
      if (first) shown.push(...(await axe(page)));
      wrong.push(...shown.map((what) => `${theme}: ${what}`));
    }
    walk.wrong.push(...wrong.map((what) => `${address} at ${width} px, ${what}`));
  }
  walk.queue.push(...(await links(page)));
}

async function all(page: Page, walk: Walk): Promise<void> {
  for (let address = walk.queue.shift(); address !== undefined; address = walk.queue.shift()) {
    const pattern = patternOf(walk.patterns, new URL(address, "http://localhost").pathname);
    if (!pattern || !isPage(pattern) || walk.seen.has(address)) continue;
    const count = walk.count.get(pattern) ?? 0;
    // Of a list there is one, of what it lists there are many.
    if (count >= (pattern.endsWith("}") ? OF_A_KIND : 1) || !isProject(address)) continue;
    walk.seen.add(address);
    walk.count.set(pattern, count + 1);
    const begun = Date.now();
    await visit(page, walk, address, count === 0);
    console.log(`${pattern} ${Date.now() - begun} ms`);
  }
}

/** The pages of who is not signed in: those that mails lead to, too. */
async function signedOut(browser: Browser, walk: Walk): Promise<void> {
  const context = await browser.newContext({ baseURL: setting("SEATRIAL_BASE_URL"), locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  await watch(page);
  for (const address of ["/sign-in", "/password-reset", ...json<string[]>(setting("SEATRIAL_LINKED"))]) {
    const pattern = patternOf(walk.patterns, new URL(address, "http://localhost").pathname);
    assert.ok(pattern, `${address} is no page`);
    walk.count.set(pattern, 1);
    await visit(page, walk, address, true);
  }
  await context.close();
}

main(async () => {
  await withBrowser(async (context, page) => {
    const walk: Walk = { patterns: json<string[]>(setting("SEATRIAL_ROUTES")), queue: [], seen: new Set(), count: new Map(), wrong: [] };
    page.on("dialog", (dialog) => {
      walk.wrong.push(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await watch(page);
    await signIn(page);
    const base = `/p/${setting("SEATRIAL_PROJECT")}`;
    walk.queue.push(base, "/account", `${base}/search?q=hostile`);
    await all(page, walk);
    await signedOut(context.browser() as Browser, walk);
    const wrong = [...new Set(walk.wrong)];
    assert.equal(wrong.length, 0, `${wrong.length} faults:\n  ${wrong.join("\n  ")}`);
    const missed = walk.patterns.filter((pattern) => isPage(pattern) && !walk.count.has(pattern));
    assert.deepEqual(missed, [], "pages that no link led to");
  });
});
