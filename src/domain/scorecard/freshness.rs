//! Whether a scorecard can still be relied on, and if not, why.

use serde::{Deserialize, Serialize};

use crate::owner::{Owner, responsible};
use crate::time::{DAY, Timestamp};

/// Where a scorecard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FreshnessState {
    /// Reviewed, and nothing has happened since that asks for another look.
    Fresh,
    /// The next review is near.
    Due,
    /// It cannot be relied on until somebody attests it again.
    Stale,
    /// Nobody who can act answers for it.
    Unowned,
}

impl FreshnessState {
    /// The name used in storage and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Due => "due",
            Self::Stale => "stale",
            Self::Unowned => "unowned",
        }
    }
}

/// What makes a scorecard due, stale or unowned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FreshnessReasonKind {
    /// Neither owner nor backup can act.
    NoOwner,
    /// The owner cannot act, the backup can.
    OwnerGone,
    /// Nobody has attested it yet.
    NeverAttested,
    /// The cadence has passed.
    ReviewOverdue,
    /// The cadence is about to pass.
    ReviewDue,
    /// A release went live since the last review.
    ReleaseSince,
    /// No run came in.
    NoRuns,
    /// Failures arrive that no eval case covers.
    UncoveredFailures,
}

/// One reason, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreshnessReason {
    /// Which.
    pub kind: FreshnessReasonKind,
    /// In words, with its figures.
    pub text: String,
}

/// A scorecard's state with its reasons, the gravest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// The state.
    pub state: FreshnessState,
    /// Why; empty when fresh.
    pub reasons: Vec<FreshnessReason>,
    /// When the next review is due; absent when it was never attested.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
}

/// What the state is judged from.
#[derive(Clone, Debug)]
pub struct FreshnessInput<'a> {
    /// Who answers for it.
    pub owner: Option<&'a Owner>,
    /// Who does when the owner cannot.
    pub backup: Option<&'a Owner>,
    /// When it was last attested.
    pub attested_at: Option<Timestamp>,
    /// How often it is to be re-read, in days.
    pub cadence_days: u32,
    /// How many days before the review it counts as due.
    pub due_soon_days: u32,
    /// The time of judging.
    pub now: Timestamp,
    /// Names of the releases that went live since the last attestation.
    pub releases_live_since: &'a [String],
    /// Concluded runs in the window.
    pub runs_in_window: u64,
    /// The window's length in days.
    pub window_days: u32,
    /// Failures since the last attestation that no eval case covers.
    pub uncovered_failures: u64,
}

/// Judges a scorecard.
#[must_use]
pub fn freshness(input: &FreshnessInput<'_>) -> Freshness {
    let due_at = input.attested_at.map(|at| at.plus_days(i64::from(input.cadence_days)));
    let mut reasons = Vec::new();
    let mut add = |kind, text: String| reasons.push(FreshnessReason { kind, text });
    let unowned = responsible(input.owner, input.backup).is_none();
    let owner_active = input.owner.is_some_and(|owner| owner.active);
    if unowned {
        add(FreshnessReasonKind::NoOwner, "Neither an owner nor a backup who can act answers for it.".to_owned());
    } else if !owner_active {
        add(FreshnessReasonKind::OwnerGone, "Its owner can no longer act; the backup stands in.".to_owned());
    }
    match due_at {
        None => add(FreshnessReasonKind::NeverAttested, "Nobody has attested it yet.".to_owned()),
        Some(due) if input.now >= due => {
            let days = input.now.micros_since(due) / DAY;
            let text = format!("Its review every {} days is overdue by {}.", input.cadence_days, plural(days, "day"));
            add(FreshnessReasonKind::ReviewOverdue, text);
        }
        Some(_) => {}
    }
    if let Some(names) = some_names(input.releases_live_since) {
        add(FreshnessReasonKind::ReleaseSince, format!("Gone live since the last review: {names}."));
    }
    if input.runs_in_window == 0 {
        let window = plural(i64::from(input.window_days), "day");
        add(FreshnessReasonKind::NoRuns, format!("No run concluded in the last {window}."));
    }
    if input.uncovered_failures > 0 {
        let failures = plural(i64::try_from(input.uncovered_failures).unwrap_or(i64::MAX), "failure");
        add(
            FreshnessReasonKind::UncoveredFailures,
            format!("{failures} since the last review that no eval case covers."),
        );
    }
    let near = due_at.is_some_and(|due| input.now.plus_days(i64::from(input.due_soon_days)) >= due);
    let state = match (unowned, reasons.is_empty(), near) {
        (true, ..) => FreshnessState::Unowned,
        (false, false, _) => FreshnessState::Stale,
        (false, true, true) => FreshnessState::Due,
        (false, true, false) => FreshnessState::Fresh,
    };
    if let (FreshnessState::Due, Some(due)) = (state, due_at) {
        let days = (due.micros_since(input.now) + DAY - 1) / DAY;
        let text = format!("Its next review is due in {}.", plural(days, "day"));
        reasons.push(FreshnessReason { kind: FreshnessReasonKind::ReviewDue, text });
    }
    Freshness { state, reasons, due_at }
}

fn plural(n: i64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Up to five names, sorted; `None` when there are none.
fn some_names(names: &[String]) -> Option<String> {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let more = sorted.len().saturating_sub(5);
    sorted.truncate(5);
    let listed = sorted.join(", ");
    match (sorted.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(listed),
        (false, more) => Some(format!("{listed} and {more} more")),
    }
}
