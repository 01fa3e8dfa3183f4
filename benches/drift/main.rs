//! A pass of the drift worker over 1,000 segments of 50 live workflows: how long it takes when it only looks again, and
//! when an hour has gone by, beside a pass on the same database that has to take every hour in anew (what one would do
//! without keeping how far the detectors have come).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use seatrial::app::App;
use seatrial::app::ports::ManualClock;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::worker::jobs;
use seatrial_domain::ids::{RunId, uuid_v7};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::{Outcome as RunOutcome, RunReport};
use seatrial_domain::time::{HOUR, MINUTE, SECOND, Timestamp};
use seatrial_store::ingest::{Change, RunWrite, Target, apply};
use seatrial_store::release::{self, ReleaseEvent};
use seatrial_store::{Scope, drift, workflow};

use support::Outcome;
use support::in_process::service;

/// A pass of the drift worker.
#[derive(Parser)]
struct Arguments {
    /// Workflows, each with one live release.
    #[arg(long, default_value_t = 50)]
    workflows: usize,
    /// Segments of each.
    #[arg(long, default_value_t = 20)]
    segments: usize,
    /// End with status 1 when a pass is over its bound.
    #[arg(long)]
    check: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The most a pass after an hour may take, in milliseconds.
const MOST_MS: f64 = 1_000.0;
/// 2026-01-05T00:00:00Z.
const FIRST: Timestamp = Timestamp::from_micros(1_767_571_200 * SECOND);
/// Days of the baseline, and hours that the release has been live.
const BASELINE_DAYS: i64 = 5;
const LIVE_HOURS: i64 = 98;
/// Runs of each segment in the baseline: enough to compare with.
const LEARNED: i64 = 110;
/// Runs of one transaction.
const BATCH: usize = 2_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match bench(&arguments) {
        Ok(within) if within || !arguments.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("drift: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Outcome<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measured(arguments))
}

async fn measured(arguments: &Arguments) -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::new(live().plus_micros(LIVE_HOURS * HOUR));
    let app = service(folder.path(), &clock).await?;
    let scope = fill(&app, arguments).await?;
    let streams = arguments.workflows * arguments.segments;
    let anew = pass(&app).await?;
    println!("drift: {} workflows, {streams} segments, {LIVE_HOURS} hours live", arguments.workflows);
    println!("  every hour anew: {anew:.0} ms");
    let again = pass(&app).await?;
    println!("  looking again: {again:.0} ms");
    let mut later = Vec::new();
    for hour in 0..5 {
        hours(&app, scope, arguments, LIVE_HOURS + hour).await?;
        clock.set(live().plus_micros((LIVE_HOURS + hour + 1) * HOUR));
        later.push(pass(&app).await?);
    }
    later.sort_by(f64::total_cmp);
    let median = later[later.len() / 2];
    let kept = kept_streams(&app, scope).await?;
    println!("  an hour later: {median:.0} ms (median of {}), {kept} detectors", later.len());
    println!("  {:.2} × the time of taking every hour in anew", median / anew);
    let word = if median <= MOST_MS { "within" } else { "OVER" };
    println!("  {word} the bound of {MOST_MS} ms");
    app.finish(std::time::Duration::from_secs(5)).await;
    Ok(median <= MOST_MS)
}

const fn live() -> Timestamp {
    FIRST.plus_days(BASELINE_DAYS)
}

async fn pass(app: &App) -> Outcome<f64> {
    let begun = Instant::now();
    jobs::watch_drift(app).await?;
    Ok(begun.elapsed().as_secs_f64() * 1_000.0)
}

fn name(workflow: usize) -> String {
    format!("workflow-{workflow}")
}

/// A run of a segment; what it drew says nothing, since a bench of time needs no truth.
fn report(workflow: usize, release: &str, segment: usize, at: Timestamp, draw: u64) -> RunReport {
    let failed = draw.is_multiple_of(10);
    RunReport {
        external_id: format!("{workflow}-{release}-{segment}-{at}"),
        workflow: name(workflow),
        release: release.to_owned(),
        started_at: at,
        ended_at: Some(at.plus_micros(20 * SECOND)),
        outcome: Some(if failed { RunOutcome::Failure } else { RunOutcome::Success }),
        failure_class: failed.then(|| ["timeout", "wrong_result"][(draw / 10 % 2) as usize].to_owned()),
        retries: Some(i64::from(draw % 20 == 1)),
        cost_nanos: Some(20_000_000 + (draw % 1_000 * 20_000).cast_signed()),
        segments: std::iter::once(("tenant".to_owned(), format!("tenant-{segment}"))).collect(),
        ..RunReport::default()
    }
}

/// A number that looks random, from a number (the finaliser of SplitMix64).
fn mixed(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

async fn write(app: &App, scope: Scope, reports: Vec<RunReport>, now: Timestamp) -> Outcome<()> {
    for chunk in reports.chunks(BATCH) {
        let writes = chunk.iter().map(|report| {
            let mut random = [0; 10];
            let named = report.external_id.bytes().fold(7, |seed, byte| mixed(seed ^ u64::from(byte)));
            random[..8].copy_from_slice(&named.to_be_bytes());
            RunWrite {
                scope,
                target: Target::External(report.external_id.clone()),
                new_id: RunId::from_uuid(uuid_v7((report.started_at.micros() / 1_000).unsigned_abs(), random)),
                change: Change::Report(Box::new(report.clone())),
            }
        });
        let tx = app.store.write().await?;
        for result in apply(&tx, &writes.collect::<Vec<_>>(), now).await? {
            result?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Runs of every segment in one hour after the release went live.
async fn hours(app: &App, scope: Scope, arguments: &Arguments, hour: i64) -> Outcome<()> {
    let at = live().plus_micros(hour * HOUR);
    let mut reports = Vec::new();
    for workflow in 0..arguments.workflows {
        for segment in 0..arguments.segments {
            let draw = mixed(((hour as u64) << 32) | ((workflow as u64) << 16) | segment as u64);
            reports.push(report(workflow, "2.0.0", segment, at.plus_micros(segment as i64 * MINUTE), draw));
        }
    }
    write(app, scope, reports, at.plus_micros(HOUR)).await
}

/// Everything that is there before the first pass.
async fn fill(app: &App, arguments: &Arguments) -> Outcome<Scope> {
    let new = NewProject { slug: "bench".into(), name: "Bench".into(), settings: ProjectSettings::default() };
    let scope = Scope::of(app.create_project_as_system("bench", new, None).await?.id);
    let step = BASELINE_DAYS * 24 * HOUR / LEARNED;
    for workflow in 0..arguments.workflows {
        let runs = (0..arguments.segments).flat_map(|segment| (0..LEARNED).map(move |i| (segment, i)));
        let reports = runs.map(|(segment, i)| {
            let at = FIRST.plus_micros(i * step + segment as i64 * MINUTE);
            report(
                workflow,
                "1.0.0",
                segment,
                at,
                mixed(((workflow as u64) << 40) | ((segment as u64) << 20) | i as u64),
            )
        });
        write(app, scope, reports.collect(), live()).await?;
    }
    for hour in 0..LIVE_HOURS {
        hours(app, scope, arguments, hour).await?;
    }
    for (event, row) in workflow::list(app.store.read(), scope).await?.into_iter().enumerate() {
        for (made, at) in [("1.0.0", FIRST), ("2.0.0", live())] {
            let found =
                release::find(app.store.read(), scope, row.id, made).await?.ok_or("there is no such release")?;
            let after = if made == "2.0.0" { ReleaseState::Live } else { ReleaseState::Retired };
            let tx = app.store.write().await?;
            // The baseline was live before it was retired.
            for (step, state) in [(0, ReleaseState::Live), (1, after)] {
                let id = uuid_v7(
                    (at.micros() / 1_000).unsigned_abs(),
                    [0, event as u8, step, made.as_bytes()[0], 0, 0, 0, 0, 0, 0],
                );
                let actor = "bench".to_owned();
                let moved = ReleaseEvent {
                    release: found.id,
                    before: found.state,
                    after: state,
                    actor,
                    reason: String::new(),
                    at,
                };
                release::set_state(&tx, scope, id, &moved).await?;
            }
            tx.commit().await?;
        }
    }
    Ok(scope)
}

async fn kept_streams(app: &App, scope: Scope) -> Outcome<u64> {
    let live = drift::live_releases(app.store.read(), None, 1_000).await?;
    let releases: Vec<_> = live.into_iter().filter(|(of, _)| *of == scope).map(|(_, row)| row.id).collect();
    let kept = drift::kept_of(app.store.read(), scope, &releases).await?;
    Ok(kept.into_values().filter_map(|kept| kept.watch).map(|watch| watch.streams()).sum())
}
