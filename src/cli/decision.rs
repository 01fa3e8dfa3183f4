//! `seatrial decision`: export a decision with its evidence, keep a checkpoint of the chain, and verify both offline.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use seatrial_domain::decision::{Checkpoint, Replay, VerificationReport, verify_export};

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial decision` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch a decision with its evidence, its recommendation and the project's chain.
    Export(Export),
    /// Fetch the head of the project's chain, to be kept where nobody of the project can change it.
    Checkpoint(Fetch),
    /// Verify an export without any network: the chain, checkpoints, digests, the recommendation computed again. Exits 1
    /// naming the first thing that is wrong. A recommendation that another engine made is not computed again, which is
    /// said and is no failure unless asked for.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Fetch {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: String,
    /// Write it here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    fetch: Fetch,
    /// The decision's id.
    decision: String,
}

#[derive(Debug, Args)]
struct Verify {
    /// The export; `-` reads it from standard input.
    file: PathBuf,
    /// A checkpoint that was kept elsewhere: the chain must still agree with it. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Fail as well when the recommendation was made by another engine than this build's, and so was not computed again.
    #[arg(long)]
    require_replay: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, a file cannot be read or written, or the export does not hold.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Export(Export { fetch: wanted, decision }) => {
            let file = fetch(&wanted, &["projects", &wanted.project, "decisions", &decision, "export"]).await?;
            if let Some(file) = file {
                printer::say(&format!("Wrote {file}. Verify it with `seatrial decision verify`."));
            }
            Ok(Exit::Ok)
        }
        Command::Checkpoint(wanted) => {
            if let Some(file) = fetch(&wanted, &["projects", &wanted.project, "checkpoint"]).await? {
                printer::say(&format!("Wrote {file}. Keep it away from the server; `--checkpoint {file}` uses it."));
            }
            Ok(Exit::Ok)
        }
        Command::Verify(arguments) => verify(&arguments),
    }
}

/// Reads a document of the service and writes it to the file that was asked for, whose name is returned, or prints it.
async fn fetch(wanted: &Fetch, path: &[&str]) -> Result<Option<String>, Failure> {
    let bytes = Client::new(&wanted.service)?.read(path, &[]).await?;
    let Some(file) = &wanted.out else {
        let text = String::from_utf8(bytes).map_err(|_| Failure::new("the service's answer is no text"))?;
        printer::document(&format!("{text}\n"));
        return Ok(None);
    };
    let failed = |error| Failure::new(format!("{} cannot be written: {error}", file.display()));
    std::fs::write(file, &bytes).map_err(failed)?;
    Ok(Some(file.display().to_string()))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", file.display()));
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(failed)
}

fn verify(arguments: &Verify) -> Result<Exit, Failure> {
    let mut checkpoints = Vec::new();
    for file in &arguments.checkpoint {
        let wrong = |problem: String| Failure::new(format!("{}: {problem}", file.display()));
        checkpoints.push(Checkpoint::read(&read(file)?).map_err(wrong)?);
    }
    let report = verify_export(&read(&arguments.file)?, &checkpoints);
    arguments.format.print(&report, || tell(&report))?;
    if let Some(problem) = &report.problem {
        return Err(Failure::new(format!("the export does not hold: {problem}")));
    }
    match report.replay {
        Some(Replay::OtherEngine { engine, this_build, .. }) if arguments.require_replay => Err(Failure::new(format!(
            "the recommendation was not computed again: engine {engine} made it, and this build has engine {this_build}; verify with a build that has engine {engine}"
        ))),
        _ => Ok(Exit::Ok),
    }
}

fn tell(report: &VerificationReport) {
    for step in &report.steps {
        let word = if step.ok { "ok" } else { "WRONG" };
        printer::data(&format!("{word:5}  {}: {}", step.name, printer::safe(&step.detail)));
    }
    if !report.ok {
        return;
    }
    if let Some(verdict) = report.verdict {
        printer::data(&format!("The decision to {} holds.", verdict.words()));
    }
    if let Some(later) = report.superseded_by {
        printer::data(&format!("It does not stand any more: {later} takes its place."));
    }
}
