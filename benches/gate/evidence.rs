//! Evidence of any number of runs, written as the sums that are kept of them: the store's bulk path, without rows of runs.

use seatrial::app::App;
use seatrial_domain::cell::{Basis, Cell};
use seatrial_domain::failure::Severity;
use seatrial_domain::ids::{ReleaseId, WorkflowId};
use seatrial_domain::run::{Approval, ApprovalStatus, Escalation, Outcome as RunOutcome, Rescue, RunFacts};
use seatrial_domain::time::{HOUR, MINUTE, SECOND, Timestamp};
use seatrial_store::Scope;
use seatrial_store::accumulate::{Changes, Group, Minute};

use crate::support::Outcome;

/// Segment dimensions with the number of their values.
pub const DIMENSIONS: [(&str, u64); 6] =
    [("tier", 3), ("region", 5), ("channel", 4), ("model", 3), ("language", 5), ("tool_path", 4)];
/// Kinds of runs: each has a latency, a cost and facts of its own.
const KINDS: u64 = 32;
/// 2026-01-05T00:00:00Z.
pub const FIRST: Timestamp = Timestamp::from_micros(1_767_571_200 * SECOND);

/// A number that looks random, from a number (the finaliser of SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A run of a kind.
fn facts(kind: u64) -> RunFacts {
    let once = |hit: bool| if hit { 1 } else { 0 };
    let failed = kind.is_multiple_of(10);
    let started_at = FIRST;
    let ended_at = started_at.plus_micros((2 + kind.cast_signed() * kind.cast_signed() / 8) * SECOND);
    let approval = Approval {
        at: None,
        status: if kind == 7 { ApprovalStatus::Denied } else { ApprovalStatus::Granted },
        tool: None,
        by: None,
    };
    let escalation = Escalation { at: None, reason: None, expected: Some(kind != 9) };
    let rescue = Rescue { at: None, by: None, seconds: Some(300), reason: None };
    RunFacts {
        outcome: if failed { RunOutcome::Failure } else { RunOutcome::Success },
        failure_class: failed.then(|| ["timeout", "wrong_result"][once(kind > 10)].to_owned()),
        severity: failed.then_some(if kind == 30 { Severity::Critical } else { Severity::Major }),
        approvals: Some(if kind % 8 == 7 { vec![approval] } else { Vec::new() }),
        escalations: Some(if kind % 16 == 9 { vec![escalation] } else { Vec::new() }),
        rescues: Some(if kind == 5 { vec![rescue] } else { Vec::new() }),
        retries: Some(i64::from(kind % 12 == 3)),
        tools: Some(vec!["lookup".to_owned(); 1 + once(kind.is_multiple_of(3))]),
        tool_errors: Some(i64::from(kind % 14 == 2)),
        cost_nanos: Some(5_000_000 + kind.cast_signed() * 700_000),
        started_at,
        ended_at: Some(ended_at),
        closed_at: Some(ended_at),
        trusted_at: (!failed).then_some(ended_at),
        counts: true,
        ..RunFacts::default()
    }
}

/// Where the runs go.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub app: &'a App,
    pub scope: Scope,
    pub workflow: WorkflowId,
    /// The baseline, and the candidate.
    pub releases: [ReleaseId; 2],
    /// Runs of both in a minute.
    pub a_minute: u64,
    pub settle_minutes: i64,
}

impl Writer<'_> {
    /// Writes the runs that conclude in these minutes after the first; what settles after `until` is left out.
    pub async fn write(self, minutes: std::ops::Range<i64>, until: i64) -> Outcome<()> {
        let kinds: Vec<[Minute; 2]> = (0..KINDS)
            .map(|kind| [Basis::Settled, Basis::Concluded].map(|basis| Minute::of(&facts(kind), basis)))
            .collect();
        let cells: Vec<Cell> = (0..KINDS).map(|kind| Cell::of(&facts(kind))).collect();
        let mut from = minutes.start;
        while from < minutes.end {
            let to = minutes.end.min(from + HOUR / MINUTE);
            let mut changes = Changes::default();
            for minute in from..to {
                for (release, group, kind, n) in self.drawn(minute) {
                    let (name, group) = group;
                    let group = Group { workflow: self.workflow, release, dimension: name, value: group };
                    let at = FIRST.plus_micros(minute * MINUTE);
                    changes.block(&group, Basis::Concluded, at, &kinds[kind][1], n);
                    if minute + self.settle_minutes < until {
                        let settled = at.plus_micros(self.settle_minutes * MINUTE);
                        changes.block(&group, Basis::Settled, settled, &kinds[kind][0], n);
                    }
                    changes.cell(&group, at, &cells[kind], n);
                }
            }
            let tx = self.app.store.write().await?;
            changes.apply(&tx, self.scope).await?;
            tx.commit().await?;
            from = to;
        }
        Ok(())
    }

    /// Settles runs that concluded in these minutes and were left out before.
    pub async fn settle(self, minutes: std::ops::Range<i64>) -> Outcome<()> {
        let kinds: Vec<Minute> = (0..KINDS).map(|kind| Minute::of(&facts(kind), Basis::Settled)).collect();
        let mut changes = Changes::default();
        for minute in minutes {
            let at = FIRST.plus_micros((minute + self.settle_minutes) * MINUTE);
            for (release, (dimension, value), kind, n) in self.drawn(minute) {
                let group = Group { workflow: self.workflow, release, dimension, value };
                changes.block(&group, Basis::Settled, at, &kinds[kind], n);
            }
        }
        let tx = self.app.store.write().await?;
        changes.apply(&tx, self.scope).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The runs of a minute: release, dimension and value, kind, and how many.
    fn drawn(self, minute: i64) -> Vec<(ReleaseId, (String, String), usize, i64)> {
        let groups: usize = 1 + DIMENSIONS.iter().map(|(_, values)| *values as usize).sum::<usize>();
        let kinds = KINDS as usize;
        let mut counts = vec![0_i64; 2 * groups * kinds];
        for i in 0..self.a_minute {
            let seed = (minute.unsigned_abs() << 20) | i;
            let draw = |what: u64, below: u64| (mixed(mixed(seed) ^ what) % below) as usize;
            let (side, kind) = ((i % 2) as usize, draw(1, KINDS));
            let mut add = |group: usize| counts[(side * groups + group) * kinds + kind] += 1;
            add(0);
            let mut first = 1;
            for (what, (_, values)) in (2..).zip(DIMENSIONS) {
                add(first + draw(what, values));
                first += values as usize;
            }
        }
        let mut names = vec![(String::new(), String::new())];
        for (name, values) in DIMENSIONS {
            names.extend((0..values).map(|value| (name.to_owned(), format!("{name}-{value}"))));
        }
        let found = counts.into_iter().enumerate().filter(|(_, n)| *n > 0);
        found
            .map(|(i, n)| (self.releases[i / kinds / groups], names[i / kinds % groups].clone(), i % kinds, n))
            .collect()
    }
}
