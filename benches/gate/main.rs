//! A gate of 20 checks by 6 dimensions over the evidence of 10,000,000 runs: how long a look takes that begins anew (cold),
//! and one that goes on from what is kept of the evidence (warm), half an hour later. Both must say the same, byte for byte.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "../support/mod.rs"]
mod support;

mod evidence;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use seatrial::app::App;
use seatrial::app::access::Caller;
use seatrial::app::gate::NewGate;
use seatrial::app::ports::ManualClock;
use seatrial::app::precondition::IfMatch;
use seatrial::app::workflow::WorkflowSettings;
use seatrial::worker::jobs;
use seatrial_domain::ids::{GateId, RunId, uuid_v7};
use seatrial_domain::run::RunReport;
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Definition, Scope as CheckScope, Statistic};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{MINUTE, SECOND};
use seatrial_domain::workflow::{FactKind, FactSource, RiskClass, WorkflowRules};
use seatrial_store::ingest::{Change, RunWrite, Target, apply};
use seatrial_store::{Scope, release, workflow};

use evidence::{DIMENSIONS, FIRST, Writer};
use support::Outcome;
use support::in_process::{project, service};

/// Looks at a gate with much evidence.
#[derive(Parser)]
struct Arguments {
    /// Runs of both releases together.
    #[arg(long, default_value_t = 10_000_000)]
    runs: u64,
    /// Days over which they are spread, evenly.
    #[arg(long, default_value_t = 4)]
    days: i64,
    /// Minutes after which a run has settled.
    #[arg(long, default_value_t = 60)]
    settle_minutes: i64,
    /// Warm looks.
    #[arg(long, default_value_t = 21)]
    looks: usize,
    /// End with status 1 when a look is over its bound.
    #[arg(long)]
    check: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The most a look may take, in milliseconds: one that goes on, and one that begins anew.
const WARM_MS: f64 = 50.0;
const COLD_MS: f64 = 2_000.0;
/// Minutes after the prefix was kept at which it is looked at again.
const LATER: i64 = 30;
/// Starts whose first look is timed.
const RESTARTS: usize = 9;
const PROJECT: &str = "bench";
const WORKFLOW: &str = "refunds";
const RELEASES: [&str; 2] = ["1.0.0", "1.1.0"];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let measured = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measured(&arguments)));
    match measured {
        Ok(within) if within || !arguments.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("gate: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measured(arguments: &Arguments) -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let minutes = arguments.days * 24 * 60;
    let clock = ManualClock::new(FIRST.plus_micros(minutes * MINUTE));
    let app = service(folder.path(), &clock).await?;
    let (scope, caller) = project(&app, PROJECT).await?;
    let checks = checks();
    let values: u64 = DIMENSIONS.iter().map(|(_, values)| *values).sum();
    println!(
        "gate: {} checks, {} dimensions with {values} values, {} runs over {} days, settled after {} minutes",
        checks.len(),
        DIMENSIONS.len(),
        arguments.runs,
        arguments.days,
        arguments.settle_minutes
    );
    let writer = prepared(&app, scope, &caller, arguments, checks).await?;
    let begun = Instant::now();
    writer.write(0..minutes, minutes).await?;
    println!("  blocks written in {:.0} s", begun.elapsed().as_secs_f64());
    let new = NewGate {
        workflow: WORKFLOW.to_owned(),
        release: RELEASES[1].to_owned(),
        baseline: Some(RELEASES[0].to_owned()),
    };
    let gate = app.open_gate(&caller, PROJECT, &new).await?.id;
    let cold = looks(&app, &caller, gate, 3).await?.0;
    let background = Instant::now();
    jobs::find_gaps(&app).await?;
    println!("  in the background, gaps, forecast and prefix: {:.0} ms", millis(background));

    // Half an hour goes by.
    writer.write(minutes..minutes + LATER, minutes + LATER).await?;
    settle(&writer, minutes).await?;
    clock.set(FIRST.plus_micros((minutes + LATER) * MINUTE));
    let (warm, told) = looks(&app, &caller, gate, arguments.looks).await?;
    println!(
        "  the first look of a service that was started anew: {:.1} ms",
        restarted(folder.path(), &clock, &caller, gate).await?
    );
    let begun = Instant::now();
    let frozen = app.freeze_gate(&caller, PROJECT, gate).await?;
    println!("  frozen, from every block: {:.0} ms", millis(begun));
    if serde_json::to_vec(&frozen.recommendation)? != told {
        return Err("going on from what is kept says otherwise than beginning anew".into());
    }
    println!("  cold {cold:.0} ms (median of 3), warm {warm:.1} ms (median of {})", arguments.looks);
    println!("  {:.4} × the time of beginning anew, and the same {} bytes", warm / cold, told.len());
    let within = warm <= WARM_MS && cold <= COLD_MS;
    let word = if within { "within" } else { "OVER" };
    println!("  {word} the bounds of {WARM_MS} ms warm and {COLD_MS} ms cold");
    app.finish(std::time::Duration::from_secs(5)).await;
    Ok(within)
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}

/// Looks again and again; the median in milliseconds with the answer as it is sent, and the answer.
async fn looks(app: &App, caller: &Caller, gate: GateId, times: usize) -> Outcome<(f64, Vec<u8>)> {
    let (mut taken, mut told) = (Vec::with_capacity(times), Vec::new());
    for _ in 0..times.max(1) {
        let begun = Instant::now();
        let seen = app.evaluate_gate(caller, PROJECT, gate).await?;
        told = serde_json::to_vec(&seen.evaluation.recommendation)?;
        taken.push(millis(begun));
    }
    taken.sort_by(f64::total_cmp);
    Ok((taken[taken.len() / 2], told))
}

/// The first look of a service that finds what is kept in the database, and holds nothing in memory; the median in
/// milliseconds.
async fn restarted(folder: &Path, clock: &ManualClock, caller: &Caller, gate: GateId) -> Outcome<f64> {
    let mut taken = Vec::new();
    for _ in 0..RESTARTS {
        let app = service(folder, clock).await?;
        taken.push(looks(&app, caller, gate, 1).await?.0);
        app.finish(std::time::Duration::from_secs(5)).await;
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken[taken.len() / 2])
}

/// What concluded before a minute and settles in the half hour after it.
async fn settle(writer: &Writer<'_>, minutes: i64) -> Outcome<()> {
    let first = minutes - writer.settle_minutes;
    writer.settle(first.max(0)..(first + LATER).min(minutes)).await
}

/// Twenty key checks: twelve on rates, five on means and ratios, three on quantiles.
fn checks() -> Vec<Check> {
    let compared = Criterion::NotWorseThanBaseline { margin: None };
    let within = Criterion::WithinBaseline { margin: None };
    let (floor, ceiling) = (Criterion::Floor { rate: 0.5 }, Criterion::Ceiling { rate: 0.2 });
    let asked = [
        (Signal::SuccessRate, None, compared),
        (Signal::SuccessRate, None, floor),
        (Signal::CompletionRate, None, compared),
        (Signal::HighCostFailureRate, None, ceiling),
        (Signal::ApprovalRate, None, within),
        (Signal::ApprovalDenialRate, None, compared),
        (Signal::EscalationRate, None, within),
        (Signal::UnexpectedEscalationRate, None, compared),
        (Signal::RescueRate, None, compared),
        (Signal::RetryRate, None, compared),
        (Signal::RetryRate, None, ceiling),
        (Signal::ToolErrorRate, None, compared),
        (Signal::CostPerSuccess, None, compared),
        (Signal::CostPerRun, Some(Statistic::Mean), compared),
        (Signal::RescueMinutes, None, compared),
        (Signal::MeanRetries, None, compared),
        (Signal::MeanToolCalls, None, within),
        (Signal::Latency, Some(Statistic::P95), compared),
        (Signal::Latency, Some(Statistic::P50), Criterion::AtMost { value: 60.0 }),
        (Signal::TimeToTrust, Some(Statistic::P95), compared),
    ];
    let check = |(i, (signal, statistic, criterion)): (usize, (Signal, Option<Statistic>, Criterion))| Check {
        key: format!("{signal}-{i}"),
        signal,
        statistic,
        scope: CheckScope::All,
        criterion,
        role: CheckRole::Key,
    };
    asked.into_iter().enumerate().map(check).collect()
}

/// The workflow, both releases and the scorecard.
async fn prepared<'a>(
    app: &'a App,
    scope: Scope,
    caller: &Caller,
    arguments: &Arguments,
    checks: Vec<Check>,
) -> Outcome<Writer<'a>> {
    let facts = [FactKind::Approvals, FactKind::Escalations, FactKind::Rescues];
    let rules = WorkflowRules {
        observes: facts.map(|fact| (fact, FactSource::Api)).into_iter().collect::<BTreeMap<_, _>>(),
        settle_seconds: arguments.settle_minutes * 60,
        ..WorkflowRules::default()
    };
    let settings = WorkflowSettings { risk_class: RiskClass::High, owner: None, rules };
    app.put_workflow(caller, PROJECT, WORKFLOW, settings, &IfMatch::default()).await?;
    // An open run names each release.
    let writes = RELEASES.map(|release| RunWrite {
        scope,
        target: Target::External(release.to_owned()),
        new_id: RunId::from_uuid(uuid_v7(FIRST.micros().unsigned_abs() / 1_000, [release.as_bytes()[2]; 10])),
        change: Change::Report(Box::new(RunReport {
            external_id: release.to_owned(),
            workflow: WORKFLOW.to_owned(),
            release: release.to_owned(),
            started_at: FIRST.plus_micros(-SECOND),
            ..RunReport::default()
        })),
    });
    let tx = app.store.write().await?;
    for result in apply(&tx, &writes, app.now()).await? {
        result?;
    }
    tx.commit().await?;
    let work = workflow::find(app.store.read(), scope, WORKFLOW).await?.ok_or("there is no workflow")?;
    let mut releases = Vec::new();
    for name in RELEASES {
        let found = release::find(app.store.read(), scope, work.id, name).await?;
        releases.push(found.ok_or("there is no such release")?.id);
    }
    let definition = Definition {
        name: "Refunds".to_owned(),
        owner: None,
        backup: None,
        cadence_days: 30,
        checks,
        dimensions: DIMENSIONS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        required_segments: Vec::new(),
    };
    app.put_scorecard(caller, PROJECT, WORKFLOW, definition, None).await?;
    let a_minute = arguments.runs / (arguments.days.unsigned_abs() * 24 * 60);
    let releases = [releases[0], releases[1]];
    Ok(Writer { app, scope, workflow: work.id, releases, a_minute, settle_minutes: arguments.settle_minutes })
}
