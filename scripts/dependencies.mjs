// Checks the dependencies against deny.toml: every crate and every npm package has an allowed licence, no refused crate is in the graph, all come
// from a registry, and the lock files name no machine's addresses. Reads what `cargo tree` resolves, so a crate that no feature switches on does
// not count. Does without cargo-deny, which takes minutes to build; where that is installed, dependencies.sh asks it too.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const deny = readFileSync(`${root}/deny.toml`, "utf8");

/** The text of one array of deny.toml, without comments. */
function array(name) {
    const found = deny.match(new RegExp(`^${name} = \\[\\n([\\s\\S]*?)^\\]`, "m"));
    if (!found) throw new Error(`deny.toml has no array ${name}`);
    return found[1].replace(/^\s*#.*$/gm, "");
}

const allowed = new Set([...array("allow").matchAll(/"([^"]+)"/g)].map((match) => match[1]));
const refused = new Map(
    [...array("deny").matchAll(/\{ crate = "([^"]+)", reason = "([^"]+)"(?:, wrappers = \[([^\]]*)\])? \}/g)].map(([, name, reason, wrappers]) => [
        name,
        { reason, wrappers: [...(wrappers ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1]) },
    ]),
);
if (allowed.size === 0 || refused.size === 0) throw new Error("deny.toml: the lists of allowed licences or refused crates could not be read");

/** Whether an SPDX expression can be satisfied with allowed licences. The old "A/B" means "A OR B". */
function satisfied(expression) {
    const tokens = expression.replaceAll("/", " OR ").match(/\(|\)|[^\s()]+(?:\s+WITH\s+[^\s()]+)?/g) ?? [];
    let at = 0;
    const term = () => {
        const token = tokens[at++];
        if (token !== "(") return allowed.has(token?.replace(/\s+/g, " "));
        const value = any();
        at += 1;
        return value;
    };
    const all = () => {
        let value = term();
        while (tokens[at] === "AND") {
            at += 1;
            value = term() && value;
        }
        return value;
    };
    const any = () => {
        let value = all();
        while (tokens[at] === "OR") {
            at += 1;
            value = all() || value;
        }
        return value;
    };
    return tokens.length > 0 && any();
}

function cargo(...args) {
    return execFileSync("cargo", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
}

/** Every resolved package, once: name, version, where a local or git one comes from, licence. */
function crates() {
    const tree = cargo("tree", "--locked", "--workspace", "--target", "all", "--edges", "normal,build,dev", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}");
    const lines = new Set(tree.split("\n").filter(Boolean));
    return [...lines].map((line) => {
        const [, name, version, source, licence] = line.match(/^(\S+) v(\S+)(?: \(([^|]*)\))?\|(.*)$/) ?? [];
        if (!name) throw new Error(`cargo tree printed a line that this check does not understand: ${line}`);
        return { name, version, source: source === "proc-macro" ? undefined : source, licence };
    });
}

/** The crates that depend directly on one. */
function dependants(name, version) {
    const tree = cargo("tree", "--locked", "--workspace", "--target", "all", "--edges", "normal,build,dev", "--prefix", "depth", "--invert", `${name}@${version}`, "--depth", "1");
    return [...tree.matchAll(/^1(\S+) /gm)].map((match) => match[1]);
}

const problems = [];
const graph = crates();
for (const { name, version, source, licence } of graph) {
    const rule = refused.get(name);
    if (rule) {
        const others = dependants(name, version).filter((dependant) => !rule.wrappers.includes(dependant));
        if (others.length > 0) problems.push(`${name} ${version} is refused (${rule.reason}); it comes with: ${others.join(", ")}`);
    }
    if (!satisfied(licence)) problems.push(`${name} ${version} has the licence "${licence}", which deny.toml does not allow`);
    if (source && !source.startsWith("/") && !/^[A-Z]:/.test(source)) problems.push(`${name} ${version} does not come from a registry: ${source}`);
}

/** The packages that a lock file names, once each path. */
function lockedPackages(path) {
    return Object.entries(JSON.parse(readFileSync(`${root}/${path}`, "utf8")).packages).filter(([at]) => at !== "").map(([at, entry]) => ({ name: at.replace(/^.*node_modules\//, ""), ...entry }));
}

const packages = lockedPackages("web/package-lock.json");
for (const { name, version, license } of packages) {
    // htmx writes its licence, 0BSD, by another name.
    const spdx = license === "BSD-0-Clause" ? "0BSD" : (license ?? "");
    // axe-core is a tool of the tests under a licence that asks for changes to its own files only; it is not shipped.
    const testTool = ["axe-core", "@axe-core/playwright"].includes(name) && license === "MPL-2.0";
    if (!testTool && !satisfied(spdx)) problems.push(`npm ${name} ${version} has the licence "${license}", which deny.toml does not allow`);
}
// The tools beside the web application are run and neither linked nor shipped: their licences are their own affair, where they come from is not.
for (const path of ["web/package-lock.json", "scripts/spectral/package-lock.json", "benches/lighthouse/package-lock.json"]) {
    for (const { name, resolved, integrity } of lockedPackages(path)) {
        if (resolved) problems.push(`${path} records an address for ${name}; run npm with the folder's .npmrc in force, which leaves it out`);
        if (!integrity) problems.push(`${path} has no checksum for ${name}`);
    }
}

if (problems.length > 0) {
    console.error(`Dependencies:\n  ${problems.join("\n  ")}`);
    process.exit(1);
}
console.log(`dependencies: ${graph.length} crates and ${packages.length} npm packages, licences and sources as deny.toml allows`);
