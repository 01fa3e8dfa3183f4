//! The ingest benchmark: the service beside a reference that only decodes, compresses and commits the same bodies to
//! SQLite, in the same run. Both are child processes of this program, so that their processor time and memory are
//! their own. CPU per 1,000 traces is the figure that noise does not move: compare by it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

#[path = "../support/mod.rs"]
mod support;

mod reference;
mod report;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use seatrial::demo::{self, load_bodies};

use report::Row;
use subject::{Reference, Subject};
use support::server::Service;
use support::{Outcome, http, measure};

/// Ingest, beside a reference in the same run.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Traces measured in each round.
    #[arg(long, default_value_t = 20_000, env = "SEATRIAL_BENCH_TRACES")]
    traces: usize,
    /// Rounds; each starts both on an empty database.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Connections that send at the same time.
    #[arg(long, default_value_t = 12)]
    connections: usize,
    /// Threads that serve HTTP, in both; 0 is one for each processor.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    /// Measure only one of the two.
    #[arg(long)]
    only: Option<Which>,
    /// End with status 1 when the service is over its bounds.
    #[arg(long)]
    check: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Role {
    /// Be the reference server.
    #[command(hide = true)]
    Reference {
        /// The database file.
        #[arg(long)]
        database: PathBuf,
        /// The port to listen on.
        #[arg(long)]
        port: u16,
        /// Threads that serve HTTP.
        #[arg(long)]
        workers: usize,
    },
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Which {
    Reference,
    Service,
}

/// Traces sent before the clock starts: connections, caches and the first pages of the file.
const WARM_UP_TRACES: usize = 1_000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.role {
        Some(Role::Reference { database, port, workers }) => reference::serve(database, *port, *workers).map(|()| true),
        None => bench(&arguments),
    };
    match result {
        Ok(within) if within || !arguments.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ingest: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures both, prints the table, and says whether the service is within its bounds.
fn bench(arguments: &Arguments) -> Outcome<bool> {
    let workers = match arguments.workers {
        0 => std::thread::available_parallelism()?.get(),
        given => given,
    };
    println!(
        "ingest: {} traces of {} spans and some {} kB, {} to a request, {} connections, {workers} workers, {} round(s)",
        arguments.traces,
        demo::load::SPANS_PER_TRACE,
        demo::load::BYTES_PER_TRACE / 1_000,
        demo::load::TRACES_PER_BODY,
        arguments.connections,
        arguments.rounds,
    );
    let reference = Reference { workers };
    let service = Service { workers };
    let mut subjects: Vec<&dyn Subject> = Vec::new();
    if arguments.only != Some(Which::Service) {
        subjects.push(&reference);
    }
    if arguments.only != Some(Which::Reference) {
        subjects.push(&service);
    }
    let mut rows = Vec::new();
    for round in 0..arguments.rounds.max(1) {
        for subject in &subjects {
            let row = measure_one(*subject, arguments, u64::try_from(round)?)?;
            println!("{}", row.line());
            rows.push(row);
        }
    }
    Ok(report::summary(&rows, reference.name(), service.name()))
}

/// One subject on an empty database.
fn measure_one(subject: &dyn Subject, arguments: &Arguments, round: u64) -> Outcome<Row> {
    let make =
        |seed, traces| Arc::new(load_bodies(seed, traces, demo::load::SPANS_PER_TRACE, demo::load::BYTES_PER_TRACE));
    let (warm_up, bodies) = (make(1_000 + round, WARM_UP_TRACES), make(round, arguments.traces));
    let directory = tempfile::tempdir()?;
    let running = subject.start(directory.path())?;
    let target = running.target();
    http::send(&target, warm_up, arguments.connections)?;
    let before = measure::cpu_seconds(running.pid())?;
    let sent = http::send(&target, bodies, arguments.connections)?;
    let cpu_seconds = measure::cpu_seconds(running.pid())? - before;
    let peak_bytes = measure::peak_memory_bytes(running.pid())?;
    let stored = measure::stored_bytes(directory.path())?;
    running.stop()?;
    Ok(Row::new(subject.name(), arguments.traces, WARM_UP_TRACES, sent, cpu_seconds, peak_bytes, stored))
}
