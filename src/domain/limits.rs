//! Every bound that input meets, in one place, each with its reason.

/// Largest request body on an OTLP path before decompression, in bytes. OTLP clients cap themselves at 64 MiB.
pub const OTLP_BODY_BYTES: usize = 64 << 20;
/// Largest OTLP body after decompression, in bytes: the OTLP specification's own limit.
pub const OTLP_DECOMPRESSED_BYTES: usize = 64 << 20;
/// Largest body of a run batch (`POST …/runs`), in bytes: some 10,000 runs with short conversations.
pub const RUN_BATCH_BYTES: usize = 32 << 20;
/// Largest line of an NDJSON run batch, in bytes: one run with a very long conversation.
pub const RUN_LINE_BYTES: usize = 4 << 20;
/// Most runs in one batch: bounds the time one request can hold the writer.
pub const RUNS_PER_BATCH: usize = 10_000;
/// Largest JSON body of any other request, in bytes: people type, they do not upload.
pub const JSON_BODY_BYTES: usize = 256 << 10;
/// Most spans kept of one run. A run beyond it is a loop; the rest is rejected and said so.
pub const SPANS_PER_RUN: usize = 20_000;
/// Most spans in one OTLP request: bounds memory against a body of countless tiny spans. Exporters send hundreds,
/// collectors some ten thousand.
pub const SPANS_PER_REQUEST: usize = 100_000;
/// Longest span name kept, in bytes. Longer names carry payload, not meaning.
pub const SPAN_NAME_BYTES: usize = 256;
/// Longest label (workflow, release, class, tool, segment value …), in bytes: it must fit an index and a table cell.
pub const LABEL_BYTES: usize = 200;
/// Longest reason or note, in bytes: a page of prose.
pub const NOTE_BYTES: usize = 4_000;
/// Most checks of one scorecard: each is read for every value of its dimensions at every look.
pub const CHECKS_PER_SCORECARD: usize = 50;
/// Most required segments of one scorecard.
pub const REQUIRED_SEGMENTS: usize = 200;
/// Longest URL of a webhook, in bytes.
pub const URL_BYTES: usize = 2_000;
/// Most webhooks of one project: each event is sent to every one of them.
pub const WEBHOOKS_PER_PROJECT: usize = 20;
/// Longest external id of a run, in bytes.
pub const EXTERNAL_ID_BYTES: usize = 200;
/// Most segment dimensions of one run: each adds cells to every write.
pub const SEGMENTS_PER_RUN: usize = 16;
/// Most values of one segment dimension that have cells of their own, per workflow; later ones fold into `other`.
pub const VALUES_PER_SEGMENT: usize = 64;
/// Most named scores of one run.
pub const SCORES_PER_RUN: usize = 32;
/// Most approvals, escalations or rescues of one run: beyond it a client repeats itself.
pub const EVENTS_PER_RUN: usize = 200;
/// Most assertions of one kind of an eval case: a person has to read them.
pub const ASSERTIONS_PER_CASE: usize = 50;
/// Most tags of an eval case.
pub const TAGS_PER_CASE: usize = 20;
/// Largest input of an eval case, and most that is kept beside it of the observed output, in bytes of JSON: a case is
/// read by people and loaded in lists. The snapshot holds the whole.
pub const CASE_CONTENT_BYTES: usize = 256 << 10;
/// Most redactions that a case lists; further ones are made all the same and counted.
pub const REDACTIONS_LISTED: usize = 200;
/// Most groups of failures that are counted at once: beyond it a reviewer filters.
pub const FAILURE_GROUPS: usize = 200;
/// Most redaction patterns of a project: each is searched for in every text of a case.
pub const REDACTION_PATTERNS: usize = 50;
/// Most cases of one suite: a person has to read the difference between two of its versions.
pub const CASES_PER_SUITE: usize = 2_000;
/// Most suites of one workflow that a gate looks at.
pub const SUITES_PER_WORKFLOW: u64 = 50;
/// Most eval results in one request: they fit into a JSON body with what a runner says of each.
pub const RESULTS_PER_REQUEST: usize = 1_000;
/// Most eval results of one suite on one release that are read, the latest: some hundred executions of a usual suite.
pub const RESULTS_READ: u64 = 50_000;
/// Most regressed cases that a bundle names; further ones are counted.
pub const REGRESSED_LISTED: usize = 50;
/// Most kinds of decisions (person, workflow, recommendation, verdict) that override rates are added up from.
pub const DECISION_TALLIES: u64 = 5_000;
/// How long a failure stays reserved for whoever works on it, in microseconds: a coffee, not a holiday.
pub const RESERVATION_MICROS: i64 = 15 * crate::time::MINUTE;
/// Most failures that one act decides about: bounds the time one request can hold the writer.
pub const FAILURES_PER_ACT: u64 = 500;
/// Most events of a failure pattern that are shown, the latest.
pub const PATTERN_EVENTS: u64 = 200;
/// How far in the future a client's clock may be, in microseconds: clock skew, not fiction.
pub const CLOCK_SKEW_MICROS: i64 = 10 * crate::time::MINUTE;
/// Most gaps of one release: several for every check and failure class.
pub const GAPS_PER_RELEASE: u64 = 1_000;
/// Most teams of a project, and most members of a team.
pub const TEAMS_PER_PROJECT: usize = 200;
/// Most saved views of one list that one person has, and most that the project shares: they stand in a row above the list.
pub const VIEWS_PER_LIST: u64 = 30;
/// Largest cost of one run, in nano-units: a million units of the currency.
pub const COST_NANOS: i64 = 1_000_000 * 1_000_000_000;
/// Most prices of one project: every model of every vendor fits, and ingest reads them all for a batch.
pub const PRICES_PER_PROJECT: u64 = 500;
/// Most failure classes of a project's own: more kinds of miss than anybody keeps apart.
pub const CLASSES_PER_PROJECT: u64 = 200;
/// Items on a page of a list unless asked otherwise.
pub const PAGE_SIZE: u64 = 50;
/// Open failures are counted up to this many for the navigation of every page; there may be more.
pub const FAILURES_COUNTED: u64 = 1_000;
/// Most releases of a project, and most workflows, that are known by name at once: five years of a release a day. The
/// oldest beyond are found by id alone.
pub const NAMES_KNOWN: u64 = 2_000;
/// Most items on a page of a list.
pub const PAGE_SIZE_MAX: u64 = 200;
/// Longest span of time of one signals query, in days: two years of day cells.
pub const QUERY_DAYS: i64 = 732;

/// Shortens `text` to at most `bytes` bytes at a character boundary.
#[must_use]
pub fn clip(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Trims a label, drops control characters and clips it to [`LABEL_BYTES`]; `None` when nothing is left.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    let trimmed = clip(text.trim(), LABEL_BYTES);
    if trimmed.is_empty() {
        return None;
    }
    if trimmed.chars().any(char::is_control) {
        let clean: String = trimmed.chars().filter(|c| !c.is_control()).collect();
        return (!clean.trim().is_empty()).then(|| clean.trim().to_owned());
    }
    Some(trimmed.to_owned())
}
