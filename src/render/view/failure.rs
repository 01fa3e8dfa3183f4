//! Triage: failures nobody has learned from, and what a reviewer does with one.

use serde::Serialize;

use super::case::DiffLine;
use super::run::{RunPage, Turn, Waterfall};
use super::triage::{Progress, Undo};
use super::{Empty, Filter, FilterChip, HOSTILE, Link, Pager, SelectOption, Time, View};

/// Body of `/p/{project}/failures`. `?run={run_id}` chooses the failure shown beside the list.
#[derive(Debug, Clone, Serialize)]
pub struct FailureList {
    /// Filters that are on or offered as chips (status, severity).
    pub chips: Vec<FilterChip>,
    /// Fields of the filter form.
    pub filters: Vec<Filter>,
    /// How far everybody has come.
    pub progress: Progress,
    /// The act that was just carried out and can be taken back.
    pub undo: Option<Undo>,
    /// The classes a group can be labelled with.
    pub classes: Vec<SelectOption>,
    /// The signed-in person may act on groups.
    pub may_triage: bool,
    /// The query of this list, which forms carry along.
    pub list: String,
    /// Failures grouped by failure class and release, critical first.
    pub groups: Vec<FailureGroup>,
    /// The failure under review.
    pub selected: Option<FailureReview>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// Who works on a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reserved {
    /// Their name.
    pub by: String,
    /// It is the signed-in person.
    pub mine: bool,
    /// Until when.
    pub until: Time,
}

/// Failures of one class on one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureGroup {
    /// Id of the workflow.
    pub workflow_id: String,
    /// Id of the release.
    pub release_id: String,
    /// Failure class; `None` is *not classified*.
    pub class: Option<String>,
    /// `critical`, `major` or `minor`.
    pub severity: Option<String>,
    /// Workflow the runs belong to.
    pub workflow: String,
    /// Release the runs were made by.
    pub release: String,
    /// How many there are, those on other pages included.
    pub total: u64,
    /// Those on this page.
    pub items: Vec<FailureItem>,
}

/// One failed run in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureItem {
    /// Id of the run, `run_…`.
    pub run_id: String,
    /// First words of the run's input or its external id; text of the run.
    pub summary: String,
    /// `failure`, `abandoned`, or `success` for a rescued run.
    pub outcome: String,
    /// Rescued by a person.
    pub rescued: bool,
    /// Learning status: `open`, `promoted`, `linked`, `dismissed`.
    pub status: String,
    /// When the run began.
    pub started_at: Time,
    /// This list with the failure chosen: `/p/demo/failures?run=run_…`.
    pub href: String,
    /// It is the one under review.
    pub selected: bool,
    /// Who works on it.
    pub reserved_by: Option<String>,
    /// Who is asked to look at it.
    pub assigned_to: Option<String>,
}

/// One failure with everything a reviewer needs. Forms: `POST /p/{project}/failures/{run_id}/promote` with `title`,
/// `failure_class`, `must` and `must_not` (one assertion a line), `reference`, `tags` (separated by commas);
/// `…/link` with `case_id`; `…/dismiss` with `reason`. All with `csrf`.
#[derive(Debug, Clone, Serialize)]
pub struct FailureReview {
    /// Id of the run.
    pub run_id: String,
    /// Where the run is shown in full.
    pub run: Link,
    /// Workflow.
    pub workflow: String,
    /// Release.
    pub release: String,
    /// Outcome of the run.
    pub outcome: String,
    /// Where the outcome comes from, in words: `error in a tool call`.
    pub outcome_source: String,
    /// Failure class so far.
    pub class: Option<String>,
    /// Its severity.
    pub severity: Option<String>,
    /// Learning status.
    pub status: String,
    /// The case it became or is linked to, or `None`.
    pub case: Option<Link>,
    /// Why it was dismissed.
    pub dismissed_reason: Option<String>,
    /// The conversation, turn by turn.
    pub turns: Vec<Turn>,
    /// Messages that are not shown.
    pub more_messages: u64,
    /// The trace.
    pub waterfall: Option<Waterfall>,
    /// Who works on it.
    pub reserved: Option<Reserved>,
    /// The signed-in person is asked to look at it.
    pub assigned_to_me: bool,
    /// The signed-in person's account.
    pub me: Option<String>,
    /// The failing step.
    pub step: Option<String>,
    /// What a reviewer remarked.
    pub note: Option<String>,
    /// The query of the list, which forms carry along.
    pub list: String,
    /// Id of the run that comes next in it.
    pub following: Option<String>,
    /// What the agent was given, after redaction.
    pub input: String,
    /// What the agent did, kept as *observed*, never as the expected answer.
    pub observed: String,
    /// What redaction changed in the input; empty when nothing.
    pub redactions: Vec<DiffLine>,
    /// Existing cases that look alike, nearest first.
    pub nearest: Vec<NearCase>,
    /// Failure classes to choose from, in the order of the keys 1 to 9.
    pub classes: Vec<SelectOption>,
    /// Title offered for the case.
    pub suggested_title: String,
    /// The next open failure, for working through the queue.
    pub next: Option<String>,
    /// The failure is open and the signed-in person may promote, link and dismiss it.
    pub can_act: bool,
    /// The signed-in person may promote, link and dismiss failures that are open.
    pub may_triage: bool,
    /// Why the last form was not accepted, and what to do.
    pub error: Option<String>,
    /// What was typed in that form: lines that must hold.
    pub must: String,
    /// Lines that must not hold.
    pub must_not: String,
    /// A reference answer.
    pub reference: String,
    /// Tags.
    pub tags: String,
    /// The id of a case to link to.
    pub case_id: String,
    /// A reason to dismiss.
    pub reason: String,
}

/// An existing case that may already cover the failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearCase {
    /// Id of the case.
    pub case_id: String,
    /// Its title.
    pub title: String,
    /// Where it is shown.
    pub href: String,
    /// Why it is offered, in words: `same failure promoted before`, `same class, similar input`.
    pub why: String,
}

impl View for FailureList {
    const TEMPLATE: &'static str = "pages/failure/list";
    const SECTION: &'static str = "failures";
    const LIST: &'static str = "groups";
}

impl FailureList {
    /// One open failure under review.
    pub fn sample() -> Self {
        Self::with_text("Refund order 1042, customer says it never arrived", "I have refunded 420.00 to the card.")
    }

    /// The same with hostile text everywhere a run's text is shown.
    pub fn hostile_sample() -> Self {
        Self::with_text(HOSTILE, HOSTILE)
    }

    /// Nothing to review.
    pub fn empty_sample() -> Self {
        Self {
            chips: vec![],
            filters: vec![],
            progress: Progress::default(),
            undo: None,
            classes: vec![],
            may_triage: false,
            list: String::new(),
            groups: vec![],
            selected: None,
            pager: Pager::default(),
            empty: Some(Empty {
                title: "Nothing open".to_owned(),
                text: "Every failure has become an eval case, is linked to one, or was dismissed with a reason."
                    .to_owned(),
                command: None,
                action: Some(Link::new("/p/demo/cases", "Eval cases")),
            }),
        }
    }

    fn with_text(input: &str, observed: &str) -> Self {
        let item = FailureItem {
            run_id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            reserved_by: Some("Demo owner".to_owned()),
            assigned_to: Some("Demo reviewer".to_owned()),
            summary: input.to_owned(),
            outcome: "failure".to_owned(),
            rescued: true,
            status: "open".to_owned(),
            started_at: Time::sample(-95),
            href: "/p/demo/failures?run=run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            selected: true,
        };
        Self {
            chips: vec![
                FilterChip { label: "Open".to_owned(), href: "/p/demo/failures?status=open".to_owned(), on: true },
                FilterChip {
                    label: "Critical".to_owned(),
                    href: "/p/demo/failures?severity=critical".to_owned(),
                    on: false,
                },
            ],
            filters: vec![Filter {
                name: "release".to_owned(),
                label: "Release".to_owned(),
                options: vec![
                    SelectOption::new("", "All releases"),
                    SelectOption::new("1.4.0", "1.4.0").selected(true),
                ],
                value: String::new(),
            }],
            progress: Progress::sample(input),
            undo: Some(Undo::sample()),
            classes: vec![SelectOption::new("wrong_tool", "Wrong tool (major)")],
            may_triage: true,
            list: "status=open".to_owned(),
            groups: vec![
                FailureGroup {
                    workflow_id: "wf_01".to_owned(),
                    release_id: "rel_01".to_owned(),
                    class: Some("amount_mismatch".to_owned()),
                    severity: Some("critical".to_owned()),
                    workflow: "refund-handling".to_owned(),
                    release: "1.4.0".to_owned(),
                    total: 14,
                    items: vec![item],
                },
                FailureGroup {
                    workflow_id: "wf_01".to_owned(),
                    release_id: "rel_02".to_owned(),
                    class: None,
                    severity: None,
                    workflow: "refund-handling".to_owned(),
                    release: "1.3.0".to_owned(),
                    total: 0,
                    items: vec![],
                },
            ],
            selected: Some(FailureReview::sample(input, observed)),
            pager: Pager {
                previous: None,
                next: Some("/p/demo/failures?cursor=abc".to_owned()),
                note: "50 of 214 open failures".to_owned(),
            },
            empty: None,
        }
    }
}

impl FailureReview {
    fn sample(input: &str, observed: &str) -> Self {
        Self {
            run_id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            run: Link::new("/p/demo/runs/run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50", "Open the run"),
            workflow: "refund-handling".to_owned(),
            release: "1.4.0".to_owned(),
            outcome: "failure".to_owned(),
            turns: RunPage::sample().turns,
            more_messages: 3,
            waterfall: RunPage::sample().waterfall,
            reserved: Some(Reserved { by: input.to_owned(), mine: false, until: Time::sample(15) }),
            assigned_to_me: false,
            me: Some("acc_01".to_owned()),
            step: Some(input.to_owned()),
            note: Some(observed.to_owned()),
            list: "status=open".to_owned(),
            following: Some("run_02".to_owned()),
            outcome_source: "outcome fact by API".to_owned(),
            class: Some("amount_mismatch".to_owned()),
            severity: Some("critical".to_owned()),
            status: "open".to_owned(),
            case: None,
            dismissed_reason: None,
            input: input.to_owned(),
            observed: observed.to_owned(),
            redactions: DiffLine::samples(),
            nearest: vec![NearCase {
                case_id: "case_01".to_owned(),
                title: input.to_owned(),
                href: "/p/demo/cases/case_01".to_owned(),
                why: "same class, similar input".to_owned(),
            }],
            classes: vec![
                SelectOption::new("amount_mismatch", "Amount mismatch (critical)").selected(true),
                SelectOption::new("wrong_tool", "Wrong tool (major)"),
            ],
            suggested_title: input.to_owned(),
            next: Some("/p/demo/failures?run=run_02".to_owned()),
            can_act: true,
            may_triage: true,
            error: None,
            must: String::new(),
            must_not: String::new(),
            reference: String::new(),
            tags: String::new(),
            case_id: String::new(),
            reason: String::new(),
        }
    }
}
