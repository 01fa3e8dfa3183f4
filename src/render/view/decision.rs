//! Decisions: who let this go on, and on what evidence?

use serde::Serialize;

use super::gate::Recommendation;
use super::{Empty, Figure, FilterChip, HOSTILE, KeyValue, Link, Pager, SortHead, Time, View};
use crate::render::markdown::{self, MarkdownHtml};

/// Body of `/p/{project}/decisions`: the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionList {
    /// Filters as chips.
    pub chips: Vec<FilterChip>,
    /// The decisions, along the chain.
    pub rows: Vec<DecisionRow>,
    /// The column along which the list goes.
    pub when: SortHead,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Digest of the newest entry: the head of the chain.
    pub head: Option<String>,
    /// Command that verifies the whole chain from an export.
    pub verify_command: String,
    /// How often people decided against the recommendation: all, each workflow, each person and their workflows.
    pub overrides: Vec<OverrideRow>,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// How often somebody decided against the recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OverrideRow {
    /// Who; `None` is everybody.
    pub person: Option<String>,
    /// Of which workflow; `None` is all of them.
    pub workflow: Option<String>,
    /// Decisions against the recommendation, of all of theirs.
    pub rate: Figure,
    /// Shipped against a recommendation to hold or roll back.
    pub shipped_against: u64,
    /// Decided with a second person.
    pub with_second: u64,
}

/// One decision in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionRow {
    /// Position in the chain, from 1.
    pub position: u64,
    /// Label and address.
    pub link: Link,
    /// `ship`, `hold`, `rollback` or `collect_more_evidence`.
    pub verdict: String,
    /// What the machine recommended.
    pub recommendation: String,
    /// Workflow.
    pub workflow: String,
    /// Release.
    pub release: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: Time,
    /// A later decision replaced it.
    pub superseded: bool,
}

/// Body of `/p/{project}/decisions/{id}`. Documents at `…/artifact.html`, `.md` and `.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionPage {
    /// Id, `dec_…`.
    pub id: String,
    /// The verdict.
    pub verdict: String,
    /// Release decided about.
    pub release: Link,
    /// Workflow.
    pub workflow: String,
    /// The gate.
    pub gate: Link,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: Time,
    /// Who else approved: name and role.
    pub approvers: Vec<KeyValue>,
    /// The reason given, rendered from Markdown.
    pub reason: MarkdownHtml,
    /// What the machine recommended, and why.
    pub recommendation: Recommendation,
    /// Verdict and recommendation differ.
    pub differs: bool,
    /// Somebody recommended or decided to roll back, so there is an incident review.
    pub incident: bool,
    /// Digests: name and SHA-256 (evidence bundle, policy, decision, previous decision).
    pub digests: Vec<KeyValue>,
    /// Position in the chain, from 1.
    pub position: u64,
    /// Length of the chain.
    pub chain_length: u64,
    /// Command that verifies it offline.
    pub verify_command: String,
    /// The decision that replaced it.
    pub superseded_by: Option<Link>,
    /// The decision it replaced.
    pub supersedes: Option<Link>,
    /// What would be different with today's evidence, in words.
    pub changes: Vec<String>,
}

impl View for DecisionList {
    const TEMPLATE: &'static str = "pages/decision/list";
    const SECTION: &'static str = "decisions";
    const LIST: &'static str = "rows";
}

impl View for DecisionPage {
    const TEMPLATE: &'static str = "pages/decision/show";
    const SECTION: &'static str = "decisions";
}

impl DecisionList {
    /// Two decisions.
    pub fn sample() -> Self {
        Self::named("1.4.0")
    }

    /// The same with hostile names.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// None yet.
    pub fn empty_sample() -> Self {
        Self {
            chips: vec![],
            rows: vec![],
            when: SortHead::sample("When"),
            pager: Pager::default(),
            head: None,
            verify_command: String::new(),
            overrides: vec![],
            empty: Some(Empty {
                title: "No decision yet".to_owned(),
                text: "Open a gate for a release, freeze its evidence, decide. A pipeline then asks for the decision:"
                    .to_owned(),
                command: Some(
                    "seatrial gate check --project demo --workflow refund-handling --release 1.4.0".to_owned(),
                ),
                action: Some(Link::new("/p/demo/releases", "Releases")),
            }),
        }
    }

    fn named(release: &str) -> Self {
        let row = DecisionRow {
            position: 12,
            link: Link::new("/p/demo/decisions/dec_01", "Decision 12"),
            verdict: "hold".to_owned(),
            recommendation: "hold".to_owned(),
            workflow: "refund-handling".to_owned(),
            release: release.to_owned(),
            decided_by: "Ana Reyes".to_owned(),
            decided_at: Time::sample(-5),
            superseded: false,
        };
        let older = DecisionRow { position: 11, verdict: "ship".to_owned(), superseded: true, ..row.clone() };
        Self {
            chips: vec![FilterChip {
                label: "Ship".to_owned(),
                href: "/p/demo/decisions?verdict=ship".to_owned(),
                on: false,
            }],
            rows: vec![row, older],
            when: SortHead::sample("When"),
            pager: Pager { previous: None, next: None, note: "2 decisions".to_owned() },
            head: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
            verify_command: "seatrial decision verify decisions.ndjson".to_owned(),
            overrides: vec![OverrideRow {
                person: Some(release.to_owned()),
                workflow: None,
                rate: Figure::rate(2, 12, 0.047, 0.448),
                shipped_against: 1,
                with_second: 3,
            }],
            empty: None,
        }
    }
}

impl DecisionPage {
    /// A ship against the recommendation, superseded since.
    pub fn sample() -> Self {
        Self::named(
            "1.4.0",
            "enterprise",
            "Shipped with **enterprise left out**; see [the runbook](https://example.com/runbook).",
        )
    }

    /// The same with hostile names and a hostile reason.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE, HOSTILE, HOSTILE)
    }

    fn named(release: &str, segment: &str, reason: &str) -> Self {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        Self {
            id: "dec_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            verdict: "ship".to_owned(),
            release: Link::new("/p/demo/releases/rel_01", release),
            workflow: "refund-handling".to_owned(),
            gate: Link::new("/p/demo/gates/gate_01", "Gate of 21 Nov"),
            decided_by: "Ana Reyes".to_owned(),
            decided_at: Time::sample(-5),
            approvers: vec![KeyValue::new("Chioma Eze", "admin")],
            reason: markdown::to_html(reason),
            recommendation: Recommendation::sample(segment),
            differs: true,
            incident: true,
            digests: vec![
                KeyValue::new("Evidence bundle", digest),
                KeyValue::new("Policy", digest),
                KeyValue::new("This decision", digest),
            ],
            position: 12,
            chain_length: 14,
            verify_command: "seatrial decision verify decision-12.json".to_owned(),
            superseded_by: Some(Link::new("/p/demo/decisions/dec_02", "Decision 13")),
            supersedes: None,
            changes: vec!["38 more settled runs; the recommendation would still be hold.".to_owned()],
        }
    }
}
