//! Eval cases: what is tested now, and where each test came from.

use serde::Serialize;

use super::{Empty, Filter, FilterChip, HOSTILE, Link, Pager, SortHead, Time, View};

/// Body of `/p/{project}/cases`.
#[derive(Debug, Clone, Serialize)]
pub struct CaseList {
    /// Filters as chips.
    pub chips: Vec<FilterChip>,
    /// Fields of the filter form.
    pub filters: Vec<Filter>,
    /// The cases.
    pub rows: Vec<CaseRow>,
    /// The column along which the list goes.
    pub made: SortHead,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// One case in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Title and address.
    pub link: Link,
    /// `draft`, `active` or `retired`.
    pub status: String,
    /// Workflow it tests.
    pub workflow: String,
    /// Failure class it covers.
    pub class: Option<String>,
    /// How many assertions it has.
    pub assertions: u64,
    /// How many failures were linked to it, the first included.
    pub failures: u64,
    /// Newest result: `pass`, `fail`, `error`, `skipped`.
    pub result: Option<String>,
    /// When it was made.
    pub created_at: Time,
}

/// Body of `/p/{project}/cases/{case_id}`.
#[derive(Debug, Clone, Serialize)]
pub struct CasePage {
    /// Id, `case_…`.
    pub id: String,
    /// Title.
    pub title: String,
    /// `draft`, `active` or `retired`.
    pub status: String,
    /// Workflow it tests.
    pub workflow: String,
    /// Failure class it covers.
    pub class: Option<String>,
    /// Severity of the class.
    pub severity: Option<String>,
    /// What the agent is given.
    pub input: String,
    /// What must and must not happen.
    pub assertions: Vec<Assertion>,
    /// Reference answer, when one was written by a person.
    pub reference: Option<String>,
    /// What the failed run did: kept as evidence, never expected.
    pub observed: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// What redaction changed before the snapshot was stored.
    pub redactions: Vec<DiffLine>,
    /// Where the case came from.
    pub provenance: Provenance,
    /// How each version of it stands on each release, the latest result first.
    pub standings: Vec<CaseStanding>,
    /// Results, newest first.
    pub results: Vec<CaseResult>,
    /// Failures linked to the case, newest first.
    pub failures: Vec<Link>,
}

/// One assertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assertion {
    /// `must`, `must_not` or `tool`.
    pub kind: String,
    /// What is asserted.
    pub text: String,
}

/// The copied snapshot a case rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Id of the run it was promoted from.
    pub run_id: String,
    /// Address of that run; `None` when retention or a person deleted it: the snapshot stays.
    pub run_href: Option<String>,
    /// Release that made the run.
    pub release: String,
    /// SHA-256 of the stored snapshot.
    pub digest: String,
    /// When it was copied.
    pub copied_at: Time,
    /// Who promoted it.
    pub promoted_by: String,
}

/// One result of the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// Release that was tested.
    pub release: String,
    /// `pass`, `fail`, `error` or `skipped`.
    pub result: String,
    /// Whichever runner ran it.
    pub runner: String,
    /// When it ran.
    pub at: Time,
    /// What the runner said.
    pub note: Option<String>,
}

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// `add`, `del` or `same`.
    pub change: String,
    /// The line.
    pub content: String,
}

impl DiffLine {
    /// A redacted address, for samples.
    pub fn samples() -> Vec<Self> {
        let line = |change: &str, content: &str| Self { change: change.to_owned(), content: content.to_owned() };
        vec![
            line("same", "Customer: please refund order 1042"),
            line("del", "contact: j.doe@example.com"),
            line("add", "contact: [email]"),
        ]
    }
}

impl View for CaseList {
    const TEMPLATE: &'static str = "pages/case/list";
    const SECTION: &'static str = "cases";
    const LIST: &'static str = "rows";
}

/// How a version of a case stands on a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseStanding {
    /// The release.
    pub release: Link,
    /// Which version of the case.
    pub version: u32,
    /// How it stands there.
    pub cell: super::suite::SuiteGridCell,
}

impl View for CasePage {
    const TEMPLATE: &'static str = "pages/case/show";
    const SECTION: &'static str = "cases";
}

impl CaseList {
    /// One case.
    pub fn sample() -> Self {
        Self::titled("Refund never exceeds the order's amount")
    }

    /// A case whose title came from a run.
    pub fn hostile_sample() -> Self {
        Self::titled(HOSTILE)
    }

    fn titled(title: &str) -> Self {
        Self {
            chips: vec![FilterChip {
                label: "Active".to_owned(),
                href: "/p/demo/cases?status=active".to_owned(),
                on: true,
            }],
            filters: vec![],
            rows: vec![CaseRow {
                link: Link::new("/p/demo/cases/case_01", title),
                status: "active".to_owned(),
                workflow: "refund-handling".to_owned(),
                class: Some("amount_mismatch".to_owned()),
                assertions: 2,
                failures: 3,
                result: Some("fail".to_owned()),
                created_at: Time::sample(-3000),
            }],
            made: SortHead::sample("Made"),
            pager: Pager { previous: None, next: None, note: "1 case".to_owned() },
            empty: None,
        }
    }

    /// No case yet.
    pub fn empty_sample() -> Self {
        Self {
            chips: vec![],
            filters: vec![],
            rows: vec![],
            made: SortHead::sample("Made"),
            pager: Pager::default(),
            empty: Some(Empty {
                title: "No eval cases yet".to_owned(),
                text: "Promote a failed run: its input is copied, and you say what must and must not happen."
                    .to_owned(),
                command: None,
                action: Some(Link::new("/p/demo/failures", "Open failures")),
            }),
        }
    }
}

impl CasePage {
    /// A case with results.
    pub fn sample() -> Self {
        Self::with_text("Refund order 1042", "I have refunded 420.00 to the card.")
    }

    /// The same with hostile text everywhere a run's text is shown.
    pub fn hostile_sample() -> Self {
        Self::with_text(HOSTILE, HOSTILE)
    }

    fn with_text(input: &str, observed: &str) -> Self {
        Self {
            id: "case_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            title: input.to_owned(),
            status: "active".to_owned(),
            workflow: "refund-handling".to_owned(),
            class: Some("amount_mismatch".to_owned()),
            severity: Some("critical".to_owned()),
            input: input.to_owned(),
            assertions: vec![
                Assertion { kind: "must".to_owned(), text: "refund at most the amount of the order".to_owned() },
                Assertion { kind: "must_not".to_owned(), text: observed.to_owned() },
            ],
            reference: Some("Refunds 42.00 and says so.".to_owned()),
            observed: Some(observed.to_owned()),
            tags: vec!["refund".to_owned(), input.chars().take(20).collect()],
            redactions: DiffLine::samples(),
            provenance: Provenance {
                run_id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
                run_href: None,
                release: "1.4.0".to_owned(),
                digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
                copied_at: Time::sample(-3000),
                promoted_by: "Ana Reyes".to_owned(),
            },
            standings: vec![CaseStanding {
                release: Link::new("/p/demo/releases/rel_01", "1.4.0"),
                version: 2,
                cell: super::suite::SuiteGridCell {
                    release: "1.4.0".to_owned(),
                    result: Some("fail".to_owned()),
                    passed: 2,
                    trials: 3,
                    flaky: true,
                },
            }],
            results: vec![CaseResult {
                release: "1.4.0".to_owned(),
                result: "fail".to_owned(),
                runner: "promptfoo".to_owned(),
                at: Time::sample(-60),
                note: Some(observed.to_owned()),
            }],
            failures: vec![Link::new("/p/demo/runs/run_01", "run_01")],
        }
    }
}
