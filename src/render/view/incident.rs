//! The incident review: the sibling of the review artifact for a release that was, or should be, taken back.

use serde::{Deserialize, Serialize};

use super::artifact::{ArtifactDecision, ArtifactView, ChainPlace, ResponseRow};
use super::gate::{BundleRef, GateCheck};
use super::release::MixRow;
use super::{Delta, Figure, KeyValue, Time};

/// The document. Its JSON form is this struct, so the order of fields is the order of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentView {
    /// Version of this shape: `seatrial.incident/1`.
    pub schema: String,
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// The release it is about.
    pub release: String,
    /// What it was compared with.
    pub baseline: Option<String>,
    /// How, in words.
    pub comparison: String,
    /// When the document was made.
    pub generated_at: Time,
    /// Where the decision is shown, as an absolute address.
    pub url: Option<String>,
    /// What happened, in one sentence.
    pub summary: String,
    /// The decision that was made about it; `None` when an alert is reviewed.
    pub decision: Option<ArtifactDecision>,
    /// What was recommended: `rollback`, `hold`, …; `None` when an alert is reviewed.
    pub recommended: Option<String>,
    /// The alert that is reviewed; `None` when a decision is.
    pub alert: Option<IncidentAlert>,
    /// What changed: the checks that fail, with the segments where they fail.
    pub changed: Vec<GateCheck>,
    /// The segments in which something fails, in words.
    pub segments: Vec<String>,
    /// Failure classes before and now.
    pub failure_mix: Vec<MixRow>,
    /// Since which release: what happened to the workflow's releases, earliest first.
    pub timeline: Vec<TimelineRow>,
    /// Runs that show it, the worst and latest first.
    pub runs: Vec<IncidentRun>,
    /// How many failures there were on the release; `runs` are some of them.
    pub failures: u64,
    /// What was done: responses opened.
    pub responses: Vec<ResponseRow>,
    /// Whether it helped: the signals that failed, before, on the release, and in the workflow since.
    pub effect: Vec<EffectRow>,
    /// Since when the last column of `effect` counts.
    pub since: Time,
    /// The frozen evidence.
    pub bundle: Option<BundleRef>,
    /// Digests: name and SHA-256.
    pub digests: Vec<KeyValue>,
    /// Place in the ledger.
    pub chain: Option<ChainPlace>,
    /// Command that verifies a decision offline; `None` when an alert is reviewed.
    pub verify_command: Option<String>,
}

/// An alert as its incident review states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentAlert {
    /// Id.
    pub id: String,
    /// What kind of change: `regression`, `rescue_jump`, …
    pub kind: String,
    /// Where it stands: `firing`, `acknowledged`, `resolved`, …
    pub state: String,
    /// Since when it was changed.
    pub began_at: Time,
    /// Up to when that was looked at.
    pub ended_at: Time,
}

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TimelineRow {
    /// When.
    pub at: Time,
    /// Which release.
    pub release: String,
    /// Where it stands from then on; `None` when it did not move.
    pub state: Option<String>,
    /// In words.
    pub text: String,
    /// Who.
    pub actor: String,
}

/// A run that shows what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentRun {
    /// Id, `run_…`.
    pub id: String,
    /// The sender's id.
    pub external_id: String,
    /// When it began.
    pub at: Time,
    /// How it ended.
    pub outcome: String,
    /// Failure class; `None` is *not classified*.
    pub class: Option<String>,
    /// `critical`, `major` or `minor`.
    pub severity: Option<String>,
    /// What was learned from it: `open`, `promoted`, `linked` or `dismissed`.
    pub status: String,
}

/// A signal before, during and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EffectRow {
    /// The signal for people.
    pub label: String,
    /// On the baseline.
    pub before: Figure,
    /// On the release.
    pub during: Figure,
    /// In the workflow since.
    pub after: Figure,
    /// `after` against `during`.
    pub delta: Delta,
}

impl IncidentView {
    /// A rollback because of one segment.
    pub fn sample() -> Self {
        Self::named(&ArtifactView::sample(), "fs1", "wrong_refund_amount")
    }

    /// The same with hostile text wherever text of a run or a person is shown.
    pub fn hostile_sample() -> Self {
        Self::named(&ArtifactView::hostile_sample(), super::HOSTILE, super::HOSTILE)
    }

    /// Nothing is known besides the decision: no check failed, no run is left.
    pub fn bare_sample() -> Self {
        Self {
            baseline: None,
            url: None,
            changed: vec![],
            segments: vec![],
            failure_mix: vec![],
            timeline: vec![],
            runs: vec![],
            failures: 0,
            responses: vec![],
            effect: vec![],
            bundle: None,
            digests: vec![],
            chain: None,
            ..Self::sample()
        }
    }

    /// A review of an alert, about which nobody has decided.
    pub fn alert_sample() -> Self {
        Self {
            decision: None,
            recommended: None,
            alert: Some(IncidentAlert {
                id: "alert_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
                kind: "rescue_jump".to_owned(),
                state: "firing".to_owned(),
                began_at: Time::sample(-2_880),
                ended_at: Time::sample(-60),
            }),
            changed: vec![],
            failure_mix: vec![],
            bundle: None,
            chain: None,
            verify_command: None,
            ..Self::sample()
        }
    }

    fn named(review: &ArtifactView, segment: &str, class: &str) -> Self {
        let decision = review.decision.clone();
        let decision = decision.map(|decision| ArtifactDecision { verdict: "rollback".to_owned(), ..decision });
        let row = |minutes, state: Option<&str>, text: &str| TimelineRow {
            at: Time::sample(minutes),
            release: review.release.clone(),
            state: state.map(str::to_owned),
            text: text.to_owned(),
            actor: class.to_owned(),
        };
        let run = |minutes, status: &str| IncidentRun {
            id: "run_0192f3a1b2c37d4e8f9a0b1c2d3e4f50".to_owned(),
            external_id: segment.to_owned(),
            at: Time::sample(minutes),
            outcome: "failure".to_owned(),
            class: Some(class.to_owned()),
            severity: Some("critical".to_owned()),
            status: status.to_owned(),
        };
        Self {
            schema: "seatrial.incident/1".to_owned(),
            project: review.project.clone(),
            workflow: review.workflow.clone(),
            release: review.release.clone(),
            baseline: review.baseline.clone(),
            comparison: review.comparison.clone(),
            generated_at: review.generated_at,
            url: review.url.clone(),
            summary: format!("success_rate fails in {segment}: 0 of 60, 27 of 60 before."),
            decision: Some(decision.unwrap_or_else(ArtifactDecision::sample)),
            recommended: Some("rollback".to_owned()),
            alert: None,
            changed: review.checks.clone(),
            segments: vec![format!("file_system = {segment}")],
            failure_mix: review.failure_mix.clone(),
            timeline: vec![
                row(-4_000, Some("live"), "deployed in production: canary at 10 %"),
                row(-5, Some("rolled_back"), segment),
            ],
            runs: vec![run(-300, "promoted"), run(-360, "open")],
            failures: 41,
            responses: review.responses.clone(),
            effect: vec![EffectRow {
                label: "Success rate".to_owned(),
                before: Figure::rate(912, 1_000, 0.893, 0.928),
                during: Figure::rate(412, 1_000, 0.382, 0.443),
                after: Figure::rate(88, 100, 0.802, 0.930),
                delta: Delta::new(Figure::points(0.468, 0.387, 0.527), super::Reading::Better),
            }],
            since: Time::sample(-5),
            bundle: review.bundle.clone(),
            digests: review.digests.clone(),
            chain: review.chain.clone(),
            verify_command: Some(review.verify_command.clone()),
        }
    }
}
