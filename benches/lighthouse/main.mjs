// Lighthouse on the gate, triage and overview pages of the demo project, each beside the same page without a style or a script: what is left of the
// time between the two is ours to answer for. The median of five says whether a bound is met. The other pages are looked at once, for accessibility
// and best practices alone. scripts/lighthouse.sh starts a service and calls this; SEATRIAL_BASE_URL says where it is.
import { createServer } from "node:http";
import { existsSync } from "node:fs";
import desktop from "lighthouse/core/config/desktop-config.js";
import lighthouse from "lighthouse";
import puppeteer from "puppeteer-core";

const TIMES = 5;
const BOUNDS = { performance: 95, accessibility: 100, "best-practices": 100 };
/** Lighthouse's own two: a slow telephone (4 times slower processor, slow 4G) and a desktop computer. */
const DEVICES = { telephone: undefined, desktop };
/** What a page took, by Lighthouse's names: milliseconds, but for the shift, which has no unit. */
const TIMINGS = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"];

const base = process.env["SEATRIAL_BASE_URL"];
if (!base) throw new Error("SEATRIAL_BASE_URL is not set: run make bench ONLY=lighthouse");
const executablePath = process.env["SEATRIAL_TEST_CHROMIUM"] ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!executablePath) throw new Error("Chromium was not found. Run scripts/install-test-tools.sh, or set SEATRIAL_TEST_CHROMIUM to its path.");

function median(values) {
    return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
}

async function signIn(page) {
    await page.goto(`${base}/sign-in`);
    await page.type('input[name="email"]', "marta.manager@example.com");
    await page.type('input[name="password"]', "sea-trial-demo-1");
    await Promise.all([page.waitForNavigation(), page.click('main form button.is-primary')]);
    if (new URL(page.url()).pathname === "/sign-in") throw new Error("the demo's account could not sign in: is this a demo project?");
}

/** The addresses that a page of the demo links to. */
async function linksOf(page, address) {
    await page.goto(base + address);
    return page.$$eval("a[href]", (links) => links.map((link) => link.href).filter((href) => href.startsWith(location.origin)).map((href) => new URL(href).pathname));
}

/** One address of each kind of page: an address with its identifiers taken out is its kind. */
async function onePageOfEachKind(page) {
    const kinds = new Map();
    const queue = ["/p/demo", "/account"];
    for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
        const kind = address.replace(/[a-z]+_[0-9A-Za-z]{10,}/g, "{id}").replace(/\/(workflows|releases|statistics)\/[^/]+/g, "/$1/{name}");
        if (kinds.has(kind) || /\.(csv|json|md|html|jsonl|ndjson)$|^\/(api|assets|artifacts)|^\/p\/(?!demo)|download|raw$/.test(address)) continue;
        const answer = await page.goto(base + address).catch(() => undefined);
        // A page that leads elsewhere is looked at where it leads.
        if (!answer?.ok() || !answer.headers()["content-type"]?.startsWith("text/html") || new URL(page.url()).pathname !== address) continue;
        kinds.set(kind, address);
        queue.push(...(await linksOf(page, address)));
    }
    return [...kinds.values()];
}

/** The same pages without style and script, which is as quick as a page of that text can be. */
async function reference(page, addresses) {
    const bodies = new Map();
    for (const address of addresses) {
        await page.goto(base + address);
        const html = await page.evaluate(async (path) => (await fetch(path)).text(), address);
        bodies.set(address, html.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<link [^>]*>/g, ""));
    }
    const server = createServer((request, response) => {
        const body = bodies.get(request.url);
        response.writeHead(body ? 200 : 404, { "content-type": "text/html; charset=utf-8" }).end(body);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
}

/** One report, in a tab of its own: what an earlier page still does is not in this one's trace. */
async function report(browser, url, device, onlyCategories) {
    const page = await browser.newPage();
    const { lhr } = await lighthouse(url, { logLevel: "error", disableStorageReset: true, onlyCategories }, DEVICES[device], page).finally(() => page.close());
    return lhr;
}

async function look(browser, url, device, onlyCategories) {
    let lhr = await report(browser, url, device, onlyCategories);
    // Now and then a trace does not hold its own beginning, and Lighthouse asks to be run again.
    if (lhr.runtimeError?.code === "NO_NAVSTART") lhr = await report(browser, url, device, onlyCategories);
    if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(url).pathname) throw new Error(`${url} led to ${lhr.finalDisplayedUrl}`);
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, { score }]) => [name, Math.round(score * 100)]));
    const timings = Object.fromEntries(TIMINGS.map((name) => [name, lhr.audits[name]?.numericValue]));
    const refused = Object.values(lhr.categories)
        .filter(({ id }) => id !== "performance")
        .flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0))
        .map(({ id }) => lhr.audits[id])
        .filter(({ score }) => score !== null && score < 1)
        .map(({ id, title }) => `${id}: ${title}`);
    return { scores, timings, refused };
}

/** Five looks at a page and at its reference, in turn. */
async function measure(browser, name, address, device, stripped, missed) {
    const [ours, bare] = [[], []];
    for (let time = 0; time < TIMES; time += 1) {
        ours.push(await look(browser, base + address, device, Object.keys(BOUNDS)));
        bare.push(await look(browser, stripped + address, device, ["performance"]));
    }
    const of = (looks, read) => median(looks.map(read));
    const cells = [name, device];
    for (const [category, bound] of Object.entries(BOUNDS)) {
        const score = of(ours, ({ scores }) => scores[category]);
        if (score < bound) missed.push(`${name} on a ${device}: ${category} ${score}, bound ${bound} ${ours[0].refused.join("; ")}`);
        cells.push(`${score} (${Math.min(...ours.map(({ scores }) => scores[category]))})`);
    }
    for (const timing of TIMINGS) {
        const [own, least] = [of(ours, ({ timings }) => timings[timing]), of(bare, ({ timings }) => timings[timing])];
        const digits = timing === "cumulative-layout-shift" ? 3 : 0;
        cells.push(`${own.toFixed(digits)} / ${least.toFixed(digits)}`);
        if (timing === "cumulative-layout-shift" && own > 0) missed.push(`${name} on a ${device}: layout shift ${own}, bound 0`);
    }
    console.log(`| ${cells.join(" | ")} |`);
}

const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
try {
    const page = await browser.newPage();
    await signIn(page);
    const kinds = await onePageOfEachKind(page);
    const gate = kinds.find((address) => /\/gates\/[^/]+$/.test(address));
    if (!gate) throw new Error("no page of the demo links to a gate");
    const pages = { overview: "/p/demo", triage: "/p/demo/failures", gate };
    const server = await reference(page, Object.values(pages));
    const stripped = `http://127.0.0.1:${server.address().port}`;
    const missed = [];

    console.log(`Median of ${TIMES} (the worst in parentheses); times in ms beside the same page without style and script.\n`);
    console.log("| page | device | performance | accessibility | best practices | first paint | largest paint | blocked | layout shift |");
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (const [name, address] of Object.entries(pages)) {
        for (const device of Object.keys(DEVICES)) await measure(browser, name, address, device, stripped, missed);
    }
    for (const address of kinds) {
        const { scores, refused } = await look(browser, base + address, "desktop", ["accessibility", "best-practices"]);
        if (refused.length > 0) missed.push(`${address}: accessibility ${scores["accessibility"]}, best practices ${scores["best-practices"]}: ${refused.join("; ")}`);
    }
    console.log(`\nAccessibility and best practices on one page of each of ${kinds.length} kinds: ${kinds.join(" ")}`);
    server.close();
    console.log(missed.length === 0 ? "\nEvery bound is met." : `\nNot met:\n  ${missed.join("\n  ")}`);
    process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
    await browser.close();
}
