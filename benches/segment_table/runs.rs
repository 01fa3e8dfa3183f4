//! Runs with known shares, drawn from their number alone, and the bulk path that writes them.

use std::path::Path;
use std::time::Instant;

use seatrial_domain::ids::{ProjectId, RunId, uuid_v7};
use seatrial_domain::run::{Outcome as RunOutcome, RunReport};
use seatrial_domain::time::{DAY, SECOND, Timestamp};
use seatrial_store::ingest::{Change, RunWrite, Target, apply};
use seatrial_store::{OpenOptions, Scope, Store};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::Outcome;

/// The workflow of every run.
pub const WORKFLOW: &str = "load-refunds";
/// The earlier release.
pub const BASELINE: &str = "1.0.0";
/// The release that is looked at.
pub const CANDIDATE: &str = "1.1.0";
/// Segment dimensions with the number of their values.
pub const DIMENSIONS: [(&str, u64); 6] =
    [("tier", 3), ("region", 5), ("channel", 4), ("model", 3), ("language", 20), ("merchant", 60)];

/// 2026-01-05T00:00:00Z.
const FIRST: Timestamp = Timestamp::from_micros(1_767_571_200 * SECOND);
const DAYS: i64 = 60;
/// A time after the last run by which all of them have settled.
pub const SETTLED: Timestamp = FIRST.plus_days(DAYS + 2);
/// Runs of one transaction.
const BATCH: usize = 2_000;

/// A number that looks random, from a number (the finaliser of SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The `i`th of `n` runs, which are spread evenly over two months and over both releases.
pub fn report(i: usize, n: usize) -> RunReport {
    let draw = |what: u64, below: u64| mixed((i as u64) << 8 | what) % below;
    let started_at = FIRST.plus_micros(DAYS * DAY / n as i64 * i as i64);
    let release = if i.is_multiple_of(2) { BASELINE } else { CANDIDATE };
    let failed = draw(1, 100) < 15;
    RunReport {
        external_id: format!("run-{i}"),
        workflow: WORKFLOW.to_owned(),
        release: release.to_owned(),
        started_at,
        ended_at: Some(started_at.plus_micros(SECOND + draw(2, 30) as i64 * SECOND)),
        outcome: Some(if failed { RunOutcome::Failure } else { RunOutcome::Success }),
        failure_class: failed.then(|| ["timeout", "wrong_result", "tool_misuse"][draw(3, 3) as usize].to_owned()),
        retries: Some((draw(4, 10) == 0).into()),
        cost_nanos: Some(draw(5, 40_000_000) as i64),
        segments: DIMENSIONS
            .iter()
            .zip(6..)
            .map(|((dimension, values), what)| {
                ((*dimension).to_owned(), format!("{dimension}-{}", draw(what, *values)))
            })
            .collect(),
        ..RunReport::default()
    }
}

/// Writes `n` runs into a project, many to a transaction.
pub async fn write(database: &Path, project: &str, n: usize) -> Outcome<()> {
    let store = Store::open(&OpenOptions::new(format!("sqlite:{}", database.display()))).await?;
    let row = seatrial_store::project::by_slug(store.read(), project).await?.ok_or("there is no such project")?;
    let scope = Scope::of(ProjectId::from_uuid(row.id));
    for first in (0..n).step_by(BATCH) {
        let writes: Vec<RunWrite> = (first..n.min(first + BATCH)).map(|i| bulk_write(scope, i, n)).collect();
        let tx = store.write().await?;
        for result in apply(&tx, &writes, SETTLED).await? {
            result?;
        }
        tx.commit().await?;
    }
    store.close().await;
    Ok(())
}

fn bulk_write(scope: Scope, i: usize, n: usize) -> RunWrite {
    let report = report(i, n);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&mixed(i as u64).to_be_bytes());
    random[8..].copy_from_slice(&[i as u8, (i >> 8) as u8]);
    RunWrite {
        scope,
        target: Target::External(report.external_id.clone()),
        new_id: RunId::from_uuid(uuid_v7((report.started_at.micros() / 1_000) as u64, random)),
        change: Change::Report(Box::new(report)),
    }
}

/// Time of a plain `GROUP BY` over the runs of a release and one dimension, in milliseconds (the median of three).
pub async fn group_by(database: &Path) -> Outcome<f64> {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await?;
    let sql = "SELECT json_extract(facts_json, '$.segments.tier') AS value, COUNT(*), SUM(outcome = 'success') \
               FROM runs WHERE workflow_id IN (SELECT id FROM workflows WHERE name = ?) GROUP BY release_id, value";
    let mut times = Vec::new();
    for _ in 0..3 {
        let begun = Instant::now();
        let rows = sqlx::query(sql).bind(WORKFLOW).fetch_all(&mut connection).await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if rows.len() != 6 {
            return Err(format!("{} groups instead of six", rows.len()).into());
        }
    }
    times.sort_by(f64::total_cmp);
    connection.close().await?;
    Ok(times[1])
}
