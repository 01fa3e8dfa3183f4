//! The segment table of a release against its baseline at 1,000,000 runs: how long the service takes to answer, beside
//! the same service at a hundredth of the runs (it must not depend on their number) and beside a plain `GROUP BY` over
//! the rows of the runs on the same file (what one would do without sums). Runs are written by the store's bulk path,
//! without trace bodies; a sample goes through the real ingest as well and must give the same table.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "../support/mod.rs"]
mod support;

mod runs;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::Value;

use runs::{BASELINE, CANDIDATE, DIMENSIONS, WORKFLOW};
use support::Outcome;
use support::http::{Connection, Target};
use support::server::{Running, Service};

/// The segment table of a release, by the number of runs.
#[derive(Parser)]
struct Arguments {
    /// Runs of the large database; the small one has a hundredth.
    #[arg(long, default_value_t = 1_000_000, env = "SEATRIAL_BENCH_RUNS")]
    runs: usize,
    /// How often each table is asked for.
    #[arg(long, default_value_t = 60)]
    looks: usize,
    /// End with status 1 when the service is over its bounds.
    #[arg(long)]
    check: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Runs that are written both ways and compared.
const SAMPLE: usize = 2_000;
/// The most a table may take, in milliseconds (the median over all dimensions).
const MOST_MS: f64 = 50.0;
/// The most the large database may take longer than the small one.
const MOST_RATIO: f64 = 2.0;
const PROJECT: &str = "bench";
const TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match bench(&arguments) {
        Ok(within) if within || !arguments.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("segment_table: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Outcome<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    cross_check(&runtime)?;
    let small = measure(&runtime, arguments.runs / 100, arguments.looks)?;
    let large = measure(&runtime, arguments.runs, arguments.looks)?;
    println!("the large database beside the small one, and the table beside GROUP BY over runs:");
    let ratio = large.table.median_ms / small.table.median_ms;
    println!(
        "  {ratio:.2} × the small one's time (at most {MOST_RATIO} ×), at {:.0} × its runs",
        large.runs / small.runs
    );
    println!("  {:.4} × the time of GROUP BY ({:.1} ms)", large.table.median_ms / large.group_by_ms, large.group_by_ms);
    let within = large.table.median_ms <= MOST_MS && ratio <= MOST_RATIO;
    let word = if within { "within" } else { "OVER" };
    println!("  median {:.1} ms, {word} the bound of {MOST_MS} ms", large.table.median_ms);
    Ok(within)
}

/// Times of many requests.
struct Times {
    median_ms: f64,
    p99_ms: f64,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |q: f64| times[((times.len() - 1) as f64 * q).round() as usize].as_secs_f64() * 1_000.0;
        Self { median_ms: at(0.5), p99_ms: at(0.99) }
    }
}

struct Measured {
    runs: f64,
    table: Times,
    group_by_ms: f64,
}

/// Writes a database of `runs` runs and asks it for the table of every dimension.
fn measure(runtime: &tokio::runtime::Runtime, runs: usize, looks: usize) -> Outcome<Measured> {
    let directory = tempfile::tempdir()?;
    let service = Service { workers: 2 };
    let headers = service.provision(directory.path(), PROJECT, &["read"])?;
    let begun = Instant::now();
    runtime.block_on(runs::write(&directory.path().join(Service::DATABASE), PROJECT, runs))?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("  {runs} runs written in {seconds:.0} s ({:.0} a second)", runs as f64 / seconds);
    let group_by_ms = runtime.block_on(runs::group_by(&directory.path().join(Service::DATABASE)))?;
    let running = service.start(directory.path(), headers)?;
    let target = running.target();
    let mut connection = Connection::open(&target, TIMEOUT)?;
    let mut times = Vec::with_capacity(looks);
    for (dimension, values) in DIMENSIONS {
        let path = table_path(PROJECT, dimension);
        let mut own = Vec::new();
        for _ in 0..looks.div_ceil(DIMENSIONS.len()) {
            let begun = Instant::now();
            let body = table(&mut connection, &path)?;
            own.push(begun.elapsed());
            if groups(&body)?.is_empty() {
                return Err(format!("{path} has no groups").into());
            }
        }
        times.extend(&own);
        println!("    by {dimension}, {values} values: median {:.1} ms", Times::of(own).median_ms);
    }
    running.stop()?;
    let table = Times::of(times);
    println!("  {runs} runs: segment table median {:.1} ms, p99 {:.1} ms", table.median_ms, table.p99_ms);
    Ok(Measured { runs: runs as f64, table, group_by_ms })
}

fn table_path(project: &str, dimension: &str) -> String {
    let (from, to) = ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z");
    format!(
        "/api/v1/projects/{project}/workflows/{WORKFLOW}/signals\
         ?release={CANDIDATE}&baseline={BASELINE}&group_by={dimension}&from={from}&to={to}"
    )
}

fn table(connection: &mut Connection<'_>, path: &str) -> Outcome<Vec<u8>> {
    let answer = connection.send("GET", path, "application/json", b"")?;
    if answer.status != 200 {
        return Err(format!("{path} was answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into());
    }
    Ok(answer.body)
}

fn groups(body: &[u8]) -> Outcome<Vec<Value>> {
    let mut table: Value = serde_json::from_slice(body)?;
    let mut groups = match table["groups"].take() {
        Value::Array(groups) => groups,
        other => return Err(format!("the table has no groups: {other}").into()),
    };
    for group in &mut groups {
        // The two projects call the same release by ids of their own.
        group["release_id"] = Value::Null;
    }
    Ok(groups)
}

/// The same runs by the bulk path and by the real ingest: the tables must be equal.
fn cross_check(runtime: &tokio::runtime::Runtime) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let service = Service { workers: 2 };
    let bulk = service.provision(directory.path(), "bulk", &["read"])?;
    let ingest = service.provision(directory.path(), "ingest", &["read", "ingest"])?;
    runtime.block_on(runs::write(&directory.path().join(Service::DATABASE), "bulk", SAMPLE))?;
    let running = service.start(directory.path(), ingest)?;
    send_sample(&running)?;
    let of_ingest = running.target();
    let of_bulk = Target { headers: bulk, ..running.target() };
    for (dimension, _) in DIMENSIONS {
        let by_ingest = groups(&table(&mut Connection::open(&of_ingest, TIMEOUT)?, &table_path("ingest", dimension))?)?;
        let by_bulk = groups(&table(&mut Connection::open(&of_bulk, TIMEOUT)?, &table_path("bulk", dimension))?)?;
        if by_ingest != by_bulk || by_ingest.is_empty() {
            let pairs = by_ingest.iter().zip(&by_bulk).filter(|(ingest, bulk)| ingest != bulk);
            let first = pairs.map(|(ingest, bulk)| format!("{ingest}\nby the bulk path {bulk}")).next();
            let first = first.unwrap_or_else(|| format!("{} and {} groups", by_ingest.len(), by_bulk.len()));
            return Err(format!("the two paths differ by {dimension}; by the real ingest {first}").into());
        }
    }
    running.stop()?;
    println!("segment_table: {SAMPLE} runs by the bulk path and by the real ingest give equal tables");
    Ok(())
}

fn send_sample(running: &Running) -> Outcome<()> {
    let target = running.target();
    let mut connection = Connection::open(&target, TIMEOUT)?;
    let reports: Vec<_> = (0..SAMPLE).map(|i| runs::report(i, SAMPLE)).collect();
    let body = serde_json::to_vec(&serde_json::json!({ "runs": reports }))?;
    let answer = connection.send("POST", "/api/v1/projects/ingest/runs", "application/json", &body)?;
    let result: Value = serde_json::from_slice(&answer.body)?;
    if answer.status != 200 || result["created"] != SAMPLE {
        return Err(format!("the sample was not taken in: {}", String::from_utf8_lossy(&answer.body)).into());
    }
    Ok(())
}
