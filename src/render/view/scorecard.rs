//! Scorecards: is this workflow healthy, and who says so?

use serde::{Deserialize, Serialize};

use super::{Delta, Empty, Figure, FilterChip, Freshness, HOSTILE, Link, Owner, Pager, Reading, Time, Unit, View};

/// Body of `/p/{project}/scorecards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScorecardList {
    /// Filters as chips (stale, mine).
    pub chips: Vec<FilterChip>,
    /// The scorecards, stale first.
    pub rows: Vec<ScorecardRow>,
    /// Neighbouring pages.
    pub pager: Pager,
    /// Shown instead of the list when there is nothing in it.
    pub empty: Option<Empty>,
}

/// One scorecard in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScorecardRow {
    /// Name and address.
    pub link: Link,
    /// Workflow it holds to account.
    pub workflow: String,
    /// Its owner; `None` is *no owner*.
    pub owner: Option<String>,
    /// Whether it can be relied on.
    pub freshness: Freshness,
    /// How many checks it has.
    pub checks: u64,
    /// Last attestation.
    pub attested_at: Option<Time>,
}

/// Body of `/p/{project}/scorecards/{id}`. Form: `POST …/attest` with `csrf`, `version`, `note`, `read` (`yes`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScorecardPage {
    /// Id, `sc_…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Workflow.
    pub workflow: String,
    /// Release the figures are of.
    pub release: Option<Link>,
    /// Release they are compared with.
    pub baseline: Option<Link>,
    /// Version shown.
    pub version: u32,
    /// Who maintains it.
    pub owner: Option<Owner>,
    /// Who is told when the owner does not act.
    pub backup: Option<Owner>,
    /// Review cadence in days.
    pub cadence_days: u32,
    /// Whether it can be relied on, and why not.
    pub freshness: Freshness,
    /// Last attestation: when and by whom.
    pub attested: Option<Attestation>,
    /// The signed-in person may attest.
    pub can_attest: bool,
    /// Whether the viewer may write a version.
    pub can_edit: bool,
    /// What counts: reported successes that nobody had to redo.
    pub honest: Figure,
    /// What is reported: rescues included.
    pub flattering: Figure,
    /// Segment columns of the table of checks, `customer_tier = enterprise`.
    pub columns: Vec<String>,
    /// The checks.
    pub checks: Vec<ScorecardCheck>,
    /// What each signal proves and does not.
    pub signals: Vec<SignalNote>,
    /// Versions, newest first.
    pub versions: Vec<ScorecardVersion>,
    /// Why the last attestation was not accepted, and what to do.
    pub error: Option<String>,
    /// The note typed in it.
    pub note: String,
}

/// The last time somebody vouched for the scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attestation {
    /// When.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// What they noted.
    pub note: Option<String>,
}

/// One check with its figure overall and per segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScorecardCheck {
    /// Name for people: `Success rate`.
    pub label: String,
    /// Signal as the API speaks it.
    pub signal: String,
    /// Criterion in words: `not worse than the baseline by 2.0 pp`, `at least 90 %`.
    pub criterion: String,
    /// `key`, `standard` or `info`.
    pub role: String,
    /// Dimension it is also held to per segment; `None` for overall only.
    pub scope: Option<String>,
    /// The figure over all runs.
    pub overall: Figure,
    /// Its difference from the baseline.
    pub delta: Delta,
    /// One cell per column of the page.
    pub cells: Vec<SegmentCell>,
}

/// A check in one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentCell {
    /// The figure; `None` where the check does not cover the segment.
    pub figure: Option<Figure>,
    /// Shade: `-3` (worst) to `3` (best), or `none`; see [`SegmentCell::level`].
    pub level: String,
    /// The segment must pass by itself.
    pub required: bool,
}

impl SegmentCell {
    /// The shade for a difference from the baseline, in units of the check's margin, positive when better:
    /// beyond two margins ±3, beyond one ±2, beyond half ±1.
    pub fn level(better_by_margins: Option<f64>) -> String {
        let Some(by) = better_by_margins.filter(|v| v.is_finite()) else { return "none".to_owned() };
        let size = match by.abs() {
            s if s >= 2.0 => 3,
            s if s >= 1.0 => 2,
            s if s >= 0.5 => 1,
            _ => 0,
        };
        if by < 0.0 && size > 0 { format!("-{size}") } else { size.to_string() }
    }
}

/// What a signal says and what it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignalNote {
    /// Name for people.
    pub label: String,
    /// Definition: `successful outcomes / concluded`.
    pub definition: String,
    /// What it proves.
    pub proves: String,
    /// What it does not prove.
    pub does_not_prove: String,
    /// `gate`, `incident_review` or `too_vague`.
    pub evidence_class: String,
    /// Why it cannot carry a verdict, when it cannot.
    pub vague_because: Option<String>,
}

/// One version of the scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScorecardVersion {
    /// Number.
    pub version: u32,
    /// When it was made.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// What changed, in words.
    pub changes: Vec<String>,
}

impl View for ScorecardList {
    const TEMPLATE: &'static str = "pages/scorecard/list";
    const SECTION: &'static str = "scorecards";
    const LIST: &'static str = "rows";
}

impl View for ScorecardPage {
    const TEMPLATE: &'static str = "pages/scorecard/show";
    const SECTION: &'static str = "scorecards";
}

impl SignalNote {
    /// The notes of two signals, for samples.
    pub fn samples() -> Vec<Self> {
        vec![
            Self {
                label: "Success rate".to_owned(),
                definition: "successful outcomes / concluded runs".to_owned(),
                proves: "The share of work that nobody had to redo.".to_owned(),
                does_not_prove: "That each answer was right: it rests on the outcome's source.".to_owned(),
                evidence_class: "gate".to_owned(),
                vague_because: None,
            },
            Self {
                label: "Rescue rate".to_owned(),
                definition: "rescued runs / concluded runs".to_owned(),
                proves: "How often people redo the agent's work.".to_owned(),
                does_not_prove: "That unreported rescues are rare.".to_owned(),
                evidence_class: "too_vague".to_owned(),
                vague_because: Some("No source reports rescues for this workflow.".to_owned()),
            },
        ]
    }
}

impl ScorecardList {
    /// A stale one without owner.
    pub fn sample() -> Self {
        Self::named("Refund handling")
    }

    /// With a name nobody should have given.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    /// None yet.
    pub fn empty_sample() -> Self {
        Self {
            chips: vec![],
            rows: vec![],
            pager: Pager::default(),
            empty: Some(Empty {
                title: "No scorecard yet".to_owned(),
                text: "A scorecard names the checks a workflow is held to, and who answers for them.".to_owned(),
                command: Some("curl -X POST $SEATRIAL_URL/api/v1/projects/demo/scorecards -H \"authorization: Bearer $SEATRIAL_API_KEY\" --json @scorecard.json".to_owned()),
                action: None,
            }),
        }
    }

    fn named(name: &str) -> Self {
        Self {
            chips: vec![FilterChip {
                label: "Stale".to_owned(),
                href: "/p/demo/scorecards?state=stale".to_owned(),
                on: false,
            }],
            rows: vec![ScorecardRow {
                link: Link::new("/p/demo/scorecards/sc_01", name),
                workflow: name.to_owned(),
                owner: None,
                freshness: Freshness::sample_stale(),
                checks: 6,
                attested_at: None,
            }],
            pager: Pager { previous: None, next: None, note: "1 scorecard".to_owned() },
            empty: None,
        }
    }
}

impl ScorecardPage {
    /// A stale scorecard that the viewer may attest.
    pub fn sample() -> Self {
        Self::named("enterprise")
    }

    /// The same with hostile segment values.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(segment: &str) -> Self {
        let cell = |figure: Option<Figure>, by: Option<f64>| SegmentCell {
            figure,
            level: SegmentCell::level(by),
            required: by.is_some(),
        };
        Self {
            id: "sc_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            name: segment.to_owned(),
            workflow: "refund-handling".to_owned(),
            release: Some(Link::new("/p/demo/releases/rel_02", segment)),
            baseline: Some(Link::new("/p/demo/releases/rel_01", "1.3.0")),
            version: 3,
            owner: Some(Owner { name: "Ana Reyes".to_owned(), contact: Some("ana@example.com".to_owned()) }),
            backup: None,
            cadence_days: 14,
            freshness: Freshness::sample_stale(),
            attested: Some(Attestation {
                at: Time::sample(-33_000),
                by: "Ana Reyes".to_owned(),
                note: Some(segment.to_owned()),
            }),
            can_attest: true,
            can_edit: true,
            honest: Figure::rate(860, 1000, 0.837, 0.88),
            flattering: Figure::rate(931, 1000, 0.914, 0.945),
            columns: vec![segment.to_owned(), "customer_tier = free".to_owned()],
            checks: vec![ScorecardCheck {
                label: "Success rate".to_owned(),
                signal: "success_rate".to_owned(),
                criterion: "not worse than the baseline by 2.0 pp".to_owned(),
                role: "key".to_owned(),
                scope: Some("customer_tier".to_owned()),
                overall: Figure::rate(860, 1000, 0.837, 0.88).linked("/p/demo/runs"),
                delta: Delta::new(Figure::points(-0.041, -0.069, -0.012), Reading::Worse),
                cells: vec![cell(Some(Figure::rate(20, 31, 0.469, 0.789)), Some(-2.4)), cell(None, None)],
            }],
            signals: SignalNote::samples(),
            versions: vec![ScorecardVersion {
                version: 3,
                at: Time::sample(-40_000),
                by: "Ana Reyes".to_owned(),
                changes: vec!["Margin of the success rate from 3.0 to 2.0 pp.".to_owned()],
            }],
            error: None,
            note: String::new(),
        }
    }

    /// Without owner, baseline or figures.
    pub fn bare_sample() -> Self {
        Self {
            release: None,
            baseline: None,
            owner: None,
            attested: None,
            can_attest: false,
            can_edit: false,
            freshness: Freshness { state: "never".to_owned(), reasons: vec![], due_at: None },
            honest: Figure::unknown(Unit::Rate),
            flattering: Figure::unknown(Unit::Rate),
            checks: vec![],
            versions: vec![],
            ..Self::sample()
        }
    }
}
