// Builds the web assets into dist/, which the binary embeds:
//   assets/<name>-<hash>.<ext>   scripts, styles and icons under names that change with their content, so they can be cached for good
//   api-docs/index.html          the API browser's page (served at /api/docs)
//   manifest.json                logical name → path below dist/, for the templates ("app.css" → "assets/app-1A2B3C4D.css")
// and the browser tests into .e2e/. Fails when the first page's script and style together exceed the budget.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");
const TARGET = ["chrome123", "firefox128", "safari17.5"];

// ux.md: the first page's script and style together stay under 100 kB, compressed.
const FIRST_PAGE = ["app.css", "app.js", "theme.js"];
const FIRST_PAGE_BYTES = 100_000;

/** @type {Record<string, string>} */
const manifest = {};

/**
 * Writes one asset under a name that holds its digest and notes it in the manifest.
 * @param {string} name logical name
 * @param {Uint8Array} bytes
 */
async function writeAsset(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const ending = extname(name);
  const path = `assets/${basename(name, ending)}-${hash}${ending}`;
  await writeFile(join(dist, path), bytes);
  manifest[name] = path;
}

/**
 * Bundles and minifies one entry.
 * @param {string} entry path below web/
 * @returns {Promise<Uint8Array>}
 */
async function bundle(entry) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "iife",
    target: TARGET,
    legalComments: "none",
    write: false,
    logLevel: "warning",
  });
  const file = result.outputFiles[0];
  if (!file) throw new Error(`${entry} produced no output`);
  return file.contents;
}

/** Writes the API browser's page with the names its assets have in this build. */
async function buildApiBrowser() {
  const page = await readFile(join(root, "api-docs", "index.html"), "utf8");
  const named = page.replace(/\{\{([^}]+)\}\}/g, (_, name) => {
    const path = manifest[name];
    if (!path) throw new Error(`api-docs/index.html names an asset that is not built: ${name}`);
    return path;
  });
  await mkdir(join(dist, "api-docs"), { recursive: true });
  await writeFile(join(dist, "api-docs", "index.html"), named);
}

/** Bundles the browser tests for Node; packages stay outside and are resolved from node_modules. */
async function buildBrowserTests() {
  const out = join(root, ".e2e");
  await rm(out, { recursive: true, force: true });
  const entries = (await readdir(join(root, "e2e"))).filter((name) => name.endsWith(".e2e.ts")).map((name) => join(root, "e2e", name));
  await build({
    entryPoints: entries,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    outdir: out,
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
}

/** Checks the budget and returns a line for each asset. */
async function report() {
  const lines = [];
  let firstPage = 0;
  for (const [name, path] of Object.entries(manifest)) {
    const bytes = await readFile(join(dist, path));
    const compressed = gzipSync(bytes, { level: 9 }).length;
    if (FIRST_PAGE.includes(name)) firstPage += compressed;
    lines.push(`${name.padEnd(16)} ${String(bytes.length).padStart(8)} B  ${String(compressed).padStart(7)} B gzip`);
  }
  lines.push(`first page       ${String(firstPage).padStart(20)} B gzip, budget ${FIRST_PAGE_BYTES} B`);
  if (firstPage > FIRST_PAGE_BYTES) throw new Error(`The first page's assets are over budget:\n${lines.join("\n")}`);
  return lines;
}

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });
await writeAsset("app.js", await bundle("scripts/app.ts"));
await writeAsset("theme.js", await bundle("scripts/theme.ts"));
await writeAsset("api-docs.js", await bundle("scripts/api_docs.ts"));
await writeAsset("app.css", await bundle("styles/components.css"));
await writeAsset("artifact.css", await bundle("styles/artifact.css"));
for (const name of await readdir(join(root, "icons"))) await writeAsset(name, await readFile(join(root, "icons", name)));
await buildApiBrowser();
await buildBrowserTests();
const lines = await report();
await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(lines.join("\n"));
