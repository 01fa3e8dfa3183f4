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
    /// A source that the workflow declares reports nothing.
    SilentSource,
}

/// One reason, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreshnessReason {
    /// Which.
    pub kind: FreshnessReasonKind,
    /// In words, with its figures.
    pub text: String,
    /// Since when it holds, where that can be told exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// A source that a workflow declares, and what it reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentSource {
    /// What it reports: `rescues`.
    pub fact: &'static str,
    /// Who it is: `The traces`.
    pub source: &'static str,
    /// Concluded runs in the window of which it reported something, and all of them.
    pub now: (u64, u64),
    /// The same for the time before the window.
    pub before: (u64, u64),
}

impl SilentSource {
    /// Whether it fell silent: it reports nothing, and at the rate of before that would happen by chance less than
    /// once in a hundred windows. A source that never reported anything may simply have nothing to report.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a chance needs no more digits")]
    pub fn is_silent(&self) -> bool {
        let ((reported, runs), (earlier, of)) = (self.now, self.before);
        if reported > 0 || runs == 0 || earlier == 0 || of == 0 {
            return false;
        }
        let rate = (earlier as f64 / of as f64).min(0.999);
        runs as f64 * crate::stats::special::ln(1.0 - rate) < crate::stats::special::ln(0.01)
    }
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
    /// When it was made.
    pub created_at: Timestamp,
    /// The releases that went live since the last attestation, and when.
    pub releases_live_since: &'a [(String, Timestamp)],
    /// Concluded runs in the window.
    pub runs_in_window: u64,
    /// The window's length in days.
    pub window_days: u32,
    /// Failures since the last attestation that no eval case covers.
    pub uncovered_failures: u64,
    /// When the first of them occurred.
    pub uncovered_since: Option<Timestamp>,
    /// Declared sources of facts that fell silent.
    pub silent_sources: &'a [SilentSource],
}

/// How many days before its review a scorecard counts as due: a week, or a quarter of a short cadence.
#[must_use]
pub const fn due_soon_days(cadence_days: u32) -> u32 {
    if cadence_days / 4 < 7 { cadence_days / 4 } else { 7 }
}

/// Judges a scorecard.
#[must_use]
pub fn freshness(input: &FreshnessInput<'_>) -> Freshness {
    let due_at = input.attested_at.map(|at| at.plus_days(i64::from(input.cadence_days)));
    let unowned = responsible(input.owner, input.backup).is_none();
    let mut reasons = of_owners(input, unowned);
    of_review(input, due_at, &mut reasons);
    of_runs(input, &mut reasons);
    let soon = due_at.map(|due| due.plus_days(-i64::from(input.due_soon_days)));
    let near = soon.is_some_and(|soon| input.now >= soon);
    let state = match (unowned, reasons.is_empty(), near) {
        (true, ..) => FreshnessState::Unowned,
        (false, false, _) => FreshnessState::Stale,
        (false, true, true) => FreshnessState::Due,
        (false, true, false) => FreshnessState::Fresh,
    };
    if let (FreshnessState::Due, Some(due)) = (state, due_at) {
        let days = (due.micros_since(input.now) + DAY - 1) / DAY;
        let text = format!("Its next review is due in {}.", plural(days, "day"));
        reasons.push(FreshnessReason { kind: FreshnessReasonKind::ReviewDue, text, since: soon });
    }
    Freshness { state, reasons, due_at }
}

impl Freshness {
    /// Since when it is in its state, where that can be told: whoever looks, and however late, finds the same time.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        match self.state {
            // When an owner left is not kept with the scorecard.
            FreshnessState::Unowned | FreshnessState::Fresh => None,
            FreshnessState::Due | FreshnessState::Stale => self.reasons.iter().filter_map(|reason| reason.since).min(),
        }
    }
}

fn of_owners(input: &FreshnessInput<'_>, unowned: bool) -> Vec<FreshnessReason> {
    let reason = |kind, text: &str| FreshnessReason { kind, text: text.to_owned(), since: None };
    if unowned {
        let text = "Neither an owner nor a backup who can act answers for it.";
        return vec![reason(FreshnessReasonKind::NoOwner, text)];
    }
    if input.owner.is_some_and(|owner| owner.active) {
        return Vec::new();
    }
    vec![reason(FreshnessReasonKind::OwnerGone, "Its owner can no longer act; the backup stands in.")]
}

fn of_review(input: &FreshnessInput<'_>, due_at: Option<Timestamp>, reasons: &mut Vec<FreshnessReason>) {
    let mut add = |kind, text: String, since| reasons.push(FreshnessReason { kind, text, since });
    match due_at {
        None => {
            let text = "Nobody has attested it yet.".to_owned();
            add(FreshnessReasonKind::NeverAttested, text, Some(input.created_at));
        }
        Some(due) if input.now >= due => {
            let days = input.now.micros_since(due) / DAY;
            let text = format!("Its review every {} days is overdue by {}.", input.cadence_days, plural(days, "day"));
            add(FreshnessReasonKind::ReviewOverdue, text, Some(due));
        }
        Some(_) => {}
    }
    let names: Vec<String> = input.releases_live_since.iter().map(|(name, _)| name.clone()).collect();
    if let Some(names) = some_names(&names) {
        let first = input.releases_live_since.iter().map(|(_, at)| *at).min();
        add(FreshnessReasonKind::ReleaseSince, format!("Gone live since the last review: {names}."), first);
    }
}

fn of_runs(input: &FreshnessInput<'_>, reasons: &mut Vec<FreshnessReason>) {
    let mut add = |kind, text: String, since| reasons.push(FreshnessReason { kind, text, since });
    let window = plural(i64::from(input.window_days), "day");
    if input.runs_in_window == 0 {
        add(FreshnessReasonKind::NoRuns, format!("No run concluded in the last {window}."), None);
    }
    if input.uncovered_failures > 0 {
        let failures = plural(i64::try_from(input.uncovered_failures).unwrap_or(i64::MAX), "failure");
        let text = format!("{failures} since the last review that no eval case covers.");
        add(FreshnessReasonKind::UncoveredFailures, text, input.uncovered_since);
    }
    for SilentSource { fact, source, now, before } in input.silent_sources {
        let text = format!(
            "{source} reported {fact} of {} of {} before, and of none of {} in the last {window}.",
            before.0,
            plural(i64::try_from(before.1).unwrap_or(i64::MAX), "run"),
            plural(i64::try_from(now.1).unwrap_or(i64::MAX), "run")
        );
        add(FreshnessReasonKind::SilentSource, text, None);
    }
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
