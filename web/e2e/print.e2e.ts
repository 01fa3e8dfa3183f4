// The documents that leave, opened from a file as whoever got them by mail does, and printed on A4 and Letter: nothing is loaded, nothing is wider
// than the page, and no row of a table is cut by the end of a page.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { main, setting, withBrowser } from "./browser";

/** Paper in CSS pixels at 96 a inch, with margins of half an inch. */
const PAPER = { A4: { width: 794, height: 1123 }, Letter: { width: 816, height: 1056 } } as const;
const MARGIN = 48;

/** What is wider than the paper it is to be printed on. */
async function tooWide(page: Page, width: number): Promise<string[]> {
  return page.evaluate((width) => {
    const wide: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const box = element.getBoundingClientRect();
      if (box.right > width + 1) wide.push(`${element.tagName} ${element.className} ends at ${Math.round(box.right)} of ${width}`);
    }
    return wide.slice(0, 5);
  }, width);
}

/** Rows that a page could cut: taller than the paper, or allowed to break inside. */
async function breakable(page: Page, height: number): Promise<string[]> {
  return page.evaluate((height) => {
    const rows = [...document.querySelectorAll("tr, svg")];
    const bad = rows.filter((row) => getComputedStyle(row).breakInside !== "avoid" || row.getBoundingClientRect().height > height);
    return bad.slice(0, 5).map((row) => `${row.tagName}: ${(row.textContent ?? "").trim().slice(0, 60)}`);
  }, height);
}

/** The page of a printed document, from 0, on which each marked place is: links keep their addresses in a PDF. */
function pagesOf(pdf: Buffer): Map<string, number> {
  const objects = new Map([...pdf.toString("latin1").matchAll(/(\d+) 0 obj\n([\s\S]*?)endobj/g)].map((found) => [found[1], found[2] ?? ""]));
  const pages = [...objects.values()].filter((object) => /\/Type\s*\/Page\b/.test(object));
  const at = new Map<string, number>();
  for (const [number, object] of pages.entries()) {
    const list = /\/Annots\s*\[([^\]]*)\]/.exec(object)?.[1] ?? "";
    const notes = [list, ...[...list.matchAll(/(\d+) 0 R/g)].map((found) => objects.get(found[1]) ?? "")].join(" ");
    for (const found of notes.matchAll(/https:\/\/(\w+)\.mark\.example/g)) if (found[1] && !at.has(found[1])) at.set(found[1], number);
  }
  return at;
}

/** The head of a table is never the last of a page, wherever the table begins: it is pushed down the paper line by line. */
async function headsStayWithRows(page: Page, height: number, print: () => Promise<Buffer>): Promise<void> {
  const heads = await page.locator("thead").count();
  assert.ok(heads > 0, "a document has tables");
  await page.evaluate(() => {
    const table = document.querySelector("thead")?.closest("table");
    const mark = (name: string, cell?: Element | null) => {
      const link = Object.assign(document.createElement("a"), { href: `https://${name}.mark.example/`, textContent: "x" });
      cell?.prepend(link);
    };
    mark("head", table?.querySelector("thead th"));
    mark("row", table?.querySelector("tbody th, tbody td"));
    const space = Object.assign(document.createElement("div"), { id: "space" });
    // The table alone behind it, as it stands in the document.
    const frame = Object.assign(document.createElement("main"), { className: "artifact" });
    frame.append(space, ...(table?.parentElement ? [table.parentElement] : []));
    document.body.replaceChildren(frame);
  });
  let [printed, moved] = [0, 0];
  for (let space = height - 480; space < height; space += 20) {
    printed += 1;
    await page.evaluate((space) => document.getElementById("space")?.setAttribute("style", `height: ${space}px`), space);
    const at = pagesOf(await print());
    assert.ok(at.has("head") && at.has("row"), "both marks are in the print");
    assert.equal(at.get("head"), at.get("row"), `below ${space} pixels the head of a table stands alone at the end of a page`);
    moved += at.get("head") ?? 0;
  }
  assert.ok(moved > 0 && moved < printed, `of ${printed} prints the table was on the next page in ${moved}`);
}

/** What a page's end would lay over what follows: a table within a grid or a flexible box. */
async function cutBadly(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [...document.querySelectorAll("body, body *")].filter((box) => box.querySelector("table"));
    const bad = boxes.filter((box) => /grid|flex/.test(getComputedStyle(box).display));
    return bad.map((box) => `${box.tagName} ${box.className}`);
  });
}

main(async () => {
  for (const file of setting("SEATRIAL_DOCUMENTS").split(",")) {
    await withBrowser(async (_, page) => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      const url = pathToFileURL(file).href;
      await page.goto(url);
      assert.deepEqual(asked, [url], "a document loads nothing but itself");
      assert.equal(await page.locator("script").count(), 0);
      for (const chart of await page.locator("svg").all()) {
        assert.ok((await chart.locator("title").count()) > 0 && (await chart.locator("desc").count()) > 0, "a chart has a title and a description");
      }
      await page.emulateMedia({ media: "print" });
      for (const [format, paper] of Object.entries(PAPER)) {
        const width = paper.width - 2 * MARGIN;
        await page.setViewportSize({ width, height: paper.height - 2 * MARGIN });
        assert.deepEqual(await tooWide(page, width), [], `${basename(file)} on ${format}`);
        assert.deepEqual(await cutBadly(page), [], `${basename(file)} on ${format}`);
        assert.deepEqual(await breakable(page, paper.height - 2 * MARGIN), [], `${basename(file)} on ${format}`);
        const margin = { top: "0.5in", right: "0.5in", bottom: "0.5in", left: "0.5in" };
        const pdf = await page.pdf({ format, margin, printBackground: true });
        const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
        assert.ok(pages >= 1 && pages <= 12, `${basename(file)} has ${pages} pages on ${format}`);
        const folder = process.env["SEATRIAL_TEST_PICTURES"];
        if (folder) await writeFile(join(folder, `${basename(file, ".html")}-${format}.pdf`), pdf);
      }
      // Last, for it takes the document apart.
      const margin = { top: "0.5in", right: "0.5in", bottom: "0.5in", left: "0.5in" };
      await headsStayWithRows(page, PAPER.A4.height - 2 * MARGIN, () => page.pdf({ format: "A4", margin }));
    });
  }
});
