// The component sheet: every class of the vocabulary on one page, checked by axe in both themes and at 360 pixels, and the scripts tried on it.
// Needs no service; serves itself, the way the service does: same content-security policy.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { checkPage, main, picture, THEMES, withBrowser } from "./browser";
import { sheet } from "./component_sheet";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'";
const TYPES: Record<string, string> = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };

async function serve(): Promise<{ server: Server; url: string }> {
  const manifest: Record<string, string> = JSON.parse(await readFile(join(DIST, "manifest.json"), "utf8"));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const asset = Object.values(manifest).find((value) => `/${value}` === path);
    response.setHeader("content-security-policy", POLICY);
    if (!asset) return void response.setHeader("content-type", "text/html; charset=utf-8").end(sheet(manifest));
    response.setHeader("content-type", TYPES[asset.split(".").pop() ?? ""] ?? "application/octet-stream");
    readFile(join(DIST, asset)).then((bytes) => response.end(bytes), () => response.writeHead(404).end());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return { server, url: `http://127.0.0.1:${address.port}/` };
}

async function keyboardWorks(page: Page): Promise<void> {
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  assert.match(await page.getByRole("dialog").innerText(), /Overview/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.hasAttribute("data-search")), true, "/ goes to the search");
  await page.keyboard.type("gr");
  assert.equal(new URL(page.url()).pathname, "/", "letters typed in a field stay there");
  await page.locator("body").evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForURL("**/runs");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "second item", "j moves to the next item");
}

async function formsAsk(page: Page): Promise<void> {
  const asked: string[] = [];
  let accept = false;
  page.on("dialog", (dialog) => {
    asked.push(dialog.type() === "confirm" ? dialog.message() : dialog.type());
    return accept ? dialog.accept() : dialog.dismiss();
  });
  await page.getByRole("button", { name: "Delete the key" }).click();
  assert.deepEqual(asked, ["Delete this key?"]);
  assert.equal(new URL(page.url()).pathname, "/runs", "a refused question sends nothing");
  await page.getByLabel("Reason").fill("half a sentence");
  accept = true;
  await page.reload();
  assert.equal(asked.at(-1), "beforeunload", "leaving with typed text asks first");
  assert.equal(await page.getByLabel("Reason").inputValue(), "half a sentence", "the typed text is there again");
}

async function themeStays(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Theme" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark");
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset["theme"]), "dark");
  await page.getByRole("button", { name: "Theme" }).click();
}

main(async () => {
  const { server, url } = await serve();
  try {
    await withBrowser(async (_context, page) => {
      await page.goto(url);
      for (const theme of THEMES) {
        await page.emulateMedia({ colorScheme: theme });
        await picture(page, `components-${theme}`);
      }
      await checkPage(page, "the component sheet");
      await keyboardWorks(page);
      await formsAsk(page);
      await themeStays(page);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
