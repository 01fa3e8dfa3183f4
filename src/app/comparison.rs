//! A release beside its baseline: every signal, over all runs and in every segment, in one answer.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::cell::{ALL, Cell, Resolution};
use seatrial_domain::evidence::{Pairing, Tick, pairing_of};
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::limits;
use seatrial_domain::signal::{BUILT_IN, Signal, SignalReading, read};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_store::accumulate::{CellQuery, cells};

use super::App;
use super::access::Caller;
use super::error::AppError;
use super::signal::{Difference, difference};

/// Days looked back when no range is given.
const DEFAULT_DAYS: i64 = 90;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonQuery {
    /// Of this workflow.
    pub workflow: WorkflowId,
    /// This release …
    pub release: ReleaseId,
    /// … beside this one.
    pub baseline: ReleaseId,
    /// Of runs that started on this day or later.
    pub from: Option<Timestamp>,
    /// Of runs that started before this day.
    pub to: Option<Timestamp>,
}

/// A signal on both releases.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedSignal {
    /// On the baseline; absent where it had no run.
    pub before: Option<SignalReading>,
    /// On the release; absent where it had no run.
    pub after: Option<SignalReading>,
    /// The difference, of rates.
    pub difference: Option<Difference>,
}

/// All runs, or those of one segment, on both releases.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedGroup {
    /// The dimension; absent over all runs.
    pub dimension: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// Runs of the baseline and of the release.
    pub runs: (i64, i64),
    /// Failures by class of the baseline and of the release; empty for those nobody classified.
    pub failure_mix: BTreeMap<String, (i64, i64)>,
    /// Every signal.
    pub signals: Vec<ComparedSignal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// From this day on.
    pub from: Timestamp,
    /// Up to this day, exclusive.
    pub to: Timestamp,
    /// Whether both had runs on the same days. Otherwise the baseline is an earlier one: confounded with time.
    pub pairing: Pairing,
    /// All runs first, then by dimension and value.
    pub groups: Vec<ComparedGroup>,
}

impl App {
    /// Compares.
    ///
    /// # Errors
    /// When the range is out of bounds, the caller may not, or the database fails.
    pub async fn compare(
        &self,
        caller: &Caller,
        project: &str,
        query: ComparisonQuery,
    ) -> Result<Comparison, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let to = query.to.unwrap_or_else(|| self.now()).plus_micros(DAY - 1).day();
        let from = query.from.map_or_else(|| to.plus_days(-DEFAULT_DAYS), Timestamp::day);
        if from >= to || to.micros_since(from) > limits::QUERY_DAYS * DAY {
            let message = format!("ask for 1 to {} days, from before to", limits::QUERY_DAYS);
            return Err(AppError::invalid("from", message));
        }
        let wanted = CellQuery {
            workflow: query.workflow,
            releases: vec![query.release, query.baseline],
            dimension: None,
            from,
            to,
            by: Resolution::Day,
        };
        let mut groups: BTreeMap<(String, String), [Cell; 2]> = BTreeMap::new();
        let mut ticks: [Vec<Tick>; 2] = [Vec::new(), Vec::new()];
        for (group, start, cell) in cells(self.store.read(), project.scope, &wanted).await? {
            let side = usize::from(group.release == query.release);
            if group.dimension == ALL {
                let n = u64::try_from(cell.counts.runs).unwrap_or_default();
                ticks[side].push(Tick { at: start, n, successes: 0 });
            }
            groups.entry((group.dimension, group.value)).or_default()[side].add(&cell, 1);
        }
        let labour = project.settings.labour_nanos_per_hour;
        Ok(Comparison {
            from,
            to,
            pairing: pairing_of(&ticks[0], &ticks[1]),
            groups: groups.into_iter().map(|(name, sides)| compared(name, &sides, labour)).collect(),
        })
    }
}

fn compared((dimension, value): (String, String), [before, after]: &[Cell; 2], labour: i64) -> ComparedGroup {
    let mut failure_mix: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (class, n) in &before.counts.classes {
        failure_mix.entry(class.clone()).or_default().0 += n;
    }
    for (class, n) in &after.counts.classes {
        failure_mix.entry(class.clone()).or_default().1 += n;
    }
    let scores = before.counts.scores.keys().chain(after.counts.scores.keys());
    let scores: std::collections::BTreeSet<&String> = scores.collect();
    let signals = BUILT_IN.iter().cloned().chain(scores.into_iter().map(|name| Signal::Score(name.clone())));
    let told = |cell: &Cell, signal: &Signal| (!cell.is_empty()).then(|| read(signal, cell, labour));
    let all = dimension == ALL;
    ComparedGroup {
        runs: (before.counts.runs, after.counts.runs),
        failure_mix,
        signals: signals
            .map(|signal| ComparedSignal {
                before: told(before, &signal),
                after: told(after, &signal),
                difference: difference(&signal, &after.counts, &before.counts),
            })
            .collect(),
        dimension: (!all).then_some(dimension),
        value: (!all).then_some(value),
    }
}
