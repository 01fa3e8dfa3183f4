// What every page must pass wherever the walk over all pages stops: text from outside stays text, the page fits its window, nothing moves while it
// loads, and it answers at once.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** The marks that hostile text would leave if any of it ran or became an element. Seeds put this name into their markup. */
export const MARK = "seatrialHostile";
/** A page that takes longer to draw two frames after it was loaded is not in the hands of the person who reads it. */
const FRAMES_MS = 1_000;
/** Script and style of one page, as they are sent. */
const BUDGET_BYTES = 100_000;

/** What a page says of itself, read in one go. */
type Found = {
  ran: boolean;
  refused: string[];
  made: string[];
  disguises: string[];
  mixed: string[];
  content: number;
  window: number;
  widest: string[];
  frames: number;
};

/** What a page says of how it was loaded. */
type Loaded = { shift: number; shifted: string[]; bytes: number; files: number };

/** Before any page is loaded: remembers what the content-security policy refused and what moved. */
export async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { refused: [] as string[], shift: 0, shifted: [] as string[] };
    Object.assign(window, { seatrialSeen: seen });
    document.addEventListener("securitypolicyviolation", (event) => seen.refused.push(`${event.violatedDirective}: ${event.blockedURI}`));
    type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean; sources?: { node?: Node | null }[] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        if (entry.hadRecentInput) continue;
        seen.shift += entry.value;
        seen.shifted.push(...(entry.sources ?? []).map(({ node }) => (node instanceof Element ? node.outerHTML.slice(0, 120) : (node?.textContent ?? "").slice(0, 60))));
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}

function look(mark: string): Promise<Found> {
  // Letters of the Hebrew block: what is written from right to left must not turn what stands beside it.
  const RIGHT_TO_LEFT = /[\u0590-\u05ff]/;
  const DISGUISES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]/u;
  const seen = (window as unknown as { seatrialSeen: { refused: string[] } }).seatrialSeen;
  const shown = (node: Node): string => (node.textContent ?? "").replace(/\s+/g, " ").slice(0, 80);
  const made = [...document.querySelectorAll("body script, img, iframe, object, embed, video, math, [onerror], [onmouseover], [onclick], a[href^='javascript:' i]")];
  const disguises: string[] = [];
  const mixed: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue ?? "";
    const parent = node.parentElement;
    if (!parent || parent.matches("textarea, script, style, option, title, desc")) continue;
    if (DISGUISES.test(text)) disguises.push(shown(node));
    if (!RIGHT_TO_LEFT.test(text)) continue;
    // What stands in a box of its own or is isolated turns nothing but itself.
    const style = getComputedStyle(parent);
    const alone = [...parent.childNodes].every((other) => other === node || (other.textContent ?? "").trim() === "");
    const isolated = /isolate|plaintext/.test(style.unicodeBidi) || style.display !== "inline" || parent instanceof SVGElement;
    if (!isolated || !(alone || /isolate|plaintext/.test(style.unicodeBidi))) mixed.push(`<${parent.localName} class="${parent.className}"> ${shown(parent)}`);
  }
  const root = document.documentElement;
  const widest = [...document.querySelectorAll("body *")].filter((element) => {
    if (element.getBoundingClientRect().right <= root.clientWidth + 1) return false;
    for (let around = element.parentElement; around && around !== root; around = around.parentElement) {
      if (/auto|scroll|hidden|clip/.test(getComputedStyle(around).overflowX)) return false;
    }
    return true;
  });
  const begun = performance.now();
  return new Promise((done) => {
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        done({
          ran: mark in window || document.title.includes("ran"),
          refused: seen.refused,
          made: made.map((element) => element.outerHTML.slice(0, 200)),
          disguises,
          mixed,
          content: root.scrollWidth,
          window: root.clientWidth,
          widest: widest.slice(0, 5).map((element) => element.outerHTML.slice(0, 160)),
          frames: performance.now() - begun,
        }),
      ),
    );
  });
}

function load(): Promise<Loaded> {
  const seen = (window as unknown as { seatrialSeen: { shift: number; shifted: string[] } }).seatrialSeen;
  const resources = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const sent = resources.filter(({ name }) => /\.(js|css)$/.test(new URL(name).pathname));
  const bytes = sent.reduce((sum, resource) => sum + resource.encodedBodySize, 0);
  // What moved is told after the frame that it moved in.
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done({ ...seen, bytes, files: sent.length })))));
}

/** What is wrong with how the page was loaded: nothing moves, and script and style keep within their budget. */
export async function loadFaults(page: Page): Promise<string[]> {
  const found = await page.evaluate(load);
  const wrong: string[] = [];
  if (found.shift > 0) wrong.push(`parts moved while it loaded (${found.shift.toFixed(4)}):\n    ${found.shifted.join("\n    ")}`);
  if (found.files < 2 || found.bytes === 0) wrong.push(`it says of ${found.files} files of script and style that they have ${found.bytes} bytes`);
  if (found.bytes > BUDGET_BYTES) wrong.push(`script and style have ${found.bytes} bytes of ${BUDGET_BYTES}`);
  return wrong;
}

/** What is wrong with the page as it stands; empty when nothing is. */
export async function faults(page: Page): Promise<string[]> {
  const found = await page.evaluate(look, MARK);
  const wrong: string[] = [];
  if (found.ran) wrong.push("text of a run ran as a script");
  wrong.push(...found.refused.map((what) => `the content-security policy refused ${what}`));
  wrong.push(...found.made.map((what) => `text became an element: ${what}`));
  wrong.push(...found.disguises.map((what) => `a character that disguises is shown as itself: ${what}`));
  wrong.push(...found.mixed.map((what) => `text from right to left is not isolated: ${what}`));
  if (found.content > found.window) wrong.push(`${found.content} px wide in a window of ${found.window} px:\n    ${found.widest.join("\n    ")}`);
  if (found.frames > FRAMES_MS) wrong.push(`two frames took ${Math.round(found.frames)} ms`);
  return wrong;
}

/** The pattern of the router that an address belongs to. */
export function patternOf(patterns: string[], pathname: string): string | undefined {
  const exact = patterns.find((pattern) => pattern === pathname);
  if (exact) return exact;
  const parts = pathname.split("/");
  const fits = patterns.filter((pattern) => {
    const of = pattern.split("/");
    return of.length === parts.length && of.every((part, i) => partFits(part, parts[i] ?? ""));
  });
  // The one with the fewest places to fill.
  return fits.sort((one, other) => places(one) - places(other))[0];
}

function places(pattern: string): number {
  return pattern.split("{").length;
}

function partFits(pattern: string, part: string): boolean {
  if (!pattern.includes("{")) return pattern === part;
  const regular = pattern.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${regular.join("[^/]+")}$`).test(part);
}

/** `name` is in the environment as JSON. */
export function json<T>(text: string): T {
  const value: unknown = JSON.parse(text);
  assert.ok(value);
  return value as T;
}
