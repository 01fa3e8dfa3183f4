// Charts are read mark by mark: by the arrow keys with one stop of Tab for each chart, and by pointing. What is read is what the table behind the chart
// says, it moves nothing on the page, and it is told to a screen reader.
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { tabTo } from "./by_keys";
import { checkPage, main, picture, setting, signIn, withBrowser } from "./browser";

const BASE = `/p/${setting("SEATRIAL_PROJECT")}`;
/** A rate is read with its interval and its counts. */
const RATE = /^.+: \d+\.\d % \[\d+\.\d, \d+\.\d\] · \d+\/\d+/;

async function reading(page: Page): Promise<string> {
  return (await page.locator(".chart-reading").textContent()) ?? "";
}

/** Where everything stands: how high the page is, and where on it each element begins. */
function places(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify([document.documentElement.scrollHeight, ...[...document.querySelectorAll("main :not(svg *)")].map((one) => one.getBoundingClientRect().top + scrollY)]));
}

async function press(page: Page, key: string): Promise<string> {
  await page.keyboard.press(key);
  const read = await reading(page);
  assert.equal(await page.locator("p[role=status]").textContent(), read, "what is shown is said");
  return read;
}

/** Goes to a chart by Tab, through all of its marks and back, and leaves it; returns what was read. */
async function through(page: Page, chart: Locator): Promise<string[]> {
  const before = await places(page);
  await tabTo(page, chart);
  const marks = await chart.locator("g.mark").count();
  assert.ok(marks > 1, "there are marks to read");
  assert.equal(await chart.locator("[tabindex]").count(), 0, "a chart is one stop");
  const read = [await reading(page)];
  for (let nth = 1; nth < marks; nth += 1) read.push(await press(page, "ArrowRight"));
  assert.equal(new Set(read).size, marks, `each mark says something else: ${read.join("\n")}`);
  assert.equal(await press(page, "ArrowRight"), read.at(-1), "after the last there is none");
  assert.equal(await press(page, "Home"), read[0]);
  assert.equal(await press(page, "End"), read.at(-1));
  assert.equal(await press(page, "ArrowLeft"), read.at(-2));
  assert.ok((await places(page)) === before, "reading moves nothing");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".chart-reading").count(), 0, "Escape leaves");
  assert.ok(await page.evaluate(() => document.activeElement === document.body));
  await page.keyboard.press("Tab");
  assert.ok(!(await chart.evaluate((element) => element === document.activeElement)), "and Tab goes on from there");
  return read;
}

/** What is read stands in a row of the table: the value, the interval and the counts. */
async function inTable(page: Page, table: string, read: string): Promise<void> {
  const [, value, interval, ratio] = /: (\S+ %) (\[[^\]]+\]) · (\S+\/[\d,]+)/.exec(read) ?? [];
  assert.ok(value && interval && ratio, read);
  const cells = await page.locator(`${table} td`).allTextContents();
  const has = cells.some((cell) => [value, interval, ratio].every((part) => cell.replace(/\s+/g, " ").includes(part)));
  assert.ok(has, `the table does not say what is read: ${read}`);
}

async function byPointing(page: Page, chart: Locator): Promise<void> {
  const mark = chart.locator("g.mark").first();
  await mark.scrollIntoViewIfNeeded();
  const before = await places(page);
  await mark.hover({ force: true });
  assert.match(await reading(page), RATE);
  assert.ok((await places(page)) === before, "pointing moves nothing");
  await page.mouse.move(2, 2);
  assert.equal(await page.locator(".chart-reading").count(), 0, "pointing elsewhere ends it");
}

/** Labels of markers, however near, do not lie over each other or out of the chart. */
async function labelsApart(page: Page): Promise<void> {
  const boxes = await page.$$eval(".chart-marker-label", (all) => all.map((label) => label.getBoundingClientRect().toJSON() as DOMRect));
  const chart = await page.locator("svg.line").evaluate((svg) => svg.getBoundingClientRect().toJSON() as DOMRect);
  assert.ok(boxes.length >= 4, `${boxes.length} labels`);
  for (const [nth, one] of boxes.entries()) {
    assert.ok(one.left >= chart.left && one.right <= chart.right && one.top >= chart.top, "a label stands in its chart");
    for (const other of boxes.slice(nth + 1)) {
      // The box of a line of text is a little higher than its letters.
      const apart = one.right <= other.left || other.right <= one.left || one.bottom <= other.top + 3 || other.bottom <= one.top + 3;
      assert.ok(apart, `labels lie over each other: ${JSON.stringify([one, other])}`);
    }
  }
}

async function release(page: Page): Promise<void> {
  await page.goto(`${BASE}/releases/${setting("SEATRIAL_RELEASE")}`);
  await labelsApart(page);
  const intervals = await through(page, page.locator("svg.interval-plot").first());
  assert.ok(intervals.every((read) => RATE.test(read)), intervals.join("\n"));
  assert.match(intervals[0] ?? "", /^Success rate, baseline: 70\.0 %/);
  assert.match(intervals[1] ?? "", /^Success rate, this release: 90\.0 %/);
  await inTable(page, "section:has(svg.interval-plot)", intervals[1] ?? "");
  const bars = await through(page, page.locator("svg.bars"));
  assert.match(bars[0] ?? "", /^timeout, before: 30\.0 %/);
  await inTable(page, "section:has(svg.bars)", bars[1] ?? "");
  const days = await through(page, page.locator("svg.line"));
  assert.equal(days.length, 7, "one for each day");
  assert.match(days[4] ?? "", /^\d+ \w+ 2026: .* · \d+\/40\. 1\.5\.0 live/);
  await inTable(page, "section:has(svg.line)", days[4] ?? "");
  await byPointing(page, page.locator("svg.interval-plot").first());
  await byPointing(page, page.locator("svg.line"));
  await tabTo(page, page.locator("svg.line"));
  await picture(page, "release-chart-read");
  await checkPage(page, "a release with a chart that is read");
}

async function gate(page: Page): Promise<void> {
  await page.goto(`${BASE}/gates/${setting("SEATRIAL_GATE")}`);
  const cells = await through(page, page.locator("svg.heatmap"));
  assert.match(cells[0] ?? "", /^Success rate, overall: \w+, 90\.0 % \[/);
  const intervals = await through(page, page.locator("svg.interval-plot"));
  assert.ok(intervals.every((read) => RATE.test(read)), intervals.join("\n"));
  await inTable(page, "section:has(svg.interval-plot)", intervals[1] ?? "");
  await checkPage(page, "a gate whose charts were read");
}

/** The small charts of a board share one stop of Tab: up and down go from one to the next. */
async function board(page: Page): Promise<void> {
  await page.goto(BASE);
  assert.ok((await page.locator("svg.sparkline").count()) > 2);
  assert.equal(await page.locator('svg.sparkline[tabindex="0"]').count(), 1);
  await tabTo(page, page.locator('svg.sparkline[tabindex="0"]'));
  assert.match(await reading(page), /^\d+ \w+ 2026: 70\.0 % \[/);
  const last = await press(page, "End");
  assert.match(last, /rolled back/);
  assert.notEqual(await press(page, "ArrowDown"), last, "the next chart, at the same day");
  assert.equal(await press(page, "ArrowUp"), last);
  await checkPage(page, "the overview with a chart that is read");
}

main(async () => {
  await withBrowser(async (_context, page) => {
    await signIn(page);
    await release(page);
    await gate(page);
    await board(page);
  });
});
