//! Alerts: states, not comparisons. What is watched for in a live release, where it stands, and what follows from what.

use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, to_canonical};
use crate::drift::{DriftSettings, Finding, Reading};
use crate::evidence::{FrozenProject, FrozenRelease, RateCount};
use crate::ids::{AlertId, ReleaseId, WorkflowId};
use crate::response::{ResponseKind, named};
use crate::signal::Signal;
use crate::time::Timestamp;

/// The version of the shape of frozen alert evidence.
pub const ALERT_SCHEMA: u32 = 1;

named! {
    /// What is watched for.
    AlertKind {
        /// The release succeeds less often than its baseline did, or than it did itself in its first days.
        Regression => "regression",
        /// A failure class has a larger share of the failures.
        FailureMixShift => "failure_mix_shift",
        /// More runs are redone by a person.
        RescueJump => "rescue_jump",
        /// More runs repeat a call after its own error.
        RisingRetries => "rising_retries",
        /// More runs ask for an approval.
        ApprovalSpike => "approval_spike",
        /// Runs cost more, and do not succeed more often.
        CostWithoutQuality => "cost_without_quality",
        /// The workflow's runs stopped coming.
        StalledTraffic => "stalled_traffic",
    }
}

named! {
    /// Where an alert stands.
    AlertState {
        /// Too little history to compare with.
        Learning => "learning",
        /// Nothing changed beyond chance.
        Ok => "ok",
        /// Something changed.
        Firing => "firing",
        /// The release has no runs to judge by.
        NoData => "no_data",
        /// Something changed, and somebody has seen it.
        Acknowledged => "acknowledged",
        /// What had changed is back, or is accepted.
        Resolved => "resolved",
    }
}

impl AlertKind {
    /// What it says when it fires, as the beginning of a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Regression => "The release succeeds less often",
            Self::FailureMixShift => "Failures are of another kind",
            Self::RescueJump => "People rescue more runs",
            Self::RisingRetries => "More runs retry",
            Self::ApprovalSpike => "More runs ask for approval",
            Self::CostWithoutQuality => "Runs cost more and succeed no more often",
            Self::StalledTraffic => "The workflow's runs stopped coming",
        }
    }

    /// Of what its smallest change is a share, in words.
    #[must_use]
    pub const fn share_of(self) -> &'static str {
        match self {
            Self::FailureMixShift => "of failures",
            Self::StalledTraffic => "of hours",
            _ => "of runs",
        }
    }

    /// What to do about it, unless somebody knows better; `None` where no kind of response fits.
    #[must_use]
    pub const fn response(self) -> Option<ResponseKind> {
        match self {
            Self::Regression => Some(ResponseKind::Rollback),
            Self::FailureMixShift => Some(ResponseKind::UpdateEvalSet),
            Self::RescueJump | Self::ApprovalSpike => Some(ResponseKind::StrengthenApproval),
            Self::RisingRetries | Self::CostWithoutQuality => Some(ResponseKind::IncreaseSampling),
            Self::StalledTraffic => None,
        }
    }

    /// The rate that a response to it is meant to move.
    #[must_use]
    pub const fn signal(self) -> Signal {
        match self {
            Self::RescueJump => Signal::RescueRate,
            Self::RisingRetries => Signal::RetryRate,
            Self::ApprovalSpike => Signal::ApprovalRate,
            _ => Signal::SuccessRate,
        }
    }

    /// The smallest change that matters, unless the workflow says another: in shares of runs, of failures for the mix.
    #[must_use]
    pub const fn change(self) -> f64 {
        match self {
            Self::Regression | Self::RisingRetries => 0.05,
            Self::RescueJump => 0.03,
            Self::FailureMixShift | Self::ApprovalSpike | Self::CostWithoutQuality => 0.1,
            // Hours, not runs: a tenth of them silent.
            Self::StalledTraffic => 0.25,
        }
    }
}

impl AlertState {
    /// Whether something is the matter.
    #[must_use]
    pub const fn is_raised(self) -> bool {
        matches!(self, Self::Firing | Self::Acknowledged)
    }
}

/// The state that follows, by itself, from what was read; `None` when it stays.
///
/// A raised alert stays raised until its figures are back: silence, or a thin hour, does not take it down. A resolved
/// one stays so until it fires again.
#[must_use]
pub fn next(state: Option<AlertState>, reading: &Reading) -> Option<AlertState> {
    use AlertState::{Acknowledged, Firing, Learning, NoData, Ok, Resolved};
    let quiet = if reading.watched == 0 {
        Learning
    } else if reading.silent {
        NoData
    } else {
        Ok
    };
    let then = match state {
        Some(Firing | Acknowledged) if reading.recovered => Resolved,
        Some(raised @ (Firing | Acknowledged)) => raised,
        _ if !reading.findings.is_empty() => Firing,
        Some(Resolved) => Resolved,
        _ => quiet,
    };
    (Some(then) != state).then_some(then)
}

/// One hour of a finding's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HourCount {
    /// The hour.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was counted in it.
    pub count: RateCount,
}

/// Something that changed, with the hours that show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrozenFinding {
    /// What changed.
    pub finding: Finding,
    /// Hour by hour, from before the change on.
    pub hours: Vec<HourCount>,
}

/// What the release followed: its last move or deployment before the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowedMarker {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The release.
    pub release: String,
    /// In words.
    pub text: String,
}

/// Everything an alert rested on when it fired: frozen then, and named by its digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertEvidence {
    /// The version of this shape.
    pub schema: u32,
    /// The alert.
    #[schema(value_type = String)]
    pub alert: AlertId,
    /// Whose.
    pub project: FrozenProject,
    /// Of which work.
    #[schema(value_type = String)]
    pub workflow: WorkflowId,
    /// Its name then.
    pub workflow_name: String,
    /// The live release.
    pub release: FrozenRelease,
    /// The release it is compared with, where there is one.
    pub baseline: Option<FrozenRelease>,
    /// Since when the release was live.
    #[schema(value_type = String, format = DateTime)]
    pub live_at: Timestamp,
    /// What was watched for.
    pub kind: AlertKind,
    /// When it fired.
    #[schema(value_type = String, format = DateTime)]
    pub fired_at: Timestamp,
    /// How it was watched.
    pub settings: DriftSettings,
    /// How many streams of the workflow were watched: what a false alarm is promised over.
    pub streams: u64,
    /// What changed, the strongest first.
    pub findings: Vec<FrozenFinding>,
    /// What it followed.
    pub marker: Option<FollowedMarker>,
    /// What the machine recommends doing. A person decides.
    pub recommended: Option<ResponseKind>,
    /// All of it in words.
    pub text: String,
}

impl AlertEvidence {
    /// The bytes that are stored, hashed and exported.
    ///
    /// # Errors
    /// When a figure has no exact form.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }
}

/// Who an alert is about, for finding it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The release.
    pub release: ReleaseId,
    /// What is watched for.
    pub kind: AlertKind,
}
