//! Gates: may this release go on?

use serde::{Deserialize, Serialize};

use super::{Delta, Figure, Gap, Link, NamedFigure, SelectOption, Time, View};
use crate::render::svg::Chart;

/// Body of `/p/{project}/gates/{id}`. Forms: `POST …/freeze` with `csrf`; `POST …/decide` with `csrf`, `bundle`
/// (digest of the bundle shown), `verdict`, `reason`, `second_person` (member id, optional), `confirm` (id of a proposal).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GatePage {
    /// Id, `gate_…`.
    pub id: String,
    /// `open`, `frozen` or `decided`.
    pub state: String,
    /// The release in question.
    pub release: Link,
    /// State of the release.
    pub release_state: String,
    /// What it is compared with.
    pub baseline: Option<Link>,
    /// How the comparison was made, in words.
    pub comparison: String,
    /// Workflow.
    pub workflow: String,
    /// Scorecard whose checks are applied.
    pub scorecard: Option<Link>,
    /// Policy, name and version.
    pub policy: String,
    /// Who opened the gate, who does not approve it alone.
    pub opened_by: String,
    /// When it was opened.
    pub opened_at: Time,
    /// What the evidence says.
    pub findings: GateFindings,
    /// What is missing.
    pub gaps: Vec<GateGap>,
    /// Who an unowned gap can be given to.
    pub owners: Vec<SelectOption>,
    /// Eval results by suite.
    pub suites: Vec<SuiteResult>,
    /// The frozen evidence.
    pub bundle: Option<BundleRef>,
    /// The signed-in person may freeze.
    pub can_freeze: bool,
    /// The decide form; `None` when there is nothing to decide or the person may not.
    pub decide: Option<DecideForm>,
    /// Why the person sees no form to freeze or decide.
    pub blocked: Option<String>,
    /// The recorded decision.
    pub decision: Option<Link>,
    /// Its verdict, or `undecided`.
    pub verdict: String,
}

/// What a gate's evidence says: the part of its page that follows what comes in, also by itself at `…/findings?seen=`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateFindings {
    /// Where it is fetched again; `None` once it does not change by itself any more.
    pub href: Option<String>,
    /// What somebody did since the page was loaded.
    pub meanwhile: Option<Meanwhile>,
    /// Of which time the evidence is, while it is not frozen.
    pub as_of: Option<Time>,
    /// What the machine recommends.
    pub recommendation: Recommendation,
    /// Share (0 to 1) of the runs the checks will probably need; `None` when that cannot be said.
    pub sufficiency: Option<f64>,
    /// The same in words: `62 % of the runs this gate will probably need`.
    pub sufficiency_note: String,
    /// The checks, key ones first.
    pub checks: Vec<GateCheck>,
    /// Checks by segments at a glance.
    pub map: Option<Chart>,
    /// The rates of the checks on both releases, with their intervals.
    pub plot: Option<Chart>,
    /// What would be different with today's evidence, in words; empty when nothing or nothing is frozen.
    pub changes: Vec<String>,
}

/// What somebody did with a gate since a page was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meanwhile {
    /// Who did what, in words.
    pub text: String,
    /// When.
    pub at: Time,
    /// Where to go on.
    pub link: Link,
}

/// A gap on the gate's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateGap {
    /// As the evidence has it.
    pub gap: Gap,
    /// Its own page, once it is kept.
    pub link: Option<Link>,
    /// Who took it on after the evidence was frozen.
    pub taken: Option<String>,
    /// Where the form that gives it to somebody goes (`POST` with `csrf`, `gate`, `owner`); `None` when it may not be given.
    pub give: Option<String>,
}

/// What the machine recommends, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recommendation {
    /// `ship`, `hold`, `rollback` or `collect_more_evidence`.
    pub verdict: String,
    /// Next step when it is not `ship`: smaller pilot, clearer gate or better measurement, in words.
    pub next_step: Option<String>,
    /// Why, heaviest first.
    pub reasons: Vec<Reason>,
}

/// One reason with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// In words.
    pub sentence: String,
    /// The figures it rests on.
    pub figures: Vec<NamedFigure>,
}

/// One check of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GateCheck {
    /// Name for people.
    pub label: String,
    /// Signal as the API speaks it.
    pub signal: String,
    /// Criterion in words.
    pub criterion: String,
    /// `key`, `standard` or `info`.
    pub role: String,
    /// `pass`, `fail`, `conflict`, `inconclusive` or `unverified`.
    pub result: String,
    /// Why, in words.
    pub why: String,
    /// On the baseline.
    pub baseline: Figure,
    /// On the candidate.
    pub candidate: Figure,
    /// The difference.
    pub delta: Delta,
    /// Evidence to ship as an e-value (decides at 1/α); `None` for checks that are not sequential.
    pub e_ship: Option<f64>,
    /// Evidence to roll back as an e-value.
    pub e_rollback: Option<f64>,
    /// How many more runs would probably settle it, in words: `about 400 (80 %: 900)`, `not within 10,000`.
    pub more_runs: Option<String>,
    /// Per segment, worst first.
    pub segments: Vec<GateSegment>,
}

/// A check in one segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GateSegment {
    /// Dimension.
    pub dimension: String,
    /// Value; text of runs.
    pub value: String,
    /// It must pass by itself.
    pub required: bool,
    /// `pass`, `fail`, `conflict`, `inconclusive` or `unproved` (too thin to say anything: not passed).
    pub result: String,
    /// On the baseline.
    pub baseline: Figure,
    /// On the candidate.
    pub candidate: Figure,
    /// The difference.
    pub delta: Delta,
}

/// Eval results of one suite on the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SuiteResult {
    /// Suite, name and version.
    pub suite: String,
    /// Cases in it.
    pub cases: u64,
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Without a result.
    pub missing: u64,
    /// Cases that passed on the baseline and fail now.
    pub regressions: Vec<Link>,
}

/// Frozen evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BundleRef {
    /// SHA-256 of the canonical bytes.
    pub digest: String,
    /// When it was frozen.
    pub frozen_at: Time,
    /// By whom.
    pub frozen_by: String,
    /// Where its bytes can be downloaded.
    pub href: Option<String>,
}

/// The decide form. No verdict is ever preselected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecideForm {
    /// The decision that stands and that this one would take the place of.
    pub supersedes: Option<String>,
    /// Verdicts to choose from.
    pub verdicts: Vec<VerdictChoice>,
    /// Members who may be the second person.
    pub second_people: Vec<SelectOption>,
    /// When a second person is needed, in words.
    pub second_rule: String,
    /// A decision that waits for its second person.
    pub proposal: Option<Proposal>,
    /// What was wrong with the last attempt, and what to do.
    pub error: Option<String>,
    /// Reason typed in the last attempt.
    pub reason: String,
}

/// One verdict to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerdictChoice {
    /// `ship`, `hold`, `rollback` or `collect_more_evidence`.
    pub verdict: String,
    /// What recording it does, in words.
    pub note: String,
    /// It is what the machine recommends.
    pub recommended: bool,
    /// It takes a second person.
    pub needs_second: bool,
}

/// A decision that waits for its second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Id, sent back as `confirm`.
    pub id: String,
    /// Verdict proposed.
    pub verdict: String,
    /// Reason given.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Time,
    /// The signed-in person may be the second.
    pub can_confirm: bool,
}

impl View for GatePage {
    const TEMPLATE: &'static str = "pages/gate/show";
    const SECTION: &'static str = "releases";
}
