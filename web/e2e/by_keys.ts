// Going about with keys alone: Tab until the thing wanted has the focus, with the focus seen at every stop and held fast by nothing.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

/** The longest way to anything on a page; beyond it something holds the focus. */
const STOPS = 200;

type Stop = { where: string; seen: boolean; inWindow: boolean };

/** Where the focus is, and whether a person sees it. */
function stop(): Stop {
  const element = document.activeElement;
  if (!element || element === document.body) return { where: "", seen: true, inWindow: true };
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  // What wraps over lines has no box of its own size; a hidden radio button shows its focus on its label.
  const around = element.closest("label, summary, .choice") ?? element;
  const drawn = [element, around].some((one) => {
    const of = getComputedStyle(one);
    return (of.outlineStyle !== "none" && parseFloat(of.outlineWidth) > 0) || of.boxShadow !== "none";
  });
  const path: string[] = [];
  for (let at: Element | null = element; at && at !== document.body; at = at.parentElement) {
    path.unshift(at.id ? `#${at.id}` : `${at.localName}:${at.parentElement ? [...at.parentElement.children].indexOf(at) : 0}`);
  }
  return {
    where: path.join(" "),
    seen: drawn && style.visibility === "visible" && style.opacity !== "0",
    inWindow: box.bottom > 0 && box.top < window.innerHeight && box.right > 0 && box.left < window.innerWidth,
  };
}

/** Presses Tab until `wanted` has the focus. Fails where the focus is not seen, is out of the window, or does not go on. */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.first().waitFor({ state: "attached" });
  let before = "";
  for (let count = 0; count < STOPS; count += 1) {
    if (await wanted.first().evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
    const now = await page.evaluate(stop);
    assert.ok(now.seen, `the focus is not seen on ${now.where} of ${page.url()}`);
    assert.ok(now.inWindow, `the focus is out of the window on ${now.where} of ${page.url()}`);
    assert.ok(now.where !== before || now.where === "", `the focus stays on ${now.where} of ${page.url()}`);
    before = now.where;
  }
  assert.fail(`${STOPS} stops of Tab on ${page.url()} do not lead to ${wanted}`);
}

/** Goes to a link or button by Tab and presses Enter there; waits for the page that it leads to. */
export async function enter(page: Page, wanted: Locator): Promise<void> {
  await tabTo(page, wanted);
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press("Enter")]);
}

/** Presses `g` and a letter, which leads to a page of the rail. */
export async function go(page: Page, letter: string, address: RegExp): Promise<void> {
  await page.keyboard.press("g");
  await Promise.all([page.waitForURL(address), page.keyboard.press(letter)]);
}

/** From the first row of a list on, `j` steps until `wanted` has the focus; Enter opens it. */
export async function openInList(page: Page, wanted: Locator): Promise<void> {
  await wanted.first().waitFor();
  for (let count = 0; count < STOPS; count += 1) {
    await page.keyboard.press("j");
    if (await wanted.first().evaluate((element) => element === document.activeElement)) {
      await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press("Enter")]);
      return;
    }
  }
  assert.fail(`j does not lead to ${wanted}`);
}

/** Signs in by keys alone. */
export async function signInByKeys(page: Page, email: string, password: string): Promise<void> {
  await page.goto("/sign-in");
  await tabTo(page, page.locator('input[name="email"]'));
  await page.keyboard.type(email);
  await tabTo(page, page.locator('input[name="password"]'));
  await page.keyboard.type(password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/sign-in")), page.keyboard.press("Enter")]);
}

/** Whatever moves or presses a mouse fails the walk: these are for who has none. */
export function withoutMouse(page: Page): void {
  const refuse = (): never => assert.fail("this walk has no mouse");
  Object.assign(page.mouse, { click: refuse, down: refuse, move: refuse });
}
