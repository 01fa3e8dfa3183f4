//! Samples of the gate page.

use super::gate::{
    BundleRef, DecideForm, GateCheck, GateFindings, GateGap, GatePage, GateSegment, Meanwhile, Proposal, Reason,
    Recommendation, SuiteResult, VerdictChoice,
};
use super::{Delta, Figure, Gap, HOSTILE, Link, NamedFigure, Reading, SelectOption, Time};
use crate::render::artifact::check_plot;
use crate::render::svg::{HeatCell, HeatRow, Label, heat_map};

impl GatePage {
    /// A frozen gate that waits for a decision.
    pub fn sample() -> Self {
        Self::named("1.4.0", "enterprise")
    }

    /// The same with hostile names.
    pub fn hostile_sample() -> Self {
        Self { findings: GateFindings::overtaken_sample(), ..Self::named(HOSTILE, HOSTILE) }
    }

    /// A gate just opened, as a viewer sees it.
    pub fn bare_sample() -> Self {
        Self {
            state: "open".to_owned(),
            baseline: None,
            scorecard: None,
            findings: GateFindings {
                sufficiency: None,
                sufficiency_note: "How many runs this gate will need cannot be said yet.".to_owned(),
                checks: vec![],
                map: None,
                plot: None,
                changes: vec![],
                ..GateFindings::open_sample()
            },
            gaps: vec![],
            owners: vec![],
            suites: vec![],
            bundle: None,
            can_freeze: false,
            decide: None,
            blocked: Some("Only a release manager freezes evidence and decides.".to_owned()),
            ..Self::sample()
        }
    }

    /// A gate that may be frozen.
    pub fn open_sample() -> Self {
        let findings = GateFindings::open_sample();
        Self { state: "open".to_owned(), findings, bundle: None, decide: None, can_freeze: true, ..Self::sample() }
    }

    /// A gate that was decided.
    pub fn decided_sample() -> Self {
        Self {
            state: "decided".to_owned(),
            verdict: "hold".to_owned(),
            decision: Some(Link::new("/p/demo/decisions/dec_01", "Decision 12")),
            findings: GateFindings { href: None, changes: vec![], ..GateFindings::sample() },
            decide: None,
            ..Self::sample()
        }
    }

    fn named(release: &str, segment: &str) -> Self {
        Self {
            id: "gate_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            state: "frozen".to_owned(),
            release: Link::new("/p/demo/releases/rel_01", release),
            release_state: "candidate".to_owned(),
            baseline: Some(Link::new("/p/demo/releases/rel_00", "1.3.0")),
            comparison: "Both received traffic from 20 to 22 Nov 2026 and are compared on that time.".to_owned(),
            workflow: "refund-handling".to_owned(),
            scorecard: Some(Link::new("/p/demo/scorecards/sc_01", "Refund handling, version 3")),
            policy: "standard, version 2".to_owned(),
            opened_by: "Ben Okafor".to_owned(),
            opened_at: Time::sample(-2880),
            findings: GateFindings::named(segment),
            gaps: GateGap::samples(segment),
            owners: vec![SelectOption::new("acc_01", segment)],
            suites: vec![SuiteResult::sample(segment)],
            bundle: Some(BundleRef::sample()),
            can_freeze: true,
            decide: Some(DecideForm::sample(segment)),
            blocked: None,
            decision: None,
            verdict: "undecided".to_owned(),
        }
    }
}

impl GateFindings {
    /// Of frozen evidence.
    pub fn sample() -> Self {
        Self::named("enterprise")
    }

    /// Of evidence that is not frozen.
    pub fn open_sample() -> Self {
        Self { as_of: Some(Time::sample(-1)), changes: vec![], ..Self::sample() }
    }

    /// As somebody sees it whose page is older than what another person did, with hostile names.
    pub fn overtaken_sample() -> Self {
        let meanwhile = Meanwhile {
            text: format!("{HOSTILE} froze the evidence: what you decide has to rest on that."),
            at: Time::sample(-3),
            link: Link::new("/p/demo/gates/gate_01", "Load the page again"),
        };
        Self { meanwhile: Some(meanwhile), ..Self::named(HOSTILE) }
    }

    fn named(segment: &str) -> Self {
        let columns = vec!["overall".to_owned(), segment.to_owned()];
        let cell = |result: &str| HeatCell { result: Some(result.to_owned()), note: segment.to_owned() };
        let rows = vec![HeatRow { label: "Success rate".to_owned(), cells: vec![cell("inconclusive"), cell("fail")] }];
        let label = Label {
            id: "map",
            title: "Checks by segment",
            description: "The table below holds the same results with their figures.",
        };
        Self {
            href: Some("/p/demo/gates/gate_01/findings?seen=frozen".to_owned()),
            meanwhile: None,
            as_of: None,
            recommendation: Recommendation::sample(segment),
            sufficiency: Some(0.62),
            sufficiency_note: "62 % of the runs this gate will probably need".to_owned(),
            checks: vec![GateCheck::sample(segment)],
            map: Some(heat_map(label, &columns, &rows)),
            plot: check_plot("plot", &[GateCheck::sample(segment)]),
            changes: vec!["38 more settled runs; the success rate would be 85.7 % instead of 86.0 %.".to_owned()],
        }
    }
}

impl Recommendation {
    /// Hold, because one segment got worse.
    pub fn sample(segment: &str) -> Self {
        Self {
            verdict: "hold".to_owned(),
            next_step: Some("Smaller pilot: leave enterprise out until the regression is understood.".to_owned()),
            reasons: vec![
                Reason {
                    sentence: format!("Success rate fails in customer_tier = {segment}."),
                    figures: vec![
                        NamedFigure::new("baseline", Figure::rate(28, 30, 0.787, 0.982)),
                        NamedFigure::new("this release", Figure::rate(20, 31, 0.469, 0.789)),
                    ],
                },
                Reason { sentence: "The scorecard is stale: review overdue by 9 days.".to_owned(), figures: vec![] },
            ],
        }
    }
}

impl GateCheck {
    /// A key check that is inconclusive overall and fails in a segment.
    pub fn sample(segment: &str) -> Self {
        let worse = Delta::new(Figure::points(-0.041, -0.069, -0.012), Reading::Worse);
        Self {
            label: "Success rate".to_owned(),
            signal: "success_rate".to_owned(),
            criterion: "not worse than the baseline by 2.0 pp".to_owned(),
            role: "key".to_owned(),
            result: "inconclusive".to_owned(),
            why: "Neither the evidence to ship nor the evidence to roll back has reached 20.".to_owned(),
            baseline: Figure::rate(901, 1000, 0.881, 0.918),
            candidate: Figure::rate(860, 1000, 0.837, 0.88).linked("/p/demo/runs?release=1.4.0"),
            delta: worse.clone(),
            e_ship: Some(0.31),
            e_rollback: Some(12.9),
            more_runs: Some("about 400 (80 %: 900)".to_owned()),
            segments: vec![
                GateSegment {
                    dimension: "customer_tier".to_owned(),
                    value: segment.to_owned(),
                    required: true,
                    result: "fail".to_owned(),
                    baseline: Figure::rate(28, 30, 0.787, 0.982),
                    candidate: Figure::rate(20, 31, 0.469, 0.789),
                    delta: worse,
                },
                GateSegment {
                    dimension: "customer_tier".to_owned(),
                    value: "trial".to_owned(),
                    required: false,
                    result: "unproved".to_owned(),
                    baseline: Figure::rate(0, 0, 0.0, 1.0),
                    candidate: Figure::rate(3, 3, 0.438, 1.0),
                    delta: Delta::unknown(),
                },
            ],
        }
    }
}

impl SuiteResult {
    /// A suite with one regression.
    pub fn sample(case: &str) -> Self {
        Self {
            suite: "refunds, version 4".to_owned(),
            cases: 42,
            passed: 39,
            failed: 2,
            missing: 1,
            regressions: vec![Link::new("/p/demo/cases/case_01", case)],
        }
    }
}

impl BundleRef {
    /// A bundle frozen yesterday.
    pub fn sample() -> Self {
        Self {
            digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            frozen_at: Time::sample(-1440),
            frozen_by: "Ana Reyes".to_owned(),
            href: Some("/p/demo/gates/gate_01/bundle.json".to_owned()),
        }
    }
}

impl DecideForm {
    /// With a proposal that waits.
    pub fn sample(reason: &str) -> Self {
        let choice = |verdict: &str, note: &str| VerdictChoice {
            verdict: verdict.to_owned(),
            note: note.to_owned(),
            recommended: verdict == "hold",
            needs_second: verdict == "ship",
        };
        Self {
            supersedes: None,
            verdicts: vec![
                choice("ship", "The pipeline may go on; the release may become live."),
                choice("hold", "The release stays where it is."),
                choice("rollback", "The release is marked for rollback to 1.3.0."),
                choice("collect_more_evidence", "The gate stays open and keeps counting."),
            ],
            second_people: vec![SelectOption::new("acc_02", "Chioma Eze, admin")],
            second_rule:
                "Ship against the recommendation takes a second person with the role release manager or admin."
                    .to_owned(),
            proposal: Some(Proposal {
                id: "prop_01".to_owned(),
                verdict: "ship".to_owned(),
                reason: reason.to_owned(),
                by: "Ben Okafor".to_owned(),
                at: Time::sample(-20),
                can_confirm: true,
            }),
            error: Some("A reason is needed to decide against the recommendation. Say why.".to_owned()),
            reason: reason.to_owned(),
        }
    }
}

impl GateGap {
    /// One that can be given to somebody, one that was since, and one that was in time.
    fn samples(text: &str) -> Vec<Self> {
        let link = || Some(Link::new("/p/demo/gaps/gap_01", "What to do"));
        let free =
            Self { gap: unowned(text), link: link(), taken: None, give: Some("/p/demo/gaps/gap_01/owner".to_owned()) };
        let taken = Self { gap: unowned(text), link: link(), taken: Some(text.to_owned()), give: None };
        let owned = Gap::samples().into_iter().filter(|gap| gap.owner.is_some());
        let owned = owned.map(|gap| Self { gap, link: None, taken: None, give: None });
        [free, taken].into_iter().chain(owned).collect()
    }
}

fn unowned(text: &str) -> Gap {
    Gap {
        kind: "too_few_runs".to_owned(),
        what: text.to_owned(),
        owner: None,
        next_step: "Next step: a smaller pilot.".to_owned(),
    }
}
