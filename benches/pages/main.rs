//! How long the server takes for a page: a list of 50 of 1,000,000 runs, the gate on their evidence, and the pages a person
//! begins with, signed in, over HTTP, from the request to the last byte of the rendered page. Beside it, in the same run, the
//! same pages over a hundredth of the runs: what a page takes must not depend on how many runs there are.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "../segment_table/runs.rs"]
#[expect(dead_code, reason = "this benchmark writes the same runs and asks otherwise")]
mod runs;
#[path = "../support/mod.rs"]
mod support;

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix_web::web;
use clap::Parser;
use seatrial::app::App;
use seatrial::app::access::Caller;
use seatrial::app::gate::NewGate;
use seatrial::app::ports::ManualClock;
use seatrial::http::cookie::SessionCookies;
use seatrial::http::server::serve;
use seatrial::worker::jobs;
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Definition, Scope as CheckScope};
use seatrial_domain::signal::Signal;

use runs::{BASELINE, CANDIDATE, SETTLED, WORKFLOW};
use support::Outcome;
use support::http::{Connection, Target};
use support::in_process::{project, service};

/// How long pages take on the server.
#[derive(Parser)]
struct Arguments {
    /// Runs of the large database; the small one has a hundredth.
    #[arg(long, default_value_t = 1_000_000, env = "SEATRIAL_BENCH_RUNS")]
    runs: usize,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 30)]
    looks: usize,
    /// End with status 1 when a page is over its bound.
    #[arg(long)]
    check: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The most a page may take, in milliseconds: a list, and the gate.
const LIST_MS: f64 = 100.0;
const GATE_MS: f64 = 150.0;
const PROJECT: &str = "bench";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A page with the median time it took.
struct Page {
    name: &'static str,
    bound_ms: Option<f64>,
    median_ms: f64,
    slowest_ms: f64,
    bytes: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let measured = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(bench(&arguments)));
    match measured {
        Ok(within) if within || !arguments.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("pages: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> Outcome<bool> {
    let small = measured(arguments.runs / 100, arguments.looks).await?;
    let large = measured(arguments.runs, arguments.looks).await?;
    println!("pages over {} runs, beside those over {}:", arguments.runs, arguments.runs / 100);
    let mut within = true;
    for (page, beside) in large.iter().zip(&small) {
        let ratio = page.median_ms / beside.median_ms;
        let bound = match page.bound_ms {
            Some(bound) if page.median_ms <= bound => format!("within {bound} ms"),
            Some(bound) => format!("OVER {bound} ms"),
            None => "no bound".to_owned(),
        };
        within &= page.bound_ms.is_none_or(|bound| page.median_ms <= bound);
        println!(
            "  {:<34} median {:>6.1} ms, slowest {:>6.1} ms, {:>7} bytes, {ratio:.2} × the small one's; {bound}",
            page.name, page.median_ms, page.slowest_ms, page.bytes
        );
    }
    Ok(within)
}

/// Writes a database of `runs` runs, and asks for each page.
async fn measured(runs: usize, looks: usize) -> Outcome<Vec<Page>> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::new(SETTLED);
    let app = service(folder.path(), &clock).await?;
    let (caller, cookie) = somebody(&app).await?;
    let begun = Instant::now();
    runs::write(&folder.path().join("bench.db"), PROJECT, runs).await?;
    println!("  {runs} runs written in {:.0} s", begun.elapsed().as_secs_f64());
    let gate = opened(&app, &caller).await?;
    // What the background work does by itself: a prefix of the evidence is kept.
    jobs::find_gaps(&app).await?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let target = Target { address: listener.local_addr()?, headers: vec![("cookie".to_owned(), cookie)] };
    let server = serve(web::Data::from(app.clone()), listener)?;
    let handle = server.handle();
    let served = tokio::spawn(server);
    let asked = tokio::task::spawn_blocking(move || ask(&target, &gate, looks)).await?;
    handle.stop(false).await;
    served.await??;
    app.finish(Duration::from_secs(5)).await;
    asked.map_err(|error| error.to_string().into())
}

/// A project, somebody who may do everything in it, and the cookie of their session.
async fn somebody(app: &App) -> Outcome<(Caller, String)> {
    let (_, caller) = project(app, PROJECT).await?;
    let Caller::Account { id, .. } = &caller else { return Err("whoever was made is no account".into()) };
    let begun = app.begin_session(*id).await?;
    let cookie = SessionCookies::new(&app.config).begin(&begun.token, Duration::from_secs(3_600));
    let cookie = format!("{}={}", cookie.name(), cookie.value());
    Ok((caller, cookie))
}

/// A gate on the evidence of all runs, by three dimensions.
async fn opened(app: &App, caller: &Caller) -> Outcome<String> {
    let compared = Criterion::NotWorseThanBaseline { margin: None };
    let asked = [
        (Signal::SuccessRate, compared),
        (Signal::CompletionRate, Criterion::Floor { rate: 0.5 }),
        (Signal::HighCostFailureRate, Criterion::Ceiling { rate: 0.2 }),
        (Signal::RetryRate, compared),
        (Signal::CostPerSuccess, compared),
        (Signal::TimeToTrust, compared),
    ];
    let check = |(i, (signal, criterion)): (usize, (Signal, Criterion))| Check {
        key: format!("{signal}-{i}"),
        signal,
        statistic: None,
        scope: CheckScope::All,
        criterion,
        role: CheckRole::Key,
    };
    let definition = Definition {
        name: "Refunds".to_owned(),
        owner: None,
        backup: None,
        cadence_days: 30,
        checks: asked.into_iter().enumerate().map(check).collect(),
        dimensions: ["tier", "region", "channel"].map(str::to_owned).to_vec(),
        required_segments: Vec::new(),
    };
    app.put_scorecard(caller, PROJECT, WORKFLOW, definition, None).await?;
    let new =
        NewGate { workflow: WORKFLOW.to_owned(), release: CANDIDATE.to_owned(), baseline: Some(BASELINE.to_owned()) };
    Ok(app.open_gate(caller, PROJECT, &new).await?.id.to_string())
}

/// Asks for each page so many times, over one connection.
fn ask(target: &Target, gate: &str, looks: usize) -> Result<Vec<Page>, String> {
    let mut connection = Connection::open(target, TIMEOUT).map_err(|error| error.to_string())?;
    let project = format!("/p/{PROJECT}");
    let list = format!("{project}/runs");
    let next = next_page(&fetched(&mut connection, &list)?).ok_or("the list of runs has no next page")?;
    let pages = [
        ("runs", Some(LIST_MS), list.clone()),
        ("runs, the next 50", Some(LIST_MS), next),
        ("runs that failed", Some(LIST_MS), format!("{list}?outcome=failure")),
        ("runs of a release", Some(LIST_MS), format!("{list}?workflow={WORKFLOW}&release={CANDIDATE}")),
        ("triage", Some(LIST_MS), format!("{project}/failures")),
        ("gate", Some(GATE_MS), format!("{project}/gates/{gate}")),
        ("overview", None, project.clone()),
        ("decisions", Some(LIST_MS), format!("{project}/decisions")),
    ];
    pages.into_iter().map(|(name, bound_ms, path)| timed(&mut connection, name, bound_ms, &path, looks)).collect()
}

fn timed(
    connection: &mut Connection<'_>,
    name: &'static str,
    bound_ms: Option<f64>,
    path: &str,
    looks: usize,
) -> Result<Page, String> {
    let mut bytes = 0;
    let mut times = Vec::with_capacity(looks);
    for _ in 0..looks.max(1) {
        let begun = Instant::now();
        bytes = fetched(connection, path)?.len();
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    let (median_ms, slowest_ms) = (times[times.len() / 2], times[times.len() - 1]);
    Ok(Page { name, bound_ms, median_ms, slowest_ms, bytes })
}

fn fetched(connection: &mut Connection<'_>, path: &str) -> Result<String, String> {
    let answer = connection.send("GET", path, "text/html", b"").map_err(|error| error.to_string())?;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    // A page without its end, or the sign-in page, would be quick.
    if answer.status != 200 || !body.contains("</main>") {
        return Err(format!("{path} was answered {}: {body:.400}", answer.status));
    }
    Ok(body)
}

/// Where the list goes on.
fn next_page(page: &str) -> Option<String> {
    let (_, link) = page.split_once("rel=\"next\" href=\"")?;
    let (path, _) = link.split_once('"')?;
    Some(path.replace("&amp;", "&").replace("&#x3D;", "="))
}
