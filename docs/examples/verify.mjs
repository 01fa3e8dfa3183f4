// Verifies a decision export without Seatrial: node verify.mjs EXPORT.json [CHECKPOINT.json …]
// docs/VERIFY.md says what is checked and why. Standard library only.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

// Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, numbers as ECMAScript writes them. Both are JavaScript's own.
const canonical = (value) =>
  Array.isArray(value) ? `[${value.map(canonical).join(",")}]`
  : value !== null && typeof value === "object"
    ? `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`
  : JSON.stringify(value);
const digest = (value) => `sha256:${createHash("sha256").update(canonical(value), "utf8").digest("hex")}`;
const fail = (what) => { console.log(`WRONG  ${what}`); process.exit(1); };
const ok = (what) => console.log(`ok     ${what}`);
const same = (what, named, found) => { if (named !== found) fail(`${what}: ${named} is named, ${found} is there`); };

const read = (file) => { try { return JSON.parse(readFileSync(file, "utf8")); } catch (error) { fail(`${file}: ${error.message}`); } };
const [file, ...checkpoints] = process.argv.slice(2);
const whole = read(file);
same("format", "seatrial.decision-export/1", whole.format);

// The chain: each record has its digest, the next number, and names the digest of the record before it.
let before = null;
for (const { record, digest: sealed } of whole.decisions) {
  same(`decision ${record.sequence} was changed`, sealed, digest(record));
  if (before) {
    same(`project of decision ${record.sequence}`, before.record.project, record.project);
    same("sequence", before.record.sequence + 1, record.sequence);
    same(`decision before ${record.sequence}`, before.digest, record.previous);
  } else if (record.sequence === 1) same("decision before 1", null, record.previous);
  before = { record, digest: sealed };
}
ok(`${whole.decisions.length} decisions hold together, from number ${whole.decisions[0]?.record.sequence}`);

// What left the machine before must still be there.
for (const kept of checkpoints.map(read)) {
  const found = whole.decisions.find(({ record }) => record.sequence === kept.sequence);
  same("format of the checkpoint", "seatrial.checkpoint/1", kept.format);
  same(`decision ${kept.sequence} on ${kept.made_at}`, kept.digest, found?.digest);
  same("project of the checkpoint", kept.project, found.record.project);
  ok(`the chain up to decision ${kept.sequence} is the one of ${kept.made_at}`);
}

// The decision asked about, and what it rests on.
const { record } = whole.decisions.find(({ record }) => record.id === whole.decision) ?? fail("the decision is not in the chain");
same("evidence", record.bundle, digest(whole.bundle));
same("policy", record.policy, digest(whole.bundle.policy));
if (record.schema > 1) same("scorecard", record.scorecard, whole.bundle.scorecard ? digest(whole.bundle.scorecard) : undefined);
same("recommendation", record.recommendation, digest(whole.recommendation));
same("recommended", record.recommended, whole.recommendation.verdict);
for (const what of ["project", "workflow", "release"]) same(what, record[what], whole.bundle[what].id);
same("gate", record.gate, whole.bundle.gate);
ok("evidence, policy, scorecard and recommendation are those the decision names");
const by = [record.decided_by, record.approved_by].filter(Boolean).map((actor) => `${actor.display_name} (${actor.id})`);
console.log(`Decided: ${record.verdict} (recommended: ${record.recommended}) by ${by.join(" and ")}, ${record.decided_at}`);
